"""What ``bench/fcn.py`` measured of FCN-32s, 16s and 8s with either start, told whichever way it came out."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from seglab.infer.fcn_told import KINDS
from seglab.train.study import Interval, interval
from seglab.ui.charts import ink
from seglab.ui.fcn_scene import NAMES
from seglab.ui.files import assets
from seglab.ui.links import in_lecture

MEASURES = {"boundary": "Boundary F", "mean_iou": "Mean IoU"}
STARTS = {"bilinear": "bilinear start", "random": "random start"}
COLOURS = {"bilinear": ("#0072B2", "#58ACE4"), "random": ("#D55E00", "#F0824D")}  # on light and dark ground


@cache
def results() -> dict[str, Any]:
    """What was measured, as ``bench/fcn.py`` wrote it."""
    told: dict[str, Any] = json.loads((assets() / "fcn" / "results.json").read_text(encoding="utf-8"))
    seeds = [row["seed"] for row in told["rows"]]
    told["rows"] = [row for row in told["rows"] if seeds.count(row["seed"]) == len(KINDS) * len(STARTS)]
    return told


def values(told: dict[str, Any], kind: str, start: str, measure: str) -> list[float]:
    """A measure of a network for all seeds, in their order."""
    rows = sorted(told["rows"], key=lambda row: row["seed"])
    return [row[measure] for row in rows if (row["kind"], row["start"]) == (kind, start)]


def measured_panel() -> None:
    """A chart and a table, what they say, and how it was measured."""
    told = results()
    st.header("Borders, measured")
    st.markdown(verdict(told))
    columns = st.columns(2)
    for column, (measure, title) in zip(columns, MEASURES.items(), strict=True):
        with column:
            told_alt = f"{title} of FCN-32s, 16s and 8s with bilinear and random start; the numbers are in the table"
            st.plotly_chart(_chart(told, measure, title), key=f"fcn.{measure}", config={"displayModeBar": False}, alt=told_alt)
    with st.expander("The numbers, and how they were measured", icon=":material/table_chart:"):
        st.markdown(_table(told))
        st.markdown(how(told))


def _chart(told: dict[str, Any], measure: str, title: str) -> go.Figure:
    """Every seed a point, and beside them the mean with its interval; a dashed line for the most that a grid of squares could keep."""
    figure, dark, size = go.Figure(), st.context.theme.type == "dark", 18 if in_lecture() else 13
    for side, (start, name) in zip((-0.14, 0.14), STARTS.items(), strict=True):
        colour, symbol = COLOURS[start][dark], "circle" if start == "bilinear" else "diamond"
        found = [values(told, kind, start, measure) for kind in KINDS]
        means = [interval(one) for one in found]
        x = [number + side for number in range(len(KINDS))]
        figure.add_scatter(
            x=[at - 0.07 for at, one in zip(x, found, strict=True) for _ in one],
            y=[value for one in found for value in one],
            mode="markers",
            marker={"size": 7, "color": colour, "symbol": symbol, "opacity": 0.5},
            showlegend=False,
            hovertemplate=f"{name}, one seed: %{{y:.3f}}<extra></extra>",
        )
        figure.add_scatter(
            x=x,
            y=[one.mean for one in means],
            error_y={"array": [one.reach for one in means], "thickness": 2, "width": 7},
            mode="markers",
            marker={"size": 11, "color": colour, "symbol": symbol},
            name=name,
            hovertemplate=f"{name}: %{{y:.3f}}<extra></extra>",
        )
    for number, kind in enumerate(KINDS):
        most = told["limits"][kind][measure]
        figure.add_scatter(
            x=[number - 0.32, number + 0.32],
            y=[most, most],
            mode="lines",
            line={"color": ink(), "dash": "dot", "width": 2},
            name="truth through squares",
            showlegend=not number,
            hovertemplate=f"the truth in squares of {KINDS[kind]}: {most:.3f}<extra></extra>",
        )
    figure.update_layout(
        height=380 if not in_lecture() else 460,
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        font={"color": ink(), "size": size},
        title={"text": title, "x": 0, "font": {"size": size + 3}},
        legend={"orientation": "h", "y": -0.12, "x": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"font": {"size": size}},
    )
    figure.update_layout(legend_font_size=size)
    ticks = {"tickvals": list(range(len(KINDS))), "ticktext": list(NAMES.values())}
    figure.update_xaxes(**ticks, tickfont_size=size, range=[-0.5, 2.5], showgrid=False, zeroline=False)
    figure.update_yaxes(tickfont_size=size, range=[0, 1], gridcolor="rgba(128,128,128,0.25)", zeroline=False)
    return figure


def gain(told: dict[str, Any], start: str, measure: str, better: str, worse: str) -> Interval:
    """By how much one network is better than another, seed by seed."""
    pairs = zip(values(told, better, start, measure), values(told, worse, start, measure), strict=True)
    return interval([one - other for one, other in pairs])


def verdict(told: dict[str, Any]) -> str:
    """What the numbers say, as Markdown: whether borders sharpen, and what the start is worth."""
    coarse, half, fine = (interval(values(told, kind, "bilinear", "boundary")).mean for kind in KINDS)
    sharper = [gain(told, "bilinear", "boundary", *pair) for pair in (("fcn16s", "fcn32s"), ("fcn8s", "fcn16s"), ("fcn8s", "fcn32s"))]
    sure = [one.mean - one.reach > 0 for one in sharper]
    if all(sure):
        said = f"Every finer map sharpens the borders: boundary F rises from {coarse:.2f} (32s) to {half:.2f} (16s) to {fine:.2f} (8s)."
    elif sure[2]:
        said = f"Borders sharpen from 32s to 8s: boundary F is {coarse:.2f}, then {half:.2f}, then {fine:.2f}, not surely at every step."
    else:
        said = f"The known effect does not show here: boundary F is {coarse:.2f} for 32s and {fine:.2f} for 8s, within the interval."
    return f"{said} {start_verdict(told)}"


def start_verdict(told: dict[str, Any]) -> str:
    """What the bilinear start is worth after this training, for each network."""
    worth = {}
    for kind in KINDS:
        pairs = zip(values(told, kind, "bilinear", "boundary"), values(told, kind, "random", "boundary"), strict=True)
        worth[kind] = interval([one - other for one, other in pairs])
    helped = [NAMES[kind] for kind, one in worth.items() if one.mean - one.reach > 0]
    harmed = [NAMES[kind] for kind, one in worth.items() if one.mean + one.reach < 0]
    parts = ", ".join(
        f"{NAMES[kind]} {one.mean:+.3f} ± {one.reach:.3f}".replace("-", "−").replace("FCN−", "FCN-") for kind, one in worth.items()
    )
    if helped and not harmed:
        said = f"The bilinear start helps {' and '.join(helped)}"
    elif harmed and not helped:
        said = f"A random start is even better for {' and '.join(harmed)}"
    elif helped:
        said = f"The bilinear start helps {' and '.join(helped)} and not {' and '.join(harmed)}"
    else:
        said = "After this training a random start is as good as a bilinear one, as far as these seeds can tell"
    why = ""
    if not helped:
        why = (
            " All that stands around a kernel learns along with it, so a random one need not become a tent to do as well: compare them "
            "below. In the paper the last kernel was kept bilinear, and the encoder came trained."
        )
    return f"{said} (bilinear minus random: {parts}).{why}"


def signed(number: float) -> str:
    """A difference with its sign.

    >>> signed(-0.02)
    '−0.020'
    """
    return f"{number:+.3f}".replace("-", "−")


def _table(told: dict[str, Any]) -> str:
    """Means with intervals, as Markdown."""
    lines = ["| | | " + " | ".join(MEASURES.values()) + " |\n|---|---|" + "--:|" * len(MEASURES)]
    for kind, name in NAMES.items():
        for start, words in STARTS.items():
            cells = " | ".join(str(interval(values(told, kind, start, measure))) for measure in MEASURES)
            lines.append(f"| {name} | {words} | {cells} |")
        lines.append(f"| {name} | truth in squares | " + " | ".join(f"{told['limits'][kind][measure]:.3f}" for measure in MEASURES) + " |")
    return "\n".join(lines)


def how(told: dict[str, Any]) -> str:
    """How it was measured, as Markdown."""
    config, seeds = told["config"], len({row["seed"] for row in told["rows"]})
    steps = told["first"] + 2 * told["later"]
    return (
        f"Data: generated {config['data']}, difficulty {config['difficulty']}; training crops of {config['size']} pixels, depth "
        f"{config['depth']}, width {config['width']}, batches of {config['batch']}; {told['tested']} held-out scenes. {seeds} seeds: a "
        "point is one of them, the bars are 95 % intervals of the mean.\n\n"
        f"From one encoder: FCN-32s is trained for {told['first']} steps; FCN-16s grows from its weights, the new scores starting at zero, "
        f"and FCN-8s from those {told['later']} steps later, as in [the paper](https://arxiv.org/abs/1411.4038). Meanwhile the others are "
        f"trained on, so that each has had {steps} steps, on the same batches. Unlike in the paper all kernels learn, the last one too, "
        "and a random start is random from the first step on.\n\n"
        "Boundary F: the F of border pixels, right within 2 pixels. *The truth in squares*: the true mask, known only by its shares in "
        "squares of 32, 16 or 8 pixels, and enlarged bilinearly: what interpolation could make of perfect scores. A trained kernel can "
        "do better.\n\n"
        "To measure again: `python -m seglab.bench.fcn`."
    )
