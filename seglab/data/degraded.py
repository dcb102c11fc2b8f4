"""Images made worse on purpose, so that a network can learn the way back: what it is given, and what was there.

Every task has a level of harm with a control for it; the networks of `train/restore.py` have met one level only, `trained`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from seglab.data.domains import DOMAINS
from seglab.data.scene import Image
from seglab.data.sets import TEST_SEED

GREY = np.array([0.299, 0.587, 0.114], np.float32)  # what each colour counts in luminance, ITU-R BT.601
FINE_NOISE = 0.01  # of a blurred image: without any, sharpening would be a matter of arithmetic alone
HOLES = 4
AROUND = 4.0  # pixels: of the weights by which a hole is filled for the network


@dataclass(frozen=True)
class Task:
    """A way to make an image worse: its levels, the one that a network is trained with, and the domain that it is trained on."""

    title: str
    undoes: str  # what the network does
    level: str  # what the control says
    levels: tuple[float, ...]
    trained: float
    unit: str = ""
    data: str = "shapes"
    channels: int = 3  # of what the network is given
    loss: str = "squared"

    def told(self, level: float) -> str:
        """A level in words.

        >>> TASKS["enlarge"].told(3), TASKS["denoise"].told(0.1)
        ('3 times', '0.1')
        """
        return f"{level:g}{' ' if self.unit else ''}{self.unit}"


TASKS = {
    "denoise": Task("Denoise", "takes noise away", "Noise σ", (0.025, 0.05, 0.1, 0.2, 0.4), 0.1),
    "sharpen": Task("Sharpen", "takes blur away", "Blur σ", (0.75, 1.5, 2.25, 3.0), 1.5, "px"),
    "enlarge": Task("Super-resolve", "draws what a small image has lost", "Factor", (2, 3, 4, 6), 3, "times"),
    "inpaint": Task("Inpaint", "fills holes", "Hole", (6, 12, 18, 24), 12, "px", channels=4),
    "colourise": Task("Colourise", "gives grey pictures colours", "Haze", (0.0, 0.25, 0.5, 1.0), 0.0, data="landcover", channels=1),
}


@dataclass(frozen=True, eq=False)
class Given:
    """What a network and a filter are given: an image (H, W, 3), and where it is known (H, W); of a hole's pixels nothing is."""

    image: Image
    known: NDArray[np.bool_]


def degraded(task: str, image: Image, level: float, rng: np.random.Generator) -> Given:
    """An image (H, W, 3) in 0 to 1, made worse. Raises ValueError for a task that is unknown.

    >>> truth = np.ones((12, 12, 3), np.float32)
    >>> given = degraded("inpaint", truth, 6, np.random.default_rng(0))
    >>> int((~given.known).sum()) >= 36, float(given.image[~given.known].max())
    (True, 0.5)
    >>> degraded("colourise", truth * np.float32([1, 0, 0]), 0, np.random.default_rng(0)).image[0, 0].astype(float).round(3).tolist()
    [0.299, 0.299, 0.299]
    """
    if task not in TASKS:
        raise ValueError(f"task={task!r} is unknown: {', '.join(TASKS)}")
    known = np.ones(image.shape[:2], bool)
    if task == "denoise":
        image = image + rng.standard_normal(image.shape, np.float32) * np.float32(level)
    elif task == "sharpen":
        image = gaussian_filter(image, (level, level, 0), mode="reflect")
        image = image + rng.standard_normal(image.shape, np.float32) * np.float32(FINE_NOISE)
    elif task == "enlarge":
        image = enlarged(shrunk(image, int(level)), image.shape[:2])
    elif task == "inpaint":
        known = ~_holes(rng, image.shape[:2], int(level))
        image = np.where(known[..., None], image, np.float32(0.5))
    else:
        image = np.repeat((image @ GREY)[..., None], 3, axis=2)
    return Given(np.clip(image, 0, 1).astype(np.float32), known)


def shrunk(image: Image, factor: int) -> Image:
    """The means of squares of `factor` pixels a side; what is left over at the right and the bottom border is repeated.

    >>> shrunk(np.arange(4, dtype=np.float32).reshape(2, 2, 1), 2).ravel().tolist()
    [1.5]
    """
    height, width = image.shape[:2]
    whole = np.pad(image, [(0, -height % factor), (0, -width % factor), (0, 0)], mode="edge")
    rows, columns = (side // factor for side in whole.shape[:2])
    means: Image = whole.reshape(rows, factor, columns, factor, -1).mean((1, 3))
    return means


def enlarged(small: Image, size: tuple[int, int]) -> Image:
    """An image (h, w, 3) as large as `size`, by cubic interpolation; a pixel of it stands for a square."""
    factor = -(-size[0] // small.shape[0])
    large = zoom(small, (factor, factor, 1), order=3, mode="nearest", grid_mode=True)
    return np.asarray(large[: size[0], : size[1]], np.float32)


def _holes(rng: np.random.Generator, size: tuple[int, int], side: int) -> NDArray[np.bool_]:
    """Where a few squares of `side` pixels lie; as many for every 96 x 96 pixels."""
    holes = np.zeros(size, bool)
    for _ in range(max(1, round(HOLES * size[0] * size[1] / 96**2))):
        top, left = (int(rng.integers(max(1, n - side + 1))) for n in size)
        holes[top : top + side, left : left + side] = True
    return holes


def truth_of(task: str, number: int, level: float, data: str = "", size: int = 96) -> Image:
    """Scene `number` that no network has seen, as it shall come out: (size, size, 3). Haze is in the scene itself.

    >>> truth_of("denoise", 0, 0.1).shape
    (96, 96, 3)
    """
    kind = DOMAINS[data or TASKS[task].data]
    return kind.make(TEST_SEED + number, size, haze(task, level)).image


def haze(task: str, level: float) -> float:
    """The difficulty of a task's scenes: that of colours is their level, all others shall be clean."""
    return level if task == "colourise" else 0.0


def seen(task: str, given: Given) -> Image:
    """What the network of a task reads (C, H, W): luminance for colours; holes filled with the mean of what is around them, and a fourth
    channel that knows where they are."""
    if task == "colourise":
        return np.ascontiguousarray(given.image[None, ..., 0])
    if task == "inpaint":
        planes = np.moveaxis(surrounded(given), 2, 0)
        return np.concatenate([planes, given.known[None].astype(np.float32)])
    return np.ascontiguousarray(np.moveaxis(given.image, 2, 0))


def surrounded(given: Given) -> Image:
    """The image, with what is not known as the mean of what is, the nearer the heavier: a network then begins near its goal.

    >>> given = Given(np.full((9, 9, 3), 0.25, np.float32), np.arange(81).reshape(9, 9) != 40)
    >>> round(float(surrounded(given)[4, 4, 0]), 3)
    0.25
    """
    known = given.known.astype(np.float32)
    weight = gaussian_filter(known, AROUND, truncate=6) + np.float32(1e-6)
    mean = gaussian_filter(given.image * known[..., None], (AROUND, AROUND, 0), truncate=6) / weight[..., None]
    return np.where(given.known[..., None], given.image, mean).astype(np.float32)
