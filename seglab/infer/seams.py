"""The same image in one pass and in tiles, cut in three ways: what differs, and how far from the seams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from seglab.data.decode import decode_bytes
from seglab.data.scene import Image
from seglab.infer.levels import levels
from seglab.infer.pictures import png
from seglab.infer.predict import tiled
from seglab.infer.tiles import SEAMS, Picture
from seglab.infer.used import MOST_PIXELS
from seglab.nets.blocks import Network
from seglab.nets.fitting import margin

MOST_SIDE = 512  # pixels a side of what is compared: one pass needs memory for all of it at once
NEAR = 8  # pixels from a seam
FAINT = 4  # times that a difference is drawn stronger

Distances = NDArray[np.intp]


def seam_distance(size: tuple[int, int], tile: int) -> Distances:
    """How many pixels lie between each pixel and the nearest seam of tiles of `tile` pixels, (H, W); the image's border is none.

    >>> seam_distance((1, 6), 4).tolist()
    [[3, 2, 1, 0, 0, 1]]
    """
    return np.minimum(_along(size[0], tile)[:, None], _along(size[1], tile)[None])


def _along(size: int, tile: int) -> Distances:
    far, places = np.full(size, size + tile), np.arange(size)
    for seam in range(tile, size, tile):
        far = np.minimum(far, np.where(places < seam, seam - 1 - places, places - seam))
    return far


def border_distance(size: tuple[int, int]) -> Distances:
    """How many pixels lie between each pixel and the image's border, (H, W)."""
    down, across = (np.minimum(np.arange(length), np.arange(length)[::-1]) for length in size)
    return np.minimum(down[:, None], across[None])


def middle(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The part in the middle that is compared, `MOST_SIDE` pixels a side at most."""
    first = [max(0, (length - MOST_SIDE) // 2) for length in pixels.shape[:2]]
    return pixels[first[0] : first[0] + MOST_SIDE, first[1] : first[1] + MOST_SIDE]


def compared_file(model: Network, image: Path, tile: int, shows: int) -> tuple[dict[str, Any], dict[str, bytes]]:
    """`compared` on a file. Raises ValueError with a sentence for one that cannot be read."""
    return compared(model, middle(decode_bytes(image.read_bytes(), model.channels == 3, MOST_PIXELS)), tile, shows)


def compared(model: Network, pixels: NDArray[np.uint8], tile: int, shows: int) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What is told of an image (H, W) or (H, W, 3) in tiles of `tile` pixels against one pass over it, and pictures as PNG by name.

    For each way a row of `report`; chance-WAY.png has the chance of class `shows` in steps of 1/200, difference-WAY.png the difference.
    """
    picture = Picture.of(pixels)
    size, whole = picture.size, 2**model.depth * (-(-max(picture.size) // 2**model.depth))
    once = tiled(model, picture, whole)
    far, ground = seam_distance(size, tile), border_distance(size)
    drawn, rows = {"image": png(pixels), "chance-once": png(levels(once[shows]))}, {}
    for way in SEAMS:
        found = tiled(model, picture, tile, way)
        rows[way] = report(once, found, far, ground)
        drawn[f"chance-{way}"] = png(levels(found[shows]))
        drawn[f"difference-{way}"] = png((np.clip(FAINT * np.abs(found - once).max(0), 0, 1) * 255 + 0.5).astype(np.uint8))
    plain = report(once, tiled(model, picture, whole, "zeros"), ground, near=margin(model))
    return {
        "size": list(size),
        "margin": margin(model),
        "group": any(isinstance(part, nn.GroupNorm) for part in model.modules()),
        "ways": rows,
        "plain": plain,
    }, drawn


def report(once: Image, found: Image, far: Distances, ground: Distances | None = None, near: int = NEAR) -> dict[str, Any]:
    """How two results (classes, H, W) differ within `near` pixels of a seam, to which there are `far`, and elsewhere; and the mean by
    distance. Pixels that are nearer to the image's border, `ground` pixels away, speak of that border and are left out.

    The difference of a pixel is that of the class whose chance differs most; `changed` counts pixels of another likeliest class.
    """
    apart, changed = np.abs(found - once).max(0), found.argmax(0) != once.argmax(0)
    ours = np.ones(far.shape, bool) if ground is None else far <= ground
    close = far < near
    last = min(int(far[ours].max(initial=0)), 255)
    by = [_part(apart, changed, ours & (far == distance))["mean"] for distance in range(last + 1)]
    told = {"near": _part(apart, changed, ours & close), "away": _part(apart, changed, ours & ~close), "by_distance": by}
    return {**told, "largest": float(apart.max()), "changed": int(changed.sum())}


def _part(apart: Image, changed: NDArray[np.bool_], here: NDArray[np.bool_]) -> dict[str, Any]:
    if not here.any():
        return {"pixels": 0, "largest": None, "mean": None, "changed": 0}
    there = apart[here]
    return {"pixels": int(here.sum()), "largest": float(there.max()), "mean": float(there.mean()), "changed": int(changed[here].sum())}
