"""Training crops and validation images out of a person's own pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from seglab.data.folder import Pairs
from seglab.data.scene import Image

MOST_CROPS = 4096
EVERY = 5  # of so many images by name, the last is for validation
Item = TypeVar("Item")
Pair = tuple[Image, NDArray[np.uint8]]


def split(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """Training and validation: every fifth, or the last of fewer than five.

    >>> split([0, 1, 2, 3, 4, 5]), split([0, 1, 2])
    (([0, 1, 2, 3, 5], [4]), ([0, 1], [2]))
    """
    if len(items) < EVERY:
        return items[:-1], items[-1:]
    return [item for number, item in enumerate(items) if number % EVERY != EVERY - 1], items[EVERY - 1 :: EVERY]


def enlarged(array: NDArray[np.uint8], least: int) -> NDArray[np.uint8]:
    """An array (H, W) or (H, W, 3), mirrored at its lower and right border until both sides have `least` pixels.

    >>> enlarged(np.array([[1, 2]], np.uint8), 5).tolist()[0]
    [1, 2, 2, 1, 1]
    """
    missing = [max(0, least - side) for side in array.shape[:2]]
    return np.pad(array, [(0, missing[0]), (0, missing[1]), (0, 0)][: array.ndim], mode="symmetric") if any(missing) else array


def own_pairs(pairs: Pairs, size: int, seed: int) -> tuple[int, Callable[[int], Pair], int, Callable[[int], Pair]]:
    """The number of training images and crop number n of `size` x `size` pixels, at a place that `seed` decides; the number of validation
    images and the whole image number n. Images smaller than a crop are mirrored up to it.
    """
    training, held_out = split(list(zip(pairs.images, pairs.masks, strict=True)))
    corners = np.random.default_rng(seed).random((MOST_CROPS, 2))

    def crop(number: int) -> Pair:
        image, mask = (enlarged(array, size) for array in training[number % len(training)])
        top, left = ((np.array(mask.shape) - size + 1) * corners[number % len(corners)]).astype(int)
        window = slice(top, top + size), slice(left, left + size)
        return _as_image(image[window], pairs.summary.channels), mask[window]

    def whole(number: int) -> Pair:
        image, mask = (enlarged(array, size) for array in held_out[number])
        return _as_image(image, pairs.summary.channels), mask

    return len(training), crop, len(held_out), whole


def _as_image(array: NDArray[np.uint8], channels: int) -> Image:
    """Bytes as values in 0 to 1; a grey image among coloured ones has three equal channels."""
    values = np.asarray(array, np.float32) / np.float32(255)
    return np.repeat(values[..., None], 3, axis=2) if channels == 3 and values.ndim == 2 else values
