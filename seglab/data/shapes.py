"""Generated everyday shapes: discs, squares, triangles and stars cut out of coloured paper, told apart by their form alone.

Colour, size, turn and place say nothing about the class. Pieces lie on each other and throw soft shadows on a grainy table.
"""

from __future__ import annotations

from colorsys import hsv_to_rgb

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from seglab.data.scene import Canvas, Image, Scene, begin, grain, renumbered, smooth

CLASSES = ("background", "disc", "square", "triangle", "star")


def shapes(seed: int, size: int = 96, difficulty: float = 0.5) -> Scene:
    """A scene of `size` x `size` pixels in colour; the same `seed` always gives the same one. Classes as in `CLASSES`.

    `difficulty` from 0 to 1 brings the colours of paper and table nearer to each other, and raises noise and unevenness. Raises
    ValueError outside these bounds.

    >>> scene = shapes(1)
    >>> scene.image.shape, sorted(set(np.unique(scene.mask).tolist()) - {0}) != [], int(scene.instances.max()) > 2
    ((96, 96, 3), True, True)
    """
    rng = begin(seed, size, difficulty)
    image, table = _table(rng, size, difficulty)
    mask, instances = np.zeros((size, size), np.uint8), np.zeros((size, size), np.int32)
    for number in range(1, int(rng.integers(4, 8)) + 1):
        kind, radius = int(rng.integers(1, 5)), rng.uniform(0.095, 0.18) * 96 * (size / 96) ** 0.5
        centre = rng.uniform(0, size, 2)
        cover = _piece(kind, centre, radius, rng.uniform(0, 2 * np.pi), size)
        inside = cover > 0.5
        if not inside.any() or (mask[inside] > 0).mean() > 0.3:  # what is hardly to be seen cannot be told
            continue
        image = _laid(rng, image, cover, table, difficulty)
        mask[inside], instances[inside] = kind, number
    return Scene(_photographed(rng, image, difficulty), mask, renumbered(instances))


def one_shape(seed: int, size: int = 96, difficulty: float = 0.5, reach: float = 4.0) -> Scene:
    """One piece on the same table, its centre at most `reach` pixels from the middle along each axis, for who names one thing an image.

    The same `seed` always gives the same one; its class is the largest of the mask. Raises ValueError as `shapes` does.

    >>> scene = one_shape(1)
    >>> int(scene.mask.max()), sorted(set(np.unique(scene.mask).tolist())), int(scene.instances.max())
    (4, [0, 4], 1)
    """
    rng = begin(seed, size, difficulty)
    image, table = _table(rng, size, difficulty)
    kind, radius = int(rng.integers(1, 5)), rng.uniform(0.095, 0.18) * 96 * (size / 96) ** 0.5
    centre = (size - 1) / 2 + rng.uniform(-reach, reach, 2)
    cover = _piece(kind, centre, radius, rng.uniform(0, 2 * np.pi), size)
    image = _laid(rng, image, cover, table, difficulty)
    inside = cover > 0.5
    mask = np.where(inside, kind, 0).astype(np.uint8)
    return Scene(_photographed(rng, image, difficulty), mask, inside.astype(np.int32))


def _table(rng: np.random.Generator, size: int, difficulty: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The bare table (H, W, 3), unevenly lit, and its colour."""
    table = _colour(rng, 0.0, 0.1 + 0.2 * difficulty, rng.uniform(0.45, 0.8))
    image = np.repeat(table[None, None], size, 0).repeat(size, 1) * (1 + smooth(rng, size, 3, 0.05 + 0.07 * difficulty))[..., None]
    return image, table


def _laid(
    rng: np.random.Generator, image: NDArray[np.float64], cover: Image, table: NDArray[np.float64], difficulty: float
) -> NDArray[np.float64]:
    """The image with a piece of paper on it, and its shadow."""
    paper = _colour(rng, 0.5, 0.95, rng.uniform(0.4, 1.0))
    paper += (table - paper) * 0.55 * difficulty * rng.random()
    shadow = gaussian_filter(np.roll(cover, (2, 2), (0, 1)), 1.5)[..., None]
    image = image * (1 - (0.35 - 0.15 * difficulty) * shadow)
    shade = (1 + smooth(rng, len(cover), 4, 0.03 + 0.04 * difficulty))[..., None]
    laid: NDArray[np.float64] = image * (1 - cover[..., None]) + paper * shade * cover[..., None]
    return laid


def _photographed(rng: np.random.Generator, image: NDArray[np.float64], difficulty: float) -> Image:
    """The image with what a camera adds, in 0 to 1."""
    size = len(image)
    image = image + (grain(rng, (size, size, 3), 0.012 + 0.05 * difficulty) + smooth(rng, size, size // 3, 0.012)[..., None])
    return np.clip(image, 0, 1).astype(np.float32)


def _piece(kind: int, centre: NDArray[np.float64], radius: float, turn: float, size: int) -> Image:
    """How much of each pixel a piece of paper covers; all kinds have about the same area."""
    canvas = Canvas(size)
    if kind == 1:
        canvas.disc(centre, 0.9 * radius)
        return canvas.cover()
    corners = {2: 4, 3: 3, 4: 10}[kind]
    reach = radius * {2: 1.13, 3: 1.28, 4: 1.32}[kind] * np.where((kind == 4) & (np.arange(corners) % 2 == 1), 0.45, 1.0)
    angles = turn + 2 * np.pi * np.arange(corners) / corners
    canvas.polygon(centre + reach[:, None] * np.stack([np.sin(angles), np.cos(angles)], axis=1))
    return canvas.cover()


def _colour(rng: np.random.Generator, low: float, high: float, value: float) -> NDArray[np.float64]:
    """A random hue, with a saturation between `low` and `high`."""
    return np.array(hsv_to_rgb(rng.random(), rng.uniform(low, high), value))
