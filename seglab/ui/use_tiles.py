"""Tiles: how a picture is cut, what the network is shown around each, and what happens at the seams."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Files

from seglab.data.domains import VERMILION
from seglab.infer.pictures import url
from seglab.infer.tiles import SEAMS, Seams, Span, Tile, cut, mirrored
from seglab.train.asked.segmenting import Used, seams_file
from seglab.ui.addressed import choice, put, whole
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing, Item
from seglab.ui.network_source import Source
from seglab.ui.runs import open_store
from seglab.ui.table import table
from seglab.ui.use_charts import GRID, show_chart
from seglab.ui.use_mask import share
from seglab.ui.use_picture import Given
from seglab.ui.use_threshold import class_control
from seglab.ui.waiting import FIGURE, arrived, asked

SIDES = ("32", "64", "128")  # multiples of 2^depth for every network here
NAMES: dict[Seams, str] = {"overlap": "Overlap, mirrored border", "mirror": "No overlap, mirrored", "zeros": "Zero padding"}
TOLD: dict[Seams, str] = {
    "overlap": "Each tile is shown with its neighbours’ pixels around it, and mirrored ones beyond the picture.",
    "mirror": "Each tile is cut out, and mirrored at its own edges.",
    "zeros": "Each tile is cut out, and what lies around it is zero.",
}
LOOKS: dict[Seams, tuple[str, str, str]] = {
    "overlap": ("#009E73", "solid", "circle"),
    "mirror": ("#E69F00", "dash", "diamond"),
    "zeros": ("#D55E00", "dot", "square"),
}
FAINT, NEAR = 4, 8  # as in infer/seams.py, which loads torch


def tile_control() -> int:
    return int(choice("Tile, pixels a side", "pixels", SIDES, "64", drops=("tile",)))


def tiles_panel(source: Source, given: Given, tile: int) -> None:
    """The cut, and below it three ways to do it, compared."""
    figure, below = st.container(), st.container()
    with below:
        shows = class_control(source)
    question = (source.name, given.key, tile, shows)
    work = lambda: seams_file(open_store(), given.data, source.weights, tile, shows, given.shared)  # noqa: E731
    with figure:
        used = arrived(
            asked("seams", question, work, source.version), "A worker is cutting the picture…", "This picture cannot be cut: ", FIGURE
        )
        if used is None:
            return
        _cut(source, used, tile)
        st.header("At the seams")
        _compared(source, used, tile, shows)
        _measured(used)


def _cut(source: Source, used: Used, tile: int) -> None:
    """The picture in tiles, one of them with its window."""
    size = (used.told["size"][0], used.told["size"][1])
    tiles = cut(size, source.config.architecture(1, 2), tile)
    across = -(-size[1] // tile)
    at = whole("tile", 0, len(tiles) - 1, min(len(tiles) - 1, across + 1) if across > 1 else 0)
    left, right = st.columns([1.45, 1], gap="medium")
    with left:
        show(drawn(_pixels(used, "image"), tiles, at, tile), "cut", str(at), lambda name: put(tile=name))
    one = tiles[at]
    right.markdown(
        f"**Tile {at + 1} of {len(tiles)}**\n"
        f"- It answers for **{one.columns.length} × {one.rows.length}** pixels, framed in green.\n"
        f"- Its window, framed in blue, is all that the network sees: **{one.wide.length} × {one.high.length}** pixels. A "
        "pixel’s class depends on up"
        f" to {used.told['margin']} around it.\n"
        f"- {share_words(mirrored_share(one, size))}\n\n"
        "Press another tile, or walk to it with the arrow keys. Windows overlap, tiles do not."
    )


def share_words(mirror: float) -> str:
    """How much of a window is mirrored, in a sentence."""
    if not mirror:
        return "All of the window lies in the picture."
    return f"{share(mirror)} of the window lie beyond the picture. There it is mirrored, which is hatched here."


def mirrored_share(tile: Tile, size: tuple[int, int]) -> float:
    """The share of a tile's window that lies outside an image of `size` (height, width).

    >>> mirrored_share(Tile(Span(0, 4), Span(0, 4), Span(-4, 8), Span(0, 8)), (8, 8))
    0.5
    """
    inside = 1.0
    for window, length in zip((tile.high, tile.wide), size, strict=True):
        inside *= max(0, min(window.end, length) - max(window.start, 0)) / window.length
    return 1 - inside


def drawn(pixels: NDArray[np.uint8], tiles: list[Tile], at: int, tile: int) -> Drawing:
    """The image with its mirrored border hatched, the tiles on it, and the window of number `at`."""
    height, width = pixels.shape[:2]
    spans = [(one.high, one.wide) for one in tiles]
    top, left = (max(0, *(-pair[axis].start for pair in spans)) for axis in (0, 1))
    bottom, right = (max(0, *(pair[axis].end - length for pair in spans)) for axis, length in ((0, height), (1, width)))
    whole_height, whole_width = top + height + bottom, left + width + right
    scale = 640 / whole_width
    drawing = Drawing(640, round(whole_height * scale), "The picture cut into tiles", least=320, told="Point at a tile.")

    def box(rows: Span, columns: Span) -> tuple[float, float, float, float]:
        return (left + columns.start) * scale, (top + rows.start) * scale, columns.length * scale, rows.length * scale

    drawing.image(0, 0, 640, whole_height * scale, url(bordered(pixels, (top, bottom), (left, right))))
    drawing.rect(*box(Span(0, height), Span(0, width)), "paper", "none")
    for number, one in enumerate(tiles):
        told = f"Tile {number + 1}: rows {one.rows.start} to {one.rows.end - 1}, columns {one.columns.start} to {one.columns.end - 1}"
        sees = f"; its window: rows {one.high.start} to {one.high.end - 1}, columns {one.wide.start} to {one.wide.end - 1}."
        drawing.item(Item(str(number), told, (told + sees).replace("-", "−")))
        drawing.rect(*box(one.rows, one.columns), "paper", "none", item=str(number))
        drawing.rect(*box(one.rows, one.columns), "ink", "none", item=str(number), dashed=True)
    chosen = tiles[at]
    for rows, columns, role in ((chosen.high, chosen.wide, "input"), (chosen.rows, chosen.columns, "output")):
        drawing.rect(*box(rows, columns), "paper", "none", thick=True)
        drawing.rect(*box(rows, columns), role, "none", thick=True)  # type: ignore[arg-type]
    return drawing


def bordered(pixels: NDArray[np.uint8], down: tuple[int, int], across: tuple[int, int]) -> NDArray[np.uint8]:
    """An image with a border mirrored around it, pale and hatched; twice as fine, so that the hatching is thin."""
    height, width = pixels.shape[:2]
    rows, columns = np.arange(-down[0], height + down[1]), np.arange(-across[0], width + across[1])
    whole = pixels[np.ix_(mirrored(rows, height), mirrored(columns, width))]
    fine = whole.repeat(2, axis=0).repeat(2, axis=1).astype(np.float32)
    fine = fine if fine.ndim == 3 else np.repeat(fine[..., None], 3, axis=2)
    y, x = np.indices(fine.shape[:2])
    period = max(8, (fine.shape[1] // 60) // 2 * 2)
    outside = ((rows < 0) | (rows >= height))[:, None] | ((columns < 0) | (columns >= width))[None]
    outside = outside.repeat(2, axis=0).repeat(2, axis=1)
    hatched = outside & ((x + y) % period < max(2, period // 5))
    fine[outside] = 0.55 * fine[outside] + 0.45 * 235
    fine[hatched] = 105
    return fine.astype(np.uint8)


def _compared(source: Source, used: Used, tile: int, shows: int) -> None:
    """For each way the map of probabilities with its seams, and by how much it differs from one pass."""
    name = source.classes[shows]
    st.markdown(f"The probability of *{name}* in tiles of {tile} pixels, black 0 and white 1; below, how it differs from one pass.")
    for column, way in zip(st.columns(3), SEAMS, strict=True):
        found = used.told["ways"][way]
        column.markdown(f"**{NAMES[way]}**")
        chance = (_pixels(used, f"chance-{way}") * 1.275 + 0.5).astype(np.uint8)
        _image(column, with_seams(chance, tile), TOLD[way], f"Probability of {name}: {NAMES[way]}")
        said = f"Largest difference {small(found['largest'])}; {found['changed']:,} pixels get another class."
        _image(column, _stained(_pixels(used, f"difference-{way}")), said, f"Difference: {NAMES[way]}")


def _image(column: Any, picture: NDArray[np.uint8], caption: str, alt: str) -> None:
    column.image(url(picture), caption=caption, alt=alt, width="stretch")


def with_seams(grey: NDArray[np.uint8], tile: int) -> NDArray[np.uint8]:
    """A grey map (H, W), three times as large, with a thin dashed line along every seam, (3 H, 3 W, 3)."""
    large = np.repeat(grey.repeat(3, axis=0).repeat(3, axis=1)[..., None], 3, axis=2)
    for axis in (0, 1):
        turned = large if axis == 0 else large.swapaxes(0, 1)
        dash = np.arange(turned.shape[1]) % 12 < 6
        for seam in range(3 * tile, turned.shape[0], 3 * tile):
            turned[seam - 1, dash], turned[seam, dash] = (230, 159, 0), (230, 159, 0)
    return large


def _stained(difference: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Differences (H, W) from nothing, which is white, to vermilion."""
    part = difference[..., None] / 255
    return np.asarray(255 + part * (np.array(VERMILION) - 255), np.uint8)


def _measured(used: Used) -> None:
    """The numbers: near seams and away, a curve over the distance, and what one pass itself owes to the border."""
    told = used.told
    rows = []
    for way in SEAMS:
        near, away = told["ways"][way]["near"], told["ways"][way]["away"]
        rows.append(
            (NAMES[way], *(text for part in (near, away) for text in (small(part["largest"]), small(part["mean"]), f"{part['changed']:,}")))
        )
    head = ("tiles", f"largest, within {NEAR} px", "mean", "changed", "largest, farther", "mean", "changed")
    table(head, rows, "Differences from one pass, near seams and away")
    show_chart(_profile(told), "seams-profile", "Mean difference by distance to the nearest seam")
    plain, margin = told["plain"], told["margin"]
    st.caption(
        f"Near a seam means within {NEAR} pixels; pixels that are closer to the picture’s border than to a seam are left out of "
        "table and curve."
        f" Differences are drawn {FAINT} times stronger: full orange is {1 / FAINT:g} or more. One pass is made with the border "
        "mirrored, too."
        f" Without, padded with zeros by the network itself, it differs by up to {small(plain['near']['largest'])} within "
        f"{margin} pixels of the"
        f" border, and by {small(plain['away']['largest'])} farther in. Of a larger picture the middle 512 × 512 pixels are "
        "compared, since one"
        " pass needs memory for all of it at once; the mask itself is always made in tiles."
    )
    if told["group"]:
        st.info("Group normalisation measures the whole map that it is given, so this network sees in a tile something else than in the"
                " whole: tiles are never quite equal to one pass.", icon=":material/info:")  # fmt: skip


def _profile(told: dict[str, Any]) -> go.Figure:
    """The mean difference over the distance to the nearest seam."""
    figure = go.Figure()
    for way in SEAMS:
        colour, dash, _ = LOOKS[way]
        values = [max(value, 1e-9) if value is not None else None for value in told["ways"][way]["by_distance"]]
        figure.add_scatter(
            y=values, x=list(range(len(values))), name=NAMES[way], mode="lines", line={"color": colour, "dash": dash, "width": 3}
        )
    figure.update_xaxes(title="pixels to the nearest seam", **GRID)
    figure.update_yaxes(title="mean difference", type="log", exponentformat="power", dtick=2, **GRID)
    return figure


def small(value: float | None) -> str:
    """A difference: three decimals, or a power of ten.

    >>> small(0.9134), small(3e-7), small(0.0), small(None)
    ('0.913', '3 · 10⁻⁷', '0', '–')
    """
    if value is None:
        return "–"
    if not value or value >= 0.001:
        return f"{value:.3f}" if value else "0"
    digits, power = f"{value:.0e}".split("e")
    return f"{digits} · 10⁻{str(-int(power)).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def _pixels(used: Used, name: str) -> NDArray[np.uint8]:
    return np.asarray(Files.open(BytesIO(used.file(f"{name}.png"))))
