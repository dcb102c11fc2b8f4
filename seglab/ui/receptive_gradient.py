"""What a network really looks at: the effective field by gradient, before and after training, with the theoretical one drawn over it."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from seglab.data.domains import DOMAINS
from seglab.infer.pictures import data_url
from seglab.train.asked.networks import effective_field
from seglab.ui.charts import ink
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing, Item
from seglab.ui.links import in_lecture
from seglab.ui.measures import percent
from seglab.ui.network_source import chosen_network
from seglab.ui.runs import open_store
from seglab.ui.table import table
from seglab.ui.waiting import arrived, asked

TITLES = {"random": "Before training", "trained": "After training"}
COLOURS = {"light": {"random": "#8a6100", "trained": "#0072B2"}, "dark": {"random": "#F2B742", "trained": "#58ACE4"}}


def gradient_part() -> None:
    """Choose a network; its two heat maps, the numbers, and both in one chart."""
    if (source := chosen_network()) is None:
        return
    answer = asked("effective", source.version, lambda: effective_field(open_store(), source.weights))
    if (found := arrived(answer, "A worker is measuring the gradient…", "This network cannot be measured: ")) is None:
        return
    said, drawn = found
    shares = [1, 1, 0.7] if in_lecture() else [1, 1]  # so that a projector shows both maps and what they say
    first, second, *beside = st.columns(shares)
    for column, name in zip((first, second), TITLES, strict=True):
        with column:
            show(_heat(said, name, drawn[name]), f"heat.{name}")
    for place in beside or [st.container()]:
        place.markdown(_told(said))
    _figures(said)
    _profile(said)


def _heat(said: dict[str, Any], name: str, picture: bytes) -> Drawing:
    """The effective field of one network, with the theoretical one as a frame and the radius that holds 90 % as a circle."""
    size, _, own, first, last = said["place"]
    side, top, numbers = 400.0, 30, said[name]
    unit = side / size
    drawing = Drawing(side + 4, side + top + 4, f"{TITLES[name]}: how much each pixel of the image changes the middle of the mask", lines=3)
    drawing.told = "Black: no influence. White: the most. The scale is the square root, so that the faint can be seen."
    drawing.text(2, 18, TITLES[name], 16, bold=True)
    drawing.image(2, top, side, side, data_url(picture))
    field = last - first
    drawing.item(
        Item(
            "field",
            f"Theoretical field, {field} pixels",
            f"The theoretical field: {field} × {field} pixels. It holds {percent(numbers['inside'])} of the gradient, its middle half"
            f" {percent(numbers['half'])}.",
        )
    )
    drawing.item(
        Item(
            "radius",
            f"Radius of 90 %, {numbers['radius']:.1f} pixels",
            f"Within {numbers['radius']:.1f} pixels of the middle lies 90 % of the gradient.",
        )
    )
    x, y = 2 + first * unit, top + first * unit
    corners = [(x, y), (x + field * unit, y), (x + field * unit, y + field * unit), (x, y + field * unit), (x, y)]
    drawing.line(corners, "input", "field")
    drawing.marks[-1]["classes"].append("thick")
    middle, away = (own + 0.5) * unit, (numbers["radius"] + 0.5) * unit
    circle = [(2 + middle + away * cos(turn * pi / 24), top + middle + away * sin(turn * pi / 24)) for turn in range(49)]
    drawing.line(circle, "difference", "radius")
    drawing.marks[-1]["classes"].append("thick")
    return drawing


def _figures(said: dict[str, Any]) -> None:
    """The numbers of both networks."""
    _, _, _, first, last = said["place"]
    field = f"{last - first} × {last - first}"
    skip = said["skip"]
    head = ["Share of the gradient", "Theoretical field", "90 % within", "In its middle half"]
    rows = [
        [title, field, f"{said[name]['radius']:.1f} pixels", percent(said[name]["half"]), *([percent(said[name]["skip"])] if skip else [])]
        for name, title in (("random", "Random weights"), ("trained", "After training"))
    ]
    table([*head, *([f"In the first skip’s {skip} × {skip}"] if skip else [])], rows, "Numbers of both fields")


def _told(said: dict[str, Any]) -> str:
    before, after = said["random"], said["trained"]
    told = (
        f"The gradient of the mask’s middle pixel, averaged over {said['images']} generated images ({DOMAINS[said['of']].title.lower()})."
        f" Both networks *could* see as much; 90 % of the gradient lies within {before['radius']:.1f} pixels before training and within"
        f" {after['radius']:.1f} after it."
    )
    if said["skip"] and before["skip"] > 0.5:
        told += (
            f" The bright square before training is what comes through the first skip, of level 0: {said['skip']} × {said['skip']} pixels."
        )
    if said["norm"] == "group" and after["inside"] < 0.9999:
        told += " Group normalisation measures the whole map, so a little comes from outside of every field."
    return told


def _profile(said: dict[str, Any]) -> None:
    """Both fields summed over the rows, over the distance from the middle."""
    _, _, own, first, last = said["place"]
    colours, figure = COLOURS["dark" if st.context.theme.type == "dark" else "light"], go.Figure()
    for name, title in TITLES.items():
        shares = [100 * share for share in said[name]["profile"]]
        dash = "dot" if name == "random" else "solid"
        figure.add_scatter(
            x=[place - own for place in range(len(shares))], y=shares, name=title, line={"color": colours[name], "width": 3, "dash": dash}
        )
    for edge in (first - own - 0.5, last - own - 0.5):
        figure.add_vline(x=edge, line={"color": ink(), "dash": "dash", "width": 1.5})
    size = 21 if in_lecture() else 14
    font = {"size": size, "color": ink()}
    figure.add_annotation(
        x=first - own, y=0.97, yref="paper", text="theoretical field", showarrow=False, xanchor="left", xshift=4, font=font
    )
    axis = {"tickfont": font, "title_font": font}
    figure.update_layout(
        height=480 if in_lecture() else 340,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": font},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        uirevision="effective",
        xaxis={"title": "pixels from the middle", **axis},
        yaxis={"title": "% of the gradient", **axis},
    )
    st.plotly_chart(figure, key="effective.profile", config={"displayModeBar": False}, alt="The gradient's share by column, both networks")
