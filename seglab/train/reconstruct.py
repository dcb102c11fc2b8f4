"""U-Nets that reconstruct their own input: training, and what is left when one of the ways through them is cut."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from seglab.data.scene import Image
from seglab.nets.unet import UNet
from seglab.train.autoencoder import fit

Numbers = NDArray[np.float32]


def train_reconstruction(
    x: Image, skip: str, depth: int, width: int, seed: int, steps: int, batch: int = 8, upsampling: str = "transposed"
) -> UNet:
    """A U-Net that gives back its images x (N, C, H, W), by the mean squared error."""
    torch.manual_seed(seed)
    channels = x.shape[1]
    model = UNet(in_channels=channels, classes=max(2, channels), depth=depth, width=width, skip=skip, upsampling=upsampling)
    fit(model, torch.from_numpy(x), lambda given: ((model(given)[:, :channels] - given) ** 2).mean(), seed, steps, batch, 1e-2)
    return model


def ways(model: UNet) -> tuple[str, ...]:
    """The ways from the encoder to the decoder, the topmost skip first.

    >>> ways(UNet(depth=2, width=4)), ways(UNet(depth=2, width=4, skip="none"))
    (('skip 0', 'skip 1', 'bottleneck'), ('bottleneck',))
    """
    skips = tuple(f"skip {level}" for level in range(model.depth)) if model.skip != "none" else ()
    return (*skips, "bottleneck")


def through(model: UNet, x: Tensor, cut: str = "") -> Tensor:
    """What a U-Net of padding "same" makes of images (B, C, H, W), all that comes one way set to zero.

    Raises ValueError for an unknown way.
    """
    if cut and cut not in ways(model):
        raise ValueError(f"cut={cut!r} is no way through this network: {', '.join(ways(model))}")
    kept = []
    for level in model.encoder:
        x = level(x)
        kept.append(x)
        x = F.max_pool2d(x, 2)
    x = model.bottleneck(x)
    x = torch.zeros_like(x) if cut == "bottleneck" else x
    for number, (up, level) in enumerate(zip(model.up, model.decoder, strict=True)):
        at = model.depth - 1 - number
        skip = torch.zeros_like(kept[at]) if cut == f"skip {at}" else kept[at]
        x = level(model.joined(skip, up(x)))
    made: Tensor = model.head(x)
    return made


def _parts(x: Image) -> list[Tensor]:
    """Images in batches that fit into any memory."""
    return [torch.from_numpy(x[first : first + 32]) for first in range(0, len(x), 32)]


def reconstructed(model: UNet, x: Image, cut: str = "") -> Numbers:
    """What comes of images (N, C, H, W), one way cut or none."""
    with torch.inference_mode():
        return np.concatenate([through(model, part, cut)[:, : x.shape[1]].numpy() for part in _parts(x)])


def lost(x: Image, made: Numbers) -> float:
    """The share of the images' variance that a reconstruction misses; 1 for one that is flat at their mean, more for a worse one.

    >>> lost(np.array([0.0, 2.0], np.float32), np.array([1.0, 1.0], np.float32))
    1.0
    """
    return float(((x - made) ** 2).mean() / x.var())


def features(model: UNet, x: Image) -> dict[str, Numbers]:
    """For every pixel of images (N, C, H, W), the first level's maps and the bottleneck's, enlarged, each (N, H, W, channels)."""
    first, deep = [], []
    with torch.inference_mode():
        for part in _parts(x):
            size = part.shape[2:]
            for number, level in enumerate(model.encoder):
                made = level(part)
                if not number:
                    first.append(made.permute(0, 2, 3, 1).numpy())
                part = F.max_pool2d(made, 2)
            deep.append(F.interpolate(model.bottleneck(part), size=size, mode="bilinear").permute(0, 2, 3, 1).numpy())
    return {"first": np.concatenate(first), "bottleneck": np.concatenate(deep)}
