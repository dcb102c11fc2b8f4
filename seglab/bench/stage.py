"""The stage measured in a browser: frames while it plays, is pointed at and is dragged; the work of one event; the first page.

Frame times are compared with the idle page's of the same run, and the first page with a one-line Streamlit app's, since a machine is never
the same twice.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import seglab as sl
from seglab.bench.browser import open_browser
from seglab.export.html import standalone
from seglab.lessons import LESSONS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PLAIN_APP = 'import streamlit as st\nst.title("Hello")\n'
SETTING = "v=1&x=random3.12x12&w=random5.5x5&at=0"  # 16 x 16 output, 5 x 5 kernel
PIXELS = "v=1&x=disc9.64x64&w=1_1_1~1_1_1~1_1_1&at=0"  # 64 x 64 input
PICTURE = "v=1&view=photo&activation=relu&second=max_pool&third=conv"  # 128 x 128 image through convolution, pooling, convolution
FIND = """() => {
  const inside = (one) => one.shadowRoot?.querySelector(".stage");
  window.S = [...document.querySelectorAll("*")].map(inside).find(Boolean).stage;
}"""
FRAMES = """(seconds) => new Promise((done) => {
  const times = []; let last = null; const end = performance.now() + 1000 * seconds;
  const tick = (now) => { if (last !== null) times.push(now - last); last = now; now < end ? requestAnimationFrame(tick) : done(times); };
  requestAnimationFrame(tick);
})"""
# Looked at in every frame: Playwright's own waiting for a selector comes round only every half second after the first few looks.
SETTLED = """([title, staged]) => {
  const app = document.querySelector('[data-testid="stApp"]');
  if (app?.dataset.testScriptState !== "notRunning" || document.querySelector("h1")?.textContent !== title) return false;
  const hosts = document.querySelectorAll(':is([data-testid^="stBidiComponent"], [data-testid^="stBidiComponent"] *)');
  const stages = [...hosts].map((host) => host.shadowRoot?.querySelector(".stage .first"));
  return !staged || stages.some((first) => first?.textContent);
}"""
# One event, all the painting that follows it, and the layout: what it costs before the browser composes the frame.
POINT = """(count) => {
  const times = [], panels = S.scene.panels.filter((panel) => !panel.hidden), box = S.board.element.getBoundingClientRect();
  for (let i = 0; i < count; i++) {
    const panel = panels[i % panels.length], place = S.board.places[panel.index], cell = (i * 37) % (panel.rows * panel.columns);
    const clientX = box.left + place.x + ((cell % panel.columns) + 0.5) * place.cell;
    const clientY = box.top + place.y + (Math.floor(cell / panel.columns) + 0.5) * place.cell;
    const begun = performance.now();
    S.board.gridBox.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, bubbles: true }));
    S.board.paint();
    S.element.getBoundingClientRect(); S.first.offsetHeight;
    times.push(performance.now() - begun);
  }
  return times;
}"""
DRAG = """([name, values, count]) => {
  const slider = [...S.element.querySelectorAll("input[type=range]")].find((one) => one.getAttribute("aria-label") === name), times = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    slider.value = values[i % values.length];
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    S.board.paint();
    S.element.getBoundingClientRect(); S.first.offsetHeight;
    times.push(performance.now() - begun);
  }
  return times;
}"""

# An edit of the network's image and everything that follows from it: values, painting, layout.
EDIT = """(count) => {
  const times = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now(), panel = S.scene.panels.find((one) => one.title === "Image");
    S.hands.setCell(panel, 6 * (i % 5) + (i % 4), 0.1 + (i % 7) / 10);
    S.board.paint();
    S.element.getBoundingClientRect(); S.first.offsetHeight;
    times.push(performance.now() - begun);
  }
  return times;
}"""


def measure(tell: Callable[[str], None]) -> dict[str, Any]:
    """All figures of the stage, in milliseconds where nothing else is said."""
    result: dict[str, Any] = {f"rows_{size}x{size}": _rows(size) for size in (16, 64)}
    tell(
        "building rows and output, 5 x 5 kernel (ms): "
        + ", ".join(f"{size} x {size} input {result[f'rows_{size}x{size}']:.2f}" for size in (16, 64))
    )
    result["standalone_html_kb"] = {
        name: round(len(standalone(lesson, lesson.defaults).encode()) / 1000, 1) for name, lesson in LESSONS.items()
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_app(Path(folder)) as app,
        serve_plain(Path(folder)) as plain,
        open_browser() as browser,
    ):
        result |= _frames(browser, app)
        result["lessons"] = {name: _lesson_frames(browser, app, name) for name in LESSONS}
        result |= _first_page(browser, app, plain)
    for name in ("idle", "playing", "pointing", "dragging", "pixels_playing", "pixels_pointing", "picture_dragging"):
        tell(f"frames, {name.replace('_', ' ')}: p95 {result[f'{name}_frame_p95']:.1f} ms")
    for what, times in slowest(result["lessons"]).items():
        tell(f"the slowest of {len(LESSONS)} lessons, {what.replace('_', ' ')}: p95 {times[0]:.1f} ms in {times[1]}")
    tell(f"event to end of layout: pointing p95 {result['pointing_event_p95']:.2f} ms, dragging p95 {result['dragging_event_p95']:.2f} ms")
    tell(f"U-Net by hand, an edit to end of layout: p95 {result['edit_p95']:.1f} ms")
    tell(f"messages to the server meanwhile: {result['messages']}")
    pages = f"{result['first_page_ms']:.0f} against {result['plain_page_ms']:.0f} ms"
    tell(f"settled first page: {result['first_page_ratio']:.2f} times a one-line Streamlit app ({pages})")
    tell(f"standalone HTML: {', '.join(f'{name} {size} KB' for name, size in result['standalone_html_kb'].items())}")
    return result


def slowest(lessons: dict[str, dict[str, float]]) -> dict[str, tuple[float, str]]:
    """Of every figure the greatest, and whose it is.

    >>> slowest({"a": {"playing": 16.7, "pointing": 17.0}, "b": {"playing": 16.8, "pointing": 16.7}})
    {'playing': (16.8, 'b'), 'pointing': (17.0, 'a')}
    """
    figures = next(iter(lessons.values()))
    return {what: max((found[what], name) for name, found in lessons.items()) for what in figures}


def _rows(size: int) -> float:
    """Milliseconds to build the rows of a convolution and its output, median of 20."""
    rng = np.random.default_rng(0)
    image, kernel = rng.random((size, size)), rng.random((5, 5))

    def once() -> float:
        begun = time.perf_counter()
        sl.conv2d(image, kernel, padding=2).output  # noqa: B018
        return 1000 * (time.perf_counter() - begun)

    return statistics.median(once() for _ in range(20))


def _frames(browser: Browser, app: str) -> dict[str, Any]:
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    sent: list[Any] = []
    page.on("websocket", lambda opened: opened.on("framesent", lambda frame: sent.append(frame)))
    _open(page, f"{app}/transposed_convolution?{SETTING}")
    page.wait_for_timeout(1500)
    sent.clear()
    result: dict[str, Any] = {"idle_frame_p95": _p95(page.evaluate(FRAMES, 3))}
    page.evaluate("() => { S.timeline.speed = 1; S.timeline.toggle(); }")
    result["playing_frame_p95"] = _p95(page.evaluate(FRAMES, 4))
    result["messages"] = len(sent)
    page.evaluate("() => S.timeline.go(S.timeline.count)")
    result["pointing_frame_p95"] = _p95(_while(page, lambda: _wander(page)))
    result["dragging_frame_p95"] = _p95(_while(page, lambda: _drag(page, sent, result)))
    page.wait_for_timeout(800)
    result["pointing_event_p95"] = _p95(page.evaluate(POINT, 400))
    result["dragging_event_p95"] = _p95(page.evaluate(DRAG, ["Padding", [0, 1, 2, 1], 200]))
    _open(page, f"{app}/transposed_convolution?{PIXELS}")
    page.evaluate("() => S.timeline.toggle()")
    result["pixels_playing_frame_p95"] = _p95(page.evaluate(FRAMES, 4))
    page.evaluate("() => S.timeline.go(S.timeline.count)")
    result["pixels_pointing_frame_p95"] = _p95(_while(page, lambda: _wander(page)))
    _open(page, f"{app}/unet_by_hand")
    page.wait_for_timeout(800)
    result["edit_p95"] = _p95(page.evaluate(EDIT, 200))
    _open(page, f"{app}/translation?{PICTURE}")
    page.wait_for_timeout(1500)
    result["picture_dragging_frame_p95"] = _p95(_while(page, lambda: _drag_picture(page, sent, result)))
    page.close()
    return result


def _lesson_frames(browser: Browser, app: str, name: str) -> dict[str, float]:
    """A lesson as it opens: played from its first step, pointed at, and the work of one event."""
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    _open(page, f"{app}/{name}")
    page.wait_for_timeout(1500)
    page.evaluate("() => { S.timeline.go(0); S.timeline.speed = 1; S.timeline.toggle(); }")
    found = {"playing_frame": _p95(page.evaluate(FRAMES, 3))}
    page.evaluate("() => S.timeline.go(S.timeline.count)")
    found["pointing_frame"] = _p95(_while(page, lambda: _wander(page)))
    page.wait_for_timeout(800)  # until what was told has been answered
    found["pointing_event"] = _p95(page.evaluate(POINT, 400))
    page.close()
    return found


def _while(page: Page, act: Callable[[], None]) -> list[float]:
    """Frame times while `act` moves the mouse."""
    page.evaluate(f"() => {{ window.frames_ = ({FRAMES})(3.5); }}")
    act()
    found: list[float] = page.evaluate("() => window.frames_")
    return found


def _wander(page: Page) -> None:
    box = page.locator(".stage .board").bounding_box()
    assert box is not None
    until, step = time.monotonic() + 3, 0
    while time.monotonic() < until:
        page.mouse.move(box["x"] + 30 + (step * 7) % (box["width"] - 60), box["y"] + 40 + (step * 3) % (box["height"] - 60))
        step += 1


def _drag(page: Page, sent: list[Any], result: dict[str, Any]) -> None:
    """Hold the stride's slider and move it to and fro; what is sent meanwhile is counted."""
    slider = page.get_by_role("slider", name="Stride", exact=True)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    sent.clear()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8, middle)
    page.mouse.down()
    until, step = time.monotonic() + 3, 0
    while time.monotonic() < until:
        page.mouse.move(box["x"] + 8 + abs((step * 4) % (2 * 60) - 60), middle)
        step += 1
    result["messages"] += len(sent)
    page.mouse.up()


def _drag_picture(page: Page, sent: list[Any], result: dict[str, Any]) -> None:
    """Hold the moved image and lead it around; what is sent meanwhile is counted."""
    x, y = page.evaluate("""() => {
      const place = S.board.places[S.scene.panels.find((panel) => panel.moves).index], box = S.board.element.getBoundingClientRect();
      return [box.left + place.x + place.width / 2, box.top + place.y + place.height / 2];
    }""")
    sent.clear()
    page.mouse.move(x, y)
    page.mouse.down()
    until, step = time.monotonic() + 3, 0
    while time.monotonic() < until:
        page.mouse.move(x + 70 * np.sin(step / 17), y + 50 * np.sin(step / 11))
        step += 1
    result["messages"] += len(sent)
    page.mouse.up()


def _open(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".stage .first:not(:empty)", timeout=60_000)
    page.evaluate(FIND)


def _first_page(browser: Browser, app: str, plain: str, turns: int = 7) -> dict[str, float]:
    """Milliseconds from opening a page in a fresh browser profile to its last change, for both apps in turn."""
    times: dict[str, list[float]] = {"app": [], "plain": []}
    for _ in range(turns):
        times["plain"].append(_settled(browser, plain, "Hello", staged=False))
        times["app"].append(_settled(browser, f"{app}/transposed_convolution", "Transposed convolution", staged=True))
    ours, theirs = statistics.median(times["app"]), statistics.median(times["plain"])
    return {
        "first_page_ms": ours,
        "plain_page_ms": theirs,
        "first_page_ratio": statistics.median(a / b for a, b in zip(times["app"], times["plain"], strict=True)),
    }


def _settled(browser: Browser, address: str, title: str, *, staged: bool) -> float:
    # The app's pages let no text be run as a script, which waiting inside of the page is.
    context = browser.new_context(viewport={"width": 1280, "height": 860}, bypass_csp=True)
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(address)
    page.wait_for_function(SETTLED, arg=[title, staged], polling="raf", timeout=60_000)
    taken = 1000 * (time.perf_counter() - begun)
    context.close()
    return taken


def _p95(times: list[float]) -> float:
    return float(np.percentile(times, 95))


@contextmanager
def serve_app(folder: Path) -> Iterator[str]:
    """The app at a free port, with a run store in `folder`."""
    environment = {**os.environ, "SEGLAB_HOME": str(folder / "home")}
    with _served(lambda port: [sys.executable, "-m", "seglab.cli", "app", "--headless", "--port", str(port)], environment) as address:
        yield address
    while processes_of(folder):  # workers save what they have before they go
        time.sleep(0.05)


def processes_of(folder: Path, name: str = "") -> list[Path]:
    """The processes, of that name if one is given, that were started with the run store in `folder` (Linux)."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            called = (place / "comm").read_text(encoding="utf-8").strip()
            if name in ("", called) and bytes(folder) in (place / "environ").read_bytes():
                found.append(place)
    return found


@contextmanager
def serve_plain(folder: Path) -> Iterator[str]:
    """A one-line Streamlit app at a free port."""
    script = folder / "plain.py"
    script.write_text(PLAIN_APP, encoding="utf-8")
    options = ["--server.headless", "true", "--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none"]

    def command(port: int) -> list[str]:
        return [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            str(script),
            "--server.port",
            str(port),
            "--server.address",
            "127.0.0.1",
            *options,
        ]

    with _served(command, dict(os.environ), cwd=folder) as address:
        yield address


@contextmanager
def _served(command: Callable[[int], list[str]], environment: dict[str, str], cwd: Path | None = None) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(command(port), env=environment, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/_stcore/health", process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode} before it answered: run `seglab app` to see why")
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the server at {address} did not answer within a minute")


if __name__ == "__main__":
    print(json.dumps(measure(print), indent=2))
