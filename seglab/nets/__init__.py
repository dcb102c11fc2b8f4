"""Networks and what is judged with torch. Importing this package loads no torch; its modules and `build` do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglab.nets.architecture import Architecture, paper_unet
from seglab.nets.describe import Block, describe

if TYPE_CHECKING:
    from seglab.nets.blocks import Network

__all__ = ["Architecture", "Block", "build", "describe", "paper_unet"]


def build(net: Architecture) -> Network:
    """The torch module of an architecture: logits (B, classes, H', W') for images (B, in_channels, H, W).

    >>> sum(p.numel() for p in build(Architecture(depth=2, width=8)).parameters())
    29490
    """
    from dataclasses import asdict

    from seglab.nets.fcn import FCN
    from seglab.nets.segnet import SegNet
    from seglab.nets.unet import UNet

    made: Network = {"unet": UNet, "segnet": SegNet}.get(net.kind, FCN)(**asdict(net))
    return made
