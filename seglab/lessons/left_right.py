"""Trained on the left, tested on the right: a flattened image against a global mean (curriculum C2).

Both networks see an upright bar of three pixels or a lying one, only in the left half of an 8 x 16 image while they learn. Both begin
with the same four 3 x 3 kernels and a ReLU. One then flattens and has a weight for every place, the other takes the mean over all places.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from seglab.rows import FloatArray

HEIGHT, WIDTH, KERNELS, STEPS, RATE = 8, 16, 4, 60, 0.1


class Accuracies(NamedTuple):
    """Shares of right answers, with the object anywhere in the half seen in training, and anywhere in the other one."""

    left: float
    right: float


@cache
def trained(head: str, seed: int = 0) -> Accuracies:
    """Train from `seed` with the head "flat" or "mean" (less than a tenth of a second) and measure.

    >>> trained("mean"), trained("flat").left
    (Accuracies(left=1.0, right=1.0), 1.0)
    """
    if head not in ("flat", "mean"):
        raise ValueError(f"head={head!r} is unknown: flat or mean")
    rng = np.random.default_rng(seed)
    patches, upright = _windows(*_objects(0))
    weights = [rng.normal(0, 0.5, (9, KERNELS)), rng.normal(0, 0.1, KERNELS * (HEIGHT * WIDTH if head == "flat" else 1)), np.zeros(1)]
    first, second = [np.zeros_like(one) for one in weights], [np.zeros_like(one) for one in weights]
    for step in range(1, STEPS + 1):
        for at, gradient in enumerate(_gradients(head, patches, upright, weights)):  # Adam (arXiv:1412.6980)
            first[at] += 0.1 * (gradient - first[at])
            second[at] += 0.001 * (gradient**2 - second[at])
            weights[at] -= RATE * first[at] / (1 - 0.9**step) / (np.sqrt(second[at] / (1 - 0.999**step)) + 1e-8)
    found = []
    for half in (0, 1):
        patches, upright = _windows(*_objects(half))
        found.append(float(((_forward(head, patches, weights)[-1] > 0) == upright).mean()))
    return Accuracies(*found)


def _objects(half: int) -> tuple[FloatArray, FloatArray]:
    """Every image with one bar in the left (0) or right (1) half, and 1 where it stands upright."""
    places = [(stands, row, column) for stands in (0, 1) for row in range(1, HEIGHT - 1) for column in range(1, WIDTH // 2 - 1)]
    images = np.zeros((len(places), HEIGHT, WIDTH))
    for image, (stands, row, column) in zip(images, places, strict=True):
        middle = column + half * WIDTH // 2
        if stands:
            image[row - 1 : row + 2, middle] = 1
        else:
            image[row, middle - 1 : middle + 2] = 1
    return images, np.array([float(stands) for stands, _, _ in places])


def _windows(images: FloatArray, upright: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The 3 x 3 window of every place, (images, places, 9), with zeros around the image."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return windows.reshape(len(images), HEIGHT * WIDTH, 9), upright


def _forward(head: str, patches: FloatArray, weights: list[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Features of every place, what the last layer reads (the mean, made as large as a bar's features are), and the logits."""
    features = np.maximum(patches @ weights[0], 0)
    read = features.reshape(len(patches), -1) if head == "flat" else features.mean(axis=1) * HEIGHT
    return features, read, read @ weights[1] + weights[2]


def _gradients(head: str, patches: FloatArray, upright: FloatArray, weights: list[FloatArray]) -> list[FloatArray]:
    """Of the mean binary cross-entropy, by weight."""
    features, read, logits = _forward(head, patches, weights)
    error = (1 / (1 + np.exp(-logits)) - upright) / len(patches)
    back = np.outer(error, weights[1])
    back = back.reshape(features.shape) if head == "flat" else np.broadcast_to(back[:, None] / WIDTH, features.shape)
    return [np.tensordot(patches, back * (features > 0), ([0, 1], [0, 1])), read.T @ error, np.array([error.sum()])]
