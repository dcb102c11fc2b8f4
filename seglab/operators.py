"""Operators: functions named and called as in torch.nn.functional, each returning a `Trace`.

Arrays are (H, W) or (C, H, W), on a line (L,) or (C, L). Sizes are numbers or (vertical, horizontal) pairs. Impossible settings raise
ValueError with a sentence that names the value and what would be right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from seglab.activations import activation as activation_named
from seglab.arguments import array, margins, pair, planes, vector, weights, whole
from seglab.grid import PADDING_MODES, Grid, Margins, PaddingMode
from seglab.rows import IntArray, Pair, Rows, window
from seglab.sizes import Setting, SizeOp, axis_size
from seglab.trace import Call, Trace

Size = int | Sequence[int]


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Any = 0,
    dilation: Size = 1,
    groups: int = 1,
    padding_mode: PaddingMode = "zeros",
    activation: str | None = None,
) -> Trace:
    """Convolution as networks mean it (the kernel is not flipped): many cells to one.

    `weight` is (kH, kW), or (C_out, C_in/groups, kH, kW); `padding` a number, a pair, ((top, bottom), (left, right)), "same" or "valid".

    >>> conv2d([[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[1, 2], [3, 4]]).output.tolist()
    [[27.0, 37.0], [57.0, 67.0]]
    """
    return _convolution("conv2d", 2, input, weight, bias, stride, padding, dilation, groups, padding_mode, activation)


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Any = 0,
    dilation: Size = 1,
    groups: int = 1,
    padding_mode: PaddingMode = "zeros",
    activation: str | None = None,
) -> Trace:
    """Convolution on a line; `weight` is (k,) or (C_out, C_in/groups, k).

    >>> conv1d([1, 2, 3, 4, 5], [1, 1, 1], stride=2).output.tolist()
    [6.0, 12.0]
    """
    return _convolution("conv1d", 1, input, weight, bias, stride, padding, dilation, groups, padding_mode, activation)


def locally_connected2d(
    input: Any, weight: Any, stride: Size = 1, padding: Any = 0, padding_mode: PaddingMode = "zeros", activation: str | None = None
) -> Trace:
    """A convolution with its weights untied: every output cell has a kernel of its own. One channel in, one out.

    `weight` is (h, w, kH, kW), a kernel for each of the h x w output cells.

    >>> locally_connected2d([[1, 2, 3]], [[[[1, 1]], [[0, 5]]]]).output.tolist()
    [[3.0, 15.0]]
    """
    values, shape = planes("input", input)
    kernel = array("weight", weight)
    if kernel.ndim != 4:
        raise ValueError(f"weight has shape {kernel.shape}: it should be (h, w, kH, kW), a kernel for each output cell")
    if len(values) != 1:
        raise ValueError(f"locally_connected2d reads one channel: the input has {len(values)}")
    one = conv2d(values, kernel[0, 0], None, stride, padding, padding_mode=padding_mode, activation=activation)
    size = one.out_grid.shape[1:]
    if kernel.shape[:2] != size:
        raise ValueError(f"weight has kernels for {kernel.shape[0]} x {kernel.shape[1]} output cells: here are {size[0]} x {size[1]}")
    options = {name: one.call.options[name] for name in ("stride", "padding", "padding_mode", "activation")}
    return replace(
        one,
        call=Call("locally_connected2d", {"input": values.reshape(shape), "weight": kernel}, options),
        rows=Rows(one.rows.out, one.rows.inp, np.arange(kernel.size)),
        in_shapes=(shape,),
        out_shape=(*shape[:-2], *size),
        weight=kernel,
    )


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
    activation: str | None = None,
) -> Trace:
    """Transposed convolution: every input cell scales the whole kernel and stamps it on the output; overlaps add.

    `weight` is (kH, kW), or (C_in, C_out/groups, kH, kW). `padding` crops what was stamped, `output_padding` crops less of it at the
    bottom and right.

    >>> conv_transpose2d([[1]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]], stride=2, padding=1, output_padding=1).output.tolist()
    [[5.0, 6.0], [8.0, 9.0]]
    """
    return _transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation, activation)


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
    activation: str | None = None,
) -> Trace:
    """Transposed convolution on a line; `weight` is (k,) or (C_in, C_out/groups, k).

    >>> conv_transpose1d([1, 10], [1, 2, 3], stride=2).output.tolist()
    [1.0, 2.0, 13.0, 20.0, 30.0]
    """
    return _transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation, activation)


def max_pool2d(
    input: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1, ceil_mode: bool = False
) -> Trace:
    """The largest cell of every window; padding counts as minus infinity, ties go to the first. `.indices` says where the winners stood.

    >>> max_pool2d([[3, 2, 8, 0], [4, 1, 3, 1], [5, 0, 9, 1], [1, 2, 1, 1]], 2).output.tolist()
    [[4.0, 8.0], [5.0, 9.0]]
    """
    return _pool("max_pool2d", "max_pool", input, kernel_size, stride, padding, dilation, ceil_mode)


def min_pool2d(
    input: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1, ceil_mode: bool = False
) -> Trace:
    """The smallest cell of every window, otherwise as `max_pool2d`.

    >>> min_pool2d([[3, 2, 8, 0], [4, 1, 3, 1]], 2).output.tolist()
    [[1.0, 0.0]]
    """
    return _pool("min_pool2d", "max_pool", input, kernel_size, stride, padding, dilation, ceil_mode)


def avg_pool2d(
    input: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False, count_include_pad: bool = True
) -> Trace:
    """The mean of every window; without `count_include_pad` the padding is left out of the count.

    >>> avg_pool2d([[3, 2, 8, 0], [4, 1, 3, 1]], 2).output.tolist()
    [[2.5, 3.0]]
    """
    return _pool("avg_pool2d", "avg_pool", input, kernel_size, stride, padding, 1, ceil_mode, count_include_pad)


def _convolution(
    op: str,
    dims: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Size,
    padding: Any,
    dilation: Size,
    groups: int,
    mode: PaddingMode,
    activation: str | None,
) -> Trace:
    values, shape = planes("input", input, dims)
    kernel = weights(weight, dims)
    c_out, c_group, *spatial = kernel.shape
    refuse_groups(groups, values.shape[0], c_out)
    if c_group * groups != values.shape[0]:
        raise ValueError(f"weight reads {c_group} x {groups} groups = {c_group * groups} channels: the input has {values.shape[0]}")
    if mode not in PADDING_MODES:
        raise ValueError(f"padding_mode={mode!r} is unknown: choose one of {', '.join(PADDING_MODES)}")
    step, spread = pair("stride", stride, dims), pair("dilation", dilation, dims)
    taps = spatial[0], spatial[1]
    around = margins(padding, taps, step, spread, dims)
    out = _sizes("conv", values.shape[1:], around, taps, step, spread)
    grid = Grid(values.shape, around, mode)
    refs = vector("bias", bias, c_out)
    line = slice(2 - dims, None)
    options: dict[str, Any] = {"stride": step[line], "padding": around[line], "dilation": spread[line], "groups": groups}
    options |= {"padding_mode": mode, "activation": activation}
    return Trace(
        call=Call(op, _operands(values.reshape(shape), weight, refs), options),
        inputs=(values,),
        grids=(grid,),
        rows=window((c_out, values.shape[0]), groups, out, grid.canvas[1:], taps, step, spread),
        out_grid=Grid((c_out, *out)),
        in_shapes=(shape,),
        out_shape=_handed_out((c_out, *out), dims, short=len(shape) == dims and np.ndim(weight) == dims),
        weight=kernel,
        kernel_size=taps,
        bias=refs,
        activation=None if activation is None else activation_named(activation),
    )


def _transposed(
    op: str,
    dims: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Size,
    padding: Size,
    output_padding: Size,
    groups: int,
    dilation: Size,
    activation: str | None,
) -> Trace:
    values, shape = planes("input", input, dims)
    kernel = weights(weight, dims)
    c_in, c_group, *spatial = kernel.shape
    c_out = c_group * groups
    if c_in != values.shape[0]:
        raise ValueError(f"weight stamps {c_in} channels: the input has {values.shape[0]}")
    refuse_groups(groups, c_in, c_out)
    taps = spatial[0], spatial[1]
    step, spread = pair("stride", stride, dims), pair("dilation", dilation, dims)
    cut, extra = pair("padding", padding, dims, default=0), pair("output_padding", output_padding, dims, default=0)
    settings = [Setting(k, s, p, d, e, False) for k, s, p, d, e in zip(taps, step, cut, spread, extra, strict=True)]
    out = [axis_size("conv_transpose", n, setting) for n, setting in zip(values.shape[1:], settings, strict=True)]
    border = tuple((p, max(0, p - e)) for p, e in zip(cut, extra, strict=True))
    grid = Grid((c_out, out[0], out[1]), (border[0], border[1]))
    refs = vector("bias", bias, c_out)
    line = slice(2 - dims, None)
    options: dict[str, Any] = {"stride": step[line], "padding": cut[line], "output_padding": extra[line], "groups": groups}
    options |= {"dilation": spread[line], "activation": activation}
    return Trace(
        call=Call(op, _operands(values.reshape(shape), weight, refs), options),
        inputs=(values,),
        grids=(Grid(values.shape),),
        rows=window((c_in, c_out), groups, values.shape[1:], grid.canvas[1:], taps, step, spread).exchange(),
        out_grid=grid,
        in_shapes=(shape,),
        out_shape=_handed_out(grid.shape, dims, short=len(shape) == dims and np.ndim(weight) == dims),
        weight=kernel,
        kernel_size=taps,
        bias=refs,
        activation=None if activation is None else activation_named(activation),
    )


def _pool(
    op: str,
    rule: SizeOp,
    input: Any,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    dilation: Size,
    ceil_mode: bool,
    count_include_pad: bool | None = None,
) -> Trace:
    values, shape = planes("input", input)
    kernel, spread, pad = pair("kernel_size", kernel_size), pair("dilation", dilation), pair("padding", padding)
    step = kernel if stride is None else pair("stride", stride)
    settings = [Setting(k, s, p, d, 0, bool(ceil_mode)) for k, s, p, d in zip(kernel, step, pad, spread, strict=True)]
    height, width = (axis_size(rule, n, setting) for n, setting in zip(values.shape[1:], settings, strict=True))
    reach = [(out - 1) * s + d * (k - 1) + 1 for out, (k, s, _, d, *_) in zip((height, width), settings, strict=True)]
    # The last window of ceil_mode may reach past the padding.
    sides = [(p, max(p, far - p - n)) for p, far, n in zip(pad, reach, values.shape[1:], strict=True)]
    grid = Grid(values.shape, (sides[0], sides[1]))
    rows = window((values.shape[0],) * 2, values.shape[0], (height, width), grid.canvas[1:], kernel, step, spread)
    if np.bincount(rows.out, grid.source[rows.inp] >= 0).min() < 1:
        raise ValueError(f"padding={padding} with dilation={dilation} leaves a window that reads padding only: take a smaller padding")
    options: dict[str, Any] = {"kernel_size": kernel, "stride": step, "padding": pad, "dilation": spread, "ceil_mode": bool(ceil_mode)}
    if count_include_pad is not None:
        del options["dilation"]
        options["count_include_pad"] = bool(count_include_pad)
        axes = zip((height, width), values.shape[1:], settings, strict=True)
        counts = [_counts(n, size, setting, count_include_pad) for n, size, setting in axes]
        share = np.tile(1 / np.outer(*counts).ravel(), values.shape[0])
        rows = Rows(rows.out, rows.inp, rows.weight, share[rows.out])
    return Trace(
        call=Call(op, {"input": values.reshape(shape)}, options),
        inputs=(values,),
        grids=(grid,),
        rows=rows,
        out_grid=Grid((values.shape[0], height, width)),
        in_shapes=(shape,),
        out_shape=(*shape[:-2], height, width),
        kernel_size=kernel,
        reduce={"max_pool2d": "max", "min_pool2d": "min", "avg_pool2d": "sum"}[op],  # type: ignore[arg-type]
    )


def _counts(out: int, size: int, setting: Setting, include_pad: bool) -> IntArray:
    """How many cells each window of average pooling divides by, along one axis."""
    start = np.arange(out) * setting.stride - setting.padding
    end = np.minimum(start + setting.kernel_size, size + setting.padding)
    return end - start if include_pad else np.minimum(end, size) - np.maximum(start, 0)


def _sizes(op: SizeOp, size: Sequence[int], around: Margins, kernel: Pair, stride: Pair, dilation: Pair) -> Pair:
    found = []
    for n, (before, after), k, s, d in zip(size, around, kernel, stride, dilation, strict=True):
        even = before == after
        found.append(axis_size(op, n if even else n + before + after, Setting(k, s, before if even else 0, d, 0, False)))
    return found[0], found[1]


def _operands(input: Any, weight: Any, bias: Any) -> dict[str, Any]:
    operands = {"input": input, "weight": np.array(weight, np.float64)}
    return operands if bias is None else {**operands, "bias": bias}


def _handed_out(shape: tuple[int, int, int], dims: int, short: bool) -> tuple[int, ...]:
    plane = shape[3 - dims :]
    return plane if short else (shape[0], *plane)


def refuse_groups(groups: int, c_in: int, c_out: int) -> None:
    """Raise ValueError where `groups` does not divide the channels."""
    whole("groups", groups)
    if c_in % groups or c_out % groups:
        raise ValueError(f"groups={groups} must divide input and output channels: here {c_in} and {c_out}")
