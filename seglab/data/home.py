"""Where seglab keeps what is to stay on this machine."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The folder of runs and data: the environment variable SEGLAB_HOME, else ~/.seglab."""
    return Path(os.environ.get("SEGLAB_HOME") or Path.home() / ".seglab")


def sets_folder() -> Path:
    """The folder of data sets that are kept here, each a folder with images and masks."""
    return home() / "sets"
