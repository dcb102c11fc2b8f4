"""A small classifier of patches as plain data, in both its forms, and what follows by arithmetic: shapes, multiply-adds, pixels read.

The classifier says what the middle pixel of a patch is. Its first fully connected layer reads the whole map before it; written as a
convolution with a kernel as large as that map, the same weights go over an image of any size. Pooling takes the maximum of 3 x 3 cells at
stride 2, as AlexNet does, so that no patch with an odd side leaves a row unread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from seglab.receptive_field import Layer, receptive_field
from seglab.sizes import SizeOp, output_size

Kind = Literal["valid", "pool", "same"]
KINDS: tuple[Kind, ...] = ("valid", "pool", "same")
LEAST_POOLED, MOST = 9, 129  # pixels a side
SINGLE = 200  # patches that are timed one at a time
CONTEXT = (1, 3, 5, 9, 17, 33, 65)  # patch sizes whose accuracies are compared
POOLED_FROM = 33  # of these, the larger ones pool once, or training them would take minutes
Size = tuple[int, int]


class Step(NamedTuple):
    """A convolution to `channels`, or a maximum over a window where `pools`."""

    name: str
    channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    pools: bool = False


class Work(NamedTuple):
    """A layer's output shape (C, H, W), its parameters and its multiply-adds."""

    name: str
    shape: tuple[int, int, int]
    parameters: int
    macs: int


@dataclass(frozen=True)
class PatchClassifier:
    """Two convolutions, perhaps pooling between them, and two fully connected layers. Raises ValueError for a patch that does not go.

    >>> PatchClassifier(17).side, PatchClassifier(17, "pool").side, PatchClassifier(17, "same").side
    (13, 5, 17)
    """

    patch: int = 17
    kind: Kind = "valid"
    width: int = 8
    units: int = 8
    channels: int = 1
    classes: int = 2

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind={self.kind!r} is unknown: {', '.join(KINDS[:-1])} or {KINDS[-1]}")
        least = LEAST_POOLED if self.kind == "pool" else 1
        if not least <= self.patch <= MOST or self.patch % 2 == 0:
            raise ValueError(f"patch={self.patch} has no middle pixel or does not go: odd numbers from {least} to {MOST}")

    @property
    def body(self) -> tuple[Step, ...]:
        """The layers before the fully connected ones."""
        padding = int(self.kind == "same")
        first = min(3, self.patch)
        second = min(3, self.patch - first + 1) if self.kind == "valid" else min(3, self.patch)
        pool = (Step("pool", self.width, 3, 2, pools=True),) if self.kind == "pool" else ()
        return (
            Step("conv1", self.width, first, 1, padding * (first // 2)),
            *pool,
            Step("conv2", self.width, second, 1, padding * (second // 2)),
        )

    @property
    def side(self) -> int:
        """The side of the map that the first fully connected layer reads."""
        return work(self.body, self.channels, (self.patch, self.patch))[-1].shape[1]

    @property
    def convolutional(self) -> tuple[Step, ...]:
        """All layers as convolutions: on an image they make a map of answers, `stride` pixels apart."""
        return (*self.body, Step("fc1", self.units, self.side), Step("fc2", self.classes, 1))

    @property
    def dilated(self) -> tuple[Step, ...]:
        """The same weights for an answer at every pixel: pooling at stride 1, and behind it kernels with holes ("a trous")."""
        found: list[Step] = []
        spread = 1
        for step in self.convolutional:
            found.append(step._replace(stride=1, dilation=spread, padding=step.padding * spread))
            spread *= step.stride
        return tuple(found)

    def kept_as(self, seed: int) -> str:
        """The name of the file of its weights once it is trained with a seed.

        >>> PatchClassifier(17).kept_as(3)
        'valid.17.3.safetensors'
        """
        return f"{self.kind}.{self.patch}.{seed}.safetensors"

    @property
    def stride(self) -> int:
        """How far apart, in pixels, two neighbouring answers of one pass are."""
        field = receptive_field([Layer(step.kernel_size, step.stride, step.padding) for step in self.convolutional])
        return field.stride


def work(steps: Sequence[Step], channels: int, size: Size) -> list[Work]:
    """A row for each layer on an image of `size` = (height, width). Raises ValueError where an image is too small.

    >>> rows = work(PatchClassifier(17).convolutional, 1, (96, 96))
    >>> rows[-1].shape, sum(row.macs for row in rows)
    ((2, 80, 80), 74836256)
    """
    found = []
    for step in steps:
        op: SizeOp = "max_pool" if step.pools else "conv"
        size = output_size(op, size, step.kernel_size, step.stride, step.padding, step.dilation)
        weights = 0 if step.pools else channels * step.channels * step.kernel_size**2
        found.append(Work(step.name, (step.channels, *size), weights and weights + step.channels, weights * size[0] * size[1]))
        channels = step.channels
    return found


def macs(steps: Sequence[Step], channels: int, size: Size) -> int:
    """Multiply-adds of all layers.

    >>> net = PatchClassifier(17)
    >>> macs(net.convolutional, 1, (17, 17))  # of one patch
    124376
    """
    return sum(row.macs for row in work(steps, channels, size))


def places(size: Size, patch: int, stride: int = 1) -> Size:
    """How many patches go down and across an image. Raises ValueError for an image smaller than a patch.

    >>> places((96, 96), 17), places((96, 144), 17, 2)
    ((80, 80), (40, 64))
    """
    if min(size) < patch:
        raise ValueError(f"an image of {size[0]} x {size[1]} holds no patch of {patch} x {patch}")
    return (size[0] - patch) // stride + 1, (size[1] - patch) // stride + 1
