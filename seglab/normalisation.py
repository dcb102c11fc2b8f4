"""Batch normalisation: every channel brought to one scale, by its own statistics or by remembered ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from seglab.arguments import planes, vector
from seglab.grid import Grid
from seglab.rows import FloatArray, Rows
from seglab.trace import Call, Trace


def batch_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    eps: float = 1e-5,
) -> Trace:
    """``weight * (input - mean) / sqrt(var + eps) + bias`` for each channel, for a batch of one image (H, W) or (C, H, W).

    In training, `mean` and `var` (divided by the count, not the count less one) are those of the channel's own cells; otherwise they are
    `running_mean` and `running_var`, one number a channel. `weight` and `bias`, also called gamma and beta, are 1 and 0 where left out.
    The trace has a second input, the mean of each channel; its rows hold the statistics as they are, and `backward` knows that in training
    they follow the input. Raises ValueError for evaluation without statistics, and for training on a single cell a channel.

    >>> batch_norm([[1, 2], [3, 4]], training=True).output.round(3).tolist()
    [[-1.342, -0.447], [0.447, 1.342]]
    >>> batch_norm([[1, 2], [3, 4]], [0], [4], eps=0).output.tolist()
    [[0.5, 1.0], [1.5, 2.0]]
    """
    values, shape = planes("input", input)
    channels = values.shape[0]
    given = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    told = {name: vector(name, numbers, channels) for name, numbers in given.items()}
    if not np.isfinite(eps) or eps < 0 or (training and eps == 0):
        raise ValueError(f"eps={eps!r} should be {'a number above 0' if training else 'at least 0'}: it keeps the division from 0")
    mean, var = _statistics(values, told["running_mean"], told["running_var"], training)
    if (var + eps <= 0).any():
        raise ValueError(f"channel {int(np.argmin(var))} has variance {float(var.min()):g}: with eps={eps:g} it cannot be divided by")
    scale = 1 / np.sqrt(var + eps)
    cells = np.arange(values.size)
    channel = cells // values[0].size
    rows = Rows(
        np.tile(cells, 2),
        np.concatenate([cells, values.size + channel]),
        np.zeros(2 * values.size, np.int64) if told["weight"] is None else np.tile(channel, 2),
        np.concatenate([scale[channel], -scale[channel]]),
    )
    means = mean[:, None, None]
    operands = {"input": values.reshape(shape), **{name: numbers for name, numbers in told.items() if numbers is not None}}
    return Trace(
        Call("batch_norm", operands, {"training": bool(training), "eps": float(eps)}),
        (values, means),
        (Grid(values.shape), Grid(means.shape)),
        rows,
        Grid(values.shape),
        (shape, (channels,)),
        shape,
        weight=told["weight"],
        bias=told["bias"],
        indirect=_through_statistics if training else None,
    )


def _statistics(values: FloatArray, mean: FloatArray | None, var: FloatArray | None, training: bool) -> tuple[FloatArray, FloatArray]:
    if training:
        if values[0].size < 2:
            raise ValueError("training=True needs at least 2 cells a channel: a single one has no spread")
        return values.mean(axis=(1, 2)), values.var(axis=(1, 2))
    if mean is None or var is None:
        raise ValueError("evaluation needs running_mean and running_var: give both, or training=True")
    if (var < 0).any():
        raise ValueError(f"running_var holds {float(var.min()):g}: a variance is at least 0")
    return mean, var


def _through_statistics(trace: Trace, gradient: FloatArray) -> FloatArray:
    """What the rows leave out of the input's gradient: mean and variance move with every cell. `gradient` is the output's, (C, H, W)."""
    values, mean = trace.inputs
    count = values[0].size
    scale = -trace.rows.coefficients[values.size :].reshape(values.shape)
    gamma = 1.0 if trace.weight is None else trace.weight[:, None, None]
    share, normal = gradient * gamma, (values - mean) * scale
    by_mean = share.sum(axis=(1, 2), keepdims=True)
    by_variance = (share * normal).sum(axis=(1, 2), keepdims=True)
    return np.asarray(-scale * (by_mean + normal * by_variance) / count)
