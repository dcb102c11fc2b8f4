"""What the experiments of the page Compare measure of a trained network; the same for the shipped rows and for a visitor's own runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seglab.data.domains import DOMAINS
from seglab.data.scene import Mask, Scene
from seglab.data.sets import TEST_SEED, open_set
from seglab.data.targets import borders
from seglab.infer.predict import probabilities
from seglab.nets.blocks import Network
from seglab.train.config import TrainConfig
from seglab.train.experiment import FEW, FROM, ROW, TESTED
from seglab.train.failure import sentence
from seglab.train.metrics import Scores
from seglab.train.separation import line_f, separation, thin
from seglab.train.store import Store
from seglab.train.weights import load_model

TOGETHER = 16  # images in one pass
BARRIER = 0  # the class by which a network of borders parts regions


def measured(model: Network, config: TrainConfig) -> dict[str, float]:
    """The measures of a network by name, on `TESTED` scenes of its domain that are in no training and in no validation set.

    Which there are follows from what it was trained on: recall of thin vessels on vessels; on cells how many are separated and merged; with
    `FEW` training images or less the mean IoU on just those.
    """
    scenes, classes = held_out(config.data, config.size, config.difficulty), len(DOMAINS[config.data].classes)
    found, truths = masks(model, [scene.image for scene in scenes]), np.stack([scene.mask for scene in scenes])
    told: dict[str, float] = {"parameters": sum(parameter.numel() for parameter in model.parameters())}
    if config.target == "borders":
        lines = found
    else:
        scores = Scores.of(found, truths, classes)
        told |= {"mean_iou": scores.mean_iou, "boundary": scores.mean_boundary}
        lines = np.stack([borders(mask) for mask in found])
    told["line"] = float(np.mean([line_f(line, borders(mask)) for line, mask in zip(lines, truths, strict=True)]))
    if config.data == "vessels" and config.target == "regions":
        told["thin"] = float((found[np.stack([thin(mask) for mask in truths])] > 0).mean())
    if config.data == "cells":
        regions = (lines == BARRIER).astype(np.uint8) if config.target == "borders" else found
        told |= _kept_apart(regions, scenes)
    if config.images <= FEW and config.target == "regions":
        told["known"] = _known(model, config, classes)
    return {name: round(float(value), 4) for name, value in told.items()}


def measured_file(weights: Path) -> dict[str, float]:
    """`measured` of a weights file. Raises ValueError as `load_model` does."""
    return measured(*load_model(weights))


def measure_runs(store: Store, runs: Sequence[str], gone: Callable[[], bool]) -> dict[str, Any]:
    """Measure the weights of runs, and note that in their results as `ROW`; one that cannot be measured has what is wrong noted instead."""
    done = 0
    for identity in runs:
        if gone():
            break
        try:
            row: dict[str, Any] = measured_file(store.weights(identity))
        except (ValueError, OSError) as error:
            row = {"refused": sentence(str(error).replace(str(store.weights(identity)), "its file of weights"))}
        store.update(identity, results={ROW: row})
        done += 1
    return {"measured": done}


def _kept_apart(found: Mask, scenes: tuple[Scene, ...]) -> dict[str, float]:
    """Shares of the true cells that are separated and that are merged."""
    counts = [separation(mask, scene.instances) for mask, scene in zip(found, scenes, strict=True) if scene.instances is not None]
    objects = sum(count.objects for count in counts)
    return {
        "separated": sum(count.separated for count in counts) / objects,
        "merged": sum(count.merged for count in counts) / objects,
    }


def _known(model: Network, config: TrainConfig, classes: int) -> float:
    """Mean IoU on the training images themselves, as they are."""
    data = open_set(config.data, images=config.images, size=config.size, difficulty=config.difficulty, seed=config.seed)
    pairs = [data.train(number) for number in range(config.images)]
    return Scores.of(masks(model, [image for image, _ in pairs]), np.stack([mask for _, mask in pairs]), classes).mean_iou


@lru_cache(maxsize=8)
def held_out(data: str, size: int, difficulty: float) -> tuple[Scene, ...]:
    """The scenes on which is measured."""
    return tuple(DOMAINS[data].make(TEST_SEED + FROM + number, size, difficulty) for number in range(TESTED))


def masks(model: Network, images: list[Any]) -> Mask:
    """The likeliest class of every pixel (N, H, W) of images of one size."""
    parts: list[NDArray[np.uint8]] = []
    with torch.inference_mode():
        for first in range(0, len(images), TOGETHER):
            chances = probabilities(model, np.stack(images[first : first + TOGETHER]), torch.device("cpu"), half=False)
            parts.append(chances.argmax(1).astype(np.uint8))
    return np.concatenate(parts)
