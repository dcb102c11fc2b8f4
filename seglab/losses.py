"""The loss of a predicted mask, and how well it fits."""

from __future__ import annotations

from typing import Any

import numpy as np

from seglab.arguments import array
from seglab.rows import FloatArray

SMALLEST = 1e-12  # probabilities nearer to 0 or 1 count as this near, so that the loss stays finite


def binary_cross_entropy(probabilities: Any, truth: Any) -> tuple[float, FloatArray]:
    """The summed loss -log p where `truth` is 1 and -log(1 - p) where it is 0, and its gradient by `probabilities`, of their shape.

    Raises ValueError where the shapes differ.

    >>> loss, gradient = binary_cross_entropy([[0.5, 0.75]], [[1, 1]])
    >>> round(loss, 4), gradient.round(4).tolist()
    (0.9808, [[-2.0, -1.3333]])
    """
    p, t = _pair(probabilities, truth)
    loss = -np.where(t > 0.5, np.log(np.maximum(p, SMALLEST)), np.log(np.maximum(1 - p, SMALLEST))).sum()
    return float(loss), (p - t) / np.maximum(p * (1 - p), SMALLEST)


def mask_scores(probabilities: Any, truth: Any, threshold: float = 0.5) -> tuple[int, int, int]:
    """Cells in both the thresholded and the true mask, cells in either (the first over the second is the IoU), and cells that are right.

    >>> mask_scores([[0.9, 0.8, 0.1]], [[1, 0, 0]])
    (1, 2, 2)
    """
    p, t = _pair(probabilities, truth)
    found, real = p > threshold, t > 0.5
    return int((found & real).sum()), int((found | real).sum()), int((found == real).sum())


def _pair(probabilities: Any, truth: Any) -> tuple[FloatArray, FloatArray]:
    p, t = array("probabilities", probabilities), array("truth", truth)
    if p.shape != t.shape:
        raise ValueError(f"truth has shape {t.shape}: the probabilities have {p.shape}")
    return p, t
