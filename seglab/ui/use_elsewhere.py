"""Somewhere else: how sure a network is of what it never learned, and how wrong; beside its own domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from seglab.data.domains import DOMAINS
from seglab.data.strange import STRANGE
from seglab.infer.levels import LEVELS
from seglab.train.asked.segmenting import Used, elsewhere_told
from seglab.train.study import interval
from seglab.ui.network_source import Source
from seglab.ui.runs import open_store
from seglab.ui.table import table
from seglab.ui.use_charts import GRID, show_chart
from seglab.ui.use_mask import judged, share, show_overlay
from seglab.ui.use_picture import Given
from seglab.ui.waiting import FIGURE, arrived, asked

BINS = 20
MUCH = 0.05  # of the pixels, surely wrong: from here on it is called nonsense
SPACE = "\N{NO-BREAK SPACE}"
SCENES = 16  # as in infer/elsewhere.py, which loads torch


def elsewhere(source: Source, given: Given, used: Used) -> None:
    """The picture with what the network makes of it, how sure it is, and the same over many pictures from everywhere."""
    numbers, said = figures_of(source, given, used.told)
    show_overlay(source, given, used, numbers, key="elsewhere")
    st.markdown(said)
    answer = asked("elsewhere", source.name, lambda: elsewhere_told(open_store(), source.weights), source.version)
    found = arrived(answer, "A worker shows the network pictures from everywhere…", "This network cannot be asked: ", FIGURE)
    if found is None:
        return
    places = found.told
    st.header("How sure is it, here and at home?")
    told = "Share of pixels by the probability of the class that is chosen, for this picture and for the network's own domain"
    show_chart(_histogram(given.title, used.told["sure"], places.get("own", {}).get("sure")), "elsewhere-sure", told)
    st.header("Everywhere")
    st.markdown(verdict(source, places))
    _table(source, places)


def figures_of(source: Source, given: Given, told: dict[str, Any]) -> tuple[list[tuple[str, str]], str]:
    """How sure the network is of one picture, and how wrong, as names with numbers; and a sentence to it."""
    sure = [("Mean certainty", f"{told['mean_sure']:.3f}"), (f"Surer than 95{SPACE}%", share(told["surer"]))]
    if told["confusion"] is not None:
        right, ious = judged(told["confusion"])
        there = [iou for iou in ious if iou is not None]
        said = "This is its own domain: it knows what it sees. Choose a picture from elsewhere below."
        return [*sure, ("Right", f"{share(right)}"), ("Mean IoU", f"{sum(there) / len(there):.3f}")], said
    if not given.own_size:
        return sure, "Nobody has drawn the true mask of this picture, so how wrong it is cannot be counted."
    if has_nothing(source):
        found = 1 - told["shares"][0]
        end = " Every one of these pixels is wrong." if found else " It says so, too: that is right."
        return [
            *sure,
            (f"Called {source.classes[1]}" if len(source.classes) == 2 else "Called something", share(found)),
            ("IoU", "0" if found else "–"),
        ], f"{nothing_there(source)}.{end}"
    return [*sure, ("Right", f"0{SPACE}%"), ("IoU", "0")], f"{nothing_there(source)}: whatever it says is wrong."


def has_nothing(source: Source) -> bool:
    """Whether class 0 stands for what is not looked for; it is black then."""
    return not any(source.colours[0])


def nothing_there(source: Source) -> str:
    """That no class of the network is in a picture.

    >>> from types import SimpleNamespace
    >>> nothing_there(SimpleNamespace(classes=("background", "lung", "lesion"), colours=((0, 0, 0), (0, 0, 1), (1, 0, 0))))
    'There is no lung or lesion here'
    """
    names = source.classes[1:] if has_nothing(source) else source.classes
    told = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    return f"There is no {told} here"


def plainly(place: str) -> str:
    """What a place is called within a sentence.

    >>> plainly("xray"), plainly("landcover")
    ('X-ray', 'land cover')
    """
    title = title_of(place)
    return title if title[1:2] == "-" else title.lower()


def title_of(place: str) -> str:
    """What a place is called."""
    return STRANGE[place][0] if place in STRANGE else DOMAINS[place].title if place in DOMAINS else "Its own domain"


def mean_of(row: dict[str, Any], name: str) -> float:
    return float(interval(row[name]).mean)


def verdict(source: Source, places: dict[str, Any]) -> str:
    """What was found, whichever way it comes out: where it is most surely wrong, and where its certainty drops."""
    others = {place: row for place, row in places.items() if place != "own"}
    worst = max(others, key=lambda place: mean_of(others[place], "surely_wrong"))
    wrong, certainty = mean_of(others[worst], "surely_wrong"), mean_of(others[worst], "mean_sure")
    least = min(others, key=lambda place: mean_of(others[place], "mean_sure"))
    there = plainly(worst)
    if wrong >= MUCH:
        said = f"**Confident nonsense:** of {there} it gets {share(wrong)} of the pixels wrong while it is surer than 95{SPACE}%"
    else:
        said = f"**Little confident nonsense:** even of {there} it gets only {share(wrong)} of the pixels wrong while surer than 95{SPACE}%"
    said += f"; its mean certainty there is {certainty:.3f}"
    home = f", at home {mean_of(places['own'], 'mean_sure'):.3f}" if "own" in places else ""
    surer = []
    for place, row in others.items():
        if "own" in places and mean_of(row, "mean_sure") > mean_of(places["own"], "mean_sure"):
            surer.append(f"{plainly(place)} (right in {share(mean_of(row, 'right'))})")
    more = f" It is surer than at home of {listed(surer)}." if surer else ""
    doubts = f" It doubts most of {plainly(least)} ({mean_of(others[least], 'mean_sure'):.3f})."
    return f"{said}{home}.{more}{doubts} Certainty is no warning: a softmax only compares the classes that there are."


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _table(source: Source, places: dict[str, Any]) -> None:
    rows = []
    for place, row in places.items():
        biggest = sorted(range(len(row["shares"])), key=lambda number: -row["shares"][number])[:2]
        says = ", ".join(f"{row['shares'][number]:.0%} {source.classes[number]}" for number in biggest)
        cells = [_spread(row[name]) for name in ("mean_sure", "surer", "right", "surely_wrong")]
        rows.append((title_of(place), says, *cells))
    table(
        (
            "Pictures",
            "it says",
            "mean certainty",
            f"surer than 95{SPACE}%",
            "right",
            f"wrong, surer than 95{SPACE}%",
        ),
        rows,
        "Certainty by domain",
    )
    wrong = "every pixel of another class than the first is wrong" if has_nothing(source) else "every pixel is wrong"
    st.caption(
        f"Mean over {SCENES} pictures of 128 × 128 pixels from each place, none of them ever trained on, with Student’s 95 % "
        "interval over the"
        f" pictures; one trained network. Certainty is the probability of the class that is chosen. Elsewhere {wrong}, since "
        "none of its classes"
        " is there."
    )


def _spread(values: Sequence[float]) -> str:
    found = interval(values)
    return f"{found.mean:.3f} ± {found.reach:.3f}"


def shares_of(levels: Sequence[int]) -> list[float]:
    """How large a share of the pixels lies in each of 20 steps of certainty; what is certain belongs to the last.

    >>> shares_of([0] * 199 + [1, 3])[-1]
    1.0
    """
    step, total = LEVELS // BINS, max(1, sum(levels))
    bins = [sum(levels[first : first + step]) for first in range(0, LEVELS, step)]
    bins[-1] += levels[LEVELS]
    return [count / total for count in bins]


def _histogram(title: str, here: Sequence[int], home: Sequence[int] | None) -> go.Figure:
    at = [(number + 0.5) / BINS for number in range(BINS)]
    figure = go.Figure()
    if home is not None:
        figure.add_bar(x=at, y=shares_of(home), name="its own domain", marker={"color": "#009E73"})
    figure.add_bar(
        x=at, y=shares_of(here), name=title, marker={"color": "#D55E00", "pattern": {"shape": "/", "fillmode": "overlay", "solidity": 0.25}}
    )
    figure.update_xaxes(title="probability of the class that is chosen", range=[0, 1], **GRID)
    figure.update_yaxes(title="share of the pixels", tickformat=".0%", **GRID)
    figure.update_layout(barmode="group", bargap=0.1)
    return figure
