"""The page Look inside: a network and a picture, and four parts, of which the address says which one is open."""

from __future__ import annotations

from collections.abc import Callable

from seglab.ui.addressed import choice
from seglab.ui.inside_asked import Asked, asked_for
from seglab.ui.inside_maps import maps_part
from seglab.ui.inside_shifts import shifts_part
from seglab.ui.inside_stage import stage_part
from seglab.ui.inside_why import why_part

PARTS: dict[str, tuple[str, Callable[[Asked], None]]] = {
    "maps": ("1 Maps and weights", maps_part),
    "stage": ("2 In the stage", stage_part),
    "why": ("3 What moved it", why_part),
    "shifts": ("4 Shifts", shifts_part),
}


def inside_panel() -> None:
    """The whole page between its sentence and its questions."""
    part = choice("Part", "part", {name: title for name, (title, _) in PARTS.items()}, "maps", hidden=True)
    asked = asked_for()
    if asked is not None:
        PARTS[part][1](asked)
