"""Painting: a panel and what it shows as marks. The twin of the base of ``paint.js``."""

from __future__ import annotations

from math import floor
from typing import NamedTuple

from seglab.export.layout import Place
from seglab.export.marks import Box, Hatch, Lines, Mark, Pixels, Rect, Run, Shows, Text
from seglab.export.numbers import short
from seglab.export.scene import Mask, Sheet
from seglab.export.theme import Rgb, Theme, Tone, grey_of
from seglab.rows import FloatArray

LEGIBLE = 10  # numbers that would be smaller than this are written with two digits
NUMBERS, LINES = 17, 5  # cells of so many pixels show their numbers, their borders
PICTURE = 2048  # grids of more cells are pictures: borders without numbers would only disturb


class Content(NamedTuple):
    """What a panel shows: values, how far they are reached, the scale of the fills, labels in place of numbers."""

    values: FloatArray
    largest: float
    photo: bool
    reached: Mask | None = None
    canvas: FloatArray | None = None
    touched: FloatArray | None = None
    labels: list[str] | None = None
    unread: Mask | None = None
    fill: float | None = None  # of margins, where not the panel's own
    winners: frozenset[int] = frozenset()  # cells that won a window


def paint_panel(sheet: Sheet, place: Place, colours: Theme, content: Content, slopes: bool = False) -> list[Mark]:
    """A panel's title, cells and frame; where veiled, an empty frame: what is still to come."""
    named, line, veiled = Shows(sheet.spec.grid), place.y - place.strip - 9, sheet.spec.veiled
    title = f"∂L/∂{sheet.spec.symbol}" if slopes and not sheet.spec.plain else sheet.title
    words = (Run(title, colours.muted if veiled else colours.ink, bold=True), Run(f"  {sheet.size}", colours.muted))
    head: list[Mark] = [
        Rect(place.x, line - 9, 9, 9, colours.line if veiled else colours.roles[sheet.spec.role], shows=named),
        Text(place.x + 14, line, 13, words, shows=named),
    ]
    if veiled:
        x, y, right, bottom = place.x, place.y, place.x + place.width, place.y + place.height
        return [
            *head,
            Lines(
                ((x, y, right, y), (x, bottom, right, bottom), (x, y, x, bottom), (right, y, right, bottom)),
                colours.line,
                1.5,
                (3, 5),
                named,
            ),
        ]
    for channel, label in enumerate(sheet.labels if place.strip else ()):  # a lattice has no room for them
        x, y = place.corner(sheet, channel * sheet.rows * sheet.columns)
        head.append(Text(x, y - 4, 12, (Run(label, colours.muted),), shows=named))
    pixels = place.cell < (NUMBERS if sheet.spec.photo or sheet.grid.size > PICTURE else LINES)
    return [*head, *(_pixels if pixels else _cells)(sheet, place, colours, content), *_frame(sheet, place, colours)]


class Cell(NamedTuple):
    value: float
    blank: bool
    margin: bool


def cell_value(sheet: Sheet, content: Content, cell: int) -> Cell:
    """What a canvas cell holds: a real value, a margin's, or nothing yet."""
    real = int(sheet.grid.source[cell])
    if real >= 0 and not sheet.outside(cell):
        return Cell(float(content.values[real]), content.reached is not None and not content.reached[real], False)
    if sheet.margin == "cropped":
        value = 0.0 if content.canvas is None else float(content.canvas[cell])
        return Cell(value, content.touched is None or not content.touched[cell], True)
    return Cell(float(content.values[real]) if real >= 0 else sheet.fill if content.fill is None else content.fill, False, True)


def _tone(colours: Theme, content: Content, value: float | None) -> Tone:
    if content.photo and value is not None:
        return grey_of(value)
    return colours.fill_of(value or 0.0, content.largest)


def _cells(sheet: Sheet, place: Place, colours: Theme, content: Content) -> list[Mark]:
    size, named = place.cell, Shows(sheet.spec.grid)
    plane, wide, high = sheet.rows * sheet.columns, sheet.columns * size, sheet.rows * size
    corners = [place.corner(sheet, channel * plane) for channel in range(sheet.channels)]
    fills: list[Mark] = [Rect(x, y, wide, high, colours.paper, shows=named) for x, y in corners]
    margins: list[tuple[float, float]] = []
    over: list[Mark] = []
    texts: list[Entry] = []
    for cell in range(sheet.grid.size):
        x, y = place.corner(sheet, cell)
        value, blank, margin = cell_value(sheet, content, cell)
        shows = Shows(sheet.spec.grid, sheet.coordinates(cell), None if blank or sheet.spec.plain else value)
        if margin:
            margins.append((x, y))
        if sheet.spec.plain:
            if not margin and content.unread is not None and content.unread[cell]:
                over.append(_cross(x, y, size, colours, shows))
            continue
        tone = _tone(colours, content, None if margin or blank else value)
        plain_cell = margin or blank or (value == 0 and not content.photo)
        if not plain_cell:
            fills.append(Rect(x, y, size, size, tone.fill, shows=shows))
        if blank:
            over.append(Rect(x + size / 2 - 1, y + size / 2 - 1, 2, 2, colours.line, shows=shows))
            continue
        real = int(sheet.grid.source[cell])
        text = value if content.labels is None else content.labels[real] if real >= 0 else ""
        texts.append((text, x, y, colours.muted if margin else colours.ink if value == 0 and not content.photo else tone.ink, shows))
    if margins:
        fills.append(Hatch(tuple(margins), size, colours.faint, colours.line, named))
    side = max(size * 0.2, 4)
    for x, y in (place.corner(sheet, cell) for cell in sorted(content.winners)):
        fills.append(Rect(x + size - side, y, side, side, colours.roles["skip"], shows=named))
    return [*fills, _rules(sheet, place, colours), *over, *_numbers(texts, size)]


Entry = tuple[str | float, float, float, Rgb, Shows]


def _numbers(texts: list[Entry], size: float) -> list[Mark]:
    """One size for all numbers of a grid, and none where the longest does not fit."""
    font, written = _set_in(texts, size, 3)
    if font < LEGIBLE:
        font, written = _set_in(texts, size, 2, 0.75)
    if size < NUMBERS or font < 7:
        return []
    down, found = size / 2 + 0.34 * font, zip(texts, written, strict=True)
    return [
        Text(x + size / 2, y + down, font, (Run(text, ink),), "middle", mono=True, most=size - 3, shows=shows)
        for (_, x, y, ink, shows), text in found
        if text
    ]


def _set_in(texts: list[Entry], size: float, digits: int, narrow: float = 1.0) -> tuple[int, list[str]]:
    """The size of type that leaves the longest number room, if need be narrower than the type is, and the numbers with so many digits."""
    written = [text if isinstance(text, str) else short(text, digits) for text, *_ in texts]
    longest = max([2, *map(len, written)])
    return floor(min(size * 0.42, 26, (size - 3) / (0.61 * narrow * longest))), written


def _rules(sheet: Sheet, place: Place, colours: Theme) -> Lines:
    """The borders of the cells."""
    lines: list[tuple[float, float, float, float]] = []
    for channel in range(sheet.channels):
        left, top = place.corner(sheet, channel * sheet.rows * sheet.columns)
        right, bottom = left + sheet.columns * place.cell, top + sheet.rows * place.cell
        for row in range(sheet.rows + 1):
            y = floor(top + row * place.cell + 0.5) + 0.5
            lines.append((left, y, right, y))
        for column in range(sheet.columns + 1):
            x = floor(left + column * place.cell + 0.5) + 0.5
            lines.append((x, top, x, bottom))
    return Lines(tuple(lines), colours.line, 1, shows=Shows(sheet.spec.grid))


def _cross(x: float, y: float, size: float, colours: Theme, shows: Shows) -> Lines:
    near, far = size * 0.28, size * 0.72
    lines = ((x + near, y + near, x + far, y + far), (x + far, y + near, x + near, y + far))
    return Lines(lines, colours.roles["difference"], max(1.5, size * 0.06), shows=shows)


def _pixels(sheet: Sheet, place: Place, colours: Theme, content: Content) -> list[Mark]:
    """Large grids: one pixel a cell."""
    found: list[Mark] = []
    plane = sheet.rows * sheet.columns
    for channel in range(sheet.channels):
        pixels = bytearray()
        for cell in range(channel * plane, (channel + 1) * plane):
            value, blank, margin = cell_value(sheet, content, cell)
            fill = _tone(colours, content, None if blank or margin or sheet.spec.plain else value).fill
            pixels += bytes(int(part * 0.86 + 0.5) if margin else part for part in fill)
        x, y = place.corner(sheet, channel * plane)
        wide = sheet.columns * place.cell
        found.append(
            Pixels(x, y, wide, sheet.rows * place.cell, sheet.columns, sheet.rows, bytes(pixels), Shows(sheet.spec.grid, (channel, 0, 0)))
        )
    return found


def _frame(sheet: Sheet, place: Place, colours: Theme) -> list[Mark]:
    """The frame in the colour of the panel's part, around its real cells; dashes before what output padding gives back."""
    (top, _), (left, _) = sheet.grid.margins
    height, width = (n * place.cell for n in sheet.grid.shape[1:])
    colour, named = colours.roles[sheet.spec.role], Shows(sheet.spec.grid)
    marks: list[Mark] = []
    for channel in range(sheet.channels):
        x, y = place.corner(sheet, channel * sheet.rows * sheet.columns)
        x, y = x + left * place.cell, y + top * place.cell
        marks.append(Box(x, y, width, height, colour, 2, named))
        down, right = (n * place.cell for n in sheet.extra)
        lines = [(x, y + height - down, x + width, y + height - down)] if down else []
        lines += [(x + width - right, y, x + width - right, y + height)] if right else []
        if lines:
            marks.append(Lines(tuple(lines), colour, 2, (6, 4), named))
    return marks
