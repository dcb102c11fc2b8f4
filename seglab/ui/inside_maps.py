"""A layer's feature maps on the picture, one of them large, and the weights that made it."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.infer.inside_told import Layer, Seen
from seglab.infer.pictures import png, url
from seglab.ui.addressed import choice, put, whole
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing, Item
from seglab.ui.inside_asked import LAYER_WORDS, Asked, channel_in, chosen_layer, looked, place_in
from seglab.ui.inside_pictures import is_dark, photograph, told, valued
from seglab.ui.pick import Pickable, pick

COUNTS = {"16": "16", "32": "32", "64": "64", "all": "all"}
MOST = 256  # maps that are drawn at all
WIDE, GAP, LABEL = 960.0, 8.0, 16.0
KERNEL = 46.0  # of a kernel's picture
LARGE_KERNELS = 16  # cells a side above which a kernel's numbers are not written out
SCALES = {"own": "each its own", "one": "one for all"}


def maps_part(asked: Asked) -> None:
    """All channels of the chosen layer as pictures; the chosen one large, beside its weights."""
    block, name = chosen_layer(asked)
    seen = looked(asked, block, name)
    if seen is None:
        return
    layer = seen.layer
    channel = channel_in(layer)
    _grid(layer, channel)
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        st.header(f"Channel {channel}", anchor=False)
        _large(seen, channel)
    with right:
        st.header("Its weights" if layer.kernel is not None else "No weights", anchor=False)
        _weights(layer, channel, name)
        height, width = seen.image.shape[:2]
        st.image(
            url(photograph(seen.image)), caption=f"The picture, {height} × {width} pixels", alt="The picture that it looks at", width=200
        )


def _grid(layer: Layer, channel: int) -> None:
    """The maps of all channels, or of so many as are wanted."""
    channels, height, width = layer.y.shape
    with st.container(horizontal=True, vertical_alignment="bottom", key="inside.grid"):
        options = {count: words for count, words in COUNTS.items() if count == "all" or int(count) < channels}
        wanted = choice("Maps shown", "count", options, "16" if channels > 16 else "all") if len(options) > 1 else "all"
        scale = choice("Scale", "scale", SCALES, "own")
    count = min(channels, MOST, channels if wanted == "all" else int(wanted))
    largest = float(np.abs(layer.y).max()) if scale == "one" else None
    show(maps_drawing(layer.y[:count], channel, largest), "inside.maps", str(channel), _open)
    up = "white" if is_dark() else "black"
    end = f"±{told(largest)}" if largest is not None else "the largest magnitude in the map, written above it"
    more = f" Of {channels} channels the first {count}." if count < channels else ""
    st.caption(f"{height} × {width} cells each. Zero is the page’s ground, {up} the most, red below zero; the scale ends at {end}.{more}")


def _open(name: str) -> None:
    put(channel=name, kernel=None)


def maps_drawing(maps: NDArray[np.float32], chosen: int, largest: float | None) -> Drawing:
    """Maps (N, H, W) as a grid of pictures, each an item that can be chosen; the smallest and largest value of each is told."""
    count, (height, width) = len(maps), maps.shape[1:]
    across = min(count, 8 if count <= 16 else 16)
    side = min((WIDE + GAP) / across - GAP, 150.0)
    tall = side * height / width
    lines = -(-count // across)
    drawing = Drawing(WIDE, lines * (tall + LABEL + GAP), f"{count} feature maps", least=620)
    drawing.told = f"Channel {chosen} is open below. Point at another for its values; press it to open it."
    for number, values in enumerate(maps):
        x, y = number % across * (side + GAP), number // across * (tall + LABEL + GAP) + LABEL
        low, high = told(float(values.min())), told(float(values.max()))
        asleep = " It is 0 everywhere: this channel is asleep on this picture." if not values.any() else ""
        item = Item(str(number), f"Channel {number}, {low} to {high}", f"Channel {number}: values from {low} to {high}.{asleep}")
        drawing.item(item)
        drawing.image(x, y, side, tall, url(valued(values, largest)), item.name)
        drawing.rect(x, y, side, tall, "output" if number == chosen else "edge", "none", item.name, thick=number == chosen)
        most = told(float(values[np.unravel_index(np.abs(values).argmax(), values.shape)]))
        words = f"{number}" if across > 8 else f"{number} · {most}"
        drawing.text(x, y - 4, words, 12.5, "ink" if number == chosen else "muted", bold=number == chosen, item=item.name)
    return drawing


def _large(seen: Seen, channel: int) -> None:
    values = seen.layer.y[channel]
    size = values.shape[0], values.shape[1]
    words = [[told(float(value)) for value in row] for row in values]
    says = f"From {told(float(values.min()))} to {told(float(values.max()))}."
    shown = Pickable(png(valued(values)), size, f"The map of channel {channel}", values=words, says=says)
    pick(shown, "inside.large", place_in(size, values), _to_place)
    st.button("Open this place in the stage", icon=":material/open_in_full:", key="inside.open", on_click=put, kwargs={"part": "stage"})


def _to_place(place: tuple[int, int]) -> None:
    put(row=place[0], col=place[1])


def _weights(layer: Layer, channel: int, name: str) -> None:
    """The kernels that lead to a channel, one for each channel that comes in, and one of them with its numbers."""
    if layer.kernel is None:
        st.markdown(_without(layer, name))
        return
    kernels = layer.kernel[:, channel] if layer.op == "stamp" else layer.kernel[channel]
    number = whole("kernel", 0, len(kernels) - 1, int(np.abs(kernels).sum((1, 2)).argmax()))
    show(kernels_drawing(kernels, number), "inside.kernels", str(number), lambda chosen: put(kernel=chosen))
    side = kernels.shape[1]
    if side <= LARGE_KERNELS:
        show(numbers_drawing(kernels[number], number), "inside.numbers")
    else:
        st.image(url(valued(kernels[number])), caption=f"Kernel {number}, {side} × {side}", width=300)
    st.markdown(_beside(layer, channel))


def _without(layer: Layer, name: str) -> str:
    how = {"pool": "takes the largest of every 2 × 2 cells", "unpool": "puts every value back where the largest stood"}
    how |= {"concat": "lays two maps beside each other", "add": "adds two maps", "enlarge": "copies or interpolates"}
    return f"The {LAYER_WORDS[name]} {how[layer.op]}: there is nothing in it to learn."


def _beside(layer: Layer, channel: int) -> str:
    """Bias and normalisation of a channel, in a sentence."""
    bias = "no bias" if layer.bias is None else f"a bias of {told(float(layer.bias[channel]))}"
    if layer.scale is None or layer.shift is None:
        return f"Channel {channel} has {bias}{' and then a ReLU' if layer.relu else ''}."
    kind, of = ("Batch", "learned in training") if layer.norm == "batch" else ("Group", "measured on this picture")
    scale, shift = told(float(layer.scale[channel])), told(float(layer.shift[channel]))
    return f"Channel {channel} has {bias}. {kind} normalisation then takes it times {scale}, plus {shift} ({of}); then comes the ReLU."


def kernels_drawing(kernels: NDArray[np.float32], chosen: int) -> Drawing:
    """Kernels (N, k, k) as small pictures on one scale, each an item."""
    across = min(len(kernels), 10)
    lines, largest = -(-len(kernels) // across), float(np.abs(kernels).max())
    step = KERNEL + GAP
    drawing = Drawing(10 * step, lines * (step + LABEL), f"{len(kernels)} kernels, one for each channel that comes in", least=320)
    drawing.told = f"One kernel for each of {len(kernels)} channels that come in; the scale ends at ±{told(largest)}."
    for number, kernel in enumerate(kernels):
        x, y = number % across * step + 2, number // across * (step + LABEL) + LABEL
        size = told(float(np.abs(kernel).sum()))
        drawing.item(Item(str(number), f"From channel {number}", f"From channel {number}: its weights’ sizes add up to {size}."))
        drawing.image(x, y, KERNEL, KERNEL, url(valued(kernel, largest)), str(number))
        drawing.rect(x, y, KERNEL, KERNEL, "kernel", "none", str(number), thick=number == chosen)
        drawing.text(x, y - 4, str(number), 12, "muted", item=str(number))
    return drawing


def numbers_drawing(kernel: NDArray[np.float32], number: int) -> Drawing:
    """A kernel (k, k) with its numbers."""
    k = len(kernel)
    cell = min(64.0, 320.0 / k)
    drawing = Drawing(540, k * cell + 26, f"The kernel from channel {number}: {[[told(float(v)) for v in row] for row in kernel]}")
    drawing.text(2, 16, f"From channel {number}, {k} × {k}", 14, bold=True)
    fills = valued(kernel)
    for row in range(k):
        for column in range(k):
            x, y = 2 + column * cell, 24 + row * cell
            drawing.image(x, y, cell, cell, url(fills[row : row + 1, column : column + 1]))
            drawing.rect(x, y, cell, cell, "edge", "none")
            dark, words = fills[row, column].mean() < 128, told(round(float(kernel[row, column]), 3))
            drawing.text(x + cell / 2, y + cell / 2 + 5, words, min(15, cell / 3.4), "ink", "middle", over=bool(dark) != is_dark())
    return drawing
