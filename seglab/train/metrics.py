"""Metrics of masks: what is counted over all pixels of all images comes from one confusion matrix, boundaries from each image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.integer]
Numbers = NDArray[np.float64]


def confusion(prediction: Mask, truth: Mask, classes: int) -> NDArray[np.int64]:
    """How many pixels of each class (rows: truth) were given each class (columns: prediction), (classes, classes).

    Raises ValueError for masks of different shapes and for a class that there is not.

    >>> confusion(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]), 2).tolist()
    [[1, 1], [0, 2]]
    """
    if prediction.shape != truth.shape:
        raise ValueError(f"the prediction has shape {prediction.shape}: the truth has {truth.shape}")
    for mask in (prediction, truth):
        if mask.size and not 0 <= mask.min() <= mask.max() < classes:
            raise ValueError(f"a mask holds {mask.min()} to {mask.max()}: {classes} classes are 0 to {classes - 1}")
    pairs = truth.ravel().astype(np.int64) * classes + prediction.ravel()
    return np.bincount(pairs, minlength=classes**2).astype(np.int64).reshape(classes, classes)


def edges(mask: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels of a mask (..., H, W) that touch one outside it, beside, above or below; the image's own border is none.

    >>> edges(np.array([[0, 1, 1, 1]])).tolist()
    [[False, True, False, False]]
    """
    inside = mask.astype(bool)
    around = np.pad(inside, [(0, 0)] * (mask.ndim - 2) + [(1, 1)] * 2, mode="edge")
    deep = around[..., :-2, 1:-1] & around[..., 2:, 1:-1] & around[..., 1:-1, :-2] & around[..., 1:-1, 2:]
    return np.asarray(inside & ~deep)


def boundary_f(prediction: Mask, truth: Mask, classes: int, tolerance: float = 2) -> Numbers:
    """F of precision and recall of every class's boundary pixels, those within `tolerance` pixels of the other's, (classes,).

    Worked out for each image of (N, H, W), then averaged over those in which the class has a boundary, in prediction or truth; where
    only one has, F is 0. NaN for a class that has none anywhere. A distance decides, as in Csurka, Larlus and Perronnin (BMVC 2013),
    not a matching of one pixel to one (Martin, Fowlkes and Malik, PAMI 2004). Raises ValueError for a tolerance below 0.

    >>> truth = np.zeros((1, 10, 10), int)
    >>> truth[0, 3:7, 3:7] = 1
    >>> [boundary_f(np.roll(truth, 1, axis=2), truth, 2, pixels).tolist() for pixels in (0, 1)]
    [[0.375, 0.5], [1.0, 1.0]]
    """
    if tolerance < 0:
        raise ValueError(f"tolerance={tolerance:g} is no distance: 0 or more pixels are needed")
    if truth.size == 0:
        return np.full(classes, np.nan)
    found = np.full((classes, len(truth)), np.nan)
    for number in range(classes):
        guessed, real = edges(prediction == number), edges(truth == number)
        either = guessed.any((1, 2)) | real.any((1, 2))
        precision, recall = _share(guessed, _near(real, tolerance)), _share(real, _near(guessed, tolerance))
        found[number, either] = (2 * precision * recall / np.maximum(precision + recall, 1e-12))[either]
    return np.array([mean(values) for values in found])


def _near(edge: NDArray[np.bool_], tolerance: float) -> NDArray[np.bool_]:
    """Pixels of (N, H, W) within `tolerance` of one of `edge`: a disc is laid on each, which is faster than measuring distances."""
    reach, (height, width) = int(tolerance), edge.shape[1:]
    padded = np.pad(edge, [(0, 0), (reach, reach), (reach, reach)])
    near = np.zeros_like(edge)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if down**2 + right**2 <= tolerance**2:
                near |= padded[:, reach + down : reach + down + height, reach + right : reach + right + width]
    return near


def _share(pixels: NDArray[np.bool_], near: NDArray[np.bool_]) -> Numbers:
    """Which share of an image's `pixels` is `near`, (N,); 0 where there are none."""
    return np.asarray((pixels & near).sum((1, 2)) / np.maximum(pixels.sum((1, 2)), 1))


def mean(values: Numbers) -> float:
    """The mean without what is NaN; NaN where nothing else is.

    >>> mean(np.array([0.5, np.nan, 1.0]))
    0.75
    """
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else float("nan")


@dataclass(frozen=True, eq=False)
class Scores:
    """How well masks fit: the confusion matrix (K, K), rows truth, columns prediction, and each class's boundary F (K,).

    A class that is in neither prediction nor truth has NaN, and so has whatever would be a mean of nothing.

    >>> scores = Scores(np.array([[1, 1], [0, 2]]), np.array([0.5, np.nan]))
    >>> scores.iou.round(3).tolist(), scores.dice.round(3).tolist(), scores.accuracy, scores.constant
    ([0.5, 0.667], [0.667, 0.8], 0.75, (0, 0.5, 0.25))
    """

    confusion: NDArray[np.int64]
    boundary: Numbers

    @classmethod
    def of(cls, prediction: Mask, truth: Mask, classes: int, tolerance: float = 2) -> Scores:
        """The scores of predicted masks (N, H, W). Raises ValueError as `confusion` and `boundary_f` do."""
        return cls(confusion(prediction, truth, classes), boundary_f(prediction, truth, classes, tolerance))

    @property
    def iou(self) -> Numbers:
        """Intersection over union of every class (K,)."""
        return _ratio(self._right, self.confusion.sum(0) + self.confusion.sum(1) - self._right)

    @property
    def dice(self) -> Numbers:
        """Twice the intersection over the sum of both areas (K,); the F of pixels."""
        return _ratio(2 * self._right, self.confusion.sum(0) + self.confusion.sum(1))

    @property
    def shares(self) -> Numbers:
        """How much of the truth each class has (K,)."""
        return _ratio(self.confusion.sum(1), self.confusion.sum())

    @property
    def rows(self) -> Numbers:
        """The confusion matrix as shares of the truth's pixels of each class (K, K); NaN in the row of a class that it has not."""
        return _ratio(self.confusion, self.confusion.sum(1, keepdims=True))

    @property
    def accuracy(self) -> float:
        """The share of all pixels that are right."""
        return float(_ratio(self._right.sum(), self.confusion.sum()))

    @property
    def mean_iou(self) -> float:
        return mean(self.iou)

    @property
    def mean_dice(self) -> float:
        return mean(self.dice)

    @property
    def mean_boundary(self) -> float:
        return mean(self.boundary)

    @property
    def constant(self) -> tuple[int, float, float]:
        """The one class that is right most often when every pixel is called it, its accuracy, and its mean IoU."""
        best = int(self.confusion.sum(1).argmax())
        accuracy = float(self.shares[best])
        return best, accuracy, accuracy / max(1, int((self.confusion.sum(1) > 0).sum()))

    @property
    def _right(self) -> NDArray[np.int64]:
        return np.diag(self.confusion)

    def as_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads; NaN, which JSON has not, as None."""
        return {"confusion": self.confusion.tolist(), "boundary": [None if np.isnan(f) else float(f) for f in self.boundary]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Scores:
        """Scores from stored data."""
        return cls(np.array(data["confusion"], np.int64), np.array(data["boundary"], np.float64))


def _ratio(part: Any, whole: Any) -> Numbers:
    """A quotient, NaN where there is nothing to divide by."""
    return np.asarray(np.where(whole > 0, part / np.maximum(whole, 1), np.nan), np.float64)


def class_iou(prediction: Mask, truth: Mask, classes: int = 2) -> Numbers:
    """Intersection over union of every class, (classes,); NaN for a class that is in neither. Raises ValueError as `confusion` does.

    >>> class_iou(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1])).round(3).tolist()
    [0.5, 0.667]
    """
    return Scores(confusion(prediction, truth, classes), np.full(classes, np.nan)).iou


def mean_iou(prediction: Mask, truth: Mask, classes: int = 2) -> float:
    """Mean of `class_iou` over the classes that occur.

    >>> round(mean_iou(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1])), 3)
    0.583
    """
    return mean(class_iou(prediction, truth, classes))


def shares(mask: Mask, classes: int) -> list[float]:
    """How much of a mask each class has.

    >>> shares(np.array([0, 1, 1, 1]), 3)
    [0.25, 0.75, 0.0]
    """
    found: list[float] = (np.bincount(mask.ravel(), minlength=classes) / mask.size).tolist()
    return found
