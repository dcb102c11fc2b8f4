"""The words of the lab Use (curriculum E5, E6, E7, E10)."""

from __future__ import annotations

from itertools import product

from seglab.lessons.asking import choices, pick
from seglab.lessons.lab import Lab
from seglab.nets.architecture import Architecture
from seglab.nets.fitting import margin
from seglab.stage.lesson import Asked


def ask_threshold(turn: int) -> Asked:
    up, others = turn % 2 == 0, tuple(product((0.7, 0.8, 0.9), (0.2, 0.3, 0.4)))
    high, low = pick(turn, (0.9, 0.2), others)
    first, then = (0.5, high) if up else (0.5, low)
    right = "Recall falls or stays" if up else "Recall rises or stays"
    told = ("Recall rises or stays", "Recall falls or stays", "Precision never changes", "Nothing can be said of recall")
    because = (
        f"Of the true pixels {'fewer' if up else 'more'} reach {then:g} than reach {first:g}, or as many, and their whole number stays. "
        "Precision mostly goes the other way, but need not: both parts of its fraction change."
    )
    question = f"You move the threshold from {first:g} to {then:g}. Which of these is certain?"
    return Asked(question, told, right, because, {"part": "threshold", "threshold": f"{then:g}"})


def ask_precision(turn: int) -> Asked:
    tp, fp, fn = pick(turn, (60, 20, 40), tuple(product((30, 45, 60, 90), (10, 15, 30), (5, 20, 60))))
    values = {"IoU": tp / (tp + fp + fn), "precision": tp / (tp + fp), "recall": tp / (tp + fn), "Dice": 2 * tp / (2 * tp + fp + fn)}
    name = tuple(values)[turn % 4]
    right = round(1000 * values[name])
    mistakes = [round(1000 * value) for other, value in values.items() if other != name]
    told = tuple(f"{number / 1000:.3f}" for number in choices(right, *mistakes))
    fractions = {
        "IoU": f"{tp} / ({tp} + {fp} + {fn})",
        "precision": f"{tp} / ({tp} + {fp})",
        "recall": f"{tp} / ({tp} + {fn})",
        "Dice": f"2 · {tp} / (2 · {tp} + {fp} + {fn})",
    }
    question = f"{tp} pixels are cell and found, {fp} are called cell and are not, {fn} are cell and missed. What is {name}?"
    answer = f"{right / 1000:.3f}"
    return Asked(question, told, answer, f"{name[0].upper()}{name[1:]} is {fractions[name]} = {answer}.", {"part": "threshold"})


def ask_window(turn: int) -> Asked:
    depth, tile = pick(turn, (3, 64), tuple(product((2, 3, 4), (32, 64, 128))))
    around = margin(Architecture(depth=depth))
    right = tile + 2 * around
    told = tuple(f"{side} × {side}" for side in choices(right, tile + around, tile, tile + 4 * around, right - 2 * 2**depth))
    because = f"{tile} + 2 · {around} = {right}: the {around} pixels around it count on both sides of each axis."
    question = (
        f"A pixel’s class depends on up to {around} pixels around it. How large a window has the network to see, so that a tile of"
        f" {tile} × {tile} comes out as in one pass?"
    )
    return Asked(question, told, f"{right} × {right}", because, {"part": "tiles", **({"pixels": str(tile)} if tile != 64 else {})})


USE = Lab(
    name="use",
    title="Use it",
    sentence="A trained network at work: masks of pictures of any size, and how far they can be trusted.",
    icon="photo_camera",
    minutes=12,
    card="Your own picture of any size: its mask, a threshold moved by hand, tiles without seams, and confident nonsense.",
    text=(
        "## How far to trust it\n"
        "- **Probability.** Softmax turns the scores of a pixel into numbers that add up to 1. They compare the classes that there are; "
        "“none of these” is not among them.\n"
        "- **Threshold.** One half is a habit. Where a miss costs more than a false alarm, as with a lesion, a lower one is right. "
        "Choose it on images that are neither trained on nor used for the final figure.\n"
        "- **Precision, recall, IoU, Dice** leave out TN, the many background pixels: accuracy counts them and looks good while nothing is "
        "found.\n"
        "- **Memory.** One pass over 2048 × 2048 pixels took 1154 MiB with the small network of cells. In tiles it took 161 MiB, and over "
        "4096 × 4096 185 MiB: what grows is the picture and its mask, a byte each a pixel, not the network’s part. With all files written "
        "it was 291 MiB.\n"
        "## Words that confuse\n"
        "- **Overlap-tile**: the *windows* overlap, the answers do not. Each pixel is answered once, by the tile that it lies in.\n"
        "- **Mirroring** invents what lies beyond the border. It is a guess, but one that looks like the picture; zeros do not.\n"
        "- **Certainty** is not being right. At home both go together; elsewhere they come apart, and nothing in the output tells."
    ),
    questions=(ask_precision, ask_threshold, ask_window),
)
