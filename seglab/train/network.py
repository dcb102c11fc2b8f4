"""The network that a configuration describes."""

from __future__ import annotations

from seglab.nets import build
from seglab.nets.blocks import Network
from seglab.train.config import TrainConfig


def network(config: TrainConfig, channels: int, classes: int) -> Network:
    """The network of a configuration for images of so many channels and so many classes.

    >>> network(TrainConfig(skip="add", depth=2), 3, 5).options["skip"]
    'add'
    """
    return build(config.architecture(channels, classes))
