"""Without downsampling: layers at full resolution beside an encoder-decoder, drawn to scale, and what both cost."""

from __future__ import annotations

from math import log10

import streamlit as st

from seglab.nets.full_resolution import Cost, Layer, beside
from seglab.ui.addressed import choice
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing, Item, Role

HIGH, LEFT, WIDTH = 104.0, 2.0, 1000.0
UNIT = {9: "billion", 6: "million"}


def full_resolution() -> None:
    """The drawing, and a table."""
    st.markdown(
        "One pass needs no patches. Does it need an encoder and a decoder? Convolutions that keep the image's size give an answer at every"
        " pixel too. They only pay for it at every layer, and see little."
    )
    below = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pixels = int(choice("Pixels a side", "pixels", ("128", "256", "512", "1024"), "256"))
        depth = int(choice("Halvings", "depth", ("2", "3", "4"), "4"))
        width = int(choice("Channels of the first layer", "width", ("16", "32", "64"), "64"))
    costs = beside(depth, width, (pixels, pixels))
    with below:
        show(drawn(costs), key="resolution")
    st.markdown(_table(costs))
    unet, wide, narrow = costs
    st.markdown(
        f"As wide as the encoder-decoder, the {len(wide.layers) - 1} convolutions cost **{wide.macs / unet.macs:.0f} times** its"
        f" multiply-adds. As narrow as its first layer all the way, they cost {narrow.macs / unet.macs:.1f} times as much, but one answer"
        f" then sees {narrow.field[1]} pixels a side instead of {unet.field[1]}. To see as far, it takes {_layers(unet)} such layers and"
        f" {narrow.macs / len(narrow.layers[:-1]) * _layers(unet) / unet.macs:.1f} times the multiply-adds: each halving doubles what"
        " every later kernel spans."
    )


def _layers(unet: Cost) -> int:
    """How many 3 x 3 convolutions in a row see as far as the network."""
    return -(-(unet.field[1] - 1) // 2)


def drawn(costs: list[Cost]) -> Drawing:
    """Every layer's map as a box: as high as the map, as wide as it has channels; an item each."""
    drawing = Drawing(
        WIDTH,
        len(costs) * (HIGH + 48) + 4,
        "Three networks, layer by layer",
        560,
        "A box is as high as its map; its width grows with its channels, on a logarithmic scale. Point at a layer.",
        1,
    )
    most = max(layer.shape[1] for cost in costs for layer in cost.layers)
    for row, cost in enumerate(costs):
        top = row * (HIGH + 48)
        drawing.text(LEFT, top + 20, f"{cost.name}: {told(cost.macs)} multiply-adds", 17, bold=True)
        wides = [3 + 9 * log10(layer.shape[0]) for layer in cost.layers]
        gap = (WIDTH - 2 * LEFT - sum(wides)) / (len(wides) - 1)
        x = LEFT
        for number, (layer, wide) in enumerate(zip(cost.layers, wides, strict=True)):
            high = max(3.0, HIGH * layer.shape[1] / most)
            name = f"{row}.{number}"
            drawing.item(
                Item(
                    name, f"{layer.name}, {_shape(layer)}", f"{cost.name}, {layer.name}: {_shape(layer)}, {told(layer.macs)} multiply-adds"
                )
            )
            role: Role = "output" if layer.name == "head" else "kernel" if layer.name.startswith("up") else "input"
            drawing.rect(x, top + 32 + (HIGH - high) / 2, wide, high, role, "soft", name)
            x += wide + gap
    return drawing


def _shape(layer: Layer) -> str:
    return " × ".join(f"{n:,}" for n in layer.shape)


def told(count: int) -> str:
    """A large number in words.

    >>> told(54_614_032_384), told(4_200_000)
    ('54.6 billion', '4.2 million')
    """
    power = 9 if count >= 1e9 else 6
    return f"{count / 10**power:,.1f} {UNIT[power]}"


def _table(costs: list[Cost]) -> str:
    rows = {
        "multiply-adds": [told(cost.macs) for cost in costs],
        "maps kept in training": [f"{cost.memory / 2**20:,.0f} MiB" for cost in costs],
        "parameters": [f"{cost.parameters:,}" for cost in costs],
        "receptive field": [" to ".join(str(n) for n in sorted(set(cost.field))) for cost in costs],
    }
    lines = [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]
    return "\n".join(["| Cost | U-Net | As wide | Narrow |", "| --- | ---: | ---: | ---: |", *lines])
