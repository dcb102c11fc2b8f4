"""What a network is asked for: whole regions as the mask has them, their borders, interiors beside borders, or a mask that lies beside."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from seglab.data.colours import class_colours
from seglab.data.domains import BLACK, VERMILION, Colour

Kind = TypeVar("Kind", bound=np.generic)
Classes = tuple[tuple[str, ...], tuple[Colour, ...]]
BORDER_CLASSES, BORDER_COLOURS = ("region", "border"), (BLACK, VERMILION)  # of `borders`, whatever those of the mask
RIM = 2  # pixels of a region that `interiors` calls its border


def borders(mask: NDArray[np.integer], width: int = 1) -> NDArray[np.uint8]:
    """The borders between regions of class numbers (H, W): 1 within `width` steps of a pixel of another class, else 0, (H, W).

    A step goes up, down, left or right, and both sides of a border count, so that a line is 2 `width` pixels wide. The image's edge is no
    border. Raises ValueError for a width below 1.

    >>> borders(np.array([[0, 0, 0, 1, 1, 1]])).tolist()
    [[0, 0, 1, 1, 0, 0]]
    """
    if width < 1:
        raise ValueError(f"width={width} leaves no border: at least 1 pixel a side is needed")
    line = np.zeros(mask.shape, bool)
    for axis in (0, 1):
        along, differ = np.moveaxis(line, axis, 0), np.diff(mask.astype(np.int64), axis=axis) != 0
        met = np.moveaxis(differ, axis, 0)
        along[1:] |= met
        along[:-1] |= met
    return (binary_dilation(line, iterations=width - 1) if width > 1 else line).astype(np.uint8)


def interiors(mask: NDArray[np.integer], classes: int, width: int = RIM) -> NDArray[np.uint8]:
    """The mask (H, W) with a class more, number `classes`: the pixels of objects within `width` steps of another class.

    Interiors keep their class, and so does class 0, which has no border of its own. Objects that touch in the mask then have interiors that
    do not. Raises ValueError as `borders` does.

    >>> interiors(np.array([[0, 1, 1, 1, 0, 1, 1, 1]]), 2, 1).tolist()
    [[0, 2, 1, 2, 0, 2, 1, 1]]
    """
    return np.where((mask > 0) & (borders(mask, width) > 0), classes, mask).astype(np.uint8)


def shifted(mask: NDArray[Kind], pixels: int) -> NDArray[Kind]:
    """The mask (H, W) moved right and down by `pixels` of 0 or more; the values at its left and upper edge are repeated.

    >>> shifted(np.array([[1, 2], [3, 4]]), 1).tolist()
    [[1, 1], [1, 1]]
    >>> shifted(np.array([[0, 1, 2, 3]]), 1).tolist()
    [[0, 0, 1, 2]]
    """
    height, width = mask.shape
    return np.pad(mask, ((pixels, 0), (pixels, 0)), mode="edge")[:height, :width]


def target_classes(known: Classes, target: str) -> Classes:
    """The classes that are asked for, with their colours: those that are known of the data set, region and border, or both together.

    >>> target_classes((("background", "disc", "star"), (BLACK, VERMILION, BLACK)), "borders")[0]
    ('region', 'border')
    >>> target_classes((("background", "cell"), (BLACK, VERMILION)), "interiors")
    (('background', 'cell', 'border'), ((0, 0, 0), (213, 94, 0), (0, 114, 178)))
    """
    if target == "borders":
        return BORDER_CLASSES, BORDER_COLOURS
    classes, colours = known
    if target == "interiors":
        free = next(colour for colour in class_colours(len(colours) + 3) if colour not in colours)
        return (*classes, "border"), (*colours, free)
    return known
