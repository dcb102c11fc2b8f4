"""Gradients through a residual block beside those through a plain one, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

from seglab.lessons.gradient_flow import Unit, units
from seglab.rows import FloatArray
from seglab.ui.digits import three
from seglab.ui.drawing import Drawing, Item, Role

CELL = 33
SIDE = 4 * CELL
FORWARD, BACKWARD, BARS = 66, 290, 476  # the lines' upper edges
PLAIN, SHARED = 12, 424  # where the plain block and the residual one begin


def gradients(blocks: int, weights: str) -> Drawing:
    """The first of `blocks` blocks in a row, plain and residual: its grids, and the gradient that comes back to it from the last one."""
    plain, shared = units(blocks, weights, False), units(blocks, weights, True)
    drawing = Drawing(960, BARS + 66 + 21 * blocks, "Gradients of a plain and of a residual block", least=880, lines=2)
    drawing.told = "The loss is the sum of the last block's cells. Point at a cell of a gradient to see what it is made of."
    _plain(drawing, plain[0], blocks)
    _shared(drawing, shared[0], blocks)
    last = "" if blocks == 1 else f" from block {blocks}"
    for x in (PLAIN, SHARED):
        drawing.text(x, BACKWARD - 36, f"Back{last} to block 1", 14, "ink", bold=True)
    drawing.line([(SHARED - 22, 8), (SHARED - 22, BACKWARD + SIDE + 26)], "edge")
    _bars(drawing, plain, shared)
    return drawing


def _plain(drawing: Drawing, unit: Unit, blocks: int) -> None:
    x, out = PLAIN, PLAIN + SIDE + 96
    drawing.text(x, 22, "Plain: y = F(x)", 16, "ink", bold=True)
    _grid(drawing, x, FORWARD, "x", unit.x, "input")
    _joint(drawing, x + SIDE, out, FORWARD, "F")
    _grid(drawing, out, FORWARD, "y = F(x)", unit.y, "output")
    _items(drawing, "plain", unit, residual=False)
    _grid(drawing, out, BACKWARD, _arrives(blocks), unit.arriving, "difference", "plain arriving")
    _joint(drawing, out, x + SIDE, BACKWARD, "F′")
    _grid(drawing, x, BACKWARD, "gradient by x", unit.back, "difference", "plain back")


def _shared(drawing: Drawing, unit: Unit, blocks: int) -> None:
    first, second, third = SHARED, SHARED + SIDE + 64, SHARED + 2 * (SIDE + 64)
    drawing.text(first, 22, "Residual: y = F(x) + x", 16, "ink", bold=True)
    _grid(drawing, first, FORWARD, "x", unit.x, "input")
    _sign(drawing, first + SIDE + 32, FORWARD, "+")
    _grid(drawing, second, FORWARD, "F(x)", unit.inside, "output")
    _sign(drawing, second + SIDE + 32, FORWARD, "=")
    _grid(drawing, third, FORWARD, "y", unit.y, "output")
    _items(drawing, "residual", unit, residual=True)
    _grid(drawing, first, BACKWARD, "along the shortcut", unit.along, "skip", "residual along")
    _sign(drawing, first + SIDE + 32, BACKWARD, "+")
    _grid(drawing, second, BACKWARD, "through F", unit.through, "difference", "residual through")
    _sign(drawing, second + SIDE + 32, BACKWARD, "=")
    _grid(drawing, third, BACKWARD, "gradient by x", unit.back, "difference", "residual back")


def _arrives(blocks: int) -> str:
    return "arrives: 1 everywhere" if blocks == 1 else "arrives at y"


def _items(drawing: Drawing, kind: str, unit: Unit, residual: bool) -> None:
    """An item for each cell of the gradients; those of one place light up together."""
    names = ("along", "through", "back") if residual else ("arriving", "back")
    grids = {"along": unit.along, "through": unit.through, "back": unit.back, "arriving": unit.arriving}
    for name in names:
        for row in range(4):
            for column in range(4):
                at = f"({row},{column})"
                told = (
                    _told(unit, row, column, residual)
                    if name != "arriving"
                    else f"Arrives at y {at}: {three(float(unit.arriving[row, column]))}."
                )
                says = f"{kind}, {name} {at}: {three(float(grids[name][row, column]))}"
                drawing.item(
                    Item(f"{kind} {name} {at}", says, told, tuple(f"{kind} {one} {at}" for one in names if one != name and residual))
                )


def _told(unit: Unit, row: int, column: int, residual: bool) -> str:
    at = f"x({row},{column})"
    through, back = (three(float(grid[row, column])) for grid in (unit.through, unit.back))
    if not residual:
        return f"Gradient by {at}: {back}, all of it through F."
    along = three(float(unit.along[row, column]))
    return f"Gradient by {at}: {along} along the shortcut, as it arrives at y, and {through} through F. They add: {back}."


def _grid(drawing: Drawing, x: float, y: float, title: str, values: FloatArray, colour: Role, item: str = "") -> None:
    drawing.text(x + SIDE / 2, y - 9, title, 14, "ink", "middle")
    for row in range(4):
        for column in range(4):
            name = f"{item} ({row},{column})" if item else ""
            left, top = x + column * CELL, y + row * CELL
            drawing.rect(left, top, CELL, CELL, colour, "paper", name)
            told = short(float(values[row, column]))
            drawing.text(left + CELL / 2, top + CELL / 2 + 4.5, told, 13 if len(told) < 5 else 11, "ink", "middle", item=name)


def short(value: float) -> str:
    """A number that fits into a cell.

    >>> [short(value) for value in (1.0, 0.254, -0.0634, 12.36, 0.00004, 0)]
    ['1', '.25', '−.063', '12.4', '4e−5', '0']
    """
    if value == 0:
        return "0"
    if abs(value) < 0.0005:
        return f"{value:.0e}".replace("e-0", "e-").replace("-", "−")
    places = 3 if abs(value) < 0.1 else 2 if abs(value) < 10 else 1
    text = f"{value:.{places}f}".rstrip("0").rstrip(".").replace("-", "−")
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def _joint(drawing: Drawing, x0: float, x1: float, y: float, word: str) -> None:
    """An arrow from one grid to the next with the function's name on it."""
    middle, step = y + SIDE / 2, 8 if x1 > x0 else -8
    drawing.line([(x0 + step, middle), (x1 - step, middle)], arrow=True)
    drawing.text((x0 + x1) / 2, middle - 10, word, 16, "ink", "middle", bold=True)


def _sign(drawing: Drawing, x: float, y: float, sign: str) -> None:
    drawing.text(x, y + SIDE / 2 + 9, sign, 26, "ink", "middle", bold=True)


def _bars(drawing: Drawing, plain: Sequence[Unit], shared: Sequence[Unit]) -> None:
    """How large the gradient is at each block's input, on average."""
    drawing.text(PLAIN, BARS, "Size of the gradient by each block's x: the mean of its cells without their signs", 14, "ink", bold=True)
    drawing.text(PLAIN + 84, BARS + 26, "plain", 13, "muted")
    drawing.text(SHARED + 84, BARS + 26, "residual", 13, "muted")
    sizes = [[float(abs(unit.back).mean()) for unit in kind] for kind in (plain, shared)]
    most = max(*sizes[0], *sizes[1], 1e-9)
    for number in range(len(plain)):
        y = BARS + 50 + 21 * number
        for x, kind, colour in ((PLAIN, sizes[0], "difference"), (SHARED, sizes[1], "skip")):
            long = 250 * kind[number] / most
            drawing.text(x, y, f"block {number + 1}", 13, "ink")
            drawing.rect(x + 84, y - 11, max(long, 1.5), 14, "skip" if colour == "skip" else "difference", "soft")
            drawing.text(x + 84 + long + 8, y, three(kind[number]), 13, "ink")
