"""Lesions by the error of reconstruction: a threshold to draw, the curves of all ways, and the study."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from seglab.train.autoencoder_studies import ANOMALIES, DIFFICULTIES, ERROR_STEP
from seglab.train.study import differences, interval, values
from seglab.ui.addressed import choice, number, put, whole
from seglab.ui.autoencoder_studies import rows_of, shown_study, there
from seglab.ui.files import assets
from seglab.ui.links import in_lecture
from seglab.ui.study import LOOKS

SHORT = {"plain": "autoencoder", "variational": "variational", "unet": "U-Net with skips", "median": "median 5 × 5", "mean": "mean image"}
KINDS = {"pixels": "pixels", "images": "images"}
DASHES = ("", "9 5", "2 4", "10 4 2 4", "16 5")
TRIED = {"0.25": "0.25, clear", "0.75": "0.75, faint"}
USUAL = 36  # the threshold at first
FULL = 0.2  # an error that is drawn in full
SCENES = 6
CHANCE = 0.7  # below such an area a way is said to fail


def anomalies_part() -> None:
    """Controls, the component, what it says, and the study."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        arm = choice("Expected by", "by", SHORT, "plain")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        scene = number("X-ray", "xray", 1, SCENES, 1, 140)
        difficulty = choice("Difficulty", "difficulty", TRIED, "0.25")
        kind = choice("Curves over", "over", KINDS, "pixels")
    if there(f"anomalies-{difficulty}.npz"):
        _component()(key="errors", data=told(arm, difficulty, kind, scene - 1), on_settled_change=_settled)
    st.markdown(said(float(difficulty)))
    st.header("Measured")
    shown_study(ANOMALIES, text=where_it_fails())


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.errors", js="v1/errors.js", css="v1/errors.css")


@cache
def _file(difficulty: str) -> dict[str, NDArray[Any]]:
    with np.load(assets() / "autoencoder" / f"anomalies-{difficulty}.npz") as file:
        return {name: file[name] for name in file.files}


def told(arm: str, difficulty: str, kind: str, scene: int) -> dict[str, Any]:
    """What the browser needs: the scene, what `arm` expects of it and how far that is, and the curves of all."""
    file = _file(difficulty)
    curves = {name: file[f"{name}.{kind}"].astype(float) for name in ANOMALIES.arms}
    colours = {name: [LOOKS[at][0], LOOKS[at][1], DASHES[at]] for at, name in enumerate(ANOMALIES.arms)}
    texts = {name: _text(file[full][scene]) for name, full in (("image", "image"), ("made", f"{arm}.made"), ("error", f"{arm}.error"))}
    return {
        **texts,
        "lesion": _text(file["lesion"][scene].astype(np.uint8)),
        "size": file["image"].shape[-1],
        "step": ERROR_STEP,
        "full": round(FULL / ERROR_STEP),
        "arm": arm,
        "kind": kind,
        "names": SHORT,
        "colours": colours,
        "curves": {name: _curve(curve) for name, curve in curves.items()},
        "areas": {name: float(np.trapezoid(curve[1], curve[2])) for name, curve in curves.items()},
        "threshold": whole("threshold", 0, 255, USUAL),
        "lecture": in_lecture(),
    }


def _curve(curve: NDArray[np.float64]) -> dict[str, list[float]]:
    thresholds, found, alarms = curve.round(5)
    return {"thresholds": np.minimum(thresholds, 9).tolist(), "found": found.tolist(), "alarms": alarms.tolist()}


def _text(values: NDArray[np.uint8]) -> str:
    return b64encode(np.ascontiguousarray(values).tobytes()).decode()


def _settled() -> None:
    """The threshold has come to rest: it belongs into the address."""
    at = getattr(st.session_state["errors"], "settled", None)
    if isinstance(at, int) and 0 <= at <= 255:
        put(threshold=None if at == USUAL else at)


def _mean(measure: str, arm: str, difficulty: float) -> float:
    return interval(list(values(rows_of(ANOMALIES), measure, arm, difficulty).values())).mean


def said(difficulty: float) -> str:
    """Who finds the lesions at this difficulty, in words from the numbers."""
    if not rows_of(ANOMALIES):
        return ""
    plain, median = (_mean("pixels", arm, difficulty) for arm in ("plain", "median"))
    edge = differences(rows_of(ANOMALIES), "pixels", "plain", "median", difficulty)
    beside = ("more than", "as far as these seeds can tell no other than", "less than")[1 - edge.sign]
    return (
        f"**The autoencoder** has only seen healthy lungs and puts one in place of the lesion: its error shows it with an area under the "
        f"curve of {plain:.2f} over pixels, {beside} a plain median filter ({median:.2f}). {copies(difficulty)}"
    )


def copies(difficulty: float) -> str:
    """Whether the U-Net with skips has copied the lesions, and what its error says of them all the same, in words from the numbers."""
    rows = rows_of(ANOMALIES)
    spread = {measure: list(values(rows, measure, "unet", difficulty).values()) for measure in ("pixels", "images")}
    found = {name: f"{interval(seeds).mean:.2f} ({min(seeds):.2f} to {max(seeds):.2f} by seed)" for name, seeds in spread.items()}
    sign = differences(rows, "images", "unet", "plain", difficulty).sign
    beside = ("there less than", "there no other, as far as these seeds can tell, than", "there more than")[1 + sign]
    why = (
        "what it leaves of a lesion is hardly more than what it leaves anywhere.",
        "a copy has errors of its own, and they are larger where it meets a brightness that it has never seen.",
        "its errors elsewhere are so small that the little which it leaves of a lesion stands out.",
    )[1 + sign]
    taken = {arm: removed(f"{difficulty:g}", arm) for arm in ("unet", "plain")}
    return (
        f"**The U-Net with skips** has a way past its bottleneck: it makes the lesions of the X-rays above {taken['unet']:.3f} darker on "
        f"average, the autoencoder {taken['plain']:.3f} (1 is from white to black). Its area is {found['pixels']} over pixels and "
        f"{found['images']} over images, {beside} the autoencoder’s: {why}"
    )


def removed(difficulty: str, arm: str) -> float:
    """How much darker an arm makes the lesions of the shipped X-rays, on average over their pixels; 1 is from white to black."""
    file = _file(difficulty)
    lesions = file["lesion"].astype(bool)
    return float((file["image"][lesions].astype(float) - file[f"{arm}.made"][lesions]).mean() / 255)


def where_it_fails() -> str:
    """What the study says of faint lesions, in words from the numbers."""
    if not rows_of(ANOMALIES):
        return ""
    clear, faint = DIFFICULTIES[0], DIFFICULTIES[-1]
    parts = [
        f"{SHORT[arm]} {_mean('images', arm, clear):.2f} → {_mean('images', arm, faint):.2f}" for arm in ("plain", "variational", "median")
    ]
    failed = _mean("images", "plain", faint) < CHANCE
    end = "whoever asks only whether an image has a lesion can hardly rely on it then." if failed else "it still tells more than chance."
    return (
        f"**Where it fails.** From difficulty {clear:g} to {faint:g} lesions fade into noise, ribs and vessels. The area over images goes "
        f"{', '.join(parts)}: {end} Vessels and edges of ribs are reconstructed badly as well, and nothing in an error says why it is "
        "there. Lesions here are small, local and brighter than lung; an anomaly of another kind has to be measured anew."
    )
