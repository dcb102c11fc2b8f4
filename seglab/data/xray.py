"""Generated chest X-rays: two lungs, ribs across them, the heart's shadow, and now and then lesions, round and hazy.

What absorbs is bright, and what lies in front of each other adds up: a lesion behind a rib is no brighter than a rib on its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from seglab.data.scene import Canvas, Image, Scene, begin, grain, smooth

CLASSES = ("background", "lung", "lesion")


def xray(seed: int, size: int = 96, difficulty: float = 0.5) -> Scene:
    """A scene of `size` x `size` pixels; the same `seed` always gives the same one. Classes as in `CLASSES`; lesions are countable.

    `difficulty` from 0 to 1 makes lesions fainter and smaller, ribs and vessels stronger and noise louder. Raises ValueError outside
    these bounds.

    >>> scene = xray(3)
    >>> scene.image.shape, float((scene.mask > 0).mean()) > 0.2
    ((96, 96), True)
    """
    rng = begin(seed, size, difficulty)
    tilt, middle = rng.normal(0, 0.03), rng.normal(0.5, 0.015)
    lungs = [_lung(rng, side, tilt, middle, size) for side in (-1, 1)]
    air = np.maximum(*(canvas.cover() for canvas in lungs))
    inside = air > 0.5
    dense = _body(rng, middle, size) - 0.46 * gaussian_filter(air, 0.012 * size)
    dense += _ribs(rng, middle, size, 0.05 + 0.07 * difficulty) + _vessels(rng, middle, size, inside) * (0.05 + 0.05 * difficulty)
    dense += _heart(rng, middle, size)
    mask, instances = inside.astype(np.uint8), np.zeros((size, size), np.int32)
    for centre, radius in _places(rng, inside, size, difficulty):
        haze, core = _lesion(rng, centre, radius, size)
        dense += haze * rng.uniform(0.8, 1.2) * (0.3 - 0.16 * difficulty)
        taken = core & inside
        if taken.sum() >= 4:
            instances[taken], mask[taken] = instances.max() + 1, 2
    image = 0.12 + 0.8 * dense * (1 + smooth(rng, size, 3, 0.04 + 0.06 * difficulty))
    image += grain(rng, (size, size), 0.01 + 0.025 * difficulty)
    return Scene(np.clip(image, 0, 1).astype(np.float32), mask, instances)


def _lung(rng: np.random.Generator, side: int, tilt: float, middle: float, size: int) -> Canvas:
    """A lung on one side: narrow at the top, cut out by the heart, curved in at the bottom."""
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    down, out = -np.cos(turn), np.sin(turn)  # from the top, around
    wide = 0.15 + 0.035 * down + (0.012 if side < 0 else -0.018) * (down > 0.2) + 0.006 * np.sin(3 * turn + rng.uniform(0, 6))
    rows = 0.5 + (0.34 + rng.normal(0, 0.012)) * down + np.where(down > 0.75, 0.16 * (down - 0.75) * -np.abs(out) * -1, 0)
    columns = middle + side * (0.215 + 0.045 * down + wide * out * (1 + 0.12 * out)) + tilt * (rows - 0.5)
    canvas = Canvas(size)
    canvas.polygon(np.stack([rows, columns], axis=1) * size)
    return canvas


def _body(rng: np.random.Generator, middle: float, size: int) -> Image:
    """Chest wall, shoulders and spine."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    wall = 1 / (1 + np.exp((np.abs(x - middle) - 0.5 - 0.03 * y) / 0.02))
    spine = np.exp(-(((x - middle) / 0.035) ** 2)) * (0.1 + 0.025 * np.sin(2 * np.pi * y * 11))
    shoulders = 0.12 * np.exp(-(((y + 0.02) / 0.16) ** 2))
    belly = 0.16 / (1 + np.exp((0.86 - y) / 0.03))
    return np.asarray((0.66 + rng.normal(0, 0.02)) * wall + spine + shoulders + belly, np.float32)


def _ribs(rng: np.random.Generator, middle: float, size: int, strength: float) -> Image:
    """Pairs of ribs that run down and outwards, each brighter at its edges."""
    ribs, hollow = Canvas(size), Canvas(size)
    shift, steep = rng.uniform(-0.03, 0.03), rng.uniform(0.32, 0.5)
    reach = np.linspace(0.02, 0.42, 16)
    for number in range(9):
        for side in (-1, 1):
            rows = 0.1 + shift + 0.092 * number - steep * 0.24 + steep * reach + 1.1 * reach**2 * (0.35 + 0.05 * number)
            line = np.stack([rows, middle + side * reach], axis=1) * size
            ribs.line(line, 0.034 * size)
            hollow.line(line, 0.017 * size)
    return np.asarray((ribs.cover(0.5) - 0.45 * hollow.cover(0.6)) * strength, np.float32)


def _vessels(rng: np.random.Generator, middle: float, size: int, inside: NDArray[np.bool_]) -> Image:
    """The branching shadows that leave the hilum on either side."""
    canvas = Canvas(size)
    for side in (-1, 1):
        root = np.array([0.47, middle + side * 0.085]) * size
        for _ in range(11):
            angle, here, points = rng.uniform(-1.35, 1.35), root, [root]
            for _ in range(int(rng.integers(5, 12))):
                angle += rng.normal(0, 0.2)
                here = here + np.array([np.sin(angle), side * np.cos(angle)]) * 0.025 * size
                points.append(here)
            canvas.line(np.array(points), rng.uniform(0.006, 0.016) * size)
    return np.asarray(canvas.cover(0.008 * size) * inside, np.float32)


def _heart(rng: np.random.Generator, middle: float, size: int) -> Image:
    """The heart's shadow, most of it on the right of the picture."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    wide = rng.uniform(0.125, 0.155)
    away = np.hypot((x - middle - 0.045) / wide, (y - 0.66) / 0.19)
    return np.asarray(0.3 / (1 + np.exp((away - 1) / 0.06)), np.float32)


def _places(rng: np.random.Generator, inside: NDArray[np.bool_], size: int, difficulty: float) -> list[tuple[NDArray[np.float64], float]]:
    """Where lesions are, well inside a lung, and how large; one image in six has none."""
    rows, columns = np.nonzero(gaussian_filter(inside.astype(np.float32), 0.03 * size) > 0.9)
    count = 0 if rng.random() < 1 / 6 else int(rng.integers(1, 5))
    found: list[tuple[NDArray[np.float64], float]] = []
    for _ in range(count * 5):
        if len(found) == count or not len(rows):
            break
        at = int(rng.integers(len(rows)))
        centre, radius = np.array([rows[at], columns[at]], float), rng.uniform(0.028, 0.06 - 0.015 * difficulty) * size
        if all(np.hypot(*(centre - other)) > 1.5 * (radius + wide) for other, wide in found):
            found.append((centre, radius))
    return found


def _lesion(rng: np.random.Generator, centre: NDArray[np.float64], radius: float, size: int) -> tuple[Image, NDArray[np.bool_]]:
    """How much a lesion absorbs, and the pixels that are called it: those of more than a third of that."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    angle = np.arctan2(y - centre[0], x - centre[1])
    edge = 1 + 0.13 * np.sin(2 * angle + rng.uniform(0, 6)) + 0.08 * np.sin(3 * angle + rng.uniform(0, 6))
    away = np.hypot(y - centre[0], x - centre[1]) / (radius * edge)
    haze = 1 / (1 + np.exp((away - 0.85) / 0.13))
    return np.asarray(haze, np.float32), np.asarray(haze > 1 / 3)
