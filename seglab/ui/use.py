"""The page Use: four parts, of which the address says which one is open, about one network and one picture."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from seglab.train.asked.segmenting import Used, segment_file
from seglab.ui.addressed import choice
from seglab.ui.network_source import Source, chosen_network
from seglab.ui.runs import open_store
from seglab.ui.use_elsewhere import elsewhere
from seglab.ui.use_mask import mask_panel
from seglab.ui.use_picture import HOME, Given, chosen_picture, shrinking
from seglab.ui.use_threshold import threshold_panel
from seglab.ui.use_tiles import tile_control, tiles_panel
from seglab.ui.waiting import FIGURE, arrived, asked

SENTENCES = {
    "mask": "A trained network and a picture that it has never seen: every pixel gets a class, and how sure the network is of it.",
    "threshold": "The network gives a probability. From where on to call it an object is yours to decide: move the threshold.",
    "tiles": "A picture of any size goes through in tiles. Each has to see more than it answers for; at the border a mirror helps.",
    "elsewhere": "Show the network something that it never learned. It has to choose one of its classes all the same: how sure is it then?",
}
PARTS = {"mask": "Mask", "threshold": "Threshold", "tiles": "Tiles", "elsewhere": "Somewhere else"}


def use_panel() -> None:
    """The open part: its picture first, then what decides it."""
    part = choice("Part", "part", PARTS, "mask", hidden=True)
    st.markdown(SENTENCES[part])
    figure, below = st.container(), st.container()
    with below:
        source = chosen_network(drops=("class", "tile", "shrink"))
        if source is None:
            return
        controls = st.container(horizontal=True, vertical_alignment="top")
    with controls:
        default = _elsewhere_from(source) if part == "elsewhere" else HOME
        given = chosen_picture(source, default)
        if given is None:
            figure.info("Choose a picture of your own below, or another one from the list.", icon=":material/upload_file:")
            return
        shrink = 1 if part in ("tiles", "elsewhere") else shrinking(given)
        tile = tile_control() if part == "tiles" else 0
    with figure:
        if part == "tiles":
            tiles_panel(source, given, tile)
            return
        used = answer(source, given, shrink)
        if used is not None:
            _SHOWN[part](source, given, used)


def answer(source: Source, given: Given, shrink: int | None, place: str = "use") -> Used | None:
    """What a worker makes of the picture; the page says that it waits for it."""
    work = lambda: segment_file(open_store(), given.data, source.weights, shrink, source.colours, given.mask, given.shared)  # noqa: E731
    waiting = "A worker is looking at the picture…"
    if len(given.data) > 2_000_000:
        waiting += " One of 16 megapixels takes about half a minute, and those that were asked for before come first."
    found = asked(place, (source.name, given.key, shrink), work, source.version)
    return arrived(found, waiting, "This picture cannot be segmented: ", FIGURE)


def _elsewhere_from(source: Source) -> str:
    """Where a network that knows a domain is led to at first: one that it never saw."""
    return "vessels" if source.config.data != "vessels" else "xray"


_SHOWN: dict[str, Callable[[Source, Given, Used], None]] = {"mask": mask_panel, "threshold": threshold_panel, "elsewhere": elsewhere}
