"""Joints: arrows between the panels of a lattice. The twin of ``paintJoints`` in ``paint.js``."""

from __future__ import annotations

from collections.abc import Mapping
from math import atan2, cos, sin

from seglab.export.layout import Place
from seglab.export.marks import Lines, Mark, Run, Shows, Text
from seglab.export.scene import Scene
from seglab.export.theme import Rgb, Theme

TITLE_ROOM = 24  # above a panel


def joints(scene: Scene, places: Mapping[int, Place], colours: Theme) -> list[Mark]:
    """Along a line from the neighbour, else up or down; one that stays on its line to what is joined is the skip."""
    marks: list[Mark] = []
    for link in scene.links:
        for source in link.inps:
            out = link.out
            if out is None or source.index not in places or out.index not in places or not source.spec.at or not out.spec.at:
                continue
            level, start, end = source.spec.at[0] == out.spec.at[0], places[source.index], places[out.index]
            skip, veiled = level and out.spec.role == "skip", source.spec.veiled or out.spec.veiled
            colour = colours.line if veiled else colours.roles["skip"] if skip else colours.muted
            if not level:
                x = (max(start.x, end.x) + min(start.x + start.width, end.x + end.width)) / 2
                if end.y > start.y:
                    marks.append(_arrow(x, start.y + start.height + 5, x, end.y - TITLE_ROOM, colour))
                else:
                    marks.append(_arrow(x, start.y - TITLE_ROOM, x, end.y + end.height + 5, colour))
                continue
            line, left = out.spec.at
            before = [
                (s.spec.at[1], s.index)
                for s in scene.sheets
                if s.index in places and s.spec.at and s.spec.at[0] == line and s.spec.at[1] < left
            ]
            last, y = places[max(before)[1]], end.y + end.height / 2
            marks.append(_arrow(last.x + last.width + 5, y, end.x - 5, y, colour))
            if skip:
                marks.append(
                    Text(
                        (last.x + last.width + end.x) / 2,
                        y - 7,
                        13,
                        (Run("skip", colour, bold=True),),
                        "middle",
                        shows=Shows(out.spec.grid),
                    )
                )
    return marks


def _arrow(x0: float, y0: float, x1: float, y1: float, colour: Rgb) -> Lines:
    angle = atan2(y1 - y0, x1 - x0)
    wings = [(x1 - 7 * cos(angle + turn), y1 - 7 * sin(angle + turn)) for turn in (0.7, -0.7)]
    return Lines(((x0, y0, x1, y1), *((x1, y1, x, y) for x, y in wings)), colour, 1.5)
