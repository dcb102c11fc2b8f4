"""Presenting: playlists as text and in a link, QR codes, hidden parts, and the keys in the browser."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import segno
from conftest import ready, stage_of, state_of, until, wait_for
from hypothesis import given, settings
from hypothesis import strategies as st
from test_pages import findings, sideways

from seglab.lessons import LESSONS
from seglab.ui.hiding import ON_STAGE
from seglab.ui.links import hidden_names, kept_of
from seglab.ui.playlist import LONGEST_CODE, LONGEST_TITLE, MOST, PLACES, entry, moved, packed, read, unpacked, written
from seglab.ui.qr import LONGEST, QUIET, for_phones, qr_path, unreachable

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., Any]
HERE = "http://127.0.0.1:8501/convolution?stop=2"
WORDS = st.text(max_size=30)
LINKS = st.builds(
    lambda page, query: entry("./" + page + "?" + "&".join(f"{a}={b}" for a, b in query.items())),
    st.sampled_from(sorted(PLACES)),
    st.dictionaries(st.sampled_from(["v", "stop", "x", "word", "of"]), st.from_regex(r"[^&#;\s+%]{0,12}", fullmatch=True), max_size=4),
)
ENTRIES = st.lists(st.builds(lambda one, title: entry(one.link, title), LINKS, WORDS), max_size=8)


# -- a playlist --------------------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, derandomize=True)
@given(ENTRIES)
def test_a_playlist_comes_back_from_its_link_and_from_its_file(entries: list[Any]) -> None:
    assert unpacked(packed(entries)) == (entries, [])
    assert read(written(entries)) == (entries, [])


@settings(max_examples=20, deadline=None, derandomize=True)
@given(ENTRIES, st.data())
def test_moving_there_and_back(entries: list[Any], data: st.DataObject) -> None:
    if len(entries) < 2:
        return
    at = data.draw(st.integers(0, len(entries) - 2))
    assert moved(moved(entries, at, 1), at + 1, -1) == entries
    assert moved(entries, at, 1)[at : at + 2] == [entries[at + 1], entries[at]]


@settings(deadline=None, derandomize=True)
@given(st.text(), st.binary())
def test_nonsense_is_refused_and_never_raises(text: str, some: bytes) -> None:
    for code in (
        text,
        base64.urlsafe_b64encode(some).decode(),
        base64.urlsafe_b64encode(zlib.compress(text.encode("utf-8", "replace"))).decode(),
    ):
        entries, problems = unpacked(code)
        assert entries or problems or not text.strip() or all(line.startswith("#") for line in text.split())
    assert all(isinstance(said, str) for said in read(text, here=text)[1])
    assert set(kept_of({"lecture": text, "hide": text})) <= {"lecture", "hide"}
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in hidden_names(text))


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("https://example.org/convolution", "leads out of this app"),
        ("//example.org/convolution", "leads out of this app"),
        ("javascript:alert(1)", "leads out of this app"),
        ("http://127.0.0.1:9999/fcn", "leads out of this app"),
        ("http://[", "is no link"),
        ("http://host:port/fcn", "is no link"),
        ("/nowhere", "is no page of this app"),
        ("../etc/passwd", "is no page of this app"),
        ("playlist?list=x", "cannot be in a playlist"),
        ("fcn?x=" + "a" * 2000, "has 2006 characters: at most 2000"),
        ("fcn?x=" + "ö" * 1000, "characters, signs escaped: at most 2000"),
    ],
)
def test_only_pages_of_this_app_can_be_in_a_playlist(link: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        entry(link, here=HERE)


def test_a_link_of_this_server_is_taken_without_what_belongs_to_a_screen() -> None:
    made = entry("http://127.0.0.1:8501/convolution?v=1&stop=7&lecture=1&embed=true&hide=stride,No,stride", here=HERE)
    assert (made.page, dict(made.query), made.title) == ("convolution", {"v": "1", "stop": "7", "hide": "stride"}, "Convolution, 7. Stride")


def test_a_playlist_ends_somewhere() -> None:
    long = "\n".join(["fcn " + "t" * 500] * (MOST + 5))
    entries, problems = read(long)
    assert (len(entries), len(entries[0].title)) == (MOST, LONGEST_TITLE)
    assert problems == [f"A playlist has at most {MOST} entries: what follows line {MOST} is left out"]
    assert len(packed(entries)) < LONGEST_CODE
    bomb = base64.urlsafe_b64encode(zlib.compress(b"fcn\n" * 20_000_000)).decode()
    assert unpacked(bomb)[0] == []
    assert "characters: at most" in unpacked("A" * (LONGEST_CODE + 1))[1][0]


# -- a QR code ---------------------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.text(min_size=1, max_size=300))
def test_the_path_is_the_code(text: str) -> None:
    """Every module of the code is in the path and no other; error correction is M."""
    code = segno.make(text.encode("utf-8", "replace"), error="m", micro=False, boost_error=False)
    size, path = qr_path(text)
    dark = {(int(x) + dx, int(y)) for x, y, wide in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", path) for dx in range(int(wide))}
    assert code.error == "M"
    assert size == code.symbol_size(border=QUIET)[0]
    assert dark == {(x, y) for y, row in enumerate(code.matrix_iter(border=QUIET)) for x, module in enumerate(row) if module}


def test_a_link_too_long_for_a_code_is_said() -> None:
    assert qr_path("a" * LONGEST)[0] == 177 + 2 * QUIET, "version 40, the largest there is"
    with pytest.raises(ValueError, match="This link has 2332 bytes: a QR code holds 2331"):
        qr_path("a" * (LONGEST + 1))


def test_phones_get_the_page_and_not_the_projector() -> None:
    assert for_phones("https://a.org/x/fcn?lecture=1&ladder=2&hide=text,row#top") == "https://a.org/x/fcn?ladder=2&hide=text,row"
    assert unreachable("https://a.org/fcn") == ""
    assert "0.0.0.0" in unreachable("http://localhost:8501/fcn")


def test_names_of_parts_are_no_names_of_controls() -> None:
    parts = {*ON_STAGE, "questions", "text", "formula", "code", "check", "take"}
    for lesson in LESSONS.values():
        assert not parts & {field.name for field in lesson.fields}
        assert hidden_names(",".join(lesson.controls)) == lesson.controls


# -- in the browser ----------------------------------------------------------------------------------------------------------------


@contextmanager
def opened(visit: Visit, path: str, *more: Any) -> Iterator[Page]:
    """A page whose keys are heard."""
    with visit(path, *more) as page:
        heard(page)
        yield page


def heard(page: Page) -> None:
    page.get_by_role("button", name="Present", exact=True).wait_for()


def path_of(page: Page) -> str:
    return page.evaluate("location.pathname + location.search")


def at(page: Page, path: str) -> None:
    wait_for(lambda: path_of(page) == path, page, told=lambda: f"{path_of(page)} is not {path}")
    ready(page)
    heard(page)


def test_keys_of_every_page(visit: Visit) -> None:
    with opened(visit, "/convolution") as page:
        stage = stage_of(page)
        page.keyboard.press("7")
        at(page, "/convolution?v=1&stop=7")
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Present, and keys").wait_for()
        assert page.get_by_role("dialog").get_by_text("to this stop, to the 10th").count() == 1
        assert findings(page) == []
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
        page.keyboard.press("l")
        at(page, "/convolution?v=1&stop=7&lecture=1")
        page.wait_for_selector(".stage.lecture")
        assert stage.evaluate("stage => stage.state.stop") == 7, "the very stage is still there"
        page.keyboard.press("n")
        at(page, "/channels?lecture=1")
        page.keyboard.press("p")
        at(page, "/convolution?v=1&stop=7&lecture=1")
        page.keyboard.press("Escape")
        at(page, "/convolution?v=1&stop=7")
        page.keyboard.press("2")
        wait_for(lambda: state_of(page)["stop"] == 2, page)


def test_digits_choose_in_the_first_row_of_a_lab(visit: Visit) -> None:
    with opened(visit, "/receptive_field") as page:
        page.keyboard.press("3")
        wait_for(lambda: page.get_by_role("radio", name="3 On the image").is_checked(), page)
        page.get_by_role("heading", name="Receptive field", level=1).click()
        page.keyboard.press("1")
        wait_for(lambda: page.get_by_role("radio", name="1 Stack layers").is_checked(), page)


def test_letters_are_left_to_fields_and_to_nobody_else(visit: Visit) -> None:
    """Streamlit's own r and c neither run the page again nor ask to clear what is stored."""
    with visit("/") as page:
        sent: list[Any] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
        page.goto(page.url + "words")
        ready(page)
        heard(page)
        page.wait_for_load_state("networkidle")
        sent.clear()
        page.keyboard.press("r")
        page.keyboard.press("c")
        page.get_by_role("textbox", name="Search").press_sequentially("nlpqha")
        assert page.get_by_role("textbox", name="Search").input_value() == "nlpqha"
        assert sent == []
        assert page.get_by_role("dialog").count() == 0
        page.keyboard.press("Control+a")
        page.keyboard.press("Backspace")
        page.keyboard.press("Tab")
        page.locator("h1").click()
        page.keyboard.press("l")
        at(page, "/words?lecture=1")
        page.keyboard.press("Escape")
        at(page, "/words")


def test_a_lecturer_hides_controls_and_shares_the_link(visit: Visit) -> None:
    with opened(visit, "/convolution?hide=nonsense,%3Cb%3E,dilation") as page:
        stride = page.get_by_role("slider", name="Stride", exact=True)
        stride.wait_for()
        assert not page.get_by_role("slider", name="Dilation", exact=True).is_visible()
        page.keyboard.press("h")
        dialog = page.get_by_role("dialog", name="What this page shows")
        dialog.get_by_label("Stride", exact=True).uncheck()
        wait_for(lambda: not stride.is_visible(), page)
        dialog.get_by_label("Try this: questions").uncheck()
        page.get_by_role("heading", name="Try this").wait_for(state="detached")
        assert findings(page) == []
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
        page.keyboard.press("3")
        at(page, "/convolution?v=1&stop=3&hide=stride%2Cdilation%2Cquestions%2Cnonsense")
        shared = page.url
        page.keyboard.press("n")
        wait_for(lambda: "/channels?hide=" in path_of(page), page)
        page.get_by_role("heading", name="Channels").wait_for()
        assert page.get_by_role("heading", name="Try this").count() == 0, "kept from page to page"
        page.goto(shared.replace("?", "?embed=true&"))
        ready(page)
        assert not page.get_by_role("slider", name="Stride", exact=True).is_visible()
        assert page.get_by_role("button", name="Show all controls").count() == 0
        page.goto(shared)
        ready(page)
        heard(page)
        page.get_by_role("button", name="Show all controls").click()
        at(page, "/convolution?v=1&stop=3")
        assert page.get_by_role("slider", name="Stride", exact=True).is_visible()
        page.get_by_role("heading", name="Try this").wait_for()


def test_a_playlist_is_made_played_and_sent(visit: Visit) -> None:
    with opened(visit, "/convolution?v=1&stop=7") as page:
        page.keyboard.press("a")
        page.get_by_text("Added to the playlist as number 1: Convolution, 7. Stride").wait_for()
        page.goto(page.url.split("/convolution")[0] + "/fcn")  # a new session: the browser keeps the list
        ready(page)
        heard(page)
        page.keyboard.press("a")
        page.get_by_text("Added to the playlist as number 2: FCN").wait_for()
        page.keyboard.press("?")
        page.get_by_role("button", name="Playlist: 2 pages").click()
        at(page, "/playlist")
        page.get_by_role("textbox", name="Add a link").fill("https://example.org/fcn")
        page.keyboard.press("Enter")
        page.get_by_text("Not added: https://example.org/fcn leads out of this app").wait_for()
        page.get_by_role("button", name="Number 2 earlier").click()
        until(page, "document.querySelector('input[aria-label=\"Title of number 1\"]').value === 'FCN'")
        assert (findings(page), sideways(page)) == ([], [])
        link = page.get_by_test_id("stCode").inner_text().strip()
        page.keyboard.press("Tab")
        page.locator("h1").click()
        page.keyboard.press("q")
        page.get_by_role("dialog", name="Scan to open this page").get_by_text(link, exact=True).wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Play 2 pages").click()
        at(page, "/fcn?lecture=1")
        page.get_by_text("1 / 2").wait_for()
        page.keyboard.press("n")
        at(page, "/convolution?v=1&stop=7&lecture=1")
        page.get_by_text("2 / 2").wait_for()
        page.keyboard.press("n")
        page.get_by_text("This is the last page.").wait_for()
        page.reload()
        ready(page)
        heard(page)
        page.get_by_text("2 / 2").wait_for()
        page.keyboard.press("p")
        at(page, "/fcn?lecture=1")
    with visit("/" + link.split("/", 3)[3]) as other:
        other.get_by_text("This playlist came with the link. It has 2 pages.").wait_for()
        assert findings(other) == []
        other.get_by_role("button", name="Keep as my playlist").click()
        at(other, "/playlist")
        assert other.get_by_label("Title of number 2").input_value() == "Convolution, 7. Stride"
    with visit("/playlist?list=%3Cscript%3E") as broken:
        broken.get_by_text("This playlist is damaged").wait_for()


def test_the_hall_scans_the_link(visit: Visit) -> None:
    with opened(visit, "/fcn?lecture=1", 1920) as page:
        page.keyboard.press("q")
        dialog = page.get_by_role("dialog", name="Scan to open this page")
        dialog.wait_for()
        link = page.url.replace("?lecture=1", "")
        assert dialog.get_by_text(link, exact=True).count() == 1
        assert dialog.get_by_text("Phones cannot reach this link: 127.0.0.1").count() == 1
        assert dialog.locator("svg path").get_attribute("d") == qr_path(link)[1]
        assert dialog.locator("svg").bounding_box()["height"] > 700, "of 1080"
        assert findings(page) == []


SMALL = """() => {
  const found = [], walk = (root) => root.querySelectorAll("*").forEach((one) => {
    if (one.shadowRoot) walk(one.shadowRoot);
    const box = one.getBoundingClientRect(), words = [...one.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim());
    if (!words.length || box.width < 3 || box.height < 3 || getComputedStyle(one).visibility === "hidden") return;
    const matrix = one.ownerSVGElement && one.getScreenCTM(), scale = matrix ? Math.hypot(matrix.a, matrix.b) : 1;
    const size = parseFloat(getComputedStyle(one).fontSize) * scale;
    if (size < 15) found.push(`${size.toFixed(1)} ${one.tagName} ${words[0].textContent.trim().slice(0, 40)}`);
  });
  walk(document);
  return found;
}"""


@pytest.mark.parametrize("path", ["/unet_by_hand", "/receptive_field", "/restore"])
def test_nothing_is_small_on_a_wall(path: str, visit: Visit) -> None:
    with visit(f"{path}?lecture=1", 1920, "dark") as page:
        until(page, "Math.abs(parseFloat(getComputedStyle(document.documentElement).fontSize) - 21.6) < 0.01")
        assert page.locator("p").first.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") == pytest.approx(21.6)
        wait_for(lambda: page.evaluate(SMALL) == [], page, seconds=20, told=lambda: str(page.evaluate(SMALL)))
        assert (sideways(page), findings(page)) == ([], [])


@pytest.mark.parametrize("name", LESSONS)
def test_a_lecture_has_its_timeline_on_the_wall_at_every_stop(name: str, visit: Visit) -> None:
    ends = """element => [element.querySelector(".timeline").getBoundingClientRect().bottom <= innerHeight,
        element.querySelector(".board").offsetHeight >= 0.36 * innerHeight, element.stage.state.stop]"""
    with visit(f"/{name}?lecture=1", 1920) as page:
        stage = page.locator(".stage")
        for number, stop in enumerate(LESSONS[name].stops, 1):
            stage.get_by_role("button", name=f"Stop {number}: {stop.title}", exact=True).click()
            wait_for(lambda there=number: stage.evaluate(ends) == [True, True, there], page, 20, lambda: str(stage.evaluate(ends)))
        page.keyboard.press("l")
        wait_for(lambda: stage.locator(".board").evaluate("board => board.style.height") == "", page)


def test_a_hall_watches_a_run_and_its_owner_too(visit: Visit) -> None:
    with opened(visit, "/train?lecture=1", 1920) as page:
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_text("You are watching").wait_for()
        assert page.url.endswith("&lecture=1")
        for name in ("Pause", "Stop", "New run"):
            assert page.get_by_role("button", name=name).count() == 0
        page.keyboard.press("l")
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("button", name="New run").wait_for()
        assert findings(page) == []
