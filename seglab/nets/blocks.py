"""What the networks here have in common: blocks of two convolutions, ways to double a map, and what a network says of itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.nets.architecture import Architecture
from seglab.nets.fitting import output_size


class Network(nn.Module):
    """What its architecture says, as attributes; `options` are its fields as plain data. Raises ValueError as `Architecture` does."""

    def __init__(self, net: Architecture) -> None:
        super().__init__()
        self.options: dict[str, int | str] = asdict(net)
        self.channels, self.classes, self.depth, self.kernel_size = net.in_channels, net.classes, net.depth, net.kernel_size
        self.kind, self.skip, self.upsampling, self.padding = net.kind, net.skip, net.upsampling, net.padding

    def refuse(self, x: Tensor) -> None:
        """Raise ValueError for images (B, C, H, W) whose sizes do not fit."""
        for size in x.shape[-2:]:
            output_size(size, self)


def encoder_of(net: Architecture) -> nn.ModuleList:
    """A block for each level but the deepest."""
    return nn.ModuleList(block(net, a, b) for a, b in zip([net.in_channels, *net.channels], net.channels[:-1], strict=False))


def bottleneck_of(net: Architecture) -> DoubleConv:
    """The block of the deepest level."""
    return block(net, net.channels[-2] if net.depth else net.in_channels, net.channels[-1])


def block(net: Architecture, c_in: int, c_out: int, last: int | None = None) -> DoubleConv:
    """Two convolutions as the architecture has them."""
    return DoubleConv(c_in, c_out, net.norm, net.padding, net.kernel_size, last)


def normalisation(norm: str, channels: int) -> nn.Module:
    """Batch normalisation; group normalisation of 8 channels a group where 8 divides them, else of one group; or nothing."""
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(channels // 8 if channels % 8 == 0 else 1, channels) if norm == "group" else nn.Identity()


class DoubleConv(nn.Sequential):
    """Twice convolution, normalisation, ReLU: (B, C_in, H, W) to (B, C_out, H, W), or without padding for 3x3 (B, C_out, H - 4, W - 4).

    The second convolution may have a number of channels of its own, `last`.
    """

    def __init__(
        self, c_in: int, c_out: int, norm: str = "batch", padding: str = "same", kernel_size: int = 3, last: int | None = None
    ) -> None:
        around, bias = kernel_size // 2 if padding == "same" else 0, norm == "none"  # a normalisation would take a bias away again
        end = last or c_out
        super().__init__(
            nn.Conv2d(c_in, c_out, kernel_size, padding=around, bias=bias),
            normalisation(norm, c_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(c_out, end, kernel_size, padding=around, bias=bias),
            normalisation(norm, end),
            nn.ReLU(inplace=True),
        )


def unpooled(x: Tensor, indices: Tensor, lost: int) -> Tensor:
    """Every value of x (B, C, H, W) at the place of its window where the encoder's maximum was: (B, C, 2H, 2W), zeros elsewhere.

    The pooling's `indices` are (B, C, H + 2 lost, W + 2 lost); `lost` is what has gone on each side since.
    """
    wide = 2 * indices.shape[-1]
    if lost:  # indices count along the rows: each row is 4 * lost places shorter now, and the first kept place becomes 0
        indices = centre(indices, lost)
        indices = indices - indices // wide * 4 * lost - 2 * lost * (wide - 4 * lost + 1)
    return F.max_unpool2d(x, indices, (2, 2))


class Unpool(nn.Conv2d):
    """A 1x1 convolution to half the channels, then unpooling: (B, 2C, H, W) to (B, C, 2H, 2W)."""

    def __init__(self, channels: int) -> None:
        super().__init__(2 * channels, channels, kernel_size=1)

    def forward(self, x: Tensor, indices: Tensor, lost: int) -> Tensor:  # type: ignore[override]
        return unpooled(super().forward(x), indices, lost)


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
