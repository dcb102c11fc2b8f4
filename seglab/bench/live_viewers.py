"""A hall that watches one live run: how old its numbers are when they arrive, and what the server spends on it.

A worker's part is played by a process that only writes, at a worker's pace (points each tenth of a second, a snapshot each 0.7 s), and
notes when each write was done. Each viewer is a connection of its own, which reads the stream and fetches new pictures as a browser does.
Server, writer and viewers share the machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from seglab.bench.stage import processes_of, serve_app
from seglab.data.sets import unseen_scene
from seglab.train.config import TrainConfig
from seglab.train.job import WRITE_EVERY
from seglab.train.loop import SNAPSHOT_EVERY
from seglab.train.store import Point, Snapshot, Store

VIEWERS, SECONDS, COMING = 300, 20.0, 5.0  # viewers, seconds of watching, and in which they come
ID = re.compile(rb"^id: (\d+)@", re.MULTILINE)
STEPS = 100_000


def measure_viewers(tell: Callable[[str], None] = print, count: int = VIEWERS, seconds: float = SECONDS) -> dict[str, Any]:
    """Milliseconds from write to arrival (p50, p95, p99), pictures fetched, the web process's share of a processor and its memory."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_app(Path(folder)) as address,
        working(Path(folder) / "home", seconds) as worker,
    ):
        server = next(place for place in processes_of(Path(folder)) if _parent(place) == os.getpid())
        assert worker.stdout
        run = worker.stdout.readline().strip()
        hall = Hall(address, run)
        before, began = _cpu(server), time.perf_counter()
        asyncio.run(hall.watch(count, seconds))
        spent = (_cpu(server) - before) / (time.perf_counter() - began)
        memory = _memory(server)
        written = {int(step): float(moment) for step, moment in (line.split() for line in worker.stdout)}
    ages = 1000 * np.array([age for viewer in hall.heard for age in _ages(viewer, written)])
    found: dict[str, Any] = {
        "viewers": count,
        "failed": hall.failed,
        "points": len(written),
        "arrivals": len(ages),
        "pictures": hall.pictures,
    }
    found |= {f"p{q}": round(float(np.percentile(ages, q)), 1) for q in (50, 95, 99)}
    found |= {"late_p99": round(1000 * float(np.percentile(hall.late, 99)), 1)}
    found |= {"processor": round(spent, 2), "memory_mb": memory, "load": round(os.getloadavg()[0], 1)}
    tell(f"  {count} viewers of one run: its numbers arrive after {found['p50']:.0f} ms (p95 {found['p95']:.0f}, p99 {found['p99']:.0f})")
    tell(f"  (a process of its own is late by {found['late_p99']:.0f} ms (p99) on this machine meanwhile)")
    tell(f"  the server takes {100 * spent:.0f} % of a processor and {memory:.0f} MB; {hall.pictures} pictures were fetched meanwhile")
    return found


class Hall:
    """Viewers of a run: what each has heard, as (step, moment)."""

    def __init__(self, address: str, run: str) -> None:
        self.place, self.run = urlsplit(address), run
        self.heard: list[list[tuple[int, float]]] = []
        self.failed = self.pictures = 0
        self.late: list[float] = []  # seconds by which the machine lets this process wait for its turn

    async def watch(self, count: int, seconds: float) -> None:
        """All of them, until so many seconds have passed."""
        self.heard = [[] for _ in range(count)]
        until = time.monotonic() + seconds
        await asyncio.gather(self._tick(until), *(self._one(number, COMING * number / count, until) for number in range(count)))

    async def _tick(self, until: float) -> None:
        while (now := time.monotonic()) < until:
            await asyncio.sleep(0.02)
            self.late.append(time.monotonic() - now - 0.02)

    async def _one(self, number: int, wait: float, until: float) -> None:
        await asyncio.sleep(wait)
        tasks: set[asyncio.Task[None]] = set()
        try:
            reader, writer = await self._ask(f"/live/{self.run}")
            async with asyncio.timeout(until - time.monotonic()):
                while message := await reader.readuntil(b"\n\n"):
                    found = ID.search(message)
                    if found:
                        self.heard[number].append((int(found[1]), time.time()))
                    if b'"pictures"' in message:
                        tasks.add(asyncio.create_task(self._look(message)))
        except TimeoutError:
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            self.failed += 1
        finally:
            for task in tasks:
                task.cancel()

    async def _look(self, message: bytes) -> None:
        """Fetch the new pictures, of four the last two, at a moment of one's own."""
        told = json.loads(message[message.index(b"data: ") + 6 :].split(b"\n")[0])["pictures"]
        await asyncio.sleep(told["within"] * random.random())
        for shown in told["shown"][2:]:
            reader, writer = await self._ask(f"/{shown['src']}")
            if b" 200 " in (await reader.readuntil(b"\r\n")):
                self.pictures += 1
            writer.close()

    async def _ask(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(self.place.hostname, self.place.port, limit=1 << 22)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.place.netloc}\r\n\r\n".encode())
        return reader, writer


def _ages(heard: list[tuple[int, float]], written: dict[int, float]) -> Iterator[float]:
    """Seconds from the write of each step to its arrival; what was there before the viewer came has none.

    >>> list(_ages([(3, 10.0), (5, 10.5)], {4: 10.25, 5: 10.375, 6: 10.75}))
    [0.25, 0.125]
    """
    for (before, _), (step, moment) in pairwise(heard):
        yield from (moment - written[each] for each in range(before + 1, step + 1) if each in written)


# -- the worker's part -------------------------------------------------------------------------------------------------


@contextmanager
def working(home: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """A process that writes a run: first its id, at the end each step with its moment."""
    command = [sys.executable, "-m", "seglab.bench.live_viewers", str(home), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def work(home: Path, seconds: float) -> None:
    """Write for so long and say when."""
    store, written = Store(home), dict[int, float]()
    run = store.create(TrainConfig(steps=STEPS), "bench", status="starting").id
    scenes = [unseen_scene("cells", number, 128, 0.5) for number in range(4)]
    images = np.stack([(255 * image).astype(np.uint8) for image, _ in scenes])
    truths = np.stack([mask for _, mask in scenes]).astype(np.uint8)
    rng, begun, looked = np.random.default_rng(0), time.time(), 0.0
    with store.lock(run):
        store.update(run, status="running", device="CPU")
        print(run, flush=True)
        while time.time() - begun < seconds:
            step, now = len(written) + 1, time.time()
            store.add_points(run, [Point(step, now - begun, 1 / step, rate=100.0, learning_rate=1e-3)])
            written[step] = time.time()
            store.update(run, step=step, seconds=now - begun)
            if now - looked >= SNAPSHOT_EVERY:
                looked = now
                guess = np.where(rng.random(truths.shape) < 0.2, 1 - truths, truths).astype(np.uint8)
                store.add_snapshot(run, Snapshot(step, images, truths, guess, rng.integers(128, 256, guess.shape, np.uint8)))
            time.sleep(max(0.0, now + WRITE_EVERY - time.time()))
    print("".join(f"{step} {moment}\n" for step, moment in written.items()), end="", flush=True)


def _parent(place: Path) -> int:
    return int((place / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1])


def _cpu(place: Path) -> float:
    """Seconds of processor time that a process has had."""
    times = (place / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


def _memory(place: Path) -> float:
    """Megabytes that a process holds."""
    told = dict(line.split(":", 1) for line in (place / "status").read_text(encoding="utf-8").splitlines())
    return round(int(told["VmRSS"].split()[0]) * 1024 / 1e6, 1)


if __name__ == "__main__":
    work(Path(sys.argv[1]), float(sys.argv[2]))
