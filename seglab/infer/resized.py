"""Bilinear resizing, a band of rows at a time, as scipy's `zoom` does it with `order=1`, `grid_mode=True` and `mode="nearest"`."""

from __future__ import annotations

import numpy as np

from seglab.data.scene import Image
from seglab.infer.tiles import Picture, Places


def resized(image: Image | Picture, size: tuple[int, int], rows: slice) -> Image:
    """The `rows` of an image (C, H, W), or of a picture's pixels, once it has the size (height, width).

    >>> resized(np.array([[[0, 1.0]]]), (1, 4), slice(0, 1)).tolist()
    [[[0.0, 0.25, 0.75, 1.0]]]
    """
    height, width = image.size if isinstance(image, Picture) else image.shape[1:]
    (up, down, low), (left, right, near) = _between(height, size[0], rows), _between(width, size[1], slice(0, size[1]))
    above, below = (_rows(image, places) for places in (up, down))
    band = above + (below - above) * low[:, None]
    return np.asarray(band[..., left] + (band[..., right] - band[..., left]) * near, np.float32)


def _between(old: int, new: int, part: slice) -> tuple[Places, Places, Image]:
    """For places of the new axis the two old ones that each lies between, and how near it is to the second."""
    at = np.clip((np.arange(part.start, part.stop) + 0.5) * (old / new) - 0.5, 0, old - 1)
    first = np.minimum(at.astype(np.intp), max(0, old - 2))
    return first, np.minimum(first + 1, old - 1), np.asarray(at - first, np.float32)


def _rows(image: Image | Picture, rows: Places) -> Image:
    """Whole rows (C, h, W)."""
    if not isinstance(image, Picture):
        return image[:, rows]
    found = image.plain(rows, np.arange(image.size[1]))
    return found[None] if found.ndim == 2 else np.moveaxis(found, 2, 0)
