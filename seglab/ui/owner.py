"""Whose browser this is: a token kept in the browser, by which runs are recognised as this person's."""

from __future__ import annotations

import re
from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_TOKEN = re.compile(r"[0-9a-f]{36}")


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.owner", js="v1/owner.js")


def owner_token() -> str | None:
    """The token of this browser; None in the moment before it has told."""
    said = _component()(key="owner", height=1, on_token_change=lambda: None).token
    if isinstance(said, str) and _TOKEN.fullmatch(said):
        st.session_state["owner.token"] = said
    kept: str | None = st.session_state.get("owner.token")
    return kept
