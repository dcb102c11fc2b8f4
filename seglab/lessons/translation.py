"""Translation: move the image, and see whether the answer moves along (curriculum C1, C2 and C4)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from seglab.grid import PADDING_MODES
from seglab.lessons.asking import pick
from seglab.lessons.left_right import trained
from seglab.stage.fields import Field
from seglab.stage.lesson import Asked, Chain, Lesson, Panel, Ref, Step, Stop, View, build, fields_of

BLUR = [[1 / 16, 2 / 16, 1 / 16], [2 / 16, 4 / 16, 2 / 16], [1 / 16, 2 / 16, 1 / 16]]  # the binomial filter of Zhang (arXiv:1904.11486)
MODE = Ref("padding_mode")
FIRST: dict[str, Any] = {
    "stride": Ref("stride"),
    "padding": Ref("padding"),
    "padding_mode": MODE,
    "activation": Ref("activation", {"none": None}),
}
HALVED = {"stride": 2, "padding": 1, "padding_mode": MODE}

CHAIN = Chain(
    "y",
    "t",
    (
        ("first", {"conv": Step("", "conv2d", (), "w", FIRST), "untied": Step("", "untied", (), "w", FIRST)}),
        (
            "second",
            {
                "max_pool": Step("", "max_pool2d", (), options={"kernel_size": 2}),
                "avg_pool": Step("", "avg_pool2d", (), options={"kernel_size": 2}),
                "blur_pool": Step("", "conv2d", (), options=HALVED, operands={"weight": BLUR}),
                "stride_conv": Step("", "conv2d", (), "w", HALVED),
            },
        ),
        ("third", {"conv": Step("", "conv2d", (), "w", {"padding": 1, "padding_mode": MODE})}),
        ("head", {"global_pool": Step("", "global_pool", ()), "dense": Step("", "dense", ())}),
    ),
)
STRIDES = (
    Ref("first", {"conv": Ref("stride"), "untied": Ref("stride"), "none": 1}),
    Ref("second", {"none": 1, "max_pool": 2, "avg_pool": 2, "blur_pool": 2, "stride_conv": 2}),
)


def moved(grid: str, source: str, divided: bool) -> Step:
    """T: a shift by the two fields; on the output by as many cells as it has for them, and not at all where it has no places left."""
    by = {
        name: Ref("head", {"none": Ref(name, over=STRIDES), "global_pool": 0, "dense": 0}) if divided else Ref(name)
        for name in ("dy", "dx")
    }
    return Step(grid, "shift", (source,), options={**by, "mode": Ref("mode")})


IMAGE = Panel("x", "input", "x", "x", edits="x", moves=True)
MOVED = Panel("t", "input", "T x", "Tx", moves=True)
KERNEL = Panel("kernel:y1|y2|y3|y", "kernel", "Kernel", "K", edits="w")
COMPUTED = (
    Panel("y", "output", "A = f(T x)", "A"),
    Panel("fx", "output", "f(x)", "F", leads=True),
    Panel("tf", "output", "B = T f(x)", "B"),
    Panel("d", "difference", "A − B", "D"),
)
NUMBERS = View(
    "numbers",
    "Numbers",
    steps=(
        moved("t", "x", False),
        CHAIN,
        replace(CHAIN, grid="fx", reads="x"),
        moved("tf", "fx", True),
        Step("d", "subtract", ("y", "tf")),
    ),
    panels=(IMAGE, MOVED, KERNEL, *COMPUTED),
    follows="y",
    reading="output",
    inputs={"x": "x"},
    remark="shifts",
)
VIEWS = (
    NUMBERS,
    replace(
        NUMBERS,
        name="photo",
        label="A picture",
        panels=(replace(IMAGE, edits=None, photo=True), replace(MOVED, photo=True), *COMPUTED),
        inputs={"x": "photo"},
    ),
    replace(
        NUMBERS,
        name="layers",
        label="Layer by layer",
        panels=(
            MOVED,
            KERNEL,
            *(Panel(f"y{at}", "output", f"After layer {at}", f"L{at}") for at in (1, 2, 3)),
            COMPUTED[0],
        ),
    ),
)

HOOK = [[0, 0, 0, 0, 0, 0, 0, 0]] * 2 + [[0, 0, 9, 0, 0, 0, 0, 0]] * 2 + [[0, 0, 9, 5, 0, 0, 0, 0]] + [[0] * 8] * 3
SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


def spike(column: int) -> list[list[int]]:
    """A single 1 in row 2."""
    return [[int((row, at) == (2, column)) for at in range(8)] for row in range(8)]


SMALL_NETWORK = {"view": "photo", "activation": "relu", "second": "max_pool", "third": "conv"}
SPIKE = {"first": "none", "second": "max_pool", "dy": 0, "dx": 1}

STOPS = (
    Stop(
        "Drag the image",
        "T moves the image, f is a convolution. Drag x or T x: move first or compute first, the answer is the same.",
        {},
    ),
    Stop(
        "On a picture",
        "The answer moves along with the image: f is equivariant, since all places share the same weights. Drag it, or take a picture of"
        " your own.",
        {"view": "photo", "dy": -10, "dx": 24},
    ),
    Stop(
        "The border breaks it",
        "Zeros around the image are not part of it. Where the object meets the border the two orders differ, and they do with reflect and"
        " replicate: only going around is exact.",
        {"padding_mode": "zeros", "dy": 0, "dx": 5},
    ),
    Stop(
        "Roll or fill",
        "Now the shift fills with zeros, and what leaves is lost. While the object and its edges stay inside, the orders agree; move it one"
        " cell further to the right.",
        {"padding_mode": "zeros", "mode": "fill", "dy": 0, "dx": 4},
    ),
    Stop(
        "Stride 2",
        "Only every second place is computed. Moved by 2, the output moves by 1; moved by 1, it would have to move by half a cell.",
        {"stride": 2, "dy": 0, "dx": 1},
    ),
    Stop(
        "A spike in its window",
        "Max pooling by 2. The 1 moves from column 2 to column 3, still in the same window: the pooled image stays as it was.",
        {"x": spike(2), **SPIKE},
    ),
    Stop(
        "Into the next window",
        "From column 3 the same step leads into the next window. Pooling forgives small shifts, but it depends on where its windows lie.",
        {"x": spike(3), **SPIKE},
    ),
    Stop(
        "A small network",
        "Convolution, ReLU, pooling, convolution. Even shifts are exact and odd ones are not, as the chart says.",
        {**SMALL_NETWORK, "dy": 0, "dx": 9},
    ),
    Stop(
        "Blur before you skip",
        "A small blur before every second cell is taken makes the break smaller. Compare: choose max pooling as layer 2.",
        {"activation": "relu", "second": "blur_pool", "dy": 0, "dx": 1},
    ),
    Stop(
        "Untie the weights",
        "Now every place has a kernel of its own. No padding and no shift makes the orders agree: shared weights were the cause.",
        {"first": "untied", "dy": 0, "dx": 1},
    ),
    Stop(
        "The place is gone",
        "The mean over the whole output is the same wherever the object is: f is invariant. A label needs no place; a mask does.",
        {"activation": "relu", "head": "global_pool"},
    ),
    Stop(
        "Flattened",
        "One unit with a weight for every place answers differently when the object moves. What it learned on the left it does not know on"
        " the right.",
        {"activation": "relu", "head": "dense"},
    ),
)


def differences(changes: dict[str, Any]) -> float:
    """The largest difference that a setting shows."""
    return float(np.abs(build(TRANSLATION, TRANSLATION.state(**changes)).values("d")).max())


def about_spikes(turn: int) -> Asked:
    stays, moves = pick(turn, (2, 3), product((0, 2, 4), (1, 3, 5)))
    first, second = sorted((stays, moves))
    changed = [column for column in (first, second) if differences({"x": spike(column), **SPIKE}) > 0]
    choices = ("Both stay", f"Only the one at {first} moves", f"Only the one at {second} moves", "Both move")
    return Asked(
        f"An image holds a single 1, at column {first} or at column {second} (counted from 0). It moves one cell to the right and is"
        " max-pooled by 2. Which pooled image changes?",
        choices,
        f"Only the one at {changed[0]} moves" if len(changed) == 1 else choices[0 if not changed else 3],
        f"Windows begin at the even columns. From {moves} to {moves + 1} the 1 enters the next window; from {stays} to {stays + 1} it"
        " stays in its own.",
        {"stop": 7, "x": spike(moves), **SPIKE},
    )


def about_strides(turn: int) -> Asked:
    stride, seed = pick(turn, (2, 10), product((1, 2, 4), (11, 12, 13)))
    image = f"random{seed}.16x16"
    shown = {"x": image, "stride": stride, "second": "max_pool", "dy": 0}
    least = next(dx for dx in range(1, 17) if differences({**shown, "dx": dx}) == 0)
    return Asked(
        f"A convolution of stride {stride}, then max pooling by 2, all with circular padding. Which is the smallest shift to the right that"
        " the output follows exactly?",
        ("1", "2", "4", "8"),
        str(least),
        f"Strides multiply: {stride} · 2 = {least}. The output has one cell for {least} of the image: other shifts fall between two cells.",
        {"stop": 5, **shown, "dx": least},
    )


def about_padding(turn: int) -> Asked:
    image, dx = pick(turn, (HOOK, 5), product(("random1.8x8", "random2.8x8"), range(1, 8)))
    shown = {"x": image, "dy": 0, "dx": dx}
    exact = [mode for mode in PADDING_MODES if differences({**shown, "padding_mode": mode}) == 0]
    return Asked(
        f"The image is rolled by {dx} to the right: what leaves comes back on the left. With which padding does a convolution of stride 1"
        " follow exactly?",
        PADDING_MODES,
        exact[0],
        "Circular padding goes around as the shift does, so every cell keeps its neighbours. The others put something else beside the"
        " border, and then the object meets it.",
        {"stop": 3, **shown, "padding_mode": "zeros"},
    )


def about_halves(turn: int) -> Asked:
    seed = pick(turn, 0, range(6))
    seeds = range(seed, seed + 5)
    flat, mean = (np.mean([trained(head, one) for one in seeds], axis=0) for head in ("flat", "mean"))
    right = min((100, 75, 50), key=lambda share: abs(share - 100 * flat[1]))
    return Asked(
        f"Five networks with a flattened layer (random seeds {seeds[0]} to {seeds[-1]}) learn to tell upright bars from lying ones, always"
        " in the left half of the image. How often are they right when the bars are in the right half?",
        ("About 100%", "About 75%", "About 50%"),
        f"About {right}%",
        f"Trained just now: flattened, {flat[0]:.0%} on the left and {flat[1]:.0%} on the right, where guessing gives 50%; with a global"
        f" mean {mean[0]:.0%} and {mean[1]:.0%}. The weights of the right half never learned anything.",
        {"stop": 12, "activation": "relu", "head": "dense", "dy": 0, "dx": 4},
    )


FORMULA = """
<p>T moves the image down by <i>m</i> and to the right by <i>n</i>:</p>
<p class="formula">(<i>T x</i>)(<i>i</i>, <i>j</i>) = <i>x</i>(<i>i</i> − <i>m</i>, <i>j</i> − <i>n</i>)</p>
<p>f is <b>equivariant</b> where <i>f</i>(<i>T x</i>) = <i>T f</i>(<i>x</i>), and <b>invariant</b> where
<i>f</i>(<i>T x</i>) = <i>f</i>(<i>x</i>). With strides that multiply to <i>s</i>, the output has one cell for
<i>s</i> of the image, and <i>T</i> moves it by</p>
<p class="formula">⌊<i>m</i> / <i>s</i>⌋ down and ⌊<i>n</i> / <i>s</i>⌋ to the right.</p>
<p>Only where <i>s</i> divides both can the two orders agree for every image.</p>
"""

TEXT = """
## Who should move along?
- **Segmentation and detection** must move with the object: the mask of a moved object is the moved mask. They need equivariance.
- **Classification** must not: a dog is a dog on the left and on the right. It needs invariance, and a global mean or maximum at the end
  gives it.
- A whole **U-Net** has strides, so it follows exactly only shifts by 2 to the power of its depth, and with zeros as padding not even those.

## What makes it exact, and what breaks it
| What f is made of | Does f(T x) = T f(x) hold? |
|---|---|
| convolution, stride 1, circular padding, rolled | always |
| ReLU and all that works cell by cell | always |
| zeros, reflect or replicate as padding | not at the border |
| stride or pooling by s | for shifts that are multiples of s |
| blur pooling ([Zhang 2019](https://arxiv.org/abs/1904.11486)) | as with its stride, but the break is smaller |
| weights that differ from place to place | never |
| a global mean | f(T x) = f(x) |
| a flattened layer | neither |
"""

TRANSLATION = Lesson(
    name="translation",
    title="Translation",
    sentence="Move the image, then compute; or compute, then move the answer. When is it the same?",
    fields=fields_of(
        VIEWS,
        STOPS,
        Field("x", "grid", HOOK, "Image", "the image's cells", 1, 8),
        Field("photo", "grid", "scene1.128x128", "Picture", "the picture that is dragged", 1, 8),
        Field("w", "grid", SOBEL, "Kernel", "the weights of every convolution", 1, 8),
        Field(
            "first",
            "choice",
            "conv",
            "Layer 1",
            "the first layer; untied weights differ from place to place",
            options=("conv", "untied", "none"),
        ),
        Field("stride", "int", 1, "Stride of layer 1", "cells between two places of the kernel", 1, 4),
        Field("padding", "int", 1, "Padding of layer 1", "cells added on each side", 0, 4),
        Field("padding_mode", "choice", "circular", "Padding with", "what the added cells hold, in every layer", options=PADDING_MODES),
        Field("activation", "choice", "none", "Activation", "what is done to every cell of layer 1 at last", options=("none", "relu")),
        Field(
            "second", "choice", "none", "Layer 2", "the second layer", options=("none", "max_pool", "avg_pool", "blur_pool", "stride_conv")
        ),
        Field("third", "choice", "none", "Layer 3", "the third layer", options=("none", "conv")),
        Field("head", "choice", "none", "At the end", "one number for the whole image, or none", options=("none", "global_pool", "dense")),
        Field(
            "mode",
            "choice",
            "roll",
            "The shift",
            "roll: what leaves comes back on the other side; fill: it is lost, zeros come in",
            options=("roll", "fill"),
        ),
        Field("dy", "int", 1, "Shift down", "cells that the image is moved down", -64, 64),
        Field("dx", "int", 2, "Shift right", "cells that the image is moved to the right", -64, 64),
    ),
    views=VIEWS,
    stops=STOPS,
    presets=(
        ("Convolution, pooling, convolution on a picture", {**SMALL_NETWORK, "dy": 6, "dx": 12}),
        ("Two strides of 2: every fourth shift", {**SMALL_NETWORK, "stride": 2, "dy": 0, "dx": 4}),
        ("Max pooling moved by one", {"activation": "relu", "second": "max_pool", "dy": 0, "dx": 1}),
        ("Average pooling moved by one", {"activation": "relu", "second": "avg_pool", "dy": 0, "dx": 1}),
        ("Stride 2 moved by one", {"activation": "relu", "second": "stride_conv", "dy": 0, "dx": 1}),
        ("Layer by layer", {"view": "layers", "activation": "relu", "second": "max_pool", "third": "conv"}),
        ("A photograph, zeros around it", {"view": "photo", "photo": "photo0.64x64", "padding_mode": "zeros", "dy": 12, "dx": 20}),
    ),
    controls=("dy", "dx", "mode", "first", "stride", "padding", "padding_mode", "activation", "second", "third", "head"),
    pictures="photo",
    icon="open_with",
    minutes=15,
    card="Drag an image and see whether the answer moves along: padding, stride, pooling, untied weights, and what makes a label stay.",
    formula=FORMULA,
    text=TEXT,
    questions=(about_spikes, about_strides, about_padding, about_halves),
)
