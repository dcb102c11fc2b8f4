"""The web process of a server that is measured: its memory, and what it holds open (Linux)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from seglab.bench.stage import processes_of, serve_app

TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Held(NamedTuple):
    """What a process holds: memory in MB (resident, its highest so far, and with shared pages divided among their users), threads, open
    files (sockets too), child processes, and the processor seconds that it has used."""

    rss: float
    peak: float
    pss: float
    threads: int
    files: int
    children: int
    cpu: float


class Served(NamedTuple):
    """A server in a process of its own: its address, its home, and the web process's id."""

    address: str
    home: Path
    pid: int

    def held(self) -> Held:
        """What the web process holds now."""
        place = Path("/proc") / str(self.pid)
        told = dict(line.split(":", 1) for line in (place / "status").read_text(encoding="utf-8").splitlines() if ":" in line)
        shares = (place / "smaps_rollup").read_text(encoding="utf-8").splitlines()
        pss = next(int(line.split()[1]) for line in shares if line.startswith("Pss:"))
        times = (place / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return Held(
            rss=_megabytes(int(told["VmRSS"].split()[0])),
            peak=_megabytes(int(told["VmHWM"].split()[0])),
            pss=_megabytes(pss),
            threads=int(told["Threads"]),
            files=len(list((place / "fd").iterdir())),
            children=sum(_parent(other) == self.pid for other in processes_of(self.home.parent)),
            cpu=(int(times[11]) + int(times[12])) / TICK,
        )


@contextmanager
def served() -> Iterator[Served]:
    """The app in a process of its own, with a home of its own. Raises RuntimeError where the system does not tell what a process holds."""
    if not Path("/proc/self/smaps_rollup").exists():
        raise RuntimeError("`seglab bench serve` reads /proc, which this system does not have: run it on Linux")
    _many_files()
    with tempfile.TemporaryDirectory() as folder, serve_app(Path(folder)) as address:
        own = [int(place.name) for place in processes_of(Path(folder)) if _parent(place) == os.getpid()]
        yield Served(address, Path(folder) / "home", own[0])


def _megabytes(kibibytes: int) -> float:
    return round(kibibytes * 1024 / 1e6, 1)


def _parent(place: Path) -> int:
    try:
        return int((place / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1])
    except OSError:  # it has ended
        return 0


def _many_files() -> None:
    """Three hundred visitors are three hundred sockets, here as on the server, which takes over this limit."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
