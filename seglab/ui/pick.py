"""A picture on a page on which a pixel is picked; pointing is the browser's, only the choice is told to the server."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from seglab.infer.pictures import data_url
from seglab.ui.drawing import Role
from seglab.ui.links import in_lecture

Place = tuple[int, int]


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.pick", js="v1/pick.js", css="v1/field.css")


@dataclass(frozen=True)
class Frame:
    """A frame that stands on a picture: top, left, height and width in pixels."""

    box: tuple[int, int, int, int]
    role: Role
    dashed: bool = False


@dataclass(frozen=True)
class Pickable:
    """A picture (as PNG) with `size` pixels (rows, columns) to pick from and `border` more on each side; what a screen reader calls it.

    A frame of `patch` cells goes with the picked one, which else is a dot. `values` are told cell by cell, and `says` after them. `spare`
    pixels are kept free around the picture for frames that reach out of it. Without `sliders` the page has other controls for the place.
    """

    image: bytes
    size: Place
    label: str
    border: int = 0
    patch: Place | None = None
    frames: Sequence[Frame] = ()
    values: Sequence[Sequence[str]] | None = None
    says: str = ""
    spare: int = 0
    sliders: bool = True


def pick(picture: Pickable, key: str, at: Place, picked: Callable[[Place], None]) -> None:
    """Show a picture with the pixel `at`; `picked` is called with another one that is chosen, before the page runs again."""
    image = data_url(picture.image)
    data = {**asdict(picture), "image": image, "at": list(at), "lecture": in_lecture()}

    def pressed() -> None:
        place = read_place(getattr(st.session_state[key], "picked", None), picture.size)
        if place:
            picked(place)

    _component()(key=key, data=data, on_picked_change=pressed)


def read_place(text: object, size: Place) -> Place | None:
    """The place that a browser sends; None for anything else.

    >>> read_place("3.12", (8, 16)), read_place("3.99", (8, 16)), read_place(None, (8, 16))
    ((3, 12), None, None)
    """
    match = re.fullmatch(r"(\d{1,6})\.(\d{1,6})", text) if isinstance(text, str) else None
    if not match or int(match[1]) >= size[0] or int(match[2]) >= size[1]:
        return None
    return int(match[1]), int(match[2])
