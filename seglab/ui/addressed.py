"""Controls whose value is a parameter of the page's address and nowhere else, so that links, Back and questions all reach them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st


def go(**changes: str) -> None:
    """Bring the page to its address with `changes`, in one step that Back undoes; an empty value leaves its parameter out."""
    now = {name: st.query_params[name] for name in st.query_params}
    st.query_params.from_dict({name: text for name, text in {**now, **changes}.items() if text})


def chosen(name: str, options: Sequence[str], default: str) -> str:
    """The option that the address names, or the default where it names none.

    `options` may change from run to run."""
    given = st.query_params.get(name, default)
    return given if given in options else default


def choice(
    label: str,
    name: str,
    options: Sequence[str],
    default: str,
    told: dict[str, str] | None = None,
    drops: Sequence[str] = (),
    hidden: bool = False,
) -> str:
    """A row of buttons for the parameter `name`; choosing one drops the parameters `drops`, which belonged to the last choice."""
    key = f"address.{name}"
    st.session_state[key] = chosen(name, options, default)
    st.segmented_control(
        label,
        options,
        format_func=lambda option: (told or {}).get(option, option),
        key=key,
        required=True,
        wrap=True,
        label_visibility="collapsed" if hidden else "visible",
        on_change=_write,
        args=(name, default, tuple(drops)),
    )
    return chosen(name, options, default)


def typed(label: str, name: str, default: str, help: str = "") -> str:
    """A line of text for the parameter `name`."""
    key = f"address.{name}"
    given = st.query_params.get(name, default)[:40]
    st.session_state[key] = given
    st.text_input(label, key=key, max_chars=40, help=help, on_change=_write, args=(name, default, ()))
    return given


def _write(name: str, default: str, drops: tuple[str, ...]) -> None:
    value = str(st.session_state[f"address.{name}"] or "").strip()
    go(**dict.fromkeys(drops, ""), **{name: "" if value == default else value})
