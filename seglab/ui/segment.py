"""Segment an image with the weights of a run: the small form of the page Use, to which it leads."""

from __future__ import annotations

import streamlit as st

from seglab.data.domains import DOMAINS
from seglab.train.store import Run, Store
from seglab.ui.network_source import Source
from seglab.ui.runs import known_classes
from seglab.ui.use import answer
from seglab.ui.use_mask import figures, share, show_overlay
from seglab.ui.use_picture import PHOTOGRAPHS, SHRINKS, Given, brought, photograph, scene

NEW, OWN = "A new scene", "Your own"
NEW_SIZE = 192  # pixels a side


def segment_panel(store: Store, run: Run) -> None:
    """Choose a picture and see its mask over it."""
    weights = store.weights(run.id)
    if not weights.exists():
        st.caption("As soon as the run has saved its first weights, a picture can be tried here.")
        return
    # Looking at a picture takes time from the training, and what it finds is old at once: so while it trains only when asked to.
    if run.status == "running" and not st.toggle("Try the weights it has now", key="early"):
        st.caption("Or wait: when the run is paused or has ended, the picture is looked at by itself.")
        return
    classes, colours = known_classes(run)
    source = Source(run.id, run.name, weights, run.config, tuple(classes), tuple(colours), run)
    given, shrink = _chosen(run)
    if given is None:
        return
    used = answer(source, given, shrink, "segment")
    if used is None:
        return
    show_overlay(source, given, used, figures(used), key="segment")
    height, width = used.told["size"]
    told = ", ".join(f"{share(part)} {name}" for name, part in zip(classes, used.told["shares"], strict=True))
    st.caption(f"Of {width} × {height} pixels, {told}.")
    st.page_link(
        "pages/use.py",
        label="Use it: threshold, tiles, other domains, downloads",
        icon=":material/photo_camera:",
        query_params={"source": run.id},
    )


def _chosen(run: Run) -> tuple[Given | None, int | None]:
    """A picture, and by how much it is shrunk."""
    left, right = st.columns([1, 1], vertical_alignment="top")
    name, titles = run.config.data, {title: name for name, title in PHOTOGRAPHS.items()}
    sources = [*(titles if name == "cells" else []), *([NEW] if name in DOMAINS else []), OWN]
    source = left.segmented_control("Picture", sources, default=sources[0], key=f"picture.{name}", required=True) or sources[0]
    told = "The network has seen things of one size only. A picture of larger ones has to be shrunk first."
    names = {title: number for number, title in SHRINKS.items()}
    shrink = right.segmented_control("Shrink", list(names), default="Automatic", key="shrink", help=told, required=True)
    factor = int(names[shrink or "Automatic"]) or None
    if source == OWN:
        return brought(), factor
    return (scene(name, 0, NEW_SIZE, run.config.difficulty, NEW) if source == NEW else photograph(titles[source])), factor
