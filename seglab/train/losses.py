"""The losses that a training can be asked for, as functions of logits (B, K, H, W), labels (B, H, W) and a weight map (B, H, W) or None."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from seglab.train.config import TrainConfig

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]
GAMMA = 2.0
SMALLEST = 1e-12  # so that a class with neither pixels nor probability divides by no zero


def make_loss(config: TrainConfig, classes: int, class_weights: Tensor | None) -> Loss:
    """The loss of a configuration for `classes` classes. `class_weights` (K,) scale every pixel's term by its class; Dice ignores them.

    The means go over pixels, not over their weights: weights that are 1 on average over the training set then leave a loss's size as it
    is, and a batch of a class with weight 0 has the loss 0. The weighted loss takes class weights from the map, which holds them.

    >>> loss = make_loss(TrainConfig(loss="cross-entropy"), 2, torch.tensor([1.0, 3.0]))
    >>> round(float(loss(torch.zeros(1, 2, 1, 2), torch.tensor([[[0, 1]]]), None)), 4)  # ln 2 (1 + 3) / 2
    1.3863
    """
    entropy = _entropy(class_weights)
    overlap = _overlap(classes)
    return {
        "cross-entropy": entropy,
        "weighted": weighted,
        "dice": overlap,
        "focal": _focal(class_weights),
        "sum": lambda logits, labels, weights: entropy(logits, labels, weights) + overlap(logits, labels, weights),
    }[config.loss]


def weighted(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    """Cross-entropy of every pixel times its weight, and the mean over pixels (arXiv:1505.04597, equation 1, as a mean).

    Raises ValueError without a weight map.

    >>> float(weighted(torch.zeros(1, 2, 1, 1), torch.zeros(1, 1, 1, dtype=torch.long), torch.tensor([[[10.0]]])))  # 10 ln 2
    6.931471824645996
    """
    if weights is None:
        raise ValueError("the weighted loss has no weight map: batches made with loss='weighted' bring one")
    return (F.cross_entropy(logits, labels, reduction="none") * weights).mean()


def soft_dice(logits: Tensor, labels: Tensor, classes: int) -> Tensor:
    """1 - the mean over the classes that occur of 2 Σ p t / (Σ p + Σ t), summed over all pixels of the batch; p is the softmax, t 0 or 1.

    >>> round(float(soft_dice(torch.zeros(1, 2, 1, 2), torch.tensor([[[0, 0]]]), 2)), 4)  # 1 - 2 * 1 / (1 + 2)
    0.3333
    """
    chances = logits.softmax(1)
    truth = (labels[:, None] == torch.arange(classes, device=labels.device).view(1, classes, 1, 1)).to(chances.dtype)
    size = truth.sum((0, 2, 3))
    score = 2 * (chances * truth).sum((0, 2, 3)) / (chances.sum((0, 2, 3)) + size).clamp_min(SMALLEST)
    occurs = (size > 0).to(chances.dtype)
    return 1 - (score * occurs).sum() / occurs.sum()


def focal(logits: Tensor, labels: Tensor, class_weights: Tensor | None = None) -> Tensor:
    """The mean over pixels of -(1 - p)² ln p, where p is the chance of the right class (Lin et al., arXiv:1708.02002, equation 4).

    >>> round(float(focal(torch.zeros(1, 2, 1, 1), torch.zeros(1, 1, 1, dtype=torch.long))), 4)  # ln 2 / 4
    0.1733
    """
    entropy = F.cross_entropy(logits, labels, reduction="none")
    terms = (-torch.expm1(-entropy)) ** GAMMA * entropy
    return (terms if class_weights is None else terms * class_weights[labels]).mean()


def _entropy(class_weights: Tensor | None) -> Loss:
    if class_weights is None:
        return lambda logits, labels, weights: F.cross_entropy(logits, labels)
    return lambda logits, labels, weights: F.cross_entropy(logits, labels, class_weights, reduction="sum") / labels.numel()


def _overlap(classes: int) -> Loss:
    return lambda logits, labels, weights: soft_dice(logits, labels, classes)


def _focal(class_weights: Tensor | None) -> Loss:
    return lambda logits, labels, weights: focal(logits, labels, class_weights)
