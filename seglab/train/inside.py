"""What is seen inside a network while it looks at an image: the filters of its first layer, and the maps of every block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.nets.blocks import Network

CHANNELS = 8  # maps of a block that are shown
MOST = 48  # pixels a side of a map that is shown
Shown = NDArray[np.uint8]


def blocks(model: Network) -> dict[str, nn.Module]:
    """The blocks of a network by name, from image to mask; of an FCN also what makes its scores, "scores 1" the coarsest.

    >>> from seglab.nets import Architecture, build
    >>> list(blocks(build(Architecture(depth=2, width=4))))
    ['encoder 1', 'encoder 2', 'bottleneck', 'decoder 2', 'decoder 1']
    >>> list(blocks(build(Architecture(depth=2, width=4, kind="fcn16s"))))
    ['encoder 1', 'encoder 2', 'bottleneck', 'scores 1', 'scores 2']
    """
    parts = dict(model.named_children())
    encoder, decoder, scores = ([*parts.get(name, nn.ModuleList())] for name in ("encoder", "decoder", "scores"))  # type: ignore[misc]
    found = {f"encoder {level + 1}": block for level, block in enumerate(encoder)}
    found |= {"bottleneck": parts["bottleneck"]} if "bottleneck" in parts else {}
    found |= {f"decoder {len(decoder) - place}": block for place, block in enumerate(decoder)}
    return found | {f"scores {place}": one for place, one in enumerate([parts["head"], *scores], 1) if "fcn" in model.kind}


def filters(model: Network) -> Shown:
    """The kernels of the first convolution, (C_out, k, k), with three input channels (C_out, k, k, 3): 128 is zero, 255 the largest weight.

    >>> from seglab.nets import Architecture, build
    >>> [filters(build(Architecture(channels, 2, 2, 4))).shape for channels in (1, 3)]
    [(4, 3, 3), (4, 3, 3, 3)]
    """
    weight = next(module for module in model.modules() if isinstance(module, nn.Conv2d)).weight.detach().float().cpu()
    shown = (128 + 127 * weight / weight.abs().max().clamp(min=1e-12)).round().clamp(0, 255).byte().numpy()
    return np.ascontiguousarray(shown[:, 0] if shown.shape[1] == 1 else np.moveaxis(shown, 1, 3))


@contextmanager
def watched(model: Network) -> Iterator[dict[str, Shown]]:
    """While this holds, the model's next pass over (B, C, H, W) fills in the maps of the first image by block: (N, h, w), 0 black, the
    largest value of a map white. Maps of more than 48 pixels a side are shown smaller."""
    seen: dict[str, Shown] = {}

    def note(name: str) -> object:
        def hook(module: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
            seen[name] = _shown(made[0, :CHANNELS].detach().float())

        return hook

    handles = [block.register_forward_hook(note(name)) for name, block in blocks(model).items()]  # type: ignore[arg-type]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _shown(maps: Tensor) -> Shown:
    height, width = maps.shape[-2:]
    if max(height, width) > MOST:
        scale = MOST / max(height, width)
        maps = F.interpolate(maps[None], (max(1, round(height * scale)), max(1, round(width * scale))), mode="area")[0]
    low, high = (torch.amax(sign * maps, dim=(1, 2), keepdim=True) * sign for sign in (-1, 1))
    return np.asarray(((maps - low) / (high - low).clamp(min=1e-12) * 255).byte().cpu().numpy())
