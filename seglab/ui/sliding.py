"""The window that slides over an image, as a component: playing, stepping and dragging are the browser's."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from io import BytesIO

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Files
from streamlit.components.v2.types import ComponentRenderer

from seglab.data.domains import DOMAINS
from seglab.ui.addressed import put, whole
from seglab.ui.links import in_lecture


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.sliding", js="v1/sliding.js", css="v1/sliding.css")


def show_window(image: bytes, chances: bytes, patch: int, stride: int) -> None:
    """The window over an image, given the probability of a cell at every place of stride 1, both as grey PNG files."""
    pixels, answers = values(image), values(chances)
    data = {
        "image": _text(pixels),
        "height": pixels.shape[0],
        "width": pixels.shape[1],
        "chances": _text(answers),
        "patch": patch,
        "stride": stride,
        "classes": DOMAINS["cells"].classes,
        "colours": [",".join(map(str, colour)) for colour in DOMAINS["cells"].colours],
        "at": whole("at", 1, pixels.size, 0),
        "lecture": in_lecture(),
    }
    _component()(key="window", data=data, on_settled_change=_settled)


def values(picture: bytes) -> NDArray[np.uint8]:
    """The grey values (H, W) of a PNG file."""
    return np.asarray(Files.open(BytesIO(picture)).convert("L"))


def _text(array: NDArray[np.uint8]) -> str:
    return b64encode(array.tobytes()).decode()


def _settled() -> None:
    """The window has come to rest: its place belongs into the address."""
    at = getattr(st.session_state["window"], "settled", None)
    if isinstance(at, int) and at > 0:
        put(at=at)
