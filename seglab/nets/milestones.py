"""Classifiers that segmentation grew from, as layer lists, and what follows from them: shapes, parameters, multiply-adds, receptive fields.

AlexNet: Krizhevsky, Sutskever and Hinton, NeurIPS 2012, in its two groups. VGG-16: Simonyan and Zisserman, arXiv:1409.1556. GoogLeNet:
Szegedy et al., arXiv:1409.4842. ResNet: He et al., arXiv:1512.03385; a bottleneck's stride is in its 3x3 convolution, as most libraries
have it (the paper's first version has it in the 1x1 before). Dilation in place of pooling: Chen et al., arXiv:1412.7062.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal, NamedTuple, get_args

from seglab.receptive_field import Layer, ReceptiveField
from seglab.sizes import SizeOp, output_size

Shape = tuple[int, int, int]


class Conv(NamedTuple):
    """A convolution to `channels`; what normalises it has two numbers a channel, and then there is no bias."""

    name: str
    channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    normalised: bool = False
    dilation: int = 1


class Pool(NamedTuple):
    """A pooling; "global" takes the mean of the whole map. `after` is padding below and on the right only, which never wins."""

    name: str
    kernel_size: int
    stride: int
    padding: int = 0
    ceil_mode: bool = False
    how: Literal["max", "avg", "global"] = "max"
    dilation: int = 1
    after: int = 0


class Linear(NamedTuple):
    """A fully connected layer on all cells of the map before it."""

    name: str
    units: int


class Zeros(NamedTuple):
    """Every `stride`-th cell of the map, with channels of zeros behind its own up to `channels`: a shortcut that learns nothing."""

    name: str
    channels: int
    stride: int = 1


class Branches(NamedTuple):
    """Branches from one map, joined again: channels side by side, or added; an empty branch is the map itself."""

    name: str
    branches: tuple[tuple[Step, ...], ...]
    how: Literal["concat", "add"]


class Heads(NamedTuple):
    """Layers beside the network that only training uses; what follows goes on from the map before them."""

    name: str
    steps: tuple[Step, ...]


Step = Conv | Pool | Linear | Zeros | Branches | Heads
NO_FIELD = ReceptiveField(1, 1, 0)  # of the image itself


class Row(NamedTuple):
    """A layer's output shape (C, H, W), parameters, multiply-adds for one image, and field; None where it sees the whole map."""

    name: str
    shape: Shape
    parameters: int
    macs: int
    field: ReceptiveField | None


def table(steps: Sequence[Step], shape: Shape, field: ReceptiveField | None = NO_FIELD) -> list[Row]:
    """A row for each layer in order, those of branches included; a join has a row with no numbers of its own.

    `field` is that of the map that the steps begin with. Raises ValueError, which names the layer, where a map is too small for one.

    >>> rows = table(vgg16(), (3, 224, 224))
    >>> sum(row.parameters for row in rows), rows[17].name, rows[17].shape, rows[17].field
    (138357544, 'pool5', (512, 7, 7), ReceptiveField(size=212, stride=32, padding=90))
    """
    return list(_rows(steps, shape, field))


def _rows(steps: Sequence[Step], shape: Shape, field: ReceptiveField | None) -> Iterator[Row]:
    for step in steps:
        if isinstance(step, Heads):
            yield from _rows(step.steps, shape, field)
            continue
        if isinstance(step, Branches):
            ends = []
            for branch in step.branches:
                rows = list(_rows(branch, shape, field))
                yield from rows
                ends.append(rows[-1] if rows else Row(step.name, shape, 0, 0, field))
            row = _joined(step, ends)
        else:
            try:
                row = _row(step, shape, field)
            except ValueError as error:
                raise ValueError(f"{step.name}: {error}") from None
        yield row
        shape, field = row.shape, row.field


def _row(step: Conv | Pool | Linear | Zeros, shape: Shape, field: ReceptiveField | None) -> Row:
    c, height, width = shape
    if isinstance(step, Linear):
        inputs = c * height * width
        return Row(step.name, (step.units, 1, 1), (inputs + 1) * step.units, inputs * step.units, None)
    if isinstance(step, Pool) and step.how == "global":
        return Row(step.name, (c, 1, 1), 0, 0, None)
    if isinstance(step, Zeros):
        size = output_size("conv", (height, width), 1, step.stride)
        return Row(step.name, (step.channels, *size), 0, 0, field and field.after(Layer(1, step.stride)))
    seen = field and field.after(Layer(step.kernel_size, step.stride, step.padding, step.dilation))
    if isinstance(step, Pool):
        op: SizeOp = "avg_pool" if step.how == "avg" else "max_pool"
        padded = (height + step.after, width + step.after)
        size = output_size(op, padded, step.kernel_size, step.stride, step.padding, step.dilation, ceil_mode=step.ceil_mode)
        return Row(step.name, (c, *size), 0, 0, seen)
    size = output_size("conv", (height, width), step.kernel_size, step.stride, step.padding, step.dilation)
    weights = c // step.groups * step.channels * step.kernel_size**2
    more = 2 * step.channels if step.normalised else step.channels
    return Row(step.name, (step.channels, *size), weights + more, weights * size[0] * size[1], seen)


def _joined(step: Branches, ends: Sequence[Row]) -> Row:
    """The join of branches. Raises ValueError where their maps do not fit together."""
    sizes = {end.shape[1:] if step.how == "concat" else end.shape for end in ends}
    if len(sizes) > 1:
        raise ValueError(f"{step.name}: its branches end in {' and '.join(map(str, sorted(sizes)))}: they have to be alike to be joined")
    channels = sum(end.shape[0] for end in ends) if step.how == "concat" else ends[0].shape[0]
    widest = max((end.field for end in ends if end.field), key=lambda field: field.size, default=None)
    return Row(step.name, (channels, *ends[0].shape[1:]), 0, 0, widest)


def alexnet() -> tuple[Step, ...]:
    """AlexNet for 227 x 227 pixels: 60,965,224 parameters.

    >>> sum(row.parameters for row in table(alexnet(), (3, 227, 227)))
    60965224
    """
    return (
        Conv("conv1", 96, 11, 4),
        Pool("pool1", 3, 2),
        Conv("conv2", 256, 5, 1, 2, groups=2),
        Pool("pool2", 3, 2),
        Conv("conv3", 384, 3, 1, 1),
        Conv("conv4", 384, 3, 1, 1, groups=2),
        Conv("conv5", 256, 3, 1, 1, groups=2),
        Pool("pool5", 3, 2),
        Linear("fc6", 4096),
        Linear("fc7", 4096),
        Linear("fc8", 1000),
    )


STRIDES = (32, 16, 8)


def vgg16(stride: int = 32) -> tuple[Step, ...]:
    """VGG-16 for 224 x 224 pixels: 138,357,544 parameters; its last map sees 212 pixels, 32 apart, beginning 90 before the image.

    With `stride` 16 or 8 the last pooling, or the last two, no longer go down; what follows is dilated, so that it sees as much as before,
    and the fully connected layers are convolutions with the same weights, padded to keep the map. Raises ValueError for another stride.

    >>> [rows[17].shape[1:] + rows[17].field for stride in STRIDES for rows in [table(vgg16(stride), (3, 224, 224))]]
    [(7, 7, 212, 32, 90), (14, 14, 212, 16, 90), (28, 28, 212, 8, 90)]
    """
    if stride not in STRIDES:
        raise ValueError(f"stride={stride} is none of VGG-16 here: {', '.join(map(str, STRIDES))}")
    steps: list[Step] = []
    gap = 1  # by which what follows is dilated
    for block, (count, channels) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], start=1):
        steps += [Conv(f"conv{block}_{number}", channels, 3, 1, gap, dilation=gap) for number in range(1, count + 1)]
        if 2**block <= stride:
            steps.append(Pool(f"pool{block}", 2, 2))
        else:
            steps.append(Pool(f"pool{block}", 2, 1, dilation=gap, after=gap))
            gap *= 2
    if gap == 1:
        return (*steps, Linear("fc6", 4096), Linear("fc7", 4096), Linear("fc8", 1000))
    return (*steps, Conv("fc6", 4096, 7, 1, 3 * gap, dilation=gap), Conv("fc7", 4096, 1), Conv("fc8", 1000, 1))


# Of each Inception module of GoogLeNet: 1x1; 3x3 reduced and made; 5x5 reduced and made; 1x1 after pooling (arXiv:1409.4842, table 1).
INCEPTION = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def inception(name: str, one: int, reduce3: int, three: int, reduce5: int, five: int, pooled: int) -> Branches:
    """An Inception module: four branches of one size, their channels side by side."""
    return Branches(
        f"inception {name}",
        (
            (Conv(f"{name} 1x1", one, 1),),
            (Conv(f"{name} 3x3 reduce", reduce3, 1), Conv(f"{name} 3x3", three, 3, 1, 1)),
            (Conv(f"{name} 5x5 reduce", reduce5, 1), Conv(f"{name} 5x5", five, 5, 1, 2)),
            (Pool(f"{name} pool", 3, 1, 1), Conv(f"{name} pool proj", pooled, 1)),
        ),
        "concat",
    )


def googlenet(heads: bool = False) -> tuple[Step, ...]:
    """GoogLeNet for 224 x 224 pixels: 6,998,552 parameters, 13,378,280 with the two heads that train beside it.

    >>> [sum(row.parameters for row in table(googlenet(heads), (3, 224, 224))) for heads in (False, True)]
    [6998552, 13378280]
    """
    steps: list[Step] = [
        Conv("conv1", 64, 7, 2, 3),
        Pool("pool1", 3, 2, ceil_mode=True),
        Conv("conv2 reduce", 64, 1),
        Conv("conv2", 192, 3, 1, 1),
        Pool("pool2", 3, 2, ceil_mode=True),
    ]
    for name, channels in INCEPTION.items():
        steps.append(inception(name, *channels))
        if heads and name in ("4a", "4d"):
            steps.append(_head(f"head {name}"))
        if name in ("3b", "4e"):
            steps.append(Pool(f"pool{name[0]}", 3, 2, ceil_mode=True))
    return (*steps, Pool("pool5", 7, 1, how="global"), Linear("fc", 1000))


def _head(name: str) -> Heads:
    inside = (Pool(f"{name} pool", 5, 3, how="avg"), Conv(f"{name} conv", 128, 1), Linear(f"{name} fc1", 1024), Linear(f"{name} fc2", 1000))
    return Heads(name, inside)


RESNETS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
# The paper's options for shortcuts. A: zeros for channels that are missing; B: projected only where the shape changes; C: all projected.
Shortcuts = Literal["A", "B", "C"]
SHORTCUTS: tuple[Shortcuts, ...] = get_args(Shortcuts)


def resnet(depth: int = 50, shortcuts: Shortcuts = "B") -> tuple[Step, ...]:
    """A ResNet of 18, 34, 50, 101 or 152 layers for 224 x 224 pixels; from 50 on its blocks are bottlenecks. Raises ValueError for another.

    >>> [sum(row.parameters for row in table(resnet(depth), (3, 224, 224))) for depth in (18, 34, 50)]
    [11689512, 21797672, 25557032]
    >>> [sum(row.parameters for row in table(resnet(34, option), (3, 224, 224))) for option in SHORTCUTS]
    [21623848, 21797672, 22716840]
    """
    if depth not in RESNETS:
        raise ValueError(f"depth={depth} is no ResNet of the paper: {', '.join(map(str, RESNETS))}")
    if shortcuts not in SHORTCUTS:
        raise ValueError(f"shortcuts={shortcuts!r} is no option of the paper: {', '.join(SHORTCUTS)}")
    steps: list[Step] = [Conv("conv1", 64, 7, 2, 3, normalised=True), Pool("pool1", 3, 2, 1)]
    c_in, made = 64, 4 if depth >= 50 else 1
    for stage, count in enumerate(RESNETS[depth]):
        width = 64 * 2**stage
        for block in range(count):
            stride = 2 if stage and not block else 1
            steps.append(residual(f"conv{stage + 2}_{block + 1}", c_in, width, made, stride, shortcuts))
            c_in = width * made
    return (*steps, Pool("pool5", 7, 1, how="global"), Linear("fc", 1000))


def residual(name: str, c_in: int, width: int, made: int, stride: int, shortcuts: Shortcuts = "B") -> Branches:
    """A residual block, F(x) + x: two 3x3 convolutions, or where it makes four times its width a 1x1, a 3x3 and a 1x1 convolution.

    Its shortcut is the map itself; where size or channels change, or everywhere with option C, a 1x1 convolution, with option A zeros.
    """

    def conv(part: str, channels: int, kernel_size: int, step: int = 1) -> Conv:
        return Conv(f"{name} {part}", channels, kernel_size, step, kernel_size // 2, normalised=True)

    bottleneck = (conv("1x1 reduce", width, 1), conv("3x3", width, 3, stride), conv("1x1", width * made, 1))
    inside = bottleneck if made > 1 else (conv("3x3 a", width, 3, stride), conv("3x3 b", width, 3))
    same = stride == 1 and c_in == width * made
    if same and shortcuts != "C":
        return Branches(name, (inside, ()), "add")
    zeros = Zeros(f"{name} shortcut", width * made, stride)
    return Branches(name, (inside, (zeros if shortcuts == "A" else conv("shortcut", width * made, 1, stride),)), "add")


MILESTONES: dict[str, tuple[Callable[[], tuple[Step, ...]], Shape]] = {
    "AlexNet": (alexnet, (3, 227, 227)),
    "VGG-16": (vgg16, (3, 224, 224)),
    "GoogLeNet": (googlenet, (3, 224, 224)),
    **{f"ResNet-{depth}": (partial(resnet, depth), (3, 224, 224)) for depth in RESNETS},
}
