"""Masks and probabilities as PNG files."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Files

from seglab.data.cells import Image

if TYPE_CHECKING:
    from seglab.infer.predict import Prediction

OUTLINE = (213, 94, 0)


def png(array: NDArray[np.uint8]) -> bytes:
    """An array (H, W) or (H, W, 3) as a PNG file."""
    buffer = BytesIO()
    Files.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def grey(values: Image) -> NDArray[np.uint8]:
    """Values in 0 to 1 as bytes."""
    return np.asarray(np.clip(values, 0, 1) * 255 + 0.5, np.uint8)


def edges(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels of the mask that touch one outside it.

    >>> edges(np.array([[0, 1, 1, 1]], np.uint8)).tolist()
    [[False, True, False, False]]
    """
    inside = mask.astype(bool)
    around = np.pad(inside, 1, mode="edge")
    deep = around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    return np.asarray(inside & ~deep)


def overlay(image: Image, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image in grey with the mask's area tinted and its edge drawn, (H, W, 3)."""
    rgb = np.repeat(grey(image)[..., None], 3, axis=2).astype(np.float32)
    colour = np.array(OUTLINE, np.float32)
    rgb[mask > 0] = 0.72 * rgb[mask > 0] + 0.28 * colour
    rgb[edges(mask)] = colour
    return rgb.astype(np.uint8)


def pictures(image: Image, prediction: Prediction) -> dict[str, bytes]:
    """The image, its mask, probability and overlay as PNG files by name."""
    return {
        "image": png(grey(image)),
        "mask": png(prediction.mask * np.uint8(255)),
        "probability": png(grey(prediction.probability)),
        "overlay": png(overlay(image, prediction.mask)),
    }
