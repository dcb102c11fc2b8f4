"""Controls whose value is the page's address and nothing else: read from it at every run, written into it when they are moved.

Streamlit's own binding of widgets to the address forbids writing the address by hand, which the questions' button "Show it" has to do.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def given(name: str, default: str = "") -> str:
    """What the address says."""
    return st.query_params.get(name, default)


def put(**values: object) -> None:
    """Write values into the address; None takes one out. For callbacks."""
    for name, value in values.items():
        if value is not None:
            st.query_params[name] = str(value)
        elif name in st.query_params:
            del st.query_params[name]


def one_of(label: str, name: str, options: Mapping[str, str], default: str, pills: bool = False, visible: bool = True) -> str:
    """One of some options, by what the address calls it; what it does not know counts as the default."""
    now = given(name, default)
    now = now if now in options else default
    key = f"address.{name}"
    st.session_state[key] = now
    control = st.pills if pills else st.segmented_control
    control(
        label,
        list(options),
        format_func=options.__getitem__,
        key=key,
        required=True,
        on_change=_take,
        args=(name, key, default),
        label_visibility="visible" if visible else "collapsed",
    )
    return now


def number(label: str, name: str, low: int, high: int, default: int, width: int) -> int:
    """A whole number, its control `width` pixels wide; what is none, or out of range, counts as the default."""
    now = whole(given(name), low, high, default)
    key = f"address.{name}"
    st.session_state[key] = now
    st.number_input(label, low, high, key=key, on_change=_take, args=(name, key, str(default)), width=width)
    return now


def whole(text: str, low: int, high: int, default: int) -> int:
    """A text as a whole number from `low` to `high`, else the default.

    >>> whole("7", 1, 9, 3), whole("70", 1, 9, 3), whole("x", 1, 9, 3)
    (7, 3, 3)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high else default


def _take(name: str, key: str, default: str) -> None:
    value = st.session_state[key]
    put(**{name: None if value is None or str(value) == default else value})
