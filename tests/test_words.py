"""The glossary and the index of the decks: data that leads somewhere, tips for mouse, keyboard and touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from conftest import ready, state_of, until, wait_for
from test_pages import findings

from seglab.lessons import LESSONS
from seglab.lessons.decks import DECKS
from seglab.lessons.glossary import BY_KEY, WORDS, find, linked
from seglab.lessons.places import ELSEWHERE, address
from seglab.ui.server import PAGES

Visit = Callable[..., Any]
PLACES = sorted({word.place for word in WORDS if word.place} | {place for deck in DECKS for part in deck.parts for place in part.places})


@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_there(place: str) -> None:
    _, link = address(place)
    name = urlsplit(link).path.removeprefix("./")
    if name in ELSEWHERE:
        assert name in PAGES
        return
    lesson = LESSONS[name]
    state, problems = lesson.read(dict(parse_qsl(urlsplit(link).query)))
    assert problems == []
    if ": " in place:
        stop = lesson.stops[state["stop"] - 1]
        assert stop.title == place.split(": ", 1)[1]
        assert state == lesson.state(stop=state["stop"], **stop.state)


def test_a_place_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="'convolutions' is no lesson"):
        address("convolutions")
    with pytest.raises(ValueError, match="'Strides' is no stop of convolution: choose one of Many cells become one"):
        address("convolution: Strides")


def test_the_glossary_is_large_enough_and_says_everything_once() -> None:
    assert len(WORDS) >= 35
    names = [name.lower() for word in WORDS for name in (word.term, *word.also)]
    assert len(set(names)) == len(names)
    assert len(BY_KEY) == len(WORDS)
    assert [word.term for word in WORDS] == sorted((word.term for word in WORDS), key=lambda term: term.lower().replace("-", ""))
    for word in WORDS:
        assert word.meaning.endswith((".", ")")), word


def test_the_decks_are_there() -> None:
    assert [deck.letter for deck in DECKS] == ["N", "K", "D", "F", "P"]
    for deck in DECKS:
        assert all(part.places for part in deck.parts), "the app shows every part"


def test_words_are_found_by_any_name() -> None:
    assert [word.term for word in find("up-convolution")] == ["Transposed convolution"]
    assert find("Padding")[0].term == "Padding"
    assert find("filter")[0].term == "Kernel"
    assert find("") == list(WORDS)
    assert find("xyzzy") == []


def test_only_text_is_linked_once_for_each_word() -> None:
    text, words = linked("## Padding\n`stride` [stride](x) **Stride** strides: a filter is a kernel.")
    assert (
        text == "## Padding\n`stride` [stride](x) **[Stride](./words?word=stride)** strides: a [filter](./words?word=kernel) is a kernel."
    )
    assert [word.term for word in words] == ["Stride", "Kernel"]


def test_tips_by_pointer_keyboard_and_escape(visit: Visit) -> None:
    meaning = BY_KEY["padding"].meaning
    with visit("/convolution") as page:
        term = page.get_by_role("link", name="Padding", exact=True)
        tip = page.locator("#seglab-tip")
        term.scroll_into_view_if_needed()
        assert tip.is_hidden()

        def pointed() -> bool:
            """A scroll that is still under way takes a tip away again: point anew."""
            page.mouse.move(5, 5)
            term.hover()
            return bool(tip.get_by_text(meaning).is_visible())

        wait_for(pointed, page)
        assert term.get_attribute("aria-describedby") == "seglab-tip"
        assert findings(page) == []
        tip.hover()
        page.wait_for_timeout(400)  # longer than a tip stays when it is left
        assert tip.is_visible(), "the pointer may go over to the tip"
        page.keyboard.press("Escape")
        assert tip.is_hidden()
        page.mouse.move(5, 5)
        term.focus()
        tip.get_by_text(meaning).wait_for()
        page.keyboard.press("Tab")
        tip.get_by_text(BY_KEY["convolution"].meaning).wait_for()
        page.keyboard.press("Escape")
        assert tip.is_hidden()
        assert term.get_attribute("aria-describedby") is None
        with page.context.expect_page() as opened:
            term.click()
        ready(opened.value)
        search = opened.value.get_by_label("Search")
        wait_for(lambda: search.input_value() == "Padding", opened.value)
        page.locator('[data-testid="stSidebar"]').get_by_role("link", name="Start", exact=True).click()
        page.get_by_role("heading", level=1, name="seglab", exact=True).wait_for()
        ready(page)
        until(page, "!document.querySelector('#seglab-tip')")


def test_a_touch_tells_first_and_leads_on_then(visit: Visit) -> None:
    with visit("/convolution", 390, has_touch=True) as page:
        term = page.get_by_role("link", name="Padding", exact=True)
        term.scroll_into_view_if_needed()
        term.tap()
        page.locator("#seglab-tip").get_by_text(BY_KEY["padding"].meaning).wait_for()
        box = page.locator("#seglab-tip").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert len(page.context.pages) == 1
        with page.context.expect_page() as opened:
            term.tap()
        ready(opened.value)


def test_the_pages_search_and_lead_to_stops(visit: Visit) -> None:
    with visit("/words") as page:
        search = page.get_by_label("Search")
        search.fill("residual")
        search.press("Enter")
        page.get_by_text(f"3 of {len(WORDS)} words").wait_for()
        search.fill("xyzzy")
        search.press("Enter")
        page.get_by_text("None of the").wait_for()
    with visit("/decks") as page:
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Convolution, 7. Stride").first.click()
        ready(opened.value)
        assert state_of(opened.value)["stop"] == 7
