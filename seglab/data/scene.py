"""What all generated scenes are, and what they are painted with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Files
from PIL import ImageDraw
from scipy.ndimage import gaussian_filter, zoom

Image = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.uint8]
FINE = 4  # drawn this many times larger, so that edges are smooth


@dataclass(frozen=True, eq=False)
class Scene:
    """An image in 0 to 1, (H, W) or (H, W, 3), its mask of class numbers (H, W), and its instances (H, W): 0, or one number an object.

    Where objects are not countable `instances` is None.
    """

    image: Image
    mask: NDArray[np.uint8]
    instances: Labels | None = None


def begin(seed: int, size: int, difficulty: float) -> np.random.Generator:
    """The random numbers of a scene. Raises ValueError for a size or difficulty that no scene has."""
    if not 0 <= difficulty <= 1:
        raise ValueError(f"difficulty={difficulty} is out of range: 0 to 1")
    if not 32 <= size <= 1024:
        raise ValueError(f"size={size} is out of range: 32 to 1024 pixels")
    return np.random.default_rng([seed, size])


def smooth(rng: np.random.Generator, size: int, knots: int, amplitude: float) -> Image:
    """A smooth random field with about `knots` bumps a side and the given standard deviation."""
    coarse = rng.standard_normal((knots, knots), np.float32) * np.float32(amplitude)
    return np.asarray(zoom(coarse, size / knots, order=1 if knots > 8 else 3, grid_mode=True, mode="nearest")[:size, :size], np.float32)


def grain(rng: np.random.Generator, shape: tuple[int, ...], amplitude: float) -> Image:
    """What a camera adds: fine noise of the given standard deviation."""
    return rng.standard_normal(shape, np.float32) * np.float32(amplitude)


def renumbered(instances: Labels) -> Labels:
    """Instances numbered without gaps, 0 still 0: one that is covered entirely has no number.

    >>> renumbered(np.array([[0, 3, 5]], np.int32)).tolist()
    [[0, 1, 2]]
    """
    numbers = np.union1d([0], instances)
    return np.searchsorted(numbers, instances).astype(np.int32)


class Canvas:
    """A sheet of `size` x `size` pixels to draw shapes on; how much of each pixel is covered comes back as 0 to 1."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._sheet = Files.new("L", (size * FINE, size * FINE))
        self._pen = ImageDraw.Draw(self._sheet)

    def polygon(self, corners: NDArray[np.float64], value: float = 1.0) -> None:
        """Fill a polygon of (row, column) corners."""
        self._pen.polygon(_points(corners), fill=round(255 * value))

    def disc(self, centre: Iterable[float], radius: float, value: float = 1.0) -> None:
        """Fill a disc."""
        row, column = (FINE * (at + 0.5) for at in centre)
        reach = FINE * radius
        self._pen.ellipse((column - reach, row - reach, column + reach, row + reach), fill=round(255 * value))

    def line(self, points: NDArray[np.float64], width: float, value: float = 1.0) -> None:
        """Draw a line through (row, column) points, `width` pixels wide."""
        self._pen.line(_points(points), fill=round(255 * value), width=max(1, round(FINE * width)), joint="curve")

    def cover(self, blur: float = 0.0) -> Image:
        """How much of every pixel is covered (H, W), blurred by so many pixels."""
        small = np.asarray(self._sheet.resize((self.size, self.size), Files.Resampling.BOX), np.float32) / 255
        return np.asarray(gaussian_filter(small, blur) if blur else small, np.float32)


def _points(corners: NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(float(column), float(row)) for row, column in (np.asarray(corners, float) + 0.5) * FINE]
