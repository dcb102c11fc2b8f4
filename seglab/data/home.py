"""Where seglab keeps what it makes and is given on this machine."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The folder of runs and uploads: the environment variable SEGLAB_HOME, else ~/.seglab."""
    return Path(os.environ.get("SEGLAB_HOME") or Path.home() / ".seglab")


def sets_folder() -> Path:
    """The folder of uploaded sets, one folder a set; it need not be there yet.

    >>> sets_folder() == home() / "sets"
    True
    """
    return home() / "sets"
