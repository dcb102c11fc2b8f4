"""Answers that a worker is still at: asked for once, waited for without holding up the page, given up when another is asked for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

import streamlit as st

from seglab.train.failure import reason, sentence
from seglab.ui.plain import plain

Answer = TypeVar("Answer")
_GRACE = 0.05  # seconds in which an answer may come before the page says that it waits
FIGURE = 420  # pixels that are kept free for a figure, so that what stands below does not jump when it comes


def asked(place: str, question: object, ask: Callable[[], Future[Answer]], version: object = None) -> Future[Answer]:
    """The answer to `question` at this `place` of this session's page.

    With another `version` it is asked anew, but not before the last answer is there.
    """
    name = f"asked.{place}"
    before, seen, answer = st.session_state.get(name, (None, None, None))
    if answer is None or before != question or (seen != version and answer.done()):
        if answer is not None:
            answer.cancel()  # where it still waits for a worker
        answer = ask()
        st.session_state[name] = (question, version, answer)
    found: Future[Answer] = answer
    return found


def arrived(answer: Future[Answer], told: str, refused: str = "", room: int = 0) -> Answer | None:
    """The answer; None while it is not there, which the page says in `room` pixels that are kept free for it where that is given, and where
    it is an error, said after `refused`."""
    wait([answer], timeout=_GRACE)
    if not answer.done():
        _look_again(answer, told, room)
        return None
    error = answer.exception()
    if error is not None:
        text = reason(error) if isinstance(error, OSError) else str(error)
        st.error(plain(sentence(f"{refused}{text}")), icon=":material/error:")
        return None
    return answer.result()


def _look_again(answer: Future[Answer], told: str, room: int) -> None:
    @st.fragment(run_every=0.25)
    def look() -> None:
        with st.container(height=room or "content", border=False):
            st.markdown(f":material/hourglass_top: {told}")
        if answer.done():
            st.rerun()

    look()
