"""A stack of layers that can be edited, its cells traced back to the image, and its arithmetic layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from seglab.nets.graph import Map, chain
from seglab.nets.stacks import (
    CALLED,
    MOST,
    MOST_CELLS,
    PRESETS,
    RANGES,
    arithmetic,
    cost,
    image_for,
    read_stack,
    seen_sizes,
    written,
)
from seglab.receptive_field import Layer, receptive_field
from seglab.sizes import ENLARGING
from seglab.train.failure import sentence
from seglab.ui.addressed import given, in_hall, number, put, whole
from seglab.ui.field import read_at, traced_rows
from seglab.ui.links import in_lecture
from seglab.ui.plain import plain
from seglab.ui.table import table

FIRST = PRESETS["Two 3 × 3"]
NEW = Layer(3, 1, 1)
OPS = list(CALLED)
REFUSED = "receptive.refused"  # why the last change was not taken


def stack_part() -> None:
    """Presets, the picture, the controls of one layer, and the table."""
    layers = _layers()
    _presets(layers)
    maps = _maps(layers)
    if maps:
        _picture(layers, maps)
    chosen = whole("layer", 1, len(layers), len(layers))
    _controls(layers, chosen)
    if refused := st.session_state.pop(REFUSED, None):
        st.warning(plain(refused), icon=":material/block:")
    if maps:
        st.header("Layer by layer")
        _table(layers, maps)
        st.markdown(compared(layers, maps))


def _layers() -> list[Layer]:
    try:
        return read_stack(given("stack", FIRST))
    except ValueError as error:
        st.warning(plain(sentence(f"This stack cannot be: {error}")), icon=":material/block:")
        return read_stack(FIRST)


def _presets(layers: Sequence[Layer]) -> None:
    names = {text: name for name, text in PRESETS.items()}
    key = "receptive.preset"
    st.session_state[key] = names.get(written(layers))
    st.pills("Examples", list(PRESETS), key=key, on_change=_take_preset, args=(key,), wrap=not in_lecture(), label_visibility="collapsed")


def _take_preset(key: str) -> None:
    name = st.session_state[key]
    if name:
        put(stack=None if PRESETS[name] == FIRST else PRESETS[name], layer=None, cells=None, at=None)


def _maps(layers: Sequence[Layer]) -> list[Map] | None:
    """The maps of the stack for the image of the address; a sentence where there are none, or too many cells."""
    fits = image_for(layers)
    size = whole("cells", 1, MOST_CELLS, fits or 32)
    try:
        maps = chain(layers, size)
    except ValueError as error:
        st.warning(plain(sentence(f"An image of {size} cells is too small: {error}")), icon=":material/block:")
        return None
    largest = max(maps, key=lambda made: made.size)
    if largest.size > MOST_CELLS:
        st.warning(f"{largest.name} would have {largest.size:,} cells: up to {MOST_CELLS} are drawn.", icon=":material/block:")
        return None
    return maps


def _picture(layers: Sequence[Layer], maps: Sequence[Map]) -> None:
    lines = arithmetic(layers, maps)
    notes = [f"{maps[0].size} cells", *(f"field {line.field.split(' = ')[0]}" for line in lines)]
    last = len(maps) - 1
    at = read_at(given("at"))
    label = f"A stack of {last} layers, the image at the bottom. Arrow keys left and right walk along a layer, up and down between layers."
    traced_rows(maps, notes, "field", label, at, lambda place: put(at=None if not place else f"{place[0]}.{place[1]}"))


def _controls(layers: Sequence[Layer], chosen: int) -> None:
    """The layers by name, and the settings of the one that is chosen."""
    layer = layers[chosen - 1]
    with st.container(border=True):
        st.session_state["receptive.layer"] = chosen
        st.pills(
            "Change layer",
            range(1, len(layers) + 1),
            format_func=lambda place: layers[place - 1].name,
            key="receptive.layer",
            required=True,
            wrap=True,
            on_change=_take_layer,
        )
        values = {"kernel": layer.kernel_size, "stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.session_state["receptive.op"] = layer.op
            st.selectbox("Kind", OPS, format_func=_called, key="receptive.op", on_change=_change, args=(chosen,), width=in_hall(210))
            for name, (low, high) in RANGES.items():
                key = f"receptive.{name}"
                st.session_state[key] = values[name]
                st.number_input(name.capitalize(), low, high, key=key, on_change=_change, args=(chosen,), width=in_hall(126))
        _moves(layers, chosen)


def _called(op: str) -> str:
    told = {"conv": "Convolution", "max_pool": "Max pooling", "avg_pool": "Average pooling", "conv_transpose": "Transposed convolution"}
    return told[op]


def _moves(layers: Sequence[Layer], chosen: int) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for label, icon, what, possible in (
            ("Add one after it", "add", "add", len(layers) < MOST),
            ("Remove it", "delete", "remove", len(layers) > 1),
            ("Move it up", "arrow_upward", "up", chosen < len(layers)),
            ("Move it down", "arrow_downward", "down", chosen > 1),
        ):
            st.button(label, icon=f":material/{icon}:", key=f"receptive.{what}", disabled=not possible, on_click=_move, args=(what, chosen))
        number("Image cells", "cells", 1, MOST_CELLS, image_for(layers) or 32, 126)


def _take_layer() -> None:
    if st.session_state["receptive.layer"]:
        put(layer=st.session_state["receptive.layer"])


def _change(chosen: int) -> None:
    """Write the chosen layer's controls into the address."""
    layers = read_stack_or(given("stack", FIRST))
    kernel, stride, padding, dilation = (int(st.session_state[f"receptive.{name}"]) for name in RANGES)
    op = st.session_state["receptive.op"]
    if op != layers[chosen - 1].op:  # what usually goes with the new kind
        if op == "conv":
            kernel, stride, padding, dilation = kernel, 1, (kernel - 1) // 2, 1
        else:
            kernel, stride, padding, dilation = 2, 2, 0, 1
    layers[chosen - 1] = Layer(kernel, stride, padding, dilation, op)
    try:
        read_stack(written(layers))
    except ValueError as error:  # what cannot be is not written: the address would lose the whole stack
        st.session_state[REFUSED] = sentence(f"The stack stays as it was: {error}")
    else:
        _keep(layers, chosen)


def _move(what: str, chosen: int) -> None:
    layers = read_stack_or(given("stack", FIRST))
    at = chosen - 1
    if what == "add":
        layers.insert(chosen, NEW)
        chosen += 1
    elif what == "remove":
        del layers[at]
        chosen = max(1, chosen - 1)
    else:
        other = at + (1 if what == "up" else -1)
        layers[at], layers[other] = layers[other], layers[at]
        chosen = other + 1
    _keep(layers, chosen)


def _keep(layers: Sequence[Layer], chosen: int) -> None:
    text = written(layers)
    put(stack=None if text == FIRST else text, layer=chosen, at=None, cells=None)


def read_stack_or(text: str) -> list[Layer]:
    """The layers of a text, of the first example where it is none."""
    try:
        return read_stack(text)
    except ValueError:
        return read_stack(FIRST)


def _table(layers: Sequence[Layer], maps: Sequence[Map]) -> None:
    head = ("Layer", "Cells", "Field", "Jump", "Padding", "Parameters, one channel")
    image = ("image", str(maps[0].size), "1", "1", "0", "")
    table(head, [image, *arithmetic(layers, maps)], "Field, jump and padding layer by layer")


def compared(layers: Sequence[Layer], maps: Sequence[Map]) -> str:
    """The stack in a sentence or two: its field, stride and padding, and what one layer that sees as much would cost.

    >>> layers = read_stack("c3.1.1-c3.1.1")
    >>> compared(layers, chain(layers, 15))[-69:]
    'one convolution of 5 × 5, which sees as much, has 5 · 5 + 1 = **26**.'
    """
    if any(layer.op in ENLARGING for layer in layers):
        return _by_place(seen_sizes(maps, len(maps) - 1))
    field = receptive_field(layers)
    told = (
        f"A cell of the last layer sees **{field.size}** cell{'s' if field.size > 1 else ''} a side; two neighbours’ fields lie"
        f" **{field.stride}** apart, and the first begins **{field.padding}** before the image."
    )
    own = cost(layers)
    if field.stride > 1 or not own:
        return told
    return (
        f"{told} In two dimensions, with one channel, the stack has **{own}** parameters; one convolution of"
        f" {field.size} × {field.size}, which sees as much, has {field.size} · {field.size} + 1 = **{field.size**2 + 1}**."
    )


def _by_place(sizes: Sequence[int]) -> str:
    """What a transposed convolution makes of the field."""
    told = f"**{sizes[0]}**" if len(sizes) == 1 else f"{', '.join(f'**{size}**' for size in sizes[:-1])} or **{sizes[-1]}**"
    where = "wherever it lies, but not always as far to one side as to the other" if len(sizes) == 1 else "by where it lies"
    return (
        f"Behind a transposed convolution the field depends on the cell’s place. Here a cell of the last layer sees {told} cells a side,"
        f" {where}: point along the last layer to see it."
    )
