"""The words of the lab FCN (curriculum D6, B19)."""

from __future__ import annotations

from itertools import product

from seglab.lessons.asking import choices, pick
from seglab.lessons.lab import Lab
from seglab.stage.lesson import Asked

KINDS = ("fcn32s", "fcn16s", "fcn8s")  # with 0, 1 and 2 finer maps added


def ask_coarse(turn: int) -> Asked:
    height, width = pick(turn, (480, 640), tuple(product((224, 256, 384, 512), (320, 448, 640, 768))))
    finest = (8, 4, 16)[turn % 3]  # so that the right one stands now here, now there
    sizes = {finest * times: f"{height // (finest * times)} × {width // (finest * times)}" for times in (8, 4, 2, 1)}
    because = f"Five poolings halve five times: {height} / 32 by {width} / 32, so {sizes[32]} scores for each class."
    question = f"An image of {height} × {width} pixels. How many coarse scores does FCN-32s have for each class?"
    return Asked(question, tuple(sizes.values()), sizes[32], because, {"net": "fcn32s", "step": "coarse"})


def ask_leap(turn: int) -> Asked:
    depth, fused = pick(turn, (5, 2), tuple(product((4, 5, 6), (0, 1, 2))))
    stride, last = 2**depth, 2 ** (depth - fused)
    maps = ("no finer map", "one finer map", "two finer maps")[fused]
    question = (
        f"Coarse scores lie {stride} pixels apart, and {maps} of scores {'are' if fused == 2 else 'is'} added on the way. By how much"
    )
    told = tuple(f"{times} times" for times in choices(last, stride, last // 2, last * 2, 2))
    steps = "" if not fused else f"Each sum comes after an enlargement by 2: {stride} / 2{'² ' if fused == 2 else ' '}is left. "
    because = f"{steps}The last leap to the pixels is one of {last}."
    return Asked(f"{question} does the last layer enlarge?", told, f"{last} times", because, {"net": KINDS[fused], "step": "pixels"})


def ask_parameters(turn: int) -> Asked:
    classes, factor = pick(turn, (21, 32), tuple(product((2, 5, 19, 21), (8, 16, 32))))
    kernel = 2 * factor
    right = classes**2 * kernel**2
    mistakes = classes * kernel**2, classes**2 * factor**2, kernel**2, right + classes
    told = tuple(f"{count:,}" for count in choices(right, *mistakes))
    question = (
        f"A transposed convolution enlarges the scores of {classes} classes {factor} times with a kernel of {kernel} × {kernel}, from "
        "every class to every class, without bias. How many weights does it have?"
    )
    because = (
        f"{classes} · {classes} · {kernel} · {kernel} = {right:,}. Bilinear interpolation needs only the {classes} kernels from each class "
        "to itself; the others start at zero."
    )
    return Asked(question, told, f"{right:,}", because, {"net": {8: "fcn8s", 16: "fcn16s", 32: "fcn32s"}[factor], "step": "pixels"})


def bracketed(number: int) -> str:
    """A number as a sum has it after its sign.

    >>> bracketed(5), bracketed(-2)
    ('5', '(-2)')
    """
    return f"({number})" if number < 0 else str(number)


def ask_sum(turn: int) -> Asked:
    left, right, finer = pick(turn, (4, 8, -2), tuple(product((0, 4, 8, 12), (-4, 16), (-3, -2, 1, 5))))
    enlarged = (3 * left + right) // 4
    fused = enlarged + finer
    mean = (left + right) // 2
    told = tuple(
        str(number).replace("-", "−") for number in choices(fused, left + finer, enlarged, mean + finer, left + right + finer, fused + 1)
    )
    question = (
        f"Two neighbouring coarse scores are {left} and {right}, doubled with [¼ ¾ ¾ ¼]. At the nearer of the two places between "
        f"them, next to the {left}, the pooled map scores {finer}. What is the fused score?"
    )
    because = f"¾ · {left} + ¼ · {bracketed(right)} = {enlarged}, and {enlarged} + {bracketed(finer)} = {fused}."
    shows = {"net": "fcn8s", "step": "pool4"}
    return Asked(question.replace("-", "−"), told, str(fused).replace("-", "−"), because.replace("-", "−"), shows)


FCN = Lab(
    name="fcn",
    title="FCN",
    sentence="From a coarse map of scores back to the pixels: in one leap of 32, or in steps with finer maps added.",
    icon="stairs",
    minutes=10,
    card=("Coarse scores, fused with finer ones: what FCN-32s, 16s and 8s make of the same image, and how sharp their borders are."),
    text=(
        "## What and where\n"
        "- **Coarse scores.** Five poolings leave one cell for 32 × 32 pixels. It has seen much and knows *what* is there, but hardly "
        "*where*.\n"
        "- **Fused scores.** A 1 × 1 convolution scores an earlier map, too. Its scores are finer and see less; they are *added* to the "
        "coarse ones, class by class. A U-Net joins channels instead, and lets convolutions decide.\n"
        "- **32s, 16s, 8s** name the stride of the finest scores, so how far the last layer has to leap.\n"
        "- **Start.** New scores start at zero: at first the sum is the coarse map, enlarged, and nothing learned is lost. "
        "Enlarging kernels start as bilinear interpolation. Both go on learning.\n"
        "## Words that confuse\n"
        "- **Deconvolution layer**: what the paper calls its transposed convolution. It undoes no convolution.\n"
        "- **Skip**: here a sum of scores; in a U-Net channels set side by side."
    ),
    questions=(ask_coarse, ask_sum, ask_leap, ask_parameters),
)
