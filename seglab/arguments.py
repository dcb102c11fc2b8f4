"""Arguments of operators: numbers, pairs and arrays as people write them, brought to one form or refused in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seglab.grid import Margins
from seglab.rows import FloatArray, Pair


def array(name: str, values: Any) -> FloatArray:
    """`values` as a read-only float64 array. Raises ValueError for ragged lists, text, NaN and infinity.

    >>> array("input", [[1, 2]]).shape
    (1, 2)
    """
    try:
        result = np.array(values, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is not a rectangular array of numbers: every row needs the same count of numbers") from None
    if result.size == 0:
        raise ValueError(f"{name} has no cell (shape {result.shape}): give at least one number")
    if not np.isfinite(result).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(result))[0])
        raise ValueError(f"{name} holds {result[where]} at {where}: give a finite number")
    result.flags.writeable = False
    return result


def planes(name: str, values: Any, dims: int = 2) -> tuple[FloatArray, tuple[int, ...]]:
    """`values` as (C, H, W) with the shape it was given in: (H, W) or (C, H, W), on a line (L,) or (C, L)."""
    given = array(name, values)
    if given.ndim not in (dims, dims + 1):
        wanted = "(L,) or (C, L)" if dims == 1 else "(H, W) or (C, H, W)"
        raise ValueError(f"{name} has shape {given.shape}: it should be {wanted}")
    channels = given.shape[0] if given.ndim > dims else 1
    height, width = (1, given.shape[-1]) if dims == 1 else given.shape[-2:]
    return given.reshape(channels, height, width), given.shape


def weights(values: Any, dims: int) -> FloatArray:
    """A kernel in torch's 4-D layout; (kH, kW), on a line (k,), stands for one channel in and out."""
    given = array("weight", values)
    if given.ndim == dims:
        given = given[None, None]
    if given.ndim != dims + 2:
        wanted = "(k,) or (C, C, k)" if dims == 1 else "(kH, kW) or (C, C, kH, kW)"
        raise ValueError(f"weight has shape {given.shape}: it should be {wanted}")
    return given[:, :, None, :] if dims == 1 else given


def vector(name: str, values: Any, channels: int) -> FloatArray | None:
    """A bias of one number a channel, or None. A single number is accepted for one channel."""
    if values is None:
        return None
    given = array(name, values).reshape(-1)
    if len(given) != channels:
        raise ValueError(f"{name} has {len(given)} numbers: one for each of the {channels} output channels is needed")
    return given


def pair(name: str, value: int | Sequence[int], dims: int = 2, default: int = 1) -> Pair:
    """A number or (vertical, horizontal) as a pair; on a line the vertical one is `default`. Raises ValueError for anything else.

    >>> pair("stride", 2), pair("stride", (1, 2)), pair("stride", 2, dims=1)
    ((2, 2), (1, 2), (1, 2))
    """
    values: list[Any] = []
    if _whole(value):
        values = [value] * dims
    elif isinstance(value, Sequence) and not isinstance(value, str):
        values = list(value)
    if len(values) != dims or not all(_whole(v) for v in values):
        wanted = "a whole number" if dims == 1 else "a whole number or a pair (vertical, horizontal)"
        raise ValueError(f"{name}={value!r} should be {wanted}")
    return (default, int(values[0])) if dims == 1 else (int(values[0]), int(values[1]))


def margins(padding: Any, kernel: Pair, stride: Pair, dilation: Pair, dims: int = 2) -> Margins:
    """Padding as ((top, bottom), (left, right)); "same" puts the odd cell on the right and bottom, as torch does.

    >>> margins("same", (2, 2), (1, 1), (1, 1))
    ((0, 1), (0, 1))
    """
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        if stride != (1, 1):
            raise ValueError(f'padding="same" needs stride 1, here {stride[2 - dims :]}: give the padding as a number')
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return (total[0] // 2, total[0] - total[0] // 2), (total[1] // 2, total[1] - total[1] // 2)
    if isinstance(padding, str):
        raise ValueError(f'padding={padding!r} is unknown: a number, a pair, ((top, bottom), (left, right)), "same" or "valid"')
    if isinstance(padding, Sequence) and any(isinstance(side, Sequence) for side in padding):
        sides = [pair("padding", side) for side in padding]
        if len(sides) != dims:
            raise ValueError(f"padding={padding!r} should be {'((left, right),)' if dims == 1 else '((top, bottom), (left, right))'}")
        return ((0, 0), sides[0]) if dims == 1 else (sides[0], sides[1])
    vertical, horizontal = pair("padding", padding, dims, default=0)
    return (vertical, vertical), (horizontal, horizontal)


def whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least `least`, else ValueError."""
    if not _whole(value) or value < least:
        raise ValueError(f"{name}={value!r} should be a whole number of at least {least}")
    return int(value)


def _whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
