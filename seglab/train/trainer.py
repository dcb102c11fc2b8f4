"""The network, its optimiser and its data while they train: one step, one look at the held-out images, one copy of everything."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seglab.data.sets import DataSet
from seglab.data.targets import target_classes
from seglab.data.weight_map import class_weights
from seglab.infer.predict import probabilities
from seglab.train.anatomy import Anatomy, middle
from seglab.train.batches import Batches
from seglab.train.config import TrainConfig
from seglab.train.device import half_precision, prepare
from seglab.train.examples import class_counts, opened, target
from seglab.train.inside import filters, watched
from seglab.train.losses import make_loss
from seglab.train.metrics import Scores, mean_iou
from seglab.train.network import begun
from seglab.train.schedule import done, learning_rate

SHOWN = 4  # validation images in a snapshot
MOST_VALIDATED = 256  # pixels a side of a validation image
WEIGHT_DECAY = 1e-3  # of AdamW


class DivergedError(ValueError):
    """A loss or weights that are no numbers any more."""


@dataclass(frozen=True)
class Checkpoint:
    """All that is needed to go on: tensors of network and optimiser by name, the steps done and the seconds they took."""

    tensors: dict[str, Tensor]
    step: int
    seconds: float


class Trainer:
    """What a configuration describes, made. Raises ValueError for data or a device that is not there."""

    def __init__(self, config: TrainConfig, data: DataSet | None = None, resume: Checkpoint | None = None) -> None:
        self.config = config
        self.device = prepare(config)
        self.data = data or opened(config)
        self.classes, self.colours = target_classes(self.data.known, config.target)
        self.model = begun(config, self.data.channels, len(self.classes)).to(self.device)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = _optimiser(self.model, config, self.device)
        self.half = config.precision == "bfloat16" or (config.precision == "auto" and half_precision(self.device))
        counted = torch.from_numpy(class_weights(class_counts(self.data, config))).float().to(self.device) if config.class_weights else None
        self.loss = make_loss(config, len(self.classes), counted)
        self.highest = config.learning_rate
        self.step, self.seconds, self.first, self.begun = 0, 0.0, 0, 0.0
        if resume:
            self._restore(resume)
        self.batches = Batches(self.data, config, self.step)

    def close(self) -> None:
        self.batches.close()

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.model.parameters())

    @property
    def done(self) -> bool:
        return done(self.config, self.step, self.seconds) >= 1

    @property
    def learning_rate(self) -> float:
        """The step size of the next step."""
        return learning_rate(self.config, self.step, self.seconds, self.highest)

    @property
    def rate(self) -> float:
        """Training images a second since this process began."""
        return (self.step - self.first) * self.config.batch / max(self.seconds - self.begun, 1e-9) if self.step > self.first else 0.0

    def train_step(self) -> float:
        """One optimiser step. Returns the loss. Raises DivergedError, before anything is changed, where that is no number."""
        begun = time.perf_counter()
        _, loss, _ = self._backward()
        self._advance(begun)
        return loss

    def told_step(self) -> tuple[float, dict[str, Any]]:
        """One optimiser step, the same as `train_step`, with its anatomy."""
        begun = time.perf_counter()
        logits, loss, batch = self._backward()
        seen = Anatomy(self.model, self.optimiser, batch[0], batch[1], logits, loss)
        self._advance(begun)
        return loss, seen.after(self.step, self.config, self.classes, self.colours, lambda: self._loss(*batch)[1])

    def _advance(self, begun: float) -> None:
        self.optimiser.step()
        self.step += 1
        self.seconds += time.perf_counter() - begun

    def _backward(self) -> tuple[Tensor, float, tuple[Tensor, Tensor, Tensor | None]]:
        """The next batch with its logits and loss; the gradients are in the network."""
        made = self.batches.next()
        x = torch.from_numpy(made.images).to(self.device, memory_format=torch.channels_last, non_blocking=True)  # (B, C, H, W)
        y = torch.from_numpy(made.labels).to(self.device, non_blocking=True)  # (B, H, W)
        weights = None if made.weights is None else torch.from_numpy(made.weights).to(self.device, non_blocking=True)
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate
        self.model.train()
        logits, loss = self._loss(x, y, weights)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        value = float(loss.detach())
        if not math.isfinite(value):
            raise DivergedError(
                f"the loss became {value} at step {self.step + 1}: a learning rate lower than {self.learning_rate:.2g} would be right;"
                " what was saved before is kept"
            )
        return logits, value, (x, y, weights)

    def _loss(self, x: Tensor, y: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            logits = self.model(x)  # (B, classes, H, W), without padding (B, classes, h, w)
        loss = self.loss(logits.float(), middle(y, logits), None if weights is None else middle(weights, logits))
        return logits, loss

    def look(self) -> dict[str, Any]:
        """Mean IoU over all held-out images, what the network makes of the first few, and what is seen inside it."""
        return self._look()[0]

    def last_look(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """A look, and everything that is measured of the held-out images, as plain data."""
        seen, found = self._look()
        return seen, Scores.of(found, self._validation[1], len(self.classes)).as_json()

    def _look(self) -> tuple[dict[str, Any], NDArray[np.uint8]]:
        """A look, and the classes found in all held-out images (N, H, W)."""
        images, truths = self._validation
        with watched(self.model) as maps:
            chances = probabilities(self.model, images, self.device, self.half)
        found = chances.argmax(1).astype(np.uint8)
        seen = {
            "mean_iou": mean_iou(found, truths, len(self.classes)),
            "images": images[:SHOWN],
            "truths": truths[:SHOWN],
            "predictions": found[:SHOWN],
            "certainties": chances[:SHOWN].max(1),
            "filters": filters(self.model),
            "maps": maps,
        }
        return seen, found

    @cached_property
    def _validation(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """The held-out images and masks, of their middles as much as all of them have."""
        plain = replace(self.config, shift=0)  # what is shown and measured lies where it belongs
        pairs = [
            (image, target(mask, plain, len(self.data.classes)))
            for image, mask in map(self.data.validation, range(self.data.validation_count))
        ]
        size = [min(n, MOST_VALIDATED) for n in np.min([mask.shape for _, mask in pairs], axis=0)]
        middles = [tuple(slice((n - k) // 2, (n - k) // 2 + k) for n, k in zip(mask.shape, size, strict=True)) for _, mask in pairs]
        images = np.stack([image[window] for (image, _), window in zip(pairs, middles, strict=True)])
        return images, np.stack([mask[window] for (_, mask), window in zip(pairs, middles, strict=True)])

    def copy(self) -> Checkpoint:
        """Copies of everything on the CPU. Raises DivergedError where a weight is no number."""
        tensors = {f"model.{name}": value.detach().cpu().contiguous().clone() for name, value in self.model.state_dict().items()}
        if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
            raise DivergedError(
                f"a weight is no number after step {self.step}: a lower learning rate would be right; what was saved before is kept"
            )
        for index, state in self.optimiser.state_dict()["state"].items():
            known = {name: value for name, value in state.items() if value is not None}
            tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(value).cpu().contiguous().clone() for name, value in known.items()}
        return Checkpoint(tensors, self.step, self.seconds)

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


def _optimiser(model: nn.Module, config: TrainConfig, device: torch.device) -> torch.optim.Optimizer:
    fused = device.type in ("cpu", "cuda")
    if config.optimiser == "sgd":
        return torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum, fused=fused)
    return torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=WEIGHT_DECAY, fused=fused)
