"""A drawing of marks at places, some of them together an item that can be pointed at and chosen. `diagram.py` shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["ink", "input", "kernel", "output", "skip", "difference", "muted", "edge", "paper"]
Fill = Literal["none", "soft", "solid", "paper"]
Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]


@dataclass(frozen=True)
class Item:
    """What can be pointed at: its name, what a screen reader says of it, what is told below the drawing, and the items lit with it."""

    name: str
    says: str
    tells: str
    lights: tuple[str, ...] = ()


@dataclass
class Drawing:
    """Marks in the order in which they lie on each other, in units of which there are `width` by `height`.

    `label` is what a screen reader calls the whole; `least` the pixels below which it scrolls sideways instead of shrinking, so that words
    stay readable; `told` is the line below it while nothing is pointed at, `lines` how many lines are kept free for it.

    >>> drawing = Drawing(100, 50, "A box")
    >>> drawing.item(Item("box", "The box", "It is 20 wide."))
    >>> drawing.rect(10, 10, 20, 30, "input", item="box")
    >>> drawing.marks[0]["classes"]
    ['input', 'soft']
    """

    width: float
    height: float
    label: str
    least: int = 0
    told: str = ""
    lines: int = 1
    marks: list[dict[str, Any]] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def item(self, item: Item) -> None:
        """An item; its marks are those that name it. The arrow keys walk through items in the order in which they were given."""
        self.items.append(item)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        role: Role = "ink",
        fill: Fill = "soft",
        item: str = "",
        dashed: bool = False,
        thick: bool = False,
    ) -> None:
        self._mark("rect", role, fill, item, dashed, thick, x=_r(x), y=_r(y), width=_r(width), height=_r(height))

    def polygon(self, points: Sequence[Point], role: Role = "ink", fill: Fill = "soft", item: str = "") -> None:
        self._mark("poly", role, fill, item, False, points=_told(points))

    def line(self, points: Sequence[Point], role: Role = "ink", item: str = "", dashed: bool = False, arrow: bool = False) -> None:
        """A line through points, with an arrow's head at its last one if so wished."""
        self._mark("line", role, "none", item, dashed, points=_told(points))
        if arrow:
            (x0, y0), (x, y) = points[-2:]
            length = max(((x - x0) ** 2 + (y - y0) ** 2) ** 0.5, 1e-9)
            dx, dy = 7 * (x - x0) / length, 7 * (y - y0) / length
            self.polygon([(x, y), (x - dx - dy / 2, y - dy + dx / 2), (x - dx + dy / 2, y - dy - dx / 2)], role, "solid", item)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 13,
        role: Role = "ink",
        anchor: Anchor = "start",
        bold: bool = False,
        item: str = "",
        over: bool = False,
    ) -> None:
        """Words whose base line is at `y`; `over` a picture they are white with a dark edge."""
        more = {"x": _r(x), "y": _r(y), "font-size": size, "text-anchor": anchor}
        classes = ["over" if over else "paper-edge" if role == "paper" else role, *(["bold"] if bold else [])]
        self.marks.append({"kind": "text", "text": text, "item": item, "classes": classes, **more})

    def image(self, x: float, y: float, width: float, height: float, href: str, item: str = "") -> None:
        """A picture, by a data URL, its pixels kept sharp."""
        more = {"x": _r(x), "y": _r(y), "width": _r(width), "height": _r(height), "href": href, "preserveAspectRatio": "none"}
        self.marks.append({"kind": "image", "item": item, "classes": [], **more})

    def _mark(self, kind: str, role: Role, fill: Fill, item: str, dashed: bool, thick: bool = False, **more: Any) -> None:
        drawn = {"dashed": dashed, "thick": thick}
        classes = [
            f"{role}-edge" if role == "paper" else role,
            *([fill] if fill != "none" else []),
            *(name for name in drawn if drawn[name]),
        ]
        self.marks.append({"kind": kind, "item": item, "classes": classes, **more})


def _r(number: float) -> float:
    return round(number, 2)


def _told(points: Sequence[Point]) -> str:
    return " ".join(f"{_r(x)},{_r(y)}" for x, y in points)
