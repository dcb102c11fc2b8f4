"""What a run's snapshot shows: predictions beside the truth, or filters and feature maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.data.domains import Colour
from seglab.infer.pictures import data_url, painted, strip
from seglab.train.store import Snapshot
from seglab.ui.legend import legend as squares

WRONG = (213, 94, 0)
PREDICTIONS, INSIDE = "Predictions", "Inside"
Classes = tuple[Sequence[str], Sequence[Colour]]


@dataclass(frozen=True)
class Figure:
    """A strip of images with a caption; `draw` makes the PNG when it is wanted. `changes` says whether another snapshot has another one,
    `wide` whether it takes all the room that there is."""

    name: str
    caption: str
    alt: str
    draw: Callable[[], bytes]
    changes: bool = False
    wide: bool = True


def figures(snapshot: Snapshot, known: Classes, view: str, block: str) -> list[Figure]:
    """What is shown of a snapshot; nothing has been drawn yet."""
    return _inside(snapshot, block) if view == INSIDE else _predictions(snapshot, known)


def show(shown: Sequence[Figure]) -> None:
    """Show figures on a page, or why there are none."""
    if not shown:
        st.caption("This run was made before seglab kept what is seen inside.")
    for figure in shown:
        _put(figure.draw(), figure.caption, figure.alt, figure.wide)


def picture(images: NDArray[np.uint8], caption: str, alt: str, scale: int = 2, columns: int | None = None) -> None:
    """A strip of images with a caption."""
    _put(strip(images, scale, columns=columns), caption, alt, len(images) > 1)


def _put(made: bytes, caption: str, alt: str, wide: bool) -> None:
    # It travels with the page: as a file it could be gone, with the run's next stage, before a slow browser has fetched it.
    st.image(data_url(made), caption=caption, alt=alt, width="stretch" if wide else "content")


def _predictions(snapshot: Snapshot, known: Classes) -> list[Figure]:
    """Four images, their truth, what the network says, and where it is wrong."""
    classes, colours = known

    def said() -> bytes:
        if len(classes) == 2:
            return strip(np.where(snapshot.predictions > 0, snapshot.certainties, 255 - snapshot.certainties))
        return strip(painted(snapshot.predictions, colours))

    if len(classes) == 2:
        told = f"Probability of {classes[1]} after {snapshot.step} steps: black 0, white 1", "Predicted probabilities"
    else:
        told = f"The likeliest class after {snapshot.step} steps", "Predicted classes"
    return [
        Figure("images", "Images that it never trains on", "Validation images", lambda: strip(snapshot.images)),
        Figure("truths", "The truth", "True masks", lambda: strip(painted(snapshot.truths, colours))),
        Figure("said", *told, said, changes=True),
        Figure("wrong", "Wrong pixels, in orange", "Wrong pixels in orange over the images", lambda: strip(_wrong(snapshot)), changes=True),
    ]


def _wrong(snapshot: Snapshot) -> NDArray[np.uint8]:
    grey_ones = snapshot.images if snapshot.images.ndim == 3 else snapshot.images.mean(3).astype(np.uint8)
    wrong = (snapshot.predictions != snapshot.truths)[..., None]
    return np.where(wrong, np.array(WRONG, np.uint8), grey_ones[..., None])


def _inside(snapshot: Snapshot, block: str) -> list[Figure]:
    """The filters of the first layer, and the maps that one block makes of the first image."""
    maps = snapshot.maps.get(block)
    if maps is None:
        return []
    colour = snapshot.filters.ndim == 4
    told = (
        "; grey is zero, bright a positive weight, dark a negative one" if not colour else "; red, green and blue as they weigh the image"
    )
    count, side = len(snapshot.filters), snapshot.filters.shape[1]
    of_filters = f"The {count} filters of the first layer, {side} × {side}, after {snapshot.step} steps{told}"
    of_maps = f"{block.capitalize()}: what {len(maps)} of its channels make of the first image; black its smallest value, white its largest"
    scale = max(1, 96 // max(maps.shape[1:]))

    def filters() -> bytes:
        large = np.ones((1, 8, 8, 1) if colour else (1, 8, 8), np.uint8)
        return strip(np.kron(snapshot.filters, large), 1, columns=16)

    return [
        Figure("filters", of_filters, f"{count} filters of the first layer", filters, changes=True, wide=count > 1),
        Figure("maps", of_maps, f"{len(maps)} feature maps", lambda: strip(maps, scale, columns=4), changes=True, wide=len(maps) > 1),
        Figure("first", "That image", "The first validation image", lambda: strip(snapshot.images[:1], 1), wide=False),
    ]


def legend(known: Classes) -> None:
    """The colours of the classes, by name; black and white need none."""
    if len(known[0]) > 2:
        squares(*known)
