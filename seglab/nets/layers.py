"""The layers that a block of a network is made of, one after the other, by name. No torch is loaded."""

from __future__ import annotations

from seglab.nets.architecture import Architecture
from seglab.nets.choices import FUSED


def layers_of(net: Architecture, block: str) -> tuple[str, ...]:
    """The layers of a block: ``conv1`` and ``conv2`` with their normalisation and ReLU, ``pool``, ``join`` (two maps side by side, or
    added), ``up`` (larger again), ``point`` (the 1x1 convolution before an unpooling) and ``head`` (1x1, to scores).

    >>> layers_of(Architecture(), "encoder.0"), layers_of(Architecture(upsampling="unpool", skip="none"), "up.0")
    (('conv1', 'conv2', 'pool'), ('point', 'up'))
    """
    kind, _, number = block.partition(".")
    if kind == "decoder":
        first = ("up",) if net.kind == "segnet" else ("join",) if net.skip != "none" else ()
        return (*first, "conv1", "conv2")
    if kind == "up" and net.kind in FUSED:
        return ("up", "join") if int(number) < FUSED[net.kind] else ("up",)
    if kind == "up":
        return ("point", "up") if net.upsampling == "unpool" else ("up",)
    return {"encoder": ("conv1", "conv2", "pool"), "bottleneck": ("conv1", "conv2"), "head": ("head",), "scores": ("head",)}[kind]
