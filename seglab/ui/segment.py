"""Segment an image: the person's upload or a photograph that is there, with the weights of a run."""

from __future__ import annotations

from hashlib import sha256

import streamlit as st

from seglab.data.domains import DOMAINS
from seglab.data.sets import unseen_scene
from seglab.infer.pictures import grey, png
from seglab.train.jobs import segment_file
from seglab.train.store import Run, Store
from seglab.ui.runs import known_classes
from seglab.ui.waiting import arrived, asked

NEW, OWN = "A new scene", "Your own"
PHOTOGRAPHS = {"Coins": "coins", "A cell": "cell"}  # on which a network for cells may try itself
NEW_SIZE = 192  # pixels a side
SHRINKS = {"Automatic": None, "1": 1, "1/2": 2, "1/3": 3, "1/4": 4}


def segment_panel(store: Store, run: Run) -> None:
    """Choose a picture and see its mask, probability and overlay."""
    weights = store.weights(run.id)
    if not weights.exists():
        st.caption("As soon as the run has saved its first weights, a picture can be tried here.")
        return
    # Looking at a picture takes time from the training, and what it finds is old at once: so while it trains only when asked to.
    if run.status == "running" and not st.toggle("Try the weights it has now", key="early"):
        st.caption("Or wait: when the run is paused or has ended, the picture is looked at by itself.")
        return
    left, right = st.columns([1, 1], vertical_alignment="top")
    name = run.config.data
    sources = [*(PHOTOGRAPHS if name == "cells" else []), *([NEW] if name in DOMAINS else []), OWN]
    source = left.segmented_control("Picture", sources, default=sources[0], key=f"picture.{name}", required=True) or sources[0]
    told = "The network has seen things of one size only. A picture of larger ones has to be shrunk first."
    shrink = right.segmented_control("Shrink", list(SHRINKS), default="Automatic", key="shrink", help=told, required=True)
    if source == OWN:
        data = _upload()
    else:
        data = _new_scene(name, run.config.difficulty) if source == NEW else _photograph(PHOTOGRAPHS[source])
    if data is not None:
        _result(data, store, run, SHRINKS[shrink or "Automatic"])


def _upload() -> bytes | None:
    file = st.file_uploader(
        "An image of up to 4 megapixels and 10 MB", type=["png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp"], key="upload"
    )
    return file.getvalue() if file is not None else None


@st.cache_data
def _photograph(name: str) -> bytes:
    import skimage.data

    return png(getattr(skimage.data, name)())


@st.cache_data(max_entries=64)
def _new_scene(name: str, difficulty: float) -> bytes:
    return png(grey(unseen_scene(name, 0, NEW_SIZE, difficulty)[0]))


def _result(data: bytes, store: Store, run: Run, shrink: int | None) -> None:
    """The pictures, once a worker has made them; the page is not held up meanwhile."""
    weights = store.weights(run.id)  # newer ones are asked again, but not before an answer is there: a run saves often
    question, known = (sha256(data).hexdigest(), run.id, shrink), known_classes(run)
    answer = asked("segment", question, lambda: segment_file(store, data, weights, shrink, known[1]), weights.stat().st_mtime_ns)
    if (found := arrived(answer, "A worker is looking at the picture…", "This picture cannot be segmented: ")) is None:
        return
    said, pictures = found
    height, width = said["size"]
    classes, _ = known
    two = len(classes) == 2
    captions = {
        "overlay": f"Overlay: {classes[1]} in colour" if two else "Overlay: each class in its colour",
        "probability": "Probability: black 0, white 1" if two else "How sure it is of the class: black 0, white 1",
        "mask": "Mask: probability above one half" if two else "Mask: the likeliest class",
    }
    for column, (name, caption) in zip(st.columns(3), captions.items(), strict=True):
        column.image(pictures[name], caption=caption, alt=caption, width="stretch")
        column.download_button(f"Download {name}", pictures[name], f"{name}.png", "image/png", key=f"download.{name}", on_click="ignore")
    shares = ", ".join(f"{share:.0%} {name}" for name, share in zip(classes, said["shares"], strict=True))
    st.caption(
        f"Of {width} × {height} pixels, {shares}."
        + (f" Seen at 1/{said['shrink']} of its size." if said["shrink"] > 1 else " Seen at its own size."),
        help="The network was trained on generated images only. Elsewhere it finds what looks like them, and is sometimes surely wrong.",
    )
