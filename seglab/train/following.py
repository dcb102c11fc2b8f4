"""A run as it goes on, read bit by bit for those who watch it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seglab.train.store import Point, Snapshot, Store


class OpenStore(Store):
    """A store that stays open, for one thread that reads again and again: a look costs a tenth of opening the database anew."""

    def __init__(self, folder: Path | None = None) -> None:
        self._kept: sqlite3.Connection | None = None
        self._version, self._whole = 0, True
        super().__init__(folder)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if self._kept is None:
            self._kept, self._whole = self._connected()
            self._version = 0
        try:
            with self._kept:
                yield self._kept
        except sqlite3.Error:
            self.close()
            raise
        if not self._whole:  # on a full disk: only what is opened anew sees that there is room again
            self.close()

    def changed(self) -> bool:
        """Whether anything has been written since the last call, by any process; it costs some microseconds."""
        with self._open() as database:
            version = int(database.execute("PRAGMA data_version").fetchone()[0])
        before, self._version = self._version, version
        return before != version

    def close(self) -> None:
        """Let go of the database; the next call opens it again."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()


class Curve:
    """The points of a run, of which each call of `read` fetches only what has come since the one before.

    `points` only grows, its last point apart, which may still get its mean IoU. Where a run went on from an earlier checkpoint, or was
    reset, a new list takes its place.
    """

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.points: list[Point] = []

    def read(self, store: Store) -> bool:
        """Whether anything is new."""
        if not self.points:
            self.points = store.points(self.identity)
            return bool(self.points)
        last = self.points[-1]
        found = store.points(self.identity, last.step)
        if not found or found[0][:2] != last[:2]:  # the last point is gone, or was made again: so may others be
            self.points = store.points(self.identity)
            return True
        if found == [last]:
            return False
        self.points[-1] = found[0]
        self.points += found[1:]
        return True


class Pictures:
    """The latest snapshot of a run, read only when there is another one."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.snapshot: Snapshot | None = None
        self._seen: tuple[int, int] | None = None

    def read(self, store: Store) -> bool:
        """Whether there is another one."""
        found = store.latest_snapshot(self.identity)
        if found == self._seen:
            return False
        self._seen = found
        self.snapshot = store.snapshot(self.identity) if found else None
        return True
