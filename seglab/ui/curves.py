"""Charts of a run: loss, mean IoU and learning rate over the steps."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seglab.train.config import TrainConfig
from seglab.train.store import Point

LOSS, IOU, RATE, BASELINE = "#D55E00", "#009E73", "#0072B2", "#8A929C"
NAMES = {
    "cross-entropy": "cross-entropy",
    "weighted": "weighted cross-entropy",
    "dice": "Dice loss",
    "focal": "focal loss",
    "sum": "cross-entropy + Dice",
}


def taken_along(config: TrainConfig) -> dict[str, Any]:
    """The chart's one button: a PNG, twice as sharp as the screen needs, whose name tells the training.

    >>> taken_along(TrainConfig(steps=300))["toImageButtonOptions"]["filename"]
    'unet-cells-depth3-width16-seed0'
    """
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", f"unet-{Path(config.data).name}-depth{config.depth}-width{config.width}-seed{config.seed}")
    return {
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "png", "scale": 2, "filename": name},
    }


@dataclass(frozen=True)
class Look:
    """How a chart is drawn: the colour of words and numbers, whether it is for a hall, the step to mark, and the level to beat."""

    ink: str
    large: bool = False
    marked: int | None = None
    baseline: float | None = None


def curves(points: Sequence[Point], config: TrainConfig, classes: int, look: Look) -> go.Figure:
    """Loss, mean IoU and learning rate over the steps of `points`.

    The loss is drawn up to a little more than guessing between `classes` costs, where that is known.
    """
    last = max(config.steps if config.seconds is None else 1, *(point.step for point in points[-1:]), 1)
    largest = max([config.learning_rate, *(point.learning_rate or 0 for point in points)])
    drawn: dict[str, Any] = {"mode": "lines", "line": {"width": 2}}
    lines = [
        _line(1, points, "loss", {"name": "training loss", **drawn, "line_color": LOSS}),
        _line(2, points, "mean_iou", {"name": "mean IoU, held-out images", **drawn, "mode": "lines+markers", "line_color": IOU}),
        _line(3, points, "learning_rate", {"name": "learning rate", **drawn, "line_color": RATE}),
    ]
    if look.baseline is not None:
        dashed = {"color": BASELINE, "dash": "dash", "width": 1.5}
        name = "Otsu’s threshold and a watershed"
        lines.append(go.Scatter(x=[0, last], y=[look.baseline] * 2, name=name, mode="lines", line=dashed, xaxis="x2", yaxis="y2"))
    return go.Figure(lines, _frame(config.loss, classes, look, last, largest))


@lru_cache(maxsize=64)
def _frame(loss: str, classes: int, look: Look, last: int, largest: float) -> dict[str, Any]:
    """All but the lines, as plotly's layout; it is the same for many looks at a run, and takes two thirds of the time of a chart."""
    figure = make_subplots(rows=3, shared_xaxes=True, vertical_spacing=0.07, row_heights=[0.4, 0.42, 0.18])
    if look.marked is not None:
        dotted = {"color": look.ink, "width": 1.5, "dash": "dot"}
        figure.add_vline(x=look.marked, line=dotted, exclude_empty_subplots=False)
    figure.update_xaxes(range=[0, last], fixedrange=True)
    figure.update_xaxes(title="optimiser steps", row=3, col=1)
    figure.update_yaxes(fixedrange=True, rangemode="tozero")
    figure.update_yaxes(title=NAMES[loss], range=_guessing(loss, classes), row=1, col=1)
    figure.update_yaxes(title="mean IoU", range=[0, 1], row=2, col=1)
    figure.update_yaxes(title="learning<br>rate", nticks=3, exponentformat="power", range=[0, 1.15 * largest], row=3, col=1)
    words = {"title_font_color": look.ink, "tickfont_color": look.ink}
    figure.update_xaxes(**words)
    figure.update_yaxes(**words)
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    size = {"font_size": 20, "height": 720} if look.large else {"font_size": 14, "height": 540}
    figure.update_layout(**size, margin={"l": 10, "r": 10, "t": 34, "b": 10}, uirevision="run", showlegend=True, legend=legend)
    made: dict[str, Any] = figure.layout.to_plotly_json()
    return made


def _guessing(loss: str, classes: int) -> list[float] | None:
    """From 0 to a little more than guessing costs, where that is known.

    >>> _guessing("dice", 2), _guessing("focal", 2)
    ([0.0, 1.0], None)
    """
    highest = {"cross-entropy": 1.08 * math.log(classes), "dice": 1.0}
    return [0.0, highest[loss]] if loss in highest else None


def _line(row: int, points: Sequence[Point], name: str, drawn: dict[str, Any]) -> go.Scatter:
    known = [(point.step, value) for point in points if (value := getattr(point, name)) is not None]
    return go.Scatter(x=[step for step, _ in known], y=[value for _, value in known], xaxis=f"x{row}", yaxis=f"y{row}", **drawn)
