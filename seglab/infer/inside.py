"""A trained network taken apart at one layer: what went in, what came out, and the weights between, on one picture."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.data.decode import decode
from seglab.data.scene import Image
from seglab.data.sets import unseen_scene
from seglab.infer.inside_told import Layer, Map, Op, Picture, Seen, side_for
from seglab.nets.architecture import Architecture
from seglab.nets.blocks import DoubleConv, Network, centre, unpooled
from seglab.nets.choices import FUSED
from seglab.nets.fitting import border, crop
from seglab.nets.layers import layers_of
from seglab.train.batches import planes, standardised
from seglab.train.config import TrainConfig


def picture_for(net: Network, picture: Picture, difficulty: float, channels: int) -> tuple[Image, str]:
    """The picture at a size that goes through the network, (H, W) or with 3 channels (H, W, 3), and a sentence on what was done to it.

    Raises ValueError for a file that cannot be read.
    """
    side = side_for(net)
    if picture.file is None:
        image, done = unseen_scene(picture.source, picture.number, side, difficulty)[0], ""
    else:
        image, done = fitted(decode(picture.file, colour=channels == 3), side)
    if channels == 1 and image.ndim == 3:
        image = np.asarray(image.mean(2), np.float32)
    if channels == 3 and image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
    return image, done


def fitted(image: Image, side: int) -> tuple[Image, str]:
    """The square middle of an image, `side` pixels a side, and what was done for it.

    >>> fitted(np.zeros((100, 300), np.float32), 50)[1]
    'Of 300 × 100 pixels, shrunk to a half; its middle, 50 × 50, is looked at.'
    """
    from PIL import Image as Files

    height, width = image.shape[:2]
    short, told = min(height, width), f"Of {width} × {height} pixels"
    if short > side:
        scale = side / short
        size = max(side, round(width * scale)), max(side, round(height * scale))
        layers = [image] if image.ndim == 2 else list(np.moveaxis(image, 2, 0))
        small = [np.asarray(Files.fromarray(np.ascontiguousarray(one, np.float32)).resize(size, Files.Resampling.BOX)) for one in layers]
        image = small[0] if image.ndim == 2 else np.stack(small, axis=2)
        told += f", shrunk to {_share(scale)}"
    missing = [max(0, side - size) for size in image.shape[:2]]
    if any(missing):
        image = np.pad(image, [(0, missing[0]), (0, missing[1]), (0, 0)][: image.ndim], mode="symmetric")
        told += ", mirrored at its border to be large enough"
    top, left = ((size - side) // 2 for size in image.shape[:2])
    return np.ascontiguousarray(image[top : top + side, left : left + side]), f"{told}; its middle, {side} × {side}, is looked at."


def _share(scale: float) -> str:
    return "a half" if abs(scale - 0.5) < 0.005 else f"{100 * scale:.0f} %"


def tensor_of(image: Image) -> Tensor:
    """The picture as the network reads it, (1, C, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(planes(standardised(image))))[None]


class Taken:
    """What every block of a network was given and gave while it looked at x (1, C, H, W); `logits` at its end."""

    def __init__(self, model: Network, x: Tensor) -> None:
        self.model, self.net = model, Architecture(**cast(Any, model.options))
        self.given: dict[str, Tensor] = {}
        self.gave: dict[str, Tensor] = {}
        handles = [module.register_forward_hook(self._note(name)) for name, module in _named(model).items()]
        try:
            with torch.inference_mode():
                self.logits: Tensor = model(x)
        finally:
            for handle in handles:
                handle.remove()

    def _note(self, name: str) -> Any:
        def hook(module: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
            self.given[name], self.gave[name] = given[0], made

        return hook

    def layer(self, block: str, name: str) -> Layer:
        """One layer of a block. Raises ValueError for one that the network does not have."""
        modules = _named(self.model)
        if block not in modules or name not in layers_of(self.net, block):
            raise ValueError(f"{block} {name} is no layer of this network: blocks are {', '.join(modules)}")
        with torch.inference_mode():
            return getattr(self, f"_{name}")(block, modules[block])  # type: ignore[no-any-return]

    def _conv1(self, block: str, module: DoubleConv) -> Layer:
        return self._convolved(module[0], module[1], self.given[block], self._between(block, module))

    def _conv2(self, block: str, module: DoubleConv) -> Layer:
        return self._convolved(module[3], module[4], self._between(block, module), self.gave[block])

    def _between(self, block: str, module: DoubleConv) -> Tensor:
        """What the first convolution of a block gives the second."""
        made: Tensor = module[2](module[1](module[0](self.given[block])))
        return made

    def _convolved(self, conv: Any, norm: nn.Module, x: Tensor, y: Tensor) -> Layer:
        scale, shift = affine(norm, conv(x))
        around = int(conv.padding[0])
        more = {"scale": scale, "shift": shift, "padding": around, "relu": True, "norm": self.net.norm}
        return _layer("conv", x, y, kernel=conv.weight, bias=conv.bias, **more)

    def _pool(self, block: str, module: nn.Module) -> Layer:
        return _layer("pool", self.gave[block], F.max_pool2d(self.gave[block], 2), stride=2)

    def _head(self, block: str, module: nn.Conv2d) -> Layer:
        return _layer("conv", self.given[block], self.gave[block], kernel=module.weight, bias=module.bias)

    def _point(self, block: str, module: nn.Conv2d) -> Layer:
        y = F.conv2d(self.given[block], module.weight, module.bias)
        return _layer("conv", self.given[block], y, kernel=module.weight, bias=module.bias)

    def _up(self, block: str, module: Any) -> Layer:
        number = int(block.partition(".")[2])
        x = self.given.get(block)
        if self.net.upsampling == "unpool":
            lost = crop(self.model, number + 1) // 2  # of the pooled map
            pooled = self.gave[f"encoder.{self.net.depth - 1 - number}"]
            if self.net.kind == "segnet":
                before = f"decoder.{number - 1}" if number else f"encoder.{self.net.depth - 1}"
                x = self.gave[before] if number else F.max_pool2d(self.gave[before], 2)
            else:
                x = F.conv2d(self.given[block], module.weight, module.bias)
            indices = F.max_pool2d(pooled, 2, return_indices=True)[1]
            return _layer("unpool", x, unpooled(x, indices, lost), skip=centre(pooled, 2 * lost), stride=2)
        assert x is not None
        y = self.gave[block]
        if isinstance(module, nn.ConvTranspose2d):
            f = int(module.stride[0])
            return _layer("stamp", x, y, kernel=module.weight, bias=module.bias, stride=f, crop=int(cast(Any, module.padding)[0]))
        if isinstance(module, nn.Sequential):
            return _layer("enlarge", x, y, kernel=module[1].weight, bias=module[1].bias, stride=2, mode=self.net.upsampling)
        return _layer("enlarge", x, y, stride=y.shape[-1] // x.shape[-1], mode=self.net.upsampling)

    def _join(self, block: str, module: nn.Module) -> Layer:
        number = int(block.partition(".")[2])
        lost = crop(self.model, number + 1)
        if self.net.kind in FUSED:
            skip, x = centre(self.gave[f"scores.{number}"], lost), self.gave[block]
            return _layer("add", x, skip + x, skip=skip)
        skip, x = centre(self.gave[f"encoder.{self.net.depth - 1 - number}"], lost), self.gave[f"up.{number}"]
        return _layer("concat" if self.net.skip == "concat" else "add", x, self.given[block], skip=skip)


def _named(model: Network) -> dict[str, nn.Module]:
    """The blocks of a network, named as `describe` names them."""
    parts = dict(model.named_children())
    several = {
        f"{name}.{number}": module
        for name in ("encoder", "decoder", "up", "scores")
        if isinstance(listed := parts.get(name), nn.ModuleList)
        for number, module in enumerate(listed)
    }
    return {**several, **{name: parts[name] for name in ("bottleneck", "head") if name in parts}}


def affine(norm: nn.Module, made: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """What a normalisation does to a convolution's output `made` (1, C, H, W), as a factor and a number to add for each channel.

    Batch normalisation has both from its training. Group normalisation measures the map itself: they are this picture's.
    """
    if isinstance(norm, nn.BatchNorm2d):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        mean, variance = norm.running_mean.double(), norm.running_var.double()
    elif isinstance(norm, nn.GroupNorm):
        groups = made[0].double().reshape(norm.num_groups, -1)
        each = norm.num_channels // norm.num_groups
        mean, variance = (part.repeat_interleave(each) for part in (groups.mean(1), groups.var(1, unbiased=False)))
    else:
        return None, None
    scale = norm.weight.double() / (variance + norm.eps).sqrt()
    return scale, norm.bias.double() - mean * scale


def _layer(op: Op, x: Tensor, y: Tensor, **more: Any) -> Layer:
    arrays = {name: _array(value) if isinstance(value, Tensor) else value for name, value in more.items()}
    return Layer(op, _array(x[0]), _array(y[0]), **{**arrays, **({"skip": arrays["skip"][0]} if "skip" in arrays else {})})


def _array(values: Tensor) -> Map:
    kept: Map = values.detach().numpy() if values.dtype == torch.float64 else np.array(values.detach().numpy(), np.float32)
    return kept


def look(model: Network, config: TrainConfig, picture: Picture, block: str, layer: str) -> Seen:
    """A layer of a network at work on a picture. Raises ValueError for a layer that is not there, and a file that cannot be read."""
    image, done = picture_for(model, picture, config.difficulty, model.channels)
    taken = Taken(model.eval(), tensor_of(image))
    mask = taken.logits[0].argmax(0).to(torch.uint8).numpy()
    return Seen(np.asarray(image, np.float32), mask, border(model), done, taken.layer(block, layer))
