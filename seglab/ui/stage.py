"""The stage on a page: it owns the values, and Python reads them from the link.

The stage settles after a moment of rest: it puts the new link into the browser's history itself and tells Python, which sets the very same
one. `rev` rises only when the link differs from what the stage last knew (a scenario, Back, a copied link), and only then does the stage
take the state; an echo of its own settle never moves anything under a hand.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from seglab.pipeline import Pipeline
from seglab.stage.fields import State
from seglab.stage.lesson import Lesson, build
from seglab.ui.hiding import hidden_on_stage
from seglab.ui.links import in_lecture, kept, kept_of, remember


@cache
def _component() -> ComponentRenderer:
    """The stage as a component; it can be declared only where a server runs."""
    return st.components.v2.component("seglab.stage", js="v1/main.js", css="v1/stage.css")


def read_state(lesson: Lesson) -> tuple[State, Pipeline]:
    """The state in this page's link, worked out; what cannot be used is said on the page, and the lesson's own values stand in."""
    state, pipeline, problems = _read(lesson)
    if problems:
        st.warning("\n\n".join(problems), icon=":material/link_off:")
    return state, pipeline


def state_shown(lesson: Lesson) -> tuple[State, Pipeline]:
    """The same for another part of the page, which need not say it again."""
    return _read(lesson)[:2]


def _read(lesson: Lesson) -> tuple[State, Pipeline, list[str]]:
    state, problems = lesson.read({name: st.query_params[name] for name in st.query_params})
    try:
        return state, build(lesson, state), problems
    except ValueError as error:
        problems.append(f"These settings are impossible together ({error}): the lesson starts from its own.")
        return lesson.defaults, build(lesson, lesson.defaults), problems


def show_stage(lesson: Lesson, state: State) -> None:
    """Mount the stage of a lesson in `state`."""
    memory = st.session_state.setdefault(f"stage.{lesson.name}", {"rev": 0, "link": None, "ack": 0})
    link = lesson.link(state)
    if memory["link"] != link:
        memory["link"] = link
        memory["rev"] += 1
    remember(lesson.name, link)
    extra = kept()
    told = {"name": lesson.name, "state": state, "rev": memory["rev"], "ack": memory["ack"], "extra": extra, "lecture": in_lecture()}
    told["hidden"] = hidden_on_stage(lesson)
    # A stage that has settled knows its lesson, which is most of what there is to say.
    data = told if memory["ack"] else {**told, "lesson": lesson.data}
    key = f"stage_{lesson.name}"
    _component()(key=key, data=data, on_settle_change=lambda: _settled(lesson, key))


def show_inside(lesson: Lesson, key: str) -> None:
    """Mount a stage inside a lab's page: it opens anew when the lesson is another one, and keeps its state to itself."""
    told = sha256(repr(lesson.data).encode()).hexdigest()
    data = {"name": key, "lesson": lesson.data, "state": lesson.defaults, "rev": told, "inside": True, "lecture": in_lecture()}
    data["hidden"] = hidden_on_stage(lesson)
    _component()(key=key, data=data)


def _settled(lesson: Lesson, key: str) -> None:
    """The stage came to rest: its link becomes this page's. Runs before the page does."""
    sent: Any = st.session_state[key].settle
    memory = st.session_state[f"stage.{lesson.name}"]
    memory["ack"] = int(sent["id"])
    given = dict(parse_qsl(str(sent["link"]), keep_blank_values=True))
    state, _ = lesson.read(given)
    memory["link"] = lesson.link(state)
    st.query_params.from_dict({**memory["link"], **kept_of(given)})


def go_to(lesson: Lesson, **changes: Any) -> None:
    """Bring the stage to the lesson's defaults with `changes`, as a step that Back undoes. For callbacks of buttons."""
    st.query_params.from_dict({**lesson.link(lesson.state(**changes)), **kept()})
