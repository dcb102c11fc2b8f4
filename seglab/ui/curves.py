"""What the chart of a run is told beside its points: how far its axes reach and what they are called."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seglab.train.config import TrainConfig
from seglab.train.store import Point

NAMES = {
    "cross-entropy": "cross-entropy",
    "weighted": "weighted cross-entropy",
    "dice": "Dice loss",
    "focal": "focal loss",
    "sum": "cross-entropy + Dice",
}


def file_name(config: TrainConfig) -> str:
    """The name under which the chart is saved: it tells the training.

    >>> file_name(TrainConfig(steps=300))
    'unet-cells-depth3-width16-seed0'
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", f"unet-{Path(config.data).name}-depth{config.depth}-width{config.width}-seed{config.seed}")


def frame(config: TrainConfig, classes: int, lecture: bool, marked: int | None = None, baseline: float | None = None) -> dict[str, Any]:
    """The chart without its points. The loss is drawn up to a little more than guessing between `classes` costs, where that is known;
    `marked` is a step to mark, `baseline` the mean IoU to beat.

    >>> frame(TrainConfig(steps=300), 2, lecture=False)["guess"]
    0.749
    """
    return {
        "steps": config.steps if config.seconds is None else None,
        "loss": NAMES[config.loss],
        "guess": guessing(config.loss, classes),
        "rate": config.learning_rate,
        "baseline": None if baseline is None else round(baseline, 4),
        "marked": marked,
        "lecture": lecture,
        "file": file_name(config),
    }


def guessing(loss: str, classes: int) -> float | None:
    """A little more than guessing costs, where that is known.

    >>> guessing("dice", 2), guessing("focal", 2)
    (1.0, None)
    """
    return {"cross-entropy": round(1.08 * math.log(classes), 3), "dice": 1.0}.get(loss)


def rows(points: Sequence[Point]) -> list[list[float | None]]:
    """Points as the browser draws them: step, loss, mean IoU, learning rate.

    >>> rows([Point(1, 0.5, loss=0.693147), Point(1, 0.5, mean_iou=0.4)])
    [[1, 0.69315, None, None], [1, None, 0.4, None]]
    """
    return [[point.step, *map(_five, (point.loss, point.mean_iou, point.learning_rate))] for point in points]


def _five(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")
