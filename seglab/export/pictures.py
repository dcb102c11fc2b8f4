"""Pictures of a lesson's state: PNG, SVG, and a GIF of its steps. What they show travels with them as words and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata, getheader
from PIL.PngImagePlugin import PngInfo

import seglab
from seglab.export.drawing import Sketch
from seglab.export.marks import Drawing, Look
from seglab.export.raster import raster, rasters
from seglab.export.scene import Scene, make_scene
from seglab.export.svg import svg
from seglab.stage.fields import State
from seglab.stage.lesson import Lesson

PICTURES = (".gif", ".png", ".svg")
SCALE = 2  # pixels of PNG and GIF for each of the drawing's
MOST_CELLS = 120_000
MOST_STEPS = 400
MOST_SHARP = 100  # frames of a GIF at 2x; longer walks are at 1x
MOST_DRAWN = 120_000  # cells over all frames of a GIF
CLEAR = 255  # the place in a GIF's palette that is see-through
STEP, LONGEST, LAST = 950, 24_000, 2_500  # milliseconds: a step, at most for all of them (as on the stage), the last frame


def refusals(scene: Scene) -> dict[str, str]:
    """Which files are too large to be made of a scene: by suffix, a sentence that says what limit and why."""
    cells, steps = sum(sheet.grid.size for sheet in scene.sheets if not sheet.hidden), len(scene.cells)
    if cells > MOST_CELLS:
        why = f"a picture shows up to {MOST_CELLS:,} cells, and these grids have {cells:,}: take a smaller input or fewer channels"
        return dict.fromkeys(PICTURES, why)
    if steps > MOST_STEPS:
        why = f"a GIF shows up to {MOST_STEPS} steps, and this walk has {steps:,}: take a smaller input, or a PNG or SVG of one step"
        return {".gif": why}
    if (steps + 1) * cells > MOST_DRAWN:
        why = (
            f"a GIF draws up to {MOST_DRAWN:,} cells over its frames, and {steps + 1} frames of {cells:,} are more:"
            " take a smaller input, or a PNG or SVG of one step"
        )
        return {".gif": why}
    return {}


def picture(lesson: Lesson, state: State, suffix: str, look: Look | None = None) -> bytes:
    """The file of a state as .png, .svg or .gif. Raises ValueError with a sentence where it cannot be made."""
    look = look or Look()
    scene = make_scene(lesson, state)
    if why := refusals(scene).get(suffix):
        raise ValueError(why)
    steps = range(len(scene.cells) + 1) if suffix == ".gif" else [state["at"]]
    drawings = Sketch(scene, look).drawings(steps)
    told = about(scene, drawings)
    if suffix == ".gif":
        return gif(drawings, told)
    return png(drawings[0], told) if suffix == ".png" else svg(drawings[0], told["title"], told["description"], told).encode()


def about(scene: Scene, drawings: Sequence[Drawing]) -> dict[str, Any]:
    """What a picture shows: lesson, link, state, the output with all its digits, the words of every step, and what its cells say.

    A description for those who do not see it, too. ``cells`` are those of the last drawing, by panel and "channel,row,column".
    """
    lesson, last = scene.lesson, drawings[-1]
    panels = "; ".join(f"{sheet.title} {sheet.size}" for sheet in scene.sheets if not sheet.hidden)
    cells = {panel: {",".join(map(str, cell)): text for cell, text in texts.items()} for panel, texts in last.texts().items()}
    return {
        "seglab": seglab.__version__,
        "lesson": lesson.name,
        "title": lesson.title,
        "description": f"{lesson.title}, {scene.view.label}: {panels}." + (f" {last.words}." if last.words else ""),
        "link": link(lesson, scene.state),
        "state": scene.state,
        "output": scene.pipeline[scene.followed.name].output.tolist(),
        "steps": [drawing.words for drawing in drawings],
        "cells": cells,
    }


def link(lesson: Lesson, state: State) -> str:
    """The page and its parameters for a state; a trace of one's own has no page."""
    written = urlencode(lesson.link(state), safe="~")
    return f"{lesson.name}{'?' if written else ''}{written}" if lesson.stops else ""


def png(drawing: Drawing, told: dict[str, Any]) -> bytes:
    """The drawing with its description in the text chunks."""
    chunks = PngInfo()
    for name, text in _chunks(told).items():
        chunks.add_text(name, text)
    chunks.add_text("seglab", json.dumps(told), zip=True)
    file = BytesIO()
    raster(drawing, SCALE).save(file, "PNG", optimize=True, pnginfo=chunks, dpi=(72 * SCALE, 72 * SCALE))
    return file.getvalue()


def _chunks(told: dict[str, Any]) -> dict[str, str]:
    named = {"Title": told["title"], "Description": told["description"], "Software": f"seglab {told['seglab']}", "Source": told["link"]}
    return {name: text for name, text in named.items() if text}


def gif(drawings: Sequence[Drawing], told: dict[str, Any]) -> bytes:
    """The drawings one after the other, for ever, at the stage's pace; the same JSON as in a PNG is its comment.

    A frame holds only what changed since the one before, and is clear elsewhere.
    """
    scale = SCALE if len(drawings) <= MOST_SHARP else 1
    palette, times = Palette(drawings, scale), durations(len(drawings) - 1)
    parts: list[bytes] = []
    seen: NDArray[np.uint8] | None = None
    for image, time in zip(rasters(drawings, scale), times, strict=True):
        frame = palette.places(image)
        if seen is None:
            head = Image.fromarray(frame)
            head.putpalette(palette.flat)
            parts += getheader(head, info={"loop": 0, "comment": json.dumps(told).encode()})[0]
            parts += getdata(head, (0, 0), duration=time, disposal=1)
        else:
            changed = frame != seen
            rows, columns = (np.flatnonzero(changed.any(axis)) for axis in (1, 0))
            y, x = (slice(int(at[0]), int(at[-1]) + 1) if len(at) else slice(0, 1) for at in (rows, columns))
            patch = Image.fromarray(np.where(changed, frame, np.uint8(CLEAR))[y, x])
            parts += getdata(patch, (x.start, y.start), duration=time, disposal=1, transparency=CLEAR)
        seen = frame
    return b"".join([*parts, b";"])


def durations(steps: int) -> list[int]:
    """Milliseconds of each frame of a walk of so many steps, the first one before any step.

    >>> durations(4), durations(240)[0]
    ([950, 950, 950, 950, 2500], 100)
    """
    pace = round(min(STEP, LONGEST / max(steps, 1)), -1)
    return [*[int(pace)] * steps, LAST]


class Palette:
    """One palette for all frames: the most frequent colours of a few of them, unchanged; others go to the nearest."""

    def __init__(self, drawings: Sequence[Drawing], scale: int) -> None:
        counts: Counter[tuple[int, int, int]] = Counter()
        for image in rasters([drawings[i * (len(drawings) - 1) // 3] for i in range(4)], scale):
            for count, colour in image.getcolors(1 << 24) or []:
                counts[colour] += count  # type: ignore[index]
        self.colours = np.array(sorted(counts, key=lambda colour: (-counts[colour], colour))[:CLEAR])
        self.table = np.full(1 << 24, CLEAR, np.uint8)  # of every colour met so far its place
        self.flat = [*self.colours.ravel().tolist(), *[0] * 3 * (CLEAR + 1 - len(self.colours))]

    def places(self, image: Image.Image) -> NDArray[np.uint8]:
        """Where in the palette every pixel's colour is."""
        codes = np.frombuffer(image.convert("RGBA").tobytes(), "<u4").reshape(image.height, image.width) & 0xFFFFFF
        found: NDArray[np.uint8] = self.table[codes]
        if (found == CLEAR).any():
            new = np.unique(codes[found == CLEAR])
            parts = np.stack([new & 255, new >> 8 & 255, new >> 16], axis=1).astype(int)
            for start in range(0, len(new), 4096):
                apart = ((parts[start : start + 4096, None] - self.colours) ** 2).sum(2)
                self.table[new[start : start + 4096]] = apart.argmin(1)
            found = self.table[codes]
        return found
