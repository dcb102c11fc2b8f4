"""Fixtures shared by all tests: a browser, the stage's modules on a page, and the app as it is served."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mounted import Mounted
from playwright.sync_api import Error

from seglab.bench.browser import open_browser
from seglab.train import jobs

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
HEIGHTS = {390: 844, 1280: 860, 1920: 1080}  # of a phone, a laptop and a wall, by their widths
STAGE = ROOT / "seglab" / "stage" / "browser"


class Quiet(SimpleHTTPRequestHandler):
    """Serves the stage's files, and an empty page at /."""

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/":
            body = b"<!doctype html><html lang='en'><title>stage</title><link rel='icon' href='data:,'><body></body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)
        else:
            super().do_GET()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def files() -> Iterator[str]:
    """Address of a server of the stage's files."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(STAGE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def modules(browser: Browser, files: str) -> Iterator[Page]:
    """A page from whose scripts the stage's modules can be imported as ``/v1/rows.js``."""
    page = browser.new_page()
    page.goto(files)
    yield page
    page.close()


@pytest.fixture(scope="module")
def page(browser: Browser, files: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.goto(files)
    page.add_style_tag(path=str(STAGE / "v1" / "stage.css"))
    yield page
    page.close()


@pytest.fixture
def stage(page: Page) -> Iterator[Mounted]:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield Mounted(page)
    assert complaints == []


class App:
    """The app served by a process of its own, with a run store of its own."""

    def __init__(self, home: Path, command: list[str] | None = None, cwd: Path = ROOT) -> None:
        self.home, self.cwd = home, cwd
        self.command = command or [sys.executable, "-m", "seglab.cli"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "server.log"
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "SEGLAB_HOME": str(self.home)}
        environment.pop("PYTHONPATH", None)
        command = [*self.command, "app", "--headless", "--port", str(self.port)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, cwd=self.cwd, env=environment, stdout=log, stderr=log)
        wait_for(self.healthy, seconds=60, told=lambda: f"the server did not start:\n{self.log.read_text()}")

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()


def wait_for(holds: Callable[[], Any], page: Page | None = None, seconds: float = 60, told: Callable[[], str] = lambda: "") -> Any:
    """The first true answer of `holds`, or a failure after `seconds`. With `page`, its events arrive meanwhile."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = holds()
        if found:
            return found
        page.wait_for_timeout(20) if page else time.sleep(0.02)
    pytest.fail(told() or f"nothing after {seconds} s")


@pytest.fixture(scope="module")
def workers() -> Iterator[jobs.Workers]:
    """Workers of a module's own."""
    own = jobs.Workers()
    before, jobs._workers = jobs._workers, own
    own.start()
    yield own
    own.close()
    jobs._workers = before


def children(pid: int) -> list[int]:
    """The processes that a process has started and that have not ended."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(child) for child in found.split()]


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    served = App(tmp_path_factory.mktemp("home"))
    yield served
    served.stop()


@pytest.fixture
def visit(browser: Browser, app: App) -> Callable[..., Any]:
    """``with visit(path, width, scheme) as page:`` a page that must not complain in the console nor throw."""

    @contextmanager
    def visit(path: str, width: int = 1280, scheme: str = "light", server: App = app, **more: Any) -> Iterator[Page]:
        context = browser.new_context(viewport={"width": width, "height": HEIGHTS.get(width, 860)}, color_scheme=scheme, **more)
        # A guard against waiting for ever, also on a slow machine; how fast things are is measured elsewhere.
        context.set_default_timeout(90_000)
        complaints: list[str] = []
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server.url + path)
        ready(page)
        try:
            yield page
            assert page.locator(".stException").count() == 0, page.locator(".stException").all_inner_texts()
            assert complaints == []
        finally:
            context.close()

    return visit


def until(page: Page, script: str, arg: Any = None, seconds: float = 60) -> None:
    """Wait until a script says so. It is asked from outside: the pages' own policy lets no text be run as a script."""

    def holds() -> Any:
        with suppress(Error):  # also while the page is another one already
            return page.evaluate(script, arg)

    wait_for(holds, page, seconds, lambda: f"not true within {seconds} s: {script}")


def awaited(work: Coroutine[Any, Any, Any]) -> Any:
    """What comes of it, in a loop of its own: the browser's may be running here. A guard against waiting for ever, no measure."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, asyncio.wait_for(work, 300)).result()


def ready(page: Page) -> None:
    """Wait until the page's script has run and its stage, where it has one, has painted."""
    page.wait_for_selector("h1", timeout=90_000)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=90_000)
    if page.locator(".stage").count():
        page.wait_for_selector(".stage .first:not(:empty)", timeout=90_000)


def stage_of(page: Page) -> Any:
    """A handle of the stage object on a page."""
    return page.locator(".stage").evaluate_handle("element => element.stage")


def state_of(page: Page) -> dict[str, Any]:
    """The stage's state."""
    return page.locator(".stage").evaluate("element => element.stage.state")
