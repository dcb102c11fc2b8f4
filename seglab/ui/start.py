"""The start page: the path through the lessons, what to know before, how long it takes, and where one left off."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from seglab.lessons import LESSONS
from seglab.lessons.labs import LABS
from seglab.lessons.path import PATH, SECTIONS, TOLD, TRAIN
from seglab.ui.files import assets, card_address, cards_served
from seglab.ui.frame import icon_of, pages
from seglab.ui.links import kept, last
from seglab.ui.progress import ask_progress, done, last_stop

TRAIN_MINUTES = 5
A_ROW = 3


def path() -> None:
    """Where to go on, then a card for each page in order, and what the browser keeps."""
    minutes = sum(told.minutes for told in TOLD.values()) + TRAIN_MINUTES
    st.markdown(
        f"**The path** has {len(LESSONS)} lessons, {len(LABS)} labs and a training, about {minutes} minutes in all. Each stands on its own,"
        " too. It helps to have seen a neural network before: layers, weights, and that training changes them. No mathematics beyond sums"
        " of products is needed, and no programming."
    )
    with st.container(key="go_on"):
        _go_on()
    for title, names in SECTIONS.items():
        st.header(title)
        told = [_told(PATH.index(name) + 1, name) for name in names]
        for first in range(0, len(told), A_ROW):
            for column, card in zip(st.columns(A_ROW), told[first : first + A_ROW], strict=False):
                with column:
                    _card(*card)
    ask_progress()
    label = "Privacy: what is kept of you, where, and for how long"
    st.page_link(pages()["privacy"], label=label, icon=icon_of("privacy"), query_params=kept())


def _go_on() -> None:
    """The way in: the first lesson, or the last one that was open, as it was left."""
    left = last_stop()
    if left is None:
        first = TOLD[PATH[0]]
        st.page_link(pages()[first.name], label=f"Begin with {first.title}", icon=":material/start:", query_params=kept())
        return
    lesson, state = left
    label = f"Go on where you left off: {lesson.title}"
    if lesson.stops:
        label += f", {state['stop']}. {lesson.stops[state['stop'] - 1].title}"
    st.page_link(pages()[lesson.name], label=label, icon=":material/resume:", query_params={**lesson.link(state), **kept()})


def _told(number: int, name: str) -> tuple[str, str, str, str]:
    if name == TRAIN:
        card = "Train a small network on generated cells in half a minute, then segment a picture of your own."
        return name, f"{number}. A U-Net, live", card, f"About {TRAIN_MINUTES} minutes"
    lesson = TOLD[name]
    solved, seen = done(lesson)
    told = f"About {lesson.minutes} minutes"
    if lesson.questions:
        asked = len(lesson.questions)
        check = ":material/check_circle: " if solved == asked else ""
        told += f" · {check}{solved} of {asked} questions solved" if solved else f" · {asked} questions"
    if seen and lesson.stops:
        told += f" · {seen} of {len(lesson.stops)} stops seen"
    return name, f"{number}. {lesson.title}", lesson.card, told


def _picture(file: Path, alt: str) -> None:
    """A card's picture, fetched once it comes into sight where the server has it for all."""
    if cards_served():
        shown = "width: 100%; aspect-ratio: 7 / 4; border-radius: 0.5rem; display: block"
        st.html(f'<img src="{card_address(file)}" alt="{escape(alt)}" loading="lazy" decoding="async" style="{shown}">')
    else:
        st.image(str(file), alt=alt, width="stretch")


def _card(name: str, title: str, text: str, told: str) -> None:
    """A page's picture and text, and a link that puts its last state back."""
    with st.container(border=True, height="stretch"):
        _picture(assets() / f"{name}-{st.context.theme.type or 'light'}.png", f"Picture of the page {title}")
        st.markdown(f"**{title}**\n\n{text}\n\n{told}")
        st.page_link(pages()[name], label=f"Open {title.split('. ', 1)[-1]}", icon=":material/arrow_forward:", query_params=last(name))
