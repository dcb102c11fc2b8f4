"""The page Sliding window: five parts, of which the address says which one is open."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import streamlit as st

from seglab.nets.patch_layers import Kind
from seglab.nets.walk import read_size
from seglab.train.asked.desk import Pictures
from seglab.train.asked.patches import slide_file, trained
from seglab.train.store import Store
from seglab.ui.addressed import choice, chosen, number, put, typed, whole
from seglab.ui.convolutionalized import convolutionalized
from seglab.ui.diagram import show
from seglab.ui.files import assets
from seglab.ui.full_resolution import full_resolution
from seglab.ui.links import in_lecture
from seglab.ui.one_pass import answer_maps, costs, verdict
from seglab.ui.patch_context import patch_context
from seglab.ui.plain import plain
from seglab.ui.sliding import show_window
from seglab.ui.waiting import FIGURE, arrived, asked

SIZE = (96, 96)
LEAST, MOST = 32, 192  # pixels a side: at 192 each of the 28,224 patches of 25 x 25 is looked at in some four seconds
PATCHES = ("9", "17", "25")
SCENE = 1  # the one that is there at first
NETS = 20  # trainings that a visitor may ask for; each is kept
_PRESSED = "sliding.pressed"  # the trainings that a visitor has asked for
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
        # The place of the window is a number that counts from the first patch, and another place among others.
        patch = int(choice("Patch", "patch", PATCHES, "17", drops=("at",)))
        size, wrong = _size()
        seed = number("Scene", "seed", 0, 99, SCENE, 130)
        stride = int(choice("Stride", "stride", ("1", "2", "4", "8"), "1", drops=("at",)))
    with below:
        _warn(wrong)
        kind = _kind()
        found = _answers({"patch": patch, "size": size, "seed": seed, "kind": kind, "net": _net(kind, patch)})
        if found:
            pictures = found[1]
            show_window(pictures["image"], pictures["sliding"], patch, stride)


def _one_pass() -> None:
    st.markdown(
        "Neighbouring patches share nearly all their pixels, so nearly all work is done again and again. The same weights, run as"
        " convolutions over the whole image, do it once."
    )
    maps, controls, numbers = st.container(), st.container(horizontal=True, vertical_alignment="bottom"), st.container()
    with controls:
        kind = choice("Classifier", "kind", tuple(KIND_NAMES), "valid", KIND_NAMES)
        patch = int(choice("Patch", "patch", PATCHES, "17", drops=("at",)))
        size, wrong = _size()
        net = _net(kind, patch)
        st.button(
            "Train it anew",
            icon=":material/refresh:",
            on_click=_train_anew,
            args=(net,),
            help="Trains another one, in about ten seconds",
        )
    with maps:
        _warn(wrong)
        if net != (named := whole("net", 0, NETS - 1, 0)):
            st.markdown(f":material/info: Training {named} of this classifier is not on this machine; shown is the shipped one.")
        found = _answers({"patch": patch, "size": size, "seed": whole("seed", 0, 99, SCENE), "kind": kind, "net": net})
        if found:
            said, pictures = found
            show(answer_maps(kind, said, pictures), key="maps")
            st.markdown(verdict(kind, said))
    if found:
        with numbers:
            costs(patch, kind, size, net, said)


def _size() -> tuple[tuple[int, int], str]:
    """The size that is typed; where none of this page is, the one that it begins with and a sentence that says so."""
    with st.container(width=170 if not in_lecture() else 230):
        help = f"Height × width such as 96 x 144, or one number for both: from {LEAST} to {MOST} pixels."
        text = typed("Image size", "size", "x".join(map(str, SIZE)), help, drops=("at",))
    return size_or_why(text)


def size_or_why(text: str) -> tuple[tuple[int, int], str]:
    """The size that a person means, and nothing; else the usual one, and a sentence.

    >>> size_or_why("48 x 80"), size_or_why("96 x 300")[1][:38]
    (((48, 80), ''), '“96 x 300” is no size of an image here')
    """
    with suppress(ValueError):
        size = read_size(text)
        if LEAST <= min(size) <= max(size) <= MOST:
            return size, ""
    return SIZE, (
        f"“{text[:24]}” is no size of an image here: write a number such as 96, or height × width such as 96 x 144, from {LEAST} to {MOST}"
        f" pixels a side, or every patch would take too long. Shown is an image of {SIZE[0]} × {SIZE[1]}."
    )


def _warn(wrong: str) -> None:
    if wrong:
        st.warning(plain(wrong), icon=":material/straighten:")


def _kind() -> Kind:
    """What the address says of the classifier's form."""
    return cast(Kind, chosen("kind", KIND_NAMES, "valid"))


def _net(kind: str, patch: int) -> int:
    """The number of the address's training where it is there, or was pressed for in this session: a link alone trains nothing."""
    net = whole("net", 0, NETS - 1, 0)
    return net if net in st.session_state.get(_PRESSED, ()) or trained(Store(), cast(Kind, kind), patch, net) else 0


def _train_anew(shown: int) -> None:
    """Train the address's classifier where another is shown, else the next."""
    net = whole("net", 0, NETS - 1, 0)
    if net == shown:
        net = (net + 1) % NETS
    st.session_state[_PRESSED] = {*st.session_state.get(_PRESSED, ()), net}
    put(net=net or None)


def _answers(slide: dict[str, Any]) -> Pictures | None:
    """A worker's answers at every place; the page says that it waits for them."""
    question = tuple(sorted(slide.items()))
    told = "A worker is looking at every patch…"
    if not trained(Store(), slide["kind"], slide["patch"], slide["net"]):
        told = "A worker trains this classifier and looks at every patch: some ten seconds, and after those who asked before…"
    answer = asked("slide", question, lambda: slide_file(Store(), slide, assets() / "networks" / "patches.safetensors"))
    return arrived(answer, told, room=FIGURE)


PARTS: tuple[tuple[str, Callable[[], None]], ...] = (
    ("Patch by patch", _patch_by_patch),
    ("In one pass", _one_pass),
    ("A layer becomes a convolution", convolutionalized),
    ("How much context", patch_context),
    ("Without downsampling", full_resolution),
)
