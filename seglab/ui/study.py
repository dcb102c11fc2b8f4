"""A study on a page: what it asks and how it was planned, the figure, what the seeds can say, and the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from seglab.train.study import Interval, Measure, Row, Study, as_csv, complete, interval, values, verdicts
from seglab.ui.addressed import choice
from seglab.ui.charts import ink
from seglab.ui.links import in_lecture
from seglab.ui.table import table

# On light and on dark ground, with a sign of its own for each: nothing is told by colour alone.
LOOKS = (
    ("#0072B2", "#58ACE4", "circle", "solid"),
    ("#D55E00", "#F0824D", "diamond", "dash"),
    ("#00795A", "#2DBE93", "square", "dot"),
    ("#A3477A", "#DB9BBF", "triangle-up", "dashdot"),
    ("#8A6100", "#F2B742", "x", "longdash"),
)
OWN = "star-open"
FEW = 4  # comparisons that are read at a glance; more are folded away
LINE = 20  # letters of an arm's name in one line


def show_study(study: Study, rows: Sequence[Row], own: Sequence[Row] = (), text: str = "") -> None:
    """The study `study` with what was measured of it; `own` are the visitor's rows, drawn beside; `text` is what the page says of it."""
    st.markdown(f"**{study.question}** {study.known}")
    measure = _measure(study)
    if rows or own:
        settings = _settings(study, measure)
        alt = f"{measure.title} of {study.title}; its numbers are in the table below"
        st.plotly_chart(figure(study, rows, measure, own), key=f"study.{study.name}.{measure.name}", config=settings, alt=alt)
    else:
        st.info("Nothing of this study has been measured yet.", icon=":material/hourglass_top:")
    pairs = verdicts(study, rows, measure.name)
    if text:
        st.markdown(text)
    if len(pairs) <= FEW:
        st.markdown("\n\n".join(pairs))
    else:
        with st.expander(f"Each beside {study.arms[study.reference]}", icon=":material/compare_arrows:"):
            st.markdown("\n".join(f"- {said}" for said in pairs))
    if rows and not complete(study, rows):
        st.caption(f"{len(rows)} of {len(study.cases)} trainings are done; the others are missing here.")
    st.caption(planned(study))
    with st.expander("The numbers", icon=":material/table_chart:"):
        numbers(study, rows)
        st.download_button("All rows, as CSV", as_csv(study, [*rows, *own]), f"{study.name}.csv", "text/csv", on_click="ignore")
        if study.command:
            # Its content is made when it is open: half a megabyte of highlighter is loaded for the first code on a page.
            again = st.popover("Measure again", icon=":material/terminal:", on_change="rerun", key=f"again.{study.name}")
            if again.open:
                again.code(study.command, language=None, wrap_lines=True)


def planned(study: Study) -> str:
    """Data, length and seeds, as they were settled before these seeds were trained."""
    seeds = f"{len(study.seeds)} seeds: a point is one of them, the bar is the mean with its 95 % interval."
    return f"The plan: {study.data} {study.length} {seeds}"


def numbers(study: Study, rows: Sequence[Row]) -> None:
    """Means with their intervals, a line for each arm and place."""
    head = ["Compared", *([study.axis] if study.axis else []), *(measure.title for measure in study.measures)]
    lines = [
        [words, *([f"{x:g}"] if x is not None else []), *(_cell(measure, values(rows, measure.name, arm, x)) for measure in study.measures)]
        for arm, words in study.arms.items()
        for x in (study.xs or (None,))
    ]
    table(head, lines, f"Numbers of {study.title}")


def _cell(measure: Measure, found: dict[int, float]) -> str:
    return measure.spread(interval(list(found.values()))) if found else "–"


def _measure(study: Study) -> Measure:
    """The measure that the figure shows, from the address."""
    titles = {measure.name: measure.title for measure in study.measures}
    first = study.measures[0].name
    if len(titles) == 1:
        return study.measures[0]
    return study.measure(choice("Measured", "measure", titles, first))


def _settings(study: Study, measure: Measure) -> dict[str, Any]:
    """The figure's one button: a PNG for a slide."""
    picture = {"format": "png", "scale": 3, "filename": f"seglab-{study.name}-{measure.name}"}
    return {"displaylogo": False, "modeBarButtons": [["toImage"]], "toImageButtonOptions": picture}


def figure(study: Study, rows: Sequence[Row], measure: Measure, own: Sequence[Row] = ()) -> go.Figure:
    """Every seed a point, and the mean with its interval: a line for each arm over the axis, or a row for each arm where there is none."""
    drawn = _over_axis(study, rows, measure, own) if study.axis else _in_rows(study, rows, measure, own)
    size = 20 if in_lecture() else 14
    font, grid = {"color": ink(), "size": size}, "rgba(128,128,128,0.25)"
    drawn.update_layout(
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        font=font,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": font},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"font": {"size": size}},
        uirevision=study.name,
    )
    drawn.update_xaxes(tickfont=font, title_font=font, gridcolor=grid, zeroline=False, fixedrange=True, automargin=True)
    drawn.update_yaxes(tickfont=font, title_font=font, gridcolor=grid, zeroline=False, fixedrange=True, automargin=True)
    return drawn


def _dark() -> int:
    return int(st.context.theme.type == "dark")


def _in_rows(study: Study, rows: Sequence[Row], measure: Measure, own: Sequence[Row]) -> go.Figure:
    """The arms below each other, the first at the top."""
    made, names = go.Figure(), ["<br>".join(wrap(words, LINE)) for words in study.arms.values()]
    for number, arm in enumerate(study.arms):
        colour, symbol = LOOKS[number % len(LOOKS)][_dark()], LOOKS[number % len(LOOKS)][2]
        found, at = list(values(rows, measure.name, arm).values()), len(names) - 1 - number
        _points(made, found, [at + 0.16] * len(found), colour, symbol, sideways=True)
        if found:
            mean = interval(found)
            bar = {"array": [_end(mean)], "thickness": 3, "width": 8, "color": colour}
            marker = {"size": 14, "color": colour, "symbol": symbol}
            told = f"{study.arms[arm]}: {measure.spread(mean)}<extra></extra>"
            made.add_scatter(x=[mean.mean], y=[at - 0.08], error_x=bar, mode="markers", marker=marker, showlegend=False, hovertemplate=told)
        yours = list(values(own, measure.name, arm).values())
        _points(made, yours, [at - 0.3] * len(yours), ink(), OWN, sideways=True, name="your runs" if number == 0 else "")
    made.update_layout(height=(110 if in_lecture() else 84) * len(names) + 90)
    made.update_xaxes(title=measure.title, range=measure.range)
    made.update_yaxes(tickvals=list(range(len(names))), ticktext=names[::-1], range=[-0.6, len(names) - 0.4], showgrid=False)
    return made


def _over_axis(study: Study, rows: Sequence[Row], measure: Measure, own: Sequence[Row]) -> go.Figure:
    """A line for each arm."""
    made, wide = go.Figure(), study.xs[0] > 0 and study.xs[-1] / study.xs[0] >= 8
    for number, (arm, words) in enumerate(study.arms.items()):
        light, dark, symbol, dash = LOOKS[number % len(LOOKS)]
        colour = (light, dark)[_dark()]
        found = {x: list(seeds.values()) for x in study.xs if (seeds := values(rows, measure.name, arm, x))}
        for x, here in found.items():
            _points(made, here, [x] * len(here), colour, symbol)
        means = [interval(here) for here in found.values()]
        bars = {"array": [_end(mean) for mean in means], "thickness": 2, "width": 7, "color": colour}
        marker, line = {"size": 11, "color": colour, "symbol": symbol}, {"color": colour, "dash": dash, "width": 3}
        told = f"{words}, %{{x:g}} {study.axis}: %{{y:.{measure.digits}f}}<extra></extra>"
        y = [mean.mean for mean in means]
        made.add_scatter(x=list(found), y=y, error_y=bars, mode="lines+markers", marker=marker, line=line, name=words, hovertemplate=told)
        for place in study.xs:
            yours = list(values(own, measure.name, arm, place).values())
            _points(made, yours, [place] * len(yours), colour, OWN, name=f"your runs: {words}" if place == study.xs[0] else "")
    made.update_layout(height=560 if in_lecture() else 420, showlegend=len(study.arms) > 1 or bool(own))
    ticks = {"tickvals": list(study.xs), "ticktext": [f"{x:g}" for x in study.xs]}
    made.update_xaxes(title=study.axis, type="log" if wide else "linear", **ticks)
    made.update_yaxes(title=measure.title, range=measure.range)
    return made


def _end(found: Interval) -> float:
    """How long a bar is drawn: not at all where one seed can tell no interval."""
    return found.reach if isfinite(found.reach) else 0.0


def _points(
    made: go.Figure, found: Sequence[float], at: Sequence[float], colour: str, symbol: str, sideways: bool = False, name: str = ""
) -> None:
    """One point for every seed."""
    if not found:
        return
    marker = {"size": 8 if symbol != OWN else 13, "color": colour, "symbol": symbol, "opacity": 0.5 if symbol != OWN else 1}
    told = f"%{{{'x' if sideways else 'y'}:.3f}}<extra>{'your run' if symbol == OWN else 'one seed'}</extra>"
    x, y = (found, at) if sideways else (at, found)
    made.add_scatter(x=x, y=y, mode="markers", marker=marker, name=name, showlegend=bool(name), hovertemplate=told)
