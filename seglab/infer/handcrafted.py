"""The handcrafted way: what a threshold, kernels and a watershed make of an image. A learned network has to beat it, on the same images
and metrics.

Sources: Otsu, IEEE Transactions on Systems, Man and Cybernetics 9 (1979); Meyer's watershed as in scikit-image; the top-hat as in Serra,
Image Analysis and Mathematical Morphology (1982).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

from seglab.data.scene import Image, Labels
from seglab.data.sets import open_set
from seglab.infer.flooding import distance_map, summits
from seglab.infer.kernels import KERNELS, gradient
from seglab.infer.otsu import histogram, levels, otsu
from seglab.train.metrics import mean_iou

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]
SMOOTH = 1.0  # pixels, of Gauss's bell before anything else
WIDEST = 13  # pixels: a dark line that is wider is none to the top-hat


def brightness(image: Image) -> Values:
    """The mean of the channels, smoothed, (H, W)."""
    grey = image if image.ndim == 2 else image.mean(2)
    return np.asarray(ndimage.gaussian_filter(np.asarray(grey, np.float64), SMOOTH))


def saturation(image: Image) -> Values:
    """How far each pixel is from grey, (H, W): (largest - smallest channel) / largest, smoothed; 0 everywhere for a grey image."""
    if image.ndim == 2:
        return np.zeros(image.shape)
    high, low = image.max(2).astype(np.float64), image.min(2)
    return np.asarray(ndimage.gaussian_filter((high - low) / np.maximum(high, 1e-6), SMOOTH))


def dark_lines(image: Image) -> Values:
    """How much darker a pixel is than what a bright ground without lines would be, (H, W): the black top-hat of green, smoothed."""
    green = image if image.ndim == 2 else image[..., 1]
    smooth = ndimage.gaussian_filter(np.asarray(green, np.float64), SMOOTH)
    reach = WIDEST // 2
    disc = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) <= reach
    return np.asarray(ndimage.grey_closing(smooth, footprint=disc) - smooth)


def edge_strength(image: Image) -> Values:
    """The length of Sobel's gradient of the smoothed brightness, (H, W)."""
    return gradient(np.asarray(brightness(image), np.float32), KERNELS["sobel"])


FEATURES: dict[str, tuple[str, Callable[[Image], Values]]] = {
    "brightness": ("Brightness", brightness),
    "saturation": ("Saturation", saturation),
    "lines": ("Dark lines", dark_lines),
    "edges": ("Edge strength", edge_strength),
}


@dataclass(frozen=True)
class Recipe:
    """What a person would choose for a domain: the feature to threshold, whether objects are above the threshold, whether holes in them
    are filled, and why."""

    feature: str
    above: bool
    fill: bool
    why: str
    close: int = 0  # pixels by which gaps in what was found are closed first


RECIPES = {
    "shapes": Recipe("saturation", True, True, "Paper is more colourful than the table; how bright it is says nothing."),
    "cells": Recipe(
        "edges",
        True,
        True,
        "A cell is as bright as its ground, but its membrane is an edge: gaps are closed, then rings filled.",
        1,
    ),
    "xray": Recipe("brightness", False, True, "Air lets X-rays through and is dark here: lungs are what is below the threshold."),
    "vessels": Recipe("lines", True, False, "A vessel is a dark line on green; the top-hat removes the uneven light beneath it."),
}


def thresholded(image: Image, feature: str, above: bool = True, level: int | None = None) -> Mask:
    """The pixels (H, W) above a level (0 to 255) of a feature, or those that are not; without a level, above Otsu's."""
    picture = levels(FEATURES[feature][1](image))
    over = picture > (otsu(histogram(picture)) if level is None else level)
    return over if above else ~over


def handcrafted(image: Image, recipe: Recipe) -> Mask:
    """The objects (H, W) of an image as a recipe finds them."""
    mask = thresholded(image, recipe.feature, recipe.above)
    if recipe.close:
        mask = np.asarray(ndimage.binary_closing(mask, iterations=recipe.close))
    return np.asarray(ndimage.binary_fill_holes(mask)) if recipe.fill else mask


def split(mask: Mask) -> Labels:
    """The objects of a mask, numbered from 1, (H, W): those that touch are parted by a line where the mask has a waist."""
    far = distance_map(mask)
    return np.asarray(watershed(-far, summits(far, mask), mask=mask, watershed_line=True), np.int32)  # type: ignore[no-untyped-call]


def otsu_watershed(image: Image, bright: bool) -> NDArray[np.uint8]:
    """Mask (H, W) of bright (or dark) objects: smoothed, thresholded, holes filled, touching ones split where the distance map falls."""
    smooth = ndimage.gaussian_filter(image, 1.0)
    level = threshold_otsu(smooth)  # type: ignore[no-untyped-call]
    inside = ndimage.binary_fill_holes(smooth > level if bright else smooth <= level)
    distance = ndimage.distance_transform_edt(inside)
    peaks = (distance == ndimage.maximum_filter(distance, 9)) & (distance > 2)
    split = watershed(-distance, ndimage.label(peaks)[0], mask=inside, watershed_line=True)  # type: ignore[no-untyped-call]
    return np.asarray(split > 0, np.uint8)


@cache
def baseline(name: str = "cells", size: int = 96, difficulty: float = 0.5) -> float:
    """Mean IoU of Otsu and watershed on the validation images; for every image the better of bright and dark is taken."""
    data = open_set(name, size=size, difficulty=difficulty)
    masks, truths = [], []
    for number in range(data.validation_count):
        image, truth = data.validation(number)
        tried = [otsu_watershed(image, bright) for bright in (True, False)]
        masks.append(max(tried, key=lambda mask: mean_iou(mask, truth)))
        truths.append(truth)
    return mean_iou(np.stack(masks), np.stack(truths))
