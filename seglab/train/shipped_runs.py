"""Runs that are shipped with the app: of each experiment the first seed, with its curve, its scores and what it makes of four images.

Their images are generated anew from the configuration, so that a file holds little more than the predictions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.data.sets import open_set
from seglab.train.config import TrainConfig
from seglab.train.examples import target
from seglab.train.store import Point, Snapshot

POINTS = 60  # of a curve, about


@dataclass(frozen=True, eq=False)
class Shipped:
    """A run as the store would have it: its configuration, curve, results and last pictures."""

    config: TrainConfig
    points: tuple[Point, ...]
    results: dict[str, Any]
    snapshot: Snapshot


def write_shipped(path: Path, shipped: Shipped) -> None:
    """Write a run without its images, a few kilobytes."""
    told = {"config": shipped.config.as_json(), "points": [list(point) for point in shipped.points], "results": shipped.results}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = np.frombuffer(json.dumps(told).encode(), np.uint8)
    np.savez_compressed(path, told=text, predictions=shipped.snapshot.predictions, certainties=shipped.snapshot.certainties)


def read_shipped(path: Path) -> Shipped:
    """What `write_shipped` wrote, with its images. Raises OSError where it is not there."""
    with np.load(path) as file:
        told = json.loads(file["told"].tobytes())
        predictions, certainties = file["predictions"], file["certainties"]
    config = TrainConfig.from_json(told["config"])
    images, truths = looked_at(config, len(predictions))
    snapshot = Snapshot(config.steps, images, truths, predictions, certainties)
    return Shipped(config, tuple(Point(*point) for point in told["points"]), told["results"], snapshot)


def looked_at(config: TrainConfig, count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The first held-out images of a generated domain, stretched to the full range as in a run's pictures, and their targets.

    >>> images, truths = looked_at(TrainConfig(size=32), 2)
    >>> images.shape, int(images.min()), int(images.max()), truths.shape
    ((2, 32, 32), 0, 255, (2, 32, 32))
    """
    data = open_set(config.data, images=1, size=config.size, difficulty=config.difficulty)
    pairs = [data.validation(number) for number in range(count)]
    plain = replace(config, shift=0)
    truths = np.stack([target(mask, plain, len(data.classes)) for _, mask in pairs])
    return stretched([image for image, _ in pairs]), truths


def stretched(images: Sequence[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """Images of one size, each from its darkest value to its brightest as 0 to 255, (N, H, W) or (N, H, W, 3)."""
    low = np.array([image.min() for image in images], np.float32).reshape(-1, *[1] * images[0].ndim)
    high = np.array([image.max() for image in images], np.float32).reshape(low.shape)
    return np.asarray((np.stack(images) - low) / np.maximum(high - low, 1e-6) * 255, np.uint8)


def thinned(points: Sequence[Point]) -> tuple[Point, ...]:
    """A curve of about `POINTS` points: the loss as the mean over the steps between them; where mean IoU was measured, it stays.

    >>> [point.loss for point in thinned([Point(step, step / 10, loss=float(step)) for step in range(1, 121)])][:3]
    [1.5, 3.5, 5.5]
    """
    every = max(1, round(len(points) / POINTS))
    kept, since = [], list[float]()
    for number, point in enumerate(points, start=1):
        since += [point.loss] if point.loss is not None else []
        if number % every == 0 or point.mean_iou is not None:
            loss = round(float(np.mean(since)), 5) if since else None
            kept.append(Point(point.step, round(point.seconds, 3), loss, point.mean_iou))
            since = []
    return tuple(kept)
