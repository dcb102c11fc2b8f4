"""Marks: what a drawing is a list of, and what SVG, PNG and GIF are written from.

Every mark of a cell says what it shows: the panel, the cell and its value. A file can therefore be compared with the trace it pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seglab.export.theme import Rgb

LETTER = 0.6  # width of a letter of the fixed font, in its size


class Shows(NamedTuple):
    """What a mark shows: a panel, one of its cells (channel, row, column; below 0 in a margin), and the value there."""

    panel: str
    cell: tuple[int, int, int] | None = None
    value: float | None = None


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    fill: Rgb
    opacity: float = 1.0
    shows: Shows | None = None


@dataclass(frozen=True)
class Box:
    """A rectangle's border, its line half inside and half outside."""

    x: float
    y: float
    width: float
    height: float
    colour: Rgb
    line: float
    shows: Shows | None = None


@dataclass(frozen=True)
class Lines:
    """Straight lines (x0, y0, x1, y1) in one colour, with square ends; with `dash`, strokes of (long, gap) and without."""

    lines: tuple[tuple[float, float, float, float], ...]
    colour: Rgb
    width: float
    dash: tuple[float, float] | None = None
    shows: Shows | None = None


@dataclass(frozen=True)
class Hatch:
    """Slanted lines on a ground, over squares of one size."""

    corners: tuple[tuple[float, float], ...]
    cell: float
    ground: Rgb
    colour: Rgb
    shows: Shows | None = None

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of all squares."""
        xs, ys = [x for x, _ in self.corners], [y for _, y in self.corners]
        return min(xs), min(ys), max(xs) + self.cell, max(ys) + self.cell

    @property
    def strokes(self) -> tuple[tuple[float, float, float, float], ...]:
        """The slanted lines, to be clipped to the squares."""
        left, top, right, bottom = self.bounds
        high = bottom - top
        return tuple((x, bottom, x + high, top) for x in np.arange(left - high, right, 7).tolist())


class Run(NamedTuple):
    """Words of one colour."""

    text: str
    fill: Rgb
    bold: bool = False


@dataclass(frozen=True)
class Text:
    """A line of words from (`x`, baseline `y`), in the fixed font where `mono`; `anchor` is start, middle or end."""

    x: float
    y: float
    size: float
    runs: tuple[Run, ...]
    anchor: str = "start"
    mono: bool = False
    most: float | None = None  # set narrower than the font is where it would be wider
    shows: Shows | None = None

    @property
    def wide(self) -> float | None:
        """The width of words in the fixed font, where it is not left to the font."""
        natural = LETTER * self.size * len(self.words)
        if not self.mono or (self.most is None and self.anchor != "start"):
            return None
        return natural if self.most is None else self.most if natural > self.most else None

    @property
    def words(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True)
class Pixels:
    """A grid of one pixel a cell, drawn without smoothing; `rgb` holds three bytes a pixel."""

    x: float
    y: float
    width: float
    height: float
    columns: int
    rows: int
    rgb: bytes
    shows: Shows | None = None


Mark = Rect | Box | Lines | Hatch | Text | Pixels


@dataclass(frozen=True)
class Look:
    """How a picture looks: light or dark, how wide it may become, and whether the arithmetic is printed below."""

    dark: bool = False
    width: int = 960
    ledger: bool = True


@dataclass(frozen=True, eq=False)
class Drawing:
    """Marks on a paper of `width` x `height`, from back to front, and the arithmetic in words."""

    width: int
    height: int
    paper: Rgb
    marks: tuple[Mark, ...]
    words: str

    def texts(self) -> dict[str, dict[tuple[int, int, int], str]]:
        """What is written in the cells, by panel and cell."""
        found: dict[str, dict[tuple[int, int, int], str]] = {}
        for mark in self.marks:
            if isinstance(mark, Text) and mark.shows and mark.shows.cell:
                found.setdefault(mark.shows.panel, {})[mark.shows.cell] = mark.words
        return found

    def values(self, panel: str) -> dict[tuple[int, int, int], float]:
        """The values that a panel's cells show."""
        shown = [mark.shows for mark in self.marks if mark.shows and mark.shows.panel == panel]
        return {one.cell: one.value for one in shown if one.cell and one.value is not None}
