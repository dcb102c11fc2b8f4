"""What is learned from: a training image with its target and its weight map, as the configuration asks for them, before augmentation."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seglab.data.scene import Image, Mask
from seglab.data.sets import DataSet, open_set
from seglab.data.targets import borders, interiors, shifted, target_classes
from seglab.data.weight_map import class_weights, weight_map
from seglab.train.config import TrainConfig

COUNTED = 64  # training images over which classes are counted


class Example(NamedTuple):
    """An image (H, W) or (H, W, 3) in 0 to 1, its target (H, W) of class numbers and, under the weighted loss, its weight map (H, W)."""

    image: Image
    labels: Mask
    weights: NDArray[np.float32] | None = None


def opened(config: TrainConfig) -> DataSet:
    """The data set of a configuration. Raises ValueError as `open_set` does."""
    return open_set(config.data, images=config.images, size=config.size, difficulty=config.difficulty, seed=config.seed)


def make_example(data: DataSet, config: TrainConfig, number: int) -> Example:
    """Training image `number` with what the network shall make of it. The weight map is that of the target, classes weighted if asked.

    >>> from seglab.data.sets import open_set
    >>> example = make_example(open_set("cells"), TrainConfig(loss="weighted"), 1)
    >>> example.labels.shape, bool(1 <= example.weights.min() < example.weights.max() < 11)
    ((96, 96), True)
    """
    image, mask = data.train(number)
    labels = target(mask, config, len(data.classes))
    if config.loss != "weighted":
        return Example(image, labels)
    classes = class_weights(class_counts(data, config)) if config.class_weights else None
    return Example(image, labels, weight_map(labels, config.border_weight, config.border_width, classes))


def target(mask: Mask, config: TrainConfig, classes: int) -> Mask:
    """A training mask (H, W) of so many `classes` as it is learned: shifted if the configuration says so, then whole, or as its borders, or
    as interiors and borders.

    >>> target(np.array([[0, 0, 0, 1]], np.uint8), TrainConfig(shift=1, target="borders"), 2).tolist()
    [[0, 0, 0, 0]]
    >>> target(np.array([[0, 0, 1, 1]], np.uint8), TrainConfig(shift=1, target="borders"), 2).tolist()
    [[0, 0, 1, 1]]
    >>> target(np.array([[0, 1, 1, 1]], np.uint8), TrainConfig(target="interiors"), 2).tolist()
    [[0, 2, 2, 1]]
    """
    moved = shifted(mask, config.shift) if config.shift else mask
    if config.target == "borders":
        return borders(moved)
    return interiors(moved, classes) if config.target == "interiors" else moved


@lru_cache(maxsize=4)
def class_counts(data: DataSet, config: TrainConfig) -> NDArray[np.int64]:
    """Pixels of each class (K,) in the targets of the first training images, 64 at most.

    >>> from seglab.data.sets import open_set
    >>> counts = class_counts(open_set("cells", images=2), TrainConfig())
    >>> counts.shape, int(counts.sum()) == 2 * 96 * 96
    ((2,), True)
    """
    counts = np.zeros(len(target_classes(data.known, config.target)[0]), np.int64)
    for number in range(min(data.train_count, COUNTED)):
        counts += np.bincount(target(data.train(number)[1], config, len(data.classes)).ravel(), minlength=len(counts))
    counts.setflags(write=False)  # it is remembered
    return counts
