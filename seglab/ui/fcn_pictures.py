"""Scores, masks and borders as pictures for drawings."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.data.domains import BLUE, VERMILION, Colour
from seglab.export.theme import STEPS, Theme, theme
from seglab.infer.pictures import grey
from seglab.train.metrics import edges
from seglab.ui.drawing import Role

FINE = 4  # a mask is drawn so many times larger, so that its borders are thin lines
Bytes = NDArray[np.uint8]
FOUND, MISSED, INVENTED = (235, 235, 235), VERMILION, BLUE


def palette() -> Theme:
    """The colours of the page as it is shown now."""
    return theme(st.context.theme.type == "dark")


def heat(values: NDArray[Any], largest: float, colours: Theme) -> Bytes:
    """Values (H, W) on the scale of all grids here: paper at zero, ink upward, red downward, (H, W, 3).

    >>> heat(np.array([[0.0, 2.0]]), 2.0, theme(False))[0].tolist()
    [[255, 255, 255], [83, 85, 87]]
    """
    up, down = (np.array([tone.fill for tone in ramp], np.uint8) for ramp in (colours.up, colours.down))
    at = np.rint(np.clip(np.abs(values) / max(largest, 1e-9), 0, 1) * STEPS).astype(int)
    return np.asarray(np.where((values < 0)[..., None], down[at], up[at]), np.uint8)


def ink_role(value: float, largest: float, colours: Theme) -> Role:
    """The role of a number that can be read on the fill of its value."""
    light = sum(colours.fill_of(value, largest).ink) > 384
    return "ink" if light == colours.dark else "paper"


def photograph(image: NDArray[np.float32]) -> Bytes:
    """An image in 0 to 1 as bytes."""
    return grey(image)


def compared(mask: Bytes, truth: Bytes) -> Bytes:
    """A mask of two classes (H, W) painted by what is right and wrong in it, with the truth's border as a line, (4 H, 4 W, 3)."""
    paint = np.zeros((*mask.shape, 3), np.uint8)
    for here, colour in (((mask > 0) & (truth > 0), FOUND), ((mask == 0) & (truth > 0), MISSED), ((mask > 0) & (truth == 0), INVENTED)):
        paint[here] = colour
    return with_border(paint, truth, (240, 228, 66))


def with_border(picture: Bytes, truth: Bytes, colour: Colour) -> Bytes:
    """A picture (H, W, 3), or (H, W), with the border of a mask drawn on it as a thin line, (4 H, 4 W, 3)."""
    large, inside = (array.repeat(FINE, 0).repeat(FINE, 1) for array in (picture, truth > 0))
    rgb = np.array(large if large.ndim == 3 else np.repeat(large[..., None], 3, axis=2), np.uint8)
    rgb[edges(inside)] = colour
    return rgb
