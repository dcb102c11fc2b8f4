"""The handcrafted way: Otsu's threshold, then a watershed. What a learned network has to beat, on the same images and metric.

Sources: Otsu, IEEE Transactions on Systems, Man and Cybernetics 9 (1979); Meyer's watershed as in scikit-image.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

from seglab.data.scene import Image
from seglab.data.sets import open_set
from seglab.train.metrics import mean_iou


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
