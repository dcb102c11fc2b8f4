"""The page "Instances and panoptic": from pixels to objects, things and stuff merged, and what was measured."""

from __future__ import annotations

from functools import cache

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from seglab.data.domains import DOMAINS
from seglab.data.scene import Image, Scene
from seglab.data.sets import TEST_SEED
from seglab.infer.chances import unpacked
from seglab.infer.instances import WAYS, Steps, networks, steps
from seglab.infer.pictures import grey
from seglab.train.asked.networks import scene_chances
from seglab.train.panoptic import Matching, matching
from seglab.train.plan_instances import DATA, DIFFICULTY, PLAN, SIZE
from seglab.train.study import read_rows, verdict
from seglab.ui.addressed import choice, put, whole
from seglab.ui.byhand import show_flood
from seglab.ui.diagram import show
from seglab.ui.files import assets
from seglab.ui.instances_drawing import found_and_true, strip_of_ways
from seglab.ui.merged import merged
from seglab.ui.runs import open_store
from seglab.ui.study import show_study
from seglab.ui.waiting import FIGURE, arrived, asked

PARTS = {"cells": "1 · From pixels to objects", "merge": "2 · Things and stuff", "study": "3 · Measured"}
SCENES = 1000
TITLES = {name: way.title for name, way in WAYS.items()}


def instances_panel() -> None:
    """The part that the address names, below a row to choose it."""
    part = choice("Part", "part", PARTS, "cells", hidden=True)
    {"cells": _cells, "merge": merged, "study": _study}[part]()


def _cells() -> None:
    st.markdown(
        "A semantic network says *cell* or *background* of every pixel, not which cell. Five ways to count and part them; a pair that"
        " matches has one colour and one number."
    )
    number = whole("scene", 0, SCENES - 1, 0)
    picture, hands, numbers = st.container(), st.container(horizontal=True, vertical_alignment="bottom", gap="medium"), st.container()
    with hands:
        way = choice("Way", "way", TITLES, "components", hidden=True, drops=("water", "row"))
        after = (number + 1) % SCENES
        st.button("Another scene", icon=":material/refresh:", on_click=_another, args=(after,), key="another")
    with picture:
        chances = chances_of(number)
        if chances is not None:
            _looked_at(made(number), chances[WAYS[way].network], way, numbers)


def _another(number: int) -> None:
    put(scene=number or None, water=None, row=None)


def _looked_at(scene: Scene, chances: Image, way: str, below: DeltaGenerator) -> None:
    """The pictures here, and in the container `below` the numbers and the flood."""
    assert scene.instances is not None
    found = steps(way, chances)
    paired = matching(found.instances, scene.instances)
    show(found_and_true(scene, chances, found, paired, way), "instances")
    with below:
        st.markdown(f"**{WAYS[way].title}.** {WAYS[way].told}")
        st.markdown(formula(paired))
        _flooded(scene, found, way)


def _flooded(scene: Scene, found: Steps, way: str) -> None:
    if found.flood is not None and found.heights is not None:
        st.header("The flood")
        low = {"border": "a border is unlikely", "distance": "far from the outside", "chance": "a cell is likely"}[way]
        show_flood(grey(scene.image), found.heights, found.flood, f"a {_height(way)} of", low, "flood", line=way != "border")


def _height(way: str) -> str:
    return {"border": "chance of border", "distance": "distance", "chance": "chance of background"}[way]


@st.cache_data(max_entries=64)
def made(number: int) -> Scene:
    """A scene that no network of the page has seen."""
    return DOMAINS[DATA].make(TEST_SEED + number, SIZE, DIFFICULTY)


def chances_of(number: int) -> dict[str, Image] | None:
    """What the three networks say of a scene, by name: of the first it is known, others a worker looks at; None meanwhile."""
    if number == 0:
        return first_scene()
    files = networks(assets())
    answer = asked("instances", number, lambda: scene_chances(open_store(), files, DATA, number, SIZE, DIFFICULTY))
    return arrived(answer, "Three networks look at the scene…", "The networks could not look: ", FIGURE)


@cache
def first_scene() -> dict[str, Image]:
    """What the networks say of scene 0, found beforehand by ``bench/instances.py``."""
    return unpacked((assets() / "instances" / "scene-0.npz").read_bytes())


def formula(paired: Matching) -> str:
    """PQ with this picture's numbers, as Markdown.

    >>> from seglab.train.panoptic import Match
    >>> formula(Matching((Match(1, 1, 0.8), Match(2, 2, 0.6)), (3,), ())).split(chr(10))[-1]
    '**PQ** = SQ · RQ = 0.700 · 0.800 = **0.560**'
    """
    quality = paired.quality
    tp, fp, fn = len(quality.ious), quality.false, quality.missed
    if not quality.there:
        return "Nothing is there and nothing was found: PQ says nothing."
    added = " + ".join(f"{iou:.2f}" for iou in sorted(quality.ious, reverse=True)) or "0"
    return (
        f"Found cells that match a true one (TP: IoU above ½): **{tp}**; that match none (FP, ✕): **{fp}**; true ones that are missed (FN,"
        f" ○): **{fn}**.\n\n"  # paragraphs, which a lecture shows large
        f"**SQ**, how well matches fit: ({added}) / {max(tp, 1)} = **{quality.sq:.3f}**\n\n"
        f"**RQ**, how many are found: TP / (TP + ½ FP + ½ FN) = {tp} / ({tp} + {fp / 2:g} + {fn / 2:g}) = **{quality.rq:.3f}**\n\n"
        f"**PQ** = SQ · RQ = {quality.sq:.3f} · {quality.rq:.3f} = **{quality.pq:.3f}**"
    )


def _study() -> None:
    rows = read_rows(assets() / "studies" / f"{PLAN.name}.json", PLAN)
    between = " ".join(verdict(PLAN, rows, "pq", arm, reference="distance") for arm in ("border", "weighted"))
    show_study(PLAN, rows, text=f"{between} {TOLD}")
    st.header("One scene, all five ways")
    scene = made(0)
    show(strip_of_ways(scene, {way: steps(way, first_scene()[WAYS[way].network]) for way in WAYS}), "ways")


TOLD = (
    "Separated: a true cell more than half of which lies in a found one that holds more than half of no other. The ways' own numbers (from"
    " which chance on there is a marker, how much the distance map is smoothed) were settled on validation scenes with the shipped network."
)
