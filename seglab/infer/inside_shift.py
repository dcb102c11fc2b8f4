"""Does the mask move with the picture? A network's masks of a picture that is rolled around, with zeros or with the other side of the
picture beyond its edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.infer.inside import picture_for, tensor_of
from seglab.infer.inside_told import Picture, Shifts
from seglab.infer.moving import consistency
from seglab.nets.blocks import Network
from seglab.nets.fitting import at_least, border, margin

BATCH = 16
PLANE = 3, 16  # the depth and the width up to which shifts in both directions are tried: 81 of them
UNPADDED = 64  # pixels a side, to which a network without padding needs a wide border
Predict = Callable[[Tensor], Tensor]


class Around(nn.Module):
    """An enlarging module on a map that goes on from the other side."""

    def __init__(self, module: nn.Module, factor: int) -> None:
        super().__init__()
        self.module, self.factor = module, factor

    def forward(self, x: Tensor, *more: Any) -> Tensor:
        made, f = self.module(F.pad(x, (1, 1, 1, 1), mode="circular"), *more), self.factor
        cut: Tensor = made[..., f:-f, f:-f]
        return cut


def circular(model: Network) -> Network:
    """The same weights with the other side of each map beyond its edge, in place of zeros (`padding_mode="circular"`); enlarging layers
    whose cells lean on neighbours go on around, too."""
    same = deepcopy(model)
    for module in same.modules():
        if isinstance(module, nn.Conv2d) and any(cast("tuple[int, ...]", module.padding)):
            module.padding_mode = "circular"
    for parent in list(same.modules()):
        for name, module in list(parent.named_children()):
            leans = (isinstance(module, nn.ConvTranspose2d) and module.padding[0]) or (
                isinstance(module, nn.Upsample) and module.mode == "bilinear"
            )
            if leans and not isinstance(parent, Around):
                factor = module.stride[0] if isinstance(module, nn.ConvTranspose2d) else int(cast(float, module.scale_factor))
                setattr(parent, name, Around(module, int(factor)))
    return same


def predictors(model: Network) -> dict[str, Predict]:
    """Logits (B, classes, H, W) of pictures (B, C, H, W), with zeros beyond their edge, and around.

    A network without padding gets the picture with a border of its own width: of zeros, or from the other side.
    """
    model.eval()
    if model.padding == "same":
        return {"zeros": model, "around": circular(model)}
    around, inner = margin(model), margin(model) - border(model)

    def widened(mode: str) -> Predict:
        def predict(x: Tensor) -> Tensor:
            high, wide = x.shape[-2:]
            more = [at_least(size + 2 * around, model) - size - around for size in (high, wide)]
            beyond = np.pad(x.numpy(), [(0, 0), (0, 0), (around, more[0]), (around, more[1])], mode=cast(Any, mode))
            return cast(Tensor, model(torch.from_numpy(beyond)))[..., inner : inner + high, inner : inner + wide]

        return predict

    return {"zeros": widened("constant"), "around": widened("wrap")}


@torch.inference_mode()
def masks_of(predict: Predict, x: Tensor, moves: Sequence[tuple[int, int]]) -> NDArray[np.uint8]:
    """The masks (N, H, W) of x (1, C, H, W) rolled by each move (down, right), and rolled back."""
    found = []
    for first in range(0, len(moves), BATCH):
        some = moves[first : first + BATCH]
        rolled = torch.cat([torch.roll(x, move, (2, 3)) for move in some])
        classes = predict(rolled).argmax(1).to(torch.uint8)
        found += [torch.roll(mask, (-down, -right), (0, 1)).numpy() for mask, (down, right) in zip(classes, some, strict=True)]
    return np.stack(found)


def shift_consistency(model: Network, difficulty: float, picture: Picture) -> Shifts:
    """The consistency of a network's masks of a picture for shifts of up to ``2 * 2 ** depth`` pixels. Raises ValueError for a file that
    cannot be read."""
    period = 2**model.depth
    image, done = picture_for(model, picture, difficulty, model.channels)
    side = (image.shape[0] if model.padding == "same" else max(UNPADDED, period)) // period * period
    width = model.encoder[0][0].out_channels  # type: ignore[index,union-attr]
    both_ways = model.padding == "same" and model.depth <= PLANE[0] and width <= PLANE[1]
    x, shifts = tensor_of(image)[..., :side, :side], list(range(2 * period + 1))
    found: dict[str, list[tuple[float, float]]] = {}
    plane: dict[str, list[list[float]]] = {}
    for name, predict in predictors(model).items():
        masks = masks_of(predict, x, [(0, shift) for shift in shifts])
        found[name] = [consistency(mask, masks[0]) for mask in masks]
        if both_ways:
            both = masks_of(predict, x, [(down, right) for down in range(period + 1) for right in range(period + 1)])
            plane[name] = np.reshape([consistency(mask, both[0])[0] for mask in both], (period + 1, period + 1)).tolist()
    every, there = ({name: [pair[number] for pair in pairs] for name, pairs in found.items()} for number in (0, 1))
    return Shifts(shifts, every["zeros"], every["around"], there["zeros"], there["around"], plane, side, done)
