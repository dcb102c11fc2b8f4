"""Activations: the function applied to every output cell, with its slope and the way torch writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from seglab.rows import FloatArray

Function = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Activation:
    """A function of one cell, its slope, and `torch`, its expression in PyTorch with ``{x}`` for the argument."""

    function: Function
    slope: Function
    torch: str


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation(lambda x: np.maximum(x, 0.0), lambda x: np.where(x > 0, 1.0, 0.0), "torch.relu({x})"),
    "sigmoid": Activation(expit, lambda x: expit(x) * expit(-x), "torch.sigmoid({x})"),
    "tanh": Activation(np.tanh, lambda x: 1 - np.tanh(x) ** 2, "torch.tanh({x})"),
}


def activation(name: str) -> Activation:
    """The activation of that name. Raises ValueError for another name.

    >>> activation("sigmoid").slope(np.zeros(1)).tolist()
    [0.25]
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation={name!r} is unknown: choose one of {', '.join(ACTIVATIONS)}, or None")
    return ACTIVATIONS[name]


def threshold_at(limit: float, value: float | None) -> Activation:
    """Above `limit` or not: 1 and 0 without `value`; with it the cell itself and `value`, as torch.nn.functional.threshold."""
    if value is None:
        return Activation(lambda x: np.where(x > limit, 1.0, 0.0), np.zeros_like, f"({{x}} > {limit!r}).double()")
    return Activation(
        lambda x: np.where(x > limit, x, value),
        lambda x: np.where(x > limit, 1.0, 0.0),
        f"F.threshold({{x}}, {limit!r}, {value!r})",
    )
