"""Little pictures of one shape each, for what has to remember a whole picture in a few numbers.

Kind, size, turn and place are drawn at random, nothing else: five numbers and a kind say all that there is to know of a picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seglab.data.scene import Canvas, Image

SIZE = 32  # pixels a side
KINDS = ("disc", "square", "triangle", "star")


def little(seed: int) -> tuple[Image, int]:
    """A picture (32, 32) of one bright shape on a dark ground, and its kind by number in `KINDS`; the same `seed` gives the same one.

    >>> image, kind = little(0)
    >>> image.shape, round(float(image.max()), 3), KINDS[kind]
    ((32, 32), 0.9, 'square')
    """
    rng = np.random.default_rng([seed, SIZE])
    kind, radius = int(rng.integers(len(KINDS))), float(rng.uniform(5, 11.5))
    centre, turn = (SIZE - 1) / 2 + rng.uniform(-1, 1, 2), float(rng.uniform(-0.2, 0.2))
    canvas = Canvas(SIZE)
    if kind == 0:
        canvas.disc(centre, 0.9 * radius)
    else:
        canvas.polygon(centre + _corners(kind, radius, turn))
    return np.asarray(0.1 + 0.8 * canvas.cover(), np.float32), kind


def _corners(kind: int, radius: float, turn: float) -> NDArray[np.float64]:
    """The corners (N, 2) around the centre; all kinds have about the same area."""
    count, reach = ((4, 1.13), (3, 1.28), (10, 1.32))[kind - 1]
    around = turn + 2 * np.pi * np.arange(count) / count + (np.pi / 4 if kind == 1 else 0.0)
    far = radius * reach * np.where((kind == 3) & (np.arange(count) % 2 == 1), 0.45, 1.0)
    return np.stack([-far * np.cos(around), far * np.sin(around)], axis=1)  # the first one points up


def littles(first: int, count: int) -> tuple[Image, NDArray[np.int64]]:
    """The pictures (N, 32, 32) of `count` seeds from `first` on, with their kinds (N,)."""
    made = [little(seed) for seed in range(first, first + count)]
    return np.stack([image for image, _ in made]), np.array([kind for _, kind in made])
