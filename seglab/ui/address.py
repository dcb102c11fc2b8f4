"""Widgets whose value is the page's address: a link brings the page back, and what makes no sense in a link gives way to the default.

Streamlit's own `bind="query-params"` would forbid everybody else to set the address, and "Show it" and "Leave lecture mode" do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st


def picked(
    label: str, name: str, options: Sequence[str], default: str, shown: Mapping[str, str] | None = None, stretch: bool = False
) -> str:
    """One of `options`, which stand in the address as they are, as buttons side by side."""
    value = st.query_params.get(name, default)
    key = f"address.{name}"
    st.session_state[key] = value if value in options else default
    chosen = st.segmented_control(
        label,
        options,
        key=key,
        required=True,
        format_func=lambda option: (shown or {}).get(option, option),
        on_change=_note,
        args=(name, key, default),
        width="stretch" if stretch else "content",
        wrap=True,
        label_visibility="collapsed" if stretch else "visible",
    )
    return chosen or default


def counted(label: str, name: str, low: int, high: int, default: int) -> int:
    """A whole number from `low` to `high`."""
    key = f"address.{name}"
    st.session_state[key] = number(name, low, high, default)
    return int(st.number_input(label, low, high, key=key, on_change=_note, args=(name, key, str(default)), width=130) or 0)


def number(name: str, low: int, high: int, default: int) -> int:
    """A whole number that stands in the address."""
    text = st.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high else default


def _note(name: str, key: str, default: str) -> None:
    put(name, str(st.session_state[key]), default)


def put(name: str, value: str, default: str = "") -> None:
    """Set a parameter of the address; a default is left out. For callbacks."""
    if value != default:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]
