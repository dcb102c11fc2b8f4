"""A threshold that is moved by hand and water that rises, on a page: dragging is the browser's, the page hears where it came to rest."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from seglab.infer.flooding import Flood
from seglab.infer.otsu import Levels, between, histogram, otsu
from seglab.train.metrics import Scores
from seglab.ui.addressed import put, whole
from seglab.ui.links import in_lecture

TOP, NEVER = 254, 255  # the highest level of a landscape, and that of what is never reached
LAKES = ((0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (213, 94, 0), (86, 180, 233), (240, 228, 66))
Bytes = NDArray[np.uint8]


@cache
def _component(name: str) -> ComponentRenderer:
    return st.components.v2.component(f"seglab.{name}", js=f"v1/{name}.js", css="v1/byhand.css")


def by_level(picture: Levels, truth: Bytes, above: bool) -> dict[str, list[float]]:
    """Mean IoU, mean Dice and boundary F of the mask at each of the 256 levels, against a truth of 0 and 1."""
    rows: list[tuple[float, float, float]] = []
    for level in range(256):
        if rows and not (picture == level).any():
            rows.append(rows[-1])  # the mask has not changed
            continue
        found = (picture > level) == above
        scores = Scores.of(found[None].astype(np.uint8), truth[None], 2)
        rows.append((scores.mean_iou, scores.mean_dice, float(np.nan_to_num(scores.mean_boundary))))
    return {name: [round(row[place], 6) for row in rows] for place, name in enumerate(("iou", "dice", "boundary"))}


def show_threshold(picture: Levels, feature: str, above: bool, truth: Bytes | None, scores: dict[str, list[float]] | None) -> None:
    """The histogram of a picture with a threshold to move, and the mask that follows; its level is the address's `t`."""
    counts = histogram(picture)
    optimum = otsu(counts)
    data: dict[str, Any] = {
        "height": picture.shape[0],
        "width": picture.shape[1],
        "picture": _text(picture),
        "truth": None if truth is None else _text(truth),
        "counts": counts.tolist(),
        "between": between(counts).round(1).tolist(),
        "optimum": optimum,
        "best": None if scores is None else int(np.argmax(scores["iou"])),
        "iou": None if scores is None else scores["iou"],
        "dice": None if scores is None else scores["dice"],
        "boundary": None if scores is None else scores["boundary"],
        "above": above,
        "feature": feature,
        "level": whole("t", 0, 255, optimum),
        "lecture": in_lecture(),
    }

    def settled() -> None:
        level = getattr(st.session_state["otsu"], "settled", None)
        if isinstance(level, int) and 0 <= level <= 255:
            put(t=None if level == optimum else level)

    _component("otsu")(key="otsu", data=data, on_settled_change=settled)


def show_flood(ground: Bytes, heights: NDArray[np.floating], flood: Flood, what: str, low: str, key: str, line: bool = True) -> None:
    """A flood over a grey picture (H, W), to let rise; `what` is the number that falls as the water rises, `low` says where the landscape
    is low. Its level and the row that is cut open are the address's `water` and `row`."""
    wet = np.isfinite(flood.levels)
    least, most = (float(heights[wet].min()), float(heights[wet].max())) if wet.any() else (0.0, 1.0)
    scale = TOP / max(most - least, 1e-9)

    def coarse(values: NDArray[np.floating]) -> Bytes:
        made = np.full(values.shape, NEVER, np.uint8)
        made[wet] = np.clip(np.rint((values[wet] - least) * scale), 0, TOP)
        return made

    rows = ground.shape[0]
    busiest = int((flood.labels[:, 1:] != flood.labels[:, :-1]).sum(1).argmax())
    state = {"level": whole("water", 0, TOP, TOP), "row": whole("row", 0, rows - 1, busiest)}
    data: dict[str, Any] = {
        "height": rows,
        "width": ground.shape[1],
        "ground": _text(ground),
        "heights": _text(coarse(heights)),
        "levels": _text(coarse(flood.levels)),
        "lakes": _text((flood.labels % 251).astype(np.uint8) + (flood.labels > 250)),
        "colours": LAKES,
        "words": [f"{abs(least + level / scale):.2f}" for level in range(TOP + 1)],
        "what": what,
        "low": low,
        "line": line,
        "title": "The water so far",
        "state": state,
        "lecture": in_lecture(),
    }

    def settled() -> None:
        sent = getattr(st.session_state[key], "settled", None)
        if isinstance(sent, dict):
            level, row = sent.get("level"), sent.get("row")
            put(water=None if level == TOP else level, row=None if row == busiest else row)

    _component("flood")(key=key, data=data, on_settled_change=settled)


def _text(array: NDArray[np.uint8]) -> str:
    return b64encode(np.ascontiguousarray(array, np.uint8).tobytes()).decode()
