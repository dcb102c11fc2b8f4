"""The chart of a run as it stands on the page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from seglab.infer.handcrafted import baseline
from seglab.train.config import TrainConfig
from seglab.train.store import Point
from seglab.ui.curves import frame, rows
from seglab.ui.links import in_lecture


def ink() -> str:
    """The colour of words and numbers in charts."""
    return "#d5dbe1" if st.context.theme.type == "dark" else "#3d444c"


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.curve", js="v1/curve.js", css="v1/live.css")


def chart(points: Sequence[Point], config: TrainConfig, classes: int, marked: int | None = None) -> None:
    """Loss, mean IoU and learning rate; empty before the first step. `marked` is the step that is looked at."""
    _component()(key="curves", data={"points": rows(points), "frame": framed(config, classes, marked)})


def framed(config: TrainConfig, classes: int, marked: int | None = None) -> dict[str, Any]:
    """The chart without its points, with the mean IoU of the handcrafted way where that was measured on the same images."""
    plain = TrainConfig()
    known = (config.data, config.difficulty, config.target, config.size) == (plain.data, plain.difficulty, plain.target, plain.size)
    return frame(config, classes, in_lecture(), marked, baseline() if known else None)
