"""Clean-up: what has passed its age or its quota goes, the oldest first; what somebody is at stays.

Files go before rows, since on a full disk SQLite needs room even to delete. The limits are those of `data/keeping.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from seglab.data import pet, remembered, uploads
from seglab.data.home import home
from seglab.data.keeping import DAY, HOUR, MB, Keeping, Went, keeping, taken
from seglab.train import scratch
from seglab.train.store import GONE, DiskFullError, NotFoundError, Run, Store

TRAINED = ("patches", "restore")  # folders of networks that labs train


def clean(store: Store, limits: Keeping | None = None) -> list[Went]:
    """One pass over all that a home keeps; what went. A server has a worker make it at the start and every few minutes.

    Raises ValueError for limits in the environment that cannot be.
    """
    limits = limits or keeping()
    went = clean_left_over(store) + clean_uploads(store, limits) + clean_runs(store, limits)
    went += clean_snapshots(store, limits) + clean_networks(store.folder, limits)
    if store.folder == home():  # another store's runs are not known here
        folders = [uploads.place_of(run.config.data) for run in store.runs()]
        went += remembered.forget(time.time() - limits.run_days * DAY, folders)
        went += pet.forget_unfinished(time.time() - limits.download_days * DAY)
    store.shrink()
    return went


def clean_runs(store: Store, limits: Keeping) -> list[Went]:
    """Delete ended runs that are too old, too many, or whose files are together too large."""
    went, together = list[Went](), 0
    for number, run in enumerate(_ended(store)):
        size = taken(store.run_folder(run.id))
        together += size
        old = time.time() - run.updated > limits.run_days * DAY
        why = limits.why("run", number >= limits.runs, together > limits.run_megabytes * MB, old)
        if why and _remove(store, run):
            together -= size
            went.append(Went("run", run.id, why, size))
    return went


def _remove(store: Store, run: Run) -> bool:
    """Delete a run unless somebody has gone on with it in this moment; whether it is gone."""
    with store.starting():
        try:
            if store.in_use(store.run(run.id)):
                return False
        except NotFoundError:  # its owner was quicker
            return False
        with suppress(DiskFullError):  # its files are gone; its row goes with the next pass
            store.remove(run.id)
        return True


def clean_snapshots(store: Store, limits: Keeping) -> list[Went]:
    """Where the pictures of ended trainings take too much, leave the oldest trainings only their first and last one."""
    went, together, sizes = list[Went](), 0, store.snapshot_bytes()
    for run in _ended(store):
        together += sizes.get(run.id, 0)
        if together > limits.snapshot_megabytes * MB and len(store.snapshot_steps(run.id)) > 2:
            store.thin_snapshots(run.id)
            left = store.snapshot_bytes().get(run.id, 0)
            together += left - sizes[run.id]
            went.append(Went("snapshots", run.id, f"pictures of more than {limits.snapshot_megabytes} MB together", sizes[run.id] - left))
    return went


def clean_uploads(store: Store, limits: Keeping | None = None) -> list[Went]:
    """Delete uploads that are too old, too many, or together too large. A kept run keeps its pictures beyond their age; one that is under
    way keeps them whatever there is."""
    if store.folder != home():
        return []
    runs = store.runs()
    learned = [run.config.data for run in runs if store.in_use(run)]
    return uploads.prune(limits or keeping(), [run.config.data for run in runs], learned)


def keep_upload(store: Store, files: Iterable[uploads.File], title: str) -> str:
    """Keep an upload and make room for it; returns its name. Raises ValueError as `uploads.keep` does, and where all the room is taken by
    pictures that runs are learning from."""
    name = uploads.keep(files, title)
    clean_uploads(store)
    most = keeping().upload_megabytes
    if uploads.together() > most * MB:
        uploads.discard(name)
        raise ValueError(f"this server keeps {most} MB of uploads, all of which runs are learning from now: try again when one has ended")
    return name


def discard_upload(store: Store, name: str) -> None:
    """Delete an upload and what is remembered of it. Raises ValueError while there are runs on it: their owners may want to go on."""
    runs = [run for run in store.runs() if run.config.data == name]
    if runs:
        told = "a run is" if len(runs) == 1 else f"{len(runs)} runs are"
        raise ValueError(f"{told} kept that learned from these pictures: delete that first, or leave them until their time is up")
    folder = uploads.place_of(name)
    uploads.discard(name)
    remembered.forget_one(folder)


def clean_networks(folder: Path, limits: Keeping) -> list[Went]:
    """Delete networks that the pages of labs have trained and that are too old; they are trained again where somebody asks."""
    went = []
    for path in (file for place in TRAINED for file in (folder / place).glob("*")):
        if path.is_file() and time.time() - path.stat().st_mtime > limits.network_days * DAY:
            went.append(Went("network", path.name, f"older than {limits.network_days} days", taken(path)))
            path.unlink(missing_ok=True)
    return went


def clean_left_over(store: Store) -> list[Went]:
    """Delete what servers and runs have left behind that ended without a word."""
    known = {run.id for run in store.runs()}
    folders = [path for path in (store.folder / "runs").glob("*") if _nobodys(store, path, known)]
    folders += scratch.left_over(store.folder / "uploads")
    went = [Went("left over", path.name, "its process has ended", taken(path)) for path in folders]
    for path in folders:
        scratch.discard(path)
    return went


def _nobodys(store: Store, path: Path, known: set[str]) -> bool:
    """Whether a folder of a run is left of one that is gone; one of another version of seglab has a row that is not read here."""
    if path.name.startswith(GONE):
        return True
    old = time.time() - path.stat().st_mtime > HOUR  # a folder comes before its row
    return path.name not in known and old and not store.has(path.name) and not store.alive(path.name)


def _ended(store: Store) -> list[Run]:
    """The runs that nobody is at, the last changed first."""
    return sorted((run for run in store.runs() if not store.in_use(run)), key=lambda run: run.updated, reverse=True)
