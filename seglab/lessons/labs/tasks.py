"""The words of the lab Tasks (curriculum A1, A7, C4; of E6 what accuracy hides)."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from seglab.data.moves import REACH, STEP
from seglab.data.street import CLASSES, STREET, without
from seglab.lessons.asking import pick
from seglab.lessons.lab import Lab
from seglab.stage.lesson import Asked

COUNTS = {label: int(np.count_nonzero(STREET == label)) for label in range(1, len(CLASSES))}  # noqa: SIM300
TOLD = ", ".join(f"{CLASSES[label]} {count}" for label, count in COUNTS.items())
OUTPUTS = {"classification": "a classifier", "localisation": "a classifier with localisation", "detection": "a detector"} | {
    "semantic": "semantic segmentation",
    "panoptic": "panoptic segmentation",
}


def percent(share: float) -> str:
    """A share as the page writes it.

    >>> percent(334 / 338)
    '98.8 %'
    """
    return f"{100 * share:.1f} %"


def ask_everywhere(turn: int) -> Asked:
    label = pick(turn, 3, COUNTS)
    name, share, classes = CLASSES[label], COUNTS[label] / STREET.size, len(COUNTS)
    question = f"A street of 13 × 26 pixels: {TOLD}. A prediction says “{name}” everywhere. Its accuracy and its mean IoU?"
    right = f"{percent(share)} and {share / classes:.3f}"
    wrong = (
        f"{percent(share)} and {share:.3f}",
        f"{percent(1 / classes)} and {share / classes:.3f}",
        f"{percent(share)} and {share / 2:.3f}",
    )
    because = (
        f"{COUNTS[label]} of {STREET.size} pixels are right. The IoU of {name} is {COUNTS[label]} / {STREET.size} = {share:.3f}, that "
        f"of the other {classes - 1} classes 0, and a fifth of their sum is {share / classes:.3f}."
    )
    return Asked(question, tuple(sorted({right, *wrong})), right, because, {"view": "matrix", "guess": f"all{label}"})


def ask_lost(turn: int) -> Asked:
    label = pick(turn, 2, COUNTS)
    name, guess = CLASSES[label], without(label)
    right, iou = percent(float((guess == STREET).mean())), _ious(guess)
    question = f"The same street, all right but for “{name}”: its {COUNTS[label]} pixels are taken for what is beside them. The accuracy?"
    wrong = percent(1 - 1 / len(COUNTS)), percent(1 - COUNTS[label] / STREET.size / 2), percent(COUNTS[label] / STREET.size)
    because = (
        f"{STREET.size - COUNTS[label]} of {STREET.size} pixels are right. The IoU of {name} is 0 all the same, "
        f"and the mean over the classes falls to {iou.mean():.3f}."
    )
    return Asked(question, tuple(sorted({right, *wrong})), right, because, {"view": "matrix", "guess": f"lose{label}"})


def _ious(guess: NDArray[np.uint8]) -> NDArray[np.float64]:
    """IoU of the street's five classes."""
    pairs = [(guess == label, label == STREET) for label in COUNTS]
    return np.array([np.logical_and(*pair).sum() / np.logical_or(*pair).sum() for pair in pairs])


def ask_output(turn: int) -> Asked:
    settings = tuple(product(OUTPUTS, ((96, 96, 6), (480, 640, 9), (512, 512, 20))))
    task, (height, width, objects) = pick(turn, ("detection", (96, 96, 6)), settings)
    numbers = {"classification": 1, "localisation": 5, "detection": 5 * objects, "semantic": height * width, "panoptic": 2 * height * width}
    because = {
        "classification": "One class for the whole image, however large it is.",
        "localisation": "One class, and x, y, width and height of one box.",
        "detection": f"{objects} objects with a class and four numbers of a box each: 5 · {objects}.",
        "semantic": f"One class for every pixel: {height} · {width}.",
        "panoptic": f"A class and an id for every pixel: 2 · {height} · {width}.",
    }
    question = f"An image of {height} × {width} pixels shows {objects} objects. With how many numbers does {OUTPUTS[task]} answer?"
    others = [number for name, number in numbers.items() if name != task and name != "classification"]
    told = tuple(f"{number:,}" for number in sorted({numbers[task], *others[:3]}))
    return Asked(question, told, f"{numbers[task]:,}", because[task], {"answer": task})


def ask_moved(turn: int) -> Asked:
    steps = [step for step in range(-REACH, REACH + 1, STEP) if step]
    dx, dy = pick(turn, (24, 8), tuple(product(steps, steps)))
    x, y, w, h = 36, 40, 26, 22
    right = f"{x + dx}, {y + dy}, {w}, {h}"
    wrong = f"{x}, {y}, {w}, {h}", f"{x + dx}, {y + dy}, {w + dx}, {h + dy}", f"{x - dx}, {y - dy}, {w}, {h}"
    way = f"{abs(dx)} pixels to the {'right' if dx > 0 else 'left'} and {abs(dy)} {'down' if dy > 0 else 'up'}"
    question = f"A detector answers “star” and the box x, y, w, h = {x}, {y}, {w}, {h}. The star moves {way}. What should it answer now?"
    because = "The class stays, which is invariance; the corner of the box moves along, which is equivariance; its size stays."
    return Asked(question, (right, *wrong)[turn % 4 :] + (right, *wrong)[: turn % 4], right, because, {"view": "moves", "dx": dx, "dy": dy})


TASKS = Lab(
    name="tasks",
    title="Tasks",
    sentence="One image, many questions: what, where, which pixels, which one of them?",
    icon="category",
    minutes=10,
    card=(
        "One scene and six answers: a label, boxes, masks, instances. Open the matrix behind each, and see which answers move "
        "along with the object."
    ),
    text=(
        "## From a label to pixels\n"
        "- **Things and stuff.** Things are counted: cells, cars, stars. Stuff is not: background, road, grass. Instance segmentation "
        "answers for things only, panoptic segmentation for every pixel, semantic segmentation without telling two things apart.\n"
        "- **What accuracy hides.** It counts pixels, and most pixels are of large classes. A small class can be lost entirely and "
        "accuracy hardly moves: where 95 % is background, “background” everywhere is right in 95 %. Mean IoU lets every class "
        "count the same, so a lost one costs its whole share.\n"
        "- **Invariance and equivariance.** A classifier should not care where a thing is; a detector and a segmenter must move along. "
        "A fully connected layer has other weights for every place and knows only the places that it has seen. Global pooling "
        "keeps what was seen and drops where.\n"
        "- **Locality.** Shuffled patches keep what is inside them and lose how they lie to each other. Where the object stays whole in "
        "its patch, that is only a move; where it is torn, the cuts make corners and edges that no shape has."
    ),
    questions=(ask_output, ask_everywhere, ask_lost, ask_moved),
)
