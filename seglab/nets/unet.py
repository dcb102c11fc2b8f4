"""The U-Net and its relatives: an encoder that halves, a decoder that doubles, and skips between the two.

Source: Ronneberger, Fischer and Brox, arXiv:1505.04597; with padding "valid" it is the paper's network. By default every convolution keeps
the size, so that the mask lies on the image, and batch normalisation is added, as in all newer implementations. With unpooling and no
skips it is the idea of SegNet: Badrinarayanan, Kendall and Cipolla, arXiv:1511.00561.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.nets.choices import CHOICES
from seglab.nets.fitting import border, output_size


def normalisation(norm: str, channels: int) -> nn.Module:
    """Batch normalisation; group normalisation of 8 channels a group where 8 divides them, else of one group; or nothing."""
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(channels // 8 if channels % 8 == 0 else 1, channels) if norm == "group" else nn.Identity()


class DoubleConv(nn.Sequential):
    """Twice 3x3 convolution, normalisation, ReLU: (B, C_in, H, W) to (B, C_out, H, W), or (B, C_out, H - 4, W - 4) without padding."""

    def __init__(self, c_in: int, c_out: int, norm: str = "batch", padding: str = "same") -> None:
        around, bias = int(padding == "same"), norm == "none"  # a normalisation would take a bias away again
        super().__init__(
            nn.Conv2d(c_in, c_out, 3, padding=around, bias=bias),
            normalisation(norm, c_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(c_out, c_out, 3, padding=around, bias=bias),
            normalisation(norm, c_out),
            nn.ReLU(inplace=True),
        )


class Unpool(nn.Conv2d):
    """A 1x1 convolution to half the channels, then every value goes to the place of its window where the encoder's maximum was.

    (B, 2C, H, W) and the pooling's indices (B, C, H + 2 lost, W + 2 lost) to (B, C, 2H, 2W); `lost` is what has gone on each side since.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(2 * channels, channels, kernel_size=1)

    def forward(self, x: Tensor, indices: Tensor, lost: int) -> Tensor:  # type: ignore[override]
        wide = 2 * indices.shape[-1]
        if lost:  # indices count along the rows: each row is 4 * lost places shorter now, and the first kept place becomes 0
            indices = centre(indices, lost)
            indices = indices - indices // wide * 4 * lost - 2 * lost * (wide - 4 * lost + 1)
        return F.max_unpool2d(super().forward(x), indices, (2, 2))


def mixed_on_cpu(x: Tensor) -> bool:
    """Whether operators on this map, on a CPU, are done in bfloat16 by autocast."""
    return x.is_cpu and torch.is_autocast_enabled("cpu")


class UpConvolution(nn.ConvTranspose2d):
    """The 2x2 transposed convolution of stride 2 to half the channels: (B, 2C, H, W) to (B, C, 2H, 2W).

    Its stamps never overlap, so it is one matrix product and a rearrangement. In bfloat16 on a CPU that comes to the same numbers, and
    back in a third of the time; in float32 it would be slower.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(2 * channels, channels, kernel_size=2, stride=2)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if not mixed_on_cpu(x):
            return super().forward(x, output_size)
        (n, _, height, width), c = x.shape, self.out_channels
        bias = None if self.bias is None else self.bias.repeat(4)
        stamps = F.linear(x.permute(0, 2, 3, 1), self.weight.permute(2, 3, 1, 0).reshape(4 * c, -1), bias)  # (B, H, W, 4C)
        rows = stamps.view(n, height, width, 2, 2, c).transpose(2, 3)  # (B, H, 2, W, 2, C)
        return rows.reshape(n, 2 * height, 2 * width, c).permute(0, 3, 1, 2)


def doubling(upsampling: str, channels: int) -> nn.Module:
    """What makes a map (B, 2C, H, W) twice as large with half the channels.

    After nearest and bilinear the convolution is 1x1: a 3x3 one would lose a border where there is no padding.
    """
    if upsampling == "transposed":
        return UpConvolution(channels)
    if upsampling == "unpool":
        return Unpool(channels)
    return nn.Sequential(nn.Upsample(scale_factor=2, mode=upsampling), nn.Conv2d(2 * channels, channels, kernel_size=1))


def centre(x: Tensor, lost: int) -> Tensor:
    """A map (B, C, H, W) without `lost` pixels on each side."""
    return x[..., lost : x.shape[-2] - lost, lost : x.shape[-1] - lost] if lost else x


class Joined(torch.autograd.Function):
    """torch.cat of two maps (B, C, H, W), except that each gets its half of the gradient as a map of its own.

    What follows would read views of 16 channels in 32 slowly: adding one to the gradient from pooling took seven times as long.
    """

    @staticmethod
    def forward(ctx: Any, skip: Tensor, x: Tensor) -> Tensor:
        ctx.channels = [skip.shape[1], x.shape[1]]
        return torch.cat([skip, x], dim=1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        halves = torch.split(gradient, ctx.channels, dim=1)
        return tuple(half.contiguous(memory_format=torch.channels_last) for half in halves)


class UNet(nn.Module):
    """Logits (B, classes, H', W') for images (B, in_channels, H, W); `fitting.output_size` says which H and W fit and what H' and W' are.

    Level i of the encoder has ``width * 2 ** i`` channels; `options` are the arguments as plain data. Raises ValueError for an option that
    is unknown, and in `forward` for a size that does not fit.

    >>> net = UNet(depth=3, width=16)
    >>> sum(p.numel() for p in net.parameters()), tuple(net(torch.zeros(1, 1, 24, 32)).shape)
    (482466, (1, 2, 24, 32))
    >>> tuple(UNet(depth=3, width=4, padding="valid")(torch.zeros(1, 1, 92, 100)).shape)
    (1, 2, 4, 12)
    """

    def __init__(
        self,
        in_channels: int = 1,
        classes: int = 2,
        depth: int = 3,
        width: int = 16,
        norm: str = "batch",
        skip: str = "concat",
        upsampling: str = "transposed",
        padding: str = "same",
    ) -> None:
        super().__init__()
        for name, value in (("norm", norm), ("skip", skip), ("upsampling", upsampling), ("padding", padding)):
            if value not in CHOICES[name]:
                raise ValueError(f"{name}={value!r} is unknown: {', '.join(CHOICES[name][:-1])} or {CHOICES[name][-1]}")
        shape = {"in_channels": in_channels, "classes": classes, "depth": depth, "width": width}
        self.options: dict[str, int | str] = {**shape, "norm": norm, "skip": skip, "upsampling": upsampling, "padding": padding}
        self.channels, self.classes, self.depth = in_channels, classes, depth
        self.skip, self.upsampling, self.padding = skip, upsampling, padding

        def block(c_in: int, c_out: int) -> DoubleConv:
            return DoubleConv(c_in, c_out, norm, padding)

        channels = [width * 2**level for level in range(depth + 1)]
        self.encoder = nn.ModuleList(block(c_in, c_out) for c_in, c_out in zip([in_channels, *channels], channels[:-1], strict=False))
        self.bottleneck = block(channels[-2] if depth else in_channels, channels[-1])
        self.up = nn.ModuleList(doubling(upsampling, c) for c in reversed(channels[:-1]))
        self.decoder = nn.ModuleList(block(2 * c if skip == "concat" else c, c) for c in reversed(channels[:-1]))
        self.head = nn.Conv2d(width, classes, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        for size in x.shape[-2:]:
            output_size(size, self.depth, self.padding)
        kept = []
        for block in self.encoder:
            x = block(x)
            pooled, indices = F.max_pool2d(x, 2, return_indices=True) if self.upsampling == "unpool" else (F.max_pool2d(x, 2), None)
            kept.append((x, indices))
            x = pooled
        x = self.bottleneck(x)
        for deep, (up, block, (skip, indices)) in enumerate(zip(self.up, self.decoder, reversed(kept), strict=True), start=1):
            lost = max(border(deep, self.padding) - 4, 0)  # by what lies between: the border less what the blocks of this level take
            x = up(x) if indices is None else up(x, indices, lost // 2)
            x = block(self.joined(centre(skip, lost), x))
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
