"""A stage inside another page, such as slides or a course's site: ``?embed=true``."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

import streamlit as st

from seglab.stage.fields import State
from seglab.stage.lesson import Lesson
from seglab.ui.links import kept
from seglab.ui.stage import read_state, show_stage

HEIGHT = 820  # pixels in which a stage with its controls fits


def stage_alone(lesson: Lesson) -> None:
    """The stage of a lesson without the page around it, and a way to that page with the same state."""
    state, _ = read_state(lesson)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(lesson.title, anchor=False, width="content")
        st.markdown(f"[Open in seglab]({link(lesson, state)})", width="content")
    show_stage(lesson, state)


def link(lesson: Lesson, state: State, **more: str) -> str:
    """The relative link to a lesson's page in `state`, with parameters in front.

    >>> from seglab.lessons import LESSONS
    >>> link(LESSONS["output_size"], LESSONS["output_size"].state(stride=[2, 2]), embed="true")
    './output_size?embed=true&v=1&stride=2'
    """
    query = urlencode({**more, **lesson.link(state)})
    return f"./{lesson.name}?{query}" if query else f"./{lesson.name}"


def frame_of(lesson: Lesson, state: State, page: str) -> str:
    """The HTML that shows a lesson's stage in `state`; `page` is the address of the lesson's page.

    >>> from seglab.lessons import LESSONS
    >>> lesson = LESSONS["output_size"]
    >>> print(frame_of(lesson, lesson.defaults, "https://example.org/output_size"))
    <iframe src="https://example.org/output_size?embed=true" title="Output size: a stage of seglab"
      width="100%" height="820" style="border: 0" allow="clipboard-write" loading="lazy"></iframe>
    """
    address = page.split("?")[0].rsplit("/", 1)[0] + link(lesson, state, embed="true", **kept())[1:]
    return (
        f'<iframe src="{escape(address)}" title="{escape(lesson.title)}: a stage of seglab"\n'
        f'  width="100%" height="{HEIGHT}" style="border: 0" allow="clipboard-write" loading="lazy"></iframe>'
    )


def offer_embed(lesson: Lesson, state: State) -> None:
    """The lines that put this stage, as it stands, into slides or a page of one's own."""
    st.markdown("This puts the stage, as it stands, into slides or a course site:")
    st.code(frame_of(lesson, state, st.context.url or ""), language=None, wrap_lines=True)
    st.caption("Where `seglab serve` serves this, other sites may show it only if `--frame-ancestors` names them.")
