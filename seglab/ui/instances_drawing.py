"""From pixels to objects as a drawing: what the network says, markers, found and true cells, pair by pair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seglab.data.answers import inner_point
from seglab.data.scene import Image, Scene
from seglab.infer.instances import WAYS, Steps
from seglab.infer.pictures import grey
from seglab.train.metrics import edges
from seglab.train.panoptic import Match, Matching, matching
from seglab.ui.drawing import Drawing, Item
from seglab.ui.fcn_pictures import url
from seglab.ui.instance_pictures import SHADES, coloured

SIDE, GAP, TOP = 222, 16, 26
Bytes = NDArray[np.uint8]
LONE = (90, 90, 90)  # of a cell without a partner
BORDER = np.array((0.0, 114.0, 178.0))


def found_and_true(scene: Scene, chances: Image, found: Steps, paired: Matching, way: str) -> Drawing:
    """Five pictures: image, what the network says, markers in the mask, found cells, true cells. Pairs can be pointed at."""
    assert scene.instances is not None
    photo = np.repeat(grey(scene.image)[..., None], 3, 2)
    says = "Chance of interior, border" if way == "border" else "Chance of cell"
    count = int(found.markers.max())
    steps = (
        ("Image", photo),
        (says, chance_picture(chances)),
        (f"Mask and {count} {'pieces' if found.flood is None else 'markers'}", marker_picture(found)),
        (f"Found: {int(found.instances.max())}", by_pair(found.instances, {match.found: match.truth for match in paired.matches})),
        (f"Truth: {int(scene.instances.max())}", by_pair(scene.instances, {match.truth: match.truth for match in paired.matches})),
    )
    width = len(steps) * (SIDE + GAP) - GAP
    drawing = Drawing(
        width, TOP + SIDE + 4, f"From pixels to objects: {WAYS[way].title}", 860, told="Point at a number: its partner lights up."
    )
    for place, (title, picture) in enumerate(steps):
        left = place * (SIDE + GAP)
        drawing.text(left, 16, title, 14, bold=True)
        drawing.image(left, TOP, SIDE, SIDE, url(picture))
        drawing.rect(left, TOP, SIDE, SIDE, "edge", "none")
    left, right = 3 * (SIDE + GAP), 4 * (SIDE + GAP)
    scale = SIDE / len(scene.mask)
    for match in paired.matches:
        _pair(drawing, match, found.instances, scene.instances, left, right, scale)
    for number in paired.false:
        says = f"Found cell {number} matches no true one: IoU at most ½ with each"
        drawing.item(Item(f"f{number}", says, f"{says}. FP."))
        _word(drawing, "✕", found.instances == number, left, scale, f"f{number}")
    for number in paired.missed:
        says = f"True cell {number} is missed: no found one has an IoU above ½ with it"
        drawing.item(Item(f"m{number}", says, f"{says}. FN."))
        _word(drawing, "○", scene.instances == number, right, scale, f"m{number}")
    return drawing


def _pair(
    drawing: Drawing, match: Match, found: NDArray[np.int32], truth: NDArray[np.int32], left: float, right: float, scale: float
) -> None:
    name, says = f"p{match.truth}", f"Cell {match.truth}: IoU {match.iou:.3f}, a match"
    here, there = found == match.found, truth == match.truth
    shared, either = int((here & there).sum()), int((here | there).sum())
    drawing.item(Item(name, says, f"Cell {match.truth}: {shared} shared pixels of {either} in either, IoU {match.iou:.3f}. TP."))
    _word(drawing, str(match.truth), here, left, scale, name)
    _word(drawing, str(match.truth), there, right, scale, name)


def _word(drawing: Drawing, text: str, pixels: NDArray[np.bool_], left: float, scale: float, item: str) -> None:
    """A word in the middle of some pixels, with a box that is seen when it is pointed at."""
    rows, columns = np.nonzero(pixels)
    x, y = inner_point(pixels)
    box = columns.min(), rows.min(), columns.max() + 1 - columns.min(), rows.max() + 1 - rows.min()
    drawing.rect(left + box[0] * scale, TOP + box[1] * scale, box[2] * scale, box[3] * scale, "paper", "none", item=item, dashed=True)
    drawing.text(left + (x + 0.5) * scale, TOP + (y + 0.5) * scale + 4, text, 11, anchor="middle", item=item, over=True, bold=True)


def chance_picture(chances: Image) -> Bytes:
    """Chances (2, H, W) in grey, of a cell white; of (3, H, W) the border's in blue besides."""
    white = chances[1][..., None] * 255.0
    blue = chances[2][..., None] * BORDER * 1.3 if len(chances) > 2 else 0.0
    return np.asarray(np.clip(white + blue, 0, 255), np.uint8)


def marker_picture(found: Steps) -> Bytes:
    """The mask in grey, and what each cell starts from in its colour."""
    ground = np.repeat((found.mask * np.uint8(70))[..., None], 3, 2)
    return coloured(found.markers, ground) if found.flood is None else _plain(found.markers, ground)


def _plain(ids: NDArray[np.int32], ground: Bytes) -> Bytes:
    return np.asarray(np.where((ids > 0)[..., None], np.array(SHADES, np.uint8)[(ids - 1) % len(SHADES)], ground), np.uint8)


def by_pair(ids: NDArray[np.integer], partner: dict[int, int]) -> Bytes:
    """Ids (H, W) in the colours of their true partners, grey where they have none."""
    made = np.zeros((*ids.shape, 3), np.uint8)
    for number in np.unique(ids[ids > 0]).tolist():
        here = ids == number
        made[here] = SHADES[(partner[number] - 1) % len(SHADES)] if number in partner else LONE
        made[edges(here)] = 255
    return made


def strip_of_ways(scene: Scene, found: dict[str, Steps]) -> Drawing:
    """The truth, and what every way makes of the same scene, with its PQ."""
    assert scene.instances is not None
    pictures = [("Truth", "", by_pair(scene.instances, {number: number for number in range(1, int(scene.instances.max()) + 1)}))]
    for way, one in found.items():
        paired = matching(one.instances, scene.instances)
        picture = by_pair(one.instances, {match.found: match.truth for match in paired.matches})
        pictures.append((WAYS[way].title, f"PQ {paired.quality.pq:.3f}", picture))
    drawing = Drawing(len(pictures) * (SIDE + GAP) - GAP, TOP + SIDE + 26, "One scene, its truth and what five ways make of it", 980)
    for place, (title, below, picture) in enumerate(pictures):
        left = place * (SIDE + GAP)
        drawing.text(left, 16, title, 14, bold=True)
        drawing.image(left, TOP, SIDE, SIDE, url(picture))
        drawing.rect(left, TOP, SIDE, SIDE, "edge", "none")
        drawing.text(left, TOP + SIDE + 19, below, 14)
    return drawing
