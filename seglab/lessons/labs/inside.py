"""The words and questions of the lab Look inside (curriculum A6, E10, C3, D3)."""

from __future__ import annotations

from itertools import product

from seglab.lessons.asking import choices, pick
from seglab.lessons.lab import Lab
from seglab.nets import Architecture
from seglab.nets.maps import field_on
from seglab.stage.lesson import Asked

SIDE = 128


def plain(number: float) -> str:
    """A number of at most three decimals, with a true minus sign.

    >>> plain(-0.5), plain(2.0)
    ('−0.5', '2')
    """
    return f"{round(number, 3):g}".replace("-", "−")


def ask_fold(turn: int) -> Asked:
    """A weight and a bias that do what a convolution and the batch normalisation after it do."""
    weight, gamma, deviation, mean = pick(turn, (3.0, 2.0, 4.0, 1.0), tuple(product((2.0, -3.0, 5.0), (2.0, 0.5), (4.0, 2.0), (1.0, -2.0))))
    beta = 1.0
    scale = gamma / deviation
    folded = weight * scale, beta - mean * scale
    wrong = (weight * gamma, beta - mean), (weight * scale, beta), (weight / deviation, beta - mean / deviation), (weight, beta + mean)
    told = tuple(f"{plain(one)}, bias {plain(other)}" for one, other in dict.fromkeys([folded, *wrong]))[:4]
    turned = tuple(told[(place + turn) % len(told)] for place in range(len(told)))
    right = f"{plain(folded[0])}, bias {plain(folded[1])}"
    question = (
        f"A 1 × 1 convolution with weight {plain(weight)} and no bias is followed by batch normalisation with γ = {plain(gamma)},"
        f" β = {plain(beta)}, mean {plain(mean)} and standard deviation {plain(deviation)}. Which one weight and bias do the same?"
    )
    because = (
        (
            f"γ (w·x − mean) / σ + β = (γ w / σ) x + β − γ mean / σ: a weight of {plain(gamma)} · {plain(weight)} / {plain(deviation)} ="
            f" {plain(folded[0])} and a bias of {plain(beta)} − {plain(gamma)} · {plain(mean)} / {plain(deviation)} = {plain(folded[1])}."
        )
        .replace("· −", "· (−")
        .replace("(−3 /", "(−3) /")
        .replace("(−2 /", "(−2) /")
    )
    return Asked(question, turned, right, because, {"part": "stage", "block": "encoder.0", "layer": "conv1"})


def ask_reach(turn: int) -> Asked:
    """The first column to the right of a pixel that cannot move it."""
    depth, kernel, column = pick(turn, (2, 3, 40), tuple(product((1, 2, 3), (3, 5), (36, 40, 45))))
    field = field_on(Architecture(depth=depth, kernel_size=kernel), SIDE, column)
    steps = 2**depth
    told = tuple(str(place) for place in choices(field.stop, field.stop - steps, field.stop + steps, column + len(field), field.stop + 1))
    question = (
        f"A U-Net of depth {depth} with {kernel} × {kernel} kernels and 2 × 2 up-convolutions sees an image of {SIDE} × {SIDE}. Pixels"
        f" of its mask in column {column} have a field of {len(field)} columns, and no column before {field.start} can change them."
        " Which is the first one behind that cannot?"
    )
    because = f"The field has {len(field)} columns, from {field.start} to {field.stop - 1}: so {field.stop} is the first one outside."
    return Asked(question, told, str(field.stop), because, {"part": "why", "row": 40, "col": column})


def ask_period(turn: int) -> Asked:
    """The smallest shift at which a mask surely moves along."""
    depth, padding = pick(turn, (3, "around"), tuple(product((1, 2, 3, 4), ("around", "zeros"))))
    period = 2**depth
    never = "at none: the border tells where it is"
    told = (*(f"{pixels} pixels" for pixels in choices(period, depth, period // 2, 2 * period)), never)
    right = f"{period} pixels" if padding == "around" else never
    beyond = "goes on from its other side" if padding == "around" else "has zeros beyond its edge"
    question = (
        f"A U-Net of depth {depth}, in which each map {beyond}, sees a picture that is rolled to the right: what leaves comes back on the"
        " left. At which smallest shift is its mask, rolled back, surely the same, whatever its weights?"
    )
    because = (
        f"Each pooling takes cells two by two from the first on, so {depth} of them see the same windows again after 2^{depth} = {period}"
        " pixels."
    )
    if padding == "zeros":
        because += " But zeros mark the edge of every map: what comes near it looks different from what was there before."
    return Asked(question, told, right, because, {"part": "shifts"})


INSIDE = Lab(
    name="inside",
    title="Look inside",
    sentence="A trained network opened up: what each layer makes of a picture, with which weights, and what moves its answer.",
    icon="frame_inspect",
    minutes=15,
    card="The maps and weights of a trained network, with its real numbers in the stage; and which pixels moved an answer.",
    text=(
        "## What is to be seen\n"
        "- **Early maps** answer to edges, light and colour, and are sharp. **Middle** ones answer to parts. **Deep** ones are coarse and"
        " answer to things; few of their cells are awake at a time.\n"
        "- **A kernel** is easy to read in the first layer only. Further in it weighs maps that have no names.\n"
        "- **The gradient** says what a *small* change would do, to a first approximation. **Hiding** a part says what happened when it was"
        " gone. They need not agree: a grey square is a picture, too, and one that the network has never seen.\n"
        "- **Shifts.** Convolutions move along with the picture. Poolings look at it in steps, and padding marks its edge: so a mask"
        " flickers when the picture moves by a pixel.\n"
        "## Words that confuse\n"
        "- **Feature map**, **activation map**, **channel**: one plane of what a layer puts out.\n"
        "- **Saliency map**: the gradient by pixel, here its size. It is not what the network “looks at”, but what it is touchy about.\n"
        "- **Folded**: a batch normalisation that has learned only scales and shifts each channel, so kernel and bias can take it in."
    ),
    questions=(ask_fold, ask_reach, ask_period),
)
