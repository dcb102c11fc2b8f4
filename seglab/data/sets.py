"""Data sets for training: images (H, W) or (H, W, 3) in 0 to 1 with masks (H, W) of class numbers, training and validation apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seglab.data.domains import BLACK, DOMAINS, VERMILION, Colour
from seglab.data.folder import read_pairs
from seglab.data.scene import Image

Mask = NDArray[np.uint8]
Pair = tuple[Image, Mask]

VALIDATION_SEED = 1_000_000  # no two of training, validation and test share a seed: each has at most a few thousand scenes
TEST_SEED = 2_000_000
VALIDATION_IMAGES = 32
OWN_CLASSES, OWN_COLOURS = ("background", "object"), (BLACK, VERMILION)  # of a person's own masks


@dataclass(frozen=True)
class DataSet:
    """A training set and a validation set, each a count and a function from number to pair; the classes by number, with their colours."""

    name: str
    train_count: int
    train: Callable[[int], Pair]
    validation_count: int
    validation: Callable[[int], Pair]
    classes: tuple[str, ...] = OWN_CLASSES
    colours: tuple[Colour, ...] = OWN_COLOURS
    channels: int = 1
    inverts: bool = True  # whether bright and dark may change places in training


def classes_of(name: str) -> tuple[tuple[str, ...], tuple[Colour, ...]]:
    """The classes of a data set by its name, and a colour for each.

    >>> classes_of("cells")
    (('background', 'cell'), ((0, 0, 0), (213, 94, 0)))
    """
    domain = DOMAINS.get(name)
    return (domain.classes, domain.colours) if domain else (OWN_CLASSES, OWN_COLOURS)


def unseen_scene(name: str, number: int, size: int, difficulty: float) -> Pair:
    """A scene of a generated domain that is in no training and no validation set. Raises ValueError as the domain does."""
    made = DOMAINS[name].make(TEST_SEED + number, size, difficulty)
    return made.image, made.mask


def open_set(name: str, *, images: int = 512, size: int = 96, difficulty: float = 0.5, seed: int = 0) -> DataSet:
    """A generated domain by its name, or a folder of images and masks. Raises ValueError for a name that is neither.

    >>> data = open_set("shapes", images=4)
    >>> data.train_count, data.train(0)[0].shape, data.classes[1:]
    (4, (96, 96, 3), ('disc', 'square', 'triangle', 'star'))
    """
    if name in DOMAINS:
        domain = DOMAINS[name]

        def scene(number: int) -> Pair:
            made = domain.make(number, size, difficulty)
            return made.image, made.mask

        def held_out(number: int) -> Pair:
            return scene(VALIDATION_SEED + number)

        return DataSet(name, images, scene, VALIDATION_IMAGES, held_out, *classes_of(name), domain.channels, domain.inverts)
    folder = Path(name)
    if not folder.is_dir():
        raise ValueError(
            f"{name!r} is neither a folder nor a generated set: choose {', '.join(DOMAINS)} or a folder with images/ and masks/"
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
