"""Links between pages: each lesson's last state and the lecture mode are put back, since plain page links drop them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import streamlit as st

KEPT = ("lecture", "hide")  # parameters that go from page to page
MOST_HIDDEN = 60  # names that a link may hide
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LAST = "links.last"


def kept() -> dict[str, str]:
    """The parameters of this page's address that every link takes along."""
    return kept_of({name: st.query_params[name] for name in KEPT if name in st.query_params})


def kept_of(link: Mapping[str, str]) -> dict[str, str]:
    """Of a link's parameters those that every link takes along, as far as they mean something.

    >>> kept_of({"hide": "stride,<b>,stride,questions", "lecture": "1", "stop": "3"})
    {'lecture': '1', 'hide': 'stride,questions'}
    >>> kept_of({"hide": ",", "lecture": "yes"})
    {}
    """
    hide = ",".join(hidden_names(link.get("hide", "")))
    return {**({"lecture": "1"} if link.get("lecture") == "1" else {}), **({"hide": hide} if hide else {})}


def hidden_names(text: str) -> tuple[str, ...]:
    """The names in a link's ``hide``, each once; whether a page has such a part is its own matter.

    >>> hidden_names("stride, dilation,,No Name,stride")
    ('stride', 'dilation')
    """
    names = [name.strip() for name in text[:4000].split(",")]
    return tuple(dict.fromkeys(name for name in names if _NAME.fullmatch(name)))[:MOST_HIDDEN]


def hidden_here() -> tuple[str, ...]:
    """The names that this page's address hides."""
    return hidden_names(st.query_params.get("hide", ""))


def in_lecture() -> bool:
    """Whether this page is shown to a hall: larger type, no chrome."""
    return st.query_params.get("lecture") == "1"


def embedded() -> bool:
    """Whether this page stands inside another one (``?embed=true``). Streamlit keeps that parameter in the address by itself."""
    return bool(st.context.is_embedded)


def toggle_lecture() -> None:
    """Into lecture mode, or back to the page with its chrome. For a callback."""
    rest = {name: text for name, text in st.query_params.items() if name not in KEPT}
    kept_now = kept()
    lecture = {} if kept_now.pop("lecture", None) else {"lecture": "1"}
    st.query_params.from_dict({**rest, **lecture, **kept_now})


def hide(names: tuple[str, ...]) -> None:
    """Hide these parts of the page, and no others. For a callback."""
    rest = {name: text for name, text in st.query_params.items() if name != "hide"}
    st.query_params.from_dict({**rest, **kept_of({**kept(), "hide": ",".join(names)})})


def remember(page: str, link: Mapping[str, str]) -> None:
    """Note the last state of a page, for links back to it."""
    st.session_state.setdefault(_LAST, {})[page] = {name: text for name, text in link.items() if name not in KEPT}


def last(page: str) -> dict[str, str]:
    """The parameters that a link to `page` should have."""
    return {**st.session_state.get(_LAST, {}).get(page, {}), **kept()}
