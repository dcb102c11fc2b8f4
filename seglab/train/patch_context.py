"""Accuracy against patch size: what a pixel's surroundings tell of it, and what they blur."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from seglab.data.cells import cells
from seglab.data.scene import Image, Mask
from seglab.data.sets import VALIDATION_SEED
from seglab.nets.patch_classifier import PatchNet, with_holes
from seglab.nets.patch_layers import POOLED_FROM, PatchClassifier
from seglab.train.patch_answers import chance
from seglab.train.patches import JUDGED, JUDGED_SIZE, REACH, judged, standard, train_patches

STEPS = 600  # half of what a single classifier gets, so that all sizes together take less than a minute


def context_classifier(patch: int) -> PatchClassifier:
    """The classifier of a patch size.

    >>> context_classifier(17).kind, context_classifier(33).kind
    ('valid', 'pool')
    """
    return PatchClassifier(patch, "pool" if patch >= POOLED_FROM else "valid")


def judged_once(model: PatchNet, patch: int, seed: int) -> dict[str, Any]:
    """A row of the chart: patch size, seed and the three accuracies."""
    return {"patch": patch, "seed": seed, **{name: round(value, 4) for name, value in asdict(judged(model)).items()}}


def context_row(patch: int, seed: int) -> dict[str, Any]:
    """Train a classifier of one patch size, and judge it."""
    return judged_once(train_patches(context_classifier(patch), seed, STEPS), patch, seed)


def _shown() -> tuple[Image, Mask]:
    made = cells(VALIDATION_SEED + JUDGED, JUDGED_SIZE + 2 * REACH)
    return made.image, made.mask


def shown_scene() -> tuple[Image, Mask]:
    """The middle of one more held-out scene and its mask, 96 x 96."""
    image, mask = _shown()
    return image[REACH:-REACH, REACH:-REACH], mask[REACH:-REACH, REACH:-REACH]


def answer_map(model: PatchNet) -> Image:
    """The probability of a cell at every pixel of that scene."""
    margin = REACH - model.net.patch // 2
    image = standard(_shown()[0])
    inner = slice(margin, len(image) - margin)
    with torch.inference_mode():
        return np.asarray(chance(with_holes(model)(torch.from_numpy(image[None, None, inner, inner]))[0]))
