"""The U-Net's encoder with a classifier's end: what an encoder is trained with before it is brought along.

As in the classifiers of ImageNet whose encoders segmentation borrows, everything but the last layer is kept.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from seglab.nets.architecture import Architecture
from seglab.nets.blocks import bottleneck_of, encoder_of

SHIPPED = Architecture(in_channels=3, depth=3, width=8)  # whose encoder is in assets/networks/encoder.safetensors


class EncoderClassifier(nn.Module):
    """Logits (B, kinds) of images (B, C, H, W) whose sides are multiples of ``2 ** depth``: the largest response of every deepest map,
    then a weight for each. Its encoder and bottleneck have the names and shapes that they have in a network of `net`.

    >>> import torch
    >>> model = EncoderClassifier(SHIPPED, 4)
    >>> tuple(model(torch.zeros(2, 3, 64, 64)).shape), sum(p.numel() for p in model.parameters())
    ((2, 4), 74108)
    """

    def __init__(self, net: Architecture, kinds: int) -> None:
        super().__init__()
        self.encoder = encoder_of(net)
        self.bottleneck = bottleneck_of(net)
        self.classify = nn.Linear(net.channels[-1], kinds)

    def forward(self, x: Tensor) -> Tensor:
        for level in self.encoder:
            x = F.max_pool2d(level(x), 2)
        logits: Tensor = self.classify(self.bottleneck(x).amax((2, 3)))
        return logits
