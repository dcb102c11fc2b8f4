"""Pictures of nothing, on which a network may be asked what it sees."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from seglab.data.scene import Image


def noise(seed: int, size: int) -> Image:
    """Grey values drawn for each pixel alone, (size, size) in 0 to 1."""
    return np.random.default_rng([seed, size]).random((size, size), np.float32)


def checkerboard(seed: int, size: int) -> Image:
    """Squares of 4 to 16 pixels, black and white by turns, (size, size).

    >>> np.unique(checkerboard(0, 32)).tolist()
    [0.0, 1.0]
    """
    rng = np.random.default_rng([seed, size])
    side, shift = int(rng.integers(4, 17)), rng.integers(16, size=2)
    at = [(np.arange(size) + int(first)) // side for first in shift]
    return np.asarray((at[0][:, None] + at[1][None]) % 2, np.float32)


STRANGE: dict[str, tuple[str, Callable[[int, int], Image]]] = {"noise": ("Noise", noise), "checkerboard": ("Checkerboard", checkerboard)}
