"""Output size: the formula of every operator, forwards and backwards (curriculum B20)."""

from __future__ import annotations

from itertools import product
from typing import Any

from seglab.lessons.asking import choices, pick, square
from seglab.sizes import output_size, solve_output_size
from seglab.stage.fields import Field
from seglab.stage.lesson import Asked, Lesson, Panel, Ref, Snippet, Step, Stop, View, fields_of

OPS = ("conv", "conv_transpose", "max_pool", "avg_pool")
OPTIONS = {name: Ref(name) for name in ("op", "stride", "padding", "dilation", "output_padding", "ceil_mode")}

VIEWS = (
    View(
        "cells",
        "Cells",
        steps=(Step("y", "layer", ("x",), weight="kernel", options=OPTIONS),),
        panels=(Panel("x", "input", "Input", "I", plain=True), Panel("y", "output", "Output", "O", plain=True)),
        follows="y",
        reading="output",
        inputs={"x": Ref("size")},
        remark="sizes",
    ),
)


def setting(
    op: str, size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1, extra: int = 0, **more: Any
) -> dict[str, Any]:
    """A square setting as changes of the state."""
    pairs = {"size": size, "kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation, "output_padding": extra}
    return {"op": op, **{name: [value, value] for name, value in pairs.items()}, **more}


STOPS = (
    Stop(
        "A window that fits",
        "A 3 × 3 window fits five times along seven cells. Each place it fits is one output cell.",
        setting("conv", 7, 3, at=1),
    ),
    Stop(
        "Stride skips places",
        "With stride 2 the window moves two cells at a time: three places along seven cells.",
        setting("conv", 7, 3, 2, at=2),
    ),
    Stop(
        "What the floor throws away",
        "Eight cells also give three: the formula rounds down, and the crossed cells are never read.",
        setting("conv", 8, 3, 2, at=9),
    ),
    Stop(
        "Padding adds cells",
        "Hatched cells are added on every side. Kernel 3 with padding 1 and stride 1 keeps the size.",
        setting("conv", 7, 3, 1, 1, at=1),
    ),
    Stop(
        "Dilation spreads the window",
        "Dilation 2 leaves gaps in the window: 3 taps span 5 cells.",
        setting("conv", 7, 3, 1, 0, 2, at=1),
    ),
    Stop(
        "Pooling may round up",
        "With ceil_mode a window may begin inside the image and end outside it: 5 cells pool to 3 instead of 2.",
        setting("max_pool", 5, 2, 2, ceil_mode=True, at=9),
    ),
    Stop(
        "The way back is not unique",
        "Seven and eight cells both shrink to three. On the way back from three, output padding says which of them is meant.",
        setting("conv_transpose", 3, 3, 2, 0, 1, 1, at=9, target=[8, 8]),
    ),
    Stop(
        "From 7 to 14",
        "Which settings double seven cells? The list answers for kernels up to 7 and stride 2. Pick one to see it.",
        setting("conv_transpose", 7, 4, 2, 1, at=1, target=[14, 14]),
    ),
)

# The named settings of Dumoulin and Visin's guide (arXiv:1603.07285): eight direct, seven transposed.
NAMED = (
    ("No padding, no strides", setting("conv", 4, 3, at=4)),
    ("Arbitrary padding, no strides", setting("conv", 5, 4, 1, 2, at=36)),
    ("Same (half) padding, no strides", setting("conv", 5, 3, 1, 1, at=25)),
    ("Full padding, no strides", setting("conv", 5, 3, 1, 2, at=49)),
    ("No padding, strides", setting("conv", 5, 3, 2, at=4)),
    ("Padding, strides", setting("conv", 5, 3, 2, 1, at=9)),
    ("Padding, strides (odd)", setting("conv", 6, 3, 2, 1, at=9)),
    ("Dilation", setting("conv", 7, 3, 1, 0, 2, at=9)),
    ("No padding, no strides, transposed", setting("conv_transpose", 2, 3, at=16)),
    ("Arbitrary padding, no strides, transposed", setting("conv_transpose", 6, 4, 1, 2, at=25)),
    ("Same (half) padding, no strides, transposed", setting("conv_transpose", 5, 3, 1, 1, at=25)),
    ("Full padding, no strides, transposed", setting("conv_transpose", 7, 3, 1, 2, at=25)),
    ("No padding, strides, transposed", setting("conv_transpose", 2, 3, 2, at=25)),
    ("Padding, strides, transposed", setting("conv_transpose", 3, 3, 2, 1, at=25)),
    ("Padding, strides (odd), transposed", setting("conv_transpose", 3, 3, 2, 1, 1, 1, at=36)),
)


def ask_floor(turn: int) -> Asked:
    """What becomes of one cell more?"""
    size, kernel, stride = pick(turn, (7, 3, 2), product(range(6, 20), (2, 3, 4, 5), (2, 3)))
    one, two = (output_size("conv", n, kernel, stride) for n in (size, size + 1))
    told = choices((one, two), (one, one + 1), (one, one), (one + 1, one + 1), (one - 1, one))
    ends = f"The last of the {size + 1} cells is never read." if one == two else f"The window fits once more into {size + 1} cells."
    return Asked(
        f"A {square(kernel)} convolution with stride {stride} and no padding reads {size} cells, then {size + 1} cells a side."
        " How large are the outputs?",
        tuple(f"{a} and {b}" for a, b in told),
        f"{one} and {two}",
        f"The formula rounds down: ⌊{size - kernel} / {stride}⌋ + 1 = {one} and ⌊{size + 1 - kernel} / {stride}⌋ + 1 = {two}. {ends}",
        {"stop": 3, **setting("conv", size + 1, kernel, stride, at=two * two)},
    )


def ask_inverse(turn: int) -> Asked:
    """How many settings lead from one size to another?"""
    larger = [(size, stride, size * stride + more) for size, stride, more in product(range(3, 12), (2, 3), (-1, 0, 1))]
    size, stride, target = pick(turn, (7, 2, 14), larger)
    found = solve_output_size("conv_transpose", size, target, stride=stride)
    plain = sum(answer.output_padding == 0 for answer in found)
    shown = found[len(found) // 2]
    because = (
        "One for each kernel size from 1 to 7: even kernels need no output padding, odd ones need 1."
        if turn == 0
        else f"{plain} of them without output padding, {len(found) - plain} with it. The stage lists them all."
    )
    return Asked(
        f"How many settings with stride {stride} and kernel up to 7 take {size} cells to {target} in a transposed convolution?",
        tuple(str(count) for count in choices(len(found), 1, plain, len(found) + 5, 7)),
        str(len(found)),
        because,
        {
            "stop": 8,
            **setting("conv_transpose", size, shown.kernel_size, stride, shown.padding, 1, shown.output_padding, at=1),
            "target": [target, target],
        },
    )


def ask_ceil(turn: int) -> Asked:
    """What does rounding up change?"""
    drawn = product(range(5, 16), (2, 3, 4), (2, 3, 4))
    size, kernel, stride = pick(turn, (5, 2, 2), (drawn for drawn in drawn if drawn[2] <= drawn[1]))
    up, down = (output_size("max_pool", size, kernel, stride, ceil_mode=ceil) for ceil in (True, False))
    last = (
        "The last window ends outside the image and takes the maximum of what it has."
        if up > down
        else f"{stride} divides {size - kernel}, so there is nothing to round."
    )
    return Asked(
        f"Max pooling {square(kernel)} with stride {stride} on {size} cells, with ceil_mode. How many windows along a side?",
        tuple(str(count) for count in choices(up, down, up + 1, size - kernel + 1)),
        str(up),
        f"Rounded up: ⌈{size - kernel} / {stride}⌉ + 1 = {up}. {last}",
        {"stop": 6, **setting("max_pool", size, kernel, stride, ceil_mode=True, at=up * up)},
    )


QUESTIONS = (ask_floor, ask_inverse, ask_ceil)

FORMULA = """
<p>Convolution and pooling:</p>
<p class="formula">⌊(<i>n</i> + 2<i>p</i> − <i>d</i> (<i>k</i> − 1) − 1) / <i>s</i>⌋ + 1</p>
<p>rounded up for pooling with <code>ceil_mode</code>, less one where the last window would start in the far padding. Transposed
convolution:</p>
<p class="formula">(<i>n</i> − 1) <i>s</i> − 2<i>p</i> + <i>d</i> (<i>k</i> − 1) + output padding + 1</p>
<p>with <i>n</i> cells in, kernel <i>k</i>, stride <i>s</i>, padding <i>p</i> and dilation <i>d</i>. The named settings under Examples are
those of Dumoulin and Visin, <i>A guide to convolution arithmetic for deep learning</i> (arXiv:1603.07285).</p>
"""

TEXT = """
## Why output padding exists
Rounding down forgets: with stride 2, seven and eight cells both become three. A transposed convolution that goes back from three has to be
told which of the two is meant. `output_padding` is that choice, and it must be smaller than the stride (or the dilation).
"""

OUTPUT_SIZE = Lesson(
    name="output_size",
    title="Output size",
    sentence="Count the places where the window fits: one formula for each operator, and the question turned around.",
    fields=fields_of(
        VIEWS,
        STOPS,
        Field("op", "choice", "conv", "Operator", "the layer whose size is asked for", options=OPS),
        Field("size", "pair", [7, 7], "Input size", "cells of the input, height and width", 1, 32),
        Field("kernel", "pair", [3, 3], "Kernel size", "taps of the window", 1, 11),
        Field("stride", "pair", [1, 1], "Stride", "cells between two windows", 1, 8),
        Field("padding", "pair", [0, 0], "Padding", "cells added on each side (transposed: cropped)", 0, 8),
        Field("dilation", "pair", [1, 1], "Dilation", "cells between two taps", 1, 6),
        Field("output_padding", "pair", [0, 0], "Output padding", "cells cropped less at the bottom and right (transposed only)", 0, 7),
        Field("ceil_mode", "flag", False, "Round up", "pooling: count a window that ends outside (ceil_mode)"),
        Field("target", "pair", [14, 14], "Wanted size", "the output size that the list of settings leads to", 1, 64),
        at=1,
    ),
    views=VIEWS,
    stops=STOPS,
    presets=NAMED,
    controls=("op", "size", "kernel", "stride", "padding", "dilation", "output_padding", "ceil_mode"),
    solves=True,
    icon="straighten",
    minutes=10,
    card="Where does the window fit? One formula for each layer, and the question turned around: which settings take 7 to 14?",
    formula=FORMULA,
    text=TEXT,
    questions=QUESTIONS,
    snippet=lambda state, pipeline: Snippet(size_code(state), list(pipeline.output.shape)),
)


def size_code(state: dict[str, Any]) -> str:
    """PyTorch code whose ``output`` is the layer's output height and width.

    >>> print(size_code(OUTPUT_SIZE.state(stride=[2, 2])))
    import torch
    from torch import nn
    <BLANKLINE>
    layer = nn.Conv2d(1, 1, kernel_size=3, stride=2)
    image = torch.zeros(1, 1, 7, 7)
    output = torch.tensor(layer(image).shape[2:])
    print(output.tolist())
    """
    kind = {"conv": "Conv2d", "conv_transpose": "ConvTranspose2d", "max_pool": "MaxPool2d", "avg_pool": "AvgPool2d"}[state["op"]]
    channels = "" if "pool" in state["op"] else "1, 1, "
    told = [f"kernel_size={_number(state['kernel'])}"]
    for name, usual in (("stride", 1), ("padding", 0), ("output_padding", 0), ("dilation", 1)):
        if state[name] != [usual, usual] or (name == "stride" and not channels):
            told.append(f"{name}={_number(state[name])}")
    told += ["ceil_mode=True"] if state["ceil_mode"] else []
    height, width = state["size"]
    return (
        f"import torch\nfrom torch import nn\n\nlayer = nn.{kind}({channels}{', '.join(told)})\n"
        f"image = torch.zeros(1, 1, {height}, {width})\noutput = torch.tensor(layer(image).shape[2:])\nprint(output.tolist())"
    )


def _number(pair: list[int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else str(tuple(pair))
