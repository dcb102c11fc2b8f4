"""Whose browser this is: a token kept in the browser, by which runs are recognised as this person's."""

from __future__ import annotations

import re

import streamlit as st

_OWNER = st.components.v2.component("seglab.owner", js="v1/owner.js")
_TOKEN = re.compile(r"[0-9a-f]{36}")


def owner_token() -> str | None:
    """The token of this browser; None in the moment before it has told."""
    said = _OWNER(key="owner", height=1, on_token_change=lambda: None).token
    if isinstance(said, str) and _TOKEN.fullmatch(said):
        st.session_state["owner.token"] = said
    kept: str | None = st.session_state.get("owner.token")
    return kept
