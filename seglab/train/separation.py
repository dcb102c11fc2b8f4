"""How many objects a mask keeps apart, and what it makes of thin ones: what a mean IoU hardly shows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_opening

from seglab.data.weight_map import numbered

SMALLEST = 16  # pixels; what is left of an object at the image's edge may be less, and is not counted
Found = NDArray[np.bool_]


class Separation(NamedTuple):
    """Of `objects` true ones: how many were `separated`, found one to one, and how many `merged` with another in one piece."""

    objects: int
    separated: int
    merged: int


def separation(mask: NDArray[np.integer], instances: NDArray[np.integer], smallest: int = SMALLEST) -> Separation:
    """What a predicted mask (H, W) makes of true objects (H, W), numbered from 1, 0 is background.

    The pieces of the mask are what is connected by common sides within a class. An object is separated where a piece and it overlap by an
    IoU of more than 0.5, which only one piece can, and merged where a piece that holds more than half of it holds more than half of
    another one, too. Objects of fewer than `smallest` pixels are left out. Raises ValueError for different shapes.

    >>> truth = np.array([[1, 1, 0, 2, 2]])
    >>> separation(np.array([[1, 1, 0, 1, 1]]), truth, 1), separation(np.array([[1, 1, 1, 1, 1]]), truth, 1)
    (Separation(objects=2, separated=2, merged=0), Separation(objects=2, separated=0, merged=2))
    """
    if mask.shape != instances.shape:
        raise ValueError(f"the mask has shape {mask.shape}: the objects have {instances.shape}")
    pieces, count = numbered(mask)
    shared = np.zeros((int(instances.max(initial=0)) + 1, count + 1), np.int64)
    np.add.at(shared, (instances.ravel(), pieces.ravel()), 1)
    size, area = shared.sum(1)[1:, None], shared.sum(0)[None, 1:]
    overlap = shared[1:, 1:]
    large = (size >= smallest)[:, 0]
    alike = 2 * overlap > size + area - overlap  # IoU over 0.5
    held = (2 * overlap > size) & large[:, None]
    merged = held & (held.sum(0) > 1)
    return Separation(int(large.sum()), int((alike.any(1) & large).sum()), int(merged.any(1).sum()))


def thin(mask: NDArray[np.integer], width: int = 3) -> Found:
    """Pixels of the objects (H, W) that no square of `width` x `width` pixels inside the objects covers; beyond the edge all is object.

    >>> thin(np.array([[0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]])).sum()
    np.int64(5)
    """
    inside = np.pad(mask > 0, width, mode="edge")
    thick = binary_opening(inside, np.ones((width, width), bool))[width:-width, width:-width]
    return np.asarray((mask > 0) & ~thick)


def line_f(found: NDArray[np.integer], truth: NDArray[np.integer], tolerance: int = 1) -> float:
    """F of precision and recall of the pixels of a drawn line (H, W), right within `tolerance` steps up, down, left or right.

    >>> line = np.eye(5, dtype=int)
    >>> line_f(line, line), line_f(np.roll(line, 1, 1) * 0, line)
    (1.0, 0.0)
    """
    near = [binary_dilation(line > 0, iterations=tolerance) for line in (truth, found)]
    precision, recall = (
        float((line[around]).sum() / max(int((line > 0).sum()), 1)) for line, around in zip((found > 0, truth > 0), near, strict=True)
    )
    return 2 * precision * recall / max(precision + recall, 1e-12)
