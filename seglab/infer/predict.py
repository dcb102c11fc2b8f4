"""Prediction on images of any size: tiles with mirrored borders and enough overlap that the seams cannot be seen (`tiles.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from seglab.data.scene import Image
from seglab.infer.resized import resized
from seglab.infer.tiles import TILE, Picture, Seams, Span, Tile, cut, sources
from seglab.nets.blocks import Network
from seglab.nets.fitting import at_least, border
from seglab.train.batches import planes, standardised

SHRINKS = (1, 2, 3, 4)
DECIDES = 1024  # pixels a side of the part in the middle that decides on the shrinking


@dataclass(frozen=True, eq=False)
class Prediction:
    """The chance of every class for every pixel (classes, H, W), and by how much the image was shrunk to see it."""

    chances: Image
    shrink: int

    @cached_property
    def mask(self) -> NDArray[np.uint8]:
        """The likeliest class of every pixel (H, W)."""
        return np.asarray(self.chances.argmax(0), np.uint8)

    @property
    def found(self) -> Image:
        """The chance that a pixel is not of the class 0 (H, W); with two classes, the chance of the object."""
        return np.asarray(1 - self.chances[0], np.float32)


def segment(model: Network, image: Image, shrink: int | None = None) -> Prediction:
    """Segment an image (H, W) or (H, W, 3) in 0 to 1, shrunk by `shrink`; without one, by whichever of 1 to 4 the network is surest of."""
    picture = Picture.of(image)
    shrink = shrink or surest(model, picture)
    return Prediction(np.concatenate([chances for _, chances in bands(model, picture, shrink)], axis=1), shrink)


def classify(model: Network, picture: Picture, shrink: int | None = None) -> tuple[NDArray[np.uint8], int]:
    """The likeliest class of every pixel (H, W) of a picture of any size, and by how much it was shrunk, as `segment` says; of the chances
    no more than a band is kept."""
    shrink = shrink or surest(model, picture)
    return np.concatenate([np.asarray(chances.argmax(0), np.uint8) for _, chances in bands(model, picture, shrink)]), shrink


def surest(model: Network, picture: Picture) -> int:
    """By how much a picture is best shrunk, going by the part in its middle: 1 to 4, whichever the network is surest of.

    It has seen objects of one size only, so a picture of larger ones has to be shrunk first.
    """
    first = [max(0, (length - DECIDES) // 2) for length in picture.size]
    middle = Picture.of(picture.pixels[first[0] : first[0] + DECIDES, first[1] : first[1] + DECIDES])
    least = 2 ** (model.depth + 1)
    factors = [factor for factor in SHRINKS if factor == 1 or min(middle.size) // factor >= least]
    return max(factors, key=lambda factor: _certainty(1 - np.concatenate([band[0] for _, band in bands(model, middle, factor)])))


def _certainty(chance: Image) -> float:
    """Surely object minus doubtful, as a share of the image."""
    return float((chance > 0.9).mean() - 2 * ((chance > 0.1) & (chance < 0.9)).mean())


def bands(model: Network, picture: Picture, shrink: int = 1, tile: int = TILE) -> Iterator[tuple[Span, Image]]:
    """The chances of a picture from top to bottom: rows, and what they hold, (classes, rows, W). No more than one band is there at a time.

    Of a picture that is shrunk, the chances of the small one are kept whole.
    """
    height, width = picture.size
    if shrink > 1:
        small = _shrunk(picture, shrink)
        chances = tiled(model, small, tile)
        for top in range(0, height, tile):
            rows = Span(top, min(tile, height - top))
            yield rows, np.clip(resized(chances, (height, width), rows.slice), 0, 1)
        return
    band = np.empty((model.classes, min(tile, height), width), np.float32)
    for part, chances in parts(model, picture, tile):
        band[:, : part.rows.length, part.columns.slice] = chances
        if part.columns.end == width:
            yield part.rows, band[:, : part.rows.length].copy()


def _shrunk(picture: Picture, shrink: int) -> Picture:
    height, width = picture.size
    size = max(1, round(height / shrink)), max(1, round(width / shrink))
    small = [resized(picture, size, slice(top, min(top + TILE, size[0]))) for top in range(0, size[0], TILE)]
    whole = np.concatenate(small, axis=1)
    return Picture.of(whole[0] if len(whole) == 1 else np.moveaxis(whole, 0, 2))


def tiled(model: Network, image: Image | Picture, tile: int = TILE, seams: Seams = "overlap") -> Image:
    """The chances (classes, H, W) of a picture, or of a standardised image (H, W) or (H, W, 3), worked out in tiles of `tile` pixels, a
    multiple of ``2 ** depth``, with the margin that a pixel's field needs.

    With overlap equal to one pass over the mirrored image, at a memory that, but for the result, does not grow with it. Only group
    normalisation, which measures all that it is given, makes of several tiles something else than of one.
    """
    picture = image if isinstance(image, Picture) else Picture(image, 0.0, 1.0)
    result = np.empty((model.classes, *picture.size), np.float32)
    for part, chances in parts(model, picture, tile, seams):
        result[:, part.rows.slice, part.columns.slice] = chances
    return result


def parts(model: Network, picture: Picture, tile: int = TILE, seams: Seams = "overlap") -> Iterator[tuple[Tile, Image]]:
    """Every tile of a picture, row by row, with its chances (classes, h, w)."""
    model.eval()
    lost, (height, width) = border(model), picture.size
    for part in cut((height, width), model, tile, seams):
        rows, columns = sources(part.high, part.rows, height, seams), sources(part.wide, part.columns, width, seams)
        made = _chances(model, picture.window(rows, columns))
        top, left = (span.start - window.start - lost for span, window in ((part.rows, part.high), (part.columns, part.wide)))
        yield part, made[:, top : top + part.rows.length, left : left + part.columns.length]


def _chances(model: Network, window: Image) -> Image:
    with torch.inference_mode():
        logits = model(torch.from_numpy(np.ascontiguousarray(window))[None])
        return np.asarray(torch.softmax(logits, dim=1)[0].numpy(), np.float32)


def probabilities(model: Network, images: Image, device: torch.device, half: bool) -> Image:
    """The chances (B, classes, H, W) of images (B, H, W) or (B, H, W, 3) of one size, in one pass on `device`, in bfloat16 if `half`.

    Around a network that loses a border, and up to a size that it takes, images are mirrored.
    """
    given = np.stack([planes(standardised(image)) for image in images])
    lost, sizes = border(model), given.shape[2:]
    taken = [at_least(size + 2 * lost, model) for size in sizes]
    around = [(lost, whole - size - lost) for whole, size in zip(taken, sizes, strict=True)]
    mirrored = np.pad(given, [(0, 0), (0, 0), *around], mode="symmetric") if lost or taken != list(sizes) else given
    x = torch.from_numpy(mirrored).to(device, memory_format=torch.channels_last)
    model.eval()
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=half):
        logits = model(x).float()[..., : sizes[0], : sizes[1]]
    return np.asarray(torch.softmax(logits, dim=1).cpu().numpy(), np.float32)
