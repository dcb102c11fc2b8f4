"""How close one image comes to another, as a peak signal-to-noise ratio."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def psnr(image: Any, other: Any, peak: float = 1.0) -> float:
    """Ten times the logarithm of ``peak ** 2`` over the mean squared difference, in decibels (dB); infinite where there is no difference.

    `image` and `other` are arrays of one shape, with values from 0 to `peak`. Ten decibels more are a tenth of the squared difference.
    Raises ValueError for two shapes, or a `peak` that is not above 0.

    >>> round(psnr([[0, 0.5], [1, 0.5]], [[0.1, 0.5], [1, 0.5]]), 6)
    26.0206
    >>> psnr([[0.5]], [[0.5]])
    inf
    """
    values, others = np.array(image, float), np.array(other, float)
    if values.shape != others.shape:
        raise ValueError(f"images have shapes {values.shape} and {others.shape}: give two of one shape")
    if not peak > 0:
        raise ValueError(f"peak={peak!r} should be above 0: the largest value that an image can have")
    error = float(np.mean((values - others) ** 2))
    return math.inf if error == 0 else 10 * math.log10(peak**2 / error)
