"""Data sets for training: images (H, W) in 0 to 1 with masks (H, W) of 0 and 1, by number, training and validation apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seglab.data.cells import Image, cells
from seglab.data.folder import read_pairs

Mask = NDArray[np.uint8]
Pair = tuple[Image, Mask]

VALIDATION_SEED = 1_000_000  # validation scenes never share a seed with training scenes, of which there are at most a few thousand
VALIDATION_IMAGES = 32


@dataclass(frozen=True)
class DataSet:
    """A training set and a validation set, each a count and a function from number to pair."""

    name: str
    train_count: int
    train: Callable[[int], Pair]
    validation_count: int
    validation: Callable[[int], Pair]


GENERATED: dict[str, Callable[..., object]] = {"cells": cells}


def open_set(name: str, *, images: int = 512, size: int = 96, difficulty: float = 0.5, seed: int = 0) -> DataSet:
    """A generated set by its name, or a folder of images and masks. Raises ValueError for a name that is neither.

    >>> data = open_set("cells", images=4)
    >>> data.train_count, data.train(0)[0].shape
    (4, (96, 96))
    """
    if name in GENERATED:

        def scene(number: int) -> Pair:
            made = cells(number, size, difficulty)
            return made.image, made.mask

        return DataSet(name, images, scene, VALIDATION_IMAGES, lambda number: scene(VALIDATION_SEED + number))
    folder = Path(name)
    if not folder.is_dir():
        raise ValueError(
            f"{name!r} is neither a folder nor a generated set: choose {', '.join(GENERATED)} or a folder with images/ and masks/"
        )
    train, validation = read_pairs(folder, least=size)
    crops = np.random.default_rng(seed)
    corners = crops.random((4096, 2))

    def crop(number: int) -> Pair:
        image, mask = train[number % len(train)]
        rows, columns = (np.array(image.shape) - size + 1) * corners[number % len(corners)]
        window = slice(int(rows), int(rows) + size), slice(int(columns), int(columns) + size)
        return image[window], mask[window]

    return DataSet(folder.name, max(images, len(train)), crop, len(validation), lambda number: validation[number])
