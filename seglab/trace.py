"""Traces: what an operator did, cell by cell.

A trace is the return value of every operator: its operands, the rows that connect them, and the output. Everything else is a reading of the
rows: grouped by output cell they are dot products, by input cell stamps, by tap shifts; exchanged they are the transposed operator; as
coordinates they are its matrix; backwards they carry gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np
from scipy.sparse import csr_array

from seglab import jacobian
from seglab.activations import Activation
from seglab.grid import Grid
from seglab.rows import FloatArray, Groups, IntArray, Pair, Rows, add_up, group

if TYPE_CHECKING:
    from seglab.pipeline import Pipeline

Cell = tuple[int, ...]
Reduce = Literal["sum", "max", "min", "pick"]
Reading = Literal["output", "input", "tap"]
NEUTRAL: dict[Reduce, float] = {"sum": 0.0, "max": -np.inf, "min": np.inf, "pick": 0.0}


@dataclass(frozen=True, eq=False)
class Call:
    """The call that made a trace: operator, operands by parameter name, and the other arguments as plain numbers and words."""

    op: str
    operands: Mapping[str, Any]
    options: Mapping[str, Any]


class Term(NamedTuple):
    """One product of an output cell: ``product = value * weight * coef``. `input` is None where the cell is padding."""

    input: Cell | None
    tap: Cell
    value: float
    weight: float
    coef: float
    product: float
    source: int = 0  # which of several inputs


class Step(NamedTuple):
    """One step of a reading: the `cell` (or tap) it is about, its `rows`, and the output `after` it (NaN where no row has arrived yet)."""

    cell: Cell
    rows: IntArray
    after: FloatArray


@dataclass(frozen=True, eq=False)
class Trace:
    """Operands, rows and output of one operator.

    >>> import seglab as sl
    >>> stamp = sl.conv_transpose2d([[0, 1], [2, 3]], [[4, 1], [2, 3]])
    >>> stamp.output.tolist()
    [[0.0, 4.0, 1.0], [8.0, 16.0, 6.0], [4.0, 12.0, 9.0]]
    """

    call: Call
    inputs: tuple[FloatArray, ...]  # each (C, H, W)
    grids: tuple[Grid, ...]
    rows: Rows
    out_grid: Grid
    in_shapes: tuple[Cell, ...]  # as handed in: (C, H, W), (H, W), (C, L) or (L,)
    out_shape: Cell  # as handed out, likewise
    weight: FloatArray | None = None  # torch's layout
    kernel_size: Pair = (1, 1)
    bias: FloatArray | None = None  # (C_out,)
    reduce: Reduce = "sum"
    activation: Activation | None = None
    indirect: Callable[[Trace, FloatArray], FloatArray] | None = None  # adds to the first input's gradient what rows cannot say

    # -- the output ------------------------------------------------------------------------------------------------

    @property
    def op(self) -> str:
        """The operator's name, as in ``seglab.conv2d``."""
        return self.call.op

    @cached_property
    def offsets(self) -> IntArray:
        """Where each input's canvas begins in the address space that all inputs share; the last entry is its end."""
        return np.cumsum([0, *(grid.size for grid in self.grids)])

    @cached_property
    def canvas(self) -> FloatArray:
        """All inputs on their canvases, one after the other; padding is 0, for pooling minus (or plus) infinity."""
        fill = NEUTRAL[self.reduce]
        return np.concatenate([grid.lay_out(values, fill) for grid, values in zip(self.grids, self.inputs, strict=True)])

    @cached_property
    def products(self) -> FloatArray:
        """One number a row: what it brings to its output cell."""
        values = self.canvas[self.rows.inp]
        if self.weight is not None:
            values = values * self.weight.reshape(-1)[self.rows.weight]
        return values if self.rows.coef is None else values * self.rows.coef

    @cached_property
    def winners(self) -> IntArray:
        """For max, min and pick the row that made each output canvas cell (-1: none). Ties go to the first row, as in torch."""
        reached = reduce_rows(self.reduce, self.rows.out, self.products, self.out_grid.size)
        best = np.flatnonzero(self.products == reached[self.rows.out])[::-1]
        winners = np.full(self.out_grid.size, -1, np.int64)
        winners[self.rows.out[best]] = best
        return winners

    @cached_property
    def linear(self) -> FloatArray:
        """The output before the activation, flat real cells."""
        reached = reduce_rows(self.reduce, self.rows.out, self.products, self.out_grid.size)
        return self._finish(reached)

    @cached_property
    def output(self) -> FloatArray:
        """The output, of the rank of the input; read-only."""
        values = self.linear if self.activation is None else self.activation.function(self.linear)
        return _frozen(values.reshape(self.out_shape))

    @property
    def indices(self) -> IntArray:
        """For max (min) pooling, where in its plane each winner stood, as ``torch`` returns it. Raises ValueError for other operators."""
        self.refuse_indices()
        plane = self.inputs[0][0].size
        cells: IntArray = self.grids[0].source[self.rows.inp[self.winners]] % plane
        return cells.reshape(self.out_shape)

    def refuse_indices(self) -> None:
        """Raise ValueError for an operator without `indices`."""
        if self.reduce not in ("max", "min"):
            raise ValueError(f"{self.op} has no indices: only max_pool2d and min_pool2d remember their winners")

    def _finish(self, reached: FloatArray) -> FloatArray:
        real = self.out_grid.fold(reached) if self.reduce == "sum" else reached[self.out_grid.places]
        if self.bias is None:
            return real
        return (real.reshape(len(self.bias), -1) + self.bias[:, None]).ravel()

    # -- readings --------------------------------------------------------------------------------------------------

    @cached_property
    def by_output(self) -> Groups:
        """Rows grouped by real output cell; rows that end in the cropped border belong to the last group."""
        return group(_real(self.out_grid.source[self.rows.out], self.linear.size), self.linear.size + 1)

    @cached_property
    def by_input(self) -> Groups:
        """Rows grouped by real input cell, counted through all inputs; rows that start in padding belong to the last group."""
        count = sum(values.size for values in self.inputs)
        return group(_real(self.input_cells, count), count + 1)

    @cached_property
    def by_tap(self) -> Groups:
        """Rows grouped by kernel tap."""
        taps = self.kernel_size[0] * self.kernel_size[1]
        return group(self.rows.weight % taps, taps)

    @cached_property
    def input_cells(self) -> IntArray:
        """For every row its real input cell, counted through all inputs, or -1 where it reads padding."""
        before = np.cumsum([0, *(values.size for values in self.inputs)])[:-1]
        source = [np.where(grid.source < 0, -1, grid.source + start) for grid, start in zip(self.grids, before, strict=True)]
        return np.asarray(np.concatenate(source)[self.rows.inp])

    def terms(self, *cell: int) -> list[Term]:
        """The products that make one output cell, in the order of the input. Raises ValueError for a cell outside the output.

        >>> import seglab as sl
        >>> stamp = sl.conv_transpose2d([[0, 1], [2, 3]], [[4, 1], [2, 3]])
        >>> [(t.input, t.tap, t.product) for t in stamp.terms(0, 1)]
        [((0, 0), (0, 1), 0.0), ((0, 1), (0, 0), 4.0)]
        """
        if len(cell) != len(self.out_shape) or not all(0 <= i < n for i, n in zip(cell, self.out_shape, strict=True)):
            raise ValueError(f"cell {cell} is not in the output, which has shape {self.out_shape}")
        return [self._term(int(row)) for row in self.by_output[int(np.ravel_multi_index(cell, self.out_shape))]]

    def _term(self, row: int) -> Term:
        inp = int(self.rows.inp[row])
        source = int(np.searchsorted(self.offsets, inp, side="right")) - 1
        real = int(self.grids[source].source[inp - self.offsets[source]])
        place = None if real < 0 else _cell(real, self.in_shapes[source])
        weight = 1.0 if self.weight is None else float(self.weight.reshape(-1)[self.rows.weight[row]])
        tap = _cell(int(self.rows.weight[row]) % (self.kernel_size[0] * self.kernel_size[1]), self.kernel_size[2 - self.dims :])
        return Term(place, tap, float(self.canvas[inp]), weight, float(self.rows.coefficients[row]), float(self.products[row]), source)

    @property
    def dims(self) -> int:
        """1 for operators on a line, otherwise 2."""
        call = self.call
        while call.op == "transpose":
            call = call.options["of"]
        return 1 if call.op.endswith("1d") else 2

    def steps(self, by: Reading) -> Steps:
        """The operator as a sequence: by "output" dot products, by "input" stamps, by "tap" shift and add.

        `after` is the output that the rows so far make; the last one is `output`. Raises ValueError for another word.

        >>> import seglab as sl
        >>> stamp = sl.conv_transpose2d([[0, 1], [2, 3]], [[4, 1], [2, 3]])
        >>> stamp.steps("input")[1].after.tolist()
        [[0.0, 4.0, 1.0], [0.0, 2.0, 3.0], [nan, nan, nan]]
        """
        if by == "output":
            return Steps(self, self.by_output, (self.out_shape,))
        if by == "input":
            return Steps(self, self.by_input, self.in_shapes)
        if by == "tap":
            return Steps(self, self.by_tap, (self.kernel_size[2 - self.dims :],))
        raise ValueError(f'by={by!r} is not a reading: "output", "input" or "tap"')

    def after(self, rows: IntArray) -> FloatArray:
        """The output that `rows` alone make, NaN where none of them arrives."""
        out = self.rows.out[rows]
        reached = reduce_rows(self.reduce, out, self.products[rows], self.out_grid.size)
        touched = add_up(out, np.ones(len(out)), self.out_grid.size)
        values = self._finish(reached)
        values = values if self.activation is None else self.activation.function(values)
        return _frozen(np.where(self.out_grid.fold(touched) > 0, values, np.nan).reshape(self.out_shape))

    # -- the rows as a matrix, backwards, exchanged ----------------------------------------------------------------

    def matrix(self) -> csr_array[Any]:
        """Sparse Jacobian before the activation, (output cells, input cells): ``matrix() @ input + bias = output`` without activation."""
        return jacobian.matrix(self)

    def backward(self, gradient: Any) -> jacobian.Gradients:
        """Gradients of ``sum(gradient * output)`` with respect to input, weight and bias. `gradient` has the output's shape."""
        return jacobian.backward(self, gradient)

    def transpose(self, input: Any = None) -> Trace:
        """The operator with input and output exchanged, applied to `input` (without one, to this trace's own output).

        For a convolution that is the transposed convolution with the same kernel; for max pooling it puts values back where the winners
        stood. The bias and the activation are left out.
        """
        return jacobian.transpose(self, input)

    def zero_insertion(self) -> Pipeline:
        """For a transposed convolution the same output by inserting zeros and sliding the flipped kernel, see `seglab.zero_insertion`."""
        from seglab.zero_insertion import zero_insertion

        return zero_insertion(self)

    # -- delegators: the only places where the core reaches upward -----------------------------------------------------

    def torch_code(self) -> str:
        """A PyTorch snippet that prints the same output."""
        from seglab.torch_code import torch_code

        return torch_code(self)

    def check(self) -> float:
        """Largest absolute difference between this output and PyTorch's, by running the snippet of `torch_code`."""
        from seglab.nets.judge import largest_difference

        return largest_difference(self)

    def save(self, path: str | Path) -> Path:
        """Write the trace to `path` and return the path.

        The suffix says how: .json (read back by `seglab.load`), .html (the stage in one file), .svg or .png (a picture), .gif (its steps).
        Raises ValueError with a sentence for another suffix and for what is too large to be drawn.

        >>> import tempfile, seglab as sl
        >>> stamp = sl.conv_transpose2d([[0, 1], [2, 3]], [[4, 1], [2, 3]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ">16</text>" in stamp.save(f"{folder}/stamp.svg").read_text(encoding="utf-8")
        True
        """
        from seglab.export import save

        return save(self, path)

    def _repr_html_(self) -> str:
        from seglab.export.notebook import frame

        return frame(self)


class Steps(Sequence[Step]):
    """The steps of one reading, worked out when they are asked for."""

    def __init__(self, trace: Trace, groups: Groups, shapes: tuple[Cell, ...]) -> None:
        self._trace, self._groups = trace, groups
        self._cells = [cell for shape in shapes for cell in np.ndindex(shape)]

    def __len__(self) -> int:
        return len(self._cells)

    def __iter__(self) -> Iterator[Step]:
        return (self[index] for index in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        if at == len(self) - 1:
            after = self._trace.output
        else:
            after = self._trace.after(self._groups.order[: self._groups.start[at + 1]])
        return Step(self._cells[at], self._groups[at], after)


def reduce_rows(reduce: Reduce, out: IntArray, products: FloatArray, size: int) -> FloatArray:
    """Gather `products` into `size` output canvas cells; cells without a row hold 0, for max and min minus and plus infinity."""
    if reduce == "sum":
        return add_up(out, products, size)
    reached = np.full(size, NEUTRAL[reduce])
    if reduce == "pick":
        reached[out] = products
    else:
        (np.maximum if reduce == "max" else np.minimum).at(reached, out, products)
    return reached


def _real(cells: IntArray, count: int) -> IntArray:
    return np.where(cells < 0, count, cells)


def _cell(index: int, shape: Cell) -> Cell:
    return tuple(int(i) for i in np.unravel_index(index, shape))


def _frozen(values: FloatArray) -> FloatArray:
    values.flags.writeable = False
    return values
