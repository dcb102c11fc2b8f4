"""Gradients through residual units and through plain ones of the same weights, on 4 x 4 cells (curriculum D8)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import seglab as sl
from seglab.pipeline import Pipeline
from seglab.rows import FloatArray

IMAGE = ((1, 0, 2, 1), (0, 3, 1, 0), (2, 1, 0, 1), (1, 0, 1, 2))
WEIGHTS: dict[str, tuple[tuple[float, ...], ...]] = {
    "small": ((0, 0.1, 0), (0.1, 0.2, 0.1), (0, 0.1, 0)),
    "edges": ((0, -0.1, 0), (-0.1, 0.5, -0.1), (0, -0.1, 0)),
    "zero": ((0, 0, 0), (0, 0, 0), (0, 0, 0)),
}
BLOCKS = (1, 2, 4, 8)
SUM = np.ones((1, 2, 1, 1))  # adds two channels


class Unit(NamedTuple):
    """One block: what comes in, F of it, what goes out; the gradient that arrives, and its parts back through F and along the shortcut."""

    x: FloatArray
    inside: FloatArray
    y: FloatArray
    arriving: FloatArray
    through: FloatArray
    along: FloatArray

    @property
    def back(self) -> FloatArray:
        """The gradient by x: where a value is used twice, the gradients of its uses add."""
        return self.through + self.along


def pipeline(blocks: int, weights: str, residual: bool) -> Pipeline:
    """Blocks in a row: F is a convolution, ReLU and a convolution, all of one 3 x 3 kernel; a residual block adds its input."""
    kernel = np.array(WEIGHTS[weights], float)
    net = Pipeline(x=[IMAGE])
    before = "x"
    for number in range(1, blocks + 1):
        a, r, f, j, y = (f"{letter}{number}" for letter in "arfjy")
        net = net.then(a, sl.conv2d, before, weight=kernel[None, None], padding=1).then(r, sl.relu, a)
        net = net.then(f, sl.conv2d, r, weight=kernel[None, None], padding=1)
        if residual:
            net = net.then(j, sl.concat, f, before).then(y, sl.conv2d, j, weight=SUM)
        before = y if residual else f
    return net


def units(blocks: int, weights: str, residual: bool) -> list[Unit]:
    """The blocks with the gradients of the sum of all outputs, the first block first.

    >>> [round(float(unit.back.mean()), 3) for unit in units(2, "small", True)]
    [1.578, 1.255]
    >>> [float(unit.back.mean()) for unit in units(2, "zero", True)]
    [1.0, 1.0]
    """
    net = pipeline(blocks, weights, residual)
    found = net.backward(np.ones(net.output.shape))
    made = []
    for number in range(1, blocks + 1):
        out = f"y{number}" if residual else f"f{number}"
        before = "x" if number == 1 else f"{out[0]}{number - 1}"
        through = np.asarray(found.steps[f"a{number}"].input)
        along = np.asarray(found.steps[f"j{number}"].input[1]) if residual else np.zeros(through.shape)
        grids = net.values(before), net.values(f"f{number}"), net.values(out), found.grids[out], through, along
        made.append(Unit(*(grid.reshape(4, 4) for grid in grids)))
    return made
