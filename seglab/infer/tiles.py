"""How an image is cut into tiles, and what a network is shown around each: plain arithmetic, without torch.

Source of the strategy: Ronneberger, Fischer and Brox, arXiv:1505.04597, figure 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seglab.data.scene import Image
from seglab.nets.fitting import Form, at_least, border, margin

TILE = 512
FEW = 32  # rows that are counted at a time
Seams = Literal["overlap", "mirror", "zeros"]  # what lies around a tile: its neighbours, itself mirrored, or nothing
SEAMS: tuple[Seams, ...] = ("overlap", "mirror", "zeros")
Places = NDArray[np.intp]


class Span(NamedTuple):
    """Pixels of one axis from `start` on; a window may begin before the image and end behind it."""

    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + self.length

    @property
    def slice(self) -> slice:
        return slice(self.start, self.end)


@dataclass(frozen=True)
class Tile:
    """The rows and columns that a tile answers for, and those of its window, which is what the network is shown."""

    rows: Span
    columns: Span
    high: Span
    wide: Span


def cut(size: tuple[int, int], net: Form, tile: int = TILE, seams: Seams = "overlap") -> list[Tile]:
    """The tiles of an image of `size` (height, width), row by row; `tile` is a multiple of ``2 ** depth``.

    >>> from seglab.nets import Architecture
    >>> last = cut((96, 64), Architecture(depth=3), 64)[-1]
    >>> last.rows, last.high
    (Span(start=64, length=32), Span(start=8, length=144))
    """
    down, across = (list(_along(length, net, tile, seams)) for length in size)
    return [Tile(rows, columns, high, wide) for rows, high in down for columns, wide in across]


def _along(size: int, net: Form, tile: int, seams: Seams) -> Iterator[tuple[Span, Span]]:
    """The parts of one axis, each with its window."""
    # Without overlap a network that pads by itself is left to do so; one that loses a border has to be given one.
    around = margin(net) if seams != "zeros" else border(net)
    for start in range(0, size, tile):
        length = min(tile, size - start)
        yield Span(start, length), Span(start - around, at_least(length + 2 * around, net))


def mirrored(places: Places, size: int) -> Places:
    """The pixels of an axis of `size` that stand at `places` once it is mirrored at both ends, again and again.

    >>> mirrored(np.arange(-2, 5), 3).tolist()
    [1, 0, 0, 1, 2, 2, 1]
    """
    around = places % (2 * size)
    return np.where(around < size, around, 2 * size - 1 - around)


def sources(window: Span, part: Span, size: int, seams: Seams) -> Places:
    """The pixel of an axis of `size` that each pixel of a window shows; -1 where it shows none but zero.

    >>> [sources(Span(1, 6), Span(2, 3), 9, seams).tolist() for seams in SEAMS]
    [[1, 2, 3, 4, 5, 6], [2, 2, 3, 4, 4, 3], [-1, 2, 3, 4, -1, -1]]
    """
    places = np.arange(window.start, window.end)
    if seams == "overlap":
        return mirrored(places, size)
    inside = places - part.start
    if seams == "mirror":
        return part.start + mirrored(inside, part.length)
    return np.where((inside >= 0) & (inside < part.length), places, -1)


@dataclass(frozen=True, eq=False)
class Picture:
    """An image (H, W) or (H, W, 3), its pixels as bytes or in 0 to 1, which is standardised only where it is looked at.

    So an image of many megapixels stays as small as its file's pixels.
    """

    pixels: NDArray[np.uint8] | Image
    mean: float
    deviation: float

    @classmethod
    def of(cls, pixels: NDArray[np.uint8] | Image) -> Picture:
        """A picture with its own mean and standard deviation; those of bytes are counted, which takes no memory.

        >>> dark = Picture.of(np.array([[0, 255]], np.uint8))
        >>> dark.mean, dark.deviation, dark.window(np.arange(1), np.arange(2)).tolist()
        (0.5, 0.5, [[[-1.0, 1.0]]])
        """
        if pixels.dtype != np.uint8:
            return cls(pixels, float(pixels.mean()), max(float(pixels.std()), 1e-6))
        counts, values = np.zeros(256), np.arange(256) / 255
        for first in range(0, len(pixels), FEW):
            counts += np.bincount(pixels[first : first + FEW].ravel(), minlength=256)
        mean = float(counts @ values / counts.sum())
        return cls(pixels, mean, max(float(counts @ (values - mean) ** 2 / counts.sum()) ** 0.5, 1e-6))

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def plain(self, rows: Places, columns: Places) -> Image:
        """The pixels at `rows` x `columns` in 0 to 1, (h, w) or (h, w, 3)."""
        found = self.pixels[np.ix_(rows, columns)]
        return np.asarray(found / np.float32(255) if found.dtype == np.uint8 else found, np.float32)

    def window(self, rows: Places, columns: Places) -> Image:
        """What a network reads at `rows` x `columns`, (C, h, w): standardised, and zero where a place is -1."""
        found = (self.plain(rows, columns) - np.float32(self.mean)) / np.float32(self.deviation)
        found[rows < 0], found[:, columns < 0] = 0, 0
        return found[None] if found.ndim == 2 else np.moveaxis(found, 2, 0)
