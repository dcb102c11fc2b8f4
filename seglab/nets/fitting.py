"""Which image sizes a network takes and what it makes of them, as plain arithmetic without torch.

Without padding each convolution takes half its kernel from either side of its own level, so that the paper's 572 pixels become 388 in
4 depth + 2 convolutions of 3x3. Source: Ronneberger, Fischer and Brox, arXiv:1505.04597, figure 1.
"""

from __future__ import annotations

from typing import Protocol


class Form(Protocol):
    """What of a network decides about sizes: an `Architecture`, the module made of it, and a training's configuration all have it."""

    @property
    def kind(self) -> str: ...
    @property
    def depth(self) -> int: ...
    @property
    def padding(self) -> str: ...
    @property
    def kernel_size(self) -> int: ...
    @property
    def upsampling(self) -> str: ...


def lost(net: Form) -> int:
    """Pixels that a block of two convolutions takes from each side of its map: 2 without padding for 3x3, 0 with."""
    return net.kernel_size - 1 if net.padding == "valid" else 0


def border(net: Form, depth: int | None = None) -> int:
    """Pixels that the mask is smaller than the image on each side; with `depth`, what a network of that depth would lose.

    >>> from seglab.nets import Architecture, paper_unet
    >>> border(paper_unet()), border(Architecture(depth=4)), border(Architecture(kind="segnet", padding="valid"))
    (92, 0, 28)
    """
    whole: int = 2 ** (net.depth if depth is None else depth)
    if net.kind == "unet":  # a block on every level but the deepest twice
        return lost(net) * (3 * whole - 2)
    if net.kind == "segnet":  # without the deepest
        return lost(net) * 2 * (whole - 1)
    return lost(net) * (2 * whole - 1)  # every level once, on the way down


def crop(net: Form, deep: int) -> int:
    """Pixels a side that a map of the encoder is larger than the one that it meets again, `deep` poolings later.

    >>> from seglab.nets import paper_unet
    >>> [crop(paper_unet(), deep) for deep in (1, 2, 3, 4)]
    [4, 16, 40, 88]
    """
    return border(net, deep) - (2 * lost(net) if net.kind in ("unet", "segnet") else 0)  # but for the two blocks of that level itself


def shift(net: Form) -> int:
    """What a size that fits is short of a multiple of 2^depth: each level takes as much before it is halved."""
    return 2 * lost(net)


def output_size(size: int, net: Form) -> int:
    """Pixels a side of the mask for an image of `size` pixels a side. Raises ValueError for one whose halves do not come out even.

    >>> from seglab.nets import Architecture, paper_unet
    >>> output_size(572, paper_unet()), output_size(96, Architecture(depth=3))
    (388, 96)
    >>> output_size(96, Architecture(depth=3, padding="valid"))
    Traceback (most recent call last):
    ValueError: size=96 does not fit depth 3 without padding: 92 or 100 do
    """
    above = at_least(size, net)
    if above == size:
        return size - 2 * border(net)
    below = above - 2**net.depth
    if net.padding == "same":
        those = f"{below} or {above}" if below else f"{above} is the smallest"
        raise ValueError(f"size={size} does not halve {net.depth} times: multiples of {2**net.depth} are needed, {those}")
    those = f"{below} or {above} do" if below >= at_least(1, net) else f"{above} is the smallest that does"
    raise ValueError(f"size={size} does not fit depth {net.depth} without padding: {those}")


def at_least(size: int, net: Form) -> int:
    """The smallest size that fits and is not below `size`.

    >>> from seglab.nets import Architecture
    >>> at_least(97, Architecture(depth=3)), at_least(20, Architecture(depth=3, padding="valid"))
    (104, 92)
    """
    step: int = 2**net.depth
    # Every level takes its shift before it is halved: size / 2^depth - shift (1 - 1 / 2^depth) is whole where size + shift is a multiple.
    return -(-(max(size, 2 * border(net) + 1) + shift(net)) // step) * step - shift(net)


def fitting_size(size: int, net: Form) -> int:
    """The size nearest to `size` that fits; of two as near, the larger.

    >>> from seglab.nets import Architecture
    >>> fitting_size(99, Architecture(depth=3)), fitting_size(10, Architecture(depth=3, padding="valid"))
    (96, 92)
    """
    above = at_least(size, net)
    below = above - 2**net.depth
    return below if below >= at_least(1, net) and size - below < above - size else above


def margin(net: Form) -> int:
    """Pixels around a part of an image, itself of whole steps of the deepest level, that its mask depends on.

    With padding, 3x3 convolutions reach at most 6 * 2^depth - 4 pixels and bilinear upsampling less than 2^depth more: 7 steps hold both.
    Without, the border is enough, except that upsampling between neighbours has none beyond a map's edge: that spoils less than a step.

    >>> from seglab.nets import Architecture
    >>> [margin(Architecture(depth=3, padding=padding, upsampling="bilinear")) for padding in ("same", "valid")]
    [56, 52]
    """
    step: int = 2**net.depth
    if net.padding == "valid":
        return border(net) + (step if net.upsampling == "bilinear" or net.kind not in ("unet", "segnet") else 0)
    return (3 * (net.kernel_size - 1) + 1) * step
