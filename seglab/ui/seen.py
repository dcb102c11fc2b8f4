"""What a run's snapshot shows: predictions beside the truth, or filters and feature maps."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.data.domains import Colour
from seglab.infer.pictures import painted, strip
from seglab.train.store import Snapshot
from seglab.ui.legend import legend as squares

WRONG = (213, 94, 0)
Classes = tuple[Sequence[str], Sequence[Colour]]


def predictions(snapshot: Snapshot, known: Classes) -> None:
    """Four images, their truth, what the network says, and where it is wrong."""
    classes, colours = known
    grey_ones = snapshot.images if snapshot.images.ndim == 3 else snapshot.images.mean(3).astype(np.uint8)
    wrong = np.where((snapshot.predictions != snapshot.truths)[..., None], np.array(WRONG, np.uint8), grey_ones[..., None])
    if len(classes) == 2:
        shown = np.where(snapshot.predictions > 0, snapshot.certainties, 255 - snapshot.certainties)
        told = f"Probability of {classes[1]} after {snapshot.step} steps: black 0, white 1", "Predicted probabilities"
    else:
        shown = painted(snapshot.predictions, colours)
        told = f"The likeliest class after {snapshot.step} steps", "Predicted classes"
    picture(snapshot.images, "Images that it never trains on", "Validation images")
    picture(painted(snapshot.truths, colours), "The truth", "True masks")
    picture(shown, *told, changes=True)
    picture(wrong, "Wrong pixels, in orange", "Wrong pixels in orange over the images", changes=True)
    legend(known)


def inside(snapshot: Snapshot, block: str) -> None:
    """The filters of the first layer, and the maps that one block makes of the first image."""
    if not snapshot.maps:
        st.caption("This run was made before seglab kept what is seen inside.")
        return
    colour = snapshot.filters.ndim == 4
    told = (
        "; grey is zero, bright a positive weight, dark a negative one" if not colour else "; red, green and blue as they weigh the image"
    )
    kernels = np.kron(snapshot.filters, np.ones((1, 8, 8, 1) if colour else (1, 8, 8), np.uint8))
    count, side = len(snapshot.filters), snapshot.filters.shape[1]
    caption = f"The {count} filters of the first layer, {side} × {side}, after {snapshot.step} steps{told}"
    picture(kernels, caption, f"{count} filters of the first layer", changes=True, scale=1, columns=16)
    maps = snapshot.maps[block]
    height, width = maps.shape[1:]
    side = max(1, 96 // max(height, width))
    caption = f"{block.capitalize()}: what {len(maps)} of its channels make of the first image; black its smallest value, white its largest"
    picture(maps, caption, f"{len(maps)} feature maps", changes=True, scale=side, columns=4)
    picture(snapshot.images[:1], "That image", "The first validation image", scale=1)


def picture(images: NDArray[np.uint8], caption: str, alt: str, changes: bool = False, scale: int = 2, columns: int | None = None) -> None:
    """A strip of images with a caption."""
    made = strip(images, scale, columns=columns)
    # What changes travels with the page: as a file it could be gone before a slow browser has fetched it.
    shown = f"data:image/png;base64,{b64encode(made).decode()}" if changes else made
    st.image(shown, caption=caption, alt=alt, width="stretch" if len(images) > 1 else "content")


def legend(known: Classes) -> None:
    """The colours of the classes, by name; black and white need none."""
    if len(known[0]) > 2:
        squares(*known)
