"""Operators without a kernel of their own: cells copied, mixed by fixed weights, or passed through a function one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from seglab.activations import Activation, activation, threshold_at
from seglab.arguments import pair, planes, whole
from seglab.grid import Grid
from seglab.rows import FloatArray, IntArray, Rows, gather, resample
from seglab.sizes import Setting, axis_size
from seglab.trace import Call, Trace

Size = int | Sequence[int]


def interpolate(
    input: Any, scale_factor: Any, mode: Literal["nearest", "bilinear"] = "nearest", align_corners: bool | None = None
) -> Trace:
    """Resizing by fixed weights: each output cell copies its nearest input cell, or mixes up to four.

    `scale_factor` is a number above 0 or a pair of them. `align_corners` belongs to bilinear and puts the corner cells on each other.

    >>> interpolate([[1, 2], [3, 4]], 2, "bilinear").output[0].tolist()
    [1.0, 1.25, 1.75, 2.0]
    """
    values, shape = planes("input", input)
    scale = [scale_factor] * 2 if np.ndim(scale_factor) == 0 else list(scale_factor)
    if len(scale) != 2 or not all(isinstance(s, (int, float, np.number)) and np.isfinite(s) and s > 0 for s in scale):
        raise ValueError(f"scale_factor={scale_factor!r} should be a number above 0 or a pair of them")
    out = [int(np.floor(n * s)) for n, s in zip(values.shape[1:], scale, strict=True)]
    if min(out) < 1:
        raise ValueError(f"scale_factor={scale_factor!r} leaves no output: {values.shape[1]} x {values.shape[2]} to {out[0]} x {out[1]}")
    grid = Grid((values.shape[0], out[0], out[1]))
    options = {"scale_factor": tuple(float(s) for s in scale), "mode": mode, "align_corners": align_corners}
    call = Call("interpolate", {"input": values.reshape(shape)}, options)
    if align_corners is not None and not isinstance(align_corners, bool):
        raise ValueError(f"align_corners={align_corners!r} should be True, False or None")
    if mode == "nearest":
        if align_corners is not None:
            raise ValueError("align_corners belongs to mode='bilinear': leave it out for nearest")
        row, column = (_nearest(n, size, s) for n, size, s in zip(values.shape[1:], out, scale, strict=True))
        index = np.arange(values.size).reshape(values.shape)
        return _copied(call, values, shape, grid, gather(index[:, row[:, None], column]))
    if mode != "bilinear":
        raise ValueError(f"mode={mode!r} is unknown: nearest or bilinear")
    axes = [_between(n, size, s, bool(align_corners)) for n, size, s in zip(values.shape[1:], out, scale, strict=True)]
    (low_y, high_y, share_y), (low_x, high_x, share_x) = axes
    rows = resample(values.shape[0], values.shape[1:], (low_y, low_x), (high_y, high_x), (share_y, share_x))
    return Trace(call, (values,), (Grid(values.shape),), rows, grid, (shape,), grid.shape[3 - len(shape) :], kernel_size=(2, 2))


def max_unpool2d(
    input: Any,
    indices: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Trace:
    """Every value goes back where `indices` (as max pooling returns them) say; all other cells are 0.

    `output_size` (height, width) may differ from the formula's by less than the stride. Equal indices of unequal values, which torch
    leaves undefined, raise ValueError.

    >>> max_unpool2d([[5, 8]], [[1, 2]], 2).output.tolist()
    [[0.0, 5.0, 8.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    """
    values, shape = planes("input", input)
    places = np.array(indices)
    if places.shape != shape or places.dtype.kind not in "iu":
        raise ValueError(f"indices has shape {places.shape} of {places.dtype}: whole numbers of the input's shape {shape} are needed")
    kernel = pair("kernel_size", kernel_size)
    step = kernel if stride is None else pair("stride", stride)
    crop_ = pair("padding", padding)
    least = [axis_size("max_unpool", n, Setting(k, s, p, 1, 0, False)) for n, k, s, p in zip(shape[-2:], kernel, step, crop_, strict=True)]
    height, width = least if output_size is None else pair("output_size", tuple(output_size))
    for name, got, usual, s in zip(("height", "width"), (height, width), least, step, strict=True):
        if not usual - s < got < usual + s:
            raise ValueError(f"output_size {name} {got} does not belong here: between {usual - s + 1} and {usual + s - 1}")
    if places.min() < 0 or places.max() >= height * width:
        wrong = int(places.min() if places.min() < 0 else places.max())
        raise ValueError(f"indices holds {wrong}: the output has cells 0 to {height * width - 1}")
    channel = np.arange(values.shape[0])[:, None, None] * height * width
    target = (channel + places.reshape(values.shape)).ravel()
    first = np.full(values.shape[0] * height * width, np.nan)
    first[target[::-1]] = values.ravel()[::-1]
    clash = np.flatnonzero(first[target] != values.ravel())
    if clash.size:
        raise ValueError(f"indices holds {int(places.ravel()[clash[0]])} twice, for unequal values: torch leaves the result undefined")
    options = {"kernel_size": kernel, "stride": step, "padding": crop_, "output_size": (height, width)}
    call = Call("max_unpool2d", {"input": values.reshape(shape), "indices": places}, options)
    grid = Grid((values.shape[0], height, width))
    return _copied(call, values, shape, grid, gather(np.arange(target.size), target))


def bed_of_nails(input: Any, scale: Size) -> Trace:
    """Every value at the top left of its `scale` x `scale` block, zeros elsewhere.

    >>> bed_of_nails([[1, 2]], 2).output.tolist()
    [[1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    """
    values, shape = planes("input", input)
    down, right = pair("scale", scale)
    whole("scale", min(down, right))
    channels, height, width = values.shape
    grid = Grid((channels, height * down, width * right))
    nails = np.arange(grid.size).reshape(grid.shape)[:, ::down, ::right]
    call = Call("bed_of_nails", {"input": values.reshape(shape)}, {"scale": (down, right)})
    return _copied(call, values, shape, grid, gather(np.arange(values.size), nails))


def crop(input: Any, top: int, left: int, height: int, width: int) -> Trace:
    """The `height` x `width` cells that begin at (top, left).

    >>> crop([[1, 2, 3], [4, 5, 6]], 0, 1, 2, 2).output.tolist()
    [[2.0, 3.0], [5.0, 6.0]]
    """
    values, shape = planes("input", input)
    for name, start, length, limit in (("height", top, height, values.shape[1]), ("width", left, width, values.shape[2])):
        whole("top" if name == "height" else "left", start, 0)
        whole(name, length)
        if start + length > limit:
            raise ValueError(f"{name}={length} from {start} on ends outside the input: at most {max(limit - start, 0)} of {limit} here")
    index = np.arange(values.size).reshape(values.shape)[:, top : top + height, left : left + width]
    call = Call("crop", {"input": values.reshape(shape)}, {"top": top, "left": left, "height": height, "width": width})
    return _copied(call, values, shape, Grid((values.shape[0], height, width)), gather(index))


def shift(input: Any, dy: int, dx: int, mode: Literal["roll", "fill"] = "roll") -> Trace:
    """Every cell moved down by `dy` and to the right by `dx`, which may be negative.

    What leaves on one side comes back on the other ("roll"), or is lost, with zeros where nothing arrives ("fill").

    >>> shift([[1, 2, 3]], 0, 1).output.tolist(), shift([[1, 2, 3]], 0, 1, "fill").output.tolist()
    ([[3.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]])
    """
    values, shape = planes("input", input)
    for name, value in (("dy", dy), ("dx", dx)):
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
            raise ValueError(f"{name}={value!r} should be a whole number")
    if mode not in ("roll", "fill"):
        raise ValueError(f"mode={mode!r} is unknown: roll or fill")
    channels, height, width = values.shape
    c, y, x = np.ogrid[:channels, :height, :width]
    row, column = y - dy, x - dx
    kept = np.broadcast_to((mode == "roll") | ((row >= 0) & (row < height) & (column >= 0) & (column < width)), values.shape).ravel()
    source = np.broadcast_to((c * height + row % height) * width + column % width, values.shape).ravel()
    call = Call("shift", {"input": values.reshape(shape)}, {"dy": int(dy), "dx": int(dx), "mode": mode})
    return _copied(call, values, shape, Grid(values.shape), gather(source[kept], np.flatnonzero(kept)))


def pixel_shuffle(input: Any, r: int) -> Trace:
    """Groups of r * r channels become r x r blocks: (C * r * r, H, W) to (C, H * r, W * r).

    >>> pixel_shuffle([[[1]], [[2]], [[3]], [[4]]], 2).output.tolist()
    [[[1.0, 2.0], [3.0, 4.0]]]
    """
    values, shape = planes("input", input)
    whole("r", r)
    channels, height, width = values.shape
    if channels % (r * r):
        raise ValueError(f"r={r} needs a multiple of {r * r} channels: the input has {channels}")
    index = np.arange(values.size).reshape(channels // (r * r), r, r, height, width).transpose(0, 3, 1, 4, 2)
    grid = Grid((channels // (r * r), height * r, width * r))
    return _copied(Call("pixel_shuffle", {"input": values.reshape(shape)}, {"r": r}), values, shape, grid, gather(index))


def concat(*inputs: Any) -> Trace:
    """Channels of all inputs, one after the other; a list of arrays, or the arrays themselves. Not an addition.

    >>> concat([[1, 2]], [[3, 4]]).output.tolist()
    [[[1.0, 2.0]], [[3.0, 4.0]]]
    """
    given = list(inputs[0]) if len(inputs) == 1 else list(inputs)
    if not given:
        raise ValueError("concat has no input: give at least one array")
    pieces, shapes = _together("concat", given)
    out = (sum(len(piece) for piece in pieces), *pieces[0].shape[1:])
    operands = {f"input{i}": piece.reshape(shape) for i, (piece, shape) in enumerate(zip(pieces, shapes, strict=True))}
    rows = gather(np.arange(int(np.prod(out))))
    grids = tuple(Grid(piece.shape) for piece in pieces)
    return Trace(Call("concat", operands, {}), tuple(pieces), grids, rows, Grid(out), tuple(shapes), out, reduce="pick")


def subtract(input: Any, other: Any) -> Trace:
    """`input` minus `other`, cell by cell.

    >>> subtract([[5, 5]], [[1, 2]]).output.tolist()
    [[4.0, 3.0]]
    """
    pieces, shapes = _together("subtract", [input, other])
    if shapes[0] != shapes[1]:
        raise ValueError(f"other has shape {shapes[1]}: the input has {shapes[0]}")
    count = pieces[0].size
    cells = np.tile(np.arange(count), 2)
    rows = Rows(cells, np.arange(2 * count), np.zeros(2 * count, np.int64), np.repeat([1.0, -1.0], count))
    operands = {"input": pieces[0].reshape(shapes[0]), "other": pieces[1].reshape(shapes[1])}
    grids = tuple(Grid(piece.shape) for piece in pieces)
    return Trace(Call("subtract", operands, {}), tuple(pieces), grids, rows, grids[0], tuple(shapes), shapes[0])


def relu(input: Any) -> Trace:
    """max(x, 0), cell by cell.

    >>> relu([[-1, 2]]).output.tolist()
    [[0.0, 2.0]]
    """
    return _cell_by_cell("relu", input, activation("relu"))


def sigmoid(input: Any) -> Trace:
    """1 / (1 + exp(-x)), cell by cell.

    >>> sigmoid([[0]]).output.tolist()
    [[0.5]]
    """
    return _cell_by_cell("sigmoid", input, activation("sigmoid"))


def tanh(input: Any) -> Trace:
    """Hyperbolic tangent, cell by cell.

    >>> tanh([[0]]).output.tolist()
    [[0.0]]
    """
    return _cell_by_cell("tanh", input, activation("tanh"))


def threshold(input: Any, threshold: float = 0.5, value: float | None = None) -> Trace:
    """A mask: 1 where a cell is above `threshold`, else 0. With `value`, as torch's: the cell itself where above, else `value`.

    >>> threshold([[0.2, 0.7]]).output.tolist(), threshold([[0.2, 0.7]], 0.5, -1).output.tolist()
    ([[0.0, 1.0]], [[-1.0, 0.7]])
    """
    limit, other = float(threshold), None if value is None else float(value)
    if not all(np.isfinite(number) for number in (limit, other) if number is not None):
        raise ValueError(f"threshold={threshold!r}, value={value!r}: finite numbers are needed")
    return _cell_by_cell("threshold", input, threshold_at(limit, other), {"threshold": limit, "value": other})


def _cell_by_cell(op: str, input: Any, function: Activation, options: dict[str, Any] | None = None) -> Trace:
    given = np.ndim(input)
    values, shape = planes("input", input, dims=1 if given == 1 else 2)
    rows = gather(np.arange(values.size))
    call = Call(op, {"input": values.reshape(shape)}, options or {})
    grid = Grid(values.shape)
    return Trace(call, (values,), (grid,), rows, grid, (shape,), shape, reduce="pick", activation=function)


def _copied(call: Call, values: FloatArray, shape: tuple[int, ...], grid: Grid, rows: Rows) -> Trace:
    """A trace that copies cells of one input; the output has the input's rank."""
    return Trace(call, (values,), (Grid(values.shape),), rows, grid, (shape,), grid.shape[3 - len(shape) :], reduce="pick")


def _together(op: str, inputs: Sequence[Any]) -> tuple[list[FloatArray], list[tuple[int, ...]]]:
    """Inputs of one height and width. Raises ValueError where they differ."""
    found = [planes(f"input {i}", values) for i, values in enumerate(inputs)]
    sizes = dict.fromkeys(values.shape[1:] for values, _ in found)
    if len(sizes) > 1:
        told = " and ".join(f"{h} x {w}" for h, w in sizes)
        raise ValueError(f"{op} needs inputs of one height and width, not {told}: crop or pad one of them")
    return [values for values, _ in found], [shape for _, shape in found]


def _nearest(size: int, out: int, scale: float) -> IntArray:
    at = np.arange(out)
    if out == size:
        return at
    if out == 2 * size:
        return at // 2
    # torch multiplies in single precision, which decides ties.
    back = np.float32(1.0 / scale)
    return np.asarray(np.minimum(np.floor(at.astype(np.float32) * back), size - 1), np.int64)


def _between(size: int, out: int, scale: float, align_corners: bool) -> tuple[IntArray, IntArray, FloatArray]:
    """Per output coordinate the two input coordinates it lies between, and the share of the second."""
    at = np.arange(out)
    if align_corners:
        place = at * ((size - 1) / (out - 1) if out > 1 else 0.0)
    else:
        place = np.maximum((at + 0.5) * (1.0 / scale) - 0.5, 0.0)
    low = np.minimum(place.astype(np.int64), size - 1)
    high = np.minimum(low + 1, size - 1)
    return low, high, np.clip(place - low, 0.0, 1.0)
