"""The kernel that an FCN's enlargements start from, beside what training made of it and of a random one."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.infer.pictures import url
from seglab.lessons.places import told as place
from seglab.lessons.transposed_convolution import bilinear_kernel
from seglab.operators import conv_transpose2d
from seglab.rearranging import interpolate
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing, Item
from seglab.ui.fcn_pictures import heat, ink_role, palette
from seglab.ui.fcn_scene import told
from seglab.ui.files import assets

FACTORS = (2, 4, 8)
SIDE, GAP, HEAD = 236, 56, 46
LINK = "transposed_convolution: A bilinear start"


@cache
def kernels(start: str) -> dict[str, Any]:
    """The first kernels of an FCN-8s of seed 0 before and after training."""
    found: dict[str, Any] = json.loads((assets() / "fcn" / f"kernels-{start}.json").read_text(encoding="utf-8"))
    return found


def differences(factor: int, cells: int = 6) -> NDArray[np.float64]:
    """How far the transposed convolution with the bilinear kernel is from bilinear interpolation, at each pixel of an enlarged input of
    `cells` x `cells` random numbers.

    >>> far = differences(2)
    >>> float(far[1:-1, 1:-1].max()) < 1e-12, float(far.max()) > 0.1
    (True, True)
    """
    x = np.random.default_rng(0).uniform(-1, 1, (cells, cells))
    stamped = conv_transpose2d(x, bilinear_kernel(factor), stride=factor, padding=factor // 2).output
    return np.abs(stamped - interpolate(x, factor, "bilinear").output)


def inside(factor: int, far: NDArray[np.float64]) -> float:
    """The largest difference where no stamp is missing: half an input cell away from the border."""
    half = factor // 2
    return float(far[half:-half, half:-half].max())


def kernel_panel() -> None:
    """The kernels, and where the transposed convolution is bilinear interpolation."""
    st.header("A bilinear start")
    st.markdown(
        "Each enlargement is a transposed convolution. Its kernel starts as a tent, the outer product of [¼ ¾ ¾ ¼] with itself, so that "
        "before the first step it *is* bilinear interpolation. Then it trains like any weight."
    )
    show(_drawing(), "kernels")
    rows = []
    for factor in FACTORS:
        far = differences(factor)
        sizes = f"× {factor}: kernel {2 * factor}, stride {factor}, padding {factor // 2}"
        rows.append(f"| {sizes} | {inside(factor, far):.2g} | {far.max():.2f} |")
    table = "| enlarges | largest difference inside | at the border |\n|---|--:|--:|\n"
    st.markdown(
        "Against bilinear interpolation, on random numbers from −1 to 1. Inside, the same up to rounding. At the border they differ: "
        "bilinear interpolation repeats the outermost value, while here the stamps of the cells beyond are missing, as if those were "
        "zero, and the scores fade."
    )
    st.markdown(table + "\n".join(rows))
    st.markdown(f"Stamp it yourself: {place(LINK)}.")


def _drawing() -> Drawing:
    """Four kernels: the tent, what training made of it, a random start, and what training made of that."""
    panels = (
        ("Bilinear start", np.array(bilinear_kernel(2))),
        ("trained", np.array(kernels("bilinear")["trained"][1])),
        ("Random start", np.array(kernels("random")["start"][1])),
        ("trained", np.array(kernels("random")["trained"][1])),
    )
    width = 4 * SIDE + 3 * GAP + 4
    drawing = Drawing(
        width, HEAD + SIDE + 4, "Enlarging kernels of “cell”, 4 × 4", least=860, told="Point at a weight to compare it.", lines=2
    )
    colours, largest = palette(), max(float(np.abs(kernel).max()) for _, kernel in panels)
    line = (0.25, 0.75, 0.75, 0.25)
    for number, (title, kernel) in enumerate(panels):
        left = 2 + number * (SIDE + GAP)
        drawing.text(left, 16, title if number % 2 == 0 else "…trained", 16, bold=True)
        drawing.text(left, 36, f"sum {told(float(kernel.sum()))}", 13, "muted")
        drawing.image(left, HEAD, SIDE, SIDE, url(heat(kernel, largest, colours)))
        if number % 2:
            drawing.line([(left - GAP + 8, HEAD + SIDE / 2), (left - 8, HEAD + SIDE / 2)], "muted", arrow=True)
    for number, (title, _) in enumerate(panels):
        left, side = 2 + number * (SIDE + GAP), SIDE / 4
        for row in range(4):
            for column in range(4):
                name = f"{number}.{row}.{column}"
                fellows = tuple(f"{other}.{row}.{column}" for other in range(4) if other != number)
                weights = [float(one[row, column]) for _, one in panels]
                tells = (
                    f"Row {row}, column {column}: {line[row]:g} · {line[column]:g} = {weights[0]:.4f} at the bilinear start, trained "
                    f"{told(weights[1])}; random {told(weights[2])}, trained {told(weights[3])}."
                )
                drawing.item(Item(name, f"{title}: {tells}", tells, fellows))
                drawing.rect(left + column * side, HEAD + row * side, side, side, "edge", "none", name)
                text = f"{weights[0]:.4f}" if number == 0 else told(weights[number])
                role = ink_role(weights[number], largest, colours)
                drawing.text(left + (column + 0.5) * side, HEAD + (row + 0.5) * side + 5, text, 14, role, "middle", item=name)
        drawing.rect(left, HEAD, SIDE, SIDE, "kernel", "none")
    return drawing
