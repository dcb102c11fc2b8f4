"""Masks and probabilities as PNG files."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Files

from seglab.data.domains import Colour
from seglab.data.scene import Image
from seglab.train.metrics import edges

GAP = 8  # pixels between pictures side by side


def png(array: NDArray[np.uint8]) -> bytes:
    """An array (H, W) or (H, W, 3) as a PNG file."""
    buffer = BytesIO()
    Files.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def grey(values: Image) -> NDArray[np.uint8]:
    """Values in 0 to 1 as bytes."""
    return np.asarray(np.clip(values, 0, 1) * 255 + 0.5, np.uint8)


def data_url(file: bytes) -> str:
    """A PNG file as an address that holds it: it comes with the page, so it can be neither late nor gone.

    >>> data_url(b"PNG")
    'data:image/png;base64,UE5H'
    """
    return f"data:image/png;base64,{b64encode(file).decode()}"


def url(array: NDArray[np.uint8]) -> str:
    """An array (H, W) or (H, W, 3) as an address that holds it."""
    return data_url(png(array))


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


def strip(images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8], scale: int = 2, columns: int | None = None) -> bytes:
    """Images (H, W) or (H, W, 3), of one size or several, side by side, `columns` to a line, as one PNG, on a transparent ground.

    >>> images = [np.ones((2, 3, 3), np.uint8), np.ones((4, 1), np.uint8)]
    >>> np.asarray(Files.open(BytesIO(strip(images, scale=1))))[3, :, 3].tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255]
    """
    large = [image.repeat(scale, axis=0).repeat(scale, axis=1) for image in images]
    across = columns or len(large)
    lines = [large[first : first + across] for first in range(0, len(large), across)]
    heights = [max(image.shape[0] for image in line) for line in lines]
    width = max(sum(image.shape[1] + GAP for image in line) - GAP for line in lines)
    ground = np.zeros((sum(height + GAP for height in heights) - GAP, width, 4), np.uint8)
    top = 0
    for line, height in zip(lines, heights, strict=True):
        left = 0
        for image in line:
            here = ground[top : top + image.shape[0], left : left + image.shape[1]]
            here[..., :3] = image if image.ndim == 3 else image[..., None]
            here[..., 3] = 255
            left += image.shape[1] + GAP
        top += height + GAP
    return png(ground)


def mask_file(mask: NDArray[np.uint8], colours: Sequence[Colour]) -> bytes:
    """A mask as a PNG file: of two classes white on black, of more the class numbers, with the colours as its palette."""
    if len(colours) == 2:
        return png(mask * np.uint8(255))
    buffer, picture = BytesIO(), Files.fromarray(mask).convert("P")
    picture.putpalette([part for colour in colours for part in colour])
    picture.save(buffer, "PNG")
    return buffer.getvalue()
