"""By hand beside a network, on the same images and metrics: pictures, a table, and two studies of difficulty."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Files

from seglab.data.domains import DOMAINS
from seglab.data.scene import Scene
from seglab.infer.handcrafted import RECIPES
from seglab.infer.pictures import grey, url
from seglab.train.metrics import mean_iou
from seglab.train.plan_handcrafted import DATA, plan
from seglab.train.study import Row, Study, interval, read_rows, values
from seglab.ui.addressed import choice, put, whole
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing
from seglab.ui.fcn_pictures import compared
from seglab.ui.files import assets
from seglab.ui.study import show_study
from seglab.ui.table import table

WAYS = {
    "network": "Shipped U-Net",
    "network_watershed": "U-Net and watershed",
    "recipe": "Recipe by hand",
    "watershed": "Recipe and watershed",
    "brightness": "Dark side of Otsu",
    "edges": "Edges, filled",
}
SHOWN = ("network", "recipe", "brightness", "edges")
MEASURES = {"mean_iou": "mean IoU", "dice": "mean Dice", "boundary": "boundary F", "pq": "PQ", "separated": "separated"}
DOMAIN = {name: DOMAINS[name].title for name in RECIPES}
SIDE, GAP, TOP = 176, 14, 28
Masks = NDArray[np.bool_]


def against() -> None:
    """Pictures of one scene, the table over all of them, and the studies."""
    told = measured()
    st.markdown(
        f"For every domain a person chose a recipe; a network learned from 512 images with masks. Both look at the same"
        f" {told['scenes']} scenes that neither has seen: objects against background."
    )
    pictures, hands = st.container(), st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with hands:
        data = choice("Images", "data", DOMAIN, "shapes", hidden=True, drops=("held",))
        masks = shipped(data)
        held = whole("held", 0, len(masks["network"]) - 1, 0)
        after = (held + 1) % len(masks["network"])
        st.button("Another of them", icon=":material/refresh:", on_click=put, kwargs={"held": after or None}, key="held")
    with pictures:
        show(_side_by_side(data, held, masks), "against")
    recipe = RECIPES[data]
    st.markdown(f"**The recipe for {DOMAIN[data].lower()}**: {recipe.why} {winner(told['domains'][data])}")
    _table(told["domains"][data], data)
    _studies(data)


@cache
def measured() -> dict[str, Any]:
    """What ``seglab.bench.handcrafted`` measured."""
    found: dict[str, Any] = json.loads((assets() / "handcrafted" / "table.json").read_text(encoding="utf-8"))
    return found


@cache
def shipped(data: str) -> dict[str, Masks]:
    """The masks of every way on the first of those scenes, (N, H, W)."""
    told = measured()
    bits = np.asarray(Files.open(assets() / "handcrafted" / f"{data}.png")).reshape(-1, told["size"], told["size"])
    return {way: (bits >> place & 1).astype(bool) for place, way in enumerate(told["ways"])}


def scene_of(data: str, number: int) -> Scene:
    """The scene that those masks are of."""
    told = measured()
    return DOMAINS[data].make(told["first"] + number, told["size"], told["difficulty"])


def _side_by_side(data: str, held: int, masks: dict[str, Masks]) -> Drawing:
    """The image, its truth, and what four ways make of it."""
    scene = scene_of(data, held)
    truth = (scene.mask > 0).astype(np.uint8)
    steps: list[tuple[str, str, NDArray[np.uint8]]] = [
        ("Image", f"scene {held}", grey(scene.image)),
        ("Truth", "objects", truth * np.uint8(235)),
    ]
    for way in SHOWN:
        mask = masks[way][held].astype(np.uint8)
        steps.append((WAYS[way], f"mean IoU {mean_iou(mask, truth):.3f}", compared(mask, truth)))
    drawing = Drawing(len(steps) * (SIDE + GAP) - GAP, TOP + SIDE + 26, "The same scene by hand and by a network", 720)
    for place, (title, below, picture) in enumerate(steps):
        left = place * (SIDE + GAP)
        drawing.text(left, 16, title, 16, bold=True)
        drawing.image(left, TOP, SIDE, SIDE, url(picture))
        drawing.rect(left, TOP, SIDE, SIDE, "edge", "none")
        drawing.text(left, TOP + SIDE + 20, below, 15)
    return drawing


def winner(rows: dict[str, dict[str, float | None]]) -> str:
    """Who is ahead, in a sentence with the numbers.

    >>> winner({"network": {"mean_iou": 0.9}, "recipe": {"mean_iou": 0.95}, "brightness": {"mean_iou": 0.4}})
    'Here the way **by hand is ahead**: 0.950 against 0.900, without a single mask to learn from.'
    """
    learned = rows["network"]["mean_iou"] or 0.0
    best = max(row["mean_iou"] or 0.0 for name, row in rows.items() if not name.startswith("network"))
    counted = _counted(rows)
    if best > learned:
        return f"Here the way **by hand is ahead**: {best:.3f} against {learned:.3f}, without a single mask to learn from.{counted}"
    if learned - best < 0.03:
        return f"By hand it comes **close**: {best:.3f} against the network's {learned:.3f}, without a single mask to learn from.{counted}"
    return f"The **network is ahead**: {learned:.3f} against {best:.3f} for the best way by hand.{counted}"


def _counted(rows: dict[str, dict[str, float | None]]) -> str:
    """The same of objects, where they are counted."""
    if rows["network"].get("pq") is None:
        return ""
    pq = {name: rows[name]["pq"] or 0.0 for name in ("network", "network_watershed", "watershed")}
    way = "ahead of" if pq["watershed"] > pq["network"] else "behind"
    return (
        f" Counted as objects, recipe and watershed reach a PQ of {pq['watershed']:.3f}, **{way}** the connected pieces of the network's"
        f" mask with {pq['network']:.3f}; with the same watershed the network reaches {pq['network_watershed']:.3f}."
    )


def _table(rows: dict[str, dict[str, float | None]], data: str) -> None:
    told = measured()
    countable = rows["network"].get("pq") is not None
    measures = {name: title for name, title in MEASURES.items() if countable or name not in ("pq", "separated")}
    cells = [[WAYS[way], *("–" if row[name] is None else f"{row[name]:.3f}" for name in measures)] for way, row in rows.items()]
    table(["way", *measures.values()], cells, f"Ways by hand and a network on {DOMAIN[data].lower()}")
    more = (
        " PQ and the share of objects that stand alone count what is connected in the mask as an object: there the watershed, which is"
        " by hand, helps the network too."
        if countable
        else " Objects of this domain are not counted, so there is no PQ."
    )
    st.caption(
        f"Over {told['scenes']} generated scenes of {told['size']} × {told['size']} pixels, difficulty {told['difficulty']:g}; boundary F"
        f" within 2 pixels. White is found and true, blue found and not true, orange missed; the yellow line is the true border.{more}"
    )


def _studies(data: str) -> None:
    """Where the recipe falls as scenes get harder."""
    st.header("From easy to hard")
    there = list(DATA)
    name = choice("Study of", "study", DATA, data if data in there else there[0])
    study = plan(name)
    rows = read_rows(assets() / "studies" / f"{study.name}.json", study)
    show_study(study, rows, text=f"{gap(study, rows)} {WHY[name]} {TOLD}")


def gap(study: Study, rows: Sequence[Row]) -> str:
    """Whether the network's lead over the recipe grows from the easiest to the hardest scenes, seed by seed."""
    first, last = study.xs[0], study.xs[-1]
    ends = []
    for x in (first, last):
        network, recipe = (values(rows, "mean_iou", arm, x) for arm in ("network", "recipe"))
        ends.append({seed: network[seed] - recipe[seed] for seed in network if seed in recipe})
    grown = interval([ends[1][seed] - ends[0][seed] for seed in ends[0] if seed in ends[1]])
    if np.isnan(grown.mean):
        return ""
    told = f"From difficulty {first:g} to {last:g} the network's lead in mean IoU goes from {_middle(ends[0])} to {_middle(ends[1])}"
    if not grown.sign:
        return f"{told}: no change that these seeds can show."
    return f"{told}: it {'grows' if grown.sign > 0 else 'shrinks'} by {abs(grown.mean):.3f} ± {grown.reach:.3f}."


def _middle(leads: dict[int, float]) -> str:
    return f"{interval(list(leads.values())).mean:.3f}"


WHY = {
    "shapes": "On easy scenes the recipe holds to within a hundredth; on hard ones it falls, since paler paper on a more colourful table is"
    " what the threshold lives on.",
    "vessels": "Here it is behind from the easiest scenes on, and noise is not why: at difficulty 0, 96 % of its wrong pixels (24 scenes)"
    " lie directly at a vessel's border. On vessels a few pixels wide one pixel too many or too few costs a third of their area, and the"
    " network learns where the masks end.",
}
TOLD = (
    "The recipe was chosen by a person who had seen such scenes and knew what tells objects from ground; that knowledge is its training."
    " It cannot name classes: disc or star, artery or vein stay one."
)
