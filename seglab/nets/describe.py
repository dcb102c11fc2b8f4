"""The blocks of a network with their shapes, parameters, work, memory and receptive fields, as arithmetic: nothing is allocated, no torch
loaded.

A block's receptive field along one axis depends on where its cell lies as soon as the network enlarges again, and on each branch that leads
there; so it is given as the smallest and the largest over all places. Cells in padding count; where unpooling puts a value does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from seglab.nets.architecture import LEAST, MOST, Architecture, whole_number
from seglab.nets.choices import FUSED
from seglab.nets.fitting import border, crop
from seglab.receptive_field import Layer, reached

Size = tuple[int, int]
Shape = tuple[int, int, int]
FLOAT, INDEX = 4, 8  # bytes of a value, and of the place that pooling remembers


class Block(NamedTuple):
    """A block, named as in the torch module: the shape (C, H, W) of its output, its parameters, its multiply-adds for one image, the
    smallest and the largest receptive field of its cells, the bytes of all maps that it makes of one image in float32, and the shapes of
    those that its convolutions make, in order; of a block of the encoder also the pooled one."""

    name: str
    shape: Shape
    parameters: int
    macs: int
    receptive_field: tuple[int, int]
    memory: int
    maps: tuple[Shape, ...]


class BreaksError(ValueError):
    """Where an image's size does not go through: the `block`, the two sizes that do not fit (or the one that cannot go on), and the
    blocks before it."""

    def __init__(self, block: str, sizes: tuple[Size, ...], why: str) -> None:
        super().__init__(f"{block}: {why}")
        self.block, self.sizes, self.why = block, sizes, why
        self.done: tuple[Block, ...] = ()


@dataclass(frozen=True, eq=False)
class _Node:
    """A map: what its cells depend on, by layer and map; of a cropped map, how far its first cell lies inside."""

    sources: tuple[tuple[Layer, _Node, int], ...] = ()


@dataclass(frozen=True)
class _Map:
    """A map on its way through the network; its cells lie `step` pixels of the image apart."""

    node: _Node
    channels: int
    size: Size
    step: int

    @property
    def shape(self) -> Shape:
        return (self.channels, *self.size)

    @property
    def values(self) -> int:
        return self.channels * self.size[0] * self.size[1]


Field = Callable[[_Map], tuple[int, int]]


def describe(net: Architecture, size: Sequence[int]) -> list[Block]:
    """The blocks of a network in order, for an image of (height, width) pixels. Raises BreaksError, a ValueError that names the block which
    breaks, and ValueError for what is no size.

    >>> from seglab.nets import paper_unet
    >>> blocks = describe(paper_unet(), (572, 572))
    >>> blocks[4].name, blocks[4].shape, blocks[4].maps, blocks[4].receptive_field
    ('bottleneck', (1024, 28, 28), ((1024, 30, 30), (1024, 28, 28)), (140, 140))
    >>> blocks[-1].shape, blocks[-1].receptive_field, sum(block.parameters for block in blocks)
    ((2, 388, 388), (188, 204), 31030658)
    >>> describe(Architecture(depth=4), (350, 525))
    Traceback (most recent call last):
    seglab.nets.describe.BreaksError: decoder.0: the encoder's map is 43 x 65, the decoder's 42 x 64: both have to be as large to be joined
    """
    if len(size) != 2:
        raise ValueError(f"size has {len(size)} numbers: height and width are needed")
    height, width = (whole_number(name, value, LEAST, MOST) for name, value in zip(("height", "width"), size, strict=True))
    image = _Map(_Node(), net.in_channels, (height, width), 1)
    field = _fields(image.node, 2**net.depth)
    done: list[Block] = []
    try:
        done.extend(_Walk(net, field).blocks(image))  # what came before a break is in the list
    except BreaksError as error:
        error.done = tuple(done)
        raise
    return done


class _Walk:
    """A walk through a network, block by block."""

    def __init__(self, net: Architecture, field: Field) -> None:
        self.net, self.field = net, field

    def blocks(self, image: _Map) -> Iterator[Block]:
        kept: list[tuple[_Map, _Map]] = []  # each level's map, and the same pooled
        x = image
        for level, wide in enumerate(self.net.channels[:-1]):
            block, made, x = self.encoder(f"encoder.{level}", x, wide)
            kept.append((made, x))
            yield block
        if self.net.kind == "segnet":
            yield from self.unpooling(x, [made for made, _ in kept])
            return
        block, x = self.double("bottleneck", x, self.net.channels[-1])
        yield block
        if self.net.kind in FUSED:
            yield from self.scores(image, x, [pooled for _, pooled in kept])
        else:
            yield from self.joining(x, [made for made, _ in kept])

    def encoder(self, name: str, x: _Map, wide: int) -> tuple[Block, _Map, _Map]:
        """A level's block, its map, and that map pooled."""
        block, made = self.double(name, x, wide)
        if self.net.padding == "valid" and any(n % 2 for n in made.size):
            why = f"its map of {told(made.size)} cannot be halved: both sides have to be even to be cropped alike"
            raise BreaksError(name, (made.size,), why)
        if min(made.size) < 2:
            raise BreaksError(name, (made.size,), f"its map of {told(made.size)} cannot be halved")
        pooled = _Map(_Node(((Layer(2, 2, op="max_pool"), made.node, 0),)), wide, (made.size[0] // 2, made.size[1] // 2), 2 * made.step)
        memory = block.memory + pooled.values * (FLOAT + INDEX)
        return block._replace(memory=memory, maps=(*block.maps, pooled.shape)), made, pooled

    def double(self, name: str, x: _Map, wide: int, last: int | None = None, before: int = 0) -> tuple[Block, _Map]:
        """Two convolutions with what follows them; `before` is the memory of the map that they are given, where it is made for them."""
        net, maps, parameters, macs, memory = self.net, [], 0, 0, before
        reach = net.kernel_size // 2
        around, each = reach if net.padding == "same" else 0, FLOAT * (1 if net.norm == "none" else 2)
        for c_out in (wide, last or wide):
            size = (x.size[0] - 2 * (reach - around), x.size[1] - 2 * (reach - around))
            if min(size) < 1:
                kernel = f"{net.kernel_size} x {net.kernel_size}"
                raise BreaksError(name, (x.size,), f"a map of {told(x.size)} is too small for a {kernel} kernel without padding")
            weights = net.kernel_size**2 * x.channels * c_out
            x = _Map(_Node(((Layer(net.kernel_size, 1, around), x.node, 0),)), c_out, size, x.step)
            parameters += weights + (c_out if net.norm == "none" else 2 * c_out)  # a bias, or a normalisation's two numbers
            macs += weights * size[0] * size[1]
            memory += each * x.values
            maps.append(x.shape)
        return Block(name, x.shape, parameters, macs, self.field(x), memory, tuple(maps)), x

    def one(self, name: str, x: _Map, c_out: int) -> tuple[Block, _Map]:
        """A 1x1 convolution."""
        weights, made = x.channels * c_out, _Map(x.node, c_out, x.size, x.step)
        macs = weights * x.size[0] * x.size[1]
        return Block(name, made.shape, weights + c_out, macs, self.field(x), FLOAT * made.values, (made.shape,)), made

    def joining(self, x: _Map, kept: list[_Map]) -> Iterator[Block]:
        """A U-Net's way up."""
        net = self.net
        for number, skip in enumerate(reversed(kept)):
            up, x = self.doubled(f"up.{number}", x, skip.channels)
            yield up
            lost, name = crop(net, number + 1), f"decoder.{number}"
            why = "the mask would not lie on the image" if net.skip == "none" else "both have to be as large to be joined"
            _refuse(name, skip, lost, x, "the decoder's", why)
            joined = _Node(((Layer(1), x.node, 0), *(((Layer(1), skip.node, lost),) if net.skip != "none" else ())))
            given = _Map(joined, 2 * x.channels if net.skip == "concat" else x.channels, x.size, x.step)
            block, x = self.double(name, given, skip.channels, before=0 if net.skip == "none" else FLOAT * given.values)
            yield block
        yield self.one("head", x, net.classes)[0]

    def doubled(self, name: str, x: _Map, wide: int) -> tuple[Block, _Map]:
        """Twice as large with half the channels."""
        upsampling, large = self.net.upsampling, (2 * x.size[0], 2 * x.size[1])
        taps = 4 if upsampling == "transposed" else 1  # a 2x2 up-convolution, or a 1x1 convolution
        first = upsampling in ("nearest", "bilinear")  # upsampled, then convolved; unpooling comes after
        at = large if first else x.size
        layer = Layer(4, 2, 1, op="conv_transpose") if upsampling == "bilinear" else Layer(2, 2, op="conv_transpose")
        made = _Map(_Node(((layer, x.node, 0),)), wide, large, x.step // 2)
        memory = made.values + (x.channels * large[0] * large[1] if first else wide * at[0] * at[1] if upsampling == "unpool" else 0)
        weights = x.channels * wide * taps
        macs = weights * at[0] * at[1]
        return Block(name, made.shape, weights + wide, macs, self.field(made), FLOAT * memory, (made.shape,)), made

    def unpooling(self, x: _Map, kept: list[_Map]) -> Iterator[Block]:
        """A SegNet's way up."""
        channels = [skip.channels for skip in reversed(kept)]
        for number, (skip, last) in enumerate(zip(reversed(kept), [*channels[1:], self.net.width], strict=True)):
            name, node = f"decoder.{number}", _Node(((Layer(2, 2, op="conv_transpose"), x.node, 0),))
            large = _Map(node, x.channels, (2 * x.size[0], 2 * x.size[1]), x.step // 2)
            _refuse(name, skip, crop(self.net, number + 1), large, "the unpooled one", "what pooling remembers would lie elsewhere")
            block, x = self.double(name, large, skip.channels, last, FLOAT * large.values)
            yield block
        yield self.one("head", x, self.net.classes)[0]

    def scores(self, image: _Map, x: _Map, pooled: list[_Map]) -> Iterator[Block]:
        """An FCN's way up."""
        net = self.net
        block, x = self.one("head", x, net.classes)
        yield block
        fused = FUSED[net.kind]
        for number in range(fused):
            block, beside = self.one(f"scores.{number}", pooled[-number - 2], net.classes)
            yield block
            block, x = self.enlarged(f"up.{number}", x, 2)
            lost = crop(net, number + 1)
            _refuse(block.name, beside, lost, x, "the enlarged scores'", "both have to be as large to be added", "the finer scores' map")
            x = _Map(_Node(((Layer(1), x.node, 0), (Layer(1), beside.node, lost))), x.channels, x.size, x.step)
            yield block._replace(memory=block.memory + FLOAT * x.values, receptive_field=self.field(x))
        block, x = self.enlarged(f"up.{fused}", x, 2 ** (net.depth - fused))
        whole = "the image's middle" if border(net) else "the image"
        _refuse(block.name, image, border(net), x, "its scores", "the mask would not lie on the image", whole)
        yield block

    def enlarged(self, name: str, x: _Map, factor: int) -> tuple[Block, _Map]:
        """Scores several times as large: by a kernel of twice that size, or by copying."""
        net = self.net
        kernel, padding = (factor, 0) if net.upsampling == "nearest" else (2 * factor, factor // 2)
        node = _Node(((Layer(kernel, factor, padding, op="conv_transpose"), x.node, 0),))
        made = _Map(node, x.channels, (factor * x.size[0], factor * x.size[1]), x.step // factor)
        weights = (x.channels * kernel) ** 2 if net.upsampling == "transposed" else 0
        macs = weights * x.size[0] * x.size[1]
        return Block(name, made.shape, weights, macs, self.field(made), FLOAT * made.values, (made.shape,)), made


def _refuse(name: str, whole: _Map, lost: int, met: _Map, whose: str, why: str, first: str = "the encoder's map") -> None:
    """Raise BreaksError where a map, cropped, is not as large as the one that it meets."""
    size = (whole.size[0] - 2 * lost, whole.size[1] - 2 * lost)
    if size != met.size:
        raise BreaksError(name, (size, met.size), f"{first} is {told(size)}, {whose} {told(met.size)}: {why}")


def _fields(image: _Node, period: int) -> Field:
    """What asks for the smallest and the largest number of image cells that one cell of a map depends on; that repeats after `period`
    pixels."""

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

    def field(made: _Map) -> tuple[int, int]:
        sizes = [len(seen(made.node, place, place)) for place in range(period // made.step)]
        return min(sizes), max(sizes)

    return field


def told(size: Size) -> str:
    """A size in words.

    >>> told((572, 388))
    '572 x 388'
    """
    return f"{size[0]} x {size[1]}"
