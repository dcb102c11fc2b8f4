"""The U-Net: an encoder that halves, a decoder that doubles, and skips between the two.

Source: Ronneberger, Fischer and Brox, arXiv:1505.04597; with padding "valid" it is the paper's network. By default every convolution keeps
the size, so that the mask lies on the image, and batch normalisation is added, as in all newer implementations. Without skips it is a plain
encoder-decoder.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.nets.architecture import Architecture
from seglab.nets.blocks import Joined, Network, block, bottleneck_of, centre, doubling, encoder_of, mixed_on_cpu
from seglab.nets.fitting import crop


class UNet(Network):
    """Logits (B, classes, H', W') for images (B, in_channels, H, W); `fitting.output_size` says which H and W fit and what H' and W' are.

    Level i of the encoder has ``width * 2 ** i`` channels; the arguments are the fields of an `Architecture`. Raises ValueError for one
    that is unknown, and in `forward` for a size that does not fit.

    >>> net = UNet(depth=3, width=16)
    >>> sum(p.numel() for p in net.parameters()), tuple(net(torch.zeros(1, 1, 24, 32)).shape)
    (482466, (1, 2, 24, 32))
    >>> tuple(UNet(depth=3, width=4, padding="valid")(torch.zeros(1, 1, 92, 100)).shape)
    (1, 2, 4, 12)
    """

    def __init__(self, *sizes: int, **options: int | str) -> None:
        net = Architecture(*sizes, **options)  # type: ignore[arg-type]
        super().__init__(net)
        levels = net.channels[-2::-1]
        self.encoder = encoder_of(net)
        self.bottleneck = bottleneck_of(net)
        self.up = nn.ModuleList(doubling(net.upsampling, c) for c in levels)
        self.decoder = nn.ModuleList(block(net, 2 * c if net.skip == "concat" else c, c) for c in levels)
        self.head = nn.Conv2d(net.width, net.classes, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        self.refuse(x)
        kept = []
        for level in self.encoder:
            x = level(x)
            pooled, indices = F.max_pool2d(x, 2, return_indices=True) if self.upsampling == "unpool" else (F.max_pool2d(x, 2), None)
            kept.append((x, indices))
            x = pooled
        x = self.bottleneck(x)
        for deep, (up, level, (skip, indices)) in enumerate(zip(self.up, self.decoder, reversed(kept), strict=True), start=1):
            lost = crop(self, deep)
            x = up(x) if indices is None else up(x, indices, lost // 2)
            x = level(self.joined(centre(skip, lost), x))
        logits: Tensor = self.head(x)
        return logits

    def joined(self, skip: Tensor, x: Tensor) -> Tensor:
        """The encoder's map and the decoder's, both (B, C, H, W): concatenated to (B, 2C, H, W), added, or the decoder's alone."""
        if self.skip == "none":
            return x
        if self.skip == "add":
            return skip + x
        joined: Tensor = Joined.apply(skip, x) if mixed_on_cpu(x) else torch.cat([skip, x], dim=1)  # type: ignore[no-untyped-call]
        return joined
