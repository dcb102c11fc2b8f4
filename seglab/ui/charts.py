"""The chart of a run as it stands on the page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from seglab.infer.handcrafted import baseline
from seglab.train.config import TrainConfig
from seglab.train.store import Point
from seglab.ui.curves import Look, curves, taken_along
from seglab.ui.links import in_lecture


def ink() -> str:
    """The colour of words and numbers in charts."""
    return "#d5dbe1" if st.context.theme.type == "dark" else "#3d444c"


def chart(points: Sequence[Point], config: TrainConfig, classes: int, marked: int | None = None) -> None:
    """Loss, mean IoU and learning rate; empty before the first step. `marked` is the step that is looked at."""
    plain = TrainConfig()
    known = (config.data, config.difficulty, config.target, config.size) == (plain.data, plain.difficulty, plain.target, plain.size)
    look = Look(ink(), in_lecture(), marked, baseline() if known else None)
    drawn = curves(points, config, classes, look)
    st.plotly_chart(drawn, key="curves", config=taken_along(config), alt="Loss, mean IoU and learning rate over the steps")
