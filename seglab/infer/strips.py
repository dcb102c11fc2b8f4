"""A few pictures of different sizes side by side, as a page shows what a person has brought."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Files

from seglab.data.folder import Pairs
from seglab.infer.pictures import painted, strip

SHOWN = 4
SIDE = 192  # pixels that a picture has at most a side


def strips(pairs: Pairs) -> dict[str, bytes]:
    """The first images, and their masks in the colours of their classes, each as one PNG file by name."""
    masks = [painted(mask, pairs.summary.colours) for mask in pairs.masks[:SHOWN]]
    return {
        "images": strip([fitted(image, Files.Resampling.BOX) for image in pairs.images[:SHOWN]], scale=1),
        "masks": strip([fitted(mask, Files.Resampling.NEAREST) for mask in masks], scale=1),
    }


def fitted(picture: NDArray[np.uint8], way: Files.Resampling) -> NDArray[np.uint8]:
    """A picture (H, W) or (H, W, 3) shrunk to `SIDE` pixels in that way, or enlarged by a whole number of times: (H', W', 3).

    >>> way = Files.Resampling.BOX
    >>> fitted(np.zeros((50, 20), np.uint8), way).shape, fitted(np.zeros((100, 400, 3), np.uint8), way).shape
    ((150, 60, 3), (48, 192, 3))
    """
    height, width = picture.shape[:2]
    times = SIDE / max(height, width)
    times = max(1, int(times)) if times >= 1 else times
    size = max(1, round(width * times)), max(1, round(height * times))
    return np.asarray(Files.fromarray(picture).convert("RGB").resize(size, Files.Resampling.NEAREST if times >= 1 else way))
