"""Kernels by hand over a real image: their numbers, what they answer, edges, and a patch of it in the stage."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from scipy import ndimage

from seglab.infer.kernels import KERNELS, applied, gradient
from seglab.infer.otsu import histogram, levels, otsu
from seglab.infer.pictures import grey, url
from seglab.lessons.kernel_patch import SIDE, kernel_patch
from seglab.train.metrics import Scores
from seglab.ui.addressed import choice, put, whole
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing, Item
from seglab.ui.fcn_pictures import heat, palette
from seglab.ui.handcrafted_scene import Seen
from seglab.ui.stage import show_inside

PLACES = 12  # patches a side that can be opened
PICTURE, GAP, TOP = 236, 18, 26
NAMES = {name: kernel.title for name, kernel in KERNELS.items()}
WAYS = {"right": "to the right", "down": "down"}
Bytes = NDArray[np.uint8]
Grey = NDArray[np.float32]


def kernels(seen: Seen) -> None:
    """The chosen kernel on the scene, and the chosen patch of it in the stage."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = choice("Kernel", "kernel", NAMES, "sobel", hidden=True)
        kernel = KERNELS[name]
        down = kernel.slope and choice("Slope", "way", WAYS, "right", hidden=True) == "down"
    values: Grey = np.asarray(seen.image if seen.image.ndim == 2 else seen.image.mean(2), np.float32)
    at = whole("at", 0, PLACES * PLACES - 1, steepest(values))
    show(_pictures(seen, values, name, down, at), "kernels", str(at), lambda pressed: put(at=pressed))
    st.markdown(_said(seen, values, name))
    left, top = corner(at, values.shape)
    st.header("The patch in the stage")
    st.markdown(
        f"The {SIDE} × {SIDE} pixels in the frame, rows {top} to {top + SIDE - 1}, columns {left} to {left + SIDE - 1}, as grey values from"
        f" 0 to 255. {kernel.told}" + (f" The pictures above divide each sum by {kernel.divisor}." if kernel.divisor > 1 else "")
    )
    pixels = grey(values)[top : top + SIDE, left : left + SIDE].astype(int)
    show_inside(kernel_patch(name, pixels, down), "patch")


def corner(at: int, shape: tuple[int, ...]) -> tuple[int, int]:
    """The upper left pixel (x, y) of patch number `at` of an image (H, W).

    >>> corner(0, (96, 96)), corner(143, (96, 96))
    ((0, 0), (88, 88))
    """
    row, column = divmod(at, PLACES)
    height, width = shape[:2]
    return round(column * max(width - SIDE, 0) / (PLACES - 1)), round(row * max(height - SIDE, 0) / (PLACES - 1))


def steepest(values: Grey) -> int:
    """The number of the patch with the most gradient in it, the one to begin with."""
    length = gradient(values, KERNELS["sobel"])
    corners = [corner(number, values.shape) for number in range(PLACES * PLACES)]
    return int(np.argmax([length[y : y + SIDE, x : x + SIDE].sum() for x, y in corners]))


def _pictures(seen: Seen, values: Grey, name: str, down: bool, at: int) -> Drawing:
    """The image, whose patches can be chosen, and what the kernel makes of it."""
    steps = [("Image: choose a patch", seen.photograph), *answers(values, name, down)]
    height, width = values.shape
    tall = PICTURE * height / width
    drawing = Drawing(
        len(steps) * (PICTURE + GAP) - GAP, TOP + tall + 4, "An image and what the kernel answers", 680, told="Choose a patch to open it."
    )
    for place, (title, picture) in enumerate(steps):
        left = place * (PICTURE + GAP)
        drawing.text(left, 16, title, 14, bold=True)
        drawing.image(left, TOP, PICTURE, tall, url(picture))
        drawing.rect(left, TOP, PICTURE, tall, "edge", "none")
    scale = PICTURE / width
    for number in range(PLACES * PLACES):
        x, y = corner(number, values.shape)
        drawing.item(Item(str(number), f"Patch at row {y}, column {x}", f"Rows {y} to {y + SIDE - 1}, columns {x} to {x + SIDE - 1}."))
    for number in sorted(range(PLACES * PLACES), key=lambda one: one == at):  # the chosen one last, over its neighbours
        x, y = corner(number, values.shape)
        box = x * scale, TOP + y * scale, SIDE * scale, SIDE * scale
        chosen = number == at
        drawing.rect(*box, "kernel" if chosen else "edge", "none", item=str(number), thick=chosen)
    return drawing


def answers(values: Grey, name: str, down: bool) -> list[tuple[str, Bytes]]:
    """What a kernel makes of grey values (H, W), as pictures with their titles."""
    kernel, colours = KERNELS[name], palette()
    weights = kernel.across if down else kernel.array
    answer = applied(values, weights, kernel.divisor)
    if name == "gauss":
        gone = values - answer
        return [("Smoothed", grey(np.asarray(answer, np.float32))), ("What is gone", heat(gone, float(np.abs(gone).max()), colours))]
    signed = heat(answer, float(np.abs(answer).max()), colours)
    if not kernel.slope:
        return [("Answer: red below 0", signed), ("Edges: its size, Otsu", lines(np.abs(answer)))]
    length = gradient(values, kernel)
    grown = grey(np.asarray(length / max(float(length.max()), 1e-9), np.float32))
    slope = f"Slope {'down' if down else 'right'}: red below 0"
    return [
        (slope, signed),
        ("Length of the gradient", grown),
        ("Edges: Otsu on it", lines(length)),
    ]


def lines(strength: NDArray[np.float64]) -> Bytes:
    """Where a strength (H, W) is above Otsu's threshold: white on black."""
    return edges_of(strength).astype(np.uint8) * np.uint8(235)


def edges_of(strength: NDArray[np.float64]) -> NDArray[np.bool_]:
    picture = levels(strength)
    return picture > otsu(histogram(picture))


def _said(seen: Seen, values: Grey, name: str) -> str:
    """What edges are worth as a segmentation here, in numbers."""
    if name == "gauss":
        before, after = (float(np.std(ndimage.gaussian_laplace(one, 1))) for one in (values, applied(values, KERNELS[name].array, 256)))
        return f"Fine structure (the spread of a Laplacian of Gaussian) falls to {100 * after / max(before, 1e-9):.0f} % of what it was."
    kernel = KERNELS[name]
    strength = gradient(values, kernel) if kernel.slope else np.abs(applied(values, kernel.array))
    if seen.truth is None:
        return "Edges are lines, no regions. Where they close, what they enclose can be filled."
    edge = edges_of(strength)
    filled = ndimage.binary_fill_holes(ndimage.binary_closing(edge))
    scores = [Scores.of(np.asarray(mask, np.uint8)[None], seen.truth[None], 2).mean_iou for mask in (edge, filled)]
    return (
        f"Edges are lines, no regions. As a mask they reach a mean IoU of {scores[0]:.3f}; with gaps closed and what they enclose filled,"
        f" **{scores[1]:.3f}**."
    )
