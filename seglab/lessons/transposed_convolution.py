"""The transposed convolution: eleven stops from one stamp to what it is not (curriculum B12 to B19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from seglab.lessons.asking import choices, pick, square
from seglab.operators import conv_transpose2d
from seglab.sizes import output_size
from seglab.stage.fields import Field
from seglab.stage.lesson import Asked, Lesson, Panel, Ref, Step, Stop, View, fields_of

SETTINGS = {name: Ref(name) for name in ("stride", "padding", "output_padding", "dilation")}
STAMP = Step("y", "conv_transpose", ("x",), weight="w", options=SETTINGS)

INPUT = Panel("x", "input", "Input", "I", edits="x")
KERNEL = Panel("kernel:y", "kernel", "Kernel", "K", edits="w")
OUTPUT = Panel("y", "output", "Output", "O")
STAMPS = View("stamp", "Stamp", (STAMP,), (INPUT, KERNEL, OUTPUT), follows="y", reading="input", inputs={"x": "x"})

VIEWS = (
    STAMPS,
    replace(STAMPS, name="slide", label="Slide", reading="output"),
    replace(STAMPS, name="shift", label="Shift and add", reading="tap"),
    View(
        "zeros",
        "With zeros inserted",
        steps=(Step("y", "zero_insertion", ("x",), weight="w", options=SETTINGS, inserted="z"),),
        panels=(
            INPUT,
            Panel("z", "input", "Zeros inserted", "Z"),
            Panel("kernel:y", "kernel", "Kernel, flipped", "F"),
            OUTPUT,
        ),
        follows="y",
        reading="output",
        inputs={"x": "x"},
        needs="needs an input that the padding does not crop away, and numbers in place of letters",
    ),
    View(
        "matrix",
        "As a matrix",
        steps=(STAMP,),
        panels=(
            KERNEL,
            Panel("transpose:y", "kernel", "C, the convolution", "C"),
            Panel("matrix:y", "kernel", "Cᵀ, this operator", "Cᵀ"),
            Panel("column:x", "input", "Input", "I"),
            Panel("column:y", "output", "Output", "O"),
        ),
        follows="y",
        reading="output",
        inputs={"x": "x"},
        remark="adjoint",
        needs="shows matrices of up to 4,096 entries: take a smaller input or kernel",
    ),
    View(
        "bilinear",
        "Against bilinear",
        steps=(
            STAMP,
            Step("b", "interpolate", ("x",), options={"scale_factor": Ref("stride"), "mode": "bilinear"}),
            Step("d", "subtract", ("y", "b")),
        ),
        panels=(INPUT, KERNEL, OUTPUT, Panel("b", "output", "Bilinear", "B"), Panel("d", "difference", "Difference", "D")),
        follows="y",
        reading="input",
        inputs={"x": "x"},
        needs="compares outputs of one size, the input's times the stride: with stride 2 take kernel 4 and padding 1",
    ),
    View(
        "return",
        "There and back",
        steps=(
            Step("c", "conv", ("x",), weight="w", options={n: SETTINGS[n] for n in ("stride", "padding", "dilation")}),
            Step("y", "conv_transpose", ("c",), weight="w", options=SETTINGS),
        ),
        panels=(INPUT, KERNEL, Panel("c", "output", "Convolved", "C"), OUTPUT),
        follows="y",
        reading="input",
        inputs={"x": "x"},
        needs="first convolves the input, so the kernel has to fit into it: take a larger input or a smaller kernel",
    ),
)

DIGITS = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
COUNTING = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def ones(height: int, width: int) -> list[list[int]]:
    return [[1] * width for _ in range(height)]


def digits(height: int, width: int) -> list[list[int]]:
    """The digits from 1 on, row by row; after 9 comes 0."""
    return [[(row * width + column + 1) % 10 for column in range(width)] for row in range(height)]


def bilinear_kernel(stride: int) -> list[list[float]]:
    """The weights that FCN starts its upsampling from: a tent of width 2 * stride (even strides).

    >>> bilinear_kernel(2)[0]
    [0.0625, 0.1875, 0.1875, 0.0625]
    """
    tent = [1 - abs(i - stride + 0.5) / stride for i in range(2 * stride)]
    return [[a * b for b in tent] for a in tent]


BILINEAR_X2: dict[str, Any] = {
    "x": [[0, 0, 9, 9], [0, 3, 6, 9], [6, 3, 3, 0], [6, 6, 0, 0]],
    "w": bilinear_kernel(2),
    "stride": 2,
    "padding": 1,
}

STOPS = (
    Stop(
        "Stamp",
        "Take one input value. Multiply the whole kernel by it. Put the result on the output, where the input value points.",
        {"at": 2},
    ),
    Stop(
        "Overlaps add",
        "Stamps that land on the same cell add up. Point at the middle of the output: four stamps meet there.",
        {"at": 4},
        pauses=((2, "the first two stamps overlap in a column"), (3, "three stamps meet in the middle")),
    ),
    Stop(
        "Stride",
        "The stride is the distance between two stamps on the output. With stride 2 and a 2 × 2 kernel the stamps lie side by side.",
        {"stride": 2, "at": 4},
    ),
    Stop(
        "Padding crops",
        "In a convolution padding adds cells. Here it takes them away: the hatched border was stamped, then cut off.",
        {"w": DIGITS, "stride": 2, "padding": 1, "at": 4},
    ),
    Stop(
        "Output padding",
        "Padding 1 cut one row too many for 4 × 4. Output padding 1 cuts less at the bottom and right. The cells it gives back were"
        " stamped: they are not zeros.",
        {"x": [[1]], "w": DIGITS, "stride": 2, "padding": 1, "output_padding": 1, "at": 1},
    ),
    Stop(
        "Zeros inserted",
        "The same output another way: spread the input with zeros, pad it, and slide the kernel over it, flipped. Only in this view"
        " is the kernel flipped.",
        {"x": [[1, 2], [3, 4]], "w": DIGITS, "stride": 2, "padding": 1, "output_padding": 1, "view": "zeros", "at": 7},
    ),
    Stop(
        "The matrix",
        "Write the convolution that takes the output's size to the input's as a matrix C. Stamping multiplies by its transpose Cᵀ. That"
        " is where the name comes from.",
        {"view": "matrix", "at": 5},
    ),
    Stop(
        "Overlap and checkerboard",
        "Count the stamps that reach each cell. Kernel 3 with stride 2 counts 1, 2, 1, 2: a checkerboard before anything is learned. A"
        " kernel size divisible by the stride counts evenly.",
        {"x": ones(5, 5), "w": ones(3, 3), "stride": 2, "count": True, "at": 25},
    ),
    Stop(
        "A bilinear start",
        "FCN starts from a kernel that interpolates. Away from the border the difference is zero; at the border the stamps of the"
        " neighbours outside are missing. Training then changes the kernel.",
        {**BILINEAR_X2, "view": "bilinear", "at": 16},
    ),
    Stop(
        "On a line",
        "One row is enough to see it all: two inputs, three weights, stride 2. The middle cell gets two products.",
        {"x": [[2, 3]], "w": [[5, 7, 11]], "stride": 2, "letters": True, "at": 2},
    ),
    Stop(
        "Not a deconvolution",
        "Convolve, then transpose with the same kernel. The size comes back, the values do not. Nothing here undoes a convolution:"
        " “deconvolution”, “up-convolution” and “fractionally strided convolution” all name this same operator, the first one wrongly.",
        {"x": COUNTING, "w": [[1, 2], [3, 4]], "view": "return", "at": 4},
    ),
)


def ask_overlap(turn: int) -> Asked:
    """How many cells get more than one stamp?"""
    size, kernel, stride = pick(turn, (2, 2, 2), (drawn for drawn in product((2, 3, 4), (2, 3, 4), (1, 2, 3)) if drawn[1] >= drawn[2]))
    stamps = conv_transpose2d(ones(size, size), ones(kernel, kernel), stride=stride).output
    shared, cells, along = int((stamps > 1).sum()), stamps.size, len(stamps)
    told = {0: "None", cells: f"All {cells}"}
    lie = (
        f"The stamps are {kernel} cells wide and {stride} apart, so none reaches the next"
        if kernel <= stride
        else f"The stamps are {kernel} cells wide but only {stride} apart, so they overlap"
    )
    return Asked(
        f"A {square(size)} input is stamped with a {square(kernel)} kernel and stride {stride}."
        " How many output cells get more than one stamp?",
        tuple(told.get(count, str(count)) for count in choices(shared, size**2, cells, 1, along)),
        told.get(shared, str(shared)),
        f"{lie}: {square(along)} cells, {shared or 'none'} of them with several stamps."
        + (" The largest value is 3 · 4 = 12." if turn == 0 else ""),
        {
            "stop": 3,
            **({} if turn == 0 else {"x": ones(size, size), "w": ones(kernel, kernel)}),
            "stride": stride,
            "count": True,
            "at": size**2,
        },
    )


def ask_size(turn: int) -> Asked:
    """How large is the output?"""
    drawn = product(range(2, 6), range(2, 6), (1, 2, 3), (0, 1, 2))
    size, kernel, stride, padding = pick(
        turn, (2, 3, 2, 1), (drawn for drawn in drawn if drawn[3] * 2 < drawn[1] + (drawn[0] - 1) * drawn[2])
    )
    out = output_size("conv_transpose", size, kernel, stride, padding)
    return Asked(
        f"{square(size)} cells, kernel {kernel}, stride {stride}, padding {padding}. How large is the output?",
        tuple(square(side) for side in choices(out, out + 2 * padding, size * stride, out - 1, out + 1) if side > 0),
        square(out),
        f"({size} − 1)·{stride} − 2·{padding} + {kernel - 1} + 1 = {out}."
        + (" To get 4 × 4 the setting needs output_padding 1." if turn == 0 else ""),
        {"stop": 4, "x": digits(size, size), "w": digits(kernel, kernel), "stride": stride, "padding": padding, "at": size**2},
    )


def ask_last_row(turn: int) -> Asked:
    """What does output padding add?"""
    value = pick(turn, 1, range(1, 6))
    kernel = DIGITS if turn == 0 else (np.random.default_rng(turn).permutation(9).reshape(3, 3) + 1).tolist()
    shows = {"stop": 5, "x": [[value]], "w": kernel, "stride": 2, "padding": 1, "output_padding": 1, "at": 1}
    output = conv_transpose2d([[value]], kernel, stride=2, padding=1, output_padding=1).output.astype(int)
    upper, last = (tuple(row) for row in output.tolist())
    because = "Output padding does not add zeros, it crops less of what was stamped."
    if turn == 0:
        asked = "A single 1 goes through the kernel 1 to 9 with stride 2, padding 1 and output_padding 1. Is the last row zero?"
        return Asked(asked, ("Yes", "No"), "No", f"The output is {_row(upper)} / {_row(last)}. {because}", shows)
    return Asked(
        f"A single {value} goes through the kernel {' / '.join(_row(row) for row in kernel)} with stride 2, padding 1 and output_padding 1."
        " What is the last row of the output?",
        tuple(_row(row) for row in choices(last, (0, 0), upper, (value * kernel[2][0], value * kernel[2][1]))),
        _row(last),
        f"The output is {_row(upper)} / {_row(last)}: {value} times the kernel without its first row and column. {because}",
        shows,
    )


def _row(cells: Sequence[int]) -> str:
    return " ".join(str(cell) for cell in cells)


def ask_even(turn: int) -> Asked:
    """Which kernel overlaps evenly?"""
    windows = [
        (stride, least) for stride, least in product((2, 3, 4), range(2, 7)) if sum((least + i) % stride == 0 for i in range(3)) == 1
    ]
    stride, least = pick(turn, (2, 3), windows)
    kernel = next(least + i for i in range(3) if (least + i) % stride == 0)
    return Asked(
        f"Which kernel gives an even overlap with stride {stride}?",
        tuple(square(least + i) for i in range(3)),
        square(kernel),
        f"{kernel} is divisible by {stride}, so away from the border every cell gets the same number of stamps."
        " Uneven weights can still draw a pattern.",
        {
            "stop": 8,
            "x": ones(5, 5),
            "w": ones(kernel, kernel),
            "stride": stride,
            "padding": (kernel - stride) // 2,
            "count": True,
            "at": 25,
        },
    )


QUESTIONS = (ask_overlap, ask_size, ask_last_row, ask_even)

FORMULA = """
<p class="formula"><i>O</i>(<i>x</i>, <i>y</i>) = Σ<sub><i>i</i>, <i>j</i></sub> <i>I</i>(<i>i</i>, <i>j</i>) ·
<i>K</i>(<i>x</i> − <i>i s</i> + <i>p</i>, <i>y</i> − <i>j s</i> + <i>p</i>)</p>
<p>with stride <i>s</i> and padding <i>p</i>; <i>x</i> counts rows, and a weight outside the kernel is 0. The lecture’s formula leaves
<i>p</i> out. Along each axis, with <i>n</i> cells in, kernel <i>k</i> and dilation <i>d</i>, the output has</p>
<p class="formula">(<i>n</i> − 1) <i>s</i> − 2<i>p</i> + <i>d</i> (<i>k</i> − 1) + output padding + 1</p>
<p>cells.</p>
"""

TEXT = """
## Words that confuse
- **Padding** adds cells to a convolution's input. To a transposed convolution's output it does the opposite: it crops.
- **Flipped?** The stamp is the kernel as it is. Only the view with zeros inserted slides it flipped; both give the same output.
- **Transposed convolution, up-convolution, fractionally strided convolution, deconvolution** are one operator. The last name is wrong: in
  signal processing a deconvolution undoes a convolution, and this does not.
"""

TRANSPOSED_CONVOLUTION = Lesson(
    name="transposed_convolution",
    title="Transposed convolution",
    sentence="Each input value scales the whole kernel and stamps it on the output; overlaps add.",
    fields=fields_of(
        VIEWS,
        STOPS,
        Field("x", "grid", [[0, 1], [2, 3]], "Input", "the input's cells", 1, 8),
        Field("w", "grid", [[4, 1], [2, 3]], "Kernel", "the kernel's weights", 1, 8),
        Field("stride", "int", 1, "Stride", "cells between two stamps on the output", 1, 4),
        Field("padding", "int", 0, "Padding", "cells cropped from each side of the output", 0, 6),
        Field("output_padding", "int", 0, "Output padding", "cells cropped less at the bottom and right", 0, 3),
        Field("dilation", "int", 1, "Dilation", "spacing of the kernel's weights on the output", 1, 4),
        Field("count", "flag", False, "Overlap count", "how many stamps reach each output cell, in place of the values"),
        Field("letters", "flag", False, "Letters", "letters in place of numbers, on small grids"),
        at=2,
    ),
    views=VIEWS,
    stops=STOPS,
    presets=(
        ("2 × 2 by 2 × 2: the lecture's numbers", {"at": 4}),
        ("3 × 3, stride 2: 2 × 2 to 4 × 4", {"x": [[1, 2], [3, 4]], "w": DIGITS, "stride": 2, "padding": 1, "output_padding": 1, "at": 4}),
        ("Checkerboard: kernel 3, stride 2", {"x": ones(5, 5), "w": ones(3, 3), "stride": 2, "at": 25}),
        ("Even: kernel 4, stride 2, padding 1", {"x": ones(5, 5), "w": ones(4, 4), "stride": 2, "padding": 1, "at": 25}),
        ("Even overlap, uneven weights", {"x": ones(5, 5), "w": [[1, 3], [3, 1]], "stride": 2, "at": 25}),
        ("Bilinear, twice as large", {**BILINEAR_X2, "at": 16}),
        (
            "Bilinear, four times as large",
            {"x": [[0, 9, 3], [6, 0, 9], [3, 6, 0]], "w": bilinear_kernel(4), "stride": 4, "padding": 2, "at": 9},
        ),
        ("12 × 12 digits, 5 × 5 kernel", {"x": "random3.12x12", "w": "random5.5x5", "at": 144}),
        ("A disc of 64 × 64 pixels, stride 2", {"x": "disc9.64x64", "w": ones(3, 3), "stride": 2, "at": 4096}),
    ),
    controls=("x", "w", "stride", "padding", "output_padding", "dilation", "count", "letters"),
    icon="stacks",
    minutes=15,
    card="Each input value stamps the kernel on the output; overlaps add. Eleven stops, from one stamp to the checkerboard.",
    formula=FORMULA,
    text=TEXT,
    questions=QUESTIONS,
)
