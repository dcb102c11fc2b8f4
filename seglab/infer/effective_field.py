"""The effective receptive field: how much the output pixel in the middle changes with each pixel of the image.

It is |d logit / d pixel|, added over the classes and the image's channels and averaged over a few images. The theoretical field says where
it may differ from 0; in there it falls off from the middle, since more ways lead from the middle to the output.
Source: Luo, Li, Urtasun and Zemel, NeurIPS 2016, arXiv:1701.04128.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from seglab.data.domains import DOMAINS
from seglab.data.scene import Image
from seglab.data.sets import unseen_scene
from seglab.infer.pictures import grey, png
from seglab.nets.graph import field_of, fitting, unet_maps
from seglab.train.batches import planes, standardised
from seglab.train.config import TrainConfig
from seglab.train.network import begun
from seglab.train.weights import load_model

IMAGES = 8
WORK = 128 * 128 * 16**2 * 8  # pixels by squared width by images that take a few seconds; larger networks see fewer images
MARGIN = 4  # pixels around the field
HELD = 0.9  # share of the gradient that the radius holds


class Place(NamedTuple):
    """Of an image of `size` pixels a side, the output pixel in the middle: its number, its place on the image, its theoretical field, and
    the part of that which comes through the topmost skip."""

    size: int
    pixel: int
    own: int
    field: range
    skip: range = range(0)


def place_for(config: TrainConfig) -> Place:
    """An image that holds the whole field of its middle output pixel, for the network of a configuration. Raises ValueError for a kind of
    network that is neither U-Net nor SegNet.

    >>> len(place_for(TrainConfig(depth=3, kind="segnet")).field)  # it has no bottleneck block
    60
    >>> place_for(TrainConfig(depth=3))
    Place(size=112, pixel=56, own=56, field=range(10, 102), skip=range(52, 61))
    """
    if config.kind not in ("unet", "segnet"):
        raise ValueError(f"it is of the kind {config.kind}, and only a U-Net's or a SegNet's way from image to mask is followed here")
    period, least = 2**config.depth, 2 * 2**config.depth
    while True:
        size = fitting(config.depth, least, config.padding, config.kernel_size, config.kind)
        maps = unet_maps(config.depth, size, config.padding, config.kernel_size, config.upsampling, config.skip, config.kind)
        pixel = maps[-1].size // 2
        field = field_of(maps, len(maps) - 1, pixel)
        if field.start >= MARGIN and field.stop <= size - MARGIN:
            own = pixel + (size - maps[-1].size) // 2
            return Place(size, pixel, own, field, field_of(maps, len(maps) - 1, pixel, "skip 0"))
        least += period


def effective_field(model: nn.Module, images: Sequence[Image], pixel: int) -> NDArray[np.float64]:
    """How much output pixel (`pixel`, `pixel`) changes with each pixel of standardised images (H, W) or (H, W, 3): (H, W), its sum 1.

    The model is used as for prediction. All 0 where nothing changes it.
    """
    model.eval()
    total = np.zeros(images[0].shape[:2])
    for image in images:
        x = torch.from_numpy(np.ascontiguousarray(planes(image)))[None].requires_grad_()
        logits = model(x)[0, :, pixel, pixel]
        for number in range(len(logits)):
            (slope,) = torch.autograd.grad(logits[number], x, retain_graph=number + 1 < len(logits))
            total += slope[0].abs().sum(0).double().numpy()
    whole = total.sum()
    return total / whole if whole else total


class Measured(NamedTuple):
    """Of an effective field: its share inside the middle half of the theoretical one's sides, inside all of that, and inside the part that
    the topmost skip brings; the radius in pixels that holds nine tenths, and the sum of every column."""

    half: float
    inside: float
    skip: float
    radius: float
    profile: list[float]


def measured(heat: NDArray[np.float64], place: Place) -> Measured:
    """The numbers of an effective field.

    >>> heat = np.zeros((9, 9)); heat[4, 4], heat[4, 7] = 0.5, 0.5
    >>> measured(heat, Place(9, 4, 4, range(1, 8)))[:3]
    (0.5, 1.0, 0.0)
    """
    quarter = len(place.field) // 4
    rows, columns = np.indices(heat.shape)
    away = np.hypot(rows - place.own, columns - place.own).ravel()
    order = np.argsort(away, kind="stable")
    held = np.cumsum(heat.ravel()[order])
    at = min(int(np.searchsorted(held, HELD * held[-1] - 1e-12)), len(order) - 1)

    def share(cells: range) -> float:
        return float(heat[cells.start : cells.stop, cells.start : cells.stop].sum())

    middle = place.field[quarter : len(place.field) - quarter]
    profile = [round(float(value), 5) for value in heat.sum(0)]
    return Measured(share(middle), share(place.field), share(place.skip), float(away[order[at]]), profile)


def compared(weights: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The effective field of a trained network and of the network that its training began with: numbers, and pictures as PNG by name.

    Pictures are the square root of the field, black 0 and white its largest value. Raises ValueError as `load_model` does.
    """
    model, config = load_model(weights)
    place = place_for(config)
    count = max(2, min(IMAGES, WORK // (place.size**2 * config.width**2)))
    source = config.data if config.data in DOMAINS else "cells" if model.channels == 1 else "shapes"
    images = [standardised(unseen_scene(source, number, place.size, config.difficulty)[0]) for number in range(count)]
    if images[0].ndim == 3 and model.channels == 1:
        images = [image.mean(2) for image in images]
    start = begun(config, model.channels, model.classes)
    said: dict[str, Any] = {
        "place": [place.size, place.pixel, place.own, place.field.start, place.field.stop],
        "images": count,
        "of": source,
    }
    said |= {"skip": len(place.skip), "norm": config.norm}
    drawn = {}
    for name, net in (("random", start), ("trained", model)):
        heat = effective_field(net, images, place.pixel)
        said[name] = measured(heat, place)._asdict()
        drawn[name] = png(grey(np.sqrt(heat / max(heat.max(), 1e-30)).astype(np.float32)))
    return said, drawn
