"""What a network without downsampling costs, beside an encoder-decoder with as many convolutions. Arithmetic only, as in `describe.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seglab.nets.architecture import Architecture
from seglab.nets.describe import FLOAT, Block, describe


class Layer(NamedTuple):
    """A layer: the shape (C, H, W) of its output, its weights and biases, and its multiply-adds."""

    name: str
    shape: tuple[int, int, int]
    parameters: int
    macs: int


class Cost(NamedTuple):
    """A network: its layers, its parameters and multiply-adds for one image, the bytes of all maps that it makes of one image in float32
    (as `describe` counts them), and the smallest and the largest receptive field of its output."""

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
    ['48 G, 240 MB, 204 pixels', '1851 G, 1477 MB, 37 pixels', '41 G, 293 MB, 37 pixels']
    """
    net = Architecture(in_channels, classes, depth, width, norm="none")
    blocks = describe(net, size)
    height, wide = blocks[0].shape[1:]  # the image's, as convolutions are padded
    parameters, macs, memory = (sum(numbers) for numbers in zip(*((b.parameters, b.macs, b.memory) for b in blocks), strict=True))
    whole = throughout(net, (height, wide), blocks).layers
    rows = [("As wide, never downsampled", whole), ("Narrow, never downsampled", tuple(_narrow(in_channels, width, whole)))]
    return [
        Cost("Encoder-decoder", tuple(_unet_layers(blocks)), parameters, macs, memory, blocks[-1].receptive_field),
        *(_cost(name, (*layers, _head(layers[-1], classes)), 1, 1 + 2 * len(layers)) for name, layers in rows),
    ]


def throughout(net: Architecture, size: tuple[int, int], blocks: Sequence[Block]) -> Cost:
    """The double convolutions of a network, given as `describe` has its blocks, on maps as large as the image all the way.

    >>> from seglab.nets import paper_unet
    >>> blocks = describe(paper_unet(), (572, 572))
    >>> cost = throughout(paper_unet(), (572, 572), blocks)
    >>> cost.macs == 572**2 * sum(layer.parameters - layer.shape[0] for layer in cost.layers), cost.field
    (True, (37, 37))
    """
    layers = tuple(_convolutions(net, size, blocks))
    return _cost("Never downsampled", layers, 1 if net.norm == "none" else 2, 1 + len(layers) * (net.kernel_size - 1))


def is_double(block: Block) -> bool:
    """Whether a block is two convolutions."""
    return block.name.partition(".")[0] in ("encoder", "bottleneck", "decoder")


def _convolutions(net: Architecture, size: tuple[int, int], blocks: Sequence[Block]) -> Iterator[Layer]:
    beside = 1 if net.norm == "none" else 2  # a channel's bias, or its normalisation's two numbers
    pixels, number = size[0] * size[1], 0
    for block in filter(is_double, blocks):
        first, second = (shape[0] for shape in block.maps[:2])
        last = net.kernel_size**2 * first * second
        for channels, weights in ((first, block.parameters - beside * (first + second) - last), (second, last)):
            number += 1
            yield Layer(f"convolution {number}", (channels, *size), weights + beside * channels, weights * pixels)


def _unet_layers(blocks: Sequence[Block]) -> Iterator[Layer]:
    """The U-Net layer by layer, where `describe` has its blocks: both convolutions of a block make a map of one shape."""
    for block in blocks:
        c, pixels = block.shape[0], block.shape[1] * block.shape[2]
        if is_double(block):
            second = 9 * c * c
            yield Layer(f"{block.name}, first", block.shape, block.parameters - second - c, block.macs - second * pixels)
            yield Layer(f"{block.name}, second", block.shape, second + c, second * pixels)
        else:
            yield Layer(block.name, block.shape, block.parameters, block.macs)


def _narrow(c: int, width: int, layers: Sequence[Layer]) -> Iterator[Layer]:
    """As many layers of one width, of 3 x 3 kernels."""
    for layer in layers:
        _, height, wide = layer.shape
        yield Layer(layer.name, (width, height, wide), (9 * c + 1) * width, 9 * c * width * height * wide)
        c = width


def _head(last: Layer, classes: int) -> Layer:
    c, height, wide = last.shape
    return Layer("head", (classes, height, wide), (c + 1) * classes, c * classes * height * wide)


def _cost(name: str, layers: tuple[Layer, ...], each: int, field: int) -> Cost:
    """Layers in a row; `each` makes one map, or with a normalisation two."""
    memory = FLOAT * each * sum(c * height * wide for c, height, wide in (layer.shape for layer in layers))
    return Cost(name, layers, sum(one.parameters for one in layers), sum(one.macs for one in layers), memory, (field, field))
