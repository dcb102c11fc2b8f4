"""The network that a configuration describes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from seglab.nets import Architecture, build
from seglab.nets.unet import UNet
from seglab.train.config import TrainConfig


def network(config: TrainConfig, channels: int, classes: int) -> UNet:
    """The network of a configuration for images of so many channels and so many classes.

    >>> network(TrainConfig(skip="add", depth=2), 3, 5).options["skip"]
    'add'
    """
    chosen: dict[str, Any] = {s.name: getattr(config, s.name) for s in fields(config) if s.metadata["group"] == "network"}
    return build(Architecture(channels, classes, **chosen))
