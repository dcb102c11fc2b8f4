"""The words of the lab Compare (curriculum D4, D5, E3, E4, E6, E10, E11, E12)."""

from __future__ import annotations

from itertools import product

from seglab.lessons.asking import choices, pick
from seglab.lessons.lab import Lab
from seglab.stage.lesson import Asked
from seglab.train.study import interval

A, B, NEITHER = "A is better", "B is better", "these seeds cannot tell"
PAIRS = (  # mean IoU of A and B, in hundredths, by seed
    ((70, 78, 74, 81, 72), (68, 77, 73, 79, 70)),
    ((70, 78, 74, 81, 72), (74, 75, 79, 77, 71)),
    ((81, 83, 79, 84, 82), (85, 88, 82, 88, 85)),
    ((60, 71, 66, 75, 68), (66, 69, 73, 71, 67)),
    ((52, 66, 58, 71, 63), (55, 68, 62, 73, 67)),
    ((77, 74, 80, 79, 76), (70, 81, 74, 80, 77)),
    ((64, 72, 69, 75, 61), (61, 70, 65, 73, 57)),
)


def ask_skip(turn: int) -> Asked:
    channels, kernel = pick(turn, (32, 3), tuple(product((8, 16, 64, 128), (3, 5))))
    right = kernel**2 * channels * channels
    told = tuple(f"{count:,}" for count in choices(right, 0, channels, kernel**2 * channels, 2 * right))
    question = (
        f"The encoder’s map and the decoder’s have {channels} channels each. The convolution after the skip is {kernel} × {kernel} and "
        f"makes {channels} channels. How many more weights does it have after a concatenation than after an addition?"
    )
    because = (
        f"Addition leaves {channels} channels: {kernel}² · {channels} · {channels} = {right:,} weights. Concatenation gives the "
        f"convolution {2 * channels} channels, so twice as many: {right:,} more."
    )
    return Asked(question, told, f"{right:,}", because, {"experiment": "skips"})


def ask_shift(turn: int) -> Asked:
    side, shift = pick(turn, (8, 2), ((10, 1), (10, 5), (12, 4), (6, 2), (20, 4), (16, 8)))
    left, whole = (side - shift) ** 2, side**2
    iou = left / (2 * whole - left)
    mistakes = left / whole, (side - shift) / side, 1 - shift / (2 * side), left / (2 * whole)
    cents = choices(round(100 * iou), *(round(100 * value) for value in mistakes))
    told = tuple(f"{cent / 100:.2f}" for cent in cents)
    question = (
        f"A true square of {side} × {side} pixels; its mask lies {shift} pixel{'s' if shift > 1 else ''} too far right and as much too "
        "low. What is the IoU of the two?"
    )
    because = (
        f"They share {side - shift} × {side - shift} = {left} pixels and cover {whole} + {whole} − {left} = {2 * whole - left}: "
        f"{left} / {2 * whole - left} = {iou:.2f}. The thinner the object, the more a shift costs."
    )
    return Asked(question, told, f"{iou:.2f}", because, {"experiment": "registration"})


def ask_seeds(turn: int) -> Asked:
    first, second = pick(turn, PAIRS[0], PAIRS[1:])
    gains = [(one - other) / 100 for one, other in zip(first, second, strict=True)]
    found = interval(gains)
    right = NEITHER if not found.sign else A if found.sign > 0 else B
    numbers = "; ".join(f"{one / 100:.2f} and {other / 100:.2f}" for one, other in zip(first, second, strict=True))
    question = f"Mean IoU of A and B, trained from the same five seeds: {numbers}. What can be said, at 95 %?"
    differences = ", ".join(f"{gain:+.2f}".replace("-", "−") for gain in gains)
    spread = f"{found.mean:.3f} ± {found.reach:.3f}".replace("-", "−")
    because = (
        f"Seed by seed A − B is {differences}: {spread}. That interval {'holds' if not found.sign else 'does not hold'} 0. Compared "
        "in pairs, what the seeds themselves differ by cancels."
    )
    return Asked(question, (A, B, NEITHER), right, because, {"experiment": "decoders"})


def ask_accuracy(turn: int) -> Asked:
    share = pick(turn, 5, (1, 2, 4, 8, 10, 12, 20))
    accuracy, iou = 100 - share, (100 - share) / 2
    cents = {f"{value:g} %" for value in (iou, accuracy, 50, 100 - 2 * share)}
    told = tuple(sorted(cents, key=lambda text: float(text[:-2])))
    question = (
        f"Vessels are {share} % of the pixels. A network calls every pixel background, and is right in {accuracy} % of them. "
        "What is its mean IoU over both classes?"
    )
    because = f"Background: {accuracy} / 100 = {accuracy} %. Vessel: nothing is found, 0 %. The mean is {iou:g} %."
    return Asked(question, told, f"{iou:g} %", because, {"part": "runs", "runs": "skips.none,skips.concat"})


COMPARE = Lab(
    name="compare",
    title="Compare",
    sentence="What does a choice change, and is it more than chance? The same network, one thing different, five seeds.",
    icon="compare_arrows",
    minutes=20,
    card="Experiments of five seeds, ready or repeated by a press: skips, decoders, augmentation, weight map. Any runs over each other.",
    text=(
        "## How to read it\n"
        "- **A seed** decides the initial weights and the order of the images. Two arms of one seed see the same images in the same "
        "order, and begin with the same encoder; so they are compared in pairs.\n"
        "- **The interval** says where the mean of very many seeds would lie, with 95 % confidence. Where the interval of a difference "
        "holds 0, these seeds show none; that there is none they do not prove.\n"
        "- **The images stay.** Other images could change an outcome more than other seeds do.\n"
        "- **Small on purpose.** Networks of width 8 on 64 × 64 pixels learn in seconds. What is large here may shrink with more "
        "channels, data and steps, and the other way round.\n"
        "## What is measured\n"
        "- **Recall of thin vessels**: the share of those vessel pixels found that no square of 3 × 3 pixels inside a vessel covers.\n"
        "- **Separated cells**: true cells that one connected piece of the mask fits, with an IoU over 0.5. **Merged**: cells that share a "
        "piece with another, each more than half in it. Cells of fewer than 16 pixels, cut off by the edge, do not count.\n"
        "- **F of the border line**: precision and recall of border pixels, right within one step."
    ),
    questions=(ask_skip, ask_seeds, ask_shift, ask_accuracy),
)
