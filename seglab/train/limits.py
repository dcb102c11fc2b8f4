"""How much of a machine its trainings may take: how many run at a time, on how many threads each, with how much memory.

The owner of a server decides with `seglab app --jobs N --jobs-per-visitor N --job-memory MIB`. The server's processes read it from the
environment variables SEGLAB_JOBS, SEGLAB_JOBS_PER_VISITOR and SEGLAB_JOB_MEMORY.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

MOST_BY_ITSELF = 4  # trainings at a time, unless the server's owner wants more
MEMORY_SHARE = 0.6  # of the machine, for all trainings together
MIB, GIB = 2**20, 2**30
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # a disk, a quota or a limit that is full
RANGES = {"jobs": (1, 64), "jobs_per_visitor": (1, 64), "job_memory": (256, 16 * 2**20)}  # the last in MiB
_CGROUP = Path("/sys/fs/cgroup/memory.max")  # what a container may take
_CUDA = Path("/proc/driver/nvidia")

_memory_limit: int | None = None  # bytes beyond what this process had when it was limited


def settle(**given: int | None) -> None:
    """Hand the owner's limits on to this process and those that it starts. Raises ValueError for one out of its range, also for one that
    stands in the environment already."""
    for name, value in given.items():
        if value is not None:
            os.environ[_variable(name)] = str(_whole(name, value))
    for name in RANGES:
        _setting(name)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def most_running() -> int:
    """How many trainings this machine takes at a time."""
    return _setting("jobs") or min(cores(), MOST_BY_ITSELF)


def most_per_visitor() -> int:
    """How many of them may be one visitor's."""
    return _setting("jobs_per_visitor") or 1


def threads_of(wish: int, running: int) -> int:
    """The threads of one of `running` trainings; `wish` is its configuration's number, 0 for a fair share of the cores.

    >>> threads_of(0, running=10**6), threads_of(1, running=1)
    (1, 1)
    """
    return min(wish, cores()) if wish else max(1, cores() // max(1, running))


def job_memory() -> int:
    """Bytes that a training may take beyond what its process begins with."""
    wish = _setting("job_memory")
    return wish * MIB if wish else max(GIB, int(MEMORY_SHARE * _machine_memory() / most_running()))


def limit_memory() -> None:
    """Let the system refuse this process more than `job_memory`, so that a training that is too large fails alone.

    Only on Linux, and not beside a CUDA driver: what that maps into a process for itself is not for us to count.
    """
    global _memory_limit
    if sys.platform != "linux" or _CUDA.exists():
        return
    import resource

    _memory_limit = job_memory()
    taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()  # data and stack
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = taken + _memory_limit
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))


def memory_limit() -> int | None:
    """The limit in bytes that `limit_memory` set for this process, None where it is free."""
    return _memory_limit


def _machine_memory() -> int:
    """Bytes of memory of this machine, or of the container that the process runs in."""
    found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4 * GIB
    with suppress(OSError, ValueError):  # no such file, or the word "max"
        found = min(found, int(_CGROUP.read_text(encoding="ascii")))
    return found


def _variable(name: str) -> str:
    return f"SEGLAB_{name.upper()}"


def _setting(name: str) -> int | None:
    """A limit that the server's owner has set, None where that is left to us."""
    text = os.environ.get(_variable(name), "")
    return _whole(_variable(name), text, name) if text else None


def _whole(told: str, value: int | str, name: str = "") -> int:
    """`value` as a whole number in the range of the limit `name`; `told` is what the person calls it."""
    low, high = RANGES[name or told]
    try:
        number = int(value)
    except ValueError:
        raise ValueError(f"{told}={value!r} is not a whole number: {low} to {high}") from None
    if not low <= number <= high:
        raise ValueError(f"{told}={number} is out of range: {low} to {high}")
    return number
