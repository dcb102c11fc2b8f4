"""Where the app's own files are: in a checkout beside the package, in an installed wheel inside it."""

from __future__ import annotations

from pathlib import Path

import seglab


def app_script() -> Path:
    """Path of ``app.py``."""
    package = Path(seglab.__file__).parent
    beside = package.parent / "app.py"
    return beside if beside.exists() else package / "_app" / "app.py"


def assets() -> Path:
    """The folder of pictures."""
    return app_script().parent / "assets"
