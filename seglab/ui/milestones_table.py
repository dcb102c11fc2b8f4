"""Milestones in numbers: a network's layers as a table, and all networks beside each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from seglab.nets.milestones import MILESTONES, Branches, Heads, Row
from seglab.nets.walk import Part, at_size, depth, grouped, sides
from seglab.ui.drawing import Drawing, Item, Role

YEARS = {"AlexNet": 2012, "VGG-16": 2014, "GoogLeNet": 2014, **{name: 2015 for name in MILESTONES if name.startswith("ResNet")}}
HEAD = ("layer", "output", "parameters", "multiply-adds", "field", "stride", "padding")
_STYLE = """<style>
.layers { width: 100%; border-collapse: collapse; line-height: 1.3; font-variant-numeric: tabular-nums; }
.layers th, .layers td { padding: 0.3em 0 0.3em 1.2em; border: 0; text-align: right; white-space: nowrap; }
.layers thead th, .layers tbody th, .layers tbody td { border-bottom: 1px solid rgba(128, 128, 128, 0.35); }
.layers th:first-child { padding-left: 0; text-align: left; }
.layers thead th { font-weight: 400; }
.layers tbody th { font-weight: 400; }
.layers tbody th.within { padding-left: 1.2em; }
.layers .block > * { font-weight: 600; }
.layers tfoot th, .layers tfoot td { font-weight: 700; }
.layers-window { overflow-x: auto; }
</style>"""


class Line(NamedTuple):
    """A line of the table: a layer, or a block with several `alike`; `within` a block, whose own line has the totals."""

    name: str
    row: Row
    within: bool
    block: bool
    alike: int = 1


def lines(parts: Sequence[Part]) -> Iterator[Line]:
    """The lines of a network's table: each block with its totals, then its layers; blocks that are alike once, with their number."""
    for group in grouped(parts):
        part, last, count = group[0], group[-1], len(group)
        if not isinstance(part.step, (Branches, Heads)):
            yield Line(part.step.name, part.rows[-1], False, False)
            continue
        name = part.step.name if count == 1 else f"{part.step.name} to {last.step.name} (× {count})"
        total = Row(part.step.name, part.rows[-1].shape, sum(p.parameters for p in group), sum(p.macs for p in group), last.rows[-1].field)
        yield Line(name, total, False, True, count)
        for row in part.rows[: None if isinstance(part.step, Heads) else -1]:
            yield Line(row.name.removeprefix(part.step.name).strip() or row.name, row, True, False, count)


def layer_table(parts: Sequence[Part]) -> str:
    """A network's layers as an HTML table with a line of totals."""
    body = "".join(_line(line) for line in lines(parts))
    total = ["in all", "", f"{parameters(parts):,}", f"{macs(parts):,}", "", "", ""]
    return _table("Layers", HEAD, body, f"<tfoot>{_cells(total)}</tfoot>")


def plain_table(label: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A small HTML table of words and numbers."""
    return _table(label, head, "".join(_cells(row) for row in rows), "")


def _table(label: str, head: Sequence[str], body: str, foot: str) -> str:
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    return (
        f'{_STYLE}<div class="layers-window" tabindex="0" role="region" aria-label="{escape(label)}"><table class="layers"'
        f' style="font-size: 0.95rem"><thead><tr>{names}</tr></thead><tbody>{body}</tbody>{foot}</table></div>'
    )


def _cells(row: Sequence[str]) -> str:
    return f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'


def _line(line: Line) -> str:
    row, kind = line.row, ' class="within"' if line.within else ""
    each = " each" if line.within and line.alike > 1 and row.parameters else ""
    cells = [sides(row.shape), f"{row.parameters:,}{each}" if row.parameters else "–", f"{row.macs:,}{each}" if row.macs else "–"]
    cells += [str(number) for number in row.field] if row.field else ["all", "–", "–"]
    told = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr{" class=block" if line.block else ""}><th scope="row"{kind}>{escape(line.name)}</th>{told}</tr>'


def parameters(parts: Sequence[Part]) -> int:
    return sum(part.parameters for part in parts)


def macs(parts: Sequence[Part]) -> int:
    return sum(part.macs for part in parts)


def shares(parts: Sequence[Part]) -> tuple[float, float]:
    """The shares of a network's parameters and of its multiply-adds that are in its fully connected layers.

    >>> from seglab.nets.milestones import vgg16
    >>> from seglab.nets.walk import walk
    >>> [round(share, 3) for share in shares(walk(vgg16(), (3, 224, 224))[0])]
    [0.894, 0.008]
    """
    full = [row for part in parts for row in part.rows if "fc" in row.name]
    return sum(row.parameters for row in full) / max(parameters(parts), 1), sum(row.macs for row in full) / max(macs(parts), 1)


def most_in(parts: Sequence[Part], count: Callable[[Sequence[Part]], int]) -> tuple[str, float]:
    """The stage of a network that has most of what is counted, and its share.

    >>> from seglab.nets.milestones import resnet
    >>> from seglab.nets.walk import walk
    >>> name, share = most_in(walk(resnet(152), (3, 224, 224))[0], macs)
    >>> name, round(share, 2)
    ('conv4', 0.7)
    """
    stages: dict[str, list[Part]] = {}
    for part in parts:
        found = re.match(r"(inception )?[a-z]*\d*", part.step.name)
        name = found[0].strip() if found else part.step.name
        stages.setdefault("the heads" if name == "head" else name, []).append(part)
    name = max(stages, key=lambda stage: count(stages[stage]))
    return name, count(stages[name]) / max(count(parts), 1)


PARAMETERS, WORK, FIELD, BAR = 240, 560, 940, 190  # where columns begin, or the last one ends, and the longest bar


def beside() -> Drawing:
    """All networks at their own size: year, depth, parameters, work and the field of the last map, a line each."""
    drawing = Drawing(960, 46 + 36 * len(MILESTONES), "All networks beside each other", least=760, lines=2)
    drawing.told = (
        "Multiply-adds are for one image of the network's own size; the field is that of its last map. Point at a line for all its numbers,"
        " press it to choose that network."
    )
    for x, told in ((104, "year"), (162, "layers"), (PARAMETERS, "parameters"), (WORK, "multiply-adds")):
        drawing.text(x, 22, told, 13, "muted")
    drawing.text(FIELD, 22, "field", 13, "muted", "end")
    known = {name: at_size(make(), shape, shape) for name, (make, shape) in MILESTONES.items()}
    most = max(parameters(sized.parts) for sized in known.values()), max(macs(sized.parts) for sized in known.values())
    for number, (name, sized) in enumerate(known.items()):
        _network(drawing, name, sized.parts, 50 + 36 * number, most)
    return drawing


def _network(drawing: Drawing, name: str, parts: Sequence[Part], y: float, most: tuple[int, int]) -> None:
    make, shape = MILESTONES[name]
    last = next(row for part in reversed(parts) for row in reversed(part.rows) if row.field)
    assert last.field
    full, _ = shares(parts)
    told = (
        f"{name}, {YEARS[name]}: {depth(make())} layers with weights, {parameters(parts):,} parameters ({100 * full:.0f} % of them fully"
        f" connected), {macs(parts):,} multiply-adds at {shape[1]} × {shape[2]}.\nIts last map, {sides(last.shape)}: one cell sees"
        f" {last.field.size} × {last.field.size} pixels, {last.field.stride} apart."
    )
    drawing.item(Item(name, told.replace("\n", " "), told))
    drawing.rect(2, y - 17, 956, 32, "edge", "paper", name)
    drawing.text(12, y + 5, name, 14, "ink", bold=True, item=name)
    drawing.text(104, y + 5, str(YEARS[name]), 14, "ink", item=name)
    drawing.text(162, y + 5, str(depth(make())), 14, "ink", item=name)
    bars: tuple[tuple[int, int, Role, str], ...] = (
        (PARAMETERS, parameters(parts), "kernel", f"{parameters(parts) / 1e6:.1f} million"),
        (WORK, macs(parts), "output", f"{macs(parts) / 1e9:.1f} billion"),
    )
    for (x, value, colour, words), peak in zip(bars, most, strict=True):
        drawing.rect(x, y - 10, max(BAR * value / peak, 2), 18, colour, "soft", name)
        drawing.text(x + BAR * value / peak + 8, y + 5, words, 13, "ink", item=name)
    drawing.text(FIELD, y + 5, f"{last.field.size}", 14, "ink", "end", item=name)
