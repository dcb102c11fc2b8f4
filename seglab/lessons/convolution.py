"""Convolution: many cells become one, and what its settings do (curriculum B1 to B3, A10, and the activation of B5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from seglab.grid import PADDING_MODES
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

QUESTIONS = (
    lambda turn: Asked(
        "A 3 × 3 layer looks at an image of 100 × 100 pixels, without padding. In how many places does its kernel stand?",
        ("1", "100", "9,604", "10,000"),
        "9,604",
        "98 × 98 places, each an example to learn from: the gradient of a weight adds up over all of them. On 5 × 5 cells it is 9.",
        {"x": [[1] * 5] * 5, "w": [[1] * 3] * 3, "at": 9},
    ),
    lambda turn: Asked(
        "An image has the same value everywhere. The Laplacian's weights add up to 0. With zeros as padding, where does it answer?",
        ("Nowhere", "Along the border", "Everywhere"),
        "Along the border",
        "Inside, the weights cancel. At the border some of them meet padding instead of image: a false edge.",
        {"stop": 5, "x": FLAT, "w": LAPLACIAN, "padding": 1, "at": 25},
    ),
    lambda turn: Asked(
        "Is the kernel flipped before it slides, as in the mathematical convolution?",
        ("Yes", "No"),
        "No",
        "The first cell is 0·1.45 + 0.4·0.31 + 0·0.54 + 0.4·(−0.04) − 0.11 = −0.002. Flipped it would be 0.686.",
        {"stop": 10, **HAND, "view": "flipped", "at": 1},
    ),
)

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
