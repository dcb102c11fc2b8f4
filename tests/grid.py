"""Every choice of a network: the U-Net's grid, and its relatives'."""

from __future__ import annotations

from itertools import product
from typing import Any

from seglab.nets.choices import CHOICES, FUSED

Choice = dict[str, Any]

UNETS: list[Choice] = [dict(zip(CHOICES, values, strict=True)) for values in product(*CHOICES.values())]
SEGNETS: list[Choice] = [{"kind": "segnet", "norm": norm, "padding": padding} for norm in CHOICES["norm"] for padding in CHOICES["padding"]]
FCNS: list[Choice] = [
    {"kind": kind, "upsampling": upsampling, "padding": padding}
    for kind, upsampling, padding in product(FUSED, CHOICES["upsampling"][:3], CHOICES["padding"])
]
WIDE: list[Choice] = [
    {"kernel_size": kernel_size, "padding": padding, "kind": kind}
    for kernel_size, padding, kind in product((5, 7), CHOICES["padding"], ("unet", "segnet", "fcn8s"))
]
GRID = UNETS + SEGNETS + FCNS + WIDE


def named(choice: Choice) -> str:
    return "-".join(str(value) for value in choice.values())


def deep(choice: Choice, depth: int) -> int:
    """`depth`, or the least that the choice needs."""
    return max(depth, FUSED.get(choice.get("kind", "unet"), 0) + 1)
