"""The live U-Net as a visitor meets it: train, pause, come back, be cut off; and pictures of all kinds."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import App, children, ready, wait_for
from test_data import file
from test_pages import findings, sideways

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., Any]
# How many points the curves of a page have; they stand in a component's own tree.
POINTS = """(() => {
  const find = (root) => [...root.querySelectorAll("*")].map((one) => (one.matches(".curves") ? one : one.shadowRoot && find(one.shadowRoot))).find(Boolean);
  return Number(find(document)?.dataset.points ?? 0);
})()"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[App]:
    """A server that may be killed."""
    served = App(tmp_path)
    yield served
    served.stop()


def start(page: Page, steps: int = 1000) -> None:
    """Choose a training that will not end by itself, or a short one, and press Train; wait for the first point of the curve."""
    page.get_by_role("radio", name="32" if steps == 1000 else "8", exact=True).click()
    slider = page.get_by_role("slider", name="Steps")
    slider.focus()
    page.keyboard.press("End" if steps == 1000 else "Home")
    wait_for(lambda: slider.input_value() == str(steps), page)
    ready(page)
    page.get_by_role("button", name="Train", exact=True).click()
    wait_for(lambda: page.evaluate("location.search.startsWith('?run=')"), page)
    wait_for(lambda: page.evaluate(f"{POINTS} > 0"), page, seconds=90)


def status(page: Page, word: str) -> None:
    page.get_by_text(word, exact=True).first.wait_for(timeout=90_000)


def step_of(page: Page) -> int:
    return int(re.match(r"Step (\d+) of", page.get_by_text(re.compile(r"^Step \d+ of")).first.inner_text())[1])


def test_train_watch_pause_resume_and_stop(visit: Visit) -> None:
    with visit("/train") as page:
        start(page)
        first = page.evaluate(POINTS)
        wait_for(lambda: page.evaluate(f"{POINTS} > {first}"), page)

        def pictures() -> str:
            return page.locator("[data-testid=stMain] img").evaluate_all("images => images.map((image) => image.src).join()")

        wait_for(lambda: page.locator("[data-testid=stMain] img:visible").count() >= 4, page)
        before = pictures()
        wait_for(lambda: pictures() != before, page)
        assert "CPU" in page.get_by_text(re.compile(r"^Step \d+ of")).first.inner_text()
        page.get_by_role("button", name="Pause").click()
        status(page, "Paused")
        at = step_of(page)
        page.wait_for_timeout(1200)  # two looks at the store
        assert step_of(page) == at
        page.get_by_role("button", name="Resume").click()
        status(page, "Training")
        wait_for(lambda: step_of(page) > at, page)
        page.get_by_role("button", name="Stop").click()
        status(page, "Stopped")
        assert findings(page) == []


def test_a_run_ends_and_segments_pictures(visit: Visit, tmp_path: Path) -> None:
    with visit("/train") as page:
        start(page, steps=50)
        status(page, "Finished")
        page.get_by_text(re.compile(r"pixels, [\d.]+\s% background, [\d.]+\s% cell")).wait_for(timeout=90_000)
        assert sideways(page) == []
        assert findings(page) == []
        page.get_by_role("radio", name="A cell").click()
        page.get_by_text(re.compile(r"Of 550 × 660 pixels")).wait_for(timeout=90_000)
        page.get_by_role("radio", name="Your own").click()
        chooser = page.locator("input[type=file]")
        chooser.wait_for(state="attached")
        wrong = {
            "empty.png": (b"", "the file is empty"),
            "text.png": (b"<script>alert(1)</script>", "this is not an image that can be read"),
            "cut.png": (file(np.random.default_rng(0).integers(0, 255, (200, 200)).astype(np.uint8))[:5000], "the image is damaged"),
            "huge.png": (file(np.zeros((10_000, 10_000), bool)), "the image has 100.0 megapixels: at most 67 are taken"),
        }
        for name, (data, sentence) in wrong.items():
            (tmp_path / name).write_bytes(data)
            chooser.set_input_files(tmp_path / name)
            page.get_by_text(f"This picture cannot be segmented: {sentence}").wait_for(timeout=90_000)
            status(page, "Finished")
        (tmp_path / "mine.png").write_bytes(file((np.random.default_rng(0).random((123, 77)) * 255).astype(np.uint8)))
        chooser.set_input_files(tmp_path / "mine.png")
        page.get_by_text("Of 77 × 123 pixels, ").wait_for(timeout=90_000)


def test_the_link_lets_others_watch_and_the_owner_come_back(visit: Visit) -> None:
    with visit("/train") as page:
        start(page)
        link = page.url
        page.goto("about:blank")
        again = page.context.new_page()
        again.goto(link)
        ready(again)
        again.get_by_role("button", name="Pause").wait_for()
        with visit("/" + link.split("/", 3)[3]) as other:
            other.get_by_text("You are watching").wait_for()
            assert other.get_by_role("button", name="Pause").count() == 0
            assert other.get_by_role("button", name="Stop").count() == 0
            seen = other.evaluate(POINTS)
            wait_for(lambda: other.evaluate(f"{POINTS} > {seen}"), other)
        again.get_by_text(re.compile("Runs of this browser")).click()
        again.get_by_text("open here").wait_for()
        again.get_by_role("button", name="Stop").click()
        status(again, "Stopped")


def test_a_link_to_no_run_is_said_and_the_page_stays(visit: Visit) -> None:
    with visit("/train?run=%3Cscript%3E") as page:
        page.get_by_text("is not here: it was deleted, or it belongs to another machine").wait_for()
        page.get_by_role("button", name="Train", exact=True).wait_for()
        assert findings(page) == []


def test_a_killed_worker_is_said_and_the_run_goes_on(own: App, visit: Visit) -> None:
    with visit("/train", server=own) as page:
        start(page)
        page.get_by_text("Try the weights it has now").click()
        page.get_by_text(re.compile(r"pixels, [\d.]+\s% background, [\d.]+\s% cell")).wait_for(timeout=90_000)
        zygote = next(pid for pid in children(own.process.pid) if children(pid))
        for worker in children(zygote):
            os.kill(worker, signal.SIGKILL)
        page.get_by_text("The worker process was killed (signal 9). It can be resumed from its last checkpoint.").wait_for()
        status(page, "Cut off")
        wait_for(lambda: page.evaluate(f"{POINTS} > 0"), page)  # what was seen is still there
        at = step_of(page)
        page.get_by_role("button", name="Resume").click()
        status(page, "Training")
        wait_for(lambda: step_of(page) > at, page)
        page.get_by_role("button", name="Stop").click()
        status(page, "Stopped")


def test_a_killed_zygote_is_not_noticed(own: App, visit: Visit) -> None:
    with visit("/train", server=own) as page:
        start(page)
        zygote = next(pid for pid in children(own.process.pid) if children(pid))
        os.kill(zygote, signal.SIGKILL)
        at = step_of(page)
        wait_for(lambda: step_of(page) > at + 5, page)
        page.get_by_role("button", name="Stop").click()
        status(page, "Stopped")
        page.get_by_role("button", name="Resume").click()
        status(page, "Training")
        page.get_by_role("button", name="Stop").click()
        status(page, "Stopped")


def test_a_killed_server_leaves_a_run_that_can_be_resumed(own: App, visit: Visit) -> None:
    with visit("/train", server=own) as page:
        start(page)
        link = "/" + page.url.split("/", 3)[3]
        token = page.evaluate("localStorage.getItem('seglab-owner')")
        page.goto("about:blank")
    own.kill()
    own.start()
    with visit("/", server=own) as page:
        page.evaluate("(token) => localStorage.setItem('seglab-owner', token)", token)
        page.goto(own.url + link)
        ready(page)
        page.get_by_text("The server stopped while this run was training. It can be resumed from its last checkpoint.").wait_for()
        at = step_of(page)
        page.get_by_role("button", name="Resume").click()
        status(page, "Training")
        wait_for(lambda: step_of(page) > at, page)
        page.get_by_role("button", name="Stop").click()
        status(page, "Stopped")
