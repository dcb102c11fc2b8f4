"""Does the mask move with the picture? Its consistency by shift, with zeros beyond the maps' edges and with the other side."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from seglab.infer.inside_told import Shifts
from seglab.nets import Architecture
from seglab.train.asked.inside import inside_shifts
from seglab.ui.addressed import choice
from seglab.ui.charts import ink
from seglab.ui.inside_asked import Asked
from seglab.ui.inside_pictures import power
from seglab.ui.links import in_lecture
from seglab.ui.measures import percent
from seglab.ui.table import table
from seglab.ui.waiting import FIGURE, arrived
from seglab.ui.waiting import asked as ask

COUNTED = {"all": "all pixels", "there": "pixels of objects"}
COLOURS = {"light": {"zeros": "#C25400", "around": "#0072B2"}, "dark": {"zeros": "#F0824D", "around": "#58ACE4"}}
NAMES = {"zeros": "zero padding, as trained", "around": "circular padding, same weights"}


def shifts_part(asked: Asked) -> None:
    """The chart with both lines, what it says, and the table on demand."""
    question = (asked.source.version, asked.picture.source, asked.picture.number, asked.picture.mark)
    answer = ask("inside.shifts", question, lambda: inside_shifts(asked.store, asked.source.weights, asked.picture))
    found = arrived(answer, "A worker rolls the picture by one pixel after the other…", "This picture cannot be looked at: ", FIGURE)
    if found is None:
        return
    if found.done:
        st.caption(found.done)
    counted = choice("Counted", "counted", COUNTED, "all")
    lines = (found.zeros, found.around) if counted == "all" else (found.zeros_there, found.around_there)
    named = dict(zip(NAMES, lines, strict=True))
    st.plotly_chart(_chart(found.shifts, named, asked.net.depth), key="inside.chart", config={"displayModeBar": "hover"}, alt=_alt(named))
    st.markdown(verdict(found, asked.net))
    if found.plane:
        _planes(found)
    with st.expander("The numbers", key="inside.numbers.shifts"):
        rows = [[str(shift), percent(zeros), percent(around)] for shift, zeros, around in zip(found.shifts, *lines, strict=True)]
        table(["Shift in pixels", "Zero padding", "Circular padding"], rows, "Consistency of the mask by shift")


def verdict(found: Shifts, net: Architecture) -> str:
    """What was done, and what came out.

    >>> shifts = Shifts([0, 1, 2], [1, 0.9, 0.95], [1, 0.9, 1], [1, 1, 1], [1, 1, 1], {}, 128, "")
    >>> verdict(shifts, Architecture(depth=1))[-106:]
    'multiples of 2¹ = 2 pixels the mask is **the same, 100 %**; in between down to 90.0 %. With zeros: 90.0 %.'
    """
    period = 2**net.depth
    whole = [value for shift, value in zip(found.shifts, found.around, strict=True) if shift % period == 0]
    between = min(value for shift, value in zip(found.shifts, found.around, strict=True) if shift % period)
    beyond = (
        "zeros beyond every map’s edge, as it was trained, and once more with the same weights and the other side of the map there"
        if net.padding == "same"
        else "zeros around it, and once more going on from its other side, since this network itself pads nothing"
    )
    exact = "**the same, 100 %**" if min(whole) == 1 else f"the same in {percent(min(whole))}"
    group = (
        " Group normalisation measures the border, too, so nothing repeats exactly here." if min(whole) < 1 and net.norm == "group" else ""
    )
    return (
        f"The picture ({found.side} × {found.side}) is rolled to the right: what leaves comes back on the left. Its mask, rolled back, is"
        f" compared with the one before, pixel by pixel: with {beyond}. Measured on this one picture.\n\n"
        f"Going around, at multiples of 2{power(net.depth)} = {period} pixels the mask is {exact}; in between down to"
        f" {percent(between)}.{group}"
        f" With zeros: {percent(min(found.zeros))}."
    )


def _chart(shifts: list[int], lines: dict[str, list[float]], depth: int) -> go.Figure:
    colours, figure = COLOURS["dark" if st.context.theme.type == "dark" else "light"], go.Figure()
    large, period = in_lecture(), 2**depth
    for name, shares in lines.items():
        dash, symbol = ("dot", "x") if name == "zeros" else ("solid", "circle")
        figure.add_scatter(
            x=shifts,
            y=[100 * share for share in shares],
            name=NAMES[name],
            mode="lines+markers",
            line={"color": colours[name], "width": 3, "dash": dash},
            marker={"size": 11 if large else 8, "symbol": symbol},
        )
    for shift in shifts[::period]:
        figure.add_vline(x=shift, line={"color": ink(), "dash": "dash", "width": 1})
    font = {"size": 21 if large else 14, "color": ink()}
    axis = {"tickfont": font, "title_font": font}
    figure.update_layout(
        height=480 if large else 340,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": font},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        uirevision="shifts",
        xaxis={"title": f"shift to the right, pixels; dashed: multiples of {period}", "dtick": max(1, period // 4), **axis},
        yaxis={"title": "% of pixels the same", **axis},
    )
    return figure


def _alt(lines: dict[str, list[float]]) -> str:
    told = ", ".join(f"{NAMES[name]} from {percent(min(shares))} to {percent(max(shares))}" for name, shares in lines.items())
    return f"Share of the mask that stays the same, by shift: {told}"


def _planes(found: Shifts) -> None:
    """Shifts down and right, as two squares of cells."""
    st.header("Down and to the right", anchor=False)
    low = 100 * min(min(row) for plane in found.plane.values() for row in plane)
    for column, (name, plane) in zip(st.columns(2, gap="medium"), found.plane.items(), strict=True):
        shares = 100 * np.array(plane)
        figure = go.Figure(_cells(shares, low))
        font = {"size": 18 if in_lecture() else 13, "color": ink()}
        axis = {"tickfont": font, "title_font": font, "dtick": 1}
        figure.update_layout(
            height=360,
            margin={"l": 10, "r": 10, "t": 30, "b": 10},
            title={"text": NAMES[name].capitalize(), "font": font},
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            xaxis={"title": "right, pixels", "range": [-0.5, len(shares) - 0.5], "constrain": "domain", **axis},
            yaxis={"title": "down, pixels", "range": [len(shares) - 0.5, -0.5], "scaleanchor": "x", "constrain": "domain", **axis},
        )
        alt = f"{NAMES[name]}: from {shares.min():.1f} to {shares.max():.1f} %"
        column.plotly_chart(figure, key=f"inside.plane.{name}", config={"displayModeBar": False}, alt=alt)


def _cells(shares: Any, low: float) -> go.Heatmap:
    bar = {"ticksuffix": " %", "tickfont": {"color": ink()}, "thickness": 12}
    return go.Heatmap(z=shares, zmin=low, zmax=100, colorscale="Cividis", colorbar=bar, hovertemplate="%{z:.2f} %<extra></extra>")
