"""A student's progress: which stops were seen, which questions solved, and the last link.

It is kept in that browser's local storage and nowhere else; the session has a copy while it lasts. A lesson's page only hands over what
it knows, and its browser part draws what is kept; only the start page asks, once, and is told where its copy is behind.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from seglab.lessons import LESSONS
from seglab.lessons.lab import Lab
from seglab.lessons.path import TOLD
from seglab.stage.fields import State
from seglab.stage.lesson import Lesson

LARGEST = 50_000  # characters that a browser may tell
_COPY = "progress.copy"
_KEY = "progress"


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.progress", js="v1/progress.js")


def progress() -> dict[str, Any]:
    """The session's copy: ``lessons`` (by name, ``solved`` and ``stops`` as sorted numbers) and, once there was one, ``last``."""
    copy: dict[str, Any] = st.session_state.setdefault(_COPY, {"lessons": {}})
    return copy


def done(lesson: Lesson | Lab) -> tuple[int, int]:
    """How many questions of a lesson or lab are solved, and how many of its stops were seen."""
    own = progress()["lessons"].get(lesson.name, {"solved": [], "stops": []})
    return len(own["solved"]), len(own["stops"])


def last_stop() -> tuple[Lesson, State] | None:
    """The lesson that was open last, and its state."""
    last = progress().get("last")
    if not last:
        return None
    lesson = LESSONS[last["lesson"]]
    return lesson, lesson.read(dict(parse_qsl(last["link"])))[0]


def note_solved(lesson: Lesson | Lab, number: int) -> None:
    """A question of a lesson, by its number, was answered rightly at first try."""
    _add(lesson, "solved", number)


def keep_progress(lesson: Lesson, state: State) -> None:
    """On a lesson's page: note where it stands."""
    _add(lesson, "stops", int(state["stop"]))
    progress()["last"] = {"lesson": lesson.name, "link": urlencode(lesson.link(state))}
    _component()(key="progress_kept", height=1, data={"known": progress(), "lesson": lesson.name, "questions": 0})


def show_solved(lesson: Lesson | Lab) -> None:
    """Which questions of a lesson or lab are solved."""
    _component()(key="progress_of_lesson", data={"known": progress(), "lesson": lesson.name, "questions": len(lesson.questions)})


def ask_progress() -> None:
    """On the start page: learn what this browser has kept, and offer to forget it."""
    _component()(key=_KEY, data={"known": progress()}, on_kept_change=_told)


def _add(lesson: Lesson | Lab, what: str, number: int) -> None:
    own = progress()["lessons"].setdefault(lesson.name, {"solved": [], "stops": []})
    own[what] = sorted({*own[what], number})


def _told() -> None:
    """The browser has kept something else than the session knows of. Runs before the page does."""
    st.session_state[_COPY] = read(st.session_state[_KEY].kept)
    if not st.session_state[_COPY]["lessons"]:  # forgotten: the answers go too
        for key in [key for key in st.session_state if ".try." in str(key)]:
            del st.session_state[key]


def read(text: object) -> dict[str, Any]:
    """What can be used of a browser's `text`.

    >>> read('{"lessons": {"output_size": {"solved": [2, 99], "stops": [1]}, "gone": 1}}')
    {'lessons': {'output_size': {'solved': [2], 'stops': [1]}}}
    >>> read("damaged")
    {'lessons': {}}
    """
    try:
        found = json.loads(text) if isinstance(text, str) and len(text) <= LARGEST else {}
    except (ValueError, RecursionError):
        found = {}
    told, clean = _mapping(_mapping(found).get("lessons")), dict[str, Any](lessons={})
    for name, lesson in TOLD.items():
        if name in told:
            own, limits = _mapping(told[name]), {"solved": len(lesson.questions), "stops": max(len(lesson.stops), 1)}
            clean["lessons"][name] = {what: _numbers(own.get(what), most) for what, most in limits.items()}
    last = _mapping(_mapping(found).get("last"))
    if last.get("lesson") in LESSONS and last["lesson"] in clean["lessons"] and isinstance(last.get("link"), str):
        lesson = LESSONS[last["lesson"]]
        clean["last"] = {"lesson": lesson.name, "link": urlencode(lesson.link(lesson.read(dict(parse_qsl(last["link"])))[0]))}
    return clean


def _mapping(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _numbers(found: object, most: int) -> list[int]:
    return sorted({n for n in found if type(n) is int and 1 <= n <= most}) if isinstance(found, list) else []
