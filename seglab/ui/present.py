"""Presenting: keys on every page, lecture mode, hidden controls, a QR code of the link, and the playlist that is played.

The browser part (`browser/v1/present.js`) hears keys and shows the dialog; what it wishes for comes here. It also keeps the playlist in
that browser's local storage, and how far it has been played for as long as the tab is open.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer
from streamlit.navigation.page import StreamlitPage

from seglab.lessons import LESSONS
from seglab.ui import playlist
from seglab.ui.hiding import take_noted
from seglab.ui.links import hidden_here, hidden_names, hide, in_lecture, last, toggle_lecture
from seglab.ui.qr import FINE, LONGEST, for_phones, qr_path, unreachable

_KEY, _GO, _SAID, _QR = "present", "present.go", "present.said", "present.qr"
_OWN, _PLAYED, _STAMP = "playlist.own", "playlist.played", "playlist.stamp"


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.present", js="v1/present.js", css="v1/present.css")


def present(name: str, pages: Mapping[str, StreamlitPage]) -> None:
    """On the page `name`: go where a key or button wished to go, and hear the next one."""
    wished = st.session_state.pop(_GO, None)
    if wished and wished[0] in pages:
        st.switch_page(pages[wished[0]], query_params=wished[1])
    order = list(pages)
    entries, at = played()
    parts = take_noted(name)
    data: dict[str, Any] = {
        "lecture": in_lecture(),
        "lesson": name in LESSONS,
        "parts": [asdict(part) for part in parts],
        "hides": any(part.hidden for part in parts) if parts else bool(hidden_here()),
        "marker": f"{at + 1} / {len(entries)}" if entries else "",
        "said": st.session_state.pop(_SAID, ""),
        "qr": st.session_state.get(_QR),
        "share": playlist.share(own()) if name == "playlist" and own() and "list" not in st.query_params else "",
        **{way: _neighbour(name, by, order, pages) for way, by in (("before", -1), ("after", 1))},
        **_kept(name),
    }
    _component()(key=_KEY, height=1, data=data, on_wish_change=lambda: _wish(name, order))


def _neighbour(name: str, by: int, order: list[str], pages: Mapping[str, StreamlitPage]) -> str:
    """What the keys n and p lead to, in words; "" where there is nothing."""
    entries, at = played()
    if entries and in_lecture():
        return entries[at + by].title if 0 <= at + by < len(entries) else ""
    place = order.index(name) + by
    return pages[order[place]].title if 0 <= place < len(order) else ""


# -- the playlist of this session -------------------------------------------------------------------------------------------------


def own() -> list[playlist.Entry]:
    """This person's playlist, as far as the session knows of it."""
    entries: list[playlist.Entry] = st.session_state.get(_OWN, [])
    return entries


def known() -> bool:
    """Whether the browser has told what it keeps."""
    return _OWN in st.session_state


def keep(entries: list[playlist.Entry]) -> None:
    """Make this the person's playlist, here and in the browser."""
    st.session_state[_OWN] = entries[: playlist.MOST]
    st.session_state[_STAMP] = max(round(time.time() * 1000), st.session_state.get(_STAMP, 0) + 1)


def played() -> tuple[list[playlist.Entry], int]:
    """The playlist that is being played, and the place of the entry shown; nothing where none is."""
    entries, at = st.session_state.get(_PLAYED, ([], 0))
    return entries, at


def play(entries: list[playlist.Entry], at: int = 0) -> None:
    """Show an entry of a playlist in lecture mode; the keys n and p then walk on from there. For a callback."""
    st.session_state[_PLAYED] = (entries, at)
    st.session_state[_GO] = (entries[at].page or "start", {**entries[at].query, "lecture": "1"})


def _kept(name: str) -> dict[str, Any]:
    """What the browser is to keep, and whether it is asked for what it has."""
    entries, at = played()
    return {
        "list": playlist.written(own()) if known() else None,
        "stamp": st.session_state.get(_STAMP, 0),
        "count": len(own()),
        "played": {"list": playlist.packed(entries), "at": at} if entries else None,
        "asks": name == "playlist" and not known(),
    }


# -- wishes of the browser, before the page runs again ------------------------------------------------------------------------------


def _wish(name: str, order: list[str]) -> None:
    sent = getattr(st.session_state[_KEY], "wish", None)
    if not isinstance(sent, Mapping):
        return
    text = {key: value for key, value in sent.items() if isinstance(value, str)}
    _take(text.get("kept"))
    act = text.get("act")
    if act == "lecture":
        toggle_lecture()
    elif act in ("before", "after"):
        _walk(name, -1 if act == "before" else 1, order)
    elif act == "hide":
        hide(hidden_names(text.get("names", "")))
    elif act == "qr":
        st.session_state[_QR] = _code(text.get("link", ""), sent.get("id"))
    elif act == "add":
        _add(text.get("link", ""))
    elif act == "playlist":
        st.session_state[_GO] = ("playlist", {key: value for key, value in last("playlist").items() if key != "lecture"})
    elif act == "resume" and not played()[0]:
        _resume(text.get("list", ""), sent.get("at"))
    elif act == "end":
        st.session_state.pop(_PLAYED, None)


def _take(kept: str | None) -> None:
    """The browser's own list is the newest: another tab may have added to it."""
    if kept is not None:
        st.session_state[_OWN] = playlist.read(kept)[0]


def _walk(name: str, by: int, order: list[str]) -> None:
    entries, at = played()
    if entries and in_lecture():
        if 0 <= at + by < len(entries):
            play(entries, at + by)
        return
    place = order.index(name) + by
    if 0 <= place < len(order):
        st.session_state[_GO] = (order[place], last(order[place]))


def _add(link: str) -> None:
    try:
        added = playlist.entry(link, here=st.context.url or "")
    except ValueError as error:
        st.session_state[_SAID] = f"Not added: {error}."
        return
    if len(own()) >= playlist.MOST:
        st.session_state[_SAID] = f"Not added: the playlist is full, with {playlist.MOST} entries."
        return
    keep([*own(), added])
    st.session_state[_SAID] = f"Added to the playlist as number {len(own())}: {added.title}"


def _resume(code: str, at: object) -> None:
    """After a reload: the playlist goes on where it was."""
    entries, _ = playlist.unpacked(code)
    if isinstance(at, int) and 0 <= at < len(entries):
        st.session_state[_PLAYED] = (entries, at)


def _code(link: str, number: object) -> dict[str, Any]:
    """The QR code of a link and what is said with it; `number` is the browser's own, by which it knows the answer to its question."""
    told: dict[str, Any] = {"id": number if isinstance(number, int) else 0, "link": "", "size": 0, "path": "", "warns": []}
    try:
        told["link"] = for_phones(link[: 4 * LONGEST])
        told["warns"] = [said for said in (unreachable(told["link"]),) if said]
        told["size"], told["path"] = qr_path(told["link"])
    except ValueError as error:
        told["warns"].append(str(error))
    if told["size"] > FINE:
        told["warns"].append("The link is long and its code fine: the last rows may not scan it. A stop as it is has a short link.")
    return told
