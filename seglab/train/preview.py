"""What augmentation makes of one training image, to be looked at before a training is started."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seglab.data.scene import Image
from seglab.data.sets import DataSet, Mask
from seglab.train.augment import Augmentation
from seglab.train.batches import augmented
from seglab.train.config import TrainConfig
from seglab.train.examples import make_example

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
