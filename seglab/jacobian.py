"""The rows of a trace as a matrix, run backwards, and exchanged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from seglab.rows import FloatArray, Rows, add_up

if TYPE_CHECKING:
    from seglab.trace import Trace


class Gradients(NamedTuple):
    """Gradients by operand; `input` is a tuple where the operator has several inputs, None stands for an operand that is not there."""

    input: Any
    weight: FloatArray | None
    bias: FloatArray | None


def acting(trace: Trace, *, single: bool = True) -> Rows:
    """The rows that carry values: all of a sum, the winning ones of max and min, and of pick where `single`."""
    if trace.reduce == "sum" or (trace.reduce == "pick" and not single):
        return trace.rows
    winners = trace.winners[trace.winners >= 0]
    return trace.rows[winners]


def factors(trace: Trace, rows: Rows) -> FloatArray:
    """What each row multiplies its input cell by."""
    weight = 1.0 if trace.weight is None else trace.weight.reshape(-1)[rows.weight]
    return np.asarray(rows.coefficients * weight)


def matrix(trace: Trace) -> csr_array[Any]:
    """Sparse (output cells, input cells), at this input for max and min.

    >>> import seglab as sl
    >>> sl.conv1d([1, 2, 3], [10, 1]).matrix().toarray().tolist()
    [[10.0, 1.0, 0.0], [0.0, 10.0, 1.0]]
    """
    rows = acting(trace)
    before = np.cumsum([0, *(values.size for values in trace.inputs)])
    places = [np.where(grid.source < 0, -1, grid.source + start) for grid, start in zip(trace.grids, before, strict=False)]
    out, inp = trace.out_grid.source[rows.out], np.concatenate(places)[rows.inp]
    real = (out >= 0) & (inp >= 0)
    shape = (int(np.prod(trace.out_shape)), int(before[-1]))
    return csr_array((factors(trace, rows)[real], (out[real], inp[real])), shape=shape)


def backward(trace: Trace, gradient: Any) -> Gradients:
    """Gradients of ``sum(gradient * output)``: the rows read from output to input.

    >>> import seglab as sl
    >>> sl.max_pool2d([[3, 2], [4, 1]], 2).backward([[1.0]]).input.tolist()
    [[0.0, 0.0], [1.0, 0.0]]
    """
    given = np.asarray(gradient, float)
    if given.shape != trace.out_shape:
        raise ValueError(f"gradient has shape {given.shape}: the output has shape {trace.out_shape}")
    flat = given.ravel() if trace.activation is None else given.ravel() * trace.activation.slope(trace.linear)
    rows = acting(trace, single=False)
    arriving = trace.out_grid.lay_out(flat)[rows.out]
    canvas = add_up(rows.inp, arriving * factors(trace, rows), int(trace.offsets[-1]))
    pieces = zip(trace.grids, trace.offsets, trace.in_shapes, strict=False)
    inputs = [grid.fold(canvas[start : start + grid.size]).reshape(shape) for grid, start, shape in pieces]
    if trace.indirect is not None:
        inputs[0] = inputs[0] + trace.indirect(trace, flat.reshape(trace.out_grid.shape)).reshape(trace.in_shapes[0])
    weight = None
    if trace.weight is not None:
        share = arriving * trace.canvas[rows.inp] * rows.coefficients
        weight = add_up(rows.weight, share, trace.weight.size).reshape(trace.weight.shape)
    bias = None if trace.bias is None else flat.reshape(len(trace.bias), -1).sum(axis=1)
    return Gradients(inputs[0] if len(inputs) == 1 else tuple(inputs), weight, bias)


def transpose(trace: Trace, input: Any = None) -> Trace:
    """The operator with the columns exchanged, see `Trace.transpose`.

    >>> import seglab as sl
    >>> back = sl.conv1d([1, 2, 3, 4, 5], [1, 1, 1], stride=2).transpose([1, 10])
    >>> back.output.tolist()
    [1.0, 1.0, 11.0, 10.0, 10.0]
    """
    if len(trace.inputs) > 1:
        raise ValueError(f"{trace.op} has {len(trace.inputs)} inputs and so no single transpose: use backward for their gradients")
    values = np.array(trace.output if input is None else input, float)
    if values.shape != trace.out_shape:
        raise ValueError(f"input has shape {values.shape}: the transposed operator reads shape {trace.out_shape}")
    return replace(
        trace,
        call=replace(trace.call, op="transpose", operands={"input": values}, options={"of": trace.call}),
        inputs=(values.reshape(trace.out_grid.shape),),
        grids=(trace.out_grid,),
        rows=acting(trace).exchange(),
        out_grid=trace.grids[0],
        in_shapes=(trace.out_shape,),
        out_shape=trace.in_shapes[0],
        bias=None,
        reduce="sum",
        activation=None,
    )
