"""What stands around every page: the sidebar, and in lecture mode nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from seglab.lessons import LESSONS
from seglab.lessons.path import PATH, SECTIONS, TOLD, TRAIN
from seglab.stage.lesson import Lesson
from seglab.ui.files import assets
from seglab.ui.lesson import lesson_page
from seglab.ui.links import embedded, in_lecture, last
from seglab.ui.present import present

# Nothing of ours runs long in the web process: a "running" that flickers while a page is kept up to date only distracts.
_QUIET = '<style>[data-testid="stStatusWidget"] { display: none; }</style>'
# Links of a sidebar that is folded away are no places for the Tab key.
_PAGE = """<style>
.stMainBlockContainer { padding: 3.75rem 2.5rem 4rem; max-width: 1240px; }
.stMainBlockContainer h1 { font-size: 2rem; padding: 0; }
.stMainBlockContainer .formula { font-size: 1.25rem; margin-left: 1.5rem; }
.stMainBlockContainer h2 { font-size: 1.4rem; padding: 0.75rem 0 0.35rem; }
.st-key-go_on a { width: fit-content; max-width: 100%; padding: 0.4rem 0.9rem; color: inherit; border: 1px solid currentColor; }
.st-key-go_on a * { white-space: normal; }
.stMainBlockContainer a[href*="/words?word="] { color: inherit; text-decoration: underline dotted; text-underline-offset: 0.2em; }
section[data-testid="stSidebar"][data-collapsed="true"] { visibility: hidden; }
section[data-testid="stSidebar"] p strong { display: block; margin-top: 0.5rem; font-size: 0.85rem; font-weight: 600; }
@media (max-width: 640px) { .stMainBlockContainer { padding: 3.75rem 1rem 2rem; } .stMainBlockContainer h1 { font-size: 1.6rem; } }
</style>"""
# The dark theme's accent is light, so that it can be read as text; on a filled button the text has to be dark.
_DARK = """<style>
button[data-testid="stBaseButton-primary"]:not(:disabled), button[data-testid="stBaseButton-primary"]:not(:disabled) * { color: #0b0d10; }
</style>"""
# Everything on a page is measured in rem: one size makes words, controls and what components draw large alike. It follows the width of the
# wall, whose picture is as wide whether it has 1280 or 3840 pixels.
_LARGE = "<style>:root { font-size: clamp(18px, 1.125vw, 64px); }</style>"
_LECTURE = """<style>
.stMainBlockContainer { padding: 0.6rem 1.5rem 1rem; max-width: none; }
header[data-testid="stHeader"], section[data-testid="stSidebar"] { display: none; }
.stMainBlockContainer h1 { font-size: 1.7rem; padding: 0 9rem 0 0; }
.stMainBlockContainer h2 { font-size: 1.3rem; padding: 0.5rem 0 0.25rem; }
[data-testid="stWidgetLabel"] p, [data-testid="stCaptionContainer"] p, .stMainBlockContainer small { font-size: 1rem; }
</style>"""

_EMBEDDED = """<style>
.stMainBlockContainer { padding: 0.5rem 0.75rem; max-width: none; }
.stMainBlockContainer h1 { font-size: 1.1rem; padding: 0; }
</style>"""


def pages() -> dict[str, StreamlitPage]:
    """All pages by the name in their address, in the order of the sidebar."""
    return {
        "start": st.Page("pages/start.py", title="Start", default=True),
        **{name: _page(name) for name in PATH},
        "words": st.Page("pages/words.py", title="Words"),
        "decks": st.Page("pages/decks.py", title="Lecture decks"),
        "privacy": st.Page("pages/privacy.py", title="Privacy"),
        "playlist": st.Page("pages/playlist.py", title="Playlist"),
    }


def _page(name: str) -> StreamlitPage:
    if name in LESSONS:
        return st.Page(_opener(LESSONS[name]), title=LESSONS[name].title, url_path=name)
    return st.Page(f"pages/{name}.py", title="A U-Net, live" if name == TRAIN else TOLD[name].title)


def _opener(lesson: Lesson) -> Callable[[], None]:
    return lambda: lesson_page(lesson)


def frame(page: StreamlitPage, pages: Mapping[str, StreamlitPage]) -> None:
    """Set the page up, and draw the sidebar with links to all `pages` (by name) that keep each one's last state."""
    st.set_page_config(page_title=f"{page.title} · seglab", page_icon=str(assets() / "icon.png"), layout="wide")
    st.html(_QUIET)
    if st.context.theme.type == "dark":
        st.html(_DARK)
    if in_lecture():
        st.html(_LARGE)
    if embedded():
        st.html(_EMBEDDED)
        return
    present(page.url_path or "start", pages)
    if in_lecture():
        st.html(_LECTURE)
        return
    st.html(_PAGE)
    with st.sidebar:
        more = {"Look up": ("words", "decks", "privacy"), "Present": ("playlist",)}
        for title, names in {"": ("start",), **SECTIONS, **more}.items():
            if title:
                st.markdown(f"**{title}**")
            for name in names:
                st.page_link(pages[name], icon=icon_of(name), query_params=last(name))


def icon_of(name: str) -> str:
    """The sign of a page, as Streamlit names it."""
    own = {"start": "home", "train": "model_training", "words": "dictionary", "decks": "co_present"}
    own |= {"privacy": "shield_person", "playlist": "playlist_play"}
    return f":material/{own[name] if name in own else TOLD[name].icon}:"
