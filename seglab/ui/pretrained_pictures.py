"""The pictures of the page A head start: masks of all arms on the same scene, and the first layer's filters before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Files

from seglab.data.domains import DOMAINS
from seglab.data.sets import unseen_scene
from seglab.infer.pictures import grey, painted, url
from seglab.train.pretrained_study import BASE, FEW
from seglab.ui.drawing import Drawing, Item, Role
from seglab.ui.files import assets

SIDE, GAP, TOP = 196.0, 16.0, 30.0
SHOWN_SIZE = 64
CELL, FILTERS = 66.0, 8
ROLES: dict[str, Role] = {"image": "input", "truth": "muted"}  # the others are what networks say


def predictions_drawing(told: dict[str, Any], scene: int) -> Drawing:
    """An image and its truth, and what each arm makes of it after a training on four labelled images."""
    image, truth = unseen_scene(BASE.data, scene, SHOWN_SIZE, BASE.difficulty)
    colours, names = DOMAINS[BASE.data].colours, DOMAINS[BASE.data].classes
    across = 5 * SIDE + 4 * GAP
    drawing = Drawing(across, TOP + SIDE + 66, "One image, its truth, and what three networks make of it", least=760)
    shown = {"image": ("Image", url(grey(image)), ""), "truth": ("Truth", url(painted(truth, colours)), "")}
    for arm, title in FEW.arms.items():
        mask = np.asarray(Files.open(assets() / "pretrained" / f"{arm}-{scene}.png"))
        shown[arm] = (title, url(painted(mask, colours)), f"mean IoU {told[f'{arm}-{scene}']:.2f}")
    for number, (name, (title, address, score)) in enumerate(shown.items()):
        x = number * (SIDE + GAP)
        drawing.item(Item(name, f"{title}. {score}", f"{title}{': ' + score if score else ''}"))
        drawing.text(x, TOP - 10, title, 15, "ink", bold=True)
        drawing.image(x, TOP, SIDE, SIDE, address, name)
        drawing.rect(x, TOP, SIDE, SIDE, ROLES.get(name, "output"), "none", name)
        drawing.text(x, TOP + SIDE + 20, score, 15, "ink", bold=True)
    x = 0.0
    for label, name in enumerate(names):
        drawing.image(x, TOP + SIDE + 42, 16, 16, url(painted(np.full((1, 1), label, np.uint8), colours)))
        drawing.rect(x, TOP + SIDE + 42, 16, 16, "muted", "none")
        drawing.text(x + 23, TOP + SIDE + 55, name, 14, "muted")
        x += 42 + 8.2 * len(name)
    return drawing


def filters_drawing(told: dict[str, Any]) -> Drawing:
    """The eight filters of the first layer, before and after a training on four images: a random start's, and the pretrained ones."""
    lines = [
        ("random", 0, "Random start", "before"),
        ("random", 1, "", "after 4 images"),
        ("pretrained", 0, "Pretrained", "before"),
        ("pretrained", 1, "", "after 4 images"),
    ]
    left, step = 190.0, CELL + 10
    drawing = Drawing(left + FILTERS * step, 4 * step + 82, "The first layer's filters before and after", least=560)
    for row, (arm, when, title, words) in enumerate(lines):
        y = 8 + row * step + (18 if row > 1 else 0)
        drawing.text(0, y + 28, title, 16, "ink", bold=True)
        drawing.text(0, y + (48 if title else 36), words, 14, "muted")
        for number, shades in enumerate(_shades(told[f"{arm}-filters"][when])):
            name = f"{arm}.{when}.{number}"
            change = moved(told, arm)[number]
            drawing.item(
                Item(name, f"{title or arm} {words}, filter {number + 1}", f"Filter {number + 1}: it moved by {change:.0%} of its length.")
            )
            drawing.image(left + number * step, y, CELL, CELL, url(shades), name)
            drawing.rect(left + number * step, y, CELL, CELL, "kernel", "none", name)
    lines_below = (
        f"The training moved the random filters by {_mean(told, 'random')} of their length, the pretrained ones by "
        f"{_mean(told, 'pretrained')}.",
        "Grey is 0; red, green and blue as they weigh the image.",
    )
    for number, line in enumerate(lines_below):
        drawing.text(0, 4 * step + 52 + 20 * number, line, 14, "muted")
    return drawing


def moved(told: dict[str, Any], arm: str) -> list[float]:
    """By how much each filter of the first layer moved in training, as a share of its length before."""
    before, after = (np.array(one).reshape(FILTERS, -1) for one in told[f"{arm}-filters"])
    return [float(share) for share in np.linalg.norm(after - before, axis=1) / np.linalg.norm(before, axis=1)]


def _mean(told: dict[str, Any], arm: str) -> str:
    return f"{np.mean(moved(told, arm)):.0%}"


def _shades(filters: list[Any]) -> NDArray[np.uint8]:
    """Filters (8, 3, 3, 3) as pictures (8, 3, 3, 3) of bytes, each on a scale of its own on which 0 is the middle."""
    kernels = np.moveaxis(np.array(filters), 1, 3)
    largest = np.abs(kernels).max((1, 2, 3), keepdims=True)
    return np.asarray(127.5 + 127.5 * kernels / np.maximum(largest, 1e-9), np.uint8)
