"""Cells of a network's own maps as the fields of a small stage, and what such a stage is told to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.infer.inside_told import Layer
from seglab.stage.fields import Field
from seglab.stage.lesson import Lesson, View, fields_of

OTHERS = "others"
SIDES = {"conv": 4, "pool": 3, "unpool": 3, "concat": 4, "add": 4}  # cells a side: of the output, but for unpool of the smaller map
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RealPatch:
    """A stage of a layer, and what there is to say of it: the first row and column of its output in the network's map, its channels in and
    out, and what the network itself has there (C, h, w)."""

    lesson: Lesson
    place: tuple[int, int]
    channels_in: tuple[int, ...]
    channels_out: tuple[int, ...]
    own: Numbers
    others: int = 0


@dataclass(frozen=True)
class Span:
    """Cells of a map along one axis, from `first` up to `stop`; `before` and `behind` of them lie in its padding."""

    first: int
    stop: int
    before: int = 0
    behind: int = 0


def begin(at: int, length: int, size: int) -> int:
    """Where `length` cells begin that have `at` in their middle and lie inside of `size`.

    >>> begin(0, 4, 10), begin(5, 4, 10), begin(99, 4, 10), begin(1, 4, 3)
    (0, 3, 6, 0)
    """
    return max(0, min(at - length // 2, size - length))


def lesson_of(layer: Layer, title: str, view: View, fields: tuple[Field, ...]) -> Lesson:
    told = sha256(repr([(field.name, field.default) for field in fields]).encode()).hexdigest()[:12]
    controls = tuple(field.name for field in fields if field.kind != "grid")
    return Lesson(
        f"real-{layer.op}-{told}", title, "", fields_of((view,), (), *fields, at=1), (view,), (), controls=controls, measured=True
    )


def grid_field(name: str, values: NDArray[Any], label: str) -> Field:
    return Field(name, "grid", values.astype(float).tolist(), label, "its cells", 1, 64, planes=values.shape[:-2])


def named(channels: tuple[int, ...], others: int = 0, letter: str = "c") -> tuple[str, ...]:
    """The names of channels in the arithmetic."""
    return (*(f"{letter}{channel}" for channel in channels), *(OTHERS if others == 1 else f"{OTHERS}{n + 1}" for n in range(others)))


def cut(maps: NDArray[Any], spans: Sequence[Span], padded: bool = False) -> Numbers:
    """The cells of maps (C, H, W), in double precision; `padded` with zeros for those in the padding."""
    rows, columns = spans
    part = maps[:, rows.first : rows.stop, columns.first : columns.stop].astype(float)
    around = [(0, 0), (rows.before, rows.behind), (columns.before, columns.behind)]
    return np.pad(part, around) if padded else part


def chosen_channels(parts: Numbers, most: int) -> tuple[int, ...]:
    """Of what each input channel brings (C_out, C_in, ...), the `most` channels that bring most, in order.

    >>> chosen_channels(np.array([[1.0, -5.0, 0.0, 2.0]]), 2)
    (1, 3)
    """
    size = np.abs(parts).sum(tuple(axis for axis in range(parts.ndim) if axis != 1))
    order = np.argsort(-size, kind="stable")[:most]
    return tuple(sorted(int(channel) for channel in order))


def own_cells(layer: Layer, outs: tuple[int, ...], firsts: list[int], size: tuple[int, ...]) -> Numbers:
    top, left = firsts
    return layer.y[list(outs), top : top + size[0], left : left + size[1]].astype(float)


def ones(count: int, k: int) -> Numbers:
    """Kernels that take the middle cell of their own channel as it is."""
    kernel = np.zeros((count, count, k, k))
    for channel in range(count):
        kernel[channel, channel, k // 2, k // 2] = 1
    return kernel
