"""Accuracy against patch size: a shipped result of several seeds, one's own beside it, and what each size says of one scene."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from seglab.train.jobs import Answer, context_rows
from seglab.ui.addressed import put, whole
from seglab.ui.charts import ink
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing
from seglab.ui.files import assets
from seglab.ui.links import in_lecture

Rows = list[dict[str, Any]]
SIZES = (1, 3, 5, 9, 17, 33, 65)
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
    own, waiting = _own(seed) if seed else ([], False)
    st.plotly_chart(chart(shipped()["rows"], own), key="context", config={"displaylogo": False, "displayModeBar": False}, alt=ALT)
    st.markdown(_verdict(shipped()["rows"]))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Train all seven now", icon=":material/play_arrow:", on_click=_train, args=(seed,), disabled=waiting)
        st.markdown(_told(seed, len(own)), width="content")
    _maps()
    if waiting:
        _look_again(seed, len(own))


ALT = "Accuracy over patch size: all pixels, pixels inside, and pixels near a border"


@cache
def shipped() -> dict[str, Any]:
    """The result that is there without waiting."""
    found: dict[str, Any] = json.loads((assets() / "networks" / "context.json").read_text(encoding="utf-8"))
    return found


def _train(seed: int) -> None:
    put(own=seed % SEEDS + 1)


def _own(seed: int) -> tuple[Rows, bool]:
    """The rows that have arrived of one's own training, and whether more are to come."""
    if st.session_state.get(_ASKED, (0, []))[0] != seed:
        st.session_state[_ASKED] = (seed, context_rows(SIZES, seed))
    answers: list[Answer] = st.session_state[_ASKED][1]
    rows = [answer.result() for answer in answers if answer.done() and answer.exception() is None]
    return rows, not all(answer.done() for answer in answers)


def _look_again(seed: int, there: int) -> None:
    @st.fragment(run_every=0.5)
    def look() -> None:
        if len(_own(seed)[0]) != there or not _own(seed)[1]:
            st.rerun()

    look()


def _told(seed: int, there: int) -> str:
    if not seed:
        return "On this machine, one after the other: about a minute."
    if there < len(SIZES):
        return f"Training {there + 1} of {len(SIZES)} (patches of {SIZES[there]} × {SIZES[there]}): rings on the chart."
    return f"The rings: trained on this machine, with seed {seed}."


def _verdict(rows: Rows) -> str:
    mean = {(name, size): _mean(rows, name, size) for name in LINES for size in SIZES}
    best = max(SIZES, key=lambda size: mean["all", size])
    sharp = max(SIZES, key=lambda size: mean["near", size])
    inside = f"{mean['inside', 17]:.1%} at 17, {mean['inside', 65]:.1%} at 65"
    return (
        f"One pixel: **{mean['all', 1]:.0%}**, little better than a coin. A patch of {best} × {best}: **{mean['all', best]:.0%}**. Away"
        f" from borders more context goes on helping ({inside}). Near borders {sharp}"
        f" × {sharp} is best ({mean['near', sharp]:.0%}), and {SIZES[-1]} × {SIZES[-1]} falls back to {mean['near', SIZES[-1]]:.0%}:"
        " **the large patch sees what is there, the small one where**. A U-Net joins both, by its skips."
    )


def _mean(rows: Rows, name: str, size: int) -> float:
    found = [row[name] for row in rows if row["patch"] == size]
    return float(sum(found) / len(found))


def chart(rows: Rows, own: Rows) -> go.Figure:
    """Means with their ranges over seeds, and rings for `own`."""
    figure = go.Figure()
    for name, (words, colour, sign) in LINES.items():
        means = [_mean(rows, name, size) for size in SIZES]
        found = [[row[name] for row in rows if row["patch"] == size] for size in SIZES]
        spread = {
            "type": "data",
            "array": [max(values) - mean for values, mean in zip(found, means, strict=True)],
            "arrayminus": [mean - min(values) for values, mean in zip(found, means, strict=True)],
            "thickness": 1.5,
            "width": 5,
        }
        figure.add_scatter(
            x=[place + SHIFT[name] for place in range(len(SIZES))],
            y=means,
            error_y=spread,
            name=words,
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            marker={"symbol": sign, "size": 9},
            hovertemplate="%{y:.1%}",
        )
        figure.add_scatter(
            x=[SIZES.index(row["patch"]) + SHIFT[name] for row in own],
            y=[row[name] for row in own],
            name=f"{words}, now",
            showlegend=False,
            mode="markers",
            marker={"symbol": f"{sign}-open", "size": 15, "color": colour, "line": {"width": 2.5}},
            hovertemplate="now: %{y:.1%}",
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
        tickvals=list(range(len(SIZES))),
        ticktext=[str(n) for n in SIZES],
        title_font_size=size,
        tickfont_size=size,
    )
    figure.update_yaxes(title_text="accuracy", tickformat=".0%", range=[0.48, 1.01], title_font_size=size, tickfont_size=size)
    return figure


def _maps() -> None:
    """What the classifiers of the first seed say of one held-out scene."""
    folder = assets() / "networks"
    names = ["context-image", "context-truth", *(f"context-{size}" for size in SIZES)]
    drawing = Drawing(9 * 134, 164, "One scene, its truth, and what a classifier of each patch size says of it", 900)
    for place, name in enumerate(names):
        words = name.removeprefix("context-")
        href = f"data:image/png;base64,{b64encode((folder / f'{name}.png').read_bytes()).decode()}"
        drawing.image(place * 134, 30, 126, 126, href)
        drawing.text(place * 134 + 63, 20, {"image": "image", "truth": "truth"}.get(words, f"{words} × {words}"), 17, anchor="middle")
    show(drawing, key="context_maps")
    st.caption(
        f"Shipped with seglab: {len(shipped()['seeds'])} trainings of {shipped()['steps']} steps for each size (lines: their mean; bars:"
        " the least and the most), judged on six scenes that none has seen. Accuracy is the mean over both classes, so guessing gives"
        " 50%. The maps are the first training's, of one more scene: the probability of a cell, black 0, white 1. Patches of 33 and 65"
        " pixels are pooled once, or training them would take minutes."
    )
