"""How well a run's masks fit: a table by class, what accuracy hides, and the confusion matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from seglab.data.domains import Colour
from seglab.export.theme import STEPS, Rgb, luminance, theme
from seglab.train.metrics import Scores
from seglab.ui.legend import chip
from seglab.ui.links import in_lecture

_STYLE = """<style>
.measures { width: 100%; border-collapse: collapse; line-height: 1.35; font-variant-numeric: tabular-nums; }
.measures th, .measures td { padding: 0.4em 0.15em 0.4em 0.5em; border: 0; text-align: right; }
.measures thead th, .measures tbody th, .measures tbody td { border-bottom: 1px solid rgba(128, 128, 128, 0.35); }
.measures th:first-child { padding-left: 0; text-align: left; }
.measures thead th { vertical-align: bottom; font-weight: 400; }
.measures tbody th { font-weight: 400; white-space: nowrap; }
.measures tfoot th, .measures tfoot td { font-weight: 700; }
</style>"""


def measures_panel(scores: dict[str, Any], classes: Sequence[str], colours: Sequence[Colour]) -> None:
    """The metrics of a run, from the plain data of its `Scores`, with the classes' names and colours."""
    found, large, dark = Scores.from_json(scores), in_lecture(), st.context.theme.type == "dark"
    left, right = st.columns([1.15, 1])
    with left:
        st.html(table(found, classes, colours))
        st.markdown(what_accuracy_hides(found, classes))
    with right:
        figure, settings = matrix(found, classes, dark, large), {"displayModeBar": False}
        st.plotly_chart(figure, key="confusion", config=settings, alt=matrix_in_words(found, classes))


def table(scores: Scores, classes: Sequence[str], colours: Sequence[Colour]) -> str:
    """Share of the truth, IoU, Dice and boundary F of every class and their means, as an HTML table."""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("class", "share of truth", "IoU", "Dice", "boundary F"))
    columns = scores.shares, scores.iou, scores.dice, scores.boundary
    rows = [
        f'<tr><th scope="row">{chip(colour)}{escape(name)}</th><td>{percent(share)}</td>{"".join(map(_cell, values))}</tr>'
        for name, colour, share, *values in zip(classes, colours, *columns, strict=True)
    ]
    means = "".join(map(_cell, (scores.mean_iou, scores.mean_dice, scores.mean_boundary)))
    return (
        f'{_STYLE}<table class="measures" aria-label="Metrics by class"><thead><tr>{head}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody><tfoot><tr><th scope="row">mean</th><td></td>{means}</tr></tfoot></table>'
    )


def _cell(value: float) -> str:
    if math.isnan(value):
        return '<td title="nothing to compare: neither prediction nor truth has any">–</td>'
    return f'<td title="{value:.6f}">{value:.3f}</td>'


def percent(share: float) -> str:
    """A share in per cent.

    >>> percent(0.8127), percent(float("nan"))
    ('81.3 %', '–')
    """
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


def what_accuracy_hides(scores: Scores, classes: Sequence[str]) -> str:
    """Accuracy and mean IoU of this network beside those of the best answer that never looks at the image.

    >>> import numpy as np
    >>> scores = Scores(np.array([[90, 5], [1, 4]]), np.array([0.9, 0.5]))
    >>> what_accuracy_hides(scores, ["background", "vessel"]).replace("**", "").split(". ")[-1]
    'Calling every pixel background would be right in 95.0 % of them, at a mean IoU of 0.475.'
    """
    if not scores.confusion.any():
        return "There are no pixels to compare yet."
    best, accuracy, iou = scores.constant
    return (
        f"**Accuracy {percent(scores.accuracy)}**: so many pixels are right, at a mean IoU of {scores.mean_iou:.3f}."
        f" Calling every pixel {classes[best]} would be right in **{percent(accuracy)}** of them, at a mean IoU of **{iou:.3f}**."
    )


def matrix(scores: Scores, classes: Sequence[str], dark: bool, large: bool = False) -> go.Figure:
    """The confusion matrix as a picture: a row is a class of the truth, a cell the share of its pixels that were given a class."""
    palette, names = theme(dark), list(classes)
    scale = [[step / STEPS, _css(tone.fill)] for step, tone in enumerate(palette.up)]
    rows = scores.rows.tolist()
    told = [
        [f"{real} called {given}: {count:,} pixels" for given, count in zip(names, counts, strict=True)]
        for real, counts in zip(names, scores.confusion.tolist(), strict=True)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=[[None if math.isnan(share) else share for share in row] for row in rows],
            x=names,
            y=names,
            zmin=0,
            zmax=1,
            colorscale=scale,
            showscale=False,
            xgap=2,
            ygap=2,
            hovertext=told,
            hoverinfo="text",
        )
    )
    font = 20 if large else 14
    for real, row in zip(names, rows, strict=True):
        for given, share in zip(names, row, strict=True):
            fill = palette.paper if math.isnan(share) else palette.up[round(share * STEPS)].fill
            text = {"color": _word_on(fill), "size": font if large or len(names) < 5 else 12}
            figure.add_annotation(x=given, y=real, text=percent(share), showarrow=False, font=text)
    ink, line = _css(palette.ink), _css(palette.line)
    words = {"title_font": {"color": ink, "size": font}, "tickfont": {"color": ink, "size": font}, "fixedrange": True, "showgrid": False}
    frame = {"showline": True, "mirror": True, "linecolor": line}
    figure.update_xaxes(title="prediction", range=[-0.5, len(names) - 0.5], **words, **frame)
    figure.update_yaxes(title="truth", range=[len(names) - 0.5, -0.5], **words, **frame)
    height = (84 if large else 58) * max(len(names), 3) + 5 * font
    figure.update_layout(height=height, margin={"l": 10, "r": 10, "t": 10, "b": 10, "pad": 0}, font_size=font)
    return figure


def matrix_in_words(scores: Scores, classes: Sequence[str]) -> str:
    """What the confusion matrix shows, in a sentence.

    >>> import numpy as np
    >>> matrix_in_words(Scores(np.array([[90, 5], [1, 4]]), np.array([0.9, 0.5])), ["background", "vessel"])
    'Confusion matrix. Of background, 94.7 % is called background, 5.3 % vessel. Of vessel, 20.0 % is called background, 80.0 % vessel.'
    """
    sentences = [
        f"Of {real}, " + ", ".join(f"{percent(share)}{' is called' if not i else ''} {classes[i]}" for i, share in enumerate(row)) + "."
        for real, row in zip(classes, scores.rows.tolist(), strict=True)
        if not math.isnan(row[0])
    ]
    return " ".join(["Confusion matrix.", *sentences])


def _css(colour: Sequence[int]) -> str:
    return f"rgb({', '.join(map(str, colour))})"


def _word_on(fill: Rgb) -> str:
    """Black or white, whichever has the contrast of 4.5 that small type needs on any grey."""
    return "#000000" if luminance(fill) > 0.179 else "#ffffff"
