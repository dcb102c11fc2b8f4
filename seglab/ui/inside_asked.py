"""Which network and which picture the page Look inside is about; the map of the network, and the layer that is chosen on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.data.domains import DOMAINS
from seglab.infer.inside_told import Layer, Picture, Seen, side_for
from seglab.nets import Architecture, describe
from seglab.nets.describe import Block
from seglab.nets.layers import layers_of
from seglab.train.asked.inside import inside_layer
from seglab.train.header import FIRST, opened
from seglab.train.store import Store
from seglab.ui.addressed import choice, chosen, given, in_hall, number, put, whole
from seglab.ui.diagram import show
from seglab.ui.network_source import Source, chosen_network
from seglab.ui.runs import open_store
from seglab.ui.u_picture import small_picture
from seglab.ui.u_words import does
from seglab.ui.uploaded import PICTURE, PICTURES, one_file
from seglab.ui.waiting import FIGURE, arrived
from seglab.ui.waiting import asked as ask

LAYER_WORDS = {
    "conv1": "first convolution",
    "conv2": "second convolution",
    "pool": "max pooling",
    "join": "the two maps joined",
    "up": "larger again",
    "point": "1 × 1 convolution",
    "head": "1 × 1 convolution",
}
PLACES = ("row", "col")  # what the address says of a place, which is another one in another map
OF_LAYER = ("channel", "kernel", *PLACES)
OF_NETWORK = ("block", "layer", *OF_LAYER)
SCENES = 9999
OWN = "own"


@dataclass(frozen=True)
class Asked:
    """A network with its architecture, and the picture that it looks at."""

    store: Store
    source: Source
    net: Architecture
    picture: Picture

    @property
    def blocks(self) -> list[Block]:
        """The network's blocks for pictures of the size that this page takes."""
        return _blocks(self.net)


@lru_cache(maxsize=64)
def _blocks(net: Architecture) -> list[Block]:
    return describe(net, (side_for(net), side_for(net)))


@lru_cache(maxsize=64)
def _channels(path: str, written: int) -> int:
    """The channels of the images that a network takes."""
    with opened(Path(path)) as file:
        return int(file.get_slice(FIRST).get_shape()[1])


def asked_for() -> Asked | None:
    """The controls of network and picture, and what they ask for; None where something is missing, which the page says."""
    left, right = st.columns([1.1, 1], gap="medium", vertical_alignment="bottom")
    with left:
        source = chosen_network(drops=OF_NETWORK)
    if source is None:
        return None
    net = source.config.architecture(_channels(*source.version), len(source.classes))
    with right:
        picture = _picture(source, net)
    return Asked(open_store(), source, net, picture) if picture else None


def _picture(source: Source, net: Architecture) -> Picture | None:
    own = source.config.data not in DOMAINS
    domain = source.config.data if not own else "cells" if net.in_channels == 1 else "shapes"
    title = DOMAINS[domain].title.lower()
    kinds = {"scene": f"A scene ({title})" if own else "A new scene", OWN: "Your own"}
    with st.container(horizontal=True, vertical_alignment="bottom", key="inside.picture"):
        kind = choice("Picture", "picture", kinds, "scene")
        scene = number("Number", "scene", 0, SCENES, 0, 110) if kind == "scene" else 0
    if kind == "scene":
        if own:
            st.caption("Its training pictures stay where they are: here it looks at generated ones, or at one that you upload.")
        return Picture(domain, scene)
    file = one_file("A picture of up to 4 megapixels", PICTURES, PICTURE, "inside.file")
    if file is None:
        side = side_for(net)
        st.caption(f"Its square middle is looked at, made {side} × {side} pixels. It stays on this server only while it is looked at.")
        return None
    return Picture(domain, 0, file.getvalue())


def chosen_layer(asked: Asked) -> tuple[str, str]:
    """The map of the network, on which a block is chosen, and below it the block's layers: the block and the layer."""
    names = [block.name for block in asked.blocks]
    block = chosen("block", names, "encoder.0")
    size = side_for(asked.net)
    drawing = small_picture(asked.net, (size, size), asked.blocks)
    drawing.told = f"{block}: {does(asked.net, block)}. Press another block to open it."
    with st.container(width=in_hall(1150)):  # no larger on a wide screen, where it would push all else off it
        show(drawing, "inside.u", block, lambda name: put(block=name, **dict.fromkeys(("layer", *OF_LAYER))))
    layers = layers_of(asked.net, block)
    words = {layer: LAYER_WORDS[layer] for layer in layers}
    last = "conv2" if "conv2" in layers else layers[-1]
    return block, choice(f"Layer of {block}", "layer", words, last, drops=OF_LAYER)


def looked(asked: Asked, block: str, layer: str) -> Seen | None:
    """What the layer makes of the picture, once a worker has looked; the page says that it waits."""
    question = (asked.source.version, asked.picture.source, asked.picture.number, asked.picture.mark, block, layer)
    answer = ask("inside.layer", question, lambda: inside_layer(asked.store, asked.source.weights, asked.picture, block, layer))
    seen = arrived(answer, "A worker looks at the picture…", "This picture cannot be looked at: ", FIGURE)
    if seen is not None and seen.done:
        st.caption(seen.done)
    return seen


def channel_in(layer: Layer) -> int:
    """The channel of the address; where there is none, the first one that is not asleep on this picture."""
    awake = np.flatnonzero(np.abs(layer.y).reshape(len(layer.y), -1).any(axis=1))
    return whole("channel", 0, len(layer.y) - 1, int(awake[0]) if len(awake) else 0)


def place_in(size: tuple[int, int], values: NDArray[np.float32] | None = None) -> tuple[int, int]:
    """The row and column of the address in a map of a size; where there is none, where its `values` are largest, or its middle."""
    usual = [side // 2 for side in size]
    if values is not None and values.any():
        usual = [int(at) for at in np.unravel_index(int(np.abs(values).argmax()), values.shape)]
    found = []
    for name, side, place in zip(PLACES, size, usual, strict=True):
        text = given(name)
        found.append(min(int(text), side - 1) if text.isascii() and text.isdigit() and len(text) < 6 else place)
    return found[0], found[1]
