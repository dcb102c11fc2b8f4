"""The generated domains by name: what makes their scenes, their classes with a colour each, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seglab.data import cells, landcover, shapes, vessels, xray
from seglab.data.scene import Scene

# Okabe and Ito's, which can be told apart by (almost) everybody.
BLACK, BLUE, ORANGE, GREEN, PURPLE, VERMILION, YELLOW, GREY = (
    (0, 0, 0), (0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (213, 94, 0), (240, 228, 66), (153, 153, 153),
)  # fmt: skip
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Domain:
    """A kind of generated scene. `make` takes a seed, a size and a difficulty; class 0 is what is not looked for, if there is such."""

    title: str
    what: str  # a sentence
    make: Callable[[int, int, float], Scene]
    classes: tuple[str, ...]
    colours: tuple[Colour, ...]
    channels: int = 3
    inverts: bool = False  # whether bright and dark may change places in training


DOMAINS = {
    "shapes": Domain(
        "Shapes",
        "Pieces of coloured paper, told apart by their form alone.",
        shapes.shapes,
        shapes.CLASSES,
        (BLACK, BLUE, ORANGE, GREEN, PURPLE),
    ),
    "cells": Domain(
        "Cells", "Touching cells, as under a phase-contrast microscope.", cells.cells, cells.CLASSES, (BLACK, VERMILION), 1, inverts=True
    ),
    "landcover": Domain(
        "Land cover",
        "Fields, woods, water and towns, as a satellite sees them.",
        landcover.landcover,
        landcover.CLASSES,
        (YELLOW, GREEN, BLUE, VERMILION, GREY),
    ),
    "xray": Domain(
        "X-ray", "Lungs in a chest X-ray, some with lesions, which are few and faint.", xray.xray, xray.CLASSES, (BLACK, BLUE, ORANGE), 1
    ),
    "vessels": Domain(
        "Vessels",
        "The vessels of a retina; arteries have a bright reflex along them.",
        vessels.vessels,
        vessels.CLASSES,
        (BLACK, BLUE),
    ),
}
