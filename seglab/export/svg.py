"""A drawing as SVG: text stays text, and every cell says which panel, cell and value it is."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from seglab.export.marks import Box, Drawing, Hatch, Lines, Mark, Pixels, Rect, Shows, Text
from seglab.export.raster import png_of
from seglab.export.theme import Rgb

SANS = "'Source Sans 3','Source Sans Pro',system-ui,sans-serif"
MONO = "'Source Code Pro',ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"


def svg(drawing: Drawing, title: str, description: str, about: dict[str, Any]) -> str:
    """The drawing as a document with a title, a description for those who do not see it, and `about` as JSON in its metadata."""
    width, height = drawing.width, drawing.height
    told = escape(json.dumps(about, ensure_ascii=False, separators=(",", ":"), allow_nan=False))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"'
        ' aria-labelledby="title description">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(description)}</desc>',
        f"<metadata>{told}</metadata>",
        f'<rect width="{width}" height="{height}" fill="{_colour(drawing.paper)}"/>',
        *(_written(mark, number) for number, mark in enumerate(drawing.marks)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _written(mark: Mark, number: int) -> str:
    shows = _shows(mark.shows)
    if isinstance(mark, Rect):
        seen = "" if mark.opacity == 1 else f' fill-opacity="{_n(mark.opacity)}"'
        return f'<rect {_place(mark)} fill="{_colour(mark.fill)}"{seen}{shows}/>'
    if isinstance(mark, Box):
        return f'<rect {_place(mark)} fill="none" stroke="{_colour(mark.colour)}" stroke-width="{_n(mark.line)}"{shows}/>'
    if isinstance(mark, Lines):
        return _lines(mark, shows)
    if isinstance(mark, Hatch):
        return _hatch(mark, f"hatch{number}", shows)
    if isinstance(mark, Text):
        return _text(mark, shows)
    return _pixels(mark, shows)


def _text(mark: Text, shows: str) -> str:
    family = MONO if mark.mono else SANS
    weight = ' font-weight="600"' if len(mark.runs) == 1 and mark.runs[0].bold else ""
    # The fixed font keeps its width where another one takes its place, so that words stay over their underlines.
    wide = mark.wide if len(mark.words) > 1 else None
    length = "" if wide is None else f' textLength="{_n(wide)}" lengthAdjust="spacingAndGlyphs"'
    font = f'font-family="{family}" font-size="{_n(mark.size)}" text-anchor="{mark.anchor}"'
    head = f'<text x="{_n(mark.x)}" y="{_n(mark.y)}" {font}{weight}{length}'
    if len(mark.runs) == 1:
        return f'{head} fill="{_colour(mark.runs[0].fill)}" xml:space="preserve"{shows}>{escape(mark.runs[0].text)}</text>'
    bold = {True: ' font-weight="600"', False: ""}
    runs = "".join(f'<tspan fill="{_colour(run.fill)}"{bold[run.bold]}>{escape(run.text)}</tspan>' for run in mark.runs)
    return f'{head} xml:space="preserve"{shows}>{runs}</text>'


def _lines(mark: Lines, shows: str) -> str:
    path = "".join(f"M{_n(x0)} {_n(y0)}L{_n(x1)} {_n(y1)}" for x0, y0, x1, y1 in mark.lines)
    dash = f' stroke-dasharray="{_n(mark.dash[0])} {_n(mark.dash[1])}"' if mark.dash else ' stroke-linecap="square"'
    return f'<path d="{path}" fill="none" stroke="{_colour(mark.colour)}" stroke-width="{_n(mark.width)}"{dash}{shows}/>'


def _hatch(mark: Hatch, name: str, shows: str) -> str:
    size = _n(mark.cell)
    squares = "".join(f"M{_n(x)} {_n(y)}h{size}v{size}h-{size}z" for x, y in mark.corners)
    strokes = "".join(f"M{_n(x0)} {_n(y0)}L{_n(x1)} {_n(y1)}" for x0, y0, x1, y1 in mark.strokes)
    return (
        f'<clipPath id="{name}"><path d="{squares}"/></clipPath><g clip-path="url(#{name})"{shows}>'
        f'<path d="{squares}" fill="{_colour(mark.ground)}"/><path d="{strokes}" stroke="{_colour(mark.colour)}"/></g>'
    )


def _pixels(mark: Pixels, shows: str) -> str:
    data = b64encode(png_of(mark)).decode()
    return (
        f'<image {_place(mark)} preserveAspectRatio="none" style="image-rendering:pixelated" image-rendering="optimizeSpeed"{shows}'
        f' href="data:image/png;base64,{data}"/>'
    )


def _place(mark: Rect | Box | Pixels) -> str:
    return f'x="{_n(mark.x)}" y="{_n(mark.y)}" width="{_n(mark.width)}" height="{_n(mark.height)}"'


def _shows(shows: Shows | None) -> str:
    if shows is None:
        return ""
    cell = "" if shows.cell is None else f' data-cell="{",".join(map(str, shows.cell))}"'
    value = "" if shows.value is None else f' data-value="{shows.value!r}"'
    return f" data-grid={quoteattr(shows.panel)}{cell}{value}"


def _colour(colour: Rgb) -> str:
    return "#%02x%02x%02x" % colour  # noqa: UP031


def _n(value: float) -> str:
    """A coordinate with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
