"""Where the maps of a network stand when it is drawn as the U: a line for each level, and what leads from one map to the next."""

from __future__ import annotations

from dataclasses import dataclass

from seglab.nets.architecture import Architecture
from seglab.nets.choices import FUSED
from seglab.nets.describe import Block, Shape
from seglab.nets.fitting import crop
from seglab.ui.drawing import Role

TALL, WIDE, SLANT = 120.0, 74.0, 0.28  # units of the highest map, of the most channels, and how far a side goes back for each unit
GAP = 30.0
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

    def __init__(self, net: Architecture, image: tuple[int, int], blocks: list[Block], tall: float = TALL) -> None:
        self.net, self.blocks = net, blocks
        self.most = max(c for block in blocks for c, *_ in block.maps) if blocks else net.in_channels
        self.high = tall / max(image)
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self._kept: list[Box] = []  # each level's map, the same pooled, and an FCN's scores of pooled ones
        self._pooled: list[Box] = []
        self._scored: list[Box] = []
        self._put((net.in_channels, *image), blocks[0].name if blocks else "", 0, 0.0, "input")
        up = self._climb if net.kind in FUSED else self._raise
        draw = {"encoder": self._encoder, "up": up, "decoder": self._decoder, "scores": self._score}
        for block in blocks:
            draw.get(block.name.partition(".")[0], self._convolved)(block)

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

    def meets(self, block: str) -> Box | None:
        """The map of the encoder that a block of the way up meets."""
        kind, _, number = block.partition(".")
        return self._kept[-int(number) - 1] if kind == "decoder" and int(number) < len(self._kept) else None

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
        self.arrows.append(Arrow(made, pooled, "muted", "max pool"))

    def _raise(self, block: Block) -> None:
        """A U-Net's map made larger: the decoder's block draws it, together with what it is joined with."""
        self._raised = block

    def _climb(self, block: Block) -> None:
        """An FCN's scores made larger: by a level where finer ones are added, at last to the pixels."""
        below, number = self.last, int(block.name.partition(".")[2])
        adds = number < FUSED[self.net.kind]
        level = below.level - 1 if adds else 0
        x = below.x if below.level - level == 1 else self.after(below)
        box = self._put(block.shape, block.name, level, max(x, self._room(level)), "output")
        self.arrows.append(Arrow(below, box, "output", f"× {2 ** (below.level - level)}"))
        if adds:
            self.arrows.append(Arrow(self._scored[number], box, "skip", "add"))

    def _room(self, level: int) -> float:
        """The place after the last box of a line."""
        return max((self.after(box) for box in self.boxes if box.level == level), default=0.0)

    def _score(self, block: Block) -> None:
        number = int(block.name.partition(".")[2])
        pooled = self._pooled[-number - 2]
        last = self.boxes.pop()  # the coarser scores stay the last one
        box = self._put(block.shape, block.name, pooled.level, self._room(pooled.level), "skip")
        self.boxes.append(last)
        self._scored.append(box)
        self.arrows.append(Arrow(pooled, box, "kernel"))

    def _decoder(self, block: Block) -> None:
        net, number = self.net, int(block.name.partition(".")[2])
        kept, below = self._kept[-number - 1], self.last
        if net.kind == "segnet":
            c, h, w = below.shape
            raised, name = (c, 2 * h, 2 * w), block.name
        else:
            raised, name = self._raised.shape, self._raised.name
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
