"""Which colour is which class."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from seglab.data.domains import Colour


def chip(colour: Colour) -> str:
    """A small square of a class's colour, as HTML; its name has to stand beside it."""
    size = "display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.4em"
    return (
        f'<span aria-hidden="true" style="{size}; border: 1px solid currentColor; background: rgb({", ".join(map(str, colour))})"></span>'
    )


def legend(names: Sequence[str], colours: Sequence[Colour]) -> None:
    """A small square in each colour, with the name beside it."""
    told = [f'<span style="white-space: nowrap">{chip(colour)}{escape(name)}</span>' for name, colour in zip(names, colours, strict=True)]
    st.html(f'<div style="display: flex; flex-wrap: wrap; gap: 0.2rem 1rem">{"".join(told)}</div>')
