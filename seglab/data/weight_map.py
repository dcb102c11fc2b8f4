"""How much each pixel counts in a loss: the map of the U-Net paper, which raises narrow gaps between objects, and weights of classes.

Source: Ronneberger, Fischer and Brox, arXiv:1505.04597, equation 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import distance_transform_edt, label

Distance = NDArray[np.float64]


def weight_map(
    mask: NDArray[np.integer], border_weight: float = 10.0, border_width: float = 5.0, classes: ArrayLike | None = None
) -> NDArray[np.float32]:
    """w(x) = wc(x) + w0 exp(-(d1 + d2)² / (2σ²)) of a mask of class numbers (H, W), with class 0 as the background.

    wc is the weight in `classes` (K,) of the pixel's class, or 1; w0 is `border_weight`, σ `border_width` in pixels. d1 and d2 are the
    distances in pixels from the background pixel x to the nearest pixels of the nearest and the second nearest object. Objects keep wc,
    and with fewer than two of them all pixels do.

    >>> weight_map(np.array([[1, 0, 1]])).astype(float).round(3).tolist()  # 10 exp(-(1 + 1)² / 50) = 9.231
    [[1.0, 10.231, 1.0]]
    """
    weights = np.ones(mask.shape) if classes is None else np.asarray(classes, float)[mask]
    objects, count = numbered(mask)
    if count > 1 and border_weight:
        nearest, second = two_nearest(objects, count)
        weights += np.where(objects == 0, border_weight * np.exp(-((nearest + second) ** 2) / (2 * border_width**2)), 0)
    return weights.astype(np.float32)


def numbered(mask: NDArray[np.integer]) -> tuple[NDArray[np.int32], int]:
    """The objects of a mask (H, W), numbered from 1 with 0 for the background, and how many there are.

    An object is what is connected within a class by common sides. Corners do not connect: a dark line one pixel wide between two touching
    cells may run diagonally, and the cells then meet at corners.

    >>> numbered(np.array([[1, 1, 0], [0, 0, 2], [3, 0, 2]]))[0].tolist()
    [[1, 1, 0], [0, 0, 2], [3, 0, 2]]
    >>> numbered(np.array([[1, 0], [0, 1]]))[1]
    2
    """
    objects, count = np.zeros(mask.shape, np.int32), 0
    for number in np.unique(mask[mask > 0]):
        found, more = label(mask == number)
        objects += np.where(found > 0, found + count, 0).astype(np.int32)
        count += more
    return objects, count


def two_nearest(objects: NDArray[np.int32], count: int) -> tuple[Distance, Distance]:
    """Distances (H, W) in pixels to the nearest and the second nearest of `count` objects, at least two, numbered from 1.

    Exact, with two distance transforms for each binary digit of the numbers instead of one for each object: of the objects whose digit is
    0 and those whose digit is 1, one group holds the nearest object, and the second nearest differs from it in some digit, where it is
    the nearest of the other group.

    >>> [distance.tolist() for distance in two_nearest(np.array([[1, 0, 0, 2, 0, 3]], np.int32), 3)]
    [[[0.0, 1.0, 1.0, 0.0, 1.0, 0.0]], [[3.0, 2.0, 2.0, 2.0, 1.0, 2.0]]]
    """
    nearest = second = np.full(objects.shape, np.inf)
    for digit in range((count - 1).bit_length()):
        ones = ((objects - 1) >> digit & 1).astype(bool)
        zero, one = (np.asarray(distance_transform_edt((objects == 0) | group), float) for group in (ones, ~ones))
        nearest, second = np.minimum(zero, one), np.minimum(second, np.maximum(zero, one))
    return nearest, second


def class_weights(counts: ArrayLike) -> NDArray[np.float64]:
    """A weight for each class (K,), inverse to its share of the pixels `counts` (K,) and 1 on average over them; 0 if it never occurs.

    >>> class_weights([90, 10, 0]).round(3).tolist()  # 100 / (2 * 90), 100 / (2 * 10): each class has half of the say
    [0.556, 5.0, 0.0]
    """
    pixels = np.asarray(counts, float)
    occurs = pixels > 0
    return np.where(occurs, pixels.sum() / np.maximum(occurs.sum() * pixels, 1), 0.0)
