"""The skeleton of a lesson's page: title, sentence, stage, then Formula | Code | Check, Try this, and a short text."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from seglab.export import exported, file_name, refused
from seglab.export.marks import Look
from seglab.pipeline import Pipeline
from seglab.stage.fields import State
from seglab.stage.lesson import END, Lesson, Snippet
from seglab.train.asked.check import check_code
from seglab.train.jobs import TaskError
from seglab.ui.embed import offer_embed, stage_alone
from seglab.ui.hiding import hidden
from seglab.ui.links import embedded, in_lecture, kept
from seglab.ui.progress import keep_progress, show_solved
from seglab.ui.questions import ask
from seglab.ui.stage import go_to, read_state, show_stage, state_shown
from seglab.ui.words import text_with_tips

FILES = {
    ".png": "A picture of this step, twice as sharp as the screen needs.",
    ".svg": "A picture of this step to scale and edit; its numbers stay text.",
    ".gif": "All steps, one after the other.",
    ".html": "This very stage in one file: it works from a folder, without a network and without this server.",
    ".json": "The numbers, to be read by seglab.load.",
}
MIME = {".png": "image/png", ".svg": "image/svg+xml", ".gif": "image/gif", ".html": "text/html", ".json": "application/json"}
MOST_PRINTED = 256  # cells of one operand in the Code tab
_TAKE, _EMBED = "take", "embed"
_SHOWN = "lesson.shown"  # a question has just brought its picture to the stage
_refusals: dict[tuple[str, str], dict[str, str]] = {}  # by lesson and link, the same for everybody
_checked: OrderedDict[str, float] = OrderedDict()  # differences by snippet, the same for everybody


def lesson_page(lesson: Lesson) -> None:
    """Show a lesson; inside another page its stage alone."""
    if embedded():
        stage_alone(lesson)
        return
    st.title(lesson.title)
    st.markdown(lesson.sentence)
    _stage(lesson, _page_follows())
    if not hidden("questions", "Try this: questions"):
        st.header("Try this")
        _questions(lesson)
    if not in_lecture():
        if not hidden("text", "Text below"):
            text_with_tips(lesson.text)
        if not hidden("take", "Take along and embed"):
            _take_along(lesson)


# A stage that settles draws itself and what explains it, nothing else of the page: in a hall that is what the server does all day.


@st.fragment
def _stage(lesson: Lesson, drawn: dict[str, str]) -> None:
    """The stage, and what depends on its state. `drawn` is what the rest of the page was drawn for."""
    if _page_follows() != drawn:
        st.rerun()
    state, pipeline = read_state(lesson)
    show_stage(lesson, state)
    if not in_lecture():
        _explain(lesson, state, pipeline)
    keep_progress(lesson, state)


def _page_follows() -> dict[str, str]:
    """What the rest of the page depends on: lecture mode and what is hidden; the whole state where files or lines of it are on offer."""
    offers = any(st.session_state.get(key) for key in (_TAKE, _EMBED))
    return {name: st.query_params[name] for name in st.query_params} if offers else kept()


@st.fragment
def _questions(lesson: Lesson) -> None:
    if st.session_state.pop(_SHOWN, False):
        st.rerun()  # the stage has to follow
    show_solved(lesson)
    ask(lesson, partial(_show, lesson), "on the stage")


def _show(lesson: Lesson, **changes: Any) -> None:
    go_to(lesson, **changes)
    st.session_state[_SHOWN] = True


@st.fragment
def _take_along(lesson: Lesson) -> None:
    """The stage as it stands: as a file, and as lines for a page of one's own."""
    # What is in them is made when they are open: few open them, and then it follows every move of the stage.
    files = st.expander("Take this stage along", icon=":material/download:", on_change="rerun", key=_TAKE)
    if files.open:
        with files:
            _offer_files(lesson, *state_shown(lesson))
    frame = st.expander("Embed it in a page of your own", icon=":material/code:", on_change="rerun", key=_EMBED)
    if frame.open:
        with frame:
            offer_embed(lesson, state_shown(lesson)[0])


def _offer_files(lesson: Lesson, state: State, pipeline: Pipeline) -> None:
    """Files of a state, each made when it is asked for; a kind that cannot be made says why."""
    look = Look(dark=st.context.theme.type == "dark")
    why, name = _refused(lesson, state, pipeline), file_name(lesson, state, "")
    for suffix, what in FILES.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                suffix[1:].upper(),
                partial(exported, lesson, state, suffix, look),
                name + suffix,
                MIME[suffix],
                key=f"{lesson.name}.take{suffix}",
                on_click="ignore",
                disabled=suffix in why,
                width=88,
            )
            st.markdown(what)
    if ".gif" in why:
        st.caption(f"No {'picture' if '.png' in why else 'GIF'} of this setting: {why['.gif']}.")


def _refused(lesson: Lesson, state: State, pipeline: Pipeline) -> dict[str, str]:
    """Which files of a state cannot be made, and why. It is a matter of sizes, for which the whole scene is laid out: remembered by
    setting, since a class goes through the same ones."""
    key = lesson.name, urlencode(lesson.link({**state, "at": END}))
    if key not in _refusals:
        _refusals[key] = refused(lesson, state, pipeline)
        while len(_refusals) > 1000:
            _refusals.pop(next(iter(_refusals)), None)
    return _refusals[key]


def _snippet(lesson: Lesson, state: State, pipeline: Pipeline) -> Snippet:
    return lesson.snippet(state, pipeline) if lesson.snippet else Snippet(pipeline.torch_code(), pipeline.output.tolist())


def _explain(lesson: Lesson, state: State, pipeline: Pipeline) -> None:
    names = [name for name in ("Formula", "Code", "Check") if not hidden(name.lower(), name)]
    if not names:
        return
    # A tab's content is made when it is open: the Code tab would otherwise load a highlighter that few look at.
    for name, tab in zip(names, st.tabs(names, on_change="rerun", key="explain"), strict=True):
        if tab.open:
            with tab:
                _explained(name, lesson, state, pipeline)


def _explained(name: str, lesson: Lesson, state: State, pipeline: Pipeline) -> None:
    if name == "Formula":
        st.html(lesson.formula)
    elif name == "Check":
        _check(_snippet(lesson, state, pipeline))
    elif max(int(np.size(values)) for values in pipeline.inputs.values()) > MOST_PRINTED:
        st.markdown(f"The numbers of this setting would fill pages: up to {MOST_PRINTED} cells are printed as code.")
    else:
        st.code(_snippet(lesson, state, pipeline).code, language="python", wrap_lines=True)


def _check(snippet: Snippet) -> None:
    """PyTorch's answer, worked out in another process when asked for, and remembered by setting."""
    key = sha256(snippet.code.encode()).hexdigest()
    if key not in _checked:
        st.markdown("PyTorch runs the code of this setting and its output is compared with the stage's, number by number.")
        if not st.button("Check against PyTorch", icon=":material/rule:"):
            return
        try:
            with st.spinner("PyTorch is working it out…"):
                _checked[key] = check_code(snippet.code, snippet.expected)()
        except (TaskError, TimeoutError) as error:
            st.error(f"The check could not be made: {error or 'it took more than a minute'}.", icon=":material/error:")
            return
        while len(_checked) > 1000:
            _checked.popitem(last=False)
    difference = _checked[key]
    if difference <= 1e-9:
        st.success(f"PyTorch gives the same output. Largest difference: {difference:g}", icon=":material/check_circle:")
    else:
        st.error(f"PyTorch differs by {difference:g}. That is a mistake of ours.", icon=":material/error:")
