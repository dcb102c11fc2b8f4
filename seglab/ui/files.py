"""Where the app's own files are: in a checkout beside the package, in an installed wheel inside it."""

from __future__ import annotations

from pathlib import Path

from seglab.data.shipped import app_folder, assets

__all__ = ["app_script", "assets"]


def app_script() -> Path:
    """Path of ``app.py``."""
    return app_folder() / "app.py"
