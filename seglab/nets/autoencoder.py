"""An autoencoder: an image through a few numbers, its latent values, and back.

In its variational form the encoder gives each value a mean and a variance, with which it is drawn.

Source of the variational form: Kingma and Welling, arXiv:1312.6114; of its beta: Higgins et al., ICLR 2017.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn


class Autoencoder(nn.Module):
    """Images (B, 1, size, size) in 0 to 1 through `latent` numbers and back; `size` is a power of two from 16 on.

    Convolutions of stride 2 halve down to 4 x 4 cells, transposed ones of kernel 4 and stride 2, which overlap evenly, double back.
    Raises ValueError for a size that does not halve down to 4.

    >>> net = Autoencoder(latent=2)
    >>> sum(p.numel() for p in net.parameters()), tuple(net(torch.zeros(3, 1, 32, 32)).shape)
    (18843, (3, 1, 32, 32))
    """

    def __init__(self, latent: int = 2, variational: bool = False, size: int = 32, width: int = 8, norm: bool = False) -> None:
        super().__init__()
        halvings = size.bit_length() - 3
        if size < 16 or size != 4 * 2**halvings:
            raise ValueError(f"size={size} does not halve down to 4: 16, 32, 64 or 128 would")
        self.options: dict[str, int | bool] = {"latent": latent, "variational": variational, "size": size, "width": width, "norm": norm}
        self.latent, self.variational = latent, variational
        channels = [1, *(min(width * 2**level, 32) for level in range(halvings))]
        down: list[nn.Module] = []
        for c_in, c_out in pairwise(channels):
            down += [nn.Conv2d(c_in, c_out, 3, stride=2, padding=1), *([nn.BatchNorm2d(c_out)] if norm else []), nn.ReLU()]
        self.deep = channels[-1]
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(self.deep * 16, latent * (2 if variational else 1)))
        self.begin = nn.Linear(latent, self.deep * 16)
        up: list[nn.Module] = []
        for c_in, c_out in zip(channels[:0:-1], channels[-2::-1], strict=True):
            up += [*([nn.BatchNorm2d(c_in)] if norm else []), nn.ReLU(), nn.ConvTranspose2d(c_in, c_out, 4, stride=2, padding=1)]
        self.up = nn.Sequential(*up, nn.Sigmoid())

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log-variances (B, latent) of the latent values of images; of a plain autoencoder the values, and minus infinity."""
        made: Tensor = self.encoder(x)
        if not self.variational:
            return made, torch.full_like(made, -torch.inf)
        mean, log_variance = made.chunk(2, dim=1)
        return mean, log_variance

    def decode(self, z: Tensor) -> Tensor:
        """Images (B, 1, size, size) of latent values (B, latent)."""
        made: Tensor = self.up(self.begin(z).view(-1, self.deep, 4, 4))
        return made

    def forward(self, x: Tensor) -> Tensor:
        """The images, reconstructed from the means."""
        return self.decode(self.encode(x)[0])


def reparametrised(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Values drawn from normal distributions as mean + deviation * noise, so that gradients reach mean and deviation.

    >>> z = reparametrised(torch.tensor([1.0]), torch.tensor([2.0]).log(), torch.tensor([3.0]))
    >>> round(float(z), 4)  # 1 + 3 * sqrt(2)
    5.2426
    """
    return mean + torch.exp(0.5 * log_variance) * noise


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """How far normal distributions are from the standard one, KL = (mean^2 + variance - 1 - ln variance) / 2, each, in nats.

    >>> divergence(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.0])).tolist()
    [0.0, 0.5]
    """
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
