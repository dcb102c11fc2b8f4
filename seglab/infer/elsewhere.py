"""How sure a network is of pictures of its own domain, of other domains, and of nothing at all: and how often it is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.data.domains import DOMAINS
from seglab.data.scene import Image, Mask
from seglab.data.sets import classes_for, open_set, unseen_scene
from seglab.data.strange import STRANGE
from seglab.infer.levels import LEVELS, counted, levels
from seglab.infer.predict import tiled
from seglab.infer.used import SURE
from seglab.nets.blocks import Network
from seglab.train.batches import standardised
from seglab.train.config import TrainConfig
from seglab.train.metrics import confusion

SCENES, SIZE, DIFFICULTY = 16, 128, 0.5
Pair = tuple[Image, Mask | None]


def measured(model: Network, config: TrainConfig) -> dict[str, Any]:
    """For each place by name what is told of its pictures (`_told`); the network's own domain comes first, where it is still there."""
    nothing = not any(classes_for(config.data, model.classes)[1][0])  # black: what is not looked for
    places = {name: _of_domain(name) for name in DOMAINS if name != config.data}
    places |= {name: _of_nothing(make) for name, (_, make) in STRANGE.items()}
    rows = {}
    with suppress(ValueError):  # a folder that is gone
        rows["own"] = _told(model, _own(config), own=True, nothing=nothing)
    return rows | {name: _told(model, pairs, own=False, nothing=nothing) for name, pairs in places.items()}


def _own(config: TrainConfig) -> Iterator[Pair]:
    if config.data in DOMAINS:
        return _of_domain(config.data, config.difficulty)
    data = open_set(config.data, images=1, size=config.size, seed=config.seed)
    return (data.validation(number) for number in range(min(SCENES, data.validation_count)))


def _of_domain(name: str, difficulty: float = DIFFICULTY) -> Iterator[Pair]:
    return (unseen_scene(name, number, SIZE, difficulty) for number in range(SCENES))


def _of_nothing(make: Callable[[int, int], Image]) -> Iterator[Pair]:
    return ((make(number, SIZE), None) for number in range(SCENES))


def _told(model: Network, pairs: Iterator[Pair], own: bool, nothing: bool) -> dict[str, Any]:
    """Of each picture the mean chance of the likeliest class, and shares of its pixels: surer than 95 %, right, and wrong although surer.

    Over all of them how many pixels have each level of certainty, the share of each class, and for its own domain the confusion matrix.
    Elsewhere class 0 is right where it stands for nothing, and no answer where every class is something.
    """
    sure = np.zeros(LEVELS + 1, np.int64)
    shares, met = np.zeros(model.classes), np.zeros((model.classes, model.classes), np.int64)
    rows: dict[str, list[float]] = {"mean_sure": [], "surer": [], "right": [], "surely_wrong": []}
    for image, truth in pairs:
        chances = tiled(model, standardised(_read(image, model.channels)))
        most, mask = chances.max(0), chances.argmax(0)
        right = mask == truth if own else (mask == 0) & nothing
        surer = most >= SURE
        for name, value in (("mean_sure", most), ("surer", surer), ("right", right), ("surely_wrong", surer & ~right)):
            rows[name].append(float(value.mean()))
        sure += counted(levels(most))
        shares += np.bincount(mask.ravel(), minlength=model.classes) / mask.size
        if own and truth is not None:
            met += confusion(mask, truth, model.classes)
    total = len(rows["right"])
    return {**rows, "sure": sure.tolist(), "shares": (shares / max(1, total)).tolist(), "confusion": met.tolist() if own else None}


def _read(image: Image, channels: int) -> NDArray[np.float32]:
    """An image with as many channels as a network reads."""
    if image.ndim == 2:
        return np.repeat(image[..., None], 3, axis=2) if channels == 3 else image
    return image if channels == 3 else np.asarray(image @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)
