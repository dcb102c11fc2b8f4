"""The label matrix of deck D, 13 x 26 pixels of a street, and ways to get it wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8]
CLASSES = ("none", "person", "purse", "plants", "sidewalk", "building")  # as the deck numbers them, from 1
ROWS = (
    "33333333333333333333355555",
    "33333333333333333333335555",
    "33333333333333333333355555",
    "33333333333333333333355555",
    "33333333333333333333355555",
    "33333333333333333333355555",
    "55333333333311333333555555",
    "44341111111111111444455555",
    "44341111111111111444445555",
    "44411111111111111444444444",
    "33311111111111111444444444",
    "33312211111111111444444444",
    "33312211111111111444444444",
)
STREET: Labels = np.array([[int(label) for label in row] for row in ROWS], np.uint8)
STREET.setflags(write=False)


def everywhere(label: int) -> Labels:
    """One class in all places.

    >>> round(float((everywhere(3) == STREET).mean()), 3)
    0.456
    """
    return np.full_like(STREET, label)


def without(label: int) -> Labels:
    """The matrix in which one class has become the class that it touches most.

    >>> round(float((without(2) == STREET).mean()), 3), int((without(2) == 1).sum())
    (0.988, 84)
    """
    here = np.pad(label == STREET, 1)
    labels = np.pad(STREET, 1)
    touched = [np.roll(labels, step, axis)[here] for axis in (0, 1) for step in (-1, 1)]
    counts = np.bincount(np.concatenate(touched), minlength=len(CLASSES))
    counts[[0, label]] = 0
    return np.where(label == STREET, counts.argmax(), STREET).astype(np.uint8)


def aside(columns: int) -> Labels:
    """The matrix moved to the right, its first column repeated.

    >>> int((aside(1) != STREET).sum())
    32
    """
    return STREET[:, np.maximum(np.arange(STREET.shape[1]) - columns, 0)]


def guesses() -> dict[str, Labels]:
    """All of these by their name in an address: ``truth``, ``all3``, ``lose2``, ``aside`` …"""
    numbers = range(1, len(CLASSES))
    named = {f"all{number}": everywhere(number) for number in numbers} | {f"lose{number}": without(number) for number in numbers}
    return {"truth": STREET, "aside": aside(1), **named}
