"""Masks and probabilities as PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Files

from seglab.data.domains import Colour
from seglab.data.scene import Image
from seglab.train.metrics import edges

if TYPE_CHECKING:
    from seglab.infer.predict import Prediction


def png(array: NDArray[np.uint8]) -> bytes:
    """An array (H, W) or (H, W, 3) as a PNG file."""
    buffer = BytesIO()
    Files.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def grey(values: Image) -> NDArray[np.uint8]:
    """Values in 0 to 1 as bytes."""
    return np.asarray(np.clip(values, 0, 1) * 255 + 0.5, np.uint8)


def overlay(image: Image, mask: NDArray[np.uint8], colours: Sequence[Colour]) -> NDArray[np.uint8]:
    """The image with the area of each class tinted and its edge drawn in the class's colour, (H, W, 3); black leaves it as it is."""
    rgb = (np.repeat(grey(image)[..., None], 3, axis=2) if image.ndim == 2 else grey(image)).astype(np.float32)
    for number, colour in enumerate(colours):
        here, ink = mask == number, np.array(colour, np.float32)
        if any(colour):
            rgb[here] = 0.72 * rgb[here] + 0.28 * ink
            rgb[edges(here)] = ink
    return rgb.astype(np.uint8)


def painted(mask: NDArray[np.uint8], colours: Sequence[Colour]) -> NDArray[np.uint8]:
    """Class numbers as colours, (..., 3); of two classes, white on black."""
    return np.array(shown_colours(colours), np.uint8)[mask]


def shown_colours(colours: Sequence[Colour]) -> Sequence[Colour]:
    """What masks are painted with: black and white where there are two classes, else the classes' own colours.

    >>> shown_colours(((0, 0, 0), (213, 94, 0)))
    ((0, 0, 0), (255, 255, 255))
    """
    return ((0, 0, 0), (255, 255, 255)) if len(colours) == 2 else colours


def strip(images: NDArray[np.uint8], scale: int = 2, gap: int = 8, columns: int | None = None) -> bytes:
    """Images (N, H, W) or (N, H, W, 3) side by side, `columns` to a line, as one PNG, on a transparent gap."""
    rgb = images if images.ndim == 4 else np.repeat(images[..., None], 3, axis=3)
    count, height, width, _ = rgb.shape
    across = min(count, columns or count)
    down = -(-count // across)
    high, wide = height * scale, width * scale
    rgba = np.zeros((down * (high + gap) - gap, across * (wide + gap) - gap, 4), np.uint8)
    for i, image in enumerate(rgb):
        top, left = i // across * (high + gap), i % across * (wide + gap)
        rgba[top : top + high, left : left + wide, :3] = image.repeat(scale, axis=0).repeat(scale, axis=1)
        rgba[top : top + high, left : left + wide, 3] = 255
    return png(rgba)


def pictures(image: Image, prediction: Prediction, colours: Sequence[Colour]) -> dict[str, bytes]:
    """The image, its mask, probability and overlay as PNG files by name.

    The probability is that of the object where there are two classes, else that of the class that is shown.
    """
    mask, two = prediction.mask, len(colours) == 2
    return {
        "image": png(grey(image)),
        "mask": mask_file(mask, colours),
        "probability": png(grey(prediction.found if two else prediction.chances.max(0))),
        "overlay": png(overlay(image, mask, colours)),
    }


def mask_file(mask: NDArray[np.uint8], colours: Sequence[Colour]) -> bytes:
    """A mask as a PNG file: of two classes white on black, of more the class numbers, with the colours as its palette."""
    if len(colours) == 2:
        return png(mask * np.uint8(255))
    buffer, picture = BytesIO(), Files.fromarray(mask).convert("P")
    picture.putpalette([part for colour in colours for part in colour])
    picture.save(buffer, "PNG")
    return buffer.getvalue()
