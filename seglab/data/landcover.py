"""Generated land cover, as a satellite sees it: fields in parcels, forest, water, and towns with roads.

Fields differ in colour and in the run of their furrows, so that no single colour is a class: ripe corn is as bright as a roof, a wet
meadow as green as a wood, and the shade of a wood as dark as a lake. Every pixel has a class; nothing is countable.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from seglab.data.scene import Canvas, Image, Scene, begin, grain, smooth

CLASSES = ("field", "forest", "water", "town", "road")
FIELDS = np.array([[0.55, 0.62, 0.3], [0.72, 0.66, 0.4], [0.42, 0.52, 0.24], [0.6, 0.5, 0.36], [0.5, 0.58, 0.36], [0.78, 0.74, 0.5]])
ROOFS = np.array([[0.72, 0.42, 0.32], [0.66, 0.36, 0.28], [0.7, 0.68, 0.66], [0.5, 0.48, 0.48], [0.82, 0.8, 0.76]])


def landcover(seed: int, size: int = 96, difficulty: float = 0.5) -> Scene:
    """A scene of `size` x `size` pixels in colour; the same `seed` always gives the same one. Classes as in `CLASSES`.

    `difficulty` from 0 to 1 washes the colours out with haze, and raises shade and noise. Raises ValueError outside these bounds.

    >>> scene = landcover(1)
    >>> scene.image.shape, len(np.unique(scene.mask)) >= 3, scene.instances
    ((96, 96, 3), True, None)
    """
    rng = begin(seed, size, difficulty)
    turn = rng.uniform(0, np.pi)
    image, mask = _fields(rng, size, turn), np.zeros((size, size), np.uint8)
    wood = _patches(rng, size, 5, rng.uniform(0.18, 0.34))
    town = _patches(rng, size, 3, rng.uniform(0.0, 0.24)) & ~wood
    water = _water(rng, size)
    road = _roads(rng, size, turn, town)
    for number, (where, painted) in enumerate(
        ((wood, _forest(rng, size)), (water, _lake(rng, size)), (town & ~water, _town(rng, size, turn)), (road, _tar(rng, size))), start=1
    ):
        soft = np.clip(gaussian_filter(where.astype(np.float32), 0.5), 0, 1)[..., None]
        image, mask[where] = image * (1 - soft) + painted * soft, number
    light = 1 + smooth(rng, size, 3, 0.03 + 0.08 * difficulty)
    image = image * light[..., None]
    haze = (0.05 + 0.33 * difficulty) * (1 + smooth(rng, size, 3, 0.25))[..., None]
    image = image * (1 - haze) + np.array([0.7, 0.74, 0.78]) * haze + grain(rng, (size, size, 3), 0.01 + 0.035 * difficulty)
    return Scene(np.clip(image, 0, 1).astype(np.float32), mask)


def _patches(rng: np.random.Generator, size: int, knots: int, share: float) -> NDArray[np.bool_]:
    """Blots that take about `share` of the image."""
    field = smooth(rng, size, knots, 1.0) + smooth(rng, size, 3 * knots, 0.25)
    return np.asarray(field > np.quantile(field, 1 - share)) if share > 0.02 else np.zeros((size, size), bool)


def _fields(rng: np.random.Generator, size: int, turn: float) -> Image:
    """Parcels along one direction, each with its colour and furrows."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    along, across = np.cos(turn) * x + np.sin(turn) * y, -np.sin(turn) * x + np.cos(turn) * y
    strip = np.floor((across + smooth(rng, size, 3, 1.5)) / rng.uniform(14, 22)).astype(int)
    strip -= strip.min()
    start, length = rng.uniform(0, 40, strip.max() + 1)[strip], rng.uniform(20, 46, strip.max() + 1)[strip]
    parcel = np.floor((along + start) / length).astype(int)
    number = np.unique(parcel + 1000 * strip, return_inverse=True)[1].reshape(size, size)
    count = int(number.max()) + 1
    colour = FIELDS[rng.integers(len(FIELDS), size=count)] * rng.uniform(0.88, 1.1, (count, 1))
    angle, pitch, depth = turn + rng.choice([0, np.pi / 2], count), rng.uniform(2.2, 4.5, count), rng.uniform(0, 0.07, count)
    run = np.cos(angle)[number] * x + np.sin(angle)[number] * y
    furrows = 1 + depth[number] * np.sin(2 * np.pi * run / pitch[number]) + smooth(rng, size, size // 5, 0.03)
    edge = (number != np.roll(number, 1, 0)) | (number != np.roll(number, 1, 1))
    return np.asarray(colour[number] * (furrows * (1 - 0.16 * gaussian_filter(edge.astype(np.float32), 0.6)))[..., None], np.float32)


def _forest(rng: np.random.Generator, size: int) -> Image:
    """Crowns that are lit from one side."""
    crowns = gaussian_filter(rng.standard_normal((size, size)), 1.1)
    lit = (crowns - np.roll(crowns, (1, 1), (0, 1))) / max(float(crowns.std()), 1e-6)
    shade = 1 + 0.22 * np.clip(lit, -1.6, 1.6) + smooth(rng, size, 6, 0.1)
    return np.asarray(np.array([0.2, 0.34, 0.18]) * shade[..., None], np.float32)


def _water(rng: np.random.Generator, size: int) -> NDArray[np.bool_]:
    """A river in two images of three, a lake in some."""
    canvas = Canvas(size)
    if rng.random() < 0.66:
        steps, angle = int(size / 3) + 20, rng.uniform(0, 2 * np.pi)
        middle = rng.uniform(0.25, 0.75, 2) * size
        bends = np.cumsum(rng.normal(0, 0.045, steps)) + 0.5 * np.sin(np.arange(steps) / rng.uniform(4, 9) + rng.uniform(0, 6))
        for way in (0, np.pi):
            path = np.cumsum(3 * np.stack([np.sin(angle + way + bends), np.cos(angle + way + bends)], axis=1), axis=0) + middle
            canvas.line(np.vstack([middle, path]), rng.uniform(4, 8) * (size / 96) ** 0.5)
    if rng.random() < 0.4:
        around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        reach = (
            rng.uniform(0.08, 0.16)
            * size
            * (1 + 0.18 * np.sin(2 * around + rng.uniform(0, 6)) + 0.1 * np.sin(3 * around + rng.uniform(0, 6)))
        )
        canvas.polygon(rng.uniform(0, size, 2) + reach[:, None] * np.stack([np.sin(around), np.cos(around)], axis=1))
    return np.asarray(canvas.cover() > 0.5)


def _lake(rng: np.random.Generator, size: int) -> Image:
    """Water: dark, smooth, here and there with mud."""
    mud = np.clip(smooth(rng, size, 3, 0.3) + rng.uniform(-0.2, 0.4), 0, 1)[..., None]
    return np.asarray(
        (np.array([0.13, 0.24, 0.31]) * (1 - mud) + np.array([0.3, 0.36, 0.3]) * mud) * (1 + smooth(rng, size, 5, 0.04))[..., None]
    )


def _town(rng: np.random.Generator, size: int, turn: float) -> Image:
    """Blocks of roofs with gardens between them; streets are part of the town."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    along, across = (np.cos(turn) * x + np.sin(turn) * y) / 6.5, (-np.sin(turn) * x + np.cos(turn) * y) / 5.0
    row, house = np.floor(across).astype(int), np.floor(along).astype(int)
    number = np.unique((row - row.min()) * 10_000 + house - house.min(), return_inverse=True)[1].reshape(size, size)
    count = int(number.max()) + 1
    roofs = ROOFS[rng.integers(len(ROOFS), size=count)] * rng.uniform(0.85, 1.15, (count, 1))
    within = (np.abs(along % 1 - 0.5) < rng.uniform(0.25, 0.42, count)[number]) & (
        np.abs(across % 1 - 0.5) < rng.uniform(0.22, 0.4, count)[number]
    )
    within &= (rng.random(count) < 0.85)[number]
    ridge = 1 + 0.14 * np.sign(across % 1 - 0.5)
    ground = np.array([0.5, 0.52, 0.44]) * (1 + smooth(rng, size, size // 4, 0.1))[..., None]
    return np.asarray(np.where(within[..., None], roofs[number] * ridge[..., None], ground), np.float32)


def _roads(rng: np.random.Generator, size: int, turn: float, town: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """One or two roads across the land, along the parcels or through the town; they bridge water."""
    canvas = Canvas(size)
    rows, columns = np.nonzero(town)
    for _ in range(int(rng.integers(0, 3))):
        through = np.array([rows.mean(), columns.mean()]) if len(rows) and rng.random() < 0.7 else rng.uniform(0.2, 0.8, 2) * size
        angle, run = turn + rng.choice([0, np.pi / 2]) + rng.normal(0, 0.12), np.linspace(-1.5, 1.5, 30)
        bend = rng.normal(0, 0.05) * run**2
        points = through + size * (run[:, None] * [np.sin(angle), np.cos(angle)] + bend[:, None] * [np.cos(angle), -np.sin(angle)])
        canvas.line(points, rng.uniform(2.2, 3.2) * (size / 96) ** 0.5)
    return np.asarray(canvas.cover() > 0.5)


def _tar(rng: np.random.Generator, size: int) -> Image:
    """A road's surface."""
    return np.asarray(
        np.array([0.62, 0.61, 0.6]) * rng.uniform(0.85, 1.1) * (1 + smooth(rng, size, size // 5, 0.04))[..., None], np.float32
    )
