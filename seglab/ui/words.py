"""The glossary: tips on the words of a lesson's text, and a page to look them up."""

from __future__ import annotations

from functools import cache, lru_cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from seglab.lessons.decks import DECKS, Deck
from seglab.lessons.glossary import BY_KEY, WORDS, Word, find, linked
from seglab.lessons.places import told


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.words", js="v1/words.js")


_linked = lru_cache(100)(linked)  # a text is the same for everybody and at every rerun


def text_with_tips(text: str) -> None:
    """Markdown whose terms tell what they mean when they are pointed at, focused or touched, and lead to their entry."""
    marked, words = _linked(text)
    st.markdown(marked)
    if words:
        _component()(key="words", height=1, data={"tips": {word.key: word.meaning for word in words}})


def look_up() -> None:
    """A search box, and the words that it finds; a link may bring the word along."""
    asked = st.query_params.get("word", "")
    start = BY_KEY[asked].term if asked in BY_KEY else asked[:60]
    wanted = st.text_input("Search", start, key="word", placeholder="padding, residual, up-convolution …", max_chars=60)
    found = find(wanted or "")
    if not found:
        st.markdown(f"None of the {len(WORDS)} words here has this in it. Try a part of it.")
    elif len(found) < len(WORDS):
        st.markdown(f"{len(found)} of {len(WORDS)} words")
    st.markdown("\n\n".join(_entry(word) for word in found))


def _entry(word: Word) -> str:
    also = f" (also: {', '.join(word.also)})" if word.also else ""
    decks = f" *In the decks:* {word.decks}" if word.decks else ""
    place = f" {told(word.place)}." if word.place else ""
    return f"**{word.term}**{also}. {word.meaning}{decks}{place}"


def deck_tables() -> None:
    """A table for each deck: its parts in order, and where each is shown."""
    for deck in DECKS:
        st.markdown(f"## {deck.letter} · {deck.title}\n\n{deck.by}\n\n{_table(deck)}")


def _table(deck: Deck) -> str:
    rows = [f"| {part.topic} | {'; '.join(told(place) for place in part.places) or 'not yet in the app'} |" for part in deck.parts]
    return "\n".join(["| Part of the deck | Where it is shown |", "| --- | --- |", *rows])
