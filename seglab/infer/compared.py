"""Several networks on one new scene, for the page Compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seglab.data.scene import Image
from seglab.data.sets import unseen_scene
from seglab.infer.pictures import grey, png
from seglab.infer.predict import segment
from seglab.nets.blocks import Network
from seglab.train.failure import sentence
from seglab.train.weights import load_model


def compared(weights: Sequence[Path], data: str, number: int, size: int, difficulty: float) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What the networks in `weights` make of a scene that is in no training set: by place in the list, how many classes each tells apart,
    or why it cannot be asked; and as PNG the image, the truth, and each mask of class numbers.
    """
    image, truth = unseen_scene(data, number, size, difficulty)
    told: dict[str, Any] = {"classes": {}, "refused": {}}
    drawn = {"image": png(grey(image)), "truth": png(truth)}
    for place, path in enumerate(weights):
        try:
            model, _ = load_model(path)
            drawn[f"mask-{place}"] = png(mask_of(model, image))
            told["classes"][str(place)] = model.classes
        except (ValueError, OSError) as error:
            told["refused"][str(place)] = sentence(str(error).replace(str(path), "its file of weights"))
    return told, drawn


def mask_of(model: Network, image: Image) -> NDArray[np.uint8]:
    """The likeliest class of every pixel (H, W); a network for grey images sees a coloured one in grey, one for colour three times grey."""
    torch.set_num_threads(1)
    return segment(model, suited(image, model.channels), shrink=1).mask


def suited(image: Image, channels: int) -> Image:
    """An image (H, W) or (H, W, 3) as a network of so many channels takes it.

    >>> suited(np.ones((2, 2, 3), np.float32), 1).shape, suited(np.ones((2, 2), np.float32), 3).shape
    ((2, 2), (2, 2, 3))
    """
    if channels == 1 and image.ndim == 3:
        return np.asarray(image.mean(2), np.float32)
    if channels == 3 and image.ndim == 2:
        return np.repeat(image[..., None], 3, axis=2)
    return image
