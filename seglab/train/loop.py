"""The training loop: a generator of events, the same for the app, the command line and a notebook.

It knows nothing of processes, stores and pages. Whoever drives it pauses by not asking for the next event, and asks for a checkpoint by
sending the word "checkpoint".
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.data.sets import DataSet, open_set
from seglab.nets.unet import UNet
from seglab.train.batches import Batches, planes, standardised
from seglab.train.config import TrainConfig
from seglab.train.device import half_precision, prepare, told
from seglab.train.metrics import mean_iou

Wish = Literal["checkpoint"] | None
SHOWN = 4  # validation images in a snapshot
WARM_UP = 20  # steps until the learning rate is at its highest
SNAPSHOT_EVERY = 0.7  # seconds
CHECKPOINT_EVERY = 2.0


@dataclass(frozen=True)
class Checkpoint:
    """All that is needed to go on: tensors of network and optimiser by name, the steps done and the seconds they took."""

    tensors: dict[str, Tensor]
    step: int
    seconds: float


@dataclass(frozen=True)
class Event:
    """Something that happened after `step` steps and `seconds` of training.

    "start" names the device; "step" has loss, learning_rate and images_per_second; "snapshot" has mean_iou and, of the first validation
    images, images (N, H, W) or (N, H, W, 3), truths and predictions (N, H, W) as class numbers, and how sure each prediction is, in
    certainties (N, H, W); "checkpoint" has the checkpoint; "end" has mean_iou and images_per_second.
    """

    kind: Literal["start", "step", "snapshot", "checkpoint", "end"]
    step: int
    seconds: float
    data: dict[str, Any] = field(default_factory=dict)


def fit(config: TrainConfig, data: DataSet | None = None, resume: Checkpoint | None = None) -> Generator[Event, Wish, None]:
    """Train a U-Net. Yields events; the last two are a checkpoint and "end". Raises ValueError for data or a device that is not there.

    >>> events = list(fit(TrainConfig(steps=2, width=4, images=4, batch=2, size=32, device="cpu", threads=1)))
    >>> [event.kind for event in events][0], [event.kind for event in events][-2:]
    ('start', ['checkpoint', 'end'])
    """
    trainer = Trainer(config, data, resume)
    try:
        yield from trainer.run()
    finally:
        trainer.close()


class Trainer:
    """The network, its optimiser and its data while they train."""

    def __init__(self, config: TrainConfig, data: DataSet | None, resume: Checkpoint | None) -> None:
        self.config = config
        self.device = prepare(config)
        self.data = data or open_set(config.data, images=config.images, size=config.size, difficulty=config.difficulty, seed=config.seed)
        torch.manual_seed(config.seed)
        self.model = UNet(self.data.channels, len(self.data.classes), config.depth, config.width).to(self.device)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        fused = self.device.type in ("cpu", "cuda")
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=config.learning_rate, weight_decay=1e-3, fused=fused)
        self.half = half_precision(self.device)
        self.step, self.seconds, self.first = 0, 0.0, 0
        if resume:
            self._restore(resume)
        self.batches = Batches(self.data, config, self.step)
        self.validation: tuple[NDArray[np.float32], NDArray[np.uint8]] | None = None

    def close(self) -> None:
        self.batches.close()

    def run(self) -> Generator[Event, Wish, None]:
        yield self._event("start", device=told(self.device), parameters=sum(p.numel() for p in self.model.parameters()))
        shown, saved = -math.inf, self.seconds
        while not self.done:
            begun = time.perf_counter()
            loss = self.train_step()
            self.seconds += time.perf_counter() - begun
            wish = yield self._event("step", loss=loss, learning_rate=self.learning_rate, images_per_second=self.rate)
            if self.seconds - shown >= SNAPSHOT_EVERY and not self.done:
                shown = self.seconds
                wish = (yield self.snapshot()) or wish
            if wish == "checkpoint" or self.seconds - saved >= CHECKPOINT_EVERY:
                saved = self.seconds
                yield self.checkpoint()
        last = self.snapshot()
        yield last
        yield self.checkpoint()
        yield self._event("end", mean_iou=last.data["mean_iou"], images_per_second=self.rate)

    @property
    def done(self) -> bool:
        return self.share >= 1

    @property
    def share(self) -> float:
        """How much of the training is done, 0 to 1."""
        limit = self.config.seconds
        return self.step / self.config.steps if limit is None else self.seconds / limit

    @property
    def learning_rate(self) -> float:
        warm = min(1.0, (self.step + 1) / WARM_UP)
        return self.config.learning_rate * warm * (0.02 + 0.98 * (1 + math.cos(math.pi * min(self.share, 1.0))) / 2)

    @property
    def rate(self) -> float:
        """Training images a second since this process began."""
        return (self.step - self.first) * self.config.batch / max(self.seconds - self.begun, 1e-9) if self.step > self.first else 0.0

    begun = 0.0

    def train_step(self) -> float:
        """One optimiser step. Returns the loss, mean cross-entropy over all pixels."""
        batch = self.batches.next()
        x = torch.from_numpy(batch.images).to(self.device, memory_format=torch.channels_last, non_blocking=True)  # (B, C, H, W)
        y = torch.from_numpy(batch.labels).to(self.device, non_blocking=True)  # (B, H, W)
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate
        self.model.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            logits = self.model(x)  # (B, classes, H, W)
        loss = F.cross_entropy(logits.float(), y)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.step += 1
        return float(loss.detach())

    def snapshot(self) -> Event:
        """Validation: mean IoU over all held-out images, and what the network makes of the first few."""
        images, truths = self._validation()
        chances = probabilities(self.model, images, self.device, self.half)
        found = chances.argmax(1).astype(np.uint8)
        shown = {"images": images[:SHOWN], "truths": truths[:SHOWN], "predictions": found[:SHOWN], "certainties": chances[:SHOWN].max(1)}
        return self._event("snapshot", mean_iou=mean_iou(found, truths, len(self.data.classes)), **shown)

    def _validation(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        if self.validation is None:
            pairs = [self.data.validation(number) for number in range(self.data.validation_count)]
            size = [min(n, 256) // 2**self.config.depth * 2**self.config.depth for n in np.min([mask.shape for _, mask in pairs], axis=0)]
            middle = [tuple(slice((n - k) // 2, (n - k) // 2 + k) for n, k in zip(mask.shape, size, strict=True)) for _, mask in pairs]
            images = np.stack([image[window] for (image, _), window in zip(pairs, middle, strict=True)])
            self.validation = images, np.stack([mask[window] for (_, mask), window in zip(pairs, middle, strict=True)])
        return self.validation

    def checkpoint(self) -> Event:
        """Copies of everything on the CPU."""
        tensors = {f"model.{name}": value.detach().cpu().contiguous().clone() for name, value in self.model.state_dict().items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(value).cpu().contiguous().clone() for name, value in state.items()}
        return self._event("checkpoint", checkpoint=Checkpoint(tensors, self.step, self.seconds))

    def _restore(self, saved: Checkpoint) -> None:
        named: dict[str, dict[str, Any]] = {"model": {}, "optimiser": {}}
        for name, tensor in saved.tensors.items():
            kind, _, rest = name.partition(".")
            named[kind][rest] = tensor
        self.model.load_state_dict(named["model"])
        state: dict[int, dict[str, Tensor]] = {}
        parameters = list(self.model.parameters())
        for name, tensor in named["optimiser"].items():
            index, _, key = name.partition(".")
            like = parameters[int(index)]
            # A fused step reads moments in the memory order of their parameter, here channels last.
            kept = torch.empty_like(like, dtype=tensor.dtype).copy_(tensor) if tensor.shape == like.shape else tensor
            state.setdefault(int(index), {})[key] = kept
        if state:
            self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})
        self.step, self.seconds = saved.step, saved.seconds
        self.first, self.begun = saved.step, saved.seconds

    def _event(self, kind: Any, **data: Any) -> Event:
        return Event(kind, self.step, self.seconds, data)


def probabilities(model: nn.Module, images: NDArray[np.float32], device: torch.device, half: bool) -> NDArray[np.float32]:
    """The chance of every class for every pixel, (B, classes, H, W), of images (B, H, W) or (B, H, W, 3) whose size the network accepts."""
    given = np.stack([planes(standardised(image)) for image in images])
    x = torch.from_numpy(given).to(device, memory_format=torch.channels_last)
    model.eval()
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=half):
        logits = model(x).float()
    return np.asarray(torch.softmax(logits, dim=1).cpu().numpy(), np.float32)
