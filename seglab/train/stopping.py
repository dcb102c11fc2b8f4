"""A stop is obeyed within a second, however long a step takes: a training that does not end by itself in time is ended.

It then lacks the step that it was at; what is on the page beyond the last checkpoint goes when the run is resumed.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from seglab.train.store import NotFoundError, Store

LOOK_EVERY = 0.05  # seconds
PATIENCE = 0.3  # seconds in which a worker may end its step, save and leave


def end_in_time(store: Store, identity: str) -> None:
    """From now on let this process, which works on a run, end soon after its stop is wished."""
    threading.Thread(target=watch, args=(store, identity, os._exit), daemon=True).start()


def watch(store: Store, identity: str, end: Callable[[int], None]) -> None:
    """Wait until a stop has been wished, or the run is gone, for longer than the patience lasts; then mark it as stopped and call `end`."""
    left = PATIENCE
    while left > 0:
        time.sleep(LOOK_EVERY)
        with suppress(OSError, sqlite3.Error):  # not to be read just now
            left = left - LOOK_EVERY if _unwanted(store, identity) else PATIENCE
    with suppress(OSError, sqlite3.Error):
        store.change(identity, {"wish": "stop"}, status="stopped", message="", wish="run")
    end(0)


def _unwanted(store: Store, identity: str) -> bool:
    try:
        return store.run(identity).wish == "stop"
    except NotFoundError:
        return True
