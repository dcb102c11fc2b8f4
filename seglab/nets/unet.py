"""The U-Net, padded form: an encoder that halves, a decoder that doubles, and skips that are concatenated.

Source: Ronneberger, Fischer and Brox, arXiv:1505.04597. The paper's valid convolutions lose the border; here every convolution keeps the
size, so that the mask lies on the image. Batch normalisation is added, as in all newer implementations.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DoubleConv(nn.Sequential):
    """Twice 3x3 convolution, batch normalisation, ReLU: (B, C_in, H, W) to (B, C_out, H, W)."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__(
            nn.Conv2d(c_in, c_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(c_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(c_out, c_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(c_out),
            nn.ReLU(inplace=True),
        )


class UNet(nn.Module):
    """Logits (B, classes, H, W) for images (B, in_channels, H, W); H and W must be multiples of ``2 ** depth``.

    Level i of the encoder has ``width * 2 ** i`` channels. Raises ValueError for a size that does not halve `depth` times.

    >>> net = UNet(depth=3, width=16)
    >>> sum(p.numel() for p in net.parameters()), tuple(net(torch.zeros(1, 1, 24, 32)).shape)
    (482466, (1, 2, 24, 32))
    """

    def __init__(self, in_channels: int = 1, classes: int = 2, depth: int = 3, width: int = 16) -> None:
        super().__init__()
        channels = [width * 2**level for level in range(depth + 1)]
        self.channels, self.classes, self.depth = in_channels, classes, depth
        self.encoder = nn.ModuleList(DoubleConv(c_in, c_out) for c_in, c_out in zip([in_channels, *channels], channels[:-1], strict=False))
        self.bottleneck = DoubleConv(channels[-2] if depth else in_channels, channels[-1])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, kernel_size=2, stride=2) for c in reversed(channels[:-1]))
        self.decoder = nn.ModuleList(DoubleConv(2 * c, c) for c in reversed(channels[:-1]))
        self.head = nn.Conv2d(width, classes, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        step = 2**self.depth
        if x.shape[-2] % step or x.shape[-1] % step:
            raise ValueError(f"size {x.shape[-2]} x {x.shape[-1]} does not halve {self.depth} times: multiples of {step} are needed")
        skips = []
        for block in self.encoder:
            x = block(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.bottleneck(x)
        for up, block, skip in zip(self.up, self.decoder, reversed(skips), strict=True):
            x = block(torch.cat([skip, up(x)], dim=1))  # (B, 2C, H, W)
        logits: Tensor = self.head(x)
        return logits
