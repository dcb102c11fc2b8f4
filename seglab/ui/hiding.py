"""Parts of a page that a lecturer hides: the address names them, and a page asks here before it draws one.

What can be hidden is not written down anywhere else: whoever draws a part asks whether it is hidden, and so it comes to stand in the list
of the dialog, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from seglab.stage.lesson import Lesson
from seglab.ui.links import hidden_here

PAGE, STAGE, CONTROLS = "Page", "Stage", "Controls"  # the groups of the dialog
ON_STAGE = {
    "stops": "Stops and what they say",
    "views": "Views",
    "examples": "Examples",
    "brush": "Painting",
    "timeline": "Timeline",
    "arithmetic": "Arithmetic",
    "remarks": "Sizes, remarks and legend",
    "solver": "The inverse question",
    "trainer": "Training",
}
_NOTED = "hiding.noted"


@dataclass(frozen=True)
class Part:
    """A part of a page that can be hidden: its name in the address, and what the dialog calls it."""

    name: str
    label: str
    group: str
    hidden: bool


def hidden(name: str, label: str, group: str = PAGE) -> bool:
    """Whether this page's address hides a part; from now on the dialog knows of it."""
    _note({name: label}, group)
    return name in hidden_here()


def _note(labels: dict[str, str], group: str) -> None:
    noted: dict[str, tuple[str, str]] = st.session_state.setdefault(_NOTED, {})
    noted.update({name: (label, group) for name, label in labels.items()})


def hidden_on_stage(lesson: Lesson) -> list[str]:
    """The parts and controls of a lesson's stage that the address hides."""
    labels = {field.name: field.label for field in lesson.fields}
    parts = {name: label for name, label in ON_STAGE.items() if _has(lesson, name)}
    _note(parts, STAGE)
    _note({name: labels[name] for name in lesson.controls}, CONTROLS)
    away = hidden_here()
    return [name for name in (*parts, *lesson.controls) if name in away]


def _has(lesson: Lesson, part: str) -> bool:
    there = {
        "stops": bool(lesson.stops),
        "views": len(lesson.views) > 1,
        "examples": bool(lesson.presets),
        "brush": any(panel.edits for view in lesson.views for panel in view.panels),
        "solver": lesson.solves,
        "trainer": lesson.trains is not None,
    }
    return there.get(part, True)


def take_noted(page: str) -> list[Part]:
    """What can be hidden on `page`, as its last run told; from here on the parts of the next run are noted."""
    noted: dict[str, tuple[str, str]] = st.session_state.get(_NOTED, {})
    st.session_state[_NOTED] = {}
    if st.session_state.get(f"{_NOTED}.page") != page:
        noted = {}
    st.session_state[f"{_NOTED}.page"] = page
    away = hidden_here()
    return [Part(name, label, group, name in away) for name, (label, group) in noted.items()]
