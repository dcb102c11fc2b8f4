"""The picture of a network as the U: every map a box to scale, its width the channels, its height and depth the two sides of the map."""

from __future__ import annotations

from dataclasses import dataclass

from seglab.nets.architecture import Architecture
from seglab.nets.choices import FUSED
from seglab.nets.describe import Block, BreaksError, Shape, told
from seglab.nets.fitting import border, crop
from seglab.ui.drawing import Drawing, Item, Role

TALL, WIDE, SLANT = 118.0, 84.0, 0.3  # units of the highest map, of the most channels, and how far a side goes back for each unit
GAP, LINE, TOP = 30.0, 15.0, 44.0
LEAST = 2.0


@dataclass(frozen=True)
class Box:
    """A map where it stands: its left edge, its line, and the sides of its front; `joined` of its channels come from a skip."""

    shape: Shape
    block: str
    level: int
    x: float
    role: Role
    joined: int = 0


@dataclass(frozen=True)
class Arrow:
    """From one box to another, by what happens between."""

    of: Box
    to: Box
    role: Role
    words: str = ""
    dashed: bool = False


class Layout:
    """Boxes from the image to the mask; each level has a line of its own, and each convolution a place further to the right."""

    def __init__(self, net: Architecture, image: tuple[int, int], blocks: list[Block]) -> None:
        self.net, self.blocks = net, blocks
        self.most = max(c for block in blocks for c, *_ in block.maps) if blocks else net.in_channels
        self.high = TALL / max(image)
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        first = (net.in_channels, *image)
        self._put(first, blocks[0].name if blocks else "", 0, 0.0, "input")
        self._kept: list[Box] = []
        self._pooled: list[Box] = []
        for block in blocks:
            {"encoder": self._encoder, "up": self._up, "decoder": self._decoder, "scores": self._score}.get(
                block.name.partition(".")[0], self._convolved
            )(block)

    @property
    def last(self) -> Box:
        return self.boxes[-1]

    def wide(self, shape: Shape) -> float:
        return max(WIDE * shape[0] / self.most, LEAST)

    def back(self, shape: Shape) -> float:
        return shape[2] * self.high * SLANT

    def tall(self, shape: Shape) -> float:
        return max(shape[1] * self.high, LEAST)

    def after(self, box: Box) -> float:
        """Where the next box in a line begins."""
        return box.x + self.wide(box.shape) + max(GAP, self.back(box.shape) + 14)

    def _put(self, shape: Shape, block: str, level: int, x: float, role: Role, joined: int = 0) -> Box:
        box = Box(shape, block, level, x, role, joined)
        self.boxes.append(box)
        return box

    def _next(self, shape: Shape, block: str, role: Role = "output", words: str = "") -> Box:
        before = self.last
        box = self._put(shape, block, before.level, self.after(before), role)
        self.arrows.append(Arrow(before, box, "kernel", words))
        return box

    def _convolved(self, block: Block) -> None:
        for shape in block.maps:
            self._next(shape, block.name)

    def _encoder(self, block: Block) -> None:
        for shape in block.maps[:-1]:
            self._next(shape, block.name)
        made = self.last
        self._kept.append(made)
        pooled = self._put(block.maps[-1], block.name, made.level + 1, made.x, "input")
        self._pooled.append(pooled)
        self.arrows.append(Arrow(made, pooled, "difference", "max pool"))

    def _up(self, block: Block) -> None:
        below = self.last
        climbed = FUSED.get(self.net.kind)
        number = int(block.name.partition(".")[2])
        rises = 1 if climbed is None or number < climbed else below.level
        if climbed is None:  # the decoder's block draws what is joined
            self._below, self._raised = below, block
            return
        x = below.x if rises == 1 else self.after(below)
        box = self._put(block.shape, block.name, below.level - rises, max(x, self._room(below.level - rises)), "output")
        self.arrows.append(Arrow(below, box, "output", f"× {2**rises}"))
        if number < climbed:
            beside = self._scored[number]
            self.arrows.append(Arrow(beside, box, "skip", "add"))

    def _room(self, level: int) -> float:
        """The place after the last box of a line."""
        return max((self.after(box) for box in self.boxes if box.level == level), default=0.0)

    def _score(self, block: Block) -> None:
        number = int(block.name.partition(".")[2])
        pooled = self._pooled[-number - 2]
        last = self.boxes.pop()  # the coarser scores stay the last one
        box = self._put(block.shape, block.name, pooled.level, self._room(pooled.level), "skip")
        self.boxes.append(last)
        self._scored = [*getattr(self, "_scored", []), box]
        self.arrows.append(Arrow(pooled, box, "kernel"))

    def _decoder(self, block: Block) -> None:
        net, number = self.net, int(block.name.partition(".")[2])
        kept = self._kept[-number - 1]
        if net.kind == "segnet":
            below, (c, h, w) = self.last, self.last.shape
            raised: Shape = (c, 2 * h, 2 * w)
            name, joined = block.name, 0
        else:
            below, raised, name = self._below, self._raised.shape, self._raised.name
            joined = raised[0] if net.skip == "concat" else 0
        x = max(below.x, self._room(below.level - 1))
        box = self._put((raised[0] + joined, *raised[1:]), name, below.level - 1, x, "output", joined)
        words = {"unpool": "unpool", "transposed": "up-conv"}.get(net.upsampling, net.upsampling)
        self.arrows.append(Arrow(below, box, "output", words))
        lost = crop(net, number + 1)
        cut = f"crop {lost}" if lost else ""
        if net.skip != "none":
            how = "copy" if net.skip == "concat" else "add"
            self.arrows.append(Arrow(kept, box, "skip", f"{how}, {cut}" if cut else how))
        if net.upsampling == "unpool":
            self.arrows.append(Arrow(kept, box, "skip", f"places, {cut}" if cut else "places", dashed=True))
        for shape in block.maps:
            self._next(shape, block.name)


def picture(net: Architecture, size: tuple[int, int], blocks: list[Block], breaks: BreaksError | None = None) -> Drawing:
    """The U of a network for images of (height, width), as far as it goes; where it `breaks`, the two sizes stand beside a cross."""
    layout = Layout(net, size, blocks)
    levels = max(box.level for box in layout.boxes) + 1
    heights = [max(layout.tall(b.shape) + layout.back(b.shape) for b in layout.boxes if b.level == level) for level in range(levels)]
    tops = [TOP + sum(heights[:level]) + level * (2 * LINE + 18) for level in range(levels)]
    place = _Place(layout, heights, tops)
    right = max(box.x + layout.wide(box.shape) + layout.back(box.shape) for box in layout.boxes) + 40 + (190 if breaks else 0)
    height = tops[-1] + heights[-1] + 2 * LINE + 12
    size_told = told(size).replace("x", "×")
    drawing = Drawing(right + 20, height, f"The network for images of {size_told} pixels", least=int(min(right, 1100) * 0.86))
    drawing.lines = 2
    for block in [*blocks, *([] if breaks is None else [])]:
        drawing.item(Item(block.name, f"{block.name}: {' × '.join(map(str, block.shape))}", tells(net, block)))
    for arrow in layout.arrows:
        _arrow(drawing, place, arrow)
    for box in layout.boxes:
        _box(drawing, place, box)
    if breaks:
        _cross(drawing, place, breaks)
    return drawing


@dataclass(frozen=True)
class _Place:
    """Where the boxes of a layout stand in the drawing."""

    layout: Layout
    heights: list[float]
    tops: list[float]

    def front(self, box: Box) -> tuple[float, float, float, float]:
        """Left, top, width and height of a box's front; boxes of a line stand on one ground."""
        tall = self.layout.tall(box.shape)
        return box.x + 20, self.tops[box.level] + self.heights[box.level] - tall, self.layout.wide(box.shape), tall


def _box(drawing: Drawing, place: _Place, box: Box) -> None:
    x, y, width, height = place.front(box)
    d = place.layout.back(box.shape)
    e = d * 0.7
    drawing.polygon([(x, y), (x + d, y - e), (x + width + d, y - e), (x + width, y)], box.role, "paper", box.block)
    drawing.polygon(
        [(x + width, y), (x + width + d, y - e), (x + width + d, y + height - e), (x + width, y + height)], box.role, "paper", box.block
    )
    share = box.joined / box.shape[0]
    if share:
        drawing.rect(x, y, width * share, height, "skip", "soft", box.block)
    drawing.rect(x + width * share, y, width * (1 - share), height, box.role, "soft", box.block)
    channels, h, w = box.shape
    drawing.text(x + width / 2 + d / 2, y - e - 5, f"{channels}", 12, "ink", "middle", True, box.block)
    ground = y + height + LINE - 2
    drawing.text(x + width / 2, ground, f"{h}" if h == w else f"{h}×{w}", 12, "muted", "middle", item=box.block)


def _arrow(drawing: Drawing, place: _Place, arrow: Arrow) -> None:
    x0, y0, w0, h0 = place.front(arrow.of)
    x1, y1, w1, h1 = place.front(arrow.to)
    if arrow.role == "skip" and arrow.of.level == arrow.to.level:
        y = y1 + min(h1, h0) * 0.35
        begin = x0 + w0 + place.layout.back(arrow.of.shape) * 0.5
        drawing.line([(begin, y), (x1 - 3, y)], "skip", dashed=arrow.dashed, arrow=True)
        if arrow.words:
            drawing.text((begin + x1) / 2, y - 5, arrow.words, 12, "skip", "middle")
    elif arrow.of.level == arrow.to.level:
        y = min(y0 + h0, y1 + h1) - min(h0, h1) / 2
        drawing.line([(x0 + w0 + 2, y), (x1 - 2, y)], arrow.role, arrow=True)
    elif arrow.to.level > arrow.of.level:  # down, past the words
        x = x1 + min(w0, w1) / 2
        drawing.line([(x, y0 + h0 + LINE + 2), (x, y1 - place.layout.back(arrow.to.shape) * 0.7 - 18)], arrow.role, arrow=True)
    else:
        x = x0 + min(w0, w1) / 2 if abs(x0 - x1) < 60 else x1 + w1 / 2
        start = (x0 + w0 / 2, y0 - place.layout.back(arrow.of.shape) * 0.7 - 19)
        end = (x1 + w1 / 2, y1 + h1 + LINE + 3)
        drawing.line(
            [start, (end[0], start[1]), end] if abs(start[0] - end[0]) > 8 else [(x, start[1]), (x, end[1])], arrow.role, arrow=True
        )


def _cross(drawing: Drawing, place: _Place, breaks: BreaksError) -> None:
    """The place where it breaks, beside the last box."""
    box = place.layout.last
    x, y, width, height = place.front(box)
    at, level = x + width + place.layout.back(box.shape) + 34, y + height / 2
    drawing.item(Item("breaks", f"It breaks here, {breaks}", f"It breaks at {breaks.block}: {breaks.why}."))
    drawing.line([(at - 9, level - 9), (at + 9, level + 9)], "difference", "breaks")
    drawing.line([(at - 9, level + 9), (at + 9, level - 9)], "difference", "breaks")
    sizes = " ≠ ".join(told(size).replace(" x ", "×") for size in breaks.sizes)
    drawing.text(at + 18, level - 2, breaks.block, 13, "difference", "start", True, "breaks")
    drawing.text(at + 18, level + 15, sizes, 13, "difference", "start", False, "breaks")


def tells(net: Architecture, block: Block) -> str:
    """What is told of a block below the picture.

    >>> from seglab.nets import describe, paper_unet
    >>> print(tells(paper_unet(), describe(paper_unet(), (572, 572))[4]))
    bottleneck: two 3 × 3 convolutions, ReLU. 1024 × 28 × 28
    14,157,824 parameters, 11.8 G multiply-adds, 7 MB of maps; each cell sees 140 pixels of the image a side
    """
    small, large = block.receptive_field
    sees = f"{small}" if small == large else f"{small} to {large}"
    return (
        f"{block.name}: {does(net, block.name)}. {' × '.join(map(str, block.shape))}\n"
        f"{block.parameters:,} parameters, {amount(block.macs)} multiply-adds, {block.memory / 1e6:,.0f} MB of maps;"
        f" each cell sees {sees} pixels of the image a side"
    )


def does(net: Architecture, name: str) -> str:
    """What a block does, in words.

    >>> does(Architecture(), "up.0")
    '2 × 2 transposed convolution, stride 2'
    """
    kind, _, number = name.partition(".")
    k = net.kernel_size
    norm = {"batch": ", batch normalisation", "group": ", group normalisation", "none": ""}[net.norm]
    double = f"two {k} × {k} convolutions{norm}, ReLU"
    if kind == "up" and net.kind in FUSED:
        factor = 2 if int(number) < FUSED[net.kind] else 2 ** (net.depth - FUSED[net.kind])
        how = f"{2 * factor} × {2 * factor} transposed convolution, stride {factor}" if net.upsampling == "transposed" else net.upsampling
        return f"scores {factor} × as large: {how}" + (", finer scores added" if int(number) < FUSED[net.kind] else "")
    joins = {"concat": "the encoder's map beside it; ", "add": "the encoder's map added; ", "none": ""}[net.skip]
    ups = {
        "transposed": "2 × 2 transposed convolution, stride 2",
        "unpool": "1 × 1 convolution, then max unpooling",
        "nearest": "every value copied twice as large, then 1 × 1 convolution",
        "bilinear": "bilinear interpolation twice as large, then 1 × 1 convolution",
    }
    return {
        "encoder": f"{double}; then max pooling by 2",
        "bottleneck": double,
        "up": ups[net.upsampling],
        "decoder": f"max unpooling; {double}" if net.kind == "segnet" else f"{joins}{double}",
        "head": "1 × 1 convolution to a score for each class",
        "scores": "1 × 1 convolution of a pooled map to a score for each class",
    }[kind]


def amount(number: float) -> str:
    """A large number in short.

    >>> amount(11_800_000_000), amount(31_030_658), amount(740)
    ('11.8 G', '31 M', '740')
    """
    for unit, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return f"{number:.0f}"


def lost_border(net: Architecture) -> int:
    """Pixels that the mask is smaller on each side."""
    return border(net)
