"""What a network without downsampling costs, beside an encoder-decoder with as many convolutions. Arithmetic only, as in `describe.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seglab.nets.architecture import LEAST, MOST, Architecture, whole_number
from seglab.nets.describe import describe

FLOAT = 4  # bytes


class Layer(NamedTuple):
    """A layer: the shape (C, H, W) of its output, its weights and biases, and its multiply-adds."""

    name: str
    shape: tuple[int, int, int]
    parameters: int
    macs: int


class Cost(NamedTuple):
    """A network: its layers, its parameters and multiply-adds for one image, the bytes of all maps that training keeps (float32), and the
    smallest and the largest receptive field of its output."""

    name: str
    layers: tuple[Layer, ...]
    parameters: int
    macs: int
    memory: int
    field: tuple[int, int]


def beside(depth: int, width: int, size: Sequence[int], in_channels: int = 3, classes: int = 21) -> list[Cost]:
    """A U-Net; its 3 x 3 layers in a row without downsampling; and as many layers that stay as narrow as its first.

    Raises ValueError for a size (height, width) that the U-Net does not take.

    >>> [f"{cost.macs / 1e9:.0f} G, {cost.memory / 2**20:.0f} MB, {cost.field[1]} pixels" for cost in beside(4, 64, (256, 256))]
    ['48 G, 157 MB, 204 pixels', '1851 G, 1477 MB, 37 pixels', '41 G, 293 MB, 37 pixels']
    """
    net = Architecture(in_channels, classes, depth, width, norm="none")
    blocks = describe(net, size)
    height, wide = (whole_number(name, value, LEAST, MOST) for name, value in zip(("height", "width"), size, strict=True))
    levels = net.channels
    widths = [c for c in (*levels, *reversed(levels[:-1])) for _ in range(2)]
    unet = tuple(_unet_layers(net, (height, wide)))
    parameters, macs = sum(block.parameters for block in blocks), sum(block.macs for block in blocks)
    convolutions = len(widths)
    field = (1 + 2 * convolutions,) * 2
    return [
        Cost("Encoder-decoder", unet, parameters, macs, _memory(unet), blocks[-1].receptive_field),
        _cost("As wide, never downsampled", tuple(_stack(in_channels, widths, classes, (height, wide))), field),
        _cost("Narrow, never downsampled", tuple(_stack(in_channels, [width] * convolutions, classes, (height, wide))), field),
    ]


def _unet_layers(net: Architecture, size: tuple[int, int]) -> Iterator[Layer]:
    """The U-Net layer by layer, where `describe` has its blocks: both convolutions of a block make a map of one shape."""
    for block in describe(net, size):
        c, pixels = block.shape[0], block.shape[1] * block.shape[2]
        if block.name.startswith(("encoder", "bottleneck", "decoder")):
            second = 9 * c * c
            yield Layer(f"{block.name}, first", block.shape, block.parameters - second - c, block.macs - second * pixels)
            yield Layer(f"{block.name}, second", block.shape, second + c, second * pixels)
        else:
            yield Layer(block.name, block.shape, block.parameters, block.macs)


def _stack(c: int, widths: Sequence[int], classes: int, size: tuple[int, int]) -> Iterator[Layer]:
    pixels = size[0] * size[1]
    for number, channels in enumerate(widths, start=1):
        yield Layer(f"convolution {number}", (channels, *size), (9 * c + 1) * channels, 9 * c * channels * pixels)
        c = channels
    yield Layer("head", (classes, *size), (c + 1) * classes, c * classes * pixels)


def _cost(name: str, layers: tuple[Layer, ...], field: tuple[int, int]) -> Cost:
    return Cost(name, layers, sum(one.parameters for one in layers), sum(one.macs for one in layers), _memory(layers), field)


def _memory(layers: Sequence[Layer]) -> int:
    return FLOAT * sum(c * height * width for c, height, width in (layer.shape for layer in layers))
