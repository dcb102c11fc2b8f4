"""Is a U-Net an autoencoder? One that was trained to give back its image, its ways as wide as what they carry, each to be cut."""

from __future__ import annotations

from functools import cache

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.infer.pictures import url
from seglab.train.autoencoder_studies import RECONSTRUCT_WIDTH, SIDE, UNET
from seglab.train.study import Interval, interval, values
from seglab.ui.addressed import choice, chosen, put
from seglab.ui.autoencoder_studies import rows_of, shown_study
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing, Item
from seglab.ui.files import assets

PICTURE, LEFT, RIGHT, TOP, ROW = 176.0, 226.0, 734.0, 62.0, 92.0  # of the drawing: images' side, the U's ends, its first line, a line
BOX, IN = 24.0, 46.0  # a box's width, and how much further in each level begins
WIDEST = 34.0  # of a way that carries everything
DEPTHS = tuple(f"{x:g}" for x in UNET.xs)
USED = 0.05  # of the variance: what a way has to carry to be called used


def unet_part() -> None:
    """Controls, the U, what it says, and the study."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        skip = choice("Skips", "skips", {"concat": "concatenated", "add": "added", "none": "none"}, "concat", drops=("cut",))
        depth = int(choice("Poolings", "depth", DEPTHS, DEPTHS[-1], drops=("cut",)))
    cut = chosen("cut", ways(skip, depth), "")
    show(drawing(skip, depth, cut), "reconstructs", cut, lambda name: put(cut=None if name == cut else name))
    st.markdown(said(skip, depth))
    st.header("Measured")
    shown_study(UNET, text=measured_text())


def ways(skip: str, depth: int) -> tuple[str, ...]:
    """The ways from encoder to decoder by their names in the measurements.

    >>> ways("add", 2), ways("none", 2)
    (('skip_0', 'skip_1', 'bottleneck'), ('bottleneck',))
    """
    return (*(f"skip_{level}" for level in range(depth) if skip != "none"), "bottleneck")


def found(skip: str, depth: int, cut: str = "") -> Interval:
    """What is lost of the variance with a way cut, or none: mean over the seeds, and how far its interval reaches."""
    measure = f"cut_{cut}" if cut else "lost"
    return interval(list(values(rows_of(UNET), measure, skip, float(depth)).values()))


def share(value: float) -> str:
    """A share of the variance in words.

    >>> share(0.0214), share(1.4), share(0.0003)
    ('2.1 %', '140 %', '0.03 %')
    """
    return f"{100 * value:.{0 if value >= 1 else 1 if value >= 0.01 else 2}f} %"


def spread(one: Interval) -> str:
    return f"{100 * one.mean:.1f} ± {100 * one.reach:.1f} %"


@cache
def _pictures() -> dict[str, NDArray[np.uint8]]:
    with np.load(assets() / "autoencoder" / "unet.npz") as file:
        return {name: file[name] for name in file.files}


def drawing(skip: str, depth: int, cut: str) -> Drawing:
    """The image, the U with a line for each way, and what comes out."""
    made = Drawing(960, TOP + ROW * depth + 78, f"A U-Net of {depth} poolings that reconstructs its image", least=720, lines=2)
    made.told = "A way is as wide as what is lost without it. Point at one; press it to cut it."
    if cut:
        made.told = f"Cut: {name_of(cut)}. Press it again to join it."
    middle = TOP + 22
    whole = found(skip, depth)
    _image(made, 10, middle - 34, "the image", "image", "input")
    lost = found(skip, depth, cut)
    out = f"{skip}.{depth}.{cut}"
    _image(
        made,
        960 - PICTURE - 10,
        middle - 34,
        f"lost: {share(lost.mean)}" if cut else f"reconstructed, lost: {share(whole.mean)}",
        out,
        "output",
    )
    for level in range(depth):
        _level(made, level, depth, skip, cut, whole)
    _way(
        made,
        "bottleneck",
        depth,
        LEFT + IN * depth,
        RIGHT - IN * depth,
        cut,
        found(skip, depth, "bottleneck"),
        whole,
        numbers(depth, depth),
    )
    return made


def _image(made: Drawing, x: float, y: float, words: str, name: str, role: str) -> None:
    made.text(x, y - 10, words, 15, "ink", bold=True)
    made.image(x, y, PICTURE, PICTURE, url(_pictures()[name]))
    made.rect(x, y, PICTURE, PICTURE, "input" if role == "input" else "output", "none", thick=True)


def _level(made: Drawing, level: int, depth: int, skip: str, cut: str, whole: Interval) -> None:
    """A level of the encoder and of the decoder, the lines to the next one, and its skip."""
    left, right, y = LEFT + IN * level, RIGHT - IN * level - BOX, TOP + ROW * level
    tall = 62 - 9 * level
    if skip != "none":
        _way(made, f"skip_{level}", level, left + BOX, right, cut, found(skip, depth, f"skip_{level}"), whole, numbers(level, depth))
    for x, role in ((left, "input"), (right, "output")):
        made.rect(x, y - tall / 2, BOX, tall, "input" if role == "input" else "output", "soft")
    if level == 0:
        made.line([(10 + PICTURE + 4, y), (left - 4, y)], "muted", arrow=True)
        made.line([(right + BOX + 4, y), (960 - PICTURE - 16, y)], "muted", arrow=True)
    below, last = y + ROW, level == depth - 1
    end = below - 5 if last else below - (tall - 9) / 2 - 4
    made.line([(left + BOX / 2, y + tall / 2 + 3), (left + BOX / 2 + IN, end)], "muted", arrow=True)
    made.line([(right + BOX / 2 - IN, end), (right + BOX / 2, y + tall / 2 + 4)], "muted", arrow=True)


def _way(made: Drawing, name: str, level: int, left: float, right: float, cut: str, without: Interval, whole: Interval, many: str) -> None:
    """A band from encoder to decoder, as wide as what its cut costs; the bottleneck has its box in the middle."""
    y = TOP + ROW * level
    carried = max(without.mean - whole.mean, 0.0)
    high = 2 + (WIDEST - 2) * min(carried, 1.0)
    deep = name == "bottleneck"
    tells = f"{name_of(name).capitalize()}: {many} numbers. Without it {spread(without)} of the variance is lost, with it {spread(whole)} "
    made.item(
        Item(name, f"{name_of(name)}, {share(without.mean)} lost without it", f"{tells}(mean of {len(UNET.seeds)} seeds, 95 % interval).")
    )
    role = "kernel" if deep else "skip"
    if name == cut:
        made.line([(left + 4, y), (right - 4, y)], "difference", name, dashed=True)
        middle = (left + right) / 2
        for slope in (1, -1):
            made.line([(middle - 11, y - 11 * slope), (middle + 11, y + 11 * slope)], "difference", name)
    else:
        made.rect(left + 4, y - high / 2, right - left - 8, high, "kernel" if role == "kernel" else "skip", "solid", name)
    if deep:
        middle = (left + right) / 2
        if name != cut:
            made.rect(middle - 30, y - 22, 60, 44, "kernel", "soft", name)
        made.text(middle, y + 42, f"bottleneck, {many}", 14, "ink", "middle", True, name)
        made.text(middle, y + 60, f"cut: {share(without.mean)} lost", 14, "ink", "middle", False, name)
    else:
        middle = (left + right) / 2
        made.text(middle, y - high / 2 - 6, f"skip {level + 1}, {many}", 14, "ink", "middle", True, name)
        made.text(middle, y + high / 2 + 17, f"cut: {share(without.mean)} lost", 14, "ink", "middle", False, name)


def name_of(name: str) -> str:
    """A way in words.

    >>> name_of("skip_0"), name_of("skip_2"), name_of("bottleneck")
    ('the topmost skip', 'skip 3', 'the bottleneck')
    """
    kind, _, level = name.partition("_")
    return "the bottleneck" if kind == "bottleneck" else "the topmost skip" if level == "0" else f"skip {int(level) + 1}"


def numbers(level: int, depth: int) -> str:
    """Channels and sides of a level's map.

    >>> numbers(0, 3), numbers(3, 3)
    ('4 × 64 × 64', '32 × 8 × 8')
    """
    side = SIDE // 2**level
    return f"{RECONSTRUCT_WIDTH * 2**level} × {side} × {side}"


def said(skip: str, depth: int) -> str:
    """The answer for this network, from its numbers, as Markdown."""
    whole, without = found(skip, depth), found(skip, depth, "bottleneck")
    if np.isnan(whole.mean):
        return "Nothing of this network has been measured yet."
    per = RECONSTRUCT_WIDTH / 2**depth
    if skip == "none":
        how = "which is no compression at all" if per >= 1 else f"one number for {1 / per:.0f} pixels"
        return (
            f"**Without skips it is one.** Everything comes through the bottleneck, {per:g} numbers a pixel ({how}), and {spread(whole)} "
            "of the variance is lost on images that it never saw."
        )
    top = found(skip, depth, "skip_0")
    used = without.mean - whole.mean
    idle = (
        f"Cutting the bottleneck changes next to nothing ({share(whole.mean)} → {share(without.mean)}): it is not used."
        if used < USED
        else f"Cutting the bottleneck costs something ({share(whole.mean)} → {share(without.mean)}): here it carries a part."
    )
    told = "**No.** It has learned to copy" if used < USED <= top.mean - whole.mean else "**Not as it is meant**: part is copied"
    return f"{told} over the topmost skip, without which {share(top.mean)} is lost. {idle}"


def measured_text() -> str:
    """What the study answers, in words."""
    deep = int(UNET.xs[-1])
    none, concat, without = found("none", deep), found("concat", deep), found("concat", deep, "bottleneck")
    if np.isnan(none.mean):
        return ""
    return (
        f"**The answer.** With {deep} poolings the network without skips loses {spread(none)} of the variance, with concatenated skips "
        f"{spread(concat)}, and {spread(without)} when nothing at all comes through its bottleneck. "
        "A U-Net has an autoencoder's shape; whoever trains it to reconstruct gets a copier."
        if without.mean - concat.mean < USED
        else f"With {deep} poolings: {spread(none)} lost without skips, {spread(concat)} with them."
    )
