"""All other settings of a training as controls, made from their one description in `TrainConfig`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, fields
from typing import Any, cast

import streamlit as st

from seglab.train.config import GROUPS, TrainConfig
from seglab.train.failure import sentence

IN_SIGHT = ("data", "difficulty", "depth", "width", "steps")  # these stand above, always
GENERATED_ONLY = ("images",)
NEEDS = {  # a setting that means something only with another one
    "momentum": ("optimiser", ("sgd",)),
    "border_weight": ("loss", ("weighted",)),
    "border_width": ("loss", ("weighted",)),
}
COLUMNS = 3
_RESETS = "settings.resets"
_SENT = "settings.sent"


def other_settings() -> dict[str, Any]:
    """The settings that are not in sight, by name, as the person has them."""
    chosen = {setting.name: st.session_state.get(key(setting.name), begun(setting)) for setting in hidden()}
    more = st.expander("More settings", icon=":material/tune:", key="settings.more", on_change="rerun")
    if more.open:  # what is not seen is not built: each change on the page would build it anew
        with more:
            for tab, group in zip(st.tabs([*map(str.capitalize, GROUPS)], key="settings.group", on_change="rerun"), GROUPS, strict=True):
                if tab.open:
                    with tab:
                        _group([setting for setting in hidden() if setting.metadata["group"] == group], chosen)
    changed = [f"{setting.metadata['label']} {chosen[setting.name]}" for setting in hidden() if chosen[setting.name] != setting.default]
    if changed:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"Changed: {', '.join(changed)}.")
            st.button("As they were", icon=":material/restart_alt:", on_click=_reset, key="settings.reset", type="tertiary")
    return chosen


def hidden() -> list[Field[Any]]:
    """The settings that are not in sight."""
    return [setting for setting in fields(TrainConfig) if setting.name not in IN_SIGHT]


def key(name: str) -> str:
    """The key of a setting's widget; another one after each reset, so that all begin anew."""
    return f"setting.{name}.{st.session_state.get(_RESETS, 0)}"


def begun(setting: Field[Any]) -> Any:
    """The value with which a control begins: what another page sent, or the default."""
    return st.session_state.get(_SENT, {}).get(setting.name, setting.default)


def begin_with(**values: Any) -> None:
    """All controls begin anew, those named with these values. For callbacks."""
    st.session_state[_SENT] = values
    st.session_state[_RESETS] = st.session_state.get(_RESETS, 0) + 1


def _reset() -> None:
    """Those that are not in sight as they were."""
    begin_with(**{name: value for name, value in st.session_state.get(_SENT, {}).items() if name in IN_SIGHT})


def _group(settings: Sequence[Field[Any]], chosen: dict[str, Any]) -> None:
    """The controls of a group, side by side; written into `chosen`."""
    for first in range(0, len(settings), COLUMNS):
        for column, setting in zip(st.columns(COLUMNS, vertical_alignment="top"), settings[first : first + COLUMNS], strict=False):
            with column:
                chosen[setting.name] = _control(setting, chosen)


def _control(setting: Field[Any], chosen: dict[str, Any]) -> Any:
    told, name = setting.metadata, setting.name
    other, values = NEEDS.get(name, (None, ()))
    off = other is not None and chosen[other] not in values
    kept: dict[str, Any] = {"key": key(name), "help": sentence(told["meaning"]), "disabled": off, "persist_state": "session"}
    first = begun(setting)
    if isinstance(setting.default, bool):
        return st.toggle(told["label"], first, **kept)
    if told["choices"]:
        return st.segmented_control(told["label"], told["choices"], default=first, required=True, wrap=True, **kept)
    if isinstance(setting.default, int):
        return st.number_input(told["label"], int(told["low"]), int(told["high"]), first, step=1, **kept)
    small = setting.default is not None and told["high"] <= 1
    step = 0.001 if name == "learning_rate" else 0.05 if small else 1.0
    if setting.default is None:
        kept["placeholder"] = "by steps"
    low, high, value = float(told["low"]), float(told["high"]), cast(float, first)  # None is "by steps"
    return st.number_input(told["label"], low, high, value, step=step, format="%g", **kept)
