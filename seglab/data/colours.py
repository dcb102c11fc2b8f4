"""Colours for up to 32 classes: first those that can be told apart by (almost) everybody, then whatever is farthest from all before."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from seglab.data.domains import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, YELLOW, Colour

FIRST = (BLACK, VERMILION, BLUE, ORANGE, GREEN, PURPLE, YELLOW, GREY)
LEVELS = (0, 64, 128, 192, 255)  # of red, green and blue in what may follow


@cache
def class_colours(count: int) -> tuple[Colour, ...]:
    """`count` colours, always the same ones, of which fewer are a beginning.

    >>> class_colours(2)
    ((0, 0, 0), (213, 94, 0))
    >>> len(set(class_colours(32))), class_colours(32)[:2] == class_colours(2)
    (32, True)
    """
    chosen = list(FIRST)
    rest = [colour for colour in product(LEVELS, LEVELS, LEVELS) if colour not in chosen and min(colour) < 255]
    while len(chosen) < count:
        apart = np.linalg.norm(_seen(rest)[:, None] - _seen(chosen), axis=2).min(1)
        chosen.append(rest.pop(int(apart.argmax())))
    return tuple(chosen[:count])


def completed(known: dict[int, Colour], count: int) -> tuple[Colour, ...]:
    """The `known` colours of some of `count` classes, and for the others such as are not among them.

    >>> completed({0: (0, 0, 0), 1: (0, 0, 255)}, 3)
    ((0, 0, 0), (0, 0, 255), (213, 94, 0))
    """
    free = iter(colour for colour in class_colours(count + len(known)) if colour not in known.values())
    return tuple(known[number] if number in known else next(free) for number in range(count))


def _seen(colours: list[Colour]) -> NDArray[np.float64]:
    """Colours as lightness and two differences (N, 3), where distances are about as large as they look: OKLab (Ottosson, 2020)."""
    part = np.array(colours, float) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    cones = linear @ np.array([[0.4122, 0.2119, 0.0883], [0.5363, 0.6807, 0.2817], [0.0514, 0.1074, 0.6300]])
    mixed = np.array([[0.2105, 1.9780, 0.0259], [0.7936, -2.4286, 0.7828], [-0.0041, 0.4506, -0.8087]])
    return np.asarray(np.cbrt(cones) @ mixed)
