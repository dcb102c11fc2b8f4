"""The words of the lab Other pictures out (curriculum E9)."""

from __future__ import annotations

import math

from seglab.lessons.asking import pick
from seglab.lessons.lab import Lab
from seglab.stage.lesson import Asked

HARMS = (0.05, 0.2, 0.025, 0.4, 0.1)  # standard deviations of noise


def ask_decibels(turn: int) -> Asked:
    sigma = pick(turn, 0.1, HARMS)
    right = -20 * math.log10(sigma)
    told = tuple(f"{number:.0f} dB" for number in sorted({round(right), round(right) + 10, round(right / 2), round(right) - 6}))
    question = f"Noise with a standard deviation of {sigma:g} is added to a picture with values from 0 to 1. What is its PSNR, about?"
    because = f"The mean squared difference is {sigma:g}² = {sigma**2:g}, and 10 · log₁₀(1 / {sigma**2:g}) = {right:.1f} dB."
    return Asked(question, told, f"{right:.0f} dB", because, {"task": "denoise", "level": f"{sigma:g}"})


CASES = ((8, 21), (16, 5), (8, 2), (32, 19), (16, 12))  # the width of a U-Net, and its classes


def ask_head(turn: int) -> Asked:
    width, classes = pick(turn, CASES[0], CASES)
    before, after = (width + 1) * classes, (width + 1) * 3
    question = (
        f"A U-Net of width {width} ends in a 1 × 1 convolution to {classes} classes. It shall give red, green and blue instead. "
        "How many weights, with biases, does its new head have?"
    )
    numbers = sorted({after, before, width * 3, (width + 1) * 3 * classes, width * classes})
    told = tuple(f"{number}" for number in numbers if number == after or numbers.index(number) < 4)
    because = f"({width} + 1) · 3 = {after}, instead of ({width} + 1) · {classes} = {before}. All other weights stay what they are."
    return Asked(question, told, f"{after}", because, {"part": "head"})


SHRUNK = ((96, 3), (96, 2), (120, 4), (96, 6), (60, 2), (120, 3))  # pixels a side, and by how much each side is shrunk


def ask_invented(turn: int) -> Asked:
    side, factor = pick(turn, SHRUNK[0], SHRUNK)
    small = side // factor
    right = 1 - 1 / factor**2
    shares = sorted({right, 1 - 1 / factor, 1 / factor**2, 1 / factor})
    question = (
        f"A picture of {side} × {side} pixels is shrunk {factor} times a side. Which share of its pixels has to be made up on the way back?"
    )
    because = f"{small} · {small} = {small**2:,} of {side} · {side} = {side**2:,} values are left: 1 − 1/{factor}² = {right:.0%}."
    return Asked(question, tuple(f"{share:.0%}" for share in shares), f"{right:.0%}", because, {"task": "enlarge", "level": f"{factor}"})


RESTORE = Lab(
    name="restore",
    title="Other pictures out",
    sentence="The same U that names pixels can give them back: without noise, sharp, larger, whole, in colour.",
    icon="auto_fix_high",
    minutes=10,
    card="The same network to denoise, sharpen, enlarge, fill and colour pictures, beside filters that were made for it.",
    text=(
        "## One network, five tasks\n"
        "- **What differs.** The head has three channels instead of one for each class, the target is a picture, the loss a squared "
        "difference. No class and no mask: whoever can make a picture worse has a training set.\n"
        "- **Residual.** What the network says is added to what it was given, so it learns the difference only.\n"
        "- **PSNR** counts squared differences in decibels; **SSIM** compares local means, contrasts and structure. Both need the truth, "
        "which only exists because the picture was made worse on purpose.\n"
        "- **A mean is safe.** A squared loss is least for the mean of all pictures that are possible. Where the picture does not decide "
        "(the colour of paper, the inside of a large hole), the answer is smooth, or grey.\n"
        "## Where it ends\n"
        "- **Another level.** A network knows the harm that it was trained on. Other noise passes for detail, detail for noise. Training "
        "on all levels at once, or telling it the level, helps; the networks here are left as they are, so that it can be seen.\n"
        "- **Another domain.** It gives back what its training pictures looked like.\n"
        "- **Filters are told more here.** They know the level, and their strength was tuned for it.\n"
        "## Words that confuse\n"
        "- **Deconvolution**: undoing a convolution, as Richardson and Lucy's iteration does for a blur. What enlarges a U-Net's maps is a "
        "transposed convolution, which undoes nothing."
    ),
    questions=(ask_decibels, ask_invented, ask_head),
)
