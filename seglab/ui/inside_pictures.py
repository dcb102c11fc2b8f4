"""Feature maps and kernels as pictures: zero like the paper, upward towards black (on a dark page white), downward towards red."""

from __future__ import annotations

from functools import cache

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.data.scene import Image
from seglab.export.theme import STEPS, theme
from seglab.infer.pictures import grey

Picture = NDArray[np.uint8]


@cache
def _ramp(dark: bool) -> Picture:
    """The fills of the stage's scale, from the most negative to the most positive."""
    look = theme(dark)
    return np.array([tone.fill for tone in (*reversed(look.down[1:]), *look.up)], np.uint8)


def is_dark() -> bool:
    """Whether the page is dark."""
    return bool(st.context.theme.type == "dark")


def valued(values: NDArray[np.floating], largest: float | None = None, dark: bool | None = None) -> Picture:
    """Values (H, W) as colours (H, W, 3) on the stage's scale, whose end is at `largest`, by default the largest magnitude; for a `dark`
    page or a light one, by default as the page is.

    >>> valued(np.array([[0.0, 1.0, -1.0]]), dark=False).tolist()
    [[[255, 255, 255], [83, 85, 87], [188, 48, 69]]]
    """
    most = float(np.abs(values).max(initial=0)) if largest is None else largest
    share = np.clip(np.nan_to_num(values / most), -1, 1) if most else np.zeros(values.shape)
    shown: Picture = _ramp(is_dark() if dark is None else dark)[np.floor(share * STEPS + 0.5).astype(int) + STEPS]
    return shown


def photograph(image: Image) -> Picture:
    """A picture in 0 to 1 as colours (H, W, 3)."""
    shown = grey(image)
    return np.repeat(shown[..., None], 3, axis=2) if shown.ndim == 2 else shown


def told(value: float) -> str:
    """A value in three digits, with a true minus sign.

    >>> told(-0.01234), told(12.0), told(0)
    ('−0.0123', '12', '0')
    """
    return f"{value:.3g}".replace("-", "−")


def power(exponent: int) -> str:
    """An exponent, raised.

    >>> power(-7), power(13)
    ('⁻⁷', '¹³')
    """
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
