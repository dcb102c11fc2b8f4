"""What a segmenter and two classifiers make of an image that is moved, or cut into patches that change places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from seglab.data.moves import GRIDS, SHIFTS, SHUFFLES, order, shifted, shuffled
from seglab.data.scene import Image, Mask, Scene
from seglab.nets.blocks import Network
from seglab.nets.scene_classifier import ENDS, SceneClassifier
from seglab.train.classifiers import load_classifier, read
from seglab.train.weights import load_model

CHUNK = 8  # images at once


class Networks(NamedTuple):
    """The networks that the page ships: a U-Net for scenes of shapes, and classifiers by their ends."""

    segmenter: Network
    classifiers: dict[str, SceneClassifier]


def load_networks(folder: Path) -> Networks:
    """The networks of a folder of weights. Raises ValueError where one is missing or damaged."""
    classifiers = {end: load_classifier(folder / f"classifier-{end}.safetensors") for end in ENDS}
    return Networks(load_model(folder / "shapes.safetensors")[0], classifiers)


class Seen(NamedTuple):
    """Of images: masks (N, H, W), and by the classifiers' ends the chances of the classes (N, 4)."""

    masks: Mask
    chances: dict[str, NDArray[np.float32]]


@torch.inference_mode()
def look(networks: Networks, images: Image) -> Seen:
    """What the networks make of images (N, H, W, 3) in 0 to 1."""
    x = read(images)
    masks = [networks.segmenter(part).argmax(1).to(torch.uint8).numpy() for part in torch.split(x, CHUNK)]
    chances = {end: torch.softmax(model(x), 1).numpy() for end, model in networks.classifiers.items()}
    return Seen(np.concatenate(masks), chances)


def moved_ways(picture: NDArray[Any], around: bool) -> Sequence[NDArray[Any]]:
    """A picture (H, W, ...) in all the ways that the page shows: first every shift, row by row, then for each grid every shuffle."""
    shifts = [shifted(picture, down, right, around) for down in SHIFTS for right in SHIFTS]
    return shifts + [shuffled(picture, grid, order(grid, number)) for grid in GRIDS for number in range(SHUFFLES)]


def consistency(found: Mask, expected: Mask) -> tuple[float, float]:
    """The share of equal pixels of two masks, and the same of those pixels that either of them calls an object; 1 where there is none.

    >>> consistency(np.array([0, 1, 1, 1], np.uint8), np.array([0, 0, 1, 2], np.uint8))
    (0.5, 0.3333333333333333)
    """
    same, there = found == expected, (found > 0) | (expected > 0)
    return float(same.mean()), float(same[there].mean()) if there.any() else 1.0


def moved_answers(networks: Networks, scene: Scene, around: bool) -> tuple[Mask, dict[str, list[list[float]]]]:
    """The masks of a scene of one shape moved in all ways (N, 96, 96), and numbers for each way, in their order.

    ``pooled`` and ``flat`` are the chances that the classifiers give the four classes; ``alike`` is the `consistency` of the mask with
    the one of the scene as it was, moved in the same way.
    """
    seen = look(networks, np.stack(moved_ways(scene.image, around)))
    first = moved_ways(seen.masks[len(SHIFTS) ** 2 // 2], around)
    told = {end: chances.round(4).tolist() for end, chances in seen.chances.items()}
    told["alike"] = [list(consistency(found, mask)) for found, mask in zip(seen.masks, first, strict=True)]
    return seen.masks, told
