"""SegNet: what max pooling remembers of its winners' places brings every value back there; no other skip.

Source: Badrinarayanan, Kendall and Cipolla, arXiv:1511.00561, with two convolutions on every level and a width that doubles.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from seglab.nets.architecture import Architecture
from seglab.nets.blocks import Network, block, encoder_of, unpooled
from seglab.nets.fitting import crop


class SegNet(Network):
    """Logits (B, classes, H', W') for images (B, in_channels, H, W); the arguments are the fields of an `Architecture`.

    Its deepest maps are the pooled ones of the last level; the decoder's blocks mirror the encoder's.

    >>> net = SegNet(depth=2, width=4)
    >>> sum(p.numel() for p in net.parameters()), [block[3].out_channels for block in net.decoder]
    (2294, [4, 4])
    """

    def __init__(self, *sizes: int, **options: int | str) -> None:
        net = Architecture(*sizes, **{**options, "kind": "segnet"})  # type: ignore[arg-type]
        super().__init__(net)
        levels = net.channels[-2::-1]
        self.encoder = encoder_of(net)
        self.decoder = nn.ModuleList(block(net, c, c, above) for c, above in zip(levels, [*levels[1:], net.width], strict=True))
        self.head = nn.Conv2d(net.width, net.classes, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        self.refuse(x)
        kept = []
        for level in self.encoder:
            x, indices = F.max_pool2d(level(x), 2, return_indices=True)
            kept.append(indices)
        for deep, (level, indices) in enumerate(zip(self.decoder, reversed(kept), strict=True), start=1):
            x = level(unpooled(x, indices, crop(self, deep) // 2))
        logits: Tensor = self.head(x)
        return logits
