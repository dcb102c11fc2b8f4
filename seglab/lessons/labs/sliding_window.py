"""The words of the lab Sliding window (curriculum A2, A3, A5, A9)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from seglab.lessons.asking import choices, pick
from seglab.lessons.lab import Lab
from seglab.nets.patch_layers import PatchClassifier, places, work
from seglab.stage.lesson import Asked

SIZES, PATCHES = (64, 96, 128), (17, 9, 25)
LAYERS = ((7, 512, 4096), (6, 256, 4096), (5, 16, 120), (4, 256, 1024), (7, 64, 512), (3, 128, 256))
WHERE = {"valid": "at every pixel that has a whole patch", "pool": "at every second of these pixels", "same": "nowhere for certain"}
WHY = {
    "valid": "Without padding a cell of a map depends on the same pixels in a patch and in the image: the sums are the very same.",
    "pool": "In one pass the pooling windows lie 2 apart, as in a patch that begins at an even row and column: only those patches are met.",
    "same": "Each patch has zeros around it that the image has not, and through the fully connected layer they reach every answer.",
}
NAMES = {
    "valid": "has no padding and no pooling",
    "pool": "has no padding, but pools once at stride 2",
    "same": "pads its convolutions with zeros",
}


def among(turn: int, right: int, less: Sequence[int], more: Sequence[int]) -> list[int]:
    """`right` among three typical mistakes in ascending order, at another place with the turn, as far as there are mistakes for it.

    >>> [among(turn, 9, (8, 3, 4), (10, 18, 9)) for turn in range(3)]
    [[3, 8, 9, 10], [8, 9, 10, 18], [3, 4, 8, 9]]
    """
    below = dict.fromkeys(count for count in less if 0 < count < right)
    above = dict.fromkeys(count for count in more if count > right)
    few = max((2, 0, 3, 1)[turn % 4], 3 - len(above))
    return choices(right, *list(below)[:few], *list(above)[: 3 - few])


def ask_reads(turn: int) -> Asked:
    size, patch, stride = pick(turn, (96, 17, 1), list(product(SIZES, PATCHES, (1, 2, 4))))
    down, across = places((size, size), patch, stride)
    right = down * across
    less = ((down - 1) * (across - 1), (size // patch) ** 2, down + across)
    more = ((size // stride) ** 2, (down + 1) * (across + 1), (size - patch + 1) ** 2, ((size + patch - 2) // stride + 1) ** 2)
    return Asked(
        f"A window of {patch} × {patch} slides over {size} × {size} pixels with stride {stride}. How many patches is that?",
        tuple(f"{count:,}" for count in among(turn, right, less, more)),
        f"{right:,}",
        f"{down} places down and {across} across: ⌊({size} − {patch}) / {stride}⌋ + 1 each. Together the patches read"
        f" {right * patch**2:,} pixels, of an image that has {size**2:,}.",
        {"part": 1, "size": f"{size}x{size}", "patch": patch, "stride": stride},
    )


def ask_same(turn: int) -> Asked:
    kind, patch = pick(turn, ("pool", 17), list(product(("same", "valid", "pool"), PATCHES)))
    return Asked(
        f"A classifier of {patch} × {patch} patches {NAMES[kind]}. Run over the whole image in one pass, where does it give its"
        " patches' answers?",
        tuple(WHERE.values()),
        WHERE[kind],
        WHY[kind],
        {"part": 2, "kind": kind, "patch": patch},
    )


def ask_parameters(turn: int) -> Asked:
    side, channels, units = pick(turn, LAYERS[0], LAYERS)
    inputs = side * side * channels
    right = (inputs + 1) * units
    less = (inputs * units, (side * side + 1) * units, (channels + 1) * units)  # no biases; one channel; one place
    more = ((inputs + channels) * units, (inputs + side * side) * units, right * side * side)  # too many biases; a unit for each place
    return Asked(
        f"A fully connected layer of {units:,} units reads a map of {side} × {side} × {channels}. How many parameters, biases included,"
        " does it have as a convolution?",
        tuple(f"{count:,}" for count in among(turn, right, less, more)),
        f"{right:,}",
        f"As many as before: each unit's {inputs:,} weights are folded into a kernel of {side} × {side} × {channels}, with one bias:"
        f" ({inputs:,} + 1) · {units:,}.",
        {"part": 3},
    )


def ask_size(turn: int) -> Asked:
    size, patch, kind = pick(turn, (96, 25, "valid"), list(product(SIZES, PATCHES, ("pool", "valid"))))
    net = PatchClassifier(patch, "pool" if kind == "pool" else "valid")
    right = work(net.convolutional, 1, (size, size))[-1].shape[1]
    less = (right - 1, size // patch, (right + 1) // 2)
    more = (right + 1, size - patch + 1, size // net.stride, size)
    return Asked(
        f"A classifier of {patch} × {patch} patches {NAMES[kind]}. In one pass over {size} × {size} pixels, how many answers a side?",
        tuple(str(count) for count in among(turn, right, less, more)),
        str(right),
        f"One for each place where a patch begins, {net.stride} pixels apart: ({size} − {patch}) / {net.stride} + 1, rounded down.",
        {"part": 2, "kind": kind, "patch": patch, "size": f"{size}x{size}"},
    )


TEXT = """## Words that confuse
- **Patch-wise** classification: one patch in, one class out, for the patch's middle pixel. A patch is also called a window or a crop.
- **Fully convolutional**: only layers that slide, so that any size of image goes in. A fully connected layer is no hindrance: it is a
  convolution whose kernel is as large as the map that it reads.
- **Stride** of a window is how far it moves; of a network, how far its answers lie apart. Pooling once at stride 2 makes the latter 2.
- **À trous**, “with holes”: dilation. Pooling without its stride, and dilation behind it, gives the answers between back.
"""

SLIDING_WINDOW = Lab(
    name="sliding_window",
    title="Sliding window",
    sentence="Classify the middle of every patch, one after the other; then the same in a single pass.",
    icon="select_all",
    minutes=10,
    card=(
        "A classifier slides over the image, then becomes fully convolutional: the same answers many times faster, and where they differ."
    ),
    text=TEXT,
    questions=(ask_reads, ask_same, ask_parameters, ask_size),
)
