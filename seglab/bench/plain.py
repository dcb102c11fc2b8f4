"""The plainest training loop, to measure ours against. Its code stays as it is: NCHW, float32, eager, batches made in between."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from seglab.data.sets import open_set
from seglab.nets.unet import UNet
from seglab.train.batches import make_batch, standardised
from seglab.train.config import TrainConfig
from seglab.train.examples import make_example
from seglab.train.metrics import mean_iou
from seglab.train.schedule import learning_rate

MONAI_FEATURES = (16, 16, 32, 64, 128, 16)  # 495,922 parameters, against the 482,466 of ours


class Plain:
    """The loop as one writes it first, on the same network, images, threads, loss and learning rate."""

    def __init__(self, config: TrainConfig, model: nn.Module | None = None) -> None:
        self.config, self.done = config, 0
        torch.manual_seed(config.seed)
        self.model = model or UNet(1, 2, config.depth, config.width)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=config.learning_rate, weight_decay=1e-3, foreach=False, fused=False)
        self.data = open_set(config.data, images=config.images, size=config.size)
        self.kept: dict[int, Any] = {number: make_example(self.data, config, number) for number in range(config.images)}

    def step(self) -> float:
        batch = make_batch(self.data, self.config, self.done, self.kept)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.config, self.done)
        self.model.train()
        loss = F.cross_entropy(self.model(torch.from_numpy(batch.images)), torch.from_numpy(batch.labels))
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.done += 1
        return loss.item()

    def score(self) -> float:
        """Mean IoU on the held-out images."""
        pairs = [self.data.validation(number) for number in range(self.data.validation_count)]
        x = torch.from_numpy(np.stack([standardised(image)[None] for image, _ in pairs]))
        self.model.eval()
        with torch.no_grad():
            found = self.model(x).argmax(1).numpy()
        return mean_iou(found, np.stack([mask for _, mask in pairs]))


def monai_unet() -> nn.Module | None:
    """MONAI's BasicUNet of about our size; None where MONAI is not installed."""
    if importlib.util.find_spec("monai") is None:
        return None
    from monai.networks.nets import BasicUNet

    made: nn.Module = BasicUNet(spatial_dims=2, in_channels=1, out_channels=2, features=MONAI_FEATURES)
    return made
