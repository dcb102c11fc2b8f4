"""Rows: which input cell, through which kernel weight, makes which output cell.

Every operator that slides over an image is a list of rows, and there are four ways to make them. A *window* connects an output cell,
an input cell and a kernel tap when, on each axis, ``input = stride * output + dilation * tap``; a *swapped window* is the same with
input and output changing places; a *resample* reads each output cell between its nearest input cells; a *gather* copies cells.
Rows address the canvas of a grid (its cells with their margins), which is why padding does not appear here: see `seglab.grid`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
Pair = tuple[int, int]
Scalar = TypeVar("Scalar", bound=np.generic)

MOST_ROWS = 1_000_000


@dataclass(frozen=True, eq=False)
class Groups:
    """Row numbers sorted by one of the columns, so that the rows of one cell are a slice."""

    order: IntArray
    start: IntArray

    def __getitem__(self, cell: int) -> IntArray:
        return self.order[self.start[cell] : self.start[cell + 1]]


@dataclass(frozen=True, eq=False)
class Rows:
    """The connections of one operator, one row each.

    `out` and `inp` count through the canvases of output and input, `weight` through the kernel ``(C_out, C_in/groups, kH, kW)``, so the
    tap is ``weight % (kH * kW)``. `coef` holds fixed weights (bilinear, average); None stands for ones.
    """

    out: IntArray
    inp: IntArray
    weight: IntArray
    coef: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.out)

    def __getitem__(self, which: IntArray | NDArray[np.bool_]) -> Rows:
        coef = None if self.coef is None else self.coef[which]
        return Rows(self.out[which], self.inp[which], self.weight[which], coef)

    @cached_property
    def coefficients(self) -> FloatArray:
        return np.ones(len(self)) if self.coef is None else self.coef

    def exchange(self) -> Rows:
        """Input and output change places: a convolution's rows become those of its transposed convolution."""
        return Rows(self.inp, self.out, self.weight, self.coef)


def group(column: IntArray, size: int) -> Groups:
    """Sort row numbers by `column`, whose values lie in ``range(size)``.

    >>> group(np.array([1, 0, 1]), 2)[1]
    array([0, 2])
    """
    start = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(column, minlength=size), out=start[1:])
    return Groups(np.argsort(column, kind="stable"), start)


def add_up(where: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Sum `values` into `size` cells; `where` says into which.

    >>> add_up(np.array([1, 1]), np.array([2.0, 3.0]), 3).tolist()
    [0.0, 5.0, 0.0]
    """
    return np.asarray(np.bincount(where, values, minlength=size), np.float64)


def refuse_too_many(count: int) -> None:
    """Raise ValueError when an operator would need more than a million rows."""
    if count > MOST_ROWS:
        raise ValueError(f"this operator needs {count:,} rows, a trace holds at most {MOST_ROWS:,}: use a patch or fewer channels")


def window(channels: Pair, groups: int, small: Pair, large: Pair, kernel: Pair, stride: Pair, dilation: Pair) -> Rows:
    """Rows of a window: cell `y` of the small grid reads cell ``stride * y + dilation * tap`` of the large one.

    `channels` are (C_small, C_large); `large` is a canvas that holds every cell read. Rows are sorted by small cell, channel, tap.

    >>> rows = window((1, 1), 1, (1, 2), (1, 5), (1, 3), (1, 2), (1, 1))
    >>> rows.out.tolist(), rows.inp.tolist()
    ([0, 0, 0, 1, 1, 1], [0, 1, 2, 2, 3, 4])
    """
    (c_small, c_large), (h, w), (kh, kw) = channels, small, kernel
    c_group = c_large // groups
    refuse_too_many(c_small * c_group * h * w * kh * kw)
    shape = (c_small, h, w, c_group, kh, kw)
    co, y, x, ci, ky, kx = np.ogrid[tuple(slice(n) for n in shape)]
    channel = co // max(c_small // groups, 1) * c_group + ci
    row, column = stride[0] * y + dilation[0] * ky, stride[1] * x + dilation[1] * kx
    return Rows(
        _flat((co * h + y) * w + x, shape),
        _flat((channel * large[0] + row) * large[1] + column, shape),
        _flat(((co * c_group + ci) * kh + ky) * kw + kx, shape),
    )


def resample(
    channels: int, inp: Pair, low: tuple[IntArray, IntArray], high: tuple[IntArray, IntArray], share: tuple[FloatArray, FloatArray]
) -> Rows:
    """Rows that read each output cell between input rows (and columns) `low` and `high`, the second with weight `share`.

    Each of `low`, `high`, `share` holds one array for the vertical and one for the horizontal axis, as long as the output. A neighbour
    of weight zero makes no row.

    >>> one, zero, half = np.array([1]), np.array([0]), np.array([0.5])
    >>> resample(1, (1, 2), (zero, zero), (zero, one), (np.zeros(1), half)).coef.tolist()
    [0.5, 0.5]
    """
    h, w = len(low[0]), len(low[1])
    shape = (channels, h, w, 2, 2)
    refuse_too_many(int(np.prod(shape)))
    c, y, x, ky, kx = np.ogrid[tuple(slice(n) for n in shape)]
    source = [np.stack(pair, axis=1) for pair in zip(low, high, strict=True)]
    part = [np.stack([1 - s, s], axis=1) for s in share]
    coef = _flat(part[0][y, ky] * part[1][x, kx] * np.ones((channels, 1, 1, 1, 1)), shape)
    rows = Rows(
        _flat((c * h + y) * w + x, shape),
        _flat((c * inp[0] + source[0][y, ky]) * inp[1] + source[1][x, kx], shape),
        _flat(2 * ky + kx, shape),
        coef,
    )
    return rows[coef != 0]


def gather(inp: IntArray, out: IntArray | None = None) -> Rows:
    """Rows that copy input cells to output cells (in order, where `out` is None).

    >>> gather(np.array([3, 1])).inp.tolist()
    [3, 1]
    """
    refuse_too_many(inp.size)
    flat = np.asarray(inp, np.int64).ravel()
    target = np.arange(flat.size) if out is None else np.asarray(out, np.int64).ravel()
    return Rows(target, flat, np.zeros(flat.size, np.int64))


def _flat(array: NDArray[Scalar], shape: tuple[int, ...]) -> NDArray[Scalar]:
    return np.broadcast_to(array, shape).ravel()
