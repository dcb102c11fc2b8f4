"""Accuracy against patch size: a shipped result of several seeds, one's own beside it, and what each size says of one scene."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import plotly.graph_objects as go
import streamlit as st

from seglab.infer.pictures import data_url
from seglab.nets.patch_layers import CONTEXT, POOLED_FROM
from seglab.train.asked.patches import context_begun, context_rows, context_there
from seglab.train.failure import sentence
from seglab.train.jobs import Answer
from seglab.ui.addressed import put, whole
from seglab.ui.charts import ink
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing
from seglab.ui.files import assets
from seglab.ui.links import in_lecture
from seglab.ui.measures import percent
from seglab.ui.plain import plain

Rows = list[dict[str, Any]]
LINES = {  # what is drawn, in the order of the legend: its words, colour and sign
    "inside": ("away from borders", "#0072B2", "circle"),
    "all": ("all pixels", "#009E73", "diamond"),
    "near": ("within 2 pixels of a border", "#D55E00", "square"),
}
SHIFT = {"inside": -0.05, "all": 0.0, "near": 0.05}  # so that bars do not hide each other
SEEDS = 9
_ASKED = "context.asked"


def patch_context() -> None:
    """The chart, the maps, and the button that trains anew."""
    st.markdown(
        "A pixel alone cannot be classified: a cell is as bright as what lies around it. How much of its surroundings does the"
        " classifier need?"
    )
    seed = whole("own", 1, SEEDS, 0)
    own = _own(seed)
    st.plotly_chart(chart(shipped()["rows"], own.rows), key="context", config={"displaylogo": False, "displayModeBar": False}, alt=ALT)
    st.markdown(_verdict(shipped()["rows"]))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Train all seven now",
            icon=":material/play_arrow:",
            on_click=_train,
            args=(seed if seed and not own.all_there else seed % SEEDS + 1,),
            disabled=own.at_work is not None,
        )
        st.markdown(_told(seed, own), width="content")
    for size, why in own.failed.items():
        st.error(plain(sentence(f"Patches of {size} × {size}: {why}")), icon=":material/error:")
    _maps()
    if own.at_work is not None:
        _look_again(seed, own)


ALT = "Accuracy over patch size: all pixels, pixels inside, and pixels near a border"


class Own(NamedTuple):
    """One's own training as far as it is: its rows, why others failed by size, and the size it is at, with whether that has begun."""

    rows: Rows
    failed: dict[int, str]
    at_work: int | None = None
    begun: bool = False

    @property
    def all_there(self) -> bool:
        return len(self.rows) == len(CONTEXT)


@cache
def shipped() -> dict[str, Any]:
    """The result that is there without waiting."""
    found: dict[str, Any] = json.loads((assets() / "networks" / "context.json").read_text(encoding="utf-8"))
    return found


def _train(seed: int) -> None:
    """Only a press trains: an address alone shows what is there already."""
    _give_up()
    st.session_state[_ASKED] = (seed, context_rows(CONTEXT, seed))
    put(own=seed)


def _give_up() -> None:
    """Those that have not begun need not begin for this session."""
    for answer in st.session_state.pop(_ASKED, (0, {}))[1].values():
        answer.cancel()


def _own(seed: int) -> Own:
    """What has arrived of the training that the address names."""
    if st.session_state.get(_ASKED, (seed, {}))[0] != seed:
        _give_up()
    if not seed:
        return Own([], {})
    _, answers = st.session_state.get(_ASKED) or (seed, context_there(CONTEXT, seed))
    return sorted_out(answers, lambda size: context_begun(size, seed))


def sorted_out(answers: Mapping[int, Answer], begun: Callable[[int], bool]) -> Own:
    """Answers by size, which may fail or be still to come."""
    done = {size: answer for size, answer in answers.items() if answer.done()}
    failed = {size: str(answer.exception()) for size, answer in done.items() if answer.exception() is not None}
    at_work = next((size for size in answers if size not in done), None)
    rows = [answer.result() for size, answer in done.items() if size not in failed]
    return Own(rows, failed, at_work, at_work is not None and begun(at_work))


def _look_again(seed: int, before: Own) -> None:
    @st.fragment(run_every=0.5)
    def look() -> None:
        if _own(seed) != before:
            st.rerun()

    look()


def _told(seed: int, own: Own) -> str:
    if own.at_work is not None:
        number = f"{CONTEXT.index(own.at_work) + 1} of {len(CONTEXT)} (patches of {own.at_work} × {own.at_work})"
        if own.begun:
            return f"Training {number}: rings on the chart."
        return f"Number {number} waits for its turn: this machine trains one after the other, also for other visitors."
    if own.rows:
        return f"The rings: trained on this machine, with seed {seed}."
    if seed and not own.failed:
        return f"With seed {seed} nothing has been trained on this machine yet. One after the other: about a minute."
    return "On this machine, one after the other: about a minute."


def _verdict(rows: Rows) -> str:
    mean = {(name, size): percent(_mean(rows, name, size)) for name in LINES for size in CONTEXT}
    bare = max(size for size in CONTEXT if size < POOLED_FROM)
    best = max(CONTEXT, key=lambda size: _mean(rows, "all", size))
    near, inside = (" → ".join(mean[name, size] for size in (bare, POOLED_FROM, CONTEXT[-1])) for name in ("near", "inside"))
    return (
        f"One pixel: **{mean['all', 1]}**, little better than a coin. A patch of {best} × {best}: **{mean['all', best]}**. Up to {bare} the"
        " classifier never pools, and every line rises as the patch grows."
        f" **From {POOLED_FROM} on it also pools once**, or training it would take minutes: from {bare} to {POOLED_FROM} two things change"
        f" at once. Over {bare}, {POOLED_FROM} and {CONTEXT[-1]}, pixels away from borders still gain ({inside}) and those near borders"
        f" lose ({near}): more is known of *what* is there, less of *where*. How much of the loss is the patch's and how much the"
        f" pooling's, this chart cannot tell: {POOLED_FROM} and {CONTEXT[-1]}, both pooled, differ less than the trainings do. A U-Net"
        " joins what and where, by its skips."
    )


def _mean(rows: Rows, name: str, size: int) -> float:
    found = [row[name] for row in rows if row["patch"] == size]
    return float(sum(found) / len(found))


def chart(rows: Rows, own: Rows) -> go.Figure:
    """Means with their ranges over seeds, and rings for `own`."""
    figure = go.Figure()
    for name, (words, colour, sign) in LINES.items():
        means = [_mean(rows, name, size) for size in CONTEXT]
        found = [[row[name] for row in rows if row["patch"] == size] for size in CONTEXT]
        spread = {
            "type": "data",
            "array": [100 * (max(values) - mean) for values, mean in zip(found, means, strict=True)],
            "arrayminus": [100 * (mean - min(values)) for values, mean in zip(found, means, strict=True)],
            "thickness": 1.5,
            "width": 5,
        }
        figure.add_scatter(
            x=[place + SHIFT[name] for place in range(len(CONTEXT))],
            y=[100 * mean for mean in means],
            error_y=spread,
            name=words,
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            marker={"symbol": sign, "size": 9},
            hovertemplate="%{y:.1f} %",
        )
        figure.add_scatter(
            x=[CONTEXT.index(row["patch"]) + SHIFT[name] for row in own],
            y=[100 * row[name] for row in own],
            name=f"{words}, now",
            showlegend=False,
            mode="markers",
            marker={"symbol": f"{sign}-open", "size": 15, "color": colour, "line": {"width": 2.5}},
            hovertemplate="now: %{y:.1f} %",
        )
    size = 19 if in_lecture() else 14
    figure.update_layout(
        height=460 if in_lecture() else 390,
        margin={"l": 10, "r": 10, "t": 12, "b": 10},
        font={"size": size, "color": ink()},
        legend={"orientation": "h", "y": -0.24, "yanchor": "top", "x": 0, "font": {"size": size}},  # below: on a phone it is three lines
        uirevision="context",
    )
    figure.update_xaxes(
        title_text="patch, pixels a side",
        tickvals=list(range(len(CONTEXT))),
        ticktext=[str(n) for n in CONTEXT],
        title_font_size=size,
        tickfont_size=size,
    )
    figure.update_yaxes(title_text="accuracy", ticksuffix=" %", range=[48, 101], title_font_size=size, tickfont_size=size)
    return figure


def _maps() -> None:
    """What the classifiers of the first seed say of one held-out scene."""
    folder = assets() / "networks"
    names = ["context-image", "context-truth", *(f"context-{size}" for size in CONTEXT)]
    drawing = Drawing(9 * 134, 164, "One scene, its truth, and what a classifier of each patch size says of it", 900)
    for place, name in enumerate(names):
        words = name.removeprefix("context-")
        href = data_url((folder / f"{name}.png").read_bytes())
        drawing.image(place * 134, 30, 126, 126, href)
        drawing.text(place * 134 + 63, 20, {"image": "image", "truth": "truth"}.get(words, f"{words} × {words}"), 17, anchor="middle")
    show(drawing, key="context_maps")
    st.caption(
        f"Shipped with seglab: {len(shipped()['seeds'])} trainings of {shipped()['steps']} steps for each size (lines: their mean; bars:"
        " the least and the most), judged on six scenes that none has seen. Accuracy is the mean over both classes, so guessing gives"
        " 50 %. The maps are the first training's, of one more scene: the probability of a cell, black 0, white 1. Patches of 33 and 65"
        " pixels are pooled once."
    )
