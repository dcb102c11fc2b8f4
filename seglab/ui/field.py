"""A network along one axis on a page, its cells traced back to the image; pointing and walking are the browser's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from seglab.nets.graph import BOTTLENECK, Map, places
from seglab.sizes import ENLARGING
from seglab.ui.links import in_lecture

Pinned = Callable[[tuple[int, int]], None]


@cache
def _component(name: str) -> ComponentRenderer:
    return st.components.v2.component(f"seglab.{name}", js=f"v1/{name}.js", css="v1/field.css")


def traced_rows(maps: Sequence[Map], notes: Sequence[str], key: str, label: str, at: tuple[int, int] | None, pinned: Pinned) -> None:
    """A row of cells for each map that is shown, the image at the bottom, with a `note` beside its name. `at` is the map and cell that the
    picture comes back to; `pinned` is called with another one that is pressed."""
    roads = _roads(maps)
    plain = all(made.shown for made in maps)  # then neighbouring rows are joined cell by cell, and ways are counted
    data = {"maps": _told(maps, notes), "label": label, "at": at, "lecture": in_lecture(), "roads": None if plain else roads}
    _show("field", key, data, pinned)


def traced_pixel(maps: Sequence[Map], image: str, spare: int, key: str, label: str, at: tuple[int, int] | None, pinned: Pinned) -> None:
    """An image, by a data URL, with the field of one pixel of the mask; `spare` is how far fields reach out of it, `at` row and column."""
    data = {"maps": _told(maps, [""] * len(maps)), "image": image, "spare": spare, "label": label, "at": at, "lecture": in_lecture()}
    _show("plane", key, data | {"roads": _roads(maps)}, pinned)


def _show(name: str, key: str, data: dict[str, Any], pinned: Pinned) -> None:
    def pressed() -> None:
        at = read_at(str(getattr(st.session_state[key], "pinned", "") or ""))
        if at:
            pinned(at)

    _component(name)(key=key, data=data, on_pinned_change=pressed)


def read_at(text: str) -> tuple[int, int] | None:
    """Two whole numbers with a point between; None for anything else.

    >>> read_at("2.11"), read_at("2"), read_at("x.y")
    ((2, 11), None, None)
    """
    parts = text.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        return None
    return int(parts[0]), int(parts[1])


def _told(maps: Sequence[Map], notes: Sequence[str]) -> list[dict[str, Any]]:
    """Maps as the browser reads them."""
    padding = [0] * len(maps)
    roads = [""] * len(maps)
    for made in maps:
        for link in made.links:
            if link.layer.op not in ENLARGING:
                padding[link.source] = max(padding[link.source], link.layer.padding)
            if link.road not in ("", BOTTLENECK):
                roads[link.source] = link.road
    return [
        {
            "name": made.name,
            "size": made.size,
            "note": note,
            "shown": made.shown,
            "padding": pad,
            "road": road,
            "step": step,
            "start": start,
            "links": [_link(link) for link in made.links],
        }
        for made, note, pad, road, (step, start) in zip(maps, notes, padding, roads, places(maps), strict=True)
    ]


def _link(link: Any) -> dict[str, Any]:
    layer = link.layer
    return {
        "source": link.source,
        "inside": link.inside,
        "road": link.road,
        "kernel": layer.kernel_size,
        "stride": layer.stride,
        "padding": layer.padding,
        "dilation": layer.dilation,
        "enlarges": layer.op in ENLARGING,
    }


def _roads(maps: Sequence[Map]) -> list[dict[str, Any]]:
    """The roads of a network with branches, the shallowest skip first: name, and from which map to which."""
    found: dict[str, tuple[int, int]] = {}
    for number, made in enumerate(maps):
        for link in made.links:
            if link.road and link.road != BOTTLENECK:
                shown = next(at for at in range(number, len(maps)) if maps[at].shown)
                found[link.road] = (shown, link.source)
    told = [{"road": road, "name": f"through {road}", "from": here, "to": there} for road, (here, there) in sorted(found.items())]
    deep = any(link.road == BOTTLENECK for made in maps for link in made.links)
    return [*told, {"road": BOTTLENECK, "name": "through the bottleneck", "from": 0, "to": 0}] if deep else told
