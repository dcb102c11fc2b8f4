"""The studies of the page Autoencoder with what was measured of them."""

from __future__ import annotations

from seglab.train.study import Row, Study, read_rows
from seglab.ui.files import assets
from seglab.ui.study import show_study


def rows_of(study: Study) -> list[Row]:
    """The shipped rows."""
    return read_rows(assets() / "studies" / f"{study.name}.json", study)


def shown_study(study: Study, text: str = "") -> None:
    """A study as every page shows it."""
    show_study(study, rows_of(study), text=text)
