"""Otsu's threshold: of all ways to cut a histogram in two, the one with the most variance between the halves.

Source: Otsu, IEEE Transactions on Systems, Man and Cybernetics 9 (1979), equations 14 to 18.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8]
Curve = NDArray[np.float64]


def levels(values: NDArray[np.floating]) -> Levels:
    """Values (H, W) as whole levels from 0, the smallest, to 255, the largest; 0 everywhere where all are the same.

    >>> levels(np.array([[0.0, 0.25, 1.0]])).tolist()
    [[0, 64, 255]]
    """
    low, high = float(values.min()), float(values.max())
    return np.asarray(np.floor((values - low) / max(high - low, 1e-12) * 255 + 0.5), np.uint8)


def histogram(picture: Levels) -> NDArray[np.int64]:
    """How many pixels have each of the 256 levels."""
    return np.bincount(picture.ravel(), minlength=256).astype(np.int64)


def between(counts: NDArray[np.int64]) -> Curve:
    """The variance between the pixels up to each level and those above it, (256,); 0 where one of the two is empty.

    With the share w of the pixels up to the level, their mean times w as m, and the mean M of all: (M w - m)² / (w (1 - w)).

    >>> between(np.array([2, 0, 2]))[:2].tolist()  # halves of mean 0 and 2: ½ · ½ · 2²
    [1.0, 1.0]
    """
    shares = counts / max(counts.sum(), 1)
    w, m = np.cumsum(shares), np.cumsum(shares * np.arange(len(counts)))
    both = w * (1 - w)
    there = both > 1e-12
    return np.asarray(np.divide((m[-1] * w - m) ** 2, both, out=np.zeros(len(counts)), where=there))


def otsu(counts: NDArray[np.int64]) -> int:
    """The level at which `between` is largest, the first of equals: what is above it is one half, the rest the other.

    >>> otsu(np.array([5, 3, 0, 0, 4, 4]))
    1
    """
    return int(between(counts).argmax())


def halves(counts: NDArray[np.int64], level: int) -> tuple[float, float, float]:
    """The share of the pixels above a level, and the mean level of those up to it and above it; NaN for the mean of none.

    >>> halves(np.array([2, 0, 2]), 0)
    (0.5, 0.0, 2.0)
    """
    numbers = np.arange(len(counts))

    def middle(part: slice) -> float:
        count = int(counts[part].sum())
        return float((counts[part] * numbers[part]).sum() / count) if count else float("nan")

    return float(counts[level + 1 :].sum() / max(counts.sum(), 1)), middle(slice(level + 1)), middle(slice(level + 1, None))
