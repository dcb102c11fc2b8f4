"""The threshold moved by hand: the browser counts and paints, the server hears of the place where it comes to rest."""

from __future__ import annotations

import re
from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from seglab.infer.levels import LEVELS
from seglab.train.asked.segmenting import Used
from seglab.ui.addressed import choice, put
from seglab.ui.addressed import given as in_address
from seglab.ui.links import in_lecture
from seglab.ui.network_source import Source
from seglab.ui.plain import plain
from seglab.ui.use_mask import scaled, url
from seglab.ui.use_picture import Given

USUAL = LEVELS // 2


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.threshold", js="v1/threshold.js", css="v1/threshold.css")


def threshold_panel(source: Source, given: Given, used: Used) -> None:
    """One class against the rest, and the threshold from which on a pixel is called so."""
    figure, below = st.container(), st.container()
    with below:
        number = class_control(source)
    found = used.told
    data = {
        "image": url(used, "image"),
        "levels": url(used, f"level-{number}"),
        "truth": url(used, "truth") if used.has("truth.png") else None,
        "all": found["levels"][number],
        "trues": found["true_levels"][number] if found["true_levels"] else None,
        "number": number,
        "name": source.classes[number],
        "level": level(in_address("threshold")),
        "lecture": in_lecture(),
    }
    with figure:
        _component()(key="threshold", data=data, on_settled_change=_settled)
    with below:
        st.caption(_explained(source, used))


def class_control(source: Source) -> int:
    """Which class stands against the rest; of two classes it is the second."""
    if len(source.classes) == 2:
        return 1
    names = {str(number): plain(name) for number, name in enumerate(source.classes)}
    return int(choice("Class against the rest", "class", names, "1"))


def level(text: str) -> int:
    """The step of a threshold as the address writes it; the middle for what is none.

    >>> level("0.25"), level("1"), level("0.001"), level("7"), level("banana")
    (50, 200, 0, 100, 100)
    """
    if not re.fullmatch(r"[01](\.[0-9]{1,6})?", text) or float(text) > 1:
        return USUAL
    return round(float(text) * LEVELS)


def _settled() -> None:
    """The threshold has come to rest: its place belongs into the address."""
    at = getattr(st.session_state["threshold"], "settled", None)
    if isinstance(at, int) and 0 <= at <= LEVELS:
        put(threshold="" if at == USUAL else f"{at / LEVELS:g}")


def _explained(source: Source, used: Used) -> str:
    several = len(source.classes) > 2
    said = "A pixel is called so where its probability is at least the threshold. "
    if several:
        said += "With several classes the mask takes the likeliest one instead, which needs no threshold. "
    if used.told["true_levels"] is None:
        said += "There is no true mask of this picture, so nobody knows which of it is right: only the area follows. "
    return said + scaled(used)
