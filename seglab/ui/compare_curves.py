"""Loss and mean IoU of several runs laid over each other, each with a colour, a dash and a name at its end."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from seglab.train.store import Point
from seglab.ui.charts import ink
from seglab.ui.compare_subjects import Subject
from seglab.ui.curves import NAMES
from seglab.ui.links import in_lecture
from seglab.ui.study import LOOKS

GAP = 0.075  # of a chart's height between two names
LETTERS_A_LINE, LINES = 15, 2


def curves_panel(subjects: Sequence[Subject], names: Sequence[str], over: str) -> None:
    """Two charts side by side."""
    losses = {NAMES[subject.config.loss] for subject in subjects}
    left, right = st.columns(2)
    with left:
        _chart(subjects, names, over, "loss", f"Training loss{'' if len(losses) > 1 else f': {losses.pop()}'}")
    with right:
        _chart(subjects, names, over, "mean_iou", "Mean IoU, held-out images")
    if len({subject.config.loss for subject in subjects}) > 1:
        st.caption("Their losses are different functions: the curves on the left fall on different scales.")


def _chart(subjects: Sequence[Subject], names: Sequence[str], over: str, measure: str, title: str) -> None:
    made = overlaid(subjects, names, over, measure, title)
    picture = {"format": "png", "scale": 3, "filename": f"seglab-compare-{measure}"}
    settings = {"displaylogo": False, "modeBarButtons": [["toImage"]], "toImageButtonOptions": picture}
    alt = f"{title} of {', '.join(names)}; the final numbers are in the table below"
    st.plotly_chart(made, key=f"compare.{measure}", config=settings, alt=alt)


def overlaid(subjects: Sequence[Subject], names: Sequence[str], over: str, measure: str, title: str) -> go.Figure:
    """A line for each run over its "steps" or "seconds"."""
    made, dark, size = go.Figure(), st.context.theme.type == "dark", 20 if in_lecture() else 14
    ends: list[tuple[float, str, str]] = []
    for (light, bright, symbol, dash), subject, name in zip(LOOKS, subjects, names, strict=False):
        colour = bright if dark else light
        x, y = line(subject.points, over, measure)
        drawn: dict[str, Any] = {
            "line": {"color": colour, "dash": dash, "width": 3},
            "marker": {"symbol": symbol, "size": 9, "color": colour},
        }
        mode = "lines+markers" if measure == "mean_iou" else "lines"
        told = f"{name}: %{{y:.3f}} after %{{x:.3~g}} {over}<extra></extra>"
        made.add_scatter(x=x, y=y, mode=mode, name=name, showlegend=False, hovertemplate=told, **drawn)
        if y:
            ends.append((y[-1], name, colour))
    highest = max([*(value for trace in made.data for value in trace.y), 1e-9])
    top = 1.0 if measure == "mean_iou" else 1.05 * highest
    for at, (name, colour) in zip(spread([end / top for end, *_ in ends]), (rest for _, *rest in ends), strict=True):
        text = {"text": "<br>".join(wrap(name, LETTERS_A_LINE)[:LINES]), "font": {"color": colour, "size": size}, "align": "left"}
        made.add_annotation(xref="paper", yref="paper", x=1.01, y=at, xanchor="left", yanchor="middle", showarrow=False, **text)
    font, grid = {"color": ink(), "size": size}, "rgba(128,128,128,0.25)"
    made.update_layout(
        height=460 if in_lecture() else 340,
        margin={"l": 10, "r": 9.5 * size, "t": 36, "b": 10},
        font=font,
        title={"text": title, "x": 0, "font": {"size": size + 2, "color": ink()}},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"font": {"size": size}},
        uirevision=over,
    )
    words = {"tickfont": font, "title_font": font, "gridcolor": grid, "zeroline": False, "fixedrange": True}
    made.update_xaxes(title="optimiser steps" if over == "steps" else "seconds of training", rangemode="tozero", nticks=6, **words)
    made.update_yaxes(range=[0, top], **words)
    return made


def line(points: Sequence[Point], over: str, measure: str) -> tuple[list[float], list[float]]:
    """Where a curve goes.

    >>> line([Point(1, 0.5, loss=2.0), Point(2, 1.0)], "seconds", "loss")
    ([0.5], [2.0])
    """
    known = [
        (point.step if over == "steps" else point.seconds, value) for point in points if (value := getattr(point, measure)) is not None
    ]
    return [at for at, _ in known], [value for _, value in known]


def spread(heights: Sequence[float], gap: float = 2 * GAP) -> list[float]:
    """Heights in 0 to 1, moved apart so that two lie `gap` apart at least, in the same order from below.

    >>> [round(height, 2) for height in spread([0.5, 0.52, 0.9], 0.1)]
    [0.46, 0.56, 0.9]
    """
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    at = [float(heights[place]) for place in order]
    for _ in range(200):  # pairs that are too close push each other away until none is
        for below, above in zip(range(len(at)), range(1, len(at)), strict=False):
            short = gap - (at[above] - at[below])
            if short > 1e-6:
                at[below], at[above] = at[below] - short / 2, at[above] + short / 2
    down = max(0.0, (at[-1] if at else 0) - 1)
    found = [0.0] * len(at)
    for place, height in zip(order, at, strict=True):
        found[place] = height - down
    return found
