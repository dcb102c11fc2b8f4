"""Chances in steps that a byte holds, so that a browser and Python count the same pixels above a threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seglab.data.scene import Image

LEVELS = 200  # steps of 0.005
EDGES = (np.arange(LEVELS + 1) / LEVELS).astype(np.float32)  # the thresholds


def levels(chances: Image) -> NDArray[np.uint8]:
    """The highest threshold that each chance reaches: 0 to 200 for 0 to 1. A chance of 0.4999 has not reached 0.5, number 100.

    >>> levels(np.array([0, 0.4999, 0.5, 0.9999, 1], np.float32)).tolist()
    [0, 99, 100, 199, 200]
    """
    found = np.clip(chances * LEVELS, 0, LEVELS).astype(np.uint8)
    found -= EDGES[found] > chances  # a product may have been rounded either way
    found += (found < LEVELS) & (EDGES[np.minimum(found + 1, LEVELS)] <= chances)
    return found


def counted(found: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many pixels have each level, (201,)."""
    return np.bincount(found.ravel(), minlength=LEVELS + 1).astype(np.int64)
