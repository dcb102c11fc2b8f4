"""Prediction on images of any size: tiles with mirrored borders and enough overlap that the seams cannot be seen.

Source of the strategy: Ronneberger, Fischer and Brox, arXiv:1505.04597, figure 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import zoom

from seglab.data.scene import Image
from seglab.nets.blocks import Network
from seglab.nets.fitting import at_least, border, margin
from seglab.train.batches import planes, standardised

TILE = 512
SHRINKS = (1, 2, 3, 4)


@dataclass(frozen=True, eq=False)
class Prediction:
    """The chance of every class for every pixel (classes, H, W), and by how much the image was shrunk to see it."""

    chances: Image
    shrink: int

    @cached_property
    def mask(self) -> NDArray[np.uint8]:
        """The likeliest class of every pixel (H, W)."""
        return np.asarray(self.chances.argmax(0), np.uint8)

    @property
    def found(self) -> Image:
        """The chance that a pixel is not of the class 0 (H, W); with two classes, the chance of the object."""
        return np.asarray(1 - self.chances[0], np.float32)


def segment(model: Network, image: Image, shrink: int | None = None) -> Prediction:
    """Segment an image (H, W) or (H, W, 3) in 0 to 1, shrunk by `shrink`; without one, by whichever of 1 to 4 the network is surest of.

    The network has seen objects of one size only, so a picture of larger ones has to be shrunk first.
    """
    model.eval()
    if shrink is not None:
        return Prediction(_at(model, image, shrink), shrink)
    least = 2 ** (model.depth + 1)
    factors = [factor for factor in SHRINKS if factor == 1 or min(image.shape[:2]) // factor >= least]
    return max((Prediction(_at(model, image, factor), factor) for factor in factors), key=lambda tried: _certainty(tried.found))


def _certainty(chance: Image) -> float:
    """Surely object minus doubtful, as a share of the image."""
    return float((chance > 0.9).mean() - 2 * ((chance > 0.1) & (chance < 0.9)).mean())


def _at(model: Network, image: Image, shrink: int) -> Image:
    if shrink == 1:
        return tiled(model, standardised(image))
    small = zoom(image, [1 / shrink, 1 / shrink, 1][: image.ndim], order=1, grid_mode=True, mode="reflect")
    chances = tiled(model, standardised(small))
    scale = [1.0, *(n / m for n, m in zip(image.shape[:2], chances.shape[1:], strict=True))]
    return np.clip(zoom(chances, scale, order=1, grid_mode=True, mode="nearest"), 0, 1)


def tiled(model: Network, image: Image, tile: int = TILE) -> Image:
    """The chances (classes, H, W) of a standardised image (H, W) or (H, W, 3), worked out in tiles of `tile` pixels, a multiple of
    ``2 ** depth``, with the margin that a pixel's field needs.

    Equal to one pass over the mirrored image, at a memory that does not grow with it. Only group normalisation, which measures all that it
    is given, makes of several tiles something else than of one.
    """
    around, lost = margin(model), border(model)
    height, width = image.shape[:2]
    more = around + 2**model.depth
    padded = np.pad(planes(image), [(0, 0), (around, more), (around, more)], mode="symmetric")
    result = np.empty((model.classes, height, width), np.float32)
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            rows, columns = min(tile, height - top), min(tile, width - left)
            high, wide = (at_least(n + 2 * around, model) for n in (rows, columns))
            made = _chances(model, padded[:, top : top + high, left : left + wide])
            inner = slice(around - lost, around - lost + rows), slice(around - lost, around - lost + columns)
            result[:, top : top + rows, left : left + columns] = made[:, *inner]
    return result


def _chances(model: Network, window: Image) -> Image:
    with torch.inference_mode():
        logits = model(torch.from_numpy(np.ascontiguousarray(window))[None])
        return np.asarray(torch.softmax(logits, dim=1)[0].numpy(), np.float32)


def probabilities(model: Network, images: Image, device: torch.device, half: bool) -> Image:
    """The chances (B, classes, H, W) of images (B, H, W) or (B, H, W, 3) of one size, in one pass on `device`, in bfloat16 if `half`.

    Around a network that loses a border, and up to a size that it takes, images are mirrored.
    """
    given = np.stack([planes(standardised(image)) for image in images])
    lost, sizes = border(model), given.shape[2:]
    taken = [at_least(size + 2 * lost, model) for size in sizes]
    around = [(lost, whole - size - lost) for whole, size in zip(taken, sizes, strict=True)]
    mirrored = np.pad(given, [(0, 0), (0, 0), *around], mode="symmetric") if lost or taken != list(sizes) else given
    x = torch.from_numpy(mirrored).to(device, memory_format=torch.channels_last)
    model.eval()
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=half):
        logits = model(x).float()[..., : sizes[0], : sizes[1]]
    return np.asarray(torch.softmax(logits, dim=1).cpu().numpy(), np.float32)
