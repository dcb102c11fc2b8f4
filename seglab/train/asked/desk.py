"""Where questions of pages wait for a worker, and how what it draws and tells comes back."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from seglab.train.jobs import workers
from seglab.train.store import Store

Found = TypeVar("Found")
Pictures = tuple[dict[str, Any], dict[str, bytes]]
# Pictures are segmented a few at a time; the others wait here, where an answer that nobody waits for any more is cancelled.
_desk = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2), thread_name_prefix="segment")
_trainings = ThreadPoolExecutor(1, thread_name_prefix="training")  # small ones, one at a time, which pictures need not wait for


def waiting_for(work: Callable[[], Found], long: bool = False) -> Future[Found]:
    """What `work`, which asks a worker and waits for it, returns once its turn has come; with `long` it waits for trainings only."""
    return (_trainings if long else _desk).submit(work)


def drawn(store: Store, do: str, data: bytes | None, task: dict[str, Any], long: bool = False) -> Future[Pictures]:
    """What a task says and draws, as PNG by name, once its turn has come; `data` is the file that it looks at."""
    return waiting_for(lambda: _drawn(store.uploads(), do, data, task), long)


def _drawn(place: Path, do: str, data: bytes | None, task: dict[str, Any]) -> Pictures:
    """What a worker says and draws; `data` is the file that it looks at."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        if data is not None:
            source = Path(folder) / "image"
            source.write_bytes(data)
            task |= {"image": str(source)}
        said = workers().submit(do, out=folder, **task).result()
        return said, written(folder)


def written(folder: str) -> dict[str, bytes]:
    """The pictures that a worker has put into a folder, as PNG by name."""
    return {path.stem: path.read_bytes() for path in Path(folder).glob("*.png")}


def told(store: Store, do: str, **task: Any) -> Future[Pictures]:
    """What a task tells in told.json, which may be longer than an answer, and its pictures."""

    def made() -> Pictures:
        with tempfile.TemporaryDirectory(dir=store.uploads()) as folder:
            workers().submit(do, **task, out=folder).result()
            return json.loads((Path(folder) / "told.json").read_text(encoding="utf-8")), written(folder)

    return waiting_for(made)


def stamp(path: Path) -> int:
    """When a file was last written, 0 where it is not there: what is known of the file holds as long."""
    return path.stat().st_mtime_ns if path.exists() else 0
