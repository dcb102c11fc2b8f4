"""The maps of any network along one axis, for the field of an output pixel. No torch is loaded."""

from __future__ import annotations

from seglab.nets.architecture import Architecture
from seglab.nets.choices import FUSED
from seglab.nets.fitting import border, crop
from seglab.nets.graph import BOTTLENECK, Link, Map, field_of, unet_maps
from seglab.receptive_field import Layer


def maps_of(net: Architecture, size: int) -> list[Map]:
    """The maps of a network for an image of `size` cells a side, its mask's last. Raises ValueError for a size that does not go through.

    >>> [made.size for made in maps_of(Architecture(kind="fcn32s", depth=2), 16)]
    [16, 16, 16, 8, 8, 8, 4, 4, 4, 16]
    """
    if net.kind in FUSED:
        return fcn_maps(net, size)
    return unet_maps(net.depth, size, net.padding, net.kernel_size, net.upsampling, net.skip, net.kind)


def fcn_maps(net: Architecture, size: int) -> list[Map]:
    """The maps of an FCN: down to the coarse scores, and up again with those of finer maps added."""
    maps, around = [Map("image", size)], net.kernel_size // 2 if net.padding == "same" else 0
    conv, less = Layer(net.kernel_size, 1, around), net.kernel_size - 1 - 2 * around

    def add(name: str, cells: int, *links: Link) -> int:
        if cells < 1:
            raise ValueError(f"{name}: a map of {maps[-1].size} is too small for a kernel of {net.kernel_size} without padding")
        maps.append(Map(name, cells, links))
        return len(maps) - 1

    def block(name: str, source: int) -> int:
        first = add(f"{name}, first convolution", maps[source].size - less, Link(conv, source))
        return add(name, maps[first].size - less, Link(conv, first))

    here, pooled = 0, []
    for level in range(net.depth):
        here = block(f"encoder level {level}", here)
        here = add(f"pooling {level}", maps[here].size // 2, Link(Layer(2, 2, op="max_pool"), here))
        pooled.append(here)
    here, fused = block(BOTTLENECK, here), FUSED[net.kind]
    for number in range(fused):
        finer = add(f"scores {number}", maps[pooled[-number - 2]].size, Link(Layer(1), pooled[-number - 2]))
        here = add(f"up {number}", 2 * maps[here].size, Link(_enlarging(net, 2), here))
        here = add(f"sum {number}", maps[here].size, Link(Layer(1), here), Link(Layer(1), finer, crop(net, number + 1)))
    factor = 2 ** (net.depth - fused)
    add(f"up {fused}", factor * maps[here].size, Link(_enlarging(net, factor), here))
    if maps[-1].size != size - 2 * border(net):
        raise ValueError(f"size={size} does not go through: its scores are {maps[-1].size}")
    return maps


def _enlarging(net: Architecture, factor: int) -> Layer:
    if net.upsampling == "nearest":
        return Layer(factor, factor, op="conv_transpose")
    return Layer(2 * factor, factor, factor // 2, op="conv_transpose")


def field_on(net: Architecture, size: int, pixel: int) -> range:
    """The image cells along one axis that a pixel of the mask depends on, those beyond the image too.

    >>> field_on(Architecture(depth=3), 128, 64)
    range(18, 110)
    """
    maps = maps_of(net, size)
    return field_of(maps, len(maps) - 1, pixel)
