"""Instances as pictures: each in a colour that its neighbours have not, with a light edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seglab.train.metrics import edges

SHADES = ((0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (213, 94, 0), (86, 180, 233), (240, 228, 66))
Ids = NDArray[np.integer]
Bytes = NDArray[np.uint8]


def coloured(ids: Ids, ground: Bytes | None = None) -> Bytes:
    """Ids (H, W) as colours (H, W, 3), 0 black or as in `ground` (H, W, 3), with a white edge where an object meets anything else.

    >>> coloured(np.array([[0, 1, 1, 1]])).tolist()
    [[[0, 0, 0], [255, 255, 255], [0, 114, 178], [0, 114, 178]]]
    """
    paint = np.array(SHADES, np.uint8)[(ids - 1) % len(SHADES)]
    empty = np.zeros_like(paint) if ground is None else ground
    made = np.where((ids > 0)[..., None], paint, empty)
    for number in np.unique(ids[ids > 0]):
        made[edges(ids == number)] = 255
    return np.asarray(made, np.uint8)
