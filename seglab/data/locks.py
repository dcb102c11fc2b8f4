"""Lock files: whoever holds one is at work, and the system lets go of it however a process ends."""

from __future__ import annotations

from filelock import FileLock, Timeout


def held(lock: FileLock) -> bool:
    """Whether somebody holds the lock; not where there is no place for one."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False
