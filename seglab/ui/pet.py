"""Photographs of pets as a data set to choose: what they are, and a button that fetches them; nothing is fetched without it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from seglab.data import pet
from seglab.data.pet import Progress
from seglab.data.uploads import PETS
from seglab.train.asked.pets import fetch_pet, pet_fetch
from seglab.train.failure import sentence
from seglab.train.store import Store

POLL = 0.5  # seconds between looks at a fetching that is under way
ON_DISK = 4  # MB, about, of the 400 small pictures with their masks
SOURCE = (
    "[Oxford-IIIT Pet](https://www.robots.ox.ac.uk/~vgg/data/pets/) by Parkhi, Vedaldi, Zisserman and Jawahar (CVPR 2012),"
    " licence [CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/)"
)


def pet_panel(store: Store, token: str | None) -> str | None:
    """The data set's name once it is here; until then what it is, and the way to fetch it."""
    now = pet.state()
    if now["phase"] == "ready":
        st.caption(f"Photographs of cats and dogs: {SOURCE}.")
        return PETS
    with st.container(border=True):
        total = pet.OXFORD.total / 1e6
        st.markdown(
            "**Photographs of cats and dogs**, 37 breeds. Every pixel is background, pet, or the outline between them.\n\n"
            f"Fetching them takes {total:.0f} MB from the University of Oxford, once. 400 small pictures are made of them and stay"
            f" (about {ON_DISK} MB); the rest is deleted. {SOURCE}."
        )
        if _under_way(now):
            _working(token)
        else:
            _ask(store, token, now)
    return None


def _under_way(now: dict[str, Any]) -> bool:
    """Whether somebody is fetching: a worker of this server, which may not have begun yet, or another process."""
    asked = pet_fetch()
    return now["phase"] in pet.WORKING or (asked is not None and not asked.answer.done())


def _ask(store: Store, token: str | None, now: dict[str, Any]) -> None:
    """Why it ended the last time, and the button that fetches."""
    problem = now["message"] or _worker_failed()
    stopped = now["phase"] == "stopped"
    if problem:
        said = st.info if stopped else st.error
        said(problem, icon=":material/pause:" if stopped else ":material/cloud_off:")
    label = "Go on" if stopped and now["kept"] else "Try again" if problem and not stopped else f"Fetch {pet.OXFORD.total / 1e6:.0f} MB"
    st.button(
        label,
        type="primary",
        key="pet.fetch",
        icon=":material/download:",
        disabled=token is None,
        on_click=_fetch,
        args=(store, token or ""),
    )


def _fetch(store: Store, token: str) -> None:
    fetch_pet(store, token)


def _worker_failed() -> str:
    """The sentence of a worker that ended before it could write one."""
    asked = pet_fetch()
    error = asked.answer.exception() if asked and asked.answer.done() else None
    return sentence(str(error)) if error else ""


def _working(token: str | None) -> None:
    """How far it is, and Stop for whoever asked for it; outside the part that renews itself, where a press could be lost."""

    @st.fragment(run_every=POLL)
    def live() -> None:
        now = pet.state()
        if not _under_way(now):
            st.rerun()
        if now["phase"] in pet.WORKING:
            said = Progress(**{name: now[name] for name in Progress.__dataclass_fields__})
            st.progress(min(1.0, said.done / max(1, said.total)), text=said.told())
        else:
            st.progress(0.0, text="A worker is about to begin")

    live()
    asked = pet_fetch()
    if asked and not asked.answer.done() and asked.token == token:
        st.button("Stop", key="pet.stop", icon=":material/stop:", on_click=pet.wish, args=(True,), help="What has come is kept")
    else:
        st.caption("Somebody else on this machine has asked for them.")
