"""A whole milestone as boxes in a row, to scale in space and channels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from math import sqrt
from typing import NamedTuple

from seglab.nets.milestones import Branches, Conv, Heads, Linear, Pool, Shape, Step
from seglab.nets.spoken import part_told, shortcut, what
from seglab.nets.walk import Part, grouped, sides
from seglab.ui.drawing import Drawing, Item, Role

WIDTH, LEFT, RIGHT = 960, 78, 34
TALL, MIDDLE = 170, 128  # height of the image's box, and the line on which all boxes stand in the middle
DEEP = (0.26, 0.13)  # how far a box goes back, to the right and up, for its height
LABELS = 240
GAP, AROUND, LETTER = 9, 30, 7.2  # between boxes of one label, also where a way leads around them, and the width of a letter


SCALES = "Drawn to scale: a box's height by the square root of the map's side, its length by the square root of the channels."


class Box(NamedTuple):
    """One part, or several that are alike: what is drawn as one box."""

    group: tuple[Part, ...]

    @property
    def part(self) -> Part:
        return self.group[0]

    @property
    def name(self) -> str:
        return self.part.step.name

    @property
    def shape(self) -> Shape:
        return self.part.rows[-1].shape


def whole(name: str, parts: Sequence[Part], told: str) -> Drawing:
    """A network's boxes in a row; below each its name, channels and side. Items are called by their first part's name.

    `told` is what is said while nothing is pointed at."""
    image = parts[0].before
    boxes = [Box(group) for group in grouped([part for part in parts if not isinstance(part.step, Heads)])]
    scale, runs = _scale(boxes, image)
    drawing = Drawing(WIDTH, LABELS + 66, f"{name}: {len(boxes)} boxes from the image to the last layer", least=880, lines=3)
    drawing.told = told
    drawing.text(LEFT - 5, LABELS + 60, SCALES, 12, "muted")
    for y, head in ((LABELS, "layer"), (LABELS + 19, "channels"), (LABELS + 38, "side" if _square(parts) else "sides")):
        drawing.text(LEFT - 14, y, head, 12.5, "muted", "end")
    x = float(LEFT)
    _front(drawing, x, image, image, scale, "input", "")
    _label(drawing, x + _slot(["image", *_sizes([image])]) / 2, "image", [image])
    x += _slot(["image", *_sizes([image])]) + scale.gap
    heads = {before.step.name: part for before, part in pairwise(parts) if isinstance(part.step, Heads)}
    for run in runs:
        x = _run(drawing, x, run, image, scale, heads)
    return drawing


class Scale(NamedTuple):
    """Units of length for the root of a channel, and the gap between labels."""

    root: float
    gap: float


def _scale(boxes: Sequence[Box], image: Shape) -> tuple[Scale, list[list[Box]]]:
    """The largest boxes that fit into the drawing, and those that share a label."""
    runs = [list(run) for _, run in groupby(boxes, key=lambda box: (_short(box.name), box.shape[1:]))]
    low, high = 0.05, 1.6
    gap = 42.0 if any(_gap(run) == AROUND for run in runs) else max(7.0, min(26.0, 300 / len(runs)))
    for _ in range(20):
        middle = (low + high) / 2
        used = _slot(["image", *_sizes([image])]) + sum(_long(run, Scale(middle, gap)) + gap for run in runs)
        low, high = (middle, high) if used <= WIDTH - LEFT - RIGHT else (low, middle)
    return Scale(low, gap), runs


def _long(run: Sequence[Box], scale: Scale) -> float:
    return max(sum(_length(box.shape, scale) for box in run) + _gap(run) * (len(run) - 1), _slot(_told(run)))


def _gap(run: Sequence[Box]) -> int:
    step = run[0].part.step
    return AROUND if isinstance(step, Branches) and step.how == "add" else GAP


def _length(shape: Shape, scale: Scale) -> float:
    return max(3.0, scale.root * sqrt(shape[0]))


def _slot(words: Sequence[str]) -> float:
    return max(len(word) for word in words) * LETTER


def _short(name: str) -> str:
    """What stands below a box: the layer's block.

    >>> _short("conv3_2"), _short("inception 4a"), _short("conv2 reduce")
    ('conv3', '4a', 'conv2')
    """
    return name.removeprefix("inception ").split("_")[0].split()[0]


def _square(parts: Sequence[Part]) -> bool:
    return all(row.shape[1] == row.shape[2] for part in parts for row in part.rows)


def _sizes(shapes: Sequence[Shape]) -> tuple[str, str]:
    channels = ", ".join(dict.fromkeys(f"{shape[0]}" for shape in shapes))
    return channels, f"{shapes[-1][1]}" if shapes[-1][1] == shapes[-1][2] else f"{shapes[-1][1]}×{shapes[-1][2]}"


def _told(run: Sequence[Box]) -> list[str]:
    return [_short(run[0].name), *_sizes([box.shape for box in run])]


def _label(drawing: Drawing, x: float, name: str, shapes: Sequence[Shape]) -> None:
    channels, side = _sizes(shapes)
    drawing.text(x, LABELS, name, 12.5, "ink", "middle", bold=True)
    drawing.text(x, LABELS + 19, channels, 12.5, "ink", "middle")
    drawing.text(x, LABELS + 38, side, 12.5, "ink", "middle")


def _run(drawing: Drawing, x: float, run: Sequence[Box], image: Shape, scale: Scale, heads: dict[str, Part]) -> float:
    """Boxes that share a label; returns where the next ones begin."""
    long = _long(run, scale)
    at = x + (long - sum(_length(box.shape, scale) for box in run) - _gap(run) * (len(run) - 1)) / 2
    for box in run:
        _item(drawing, box)
        _front(drawing, at, box.shape, image, scale, role(box.part.step), box.name)
        if isinstance(box.part.step, Branches):
            _inside(drawing, at, box, image, scale)
        if box.name in heads:
            _head(drawing, at, heads[box.name], image, scale)
        at += _length(box.shape, scale) + _gap(run)
    _label(drawing, x + long / 2, _short(run[0].name), [box.shape for box in run])
    return x + long + scale.gap


def _item(drawing: Drawing, box: Box) -> None:
    told = part_told(box.part)
    if len(box.group) > 1:
        last = box.group[-1]
        each, total = box.part.parameters, sum(part.parameters for part in box.group)
        told = (
            f"{box.name} to {last.step.name}, {len(box.group)} alike: {what(box.part.step, box.part.before)}.\n"
            f"{sides(box.shape)} out · {each:,} parameters each, {total:,} together · {sum(p.macs for p in box.group):,} multiply-adds.\n"
            f"Receptive field: {box.part.rows[-1].field.size if box.part.rows[-1].field else '–'} pixels a side after the first,"
            f" {last.rows[-1].field.size if last.rows[-1].field else '–'} after the last."
        )
    drawing.item(Item(box.name, told.replace("\n", " "), told))


def role(step: Step) -> Role:
    """Maps are green, pooled ones grey, fully connected layers orange."""
    if isinstance(step, Pool):
        return "muted"
    return "kernel" if isinstance(step, Linear) or (isinstance(step, Conv) and step.name.startswith("fc")) else "output"


def _high(side: int, image: Shape) -> float:
    return max(6.0, TALL * sqrt(side / max(image[1:])))


def _front(drawing: Drawing, x: float, shape: Shape, image: Shape, scale: Scale, colour: Role, item: str) -> None:
    """A box: its front, as long as its channels are many; its top and side go back as far as the map is wide."""
    long, high, wide = _length(shape, scale), _high(shape[1], image), _high(shape[2], image)
    top, right, up = MIDDLE - high / 2, wide * DEEP[0], wide * DEEP[1]
    drawing.polygon([(x, top), (x + right, top - up), (x + long + right, top - up), (x + long, top)], colour, "soft", item)
    back = [(x + long, top), (x + long + right, top - up), (x + long + right, top - up + high), (x + long, top + high)]
    drawing.polygon(back, colour, "soft", item)
    drawing.rect(x, top, long, high, colour, "soft", item)


def _inside(drawing: Drawing, x: float, box: Box, image: Shape, scale: Scale) -> None:
    """What a block is made of: the channels of each branch, or the way around it."""
    step = box.part.step
    assert isinstance(step, Branches)
    long, high, wide = _length(box.shape, scale), _high(box.shape[1], image), _high(box.shape[2], image)
    top, up = MIDDLE - high / 2, wide * DEEP[1]
    if step.how == "concat":
        at, total = x, box.shape[0]
        ends = _ends(box.part)
        for number, channels in enumerate(ends):
            y = top + high * (number + 0.5) / len(ends)
            drawing.line([(x - 9, MIDDLE), (x, y)], "output", box.name)
            if number:
                drawing.line([(at, top), (at, top + high)], "output", box.name)
            at += long * channels / total
        return
    over, end = top - up - 13, x + long + 16
    around = [(x - 11, MIDDLE), (x - 11, over), (end, over), (end, MIDDLE)]
    drawing.line(around, "skip", box.name, dashed=shortcut(step) != "identity", arrow=True)
    if len(box.group) > 1:
        drawing.text((x - 11 + end) / 2, over - 7, f"× {len(box.group)}", 13, "ink", "middle", bold=True, item=box.name)


def _ends(part: Part) -> list[int]:
    """The channels in which an Inception module's branches end."""
    assert isinstance(part.step, Branches)
    by_name = {row.name: row for row in part.rows}
    return [by_name[branch[-1].name].shape[0] for branch in part.step.branches]


def _head(drawing: Drawing, x: float, part: Part, image: Shape, scale: Scale) -> None:
    """A classifier beside the network, above the module that it hangs on."""
    top = MIDDLE - _high(part.before[1], image) / 2
    told = part_told(part)
    drawing.item(Item(part.step.name, told.replace("\n", " "), told))
    drawing.line([(x + 8, top - 7), (x + 8, 52)], "skip", part.step.name, arrow=True)
    at = x - 3
    for row in part.rows:
        drawing.rect(at, 26, 15, 24, "kernel" if "fc" in row.name else "muted" if "pool" in row.name else "output", "soft", part.step.name)
        at += 19
    drawing.text(x - 3, 18, part.step.name, 12.5, "ink", item=part.step.name)
