"""A classifier of patches, trained in seconds on generated cells, and how often it is right: near borders, inside, and in all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter
from torch.nn import functional as F

from seglab.data.cells import cells
from seglab.data.scene import Image, Mask
from seglab.data.sets import VALIDATION_SEED
from seglab.nets.patch_classifier import PatchNet, with_holes
from seglab.nets.patch_layers import PatchClassifier

SCENES, SIZE, STEPS, BATCH = 48, 160, 1200, 96
LEARNING_RATE = 4e-3
JUDGED, JUDGED_SIZE, REACH = 6, 96, 32  # held-out scenes; the pixels of each that are judged; what the largest patch needs around them
NEAR = 2  # pixels: what counts as near a border


class Places(NamedTuple):
    """Middles of patches: the scene of each, its row and its column."""

    scene: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]


@dataclass(frozen=True)
class Accuracy:
    """The mean of both classes' shares of right answers, over all pixels, those near a border between classes, and the others."""

    all: float
    near: float
    inside: float


@cache
def _scenes() -> tuple[Image, Mask]:
    made = [cells(number, SIZE) for number in range(SCENES)]
    return standard(np.stack([scene.image for scene in made])), np.stack([scene.mask for scene in made])


def standard(images: Image) -> Image:
    """Grey values as the classifier gets them: a pixel alone has nothing to compare itself with, so the same for every image."""
    return np.asarray((images - 0.5) * 4, np.float32)


def balanced(masks: Mask, count: int, rng: np.random.Generator, reach: int) -> Places:
    """`count` middles at random, as many of each class of masks (N, H, W), none nearer than `reach` to an image's border.

    >>> masks = np.zeros((2, 9, 9), np.uint8)
    >>> masks[1, 4, 4] = 1
    >>> chosen = balanced(masks, 4, np.random.default_rng(0), 2)
    >>> masks[chosen].tolist()
    [0, 0, 1, 1]
    """
    inner = masks[:, reach : masks.shape[1] - reach, reach : masks.shape[2] - reach]
    found = []
    for number in (0, 1):
        here = np.flatnonzero(inner == number)
        found.append(here[rng.integers(len(here), size=count // 2)])
    scene, row, column = np.unravel_index(np.concatenate(found), inner.shape)
    return Places(scene, row + reach, column + reach)


def cut(images: Image, at: Places, patch: int) -> NDArray[np.float32]:
    """The patches (N, 1, P, P) around places of images (N, H, W)."""
    steps = np.arange(patch) - patch // 2
    rows, columns = at.row[:, None, None] + steps[:, None], at.column[:, None, None] + steps
    return np.asarray(images[at.scene[:, None, None], rows, columns][:, None], np.float32)


def train_patches(net: PatchClassifier, seed: int, steps: int = STEPS) -> PatchNet:
    """A classifier trained on balanced patches around random pixels; the same seed gives the same weights on the same machine."""
    images, masks = _scenes()
    rng = np.random.default_rng([seed, net.patch])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = PatchNet(net)
    optimiser = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    for _ in range(steps):
        at = balanced(masks, BATCH, rng, net.patch // 2)
        loss = F.cross_entropy(model(torch.from_numpy(cut(images, at, net.patch))), torch.from_numpy(masks[at].astype(np.int64)))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return model.eval()


@cache
def _held_out() -> tuple[Image, Mask]:
    made = [cells(VALIDATION_SEED + number, JUDGED_SIZE + 2 * REACH) for number in range(JUDGED)]
    return standard(np.stack([scene.image for scene in made])), np.stack([scene.mask for scene in made])


def judged(model: PatchNet) -> Accuracy:
    """How often a classifier without padding is right about every pixel of the held-out scenes. Raises ValueError for one with padding."""
    net = model.net
    if net.kind == "same" or net.patch > 2 * REACH + 1:
        raise ValueError(f"kind={net.kind!r}, patch={net.patch}: judged without padding and up to {2 * REACH + 1} pixels")
    images, masks = _held_out()
    margin = REACH - net.patch // 2
    inner = slice(margin, images.shape[1] - margin)
    with torch.inference_mode():
        said = [with_holes(model)(torch.from_numpy(image[None, None, inner, inner])).argmax(1)[0].numpy() for image in images]
    return accuracy(np.stack(said), masks[:, REACH:-REACH, REACH:-REACH], near_border(masks)[:, REACH:-REACH, REACH:-REACH])


def near_border(masks: Mask) -> NDArray[np.bool_]:
    """Pixels of masks (N, H, W) with a pixel of the other class at most `NEAR` rows and columns away.

    >>> near_border(np.array([[[0, 0, 0, 0, 1, 1]]], np.uint8)).tolist()
    [[[False, False, True, True, True, True]]]
    """
    window = (1, 2 * NEAR + 1, 2 * NEAR + 1)
    return np.asarray(maximum_filter(masks, window, mode="nearest") != minimum_filter(masks, window, mode="nearest"))


def accuracy(said: NDArray[np.int64], masks: Mask, near: NDArray[np.bool_]) -> Accuracy:
    """How often answers (N, H, W) are right: in all, `near` borders, and elsewhere.

    >>> masks, near = np.array([0, 0, 0, 1, 1]), np.array([False, False, True, True, False])
    >>> accuracy(np.array([0, 0, 1, 1, 1]), masks, near)
    Accuracy(all=0.8333333333333333, near=0.5, inside=1.0)
    """

    def share(where: NDArray[np.bool_]) -> float:
        right = [float((said[where & (masks == number)] == number).mean()) for number in (0, 1)]
        return sum(right) / 2

    return Accuracy(share(np.ones(masks.shape, bool)), share(near), share(~near))
