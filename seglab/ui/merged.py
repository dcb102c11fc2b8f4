"""Things and stuff merged: candidates in the order of their confidence, what is left for each, the label matrix, and PQ by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.data.answers import things
from seglab.data.domains import DOMAINS, Domain
from seglab.data.scene import Image, Scene
from seglab.data.sets import TEST_SEED
from seglab.data.street import CLASSES
from seglab.infer.merging import (
    FREE,
    LEAST_STUFF,
    NOTHING,
    STREET_STUFF,
    SURE,
    Candidate,
    Taken,
    claims,
    merge,
    street_claims,
    street_truth,
)
from seglab.infer.pictures import grey, url
from seglab.train.asked.networks import scene_chances
from seglab.train.panoptic import Panoptic, Quality, class_matchings, mean_quality
from seglab.ui.addressed import choice, number, put, whole
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing
from seglab.ui.files import assets
from seglab.ui.label_matrix import STREET_COLOURS, open_matrix
from seglab.ui.legend import legend
from seglab.ui.runs import open_store
from seglab.ui.six_answers import Shown
from seglab.ui.table import table
from seglab.ui.waiting import FIGURE, arrived, asked

PICTURES = {"street": "The deck’s street", "shapes": "Shapes, by a network"}
SIZE, DIFFICULTY, SCENES, FIRST = 96, 0.5, 1000, 32
SIDE, GAP, TOP = 236, 18, 26
ACROSS = 4  # panels in a line
LOST, GREY = (235, 235, 235), (120, 120, 120)
STRIPES = (np.add.outer(np.arange(SIZE), np.arange(SIZE)) % 2).astype(bool)  # what a candidate does not get is chequered
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Merging:
    """Everything that is merged: the candidates, the semantic areas, the truth, and the names and colours of the classes."""

    image: Bytes | None  # None where the truth is all that there is
    candidates: Sequence[Candidate]
    areas: NDArray[np.integer]
    truth: Panoptic
    things: tuple[int, ...]
    stuff: tuple[int, ...]
    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]


def merged() -> None:
    """The street with every number in sight, or shapes as a network sees them."""
    st.markdown(
        "Panoptic: every pixel one class, and things an id besides. Objects may overlap, so somebody has to give way: **the surest takes"
        f" its pixels first; who keeps less than {FREE:.0%} of its own is dropped; stuff fills the rest.**"
    )
    picture, hands = st.container(), st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with hands:
        which = choice("Scene", "merge", PICTURES, "street", hidden=True, drops=("scene", "purse"))
        if which == "street":
            number("How sure of the purse, %", "purse", 0, 100, 60, 210)
        else:
            at = whole("scene", 0, SCENES - 1, FIRST)
            after = (at + 1) % SCENES
            st.button("Another scene", icon=":material/refresh:", on_click=put, kwargs={"scene": after}, key="another")
    given = None
    with picture:
        given = _street() if which == "street" else _shapes()
        if given is not None:
            result, taken = merge(given.candidates, given.areas, given.stuff)
            show(_drawing(given, result, taken), "merging")
    if given is not None:
        _numbers(given, result, taken)


def _street() -> Merging:
    candidates, areas = street_claims(whole("purse", 0, 100, 60) / 100)
    return Merging(None, candidates, areas, street_truth(), (1, 2), STREET_STUFF, CLASSES, STREET_COLOURS)


def _shapes() -> Merging | None:
    at, domain = whole("scene", 0, SCENES - 1, FIRST), DOMAINS["shapes"]
    files = {"shapes": assets() / "networks" / "shapes.safetensors"}
    answer = asked("merged", at, lambda: scene_chances(open_store(), files, "shapes", at, SIZE, DIFFICULTY))
    found = arrived(answer, "A network looks at the scene…", "The network could not look: ", FIGURE)
    if found is None:
        return None
    chances: Image = found["shapes"]
    scene = domain.make(TEST_SEED + at, SIZE, DIFFICULTY)
    assert scene.instances is not None
    truth = Panoptic(scene.mask.astype(int), scene.instances)
    labels = tuple(range(1, len(domain.classes)))
    return Merging(grey(scene.image), claims(chances, labels), chances.argmax(0), truth, labels, (0,), domain.classes, domain.colours)


def _numbers(given: Merging, result: Panoptic, taken: Sequence[Taken]) -> None:
    """Who got what, PQ by class, and the matrix behind the result."""
    first = int(0 not in given.stuff)  # the street's class 0 is no class
    legend([f"{label} {name}" for label, name in enumerate(given.names)][first:], given.colours[first:])
    st.markdown(_order(given, taken))
    _qualities(given, result)
    st.header("The label matrix that comes out: class and id")
    open_matrix(_shown(given, result), "panoptic")


def _order(given: Merging, taken: Sequence[Taken]) -> str:
    """What became of each candidate, in words; those that are too unsure in one line."""
    lines: list[str] = []
    unsure: list[str] = []
    for take in taken:
        one, pixels = take.candidate, int(take.candidate.pixels.sum())
        name = given.names[one.label]
        if take.why == "too unsure":
            unsure.append(f"{name} {one.confidence:.2f}")
            continue
        became = f"is dropped: less than {FREE:.0%} of its {pixels} pixels are free"
        if take.id:
            became = f"keeps {int(take.pixels.sum())} of its {pixels} pixels as **{one.label}·{take.id}**"
        lines.append(f"**{len(lines) + 1}.** {name}, sure to {one.confidence:.2f}, {became}")
    below = f"Below {SURE:g}, so not looked at: {', '.join(unsure)}. " if unsure else ""
    return "  \n".join(lines) + f"\n\n{below}Then stuff: what is free goes to the class of the semantic map, from {LEAST_STUFF} pixels on."


def _drawing(given: Merging, result: Panoptic, taken: Sequence[Taken]) -> Drawing:
    """The scene, its areas, each candidate in its turn, the result and the truth."""
    colours = np.array((*given.colours, GREY), np.uint8)
    panels: list[tuple[str, Bytes]] = [] if given.image is None else [("Scene", given.image)]
    panels.append(("Semantic map", colours[given.areas]))
    for place, take in enumerate(taken[: 2 * ACROSS - 4], start=1):
        paint = np.full((*given.areas.shape, 3), 40, np.uint8)
        paint[take.candidate.pixels & STRIPES[: paint.shape[0], : paint.shape[1]]] = LOST
        paint[take.pixels] = colours[take.candidate.label]
        words = "kept" if take.id and (take.pixels == take.candidate.pixels).all() else "kept in part" if take.id else take.why
        panels.append((f"{place}. {given.names[take.candidate.label]} {take.candidate.confidence:.2f}, {words}", paint))
    panels.append(("Result", _painted(result, colours)))
    panels.append(("Truth", _painted(given.truth, colours)))
    height, width = given.areas.shape
    across = ACROSS if len(panels) > 6 else 3
    tall, lines = SIDE * height / width, -(-len(panels) // across)
    drawing = Drawing(across * (SIDE + GAP) - GAP, lines * (TOP + tall + 10), "Candidates in their order, and what comes out", 190 * across)
    for place, (title, picture) in enumerate(panels):
        left, top = (place % across) * (SIDE + GAP), (place // across) * (TOP + tall + 10)
        drawing.text(left, top + 16, title, 13.5, bold=True)
        drawing.image(left, top + TOP, SIDE, tall, url(picture))
        drawing.rect(left, top + TOP, SIDE, tall, "edge", "none")
    return drawing


def _painted(one: Panoptic, colours: Bytes) -> Bytes:
    """Classes in their colours, things in shades by id."""
    paint = colours[one.classes].astype(float)
    light = ((one.ids % 3) * 0.25 * (one.ids > 0))[..., None]
    return np.asarray(paint + (255 - paint) * light, np.uint8)


def _qualities(given: Merging, result: Panoptic) -> None:
    """PQ of every class and its means."""
    known = {label: found.quality for label, found in class_matchings(result, given.truth, (*given.things, *given.stuff)).items()}
    head = ["class", "kind", "TP", "FP", "FN", "SQ", "RQ", "PQ"]
    rows = [_row(given.names[label], "thing" if label in given.things else "stuff", known[label]) for label in known]
    groups = {"mean of things": given.things, "mean of stuff": given.stuff, "mean of all": tuple(known)}
    for title, labels in groups.items():
        pq, sq, rq = mean_quality(known[label] for label in labels)
        rows.append([title, "", "", "", "", _told(sq), _told(rq), _told(pq)])
    table(head, rows, "Panoptic quality of every class")
    st.caption("Stuff is one segment a class. Classes that are in neither do not count. The mean PQ is the mean over classes, no product.")


def _row(name: str, kind: str, quality: Quality) -> list[str]:
    counts = [str(len(quality.ious)), str(quality.false), str(quality.missed)]
    return [name, kind, *counts, *(_told(value) for value in (quality.sq, quality.rq, quality.pq))]


def _told(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"


def _shown(given: Merging, result: Panoptic) -> Shown:
    """The result as a scene whose matrix can be opened; what nobody took is a class of its own."""
    mask = np.where(result.classes == NOTHING, len(given.names), result.classes).astype(np.uint8)
    names, colours = (*given.names, "nothing"), (*given.colours, GREY)
    domain = Domain("Merged", "", DOMAINS["shapes"].make, names, colours)
    image = given.image if given.image is not None else np.zeros((*mask.shape, 3), np.uint8)
    scene = Scene(np.asarray(image / 255, np.float32), mask, result.ids.astype(np.int32))
    return Shown(domain, scene, things(scene))
