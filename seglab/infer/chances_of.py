"""Let shipped networks look at a generated scene."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from seglab.data.scene import Image
from seglab.infer.predict import probabilities
from seglab.train.weights import load_model


def chances_of(weights: Mapping[str, Path], image: Image) -> dict[str, Image]:
    """The chances (classes, H, W) that each network, by the file of its weights, sees in an image. Raises ValueError as `load_model`."""
    return {name: probabilities(load_model(path)[0], image[None], torch.device("cpu"), half=False)[0] for name, path in weights.items()}
