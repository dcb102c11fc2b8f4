"""What the page shows before a training: twelve draws of one image, and the weight map over a few."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.data.scene import Image, Mask
from seglab.data.sets import DataSet
from seglab.data.targets import target_classes
from seglab.data.weight_map import class_weights
from seglab.infer.pictures import grey, painted, strip
from seglab.train.augment import Augmentation
from seglab.train.batches import augmented
from seglab.train.config import TrainConfig
from seglab.train.examples import class_counts, make_example, opened

SHOWN = 4
HEAVY = (230, 159, 0)  # the colour of the largest weight
DRAWS = 12


def twelve_draws(data: DataSet, config: TrainConfig, number: int = 0) -> tuple[Image, NDArray[np.uint8]]:
    """Twelve draws of training image `number`: images (12, H, W) or (12, H, W, 3) in 0 to 1 and their targets (12, H, W).

    The configuration's seed decides them. Grey values are those of the image, cut off at 0 and 1.

    >>> from seglab.data.sets import open_set
    >>> images, masks = twelve_draws(open_set("shapes"), TrainConfig(rotation=30))
    >>> images.shape, masks.shape, bool(0 <= images.min() < images.max() <= 1)
    ((12, 96, 96, 3), (12, 96, 96), True)
    """
    example = make_example(data, config, number)._replace(weights=None)
    augmentation = Augmentation.of(config, data.inverts)
    draws = augmentation.draws(np.random.default_rng([config.seed, number]), DRAWS, example.labels.shape[0])
    batch = augmented(augmentation, [example] * DRAWS, draws)
    seen = np.clip(batch.images * example.image.std() + example.image.mean(), 0, 1)  # (12, C, H, W)
    return (seen[:, 0] if data.channels == 1 else np.moveaxis(seen, 1, 3)), _numbers(batch.labels)


def _numbers(labels: NDArray[np.int64]) -> Mask:
    return labels.astype(np.uint8)


def preview_files(config: TrainConfig, view: str) -> tuple[dict[str, bytes], dict[str, Any]]:
    """What the page shows before a training: strips of pictures as PNG files by name, and what is said of them.

    The view is "images", a few with their targets; "augmented", twelve draws of one; or "weights", the weight map over a few. Raises
    ValueError for any other.
    """
    if view not in VIEWS:
        raise ValueError(f"view={view!r} is unknown: {' or '.join(VIEWS)}")
    return VIEWS[view](opened(config), config)


def _augmented(data: DataSet, config: TrainConfig) -> tuple[dict[str, bytes], dict[str, Any]]:
    images, masks = twelve_draws(data, config)
    _, colours = target_classes(data.known, config.target)
    captions = {"images": "One training image in twelve draws", "masks": "Its mask, moved in the same way"}
    strips = {"images": strip(grey(images), 1, columns=6), "masks": strip(painted(masks, colours), 1, columns=6)}
    return strips, {"captions": captions, "told": ""}


def _weighted(data: DataSet, config: TrainConfig) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The map of the weighted loss, drawn whatever the loss is, over the first training images."""
    examples = [make_example(data, replace(config, loss="weighted"), number) for number in range(min(SHOWN, data.train_count))]
    maps = np.stack([example.weights for example in examples if example.weights is not None])
    low, high = float(maps.min()), float(maps.max())
    shade = ((maps - low) / max(high - low, 1e-6))[..., None]
    photographs = np.stack([example.image if example.image.ndim == 2 else example.image.mean(2) for example in examples])
    over = (grey(photographs)[..., None] * (1 - shade) + np.array(HEAVY) * shade).astype(np.uint8)
    classes, _ = target_classes(data.known, config.target)
    counted = class_weights(class_counts(data, config))
    told = "Class weights, by the inverse of each class's share: " + ", ".join(
        f"{name} {weight:.2g}" for name, weight in zip(classes, counted, strict=True)
    )
    used = "" if config.loss == "weighted" else " This training does not use it: its loss is not the weighted one."
    captions = {"weights": f"The weight of every pixel: the bare image is {low:.2g}, full orange is {high:.3g}.{used}"}
    return {"weights": strip(over)}, {"captions": captions, "told": f"{told}{'' if config.class_weights else ' (off)'}."}


def _images(data: DataSet, config: TrainConfig) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Training images as they are cut out, and their targets."""
    examples = [make_example(data, replace(config, loss="cross-entropy"), number) for number in range(min(SHOWN, data.train_count))]
    _, colours = target_classes(data.known, config.target)
    strips = {
        "images": strip(grey(np.stack([example.image for example in examples]))),
        "masks": strip(painted(np.stack([example.labels for example in examples]), colours)),
    }
    return strips, {"captions": {"images": "Images that it trains on", "masks": "Their masks: the class of every pixel"}, "told": ""}


VIEWS = {"images": _images, "augmented": _augmented, "weights": _weighted}
