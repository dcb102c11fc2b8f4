"""Links between pages: each lesson's last state and the lecture mode are put back, since plain page links drop them."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

KEPT = ("lecture",)  # parameters that go from page to page, where they are "1"
_LAST = "links.last"


def kept() -> dict[str, str]:
    """The parameters of this page's address that every link takes along."""
    return {name: st.query_params[name] for name in KEPT if st.query_params.get(name) == "1"}


def in_lecture() -> bool:
    """Whether this page is shown to a hall: larger type, no chrome."""
    return st.query_params.get("lecture") == "1"


def embedded() -> bool:
    """Whether this page stands inside another one (``?embed=true``). Streamlit keeps that parameter in the address by itself."""
    return bool(st.context.is_embedded)


def leave_lecture() -> None:
    """Back to the page with its chrome. For a button's callback."""
    st.query_params.from_dict({name: text for name, text in st.query_params.items() if name != "lecture"})


def remember(page: str, link: Mapping[str, str]) -> None:
    """Note the last state of a page, for links back to it."""
    st.session_state.setdefault(_LAST, {})[page] = {name: text for name, text in link.items() if name not in KEPT}


def last(page: str) -> dict[str, str]:
    """The parameters that a link to `page` should have."""
    return {**st.session_state.get(_LAST, {}).get(page, {}), **kept()}
