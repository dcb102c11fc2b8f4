"""The network that a configuration describes."""

from __future__ import annotations

import torch

from seglab.data.shipped import assets
from seglab.nets import build
from seglab.nets.blocks import Network
from seglab.train.config import TrainConfig, refuse_unfit
from seglab.train.encoder import bring, read_encoder

ENCODER = "encoder.safetensors"  # among the networks that came along


def network(config: TrainConfig, channels: int, classes: int) -> Network:
    """The network of a configuration for images of so many channels and so many classes.

    >>> network(TrainConfig(skip="add", depth=2), 3, 5).options["skip"]
    'add'
    """
    return build(config.architecture(channels, classes))


def begun(config: TrainConfig, channels: int, classes: int) -> Network:
    """The network as its training begins, with the weights of its seed and, if the configuration says so, an encoder brought along.

    Raises ValueError where that does not fit.

    >>> begun(TrainConfig(data="shapes", width=8, encoder="pretrained"), 3, 5).depth
    3
    """
    torch.manual_seed(config.seed)
    model = network(config, channels, classes)
    if config.encoder != "random":
        refuse_unfit(config, channels)
        bring(model, read_encoder(assets() / "networks" / ENCODER), frozen=config.encoder == "frozen")
    return model
