"""The page "Without a network": a threshold, a watershed, kernels, and all of them beside a network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.infer.flooding import Flood, distance_map, flood, summits
from seglab.infer.handcrafted import FEATURES, RECIPES, handcrafted, thresholded
from seglab.infer.instances import kept, labelled
from seglab.infer.otsu import levels
from seglab.infer.pictures import grey, url
from seglab.train.panoptic import matching, separated
from seglab.ui.addressed import choice, chosen
from seglab.ui.byhand import by_level, show_flood, show_threshold
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing
from seglab.ui.handcrafted_against import against
from seglab.ui.handcrafted_kernels import kernels
from seglab.ui.handcrafted_scene import FIRST, OWN, SCENES, Seen, controls, the_scene
from seglab.ui.instance_pictures import coloured

Bytes = NDArray[np.uint8]
PARTS: dict[str, str] = {
    "threshold": "1 · Threshold",
    "watershed": "2 · Watershed",
    "kernels": "3 · Kernels",
    "network": "4 · Against a network",
}


def handcrafted_panel() -> None:
    """The part that the address names, below a row to choose it."""
    part = choice("Part", "part", PARTS, "threshold", hidden=True)
    {"threshold": _threshold, "watershed": _watershed, "kernels": _kernels, "network": against}[part]()


def _on_a_scene(draw: Callable[[Seen], None], feature: bool = False) -> None:
    """A part that looks at one scene, its picture first and its controls below."""
    picture, hands = st.container(), st.container()
    with hands:
        controls(feature)
    with picture:
        seen = the_scene()
        if seen is not None:
            draw(seen)


def _threshold() -> None:
    st.markdown(
        "Measure one number at every pixel, cut the numbers in two. Otsu takes the cut with the most variance **between** the halves; it"
        " never sees the truth. Drag the line."
    )
    _on_a_scene(_draw_threshold, feature=True)


def _draw_threshold(seen: Seen) -> None:
    feature = seen.feature
    picture, truth = levels(FEATURES[feature][1](seen.image)), seen.truth
    above = seen.above
    scores = None if truth is None else _by_level(picture, truth, above)
    show_threshold(picture, FEATURES[feature][0], above, truth, scores)


@st.cache_data(max_entries=64)
def _by_level(picture: Bytes, truth: Bytes, above: bool) -> dict[str, list[float]]:
    return by_level(picture, truth, above)


def _watershed() -> None:
    st.markdown(
        "A mask that holds two touching objects has a waist. Turn the distance to its outside upside down: objects become valleys. Let"
        " water rise from the deepest points; where two lakes meet stands a line."
    )
    _on_a_scene(_draw_watershed, feature=chosen("data", SCENES, FIRST) == OWN)  # for others a recipe has chosen


def _draw_watershed(seen: Seen) -> None:
    mask = _mask(seen)
    if not mask.any() or mask.all():
        st.info("The threshold finds nothing here, or everything: there is nothing to flood.", icon=":material/waves:")
        return
    far, markers, found = _flooded(mask)
    photo = grey(seen.image if seen.image.ndim == 2 else seen.image.mean(2))
    _row(seen, mask, far, markers, kept(found.labels))
    show_flood(photo, -far, found, "a distance of", "far from the outside", "flood")
    if seen.instances is not None:
        before, after = (matching(pieces, seen.instances).quality for pieces in (kept(labelled(mask)), kept(found.labels)))
        (alone, many), (apart, _) = (separated(pieces, seen.instances) for pieces in (kept(labelled(mask)), kept(found.labels)))
        st.markdown(
            f"Standing alone: **{alone}** of {many} objects before the watershed, **{apart}** after it. Panoptic quality (see *Instances"
            f" and panoptic*): {_told(before.pq)} before, **{_told(after.pq)}** after."
        )


@st.cache_data(max_entries=64)
def _flooded(mask: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.int32], Flood]:
    """The distance map of a mask, its summits, and the flood from them."""
    far = distance_map(mask)
    markers = summits(far, mask)
    return far, markers, flood(-far, markers, mask, line=True)


def _told(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"


def _mask(seen: Seen) -> NDArray[np.bool_]:
    """The mask that is parted: by the recipe of the domain, or of the own image by the chosen threshold."""
    if seen.data in RECIPES:
        return handcrafted(seen.image, RECIPES[seen.data])
    return thresholded(seen.image, seen.feature, seen.above)


def _row(seen: Seen, mask: NDArray[np.bool_], far: NDArray[np.float64], markers: NDArray[np.int32], found: NDArray[np.int32]) -> None:
    """Four steps side by side: image, mask, distance map with its summits, and what the flood leaves."""
    height, width = mask.shape
    side, gap, top = 220, 16, 26
    tall = side * height / width
    drawing = Drawing(4 * side + 3 * gap, top + tall + 4, "Image, mask, distance map with summits, and parted objects", 640)
    hills = np.repeat(grey(np.asarray(far / max(float(far.max()), 1e-9), np.float32))[..., None], 3, 2)
    hills[markers > 0] = (213, 94, 0)
    steps = (
        ("Image", seen.photograph),
        ("Mask by hand", np.repeat(mask[..., None] * np.uint8(235), 3, 2)),
        (f"Distance, {int(markers.max())} summits", hills),
        (f"{int(found.max())} objects", coloured(found)),
    )
    for place, (title, picture) in enumerate(steps):
        left = place * (side + gap)
        drawing.text(left, 16, title, 14, bold=True)
        drawing.image(left, top, side, tall, url(picture))
        drawing.rect(left, top, side, tall, "edge", "none")
    show(drawing, "steps")


def _kernels() -> None:
    st.markdown(
        "Before kernels were learned, people chose their numbers: a slope, a mean, a difference from the neighbours. The first layer of a"
        " trained network often looks much like them."
    )
    _on_a_scene(kernels)
