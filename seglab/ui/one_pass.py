"""Patch by patch and in one pass: the answers side by side, where they differ, and what either costs."""

from __future__ import annotations

from typing import Any

import streamlit as st

from seglab.infer.pictures import data_url
from seglab.nets.patch_layers import SINGLE, Kind, PatchClassifier
from seglab.ui.drawing import Drawing, Item
from seglab.ui.measures import percent
from seglab.ui.sliding import values

WIDTH, GAP, TOP = 290.0, 40.0, 34.0  # of a map at full size; between maps; above them
Said = dict[str, Any]


def costs(patch: int, kind: str, size: tuple[int, int], net: int, said: Said) -> None:
    """Times and multiply-adds of every way, and why others find another speed-up."""
    st.markdown(_table(patch, kind, said))
    whose = f"trained here with seed {net}" if net else "shipped with seglab"
    st.caption(
        f"Processor time measured on this machine in one thread, for {size[0]} × {size[1]} pixels (one at a time: {SINGLE} patches,"
        f" scaled up). The classifier is {whose}; it is right about {percent(said['right'])} of this scene's pixels, of which"
        f" {percent(said['share'])} are of the commoner class."
    )
    st.markdown(why(patch))


def why(patch: int) -> str:
    """Why the paper on fully convolutional networks has another speed-up."""
    return (
        "The paper on fully convolutional networks ([Long, Shelhamer and Darrell](https://arxiv.org/abs/1411.4038)) reports a little"
        " more than 5 times: 22 ms for 10 × 10 answers of AlexNet on 500 × 500 pixels, instead of 100 times 1.2 ms. There windows of 227"
        " × 227 lie 32 pixels apart, and a pixel lies in about 100 · 227² / 500² = 21 of them; here they lie 1 apart, and it lies in up"
        f" to {patch}² = {patch**2}. The more windows overlap, the more there is to share: the gain grows with the patch and shrinks with"
        " the stride. Nobody shares what the fully connected layers do. And one patch at a time pays for every call anew, which batches"
        " do not."
    )


def answer_maps(kind: str, said: Said, pictures: dict[str, bytes]) -> Drawing:
    """The answers patch by patch and in one pass, and what differs; an item each."""
    # With pooling nothing is to be seen on the difference, and the grid's answers are another size.
    names = ["sliding", "once", *{"valid": ["difference"], "pool": ["holes"], "same": ["difference", "ring"]}[kind]]
    height, width = said["places"]
    unit = WIDTH / width
    drawing = Drawing(
        len(names) * (WIDTH + GAP) - GAP + 4,
        TOP + height * unit + 8,
        "Maps of answers: patch by patch, in one pass, and what differs",
        least=600,
        told="Probability of a cell: black 0, white 1. Point at a map.",
        lines=2,
    )
    for place, name in enumerate(names):
        _map(drawing, name, 2 + place * (WIDTH + GAP), unit, kind, said, pictures[name])
    return drawing


def _map(drawing: Drawing, name: str, x: float, unit: float, kind: str, said: Said, picture: bytes) -> None:
    height, width = values(picture).shape
    title, tells = _words(name, kind, said)
    scale = WIDTH / width if name == "ring" else unit
    drawing.item(Item(name, title, tells))
    drawing.text(x, 22, title, size=17, bold=True, item=name)
    href = data_url(picture)
    drawing.image(x, TOP, width * scale, height * scale, href, item=name)
    role = {"sliding": "output", "once": "output", "holes": "output"}.get(name, "difference")
    drawing.rect(x, TOP, width * scale, height * scale, role, "none", item=name)  # type: ignore[arg-type]


def _words(name: str, kind: str, said: Said) -> tuple[str, str]:
    down, across = said["places"]
    grid = f"{said['once'][0]} × {said['once'][1]}"
    patches = f"{down * across:,}"
    return {
        "sliding": (f"Patch by patch: {down} × {across}", f"{patches} patches, each through the whole classifier."),
        "once": (
            f"In one pass: {grid}",
            "Every layer once over the whole image."
            + (" Pooling halves the map, so the answers lie 2 pixels apart." if kind == "pool" else ""),
        ),
        "holes": (
            f"With holes: {down} × {across}",
            "Pooling at stride 1, and the kernels behind it with holes (dilation 2): an answer at every pixel again, in one pass.",
        ),
        "ring": (
            "Inside one patch: where",
            "Its last map before the fully connected layer, against the same cells of the whole image's: white is where they differ. Zeros"
            " around the patch reach two cells far, and the next layer reads all of them.",
        ),
        "difference": (
            f"Difference: at most {_small(said['largest'])}",
            f"On average {_small(said['mean'])}. Black 0, white 1.",
        ),
    }[name]


def _small(value: float) -> str:
    """A number as one says it.

    >>> _small(0.7912), _small(1.6e-6), _small(0.0)
    ('0.79', '1.6 · 10⁻⁶', '0')
    """
    if value >= 0.01 or not value:
        return f"{value:.2f}" if value else "0"
    digits, power = f"{value:.1e}".split("e")
    return f"{digits} · 10{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def verdict(kind: str, said: Said) -> str:
    """Whether the answers are the same, and what the one pass saves."""
    time, work = said["seconds"], said["macs"]
    down, across = said["places"]
    share = said["once"][0] * said["once"][1] / (down * across)  # of the patches, those whose answers the one pass has too
    single, batches = (share * time[name] / time["once"] for name in ("single", "batches"))
    speed = (
        f"{'For these answers one' if share < 1 else 'One'} pass is **{single:,.0f} times as fast** as one patch at a time and"
        f" {batches:.0f} times as fast as batches of 256; it does {share * down * across * work['patch'] / work['once']:.1f} times fewer"
        " multiply-adds."
    )
    largest = _small(said["largest"])
    if kind == "same":
        return (
            f"**Not the same answers**: they differ by up to {largest}, and {percent(said['changed'])} of the places change their class. A"
            " patch is"
            " padded with zeros at *its* border, the image only at *its own*: every patch sees zeros that are not there. " + speed
        )
    if kind == "pool":
        return (
            f"**The same answers where both have one**, on a grid of every second pixel: the largest difference is {largest}. Between,"
            f" the patches have answers of their own: to enlarge the grid instead changes the class of {percent(said['between'])} of the"
            f" pixels. With holes, all of them are back (largest difference {_small(said['largest_holes'])}). " + speed
        )
    return f"**The same answers**: the largest difference is {largest}, which is rounding. " + speed


def _table(patch: int, kind: str, said: Said) -> str:
    net = PatchClassifier(patch, _kind(kind))
    time, work = said["seconds"], said["macs"]
    down, across = said["places"]
    grid = said["once"][0] * said["once"][1]
    rows = [
        ("patch by patch, one at a time", down * across, time["single"], down * across * work["patch"]),
        ("patch by patch, 256 together", down * across, time["batches"], down * across * work["patch"]),
        ("in one pass", grid, time["once"], work["once"]),
        *([("in one pass, with holes", down * across, time["holes"], work["holes"])] if net.stride > 1 else []),
    ]
    told = [f"| {name} | {answers:,} | {1000 * seconds:,.1f} ms | {macs / 1e6:,.1f} million |" for name, answers, seconds, macs in rows]
    return "\n".join(["| Way | Answers | Time | Multiply-adds |", "| --- | ---: | ---: | ---: |", *told])


def _kind(kind: str) -> Kind:
    return "pool" if kind == "pool" else "same" if kind == "same" else "valid"
