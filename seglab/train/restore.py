"""Training of the networks that give pictures back: any two pictures of the same place are a training pair."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from seglab.data.degraded import TASKS, Given, degraded, seen
from seglab.data.domains import DOMAINS
from seglab.data.scene import Image
from seglab.nets.restorer import Restorer
from seglab.train.header import opened

SCENES, SIZE, CROP, BATCH, STEPS, RATE = 128, 96, 36, 8, 2400, 6e-3
FIRST_SEED = 4_000_000  # of the training scenes


@lru_cache(maxsize=2)
def scenes(data: str) -> tuple[Image, ...]:
    """The training scenes of a domain, clean."""
    return tuple(DOMAINS[data].make(FIRST_SEED + number, SIZE, 0.0).image for number in range(SCENES))


def batch_of(task: str, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Crops as the network is given them (B, C, 36, 36), made worse anew each time, and as they were (B, 3, 36, 36)."""
    given, wanted = [], []
    for number in rng.integers(SCENES, size=BATCH):
        top, left = rng.integers(SIZE - CROP + 1, size=2)
        truth = scenes(TASKS[task].data)[number][top : top + CROP, left : left + CROP]
        truth = np.rot90(truth, int(rng.integers(4)))
        truth = np.ascontiguousarray(truth[:, ::-1] if rng.random() < 0.5 else truth)
        given.append(seen(task, degraded(task, truth, TASKS[task].trained, rng)))
        wanted.append(np.moveaxis(truth, 2, 0))
    return torch.from_numpy(np.stack(given)), torch.from_numpy(np.stack(wanted))


def train_restorer(task: str, seed: int = 0, steps: int = STEPS, watch: Callable[[int, float], None] | None = None) -> Restorer:
    """A network for a task, trained at its level only; `watch` is told of every step and its loss, the mean squared difference."""
    torch.manual_seed(seed)
    rng, model = np.random.default_rng([seed, 17]), Restorer(TASKS[task].channels)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=1e-4, fused=True)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    model.train()
    for step in range(steps):
        x, y = batch_of(task, rng)
        loss = F.mse_loss(model(x.contiguous(memory_format=torch.channels_last)), y)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimiser.step()
        rates.step()
        if watch:
            watch(step + 1, float(loss.detach()))
    return model.eval()


def restored(model: Restorer, task: str, given: Given) -> Image:
    """What the network makes of a picture, (H, W, 3) in 0 to 1."""
    with torch.inference_mode():
        made = model(torch.from_numpy(seen(task, given))[None])[0].numpy()
    return np.asarray(np.clip(np.moveaxis(made, 0, 2), 0, 1), np.float32)


def write_restorer(path: Path, model: Restorer, task: str, told: dict[str, Any]) -> None:
    """Write a network in half precision, with its task and how it was trained."""
    tensors = {name: tensor.half().contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, path, metadata={"seglab": "1", "restorer": json.dumps({"task": task, **told})})


def told_of(path: Path) -> dict[str, Any]:
    """What `write_restorer` was told of a network. Raises ValueError for a file that is not there or damaged."""
    with opened(path, "pt") as file:
        told: dict[str, Any] = json.loads((file.metadata() or {}).get("restorer", "{}"))
    return told


def load_restorer(path: Path, task: str) -> Restorer:
    """Read what `write_restorer` wrote. Raises ValueError for a file that is not there, damaged, or of another task."""
    if told_of(path).get("task") != task:
        raise ValueError(f"{path} holds no network of the task {task}: python -m seglab.bench.restore makes one")
    with opened(path, "pt") as file:
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    model = Restorer(TASKS[task].channels)
    model.load_state_dict(tensors)
    return model.eval()
