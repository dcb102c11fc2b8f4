"""Every page, at three widths, light and dark: no exception, no console error, no sideways scrolling, nothing that axe finds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import HEIGHTS, App, ready, until, wait_for

from seglab.lessons import LESSONS
from seglab.lessons.path import PATH

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., Any]
WIDTHS = tuple(HEIGHTS)


def link(name: str, **changes: Any) -> str:
    lesson = LESSONS[name]
    return f"/{name}?" + "&".join(f"{key}={text}" for key, text in lesson.link(lesson.state(**changes)).items())


PAGES = {
    "start": "/",
    **{name: f"/{name}" for name in PATH},
    "words": "/words",
    "one word": "/words?word=padding",
    "decks": "/decks",
    "privacy": "/privacy",
    "playlist": "/playlist",
    "embedded": "/transposed_convolution?embed=true",
    "in lecture": "/transposed_convolution?lecture=1",
    "sizes in lecture": "/output_size?lecture=1",
    "builder in lecture": "/builder?lecture=1",
}
STATES = {
    name: {
        **{f"stop {number}": link(name, stop=number, **stop.state) for number, stop in enumerate(lesson.stops, start=1)},
        **{
            f"view {view.name}": link(name, view=view.name)
            for view in lesson.views
            if all(stop.state.get("view", lesson.defaults["view"]) != view.name for stop in lesson.stops)
        },
    }
    for name, lesson in LESSONS.items()
}


RULES = {"rules": {"target-size": {"enabled": True}}}  # WCAG 2.2 asks for it; axe leaves it out unless told


def findings(page: Page) -> list[str]:
    """What axe objects to, once nothing is fading in or out, and what is loaded last (links of the sidebar, colours of code) has arrived."""
    until(page, "[...document.querySelectorAll('[data-testid=stElementContainer]')].every((one) => getComputedStyle(one).opacity === '1')")
    return lasting(lambda: [told for v in Axe().run(page, options=RULES).response["violations"] for told in _told(v)], page)


def _told(violation: dict[str, Any]) -> list[str]:
    return [f"{violation['id']}: {node['html'][:120]} {node.get('failureSummary', '')[:200]}" for node in violation["nodes"]]


def lasting(look: Callable[[], list[str]], page: Page, seconds: float = 5) -> list[str]:
    """What is still found after so many seconds; nothing as soon as nothing is."""
    found = look()
    until = time.monotonic() + seconds
    while found and time.monotonic() < until:
        page.wait_for_timeout(50)
        found = look()
    return found


def sideways(page: Page) -> list[str]:
    """Elements that scroll sideways, or reach out of the page, once the styles of its components have arrived."""
    look = """() => [document.scrollingElement, ...document.querySelectorAll("[data-testid=stMain], .stMainBlockContainer")]
        .filter((element) => element.scrollWidth > element.clientWidth + 1).map((element) => element.tagName + element.className)"""
    return lasting(lambda: page.evaluate(look), page)


# Pictures of some size that a screen reader would not hear of: without a name, and inside nothing that has one or is put away.
WORDLESS = """() => {
  const found = [], named = (one) => ["aria-label", "aria-labelledby", "alt"].some((name) => one.getAttribute?.(name)) || one.querySelector?.(":scope > title");
  const told = (one) => {
    for (let part = one; part; part = part.parentElement ?? part.getRootNode().host) {
      if (part.getAttribute("aria-hidden") === "true") return true;
      if (part !== one && (/^(BUTTON|A|SUMMARY|FIGURE)$/.test(part.tagName) || (/^(img|figure|group|slider|grid)$/.test(part.role) && named(part)))) return true;
    }
    return one.id === "js-plotly-tester" || one.getAttribute("alt") === "";
  };
  const walk = (root) => root.querySelectorAll("*").forEach((one) => {
    if (one.shadowRoot) walk(one.shadowRoot);
    const box = one.getBoundingClientRect();
    if (/^(svg|canvas|img|video)$/i.test(one.tagName) && box.width >= 40 && box.height >= 40 && !named(one) && !told(one)) found.push(one.outerHTML.slice(0, 140));
  });
  walk(document);
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_pages(name: str, scheme: str, visit: Visit) -> None:
    """Opened on a phone and widened in light, opened on a wall and narrowed in dark."""
    first, *others = WIDTHS if scheme == "light" else WIDTHS[::-1]
    with visit(PAGES[name], first, scheme) as page:
        for width in (first, *others):
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            until(page, "width => innerWidth === width", arg=width)
            assert (sideways(page), width) == ([], width)
            assert (findings(page), width) == ([], width)
        assert page.evaluate(WORDLESS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", STATES)
def test_every_stop_and_view(name: str, scheme: str, visit: Visit) -> None:
    """Each at a phone's width, where room is shortest, in light and dark by turns."""
    states = list(STATES[name].items())[("light", "dark").index(scheme) :: 2]
    with visit(states[0][1], 390, scheme) as page:
        for number, (told, path) in enumerate(states):
            if number:
                page.goto(page.url.split(f"/{name}")[0] + path)
                ready(page)
            assert (sideways(page), told) == ([], told)
            assert (findings(page), told) == ([], told)
            assert page.locator(".stage .message").inner_text() == ""


def test_a_deep_link_is_the_first_thing_a_fresh_server_shows(tmp_path: Any, visit: Visit) -> None:
    """Streamlit would take pages/ for its older navigation and show the lesson's file without the app around it."""
    fresh = App(tmp_path)
    try:
        with visit("/output_size", server=fresh) as page:
            page.locator('[data-testid="stSidebar"]').get_by_role("link", name="Transposed convolution").wait_for()
    finally:
        fresh.stop()


def test_no_torch_in_the_web_process(app: App, visit: Visit) -> None:
    for path in PAGES.values():
        with visit(path):
            pass
    with open(f"/proc/{app.process.pid}/maps", encoding="utf-8") as maps:
        mapped = maps.read()
    assert "numpy" in mapped, "this looks into the right process"
    assert "libtorch" not in mapped


def test_plotly_is_fetched_only_where_there_is_a_chart(visit: Visit) -> None:
    def fetched(path: str) -> list[str]:
        with visit("/") as page:
            seen: list[str] = []
            page.on("request", lambda request: seen.append(request.url))
            page.goto(page.url.rstrip("/") + path)
            ready(page)
            page.wait_for_load_state("networkidle")
            return [url for url in seen if "plotly" in url.lower()]

    assert fetched("/transposed_convolution") == []
    assert fetched("/output_size") == []
    assert fetched("/train") == []
    assert fetched("/compare") != [], "the test would notice"


def test_tabs_and_questions(visit: Visit) -> None:
    with visit("/transposed_convolution") as page:
        page.get_by_role("tab", name="Code").click()
        page.wait_for_selector("text=F.conv_transpose2d")
        page.get_by_role("tab", name="Check").click()
        page.get_by_role("button", name="Check against PyTorch").click()
        page.wait_for_selector("text=PyTorch gives the same output. Largest difference: 0")
        assert findings(page) == []
        page.get_by_role("radio", name="1", exact=True).first.click()
        page.wait_for_selector("text=No: None.")
        page.get_by_role("button", name="Show it on the stage").click()
        until(page, "document.querySelector('[data-testid=stApp]') && location.search.includes('count=1')")
        wait_for(lambda: 0 <= page.locator(".stage .board").bounding_box()["y"] < 500, page)
        ready(page)
        assert findings(page) == []


@pytest.mark.parametrize("path", ["/transposed_convolution", "/output_size"])
def test_nonsense_in_a_link(path: str, visit: Visit) -> None:
    with visit(f"{path}?v=9&stride=banana&x=%3Cscript%3Ealert(1)%3C/script%3E&padding=6&at=-3&foo=bar&view=%00") as page:
        told = page.locator(".stAlert").inner_text()
        assert "version 9" in told
        assert "stride=banana" in told
        assert page.locator(".stage .where").inner_text() != ""
        page.get_by_role("button", name="Stop 2", exact=False).first.evaluate("button => button.click()")
        until(page, "location.search.startsWith('?v=1&stop=2')")
        page.wait_for_selector(".stAlert", state="detached")


def test_impossible_settings_together_are_said(visit: Visit) -> None:
    with visit("/transposed_convolution?padding=5") as page:
        assert "padding=5 leaves no output: 3 - 10 < 1; at most 1 here" in page.locator(".stAlert").inner_text()


def test_the_page_and_its_settings_come_from_the_configuration(app: App, visit: Visit) -> None:
    with visit("/") as page:
        assert page.title() == "Start · seglab"
        assert page.locator("html").get_attribute("lang") == "en"
        assert app.url.startswith("http://127.0.0.1")
