"""The skeleton of a lab's page: title and sentence first, and at its end Try this and a short text."""

from __future__ import annotations

from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from seglab.lessons.lab import Lab
from seglab.ui.hiding import hidden
from seglab.ui.links import in_lecture, kept, remember
from seglab.ui.progress import show_solved
from seglab.ui.questions import ask
from seglab.ui.words import text_with_tips

_SHOWN = "lab.shown"  # how often a question has brought its picture to the page


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.lab", js="v1/lab.js")


def begin(lab: Lab) -> None:
    """The title, and what the lab is about."""
    st.title(lab.title)
    st.markdown(lab.sentence)


def end(lab: Lab) -> None:
    """Questions and text, and a note of the page's address for links back to it."""
    remember(lab.name, {name: st.query_params[name] for name in st.query_params})
    if lab.questions and not hidden("questions", "Try this: questions"):
        st.header("Try this")
        show_solved(lab)
        ask(lab, _go_to, "above")
        _component()(key="lab", height=1, data={"shown": st.session_state.get(_SHOWN, 0)})
    if lab.text and not in_lecture() and not hidden("text", "Text below"):
        text_with_tips(lab.text)


def _go_to(**parameters: object) -> None:
    """Bring the page to what its address then says. For callbacks of buttons."""
    st.query_params.from_dict({**{name: str(value) for name, value in parameters.items()}, **kept()})
    st.session_state[_SHOWN] = st.session_state.get(_SHOWN, 0) + 1
