"""Pooling and the ways back up: what is kept, what is remembered, what is lost (curriculum B6 to B11)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import seglab as sl
from seglab.lessons.asking import choices, pick, square
from seglab.stage.fields import Field
from seglab.stage.lesson import END, Asked, Lesson, Panel, Ref, Step, Stop, View, fields_of
from seglab.stage.ways import WAYS

SETTINGS = {name: Ref(name) for name in ("op", "stride", "padding", "ceil_mode")}
POOL = Step("y", "layer", ("x",), weight="kernel", options=SETTINGS)
SMALL = Step("m", "fit", ("y",), weight="m")


def back(grid: str, way: str, **more: Any) -> Step:
    """The small map brought back up one way."""
    return Step(grid, "back", ("m", "y"), options={"op": way}, **more)


COPIED = (back("n", "nearest"), back("b", "bed_of_nails"), back("u", "max_unpool"))
SHUFFLE = back("p", "pixel_shuffle", weight="w", inserted="c")
BETWEEN: dict[str, Any] = {"scale_factor": Ref("stride"), "mode": "bilinear"}
POOLINGS = ("op", "x", "kernel", "stride", "padding", "ceil_mode")

INPUT = Panel("x", "input", "Input", "I", edits="x", winners="y")
POOLED = Panel("y", "output", "Pooled", "O")
SWITCHES = Panel("switches:y", "skip", "Switches", "S")
MAP = Panel("m", "input", "Small map", "M", edits="m")
NEAREST = Panel("n", "output", "Nearest", "N")
NAILS = Panel("b", "output", "Bed of nails", "B")
UNPOOLED = Panel("u", "output", "Max unpooled", "U")
SMOOTH = Panel("l", "output", "Bilinear", "L")
STAMPED = Panel("t", "output", "Transposed", "T")
SHUFFLED = Panel("p", "output", "Pixel shuffle", "P")
REMEMBERS = "needs the switches of max or min pooling: an average has no winner"

VIEWS = (
    View("pool", "Pool", (POOL,), (INPUT, POOLED), follows="y", reading="output", inputs={"x": "x"}),
    View("switches", "Switches", (POOL,), (INPUT, POOLED, SWITCHES), follows="y", reading="output", inputs={"x": "x"}, needs=REMEMBERS),
    View(
        "three",
        "Three ways back",
        (POOL, SMALL, *COPIED),
        (INPUT, SWITCHES, MAP, NEAREST, NAILS, UNPOOLED),
        follows="u",
        reading="input",
        inputs={"x": "x"},
        together=("n", "b", "u"),
        controls=POOLINGS,
        needs=REMEMBERS,
    ),
    View(
        "smooth",
        "Bilinear",
        (Step("l", "interpolate", ("m",), options=BETWEEN), Step("a", "interpolate", ("m",), options={**BETWEEN, "align_corners": True})),
        (MAP, SMOOTH, Panel("a", "output", "align_corners", "A")),
        follows="l",
        reading="output",
        inputs={"m": "m"},
        together=("l", "a"),
        controls=("m", "stride"),
    ),
    View(
        "learned",
        "With a kernel",
        (Step("t", "conv_transpose2d", ("m",), weight="w", options={"stride": Ref("stride")}), replace(SHUFFLE, reads=("m", "t"))),
        (
            MAP,
            Panel("kernel:t", "kernel", "Kernel", "K", edits="w"),
            STAMPED,
            Panel("c", "output", "Channels", "C"),
            SHUFFLED,
        ),
        follows="t",
        reading="input",
        inputs={"m": "m"},
        together=("t", "c", "p"),
        controls=("m", "w", "stride"),
        needs="makes blocks as large as the kernel in the pixel shuffle: take a kernel as high as wide",
    ),
    View(
        "six",
        "All six",
        (POOL, SMALL, *COPIED, back("l", "bilinear"), back("t", "conv_transpose", weight="w"), SHUFFLE),
        (MAP, NEAREST, NAILS, UNPOOLED, SMOOTH, STAMPED, SHUFFLED),
        follows="u",
        reading="input",
        inputs={"x": "x"},
        together=("n", "b", "u", "l", "t", "p"),
        controls=("x", "w"),
        facts=(
            ("Nearest", "learnable: no"),
            ("Bed of nails", "learnable: no"),
            ("Max unpooling", "learnable: no; needs the switches"),
            ("Bilinear", "learnable: no, its weights are fixed"),
            ("Transposed convolution", "learnable: yes, its kernel"),
            ("Pixel shuffle", "learnable: yes, the convolution before it"),
        ),
        needs=f"{REMEMBERS}; and a kernel as high as wide",
    ),
    View(
        "gradient",
        "Backward",
        (POOL, Step("g", "fit", ("y",), weight="g"), Step("d", "backward", ("g", "y"))),
        (INPUT, POOLED, Panel("g", "output", "Output's gradient", "G", edits="g"), Panel("d", "input", "Input's gradient", "D")),
        follows="d",
        reading="input",
        inputs={"x": "x"},
        controls=POOLINGS,
    ),
    View(
        "photo",
        "On a photograph",
        (
            replace(POOL, grid="q"),
            Step("z", "back", ("q", "q"), options={"op": Ref("way")}),
            Step("e", "subtract", ("z", "x")),
        ),
        (
            Panel("x", "input", "Photograph", "I", photo=True),
            Panel("q", "output", "Pooled", "O", photo=True),
            Panel("z", "output", "Back up", "R", photo=True),
            Panel("e", "difference", "Difference", "E"),
        ),
        follows="q",
        reading="output",
        inputs={"x": "photo"},
        remark="psnr",
        controls=("op", "way"),
        needs="compares images of one size: take a window and a stride of 2 or 4; max unpooling needs max or min pooling",
    ),
)

LECTURE = [[3, 2, 8, 0], [4, 1, 3, 1], [5, 0, 9, 1], [1, 2, 1, 1]]
SWITCHED = [[1, 2, 6, 3], [3, 5, 2, 1], [1, 2, 2, 1], [7, 3, 4, 8]]
BELOW_ZERO = [[-3, -1, -6, -2], [-5, -4, -2, -7], [-1, -8, -3, -9], [-6, -2, -4, -5]]
FLAT = [[1] * 4] * 4
TENT = [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]]


def window(kernel: int, stride: int, **more: Any) -> dict[str, Any]:
    """A square window as changes of the state."""
    return {"kernel": [kernel, kernel], "stride": [stride, stride], **more}


STOPS = (
    Stop(
        "The largest wins",
        "A window stands on the input and keeps its largest cell, nothing else. 2 × 2 with stride 2: a quarter of the cells remain.",
        {"at": 1},
    ),
    Stop(
        "Windows may overlap",
        "A 3 × 3 window with stride 1: all four windows hold the 9, so it wins four times.",
        window(3, 1, at=4),
    ),
    Stop(
        "Average and minimum",
        "Average pooling mixes all cells of a window in equal parts. Min pooling keeps the smallest. Choose under Pooling.",
        {"op": "avg_pool", "at": 1},
    ),
    Stop(
        "Padding never wins",
        "Around this input padding counts as minus infinity: with zeros, every border window would answer 0. “Round up” (ceil_mode) also"
        " takes a last window that hangs over the edge.",
        window(3, 2, x=BELOW_ZERO, padding=[1, 1], at=1),
    ),
    Stop(
        "The switches",
        "Max pooling can remember where each winner stood. These places are called switches; networks store them as one number, counted row"
        " by row.",
        {"x": SWITCHED, "view": "switches", "at": 1},
    ),
    Stop(
        "Copy or nail",
        "Deeper in a network the small map has other values. Nearest copies a cell into its whole block; bed of nails puts it at the top"
        " left and leaves zeros.",
        {"x": SWITCHED, "view": "three", "at": 1},
    ),
    Stop(
        "Max unpooling",
        "Each value goes to where the winner of its window stood: the switches know. Point at a cell to see the three ways at one place.",
        {"x": SWITCHED, "view": "three", "at": END},
    ),
    Stop(
        "Bilinear",
        "Between two cells the values change evenly: fixed weights, nothing to learn. With align_corners the corners lie on each other.",
        {"view": "smooth", "at": 2},
    ),
    Stop(
        "With a kernel",
        "A transposed convolution stamps its kernel. A pixel shuffle makes a channel for each weight, then lays the channels out as blocks."
        " With a kernel as large as the stride both give the same.",
        {"view": "learned", "at": 1},
    ),
    Stop(
        "All six",
        "Six ways from 2 × 2 to 4 × 4. Point at a cell of the small map: its share lights up in all of them.",
        {"x": SWITCHED, "view": "six", "at": 1},
    ),
    Stop(
        "Backward: the winner takes it",
        "Only the cell that won gets a window's gradient. The 9 won four windows, so it gets 4; all others get 0.",
        window(3, 1, view="gradient", at=4),
    ),
    Stop(
        "Ties go to the first",
        "All cells are equal, and one of each window has to be the winner: the first, row by row. PyTorch does the same.",
        {"x": FLAT, "view": "gradient", "at": 4},
    ),
    Stop(
        "What a photograph loses",
        "Pooled by 2, then brought back. PSNR says how close it comes: peak 1 squared over the mean squared difference, in decibels.",
        {"view": "photo", "at": END},
    ),
    Stop(
        "What unpooling brings back",
        "Every dot stands exactly where it was, the rest is black. A network fills the gaps with convolutions after it.",
        {"view": "photo", "way": "max_unpool", "at": END},
    ),
)


def _digits(turn: int, height: int, width: int) -> np.ndarray:
    """Digits, each at most twice on 4 x 4 cells; the same in every session."""
    return np.random.default_rng(600 + turn).permutation(height * width).reshape(height, width) % 10


def _gradient(turn: int) -> Asked:
    grid = LECTURE if turn == 0 else _digits(turn, 4, 4).tolist()
    gradient = sl.max_pool2d(grid, 3, stride=1).backward(np.ones((2, 2))).input
    winners = sorted(zip(np.array(grid)[gradient > 0].tolist(), gradient[gradient > 0].astype(int).tolist(), strict=True), reverse=True)
    cells = len(winners)
    answers = ("1 cell", "2 cells", "3 cells", "4 cells", "All 16 cells")
    right = answers[cells - 1]
    because = (
        f"All four windows hold the {winners[0][0]}, and it wins each of them: it gets 4, the other 15 cells get 0."
        if cells == 1
        else f"Each of the four windows passes its 1 to its largest cell: {', '.join(f'the {value} gets {got}' for value, got in winners)}."
    )
    return Asked(
        f"{_told(grid)} is max-pooled 3 × 3 with stride 1, and each output gets a gradient of 1. How many input cells get any?",
        answers,
        right,
        because,
        {"stop": 11, **window(3, 1, x=grid, view="gradient", at=4)},
    )


def _flat(turn: int) -> Asked:
    value = 1 if turn == 0 else turn % 9 + 1
    answers = ("The same everywhere, as before", "Bed of nails", "All zeros")
    pooled = sl.max_pool2d([[value] * 4] * 4, 2)
    same = np.array_equal(sl.max_unpool2d(pooled.output, pooled.indices, 2).output, sl.bed_of_nails(pooled.output, 2).output)
    return Asked(
        f"A 4 × 4 input holds {value} everywhere. It is max-pooled by 2 and max-unpooled. What comes back?",
        answers,
        answers[1] if same else answers[0],
        "All cells of a window are equal, so the first wins: each value goes to the top left of its block.",
        {"stop": 7, "x": [[value] * 4] * 4, "m": [[value] * 2] * 2, "view": "three", "at": END},
    )


def _value(turn: int) -> Asked:
    grid = np.array(SWITCHED) if turn == 0 else _digits(turn, 4, 4)
    row, column = (1, 1) if turn == 0 else divmod(turn % 4, 2)
    block = grid[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
    right = int(sl.max_pool2d(grid, 2).output[row, column])
    answers = sorted({*block.ravel().tolist(), right + 1})
    place = ("top left", "top right", "bottom left", "bottom right")[2 * row + column]
    return Asked(
        f"{_told(grid.tolist())} is max-pooled 2 × 2 with stride 2. Which value stands at the {place}?",
        tuple(str(value) for value in answers),
        str(right),
        f"The window holds {', '.join(str(value) for value in block.ravel())}: the largest is {right}.",
        {"stop": 1, "x": grid.tolist(), "at": 2 * row + column + 1},
    )


def _learnable(turn: int) -> Asked:
    if turn == 0:
        return Asked(
            "Which of these ways back up has weights to learn?",
            ("Nearest", "Bilinear", "Max unpooling", "Transposed convolution"),
            "Transposed convolution",
            "Its kernel is learned. The others have none: they copy or mix by a fixed rule, and max unpooling follows the switches.",
            {"stop": 10, "x": SWITCHED, "view": "six", "at": 1},
        )
    channels, kernel = pick(turn, (2, 2), [(channels, kernel) for channels in (2, 4, 8, 16) for kernel in (2, 3, 4)])
    layer = sl.conv_transpose2d(np.zeros((channels, 2, 2)), np.zeros((channels, channels, kernel, kernel)), stride=2)
    weights = layer.weight.size if layer.weight is not None else 0
    answers = choices(weights, 0, kernel**2, channels * kernel**2)
    return Asked(
        f"A transposed convolution with a {square(kernel)} kernel brings {channels} channels up by 2, to {channels} channels. Without bias,"
        " how many weights does it learn?",
        tuple(f"{answer:,}" for answer in answers),
        f"{weights:,}",
        f"A kernel from every channel to every channel: {kernel}·{kernel}·{channels}·{channels}. Nearest or bilinear would learn none.",
        {"stop": 9, "w": [[1] * kernel] * kernel, "view": "learned", "at": 4},
    )


def _told(grid: list[list[int]]) -> str:
    return " / ".join(" ".join(str(value) for value in row) for row in grid)


QUESTIONS = (_gradient, _flat, _value, _learnable)

FORMULA = """
<p class="formula"><i>O</i>(<i>x</i>, <i>y</i>) = max<sub><i>i</i>, <i>j</i></sub> <i>I</i>(<i>s x</i> + <i>i</i> − <i>p</i>,
<i>s y</i> + <i>j</i> − <i>p</i>), &nbsp; <i>S</i>(<i>x</i>, <i>y</i>) = the place of that cell</p>
<p>with stride <i>s</i>, padding <i>p</i> and <i>i</i>, <i>j</i> from 0 to <i>k</i> − 1 for a window of <i>k</i> cells; <i>x</i> counts
rows. Cells of the padding are −∞. Min pooling takes the minimum (padding +∞), average pooling the sum over <i>k</i>² (padding 0).</p>
<p class="formula"><i>U</i>(<i>S</i>(<i>x</i>, <i>y</i>)) = <i>M</i>(<i>x</i>, <i>y</i>), &nbsp; all other cells of <i>U</i> are 0</p>
<p>for max unpooling a small map <i>M</i>. And for images with values from 0 to 1</p>
<p class="formula">PSNR = 10 log<sub>10</sub>(1² / mean squared difference) dB.</p>
"""

TEXT = """
## Six ways back up
| way | what it needs | learnable? |
|---|---|---|
| nearest | a factor | no |
| bed of nails | a factor | no |
| max unpooling | the switches of the max pooling on the way down | no |
| bilinear | a factor | no: its weights are fixed |
| transposed convolution | a kernel, a stride | yes: the kernel |
| pixel shuffle | a channel for each cell of a block | yes: the convolution that makes the channels |

## Words that confuse
- **Unpooling** does not undo pooling. It puts the winners back; what lost is gone.
- **Switches, indices, argmax** are the same thing: where each winner stood.
- **Upsampling** is any way to more cells. In PyTorch `nn.Upsample` means nearest or bilinear.
- **Subpixel convolution** is a convolution followed by a pixel shuffle.
- **align_corners** moves the places that bilinear weights are worked out for. It changes the values, so a network has to be used with
  the one it was trained with.
"""

POOLING = Lesson(
    name="pooling",
    title="Pooling and unpooling",
    sentence="A window keeps one value of many; six ways lead back up, and none of them knows what was lost.",
    fields=fields_of(
        VIEWS,
        STOPS,
        Field("op", "choice", "max_pool", "Pooling", "what is kept of every window", options=("max_pool", "avg_pool", "min_pool")),
        Field("x", "grid", LECTURE, "Input", "the input's cells", 1, 8),
        Field("kernel", "pair", [2, 2], "Window", "cells of the window", 1, 4),
        Field("stride", "pair", [2, 2], "Stride", "cells between two windows; on the way back the factor", 1, 4),
        Field("padding", "pair", [0, 0], "Padding", "cells added on each side, which never win", 0, 2),
        Field("ceil_mode", "flag", False, "Round up", "take a last window that hangs over the edge (ceil_mode)"),
        Field("m", "grid", [[1, 2], [3, 4]], "Small map", "the map that goes back up, as large as the pooled one", 1, 8),
        Field("g", "grid", [[1, 1], [1, 1]], "Gradient", "the gradient of the output, as large as it", 1, 8),
        Field("w", "grid", [[1, 0.5], [0.5, 0.25]], "Kernel", "the weights of the two ways that learn", 1, 8),
        Field("way", "choice", "nearest", "Way back", "how the pooled photograph is brought back", options=WAYS),
        Field("photo", "grid", "photo0.64x64", "Photograph", "the photograph that is pooled", 1, 8),
        at=1,
    ),
    views=VIEWS,
    stops=STOPS,
    presets=(
        ("The lecture's matrix, 2 × 2, stride 1", window(2, 1, at=9)),
        ("The lecture's matrix, 3 × 3, stride 1", window(3, 1, at=4)),
        ("5 × 5 rounded up: the windows of ceil_mode", {"x": "random4.5x5", "ceil_mode": True, "at": 9}),
        ("8 × 8 digits, by 4", window(4, 4, x="random3.8x8", at=4)),
        ("Overlapping stamps: 3 × 3 kernel", {"view": "learned", "w": TENT, "at": 4}),
        ("Average: everybody gets a share of the gradient", {"op": "avg_pool", "view": "gradient", "at": 4}),
        ("Photograph, by 4 and back", window(4, 4, view="photo", at=END)),
        ("Coins, bilinear", {"view": "photo", "photo": "photo1.64x64", "way": "bilinear", "at": END}),
        ("Coins, average by 4 and back", window(4, 4, op="avg_pool", view="photo", photo="photo1.64x64", at=END)),
    ),
    controls=("op", "x", "m", "w", "kernel", "stride", "padding", "ceil_mode", "way"),
    icon="filter_center_focus",
    minutes=15,
    card="A window keeps its largest cell and remembers where it stood. Six ways back up, side by side, on numbers and on a photograph.",
    formula=FORMULA,
    text=TEXT,
    questions=QUESTIONS,
)
