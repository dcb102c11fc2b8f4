"""The live U-Net in a browser: from the click on Train to the first point of the curve, and how often the curve moves."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from seglab.bench.browser import open_browser
from seglab.bench.stage import serve_app

TURNS, WATCHED = 8, 8.0  # clicks, of which the first finds a zygote that may still be warming and does not count; seconds of watching
# Notes the time of the click, and of every frame in which the curve of the loss has more points than in the frame before.
WATCH = """() => {
  const seen = window.seen_ = { clicked: null, grown: [] }; let had = 0;
  document.addEventListener("click", () => { seen.clicked ??= performance.now(); }, { capture: true });
  const look = (now) => {
    const x = document.querySelector(".js-plotly-plot")?.data?.[0]?.x, count = x ? (x._inputArray ?? x).length : 0;
    if (count > had) seen.grown.push(performance.now());
    had = count;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def measure_live() -> dict[str, float]:
    """Seconds from click to first point (median and most), and between two moves of the curve (p95 and most)."""
    first: list[float] = []
    gaps = np.array([])
    with tempfile.TemporaryDirectory() as folder, serve_app(Path(folder)) as app, open_browser() as browser:
        for turn in range(TURNS):
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            page.goto(f"{app}/train")
            page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000)
            page.get_by_role("button", name="Train", exact=True).wait_for()
            page.evaluate(WATCH)
            page.get_by_role("button", name="Train", exact=True).click()
            page.wait_for_function("seen_.grown.length > 0", timeout=60_000)
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
