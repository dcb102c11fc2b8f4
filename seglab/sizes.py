"""Output sizes: the formula of every operator, and the inverse question.

With ``e = dilation * (kernel_size - 1) + 1`` cells under the kernel,

- convolution and pooling: ``floor((size + 2 * padding - e) / stride) + 1``; pooling with `ceil_mode` rounds up, but starts no window in
  the padding on the far side;
- transposed convolution: ``(size - 1) * stride - 2 * padding + e + output_padding``; unpooling the same without dilation.

Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning, arXiv:1603.07285, and the torch.nn reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Literal, NamedTuple, TypeVar, get_args, overload

import numpy as np

SizeOp = Literal["conv", "conv_transpose", "max_pool", "avg_pool", "max_unpool"]
SIZE_OPS: tuple[SizeOp, ...] = get_args(SizeOp)
Pair = tuple[int, int]
Value = TypeVar("Value", int, bool)
ENLARGING = ("conv_transpose", "max_unpool")


class Setting(NamedTuple):
    """One answer to the inverse question, along one axis."""

    kernel_size: int
    stride: int
    padding: int
    dilation: int
    output_padding: int
    ceil_mode: bool


@overload
def output_size(
    op: SizeOp,
    size: int,
    kernel_size: int,
    stride: int | None = ...,
    padding: int = ...,
    dilation: int = ...,
    output_padding: int = ...,
    ceil_mode: bool = ...,
) -> int: ...
@overload
def output_size(
    op: SizeOp,
    size: Sequence[int],
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = ...,
    padding: int | Sequence[int] = ...,
    dilation: int | Sequence[int] = ...,
    output_padding: int | Sequence[int] = ...,
    ceil_mode: bool = ...,
) -> Pair: ...
def output_size(
    op: SizeOp,
    size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    output_padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
) -> int | Pair:
    """Output size of `op` for an input of `size` cells: a number for a number, (height, width) for a pair.

    Without `stride`, pooling takes the kernel size and convolution 1, as torch does. Raises ValueError with a sentence where the setting
    is impossible: no output cell is left, or a limit of torch is passed.

    >>> output_size("conv_transpose", 2, kernel_size=3, stride=2, padding=1, output_padding=1)
    4
    >>> output_size("conv", (7, 8), kernel_size=3, stride=2)
    (3, 3)
    """
    refuse_op(op)
    default = 1 if op in ("conv", "conv_transpose") else kernel_size
    steps = default if stride is None else stride
    given = {"kernel_size": kernel_size, "stride": steps, "padding": padding, "dilation": dilation, "output_padding": output_padding}
    pairs = [_pair(name, value) for name, value in given.items()]
    vertical, horizontal = (_setting([values[axis] for values in pairs], ceil_mode) for axis in (0, 1))
    height, width = _pair("size", size)
    high = axis_size(op, height, vertical)
    return (high, axis_size(op, width, horizontal)) if isinstance(size, Sequence) else high


def refuse_op(op: str) -> None:
    """Raise ValueError for an operator without a size formula."""
    if op not in SIZE_OPS:
        raise ValueError(f"op={op!r} is unknown: choose one of {', '.join(SIZE_OPS)}")


def axis_size(op: SizeOp, size: int, setting: Setting) -> int:
    """Output size along one axis; `size` and `setting` are whole numbers. Raises ValueError as `output_size` does.

    >>> axis_size("max_pool", 5, Setting(2, 2, 0, 1, 0, ceil_mode=True))
    3
    """
    refuse_setting(op, size, setting)
    kernel, stride, padding, dilation, extra, ceil_mode = setting
    extent = dilation * (kernel - 1) + 1
    if op in ENLARGING:
        stamped = (size - 1) * stride + extent + extra
        if stamped - 2 * padding < 1:
            raise ValueError(f"padding={padding} leaves no output: {stamped} - {2 * padding} < 1; at most {(stamped - 1) // 2} here")
        return stamped - 2 * padding
    span = size + 2 * padding - extent
    out = (-(-span // stride) if ceil_mode else span // stride) + 1
    if ceil_mode and (out - 1) * stride >= size + padding:
        out -= 1
    if out < 1:
        room = size + 2 * padding + (stride - 1 if ceil_mode else 0)
        most = (room - 1) // dilation + 1
        raise ValueError(f"kernel_size={kernel} leaves no output: it spans {extent} of {room} cells; at most {most} here")
    return out


def refuse_setting(op: SizeOp, size: int, setting: Setting) -> None:
    """Raise ValueError where a setting is impossible whatever the output: below its least value, or past torch's limit."""
    kernel, stride, padding, dilation, extra, ceil_mode = setting
    for name, value, least in (
        ("size", size, 1),
        ("kernel_size", kernel, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("dilation", dilation, 1),
        ("output_padding", extra, 0),
    ):
        if value < least:
            raise ValueError(f"{name}={value} is too small: at least {least}")
    if extra and op != "conv_transpose":
        raise ValueError(f"output_padding={extra} belongs to conv_transpose, not to {op}: leave it at 0")
    if extra and extra >= max(stride, dilation):
        raise ValueError(f"output_padding={extra} must be smaller than stride or dilation: at most {max(stride, dilation) - 1} here")
    if dilation > 1 and op in ("avg_pool", "max_unpool"):
        raise ValueError(f"dilation={dilation} is not defined for {op}: leave it at 1")
    if ceil_mode and op not in ("max_pool", "avg_pool"):
        raise ValueError(f"ceil_mode belongs to pooling, not to {op}: leave it off")
    if op in ("max_pool", "avg_pool") and padding > kernel // 2:
        raise ValueError(f"padding={padding} is more than half the pooling kernel: at most {kernel // 2} here")


@overload
def solve_output_size(op: SizeOp, size: int, target: int, **ranges: int | Iterable[int] | None) -> list[Setting]: ...
@overload
def solve_output_size(
    op: SizeOp, size: Sequence[int], target: Sequence[int], **ranges: int | Iterable[int] | None
) -> tuple[list[Setting], ...]: ...
def solve_output_size(
    op: SizeOp, size: int | Sequence[int], target: int | Sequence[int], **ranges: int | Iterable[int] | None
) -> list[Setting] | tuple[list[Setting], ...]:
    """Every setting within `ranges` that takes `size` to `target`, sorted; for pairs one list per axis.

    A range is a number or several numbers, by the name of a field of `Setting`; without one, kernel_size runs from 1 to 7, stride from
    1 to 4, padding from 0 to 6, output_padding from 0 to 3, dilation is 1 and ceil_mode False. Raises ValueError for an unknown name.

    >>> [(a.kernel_size, a.padding, a.output_padding) for a in solve_output_size("conv_transpose", 7, 14, stride=2)]
    [(1, 0, 1), (2, 0, 0), (3, 1, 1), (4, 1, 0), (5, 2, 1), (6, 2, 0), (7, 3, 1)]
    """
    refuse_op(op)
    if isinstance(size, Sequence):
        if not isinstance(target, Sequence) or len(target) != len(size):
            raise ValueError(f"target={target!r} does not fit size={size!r}: give one target per axis")
        return tuple(solve_output_size(op, n, goal, **ranges) for n, goal in zip(size, target, strict=True))
    defaults: dict[str, Iterable[int]] = {
        "kernel_size": range(1, 8),
        "stride": range(1, 5),
        "padding": range(7),
        "dilation": (1,),
        "output_padding": range(4) if op == "conv_transpose" else (0,),
        "ceil_mode": (False,),
    }
    for name, given in ranges.items():
        if name not in defaults:
            raise ValueError(f"{name} is not a setting: choose from {', '.join(defaults)}")
        if given is not None:
            defaults[name] = tuple(given) if isinstance(given, Iterable) else (given,)
    found = []
    for values in product(*defaults.values()):
        setting = _setting(values[:5], bool(values[5]))
        try:
            if axis_size(op, size, setting) == target:
                found.append(setting)
        except ValueError:
            continue
    return sorted(found)


def unread(op: SizeOp, size: int, setting: Setting) -> list[int]:
    """Input cells along one axis that no window of a convolution or pooling reads.

    >>> unread("conv", 8, Setting(3, 2, 0, 1, 0, ceil_mode=False))
    [7]
    """
    if op in ENLARGING:
        return []
    steps = range(axis_size(op, size, setting))
    read = {setting.stride * y + setting.dilation * tap - setting.padding for y in steps for tap in range(setting.kernel_size)}
    return [cell for cell in range(size) if cell not in read]


def _pair(name: str, value: int | Sequence[int]) -> Pair:
    given = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value, value]
    if len(given) != 2 or not all(isinstance(one, (int, np.integer)) and not isinstance(one, bool) for one in given):
        raise ValueError(f"{name}={value!r} should be a whole number or a pair (vertical, horizontal)")
    return int(given[0]), int(given[1])


def _setting(values: Sequence[int], ceil_mode: bool) -> Setting:
    kernel, stride, padding, dilation, extra = values
    return Setting(kernel, stride, padding, dilation, extra, ceil_mode)
