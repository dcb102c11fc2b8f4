"""The run store: what training leaves behind, as it goes, on this machine.

Metrics and snapshots are rows of one SQLite file in WAL mode (one writer and many readers, on one host); weights are a safetensors file a
run. Nothing here loads torch, so that the web process can read it. A run is alive while its worker holds the run's lock file: the operating
system lets go of it however the worker ends.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from seglab.data.home import home as home
from seglab.data.locks import held
from seglab.data.uploads import title_of
from seglab.train.config import TrainConfig
from seglab.train.limits import NO_ROOM
from seglab.train.scratch import scratch

SCHEMA = 3
MOST_SNAPSHOTS = 60  # a run; every other one is dropped when there are more
WISHES = ("run", "pause", "step", "stop")
GONE = ".gone-"  # before the name of a run's folder that is being deleted
INCREMENTAL = 2  # as SQLite numbers the ways to give room back
PAGES_AT_ONCE, MOST_SHRINKS = 500, 200  # of 4 kB
STARTING = 20.0  # seconds in which a worker has to take the run that it was given
GIVEN = ("starting", "running", "paused")  # a worker is at it, or should be
OPEN = ("queued", *GIVEN)
STATUSES = (*OPEN, "stopped", "finished", "failed", "lost")

_TABLES = (
    "CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, created REAL, updated REAL, owner TEXT, name TEXT, config TEXT, status TEXT,"
    " wish TEXT, message TEXT, device TEXT, step INTEGER, seconds REAL, results TEXT)",
    "CREATE TABLE IF NOT EXISTS points (run TEXT, step INTEGER, seconds REAL, loss REAL, mean_iou REAL, rate REAL,"
    " PRIMARY KEY (run, step))",
    "CREATE TABLE IF NOT EXISTS snapshots (run TEXT, step INTEGER, shape TEXT, data BLOB, PRIMARY KEY (run, step))",
    "CREATE TABLE IF NOT EXISTS anatomies (run TEXT PRIMARY KEY, step INTEGER, data TEXT)",
)
_ADDED = (  # columns since schema 3: when a run joined the queue, the owner's change of its learning rate, and what each step had
    ("runs", "joined"),
    ("runs", "learning_rate"),
    ("points", "learning_rate"),
)
_OF_A_RUN = ("points", "snapshots", "anatomies")


class NotFoundError(LookupError):
    """A run that is not in the store (any more)."""


class NotOwnerError(PermissionError):
    """A change of a run by somebody who only has its link."""


class DiskFullError(OSError):
    """What was to be stored has no room."""


class Point(NamedTuple):
    """What is known after `step` steps and `seconds` of training; `rate` in images a second. None where it was not measured there."""

    step: int
    seconds: float
    loss: float | None = None
    mean_iou: float | None = None
    rate: float | None = None
    learning_rate: float | None = None


@dataclass(frozen=True)
class Run:
    """One training run as the store knows it.

    `status` is queued, starting (given to a worker that has not taken it yet), running, paused, stopped, finished, failed or lost. `wish`
    is what its worker is to do: run, pause, step or stop. `learning_rate` is the owner's change of it, None as configured; `owner` the
    mark of the owner's token.
    """

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
    owner: str
    learning_rate: float | None

    @property
    def open(self) -> bool:
        """Whether it waits, or a worker is at it or should be."""
        return self.status in OPEN

    @property
    def given(self) -> bool:
        """Whether a worker is at it or should be."""
        return self.status in GIVEN

    @property
    def held(self) -> bool:
        """Whether it waits for its turn to go on after a pause, in the worker that it had."""
        return self.status == "queued" and self.wish == "pause"


@dataclass(frozen=True)
class Snapshot:
    """Validation images (N, H, W) or (N, H, W, 3) in 0 to 255, their true classes, and after `step` steps the predicted ones, each with how
    sure the network is of it, 0 to 255; kernels of its first layer (N, k, k) or (N, k, k, 3), and by layer its feature maps (N, h, w)."""

    step: int
    images: NDArray[np.uint8]
    truths: NDArray[np.uint8]
    predictions: NDArray[np.uint8]
    certainties: NDArray[np.uint8]
    filters: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 1, 1), np.uint8))
    maps: dict[str, NDArray[np.uint8]] = field(default_factory=dict)


def owner_mark(token: str) -> str:
    """What is stored of an owner token; the token itself stays in the owner's browser."""
    return hashlib.sha256(token.encode()).hexdigest()


@lru_cache(512)
def _config(text: str) -> TrainConfig:
    """A stored configuration; the same ones are read again and again."""
    return TrainConfig.from_json(json.loads(text))


def _run(row: tuple[Any, ...]) -> Run:
    """A run from its row. Raises ValueError or TypeError for a configuration of another version."""
    named = dict(zip((each.name for each in fields(Run)), row, strict=True))
    return Run(**named | {"config": _config(named["config"]), "results": json.loads(named["results"])})


def _packed(snapshot: Snapshot) -> tuple[str, bytes]:
    """The shapes of a snapshot's arrays as JSON, and all their bytes."""
    named = {each.name: getattr(snapshot, each.name) for each in fields(Snapshot) if each.name not in ("step", "maps")}
    shapes = {"arrays": {name: array.shape for name, array in named.items()}, "maps": {name: m.shape for name, m in snapshot.maps.items()}}
    arrays = [*named.values(), *snapshot.maps.values()]
    return json.dumps(shapes), zlib.compress(b"".join(array.astype(np.uint8).tobytes() for array in arrays), 1)


def _unpacked(step: int, shapes: Any, packed: bytes) -> Snapshot:
    """A snapshot of this schema, of schema 2 (four arrays, no names), or of 1 (the probabilities of the second of two classes last)."""
    data = np.frombuffer(zlib.decompress(packed), np.uint8)
    if isinstance(shapes, list) and isinstance(shapes[0], int):
        images, truths, chances = data.reshape(shapes)
        return Snapshot(step, images, truths, (chances > 127).astype(np.uint8), np.maximum(chances, 255 - chances))
    if isinstance(shapes, list):
        images, truths, predictions, certainties = _cut(data, shapes)
        return Snapshot(step, images, truths, predictions, certainties)
    parts = _cut(data, [*shapes["arrays"].values(), *shapes["maps"].values()])
    named = dict(zip(shapes["arrays"], parts, strict=False))
    return Snapshot(step, **named, maps=dict(zip(shapes["maps"], parts[len(named) :], strict=True)))


def _cut(data: NDArray[np.uint8], shapes: list[list[int]]) -> list[NDArray[np.uint8]]:
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(data, ends[:-1]), shapes, strict=True)]


def _bring_up(database: sqlite3.Connection) -> None:
    """Make the tables, or give those of an earlier schema what has come since."""
    for table in _TABLES:
        database.execute(table)
    for table, name in _ADDED:
        if name not in {row[1] for row in database.execute(f"PRAGMA table_info({table})")}:
            database.execute(f"ALTER TABLE {table} ADD COLUMN {name} REAL")
    database.execute(f"PRAGMA user_version = {SCHEMA}")


def no_room(folder: Path) -> bool:
    """Whether the disk takes nothing more in this folder."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(1 << 16))
    except OSError as error:
        return error.errno in NO_ROOM
    return False


class Store:
    """Runs in one folder. Every call opens the database anew, so that a store can be used from any thread and after a fork."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or home()
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA:
                raise ValueError(f"{self.folder} was written by a newer seglab (schema {version}): this one reads schema {SCHEMA}")
            if version < SCHEMA:
                database.execute("BEGIN IMMEDIATE")  # another process may be about to do the same
                _bring_up(database)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database, whole = self._connected()
        try:
            with database:
                yield database
        except sqlite3.OperationalError as error:
            if not whole or "disk is full" in str(error) or no_room(self.folder):
                raise DiskFullError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder)) from error
            raise
        finally:
            database.close()

    def _connected(self) -> tuple[sqlite3.Connection, bool]:
        """A connection, and whether it can write: on a full disk it reads what was written, for which WAL mode itself would need room."""
        place = self.folder / "runs.sqlite"
        new = not place.exists()
        database = sqlite3.connect(place, timeout=20)
        try:
            if new:
                database.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            return database, True
        except sqlite3.OperationalError:
            database.close()
            if not (place.exists() and no_room(self.folder)):
                raise
        return sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro&immutable=1", uri=True), False

    # -- runs --------------------------------------------------------------------------------------------------------

    def create(self, config: TrainConfig, token: str, name: str = "", status: str = "queued") -> Run:
        """A new run, at the end of the queue; "starting" for one that its maker works on himself. Whoever has `token` owns it."""
        identity, now = secrets.token_urlsafe(6).replace("-", "a").replace("_", "b"), time.time()
        self.run_folder(identity).mkdir(parents=True)
        begun = {"id": identity, "created": now, "updated": now, "joined": now, "owner": owner_mark(token), "status": status, "wish": "run"}
        told = {"name": name or title_of(config.data), "config": json.dumps(config.as_json()), "message": "", "device": ""}
        values = {**begun, **told, "step": 0, "seconds": 0.0, "results": "{}"}
        try:
            with self._open() as database:
                database.execute(f"INSERT INTO runs ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", (*values.values(),))
        except DiskFullError:
            self.run_folder(identity).rmdir()
            raise
        return self.run(identity)

    def run(self, identity: str) -> Run:
        """A run by its id. Raises NotFoundError."""
        found = self._rows("WHERE id = ?", (identity,))
        if not found:
            raise NotFoundError(f"run {identity[:20]!r} is not here: it was deleted, or it belongs to another machine")
        try:
            return _run(found[0])
        except (ValueError, TypeError) as error:
            raise NotFoundError(
                f"run {identity[:20]!r} was made by another version of seglab ({error}): that one opens it, and its weights are kept"
            ) from None

    def runs(self, token: str | None = None) -> list[Run]:
        """All runs, the newest first; with `token` those of its owner."""
        where, values = ("WHERE owner = ?", (owner_mark(token),)) if token else ("", ())
        return self._select(f"{where} ORDER BY created DESC", values)

    def with_status(self, *status: str) -> list[Run]:
        """The runs of these states, in the order in which they joined the queue."""
        return self._select(f"WHERE status IN ({', '.join('?' * len(status))}) ORDER BY coalesce(joined, created), created", status)

    def _select(self, where: str, values: tuple[str, ...]) -> list[Run]:
        """The runs that this version understands; one of another version troubles none of the others."""
        found = []
        for row in self._rows(where, values):
            with suppress(ValueError, TypeError):
                found.append(_run(row))
        return found

    def _rows(self, where: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
        names = ", ".join(each.name for each in fields(Run))
        with self._open() as database:
            return database.execute(f"SELECT {names} FROM runs {where}", values).fetchall()

    def owns(self, identity: str, token: str | None) -> bool:
        """Whether `token` is the owner's."""
        with self._open() as database:
            row = database.execute("SELECT owner FROM runs WHERE id = ?", (identity,)).fetchone()
        return bool(row and token and secrets.compare_digest(row[0], owner_mark(token)))

    def update(self, identity: str, **values: Any) -> None:
        """Set columns of a run; of `results` the parts that are given."""
        self.change(identity, {}, **values)

    def change(self, identity: str, when: dict[str, Any], **values: Any) -> bool:
        """Set columns of a run if its columns are as `when` says; whether they were."""
        tests = "".join(f" AND {name} = ?" for name in when)
        with self._open() as database:
            if "results" in values:
                database.execute("BEGIN IMMEDIATE")
                row = database.execute("SELECT results FROM runs WHERE id = ?", (identity,)).fetchone()
                values["results"] = json.dumps({**json.loads(row[0] if row else "{}"), **values["results"]})
            names = ", ".join(f"{name} = ?" for name in [*values, "updated"])
            given = (*values.values(), time.time(), identity, *when.values())
            return database.execute(f"UPDATE runs SET {names} WHERE id = ?{tests}", given).rowcount == 1

    def wish(self, identity: str, wish: str, token: str | None) -> None:
        """Ask the worker of a run to run, pause, stop, or make one step while it is paused. A run that waits can only be stopped.

        Raises NotOwnerError without the owner's token, ValueError for a wish that makes no sense.
        """
        if wish not in WISHES:
            raise ValueError(f"wish={wish!r} is unknown: {', '.join(WISHES)}")
        self.refuse_others(identity, token)
        # Each of these asks and sets in one go: the run may begin, or be stopped, in the same moment.
        if wish == "stop":
            if self.change(identity, {"status": "queued"}, status="stopped", wish="stop"):
                return
        elif wish == "step":
            if not self.change(identity, {"status": "paused"}, wish="step"):
                raise ValueError(f"a single step is made while a run is paused: this one is {self.run(identity).status}")
            return
        elif self.run(identity).status == "queued":
            raise ValueError("this run waits in the queue: until it begins it can only be stopped")
        self.update(identity, wish=wish)

    def set_learning_rate(self, identity: str, value: float, token: str | None) -> None:
        """Let a run go on with another learning rate at its highest. Raises NotOwnerError, or ValueError for one out of range."""
        self.refuse_others(identity, token)
        self.update(identity, learning_rate=float(TrainConfig(learning_rate=value).learning_rate))

    def reset(self, identity: str, token: str | None) -> None:
        """Take a run that has ended back to step 0; its configuration, and so its initial weights, stay.

        Raises NotOwnerError without the owner's token, ValueError while the run is open.
        """
        self.refuse_others(identity, token)
        with self.starting():  # nobody resumes it meanwhile
            if self.run(identity).open:
                raise ValueError("this run is under way: stop it before it is reset")
            self.weights(identity).unlink(missing_ok=True)
            self.forget_after(identity, -1)
            with self._open() as database:
                database.execute(
                    "UPDATE runs SET status = 'stopped', wish = 'run', message = '', device = '', step = 0, seconds = 0, results = '{}',"
                    " learning_rate = NULL, updated = ? WHERE id = ?",
                    (time.time(), identity),
                )

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
        self.remove(identity)

    # -- what a run leaves ---------------------------------------------------------------------------------------------

    def run_folder(self, identity: str) -> Path:
        """The folder of a run's files."""
        return self.folder / "runs" / identity

    def weights(self, identity: str) -> Path:
        """The file of a run's last checkpoint."""
        return self.run_folder(identity) / "checkpoint.safetensors"

    def add_points(self, identity: str, points: list[Point]) -> None:
        """Append points; a part that is None keeps what is there."""
        kept = ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in Point._fields[2:])
        names, marks = ", ".join(Point._fields), ", ".join("?" * len(Point._fields))
        with self._open() as database:
            database.executemany(
                f"INSERT INTO points (run, {names}) VALUES (?, {marks}) ON CONFLICT (run, step) DO UPDATE SET {kept}",
                [(identity, *point) for point in points],
            )

    def points(self, identity: str) -> list[Point]:
        """All points in order of steps."""
        with self._open() as database:
            found = database.execute(f"SELECT {', '.join(Point._fields)} FROM points WHERE run = ? ORDER BY step", (identity,))
            return [Point(*row) for row in found]

    def forget_after(self, identity: str, step: int) -> None:
        """Drop what was noted beyond `step`, before a run goes on from an earlier checkpoint."""
        with self._open() as database:
            for table in _OF_A_RUN:
                database.execute(f"DELETE FROM {table} WHERE run = ? AND step > ?", (identity, step))

    def add_snapshot(self, identity: str, snapshot: Snapshot) -> None:
        """Keep a snapshot; when there are too many, every other one goes."""
        packed = (identity, snapshot.step, *_packed(snapshot))
        with self._open() as database:
            database.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)", packed)
            steps = [row[0] for row in database.execute("SELECT step FROM snapshots WHERE run = ? ORDER BY step", (identity,))]
            if len(steps) > MOST_SNAPSHOTS:
                database.executemany("DELETE FROM snapshots WHERE run = ? AND step = ?", [(identity, step) for step in steps[1:-1:2]])

    def snapshot_steps(self, identity: str) -> list[int]:
        """The steps after which there is a snapshot, in order."""
        with self._open() as database:
            return [row[0] for row in database.execute("SELECT step FROM snapshots WHERE run = ? ORDER BY step", (identity,))]

    def snapshot(self, identity: str, step: int | None = None) -> Snapshot | None:
        """The latest snapshot, or with `step` the latest up to there; None before the first."""
        with self._open() as database:
            row = database.execute(
                "SELECT step, shape, data FROM snapshots WHERE run = ? AND step <= ? ORDER BY step DESC LIMIT 1",
                (identity, 2**62 if step is None else step),
            ).fetchone()
        return _unpacked(row[0], json.loads(row[1]), row[2]) if row else None

    def add_anatomy(self, identity: str, step: int, data: dict[str, Any]) -> None:
        """Keep what one step was made of, as JSON data, in place of what an earlier one was."""
        with self._open() as database:
            database.execute("INSERT OR REPLACE INTO anatomies VALUES (?, ?, ?)", (identity, step, json.dumps(data)))

    def anatomy(self, identity: str) -> dict[str, Any] | None:
        """What the last such step was made of, with its number as `step`; None before the first."""
        with self._open() as database:
            row = database.execute("SELECT step, data FROM anatomies WHERE run = ?", (identity,)).fetchone()
        return {**json.loads(row[1]), "step": row[0]} if row else None

    # -- life and death ------------------------------------------------------------------------------------------------

    def lock(self, identity: str) -> FileLock:
        """The lock that the worker of a run holds while it lives."""
        return FileLock(self.run_folder(identity) / "lock")

    def alive(self, identity: str) -> bool:
        """Whether a worker holds the run's lock."""
        return held(self.lock(identity))

    def under_way(self, run: Run) -> bool:
        """Whether a worker is at a run, or about to be."""
        return run.given and (self.alive(run.id) or (run.status == "starting" and time.time() - run.updated < STARTING))

    def starting(self) -> FileLock:
        """The lock under which runs are counted and begun, so that two at a time cannot both find the last free place."""
        return FileLock(self.folder / "starting.lock")

    def uploads(self) -> Path:
        """This process's folder for pictures while a worker looks at them."""
        return scratch(self.folder / "uploads")

    def mark_lost(self, identity: str, why: str) -> None:
        """Note that the worker of a run is gone; what was saved can be resumed. A run that waits has none to lose."""
        run = self.run(identity)
        if run.given and not self.alive(identity):  # and not given to another worker meanwhile
            self.change(identity, {"status": run.status, "updated": run.updated}, status="lost", wish="run", message=why)

    def mark_left(self) -> None:
        """At the start of a server: mark the runs whose workers are gone."""
        for run in self.runs():
            if run.given and not self.under_way(run):
                self.mark_lost(run.id, "The server stopped while this run was training.")

    # -- making room -----------------------------------------------------------------------------------------------------

    def in_use(self, run: Run) -> bool:
        """Whether a run waits, or a worker is at it: then nothing of it may be taken away."""
        return run.status == "queued" or self.under_way(run)

    def has(self, identity: str) -> bool:
        """Whether there is a run of this id, also one of another version of seglab."""
        return bool(self._rows("WHERE id = ?", (identity,)))

    def remove(self, identity: str) -> None:
        """Take a run and its files away, whoever owns it; on a full disk its files first, so that there is room to delete its rows."""
        folder = self.run_folder(identity)
        aside = folder.with_name(f"{GONE}{identity}")
        with suppress(FileNotFoundError):
            os.replace(folder, aside)  # nobody finds half a run meanwhile
        try:
            self._delete_rows(identity)
        except DiskFullError:
            shutil.rmtree(aside, ignore_errors=True)
            self._delete_rows(identity)
        shutil.rmtree(aside, ignore_errors=True)

    def _delete_rows(self, identity: str) -> None:
        with self._open() as database:
            for table in _OF_A_RUN:
                database.execute(f"DELETE FROM {table} WHERE run = ?", (identity,))
            database.execute("DELETE FROM runs WHERE id = ?", (identity,))

    def snapshot_bytes(self) -> dict[str, int]:
        """What the snapshots of each run take."""
        with self._open() as database:
            return dict(database.execute("SELECT run, sum(length(data)) FROM snapshots GROUP BY run"))

    def thin_snapshots(self, identity: str) -> None:
        """Keep only the first and the last snapshot of a run."""
        ends = "SELECT min(step) FROM snapshots WHERE run = :run UNION SELECT max(step) FROM snapshots WHERE run = :run"
        with self._open() as database:
            database.execute(f"DELETE FROM snapshots WHERE run = :run AND step NOT IN ({ends})", {"run": identity})

    def compact(self) -> None:
        """Let a database of before rows gave their room back do so, once, while no run is under way."""
        if any(self.in_use(run) for run in self.runs()):
            return
        with closing(self._connected()[0]) as database:
            if database.execute("PRAGMA auto_vacuum").fetchone()[0] != INCREMENTAL:
                database.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
                database.execute("VACUUM")

    def shrink(self) -> None:
        """Give the room of deleted rows back to the disk, a little at a time, so that nobody waits long for the database."""
        for _ in range(MOST_SHRINKS):
            with self._open() as database:
                (free,) = database.execute("PRAGMA freelist_count").fetchone()
                (kind,) = database.execute("PRAGMA auto_vacuum").fetchone()
                if not free or kind != INCREMENTAL:
                    return
                database.executescript(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE});")
