"""A page's state in its address: read with care, since anybody may write a link, and set where a control is used."""

from __future__ import annotations

import re
from collections.abc import Mapping

import streamlit as st


def number(name: str, low: int, high: int, usual: int) -> int:
    """The whole number `name` of this page's address, `usual` where there is none between `low` and `high`."""
    text = st.query_params.get(name, "")
    return int(text) if re.fullmatch("-?[0-9]{1,9}", text) and low <= int(text) <= high else usual


def word(name: str, known: Mapping[str, object], usual: str) -> str:
    """The word `name` of this page's address, `usual` where it is none of `known`."""
    text = st.query_params.get(name, usual)
    return text if text in known else usual


def set_to(name: str, value: object, usual: object) -> None:
    """Write a value into the address, which stays short: what is usual is left out. For callbacks."""
    if value == usual:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = str(value)


def choose(name: str, label: str, options: Mapping[str, str], usual: str, shown: bool = False) -> str:
    """A row of buttons, by their names in the address, of which one is chosen. The address alone knows which."""
    key = f"address.{name}"
    st.session_state[key] = word(name, options, usual)

    def chosen() -> None:
        set_to(name, st.session_state[key] or usual, usual)

    st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        key=key,
        required=True,
        on_change=chosen,
        label_visibility="visible" if shown else "collapsed",
    )
    return word(name, options, usual)
