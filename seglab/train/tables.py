"""What a run leaves as tables in CSV (RFC 4180, UTF-8): its curve, and its metrics by class."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from seglab.train.metrics import Scores


def curve_csv(points: Iterable[Sequence[float | None]]) -> bytes:
    """The points of a run (`store.Point`), with a header; what was not measured at a step is empty.

    >>> curve_csv([(1, 0.25, 0.7, None, 12.5, 0.004)]).decode().splitlines()
    ['step,seconds,loss,mean_iou,images_per_second,learning_rate', '1,0.25,0.7,,12.5,0.004']
    """
    return _csv([("step", "seconds", "loss", "mean_iou", "images_per_second", "learning_rate"), *points])


def classes_csv(scores: Scores, classes: Sequence[str]) -> bytes:
    """Share of the truth, IoU, Dice and boundary F of each class, and their means, with a header; what cannot be said is empty."""
    columns = scores.shares, scores.iou, scores.dice, scores.boundary
    rows = [(name, *map(float, row)) for name, *row in zip(classes, *columns, strict=True)]
    means = ("mean", None, scores.mean_iou, scores.mean_dice, scores.mean_boundary)
    return _csv([("class", "share", "iou", "dice", "boundary_f"), *rows, means])


def _csv(rows: Iterable[Sequence[Any]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text).writerows([["" if isinstance(cell, float) and math.isnan(cell) else cell for cell in row] for row in rows])
    return text.getvalue().encode("utf-8")
