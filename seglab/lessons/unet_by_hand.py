"""The U-Net by hand: a whole network of eight weights on 5 x 5 cells (curriculum D1, D2, B24)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from seglab.lessons.asking import choices, pick, square
from seglab.losses import mask_scores
from seglab.stage.fields import Field
from seglab.stage.lesson import Asked, Lesson, Panel, Ref, Step, Stop, Training, View, build, fields_of
from seglab.stage.training import gradients

CONV = Step("a", "conv2d", ("x",), weight="w", options={"padding": "same"}, operands={"bias": Ref("b")})
RELU = Step("r", "relu", ("a",))
POOL = Step("p", "max_pool2d", ("r",), options={"kernel_size": 2, "ceil_mode": True})
NEAREST = Step("u", "interpolate", ("p",), options={"scale_factor": 2})
TRANSPOSED = Step("u", "conv_transpose2d", ("p",), weight="s", options={"stride": 2}, operands={"bias": Ref("c")})
CROP = Step("k", "crop", ("u",), options={"top": 0, "left": 0, "height": 5, "width": 5})
JOIN = Step("j", "concat", ("r", "k"))
SCORE = Step("z", "conv2d", ("j",), weight=("f", "g"), operands={"bias": Ref("d")})
SIGMOID = Step("y", "sigmoid", ("z",))
MASK = Step("m", "threshold", ("y",))
STEPS = (CONV, RELU, POOL, NEAREST, CROP, JOIN, SCORE, SIGMOID, MASK)

# A U: down on the left, up on the right; the skip crosses it.
IMAGE = Panel("x", "input", "Image", "I", edits="x", at=(0, 0))
KERNEL = Panel("kernel:a", "kernel", "Kernel", "K", edits="w", at=(0, 6.35))
FEATURES = Panel("a", "output", "Feature map", "A", at=(0, 10.3))
ACTIVE = Panel("r", "output", "ReLU", "R", at=(1, 9.3))
POOLED = Panel("p", "output", "Pooled", "P", at=(2, 10.8))
UPSAMPLED = Panel("u", "output", "Upsampled", "U", at=(2, 15.9))
STAMP = Panel("kernel:u", "kernel", "Kernel", "V", edits="s", at=(2, 13))
CROPPED = Panel("k", "output", "Cropped", "C", at=(2, 23))
JOINED = Panel("j", "skip", "Skip and upsampled", "J", at=(1, 17.2), names=("skip", "up"))
WEIGHTS = Panel("kernel:z", "kernel", "Weights", "F", edits=("f", "g"), at=(1, 28.4))
SCORES = Panel("z", "output", "Score", "Z", at=(0, 18))
PROBABILITIES = Panel("y", "output", "Probability", "Y", at=(0, 23.9))
PREDICTED = Panel("m", "output", "Mask", "M", at=(0, 29.8))
TRUTH = Panel("t", "input", "Truth", "T", edits="t", at=(2, 29.8))
PANELS = (IMAGE, KERNEL, FEATURES, ACTIVE, POOLED, UPSAMPLED, CROPPED, JOINED, WEIGHTS, SCORES, PROBABILITIES, PREDICTED, TRUTH)
WHOLE = View("whole", "Whole network", STEPS, PANELS, follows="y", reading="output", inputs={"x": "x", "t": "t"}, remark="mask")


def until(name: str, label: str, follows: str, last: Panel) -> View:
    """The network as far as `last`; what comes after is an empty frame."""
    seen = PANELS.index(last)
    panels = tuple(panel if i <= seen or panel is TRUTH else replace(panel, veiled=True) for i, panel in enumerate(PANELS))
    return replace(WHOLE, name=name, label=label, panels=panels, follows=follows, remark="mask" if last is PREDICTED else "")


VIEWS = (
    WHOLE,
    replace(
        WHOLE,
        name="transposed",
        label="With a transposed convolution",
        steps=tuple(TRANSPOSED if step is NEAREST else step for step in STEPS),
        panels=(
            *PANELS[:4],
            replace(POOLED, at=(2, 8.6)),
            STAMP,
            replace(UPSAMPLED, at=(2, 16.2)),
            replace(CROPPED, at=(2, 23.4)),
            *PANELS[7:],
        ),
    ),
    until("conv", "1 Convolution", "a", FEATURES),
    until("relu", "2 ReLU", "r", ACTIVE),
    until("pool", "3 Max pooling", "p", POOLED),
    until("up", "4 Upsampling", "u", UPSAMPLED),
    until("crop", "5 Crop", "k", CROPPED),
    until("join", "6 Skip connection", "j", JOINED),
    until("score", "7 1 × 1 convolution", "z", SCORES),
    until("sigmoid", "8 Sigmoid", "y", PROBABILITIES),
    until("threshold", "9 Threshold", "m", PREDICTED),
)

STRIPE = [[0, 0.4, 1, 0.5, 0]] * 5
STRIPE_MASK = [[0, 1, 1, 1, 0]] * 5
SPOTS = [[1, 0.4, 0, 0, 0], [0.4, 0.4, 0, 0, 0.4], [0, 0, 0, 0, 0], [0, 0, 1, 0.4, 0], [0.4, 0, 0.4, 0.4, 0]]
SPOTS_MASK = [[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 1, 1, 0]]
CONTEXT: dict[str, Any] = {"x": SPOTS, "t": SPOTS_MASK}
STAMPED: dict[str, Any] = {"view": "transposed", "w": [[1.431, 1.177], [0.556, 1.608]], "b": 0.65}

SOLVED: dict[str, Any] = {**CONTEXT, "w": [[2.16, 0.46], [0.43, -0.62]], "b": -0.16, "f": [[1.82]], "g": [[0.81]], "d": -2}

STOPS = (
    Stop(
        "A whole U-Net",
        "Eight weights and biases turn this image into a mask. Point at any probability: the cells that it was made from light up on both"
        " ways, back to the image. Change any number and everything after it follows.",
        {},
    ),
    Stop("Convolution", "A 2 × 2 kernel and a bias, with padding “same”: the size stays 5 × 5.", {"view": "conv", "at": 1}),
    Stop("ReLU", "What is negative becomes 0; the rest stays.", {"view": "relu", "at": 5}),
    Stop(
        "Down: max pooling",
        "Each 2 × 2 window keeps its maximum. Five is odd, so the last windows reach into padding, which is minus infinity and never wins.",
        {"view": "pool", "at": 1},
    ),
    Stop("Up: nearest neighbour", "Every pooled cell becomes a block of four. There is nothing to learn in this.", {"view": "up", "at": 4}),
    Stop("Crop", "The upsampled map has one row and one column too many for the skip: they are cut off.", {"view": "crop", "at": 25}),
    Stop(
        "The skip connection",
        "The map from before the pooling is copied across and laid over the upsampled one: two channels. One knows exactly where, the"
        " other what is around.",
        {"view": "join", "at": 50},
    ),
    Stop(
        "1 × 1 convolution",
        "Two weights and a bias, the same in every cell. The slide prints the bias as 1.08; its arithmetic uses −1.08, and so do we.",
        {"view": "score", "at": 1},
    ),
    Stop("Sigmoid", "Each score becomes a probability between 0 and 1.", {"view": "sigmoid", "at": 5}),
    Stop("Threshold", "Above 0.5 is foreground. The predicted mask is the true one.", {"view": "threshold", "at": 25}),
    Stop(
        "Without the skip",
        "The skip's weight is 0 now. Blocks of four cannot follow the edge: rows 1 to 4 become 0 0 1 1 0.",
        {"f": [[0]]},
    ),
    Stop(
        "An image that needs context",
        "Cells (1,1) and (4,0) look alike: 0.4 with nothing right of it and nothing below. One belongs to a spot, the other does not, and"
        " only the pooled map tells them apart. With either weight at 0 the mask cannot be right.",
        SOLVED,
    ),
    Stop(
        "Gradients add at the branch",
        "By how much the loss changes with each number. Point at ReLU's cell (0,1): the skip pulls one way, the pooling the other, and the"
        " two add.",
        {"gradients": True},
    ),
    Stop(
        "Upsampling with weights",
        "A transposed convolution in place of the copies: five more weights, thirteen in all. With the last layer's old weights the mask is"
        " wrong: they have to be trained together.",
        STAMPED,
    ),
    Stop(
        "Train it",
        "Start from random weights and go downhill on the loss, a step a frame. Some seeds reach the mask; others begin where ReLU is 0"
        " everywhere, and nothing ever moves them.",
        {"w": [[0.59, -0.38], [0.88, 0.54]], "b": 0, "f": [[-0.31]], "g": [[-0.4]], "d": 0},
    ),
)

FORMULA = """
<p>From the image <i>I</i> to the probability <i>Y</i>, with the kernel <i>K</i>, the weights <i>f</i> (skip) and <i>g</i> (upsampled) and
the biases <i>b</i> and <i>d</i>:</p>
<p class="formula"><i>R</i> = ReLU(<i>K</i> ⋆ <i>I</i> + <i>b</i>)</p>
<p class="formula"><i>Y</i> = <i>σ</i>(<i>f</i> · <i>R</i> + <i>g</i> · up(pool(<i>R</i>)) + <i>d</i>)</p>
<p>The loss adds up −log <i>Y</i> over the cells that should be 1 and −log(1 − <i>Y</i>) over those that should be 0. Its gradient by
<i>R</i> has a part from each way that <i>R</i> is used:</p>
<p class="formula">∂<i>L</i>/∂<i>R</i> = <i>f</i> · ∂<i>L</i>/∂<i>Z</i> + (what comes back through up and pool)</p>
"""

TEXT = """
## What to see here
- **One cell of the mask is a half-space.** With the skip's value *r* and the upsampled value *u*, foreground is where
  2.35 *r* + 0.71 *u* > 1.08: one side of a line in the plane of the two, drawn under the stage. One line cannot part everything (XOR is the
  classic case): that takes a layer before it, such as the convolution here.
- **The skip alone already solves the stripe**: set the weight of the upsampled map to 0 and the mask stays right. The spots need both.
- **Not every start learns.** Where the first kernel makes everything negative, ReLU passes nothing on and no gradient comes back: a dead
  ReLU.
- **Skip is not residual**: the copy is laid beside the upsampled map (concatenated), not added to it.
"""


LABELS = {"f": "weight of the skip", "g": "weight of the upsampled map", "d": "last bias"}


def ask_changed(turn: int) -> Asked:
    """How many cells stay right when one weight changes: at first without the skip."""
    field, value = pick(turn, ("f", 0.0), [(field, value) for field in LABELS for value in (-2.5, -2.0, -0.5, 0.3, 0.8, 1.6, 3.5)])
    change: dict[str, Any] = {field: value if field == "d" else [[value]]}
    made = build(UNET_BY_HAND, UNET_BY_HAND.state(**change))
    both, either, right = mask_scores(made.values("y")[0], made.values("t"))
    return Asked(
        f"The {LABELS[field]} is set to {minus(value)}. How many of the 25 cells are still right?",
        tuple(str(count) for count in choices(right, 25, 15, 10, 18, 20)),
        str(right),
        f"{right} of 25. The intersection over union is {both}/{either}.",
        {"view": "threshold", "at": 25, **change},
    )


def ask_foreground(turn: int) -> Asked:
    """How many cells are foreground with another last bias: at first the misprinted one."""
    bias = pick(turn, 1.08, (-4.0, -3.5, -3.0, -2.5, -2.0, -0.5, -0.1, 0.5, 2.0))
    probabilities = build(UNET_BY_HAND, UNET_BY_HAND.state(d=bias)).values("y")
    right = int((probabilities > 0.5).sum())
    why = "The slide prints the last bias as 1.08. " if turn == 0 else ""
    return Asked(
        f"{why}With {minus(bias)} in place of −1.08, how many of the 25 cells are foreground?",
        tuple(str(count) for count in choices(right, 0, 15, 25, 10)),
        str(right),
        f"{right}: the least probability is {probabilities.min():.3f}, the largest {probabilities.max():.3f}.",
        {"view": "threshold", "d": bias, "at": 25},
    )


def ask_branch(turn: int) -> Asked:
    """The gradient of a cell that is used twice."""
    _, found, _ = gradients(UNET_BY_HAND, UNET_BY_HAND.defaults)
    skip, pool = found.steps["j"].input[0], found.steps["p"].input
    cell = pick(turn, (0, 1), [(int(row), int(column)) for row, column in np.argwhere(pool != 0)])
    a, b = float(skip[cell]), float(pool[cell])
    right = f"{minus(round(a + b, 4))}"
    return Asked(
        f"ReLU's cell {cell} is used twice. The skip brings back a gradient of {minus(round(a, 4))}, the pooling one of"
        f" {minus(round(b, 4))}. What is the cell's gradient?",
        tuple(dict.fromkeys([minus(round(a * b, 4)), right, minus(round(a - b, 4)), minus(round(max(abs(a), abs(b)), 4))])),
        right,
        "Where a value is used more than once, the gradients of its uses add.",
        {"gradients": True},
    )


def ask_parameters(turn: int) -> Asked:
    """How many numbers are trained."""
    size = pick(turn, 2, range(3, 9))
    first, up, last = size**2 + 1, 5, 3
    total = first + up + last
    return Asked(
        f"The first kernel is {square(size)}, and a 2 × 2 transposed convolution does the upsampling. How many numbers are trained?",
        tuple(str(count) for count in choices(total, total - 3, total - up, size**2 + 6)),
        str(total),
        f"{size} · {size} + 1 in the first convolution, 2 · 2 + 1 in the transposed one, 2 + 1 in the last: {total}.",
        STAMPED,
    )


def minus(value: float) -> str:
    """A number with a true minus sign.

    >>> minus(-0.5)
    '−0.5'
    """
    return f"{value:g}".replace("-", "−")


UNET_BY_HAND = Lesson(
    name="unet_by_hand",
    title="U-Net by hand",
    sentence="A whole U-Net that fits on one screen: down, across and up again, with every number.",
    fields=fields_of(
        VIEWS,
        STOPS,
        Field("x", "grid", STRIPE, "Image", "the image's cells", 5, 5),
        Field("t", "grid", STRIPE_MASK, "Truth", "the mask that should come out", 5, 5),
        Field("w", "grid", [[1.45, 0.31], [0.54, -0.04]], "Kernel", "the first convolution's weights", 2, 2),
        Field("b", "number", -0.11, "First bias", "added to every cell of the feature map", -4, 4, step=0.01),
        Field("f", "grid", [[2.35]], "Weight of the skip", "what the skip's cells are multiplied by", 1, 1),
        Field("g", "grid", [[0.71]], "Weight of the upsampled", "what the upsampled cells are multiplied by", 1, 1),
        Field("d", "number", -1.08, "Last bias", "added to every score", -4, 4, step=0.01),
        Field("s", "grid", [[0.84, -1], [0.94, -0.65]], "Upsampling kernel", "the transposed convolution's weights", 2, 2),
        Field("c", "number", 1.43, "Upsampling bias", "added to every upsampled cell", -4, 4, step=0.01),
        Field("gradients", "flag", False, "Gradients", "by how much the loss changes with each number, in place of the numbers"),
    ),
    views=VIEWS,
    stops=STOPS,
    presets=(
        ("The lecture's image and weights", {}),
        ("The bias as the slide prints it", {"d": 1.08}),
        ("Without the skip", {"f": [[0]]}),
        ("Without what was upsampled", {"g": [[0]]}),
        ("Spots, solved with both", SOLVED),
        ("Spots without the skip", {**SOLVED, "f": [[0]]}),
        ("Spots without what was upsampled", {**SOLVED, "g": [[0]]}),
        ("Transposed convolution, the lecture's numbers", STAMPED),
    ),
    controls=("b", "d", "c", "gradients"),
    trains=Training(output="y", truth="t", plane="z", weights=("w", "s", "f", "g"), biases=("b", "c", "d")),
    tall=True,
    icon="polyline",
    minutes=20,
    card="A whole U-Net with eight weights on one screen: every value can be edited, every gradient read, and it trains before your eyes.",
    formula=FORMULA,
    text=TEXT,
    questions=(ask_changed, ask_foreground, ask_branch, ask_parameters),
)
