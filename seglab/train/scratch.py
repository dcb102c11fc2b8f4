"""Where pictures and results lie while somebody looks at them: a folder of each server's own, which is gone soon after it, however it ends.

The server holds a lock beside its folder while it lives. A folder whose lock is free is nobody's any more.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import threading
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

_guard = threading.Lock()
_own: dict[tuple[Path, int], tuple[Path, FileLock]] = {}  # by the shared place and the process: a fork has a folder of its own


def scratch(place: Path) -> Path:
    """This process's folder in `place`, made when it is first asked for."""
    with _guard:
        folder, _ = _own.get((place, os.getpid())) or _begin(place)
    folder.mkdir(exist_ok=True)
    return folder


def left_over(place: Path) -> list[Path]:
    """What lies in `place` and is of no living server."""
    return [path for path in sorted({path.with_suffix("") for path in place.glob("*")}) if _free(path)]


def discard(path: Path) -> None:
    """Delete what is left over, with its lock."""
    shutil.rmtree(path, ignore_errors=True)
    path.with_suffix(".lock").unlink(missing_ok=True)


def _begin(place: Path) -> tuple[Path, FileLock]:
    place.mkdir(exist_ok=True)
    folder = place / f"server-{secrets.token_hex(4)}"
    lock = FileLock(folder.with_suffix(".lock"), thread_local=False)
    lock.acquire(timeout=5)
    found = _own[place, os.getpid()] = folder, lock
    atexit.register(_end, place, os.getpid())
    return found


def _end(place: Path, process: int) -> None:
    if os.getpid() == process:
        folder, lock = _own.pop((place, process))
        discard(folder)
        with suppress(OSError):
            lock.release()


def _free(folder: Path) -> bool:
    """Whether nobody holds a folder's lock. Those of this process are known without asking."""
    lock = folder.with_suffix(".lock")
    if any(folder == own for own, _ in list(_own.values())):
        return False
    if not lock.exists():
        return True
    probe = FileLock(lock)
    try:
        probe.acquire(timeout=0)
    except (Timeout, OSError):
        return False
    probe.release()
    return True
