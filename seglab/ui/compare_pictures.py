"""What several runs make of the same images: the truth, each one's mask and wrong pixels, and where two of them differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Files

from seglab.data.domains import DOMAINS
from seglab.data.sets import classes_of
from seglab.infer.pictures import painted
from seglab.train.asked.networks import compared_scene
from seglab.ui.addressed import choice, put, whole
from seglab.ui.compare_subjects import Subject
from seglab.ui.legend import chip, legend
from seglab.ui.runs import open_store
from seglab.ui.seen import WRONG, picture
from seglab.ui.waiting import arrived, asked

BLUE, ORANGE, YELLOW = (0, 114, 178), (230, 159, 0), (240, 228, 66)
HELD, NEW = "held", "new"
SCENES = 1000
LARGEST = 96  # pixels a side of a new scene, at least

Masks = NDArray[np.uint8]  # (N, H, W)


@dataclass(frozen=True, eq=False)
class Looked:
    """Images (N, H, W) or (N, H, W, 3) with their truth, the classes and colours, and the masks of those runs that have some, by name."""

    images: NDArray[np.uint8]
    truths: Masks
    classes: tuple[Sequence[str], Sequence[tuple[int, int, int]]]
    masks: dict[str, Masks]
    said: tuple[str, ...] = ()

    @property
    def letters(self) -> dict[str, Masks]:
        """The masks by the letter that a run's name begins with."""
        return {name[0]: mask for name, mask in self.masks.items()}


def pictures_panel(subjects: Sequence[Subject], names: Sequence[str], latest: Callable[[], Sequence[Subject]], every: float | None) -> None:
    """All masks on the same images, and the difference of two of them; pictures of runs under way are renewed from `latest` after `every`
    seconds, the controls stand outside the parts that renew themselves."""
    st.header("On the same images")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        where = choice("Images", "pictures", {HELD: "Held-out images", NEW: "A new scene"}, HELD)
        if where == NEW:
            following = (whole("scene", 0, SCENES - 1, 0) + 1) % SCENES
            changes = {"scene": following or None}
            st.button(f"Next scene: {following}", icon=":material/skip_next:", key="compare.scene", on_click=put, kwargs=changes)
    if where == NEW:
        every, scene = None, _new_scene(subjects, names)

    def looked() -> Looked | None:
        return scene if where == NEW else held_out(latest() if every else subjects, names)

    @st.fragment(run_every=every)
    def masks() -> None:
        if now := looked():
            for sentence in now.said:
                st.info(sentence, icon=":material/info:")
            show_masks(now)
        elif where == HELD:
            st.caption("The first pictures come with the first steps.")

    @st.fragment(run_every=every)
    def difference() -> None:
        if (now := looked()) and one in now.letters and other in now.letters:
            show_difference(now, one, other)

    masks()
    now = looked()
    if now is None or len(now.masks) < 2:
        return
    one, other = _pair(list(now.letters))
    if one == other:
        st.caption("Choose two different runs: one does not differ from itself.")
    else:
        difference()


def _pair(letters: Sequence[str]) -> tuple[str, str]:
    """Which two are compared, from the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        one = choice("Differences of", "one", letters, letters[0])
        return one, choice("and", "other", letters, letters[1] if one == letters[0] else letters[0])


def held_out(subjects: Sequence[Subject], names: Sequence[str]) -> Looked | None:
    """The pictures that the runs left of their held-out images, of all that have the first one's; None where there are none yet."""
    seen = [(name, subject) for name, subject in zip(names, subjects, strict=True) if subject.snapshot is not None]
    if not seen:
        return None
    first = seen[0][1]
    assert first.snapshot is not None
    masks, others = dict[str, Masks](), list[str]()
    for name, subject in seen:
        assert subject.snapshot is not None
        same = np.array_equal(subject.snapshot.images, first.snapshot.images) and np.array_equal(
            subject.snapshot.truths, first.snapshot.truths
        )
        if same:
            masks[name] = subject.snapshot.predictions
        else:
            others.append(name)
    without = [name for name in names if name not in masks and name not in others]
    said = []
    if others:
        said.append(f"{', '.join(others)}: measured on other images than {seen[0][0]}, or for another target, so not shown beside it.")
    if without:
        said.append(f"{', '.join(without)}: no pictures yet, or they cannot be read. Its numbers above stand.")
    return Looked(first.snapshot.images, first.snapshot.truths, first.classes, masks, tuple(said))


def _new_scene(subjects: Sequence[Subject], names: Sequence[str]) -> Looked | None:
    """What the runs make of a scene that none of them has met, found by a worker."""
    able = [
        (name, subject) for name, subject in zip(names, subjects, strict=True) if subject.weights is not None and subject.weights.exists()
    ]
    unable = [name for name in names if name not in dict(able)]
    lost = (
        f"{', '.join(unable)}: without weights here (a shipped run has only its pictures; a new one has not saved yet)." if unable else ""
    )
    if not able:
        st.info(f"{lost} Choose a run of yours, or queue an experiment.", icon=":material/info:")
        return None
    config = able[0][1].config
    data = config.data if config.data in DOMAINS else "cells"
    scene: dict[str, Any] = {
        "data": data,
        "number": whole("scene", 0, SCENES - 1, 0),
        "size": min(max(config.size, LARGEST), 256),
        "difficulty": config.difficulty,
    }
    paths = [subject.weights for _, subject in able if subject.weights is not None]
    answer = arrived(
        asked("compare.scene", (tuple(paths), str(scene)), lambda: compared_scene(open_store(), paths, scene)), "They look at it…"
    )
    if answer is None:
        return None
    told, drawn = answer
    said = [lost] if lost else []
    masks = {}
    classes = classes_of(data)
    for place, (name, _) in enumerate(able):
        if str(place) in told["refused"]:
            said.append(f"{name}: {told['refused'][str(place)]}")
        elif told["classes"][str(place)] != len(classes[0]):
            said.append(
                f"{name} tells {told['classes'][str(place)]} classes apart, and {data} has {len(classes[0])}: its mask"
                " means something else."
            )
        else:
            masks[name] = read(drawn[f"mask-{place}"])[None]
    return Looked(read(drawn["image"])[None], read(drawn["truth"])[None], classes, masks, tuple(said))


def read(data: bytes) -> NDArray[np.uint8]:
    """A PNG file as an array."""
    with Files.open(BytesIO(data)) as file:
        return np.asarray(file)


def show_masks(looked: Looked) -> None:
    """Images and truth, then a line for each run: its mask, and where it is wrong."""
    size: dict[str, Any] = {"scale": 2 if len(looked.images) > 1 else 4}
    left, right = st.columns(2)
    with left:
        picture(looked.images, "Images that none of them was trained on", "Images", **size)
    with right:
        picture(painted(looked.truths, looked.classes[1]), "The truth", "True masks", **size)
    for name, mask in looked.masks.items():
        left, right = st.columns(2)  # anew, so that on a phone both pictures of a run follow each other
        with left:
            picture(painted(mask, looked.classes[1]), name, f"Masks of {name}", **size)
        with right:
            told = f"{name}: wrong in {100 * float((mask != looked.truths).mean()):.1f} % of these pixels, orange"
            picture(wrong_pixels(looked, mask), told, f"Wrong pixels of {name}", **size)
    if len(looked.classes[0]) > 2:
        legend(*looked.classes)


def wrong_pixels(looked: Looked, mask: Masks) -> NDArray[np.uint8]:
    """The images in grey, with the pixels that are not as the truth in orange (N, H, W, 3)."""
    return np.where((mask != looked.truths)[..., None], np.array(WRONG, np.uint8), faded(looked.images))


def faded(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images in grey (N, H, W, 1)."""
    return (images if images.ndim == 3 else images.mean(3).astype(np.uint8))[..., None]


def show_difference(looked: Looked, one: str, other: str) -> None:
    """Where two runs, named by their letters, differ from each other."""
    mine, theirs = looked.letters[one], looked.letters[other]
    parts = parted(mine, theirs, looked.truths)
    shown = np.broadcast_to(faded(looked.images), (*looked.truths.shape, 3)).copy() // 2
    for here, colour in zip(parts, (BLUE, ORANGE, YELLOW), strict=True):
        shown[here] = colour
    alone, beside, neither = (int(here.sum()) for here in parts)
    total = looked.truths.size
    picture(shown, f"Where {one} and {other} differ", f"Where {one} and {other} differ", scale=2 if len(shown) > 1 else 4)
    told = [
        f"{chip(BLUE)}only {one} is right: {alone:,} pixels ({100 * alone / total:.1f} %)",
        f"{chip(ORANGE)}only {other} is right: {beside:,} ({100 * beside / total:.1f} %)",
    ]
    told += [f"{chip(YELLOW)}both wrong, each in its way: {neither:,}"] if neither else []
    spans = "".join(f"<span>{part}</span>" for part in told)
    st.html(f'<div style="display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem">{spans}</div>')


def parted(one: Masks, other: Masks, truths: Masks) -> tuple[NDArray[np.bool_], ...]:
    """Where two masks differ: where only the first is right, where only the second is, and where neither.

    >>> [part.tolist() for part in parted(*(np.array(row, np.uint8) for row in ([1, 0, 2, 1], [0, 1, 1, 1], [1, 1, 0, 0])))]
    [[True, False, False, False], [False, True, False, False], [False, False, True, False]]
    """
    mine, theirs = one == truths, other == truths
    return mine & ~theirs, theirs & ~mine, ~mine & ~theirs & (one != other)
