"""A fully connected layer becomes a convolution: the same weights, folded; then over a larger image."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.nets.milestones import table, vgg16
from seglab.ui.addressed import put, whole
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing, Item, Role

C, K = 2, 3  # channels and side of the map that the layer reads
LARGE = (4, 5)  # a larger map
CELL = 46.0
Numbers = NDArray[np.int64]


def numbers() -> tuple[Numbers, Numbers]:
    """A map (C, 4, 5) whose corner (C, 3, 3) the layer reads, and one unit's weights (C, 3, 3)."""
    rng = np.random.default_rng(5)
    return rng.integers(0, 4, (C, *LARGE)), rng.integers(-2, 3, (C, K, K))


def convolutionalized() -> None:
    """The weights of one unit as a row and as a kernel, the kernel over a larger map, and VGG-16's numbers."""
    st.markdown(
        "One unit of a fully connected layer multiplies *every* number of the map before it by a weight of its own and adds up. Fold its"
        " row of weights as the map was unrolled, and it is a convolution whose kernel is as large as the map."
    )
    show(folded(), key="folded")
    st.markdown(
        "On a larger map the dense layer does not fit any more. The kernel does, and slides: **each output is a whole classification**."
    )
    at = whole("cell", 0, (LARGE[0] - K + 1) * (LARGE[1] - K + 1) - 1, 0)
    show(slid(at), key="slid", chosen=str(at), choose=lambda name: put(cell=None if name == "0" else name))
    st.markdown(vgg_words())


def folded() -> Drawing:
    """The sum as a dense layer and as a convolution; an item is a weight with its input, at both places."""
    image, kernel = numbers()
    x, w = image[:, :K, :K].ravel(), kernel.ravel()
    total = int(x @ w)
    drawing = Drawing(
        C * K * K * CELL + 150,
        418,
        "One unit's weights as a row and as a kernel",
        640,
        "Point at a weight: it is one number at two places.",
        1,
    )
    for index in range(C * K * K):
        drawing.item(_weight(index, int(x[index]), int(w[index])))
    drawing.text(2, 18, "Fully connected: the map as a vector, the weights as a row", 16, bold=True)
    _row(drawing, x, 30, "input")
    _row(drawing, w, 30 + CELL + 8, "kernel")
    _total(drawing, C * K * K * CELL + 18, 30 + CELL / 2 + 4, total)
    drawing.text(2, 186, f"Convolution: the same {C * K * K} numbers, folded into {C} planes of {K} × {K}", 16, bold=True)
    side = K * CELL
    for plane in range(C):
        _plane(drawing, x, plane, 2 + plane * (side + 14), 224, "input")
        _plane(drawing, w, plane, 392 + plane * (side + 14), 224, "kernel")
        drawing.text(2 + plane * (side + 14), 216, f"map, channel {plane}", 14, "input")
        drawing.text(392 + plane * (side + 14), 216, f"kernel, channel {plane}", 14, "kernel")
    drawing.text(352, 224 + side / 2 + 8, "∗", 30, anchor="middle")
    _total(drawing, 392 + C * (side + 14) + 16, 224 + side / 2 - CELL / 2, total)
    drawing.text(2, 224 + side + 28, "Read the planes row by row, one after the other, and the row above comes back.", 14, "muted")
    return drawing


def _weight(index: int, x: int, w: int) -> Item:
    channel, row, column = index // K**2, index % K**2 // K, index % K
    folded = f"{index} = {channel} · {K**2} + {row} · {K} + {column}"
    tells = f"{w} · {x} = {w * x}: number {index} of the row is channel {channel}, row {row}, column {column}, since {folded}."
    return Item(str(index), f"Weight {index}: {w} times {x}", tells)


def _row(drawing: Drawing, values: Numbers, top: float, role: Role) -> None:
    for index, value in enumerate(values):
        _cell(drawing, 2 + index * CELL, top, int(value), role, str(index))


def _plane(drawing: Drawing, values: Numbers, plane: int, left: float, top: float, role: Role) -> None:
    for index in range(plane * K * K, (plane + 1) * K * K):
        row, column = divmod(index % (K * K), K)
        _cell(drawing, left + column * CELL, top + row * CELL, int(values[index]), role, str(index))


def _cell(drawing: Drawing, x: float, y: float, value: int, role: Role, item: str = "") -> None:
    drawing.rect(x, y, CELL, CELL, role, "soft", item)
    drawing.text(x + CELL / 2, y + CELL / 2 + 6, str(value).replace("-", "−"), 17, anchor="middle", item=item)


def _total(drawing: Drawing, x: float, y: float, total: int) -> None:
    drawing.text(x, y + CELL / 2 + 8, "=", 24)
    _cell(drawing, x + 26, y, total, "output")


def slid(at: int) -> Drawing:
    """The kernel over a larger map; an item is an output cell, and the window of number `at` is drawn."""
    image, kernel = numbers()
    down, across = LARGE[0] - K + 1, LARGE[1] - K + 1
    row, column = divmod(at, across)
    out = np.array([[int((image[:, y : y + K, x : x + K] * kernel).sum()) for x in range(across)] for y in range(down)])
    wide = LARGE[1] * CELL
    left = C * (wide + 14) + 60
    whole = C * K * K * CELL + 150  # as wide as the drawing above, so that cells are as large
    drawing = Drawing(whole, 36 + LARGE[0] * CELL + 6, "The kernel over a larger map", 640, f"{LARGE[0]} × {LARGE[1]}"
                      f" cells leave {down} × {across} places for {K} × {K}. Press an output to see its window.", 1)  # fmt: skip
    for plane in range(C):
        drawing.text(2 + plane * (wide + 14), 20, f"larger map, channel {plane}", 14, "input")
        for y in range(LARGE[0]):
            for x in range(LARGE[1]):
                _cell(drawing, 2 + plane * (wide + 14) + x * CELL, 32 + y * CELL, int(image[plane, y, x]), "input")
        for inset in (0, 2):
            side = K * CELL - 2 * inset
            drawing.rect(2 + plane * (wide + 14) + column * CELL + inset, 32 + row * CELL + inset, side, side, "kernel", "none")
    drawing.text(left - 34, 32 + 2 * CELL, "→", 30, anchor="middle")
    drawing.text(left, 20, f"answers, {down} × {across}", 14, "output")
    for index, value in enumerate(out.ravel()):
        y, x = divmod(index, across)
        terms = f"rows {y} to {y + K - 1}, columns {x} to {x + K - 1}"
        same = " That is the number above: the size that the dense layer knows." if index == 0 else ""
        tells = f"Answer ({y}, {x}) = {value}: the same {C * K * K} weights on {terms}.{same}"
        drawing.item(Item(str(index), f"Answer row {y}, column {x}: {value}", tells))
        _cell(drawing, left + x * CELL, 32 + y * CELL, int(value), "output", str(index))
    return drawing


def vgg_words() -> str:
    """VGG-16's fully connected layers as convolutions, from its layer list."""
    rows = {row.name: row for row in table(vgg16(), (3, 224, 224))}
    c, side, _ = rows["pool5"].shape
    inputs, units = c * side * side, rows["fc6"].shape[0]
    return (
        "## In VGG-16\n"
        f"Five poolings take 224 to 224 / 2⁵ = {side}. There stand {side} × {side} × {c} = {inputs:,} numbers, and the first fully"
        " connected"
        f" layer has {units:,} units.\n\n"
        f"- **fc6**, {inputs:,} → {units:,}, is a {side} × {side} convolution from {c} to {units:,} channels:"
        f" {rows['fc6'].parameters:,} parameters.\n"
        f"- **fc7**, {units:,} → {units:,}, is a 1 × 1 convolution: {rows['fc7'].parameters:,} parameters.\n"
        f"- **fc8**, {units:,} → 1,000, is a 1 × 1 convolution: {rows['fc8'].parameters:,} parameters.\n\n"
        f"The parameters are the same either way: fc6 has ({inputs:,} + 1) · {units:,} = {rows['fc6'].parameters:,}."
        f" At 224 × 224 either form gives one vector of 1,000 scores. At 384 × 512 the last map is 12 × 16, and the convolutions give"
        f" {12 - side + 1} × {16 - side + 1} of them: a heat map, 32 pixels apart."
    )
