"""What a student does alone: answer, get it wrong, see why, try again, come back later."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ready, state_of, wait_for
from test_pages import findings, link

from seglab.lessons import LESSONS
from seglab.ui.progress import LARGEST, read

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., Any]
LESSON = LESSONS["transposed_convolution"]


def solved_line(page: Page) -> str:
    """What the page says of solved questions."""
    return page.get_by_text("of 4 solved").inner_text()


def kept(page: Page) -> Any:
    """What the browser keeps."""
    return json.loads(page.evaluate("localStorage.getItem('seglab-progress')"))


def go(page: Page, path: str) -> None:
    page.goto("/".join(page.url.split("/")[:3]) + path)
    ready(page)


def go_by_link(page: Page, name: str, title: str) -> None:
    page.locator('[data-testid="stSidebar"]').get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", level=1, name=title, exact=True).wait_for()
    ready(page)


def test_a_wrong_answer_its_picture_a_fresh_try_and_what_is_remembered(visit: Visit) -> None:
    question = LESSON.questions[0]
    first, second = question(0), question(1)
    with visit("/transposed_convolution") as page:
        page.get_by_text(first.question).wait_for()
        wait_for(lambda: page.get_by_text("0 of 4 solved").count(), page)
        page.get_by_role("radio", name="1", exact=True).first.click()
        page.get_by_text(f"No: {first.right}.").wait_for()
        page.get_by_role("button", name="Show it on the stage").click()
        wait_for(lambda: state_of(page)["count"], page)
        assert state_of(page)["stop"] == first.shows["stop"]
        ready(page)
        page.get_by_role("radio", name=first.right, exact=True).first.click()
        page.get_by_text("Yes.").wait_for()
        ready(page)
        assert solved_line(page).endswith("0 of 4 solved"), "the right answer was on the page by then"
        page.get_by_role("button", name="Another one like it").focus()
        page.keyboard.press("Enter")
        page.get_by_text(second.question).wait_for()
        ready(page)
        assert page.evaluate("document.activeElement.innerText").endswith("Another one like it"), "the keyboard stays where it is"
        assert page.get_by_role("button", name="Show it on the stage").is_disabled(), "not before there is an answer"
        page.get_by_role("radio", name=second.right, exact=True).first.click()
        page.get_by_text("Yes.").wait_for()
        wait_for(lambda: solved_line(page).endswith("1 of 4 solved"), page)
        assert findings(page) == []
        assert kept(page)["lessons"] == {"transposed_convolution": {"solved": [1], "stops": [1, 3]}}
        page.reload()
        ready(page)
        wait_for(lambda: solved_line(page).startswith("✓ 1"), page)
        go(page, "/")
        page.get_by_text("1 of 4 questions solved · 2 of 11 stops seen").wait_for()
        assert findings(page) == []
        page.get_by_role("link", name="Go on where you left off: Transposed convolution, 3. Stride").click()
        page.get_by_role("heading", level=1, name=LESSON.title, exact=True).wait_for()
        ready(page)
        assert state_of(page)["count"] is True, "as it was left"
    with visit("/") as page:
        page.get_by_role("link", name="Begin with Tasks").wait_for()
        assert page.get_by_text("questions solved").count() == 0, "a fresh browser knows of nothing"
        assert page.evaluate("localStorage.getItem('seglab-progress')") is None


def test_progress_can_be_forgotten(visit: Visit) -> None:
    with visit("/transposed_convolution") as page:
        page.get_by_role("radio", name=LESSON.questions[0](0).right, exact=True).first.click()
        wait_for(lambda: solved_line(page).endswith("1 of 4 solved"), page)
        go_by_link(page, "Start", "seglab")
        page.get_by_text("1 of 4 questions solved").wait_for()
        page.get_by_role("button", name="Forget my progress").click()
        page.get_by_text("Your progress is forgotten.").wait_for()
        page.get_by_role("link", name="Begin with Tasks").wait_for()
        ready(page)
        assert page.get_by_text("questions solved").count() == 0
        assert page.evaluate("localStorage.getItem('seglab-progress')") is None
        go_by_link(page, "Transposed convolution", LESSON.title)
        wait_for(lambda: solved_line(page).endswith("0 of 4 solved"), page)
        assert page.get_by_role("radio", checked=True).count() == 0, "the answers are forgotten too"


@pytest.mark.parametrize(
    "stored",
    ["{", "5", "null", '{"lessons": 7}', '{"lessons": {"output_size": {"solved": "all", "stops": [1e9, -1, "x"]}}, "last": {"lesson": 3}}'],
)
def test_damaged_storage_breaks_nothing_and_is_mended(stored: str, visit: Visit) -> None:
    with visit("/") as page:
        page.evaluate("stored => localStorage.setItem('seglab-progress', stored)", stored)
        page.reload()
        ready(page)
        page.get_by_role("link", name="Begin with Tasks").wait_for()
        go(page, "/output_size")
        wait_for(lambda: page.get_by_text("0 of 3 solved").count(), page)
        assert kept(page)["lessons"]["output_size"] == {"solved": [], "stops": [1]}


def test_a_browser_that_keeps_nothing_breaks_nothing(visit: Visit) -> None:
    with visit("/") as page:
        page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };")
        go(page, "/transposed_convolution")
        page.get_by_role("radio", name=LESSON.questions[0](0).right, exact=True).first.click()
        wait_for(lambda: solved_line(page).endswith("1 of 4 solved"), page)
        go_by_link(page, "Start", "seglab")
        page.get_by_text("1 of 4 questions solved").wait_for()
        assert page.evaluate("localStorage.getItem('seglab-progress')") is None


def test_a_lessons_page_runs_once_whatever_is_kept(visit: Visit) -> None:
    """Only the start page is told of it: a lesson is neither run again nor moved."""
    with visit("/") as page:
        told = {"lessons": {"transposed_convolution": {"solved": [1, 2], "stops": [1, 4]}}}
        page.evaluate("told => localStorage.setItem('seglab-progress', JSON.stringify(told))", told)
        sent: list[Any] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
        go(page, "/transposed_convolution")
        wait_for(lambda: solved_line(page).startswith("✓ 1   ✓ 2   ○ 3"), page)
        page.wait_for_load_state("networkidle")
        assert len(sent) <= 1, "the page is asked for, and nothing else"
        sent.clear()
        go(page, "/")
        page.get_by_text("2 of 4 questions solved · 2 of 11 stops seen").wait_for()
        assert len(sent) == 2, "the start page is asked for, and told once"


def test_what_a_browser_tells_is_checked() -> None:
    assert read(None) == read("x" * (LARGEST + 1)) == read("[" * 40_000) == {"lessons": {}}
    told = {
        "lessons": {"output_size": {"solved": [3, 1, 1, True, 4, 0], "stops": [8, 9]}, "other": {}},
        "last": {"lesson": "output_size", "link": "stop=99&stride=2&x=1"},
    }
    assert read(json.dumps(told)) == {
        "lessons": {"output_size": {"solved": [1, 3], "stops": [8]}},
        "last": {"lesson": "output_size", "link": "v=1&stride=2"},
    }


def test_a_stage_alone_keeps_its_state_and_leads_back_to_its_page(visit: Visit) -> None:
    with visit("/transposed_convolution?embed=true&v=1&stop=3") as page:
        assert page.locator('[data-testid="stSidebar"]').count() == 0
        assert page.get_by_text("Try this").count() == 0
        assert page.get_by_role("tab").count() == 0
        entries = page.evaluate("history.length")
        slider = page.get_by_role("slider", name="Stride", exact=True)
        slider.focus()
        page.keyboard.press("ArrowRight")
        wait_for(lambda: page.evaluate("location.search") == "?embed=true&v=1&stop=3&stride=3", page)
        page.wait_for_selector('a[href="./transposed_convolution?v=1&stop=3&stride=3"]')
        ready(page)
        assert page.evaluate("[location.search, history.length]") == ["?embed=true&v=1&stop=3&stride=3", entries]
        page.get_by_role("button", name="Stop 5", exact=False).click()
        wait_for(lambda: page.evaluate("location.search") == "?embed=true&v=1&stop=5", page)
        page.wait_for_selector('a[href="./transposed_convolution?v=1&stop=5"]')
        assert page.evaluate("history.length") == entries + 1
        page.go_back()
        wait_for(lambda: state_of(page)["stride"] == 3, page)
        ready(page)
        page.wait_for_selector('a[href="./transposed_convolution?v=1&stop=3&stride=3"]')
        assert page.evaluate("localStorage.getItem('seglab-progress')") is None, "a slide is no lesson of a student"
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Open in seglab").click()
        full = opened.value
        ready(full)
        assert state_of(full) == state_of(page)
        assert full.get_by_text("Try this").count() == 1


def test_the_embedding_lines_work_in_a_foreign_page(visit: Visit, files: str) -> None:
    with visit(link("output_size", stride=[2, 2]), permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_text("Embed it in a page of your own").click()
        lines = page.locator("code", has_text="<iframe").inner_text()
        assert findings(page) == []
        foreign = page.context.new_page()
        foreign.goto(files)
        foreign.evaluate("lines => { document.body.innerHTML = lines; }", lines)
        inside = foreign.frame_locator("iframe")
        inside.locator(".stage .first:not(:empty)").wait_for()
        assert inside.locator(".stage").evaluate("element => element.stage.state.stride") == [2, 2]
        assert inside.get_by_text("Try this").count() == 0
