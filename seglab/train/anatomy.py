"""One optimiser step with its numbers: query, loss, gradient, step. It looks on and changes nothing in the training.

seen = Anatomy(model, optimiser, x, y, logits, loss)  # between loss.backward() and optimiser.step()
optimiser.step()
data = seen.after(step, config, names, colours, again=lambda: loss_of(model(x)))
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.data.domains import Colour
from seglab.infer.pictures import grey, painted, url
from seglab.nets.blocks import Network
from seglab.train.config import TrainConfig

Numbers = dict[str, Any]
ADAMW = "AdamW: w − lr (m / (√v + ε) + λ w)"
SGD = "SGD: w − lr b, with b = μ b + g + λ w"


class Anatomy:
    """What is known before a step, of images x (B, C, H, W), class numbers y (B, H, W), and the logits (B, classes, h, w) of the middle.

    Raises ValueError for an optimiser that is neither AdamW nor SGD.
    """

    def __init__(self, model: Network, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor, logits: Tensor, loss: float) -> None:
        if not isinstance(optimiser, (torch.optim.AdamW, torch.optim.SGD)):
            raise ValueError(f"the step of {type(optimiser).__name__} is not explained here: AdamW or SGD")
        self.model, self.optimiser = model, optimiser
        self.x, self.y, self.logits, self.loss = x, y, logits.detach(), loss
        self.weights = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
        self.gradients = {name: norm([p.grad]) if p.grad is not None else 0.0 for name, p in model.named_parameters()}
        self.name, self.index = steepest(model)
        self.gradient = float(self._grad[self.index])
        self.state_before = self._state()

    @property
    def _parameter(self) -> nn.Parameter:
        return self.model.get_parameter(self.name)

    @property
    def _grad(self) -> Tensor:
        grad = self._parameter.grad
        if grad is None:
            raise ValueError(f"{self.name} has no gradient: call backward first")
        return grad

    def _state(self) -> dict[str, float]:
        """What the optimiser remembers of the weight; asking must not make an entry where there is none."""
        state = self.optimiser.state.get(self._parameter, {})
        found = {name: value for name, value in state.items() if isinstance(value, Tensor)}
        return {name: float(value[self.index] if value.dim() else value) for name, value in found.items()}

    def after(
        self, step: int, config: TrainConfig, classes: Sequence[str], colours: Sequence[Colour], again: Callable[[], Tensor]
    ) -> Numbers:
        """The step's anatomy as plain data; `again` works out the loss of the same batch anew, as the step did.

        "query" has pictures of the batch's first image; "pixel" is the one of it that surprises the network most, with its probability of
        the true class p and -ln p; "layers" are from input to output with norms of gradient, change and weights; "weight" is the one of
        the first convolution with the largest gradient, and the numbers that its rule needs (m and v bias-corrected).
        """
        height, width = self.logits.shape[-2:]
        return {
            "step": step,
            "query": self._query(classes, colours),
            "batch": len(self.x),
            "size": [height, width],
            "loss_name": config.loss,
            "class_weights": config.class_weights,
            "loss": self.loss,
            "loss_after": loss_again(self.model, again),
            "pixel": self._pixel(classes),
            "layers": self._layers(),
            "weight": self._weight(),
            "learning_rate": self._group["lr"],
            "optimiser": config.optimiser,
        }

    def _query(self, classes: Sequence[str], colours: Sequence[Colour]) -> dict[str, str]:
        image = middle(self.x[0], self.logits).float().cpu().permute(1, 2, 0).squeeze(2).numpy()
        image = (image - image.min()) / max(float(np.ptp(image)), 1e-6)
        chances = torch.softmax(self.logits[0].float(), 0).cpu().numpy()
        two = len(classes) == 2
        says = grey(chances[1]) if two else painted(chances.argmax(0).astype(np.uint8), colours)
        truth = painted(middle(self.y[0], self.logits).cpu().numpy().astype(np.uint8), colours)
        told = f"probability of {classes[1]}" if two else "likeliest class"
        return {"image": url(grey(image)), "probability": url(says), "truth": url(truth), "says": told}

    def _pixel(self, classes: Sequence[str]) -> Numbers:
        truth = middle(self.y[0], self.logits).cpu()
        losses = F.cross_entropy(self.logits[:1].double().cpu(), truth[None].long(), reduction="none")[0]
        row, column = divmod(int(losses.argmax()), losses.shape[1])
        loss = float(losses[row, column])
        return {"row": row, "column": column, "truth": classes[int(truth[row, column])], "probability": math.exp(-loss), "loss": loss}

    def _layers(self) -> list[Numbers]:
        groups: dict[str, list[str]] = {}
        for name in self.weights:
            groups.setdefault(layer_of(name, self.model.depth), []).append(name)
        now = {name: parameter.detach() for name, parameter in self.model.named_parameters()}
        return [
            {
                "name": layer,
                "parameters": sum(now[name].numel() for name in names),
                "gradient": math.hypot(*(self.gradients[name] for name in names)),
                "update": norm(now[name] - self.weights[name] for name in names),
                "weight": norm(self.weights[name] for name in names),
            }
            for layer, names in groups.items()
        ]

    @property
    def _group(self) -> Numbers:
        return next(group for group in self.optimiser.param_groups if any(p is self._parameter for p in group["params"]))

    def _weight(self) -> Numbers:
        before, after = float(self.weights[self.name][self.index]), float(self._parameter.detach()[self.index])
        named = f"{self.name}[{','.join(map(str, self.index))}]"
        return {"name": named, "before": before, "gradient": self.gradient, "after": after, **self._rule(before)}

    def _rule(self, before: float) -> Numbers:
        group, state = self._group, self._state()
        decay = {"decay": group["weight_decay"]}
        if isinstance(self.optimiser, torch.optim.AdamW):
            first, second = (1 - beta ** state["step"] for beta in group["betas"])
            return {"rule": ADAMW, "m": state["exp_avg"] / first, "v": state["exp_avg_sq"] / second, "eps": group["eps"], **decay}
        buffer = state.get("momentum_buffer", self.gradient + group["weight_decay"] * before)  # without momentum torch keeps none
        kept = self.state_before.get("momentum_buffer", 0.0)
        return {"rule": SGD, "b": buffer, "b_before": kept, "momentum": group["momentum"], **decay}


def steepest(model: nn.Module) -> tuple[str, tuple[int, ...]]:
    """The weight of the first convolution that learns with the largest gradient: the parameter's name, and where in it."""
    learning = ((name, one) for name, one in model.named_modules() if isinstance(one, nn.Conv2d) and one.weight.requires_grad)
    name, first = next(learning)
    grad = first.weight.grad
    if grad is None:
        raise ValueError(f"{name}.weight has no gradient: call backward first")
    return f"{name}.weight", tuple(int(i) for i in np.unravel_index(int(grad.abs().argmax()), grad.shape))


def loss_again(model: nn.Module, again: Callable[[], Tensor]) -> float:
    """A loss worked out without a gradient, and without batch normalisation's running statistics moving."""
    kept = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        with torch.no_grad():
            return float(again().detach())
    finally:
        for buffer, value in kept:
            buffer.copy_(value)


def layer_of(name: str, depth: int) -> str:
    """The layer that a parameter of a U-Net belongs to; those of one size have one number, and an up-convolution is its decoder's.

    >>> [layer_of(name, 3) for name in ("encoder.0.3.weight", "bottleneck.0.weight", "up.0.bias", "decoder.2.0.weight", "head.bias")]
    ['encoder 1', 'bottleneck', 'decoder 3', 'decoder 1', 'head']
    """
    part, rest = name.split(".", 1)
    if part == "encoder":
        return f"encoder {int(rest.split('.')[0]) + 1}"
    return f"decoder {depth - int(rest.split('.')[0])}" if part in ("up", "decoder") else part


def norm(tensors: Iterable[Tensor]) -> float:
    """The Euclidean norm of all numbers of all tensors.

    >>> norm([torch.tensor([3.0]), torch.tensor([[0.0], [4.0]])])
    5.0
    """
    return math.hypot(*(float(torch.linalg.vector_norm(tensor.detach().float())) for tensor in tensors))


def middle(whole: Tensor, like: Tensor) -> Tensor:
    """The middle (..., h, w) of a tensor (..., H, W), as large as `like`: without padding, logits say nothing of the border.

    >>> middle(torch.arange(16).reshape(4, 4), torch.zeros(2, 2)).tolist()
    [[5, 6], [9, 10]]
    """
    height, width = like.shape[-2:]
    top, left = (whole.shape[-2] - height) // 2, (whole.shape[-1] - width) // 2
    return whole[..., top : top + height, left : left + width]
