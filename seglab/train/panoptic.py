"""Panoptic quality: which found segment is which true one, and how well they fit. Kirillov et al., arXiv:1801.00868, section 4."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seglab.train.metrics import mean

Ids = NDArray[np.integer]
ENOUGH = 0.5  # two segments match where their IoU is larger: then no other can match either of them


class Match(NamedTuple):
    """A true segment, the found one that it matches, and their IoU."""

    truth: int
    found: int
    iou: float


@dataclass(frozen=True)
class Quality:
    """The segments of one class: the IoU of those that match, and how many found ones are false and true ones missed.

    >>> quality = Quality((0.8, 0.6), false=1, missed=1)
    >>> round(quality.sq, 3), round(quality.rq, 3), round(quality.pq, 3)
    (0.7, 0.667, 0.467)
    """

    ious: tuple[float, ...]
    false: int
    missed: int

    @property
    def there(self) -> bool:
        """Whether the class has a segment at all, found or true."""
        return bool(self.ious or self.false or self.missed)

    @property
    def sq(self) -> float:
        """Segmentation quality: the mean IoU of what matches; 0 where nothing does, NaN where there is nothing."""
        return float(np.mean(self.ious)) if self.ious else 0.0 if self.there else float("nan")

    @property
    def rq(self) -> float:
        """Recognition quality: TP / (TP + FP / 2 + FN / 2), the F of segments; NaN where there is nothing."""
        return len(self.ious) / (len(self.ious) + self.false / 2 + self.missed / 2) if self.there else float("nan")

    @property
    def pq(self) -> float:
        """Panoptic quality, SQ times RQ."""
        return self.sq * self.rq

    def __add__(self, other: Quality) -> Quality:
        """The quality over the segments of several images: they are counted together."""
        return Quality(self.ious + other.ious, self.false + other.false, self.missed + other.missed)


@dataclass(frozen=True)
class Matching:
    """The segments of one class in one image: those that match, and the ids of the false and of the missed."""

    matches: tuple[Match, ...]
    false: tuple[int, ...]
    missed: tuple[int, ...]

    @property
    def quality(self) -> Quality:
        return Quality(tuple(match.iou for match in self.matches), len(self.false), len(self.missed))


def overlaps(found: Ids, truth: Ids) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Shared pixels of every true id (rows) and found id (columns), and the pixels of each true and of each found id; 0 is no segment.

    Raises ValueError for maps of different shapes.

    >>> shared, real, given = overlaps(np.array([0, 1, 1, 2]), np.array([1, 1, 0, 2]))
    >>> shared[1:, 1:].tolist(), real.tolist(), given.tolist()
    ([[1, 0], [0, 1]], [1, 2, 1], [1, 2, 1])
    """
    if found.shape != truth.shape:
        raise ValueError(f"the found segments have shape {found.shape}: the true ones have {truth.shape}")
    rows, columns = int(truth.max(initial=0)) + 1, int(found.max(initial=0)) + 1
    pairs = truth.ravel().astype(np.int64) * columns + found.ravel()
    shared = np.bincount(pairs, minlength=rows * columns).reshape(rows, columns).astype(np.int64)
    return shared, shared.sum(1), shared.sum(0)


def matching(found: Ids, truth: Ids) -> Matching:
    """Which found segment (ids, (H, W), 0 for none) is which true one: those whose IoU is above one half.

    Raises ValueError as `overlaps` does.

    >>> truth = np.array([[1, 1, 1, 0, 2, 2]])
    >>> matching(np.array([[5, 5, 0, 0, 0, 7]]), truth)
    Matching(matches=(Match(truth=1, found=5, iou=0.6666666666666666),), false=(7,), missed=(2,))
    """
    shared, real, given = overlaps(found, truth)
    union = real[:, None] + given[None] - shared
    iou = np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)
    iou[0], iou[:, 0] = 0, 0
    matches = tuple(Match(int(one), int(other), float(iou[one, other])) for one, other in np.argwhere(iou > ENOUGH))
    taken, kept = {match.found for match in matches}, {match.truth for match in matches}
    false = tuple(number for number in range(1, len(given)) if given[number] and number not in taken)
    missed = tuple(number for number in range(1, len(real)) if real[number] and number not in kept)
    return Matching(matches, false, missed)


@dataclass(frozen=True, eq=False)
class Panoptic:
    """A class and an id for every pixel, (H, W) each. Stuff has the id 0: all of a class is one segment. Class -1 is nothing at all."""

    classes: NDArray[np.integer]
    ids: Ids

    def segments(self, label: int) -> Ids:
        """The ids of a class's pixels from 1, 0 elsewhere; stuff is the segment 1 where no pixel of the class has an id."""
        here = self.classes == label
        return np.where(here, self.ids if (self.ids[here] > 0).any() else 1, 0)


def class_matchings(found: Panoptic, truth: Panoptic, classes: Iterable[int]) -> dict[int, Matching]:
    """The matching of every class. A found segment can match a true one of its own class only."""
    return {label: matching(found.segments(label), truth.segments(label)) for label in classes}


def mean_quality(qualities: Iterable[Quality]) -> tuple[float, float, float]:
    """PQ, SQ and RQ as means over the classes that occur. The mean PQ is no product of the means.

    >>> [round(value, 3) for value in mean_quality([Quality((0.8,), 0, 0), Quality((), 1, 0), Quality((), 0, 0)])]
    [0.4, 0.4, 0.5]
    """
    known = list(qualities)
    pq, sq, rq = (mean(np.array([getattr(quality, name) for quality in known], float)) for name in ("pq", "sq", "rq"))
    return pq, sq, rq


def separated(found: Ids, truth: Ids) -> tuple[int, int]:
    """How many true segments stand alone, of how many: a found segment holds more than half of one, and of no other one.

    >>> truth = np.array([[1, 1, 0, 2, 2, 0, 3, 3]])
    >>> separated(np.array([[1, 1, 1, 1, 1, 0, 4, 4]]), truth)
    (1, 3)
    """
    shared, real, _ = overlaps(found, truth)
    holds = 2 * shared > real[:, None]
    holds[0], holds[:, 0] = False, False
    alone = holds & (holds.sum(0) == 1)
    return int(alone.any(1).sum()), int((real[1:] > 0).sum())
