"""Training of autoencoders, of U-Nets that reconstruct their input, and their files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from seglab.data.scene import Image
from seglab.nets.autoencoder import Autoencoder, divergence, reparametrised
from seglab.train.autoencoder_studies import NOISE
from seglab.train.header import opened


def terms(model: Autoencoder, x: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """Reconstruction term and divergence of images (B, 1, H, W), a number each (B,), in nats.

    The first is the sum over pixels of (x - reconstruction)^2 / (2 * NOISE^2), the negative logarithm of a normal density without its
    constant. A plain autoencoder has no divergence.
    """
    mean, log_variance = model.encode(x)
    z = mean
    if model.variational:
        z = reparametrised(mean, log_variance, torch.randn(mean.shape, generator=generator))
    error = ((model.decode(z) - x) ** 2).flatten(1).sum(1) / (2 * NOISE**2)
    return error, divergence(mean, log_variance).sum(1) if model.variational else torch.zeros_like(error)


def train_autoencoder(
    images: Image,
    latent: int,
    beta: float | None,
    seed: int = 0,
    steps: int = 1500,
    batch: int = 64,
    rate: float = 4e-3,
    norm: bool = False,
) -> Autoencoder:
    """An autoencoder of images (N, H, W); with a `beta` the variational one, whose loss is reconstruction + beta * divergence."""
    torch.manual_seed(seed)
    model = Autoencoder(latent, beta is not None, images.shape[1], norm=norm)

    def loss(x: Tensor) -> Tensor:
        error, apart = terms(model, x)
        mean: Tensor = (error + (beta or 0) * apart).mean() / images.shape[1] ** 2
        return mean

    fit(model, torch.from_numpy(images)[:, None], loss, seed, steps, batch, rate)
    return model


def fit(model: nn.Module, x: Tensor, loss: Callable[[Tensor], Tensor], seed: int, steps: int, batch: int, rate: float) -> None:
    """Train in place on random batches of x (N, C, H, W), as they are, at a rate that rises to `rate` and falls to nothing."""
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.Adam(model.parameters(), rate)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    model.train()
    for _ in range(steps):
        value = loss(x[torch.from_numpy(rng.integers(len(x), size=batch))])
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        rates.step()
    model.eval()


def write_autoencoder(path: Path, model: Autoencoder) -> None:
    """Write an autoencoder with its options, in half precision: a web page needs no more digits."""
    tensors = {name: tensor.half().contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, path, metadata={"seglab": "1", "autoencoder": json.dumps(model.options)})


def load_autoencoder(path: Path) -> Autoencoder:
    """Read what `write_autoencoder` wrote. Raises ValueError for a file that is not there, damaged, or of something else."""
    with opened(path, "pt") as file:
        told = file.metadata() or {}
        if "autoencoder" not in told:
            raise ValueError(f"{path} holds no autoencoder: one of assets/autoencoder is needed")
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    model = Autoencoder(**json.loads(told["autoencoder"]))
    model.load_state_dict(tensors)
    return model.eval()


def encoded(model: Autoencoder, images: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Means and log-variances (N, latent) of images (N, H, W)."""
    with torch.inference_mode():
        mean, log_variance = model.encode(torch.from_numpy(images)[:, None])
    return mean.numpy(), log_variance.numpy()
