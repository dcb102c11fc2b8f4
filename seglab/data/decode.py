"""Image files to arrays, in a process where a hostile file can do no harm to others."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Files
from PIL import ImageOps, UnidentifiedImageError

from seglab.data.domains import Colour
from seglab.data.scene import Image

MOST_PIXELS = 4_000_000
MOST_VALUES = 32  # that a mask may have: what has more was smoothed
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")  # modes of more than 8 bits


@dataclass(frozen=True, eq=False)
class Drawn:
    """A mask as its file has it: the values that occur, rising; for each pixel which of them it has, (H, W); how many pixels have each;
    and where the file has a palette, the colour of each."""

    values: tuple[int, ...]
    places: NDArray[np.uint8]
    counts: tuple[int, ...]
    colours: tuple[Colour, ...] | None = None


def decode(data: bytes, colour: bool = False) -> Image:
    """A file's pixels in 0 to 1: grey values (H, W), with colour weighted as luminance, or red, green and blue (H, W, 3).

    Raises ValueError with a sentence for what is no image, is damaged, too large, or smaller than 8 pixels a side.
    """
    picture = _open(data)
    if picture.mode in DEEP:
        grey = _stretched(picture)
        return np.repeat(grey[..., None], 3, axis=2) if colour else grey
    return np.asarray(_bytes(picture, colour), np.float32) / np.float32(255)


def decode_bytes(data: bytes, colour: bool | None = None, most: int = MOST_PIXELS) -> NDArray[np.uint8]:
    """A file's pixels in 0 to 255, of `most` pixels at most: (H, W, 3) with `colour`, (H, W) without; where that is left open, (H, W, 3) if
    at least one pixel has a colour. Raises ValueError as `decode` does."""
    picture = _open(data, most)
    if picture.mode in DEEP:
        grey = np.asarray(_stretched(picture) * 255 + 0.5, np.uint8)
        return np.repeat(grey[..., None], 3, axis=2) if colour else grey
    if colour is not None:
        return _bytes(picture, colour)
    values = _bytes(picture, picture.mode not in ("L", "1"))
    return values if values.ndim == 2 or _coloured(values) else np.ascontiguousarray(values[..., 0])


def decode_mask(data: bytes, most: int = MOST_PIXELS) -> Drawn:
    """The values of a mask of `most` pixels at most: palette indices, grey values, or 0 and 255 of a file with one bit a pixel.

    Raises ValueError as `decode` does, and for a mask in colours without a palette, or of more than 32 values.
    """
    picture = _open(data, most)
    values = _mask_values(picture)
    counts = np.bincount(values.ravel())
    found = np.flatnonzero(counts)
    if len(found) > 2 and data.startswith(b"\xff\xd8"):
        raise ValueError("it is a JPEG, which smears the values: save it as PNG")
    if len(found) > MOST_VALUES:
        raise ValueError(f"it has {len(found)} values, as smoothed edges have: save it without anti-aliasing, {MOST_VALUES} at most")
    places = np.zeros(len(counts), np.uint8)
    places[found] = np.arange(len(found))
    deep = found[-1] > 255 and not (found % 257).any()  # 16 bits that say no more than 8
    told = tuple(int(value) // (257 if deep else 1) for value in found)
    return Drawn(told, places[values], tuple(counts[found].tolist()), _palette(picture, told))


def _open(data: bytes, most: int = MOST_PIXELS) -> Files.Image:
    if not data:
        raise ValueError("the file is empty: choose an image file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Files.open(BytesIO(data), formats=FORMATS)
            _refuse_size(*picture.size, most)
            picture.load()
            return ImageOps.exif_transpose(picture)
    except UnidentifiedImageError:
        raise ValueError(f"this is not an image that can be read: {', '.join(FORMATS)} are") from None
    except SizeError:
        raise
    except Exception as error:  # decoders of damaged files raise nearly everything there is
        raise ValueError(f"the image is damaged ({str(error)[:80] or type(error).__name__}): save it again or choose another") from None


class SizeError(ValueError):
    """An image that is too large or too small."""


def _refuse_size(width: int, height: int, most: int) -> None:
    if width * height > most:
        raise SizeError(f"the image has {width * height / 1e6:.1f} megapixels: at most {most / 1e6:.0f} are taken")
    if min(width, height) < 8:
        raise SizeError(f"the image is {width} x {height} pixels: at least 8 a side are needed")


def _stretched(picture: Files.Image) -> Image:
    """Values of more than 8 bits in 0 to 1, the smallest as 0 and the largest as 1; what is no number is 0."""
    values = np.asarray(picture, np.float64)
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    return np.asarray((np.clip(np.nan_to_num(values, nan=low), low, high) - low) / ((high - low) or 1.0), np.float32)


def _bytes(picture: Files.Image, colour: bool) -> NDArray[np.uint8]:
    """Values in 0 to 255, on white where a picture is transparent."""
    if picture.mode in ("RGBA", "LA", "P", "PA"):
        rgba = picture.convert("RGBA")
        picture = Files.alpha_composite(Files.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba)
    return np.asarray(picture.convert("RGB" if colour else "L"))


def _coloured(rgb: NDArray[np.uint8]) -> bool:
    return not (np.array_equal(rgb[..., 0], rgb[..., 1]) and np.array_equal(rgb[..., 1], rgb[..., 2]))


def _mask_values(picture: Files.Image) -> NDArray[np.integer]:
    if picture.mode in ("P", "L"):
        return np.asarray(picture)
    if picture.mode in DEEP:
        values = np.asarray(picture, np.float64)
        if not (np.isfinite(values).all() and (values % 1 == 0).all() and values.min() >= 0 and values.max() <= 65535):
            raise ValueError("it has values that are no whole numbers of 0 to 65535: save it as an index or palette PNG")
        return values.astype(np.int64)
    rgb = np.asarray(picture.convert("RGB"))
    if _coloured(rgb):
        raise ValueError("it is in colours (RGB): save it as an index or palette PNG, in which a pixel's value is the number of its class")
    return np.ascontiguousarray(rgb[..., 0])


def _palette(picture: Files.Image, values: tuple[int, ...]) -> tuple[Colour, ...] | None:
    """The palette's colours of `values`; None where there is no palette, or one that only says that value v is the grey v."""
    if picture.mode != "P":
        return None
    parts = [*(picture.getpalette("RGB") or []), *[0] * 768]
    colours = tuple((parts[3 * value], parts[3 * value + 1], parts[3 * value + 2]) for value in values)
    return None if all(colour == (value,) * 3 for value, colour in zip(values, colours, strict=True)) else colours
