"""What a run leads to, below its curves: try it on a picture, measure it, see one step of it taken apart, take it along."""

from __future__ import annotations

import json

import streamlit as st

from seglab.nets.script import standalone
from seglab.train.asked.weights import onnx_file
from seglab.train.command import command_line
from seglab.train.metrics import Scores
from seglab.train.store import Run, Store
from seglab.train.tables import classes_csv, curve_csv
from seglab.ui.anatomy import step_picture, why_runs_differ
from seglab.ui.charts import ink
from seglab.ui.measures import measures_panel
from seglab.ui.runs import known_classes
from seglab.ui.segment import segment_panel
from seglab.ui.waiting import arrived, asked

SEGMENT, MEASURES, STEP, TAKE = "Segment an image", "Measures", "One step", "Take along"


def results(store: Store, run: Run) -> None:
    """Four parts, of which only the one that is open is worked out."""
    parts = {SEGMENT: segment_panel, MEASURES: _measures, STEP: _step, TAKE: _take_along}
    for draw, tab in zip(parts.values(), st.tabs(list(parts), key="results", on_change="rerun"), strict=True):
        if tab.open:
            with tab:
                draw(store, run)


def _measures(store: Store, run: Run) -> None:
    scores = run.results.get("scores")
    if scores is None:
        st.caption("When the run has ended, its masks of the held-out images are measured here, class by class.")
        return
    classes, colours = known_classes(run)
    measures_panel(scores, classes, colours)


def _step(store: Store, run: Run) -> None:
    told = store.anatomy(run.id)
    if told is None:
        st.caption("Pause the run and press **One step**: here stands what that step did, with its numbers.")
        return
    st.html(step_picture(told, ink=ink()))
    with st.expander("Why two runs may differ"):
        st.markdown(why_runs_differ())


def _take_along(store: Store, run: Run) -> None:
    """Everything that can be kept of a run, and how to make it again."""
    weights = store.weights(run.id)
    if not weights.exists():
        st.caption("As soon as the run has saved its first weights, they can be taken along from here.")
        return
    name, (classes, _) = f"unet-{run.id}", known_classes(run)
    left, right = st.columns(2)
    with left:
        st.markdown("**The network**")
        _download("Weights", weights.read_bytes, f"{name}.safetensors", "application/octet-stream")
        if "options" in run.results:  # not in runs of earlier versions
            options = run.results["options"]
            _download("A script that runs it without seglab", lambda: standalone(options, classes), f"{name}.py", "text/x-python")
        if st.toggle("ONNX, for other programs", key="onnx"):
            question = run.id, weights.stat().st_mtime_ns
            made = arrived(asked("onnx", question, lambda: onnx_file(store, weights)), "A worker is writing it…")
            if made is not None:
                _download("ONNX", lambda: made, f"{name}.onnx", "application/octet-stream")
    with right:
        st.markdown("**Its numbers**")
        _download("Configuration", lambda: json.dumps(run.config.as_json(), indent=2), f"{name}.json", "application/json")
        _download("Curve, as CSV", lambda: curve_csv(store.points(run.id)), f"{name}-curve.csv", "text/csv")
        if "scores" in run.results:
            _download(
                "Measures, as CSV",
                lambda: classes_csv(Scores.from_json(run.results["scores"]), classes),
                f"{name}-measures.csv",
                "text/csv",
            )
    st.caption("The same training from the command line:")
    st.code(command_line(run.config), language=None, wrap_lines=True)


def _download(label: str, data: object, name: str, kind: str) -> None:
    st.download_button(label, data, name, kind, icon=":material/download:", key=f"take.{label}", on_click="ignore")  # type: ignore[arg-type]
