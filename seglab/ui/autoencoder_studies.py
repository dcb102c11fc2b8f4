"""The studies of the page Autoencoder with what was measured of them."""

from __future__ import annotations

import streamlit as st

from seglab.train.study import Row, Study, read_rows
from seglab.ui.files import assets
from seglab.ui.study import show_study


def rows_of(study: Study) -> list[Row]:
    """The shipped rows."""
    return read_rows(assets() / "studies" / f"{study.name}.json", study)


def there(name: str) -> bool:
    """Whether a shipped file is there, which the page says where it is not."""
    found = (assets() / "autoencoder" / name).exists()
    if not found:
        st.info(f"assets/autoencoder/{name} is not there: the bench below writes it.", icon=":material/hourglass_top:")
    return found


def shown_study(study: Study, text: str = "") -> None:
    """A study as every page shows it."""
    show_study(study, rows_of(study), text=text)
