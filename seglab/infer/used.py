"""What a network makes of a picture of any size: what is told of it, small pictures to look at, and files of its own size.

Everything is written from top to bottom, a band of tiles at a time. Only the picture's pixels and the mask, a byte each, are kept whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.data.decode import Drawn, decode_bytes, decode_mask
from seglab.data.domains import Colour
from seglab.data.scene import Image, Mask
from seglab.infer.levels import LEVELS, counted, levels
from seglab.infer.pictures import overlay, png
from seglab.infer.predict import bands, surest
from seglab.infer.rowwise import PALETTE, RGB, Npz, Png
from seglab.infer.tiles import TILE, Picture
from seglab.nets.blocks import Network
from seglab.train.metrics import confusion

MOST_PIXELS = 64 * 2**20  # of a picture: 8192 x 8192
SHOWN = 1024  # pixels a side of a picture that is looked at, at most
SURE = 0.95


def every(size: tuple[int, int]) -> int:
    """Every how many pixels of a picture one is shown."""
    return -(-max(size) // SHOWN)


def use(
    model: Network, pixels: NDArray[np.uint8], truth: Mask | None, colours: Sequence[Colour], folder: Path, shrink: int | None = 1
) -> dict[str, Any]:
    """Segment a picture (H, W) or (H, W, 3) of bytes; put pictures and files into `folder`, and return what is told of them.

    Files of its size: classes.png, colours.png, overlay.png, chances.npz (H, W, classes), and of two classes chance.png in 16 bits. Shown
    are, `step` times smaller: image, mask, sure and level-0, … for every class, and truth where it is known.
    """
    picture = Picture.of(pixels)
    shrink = shrink or surest(model, picture)
    told = _Told(model.classes, picture.size, truth)
    with ExitStack() as files:
        size = picture.size
        classes = files.enter_context(Png(folder / "classes.png", size))
        coloured = files.enter_context(Png(folder / "colours.png", size, PALETTE, palette=colours))
        chances = files.enter_context(Npz(folder / "chances.npz", "chances", (*size, model.classes)))
        fine = files.enter_context(Png(folder / "chance.png", size, bits=16)) if model.classes == 2 else None
        for rows, band in bands(model, picture, shrink):
            mask = told.take(rows.slice, band)
            classes.write(mask)
            coloured.write(mask)
            chances.write(np.moveaxis(band, 0, 2))
            if fine:
                fine.write((band[1] * 65535 + 0.5).astype(np.uint16))
    _write_overlay(folder / "overlay.png", picture, told.mask, colours)
    step = every(size)
    shown = {"image": pixels, "mask": told.mask, **({} if truth is None else {"truth": truth})}
    small = {name: array[::step, ::step] for name, array in shown.items()} | told.small()
    for name, array in small.items():
        (folder / f"{name}.png").write_bytes(png(np.ascontiguousarray(array)))
    return {**told.summary(), "shrink": shrink, "step": step}


def _write_overlay(path: Path, picture: Picture, mask: Mask, colours: Sequence[Colour]) -> None:
    """The picture with its classes tinted, band by band; a row more on either side, so that edges are seen across bands."""
    height, width = picture.size
    with Png(path, picture.size, RGB) as file:
        for top in range(0, height, TILE):
            first, last = max(0, top - 1), min(height, top + TILE + 1)
            band = overlay(picture.plain(np.arange(first, last), np.arange(width)), mask[first:last], colours)
            file.write(band[top - first : top - first + min(TILE, height - top)])


class _Told:
    """What is counted and kept of the chances while they come, band by band."""

    def __init__(self, classes: int, size: tuple[int, int], truth: Mask | None) -> None:
        self.classes, self.size, self.truth, self.step = classes, size, truth, every(size)
        self.mask = np.empty(size, np.uint8)
        self.all, self.true = (np.zeros((classes, LEVELS + 1), np.int64) for _ in range(2))
        self.sure, self.sum = np.zeros(LEVELS + 1, np.int64), 0.0
        self.met = np.zeros((classes, classes), np.int64)
        self._small: dict[str, list[NDArray[np.uint8]]] = {name: [] for name in ("sure", *(f"level-{number}" for number in range(classes)))}

    def take(self, rows: slice, band: Image) -> Mask:
        """Count the chances (classes, h, W) of `rows`; returns their mask."""
        mask: Mask = band.argmax(0).astype(np.uint8)
        self.mask[rows] = mask
        most = band.max(0)
        truth = None if self.truth is None else self.truth[rows]
        self.sum += float(most.sum(dtype=np.float64))
        self.sure += counted(self._keep("sure", rows, levels(most)))
        for number in range(self.classes):
            found = self._keep(f"level-{number}", rows, levels(band[number]))
            self.all[number] += counted(found)
            if truth is not None:
                self.true[number] += counted(found[truth == number])
        if truth is not None:
            self.met += confusion(mask, truth, self.classes)
        return mask

    def _keep(self, name: str, rows: slice, found: NDArray[np.uint8]) -> NDArray[np.uint8]:
        self._small[name].append(found[-rows.start % self.step :: self.step, :: self.step].copy())
        return found

    def small(self) -> dict[str, NDArray[np.uint8]]:
        """Levels as they are shown, by name."""
        return {name: np.concatenate(found) for name, found in self._small.items()}

    def summary(self) -> dict[str, Any]:
        pixels = self.mask.size
        return {
            "size": list(self.size),
            "shares": (np.bincount(self.mask.ravel(), minlength=self.classes) / pixels).tolist(),
            "mean_sure": self.sum / pixels,
            "surer": float(self.sure[round(SURE * LEVELS) :].sum() / pixels),
            "sure": self.sure.tolist(),
            "levels": self.all.tolist(),
            "true_levels": self.true.tolist() if self.truth is not None else None,
            "confusion": self.met.tolist() if self.truth is not None else None,
        }


def class_mask(drawn: Drawn, classes: int) -> Mask:
    """The class numbers (H, W) of a person's mask for a network of so many classes.

    Values below that are the numbers; of two values, as many as there are classes, the lower is 0; otherwise as many values as classes
    count in rising order. Raises ValueError for others.

    >>> class_mask(Drawn((0, 255), np.array([[0, 1]], np.uint8), (1, 1)), 2).tolist()
    [[0, 1]]
    """
    values = drawn.values
    if max(values) < classes:
        labels = values
    elif len(values) == classes:
        labels = tuple(range(classes))
    elif classes == 2 and len(values) == 1:
        labels = (1,)  # white alone
    else:
        few = ", ".join(map(str, values[:6])) + (", …" if len(values) > 6 else "")
        raise ValueError(
            f"the mask has the values {few}: the {classes} classes of this network are 0 to {classes - 1}, or {classes} values as they rise"
        )
    return np.asarray(np.array(labels, np.uint8)[drawn.places])


def used_file(
    model: Network, image: Path, mask: Path | None, colours: Sequence[Colour], folder: Path, shrink: int | None
) -> dict[str, Any]:
    """`use` on files. Raises ValueError with a sentence for those that cannot be read, and for a mask that does not fit its image."""
    pixels = decode_bytes(image.read_bytes(), model.channels == 3, MOST_PIXELS)
    truth = None
    if mask is not None:
        try:
            drawn = decode_mask(mask.read_bytes(), MOST_PIXELS)
        except ValueError as error:
            raise ValueError(f"the mask cannot be used: {error}") from None
        truth = class_mask(drawn, model.classes)
        if truth.shape != pixels.shape[:2]:
            (height, width), (high, wide) = truth.shape, pixels.shape[:2]
            raise ValueError(f"the mask is {width} x {height} pixels: the image has {wide} x {high}")
    return use(model, pixels, truth, colours, folder, shrink)
