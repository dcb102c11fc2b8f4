"""A hall full of visitors: how long they wait, what the web process holds, and what is left of them when they have gone.

Every visitor is a real WebSocket session that speaks Streamlit's protocol (`visitor.py`). Server and visitors share the machine, so the
figures are those of a slower one; the ratio under load compares the same visitors a moment apart.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seglab.bench.live_viewers import measure_viewers
from seglab.bench.visitor import Visitor
from seglab.bench.web_process import Held, Served, served
from seglab.lessons import LESSONS
from seglab.stage.lesson import Lesson
from seglab.train.config import TrainConfig
from seglab.train.store import Store

SESSIONS, WITHIN, EVERY = 300, 10.0, 5.0  # visitors, seconds in which they come, seconds between two moves of one of them
ROOM = ("convolution", "transposed_convolution", "unet_by_hand")  # the lessons that they are at
WAVES, WAVE, WARM = 10, 150, 3  # waves of visitors, and the one after which the server is taken as warm
PATIENCE = 120.0  # seconds after which a visitor gives up
Tell = Callable[[str], None]


def measure(tell: Tell = print, sessions: int = SESSIONS) -> dict[str, Any]:
    """All scenarios, as plain data; times in milliseconds, memory in MB."""
    with served() as server:
        result = asyncio.run(_hall(server, tell, sessions))
    with served() as server:
        result["waves"] = asyncio.run(waves(server, count=min(WAVE, max(1, sessions // 2))))
    tell(_told_waves(result["waves"]))
    result["viewers"] = measure_viewers(tell, sessions)
    return result


async def _hall(server: Served, tell: Tell, sessions: int) -> dict[str, Any]:
    """Everybody comes, works, and works on while two train."""
    await warmed(server)
    visitors, came = await join(server, sessions)
    tell(f"  {came['joined']} of {sessions} joined within {WITHIN:.0f} s: painted p50 {came['p50']} ms, p95 {came['p95']} ms")
    moved = await active(server, visitors)
    tell(f"  {sessions} active, a move each {EVERY:.0f} s: p50 {moved['p50']} ms, p95 {moved['p95']} ms, p99 {moved['p99']} ms")
    loaded = await active_while_training(server, visitors)
    tell(f"  while two train: p95 {loaded['p95']} ms, {loaded['p95'] / moved['p95']:.2f} x; p99 {loaded['p99']} ms")
    held = server.held()
    tell(f"  the web process: {held.rss:.0f} MB (at most {held.peak:.0f}), {held.threads} threads, {held.files} open files")
    for visitor in visitors:
        visitor.leave()
    return {
        "sessions": sessions,
        "lessons": list(ROOM),
        "join": came,
        "active": moved,
        "training": {**loaded, "ratio": round(loaded["p95"] / moved["p95"], 2)},
        "memory": held._asdict(),
    }


# -- scenarios ---------------------------------------------------------------------------------------------------------


async def warmed(server: Served, lessons: Sequence[str] = ROOM) -> None:
    """One visitor at each lesson, and gone: a server that has just started reads its files first."""
    for name in lessons:
        visitor = Visitor(server.address, name)
        await visitor.visit()
        visitor.leave()


async def join(
    server: Served, sessions: int = SESSIONS, within: float = WITHIN, lessons: Sequence[str] = ROOM
) -> tuple[list[Visitor], dict[str, Any]]:
    """Visitors who come one after the other within so many seconds, and how long each waited until the page was painted."""
    everybody = [Visitor(server.address, lessons[number % len(lessons)]) for number in range(sessions)]

    async def come(number: int) -> float:
        await asyncio.sleep(within * number / sessions)
        async with asyncio.timeout(PATIENCE):
            return await everybody[number].visit()

    taken, figures = await _timed(server, [come(number) for number in range(sessions)])
    inside = [visitor for visitor, seconds in zip(everybody, taken, strict=True) if seconds is not None]
    return inside, {"joined": len(inside), **figures}


async def active(server: Served, visitors: Sequence[Visitor], every: float = EVERY, rounds: int = 5) -> dict[str, Any]:
    """Each visitor's stage settles in another state every so many seconds, not all at once; from telling the server to its last word."""
    chance = random.Random(0)

    async def work(visitor: Visitor, begin: float, first: int) -> list[float]:
        own, taken = moves(LESSONS[visitor.page], first), []
        for turn in range(rounds):
            # Whoever has waited longer than that moves on at once, as a person would.
            await asyncio.sleep(max(0.0, begin + turn * every - time.perf_counter()))
            async with asyncio.timeout(PATIENCE):
                taken.append(await visitor.settle(own[(visitor.settles + turn) % len(own)]))
        return taken

    now = time.perf_counter()
    _, figures = await _timed(server, [work(each, now + chance.uniform(0, every), 1 + number) for number, each in enumerate(visitors)])
    return figures


async def active_while_training(server: Served, visitors: Sequence[Visitor], every: float = EVERY, rounds: int = 5) -> dict[str, Any]:
    """The same while two networks are trained by workers of the server. Raises RuntimeError where they did not go on all the while."""
    store = Store(server.home)
    config = TrainConfig(steps=100_000)
    runs = [store.create(config, owner).id for owner in ("first", "second")]
    somebody = Visitor(server.address, "train")
    await somebody.visit({"run": runs[0]})  # whoever looks at a queue sets it going
    somebody.leave()
    await _until(lambda: all(store.run(run).step for run in runs))
    figures = await active(server, visitors, every, rounds)
    going = [store.run(run).status for run in runs]
    for run, owner in zip(runs, ("first", "second"), strict=True):
        store.wish(run, "stop", owner)
    if going != ["running", "running"]:
        raise RuntimeError(f"two should have trained all the while, but they are {' and '.join(going)}: SEGLAB_JOBS=2 lets two train")
    await _until(lambda: not any(store.alive(run) for run in runs))
    return figures


async def waves(server: Served, count: int = WAVE, number: int = WAVES, lessons: Sequence[str] = ROOM) -> dict[str, Any]:
    """Wave after wave of visitors who come, move once and go: what the web process holds after each, and how much more after the last than
    after the third."""
    await warmed(server, lessons)
    after: list[Held] = []
    failed = 0
    for _ in range(number):
        visitors, came = await join(server, count, count * WITHIN / SESSIONS, lessons)
        moved = await active(server, visitors, every=1.0, rounds=1)
        failed += came["failed"] + moved["failed"]
        for visitor in visitors:
            visitor.leave()
        await _at_rest(server)
        after.append(server.held())
    warm, last = after[min(WARM, number) - 1], after[-1]
    return {
        "waves": number,
        "visitors": count,
        "failed": failed,
        "growth": round(last.rss / warm.rss - 1, 4),
        "more": {name: getattr(last, name) - getattr(warm, name) for name in ("threads", "files", "children")},
        "rss": [held.rss for held in after],
        "files": [held.files for held in after],
        "threads": [held.threads for held in after],
    }


# -- helpers -----------------------------------------------------------------------------------------------------------


def moves(lesson: Lesson, first: int = 1) -> list[dict[str, str]]:
    """Links that a stage settles on as somebody goes through a lesson: every stop, and two steps into it, others than their neighbour's."""
    stops = [{**stop.state, "stop": number} for number, stop in enumerate(lesson.stops, 1)]
    return [lesson.link(lesson.state(**{**stop, "at": step})) for stop in stops for step in (first, first + 1)]


async def _timed(server: Served, work: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
    """What each of them returns, None for one that failed; and p50, p95 and p99 in milliseconds, why any failed, the server's processor."""
    before, began = server.held().cpu, time.perf_counter()
    own = time.process_time()
    results = await asyncio.gather(*work, return_exceptions=True)
    seconds = time.perf_counter() - began
    failed = [f"{type(error).__name__}: {error}" for error in results if isinstance(error, BaseException)]
    fine = [None if isinstance(result, BaseException) else result for result in results]
    times = np.array([each for result in fine if result is not None for each in (result if isinstance(result, list) else [result])])
    return fine, {
        "failed": len(failed),
        "why": failed[:3],
        "count": len(times),
        **{f"p{q}": round(1000 * float(np.percentile(times, q)), 1) if len(times) else float("nan") for q in (50, 95, 99)},
        "cpu": round((server.held().cpu - before) / seconds, 2),
        "cpu_ms": round(1000 * (server.held().cpu - before) / max(1, len(times)), 1),
        "generator_cpu": round((time.process_time() - own) / seconds, 2),
        "load": round(os.getloadavg()[0], 1),
    }


async def _at_rest(server: Served) -> None:
    """Until the server has noticed that everybody is gone: it has as many threads and files as a moment ago."""
    before: tuple[int, int] | None = None

    def rests() -> bool:
        nonlocal before
        held, last = server.held(), before
        before = held.threads, held.files
        return before == last

    await _until(rests, 0.5)


async def _until(holds: Callable[[], bool], every: float = 0.2) -> None:
    async with asyncio.timeout(PATIENCE):
        await asyncio.sleep(every)
        while not holds():
            await asyncio.sleep(every)


def _told_waves(found: dict[str, Any]) -> str:
    more = ", ".join(f"{value:+d} {name}" for name, value in found["more"].items())
    return f"  {found['waves']} waves of {found['visitors']}: memory {100 * found['growth']:+.1f} % since wave {WARM}, {more}"
