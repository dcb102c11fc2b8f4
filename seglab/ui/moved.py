"""Who moves along: a segmenter and two classifiers look at a shape that is moved or cut into patches."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from seglab.data.domains import DOMAINS
from seglab.data.moves import DIFFICULTY, GRIDS, REACH, SHIFTS, SHUFFLES, order
from seglab.data.sets import TEST_SEED
from seglab.data.shapes import one_shape
from seglab.infer.pictures import data_url, grey, url
from seglab.train.asked.networks import moved_file
from seglab.ui.addressed import choice, put, whole
from seglab.ui.files import assets
from seglab.ui.links import in_lecture
from seglab.ui.runs import open_store
from seglab.ui.waiting import FIGURE, arrived, asked

EDGES = {"roll": "Comes back on the other side", "repeat": "Border repeated"}
FIRST_OBJECT, MOST_OBJECTS = 16, 999
USUAL = {"dx": 0, "dy": 0, "grid": 1, "shuffle": 0}


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.moved", js="v1/moved.js", css="v1/moved.css")


def who_moves() -> None:
    """The picture with its controls, and what was measured over many images."""
    scene = whole("object", 0, MOST_OBJECTS, FIRST_OBJECT)
    edge = st.query_params.get("edge", "roll")
    edge = edge if edge in EDGES else "roll"
    store, seed, around = open_store(), TEST_SEED + scene, edge == "roll"
    st.markdown(
        "Two classifiers that learned from shapes near the middle, and a U-Net that learned from whole scenes. Move the shape, or cut the "
        "image into patches and shuffle them: who notices, and who moves along?"
    )
    answer = asked("moved", (seed, around), lambda: moved_file(store, assets() / "networks", seed, around))
    found = arrived(answer, "Three networks look at the image in all its places…", "The networks could not look: ", FIGURE)
    if found is not None:
        told, pictures = found
        _show(seed, around, told, pictures["masks"])
    left, right = st.columns([1, 2.4], vertical_alignment="bottom")
    after = (scene + 1) % (MOST_OBJECTS + 1)
    left.button("Another shape", icon=":material/refresh:", on_click=put, kwargs={"object": after}, key="another", width="stretch")
    with right:
        choice("What is moved out of the image", "edge", EDGES, "roll")
    st.header("Over many images")
    st.html(_measured())
    st.markdown(_how())


def _show(seed: int, around: bool, told: dict[str, Any], masks: bytes) -> None:
    domain = DOMAINS["shapes"]
    data = {
        "image": _image(seed),
        "masks": _url(masks),
        "told": told,
        "shifts": SHIFTS,
        "grids": GRIDS,
        "shuffles": SHUFFLES,
        "orders": {str(grid): [order(grid, way).tolist() for way in range(SHUFFLES)] for grid in GRIDS},
        "names": domain.classes,
        "colours": domain.colours,
        "around": around,
        "state": _state(),
        "lecture": in_lecture(),
    }

    def settled() -> None:
        sent = getattr(st.session_state["moved"], "settled", None)
        if isinstance(sent, dict):
            put(**{name: None if (value := sent.get(name, usual)) == usual else value for name, usual in USUAL.items()})

    _component()(key="moved", data=data, on_settled_change=settled)


def _state() -> dict[str, int]:
    """What the address says of the move, a shift or a shuffle; what it cannot be is no move."""
    grid = whole("grid", 1, max(GRIDS), 1)
    if grid in GRIDS:
        return {**USUAL, "grid": grid, "shuffle": whole("shuffle", 0, SHUFFLES - 1, 0)}
    dx, dy = (whole(name, -REACH, REACH, 0) for name in ("dx", "dy"))
    return {**USUAL, "dx": dx if dx in SHIFTS else 0, "dy": dy if dy in SHIFTS else 0}


@st.cache_data(max_entries=64)
def _image(seed: int) -> str:
    return url(grey(one_shape(seed, difficulty=DIFFICULTY).image))


def _url(file: bytes) -> str:

    return data_url(file)


@cache
def measures() -> dict[str, Any]:
    """What ``seglab.bench.shipped`` measured of the shipped networks."""
    found: dict[str, Any] = json.loads((assets() / "networks" / "moved.json").read_text(encoding="utf-8"))
    return found


_STYLE = """<style>
.over-many { border-collapse: collapse; line-height: 1.35; font-variant-numeric: tabular-nums; }
.over-many th, .over-many td { padding: 0.3em 0 0.3em 1.2em; border: 0; text-align: right; font-weight: 400; }
.over-many th:first-child { padding-left: 0; text-align: left; }
.over-many thead th { vertical-align: bottom; font-weight: 600; }
.over-many tbody tr { border-top: 1px solid rgba(128, 128, 128, 0.35); }
</style>"""


def _measured() -> str:
    """Accuracy and mean IoU by what is done to the image, as an HTML table."""
    found = measures()
    heads = "what is done", "global pooling, accuracy", "fully connected, accuracy", "U-Net, mean IoU"
    rows = [("nothing" if pixels == "0" else f"moved by {pixels} pixels", row) for pixels, row in found["shift"].items()]
    rows += [(f"{grid} × {grid} patches shuffled", row) for grid, row in found["shuffle"].items()]
    lines = [
        f'<tr><th scope="row">{name}</th><td>{_percent(row["pooled"])}</td><td>{_percent(row["flat"])}</td>'
        f"<td>{row['segmenter']:.3f}</td></tr>"
        for name, row in rows
    ]
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        f'{_STYLE}<table class="over-many" aria-label="Who notices, over many images">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def _how() -> str:
    """How the table was measured."""
    return (
        f"Measured on {measures()['images']} images of one shape that no network was trained on, moved right, left, down or up in turns; "
        f"what "
        "leaves comes back on the other side. Guessing is right in 25 %. The mask is compared with the truth, moved or shuffled in the "
        "same way. Of 3 × 3 patches the middle one holds most of the shape, so it only moves; other cuts tear it."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
