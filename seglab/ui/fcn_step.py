"""One step of one network, large enough to read the numbers: three panels whose cells light up together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from seglab.infer.fcn_told import SIZE
from seglab.infer.pictures import url
from seglab.ui.drawing import Drawing, Item
from seglab.ui.fcn_pictures import compared, heat, ink_role, palette, photograph
from seglab.ui.fcn_scene import CLASSES, NAMES, STRIDE, Seen, steps_of, told

SIDE, GAP, HEAD = 336, 60, 28
Panel = tuple[str, str, NDArray[np.floating] | None]  # title, picture, numbers


def step_drawing(seen: Seen, kind: str, step: str) -> Drawing:
    """The step of a network, which has it: where it comes from, and what it gives."""
    return {"coarse": _coarse, "pixels": _pixels}.get(step, _sum)(seen, kind, step)


def _coarse(seen: Seen, kind: str, step: str) -> Drawing:
    """The image in squares, the score of each, and how much of it the truth gives to the class."""
    scores, share, name = seen.scores(kind, step), seen.share, CLASSES[seen.label]
    largest, colours = seen.largest(kind), palette()
    panels = (
        ("Image, in squares of 32", url(photograph(seen.image)), None),
        (f"Coarse scores of “{name}”", url(heat(scores, largest, colours)), scores),
        (f"Truth: share of “{name}”", url(heat(share, 1.4, colours)), share),
    )

    def tells(row: int, column: int) -> str:
        inside = f"rows {32 * row} to {32 * row + 31}, columns {32 * column} to {32 * column + 31}"
        return f"One score, {told(scores[row, column])}, speaks for {inside}. In truth {100 * share[row, column]:.0f} % of them are {name}."

    drawing = _drawing(f"{NAMES[kind]}: the coarse scores", "Point at a cell: the pixels that it speaks for light up.")
    return _filled(drawing, panels, len(scores), largest, ("→", ""), tells)


def _sum(seen: Seen, kind: str, step: str) -> Drawing:
    """The coarser scores enlarged, plus those of the pooled map: the fused ones."""
    enlarged, finer = seen.parts(kind, step)
    fused, largest, colours = seen.scores(kind, step), seen.largest(kind), palette()
    before = {"pool4": "coarse", "pool3": "fused with pool4"}[step]
    panels = (
        (f"score({step})", url(heat(finer, largest, colours)), finer),
        (f"2× ({before})", url(heat(enlarged, largest, colours)), enlarged),
        ("Fused", url(heat(fused, largest, colours)), fused),
    )

    def tells(row: int, column: int) -> str:
        parts = f"score({step}) + 2× ({before})  =  {told(finer[row, column])} + {_bracketed(enlarged[row, column])}"
        return f"Row {row}, column {column}:  {parts}  =  {told(fused[row, column])}"

    drawing = _drawing(f"{NAMES[kind]}: the sum with {step}", "Point at a cell to read its sum.")
    return _filled(drawing, panels, len(fused), largest, ("+", "="), tells)


def _pixels(seen: Seen, kind: str, step: str) -> Drawing:
    """The finest scores, enlarged to the pixels, and the mask."""
    before = steps_of(kind)[-2]
    scores, times = seen.scores(kind, before), STRIDE[before]
    large, largest, colours = seen.scores(kind, "pixels"), seen.largest(kind), palette()
    panels = (
        (f"Finest scores, {len(scores)} × {len(scores)}", url(heat(scores, largest, colours)), scores),
        (f"Enlarged {times} times", url(heat(large, largest, colours)), None),
        ("Mask, and the truth's border", url(compared(seen.stages[kind].mask, seen.truth)), None),
    )

    def tells(row: int, column: int) -> str:
        square = slice(row * times, (row + 1) * times), slice(column * times, (column + 1) * times)
        wrong = float((seen.stages[kind].mask[square] != seen.truth[square]).mean())
        return (
            f"Score {told(scores[row, column])} at row {row}, column {column} is stamped on {2 * times} × {2 * times} pixels, "
            f"around {times} × {times} of its own. Of these {100 * wrong:.0f} % are wrong in the mask."
        )

    drawing = _drawing(f"{NAMES[kind]}: to the pixels", "Point at a score: the pixels that lie under it light up.")
    return _filled(drawing, panels, len(scores), largest, ("→", "→"), tells)


def _drawing(label: str, told_first: str) -> Drawing:
    return Drawing(3 * SIDE + 2 * GAP + 4, HEAD + SIDE + 4, label, least=720, told=told_first, lines=2)


def _filled(
    drawing: Drawing, panels: tuple[Panel, ...], cells: int, largest: float, signs: tuple[str, str], tells: Callable[[int, int], str]
) -> Drawing:
    """Three panels of `cells` x `cells` each: an item a cell and panel, lit together with its fellows."""
    for number, (title, picture, _) in enumerate(panels):
        left = 2 + number * (SIDE + GAP)
        drawing.text(left, 17, title, 16, bold=True)
        drawing.image(left, HEAD, SIDE, SIDE, picture)
    for number, sign in enumerate(signs):
        drawing.text(2 + (number + 1) * SIDE + (number + 0.5) * GAP, HEAD + SIDE / 2 + 10, sign, 30, "ink", "middle")
    for number in (2, 0, 1):  # who walks with the keys begins at the result
        _cells(drawing, panels[number], number, cells, largest, tells)
    for number in range(3):
        drawing.rect(2 + number * (SIDE + GAP), HEAD, SIDE, SIDE, "ink", "none")
    return drawing


def _cells(drawing: Drawing, panel: Panel, number: int, cells: int, largest: float, tells: Callable[[int, int], str]) -> None:
    """The cells of a panel as items, with their numbers where there is room."""
    title, _, values = panel
    side, left, colours = SIDE / cells, 2 + number * (SIDE + GAP), palette()
    scale = 1.4 if "share" in title else largest
    for row in range(cells):
        for column in range(cells):
            name = f"{number}.{row}.{column}"
            fellows = tuple(f"{other}.{row}.{column}" for other in range(3) if other != number)
            text = tells(row, column)
            drawing.item(Item(name, text, text, fellows))
            x, y = left + column * side, HEAD + row * side
            drawing.rect(x, y, side, side, "edge", "none", name)
            if values is not None and cells <= SIZE // STRIDE["pool4"]:
                value = float(values[row, column])
                size = 18 if cells <= 4 else 13
                drawing.text(x + side / 2, y + side / 2 + size / 3, told(value), size, ink_role(value, scale, colours), "middle", item=name)


def _bracketed(value: float) -> str:
    return f"({told(value)})" if told(value).startswith("−") else told(value)
