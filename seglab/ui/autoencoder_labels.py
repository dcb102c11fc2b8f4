"""Segmentation without labels: clusters of pixels by their values and by an autoencoder's maps, beside a network with labels."""

from __future__ import annotations

from functools import cache

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.data.domains import DOMAINS
from seglab.infer.pictures import painted, shown_colours, url
from seglab.train.autoencoder_studies import LABEL_DOMAINS, labels_study
from seglab.train.study import Study, differences, interval, values
from seglab.ui.addressed import choice, number
from seglab.ui.autoencoder_studies import rows_of, shown_study, there
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing, Item
from seglab.ui.files import assets
from seglab.ui.legend import legend

TILE, GAP, WORDS, ACROSS = 196.0, 20.0, 44.0, 4
SHORT = {
    "values": "k-means: {value}",
    "blurred": "k-means: blurred",
    "otsu": "Otsu",
    "untrained": "k-means: untrained maps",
    "first": "k-means: first maps",
    "bottleneck": "k-means: bottleneck",
    "trained": "trained with labels",
}
ARMS = ("bottleneck", "first", "untrained", "values", "blurred", "otsu", "trained")  # in the order of the picture


def labels_part() -> None:
    """A domain's scene as every arm parts it, and the study."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        domain = choice("Images", "domain", {name: DOMAINS[name].title for name in LABEL_DOMAINS}, LABEL_DOMAINS[0])
        scene = number("Scene", "scene", 0, 3, 0, 140)
    study = labels_study(domain)
    if there(f"labels-{domain}.npz"):
        told = DOMAINS[domain]
        show(drawing(study, domain, scene), "clusters")
        legend(told.classes, shown_colours(told.colours))
        st.markdown(said(study))
    st.header("Measured")
    shown_study(study)


@cache
def _scenes(domain: str) -> dict[str, NDArray[np.uint8]]:
    with np.load(assets() / "autoencoder" / f"labels-{domain}.npz") as file:
        return {name: file[name] for name in file.files}


def drawing(study: Study, domain: str, scene: int) -> Drawing:
    """The scene and its truth, and what each arm makes of it."""
    told, shown, rows = DOMAINS[domain], _scenes(domain), rows_of(study)
    value = "grey value" if told.channels == 1 else "colour"
    arms = [arm for arm in ARMS if arm in study.arms and (arm != "blurred" or "otsu" not in study.arms)]  # two whole lines
    lines = -(-(len(arms) + 2) // ACROSS)
    made = Drawing(
        ACROSS * (TILE + GAP) - GAP + 8,
        lines * (TILE + WORDS),
        f"A scene of {told.title} and what each way makes of it",
        least=620,
        lines=2,
    )
    made.told = "Point at a picture for its numbers over all held-out scenes."
    _tile(made, 0, "scene", "the scene", shown["image"][scene], "input", "What is to be parted.")
    _tile(made, 1, "truth", "the truth", painted(shown["truth"][scene], told.colours), "ink", "Only the last one has seen such masks.")
    for place, arm in enumerate(arms, start=2):
        found = interval(list(values(rows, "mean_iou", arm).values()))
        words = SHORT[arm].format(value=value)
        tells = f"{study.arms[arm]}: mean IoU {study.measure('mean_iou').spread(found)} over {len(study.seeds)} seeds."
        role = "output" if arm == "trained" else "kernel" if arm in ("bottleneck", "first") else "muted"
        _tile(made, place, arm, words, painted(shown[arm][scene], told.colours), role, tells, f"IoU {found.mean:.2f}")
    return made


def _tile(made: Drawing, place: int, name: str, words: str, image: NDArray[np.uint8], role: str, tells: str, note: str = "") -> None:
    x, y = 4 + (place % ACROSS) * (TILE + GAP), (place // ACROSS) * (TILE + WORDS) + 24
    made.item(Item(name, f"{words} {note}", tells))
    made.text(x, y - 8, words, 14.5, "ink", "start", True, name)
    made.image(x, y, TILE, TILE, url(image), name)
    made.rect(x, y, TILE, TILE, role, "none", name, thick=role in ("output", "kernel"))  # type: ignore[arg-type]
    if note:
        made.text(x + TILE - 6, y + TILE - 8, note, 15, "ink", "end", True, name, over=True)


def said(study: Study) -> str:
    """Whether the maps part better than the values do, and how far labels are ahead, in words from the numbers."""
    rows = rows_of(study)
    if not rows:
        return ""
    means = {arm: interval(list(values(rows, "mean_iou", arm).values())).mean for arm in study.arms}
    plain = {arm: mean for arm, mean in means.items() if arm in ("values", "blurred", "otsu")}
    best = max(plain, key=lambda arm: plain[arm])
    maps = max(("bottleneck", "first"), key=lambda arm: means[arm])
    gain = differences(rows, "mean_iou", maps, best)
    against = f"{study.arms[best]} ({means[best]:.2f})"
    if gain.sign > 0:
        told = f"**Here the autoencoder's maps help**: {study.arms[maps]} reaches a mean IoU of {means[maps]:.2f}, more than {against}."
    elif gain.sign < 0:
        told = (
            f"**Here the autoencoder's maps do not help**: {study.arms[maps]} reaches a mean IoU of {means[maps]:.2f}, less than {against}."
        )
    else:
        told = f"**No difference that these seeds can show**: {study.arms[maps]} {means[maps]:.2f}, {against}."
    chance = differences(rows, "mean_iou", "bottleneck", "untrained")
    learned = (
        "Learning to reconstruct is what makes the bottleneck part better than an untrained one."
        if chance.sign > 0
        else "The bottleneck of an untrained network parts as well or better: what was learned for reconstruction is not what tells "
        "these classes apart."
    )
    return f"{told} With labels: {means['trained']:.2f}. {learned}"
