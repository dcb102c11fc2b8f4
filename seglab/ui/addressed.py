"""Controls whose value is a parameter of the page's address and nowhere else, so that links, Back and questions all reach them.

Streamlit's own binding of widgets to the address forbids to write it by hand, which the questions' button "Show it" has to do. Anybody may
write a link, so what it says is read with care.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from seglab.ui.hiding import CONTROLS
from seglab.ui.hiding import hidden as hidden_by_link
from seglab.ui.links import in_lecture


def given(name: str, default: str = "") -> str:
    """What the address says of a parameter."""
    return str(st.query_params.get(name, default))


def put(**changes: object) -> None:
    """Bring the page to its address with `changes`, in one step that Back undoes; None or "" leaves its parameter out. For callbacks."""
    now: dict[str, object] = {name: st.query_params[name] for name in st.query_params}
    st.query_params.from_dict({name: str(value) for name, value in {**now, **changes}.items() if value is not None and value != ""})


def chosen(name: str, options: Iterable[str], default: str) -> str:
    """The option that the address names, or the default where it names none; `options` may change from run to run."""
    text = given(name, default)
    return text if text in options else default


def whole(name: str, low: int, high: int, default: int) -> int:
    """The whole number of the address, or the default where there is none from `low` to `high`."""
    text = given(name)
    return int(text) if re.fullmatch("-?[0-9]{1,9}", text) and low <= int(text) <= high else default


def choice(
    label: str,
    name: str,
    options: Sequence[str] | Mapping[str, str],
    default: str,
    told: Mapping[str, str] | None = None,
    drops: Sequence[str] = (),
    hidden: bool = False,
    pills: bool = False,
) -> str:
    """A row of buttons for the parameter `name`; choosing one drops the parameters `drops`, which belonged to the last choice.

    `told`, or a mapping of options, has the words for those that are not called as in the address.
    """
    key, words = f"address.{name}", told or (options if isinstance(options, Mapping) else {})
    if hidden_by_link(name, label, CONTROLS):
        return chosen(name, options, default)
    st.session_state[key] = chosen(name, options, default)
    control = st.pills if pills else st.segmented_control
    control(
        label,
        list(options),
        format_func=lambda option: words.get(option, option),
        key=key,
        required=True,
        wrap=True,
        label_visibility="collapsed" if hidden else "visible",
        on_change=_write,
        args=(name, default, tuple(drops)),
    )
    return chosen(name, options, default)


def in_hall(width: int) -> int:
    """A control's width in pixels, in a lecture as much larger as its type is on a wall of 1920."""
    return round(1.35 * width) if in_lecture() else width


def number(label: str, name: str, low: int, high: int, default: int, width: int, drops: Sequence[str] = ()) -> int:
    """A whole number, its control `width` pixels wide; choosing one drops the parameters `drops`."""
    key = f"address.{name}"
    if hidden_by_link(name, label, CONTROLS):
        return whole(name, low, high, default)
    st.session_state[key] = whole(name, low, high, default)
    st.number_input(label, low, high, key=key, on_change=_write, args=(name, str(default), tuple(drops)), width=in_hall(width))
    return whole(name, low, high, default)


def typed(label: str, name: str, default: str, help: str = "", drops: Sequence[str] = ()) -> str:
    """A line of text for the parameter `name`; another one drops the parameters `drops`."""
    key = f"address.{name}"
    text = given(name, default)[:40]
    if hidden_by_link(name, label, CONTROLS):
        return text
    st.session_state[key] = text
    st.text_input(label, key=key, max_chars=40, help=help, on_change=_write, args=(name, default, tuple(drops)))
    return text


def _write(name: str, default: str, drops: tuple[str, ...]) -> None:
    value = st.session_state[f"address.{name}"]
    text = "" if value is None else str(value).strip()
    put(**dict.fromkeys(drops, ""), **{name: "" if text == default else text})
