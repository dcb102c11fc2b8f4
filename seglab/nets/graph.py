"""A network along one axis, as a graph of maps: which cells a cell depends on, by which way, and in how many ways. No torch is loaded.

What is true of one axis is true of both: a cell's field on the image is the product of its two. Two answers are kept apart. The *field*
goes on through padding as if there were more image, which is what the arithmetic of receptive fields counts. The *ways* end there, since
a zero depends on nothing: they are the gradient of a network whose weights are all 1.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from seglab.receptive_field import Layer, layers_of, reached
from seglab.sizes import ENLARGING, Setting, axis_size

BOTTLENECK = "bottleneck"
Ways = dict[str, Counter[int]]  # by the road that was taken, in how many ways each cell is reached


class Link(NamedTuple):
    """What a map is made of: a layer on an earlier map, of which it leaves out `inside` cells at the beginning.

    From here on down a path is called `road`, where that is given: so the branches of a network are told apart.
    """

    layer: Layer
    source: int
    inside: int = 0
    road: str = ""


class Map(NamedTuple):
    """A map of `size` cells, made of earlier maps; one that is not `shown` is a step inside a block."""

    name: str
    size: int
    links: tuple[Link, ...] = ()
    shown: bool = True


def chain(layers: Sequence[Layer | Sequence[int]], size: int) -> list[Map]:
    """The maps of a stack, the image first. Raises ValueError, which names the layer, for one that is impossible or leaves no cell.

    >>> [made.size for made in chain([(3, 1, 1), (2, 2)], 9)]
    [9, 9, 4]
    """
    maps = [Map("image", size)]
    for number, layer in enumerate(layers_of(layers), start=1):
        setting = Setting(layer.kernel_size, layer.stride, layer.padding, layer.dilation, 0, ceil_mode=False)
        try:
            cells = axis_size(layer.op, maps[-1].size, setting)
        except ValueError as error:
            raise ValueError(f"layer {number}: {error}") from None
        maps.append(Map(layer.name or f"layer {number}", cells, (Link(layer, number - 1),)))
    return maps


def unet_maps(
    depth: int,
    size: int,
    padding: str = "same",
    kernel_size: int = 3,
    upsampling: str = "transposed",
    skip: str = "concat",
    kind: str = "unet",
) -> list[Map]:
    """The maps of a U-Net for an image of `size` cells a side; roads are its skips, by level, and the bottleneck. Those of a SegNet
    (`kind` "segnet") have neither: its deepest maps are the pooled ones.

    Raises ValueError for a size that does not go through, as `describe` does.

    >>> maps = unet_maps(4, 572, "valid")
    >>> [made.size for made in maps if made.shown]
    [572, 568, 280, 136, 64, 28, 52, 100, 196, 388]
    >>> len(field_of(maps, 15, 0)), {len(field_of(maps, len(maps) - 1, place)) for place in range(16)} == {188, 204}
    (140, True)
    """
    maps, around = [Map("image", size)], kernel_size // 2 if padding == "same" else 0

    def add(name: str, cells: int, *links: Link, shown: bool = False) -> int:
        if cells < 1:
            raise ValueError(f"{name}: a map of {maps[-1].size} is too small for a kernel of {kernel_size} without padding")
        maps.append(Map(name, cells, links, shown))
        return len(maps) - 1

    def block(name: str, *links: Link) -> int:
        """Two convolutions, the first of one map or of two that are joined."""
        less = kernel_size - 1 - 2 * around
        first = add(f"{name}, first convolution", maps[links[0].source].size - less, *links)
        return add(name, maps[first].size - less, Link(conv, first), shown=True)

    conv, kept, here, joins = Layer(kernel_size, 1, around), [], 0, skip != "none" and kind != "segnet"
    for level in range(depth):
        here = block(f"encoder level {level}", Link(conv, here))
        kept.append(here)
        if maps[here].size < 2 or (padding == "valid" and maps[here].size % 2):
            raise ValueError(f"encoder level {level}: its map of {maps[here].size} cannot be halved")
        here = add(f"pooling {level}", maps[here].size // 2, Link(Layer(2, 2, op="max_pool"), here))
    if kind != "segnet":
        here = block(BOTTLENECK, Link(conv, here, road=BOTTLENECK))
    doubling = Layer(4, 2, 1, op="conv_transpose") if upsampling == "bilinear" and kind != "segnet" else Layer(2, 2, op="conv_transpose")
    for level in reversed(range(depth)):
        beside = kept[level]
        here = add(f"up {level}", 2 * maps[here].size, Link(doubling, here))
        lost = maps[beside].size - maps[here].size
        if lost < 0 or lost % 2 or (lost and padding == "same"):
            raise ValueError(
                f"decoder level {level}: the encoder's map is {maps[beside].size}, the decoder's {maps[here].size}: they do not join"
            )
        joined = [Link(conv, here), *([Link(conv, beside, lost // 2, f"skip {level}")] if joins else [])]
        here = block(f"decoder level {level}", *joined)
    return maps


def fitting(depth: int, least: int, padding: str = "same", kernel_size: int = 3, kind: str = "unet") -> int:
    """The smallest image that goes through a U-Net, or a SegNet, and leaves a mask of at least `least` cells.

    >>> fitting(4, 388, "valid"), fitting(3, 60)
    (572, 64)
    """
    step = 2**depth
    size = least
    while True:
        try:
            if unet_maps(depth, size, padding, kernel_size, kind=kind)[-1].size >= least:
                return size
        except ValueError:
            pass
        size += 1 if padding == "valid" else step - size % step


def taps(link: Link, cell: int) -> list[int]:
    """The cells of a link's map that one cell depends on, those in padding too.

    >>> taps(Link(Layer(3, 2, 1), 0), 0), taps(Link(Layer(4, 2, 1, op="conv_transpose"), 0), 3)
    ([-1, 0, 1], [2, 1])
    """
    layer = link.layer
    reach = [layer.dilation * tap for tap in range(layer.kernel_size)]
    if layer.op in ENLARGING:
        found = [cell + layer.padding - tap for tap in reach]
        return [place // layer.stride + link.inside for place in found if place % layer.stride == 0]
    return [cell * layer.stride - layer.padding + tap + link.inside for tap in reach]


def trace(maps: Sequence[Map], number: int, cell: int) -> list[Ways]:
    """For each map the cells that a cell of map `number` depends on, by road, each with the number of ways that lead there.

    A cell that is only reached through padding, or lies in it, counts 0 ways.

    >>> trace(chain([(3, 1, 1), (3, 1, 1)], 9), 2, 0)[0]
    {'': Counter({0: 2, 1: 2, 2: 1, -2: 0, -1: 0})}
    """
    seen: list[Ways] = [defaultdict(Counter) for _ in maps]
    seen[number][""][cell] = int(0 <= cell < maps[number].size)
    for at in range(number, 0, -1):
        for link in maps[at].links:
            inside = range(maps[link.source].size)
            for road, cells in list(seen[at].items()):
                found = seen[link.source][link.road or road]
                for place, ways in cells.items():
                    for source in taps(link, place):
                        found[source] += ways if source in inside else 0
    return [dict(ways) for ways in seen]


def field_of(maps: Sequence[Map], number: int, cell: int, road: str | None = None) -> range:
    """The image cells, those in padding too, between the first and the last that a cell depends on; by one road or by all.

    >>> field_of(chain([(3, 1, 1), (2, 2)], 8), 2, 0)
    range(-1, 3)
    """
    seen: list[dict[str, range]] = [{} for _ in maps]
    seen[number][""] = range(cell, cell + 1)
    for at in range(number, 0, -1):
        for link in maps[at].links:
            for name, cells in list(seen[at].items()):
                below = reached(link.layer, cells)
                if below:
                    found = seen[link.source]
                    shifted = range(below.start + link.inside, below.stop + link.inside)
                    found[link.road or name] = _hull(found.get(link.road or name), shifted)
    spans = [cells for name, cells in seen[0].items() if road in (None, name)]
    return range(min(span.start for span in spans), max(span.stop for span in spans)) if spans else range(0)


def _hull(one: range | None, other: range) -> range:
    """The cells from the first to the last of both."""
    return range(min(one.start, other.start), max(one.stop, other.stop)) if one else other


def fields(maps: Sequence[Map], number: int, period: int) -> list[int]:
    """The sizes of the fields of `period` neighbouring cells in the middle of a map.

    >>> maps = unet_maps(2, 60, "valid")
    >>> fields(maps, len(maps) - 1, 4)
    [44, 44, 44, 44]
    """
    first = max(0, (maps[number].size - period) // 2 // period * period)
    return [len(field_of(maps, number, place)) for place in range(first, min(first + period, maps[number].size))]


def places(maps: Sequence[Map]) -> list[tuple[float, float]]:
    """Where each map's cells lie over the image: the distance between two, and the place of the first, in image cells.

    A cell stands over the middle of its field; where maps are joined, over that of the first.

    >>> places(chain([(3, 1, 1), (2, 2)], 8))
    [(1.0, 0.0), (1.0, 0.0), (2.0, 0.5)]
    """
    found = [(1.0, 0.0)]
    for made in maps[1:]:
        layer, source, inside, _ = made.links[0]
        step, first = found[source]
        half = (layer.extent - 1) / 2 - layer.padding
        if layer.op in ENLARGING:
            found.append((step / layer.stride, first + step * (inside - half / layer.stride)))
        else:
            found.append((step * layer.stride, first + step * (inside + half)))
    return found
