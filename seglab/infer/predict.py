"""Prediction on images of any size: tiles with mirrored borders and enough overlap that the seams cannot be seen.

Source of the strategy: Ronneberger, Fischer and Brox, arXiv:1505.04597, figure 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import zoom

from seglab.data.cells import Image
from seglab.nets.unet import UNet
from seglab.train.batches import standardised

TILE = 512
SHRINKS = (1, 2, 3, 4)


@dataclass(frozen=True, eq=False)
class Prediction:
    """Chance of being an object for every pixel (H, W), the mask above one half, and by how much the image was shrunk to see it."""

    probability: Image
    mask: NDArray[np.uint8]
    shrink: int


def segment(model: UNet, image: Image, shrink: int | None = None) -> Prediction:
    """Segment an image (H, W) in 0 to 1, shrunk by `shrink`; without one, by whichever of 1 to 4 the network is surest of.

    The network has seen objects of one size only, so a picture of larger ones has to be shrunk first.
    """
    model.eval()
    if shrink is not None:
        chance = _at(model, image, shrink)
    else:
        least = 2 ** (model.depth + 1)
        tried = {factor: _at(model, image, factor) for factor in SHRINKS if factor == 1 or min(image.shape) // factor >= least}
        shrink = max(tried, key=lambda factor: _certainty(tried[factor]))
        chance = tried[shrink]
    return Prediction(chance, (chance > 0.5).astype(np.uint8), shrink)


def _certainty(chance: Image) -> float:
    """Surely object minus doubtful, as a share of the image."""
    return float((chance > 0.9).mean() - 2 * ((chance > 0.1) & (chance < 0.9)).mean())


def _at(model: UNet, image: Image, shrink: int) -> Image:
    if shrink == 1:
        return tiled(model, standardised(image))
    small = zoom(image, 1 / shrink, order=1, grid_mode=True, mode="reflect")
    chance = tiled(model, standardised(small))
    scale = [n / m for n, m in zip(image.shape, chance.shape, strict=True)]
    return np.clip(zoom(chance, scale, order=1, grid_mode=True, mode="nearest"), 0, 1)


def tiled(model: UNet, image: Image, tile: int = TILE) -> Image:
    """Probabilities (H, W) of a standardised image (H, W), worked out in tiles of `tile` pixels with the margin that a pixel's field needs.

    Equal to one pass over the mirrored image, at a memory that does not grow with it.
    """
    margin, step = 8 * 2**model.depth, 2**model.depth
    height, width = image.shape
    high, wide = (-(-n // step) * step for n in (height, width))
    padded = np.pad(image, [(margin, margin + high - height), (margin, margin + wide - width)], mode="symmetric")
    result = np.empty((high, wide), np.float32)
    for top in range(0, high, tile):
        for left in range(0, wide, tile):
            rows, columns = min(tile, high - top), min(tile, wide - left)
            window = padded[top : top + rows + 2 * margin, left : left + columns + 2 * margin]
            result[top : top + rows, left : left + columns] = _chance(model, window)[margin : margin + rows, margin : margin + columns]
    return result[:height, :width]


def _chance(model: UNet, window: Image) -> Image:
    with torch.inference_mode():
        logits = model(torch.from_numpy(np.ascontiguousarray(window))[None, None])
        return np.asarray(torch.softmax(logits, dim=1)[0, 1].numpy(), np.float32)
