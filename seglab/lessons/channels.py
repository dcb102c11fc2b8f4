"""Channels: sums over channels, groups, and what stands around a convolution (curriculum A10, B4, B5, B22, B23)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from seglab.activations import activation
from seglab.lessons.asking import choices, pick
from seglab.normalisation import batch_norm
from seglab.stage.fields import Field
from seglab.stage.lesson import END, Asked, Lesson, Panel, Part, Ref, Step, Stop, View, fields_of

MOST = 4  # channels on either side
NAMES = ("R", "G", "B", "N")  # red, green, blue, near infrared

IMAGE, ALONE = Part("x", (Ref("m"),)), Part("x", (1,))
LAYER = Step(
    "y",
    "conv2d",
    ("x",),
    weight=Part("w", (Ref("n"), Ref("m")), groups=Ref("groups")),
    options={"padding": Ref("padding"), "groups": Ref("groups"), "activation": Ref("activation", {"none": None})},
    operands={"bias": Part("b", (Ref("n"),))},
)
DEPTHWISE = Step(
    "d",
    "conv2d",
    ("x",),
    weight=Part("w", (Ref("m"), 1)),
    options={"padding": Ref("padding"), "groups": Ref("m")},
    operands={"bias": Part("c", (Ref("m"),))},
)
POINTWISE = Step("s", "conv2d", ("d",), weight=Part("p", (Ref("n"), Ref("m"))), operands={"bias": Part("b", (Ref("n"),))})
TWO = (
    Step("a", "conv2d", ("x",), weight="first", options={"activation": Ref("activation", {"none": None})}),
    Step("t", "conv2d", ("a",), weight="second"),
    Step("k", "conv_transpose2d", ("f",), weight="second"),  # every weight of the first kernel stamps the second
    Step("o", "conv2d", ("x",), weight="grid:k"),
    Step("e", "subtract", ("t", "o")),
)
AFFINE = {"weight": Part("gamma", (Ref("m"),)), "bias": Part("beta", (Ref("m"),))}
OWN = Step("v", "batch_norm", ("x",), options={"training": True}, operands=AFFINE)
REMEMBERED = {"running_mean": Part("mean", (Ref("m"),)), "running_var": Part("var", (Ref("m"),))}

INPUT = Panel("x", "input", "Input", "I", edits="x", names=NAMES)
GREY = replace(INPUT, names=())
KERNEL = Panel("kernel:y", "kernel", "Kernel", "K", edits="w")
SLIDE = View(
    "slide",
    "Sum over channels",
    (LAYER,),
    (INPUT, KERNEL, Panel("bias:y", "kernel", "Bias", "b", edits="b"), Panel("y", "output", "Output", "O")),
    follows="y",
    reading="output",
    inputs={"x": IMAGE},
    remark="parameters",
)
NORM = View(
    "norm",
    "Batch normalisation",
    (OWN,),
    (
        INPUT,
        Panel("mean:v", "input", "Mean", "μ"),
        Panel("variance:v", "input", "Variance", "σ²"),
        Panel("gamma:v", "kernel", "Gamma", "γ", edits="gamma"),
        Panel("bias:v", "kernel", "Beta", "β", edits="beta"),
        Panel("v", "output", "Output", "O", names=NAMES),
    ),
    follows="v",
    reading="output",
    inputs={"x": IMAGE},
    remark="spread",
)
VIEWS = (
    SLIDE,
    View(
        "separable",
        "Depthwise separable",
        (DEPTHWISE, POINTWISE),
        (
            INPUT,
            Panel("kernel:d", "kernel", "Depthwise", "D", edits="w"),
            Panel("bias:d", "kernel", "Bias", "c", edits="c"),
            Panel("d", "output", "In between", "A", names=NAMES),
            Panel("kernel:s", "kernel", "1 × 1", "K", edits="p"),
            Panel("bias:s", "kernel", "Bias", "b", edits="b"),
            Panel("s", "output", "Output", "O"),
        ),
        follows="s",
        reading="output",
        inputs={"x": IMAGE},
        remark="separable",
    ),
    View(
        "collapse",
        "Two layers and one",
        TWO,
        (
            GREY,
            Panel("kernel:a", "kernel", "First kernel", "F", edits="first"),
            Panel("a", "output", "After one", "A"),
            Panel("kernel:t", "kernel", "Second kernel", "S", edits="second"),
            Panel("t", "output", "After two", "T"),
            Panel("k", "kernel", "Both in one", "K"),
            Panel("o", "output", "One layer", "O"),
            Panel("e", "difference", "Difference", "E"),
        ),
        follows="t",
        reading="output",
        inputs={"x": ALONE, "f": "first"},
        remark="collapsed",
    ),
    NORM,
    replace(
        NORM,
        name="evaluation",
        label="In evaluation",
        steps=(replace(OWN, options={"training": False}, operands={**REMEMBERED, **AFFINE}),),
        panels=tuple(replace(panel, edits={"mean:v": "mean", "variance:v": "var"}.get(panel.grid, panel.edits)) for panel in NORM.panels),
    ),
    View(
        "gradient",
        "Gradient of a kernel",
        (Step("g", "conv2d", ("x",), weight="back"),),
        (
            GREY,
            Panel("kernel:g", "output", "Gradient at the output", "G", edits="back"),
            Panel("g", "kernel", "Gradient of the kernel", "K"),
        ),
        follows="g",
        reading="output",
        inputs={"x": ALONE},
        remark="places",
    ),
    replace(SLIDE, name="memory", label="In memory", reading="input", remark="offsets"),
)


def planes(*given: Any) -> list[Any]:
    """As many planes as a field holds: those that are given, then zeros of the same shape."""
    return [*given, *[np.zeros_like(given[0]).tolist()] * (MOST - len(given))]


def each(*numbers: float) -> list[list[list[float]]]:
    """One number for each channel, 0 for those that are not given."""
    return planes(*([[number]] for number in numbers))


def constant(value: float, size: int) -> list[list[float]]:
    return [[value] * size] * size


def turning(seed: int, size: int) -> Any:
    """A plane of small weights."""
    return np.random.default_rng(seed).integers(-2, 3, (size, size)).tolist()


ALIKE, AGAINST, NOTHING = [[-1, 1], [-1, 1]], [[1, -1], [1, -1]], constant(0, 2)
RED_BESIDE_BLUE = planes([[9, 9, 0, 0]] * 4, constant(0, 4), [[0, 0, 9, 9]] * 4)
EDGES = planes(planes(ALIKE, ALIKE, ALIKE), planes(AGAINST, NOTHING, ALIKE))
LAPLACIAN = [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
SOBEL, BLUR = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
THREE = {"w": planes(planes(SOBEL, SOBEL, SOBEL), planes(BLUR, constant(0, 3), BLUR)), "b": each(0, 1), "padding": 1}
FIELD_AND_ROAD = planes(
    [[1, 1, 6], [1, 1, 6], [6, 6, 6]],
    [[3, 3, 5], [3, 3, 5], [5, 5, 5]],
    [[1, 1, 4], [1, 1, 4], [4, 4, 4]],
    [[9, 9, 6], [9, 9, 6], [6, 6, 6]],
)
PLANTS = {
    "m": 4,
    "n": 2,
    "x": FIELD_AND_ROAD,
    "w": planes([[[-1]], [[0]], [[0]], [[1]]], [[[0.3]], [[0.6]], [[0.1]], [[0]]]),
}
FOUR = planes(*([[(row * 3 + column * 2 + channel * 3) % 10 for column in range(4)] for row in range(4)] for channel in range(MOST)))
GROUPED = {"m": 4, "n": 4, "x": FOUR, "w": planes(*(planes(*(turning(MOST * o + i, 2) for i in range(MOST))) for o in range(MOST)))}
SEPARABLE = {
    "view": "separable",
    "n": 3,
    "x": FOUR,
    "w": planes(planes(LAPLACIAN), planes(LAPLACIAN), planes(LAPLACIAN)),
    "p": planes(each(1, 1, 1), each(1, 0, -1), each(0, 2, 0)),
    "at": 1,
}
LINEAR = {
    "view": "collapse",
    "m": 1,
    "n": 1,
    "x": planes([[0, 0, 0, 2, 1], [0, 3, 0, 2, 0], [0, 0, 5, 0, 0], [4, 0, 0, 1, 0], [0, 1, 0, 0, 6]]),
    "first": [[1, -1], [2, 0]],
    "second": [[1, 2], [-1, 1]],
}
BRIGHT: dict[str, Any] = {
    "view": "norm",
    "m": 2,
    "n": 2,
    "x": planes([[1, 2], [3, 4]], [[10, 20], [30, 40]]),
    "mean": each(2, 20),
    "var": each(4, 100, 1, 1),
}
COUNTING = planes(*(np.arange(16 * channel, 16 * channel + 16).reshape(4, 4).tolist() for channel in range(MOST)))

STOPS = (
    Stop(
        "One kernel plane for each channel",
        "The window stands at the same place in every input channel. Each has weights of its own; their sums add up, and then comes the"
        " bias.",
        {},
    ),
    Stop(
        "An edge in colour",
        "Red stands beside blue, equally bright. Output 0 weighs all channels alike and sees nothing; output 1 sets blue against red and"
        " finds the edge.",
        {"at": END},
    ),
    Stop(
        "Count the parameters",
        "A weight for each tap of each pair of channels, and a bias for each output channel. A 3 × 3 layer from 16 to 32 channels has"
        " (3·3·16 + 1)·32 = 4,640.",
        {**THREE, "at": 6},
    ),
    Stop(
        "1 × 1: a dense layer for each pixel",
        "No neighbours, only channels: the same small dense layer at every pixel, here (4 + 1)·2 = 10 parameters. Near infrared minus red,"
        " output 0, finds the plants.",
        {**PLANTS, "at": 1},
    ),
    Stop(
        "Groups",
        "In two groups, outputs 0 and 1 read only R and G, outputs 2 and 3 only B and N. Half of the weights are gone.",
        {**GROUPED, "groups": 2, "at": 2},
    ),
    Stop(
        "Depthwise",
        "As many groups as channels: each channel has one kernel plane, and nothing is mixed.",
        {**GROUPED, "groups": 4, "at": 11},
    ),
    Stop(
        "Depthwise separable",
        "Depthwise looks at the neighbours, then 1 × 1 mixes the channels. From 16 to 32 channels with 3 × 3 kernels: 160 + 544 = 704"
        " parameters in place of 4,640.",
        SEPARABLE,
    ),
    Stop(
        "Two linear layers are one",
        "Without an activation between them, two layers do what one layer with a larger kernel does: all differences are 0.",
        {**LINEAR, "at": END},
    ),
    Stop(
        "ReLU keeps them apart",
        "With ReLU after the first layer, the one kernel no longer gives the same: the difference shows what the bend adds.",
        {**LINEAR, "activation": "relu", "at": END},
    ),
    Stop(
        "Batch normalisation",
        "Take away the channel's mean and divide by its spread: the second channel is ten times the first and comes out the same."
        " Gamma and beta then set a scale that is learned.",
        {**BRIGHT, "at": 1},
    ),
    Stop(
        "Training and evaluation",
        "In training, the statistics are those of the batch, here of one image. In use they are remembered from training, so that a cell"
        " does not depend on the other images of its batch.",
        {**BRIGHT, "view": "evaluation", "at": 1},
    ),
    Stop(
        "Every place is an example",
        "The gradient of one weight: what each place sends back, times the cell that the weight met there, summed over all places. It is a"
        " convolution again.",
        {**LINEAR, "view": "gradient", "back": [[1, 0, -1], [0, 2, 0], [-1, 0, 1]], "at": 1},
    ),
    Stop(
        "In memory",
        "An image is one long row of numbers. Channel by channel (NCHW) or pixel by pixel (NHWC): element (0,2,1,3) stands at offset 39 or"
        " 23.",
        {"view": "memory", "x": COUNTING, "at": 40},
    ),
)


def parameters(kernel: int, channels: int, made: int, groups: int = 1) -> int:
    """Weights and biases of a convolution.

    >>> parameters(3, 16, 32), parameters(1, 4, 2), parameters(3, 16, 16, groups=16) + parameters(1, 16, 32)
    (4640, 10, 704)
    """
    return (kernel * kernel * channels // groups + 1) * made


def _numbers(turn: int, *first: int) -> tuple[int, ...]:
    """Kernel size, channels in and out: the lecture's own, then others."""
    kernels = (1,) if first[0] == 1 else (3, 5, 7)
    return pick(turn, first, product(kernels, (8, 16, 24, 48, 64), (10, 20, 32, 40, 96)))


def _choices(right: int, *others: int) -> tuple[str, ...]:
    return tuple(f"{count:,}" for count in choices(right, *others))


def _full_layer(turn: int) -> Asked:
    k, m, n = _numbers(turn, 3, 16, 32)
    right = parameters(k, m, n)
    return Asked(
        f"A convolution with {k} × {k} kernels leads from {m} to {n} channels, with a bias. How many parameters does it have?",
        _choices(right, k * k * n, k * k * m * n, (k * k + 1) * m * n),
        f"{right:,}",
        f"Each of the {n} output channels has {k}·{k}·{m} weights and one bias: ({k}·{k}·{m} + 1)·{n} = {right:,}.",
        {"stop": 3, **STOPS[2].state},
    )


def _one_by_one(turn: int) -> Asked:
    _, m, n = _numbers(turn, 1, 4, 2)
    right = parameters(1, m, n)
    return Asked(
        f"A 1 × 1 convolution leads from {m} to {n} channels, with a bias. How many parameters?",
        _choices(right, m * n, (m + 1) * (n + 1), m + n),
        f"{right:,}",
        f"A dense layer from {m} to {n} numbers, the same at every pixel: ({m} + 1)·{n} = {right:,}.",
        {"stop": 4, **STOPS[3].state},
    )


def _separable(turn: int) -> Asked:
    k, m, n = _numbers(turn, 3, 16, 32)
    depth, point, full = parameters(k, m, m, groups=m), parameters(1, m, n), parameters(k, m, n)
    return Asked(
        f"The {k} × {k} layer from {m} to {n} channels gives way to a depthwise and a 1 × 1 layer, each with a bias. How many parameters?",
        _choices(depth + point, depth, point, full),
        f"{depth + point:,}",
        f"Depthwise ({k}·{k} + 1)·{m} = {depth:,}, then ({m} + 1)·{n} = {point:,}: {depth + point:,} in place of {full:,}.",
        {"stop": 7, **STOPS[6].state},
    )


def _normalised(turn: int) -> Asked:
    rng = np.random.default_rng(turn)
    cells = [[1, 2], [3, 4]] if turn == 0 else rng.choice(10, (2, 2), replace=False).tolist()
    image, first = np.array(cells, float), float(batch_norm(cells, training=True).output[0, 0])
    mean, spread = float(image.mean()), float(image.std())

    def told(value: float) -> str:
        return f"{value:.3f}".replace("-", "−")

    others = {told(cells[0][0] - mean), told(cells[0][0] / spread), told((cells[0][0] - mean) / spread**2)}
    return Asked(
        f"Batch normalisation in training, gamma 1 and beta 0, on the one channel {cells}. What becomes of the first cell?",
        tuple(sorted({told(first), *others})),
        told(first),
        f"Mean {mean:g}, variance {spread**2:g}: ({cells[0][0]} − {mean:g}) / √{spread**2:g} = {told(first)}.",
        {"stop": 10, **BRIGHT, "x": planes(cells, BRIGHT["x"][1]), "at": 1},
    )


FORMULA = """
<p class="formula"><i>O</i><sub><i>o</i></sub>(<i>x</i>, <i>y</i>) = <i>b</i><sub><i>o</i></sub> + Σ<sub><i>c</i></sub>
Σ<sub><i>i</i>, <i>j</i></sub> <i>I</i><sub><i>c</i></sub>(<i>x</i> + <i>i</i>, <i>y</i> + <i>j</i>) ·
<i>K</i><sub><i>o</i>, <i>c</i></sub>(<i>i</i>, <i>j</i>)</p>
<p>for output channel <i>o</i>, summed over the input channels <i>c</i> of its group; <i>x</i> counts rows. Parameters from <i>m</i> to
<i>n</i> channels with <i>k</i> × <i>k</i> kernels: (<i>k</i> · <i>k</i> · <i>m</i> + 1) · <i>n</i>.</p>
<p class="formula">batch normalisation: <i>γ</i><sub><i>c</i></sub> · (<i>I</i><sub><i>c</i></sub>(<i>x</i>, <i>y</i>) −
<i>μ</i><sub><i>c</i></sub>) / √(<i>σ</i>²<sub><i>c</i></sub> + <i>ε</i>) + <i>β</i><sub><i>c</i></sub></p>
"""


def slopes(layers: int) -> tuple[float, float, float]:
    """The largest slope of sigmoid through `layers`, that of ReLU, and that of sigmoid with a residual path around each layer.

    >>> ["%.2g" % slope for slope in slopes(10)]
    ['9.5e-07', '1', '9.3']
    """
    at_best, open_ = (float(activation(name).slope(np.array([at]))[0]) for name, at in (("sigmoid", 0.0), ("relu", 1.0)))
    return at_best**layers, open_**layers, (1 + at_best) ** layers


def _slope_rows() -> str:
    told = [(layers, *slopes(layers)) for layers in (1, 2, 5, 10)]
    return "\n".join(f"| {layers} | {one:.3g} | {two:g} | 1 to {three:.3g} |" for layers, one, two, three in told).replace("e-0", "e-")


TEXT = f"""
## What is left of a gradient after many layers
Going back through a layer, the gradient is multiplied by the slope of its activation. Sigmoid's slope is at most 0.25; ReLU's is 1 where
the cell is above 0, else 0; around a residual path, where the layer's input is added to its output, 1 is added to the slope.

| Layers | sigmoid, at most | ReLU, where above 0 | sigmoid with a residual path |
|---|---|---|---|
{_slope_rows()}

## Words that confuse
- **A 3-D convolution** it is not, though image and kernel are blocks: the window moves along rows and columns only and always covers all
  channels. They have no order: swap two of them together with their weights, and the output stays.
- **Channel, feature map, plane** are the same thing here: one of the grids that lie over each other.
- **A kernel** is sometimes one plane, sometimes all planes of one output channel; the latter is also called a filter.
- **Batch normalisation** takes its statistics over all places of all images in a batch. Here a batch is one image.
"""

CHANNELS = Lesson(
    name="channels",
    title="Channels",
    sentence="Each output channel is a sum over all input channels, with weights of its own for each of them.",
    fields=fields_of(
        VIEWS,
        STOPS,
        Field("m", "int", 3, "Input channels", "planes that the layer reads", 1, MOST),
        Field("n", "int", 2, "Output channels", "planes that it makes", 1, MOST),
        Field("groups", "int", 1, "Groups", "channels are split into so many groups, each with a layer of its own", 1, MOST),
        Field("x", "grid", RED_BESIDE_BLUE, "Input size", "cells a side of every input channel", 1, 6, planes=(MOST,)),
        Field("w", "grid", EDGES, "Kernel size", "cells a side of every plane of the kernel", 1, 4, planes=(MOST, MOST)),
        Field("b", "grid", each(0), "Bias", "one number for each output channel", 1, 1, planes=(MOST,)),
        Field("c", "grid", each(0), "Depthwise bias", "one number for each channel of a depthwise layer", 1, 1, planes=(MOST,)),
        Field("padding", "int", 0, "Padding", "cells of 0 added on each side of the input", 0, 2),
        Field("activation", "choice", "none", "Activation", "what is done to every cell after a layer", options=("none", "relu")),
        Field("p", "grid", planes(each(1, 1, 1), each(1, 0, -1)), "1 × 1", "weights of the 1 × 1 layer", 1, 1, planes=(MOST, MOST)),
        Field("first", "grid", LINEAR["first"], "First kernel", "the first of two layers", 1, 3),
        Field("second", "grid", LINEAR["second"], "Second kernel", "the second of two layers", 1, 3),
        Field("gamma", "grid", each(1, 1, 1, 1), "Gamma", "the learned scale of a channel", 1, 1, planes=(MOST,)),
        Field("beta", "grid", each(0), "Beta", "the learned shift of a channel", 1, 1, planes=(MOST,)),
        Field("mean", "grid", each(0), "Mean", "remembered from training", 1, 1, planes=(MOST,)),
        Field("var", "grid", each(1, 1, 1, 1), "Variance", "remembered from training", 1, 1, planes=(MOST,)),
        Field("back", "grid", constant(1, 3), "Gradient", "what each output cell sends back", 1, 5),
        at=11,
    ),
    views=VIEWS,
    stops=STOPS,
    presets=(
        ("Grey from red, green and blue", {"n": 1, "w": planes(each(0.3, 0.6, 0.1), each(0)), "at": END}),
        ("Sixteen planes: 4 to 4 channels", {**GROUPED, "at": 1}),
        ("4 to 4, depthwise", {**GROUPED, "groups": 4, "at": 1}),
        ("Normalise, then gamma 2 and beta 1", {**BRIGHT, "gamma": each(2, 2, 1, 1), "beta": each(1, 1), "at": END}),
    ),
    controls=("m", "n", "groups", "x", "w", "padding", "activation"),
    icon="layers",
    minutes=20,
    card="Sums over channels with every number in sight: parameters counted, 1 × 1, groups, depthwise, and batch normalisation.",
    formula=FORMULA,
    text=TEXT,
    questions=(_full_layer, _one_by_one, _separable, _normalised),
)
