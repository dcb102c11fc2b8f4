"""A drawing as pixels, with Pillow. The letters are those of the stage in the app."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from importlib.util import find_spec
from io import BytesIO
from math import ceil, floor
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont

from seglab.export.marks import Box, Drawing, Hatch, Lines, Mark, Pixels, Rect, Text
from seglab.export.theme import Rgb

SMOOTH = 4  # slanted lines are drawn so many times larger, then reduced
PAD = 4  # pixels around words, for letters that reach out of their place
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def raster(drawing: Drawing, scale: int = 2) -> Image.Image:
    """The drawing in RGB, `scale` pixels for each of its own."""
    image = Image.new("RGB", (drawing.width * scale, drawing.height * scale), drawing.paper)
    for mark in drawing.marks:
        _paint(image, mark, scale)
    return image


def rasters(drawings: Sequence[Drawing], scale: int = 2) -> Iterator[Image.Image]:
    """The drawings one after the other; what they all begin with is painted once."""
    first, last = drawings[0], len(min((drawing.marks for drawing in drawings), key=len))
    same = next((i for i in range(last) if any(one.marks[i] != first.marks[i] for one in drawings)), last)
    ground = raster(replace(first, marks=first.marks[:same]), scale)
    for drawing in drawings:
        image = ground.copy()
        for mark in drawing.marks[same:]:
            _paint(image, mark, scale)
        yield image


def png_of(mark: Pixels) -> bytes:
    """A grid of pixels as a PNG of its own."""
    file = BytesIO()
    Image.frombytes("RGB", (mark.columns, mark.rows), mark.rgb).save(file, "PNG", optimize=True)
    return file.getvalue()


def _paint(image: Image.Image, mark: Mark, scale: int) -> None:
    if isinstance(mark, Rect):
        _fill(image, mark.x, mark.y, mark.x + mark.width, mark.y + mark.height, mark.fill, scale, mark.opacity)
    elif isinstance(mark, Box):
        _border(image, mark, scale)
    elif isinstance(mark, Lines):
        _lines(image, mark, scale)
    elif isinstance(mark, Hatch):
        _hatch(image, mark, scale)
    elif isinstance(mark, Text):
        _text(image, mark, scale)
    else:
        size = round(mark.width * scale), round(mark.height * scale)
        picture = Image.frombytes("RGB", (mark.columns, mark.rows), mark.rgb).resize(size, Image.Resampling.NEAREST)
        image.paste(picture, (round(mark.x * scale), round(mark.y * scale)))


def _fill(image: Image.Image, x0: float, y0: float, x1: float, y1: float, fill: Rgb, scale: int, opacity: float = 1.0) -> None:
    box = floor(x0 * scale + 0.5), floor(y0 * scale + 0.5), floor(x1 * scale + 0.5), floor(y1 * scale + 0.5)
    if box[2] <= box[0] or box[3] <= box[1]:
        return
    if opacity < 1:
        ground = image.crop(box)
        image.paste(Image.blend(ground, Image.new("RGB", ground.size, fill), opacity), box)
    else:
        image.paste(fill, box)


def _border(image: Image.Image, mark: Box, scale: int) -> None:
    half, x0, y0, x1, y1 = mark.line / 2, mark.x, mark.y, mark.x + mark.width, mark.y + mark.height
    for edge in (
        (x0 - half, y0 - half, x1 + half, y0 + half),
        (x0 - half, y1 - half, x1 + half, y1 + half),
        (x0 - half, y0 + half, x0 + half, y1 - half),
        (x1 - half, y0 + half, x1 + half, y1 - half),
    ):
        _fill(image, *edge, mark.colour, scale)


def _lines(image: Image.Image, mark: Lines, scale: int) -> None:
    half = mark.width / 2
    cap = 0 if mark.dash else half
    for line in mark.lines:
        for x0, y0, x1, y1 in _dashes(line, mark.dash):
            if x0 == x1:
                _fill(image, x0 - half, min(y0, y1) - cap, x0 + half, max(y0, y1) + cap, mark.colour, scale)
            elif y0 == y1:
                _fill(image, min(x0, x1) - cap, y0 - half, max(x0, x1) + cap, y0 + half, mark.colour, scale)
            else:
                _slanted(image, ((x0, y0, x1, y1),), mark.width, mark.colour, scale)


def _dashes(line: tuple[float, float, float, float], dash: tuple[float, float] | None) -> list[tuple[float, float, float, float]]:
    """The strokes of a line, which is horizontal or vertical where it is dashed."""
    if dash is None:
        return [line]
    x0, y0, x1, y1 = line
    length, stroke, step = abs(x1 - x0) + abs(y1 - y0), dash[0], dash[0] + dash[1]
    starts = [(i * step, min(i * step + stroke, length)) for i in range(ceil(length / step))]
    return [(x0 + a, y0, x0 + b, y0) if y0 == y1 else (x0, y0 + a, x0, y0 + b) for a, b in starts]


def _slanted(image: Image.Image, lines: tuple[tuple[float, float, float, float], ...], width: float, colour: Rgb, scale: int) -> None:
    """Slanted lines, smoothed, through a mask as large as they are."""
    xs, ys = [x for x0, _, x1, _ in lines for x in (x0, x1)], [y for _, y0, _, y1 in lines for y in (y0, y1)]
    left, top = floor((min(xs) - width) * scale), floor((min(ys) - width) * scale)
    size = ceil((max(xs) + width) * scale) - left, ceil((max(ys) + width) * scale) - top
    image.paste(colour, (left, top, left + size[0], top + size[1]), _mask(lines, width, left, top, size, scale))


def _mask(
    lines: tuple[tuple[float, float, float, float], ...], width: float, left: int, top: int, size: tuple[int, int], scale: int
) -> Image.Image:
    mask = Image.new("L", (size[0] * SMOOTH, size[1] * SMOOTH))
    pen, grow = ImageDraw.Draw(mask), scale * SMOOTH
    for x0, y0, x1, y1 in lines:
        ends = [(x0 * grow - left * SMOOTH, y0 * grow - top * SMOOTH), (x1 * grow - left * SMOOTH, y1 * grow - top * SMOOTH)]
        pen.line(ends, fill=255, width=round(width * grow))
    return mask.reduce(SMOOTH)


def _hatch(image: Image.Image, mark: Hatch, scale: int) -> None:
    corner = floor(mark.bounds[0] * scale + 0.5), floor(mark.bounds[1] * scale + 0.5)
    squares, strokes = _hatch_masks(mark, scale)
    image.paste(mark.ground, corner, squares)
    image.paste(mark.colour, corner, strokes)


@lru_cache(16)
def _hatch_masks(mark: Hatch, scale: int) -> tuple[Image.Image, Image.Image]:
    """Where the ground is, and where the lines are."""
    left, top, right, bottom = (floor(edge * scale + 0.5) for edge in mark.bounds)
    squares = Image.new("L", (right - left, bottom - top))
    for x, y in mark.corners:
        edges = (floor(edge * scale + 0.5) for edge in (x, y, x + mark.cell, y + mark.cell))
        x0, y0, x1, y1 = edges
        squares.paste(255, (x0 - left, y0 - top, x1 - left, y1 - top))
    return squares, ImageChops.multiply(_mask(mark.strokes, 1, left, top, squares.size, scale), squares)


# -- letters -----------------------------------------------------------------------------------------------------------


def _text(image: Image.Image, mark: Text, scale: int) -> None:
    words = [(_word(run.text, mark.mono, run.bold, mark.size * scale), run.fill) for run in mark.runs]
    natural = sum(wide for (_, wide, _), _ in words)
    narrow = min(mark.most * scale / natural, 1.0) if mark.most and natural else 1.0
    x = mark.x * scale - {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.anchor] * natural * narrow
    for (mask, wide, above), fill in words:
        if narrow < 1:
            mask = mask.resize((round(mask.width * narrow), mask.height), Image.Resampling.LANCZOS)
        image.paste(fill, (floor(x - PAD * narrow + 0.5), floor(mark.y * scale + 0.5) - above), mask)
        x += wide * narrow


@lru_cache(4096)
def _word(text: str, mono: bool, bold: bool, size: float) -> tuple[Image.Image, float, int]:
    """Words as a mask with a little room around them, how wide they are, and how much of the mask is above the baseline."""
    pieces = _set(text, mono, bold, size)
    wide, above = sum(font.getlength(piece) for piece, font in pieces), ceil(1.2 * size)
    mask = Image.new("L", (ceil(wide) + 2 * PAD, above + ceil(0.5 * size)))
    pen, x = ImageDraw.Draw(mask), float(PAD)
    for piece, font in pieces:
        pen.text((x, above), piece, fill=255, font=font, anchor="ls")
        x += font.getlength(piece)
    return mask, wide, above


def _set(text: str, mono: bool, bold: bool, size: float) -> list[tuple[str, Font]]:
    """The text in pieces, each in the first font that has its letters."""
    pieces: list[tuple[str, Font]] = []
    for letter in text:
        font = next((font for font in _fonts(mono, bold, size) if _has(font, letter)), None)
        if font is None:
            font, letter = _fonts(mono, bold, size)[-1], SIMPLER.get(letter, "?")
        if pieces and pieces[-1][1] is font:
            pieces[-1] = (pieces[-1][0] + letter, font)
        else:
            pieces.append((letter, font))
    return pieces


SIMPLER = {"−": "-", "×": "x", "∞": "inf", "→": ">", "ᵀ": "T"}  # where only Pillow's own font is there


@cache
def _fonts(mono: bool, bold: bool, size: float) -> tuple[Font, ...]:
    """The app's fonts, which come with Streamlit, and at last the one that comes with Pillow."""
    found = [font for name in (["Code"] if mono else []) + ["Sans"] if (font := _app_font(name, bold, size))]
    return (*found, ImageFont.load_default(size))


def _app_font(name: str, bold: bool, size: float) -> Font | None:
    spec = find_spec("streamlit")
    folder = Path(spec.submodule_search_locations[0]) / "static" / "static" / "media" if spec and spec.submodule_search_locations else None
    for path in sorted(folder.glob(f"Source{name}VF-Upright*.woff2")) if folder else []:
        try:
            font = ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
            font.set_variation_by_axes([600 if bold else 400])
        except OSError:  # a Pillow that cannot unpack it
            continue
        return font
    return None


@cache
def _has(font: Font, letter: str) -> bool:
    return letter == " " or bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))
