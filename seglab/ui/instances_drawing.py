"""From pixels to objects as a drawing: what the network says, markers, found and true cells, pair by pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seglab.data.answers import inner_point
from seglab.data.scene import Image, Scene
from seglab.infer.instances import WAYS, Steps
from seglab.infer.pictures import grey, url
from seglab.train.metrics import edges
from seglab.train.panoptic import Matching, matching
from seglab.ui.drawing import Drawing, Item
from seglab.ui.instance_pictures import SHADES, coloured

SMALL, LARGE, GAP, TOP = 196, 426, 16, 28
SIDE = 176  # of a picture in the strip
Bytes = NDArray[np.uint8]
Ids = NDArray[np.int32]
LONE = (90, 90, 90)  # of a cell without a partner
BORDER = np.array((0.0, 114.0, 178.0))


def found_and_true(scene: Scene, chances: Image, found: Steps, paired: Matching, way: str) -> Drawing:
    """Four steps, small, and the found and the true cells beside each other, large. What can be pointed at lights its partner."""
    assert scene.instances is not None
    photo = np.repeat(grey(scene.image)[..., None], 3, 2)
    says, count = ("Interior, border" if way == "border" else "Chance of cell"), int(found.markers.max())
    small = (
        ("Image", photo),
        (says, chance_picture(chances)),
        ("Mask", np.repeat((found.mask * np.uint8(235))[..., None], 3, 2)),
        (f"{count} {'pieces' if found.flood is None else 'markers'}", marker_picture(found)),
    )
    large = (
        (f"Found: {int(found.instances.max())} cells", by_pair(found.instances, {match.found: match.truth for match in paired.matches})),
        (f"Truth: {int(scene.instances.max())} cells", by_pair(scene.instances, {match.truth: match.truth for match in paired.matches})),
    )
    lefts = [2 * (SMALL + GAP) + place * (LARGE + GAP) for place in (0, 1)]
    told = "Point at a number: its partner lights up."
    drawing = Drawing(lefts[1] + LARGE, TOP + LARGE + 2, f"From pixels to objects: {WAYS[way].title}", 760, told)
    for place, (title, picture) in enumerate(small):
        _panel(drawing, title, picture, (place % 2) * (SMALL + GAP), (place // 2) * (SMALL + TOP + 8), SMALL)
    for left, (title, picture) in zip(lefts, large, strict=True):
        _panel(drawing, title, picture, left, 0, LARGE)
    _pairs(drawing, paired, found.instances, scene.instances, lefts)
    return drawing


def _panel(drawing: Drawing, title: str, picture: Bytes, left: float, top: float, side: float) -> None:
    drawing.text(left, top + 19, title, 18, bold=True)
    drawing.image(left, top + TOP, side, side, url(picture))
    drawing.rect(left, top + TOP, side, side, "edge", "none")


def _pairs(drawing: Drawing, paired: Matching, found: Ids, truth: Ids, lefts: Sequence[float]) -> None:
    """A number in both cells of a pair, a cross in a false one, a ring in a missed one."""
    for match in paired.matches:
        here, there = found == match.found, truth == match.truth
        shared, either = int((here & there).sum()), int((here | there).sum())
        says = f"Cell {match.truth}: {shared} shared pixels of {either} in either, IoU {match.iou:.3f}. TP."
        for kind, other, left, pixels in (("Found", "True", lefts[0], here), ("True", "Found", lefts[1], there)):
            item = Item(f"{kind}{match.truth}", f"{kind}: {says}", says, (f"{other}{match.truth}",))
            _word(drawing, item, str(match.truth), pixels, left)
    for number in paired.false:
        says = "This found cell has an IoU of at most ½ with every true one. FP."
        _word(drawing, Item(f"false{number}", says, says), "✕", found == number, lefts[0])
    for number in paired.missed:
        says = "This true cell has an IoU of at most ½ with every found one. FN."
        _word(drawing, Item(f"missed{number}", says, says), "○", truth == number, lefts[1])


def _word(drawing: Drawing, item: Item, text: str, pixels: NDArray[np.bool_], left: float) -> None:
    """A word in the middle of some pixels, all of which can be pointed at."""
    rows, columns = np.nonzero(pixels)
    x, y = inner_point(pixels)
    scale = LARGE / len(pixels)
    drawing.item(item)
    for right, down in ((columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)):  # lines without length: they are not seen
        drawing.line([(left + right * scale, TOP + down * scale)] * 2, "edge", item=item.name)
    place = left + (x + 0.5) * scale, TOP + (y + 0.5) * scale + 5
    drawing.text(*place, text, 15, anchor="middle", item=item.name, over=True, bold=True)


def chance_picture(chances: Image) -> Bytes:
    """Chances (2, H, W) in grey, of a cell white; of (3, H, W) the border's in blue besides."""
    white = np.repeat(chances[1][..., None] * 255.0, 3, 2)
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
    drawing = Drawing(len(pictures) * (SIDE + GAP) - GAP, TOP + SIDE + 26, "One scene, its truth and what five ways make of it", 720)
    for place, (title, below, picture) in enumerate(pictures):
        _panel(drawing, title.replace("Watershed on ", "… on "), picture, place * (SIDE + GAP), 0, SIDE)
        drawing.text(place * (SIDE + GAP), TOP + SIDE + 20, below, 16)
    return drawing
