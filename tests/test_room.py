"""What visitors bring and watch is bounded for all together: uploads by memory, streams of live runs by network address."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import awaited, ready
from test_serve import Served

from seglab.infer.pictures import png
from seglab.ui.guard import Door, Guard, Limits
from seglab.ui.hall import Hall
from seglab.ui.room import MIB, Room

if TYPE_CHECKING:
    from playwright.sync_api import Browser

UPLOAD, STREAM = "/_stcore/upload_file/a/b", "/live/abcdefgh"


class Behind:
    """What stands behind the guard: requests that have come, each held until it may go on."""

    def __init__(self, limits: Limits) -> None:
        self.come: list[str] = []
        self.goes = asyncio.Event()
        self.guard = Guard(self._answer, limits, Door(limits))

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.come.append(scope["path"])
        await self.goes.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def ask(self, path: str, length: bytes | None = None, address: str = "10.0.0.1", method: str = "GET") -> tuple[int, str]:
        said: list[Any] = []

        async def send(message: Any) -> None:
            said.append(message)

        headers = [(b"content-length", length)] if length is not None else []
        scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers, "client": (address, 1)}
        await self.guard(scope, None, send)  # type: ignore[arg-type]
        return said[0]["status"], "".join(one.get("body", b"").decode() for one in said[1:])


def test_files_on_their_way_take_room_too() -> None:
    async def tried() -> None:
        behind = Behind(Limits(uploads=10 * MIB))
        held = 3 * MIB
        behind.guard.room = Room(10 * MIB, lambda: held)
        put = lambda length: behind.ask(UPLOAD, length, method="PUT")  # noqa: E731
        first = asyncio.ensure_future(put(b"%d" % (5 * MIB)))
        await asyncio.sleep(0)
        assert await put(b"%d" % (3 * MIB)) == (
            507,
            "A file of 3 MB finds no room: the files of all visitors may have 10 MB together. They go when their tabs are closed.\n",
        )
        behind.goes.set()
        assert await put(b"%d" % (2 * MIB)) == (200, "")
        assert (await first)[0] == 200
        assert await put(b"%d" % (7 * MIB)) == (200, "")
        assert behind.guard.room.coming == 0
        for length in (None, b"", b"-1", b"many"):
            assert (await put(length))[0] == 411, length
        assert len(behind.come) == 3
        assert (await behind.ask(UPLOAD, method="DELETE"))[0] == 200, "what gives room back is not counted"

    awaited(tried())


def test_one_address_watches_as_often_as_it_may_visit() -> None:
    async def tried() -> None:
        behind = Behind(Limits(per_address=2))
        two = [asyncio.ensure_future(behind.ask(STREAM)) for _ in range(2)]
        await asyncio.sleep(0)
        status, told = await behind.ask(STREAM)
        assert (status, told) == (503, "From one network address 2 may watch at a time, and yours has as many.\n")
        others = [asyncio.ensure_future(behind.ask(*one)) for one in ((STREAM, None, "10.0.0.2"), (f"{STREAM}/said-1.png",))]
        await asyncio.sleep(0)
        assert len(behind.come) == 4
        behind.goes.set()
        assert [status for status, _ in await asyncio.gather(*two, *others)] == [200] * 4
        assert not behind.guard.watching
        assert (await behind.ask(STREAM))[0] == 200

    awaited(tried())


def test_a_file_that_finds_no_room_is_shown_as_refused_and_a_smaller_one_is_taken(tmp_path: Path, browser: Browser) -> None:
    small = Served(tmp_path, "--upload-memory", "1")
    page = browser.new_page()
    try:
        page.goto(f"{small.url}/use?picture=own")
        ready(page)
        uploader = page.get_by_test_id("stFileUploader").first
        noise = np.random.default_rng(0).integers(0, 255, (1200, 1200), dtype=np.uint8)
        for picture, name in ((noise, "large.png"), (noise[:600, :600], "small.png")):
            uploader.locator("input[type=file]").set_input_files([{"name": name, "mimeType": "image/png", "buffer": png(picture)}])
            if name == "large.png":
                uploader.get_by_test_id("stFileChipIconError").wait_for()
                uploader.get_by_role("button", name="Remove large.png").click()
        page.get_by_text("600 × 600").first.wait_for(timeout=120_000)
    finally:
        page.close()
        assert small.stop() == 0
    assert "Traceback" not in small.said()


def test_no_room_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="upload-memory=0 is too few: at least 1"):
        Hall(upload_memory=0)
