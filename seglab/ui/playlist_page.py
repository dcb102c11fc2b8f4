"""The page of the playlist: one's own to arrange, or one that came with a link to look at and to play."""

from __future__ import annotations

import streamlit as st

from seglab.ui.links import last
from seglab.ui.plain import plain
from seglab.ui.playlist import LONGEST_LINK, LONGEST_TITLE, MOST, Entry, entry, moved, read, share, unpacked, written
from seglab.ui.present import keep, own, play
from seglab.ui.uploaded import PLAYLIST, one_file

_REFUSED = "playlist.refused"
# The arrows say enough to the eye; their words are for whoever hears them.
_ICONS = """<style>
:is([class*="st-key-playlist-earlier"], [class*="st-key-playlist-later"], [class*="st-key-playlist-remove"])
[data-testid="stMarkdownContainer"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
</style>"""
_OPENED = "playlist.opened"


def playlist_panel() -> None:
    """The playlist of the address, or this browser's own."""
    for said in st.session_state.pop(_REFUSED, []):
        st.warning(plain(said), icon=":material/link_off:")
    code = st.query_params.get("list", "")
    if code:
        _brought(code)
    else:
        _own(own())


def _brought(code: str) -> None:
    entries, problems = unpacked(code)
    for said in problems:
        st.warning(plain(said), icon=":material/link_off:")
    if entries:
        st.markdown(f"This playlist came with the link. It has **{_pages(entries)}**.")
    with st.container(horizontal=True):
        if entries:
            _play_button(entries)
            replaced = f"in place of my {_pages(own())}" if own() else ""
            st.button(f"Keep as my playlist {replaced}", icon=":material/bookmark_add:", on_click=_take_over, args=(entries,))
        st.button("My playlist", icon=":material/list:", on_click=_to_own)
    if entries:
        _how()
        st.markdown("\n".join(f"{number}. {_linked(one)}" for number, one in enumerate(entries, start=1)))


def _own(entries: list[Entry]) -> None:
    if not entries:
        st.markdown(
            "It is empty. Go to any page, bring it to where you want to speak about it, and press **a**; or use **Present** at the top of"
            " the page. The list is kept in this browser."
        )
    else:
        _play_button(entries)
        _how()
        st.html(_ICONS)
        for at, one in enumerate(entries):
            _row(entries, at, one)
    st.text_input("Add a link", key="playlist.link", max_chars=LONGEST_LINK, placeholder="convolution?stop=7", on_change=_add)
    if entries:
        st.header("Take it along")
        st.markdown("The whole playlist is in this link. Whoever opens it can play it; **q** shows it as a QR code.")
        st.code((st.context.url or "").split("?")[0].rsplit("/", 1)[0] + share(entries)[1:], language=None, wrap_lines=True)
        st.download_button("As a text file", written(entries), "playlist.txt", "text/plain", icon=":material/download:", on_click="ignore")
    with st.expander("Open a text file", icon=":material/upload_file:"):
        file = one_file("A playlist as a text file takes the place of this one", ["txt"], PLAYLIST, "playlist.file")
        if file is not None and st.session_state.get(_OPENED) != file.file_id:
            st.session_state[_OPENED] = file.file_id
            _open(file.getvalue().decode("utf-8", "replace"))
            st.rerun()


def _play_button(entries: list[Entry]) -> None:
    st.button(f"Play {_pages(entries)}", icon=":material/play_arrow:", type="primary", on_click=play, args=(entries,), key="playlist.play")


def _how() -> None:
    st.caption("In lecture mode **n** and **p** walk through it, a number in the corner says where you are, **Escape** leaves.")


def _row(entries: list[Entry], at: int, one: Entry) -> None:
    """An entry: its number, its title to change, a look at it, and its place in the row."""
    key = f"playlist.title.{at}"
    st.session_state[key] = one.title
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{at + 1}**", width=32)
        told = f"Title of number {at + 1}"
        st.text_input(told, key=key, max_chars=LONGEST_TITLE, label_visibility="collapsed", on_change=_rename, args=(at,))
        st.markdown(f"[Open](./{one.link.removeprefix('.')})", width="content")
        for by, icon, what in ((-1, "arrow_upward", "earlier"), (1, "arrow_downward", "later")):
            st.button(
                f"Number {at + 1} {what}",
                key=f"playlist.{what}.{at}",
                icon=f":material/{icon}:",
                disabled=not 0 <= at + by < len(entries),
                on_click=_move,
                args=(at, by),
            )
        st.button(f"Remove number {at + 1}", key=f"playlist.remove.{at}", icon=":material/delete:", on_click=_remove, args=(at,))


def _linked(one: Entry) -> str:
    return f"[{plain(one.title)}](./{one.link.removeprefix('.').replace('(', '%28').replace(')', '%29')})"


def _pages(entries: list[Entry]) -> str:
    return "1 page" if len(entries) == 1 else f"{len(entries)} pages"


# -- callbacks ---------------------------------------------------------------------------------------------------------------------


def _add() -> None:
    link = st.session_state["playlist.link"] or ""
    if not link.strip():
        return
    try:
        added = entry(link, here=st.context.url or "")
    except ValueError as error:
        st.session_state[_REFUSED] = [f"Not added: {error}."]
        return
    if len(own()) >= MOST:
        st.session_state[_REFUSED] = [f"Not added: the playlist is full, with {MOST} entries."]
        return
    keep([*own(), added])
    st.session_state["playlist.link"] = ""


def _open(text: str) -> None:
    entries, problems = read(text, here=st.context.url or "")
    if entries:
        keep(entries)
    st.session_state[_REFUSED] = [f"{said}." for said in problems[:5]] or ([] if entries else ["There is no link in this file."])


def _rename(at: int) -> None:
    title = st.session_state[f"playlist.title.{at}"] or ""
    keep([entry(one.link, title) if place == at else one for place, one in enumerate(own())])


def _move(at: int, by: int) -> None:
    if at < len(own()):  # another tab may have made it shorter meanwhile
        keep(moved(own(), at, by))


def _remove(at: int) -> None:
    keep([one for place, one in enumerate(own()) if place != at])


def _take_over(entries: list[Entry]) -> None:
    keep(entries)
    _to_own()


def _to_own() -> None:
    st.query_params.from_dict({name: text for name, text in last("playlist").items() if name != "list"})
