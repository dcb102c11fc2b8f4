"""An encoder's training before it segments anything: to name the one shape in an image, which costs a word where a mask costs a drawing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from seglab.data.scene import Image
from seglab.data.shapes import CLASSES, one_shape
from seglab.nets.encoder_classifier import SHIPPED, EncoderClassifier
from seglab.train.batches import planes, standardised

IMAGES, SIZE, REACH, DIFFICULTY = 4096, 64, 20.0, 0.5  # labelled with one word each
STEPS, BATCH, RATE = 800, 32, 4e-3
FIRST_SEED = 3_000_000  # of its scenes: none is in a training set, nor held out


def classified_shapes(first: int, count: int) -> tuple[Image, NDArray[np.int64]]:
    """Images (N, 64, 64, 3) of one shape each, anywhere, and which shape it is (N,), 0 for a disc."""
    scenes = [one_shape(FIRST_SEED + seed, SIZE, DIFFICULTY, REACH) for seed in range(first, first + count)]
    return np.stack([scene.image for scene in scenes]), np.array([int(scene.mask.max()) - 1 for scene in scenes])


def read(images: Image) -> Tensor:
    """Images (N, H, W, 3) in 0 to 1 as a network reads them, (N, 3, H, W)."""
    return torch.from_numpy(np.stack([planes(standardised(image)) for image in images]))


def pretrain(
    images: Image, labels: NDArray[np.int64], steps: int = STEPS, seed: int = 0, watch: Callable[[int, float], None] | None = None
) -> EncoderClassifier:
    """A classifier of these images, turned by quarters and mirrored; `watch` is told of every step and its loss."""
    torch.manual_seed(seed)
    rng, model = np.random.default_rng(seed), EncoderClassifier(SHIPPED, len(CLASSES) - 1)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x, y = read(images), torch.from_numpy(labels)
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=1e-2, fused=True)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    model.train()
    for step in range(steps):
        chosen = torch.from_numpy(rng.integers(len(x), size=BATCH))
        batch = torch.rot90(x[chosen], int(rng.integers(4)), (2, 3)).contiguous(memory_format=torch.channels_last)
        loss = F.cross_entropy(model(batch.flip(3) if rng.random() < 0.5 else batch), y[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        rates.step()
        if watch:
            watch(step + 1, float(loss.detach()))
    return model.eval()


def accuracy(model: EncoderClassifier, images: Image, labels: NDArray[np.int64]) -> float:
    """The share of images that are given their class."""
    with torch.inference_mode():
        return float((model(read(images)).argmax(1).numpy() == labels).mean())
