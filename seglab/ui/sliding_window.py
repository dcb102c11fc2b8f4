"""The page Sliding window: five parts, of which the address says which one is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from seglab.train.jobs import Pictures, slide_file
from seglab.train.store import Store
from seglab.ui.addressed import choice, number, put, whole
from seglab.ui.convolutionalized import convolutionalized
from seglab.ui.diagram import show
from seglab.ui.files import assets
from seglab.ui.full_resolution import full_resolution
from seglab.ui.one_pass import answer_maps, costs, verdict
from seglab.ui.patch_context import patch_context
from seglab.ui.sliding import show_window
from seglab.ui.waiting import arrived, asked

SIZES = {"64x64": (64, 64), "96x96": (96, 96), "96x144": (96, 144), "128x128": (128, 128)}
PATCHES = ("9", "17", "25")
SCENE = 1  # the one that is there at first
NETS = 20  # trainings that a visitor may ask for; each is kept
KIND_NAMES = {"valid": "Without padding", "pool": "With pooling", "same": "Padded"}


def sliding_window() -> None:
    """The part that the address names, below a row to choose it."""
    names = {str(place): f"{place} · {name}" for place, (name, _) in enumerate(PARTS, start=1)}
    part = choice("Part", "part", list(names), "1", names, hidden=True)
    PARTS[int(part) - 1][1]()


def _patch_by_patch() -> None:
    st.markdown(
        "A network that names *one* thing can segment: cut out the patch around a pixel, ask what its middle is, move on by one."
        " Play, or drag the window over the image."
    )
    below = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        slide = {
            "patch": int(choice("Patch", "patch", PATCHES, "17")),
            "size": _size(),
            "seed": number("Scene", "seed", 0, 99, SCENE, 130),
        }
        stride = int(choice("Stride", "stride", ("1", "2", "4", "8"), "1"))
    with below:
        found = _answers({**slide, **_form()})
        if found:
            pictures = found[1]
            show_window(pictures["image"], pictures["sliding"], slide["patch"], stride)  # type: ignore[arg-type]


def _one_pass() -> None:
    st.markdown(
        "Neighbouring patches share nearly all their pixels, so nearly all work is done again and again. The same weights, run as"
        " convolutions over the whole image, do it once."
    )
    maps, controls, numbers = st.container(), st.container(horizontal=True, vertical_alignment="bottom"), st.container()
    with controls:
        kind = choice("Classifier", "kind", tuple(KIND_NAMES), "valid", KIND_NAMES)
        patch = int(choice("Patch", "patch", PATCHES, "17"))
        size = _size()
        st.button("Train it anew", icon=":material/refresh:", on_click=_train_anew, help="Trains another one, in about ten seconds")
    with maps:
        found = _answers({"patch": patch, "size": size, "seed": whole("seed", 0, 99, SCENE), **_form(), "kind": kind})
        if found:
            said, pictures = found
            show(answer_maps(kind, said, pictures), key="maps")
            st.markdown(verdict(kind, said))
    if found:
        with numbers:
            costs(patch, kind, size, whole("net", 0, NETS - 1, 0), said)


def _size() -> tuple[int, int]:
    shown = {name: name.replace("x", " × ") for name in SIZES}
    return SIZES[choice("Image", "size", list(SIZES), "96x96", shown)]


def _form() -> dict[str, Any]:
    """What the address says of the classifier."""
    kind = st.query_params.get("kind", "valid")
    return {"kind": kind if kind in KIND_NAMES else "valid", "net": whole("net", 0, NETS - 1, 0)}


def _train_anew() -> None:
    put(net=(whole("net", 0, NETS - 1, 0) + 1) % NETS or None)


def _answers(slide: dict[str, Any]) -> Pictures | None:
    """A worker's answers at every place; the page says that it waits for them."""
    question = tuple(sorted(slide.items()))
    told = "A worker is training this classifier and looking at every patch…" if slide["net"] else "A worker is looking at every patch…"
    return arrived(asked("slide", question, lambda: slide_file(Store(), slide, assets() / "networks" / "patches.safetensors")), told)


PARTS: tuple[tuple[str, Callable[[], None]], ...] = (
    ("Patch by patch", _patch_by_patch),
    ("In one pass", _one_pass),
    ("A layer becomes a convolution", convolutionalized),
    ("How much context", patch_context),
    ("Without downsampling", full_resolution),
)
