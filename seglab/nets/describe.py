"""The blocks of a network with their shapes, parameters, work and receptive fields, as arithmetic: nothing is allocated, no torch loaded.

A block's receptive field along one axis depends on where its cell lies as soon as the network enlarges again, and on each branch that leads
there; so it is given as the smallest and the largest over all places. Cells in padding count; where unpooling puts a value does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from seglab.nets.architecture import LEAST, MOST, Architecture, whole_number
from seglab.nets.fitting import border
from seglab.receptive_field import Layer, reached

Size = tuple[int, int]


class Block(NamedTuple):
    """A block, named as in the torch module: the shape (C, H, W) of its output, its parameters, its multiply-adds for one image, and the
    smallest and the largest receptive field of its cells."""

    name: str
    shape: tuple[int, int, int]
    parameters: int
    macs: int
    receptive_field: tuple[int, int]


@dataclass(frozen=True, eq=False)
class _Node:
    """A map: what its cells depend on, by layer and map; of a cropped map, how far its first cell lies inside."""

    sources: tuple[tuple[Layer, _Node, int], ...] = ()


Field = Callable[[_Node], tuple[int, int]]


def describe(net: Architecture, size: Sequence[int]) -> list[Block]:
    """The blocks of a network in order, for an image of (height, width) pixels. Raises ValueError that names the block which breaks.

    >>> blocks = describe(Architecture(depth=4, width=64, norm="none", padding="valid"), (572, 572))
    >>> blocks[4].name, blocks[4].shape, blocks[4].receptive_field
    ('bottleneck', (1024, 28, 28), (140, 140))
    >>> blocks[-1].shape, blocks[-1].receptive_field, sum(block.parameters for block in blocks)
    ((2, 388, 388), (188, 204), 31030658)
    >>> describe(Architecture(depth=4), (350, 525))
    Traceback (most recent call last):
    ValueError: decoder.0: the encoder's map is 43 x 65, the decoder's 42 x 64: both have to be as large to be joined
    """
    if len(size) != 2:
        raise ValueError(f"size has {len(size)} numbers: height and width are needed")
    height, width = (whole_number(name, value, LEAST, MOST) for name, value in zip(("height", "width"), size, strict=True))
    return list(_blocks(net, (height, width)))


def _blocks(net: Architecture, size: Size) -> Iterator[Block]:
    channels, node, c, kept = net.channels, _Node(), net.in_channels, []
    field = _fields(node, 2**net.depth)
    for level, wide in enumerate(channels[:-1]):
        name = f"encoder.{level}"
        block, node, size = _double(net, name, node, c, wide, size, field)
        yield block
        kept.append((node, size))
        if net.padding == "valid" and any(n % 2 for n in size):
            raise ValueError(f"{name}: its map of {_told(size)} cannot be halved: both sides have to be even to be cropped alike")
        if min(size) < 2:
            raise ValueError(f"{name}: its map of {_told(size)} cannot be halved")
        node, size, c = _Node(((Layer(2, 2, op="max_pool"), node, 0),)), (size[0] // 2, size[1] // 2), wide
    block, node, size = _double(net, "bottleneck", node, c, channels[-1], size, field)
    yield block
    for number, wide in enumerate(reversed(channels[:-1])):
        skip, beside = kept.pop()
        lost = max(border(number + 1, net.padding) - 4, 0)
        up, node, size = _up(net, f"up.{number}", node, wide, size, field)
        yield up
        name = f"decoder.{number}"
        cropped = (beside[0] - 2 * lost, beside[1] - 2 * lost)
        if cropped != size:
            why = "the mask would not lie on the image" if net.skip == "none" else "both have to be as large to be joined"
            raise ValueError(f"{name}: the encoder's map is {_told(cropped)}, the decoder's {_told(size)}: {why}")
        joined = _Node(((Layer(1), node, 0), *(((Layer(1), skip, lost),) if net.skip != "none" else ())))
        block, node, size = _double(net, name, joined, 2 * wide if net.skip == "concat" else wide, wide, size, field)
        yield block
    weights = net.width * net.classes
    yield Block("head", (net.classes, *size), weights + net.classes, weights * size[0] * size[1], field(node))


def _double(net: Architecture, name: str, node: _Node, c_in: int, c_out: int, size: Size, field: Field) -> tuple[Block, _Node, Size]:
    """Two 3x3 convolutions with what follows them."""
    around = int(net.padding == "same")
    parameters = macs = 0
    for c in (c_in, c_out):
        size = (size[0] - 2 + 2 * around, size[1] - 2 + 2 * around)
        if min(size) < 1:
            raise ValueError(f"{name}: a map of {_told((size[0] + 2, size[1] + 2))} is too small for a 3 x 3 kernel without padding")
        node = _Node(((Layer(3, 1, around), node, 0),))
        weights = 9 * c * c_out
        parameters += weights + (c_out if net.norm == "none" else 2 * c_out)  # a bias, or a normalisation's two numbers
        macs += weights * size[0] * size[1]
    return Block(name, (c_out, *size), parameters, macs, field(node)), node, size


def _up(net: Architecture, name: str, node: _Node, wide: int, size: Size, field: Field) -> tuple[Block, _Node, Size]:
    """Twice as large with half the channels."""
    large = (2 * size[0], 2 * size[1])
    taps = 4 if net.upsampling == "transposed" else 1  # a 2x2 up-convolution, or a 1x1 convolution
    weights = 2 * wide * wide * taps
    at = large if net.upsampling in ("nearest", "bilinear") else size  # where the kernel lies: after upsampling, before unpooling
    layer = Layer(4, 2, 1, op="conv_transpose") if net.upsampling == "bilinear" else Layer(2, 2, op="conv_transpose")
    node = _Node(((layer, node, 0),))
    return Block(name, (wide, *large), weights + wide, weights * at[0] * at[1], field(node)), node, large


def _fields(image: _Node, step: int) -> Field:
    """What asks for the smallest and the largest number of image cells that one cell of a map depends on."""

    @cache
    def seen(node: _Node, first: int, last: int) -> range:
        cells = range(first, last + 1)
        if node is image:
            return cells
        parts = []
        for layer, source, inside in node.sources:
            below = reached(layer, cells)
            parts.append(seen(source, below[0] + inside, below[-1] + inside))
        return range(min(part[0] for part in parts), max(part[-1] for part in parts) + 1)

    def field(node: _Node) -> tuple[int, int]:
        sizes = [len(seen(node, place, place)) for place in range(step)]  # no map's places differ with a longer period
        return min(sizes), max(sizes)

    return field


def _told(size: Size) -> str:
    return f"{size[0]} x {size[1]}"
