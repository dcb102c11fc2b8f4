"""Image files to arrays, in a process where a hostile file can do no harm to others."""

from __future__ import annotations

import warnings
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Files
from PIL import ImageOps, UnidentifiedImageError

from seglab.data.scene import Image

MOST_PIXELS = 4_000_000
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")


def decode(data: bytes, colour: bool = False) -> Image:
    """A file's pixels in 0 to 1: grey values (H, W), with colour weighted as luminance, or red, green and blue (H, W, 3).

    Raises ValueError with a sentence for what is no image, is damaged, too large, or smaller than 8 pixels a side.
    """
    return np.asarray(_values(_open(data), colour), np.float32)


def decode_mask(data: bytes) -> NDArray[np.uint8]:
    """A black-and-white or two-valued mask as 0 and 1, (H, W): the smaller value is the background.

    Raises ValueError as `decode` does, and for a mask with more than two values.
    """
    picture = _open(data)
    values = np.asarray(picture if picture.mode in ("P", "L", "I;16", "1") else picture.convert("L"))
    found = np.unique(values)
    if len(found) > 2:
        raise ValueError(f"its mask has {len(found)} values: two are understood, background and object")
    return (values == found[-1]).astype(np.uint8) if found[-1] else np.zeros(values.shape, np.uint8)


def _open(data: bytes) -> Files.Image:
    if not data:
        raise ValueError("the file is empty: choose an image file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Files.open(BytesIO(data), formats=FORMATS)
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise ValueError(f"the image has {width * height / 1e6:.1f} megapixels: at most {MOST_PIXELS / 1e6:.0f} are taken")
            if min(width, height) < 8:
                raise ValueError(f"the image is {width} x {height} pixels: at least 8 a side are needed")
            picture.load()
            return ImageOps.exif_transpose(picture)
    except UnidentifiedImageError:
        raise ValueError(f"this is not an image that can be read: {', '.join(FORMATS)} are") from None
    except (OSError, SyntaxError, Files.DecompressionBombError, EOFError, IndexError, TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"the image is damaged ({str(error)[:80] or type(error).__name__}): save it again or choose another") from None


def _values(picture: Files.Image, colour: bool) -> NDArray[np.floating]:
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        values = np.asarray(picture, np.float32)
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        grey = np.nan_to_num((values - low) / (high - low) if high > low else np.zeros_like(values))
        return np.repeat(grey[..., None], 3, axis=2) if colour else grey
    if picture.mode in ("RGBA", "LA", "P", "PA"):
        rgba = picture.convert("RGBA")
        picture = Files.alpha_composite(Files.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba)
    return np.asarray(picture.convert("RGB" if colour else "L"), np.float32) / 255
