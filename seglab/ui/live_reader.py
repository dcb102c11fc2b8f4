"""The runs that are watched: one thread reads them all from the store and wakes their viewers, however many there are.

It looks at a run only after something has been written, and what it finds is kept as `News` that every viewer compares with what it was
told last. So nothing waits in a queue for a slow viewer: it is told the newest state when it can take it, and every point once.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from seglab.train.following import Curve, OpenStore, Pictures
from seglab.train.jobs import look_after
from seglab.train.store import NotFoundError, Point, Run, Snapshot, Store
from seglab.ui.run_words import facts, stage
from seglab.ui.runs import known_classes, refusal
from seglab.ui.seen import Classes

PACE = 0.05  # seconds between looks, where few watch
TOLD_A_SECOND = 4000  # messages, all viewers together: where many watch, looks come less often
PICTURES_A_SECOND = 100  # viewers that are told of new pictures, each of which fetches two
TEND = 1.0  # seconds between looks at whether workers are alive and whose turn it is
MOST_VIEWERS = 2000
GONE = "gone"  # the stage of a run that has been deleted


@dataclass(frozen=True)
class News:
    """All that is known of a run. `points` grows later on: only the first `count` are meant, of which `last` is the last."""

    revision: int
    points: list[Point]
    count: int
    last: Point | None
    facts: str
    stage: str
    trouble: str
    snapshot: Snapshot | None
    marks: tuple[int, int]
    known: Classes
    ended: bool


@dataclass(eq=False)
class Viewer:
    """Somebody who watches; `woken` is set when there is news, or when the viewer is gone."""

    woken: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False


class Channel:
    """A run that somebody watches. The reader's thread makes its news; viewers belong to the thread of the server."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.viewers: set[Viewer] = set()
        self.news: News | None = None
        self.missing = ""  # why there is no such run
        self.over = False  # nothing more will come, and it is not the run's end
        self.told: dict[tuple[object, ...], bytes] = {}  # the newest message, by what its viewer knows already and looks at
        self._curve, self._pictures = Curve(identity), Pictures(identity)
        self._pictured = 0.0
        self._marks = (0, 0)

    @property
    def spread(self) -> float:
        """Seconds in which the viewers fetch a new picture, each at a moment of its own."""
        return min(5.0, len(self.viewers) / PICTURES_A_SECOND)

    def look(self, store: Store, due: bool, trouble: str = "") -> bool:
        """Read what is new; whether anything is. Where a run waits, its place in the queue is looked up only when that is `due`."""
        before = self.news
        try:
            run = store.run(self.identity)
        except NotFoundError as error:
            return self._lost(str(error))
        fresh = self._curve.read(store)
        pictured = self._look_at_pictures(store, run)
        place = before.stage if before and run.status == "queued" and before.stage.startswith("queued") and not due else stage(store, run)
        words = facts(run, self._curve.points)
        if before and not (fresh or pictured) and (before.facts, before.stage, before.trouble) == (words, place, trouble):
            return False
        points, revision = self._curve.points, before.revision + 1 if before else 0
        last = points[-1] if points else None
        state = (self._pictures.snapshot, self._marks, known_classes(run))
        self.news = News(revision, points, len(points), last, words, place, trouble, *state, ended=not run.open)
        return True

    def _look_at_pictures(self, store: Store, run: Run) -> bool:
        now = time.monotonic()
        if (run.open and now - self._pictured < 2 * self.spread) or not self._pictures.read(store):
            return False
        self._pictured = now
        if self._pictures.snapshot:
            self._marks = _marks(self._pictures.snapshot, known_classes(run))
        return True

    def _lost(self, why: str) -> bool:
        """There is no such run, or not any more."""
        if self.news is None:
            self.missing = why
        else:
            self.news = replace(self.news, revision=self.news.revision + 1, stage=GONE, ended=True)
        return True


def _marks(snapshot: Snapshot, known: Classes) -> tuple[int, int]:
    """Sums by which pictures are told apart: of what stays the same from snapshot to snapshot, and of all."""
    stays = zlib.crc32(json.dumps(known).encode())
    for array in (snapshot.images, snapshot.truths):
        stays = zlib.crc32(array.tobytes(), stays)
    changes = stays
    for array in (snapshot.predictions, snapshot.certainties, snapshot.filters, *snapshot.maps.values()):
        changes = zlib.crc32(array.tobytes(), changes)
    return stays, changes


class Reader:
    """The thread that reads, there while anybody watches. All methods but `_follow` and what it calls belong to the server's thread."""

    def __init__(self, folder: Path | None = None, tend: Callable[[Store, str], object] = look_after) -> None:
        self.folder, self.tend = folder, tend
        self.channels: dict[str, Channel] = {}
        self.closed = False
        self._guard = threading.Lock()
        self._poked = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def viewers(self) -> int:
        """How many watch, all runs together."""
        return sum(len(channel.viewers) for channel in list(self.channels.values()))

    @property
    def full(self) -> bool:
        """Whether nobody more may watch."""
        return self.closed or self.viewers >= MOST_VIEWERS

    @property
    def pace(self) -> float:
        """Seconds between two looks."""
        return max(PACE, self.viewers / TOLD_A_SECOND)

    def join(self, identity: str, viewer: Viewer) -> Channel:
        """Let somebody watch a run; the first one of all starts the thread."""
        self._loop = asyncio.get_running_loop()
        with self._guard:
            channel = self.channels.setdefault(identity, Channel(identity))
            channel.viewers.add(viewer)
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="seglab live", daemon=True)
                self._thread.start()
        self._poked.set()
        return channel

    def leave(self, channel: Channel, viewer: Viewer) -> None:
        """Somebody is gone; with the last one the thread ends."""
        with self._guard:
            channel.viewers.discard(viewer)
            if not channel.viewers and self.channels.get(channel.identity) is channel:
                del self.channels[channel.identity]
        self._poked.set()

    def close(self) -> None:
        """Let everybody go, who may come back to the next server."""
        with self._guard:
            self.closed = True
        self._let_go()
        self._poked.set()

    def _let_go(self) -> None:
        for channel in list(self.channels.values()):
            channel.over = True
            self._wake(channel)

    def _wake(self, channel: Channel) -> None:
        def wake() -> None:
            for viewer in channel.viewers:
                viewer.woken.set()

        if self._loop:
            with suppress(RuntimeError):  # the server is no more
                self._loop.call_soon_threadsafe(wake)

    # -- the reader's thread -------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        try:
            store, tended, trouble = OpenStore(self.folder), 0.0, ""
            try:
                while watched := self._watched():
                    due = time.monotonic() - tended >= TEND
                    if due:
                        trouble, tended = self._tend(watched), time.monotonic()
                    self._look(store, watched, due, trouble)
                    self._poked.wait(self.pace)
                    self._poked.clear()
            finally:
                store.close()
        except BaseException:
            with self._guard:
                self._thread = None
            self._let_go()  # they come back, and with them another thread
            raise

    def _watched(self) -> list[Channel]:
        """The runs that are watched; none is the end of this thread."""
        with self._guard:
            if not self.channels or self.closed:
                self._thread = None
                return []
            return list(self.channels.values())

    def _look(self, store: OpenStore, watched: list[Channel], due: bool, trouble: str) -> None:
        try:
            changed = store.changed() or due
            for channel in watched:
                if (changed or channel.news is None) and channel.look(store, due, trouble):
                    self._wake(channel)
        except (sqlite3.Error, OSError):  # a full disk, a busy database: what is known stays, and the next look tries again
            store.close()

    def _tend(self, watched: list[Channel]) -> str:
        """Look after the runs; what is wrong, as a sentence."""
        store = Store(self.folder)
        for channel in watched:
            try:
                with suppress(NotFoundError):
                    self.tend(store, channel.identity)
            except (sqlite3.Error, OSError) as error:
                return refusal(error)
        return ""
