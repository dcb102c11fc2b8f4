"""Convolution: many cells become one, and what its settings do (curriculum B1 to B3, A10, and the activation of B5)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from seglab.grid import PADDING_MODES
from seglab.lessons.asking import choices, pick, square
from seglab.operators import conv2d
from seglab.stage.fields import Field
from seglab.stage.lesson import END, Asked, Lesson, Panel, Ref, Step, Stop, View, fields_of

ACTIVATIONS = ("none", "relu", "sigmoid", "tanh")
SETTINGS: dict[str, Any] = {
    "stride": Ref("stride"),
    "padding": Ref("same", {"0": Ref("padding"), "1": "same"}),
    "dilation": Ref("dilation"),
    "padding_mode": Ref("padding_mode"),
    "activation": Ref("activation", {"none": None}),
}
SLIDE_STEP = Step("y", "conv2d", ("x",), weight="w", options=SETTINGS, operands={"bias": Ref("bias")})

INPUT = Panel("x", "input", "Input", "I", edits="x")
KERNEL = Panel("kernel:y", "kernel", "Kernel", "K", edits="w")
OUTPUT = Panel("y", "output", "Output", "O")
SLIDE = View("slide", "Slide", (SLIDE_STEP,), (INPUT, KERNEL, OUTPUT), follows="y", reading="output", inputs={"x": "x"})

VIEWS = (
    SLIDE,
    replace(SLIDE, name="shift", label="Shift and add", reading="tap"),
    replace(SLIDE, name="spread", label="Where a cell goes", reading="input"),
    View(
        "photo",
        "On a photograph",
        steps=(replace(SLIDE_STEP, reads=("p",)),),
        panels=(Panel("p", "input", "Photograph", "P", photo=True), KERNEL, Panel("y", "output", "Filtered", "O", photo=True)),
        follows="y",
        reading="output",
        inputs={"p": "photo"},
    ),
    View(
        "flipped",
        "Flipped and not",
        steps=(SLIDE_STEP, replace(SLIDE_STEP, grid="f", flipped=True)),
        panels=(
            INPUT,
            KERNEL,
            OUTPUT,
            Panel("kernel:f", "kernel", "Kernel, flipped", "F"),
            Panel("f", "output", "Convolved, flipped", "M"),
        ),
        follows="y",
        reading="output",
        inputs={"x": "x"},
    ),
    View(
        "matrix",
        "As a matrix",
        steps=(SLIDE_STEP,),
        panels=(
            KERNEL,
            Panel("matrix:y", "kernel", "C", "C"),
            Panel("column:x", "input", "Input", "I"),
            Panel("column:y", "output", "Output", "O"),
        ),
        follows="y",
        reading="output",
        inputs={"x": "x"},
        needs="shows matrices of up to 4,096 entries: take a smaller input or kernel",
    ),
)

COUNTING = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
STEP_EDGE = [[0, 0, 0, 9, 9, 9]] * 6
FLAT = [[3] * 5] * 5
SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
LAPLACIAN = [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
HAND = {  # the network that the lectures work out by hand: image, kernel and bias of its first layer
    "x": [[0, 0.4, 1, 0.5, 0]] * 5,
    "w": [[1.45, 0.31], [0.54, -0.04]],
    "bias": -0.11,
    "same": True,
}
KERNELS: tuple[tuple[str, list[list[float]]], ...] = (
    ("Sobel, edges that stand", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    ("Sobel, edges that lie", [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]),
    ("Scharr, edges that stand", [[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]]),
    ("Laplacian, edges of all directions", [[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    ("Gaussian, a blur", [[0.0625, 0.125, 0.0625], [0.125, 0.25, 0.125], [0.0625, 0.125, 0.0625]]),
    ("Sharpen", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
)

STOPS = (
    Stop(
        "Many cells become one",
        "Lay the kernel on the input. Multiply each weight by the cell under it and add up: that is one cell of the output.",
        {},
    ),
    Stop(
        "One kernel for every place",
        "The same weights are used everywhere. Seen weight by weight: each scales the whole input, shifts it, and the results add.",
        {"view": "shift", "at": 4},
    ),
    Stop(
        "It looks for something",
        "Right minus left: Sobel's kernel answers where the input gets brighter from left to right, and with 0 where nothing changes.",
        {"x": STEP_EDGE, "w": SOBEL, "at": 16},
    ),
    Stop(
        "On a photograph",
        "The same kernel, the same arithmetic, on 64 × 64 pixels: point at one. Other kernels are under Examples, and yours can be typed.",
        {"x": STEP_EDGE, "w": SOBEL, "view": "photo", "at": END},
    ),
    Stop(
        "Padding keeps the size",
        "Cells around the input let the kernel stand on the border as well. Zeros are an edge that is not in the image: this one is flat,"
        " yet the Laplacian answers along its border.",
        {"x": FLAT, "w": LAPLACIAN, "padding": 1, "at": 25},
    ),
    Stop(
        "Other paddings",
        "Repeat the edge, mirror, or go around, and the false edge is gone. Reflect: 3 2 [1 2 3] 2 1. Replicate: 1 1 [1 2 3] 3 3."
        " Circular: 2 3 [1 2 3] 1 2.",
        {"x": FLAT, "w": LAPLACIAN, "padding": 1, "padding_mode": "replicate", "at": 25},
    ),
    Stop(
        "Stride",
        "Move the kernel two cells at a time and 4 × 4 becomes 2 × 2: downsampling with learned weights. A stride larger than the kernel"
        " skips cells.",
        {
            "x": [[1, 2, 3, 4], [5, 6, 7, 8], [9, 0, 1, 2], [3, 4, 5, 6]],
            "w": [[1, 0, 1], [0, 2, 0], [1, 0, 1]],
            "stride": 2,
            "padding": 1,
            "at": 4,
        },
    ),
    Stop(
        "Dilation",
        "Gaps between the weights: nine of them see 5 × 5 cells.",
        {"x": [[(row * 7 + column) % 10 for column in range(7)] for row in range(7)], "w": [[1, 1, 1]] * 3, "dilation": 2, "at": 1},
    ),
    Stop(
        "Bias and activation",
        "A network adds a bias to every cell and then bends the result: ReLU keeps what is positive and zeroes the rest. “Same” padding"
        " puts the odd row and column at the bottom and right.",
        {**HAND, "activation": "relu", "at": 25},
    ),
    Stop(
        "It does not flip",
        "Mathematics turns the kernel by half a turn before it slides; networks do not, they learn the weights anyway. With a kernel that"
        " is not symmetric the two differ.",
        {**HAND, "view": "flipped", "at": 1},
    ),
    Stop(
        "The matrix",
        "Written as a matrix, each row holds the kernel's weights at the cells that one output reads. Most entries are 0, and the same four"
        " weights come back in every row.",
        {"view": "matrix", "at": 2},
    ),
)


def ask_places(turn: int) -> Asked:
    """In how many places does a kernel stand?"""
    size, kernel = pick(turn, (100, 3), product(range(9, 33), (2, 3, 5, 7)))
    places = size - kernel + 1
    small = (5, 3) if turn == 0 else (size, kernel)
    return Asked(
        f"A {square(kernel)} layer looks at an image of {square(size)} pixels, without padding. In how many places does its kernel stand?",
        tuple(f"{count:,}" for count in choices(places**2, size, (size - kernel) ** 2, size**2)),
        f"{places**2:,}",
        f"{square(places)} places, each an example to learn from: the gradient of a weight adds up over all of them."
        + (" On 5 × 5 cells it is 9." if turn == 0 else ""),
        {"x": f"ones1.{small[0]}x{small[0]}", "w": [[1] * small[1]] * small[1], "at": END},
    )


AROUND: dict[str, list[list[int]]] = {  # kernels that are alike in all four directions, so that all borders answer alike
    "Laplacian": LAPLACIAN,
    "Laplacian of eight neighbours": [[1, 1, 1], [1, -8, 1], [1, 1, 1]],
    "sharpening kernel": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "sum of all nine cells": [[1, 1, 1]] * 3,
}


def ask_border(turn: int) -> Asked:
    """Where does a kernel answer on an image that is the same everywhere?"""
    name, mode, value = pick(turn, ("Laplacian", "zeros", 3), product(AROUND, PADDING_MODES, range(1, 10)))
    kernel, total = AROUND[name], int(np.sum(AROUND[name]))
    answers = conv2d([[value] * 5] * 5, kernel, padding=1, padding_mode=mode).output != 0
    right = "Everywhere" if answers.all() else "Along the border" if answers.any() else "Nowhere"
    inside = "Inside, the weights cancel." if total == 0 else f"Inside, every cell gets {total} · {value} = {total * value}."
    outside = {
        "Everywhere": "The border gets something as well.",
        "Along the border": "At the border some of them meet padding instead of image: a false edge.",
        "Nowhere": f"With {mode} the cells around it are the image's own again, so they cancel at the border too.",
    }
    return Asked(
        f"An image has the same value, {value}, everywhere. The weights of the {name} add up to {total}."
        f" With {mode} as padding, where is the answer not 0?",
        ("Nowhere", "Along the border", "Everywhere"),
        right,
        f"{inside} {outside[right]}",
        {"stop": 5, "x": [[value] * 5] * 5, "w": kernel, "padding": 1, "padding_mode": mode, "at": 25},
    )


def _corners() -> list[tuple[list[list[int]], list[list[int]]]]:
    """Images and kernels whose first cell changes when the kernel is flipped."""
    rng = np.random.default_rng(10)
    drawn = [(rng.integers(0, 10, (3, 3)), rng.permutation(9)[:4].reshape(2, 2) + 1) for _ in range(60)]
    return [(x.tolist(), w.tolist()) for x, w in drawn if (x[:2, :2] * (w - w[::-1, ::-1])).sum()]


def ask_flip(turn: int) -> Asked:
    """Is the kernel flipped? Later: what is the first cell?"""
    if turn == 0:
        return Asked(
            "Is the kernel flipped before it slides, as in the mathematical convolution?",
            ("Yes", "No"),
            "No",
            "The first cell is 0·1.45 + 0.4·0.31 + 0·0.54 + 0.4·(−0.04) − 0.11 = −0.002. Flipped it would be 0.686.",
            {"stop": 10, **HAND, "view": "flipped", "at": 1},
        )
    x, w = pick(turn, ([], []), _corners())
    corner, weights = [*x[0][:2], *x[1][:2]], [*w[0], *w[1]]
    right, flipped = (sum(a * b for a, b in zip(corner, order, strict=True)) for order in (weights, weights[::-1]))
    turned = sum(a * b for a, b in zip(corner, [w[0][0], w[1][0], w[0][1], w[1][1]], strict=True))
    return Asked(
        f"A network lays the kernel {_rows(w)} on the corner {_rows([row[:2] for row in x[:2]])} of an image."
        " What is the first output cell?",
        tuple(str(value) for value in choices(right, flipped, turned, sum(corner) * sum(weights))),
        str(right),
        f"{' + '.join(f'{a}·{b}' for a, b in zip(corner, weights, strict=True))} = {right}: not flipped. Flipped it would be {flipped}.",
        {"stop": 10, "x": x, "w": w, "view": "flipped", "at": 1},
    )


def _rows(cells: list[list[int]]) -> str:
    return " / ".join(" ".join(str(value) for value in row) for row in cells)


QUESTIONS = (ask_places, ask_border, ask_flip)

FORMULA = """
<p class="formula"><i>O</i>(<i>x</i>, <i>y</i>) = <i>b</i> + Σ<sub><i>i</i>, <i>j</i></sub> <i>I</i>(<i>s x</i> + <i>d i</i> − <i>p</i>,
<i>s y</i> + <i>d j</i> − <i>p</i>) · <i>K</i>(<i>i</i>, <i>j</i>)</p>
<p>with stride <i>s</i>, dilation <i>d</i>, padding <i>p</i> and bias <i>b</i>; <i>x</i> counts rows. The mathematical convolution has
<i>K</i>(−<i>i</i>, −<i>j</i>): what networks call convolution is its cross-correlation.</p>
"""

TEXT = """
## Words that confuse
- **Padding** adds cells to a convolution's input. To a transposed convolution's output it does the opposite: it crops.
- **Same** padding keeps the size. With a kernel of even size it adds one more row below and one more column on the right.
- **Filter, kernel, weights** are the same thing here.
"""

CONVOLUTION = Lesson(
    name="convolution",
    title="Convolution",
    sentence="A small kernel slides over the input; each output cell is one sum of products.",
    fields=fields_of(
        VIEWS,
        STOPS,
        Field("x", "grid", COUNTING, "Input", "the input's cells", 1, 8),
        Field("w", "grid", [[1, 2], [3, 4]], "Kernel", "the kernel's weights", 1, 8),
        Field("stride", "int", 1, "Stride", "cells between two places of the kernel", 1, 4),
        Field("padding", "int", 0, "Padding", "cells added on each side of the input", 0, 4),
        Field("padding_mode", "choice", "zeros", "Padding with", "what the added cells hold", options=PADDING_MODES),
        Field("dilation", "int", 1, "Dilation", "spacing of the kernel's weights on the input", 1, 4),
        Field("bias", "number", 0, "Bias", "added to every output cell", -4, 4, step=0.01),
        Field("activation", "choice", "none", "Activation", "what is done to every output cell at last", options=ACTIVATIONS),
        Field("same", "flag", False, "Padding “same”", "as much padding as keeps the size, in place of the number (stride 1)"),
        Field("photo", "grid", "photo0.64x64", "Photograph", "the photograph beside the numbers", 1, 8),
        at=1,
    ),
    views=VIEWS,
    stops=STOPS,
    presets=(
        *((title, {"x": STEP_EDGE, "w": kernel, "view": "photo", "at": END}) for title, kernel in KERNELS),
        ("Sobel on coins", {"x": STEP_EDGE, "w": SOBEL, "view": "photo", "photo": "photo1.64x64", "at": END}),
        ("First layer of the U-Net by hand", {**HAND, "at": 25}),
        ("12 × 12 digits, 5 × 5 kernel", {"x": "random3.12x12", "w": "random5.5x5", "padding": 2, "at": 144}),
    ),
    controls=("x", "w", "stride", "padding", "padding_mode", "dilation", "bias", "activation", "same"),
    icon="grid_on",
    minutes=15,
    card="Many cells become one. Kernels that find edges, on numbers and on a photograph; padding, stride, dilation, bias, activation.",
    formula=FORMULA,
    text=TEXT,
    questions=QUESTIONS,
)
