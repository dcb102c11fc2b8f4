"""Runs told by server-sent events: every point once and in order, one reader for all, and nothing left when everybody has gone."""

from __future__ import annotations

import json
import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uvicorn
from conftest import App, ready, wait_for
from starlette.applications import Starlette
from test_pages import findings, sideways

from seglab.train.config import TrainConfig
from seglab.train.following import Curve, OpenStore
from seglab.train.store import Point, Run, Snapshot, Store
from seglab.ui import live, live_reader, seen
from seglab.ui.curves import rows

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., Any]
SHORT = TrainConfig(steps=50, width=4, depth=2, size=48)


class Told:
    """A server of streams alone, and the store that it reads."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.reader = live._reader = live_reader.Reader(folder, tend=lambda store, identity: None)
        self.server = uvicorn.Server(uvicorn.Config(Starlette(routes=live.routes()), port=0, log_level="warning"))
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        wait_for(lambda: self.server.started)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/live"

    def close(self) -> None:
        self.reader.close()
        self.server.should_exit = True
        self.thread.join()

    def run(self, steps: int = 0) -> Run:
        run = self.store.create(SHORT, "token", status="running")
        self.write(run, 1, steps)
        return run

    def write(self, run: Run, first: int, last: int) -> None:
        """Points as a worker writes them: those, then the step."""
        if last >= first:
            self.store.add_points(run.id, [Point(step, step / 10, loss=1 / step, rate=8.0) for step in range(first, last + 1)])
            self.store.update(run.id, step=last, seconds=last / 10)

    def watch(self, run: Run, told: str = "", query: str = "") -> Watching:
        return Watching(f"{self.url}/{run.id}{query}", told)


class Watching:
    """A viewer who reads in a thread of its own and keeps what a browser would keep."""

    def __init__(self, url: str, told: str = "") -> None:
        request = urllib.request.Request(url, headers={"Last-Event-ID": told} if told else {})
        self.answer = urllib.request.urlopen(request, timeout=60)
        self.messages: list[dict[str, Any]] = []
        self.points: dict[int, list[Any]] = {}
        self.news: dict[str, Any] = {}
        self.last, self.ended, self.closed = "", False, False
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        kind = "message"
        try:
            for raw in self.answer:
                name, _, value = raw.decode().rstrip("\n").partition(": ")
                if name == "id":
                    self.last = value
                elif name == "event":
                    kind = value
                elif name == "data":
                    self._hear(kind, json.loads(value))
                    kind = "message"
        except (OSError, ValueError, AttributeError):  # closed by this side
            pass
        self.closed = True

    def _hear(self, kind: str, data: dict[str, Any]) -> None:
        self.ended |= kind == "end"
        if kind == "message":
            self.messages.append(data)
            if data.get("all"):
                self.points.clear()
            self.points |= {point[0]: point for point in data["points"]}
            self.news |= data

    def leave(self) -> None:
        self.answer.fp.raw._sock.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.answer.close()


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    before = live._reader, live._served
    made = Told(tmp_path)
    yield made
    made.close()
    live._reader, live._served = before


def readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "seglab live"]


def snapshot(step: int, value: int = 0) -> Snapshot:
    blank = np.zeros((2, 16, 16), np.uint8)
    return Snapshot(step, blank + 50, blank, blank + value % 2, blank + value, blank[:, :3, :3], {"encoder 1": blank[:, :4, :4]})


# -- what is told ------------------------------------------------------------------------------------------------------


def test_every_point_is_told_once_and_in_order(told: Told) -> None:
    run = told.run(3)
    with watching(told, run) as viewer:
        wait_for(lambda: 3 in viewer.points)
        for step in range(4, 124, 4):
            told.write(run, step, step + 3)
            told.store.add_points(run.id, [Point(step + 3, (step + 3) / 10, mean_iou=0.5)])  # as a look at the images comes after its step
        told.store.update(run.id, status="finished")
        wait_for(lambda: viewer.closed)
        sent = [point for message in viewer.messages for point in message["points"]]
        steps = [point[0] for point in sent]
        assert steps == sorted(steps)
        assert list(viewer.points.values()) == rows(told.store.points(run.id))
        twice = [step for step in set(steps) if steps.count(step) > 1]
        assert all(viewer.points[step][2] == 0.5 for step in twice), "again only what got its mean IoU"
        assert max(steps.count(step) for step in twice or [1]) <= 2
        assert [bool(message.get("all")) for message in viewer.messages] == [True] + [False] * (len(viewer.messages) - 1)
        assert viewer.ended
        assert viewer.news["stage"].startswith("finished")
        assert viewer.news["facts"].startswith("Step 123 of 50 · loss 0.008 · mean IoU 0.500 · 8 images a second")


def test_who_comes_back_gets_what_it_missed(told: Told) -> None:
    run = told.run(10)
    with watching(told, run) as viewer:
        wait_for(lambda: 10 in viewer.points)
    assert viewer.last == "10@1.0000"
    told.write(run, 11, 14)
    with watching(told, run, viewer.last) as again:
        wait_for(lambda: 14 in again.points)
        assert [point[0] for point in again.messages[0]["points"]] == [11, 12, 13, 14]
        assert "all" not in again.messages[0]
        assert again.messages[0]["facts"].startswith("Step 14")
    told.store.add_points(run.id, [Point(14, 1.4, mean_iou=0.25)])
    with watching(told, run, query="?after=14@1.4000") as late:
        wait_for(lambda: late.points)
        assert list(late.points.values()) == [[14, 0.071429, 0.25, None]], "the point was known, its mean IoU was not"


@pytest.mark.parametrize("told_before", ["7@0.7100", "99@9.9000", "x", "7", "٧@0.7000", "@" * 3000, "7@0.7000ii"])
def test_who_was_told_of_another_past_gets_all(told: Told, told_before: str) -> None:
    run = told.run(10)
    with watching(told, run, query=f"?after={urllib.request.quote(told_before)}") as viewer:
        wait_for(lambda: viewer.points)
        assert viewer.messages[0].get("all", False) == (told_before != "7@0.7000ii")
        assert 10 in viewer.points


def test_a_run_that_goes_on_from_earlier_is_told_anew(told: Told) -> None:
    run = told.run(10)
    with watching(told, run) as viewer:
        wait_for(lambda: 10 in viewer.points)
        told.store.forget_after(run.id, 5)
        told.store.add_points(run.id, [Point(step, 40.0 + step, loss=3.0) for step in range(6, 13)])
        wait_for(lambda: 12 in viewer.points)
        assert viewer.points[10] == [10, 3.0, None, None]
        assert list(viewer.points.values()) == rows(told.store.points(run.id))


def test_many_viewers_have_one_reader(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_reader, "TEND", 1e9)
    looks, made, count = list[str](), list[object](), 40
    read, changes = Curve.read, live._changes
    monkeypatch.setattr(Curve, "read", lambda curve, store: (looks.append(curve.identity), read(curve, store))[1])
    monkeypatch.setattr(live, "_changes", lambda *given: (made.append(given), changes(*given))[1])
    run = told.run(1)
    with ThreadPoolExecutor(count) as pool:
        viewers = list(pool.map(lambda _: told.watch(run), range(count)))
    try:
        wait_for(lambda: all(1 in viewer.points for viewer in viewers))
        assert readers() == ["seglab live"]
        looks.clear()
        made.clear()
        for step in range(2, 12):
            told.write(run, step, step)
            wait_for(lambda step=step: all(step in viewer.points for viewer in viewers))
        assert 10 <= len(looks) <= 21, "two commits to a step, and one more look in passing"
        assert len(made) <= len(looks), "what all are told is put into words once"
        assert all(list(viewer.points) == list(range(1, 12)) for viewer in viewers)
    finally:
        for viewer in viewers:
            viewer.leave()
    wait_for(lambda: not readers())


def test_who_never_reads_is_dropped_and_troubles_nobody(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PATIENCE", 0.5)
    run = told.run(200_000)  # more than the line takes without being read
    silent = socket.create_connection(("127.0.0.1", told.port))
    silent.sendall(f"GET /live/{run.id} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    wait_for(lambda: told.reader.viewers == 1)
    with watching(told, run, "200000@20000.0000") as other:
        wait_for(lambda: told.reader.viewers == 2)
        step = 200_000

        def dropped() -> bool:
            nonlocal step
            step += 1
            told.write(run, step, step)
            wait_for(lambda: step in other.points)
            return told.reader.viewers == 1

        wait_for(dropped)
        wait_for(lambda: len(told.server.server_state.connections) == 1)
        assert list(other.points) == list(range(200_001, step + 1))
    silent.close()


def test_the_end_leaves_nothing(told: Told) -> None:
    run, another = told.run(2), told.run(5)
    viewers = [told.watch(run), told.watch(run), told.watch(another)]
    wait_for(lambda: all(viewer.points for viewer in viewers))
    told.store.update(run.id, status="stopped")
    wait_for(lambda: viewers[0].ended and viewers[1].ended and viewers[0].closed and viewers[1].closed)
    assert set(told.reader.channels) == {another.id}
    told.store.delete(another.id, "token")
    wait_for(lambda: viewers[2].closed)
    assert viewers[2].news["stage"] == "gone"
    for viewer in viewers:
        viewer.thread.join()
        viewer.answer.close()
    wait_for(lambda: not readers() and not told.reader.channels and not told.server.server_state.connections)
    held = [place for one in Path("/proc/self/fd").iterdir() if "runs.sqlite" in (place := _place(one))]
    assert held == []
    with watching(told, told.run(1)) as later:  # and a new one starts the reader again
        wait_for(lambda: 1 in later.points)


def _place(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def test_silence_has_signs_of_life(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BEAT", 0.1)
    answer = urllib.request.urlopen(f"{told.url}/{told.run(1).id}")
    assert any(line == b"event: beat\n" for line in answer)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["X-Accel-Buffering"] == "no"
    answer.close()


def refused(url: str, **more: Any) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(urllib.request.Request(url, **more), timeout=30)
    return error.value.code, error.value.read().decode()


@pytest.mark.parametrize("name", ["nothing", "a" * 33, "a" * 5000, "%3Cscript%3E", "..%2e", "%00", "'; DROP TABLE runs; --", "ü"])
def test_unknown_runs_are_refused_with_a_sentence(told: Told, name: str) -> None:
    code, said = refused(f"{told.url}/{urllib.request.quote(name, safe='%')}")
    assert code == 404
    assert said.startswith("There is no run of that name" if name != "nothing" else "Run 'nothing' is not here")
    assert said.endswith(".")
    wait_for(lambda: not readers())


def test_a_crowd_and_other_methods_are_refused(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    run = told.run(1)
    monkeypatch.setattr(live_reader, "MOST_VIEWERS", 1)
    with watching(told, run) as viewer:
        wait_for(lambda: viewer.points)
        assert refused(f"{told.url}/{run.id}") == (503, "Too many watch already: try again in a minute.")
        assert live.crowded()
        assert refused(f"{told.url}/{run.id}", method="POST", data=b"x")[0] == 405
    wait_for(lambda: told.reader.viewers == 0)
    with watching(told, run) as viewer:
        wait_for(lambda: viewer.points)


def test_a_picture_is_drawn_once_for_all(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, strip = list[int](), seen.strip
    monkeypatch.setattr(seen, "strip", lambda *given, **more: (drawn.append(1), strip(*given, **more))[1])
    run = told.run(3)
    told.store.add_snapshot(run.id, snapshot(3, 1))
    with watching(told, run) as viewer:
        wait_for(lambda: "pictures" in viewer.news)
        first = [one["src"] for one in viewer.news["pictures"]["shown"]]
        assert len(first) == 4
        base = told.url.removesuffix("/live")
        assert drawn == [], "nobody has asked for one"
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda at: urllib.request.urlopen(f"{base}/{first[at % 4]}"), range(40)))
            assert {answer.read()[:4] for answer in answers} == {b"\x89PNG"}
        assert len(drawn) == 4
        assert "immutable" in answers[0].headers["Cache-Control"]
        told.store.add_snapshot(run.id, snapshot(4, 2))
        wait_for(lambda: [one["src"] for one in viewer.news["pictures"]["shown"]] != first)
        second = [one["src"] for one in viewer.news["pictures"]["shown"]]
        assert second[:2] == first[:2], "images and truth are the same files"
        assert not set(second[2:]) & set(first[2:])
        assert "after 4 steps" in viewer.news["pictures"]["shown"][2]["caption"]
    with watching(told, run, query="?view=Inside&block=encoder%201") as viewer:
        wait_for(lambda: "pictures" in viewer.news)
        assert [one["alt"] for one in viewer.news["pictures"]["shown"]] == [
            "2 filters of the first layer",
            "2 feature maps",
            "The first validation image",
        ]
    with watching(told, run, query=f"?view=Inside&block={'attic' * 900}") as viewer:
        wait_for(lambda: "pictures" in viewer.news)
        assert viewer.news["pictures"]["shown"] == []
    assert refused(f"{told.url}/{run.id}/said-00000000.png")[0] == 404


def test_pictures_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    album, now = live.Album(), [0.0]
    monkeypatch.setattr(live, "monotonic", lambda: now[0])
    for second in range(100):
        now[0] = float(second)
        album.put(f"{second}", lambda: b"")
        album.put("stays", lambda: b"")
    assert album.names() == (*(str(second) for second in range(84, 100)), "stays")


def test_a_store_that_stays_open_sees_what_others_write(tmp_path: Path) -> None:
    store, kept = Store(tmp_path), OpenStore(tmp_path)
    run = store.create(SHORT, "token")
    assert kept.changed()
    assert not kept.changed()
    store.add_points(run.id, [Point(1, 0.1, loss=1.0)])
    assert kept.changed()
    assert kept.points(run.id) == store.points(run.id)
    assert not kept.changed(), "reading is no change"
    kept.close()
    assert kept.changed(), "who opens anew has everything to read"
    kept.close()


# -- a server, and a browser -------------------------------------------------------------------------------------------


@contextmanager
def watching(told: Told, run: Run, before: str = "", query: str = "") -> Iterator[Watching]:
    viewer = told.watch(run, before, query)
    try:
        yield viewer
    finally:
        if not viewer.closed:
            viewer.leave()
        viewer.thread.join()
        viewer.answer.close()


@contextmanager
def worked_on(home: Path, steps: int = 400) -> Iterator[tuple[Store, Run]]:
    """A run with somebody at it: its lock is held."""
    store = Store(home)
    run = store.create(TrainConfig(steps=steps), "token", status="starting")
    with store.lock(run.id):
        told = {"classes": ["background", "cell"], "colours": [[0, 0, 0], [213, 94, 0]]}
        store.update(run.id, status="running", device="CPU", results=told)
        yield store, store.run(run.id)


def go_on(store: Store, run: Run, first: int, last: int) -> None:
    store.add_points(
        run.id, [Point(step, step / 10, loss=0.6 - step / 1000, rate=100.0, learning_rate=0.004) for step in range(first, last)]
    )
    store.add_points(run.id, [Point(last, last / 10, loss=0.2, mean_iou=0.5 + last / 1000, rate=100.0, learning_rate=0.004)])
    store.update(run.id, step=last, seconds=last / 10)
    store.add_snapshot(run.id, snapshot(last, last))


def test_a_server_that_is_told_to_stop_waits_for_nobody(tmp_path: Path) -> None:
    served = App(tmp_path)
    with worked_on(tmp_path) as (store, run):
        go_on(store, run, 1, 3)
        answer = urllib.request.urlopen(f"{served.url}/live/{run.id}")
        assert b"retry" in answer.readline()
        wait_for(lambda: b"data" in answer.readline())
        served.process.terminate()
        assert served.process.wait(timeout=60) is not None
        assert b"event: end" not in answer.read(), "the run has not ended: who comes back goes on"
        answer.close()


# How often the page's script has run since.
COUNT = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  window.runs_ = 0;
  new MutationObserver(() => { window.runs_ += app.dataset.testScriptState === "running"; })
    .observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] });
}"""


def test_a_browser_listens_and_the_script_rests(visit: Visit, app: App) -> None:
    with worked_on(app.home) as (store, run):
        go_on(store, run, 1, 20)
        with visit(f"/train?run={run.id}") as page:
            page.locator(".curves[data-points='20']").wait_for()
            page.get_by_text(re.compile("Step 20 of 400 · loss 0.200 · mean IoU 0.520 · 100 images a second · 1 min 1 s left")).wait_for()
            picture = page.locator(".live figure img").nth(2)
            picture.wait_for()
            before = picture.get_attribute("src")
            page.evaluate(COUNT)
            for last in (30, 41, 53):
                go_on(store, run, last - 9, last)
                page.locator(f".curves[data-points='{len(store.points(run.id))}']").wait_for()
            wait_for(lambda: picture.get_attribute("src") != before, page)
            page.get_by_text("Probability of cell after 53 steps: black 0, white 1").wait_for()
            assert page.evaluate("runs_") == 0
            assert findings(page) == []
            read_by_keys(page)
            hold(page, store, run)
            store.update(run.id, status="finished", step=400)
            page.get_by_text("Finished", exact=True).wait_for()
            page.get_by_role("slider", name=re.compile("Play the training again")).wait_for()
            ready(page)
            assert page.locator(".live").count() == 0
            page.locator(f".curves[data-points='{len(store.points(run.id))}']").wait_for()
            assert findings(page) == []


def read_by_keys(page: Page) -> None:
    curves = page.get_by_role("slider", name="Read the curves")
    curves.focus()
    page.keyboard.press("Home")
    told = page.get_by_text("Step 1: cross-entropy 0.599 · learning rate 0.00400")
    told.wait_for()
    assert curves.get_attribute("aria-valuetext") == told.inner_text()
    page.keyboard.press("End")
    page.get_by_text("Step 53: cross-entropy 0.200 · mean IoU 0.553 · learning rate 0.00400").wait_for()
    page.keyboard.press("Escape")


def hold(page: Page, store: Store, run: Run) -> None:
    button, count = page.get_by_role("button", name="Hold still"), len(store.points(run.id))
    button.click()
    go_on(store, run, 54, 60)
    page.locator(f".live[data-heard='{count + 7}']").wait_for()
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert page.locator(".curves").get_attribute("data-points") == str(count)
    button.click()
    page.locator(f".curves[data-points='{count + 7}']").wait_for()


def test_the_first_points_come_with_the_page(visit: Visit, app: App) -> None:
    """Before the line is open; of a longer run the line brings them."""
    with worked_on(app.home) as (store, run):
        go_on(store, run, 1, 3)
        with visit("/train") as page:
            page.route("**/live/*", lambda route: None)  # never answered
            page.goto(f"{app.url}/train?run={run.id}")
            page.locator(".live[data-line='opening'] .curves[data-points='3']").wait_for()
            go_on(store, run, 4, 40)
            page.goto(f"{app.url}/train?run={run.id}")
            page.locator(".live[data-line='opening'] .curves[data-points='0']").wait_for()


def test_a_browser_that_hears_nothing_looks_for_itself(visit: Visit, app: App) -> None:
    with worked_on(app.home) as (store, run):
        go_on(store, run, 1, 20)
        with visit("/train") as page:
            page.route("**/live/*", lambda route: route.fulfill(status=200, content_type="text/event-stream", body=""))
            page.goto(f"{app.url}/train?run={run.id}")
            ready(page)
            page.get_by_text(re.compile("Step 20 of 400")).wait_for()
            page.locator(".curves[data-points='20']").wait_for()
            assert page.locator(".live").count() == 0
            go_on(store, run, 21, 30)
            page.locator(".curves[data-points='30']").wait_for()
            page.get_by_text("Probability of cell after 30 steps: black 0, white 1").wait_for()
            store.update(run.id, status="stopped")
            page.get_by_text("Stopped", exact=True).wait_for()
            assert findings(page) == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1920, "light")])
def test_it_fits(visit: Visit, app: App, width: int, scheme: str) -> None:
    with worked_on(app.home) as (store, run):
        go_on(store, run, 1, 20)
        with visit(f"/train?run={run.id}", width, scheme) as page:
            page.locator(".live figure img").nth(3).wait_for()
            assert sideways(page) == []
            assert findings(page) == []
