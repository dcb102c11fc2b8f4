"""Pipelines: named grids joined by traces, a directed acyclic graph.

Each step names its operator and the grids that it reads, so a branch (a skip connection) is a grid that two steps read.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seglab.arguments import array
from seglab.jacobian import Gradients
from seglab.rows import FloatArray
from seglab.trace import Call, Cell, Trace

TAKEN = ("torch", "F", "print")


@dataclass(frozen=True, eq=False)
class PipelineStep:
    """One trace of a pipeline and the names of the grids that its inputs are, in order."""

    trace: Trace
    reads: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class PipelineGradients:
    """Gradients of a pipeline: of every grid by its name, and of every step's weight and bias by the step's name."""

    grids: Mapping[str, FloatArray]
    steps: Mapping[str, Gradients]


def refuse_name(name: str) -> None:
    """Raise ValueError for what cannot be a grid's name: it also names a variable of the PyTorch snippet."""
    if not (name.isidentifier() and name.isascii()):
        raise ValueError(f"grid {name[:24]!r} is no name: letters, digits and underscores")
    if keyword.iskeyword(name) or name in TAKEN:
        raise ValueError(f"grid {name!r} is a word of Python or PyTorch: choose another name")


class Pipeline:
    """Named grids joined by traces. `then` returns a longer pipeline and leaves this one as it is.

    >>> import seglab as sl
    >>> net = sl.Pipeline(image=[[1, 2], [3, 4]])
    >>> net = net.then("small", sl.max_pool2d, "image", kernel_size=2).then("back", sl.interpolate, "small", scale_factor=2)
    >>> net = net.then("joined", sl.concat, "image", "back")
    >>> net.output.tolist()
    [[[1.0, 2.0], [3.0, 4.0]], [[4.0, 4.0], [4.0, 4.0]]]
    """

    def __init__(self, **inputs: Any) -> None:
        if not inputs:
            raise ValueError("a pipeline needs at least one named input grid")
        for name in inputs:
            refuse_name(name)
        self.inputs: dict[str, FloatArray] = {name: array(name, values) for name, values in inputs.items()}
        self.steps: dict[str, PipelineStep] = {}

    def then(self, name: str, operator: Callable[..., Trace], *reads: str, **arguments: Any) -> Pipeline:
        """The pipeline with one more grid, made by `operator` from the grids that it `reads`.

        ``"pooled.indices"`` reads the switches of the pooling step ``"pooled"``. Raises ValueError for a name that is taken or unknown.
        """
        if name in self:
            raise ValueError(f"grid {name!r} is there already: choose another name")
        refuse_name(name)
        trace = operator(*(self._read(given) for given in reads), **arguments)
        longer = Pipeline(**self.inputs)
        longer.steps = {**self.steps, name: PipelineStep(trace, tuple(reads))}
        return longer

    def _read(self, name: str) -> Any:
        grid, _, attribute = name.partition(".")
        if grid not in self or attribute not in ("", "indices"):
            raise ValueError(f"grid {name!r} is unknown: choose from {', '.join([*self.inputs, *self.steps])}")
        return self[grid].indices if attribute else self.values(grid)

    def __contains__(self, name: object) -> bool:
        return name in self.inputs or name in self.steps

    def __getitem__(self, name: str) -> Trace:
        """The trace that made a grid. Raises KeyError for an input and for an unknown name."""
        return self.steps[name].trace

    def values(self, name: str) -> FloatArray:
        """The cells of a grid, input or made."""
        return self.inputs[name] if name in self.inputs else self[name].output

    @property
    def output(self) -> FloatArray:
        """The cells of the last grid."""
        return self.values([*self.inputs, *self.steps][-1])

    def behind(self, name: str, *cell: int) -> dict[str, list[Cell]]:
        """The way back: for every grid the cells that `cell` of grid `name` was made from, through all branches.

        >>> import seglab as sl
        >>> net = sl.Pipeline(x=[1, 2, 3, 4]).then("y", sl.conv1d, "x", weight=[1, 1]).then("z", sl.conv1d, "y", weight=[1, 1])
        >>> net.behind("z", 1)
        {'z': [(1,)], 'y': [(1,), (2,)], 'x': [(1,), (2,), (3,)]}
        """
        marked = {name: {int(np.ravel_multi_index(cell, self.values(name).shape))}}
        for step_name in reversed(self.steps):
            step = self.steps[step_name]
            for source, cells in self._reached(step, marked.get(step_name, set())):
                marked.setdefault(source, set()).update(cells)
        shapes = {grid: self.values(grid).shape for grid in marked}
        return {grid: [tuple(int(i) for i in np.unravel_index(c, shapes[grid])) for c in sorted(cells)] for grid, cells in marked.items()}

    @staticmethod
    def _reached(step: PipelineStep, cells: set[int]) -> list[tuple[str, set[int]]]:
        if not cells:
            return []
        rows = np.concatenate([step.trace.by_output[cell] for cell in sorted(cells)])
        before, found = 0, []
        reached = step.trace.input_cells[rows]
        for source, values in zip(step.reads, step.trace.inputs, strict=False):
            inside = reached[(reached >= before) & (reached < before + values.size)] - before
            found.append((source, set(inside.tolist())))
            before += values.size
        return found

    def backward(self, gradient: Any, of: str | None = None) -> PipelineGradients:
        """Gradients of ``sum(gradient * output)``, or of grid `of` in place of the output. Where a grid is read twice, its branches add.

        >>> import seglab as sl
        >>> net = sl.Pipeline(x=[[2.0]]).then("a", sl.relu, "x").then("b", sl.subtract, "a", "x")
        >>> net.backward([[1.0]]).grids["x"].tolist()
        [[0.0]]
        """
        last = of or [*self.inputs, *self.steps][-1]
        if last not in self:
            raise ValueError(f"grid {last!r} is unknown: choose from {', '.join([*self.inputs, *self.steps])}")
        grids: dict[str, FloatArray] = {name: np.zeros(self.values(name).shape) for name in [*self.inputs, *self.steps]}
        grids[last] = grids[last] + np.asarray(gradient, float)
        steps = {}
        for name in reversed(self.steps):
            step = self.steps[name]
            steps[name] = step.trace.backward(grids[name])
            arriving = steps[name].input if isinstance(steps[name].input, tuple) else (steps[name].input,)
            for source, values in zip(step.reads, arriving, strict=False):
                grids[source] = grids[source] + values
        return PipelineGradients(grids, steps)

    def torch_code(self) -> str:
        """A PyTorch snippet that prints the same output."""
        from seglab.torch_code import pipeline_code

        return pipeline_code(self)

    def check(self) -> float:
        """Largest absolute difference between this output and PyTorch's."""
        from seglab.nets.judge import largest_difference

        return largest_difference(self)

    def save(self, path: str | Path) -> Path:
        """Write the pipeline to `path` as .json (read back by `seglab.load`), .html, .svg, .png or .gif. Returns the path.

        >>> import tempfile, seglab as sl
        >>> net = sl.Pipeline(x=[1, 2, 3]).then("y", sl.conv1d, "x", weight=[1, 10])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sl.load(net.save(f"{folder}/net.json")).output.tolist()
        [21.0, 32.0]
        """
        from seglab.export import save

        return save(self, path)

    def _repr_html_(self) -> str:
        from seglab.export.notebook import frame

        return frame(self)

    def calls(self) -> list[tuple[str, tuple[str, ...], Call]]:
        """Every step as (name, grids it reads, call)."""
        return [(name, step.reads, step.trace.call) for name, step in self.steps.items()]
