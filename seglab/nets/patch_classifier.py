"""The classifier of patches in torch: with fully connected layers, fully convolutional, and with holes, all with the same weights."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from seglab.nets.patch_layers import PatchClassifier, Step


class PatchNet(nn.Module):
    """Logits (B, classes) for patches (B, channels, P, P)."""

    def __init__(self, net: PatchClassifier) -> None:
        super().__init__()
        self.net = net
        self.conv1, self.conv2 = (
            nn.Conv2d(before, step.channels, step.kernel_size, padding=step.padding)
            for before, step in zip((net.channels, net.width), (step for step in net.body if not step.pools), strict=True)
        )
        self.fc1 = nn.Linear(net.width * net.side**2, net.units)
        self.fc2 = nn.Linear(net.units, net.classes)

    def features(self, patches: Tensor) -> Tensor:
        """The map (B, width, side, side) that the first fully connected layer reads."""
        x = self.conv1(patches)
        if self.net.kind == "pool":
            x = F.max_pool2d(x, 3, 2)  # before the ReLU, which changes nothing and has fewer cells to do
        return F.relu(self.conv2(F.relu(x)))

    def forward(self, patches: Tensor) -> Tensor:
        out: Tensor = self.fc2(F.relu(self.fc1(self.features(patches).flatten(1))))
        return out


class FullyConvolutional(nn.Module):
    """Logits (B, classes, H', W') for images (B, channels, H, W): every layer of a `PatchNet` as a convolution with its very weights."""

    def __init__(self, net: PatchNet, steps: Sequence[Step]) -> None:
        super().__init__()
        self.net, self.steps = net, tuple(steps)

    def forward(self, images: Tensor) -> Tensor:
        x = images
        for step in self.steps:
            if step.pools:
                x = F.max_pool2d(x, step.kernel_size, step.stride, dilation=step.dilation)
                continue
            layer = getattr(self.net, step.name)
            # A unit's row of C * h * w weights, folded into C planes of h x w: nothing else happens to them.
            weight = layer.weight.view(step.channels, -1, step.kernel_size, step.kernel_size)
            x = F.conv2d(x, weight, layer.bias, step.stride, step.padding, step.dilation)
            x = x if step.name == "fc2" else F.relu(x)
        return x


def fully_convolutional(net: PatchNet) -> FullyConvolutional:
    """The same network for images of any size; where it pools, its answers are `net.net.stride` pixels apart.

    >>> import torch
    >>> net = PatchNet(PatchClassifier(17))
    >>> fully_convolutional(net)(torch.zeros(1, 1, 32, 40)).shape
    torch.Size([1, 2, 16, 24])
    """
    return FullyConvolutional(net, net.net.convolutional)


def with_holes(net: PatchNet) -> FullyConvolutional:
    """The same network with an answer at every pixel, also where it pools.

    >>> import torch
    >>> net = PatchNet(PatchClassifier(17, "pool"))
    >>> [form(net)(torch.zeros(1, 1, 33, 33)).shape[2] for form in (fully_convolutional, with_holes)]
    [9, 17]
    """
    return FullyConvolutional(net, net.net.dilated)


def patches_of(image: Tensor, patch: int, stride: int = 1) -> Tensor:
    """All patches (N, C, P, P) of an image (C, H, W), row by row."""
    windows = image.unfold(1, patch, stride).unfold(2, patch, stride)  # (C, H', W', P, P)
    return windows.permute(1, 2, 0, 3, 4).reshape(-1, image.shape[0], patch, patch)
