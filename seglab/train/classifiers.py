"""The two classifiers that the page Tasks compares: training, and their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from seglab.data.moves import DIFFICULTY
from seglab.data.scene import Image
from seglab.data.shapes import one_shape
from seglab.nets.scene_classifier import SceneClassifier
from seglab.train.batches import planes, standardised
from seglab.train.header import opened

IMAGES, STEPS, BATCH, RATE = 2048, 600, 32, 6e-3


def one_shapes(first: int, count: int) -> tuple[Image, NDArray[np.int64]]:
    """Images (N, 96, 96, 3) of one shape near the middle each, with the seeds from `first` on, and their classes from 0 (N,)."""
    scenes = [one_shape(seed, difficulty=DIFFICULTY) for seed in range(first, first + count)]
    return np.stack([scene.image for scene in scenes]), np.array([int(scene.mask.max()) - 1 for scene in scenes])


def read(images: Image) -> Tensor:
    """Images (N, H, W, 3) in 0 to 1 as a network reads them, (N, 3, H, W)."""
    return torch.from_numpy(np.stack([planes(standardised(image)) for image in images]))


def train_classifier(end: str, images: Image, labels: NDArray[np.int64], steps: int = STEPS, seed: int = 0) -> SceneClassifier:
    """A classifier with that end (`scene_classifier.ENDS`), trained on images turned by quarters and mirrored, and never moved."""
    torch.manual_seed(seed)
    rng, model = np.random.default_rng(seed), SceneClassifier(end)
    x, y = read(images), torch.from_numpy(labels)
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    model.train()
    for _ in range(steps):
        chosen = torch.from_numpy(rng.integers(len(x), size=BATCH))
        batch = torch.rot90(x[chosen], int(rng.integers(4)), (2, 3))
        loss = F.cross_entropy(model(batch.flip(3) if rng.random() < 0.5 else batch), y[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        rates.step()
    return model.eval()


def write_classifier(path: Path, model: SceneClassifier, measured: dict[str, Any]) -> None:
    """Write a classifier with its options and what was measured of it."""
    told = {"seglab": "1", "classifier": json.dumps(model.options), "measured": json.dumps(measured)}
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path, metadata=told)


def load_classifier(path: Path) -> SceneClassifier:
    """Read what `write_classifier` wrote. Raises ValueError for a file that is not there, damaged, or of something else."""
    with opened(path, "pt") as file:
        told = file.metadata() or {}
        if "classifier" not in told:
            raise ValueError(f"{path} holds no classifier: one of assets/networks is needed")
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    model = SceneClassifier(**json.loads(told["classifier"]))
    model.load_state_dict(tensors)
    return model.eval()
