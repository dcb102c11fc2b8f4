"""The live U-Net in a browser: from the click on Train to the first point of the curve, how often the curve moves, from the click on
Stop to the end of the worker, and how two trainings slow down a page that somebody else moves a slider on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from seglab.bench.browser import open_browser
from seglab.bench.stage import processes_of, serve_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TURNS, WATCHED = 8, 8.0  # clicks, of which the first finds a zygote that may still be warming and does not count; seconds of watching
STOPS, PRESSES = 10, 40  # clicks on Stop; arrow keys on a slider
TRAINS, READY_WORKER = "seglab train", "seglab ready"  # names of processes
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
# From the next key on: in a list the milliseconds until the script that it sets off has run; an empty one after 5 seconds without.
PRESS = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  window.taken_ = new Promise((done) => {
    let begun = null, ran = false;
    document.addEventListener("keydown", () => { begun = performance.now(); }, { capture: true, once: true });
    const watcher = new MutationObserver(() => {
      const state = app.dataset.testScriptState;
      ran ||= begun !== null && state === "running";
      if (ran && state === "notRunning") { watcher.disconnect(); done([performance.now() - begun]); }
    });
    setTimeout(() => done([]), 5000);
    watcher.observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] });
  });
}"""
# How many points the curves have; they stand in a component's own tree.
POINTS = """(() => {
  const inside = (one) => (one.matches(".curves") ? one : one.shadowRoot && find(one.shadowRoot));
  const find = (root) => [...root.querySelectorAll("*")].map(inside).find(Boolean);
  return Number((window.curves_ = window.curves_?.isConnected ? window.curves_ : find(document))?.dataset.points ?? 0);
})()"""
# Notes the time of the click, and of every frame in which the curve of the loss has more points than in the frame before.
WATCH = """() => {
  const seen = window.seen_ = { clicked: null, grown: [] }; let had = 0;
  document.addEventListener("click", () => { seen.clicked ??= performance.now(); }, { capture: true });
  const look = (now) => {
    const count = POINTS;
    if (count > had) seen.grown.push(performance.now());
    had = count;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}""".replace("POINTS", POINTS)


def measure_live(tell: Callable[[str], None]) -> dict[str, float]:
    """All that a visitor waits for."""
    result = first_point() | stop_to_gone() | slider_under_load()
    tell(f"  click to first point {result['click_to_first_point']:.2f} s (at most {result['click_to_first_point_most']:.2f})")
    tell(f"  the curve moves after {result['between_moves_p95']:.2f} s (p95; at most {result['between_moves_most']:.2f})")
    tell(f"  Stop to the worker gone {result['stop_to_gone']:.2f} s (at most {result['stop_to_gone_most']:.2f})")
    idle, loaded = result["slider_idle_p95"], result["slider_loaded_p95"]
    tell(f"  another visitor's slider {idle:.0f} ms, while two train {loaded:.0f}: {loaded / idle:.2f} x")
    return result


def first_point() -> dict[str, float]:
    """Seconds from click to first point (median and most), and between two moves of the curve (p95 and most)."""
    first: list[float] = []
    gaps = np.array([])
    with tempfile.TemporaryDirectory() as folder, serve_app(Path(folder)) as app, open_browser() as browser:
        for turn in range(TURNS):
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            page.goto(f"{app}/train")
            page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000)
            page.get_by_role("button", name="Train", exact=True).wait_for()
            while not processes_of(Path(folder), READY_WORKER):  # a server at rest has one soon
                time.sleep(0.05)
            page.evaluate(WATCH)
            page.get_by_role("button", name="Train", exact=True).click()
            _until(page, "seen_.grown.length > 0")
            if turn == TURNS - 1:
                page.wait_for_timeout(1000 * WATCHED)
            seen = page.evaluate("seen_")
            first.append((seen["grown"][0] - seen["clicked"]) / 1000)
            gaps = np.diff(seen["grown"]) / 1000
            page.get_by_role("button", name="Stop", exact=True).click()
            page.get_by_text("Stopped", exact=True).first.wait_for(timeout=60_000)
            page.close()
    return {
        "click_to_first_point": median(first[1:]),
        "click_to_first_point_most": max(first[1:]),
        "between_moves_p95": float(np.percentile(gaps, 95)),
        "between_moves_most": float(gaps.max()),
    }


def stop_to_gone(turns: int = STOPS) -> dict[str, float]:
    """Seconds from the click on Stop until the worker's process is gone, median and most (Linux)."""
    taken = []
    with tempfile.TemporaryDirectory() as folder, serve_app(Path(folder)) as app, open_browser() as browser:
        for turn in range(turns):
            page = _start(browser, app)
            page.wait_for_timeout(1000 + 130 * turn)  # now at the begin of a step, now in its midst
            (worker,) = processes_of(Path(folder), TRAINS)
            page.evaluate("document.addEventListener('click', () => { window.clicked_ = Date.now(); }, { capture: true })")
            page.get_by_role("button", name="Stop", exact=True).click()
            while worker.exists():
                time.sleep(0.002)
            taken.append(time.time() - page.evaluate("clicked_") / 1000)
            page.context.close()
    return {"stop_to_gone": median(taken), "stop_to_gone_most": max(taken)}


def slider_under_load(presses: int = PRESSES) -> dict[str, float]:
    """Milliseconds from a key on a slider of the training page until its script has run (p95), with nobody training and with two others
    who train, and the ratio of both (Linux).

    The two have turned to something else: what their browsers draw would be measured otherwise, since all browsers are on this machine.
    """
    with tempfile.TemporaryDirectory() as folder, serve_app(Path(folder)) as app, open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        _open(page, app)
        idle = _slid(page, presses)
        for _ in range(2):
            _start(browser, app).context.close()
        loaded = _slid(page, presses)
        if len(processes_of(Path(folder), TRAINS)) != 2:
            raise RuntimeError("the two trainings have not gone on all the while: seglab app --jobs 2 is needed, or fewer presses")
    return {"slider_idle_p95": idle, "slider_loaded_p95": loaded, "slider_ratio": loaded / idle}


def _until(page: Page, holds: str) -> None:
    """Wait until an expression holds; asked from here, since the page's own policy lets no text be run as a script in it."""
    until = time.monotonic() + 60
    while not page.evaluate(holds):
        if time.monotonic() > until:
            raise RuntimeError(f"{holds} has not come to hold within 60 s")
        page.wait_for_timeout(10)


def _slid(page: Page, presses: int) -> float:
    """The first two presses are for warming up; one whose script ran between two frames of the browser is not seen and does not count."""
    slider = page.get_by_role("slider", name="Steps")
    taken: list[float] = []
    slider.focus()
    for press in range(presses + 2):
        page.evaluate(PRESS)
        page.keyboard.press("ArrowLeft" if press % 2 else "ArrowRight")
        taken += page.evaluate("taken_")
    return float(np.percentile(taken[2:], 95))


def _open(page: Page, app: str) -> None:
    page.goto(f"{app}/train")
    page.get_by_role("button", name="Train", exact=True).wait_for()
    page.wait_for_selector(READY, timeout=60_000)


def _start(browser: Browser, app: str) -> Page:
    """The page of another visitor, who trains a network for as long as the form allows."""
    page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
    _open(page, app)
    page.get_by_role("slider", name="Steps").focus()
    page.evaluate(PRESS)
    page.keyboard.press("End")
    page.evaluate("taken_")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text("Training", exact=True).wait_for(timeout=60_000)
    _until(page, f"{POINTS} > 0")
    return page
