"""An encoder trained to classify, and brought along into networks that segment: its task, its file, and what it fits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.data.scene import Image
from seglab.data.shapes import CLASSES, one_shape
from seglab.nets.encoder_classifier import SHIPPED, EncoderClassifier
from seglab.train.batches import planes, standardised
from seglab.train.header import opened

IMAGES, SIZE, REACH, DIFFICULTY = 4096, 64, 20.0, 0.5  # labelled with one word each
STEPS, BATCH, RATE = 800, 32, 4e-3
FIRST_SEED = 3_000_000  # of its scenes: none is in a training set, nor held out
PARTS = ("encoder.", "bottleneck.")  # of a network, that are brought along


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


def encoder_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The encoder's and bottleneck's tensors by name."""
    return {name: tensor for name, tensor in model.state_dict().items() if name.startswith(PARTS)}


def write_encoder(path: Path, model: EncoderClassifier, measured: dict[str, Any]) -> None:
    """Write encoder and bottleneck in half precision, with what was measured of the classifier."""
    state = encoder_tensors(model).items()
    tensors = {name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous() for name, tensor in state}
    save_file(tensors, path, metadata={"seglab": "1", "encoder": json.dumps(measured)})


def read_encoder(path: Path) -> dict[str, Tensor]:
    """The tensors that `write_encoder` wrote, in single precision. Raises ValueError for a file that is not there, damaged, or no
    encoder."""
    with opened(path, "pt") as file:
        if "encoder" not in (file.metadata() or {}):
            raise ValueError(f"{path} holds no encoder: assets/networks/encoder.safetensors does")
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return {name: tensor.float() if tensor.is_floating_point() else tensor.clone() for name, tensor in found.items()}


def bring(model: nn.Module, tensors: dict[str, Tensor]) -> int:
    """Give a network the tensors of its encoder and bottleneck, of which it may lack the last; the number of weights that it was given.

    Raises ValueError for a network whose own have other shapes, or of which there is one too many.
    """
    own = encoder_tensors(model)
    for name, tensor in own.items():
        if name not in tensors:
            raise ValueError(f"{name} of the network has no counterpart in the encoder: one of depth {SHIPPED.depth} fits")
        if tensor.shape != tensors[name].shape:
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}: the encoder's is {tuple(tensors[name].shape)}")
    model.load_state_dict({**model.state_dict(), **{name: tensors[name] for name in own}})
    return sum(p.numel() for name, p in model.named_parameters() if name in own)
