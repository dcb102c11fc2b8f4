"""The state and the link: what a link holds, what Back undoes, and that nothing moves under a hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ready, state_of, until, wait_for
from test_pages import link
from test_twins import random_states

from seglab.lessons import LESSONS
from seglab.stage.lesson import Lesson, build

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., Any]


def query(lesson: Lesson, state: dict[str, Any]) -> str:
    return "&".join(f"{name}={text}" for name, text in lesson.link(state).items())


def drawable(lesson: Lesson, count: int) -> list[dict[str, Any]]:
    """Random states that the stage can show as they are."""
    found = []
    for state in random_states(lesson, 1500):
        if state["view"] in ("matrix",) or state.get("letters"):
            continue
        try:
            pipeline = build(lesson, state)
        except ValueError:
            continue
        view = lesson.view(state)
        trace = pipeline[view.follows]
        steps = {"output": trace.output.size, "input": trace.inputs[0].size, "tap": trace.kernel_size[0] * trace.kernel_size[1]}[
            view.reading
        ]
        usual = lesson.usual(state["stop"])["at"]  # which may stand for the end
        found.append({**state, "at": usual if steps <= state["at"] and steps < usual else min(state["at"], steps)})
        if len(found) == count:
            break
    assert len(found) == count
    return found


def shown(page: Page, lesson: Lesson) -> str:
    """The link of the state that the stage shows."""
    state, steps = state_of(page), page.locator(".stage").evaluate("element => element.stage.scene.order.cells.length")
    usual = lesson.usual(state["stop"])["at"]
    return query(lesson, {**state, "at": usual} if state["at"] == steps < usual else state)


def settled(page: Page, lesson: Lesson) -> None:
    """Wait until the address is the stage's own, and the page has taken it."""
    wait_for(lambda: page.evaluate("location.search").lstrip("?") == shown(page, lesson))
    ready(page)


def opened(page: Page, lesson: Lesson) -> None:
    """Wait until a lesson's page is there; another's title may contain its own."""
    page.get_by_role("heading", level=1, name=lesson.title, exact=True).wait_for()


def follow(page: Page, lesson: Lesson) -> None:
    """Click the sidebar's link to a lesson."""
    page.get_by_role("link", name=re.compile(f"{lesson.title}$")).first.click()
    opened(page, lesson)


@pytest.mark.parametrize("name", LESSONS)
def test_links_reloads_switches_and_back_keep_exactly_the_state(name: str, visit: Visit) -> None:
    lesson = LESSONS[name]
    other = next(title for title in LESSONS if title != name)
    with visit("/") as page:
        for state in drawable(lesson, 6):
            wanted = query(lesson, state)
            page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + f"/{name}?{wanted}")
            ready(page)
            assert shown(page, lesson) == wanted
            page.reload()
            ready(page)
            assert shown(page, lesson) == wanted
            follow(page, LESSONS[other])
            ready(page)
            follow(page, lesson)
            ready(page)
            assert shown(page, lesson) == wanted, "a link in the sidebar puts the lesson's last state back"
            page.go_back()
            opened(page, LESSONS[other])
            page.go_back()
            opened(page, lesson)
            ready(page)
            assert shown(page, lesson) == wanted, "so does Back"


def test_drags_leave_no_trail_and_stops_do(visit: Visit) -> None:
    lesson = LESSONS["transposed_convolution"]
    with visit("/transposed_convolution") as page:
        entries = page.evaluate("history.length")
        slider = page.get_by_role("slider", name="Stride", exact=True)
        slider.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
            settled(page, lesson)
        assert page.evaluate("history.length") == entries
        dragged = shown(page, lesson)
        page.get_by_role("button", name="Stop 3", exact=False).click()
        settled(page, lesson)
        page.get_by_role("button", name="Slide", exact=True).click()
        settled(page, lesson)
        assert page.evaluate("history.length") == entries + 2
        page.go_back()
        wait_for(lambda: state_of(page)["view"] == "stamp")
        page.go_back()
        wait_for(lambda: shown(page, lesson) == dragged)
        page.go_forward()
        wait_for(lambda: state_of(page)["stop"] == 3)
        settled(page, lesson)


def test_a_copied_link_opens_the_same_state_elsewhere(visit: Visit) -> None:
    lesson = LESSONS["transposed_convolution"]
    with visit("/transposed_convolution", permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_role("slider", name="Kernel", exact=True).focus()
        page.keyboard.press("ArrowRight")
        page.get_by_role("button", name="Copy a link").click()
        page.get_by_text("The link is copied.").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        wanted = shown(page, lesson)
        assert "w=4_1_3~2_3_6~7_8_9" in copied
    with visit("/" + copied.split("/", 3)[3]) as page:
        assert shown(page, lesson) == wanted


def test_lecture_mode_goes_from_page_to_page_and_off_again(visit: Visit) -> None:
    with visit(link("transposed_convolution", stride=2)) as page:
        page.get_by_role("button", name="Lecture mode").click()
        page.wait_for_selector(".stage.lecture")
        assert "lecture=1" in page.url
        assert state_of(page)["stride"] == 2
        assert page.locator('[data-testid="stSidebar"]').count() == 0 or not page.locator('[data-testid="stSidebar"]').is_visible()
        page.get_by_role("button", name="Stop 5", exact=False).click()
        wait_for(lambda: "stop=5" in page.url, page)
        assert "lecture=1" in page.url
        page.get_by_role("button", name="Lecture mode").click()
        page.wait_for_selector(".stage:not(.lecture)")
        assert "lecture" not in page.url
        assert state_of(page)["stop"] == 5


def test_nothing_jumps_while_a_control_is_dragged(visit: Visit) -> None:
    """A slow drag over all values, with rests long enough for the server to answer in between."""
    with visit("/transposed_convolution") as page:
        slider = page.get_by_role("slider", name="Stride", exact=True)
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        page.evaluate(
            """() => {
              const root = document.querySelector("[data-testid=stApp]"), stage = [...document.querySelectorAll("*")].map((one) => one.shadowRoot?.querySelector(".stage")).find(Boolean).stage;
              window.seen = { places: new Set(), values: [] };
              const slider = [...stage.element.querySelectorAll("input[type=range]")].find((one) => one.ariaLabel === "Stride" || one.getAttribute("aria-label") === "Stride");
              const look = () => {
                const { left, top } = slider.getBoundingClientRect();
                seen.places.add(`${left},${top}`);
                if (seen.values.at(-1) !== stage.state.stride) seen.values.push(stage.state.stride);
                window.looking = requestAnimationFrame(look);
              };
              look();
            }"""
        )
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + 8, middle)
        page.mouse.down()
        for share in (0.33, 0.36, 0.64, 0.67, 0.97):
            page.mouse.move(box["x"] + box["width"] * share, middle, steps=6)
            page.wait_for_timeout(600)  # a hand that rests: settles would be sent here, were the slider not held
        page.mouse.up()
        wait_for(lambda: "stride=4" in page.url, page)
        ready(page)
        seen = page.evaluate("(cancelAnimationFrame(looking), { places: [...seen.places], values: seen.values })")
        assert seen["values"] == [1, 2, 3, 4]
        assert len(seen["places"]) == 1, seen["places"]


def test_playing_pointing_and_dragging_send_nothing(visit: Visit) -> None:
    with visit("/") as page:
        sent: list[Any] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
        page.goto(page.url + link("transposed_convolution", x="random3.12x12", w="random5.5x5", at=0)[1:])
        ready(page)
        page.wait_for_timeout(1000)  # whatever the page itself sends after it has opened
        sent.clear()
        page.get_by_label("Speed").select_option("4")
        page.get_by_role("button", name="Play", exact=True).click()
        until(
            page,
            "[...document.querySelectorAll('*')].map((one) => one.shadowRoot?.querySelector('.stage')).find(Boolean).stage.state.at > 20",
        )
        board = page.locator(".stage .board").bounding_box()
        for step in range(60):
            page.mouse.move(board["x"] + 100 + 8 * step, board["y"] + 60 + 3 * step)
        assert sent == [], "playing and pointing"
        page.get_by_role("button", name="Pause", exact=True).click()
        wait_for(lambda: sent, page)
        ready(page)
        page.wait_for_timeout(500)
        sent.clear()
        slider = page.get_by_role("slider", name="Stride", exact=True)
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 10, box["y"] + box["height"] / 2, steps=30)
        page.wait_for_timeout(700)
        assert sent == [], "dragging"
        page.mouse.up()
        wait_for(lambda: sent, page)


def test_dragging_an_image_sends_nothing_until_it_is_let_go(visit: Visit) -> None:
    with visit("/") as page:
        sent: list[Any] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
        page.goto(page.url + link("translation", stop=8, **LESSONS["translation"].stops[7].state)[1:])
        ready(page)
        page.wait_for_timeout(1000)  # whatever the page itself sends after it has opened
        sent.clear()
        box = page.get_by_role("grid", name="T x, 128 by 128", exact=False).bounding_box()
        page.mouse.move(box["x"] + 60, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + 110, box["y"] + 40, steps=30)
        page.wait_for_timeout(700)
        assert sent == []
        page.mouse.up()
        wait_for(lambda: sent, page)
        state = state_of(page)
        assert state["dx"] > 9
        assert state["dy"] < 0
        wait_for(lambda: f"dx={state['dx']}" in page.url, page)


def test_a_slow_server_never_brings_back_an_older_state(visit: Visit) -> None:
    """Settles that pile up are told one at a time, the last one last."""
    lesson = LESSONS["transposed_convolution"]
    with visit("/transposed_convolution") as page:
        slider = page.get_by_role("slider", name="Stride", exact=True)
        slider.focus()
        seen = []
        for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowRight", "ArrowRight"):
            page.keyboard.press(key)
            page.wait_for_timeout(330)
            seen.append(state_of(page)["stride"])
        assert seen == [2, 3, 2, 3, 4]
        settled(page, lesson)
        assert state_of(page)["stride"] == 4
