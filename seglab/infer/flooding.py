"""A watershed step by step: water rises from markers, and where two lakes meet stands a line.

Source: Meyer, Signal Processing 38 (1994), as scikit-image orders it: lowest pixel first, of equals the one that was reached first.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Heights = NDArray[np.floating]
Labels = NDArray[np.int32]
WAYS = ((-1, 0), (0, -1), (0, 1), (1, 0))


@dataclass(frozen=True, eq=False)
class Flood:
    """The lake of every pixel (H, W), 0 for none and on lines; and the water's level as it was reached, infinite where it never is."""

    labels: Labels
    levels: NDArray[np.float64]
    lines: NDArray[np.bool_]


def flood(heights: Heights, markers: Labels, mask: NDArray[np.bool_], line: bool = False) -> Flood:
    """Flood a landscape (H, W) from `markers` (H, W), each number a spring, inside `mask`; with `line`, lakes never touch.

    The lakes are those of ``skimage.segmentation.watershed``. A pixel lower than the pass that leads to it is reached as the water
    stands as high as the pass. Raises ValueError for arrays of different shapes.

    >>> heights, springs = np.array([[0.0, 1, 2, 1, 0]]), np.array([[1, 0, 0, 0, 2]], np.int32)
    >>> found = flood(heights, springs, np.ones((1, 5), bool), line=True)
    >>> found.labels.tolist(), found.lines.tolist(), found.levels.tolist()
    ([[1, 1, 0, 2, 2]], [[False, False, True, False, False]], [[0.0, 1.0, 2.0, 1.0, 0.0]])
    """
    if not heights.shape == markers.shape == mask.shape:
        raise ValueError(f"heights {heights.shape}, markers {markers.shape} and mask {mask.shape} should have one shape")
    rows, columns = heights.shape
    labels: Labels = np.where(mask, markers, 0).astype(np.int32)
    levels, lines, free = np.full(heights.shape, np.inf), np.zeros(heights.shape, bool), mask.copy()
    heap: list[tuple[float, int, int, int, int]] = []  # level, age, row, column, lake
    for row, column in np.argwhere(labels > 0).tolist():
        heappush(heap, (float(heights[row, column]), 0, row, column, int(labels[row, column])))
    age = 0
    while heap:
        level, born, row, column, lake = heappop(heap)
        if born and line:
            if labels[row, column]:
                continue
            if not free[row, column] or _meets(labels, free, row, column, lake):
                free[row, column] = False
                lines[row, column] = True
            else:
                labels[row, column] = lake
        levels[row, column] = min(levels[row, column], level)
        for down, right in WAYS:
            r, c = row + down, column + right
            if 0 <= r < rows and 0 <= c < columns and free[r, c] and not labels[r, c]:
                age += 1
                if not line:
                    labels[r, c] = lake
                heappush(heap, (max(level, float(heights[r, c])), age, r, c, lake))
    return Flood(labels, levels, lines)


def _meets(labels: Labels, free: NDArray[np.bool_], row: int, column: int, lake: int) -> bool:
    """Whether a neighbour of the pixel is of another lake."""
    rows, columns = labels.shape
    for down, right in WAYS:
        r, c = row + down, column + right
        if 0 <= r < rows and 0 <= c < columns and free[r, c] and labels[r, c] not in (0, lake):
            return True
    return False


def distance_map(mask: NDArray[np.bool_], smooth: float = 2.0) -> NDArray[np.float64]:
    """How far inside `mask` every pixel lies, in pixels, smoothed by `smooth` so that a dent in the outline makes no summit of its own.

    >>> distance_map(np.ones((1, 3), bool), 0).tolist()  # nothing around it is outside
    [[0.0, 0.0, 0.0]]
    """
    if mask.all():
        return np.zeros(mask.shape)
    far = np.asarray(ndimage.distance_transform_edt(mask), np.float64)
    return np.asarray(np.where(mask, ndimage.gaussian_filter(far, smooth), 0)) if smooth else far


def summits(heights: Heights, mask: NDArray[np.bool_], apart: int = 9, least: float = 2.0) -> Labels:
    """Markers (H, W), numbered from 1: the highest pixels of `heights` within a square of `apart` pixels, above `least`.

    >>> summits(np.array([[0.0, 3, 1, 0, 0, 5, 0]]), np.ones((1, 7), bool), apart=3).tolist()
    [[0, 1, 0, 0, 0, 2, 0]]
    """
    peaks = mask & (heights == ndimage.maximum_filter(heights, apart)) & (heights > least)
    return np.asarray(ndimage.label(peaks)[0], np.int32)
