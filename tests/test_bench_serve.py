"""The load generator: fifty visitors are all served, nothing of them is left, and what goes wrong is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import awaited
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from seglab.bench import serve
from seglab.bench.live_viewers import measure_viewers
from seglab.bench.visitor import VisitError, Visitor
from seglab.bench.web_process import Served, served
from seglab.lessons import LESSONS

FIFTY = 50
AT_LEAST = 3  # waves until the server keeps as many sessions of visitors who have gone as it ever does (128)


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as own:
        awaited(serve.warmed(own))
        yield own


@pytest.fixture(scope="module")
def hall(server: Served) -> dict[str, Any]:
    """Fifty join, move twice and go, again and again; the figures, and what the server holds after each time."""

    async def come() -> dict[str, Any]:
        found: dict[str, Any] = {"join": [], "active": [], "held": []}
        for _ in range(AT_LEAST + 2):
            visitors, joined = await serve.join(server, FIFTY, 1.0)
            moved = await serve.active(server, visitors, every=0.5, rounds=2)
            states = [visitor.query for visitor in visitors]
            for visitor in visitors:
                visitor.leave()
            await serve._at_rest(server)
            found["join"].append(joined)
            found["active"].append(moved)
            found["held"].append(server.held())
            found["states"] = states
        return found

    return awaited(come())


def test_fifty_join_and_work_without_an_exception(hall: dict[str, Any]) -> None:
    for joined, moved in zip(hall["join"], hall["active"], strict=True):
        assert joined["why"] == []
        assert joined["joined"] == FIFTY
        assert moved["why"] == []
        assert moved["count"] == 2 * FIFTY


def test_a_move_changes_the_address_as_the_stage_would(hall: dict[str, Any]) -> None:
    assert all("stop=2" in query for query in hall["states"])
    assert len(set(hall["states"])) > FIFTY / 2  # they are not all at the same place


def test_nothing_is_left_of_visitors_who_have_gone(hall: dict[str, Any]) -> None:
    warm, last = hall["held"][AT_LEAST - 1], hall["held"][-1]
    assert last.rss < 1.1 * warm.rss
    assert (last.threads, last.files, last.children) == (warm.threads, warm.files, warm.children)


def test_viewers_of_a_live_run_hear_of_its_steps() -> None:
    # In a loop of its own: the browser's may be running here.
    with ThreadPoolExecutor(1) as aside:
        found = aside.submit(measure_viewers, lambda told: None, 3, 3.0).result()
    assert found["failed"] == 0
    assert found["arrivals"] > 3
    assert 0 < found["p50"] <= found["p99"]


def test_a_page_that_is_not_there_is_told(server: Served) -> None:
    async def come() -> None:
        visitor = Visitor(server.address, "nowhere")
        try:
            await visitor.visit()
        finally:
            visitor.leave()

    with pytest.raises(VisitError, match="/nowhere"):
        awaited(come())


def test_an_exception_on_the_page_fails_the_visit() -> None:
    async def look() -> None:
        visitor = Visitor("http://127.0.0.1:1", "convolution")
        visitor._waited = asyncio.get_running_loop().create_future()
        message = ForwardMsg()
        message.delta.new_element.exception.type = "KeyError"
        message.delta.new_element.exception.message = "stride"
        visitor._take(message.SerializeToString())
        await visitor._waited

    with pytest.raises(VisitError, match="/convolution shows an exception: KeyError: stride"):
        awaited(look())


def test_a_script_that_begins_anew_is_not_painted_yet() -> None:
    async def look() -> bool:
        visitor = Visitor("http://127.0.0.1:1", "convolution")
        visitor._waited = asyncio.get_running_loop().create_future()
        visitor._take(ForwardMsg(script_finished=ForwardMsg.FINISHED_EARLY_FOR_RERUN).SerializeToString())
        return visitor._waited.done()

    assert not awaited(look())


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_has_moves_that_it_can_read(name: str) -> None:
    lesson = LESSONS[name]
    for link in serve.moves(lesson, 3):
        assert lesson.read(link)[1] == []


def test_a_server_that_is_no_more_is_told_without_waiting(tmp_path: Path) -> None:
    async def come() -> dict[str, Any]:
        gone = SimpleNamespace(address="http://127.0.0.1:9", held=lambda: SimpleNamespace(cpu=0.0))
        return (await serve.join(gone, 2, 0.0))[1]  # type: ignore[arg-type]

    found = awaited(come())
    assert found["joined"] == 0
    assert "ConnectionRefusedError" in found["why"][0]
