"""A server's housekeeper: a thread that lets a worker clean up at the start, every few minutes, and when the disk is full."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from seglab.data.keeping import MB, Went
from seglab.train.jobs import TaskError, workers
from seglab.train.store import Store

EVERY = 600.0  # seconds between passes
AT_LEAST = 30.0  # and between those that are asked for
log = logging.getLogger("seglab.housekeeping")
_begun: dict[Path, threading.Event] = {}
_guard = threading.Lock()


def keep_house(store: Store) -> None:
    """Begin to clean up after this server; a second call for the same home does nothing."""
    with _guard:
        if store.folder in _begun:
            return
        wake = _begun[store.folder] = threading.Event()
    _speak()
    threading.Thread(target=_go_round, args=(store, wake), name="housekeeper", daemon=True).start()


def make_room() -> None:
    """Let the housekeeper pass soon: the disk is full."""
    for wake in list(_begun.values()):
        wake.set()


def told(went: Iterable[Went]) -> str:
    """What a pass has deleted, in a line.

    >>> told([Went("run", "a", "older than 30 days", 2_500_000), Went("run", "b", "older than 30 days", 500_000)])
    '2 runs (a, b: older than 30 days), 3.0 MB freed'
    """
    went = list(went)
    if not went:
        return "nothing had to go"
    parts = []
    for (what, why), number in Counter((each.what, each.why) for each in went).items():
        names = [each.name for each in went if (each.what, each.why) == (what, why)]
        more = f" and {number - 8} more" if number > 8 else ""
        parts.append(f"{number} {what}{'s' if number > 1 and what in PLURAL else ''} ({', '.join(names[:8])}{more}: {why})")
    return f"{', '.join(parts)}, {sum(each.bytes for each in went) / MB:.1f} MB freed"


PLURAL = ("run", "upload", "network", "download")


def _go_round(store: Store, wake: threading.Event) -> None:
    while not workers().closed:
        began = time.monotonic()
        _pass(store)
        wake.wait(EVERY)
        wake.clear()
        time.sleep(max(0.0, AT_LEAST - (time.monotonic() - began)))


def _pass(store: Store) -> None:
    """One clean-up, in a worker, which gives way to pages and keeps them from waiting for one another's files."""
    try:
        said = workers().submit("clean", home=str(store.folder)).result()
    except TaskError as error:
        log.warning("clean-up: %s", error)
        return
    went = [Went(**each) for each in said["went"]]
    if went:
        log.info("clean-up: %s", told(went))


def _speak() -> None:
    """Let what was deleted be seen in the server's log, unless its owner has settled where that goes."""
    if not log.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
