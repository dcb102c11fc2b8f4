"""Charts of a run: loss and mean IoU over the steps."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seglab.train.config import TrainConfig

LOSS, IOU, BASELINE = "#D55E00", "#009E73", "#8A929C"
Point = tuple[int, float, float | None, float | None, float | None]


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


def curves(
    points: Sequence[Point], steps: int | None, baseline: float | None, ink: str, large: bool = False, classes: int = 2
) -> go.Figure:
    """Loss (above) and mean IoU (below) of (step, seconds, loss, mean_iou, rate) points; `baseline` is drawn as the level to beat.

    `steps` is how many there will be, None where time decides; `ink` is the colour of words and numbers, `large` is for a hall. The loss
    is drawn up to a little more than guessing between `classes` costs.
    """
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.1)
    loss = [(step, value) for step, _, value, _, _ in points if value is not None]
    iou = [(step, value) for step, _, _, value, _ in points if value is not None]
    figure.add_scatter(x=[s for s, _ in loss], y=[v for _, v in loss], name="training loss", line={"color": LOSS, "width": 2}, row=1, col=1)
    figure.add_scatter(
        x=[s for s, _ in iou],
        y=[v for _, v in iou],
        name="mean IoU, held-out images",
        mode="lines+markers",
        marker={"size": 5},
        line={"color": IOU, "width": 2.5},
        row=2,
        col=1,
    )
    last = max(steps or 1, *(s for s, *_ in points[-1:]), 1)
    if baseline is not None:
        dashed = {"color": BASELINE, "dash": "dash", "width": 1.5}
        name = "Otsu’s threshold and a watershed"
        figure.add_scatter(x=[0, last], y=[baseline] * 2, name=name, mode="lines", line=dashed, row=2, col=1)
    figure.update_xaxes(range=[0, last], fixedrange=True)
    figure.update_xaxes(title="optimiser steps", row=2, col=1)
    figure.update_yaxes(title="cross-entropy", range=[0, 1.08 * math.log(classes)], fixedrange=True, row=1, col=1)
    figure.update_yaxes(title="mean IoU", range=[0, 1], fixedrange=True, row=2, col=1)
    words = {"title_font_color": ink, "tickfont_color": ink}
    figure.update_xaxes(**words)
    figure.update_yaxes(**words)
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    size = {"font_size": 20, "height": 620} if large else {"font_size": 14, "height": 470}
    figure.update_layout(**size, margin={"l": 10, "r": 10, "t": 34, "b": 10}, uirevision="run", showlegend=True, legend=legend)
    return figure
