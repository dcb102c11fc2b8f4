"""The run store: what training leaves behind, as it goes, on this machine.

Metrics and snapshots are rows of one SQLite file in WAL mode (one writer and many readers, on one host); weights are a safetensors file a
run. Nothing here loads torch, so that the web process can read it. A run is alive while its worker holds the run's lock file: the operating
system lets go of it however the worker ends.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from seglab.data.home import home
from seglab.train.config import TrainConfig

SCHEMA = 2
KEPT_DAYS = 30
KEPT_RUNS = 200
MOST_SNAPSHOTS = 60  # a run; every other one is dropped when there are more
WISHES = ("run", "pause", "stop")
STARTING = 20.0  # seconds in which a queued run's worker has to take it
OPEN = ("queued", "running", "paused")  # a worker is at it, or should be

_TABLES = """
CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY, created REAL, updated REAL, owner TEXT, name TEXT, config TEXT, status TEXT, wish TEXT, message TEXT,
  device TEXT, step INTEGER, seconds REAL, results TEXT);
CREATE TABLE IF NOT EXISTS points (run TEXT, step INTEGER, seconds REAL, loss REAL, mean_iou REAL, rate REAL, PRIMARY KEY (run, step));
CREATE TABLE IF NOT EXISTS snapshots (run TEXT, step INTEGER, shape TEXT, data BLOB, PRIMARY KEY (run, step));
"""


class NotFoundError(LookupError):
    """A run that is not in the store (any more)."""


class NotOwnerError(PermissionError):
    """A change of a run by somebody who only has its link."""


@dataclass(frozen=True)
class Run:
    """One training run as the store knows it. `status` is queued, running, paused, stopped, finished, failed or lost."""

    id: str
    name: str
    config: TrainConfig
    status: str
    wish: str
    message: str
    device: str
    step: int
    seconds: float
    created: float
    updated: float
    results: dict[str, Any]

    @property
    def open(self) -> bool:
        """Whether a worker is at it."""
        return self.status in OPEN


@dataclass(frozen=True)
class Snapshot:
    """Validation images (N, H, W) or (N, H, W, 3) in 0 to 255, their true classes, and after `step` steps the predicted ones, each with how
    sure the network is of it, 0 to 255."""

    step: int
    images: NDArray[np.uint8]
    truths: NDArray[np.uint8]
    predictions: NDArray[np.uint8]
    certainties: NDArray[np.uint8]


def owner_mark(token: str) -> str:
    """What is stored of an owner token; the token itself stays in the owner's browser."""
    return hashlib.sha256(token.encode()).hexdigest()


def _parts(shapes: list[Any], data: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The arrays of a snapshot; schema 1 had the probabilities of the second of two classes in place of the last two."""
    if isinstance(shapes[0], int):
        images, truths, chances = data.reshape(shapes)
        return [images, truths, (chances > 127).astype(np.uint8), np.maximum(chances, 255 - chances)]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(data, ends[:-1]), shapes, strict=True)]


class Store:
    """Runs in one folder. Every call opens the database anew, so that a store can be used from any thread and after a fork."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or home()
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA:
                raise ValueError(f"{self.folder} was written by a newer seglab (schema {version}): this one reads schema {SCHEMA}")
            database.executescript(_TABLES)
            database.execute(f"PRAGMA user_version = {SCHEMA}")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self.folder / "runs.sqlite", timeout=20)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            with database:
                yield database
        finally:
            database.close()

    # -- runs --------------------------------------------------------------------------------------------------------

    def create(self, config: TrainConfig, token: str, name: str = "") -> Run:
        """A new run, queued. Whoever has `token` owns it."""
        self.prune()
        identity, now = secrets.token_urlsafe(6).replace("-", "a").replace("_", "b"), time.time()
        self.run_folder(identity).mkdir(parents=True)
        values = (
            identity,
            now,
            now,
            owner_mark(token),
            name or config.data,
            json.dumps(config.as_json()),
            "queued",
            "run",
            "",
            "",
            0,
            0.0,
            "{}",
        )
        with self._open() as database:
            database.execute(f"INSERT INTO runs VALUES ({','.join('?' * 13)})", values)
        return self.run(identity)

    def run(self, identity: str) -> Run:
        """A run by its id. Raises NotFoundError."""
        found = self._select("WHERE id = ?", (identity,))
        if not found:
            raise NotFoundError(f"run {identity[:20]!r} is not here: it was deleted, or it belongs to another machine")
        return found[0]

    def runs(self, token: str | None = None) -> list[Run]:
        """All runs, the newest first; with `token` those of its owner."""
        where, values = ("WHERE owner = ?", (owner_mark(token),)) if token else ("", ())
        return self._select(f"{where} ORDER BY created DESC", values)

    def _select(self, where: str, values: tuple[str, ...]) -> list[Run]:
        names = [field.name for field in fields(Run)]
        with self._open() as database:
            rows = database.execute(f"SELECT {', '.join(names)} FROM runs {where}", values).fetchall()
        found = []
        for row in rows:
            named = dict(zip(names, row, strict=True))
            named |= {"config": TrainConfig.from_json(json.loads(named["config"])), "results": json.loads(named["results"])}
            found.append(Run(**named))
        return found

    def owns(self, identity: str, token: str | None) -> bool:
        """Whether `token` is the owner's."""
        with self._open() as database:
            row = database.execute("SELECT owner FROM runs WHERE id = ?", (identity,)).fetchone()
        return bool(row and token and secrets.compare_digest(row[0], owner_mark(token)))

    def update(self, identity: str, **values: Any) -> None:
        """Set columns of a run."""
        if "results" in values:
            values["results"] = json.dumps(values["results"])
        names = ", ".join(f"{name} = ?" for name in [*values, "updated"])
        with self._open() as database:
            database.execute(f"UPDATE runs SET {names} WHERE id = ?", (*values.values(), time.time(), identity))

    def wish(self, identity: str, wish: str, token: str | None) -> None:
        """Ask the worker of a run to run, pause or stop. Raises NotOwnerError without the owner's token."""
        if wish not in WISHES:
            raise ValueError(f"wish={wish!r} is unknown: {', '.join(WISHES)}")
        self.refuse_others(identity, token)
        self.update(identity, wish=wish)

    def refuse_others(self, identity: str, token: str | None) -> None:
        """Raise NotOwnerError unless `token` is the owner's, NotFoundError where there is no such run."""
        self.run(identity)
        if not self.owns(identity, token):
            raise NotOwnerError("this run belongs to somebody else: its link lets you watch it")

    def rename(self, identity: str, name: str, token: str | None) -> None:
        """Give a run another name, of at most 60 characters. Raises NotOwnerError without the owner's token."""
        self.refuse_others(identity, token)
        plain = " ".join(name.split())[:60]
        if not plain:
            raise ValueError("a run needs a name: type at least one character")
        self.update(identity, name=plain)

    def delete(self, identity: str, token: str | None) -> None:
        """Remove a run and its files. Raises NotOwnerError without the owner's token."""
        self.refuse_others(identity, token)
        self._remove(identity)

    def _remove(self, identity: str) -> None:
        with self._open() as database:
            for table, column in (("points", "run"), ("snapshots", "run"), ("runs", "id")):
                database.execute(f"DELETE FROM {table} WHERE {column} = ?", (identity,))
        shutil.rmtree(self.run_folder(identity), ignore_errors=True)

    # -- what a run leaves ---------------------------------------------------------------------------------------------

    def run_folder(self, identity: str) -> Path:
        """The folder of a run's files."""
        return self.folder / "runs" / identity

    def weights(self, identity: str) -> Path:
        """The file of a run's last checkpoint."""
        return self.run_folder(identity) / "checkpoint.safetensors"

    def add_points(self, identity: str, points: list[tuple[int, float, float | None, float | None, float | None]]) -> None:
        """Append (step, seconds, loss, mean_iou, images a second); a part that is None keeps what is there."""
        with self._open() as database:
            database.executemany(
                "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run, step) DO UPDATE SET loss = coalesce(excluded.loss, loss),"
                " mean_iou = coalesce(excluded.mean_iou, mean_iou), rate = coalesce(excluded.rate, rate)",
                [(identity, *point) for point in points],
            )

    def points(self, identity: str) -> list[tuple[int, float, float | None, float | None, float | None]]:
        """All points in order of steps."""
        with self._open() as database:
            return database.execute(
                "SELECT step, seconds, loss, mean_iou, rate FROM points WHERE run = ? ORDER BY step", (identity,)
            ).fetchall()

    def forget_after(self, identity: str, step: int) -> None:
        """Drop points and snapshots beyond `step`, before a run goes on from an earlier checkpoint."""
        with self._open() as database:
            for table in ("points", "snapshots"):
                database.execute(f"DELETE FROM {table} WHERE run = ? AND step > ?", (identity, step))

    def add_snapshot(self, identity: str, snapshot: Snapshot) -> None:
        """Keep a snapshot; when there are too many, every other one goes."""
        parts = (snapshot.images, snapshot.truths, snapshot.predictions, snapshot.certainties)
        data = b"".join(part.astype(np.uint8).tobytes() for part in parts)
        packed = (identity, snapshot.step, json.dumps([part.shape for part in parts]), zlib.compress(data, 1))
        with self._open() as database:
            database.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)", packed)
            steps = [row[0] for row in database.execute("SELECT step FROM snapshots WHERE run = ? ORDER BY step", (identity,))]
            if len(steps) > MOST_SNAPSHOTS:
                database.executemany("DELETE FROM snapshots WHERE run = ? AND step = ?", [(identity, step) for step in steps[1:-1:2]])

    def snapshot(self, identity: str) -> Snapshot | None:
        """The latest snapshot, or None before the first."""
        with self._open() as database:
            row = database.execute(
                "SELECT step, shape, data FROM snapshots WHERE run = ? ORDER BY step DESC LIMIT 1", (identity,)
            ).fetchone()
        if row is None:
            return None
        return Snapshot(row[0], *_parts(json.loads(row[1]), np.frombuffer(zlib.decompress(row[2]), np.uint8)))

    # -- life and death ------------------------------------------------------------------------------------------------

    def lock(self, identity: str) -> FileLock:
        """The lock that the worker of a run holds while it lives."""
        return FileLock(self.run_folder(identity) / "lock")

    def alive(self, identity: str) -> bool:
        """Whether a worker holds the run's lock."""
        lock = self.lock(identity)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:
            return False
        lock.release()
        return False

    def under_way(self, run: Run) -> bool:
        """Whether a worker is at a run, or about to be."""
        return run.open and (self.alive(run.id) or (run.status == "queued" and time.time() - run.updated < STARTING))

    def starting(self) -> FileLock:
        """The lock under which runs are counted and begun, so that two at a time cannot both find the last free place."""
        return FileLock(self.folder / "starting.lock")

    def uploads(self) -> Path:
        """The folder where pictures lie while a worker looks at them."""
        folder = self.folder / "uploads"
        folder.mkdir(exist_ok=True)
        return folder

    def mark_lost(self, identity: str, why: str) -> None:
        """Note that the worker of an open run is gone; what was saved can be resumed."""
        if self.run(identity).open and not self.alive(identity):
            self.update(identity, status="lost", wish="run", message=why)

    def tidy(self) -> None:
        """At the start of a server: mark runs whose workers are gone, delete left pictures and what is too old or too much."""
        for run in self.runs():
            if run.open and not self.under_way(run):
                self.mark_lost(run.id, "The server stopped while this run was training.")
        for left in self.uploads().iterdir():
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)
        self.prune()

    def prune(self) -> None:
        """Delete ended runs that are too old or too many."""
        for number, run in enumerate(self.runs()):
            if not run.open and (number >= KEPT_RUNS or time.time() - run.created > KEPT_DAYS * 86_400):
                self._remove(run.id)
