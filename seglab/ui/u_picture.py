"""The picture of a network as the U: every map a box to scale, its width the channels, its height and depth the two sides of the map."""

from __future__ import annotations

from seglab.nets.architecture import Architecture
from seglab.nets.describe import Block, BreaksError
from seglab.nets.walk import sides
from seglab.ui.drawing import Drawing, Item, Role
from seglab.ui.u_layout import TALL, Arrow, Box, Layout
from seglab.ui.u_words import tells

WORD, LINE = 14, 17.0  # units of the words: at 1280 pixels beside the sidebar about 10 pixels; and of a line of them
TOP, LEFT = 46.0, 20.0
ARROWS: tuple[tuple[Role, str], ...] = (
    ("kernel", "convolution"),
    ("muted", "max pooling"),
    ("output", "larger again"),
    ("skip", "from the encoder"),
)


def picture(net: Architecture, size: tuple[int, int], blocks: list[Block], breaks: BreaksError | None = None) -> Drawing:
    """The U of a network for images of (height, width), as far as it goes; where it `breaks`, the two sizes stand beside a cross."""
    layout = Layout(net, size, blocks)
    place = _Place(layout, 1 if all(h == w for h, w in (box.shape[1:] for box in layout.boxes)) else 2)
    right = LEFT + max(box.x + layout.wide(box.shape) + layout.back(box.shape) for box in layout.boxes) + 18
    height = place.ground(place.levels - 1) + place.lines * LINE + 46
    label = f"The network for images of {sides(size)} pixels"
    wide = max(right + (150 if breaks else 0), 980)  # a small network is not blown up
    drawing = Drawing(wide, height, label, least=int(min(wide, 1150) * 0.7))
    drawing.lines, drawing.told = 2, "Point at a block for its numbers; press it to open it below."
    for block in blocks:
        drawing.item(Item(block.name, f"{block.name}: {sides(block.shape)}", tells(net, block)))
    for arrow in layout.arrows:
        _arrow(drawing, place, arrow)
    for box in layout.boxes:
        _box(drawing, place, box)
    if breaks:
        _cross(drawing, place, breaks)
    _legend(drawing, height - 14)
    return drawing


def small_picture(net: Architecture, size: tuple[int, int], blocks: list[Block]) -> Drawing:
    """The same U half as high, without sizes and legend: to choose a block from."""
    layout = Layout(net, size, blocks, TALL / 2)
    place = _Place(layout, 0, 24.0)
    right = LEFT + max(box.x + layout.wide(box.shape) + layout.back(box.shape) for box in layout.boxes) + 18
    drawing = Drawing(
        max(right, 980), place.ground(place.levels - 1) + 8, "The network, to choose a block from", least=int(max(right, 980) * 0.7)
    )
    for block in blocks:
        drawing.item(Item(block.name, f"{block.name}: {sides(block.shape)}", tells(net, block).partition("\n")[0]))
    for arrow in layout.arrows:
        _arrow(drawing, place, arrow)
    for box in layout.boxes:
        _box(drawing, place, box)
    return drawing


class _Place:
    """Where the boxes of a layout stand in the drawing; below each are `lines` of words."""

    def __init__(self, layout: Layout, lines: int, top: float = TOP) -> None:
        self.layout, self.lines = layout, lines
        self.levels = max(box.level for box in layout.boxes) + 1
        self._grounds: list[float] = []
        at = top
        for level in range(self.levels):
            at += max((layout.tall(b.shape) + 0.7 * layout.back(b.shape) for b in layout.boxes if b.level == level), default=0.0)
            self._grounds.append(at)
            at += (lines + 1) * LINE + 20

    def ground(self, level: int) -> float:
        """The line on which the boxes of a level stand."""
        return self._grounds[level]

    def front(self, box: Box) -> tuple[float, float, float, float]:
        """Left, top, width and height of a box's front."""
        tall = self.layout.tall(box.shape)
        return box.x + LEFT, self.ground(box.level) - tall, self.layout.wide(box.shape), tall

    def above(self, box: Box) -> float:
        """Above a box and its words."""
        return self.ground(box.level) - self.layout.tall(box.shape) - 0.7 * self.layout.back(box.shape) - LINE - 2

    def below(self, box: Box) -> float:
        """Below a box and its words."""
        return self.ground(box.level) + self.lines * LINE + 2


def _box(drawing: Drawing, place: _Place, box: Box) -> None:
    x, y, width, height = place.front(box)
    d = place.layout.back(box.shape)
    e = d * 0.7
    drawing.polygon([(x, y), (x + d, y - e), (x + width + d, y - e), (x + width, y)], box.role, "paper", box.block)
    side = [(x + width, y), (x + width + d, y - e), (x + width + d, y + height - e), (x + width, y + height)]
    drawing.polygon(side, box.role, "paper", box.block)
    share = width * box.joined / box.shape[0]
    if share:
        drawing.rect(x, y, share, height, "skip", "soft", box.block)
    drawing.rect(x + share, y, width - share, height, box.role, "soft", box.block)
    channels, h, w = box.shape
    drawing.text(x + width / 2 + d / 2, y - e - 5, f"{channels}", WORD, "ink", "middle", True, box.block)
    if place.lines:
        drawing.text(x + width / 2, y + height + LINE - 3, f"{h}", WORD, "muted", "middle", item=box.block)
    if place.lines == 2:
        drawing.text(x + width / 2, y + height + 2 * LINE - 4, f"×{w}", WORD, "muted", "middle", item=box.block)


def _arrow(drawing: Drawing, place: _Place, arrow: Arrow) -> None:
    x0, _, w0, h0 = place.front(arrow.of)
    x1, _, w1, h1 = place.front(arrow.to)
    middles = x0 + w0 / 2, x1 + w1 / 2
    if arrow.of.level == arrow.to.level:
        far = arrow.role == "skip"
        y = place.ground(arrow.of.level) - min(h0, h1) * (0.65 if far and not arrow.dashed else 0.3 if far else 0.5)
        begin = x0 + w0 + (place.layout.back(arrow.of.shape) if far else 2)
        drawing.line([(begin, y), (x1 - 3, y)], arrow.role, dashed=arrow.dashed, arrow=True)
        if arrow.words:
            drawing.text((begin + x1) / 2, y - 5 if not arrow.dashed else y + 14, arrow.words, WORD, arrow.role, "middle")
    elif arrow.to.level > arrow.of.level:
        x = x1 + min(w0, w1) / 2
        drawing.line([(x, place.below(arrow.of)), (x, place.above(arrow.to))], arrow.role, arrow=True)
    else:
        straight = abs(middles[0] - middles[1]) < (w0 + w1) / 2
        start, end = place.above(arrow.of), place.below(arrow.to)
        x = min(middles) if straight else middles[1]
        bend = [] if straight else [(middles[0], (start + end) / 2), (x, (start + end) / 2)]
        drawing.line([(x if straight else middles[0], start), *bend, (x, end)], arrow.role, arrow=True)
        if arrow.words and len(arrow.words) < 6:
            drawing.text(x + 8, (start + end) / 2 + 5, arrow.words, WORD, arrow.role)


def _cross(drawing: Drawing, place: _Place, breaks: BreaksError) -> None:
    """The place where it breaks: where two maps would meet, on the line of the finer one; else beside the last box."""
    box = place.layout.last
    x, y, width, height = place.front(box)
    at, level = x + width + place.layout.back(box.shape) + 30, y + height / 2
    kept = place.layout.meets(breaks.block)
    if kept and len(breaks.sizes) == 2:
        at, level = x + width / 2 + 16, place.ground(kept.level) - place.layout.tall(kept.shape) / 2
        begin = place.front(kept)[0] + place.layout.wide(kept.shape) + place.layout.back(kept.shape)
        drawing.line([(begin, level), (at - 16, level)], "skip", dashed=True, arrow=True)
        drawing.line([(at, place.above(box)), (at, level + 16)], "output", dashed=True, arrow=True)
    drawing.item(Item("breaks", f"It breaks here, {breaks}", f"It breaks at {breaks.block}: {breaks.why}."))
    for slope in (1, -1):
        drawing.line([(at - 10, level - 10 * slope), (at + 10, level + 10 * slope)], "difference", "breaks")
    sizes = " ≠ ".join(sides(size).replace(" ", "") for size in breaks.sizes)
    drawing.text(at + 20, level - 3, breaks.block, WORD, "difference", "start", True, "breaks")
    drawing.text(at + 20, level + 14, sizes, WORD, "difference", "start", False, "breaks")


def _legend(drawing: Drawing, y: float) -> None:
    x = LEFT
    for role, words in ARROWS:
        drawing.line([(x, y - 4), (x + 26, y - 4)], role, arrow=True)
        drawing.text(x + 33, y, words, WORD, "muted")
        x += 56 + 7.4 * len(words)
