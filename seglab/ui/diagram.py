"""A drawing on a page, in the page's colours: pointing and walking with the keys are the browser's, only a choice is told to the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from seglab.ui.drawing import Drawing
from seglab.ui.links import in_lecture


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.diagram", js="v1/diagram.js", css="v1/diagram.css")


def show(drawing: Drawing, key: str, chosen: str = "", choose: Callable[[str], None] | None = None) -> None:
    """Show a drawing. With `choose`, its items are buttons: it is called with the name of one that is pressed, before the page runs again;
    the item `chosen` is the one that is pressed now."""
    data = {**asdict(drawing), "chosen": chosen, "chooses": choose is not None, "lecture": in_lecture()}

    def pressed() -> None:
        name = getattr(st.session_state[key], "chosen", None)
        if choose and isinstance(name, str) and any(item.name == name for item in drawing.items):
            choose(name)

    _component()(key=key, data=data, on_chosen_change=pressed)
