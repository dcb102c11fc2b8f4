"""What the tasks of vision would answer to a scene, read off its mask and instances: boxes, objects, and the ids of every pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seglab.data.scene import Labels, Mask, Scene


@dataclass(frozen=True)
class Thing:
    """One object: its id, its class, the smallest box around it (x and y of its upper left pixel, w and h in pixels), and its pixels."""

    id: int
    label: int
    x: int
    y: int
    w: int
    h: int
    pixels: int

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of its box (x, y)."""
        return self.x + self.w / 2, self.y + self.h / 2


def things(scene: Scene) -> tuple[Thing, ...]:
    """The objects of a scene in the order of their ids. Raises ValueError for a scene whose objects are not countable.

    >>> mask = np.array([[0, 2, 2], [0, 0, 2]], np.uint8)
    >>> things(Scene(mask / 2, mask, (mask > 0).astype(np.int32)))
    (Thing(id=1, label=2, x=1, y=0, w=2, h=2, pixels=3),)
    """
    if scene.instances is None:
        raise ValueError("this scene has no instances: its objects are not countable")
    found = []
    for number in range(1, int(scene.instances.max()) + 1):
        rows, columns = np.nonzero(scene.instances == number)
        left, top, right, bottom = (int(edge) for edge in (columns.min(), rows.min(), columns.max(), rows.max()))
        label = int(scene.mask[rows[0], columns[0]])
        found.append(Thing(number, label, left, top, right - left + 1, bottom - top + 1, len(rows)))
    return tuple(found)


def largest(scene: Scene) -> Thing | None:
    """The object with the most pixels, the first of equals; None where there is none. It names the image where one label has to do."""
    return max(things(scene), key=lambda thing: thing.pixels, default=None)


def inner_point(inside: NDArray[np.bool_]) -> tuple[float, float]:
    """The pixel (x, y) of a region that is farthest from its border, where a word has the most room.

    >>> inner_point(np.array([[0, 0, 0, 0], [0, 1, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1], [0, 0, 0, 0]], bool))
    (2.0, 2.0)
    """
    from scipy.ndimage import distance_transform_edt

    far = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(far.argmax()), far.shape)
    return float(column), float(row)


def panoptic(scene: Scene) -> tuple[Mask, Labels]:
    """Class and id of every pixel, (H, W) each: id 0 for stuff, which is not counted. Raises ValueError as `things` does."""
    if scene.instances is None:
        raise ValueError("this scene has no instances: its objects are not countable")
    return scene.mask, scene.instances
