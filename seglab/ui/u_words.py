"""What is said of a network's blocks below their picture and in their table."""

from __future__ import annotations

from seglab.nets.architecture import Architecture
from seglab.nets.choices import FUSED
from seglab.nets.describe import Block
from seglab.nets.walk import sides


def tells(net: Architecture, block: Block) -> str:
    """What is told of a block below the picture.

    >>> from seglab.nets import describe, paper_unet
    >>> print(tells(paper_unet(), describe(paper_unet(), (572, 572))[4]))
    bottleneck: two 3 × 3 convolutions, ReLU. 1024 × 28 × 28
    14,157,824 parameters, 11.6 G multiply-adds, 6.9 MB of maps; each cell sees 140 pixels of the image a side
    """
    small, large = block.receptive_field
    sees = f"{small}" if small == large else f"{small} to {large}"
    return (
        f"{block.name}: {does(net, block.name)}. {sides(block.shape)}\n"
        f"{block.parameters:,} parameters, {amount(block.macs)} multiply-adds, {size_of(block.memory)} of maps;"
        f" each cell sees {sees} pixels of the image a side"
    )


def does(net: Architecture, name: str) -> str:
    """What a block does, in words.

    >>> does(Architecture(), "up.0")
    '2 × 2 transposed convolution, stride 2'
    """
    kind, _, number = name.partition(".")
    k = net.kernel_size
    norm = {"batch": ", batch normalisation", "group": ", group normalisation", "none": ""}[net.norm]
    double = f"two {k} × {k} convolutions{norm}, ReLU"
    if kind == "up" and net.kind in FUSED:
        factor = 2 if int(number) < FUSED[net.kind] else 2 ** (net.depth - FUSED[net.kind])
        how = f"{2 * factor} × {2 * factor} transposed convolution, stride {factor}" if net.upsampling == "transposed" else net.upsampling
        return f"scores {factor} × as large: {how}" + (", finer scores added" if int(number) < FUSED[net.kind] else "")
    joins = {"concat": "the encoder's map beside it; ", "add": "the encoder's map added; ", "none": ""}[net.skip]
    ups = {
        "transposed": "2 × 2 transposed convolution, stride 2",
        "unpool": "1 × 1 convolution, then max unpooling",
        "nearest": "every value copied twice as large, then 1 × 1 convolution",
        "bilinear": "bilinear interpolation twice as large, then 1 × 1 convolution",
    }
    return {
        "encoder": f"{double}; then max pooling by 2",
        "bottleneck": double,
        "up": ups[net.upsampling],
        "decoder": f"max unpooling; {double}" if net.kind == "segnet" else f"{joins}{double}",
        "head": "1 × 1 convolution to a score for each class",
        "scores": "1 × 1 convolution of a pooled map to a score for each class",
    }[kind]


def amount(number: float) -> str:
    """A large number in short.

    >>> amount(11_800_000_000), amount(31_030_658), amount(740), amount(999_600_000), amount(1.13e16)
    ('11.8 G', '31 M', '740', '1 G', '11.3 P')
    """
    for power, name in ((15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if float(f"{number:.3g}") >= 10**power:
            return f"{number / 10**power:.3g} {name}"
    return f"{number:.0f}"


def size_of(count: float) -> str:
    """A number of bytes in words.

    >>> size_of(6_640_000), size_of(24_800), size_of(805_000_000)
    ('6.64 MB', '24.8 kB', '805 MB')
    """
    return f"{amount(count)}B"
