"""A run on its page while it is under way: the browser listens to the server, and the script runs again only for another stage."""

from __future__ import annotations

from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from seglab.train.store import Run, Store
from seglab.ui.charts import framed
from seglab.ui.curves import rows
from seglab.ui.live import served
from seglab.ui.run_words import stage
from seglab.ui.runs import known_classes

FEW = 20  # steps whose points come with the page, before the line is open: the first one is what everybody waits for
_DEAF = "live.deaf"


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.live", js="v1/live.js", css="v1/live.css")


def listens(run: Run) -> bool:
    """Whether this browser is told of the run; else the page has to look for itself."""
    return run.open and served() and not st.session_state.get(_DEAF, False)


def show_live(store: Store, run: Run, view: str, block: str) -> None:
    """The run's numbers, curves and pictures, kept up to date by the browser."""
    classes, colours = known_classes(run)
    data = {
        "run": run.id,
        "view": view,
        "block": block,
        "stage": stage(store, run),
        "frame": framed(run.config, len(classes)),
        "points": rows(store.points(run.id)) if run.step <= FEW else [],
        "classes": list(zip(classes, colours, strict=True)) if len(classes) > 2 else [],
    }

    def deaf() -> None:
        st.session_state[_DEAF] = bool(getattr(st.session_state["live"], "deaf", False))

    _component()(key="live", data=data, on_stage_change=lambda: None, on_deaf_change=deaf)
