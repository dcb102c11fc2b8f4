"""Kernels whose numbers people have chosen: slopes by Sobel and Scharr, Gauss's bell, Laplace's difference from the neighbours.

Sources: Sobel and Feldman (Stanford, 1968); Scharr, Optimale Operatoren in der Digitalen Bildverarbeitung (Heidelberg, 2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from seglab.data.scene import Image

Picture = NDArray[np.float64]


@dataclass(frozen=True)
class Kernel:
    """A kernel of whole numbers, what its sum of products is divided by, and what it answers to."""

    title: str
    weights: tuple[tuple[int, ...], ...]
    divisor: int
    told: str
    slope: bool = False  # whether there is another one across, and the two make a gradient

    @property
    def array(self) -> NDArray[np.int64]:
        return np.array(self.weights)

    @property
    def across(self) -> NDArray[np.int64]:
        """The kernel for the other axis."""
        return self.array.T


KERNELS = {
    "sobel": Kernel(
        "Sobel",
        ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
        8,
        "Right column minus left column, the middle row counted twice: how fast it brightens to the right. On a flat patch 0.",
        True,
    ),
    "scharr": Kernel(
        "Scharr",
        ((-3, 0, 3), (-10, 0, 10), (-3, 0, 3)),
        32,
        "As Sobel, with 3, 10, 3 in place of 1, 2, 1: an edge answers more nearly the same in whatever direction it runs.",
        True,
    ),
    "gauss": Kernel(
        "Gaussian",
        ((1, 4, 6, 4, 1), (4, 16, 24, 16, 4), (6, 24, 36, 24, 6), (4, 16, 24, 16, 4), (1, 4, 6, 4, 1)),
        256,
        "A weighted mean of the neighbourhood: noise goes, and sharpness with it. The weights: 1 4 6 4 1 times itself.",
    ),
    "laplace": Kernel(
        "Laplacian",
        ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
        1,
        "The four neighbours minus four times the middle: 0 on every even slope, and of two signs on the two sides of an edge.",
    ),
}


def applied(image: Image, weights: NDArray[np.integer], divisor: int = 1) -> Picture:
    """The kernel, not flipped, at every pixel of an image (H, W), divided by `divisor`; beyond the border its outermost pixels go on.

    >>> applied(np.array([[0.0, 0, 1, 1]], np.float32), KERNELS["sobel"].array, 8)[0].tolist()
    [0.0, 0.5, 0.5, 0.0]
    """
    return np.asarray(ndimage.correlate(np.asarray(image, np.float64), weights / divisor, mode="nearest"))


def gradient(image: Image, kernel: Kernel) -> Picture:
    """The length of the gradient (H, W): the root of the sum of the squared slopes to the right and down.

    >>> gradient(np.array([[0.0, 0, 1, 1]], np.float32), KERNELS["scharr"])[0].tolist()
    [0.0, 0.5, 0.5, 0.0]
    """
    return np.hypot(applied(image, kernel.array, kernel.divisor), applied(image, kernel.across, kernel.divisor))
