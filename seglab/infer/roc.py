"""Receiver operating characteristic: how many are found at how many false alarms, for every threshold of a score."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]


class Curve(NamedTuple):
    """For falling thresholds (N,), the shares of positives found and of negatives that raise a false alarm, both from 0 to 1."""

    thresholds: Numbers
    found: Numbers
    alarms: Numbers


def roc(scores: ArrayLike, positive: ArrayLike) -> Curve:
    """The curve of scores, called positive from a threshold on. Raises ValueError unless there are both positives and negatives.

    Source: Fawcett, An introduction to ROC analysis, Pattern Recognition Letters 27 (2006).

    >>> curve = roc([0.9, 0.8, 0.1], [True, False, True])
    >>> curve.found.tolist(), curve.alarms.tolist()
    ([0.0, 0.5, 0.5, 1.0], [0.0, 0.0, 1.0, 1.0])
    """
    values, truth = np.asarray(scores, np.float64).ravel(), np.asarray(positive, bool).ravel()
    count = int(truth.sum())
    if count in (0, len(truth)):
        raise ValueError(f"{count} of {len(truth)} are positive: a curve needs positives and negatives")
    order = np.argsort(-values, kind="stable")
    values, truth = values[order], truth[order]
    last = np.append(np.nonzero(np.diff(values))[0], len(values) - 1)  # of equal scores all are called, or none
    found, alarms = np.cumsum(truth)[last] / count, np.cumsum(~truth)[last] / (len(truth) - count)
    return Curve(np.append(np.inf, values[last]), np.append(0.0, found), np.append(0.0, alarms))


def auc(scores: ArrayLike, positive: ArrayLike) -> float:
    """The area under that curve: the chance that a positive scores higher than a negative, a tie counting half. Raises as `roc` does.

    >>> auc([0.9, 0.8, 0.1], [True, False, True])
    0.5
    """
    curve = roc(scores, positive)
    return float(np.trapezoid(curve.found, curve.alarms))


def thinned(curve: Curve, most: int = 120) -> Curve:
    """At most `most` points of a curve, about evenly along its length, with its first and its last."""
    length = np.cumsum(np.abs(np.diff(curve.found, prepend=0.0)) + np.abs(np.diff(curve.alarms, prepend=0.0)))
    kept = np.unique(np.searchsorted(length, np.linspace(0, length[-1], most)).clip(0, len(length) - 1))
    kept = np.unique(np.concatenate([[0], kept, [len(length) - 1]]))
    return Curve(*(part[kept] for part in curve))
