"""The picture of the U with some of its blocks marked: in a colour of their own, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seglab.nets.architecture import Architecture
from seglab.nets.describe import Block
from seglab.ui.drawing import Drawing, Role
from seglab.ui.u_picture import picture

LINE = 26.0


@dataclass(frozen=True)
class Mark:
    """How a part of a network is marked: the colour of its boxes, and what is said of it."""

    role: Role
    words: str


def marked(net: Architecture, size: tuple[int, int], blocks: list[Block], marks: Mapping[str, Mark], told: str = "") -> Drawing:
    """The U for images of (height, width) whose blocks of the parts `marks` ("encoder", "head") have their colour; a line for each below.

    The words of each colour stand in the picture, so that nobody needs the colour.
    """
    drawing = picture(net, size, blocks)
    drawing.label = f"{drawing.label}; {told}" if told else drawing.label
    drawing.told = "Point at a block for its numbers."
    boxes = [mark for mark in drawing.marks if mark["kind"] in ("rect", "poly") and mark["item"]]
    for mark in boxes[3:]:  # after the three sides of the image, which stays what is read
        part = mark["item"].partition(".")[0]
        if part in marks:
            # The paper side of a box keeps its fill, only the frame's colour changes; a skip's share in a joined map is not the part's own.
            mark["classes"] = [marks[part].role if name in ("output", "input") else name for name in mark["classes"]]
    words = dict.fromkeys((mark.role, mark.words) for mark in marks.values())
    y = drawing.height + 8
    for role, said in words:
        drawing.rect(20, y - 13, 16, 16, role, "soft")
        drawing.text(44, y, said, 15, "ink", bold=True)
        y += LINE
    drawing.height = y - 8
    return drawing
