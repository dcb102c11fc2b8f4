"""A layer's real numbers in the stage: a patch of its activations under the weights that it has learned."""

from __future__ import annotations

import streamlit as st

from seglab.infer.inside_told import Layer
from seglab.infer.pictures import png
from seglab.lessons.patch import MOST_IN
from seglab.lessons.real_cells import RealPatch
from seglab.lessons.real_patch import difference, real_patch
from seglab.ui.addressed import choice, number, put
from seglab.ui.inside_asked import Asked, channel_in, chosen_layer, looked, place_in
from seglab.ui.inside_pictures import power, told, valued
from seglab.ui.pick import Pickable, pick
from seglab.ui.stage import show_inside

MANY = ("conv", "stamp", "enlarge", "pool")  # layers whose stage may show two channels


def stage_part(asked: Asked) -> None:
    """The stage of a patch, and the map on which its place is chosen."""
    block, name = chosen_layer(asked)
    seen = looked(asked, block, name)
    if seen is None:
        return
    layer = seen.layer
    channels, height, width = layer.y.shape
    usual = channel_in(layer)
    at = place_in((height, width), layer.y[usual])
    with st.container(horizontal=True, vertical_alignment="bottom", key="inside.place"):
        number("Row", "row", 0, height - 1, at[0], 120)
        number("Column", "col", 0, width - 1, at[1], 120)
        channel = number("Channel", "channel", 0, channels - 1, usual, 120)
        outs: tuple[int, ...] = (channel,)
        most = MOST_IN
        if layer.op in MANY and channels > 1:
            two = choice("Channels out", "cout", ("1", "2"), "1") == "2"
            outs = (channel, (channel + 1) % channels) if two else outs
        if layer.kernel is not None and len(layer.x) > 1:
            most = int(choice("Channels in", "cin", [str(n + 1) for n in range(min(MOST_IN, len(layer.x)))], str(min(2, len(layer.x)))))
    patch = real_patch(layer, at, outs, most)
    show_inside(patch.lesson, "inside.stage")
    st.markdown(_verdict(patch))
    st.markdown(_explained(layer, patch))
    st.header("Where on the map", anchor=False)
    _where(layer, patch, channel, at)


def _verdict(patch: RealPatch) -> str:
    """Whether the stage has the network's own numbers; it is worked out anew each time."""
    row, column = patch.place
    height, width = patch.own.shape[1:]
    return (
        f":material/verified: Rows {row} to {row + height - 1} and columns {column} to {column + width - 1} of the map. As it opens, the"
        f" stage’s output and the network’s own activations differ by at most **{small(difference(patch))}**."
    )


def small(number: float) -> str:
    """A small number, to its power of ten.

    >>> small(3.2e-7), small(0.0)
    ('3 · 10⁻⁷', '0')
    """
    if not number:
        return "0"
    digit, exponent = f"{number:.0e}".split("e")
    return f"{digit} · 10{power(int(exponent))}"


def _explained(layer: Layer, patch: RealPatch) -> str:
    """How the stage comes to the same numbers with a few of many channels."""
    said = []
    if patch.others:
        brought = ", ".join(f"c{channel}" for channel in patch.channels_in)
        said.append(f"Of {len(layer.x)} channels that come in, those that bring most here: {brought}. What the other {patch.others} bring")
        said[-1] += " is added as one map." if layer.op == "stamp" else " stands in *others*, which is taken as it is."
    if layer.norm == "batch" and layer.scale is not None:
        said.append("The batch normalisation is folded into kernel and bias: once trained, it only scales and shifts each channel.")
    if layer.norm == "group" and layer.scale is not None:
        said.append("The group normalisation is folded into kernel and bias, with the mean and deviation that it measures on this picture.")
    if any(step.op == "crop" for step in patch.lesson.views[0].steps_in(patch.lesson.defaults)):
        said.append("At the patch’s rim the neighbours’ share is missing: only its inner part is the network’s.")
    return " ".join(said) or "Nothing is left out."


def _where(layer: Layer, patch: RealPatch, channel: int, at: tuple[int, int]) -> None:
    values = layer.y[channel]
    size = values.shape[0], values.shape[1]
    height, width = patch.own.shape[1:]
    words = [[told(float(value)) for value in row] for row in values]
    label, says = f"The map of channel {channel}", "Click to open the stage there."
    shown = Pickable(png(valued(values)), size, label, patch=(height, width), values=words, says=says, sliders=False)
    pick(shown, "inside.where", at, lambda place: put(row=place[0], col=place[1]))
