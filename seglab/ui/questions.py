"""Questions on a lesson's page: asked before they are shown, answered with the picture that says why, and asked again with new numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import streamlit as st

from seglab.lessons.lab import Lab
from seglab.stage.lesson import Asked, Lesson, Question
from seglab.ui.progress import note_solved

Show = Callable[..., None]  # brings the page to the state of its keywords


def ask(lesson: Lesson | Lab, show: Show, where: str) -> None:
    """All questions of a lesson or lab, each at its turn; `show` is what the button "Show it" and `where` does."""
    for number, question in enumerate(lesson.questions, start=1):
        turn = st.session_state.get(_turn(lesson, number), 0)
        with st.container(border=True):
            _ask(lesson, number, turn, _asked(question, turn), show, where)


@lru_cache(maxsize=500)
def _asked(question: Question, turn: int) -> Asked:
    return question(turn)


def _turn(lesson: Lesson | Lab, number: int) -> str:
    return f"{lesson.name}.try.{number}.turn"


def _ask(lesson: Lesson | Lab, number: int, turn: int, asked: Asked, show: Show, where: str) -> None:
    key = f"{lesson.name}.try.{number}.{turn}"
    st.markdown(f"**{number}.** {asked.question}")
    chosen = st.segmented_control(
        "Your answer",
        asked.choices,
        key=key,
        label_visibility="collapsed",
        persist_state="session",
        on_change=_answer,
        args=(lesson, number, key, asked.right),
    )
    said = st.empty()  # also without an answer, or what follows would be another element and lose the keyboard's focus
    if chosen is not None:
        told = f":material/check_circle: **Yes.** {asked.because}"
        said.markdown(told if chosen == asked.right else f":material/cancel: **No: {asked.right}.** {asked.because}")
    with st.container(horizontal=True, key=f"{lesson.name}.then.{number}"):
        if chosen is not None or turn:
            st.button(
                f"Show it {where}",
                key=f"{lesson.name}.show.{number}",
                icon=":material/visibility:",
                on_click=show,
                kwargs=dict(asked.shows),
                disabled=chosen is None,
            )
            st.button(
                "Another one like it",
                key=f"{lesson.name}.another.{number}",
                icon=":material/refresh:",
                on_click=_again,
                args=(lesson, number, turn),
            )


def _answer(lesson: Lesson | Lab, number: int, key: str, right: str) -> None:
    """Only the first answer of a turn counts: after it the right one is on the page."""
    first = st.session_state.setdefault(f"{key}.first", st.session_state[key])
    if first == right:
        note_solved(lesson, number)


def _again(lesson: Lesson | Lab, number: int, turn: int) -> None:
    st.session_state[_turn(lesson, number)] = turn + 1
