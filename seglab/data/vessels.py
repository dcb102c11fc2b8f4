"""Generated retinas: vessels on an orange ground, as a fundus camera shows them.

Arteries and veins leave the bright optic disc in pairs and fork, thinner each time; veins are darker, arteries have the bright central
reflex along them that misleads a threshold. The ground is brighter around the disc and darker at the fovea and the rim.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seglab.data.scene import Canvas, Image, Scene, begin, grain, smooth

CLASSES = ("background", "vessel")
GROUND = np.array([0.82, 0.42, 0.2], np.float32)
BLOOD = np.array([0.48, 0.13, 0.07], np.float32)
THINNEST = 0.9  # pixels

Branch = tuple[NDArray[np.float64], float, bool]  # its points, its width, whether it is an artery


def vessels(seed: int, size: int = 96, difficulty: float = 0.5) -> Scene:
    """A scene of `size` x `size` pixels in colour; the same `seed` always gives the same one. Vessels are 1 in the mask, not countable.

    `difficulty` from 0 to 1 makes vessels paler, the reflex stronger, light more uneven and noise louder. Raises ValueError outside
    these bounds.

    >>> scene = vessels(1)
    >>> scene.image.shape, 0.05 < float(scene.mask.mean()) < 0.3, scene.instances
    ((96, 96, 3), True, None)
    """
    rng = begin(seed, size, difficulty)
    disc = np.array([rng.uniform(0.3, 0.7), rng.choice([rng.uniform(-0.02, 0.16), rng.uniform(0.84, 1.02)])]) * size
    branches = _tree(rng, disc, size)
    mask, blood, reflex = Canvas(size), Canvas(size), Canvas(size)
    for points, width, artery in sorted(branches, key=lambda branch: branch[1]):
        mask.line(points, width)
        blood.line(points, width, 0.72 if artery else 1.0)
        if artery and width > 1.9:
            reflex.line(points, 0.4 * width)
    drawn = blood.cover(0.45) * (1.0 - 0.45 * difficulty)
    shine = reflex.cover(0.25) * (0.5 + 0.45 * difficulty)
    ground = _ground(rng, disc, size, difficulty)
    image = ground * (1 - drawn[..., None]) + (BLOOD * ground / GROUND) * drawn[..., None]
    image = image + shine[..., None] * (GROUND * 1.12 - image) * 0.8
    image += grain(rng, (size, size, 3), 0.008 + 0.03 * difficulty)
    return Scene(np.clip(image, 0, 1).astype(np.float32), (mask.cover() > 0.5).astype(np.uint8))


def _ground(rng: np.random.Generator, disc: NDArray[np.float64], size: int, difficulty: float) -> Image:
    """The retina without its vessels."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    away = np.hypot(y - disc[0], x - disc[1]) / size
    side = 1 if disc[1] < size / 2 else -1
    fovea = np.hypot(y - disc[0] - 0.04 * size, x - disc[1] - side * 0.55 * size) / size
    light = 1 + 0.12 * np.exp(-((away / 0.35) ** 2)) - (0.16 + 0.12 * difficulty) * np.exp(-((fovea / 0.16) ** 2))
    light += smooth(rng, size, 3, 0.03 + 0.07 * difficulty) + smooth(rng, size, size // 4, 0.012)
    centre = np.hypot(y - size / 2, x - size / 2) / size
    light *= 1 - (0.15 + 0.25 * difficulty) * np.clip(centre - 0.35, 0, None) * 2
    bright = (1 / (1 + np.exp((away - 0.085) / 0.009)))[..., None] * np.array([0.16, 0.34, 0.3], np.float32)
    cup = np.exp(-((away / 0.035) ** 2))[..., None] * np.array([0.05, 0.12, 0.18], np.float32)
    return np.asarray(GROUND * light[..., None] + bright + cup, np.float32)


def _tree(rng: np.random.Generator, disc: NDArray[np.float64], size: int) -> list[Branch]:
    """All branches: arcades above and below, each an artery beside a vein, and a few small ones."""
    found: list[Branch] = []
    across = 0.0 if disc[1] < size / 2 else np.pi  # the angle that leads into the picture
    scale = size / 96
    for up in (-1, 1):
        for artery in (False, True):
            angle = across + up * (1 if across == 0 else -1) * rng.uniform(0.5, 1.15)
            bend = -up * (1 if across == 0 else -1) * rng.uniform(0.008, 0.018)
            _grow(rng, found, disc + rng.normal(0, 1.2, 2), angle, bend / scale, (3.6 if not artery else 3.1) * scale**0.5, artery, size)
    for _ in range(int(rng.integers(3, 6))):
        _grow(
            rng, found, disc, across + rng.uniform(-1.2, 1.2), rng.normal(0, 0.01) / scale, rng.uniform(1.1, 1.7), rng.random() < 0.5, size
        )
    return found


def _grow(
    rng: np.random.Generator,
    found: list[Branch],
    start: NDArray[np.float64],
    angle: float,
    bend: float,
    width: float,
    artery: bool,
    size: int,
) -> None:
    """One branch and what forks off it, until it leaves the picture or is too thin."""
    points, here = [start], start
    length = int(rng.uniform(0.18, 0.4) * size * min(1.0, width / 2 + 0.3)) + 6
    for _ in range(length // 2):
        angle += 2 * bend + rng.normal(0, 0.07)
        here = here + 2 * np.array([np.sin(angle), np.cos(angle)])
        points.append(here)
        if not (here.min() > -8 and here.max() < size + 8):
            break
    found.append((np.array(points), width, artery))
    if len(found) > 120 or not (here.min() > 0 and here.max() < size):
        return
    # Murray's law: the cubes of the widths of the daughters add up to that of the mother.
    share = rng.uniform(0.6, 0.9)
    for part, turn in ((share, rng.uniform(0.08, 0.35)), (1 - share, -rng.uniform(0.45, 1.0))):
        thinner = width * part ** (1 / 3)
        if thinner >= THINNEST and (part == share or thinner < width):
            side = rng.choice([-1, 1]) if part == share else (1 if bend > 0 else -1) * rng.choice([-1, 1])
            _grow(rng, found, here, angle + side * turn, bend * 0.7 + rng.normal(0, 0.006), thinner * 0.97, artery, size)
