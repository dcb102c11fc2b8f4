"""The U-Net for pictures in, pictures out: its head gives three channels instead of a score for each class, and what it says is added to
what it was given.

Source of the sum: Zhang, Zuo, Chen, Meng and Zhang, arXiv:1608.03981 (DnCNN), where a network learns the difference only.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.nets.choices import OUT, RESTORING
from seglab.nets.unet import UNet


class Restorer(nn.Module):
    """A picture (B, 3, H, W) for what was given (B, C, H, W), of any size: one grey channel, three of colour, or four, of which the last
    says where the picture is known, and stays as it is.

    >>> net = Restorer(4)
    >>> tuple(net(torch.zeros(1, 4, 30, 41)).shape), sum(p.numel() for p in net.parameters())
    ((1, 3, 30, 41), 29715)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.net = UNet(channels, **RESTORING)
        nn.init.zeros_(self.net.head.weight)  # it begins as what it was given
        nn.init.zeros_(self.net.head.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        more = [-n % 2**self.net.depth for n in (width, height)]
        padded = F.pad(x, (0, more[0], 0, more[1]), mode="replicate")
        said = self.net(4 * (padded - 0.5))[..., :height, :width]
        picture: Tensor = x[:, :OUT] + said / 4  # one grey channel is added to all three
        if x.shape[1] == 4:
            picture = torch.where(x[:, 3:] > 0.5, x[:, :OUT], picture)
        return picture
