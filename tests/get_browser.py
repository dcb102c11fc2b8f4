"""Make sure that the browser tests have a browser: one that is there, else Playwright's, else the system package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from seglab.bench.browser import ADVICE, find_browser


def found() -> bool:
    try:
        print(f"browser tests use {find_browser()}")
    except RuntimeError:
        return False
    return True


def attempts() -> list[list[str]]:
    """Commands to try, one after the other."""
    commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get"):
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        commands += [[*root, "sh", "-c", "apt-get update -qq && apt-get install -y -qq chromium"]]
    return commands


if __name__ == "__main__":
    for command in [[], *attempts()]:
        if command:
            print("getting a browser:", " ".join(command), flush=True)
            subprocess.run(command, check=False, timeout=900)
        if found():
            break
    else:
        sys.exit(ADVICE)
