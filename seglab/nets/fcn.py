"""FCN-32s, 16s and 8s: scores of every class on the coarsest map, added to those of finer ones on the way up to the pixels.

Source: Long, Shelhamer and Darrell, arXiv:1411.4038; its encoder is replaced by the one that all networks here have, and padding 100 with
a crop by sizes that fit. The transposed convolutions begin as bilinear interpolation, and scores of finer maps as zero, as in the paper.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.nets.architecture import Architecture
from seglab.nets.blocks import Network, bottleneck_of, centre, encoder_of
from seglab.nets.choices import FUSED
from seglab.nets.fitting import crop


def bilinear_kernel(factor: int) -> Tensor:
    """The kernel (2 factor, 2 factor) with which a transposed convolution of stride `factor` and padding factor / 2 interpolates.

    >>> bilinear_kernel(2)[1].tolist()
    [0.1875, 0.5625, 0.5625, 0.1875]
    """
    line = 1 - (torch.arange(2 * factor) + 0.5 - factor).abs() / factor
    return line[:, None] * line


def enlarging(upsampling: str, start: str, classes: int, factor: int) -> nn.Module:
    """What makes scores (B, classes, H, W) `factor`, an even number, times as large: learned from its start, or fixed."""
    if upsampling != "transposed":
        return nn.Upsample(scale_factor=factor, mode=upsampling)
    up = nn.ConvTranspose2d(classes, classes, 2 * factor, factor, factor // 2, bias=False)
    if start == "bilinear":
        with torch.no_grad():
            up.weight.zero_()
            for c in range(classes):
                up.weight[c, c] = bilinear_kernel(factor)
    return up


class FCN(Network):
    """Logits (B, classes, H', W') for images (B, in_channels, H, W); the arguments are the fields of an `Architecture`.

    >>> net = FCN(kind="fcn8s", depth=3, width=4)
    >>> sum(p.numel() for p in net.parameters()), tuple(net(torch.zeros(1, 1, 24, 32)).shape)
    (18850, (1, 2, 24, 32))
    """

    def __init__(self, *sizes: int, **options: int | str) -> None:
        net = Architecture(*sizes, **{"kind": "fcn32s", **options})  # type: ignore[arg-type]
        super().__init__(net)
        fused = FUSED[net.kind]
        factors = [*[2] * fused, 2 ** (net.depth - fused)]
        self.encoder = encoder_of(net)
        self.bottleneck = bottleneck_of(net)
        self.head = nn.Conv2d(net.channels[-1], net.classes, kernel_size=1)
        self.scores = nn.ModuleList(nn.Conv2d(net.channels[net.depth - deep - 1], net.classes, 1) for deep in range(1, fused + 1))
        for score in self.scores:
            nn.init.zeros_(score.weight)  # type: ignore[arg-type]
            nn.init.zeros_(score.bias)  # type: ignore[arg-type]
        self.up = nn.ModuleList(enlarging(net.upsampling, net.start, net.classes, factor) for factor in factors)

    def forward(self, x: Tensor) -> Tensor:
        return self.stages(x)[-1]

    def stages(self, x: Tensor) -> list[Tensor]:
        """The coarse scores, then after each addition the fused ones, at last the logits; each twice as fine as the one before but for
        the last, which are the pixels'."""
        self.refuse(x)
        pooled = []
        for level in self.encoder:
            x = F.max_pool2d(level(x), 2)
            pooled.append(x)
        scores: list[Tensor] = [self.head(self.bottleneck(x))]
        for deep, (score, up) in enumerate(zip(self.scores, self.up, strict=False), start=1):
            scores.append(centre(score(pooled[-deep - 1]), crop(self, deep)) + up(scores[-1]))
        scores.append(self.up[-1](scores[-1]))
        return scores


def grown_from(finer: FCN, coarser: FCN) -> None:
    """Give an FCN what a coarser one has learned, as the paper goes from 32s to 16s to 8s: encoder, head, scores and enlargements by two.

    What it has more, a score of zero and enlargements, stays as it started. Raises ValueError for two that do not follow each other.

    >>> coarse, fine = FCN(kind="fcn32s", depth=3, width=4), FCN(kind="fcn16s", depth=3, width=4)
    >>> grown_from(fine, coarse)
    >>> bool((fine.head.weight == coarse.head.weight).all()), bool((fine.scores[0].weight == 0).all())
    (True, True)
    """
    if FUSED[finer.kind] != FUSED[coarser.kind] + 1:
        raise ValueError(f"{finer.kind} does not follow {coarser.kind}: 16s grows from 32s, 8s from 16s")
    last = f"up.{FUSED[coarser.kind]}."  # the leap to the pixels is another one now
    kept = {name: tensor for name, tensor in coarser.state_dict().items() if not name.startswith(last)}
    finer.load_state_dict({**finer.state_dict(), **kept})
