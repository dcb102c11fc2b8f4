"""Generated touching cells, as a phase-contrast microscope shows them.

A cell is nearly as bright as its surroundings; what tells it apart is the dark membrane and the bright halo around it. Light falls off
across the image, specks of dirt are brighter than any cell, and cells that touch keep a dark line between them, which is background in
the mask. A global threshold therefore fails, and a network has to look at edges and texture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from seglab.data.scene import Image, Labels, Scene, begin, grain, renumbered, smooth

CLASSES = ("background", "cell")
FAR = 9.0  # a distance at which a cell leaves no trace


def cells(seed: int, size: int = 96, difficulty: float = 0.5) -> Scene:
    """A scene of `size` x `size` pixels; the same `seed` always gives the same one.

    `difficulty` from 0 to 1 raises noise and the fall-off of the light and lowers contrast. Raises ValueError outside these bounds.

    >>> scene = cells(1)
    >>> scene.image.shape, int(scene.instances.max()) > 3, set(np.unique(scene.mask).tolist())
    ((96, 96), True, {0, 1})
    """
    rng = begin(seed, size, difficulty)
    nearest, second, label, rim = _place(rng, size)
    inside = (nearest < 1) & ~((second < 1.12) & (second - nearest < 0.16))
    instances = renumbered(_parted(np.where(inside, label + 1, 0).astype(np.int32)))
    image = _light(rng, size, difficulty) + _cells(rng, nearest, second, label, rim, difficulty)
    image += _dirt(rng, size) + grain(rng, (size, size), 0.012 + 0.022 * difficulty)
    return Scene(np.clip(image, 0, 1).astype(np.float32), (instances > 0).astype(np.uint8), instances)


def _parted(labels: Labels) -> Labels:
    """Labels without those pixels whose neighbour to the right or below is another cell's."""
    meets = np.zeros(labels.shape, bool)
    for one, other, mark in ((labels[:-1], labels[1:], meets[:-1]), (labels[:, :-1], labels[:, 1:], meets[:, :-1])):
        mark |= (one != other) & (one > 0) & (other > 0)
    return np.where(meets, 0, labels)


def _place(rng: np.random.Generator, size: int) -> tuple[Image, Image, Labels, int]:
    """Distance of every pixel to its nearest and second nearest cell (1 at the membrane), and the nearest cell's number."""
    count = max(4, int(size * size / 420 * rng.uniform(0.6, 1.1)))
    centres, radii = _scatter(rng, size, count)
    stretch, turn = rng.uniform(0.78, 1.28, len(radii)), rng.uniform(0, np.pi, len(radii))
    y, x = np.mgrid[:size, :size].astype(np.float32)
    y, x = y + smooth(rng, size, 12, 2.6), x + smooth(rng, size, 12, 2.6)
    best = np.full((size, size), FAR, np.float32)
    after, label = best.copy(), np.zeros((size, size), np.int32)
    for i, ((cy, cx), radius) in enumerate(zip(centres, radii, strict=True)):
        reach = int(radius * 2.2) + 4
        rows, columns = slice(max(0, int(cy) - reach), int(cy) + reach + 1), slice(max(0, int(cx) - reach), int(cx) + reach + 1)
        dy, dx = y[rows, columns] - cy, x[rows, columns] - cx
        along, across = np.cos(turn[i]) * dx + np.sin(turn[i]) * dy, np.cos(turn[i]) * dy - np.sin(turn[i]) * dx
        distance = np.sqrt((along / (radius * stretch[i])) ** 2 + (across * stretch[i] / radius) ** 2)
        closer = distance < best[rows, columns]
        after[rows, columns] = np.where(closer, best[rows, columns], np.minimum(after[rows, columns], distance))
        label[rows, columns] = np.where(closer, i, label[rows, columns])
        best[rows, columns] = np.minimum(best[rows, columns], distance)
    return best, after, label, len(radii)


def _scatter(rng: np.random.Generator, size: int, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres and radii in clumps: a new cell likes to touch one that is there, and never covers its middle."""
    centres: list[NDArray[np.float64]] = []
    radii: list[float] = []
    for _ in range(count * 4):
        if len(centres) == count:
            break
        radius = rng.uniform(6.5, 11.5)
        if centres and rng.random() < 0.72:
            other = int(rng.integers(len(centres)))
            angle, gap = rng.uniform(0, 2 * np.pi), rng.uniform(0.92, 1.08)
            centre = centres[other] + gap * (radius + radii[other]) * np.array([np.sin(angle), np.cos(angle)])
        else:
            centre = rng.uniform(0, size, 2)
        if not (centre.min() >= -4 and centre.max() <= size + 4):
            continue
        if all(np.hypot(*(centre - c)) > 0.86 * (radius + r) for c, r in zip(centres, radii, strict=True)):
            centres.append(centre)
            radii.append(radius)
    return np.array(centres), np.array(radii)


def _cells(rng: np.random.Generator, nearest: Image, second: Image, label: Labels, count: int, difficulty: float) -> Image:
    """Brightness that the cells add: a body of their own grey, a dark membrane, a bright halo outside."""
    contrast = 1.25 - 0.6 * difficulty
    body = rng.normal(0.0, 0.055, count).astype(np.float32)[label] * contrast
    grain = smooth(rng, len(nearest), len(nearest) // 3, 0.045) * contrast
    shade = (0.05 * contrast) * (1 - nearest**2)
    membrane = np.exp(-(((nearest - 0.97) / 0.085) ** 2)) * 0.16 * contrast
    halo = np.exp(-(((nearest - 1.2) / 0.12) ** 2)) * 0.12 * contrast
    between = np.exp(-(((second - nearest) / 0.13) ** 2)) * (second < 1.2) * 0.14 * contrast
    added: Image = np.where(nearest < 1, body + grain + shade, 0.0) - membrane + halo * (second > 1.15) - between
    return added


def _light(rng: np.random.Generator, size: int, difficulty: float) -> Image:
    """Uneven illumination: a slope, a bright or dark corner, slow clouds."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size - 0.5
    angle, strength = rng.uniform(0, 2 * np.pi), (0.1 + 0.22 * difficulty) * rng.uniform(0.6, 1.2)
    corner = rng.uniform(-0.16, 0.16) * (x**2 + y**2)
    return np.asarray(0.48 + strength * (np.cos(angle) * x + np.sin(angle) * y) + corner + smooth(rng, size, 4, 0.035), np.float32)


def _dirt(rng: np.random.Generator, size: int) -> Image:
    """A few small specks, brighter or darker than anything else."""
    spots = np.zeros((size, size), np.float32)
    for _ in range(int(rng.integers(2, 7) * (size / 96) ** 2)):
        spots[tuple(rng.integers(0, size, 2))] = rng.choice([-9.0, 14.0])
    return np.asarray(gaussian_filter(spots, rng.uniform(1.0, 1.7)) * 0.4, np.float32)
