"""Where the files are that come along with the app: in a checkout beside the package, in an installed wheel inside it."""

from __future__ import annotations

from pathlib import Path

import seglab


def app_folder() -> Path:
    """The folder of ``app.py``, ``pages`` and ``assets``."""
    package = Path(seglab.__file__).parent
    return package.parent if (package.parent / "app.py").exists() else package / "_app"


def assets() -> Path:
    """The folder of pictures, networks and measurements."""
    return app_folder() / "assets"
