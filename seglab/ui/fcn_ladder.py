"""The three networks below each other, from their coarse scores on the left to the pixels on the right."""

from __future__ import annotations

from seglab.infer.fcn_told import KINDS, SIZE
from seglab.infer.pictures import url
from seglab.ui.drawing import Drawing, Item
from seglab.ui.fcn_pictures import compared, heat, palette, photograph, with_border
from seglab.ui.fcn_scene import CLASSES, NAMES, STEPS, STRIDE, Seen, steps_of, told

TILE, GAP, HEAD, ROW = 150, 42, 30, 188
LEFT = TILE + GAP
COLUMNS = (*STEPS, "mask")
TITLES = {"coarse": "Coarse", "pool4": "+ pool4", "pool3": "+ pool3", "pixels": "Scores of pixels", "mask": "Mask"}
YELLOW = (240, 228, 66)


def ladder(seen: Seen) -> Drawing:
    """The scene, and a row for each network."""
    width, height = LEFT + 5 * TILE + 4 * GAP + 4, HEAD + 3 * ROW
    label = "FCN-32s, 16s and 8s: coarse scores, fused scores, the pixels' scores and the mask of each"
    drawing = Drawing(width, height, label, least=860, told="Point at a picture. Press one to look at that step below.", lines=2)
    for column in COLUMNS:
        drawing.text(_x(column), 16, TITLES[column], 15, bold=True)
    _scene(drawing, seen)
    for row, kind in enumerate(KINDS):
        _row(drawing, seen, kind, HEAD + row * ROW)
    return drawing


def _x(column: str) -> float:
    return LEFT + COLUMNS.index(column) * (TILE + GAP)


def _scene(drawing: Drawing, seen: Seen) -> None:
    """The image, and below it the truth and what the colours of a mask mean."""
    pictures = (("Image", photograph(seen.image)), ("Truth", with_border(compared(seen.truth, seen.truth)[::4, ::4], seen.truth, YELLOW)))
    for row, (name, picture) in enumerate(pictures):
        top = HEAD + row * ROW
        drawing.text(0, top + 16, name, 15, bold=True)
        drawing.image(0, top + 24, TILE, TILE, url(picture))
        drawing.rect(0, top + 24, TILE, TILE, "edge", "none")
    top = HEAD + 2 * ROW + 38
    drawing.text(0, top, "In a mask", 15, bold=True)
    for line, (fill, text) in enumerate(
        (("right", "white: cell, and right"), ("difference", "orange: cell, missed"), ("input", "blue: no cell there"))
    ):
        y = top + 22 + 24 * line
        drawing.rect(0, y - 11, 14, 14, "ink" if fill == "right" else fill, "none" if fill == "right" else "solid")  # type: ignore[arg-type]
        drawing.text(22, y + 1, text, 13)
    drawing.text(0, top + 22 + 72 + 1, "yellow: the truth's border", 13)


def _row(drawing: Drawing, seen: Seen, kind: str, top: float) -> None:
    """One network: its name, its steps with arrows between them, its mask and how well that fits."""
    steps, largest, colours = steps_of(kind), seen.largest(kind), palette()
    drawing.text(_x("coarse"), top + 16, NAMES[kind], 15, "output", bold=True)
    for step in steps:
        scores = seen.scores(kind, step)
        name = f"{kind}.{step}"
        says = f"{NAMES[kind]}, {STEPS[step]}: {scores.shape[0]} × {scores.shape[1]} scores of “{CLASSES[seen.label]}”"
        drawing.item(Item(name, says, f"{says}, from {told(scores.min())} to {told(scores.max())}. {_made(kind, step)}"))
        _tile(drawing, _x(step), top + 24, url(heat(scores, largest, colours)), name, scores.shape[0])
    for step, following in zip(steps, (*steps[1:], "mask"), strict=True):
        _arrow(drawing, step, following, top + 24 + TILE / 2)
    found = seen.measured[kind]
    fits = f"mean IoU {found.mean_iou:.2f}, boundary F {found.mean_boundary:.2f}"
    drawing.item(Item(f"{kind}.mask", f"{NAMES[kind]}, mask: {fits}", f"{NAMES[kind]}: {fits} in this scene."))
    _tile(drawing, _x("mask"), top + 24, url(compared(seen.stages[kind].mask, seen.truth)), f"{kind}.mask", SIZE)
    drawing.text(_x("mask") + TILE, top + 16, f"IoU {found.mean_iou:.2f} · F {found.mean_boundary:.2f}", 14, "ink", "end", bold=True)


def _tile(drawing: Drawing, x: float, y: float, href: str, item: str, cells: int) -> None:
    """A square picture, with its cells' borders where they are few."""
    drawing.image(x, y, TILE, TILE, href, item)
    for line in range(1, cells if cells <= 8 else 0):
        at = line * TILE / cells
        drawing.line([(x + at, y), (x + at, y + TILE)], "edge")
        drawing.line([(x, y + at), (x + TILE, y + at)], "edge")
    drawing.rect(x, y, TILE, TILE, "ink", "none", item)


def _arrow(drawing: Drawing, step: str, following: str, y: float) -> None:
    """An arrow to the next picture, with how many times larger that is; a leap over columns is a longer one."""
    start, end = _x(step) + TILE + 4, _x(following) - 5
    drawing.line([(start, y), (end, y)], "muted", arrow=True)
    if following == "mask":
        drawing.text((start + end) / 2, y - 9, "max", 12, "muted", "middle")
        return
    times = STRIDE[step] // STRIDE[following]
    drawing.text((start + end) / 2, y - 9, f"× {times}", 14, "ink", "middle", bold=True)
    if following != "pixels":
        drawing.text((start + end) / 2, y + 20, "+", 17, "skip", "middle", bold=True)


def _made(kind: str, step: str) -> str:
    """How a step's scores come about."""
    if step == "coarse":
        return f"A 1 × 1 convolution on the deepest map: one score for every {STRIDE[step]} × {STRIDE[step]} pixels."
    before = steps_of(kind)[steps_of(kind).index(step) - 1]
    if step == "pixels":
        return f"The scores before, enlarged {STRIDE[before]} times by one transposed convolution with a kernel of {2 * STRIDE[before]}."
    return f"The scores before, enlarged twice, plus those of {step}."
