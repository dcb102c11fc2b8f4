"""The words of the lab Without a network (curriculum A8)."""

from __future__ import annotations

from itertools import product

import numpy as np

from seglab.infer.flooding import flood
from seglab.infer.kernels import KERNELS
from seglab.infer.otsu import between, otsu
from seglab.lessons.asking import choices, pick
from seglab.lessons.lab import Lab
from seglab.stage.lesson import Asked

LEVELS = (0, 1, 2, 3)


def _clear(counts: tuple[int, ...]) -> bool:
    """Whether one cut is clearly the best."""
    variances = np.sort(between(np.array(counts))[:3])
    return bool(variances[-1] > 1.08 * variances[-2])


def ask_otsu(turn: int) -> Asked:
    counts = pick(turn, (9, 6, 2, 8), [many for many in product((1, 5, 9), (2, 3, 6), (0, 2, 7), (4, 8)) if _clear(many)])
    variances, best = between(np.array(counts)), otsu(np.array(counts))
    told = ", ".join(f"level {level}: {count}" for level, count in zip(LEVELS, counts, strict=True))
    question = f"Pixels counted by grey level: {told}. Otsu looks for the cut with the most variance between the halves. Where is it?"
    names = [f"above level {level}" for level in LEVELS[:3]]
    because = "The variance between the halves is " + ", ".join(f"{variances[level]:.2f} {names[level]}" for level in LEVELS[:3]) + "."
    return Asked(question, tuple(names), names[best], because, {"part": "threshold"})


def ask_sobel(turn: int) -> Asked:
    left, right, down = pick(turn, (10, 60, 0), tuple(product((10, 20, 40), (50, 60, 90), (0, 10, 20))))
    patch = np.array([[left, left, right], [left, left, right], [left, left, right]]) + down * np.arange(3)[:, None]
    kernel = KERNELS["sobel"].array
    answer = int((patch * kernel).sum())
    rows = "; ".join(" ".join(str(value) for value in row) for row in patch.tolist())
    question = f"Three rows of grey values: {rows}. What does Sobel’s kernel to the right, −1 0 1; −2 0 2; −1 0 1, make of them?"
    mistakes = 3 * (right - left), right - left, answer // 8, 4 * (right + left)
    told = tuple(str(number) for number in choices(answer, *mistakes))
    because = f"(1 + 2 + 1) times right minus left: 4 · ({right} − {left}) = {answer}." + (
        " That each row is brighter than the one above cancels: it asks for slopes to the right only." if down else ""
    )
    return Asked(question, told, str(answer), because, {"part": "kernels", "kernel": "sobel"})


def ask_flood(turn: int) -> Asked:
    wall, hill = pick(turn, (5, 2), [(wall, hill) for wall, hill in product(range(2, 7), range(2, 7)) if abs(wall - hill) > 1])
    heights = np.full(9, 2.0)
    heights[0], heights[8], heights[wall], heights[hill] = 0, 1, 8, 5
    springs = np.zeros((1, 9), np.int32)
    springs[0, 0], springs[0, 8] = 1, 2
    line = int(np.flatnonzero(flood(heights[None], springs, np.ones((1, 9), bool), line=True).lines[0])[0])
    row = " ".join(f"{height:g}" for height in heights)
    question = f"A row of heights: {row}. Water springs at its two ends. At which place, counted from 0, do the two lakes meet in a line?"
    told = tuple(str(number) for number in choices(line, hill, 4, 7, 1))
    because = f"The hill of 5 at place {hill} is under water before the lakes are at 8. They meet at place {line}, the highest."
    return Asked(question, told, str(line), because, {"part": "watershed"})


HANDCRAFTED = Lab(
    name="handcrafted",
    title="Without a network",
    sentence="A threshold, a watershed and kernels whose numbers people chose: how far do they get, on the same images and metrics?",
    icon="back_hand",
    minutes=15,
    card="Drag Otsu’s threshold, let water rise between touching objects, lay Sobel’s kernel on pixels. Then see where a network wins.",
    text=(
        "## By hand, or learned\n"
        "- **Otsu** looks at the histogram only: where pixels lie does not matter to him. Uneven light moves ground and object over the"
        " same levels, and then no threshold is right everywhere.\n"
        "- **The feature decides.** The same threshold on brightness and on saturation gives two answers. Choosing the number to measure is"
        " what the person contributes, and what a network learns.\n"
        "- **Watershed** needs markers. One for every dent in the outline splits objects in two, so the distance map is smoothed first; too"
        " much, and touching objects stay one.\n"
        "- **Sobel, Scharr, Laplace** answer edges of any kind: of objects, of shadows, of noise. What is an edge *of a cell* they cannot"
        " know.\n"
        "- **Where by hand wins**: nothing to label, nothing to train, every step can be read, and where one number tells object from"
        " ground it is as good. **Where it falls**: noise, uneven light, objects that differ from the ground in texture only, and classes."
    ),
    questions=(ask_otsu, ask_sobel, ask_flood),
)
