"""Where the app's own files are: in a checkout beside the package, in an installed wheel inside it."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from seglab.data.shipped import app_folder, assets

__all__ = ["app_script", "assets", "card_address", "cards_served", "serve_cards"]

_served = False


def app_script() -> Path:
    """Path of ``app.py``."""
    return app_folder() / "app.py"


@cache
def card_address(picture: Path) -> str:
    """Where the server has the picture of a card: a name that changes with it, so that a browser may keep it for ever."""
    return f"./cards/{picture.stem}.{sha256(picture.read_bytes()).hexdigest()[:12]}.webp"


def serve_cards() -> None:
    """Say that the server has the pictures of the cards; plain `streamlit run` has not."""
    global _served
    _served = True


def cards_served() -> bool:
    """Whether the server has the pictures of the cards."""
    return _served
