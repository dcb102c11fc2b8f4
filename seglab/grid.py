"""Grids: the cells of a tensor on a canvas with margins.

A canvas cell stands for a real cell or for nothing. The margins of a convolution's input are its padding, and the padding mode is the map
from margin to real cells; the margins of a transposed convolution's output are the border that its padding crops.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from seglab.rows import FloatArray, IntArray, add_up

Shape = tuple[int, int, int]
Margins = tuple[tuple[int, int], tuple[int, int]]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]

MOST_CELLS = 4_000_000
NO_MARGINS: Margins = ((0, 0), (0, 0))
PADDING_MODES: tuple[PaddingMode, ...] = ("zeros", "reflect", "replicate", "circular")


@dataclass(frozen=True, eq=False)
class Grid:
    """Real cells of `shape` (C, H, W) inside `margins` ((top, bottom), (left, right)).

    `mode` says what the margin stands for: nothing (zeros), or real cells reflected, repeated from the edge, or taken from the far side.
    """

    shape: Shape
    margins: Margins = NO_MARGINS
    mode: PaddingMode = "zeros"

    def __post_init__(self) -> None:
        refuse_margins(self.shape[1:], self.margins, self.mode)
        if math.prod(self.canvas) > MOST_CELLS:
            told = " x ".join(f"{n:,}" for n in self.canvas)
            raise ValueError(f"a grid of {told} cells is too large: at most {MOST_CELLS:,} cells here")

    @property
    def canvas(self) -> Shape:
        """Shape of the canvas, (C, top + H + bottom, left + W + right)."""
        (top, bottom), (left, right) = self.margins
        channels, height, width = self.shape
        return channels, top + height + bottom, left + width + right

    @property
    def size(self) -> int:
        """Number of canvas cells."""
        return int(np.prod(self.canvas))

    @cached_property
    def source(self) -> IntArray:
        """For every canvas cell the real cell that it stands for, or -1.

        >>> Grid((1, 1, 3), ((0, 0), (2, 2)), "reflect").source.tolist()
        [2, 1, 0, 1, 2, 1, 0]
        """
        height, width = self.shape[1:]
        row, column = (axis_map(n, margin, self.mode) for n, margin in zip(self.shape[1:], self.margins, strict=True))
        plane = np.where((row[:, None] < 0) | (column < 0), -1, row[:, None] * width + column)
        channel = np.arange(self.shape[0])[:, None, None] * height * width
        source: IntArray = np.where(plane < 0, -1, channel + plane).ravel()
        source.flags.writeable = False
        return source

    @cached_property
    def places(self) -> IntArray:
        """For every real cell its own canvas cell, without the copies that a padding mode makes of it."""
        (top, _), (left, _) = self.margins
        index = np.arange(self.size).reshape(self.canvas)
        return index[:, top : top + self.shape[1], left : left + self.shape[2]].ravel()

    def lay_out(self, values: FloatArray, fill: float = 0.0) -> FloatArray:
        """Real values (any shape of the grid's size) spread over the canvas, with `fill` where a cell stands for nothing."""
        flat = values.reshape(-1)
        return np.where(self.source < 0, fill, flat[self.source])

    def fold(self, canvas: FloatArray) -> FloatArray:
        """Add up the canvas cells that stand for the same real cell; the reverse of `lay_out`. Returns real cells, flat."""
        real = self.source >= 0
        return add_up(self.source[real], canvas[real], int(np.prod(self.shape)))


def axis_map(size: int, margin: tuple[int, int], mode: PaddingMode) -> IntArray:
    """For every canvas coordinate of one axis the real coordinate that it stands for, or -1.

    >>> axis_map(3, (1, 1), "circular").tolist()
    [2, 0, 1, 2, 0]
    """
    at = np.arange(-margin[0], size + margin[1])
    if mode == "zeros":
        return np.where((at < 0) | (at >= size), -1, at)
    if mode == "replicate":
        return np.clip(at, 0, size - 1)
    if mode == "circular":
        return at % size
    return np.asarray(size - 1 - np.abs(size - 1 - np.abs(at)), np.int64)


def refuse_margins(size: tuple[int, int], margins: Margins, mode: PaddingMode) -> None:
    """Raise ValueError for margins below zero, or larger than the mode can fill from `size` (H, W)."""
    for axis, n, margin in zip(("height", "width"), size, margins, strict=True):
        for amount in margin:
            if amount < 0:
                raise ValueError(f"padding={amount} is negative: padding starts at 0 (crop to remove cells)")
            most = {"reflect": n - 1, "circular": n}.get(mode)
            if most is not None and amount > most:
                raise ValueError(f"padding={amount} is too much for {mode} padding of {axis} {n}: at most {most} here")
