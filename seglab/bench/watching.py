"""Many who watch one live run, and how old a number is when it reaches them.

The run is made by the generator itself: a point each tenth of a second, as a worker writes them, so that its moment is known to the
millisecond and no training takes the processor from what is measured.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from seglab.bench.visitor import VisitError, Visitor
from seglab.bench.web_process import Served
from seglab.train.config import TrainConfig
from seglab.train.store import Point, Store

EVERY = 0.1  # seconds between two points, as in a worker
STEP = re.compile(r"Step (\d+)")


class LiveRun:
    """A run in the store of a server, whose points are written with `write` and whose steps remember when."""

    def __init__(self, served: Served) -> None:
        self.store = Store(served.home)
        self.id = self.store.create(TrainConfig(steps=100_000), "bench serve", status="starting").id
        self.lock = self.store.lock(self.id)
        self.written: dict[int, float] = {}

    def __enter__(self) -> LiveRun:
        self.lock.acquire()  # a run without a worker would be taken for lost
        self.store.update(self.id, status="running", device="cpu")
        return self

    def __exit__(self, *_: object) -> None:
        self.store.update(self.id, status="stopped")
        self.lock.release()

    async def write(self, seconds: float) -> None:
        """Points for so long."""
        until = time.perf_counter() + seconds
        for step in range(len(self.written) + 1, 100_000):
            now = time.perf_counter()
            if now > until:
                return
            point = Point(step, step * EVERY, 1 / step, 1 - 1 / step, 100.0, 1e-3)
            await asyncio.to_thread(self._note, point)
            self.written[step] = time.perf_counter()
            await asyncio.sleep(max(0.0, now + EVERY - time.perf_counter()))

    def _note(self, point: Point) -> None:
        self.store.add_points(self.id, [point])
        self.store.update(self.id, step=point.step, seconds=point.seconds)


class Arrivals:
    """When a viewer has first heard of each step, or of a later one."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, float]] = []

    def note(self, step: int) -> None:
        """A message has come that tells of `step`."""
        if not self.heard or step > self.heard[-1][0]:
            self.heard.append((step, time.perf_counter()))

    def ages(self, run: LiveRun) -> list[float]:
        """Seconds from the writing of each step until the viewer knew of it, from the first step that was heard alone on.

        >>> from types import SimpleNamespace
        >>> arrivals = Arrivals()
        >>> arrivals.heard = [(1, 10.5), (3, 11.0)]
        >>> [round(age, 1) for age in arrivals.ages(SimpleNamespace(written={1: 10.0, 2: 10.2, 3: 10.9}))]
        [0.8, 0.1]
        """
        ages, known = [], self.heard[0][0] if self.heard else 0
        for step, moment in self.heard[1:]:
            ages += [moment - run.written[each] for each in range(known + 1, step + 1) if each in run.written]
            known = step
        return ages


Way = Callable[[Served, LiveRun, float, Arrivals], Coroutine[Any, Any, None]]


async def by_fragment(served: Served, run: LiveRun, seconds: float, arrivals: Arrivals) -> None:
    """Watch as the page does that renews a part of itself again and again."""

    def hear(message: ForwardMsg) -> None:
        if found := STEP.search(message.delta.new_element.markdown.body):
            arrivals.note(int(found[1]))

    visitor = Visitor(served.address, "train", hear)
    until = time.perf_counter() + seconds
    try:
        await visitor.visit({"run": run.id})
        if not visitor.interval:
            raise VisitError(f"/train?run={run.id} does not renew itself: it may be told by events")
        while time.perf_counter() < until:
            await asyncio.sleep(visitor.interval)
            await visitor.again()
    finally:
        visitor.leave()


async def by_events(served: Served, run: LiveRun, seconds: float, arrivals: Arrivals) -> None:
    """Watch by server-sent events, as a browser does that has the page already."""
    place = urlsplit(served.address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        writer.write(f"GET /live/{run.id} HTTP/1.1\r\nHost: {place.netloc}\r\nAccept: text/event-stream\r\n\r\n".encode())
        first = (await reader.readline()).decode("latin-1").strip()
        if " 200" not in first:
            raise VisitError(f"GET /live/{run.id}: {first or 'no answer'}")
        async with asyncio.timeout(seconds):
            while line := await reader.readline():
                if line.startswith(b"data:"):
                    points = json.loads(line[5:]).get("points") or [[0]]
                    arrivals.note(int(points[-1][0]))
            raise VisitError(f"GET /live/{run.id}: the server ended the stream of a run that goes on")
    except TimeoutError:
        return
    finally:
        writer.close()


WAYS: dict[str, Way] = {"fragment": by_fragment, "events": by_events}


async def viewers(served: Served, count: int, way: str, seconds: float = 20.0) -> dict[str, Any]:
    """`count` viewers of one run for so many seconds: the ages of its numbers on arrival, in milliseconds (p50, p95, p99)."""
    everybody = [Arrivals() for _ in range(count)]
    begin = served.held()
    began = time.perf_counter()
    with LiveRun(served) as run:
        await run.write(0.5)

        async def one(number: int) -> None:
            await asyncio.sleep(5 * number / count)  # a hall opens a link within seconds
            await WAYS[way](served, run, seconds + 5 - 5 * number / count, everybody[number])

        results = await asyncio.gather(run.write(seconds + 5.5), *(one(n) for n in range(count)), return_exceptions=True)
    failed = [str(error) for error in results if isinstance(error, BaseException)]
    ages = [age for arrivals in everybody for age in arrivals.ages(run)]
    end = served.held()
    return {
        "viewers": count,
        "way": way,
        "failed": len(failed),
        "why": failed[:3],
        "points": len(run.written),
        **{f"age_p{q}": round(1000 * float(np.percentile(ages, q))) if ages else None for q in (50, 95, 99)},
        "cpu": round((end.cpu - begin.cpu) / (time.perf_counter() - began), 2),
        "rss": end.rss,
    }
