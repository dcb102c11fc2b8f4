"""What may happen to an image without its content changing: it is moved, or cut into patches that change places."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Picture = TypeVar("Picture", bound=NDArray[Any])
SIDE, DIFFICULTY = 96, 0.25  # of the scenes that are moved
STEP, REACH = 4, 24  # pixels
SHIFTS = tuple(range(-REACH, REACH + 1, STEP))  # along each axis
GRIDS = (2, 3, 4, 8)  # patches a side; of 3 x 3 the one in the middle holds most of an object there
SHUFFLES = 6  # ways for each grid


def shifted(picture: Picture, down: int, right: int, around: bool) -> Picture:
    """A picture (H, W, ...) moved by so many pixels. What leaves it comes back on the other side, if `around`, else its border is repeated.

    >>> shifted(np.array([[1, 2, 3]]), 0, 1, around=True).tolist(), shifted(np.array([[1, 2, 3]]), 0, 1, around=False).tolist()
    ([[3, 1, 2]], [[1, 1, 2]])
    """
    height, width = picture.shape[:2]
    mode: Literal["wrap", "clip"] = "wrap" if around else "clip"
    rows = np.arange(height).take(np.arange(height) - down, mode=mode)
    columns = np.arange(width).take(np.arange(width) - right, mode=mode)
    return cast(Picture, picture[rows[:, None], columns[None]])


def order(grid: int, number: int) -> NDArray[np.int64]:
    """Which patch comes to each of grid x grid places, counted along the rows; none stays where it is. `number` chooses one such way.

    >>> order(2, 0).tolist()
    [3, 2, 0, 1]
    """
    rng = np.random.default_rng([grid, number])
    while True:
        drawn = rng.permutation(grid * grid)
        if (drawn != np.arange(grid * grid)).all():
            return drawn


def shuffled(picture: Picture, grid: int, places: NDArray[np.int64]) -> Picture:
    """A picture (H, W, ...) cut into grid x grid patches, with patch ``places[i]`` at place i.

    Raises ValueError where the patches do not come out even.

    >>> shuffled(np.arange(4).reshape(2, 2), 2, order(2, 0)).tolist()
    [[3, 2], [0, 1]]
    """
    (height, width), rest = picture.shape[:2], picture.shape[2:]
    if height % grid or width % grid:
        raise ValueError(f"grid={grid} does not divide {height} x {width} pixels")
    tall, wide = height // grid, width // grid
    patches = picture.reshape(grid, tall, grid, wide, *rest).swapaxes(1, 2).reshape(grid * grid, tall, wide, *rest)[places]
    return cast(Picture, patches.reshape(grid, grid, tall, wide, *rest).swapaxes(1, 2).reshape(picture.shape))
