"""Metrics of masks, counted over all pixels of all images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def class_iou(prediction: NDArray[np.integer], truth: NDArray[np.integer], classes: int = 2) -> NDArray[np.float64]:
    """Intersection over union of every class, (classes,); NaN for a class that is in neither.

    >>> class_iou(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1])).round(3).tolist()
    [0.5, 0.667]
    """
    pairs = np.bincount(truth.ravel().astype(np.int64) * classes + prediction.ravel().astype(np.int64), minlength=classes**2)
    confusion = pairs.reshape(classes, classes)
    both = np.diag(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - both
    return np.where(union > 0, both / np.maximum(union, 1), np.nan)


def mean_iou(prediction: NDArray[np.integer], truth: NDArray[np.integer], classes: int = 2) -> float:
    """Mean of `class_iou` over the classes that occur.

    >>> round(mean_iou(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1])), 3)
    0.583
    """
    return float(np.nanmean(class_iou(prediction, truth, classes)))


def shares(mask: NDArray[np.integer], classes: int) -> list[float]:
    """How much of a mask each class has.

    >>> shares(np.array([0, 1, 1, 1]), 3)
    [0.25, 0.75, 0.0]
    """
    found: list[float] = (np.bincount(mask.ravel(), minlength=classes) / mask.size).tolist()
    return found
