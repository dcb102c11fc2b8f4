"""A table that scrolls by itself where it is wider than the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

_STYLE = """<style>
.figures { overflow-x: auto; } .figures table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.figures th, .figures td { text-align: left; padding: 0.3rem 1.2rem 0.3rem 0; white-space: nowrap; }
.figures tr { border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
</style>"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], label: str) -> None:
    """Show a table of words; `label` is what a screen reader calls it."""
    heads = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    cells = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    st.html(
        f"{_STYLE}<div class='figures' tabindex='0' role='region' aria-label='{escape(label)}'>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table></div>"
    )
