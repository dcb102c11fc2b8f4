"""Layout: where each panel stands. The largest cell that fits wins, over all ways to break the panels into rows. Twin of ``layout.js``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import floor, isqrt

from seglab.export.scene import Sheet

TITLE = 26  # height of a panel's title
GAP, LINE_GAP, CHANNEL_GAP = 36, 14, 0.6  # between panels, between lines, between channels (in cells)
LATTICE_GAP, SMALLEST = 34, 15  # between the lines of a lattice, where arrows run; the smallest cells it is drawn with
LABEL = 17  # height of the names above the planes of a panel of several channels
SMALL = 12  # beside a grid of more cells a side than this,
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
    across: int = 1  # channels that lie side by side
    strip: float = 0.0  # room for the names of the channels

    def moved(self, x: float, y: float) -> Place:
        return replace(self, x=self.x + x, y=self.y + y)

    def corner(self, sheet: Sheet, cell: int) -> tuple[float, float]:
        """Upper left corner of a canvas cell."""
        channel, at = divmod(cell, sheet.rows * sheet.columns)
        row, column = divmod(at, sheet.columns)
        line, along = divmod(channel, self.across)
        x = self.x + (column + along * (sheet.columns + CHANNEL_GAP)) * self.cell
        return x, self.y + (row + line * sheet.rows) * self.cell + line * self.strip


Lines = list[list[Sheet]]


class Places(dict[int, Place]):
    """Places by panel index; `joined` where arrows follow the panels' links."""

    joined = False


def arrange(sheets: list[Sheet], width: float, height: float) -> Places:
    """Places on a board of `width` x `height`; hidden panels have none."""
    unfolded = [sheet for sheet in sheets if not sheet.hidden]
    mixed = any(max(sheet.rows, sheet.columns) > SMALL for sheet in unfolded)
    small = {sheet.index for sheet in unfolded if mixed and max(sheet.rows * _lines(sheet), _columns(sheet)) <= SMALL}
    if all(sheet.spec.at for sheet in unfolded):
        return _lattice(unfolded, width, height) or _flow(unfolded, width, height, small)
    main = max(unfolded, key=lambda sheet: sheet.rows)
    pixels = max(1, main.rows / 16)  # the cells of pictures are small, and still count
    best: tuple[float, Lines, float] | None = None
    for shown in _foldings(unfolded):
        kernel = next((sheet for sheet in shown if sheet.spec.role == "kernel"), None)
        for breaks in range(1 << (len(shown) - 1)):
            lines = [[shown[0]]]
            for i, sheet in enumerate(shown[1:]):
                if breaks & (1 << i):
                    lines.append([sheet])
                else:
                    lines[-1].append(sheet)
            cell = _fit(lines, width, height, small)
            # The first kernel stays beside what it is applied to, what leads begins a line, and outputs that are compared stand in one;
            # where it makes no difference, few lines and a full first one.
            late = breaks > 0 and any(one.spec.leads for line in lines for one in line[1:])
            parted = late or any(line[0] is kernel for line in lines[1:])
            split = any(line[0].beside and before[-1].beside for before, line in pairwise(lines))
            share = 0.8 if parted else 0.9 if split else 1
            worth = _cell(main, cell, small) * pixels * share - 0.5 * len(lines) + 0.6 * len(lines[0]) / len(shown)
            if best is None or worth > best[0] + 0.05:
                best = worth, lines, cell
    assert best is not None
    return _placed(best[1], best[2], width, height, small)


def _foldings(sheets: list[Sheet]) -> list[list[Sheet]]:
    """Ways to lay out the channels of panels: all of them side by side, or in a few lines."""
    several = [sheet.index for sheet in sheets if sheet.folds]

    def fold(which: list[int]) -> list[Sheet]:
        return [replace(sheet, across=_root(sheet.channels)) if sheet.index in which else sheet for sheet in sheets]

    alone = [[index] for index in several] if 1 < len(several) < 4 else []
    return [sheets, *(fold(which) for which in ([several] if several else []) + alone)]


def _root(count: int) -> int:
    """The largest divisor up to the root."""
    return max(side for side in range(1, isqrt(count) + 1) if count % side == 0)


def _lines(sheet: Sheet) -> int:
    return sheet.channels // sheet.across


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
            places[sheet.index] = Place(x, top, cell, across, sheet.rows * cell, across, sheet.across)
        y += rows * cell + LATTICE_GAP
    return places


def _flow(sheets: list[Sheet], width: float, height: float, small: set[int]) -> Places:
    """Many panels line by line, as words are set, with the largest cell that leaves them room."""
    cell = LARGEST
    while cell > 4 and not _fits(_broken(sheets, cell, width, small), cell, width, height, small):
        cell -= 1
    return _placed(_broken(sheets, cell, width, small), cell, width, height, small)


def _broken(sheets: list[Sheet], cell: float, width: float, small: set[int]) -> Lines:
    lines: Lines = [[]]
    for sheet in sheets:
        if lines[-1] and _measure([*lines[-1], sheet], cell, small)[0] > width:
            lines.append([])
        lines[-1].append(sheet)
    return lines


def _columns(sheet: Sheet) -> float:
    return sheet.columns * sheet.across + CHANNEL_GAP * (sheet.across - 1)


def _strip(sheet: Sheet) -> float:
    return LABEL if sheet.labels else 0.0


def _height(sheet: Sheet, cell: float) -> float:
    return _lines(sheet) * sheet.rows * cell + (_lines(sheet) - 1) * _strip(sheet)


def _head(line: list[Sheet]) -> float:
    return TITLE + max(_strip(sheet) for sheet in line)


def _cell(sheet: Sheet, cell: float, small: set[int]) -> float:
    readable = not sheet.spec.plain and sheet.index in small and cell < READABLE
    return min(READABLE, max(cell * 8, 8)) if readable else cell


def _title_width(sheet: Sheet) -> float:
    """Room for the title of a panel, so that titles of narrow panels do not run into each other."""
    return 7 * (len(sheet.title) + len(sheet.size) + 1) + 16


def _room(sheet: Sheet, cell: float, small: set[int]) -> float:
    return max(_columns(sheet) * _cell(sheet, cell, small), _title_width(sheet))


def _measure(line: list[Sheet], cell: float, small: set[int]) -> tuple[float, float]:
    width = sum(_room(sheet, cell, small) for sheet in line) + (len(line) - 1) * GAP
    return width, max(_height(sheet, _cell(sheet, cell, small)) for sheet in line) + _head(line)


def _fit(lines: Lines, width: float, height: float, small: set[int]) -> float:
    low, high = 0.0, float(LARGEST)
    for _ in range(12):
        middle = (low + high) / 2
        if _fits(lines, middle, width, height, small):
            low = middle
        else:
            high = middle
    return low


def _fits(lines: Lines, cell: float, width: float, height: float, small: set[int]) -> bool:
    sizes = [_measure(line, cell, small) for line in lines]
    return max(w for w, _ in sizes) <= width and sum(h for _, h in sizes) + (len(lines) - 1) * LINE_GAP <= height


def _placed(lines: Lines, found: float, width: float, height: float, small: set[int]) -> Places:
    cell = floor(found) if found >= 6 else found
    sizes = [_measure(line, cell, small) for line in lines]
    places = Places()
    y = max((height - sum(h for _, h in sizes) - (len(lines) - 1) * LINE_GAP) / 2, 0.0)
    for line, (wide, high) in zip(lines, sizes, strict=True):
        x = max((width - wide) / 2, 0.0)
        for sheet in line:
            size, head = _cell(sheet, cell, small), _head(line)
            tall, room = _height(sheet, size), _room(sheet, cell, small)
            top, wide_ = y + head + (high - head - tall) / 2, _columns(sheet) * size
            places[sheet.index] = Place(floor(x + 0.5), floor(top + 0.5), size, wide_, tall, room, sheet.across, _strip(sheet))
            x += room + GAP
        y += high + LINE_GAP
    return places
