"""A layer or block of a milestone opened up: its branches side by side and how they join, or one layer's kernel between its maps."""

from __future__ import annotations

from collections.abc import Sequence

from seglab.nets.milestones import Branches, Conv, Heads, Linear, Pool, Row, Shape, Step, Zeros, table
from seglab.nets.spoken import field_told, numbers_told, shortcut, what
from seglab.nets.walk import Part, sides
from seglab.ui.drawing import Drawing, Item, Role
from seglab.ui.milestones_whole import role

WIDTH = 960
LANE, CARD, HIGH = 98, 186, 66  # height of a branch, width and height of a layer in it
MIDDLE = 100  # of a single layer's maps
START, FIRST, JOIN = 118, 178, 800  # where the map stands, the branches begin and are joined
SHORTCUTS = {
    "identity": "Shortcut: x as it is, no parameters",
    "projected": "Shortcut: x through a 1 × 1 convolution",
    "zeros": "Shortcut: x with channels of zeros, no parameters",
}


def opened(part: Part) -> Drawing:
    """What a part of a network is made of."""
    if isinstance(part.step, Branches):
        return _branches(part, part.step)
    if isinstance(part.step, Heads):
        card = (WIDTH - FIRST - 10) / len(part.step.steps) - 22
        return _lanes(part, [part.step.steps], f"{part.step.name} opened up", card)[0]
    return _single(part, part.step)


def _branches(part: Part, step: Branches) -> Drawing:
    drawing, ends = _lanes(part, step.branches, f"{step.name} opened up: {len(step.branches)} branches")
    out, lanes = part.rows[-1], [_middle(lane) for lane in range(len(step.branches))]
    middle = sum(lanes) / len(lanes)
    told = f"{step.name}: {what(step, part.before)}.\n{sides(out.shape)} out. Receptive field: {field_told(out.field)}."
    drawing.item(Item("join", told.replace("\n", " "), told, tuple(row.name for row in part.rows[:-1])))
    if step.how == "concat":
        _beside(drawing, ends, lanes, out)
    else:
        for lane, y in enumerate(lanes):
            bend = middle - 20 if lane == 0 else middle + 20
            drawing.line([(_end(step.branches[lane]), y), (JOIN, y), (JOIN, bend)], "ink" if lane == 0 else "skip", arrow=True)
        _plus(drawing, JOIN, middle)
        drawing.line([(JOIN + 17, middle), (JOIN + 42, middle)], arrow=True)
        _map(drawing, JOIN + 42, middle, "F(x) + x", out.shape, "output", "join")
        drawing.text(JOIN + 42 + 52, middle + 48, "then ReLU", 13, "muted", "middle")
        drawing.text(FIRST, lanes[0] - HIGH / 2 - 9, "F(x)", 14, "ink", bold=True)
        drawing.text(FIRST, lanes[1] - (HIGH / 2 if step.branches[1] else 0) - 9, SHORTCUTS[shortcut(step)], 14, "skip", bold=True)
    return drawing


def _middle(lane: int) -> float:
    return 62 + lane * LANE


def _end(branch: Sequence[Step]) -> float:
    return FIRST + len(branch) * (CARD + 22) - (22 if branch else 0)


def _lanes(part: Part, branches: Sequence[Sequence[Step]], label: str, card: float = CARD) -> tuple[Drawing, list[Row]]:
    """The map that comes in and a line of layers for each branch, with the row in which each branch ends."""
    height = _middle(len(branches) - 1) + HIGH / 2 + 24
    drawing = Drawing(WIDTH, height, label, least=820, lines=3, told="Point at a layer for its numbers.")
    middle = (_middle(0) + _middle(len(branches) - 1)) / 2
    drawing.item(Item("in", f"What comes in: {sides(part.before)}.", f"What comes in: {sides(part.before)}."))
    _map(drawing, 8, middle, "x", part.before, "input", "in")
    ends = []
    for lane, branch in enumerate(branches):
        y, before = _middle(lane), part.before
        rows = table(branch, part.before, part.field)
        drawing.line(
            [(START - 4, middle), (FIRST - 32, middle), (FIRST - 32, y), (FIRST, y)], "ink" if branch else "skip", arrow=bool(branch)
        )
        if not branch:
            drawing.line([(FIRST, y), (JOIN, y)], "skip")
        for number, (layer, row) in enumerate(zip(branch, rows, strict=True)):
            x = FIRST + number * (card + 22)
            if number:
                drawing.line([(x - 22, y), (x, y)], arrow=True)
            _card(drawing, x, y, card, layer, before, row)
            before = row.shape
        ends.append(rows[-1] if rows else Row("x", part.before, 0, 0, part.field))
    return drawing, ends


def _card(drawing: Drawing, x: float, y: float, card: float, layer: Step, before: Shape, row: Row) -> None:
    numbers, seen = numbers_told(row.shape, row.parameters, row.macs), field_told(row.field)
    told = f"{row.name}: {what(layer, before)}.\n{numbers}.\nReceptive field: {seen}."
    drawing.item(Item(row.name, told.replace("\n", " "), told))
    drawing.rect(x, y - HIGH / 2, card, HIGH, "skip" if "shortcut" in row.name else role(layer), "soft", row.name)
    drawing.text(x + 10, y - 12, _kind(layer), 14, "ink", bold=True, item=row.name)
    drawing.text(x + 10, y + 7, sides(row.shape), 13, "ink", item=row.name)
    price = f"{row.parameters:,} parameters" if row.parameters else "no parameters"
    drawing.text(x + 10, y + 25, price, 13, "ink", item=row.name)


def _kind(layer: Step) -> str:
    if isinstance(layer, Linear):
        return "Fully connected"
    if isinstance(layer, Zeros):
        return "Cells and zeros" if layer.stride == 1 else f"Every {'second' if layer.stride == 2 else f'{layer.stride}th'} cell, zeros"
    if isinstance(layer, Pool):
        return f"{layer.kernel_size} × {layer.kernel_size} {'max' if layer.how == 'max' else 'mean'} pooling"
    assert isinstance(layer, Conv)
    stride = f", stride {layer.stride}" if layer.stride > 1 else ""
    return f"{layer.kernel_size} × {layer.kernel_size} convolution{stride}"


def _map(drawing: Drawing, x: float, y: float, title: str, shape: Shape, colour: Role, item: str) -> None:
    drawing.rect(x, y - 26, 106, 52, colour, "soft", item)
    drawing.text(x + 53, y - 5, title, 14, "ink", "middle", bold=True, item=item)
    drawing.text(x + 53, y + 15, sides(shape), 13, "ink", "middle", item=item)


def _plus(drawing: Drawing, x: float, y: float) -> None:
    sixteenth = [(x + 17 * c, y + 17 * s) for c, s in _CIRCLE]
    drawing.polygon(sixteenth, "ink", "paper", "join")
    drawing.line([(x - 9, y), (x + 9, y)], "ink", "join")
    drawing.line([(x, y - 9), (x, y + 9)], "ink", "join")


_CIRCLE = [
    (1.0, 0.0), (0.924, 0.383), (0.707, 0.707), (0.383, 0.924), (0.0, 1.0), (-0.383, 0.924), (-0.707, 0.707), (-0.924, 0.383),
    (-1.0, 0.0), (-0.924, -0.383), (-0.707, -0.707), (-0.383, -0.924), (0.0, -1.0), (0.383, -0.924), (0.707, -0.707), (0.924, -0.383),
]  # fmt: skip


def _beside(drawing: Drawing, ends: Sequence[Row], lanes: Sequence[float], out: Row) -> None:
    """The branches' channels on each other in one bar, as high as they are many."""
    top, high, total = lanes[0] - HIGH / 2, lanes[-1] - lanes[0] + HIGH, sum(end.shape[0] for end in ends)
    tall = [max(20.0, high * end.shape[0] / total) for end in ends]
    shrink = high / sum(tall)
    y = top
    for end, lane, part in zip(ends, lanes, tall, strict=True):
        part *= shrink
        drawing.line([(FIRST + (CARD if _alone(end) else 2 * CARD + 22), lane), (JOIN - 92, lane), (JOIN - 40, y + part / 2)], arrow=True)
        drawing.rect(JOIN - 40, y, 66, part, "output", "soft", "join")
        drawing.text(JOIN - 7, y + part / 2 + 5, f"{end.shape[0]}", 14, "ink", "middle", item="join")
        y += part
    drawing.text(JOIN + 38, (top + y) / 2 - 12, f"{' + '.join(str(end.shape[0]) for end in ends)}", 13, "muted", item="join")
    drawing.text(JOIN + 38, (top + y) / 2 + 8, sides(out.shape), 14, "ink", bold=True, item="join")


def _alone(end: Row) -> bool:
    """Whether a branch is a single layer: of an Inception module that is the first."""
    return end.name.endswith("1x1")


def _single(part: Part, step: Conv | Pool | Linear | Zeros) -> Drawing:
    """A layer's map in, its kernel, and its map out, the maps to one scale."""
    row = part.rows[-1]
    drawing = Drawing(WIDTH, 236, f"{step.name} opened up", least=720, lines=2, told=f"{step.name}: {what(step, part.before)}.")
    largest = max(*part.before[1:], *row.shape[1:])
    scale = 150 / largest
    window = _window(step, part.before)
    groups = step.groups if isinstance(step, Conv) else 0
    seen = f"in {'all ' if groups == 1 else ''}{part.before[0] // groups:,} channels" if groups else "in its own channel"
    told_in = f"What comes in: {sides(part.before)}. One cell of the output sees the orange window, {seen}."
    drawing.item(Item("in", told_in, told_in))
    drawing.item(Item("weights", _weights(step, part), _weights(step, part)))
    told = f"{numbers_told(row.shape, row.parameters, row.macs)}.\nReceptive field: {field_told(row.field)}."
    drawing.item(Item("out", told.replace("\n", " "), told))
    _plane(drawing, 130, part.before, scale, "input", "in")
    x, y = 130 - part.before[2] * scale / 2, MIDDLE - part.before[1] * scale / 2
    high, wide = (max(min(side * scale, most * scale), 4) for side, most in zip(window, part.before[1:], strict=True))
    drawing.rect(x, y, wide, high, "kernel", "soft", "in")
    if _taps(step):
        _kernel(drawing, step, (x + wide, y, y + high))
        drawing.line([(548, MIDDLE), (720, MIDDLE)], arrow=True)
    else:
        drawing.line([(240, MIDDLE), (330, MIDDLE)], arrow=True)
        drawing.rect(330, MIDDLE - 34, 300, 68, "kernel" if row.parameters else "muted", "soft", "weights")
        drawing.text(
            480, MIDDLE + 6, "Mean of the map" if isinstance(step, Pool) else _kind(step), 15, "ink", "middle", bold=True, item="weights"
        )
        drawing.line([(630, MIDDLE), (720, MIDDLE)], arrow=True)
    drawing.text(480, 208, _weighs(step, part), 14, "ink", "middle", bold=True, item="weights")
    _plane(drawing, 826, row.shape, scale, role(step), "out")
    out_x, out_y = 826 - row.shape[2] * scale / 2, MIDDLE - row.shape[1] * scale / 2
    drawing.rect(out_x, out_y, max(scale, 4), max(scale, 4), "kernel", "solid", "out")
    drawing.text(130, 208, sides(part.before), 14, "ink", "middle", bold=True)
    drawing.text(826, 208, sides(row.shape), 14, "ink", "middle", bold=True)
    return drawing


def _taps(step: Step) -> bool:
    """Whether a layer has a window that can be drawn tap by tap."""
    return isinstance(step, Conv) or (isinstance(step, Pool) and step.how != "global")


def _kernel(drawing: Drawing, step: Conv | Pool | Linear | Zeros, window: tuple[float, float, float]) -> None:
    """The window enlarged: taps filled, and where it is dilated the cells between them empty."""
    assert isinstance(step, (Conv, Pool))
    extent = step.dilation * (step.kernel_size - 1) + 1
    cell = min(132 / extent, 44)
    x, y = 480 - extent * cell / 2, MIDDLE - extent * cell / 2
    right, top, bottom = window
    drawing.line([(right, top), (x, y)], "edge")
    drawing.line([(right, bottom), (x, y + extent * cell)], "edge")
    if isinstance(step, Conv):
        drawing.rect(x + 7, y - 7, extent * cell, extent * cell, "kernel", "paper", "weights")
    for i in range(extent):
        for j in range(extent):
            tap = i % step.dilation == 0 and j % step.dilation == 0
            drawing.rect(x + j * cell, y + i * cell, cell, cell, "kernel" if tap else "edge", "soft" if tap else "paper", "weights")


def _weighs(step: Conv | Pool | Linear | Zeros, part: Part) -> str:
    told = _kind(step) if _taps(step) else ""
    dilated = f", dilated by {step.dilation}" if isinstance(step, (Conv, Pool)) and step.dilation > 1 else ""
    price = f"{part.parameters:,} parameters" if part.parameters else "no parameters"
    return f"{told}{dilated}: {price}" if told else price


def _window(step: Conv | Pool | Linear | Zeros, before: Shape) -> tuple[int, int]:
    """The cells a side that one output cell sees of the layer's input."""
    if isinstance(step, Linear) or (isinstance(step, Pool) and step.how == "global"):
        return before[1], before[2]
    if isinstance(step, Zeros):
        return 1, 1
    extent = step.dilation * (step.kernel_size - 1) + 1
    return extent, extent


def _weights(step: Conv | Pool | Linear | Zeros, part: Part) -> str:
    if isinstance(step, Conv):
        inside = part.before[0] // step.groups
        return f"{step.channels:,} kernels of {step.kernel_size} × {step.kernel_size} × {inside:,} weights: {part.parameters:,} parameters."
    return f"{what(step, part.before)[0].upper()}{what(step, part.before)[1:]}."


def _plane(drawing: Drawing, x: float, shape: Shape, scale: float, colour: Role, item: str) -> None:
    """A map seen from the front, with a second one behind it where it has several channels."""
    high, wide = max(shape[1] * scale, 5), max(shape[2] * scale, 5)
    if shape[0] > 1:
        for back in (10, 5):
            drawing.rect(x - wide / 2 + back, MIDDLE - high / 2 - back, wide, high, colour, "soft", item)
    drawing.rect(x - wide / 2, MIDDLE - high / 2, wide, high, colour, "soft", item)
