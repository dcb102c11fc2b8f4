"""A Chromium or Chrome to measure and test in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
ADVICE = "no Chromium or Chrome is found: install one (Debian: apt-get install chromium), or run `python -m playwright install chromium`"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def find_browser() -> str:
    """Path of a Chromium or Chrome, else of the one that Playwright keeps. Raises RuntimeError that says what to install."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found:
        return found
    if MAC.exists():
        return str(MAC)
    try:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            own = playwright.chromium.executable_path
    except ImportError:
        raise RuntimeError(f"{ADVICE}; and `pip install 'seglab[bench]'` for Playwright itself") from None
    if not Path(own).exists():
        raise RuntimeError(ADVICE)
    return own


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless browser, closed at the end."""
    executable = find_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
