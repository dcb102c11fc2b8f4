"""Layout: where each panel stands. The largest cell that fits wins, over all ways to break the panels into rows. Twin of ``layout.js``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor

from seglab.export.scene import Sheet

TITLE = 26  # height of a panel's title
GAP, LINE_GAP, CHANNEL_GAP = 36, 14, 0.6  # between panels, between lines, between channels (in cells)
LATTICE_GAP, SMALLEST = 34, 15  # between the lines of a lattice, where arrows run; the smallest cells it is drawn with
READABLE = 26  # small grids keep cells of this size where there is room
LARGEST = 68  # no cell is larger


@dataclass(frozen=True)
class Place:
    """A panel's corner, its cells' size and its own, in pixels."""

    x: float
    y: float
    cell: float
    width: float
    height: float
    room: float  # its width, or that of its title

    def moved(self, x: float, y: float) -> Place:
        return replace(self, x=self.x + x, y=self.y + y)

    def corner(self, sheet: Sheet, cell: int) -> tuple[float, float]:
        """Upper left corner of a canvas cell."""
        channel, at = divmod(cell, sheet.rows * sheet.columns)
        row, column = divmod(at, sheet.columns)
        return self.x + (column + channel * (sheet.columns + CHANNEL_GAP)) * self.cell, self.y + row * self.cell


Lines = list[list[Sheet]]


class Places(dict[int, Place]):
    """Places by panel index; `joined` where arrows follow the panels' links."""

    joined = False


def arrange(sheets: list[Sheet], width: float, height: float) -> Places:
    """Places on a board of `width` x `height`; hidden panels have none."""
    shown = [sheet for sheet in sheets if not sheet.hidden]
    if all(sheet.spec.at for sheet in shown):
        return _lattice(shown, width, height) or _flow(shown, width, height)
    kernel = next((sheet for sheet in shown if sheet.spec.role == "kernel"), None)
    best: tuple[float, Lines, float] | None = None
    for breaks in range(1 << (len(shown) - 1)):
        lines = [[shown[0]]]
        for i, sheet in enumerate(shown[1:]):
            if breaks & (1 << i):
                lines.append([sheet])
            else:
                lines[-1].append(sheet)
        cell = _fit(lines, width, height)
        parted = any(line[0] is kernel for line in lines[1:])
        # The first kernel stays beside what it is applied to; where it makes no difference, few lines and a full first one.
        worth = cell * (0.8 if parted else 1) - 0.5 * len(lines) + 0.6 * len(lines[0]) / len(shown)
        if best is None or worth > best[0] + 0.05:
            best = worth, lines, cell
    assert best is not None
    return _placed(best[1], best[2], width, height)


def _lattice(sheets: list[Sheet], width: float, height: float) -> Places | None:
    """Panels where their lesson puts them, joined by arrows; None where the cells would be too small for that."""
    lines: dict[int, list[tuple[Sheet, float]]] = {}
    for sheet in sheets:
        line, left = sheet.spec.at or (0, 0.0)
        lines.setdefault(line, []).append((sheet, left))
    tallest = {line: max(sheet.rows for sheet, _ in lines[line]) for line in sorted(lines)}
    wide = max(left + _columns(sheet) for line in lines.values() for sheet, left in line)
    room = height - len(lines) * TITLE - (len(lines) - 1) * LATTICE_GAP
    cell = floor(min(width / wide, room / sum(tallest.values()), LARGEST))
    if cell < SMALLEST:
        return None
    places, start, y = Places(), (width - wide * cell) / 2, (room - sum(tallest.values()) * cell) / 2
    places.joined = True
    for line, rows in tallest.items():
        y += TITLE
        for sheet, left in lines[line]:
            x, top, across = floor(start + left * cell + 0.5), floor(y + (rows - sheet.rows) * cell / 2 + 0.5), _columns(sheet) * cell
            places[sheet.index] = Place(x, top, cell, across, sheet.rows * cell, across)
        y += rows * cell + LATTICE_GAP
    return places


def _flow(sheets: list[Sheet], width: float, height: float) -> Places:
    """Many panels line by line, as words are set, with the largest cell that leaves them room."""
    cell = LARGEST
    while cell > 4 and not _fits(_broken(sheets, cell, width), cell, width, height):
        cell -= 1
    return _placed(_broken(sheets, cell, width), cell, width, height)


def _broken(sheets: list[Sheet], cell: float, width: float) -> Lines:
    lines: Lines = [[]]
    for sheet in sheets:
        if lines[-1] and _measure([*lines[-1], sheet], cell)[0] > width:
            lines.append([])
        lines[-1].append(sheet)
    return lines


def _columns(sheet: Sheet) -> float:
    return sheet.columns * sheet.channels + CHANNEL_GAP * (sheet.channels - 1)


def _cell(sheet: Sheet, cell: float) -> float:
    small = max(sheet.rows, _columns(sheet)) <= 12
    return min(READABLE, max(cell * 8, 8)) if not sheet.spec.plain and small and cell < READABLE else cell


def _title_width(sheet: Sheet) -> float:
    """Room for the title of a panel, so that titles of narrow panels do not run into each other."""
    return 7 * (len(sheet.title) + len(sheet.size) + 1) + 16


def _room(sheet: Sheet, cell: float) -> float:
    return max(_columns(sheet) * _cell(sheet, cell), _title_width(sheet))


def _measure(line: list[Sheet], cell: float) -> tuple[float, float]:
    width = sum(_room(sheet, cell) for sheet in line) + (len(line) - 1) * GAP
    return width, max(sheet.rows * _cell(sheet, cell) for sheet in line) + TITLE


def _fit(lines: Lines, width: float, height: float) -> float:
    low, high = 0.0, float(LARGEST)
    for _ in range(12):
        middle = (low + high) / 2
        if _fits(lines, middle, width, height):
            low = middle
        else:
            high = middle
    return low


def _fits(lines: Lines, cell: float, width: float, height: float) -> bool:
    sizes = [_measure(line, cell) for line in lines]
    return max(w for w, _ in sizes) <= width and sum(h for _, h in sizes) + (len(lines) - 1) * LINE_GAP <= height


def _placed(lines: Lines, found: float, width: float, height: float) -> Places:
    cell = floor(found) if found >= 6 else found
    sizes = [_measure(line, cell) for line in lines]
    places = Places()
    y = max((height - sum(h for _, h in sizes) - (len(lines) - 1) * LINE_GAP) / 2, 0.0)
    for line, (wide, high) in zip(lines, sizes, strict=True):
        x = max((width - wide) / 2, 0.0)
        for sheet in line:
            size = _cell(sheet, cell)
            top = y + TITLE + (high - TITLE - sheet.rows * size) / 2
            room = _room(sheet, cell)
            places[sheet.index] = Place(floor(x + 0.5), floor(top + 0.5), size, _columns(sheet) * size, sheet.rows * size, room)
            x += room + GAP
        y += high + LINE_GAP
    return places
