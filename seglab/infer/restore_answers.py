"""What the page Other pictures out shows of one picture: made worse, given back by a network and by a filter, and how it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import zoom

from seglab.data.decode import decode
from seglab.data.degraded import TASKS, Given, degraded
from seglab.data.scene import Image
from seglab.infer.pictures import grey, png
from seglab.infer.restore_judged import filtered, given_scene, judged, mean_scores
from seglab.train.restore import load_restorer, restored
from seglab.train.restore_study import FIRST_TESTED, NETWORK, TESTED
from seglab.train.study import Row

MOST, LEAST = 384, 32  # pixels a side of a person's own picture
WRONG = np.array((213, 94, 0), np.float32)
FULL = 0.2  # a difference that is drawn in full colour, where 1 is from black to white


@dataclass(frozen=True)
class Wanted:
    """A task at a level, on scene `number` of a domain or on a file, with the network of `weights` beside a filter."""

    task: str
    level: float
    filter: str
    weights: str
    number: int = 0
    data: str = ""
    file: str = ""


def answers(wanted: Wanted) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What is measured, by the name of the picture, and the pictures as PNG. Raises ValueError for a file that cannot be used."""
    given, truth = _own(wanted) if wanted.file else given_scene(wanted.task, wanted.number, wanted.level, wanted.data)
    model = load_restorer(Path(wanted.weights), wanted.task)
    found = {
        "given": given.image,
        NETWORK: restored(model, wanted.task, given),
        "filter": filtered(wanted.task, wanted.filter, given, wanted.level),
    }
    drawn = {name: png(grey(image)) for name, image in {**found, "truth": truth}.items()}
    drawn |= {f"wrong-{name}": png(wrong(image, truth)) for name, image in found.items()}
    scores = {name: judged(image, given, truth) for name, image in found.items()}
    # Two equal pictures are infinitely many dB apart, which JSON cannot say.
    told = {name: {measure: round(min(value, 99.0), 4) for measure, value in one.items()} for name, one in scores.items()}
    return {"size": list(truth.shape[:2]), "scores": told}, drawn


def wrong(image: Image, truth: Image) -> NDArray[np.uint8]:
    """Where an image differs from the truth, in vermilion over a faint photograph: bare at 0, full from a difference of 0.2 on.

    >>> one = np.zeros((1, 1, 3), np.float32)
    >>> wrong(one, one).tolist(), wrong(one + 1, one).tolist()
    ([[[150, 150, 150]]], [[[213, 94, 0]]])
    """
    ground = 150 + 0.4 * 255 * truth.mean(2, keepdims=True)
    share = np.clip(np.abs(image - truth).mean(2, keepdims=True) / FULL, 0, 1)
    return np.asarray(ground * (1 - share) + WRONG * share, np.uint8)


def _own(wanted: Wanted) -> tuple[Given, Image]:
    """A person's picture as the truth, as large as is taken here, and made worse."""
    image = decode(Path(wanted.file).read_bytes(), colour=True)
    if min(image.shape[:2]) < LEAST:
        raise ValueError(f"the picture is {image.shape[1]} x {image.shape[0]} pixels: at least {LEAST} a side are needed")
    factor = min(1.0, MOST / max(image.shape[:2]))
    if factor < 1:
        image = zoom(image, (factor, factor, 1), order=1, grid_mode=True, mode="nearest")
    if min(image.shape[:2]) < LEAST:
        raise ValueError(f"the picture is too narrow: at {MOST} pixels of its longer side, {LEAST} of the shorter one are needed")
    truth = np.clip(image, 0, 1).astype(np.float32)
    return degraded(wanted.task, truth, wanted.level, np.random.default_rng([0, 23])), truth


def rows_of(task: str, weights: Path, seed: int) -> list[Row]:
    """A network's rows of its study, on the scenes that the shipped seed 0 was judged on."""
    model = load_restorer(weights, task)
    return [
        {
            "arm": NETWORK,
            "x": level,
            "seed": seed,
            **mean_scores(task, lambda given: restored(model, task, given), level, FIRST_TESTED, TESTED),
        }
        for level in TASKS[task].levels
    ]
