"""The network builder: its picture, its remedies, the patches it opens, and its page."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from conftest import ready, until
from grid import GRID, Choice, deep, named
from streamlit.testing.v1 import AppTest
from test_pages import findings, sideways

from seglab.lessons.labs.builder import BUILDER
from seglab.lessons.patch import TITLES, parts, patch
from seglab.nets import Architecture, describe, paper_unet
from seglab.nets.copied import copied
from seglab.nets.describe import BreaksError
from seglab.nets.remedies import next_sizes, remedies
from seglab.stage.lesson import build
from seglab.ui.builder import PRESETS
from seglab.ui.u_picture import picture

Visit = Callable[..., Any]
PAGE = str(Path(__file__).parents[1] / "pages" / "builder.py")
D3 = [572, 570, 568, 284, 282, 280, 140, 138, 136, 68, 66, 64, 32, 30, 28, 56, 54, 52, 104, 102, 100, 200, 198, 196, 392, 390, 388]


def words(drawing: Any) -> list[str]:
    return [mark["text"] for mark in drawing.marks if mark["kind"] == "text"]


def test_the_papers_picture_has_every_size_and_every_crop() -> None:
    drawing = picture(paper_unet(), (572, 572), describe(paper_unet(), (572, 572)))
    sizes = [int(word) for word in words(drawing) if word.isdigit()]
    assert sizes[1::2] == [*D3, 388], "channels and sides take turns; the head's map is as large as the last"
    down = [1, 64, 64, 64, 128, 128, 128, 256, 256, 256, 512, 512, 512, 1024, 1024]
    assert sizes[0::2] == [*down, 1024, 512, 512, 512, 256, 256, 256, 128, 128, 128, 64, 64, 2]
    assert [word for word in words(drawing) if "crop" in word] == [f"copy, crop {n}" for n in (4, 16, 40, 88)]


def test_boxes_are_to_scale() -> None:
    drawing = picture(Architecture(depth=2, width=32), (64, 128), describe(Architecture(depth=2, width=32), (64, 128)))
    fronts = [mark for mark in drawing.marks if mark["kind"] == "rect" and mark["item"] in ("encoder.0", "encoder.1", "bottleneck")]
    image, first, second, *_, last = fronts
    assert (first["width"], first["height"]) == (second["width"], second["height"])
    assert last["width"] == pytest.approx(4 * first["width"], abs=0.02)
    assert last["height"] == pytest.approx(first["height"] / 4, abs=0.02)
    assert image["height"] == first["height"]
    tops = [mark["points"] for mark in drawing.marks if mark["kind"] == "poly" and mark["item"] == "encoder.0"]
    (x0, _), (x1, _), *_ = [tuple(map(float, point.split(","))) for point in tops[0].split()]
    assert x1 - x0 == pytest.approx(0.28 * 2 * image["height"], abs=0.02), "the other side goes back, twice as long here"


@pytest.mark.parametrize("choice", GRID, ids=named)
def test_every_network_has_its_picture(choice: Choice) -> None:
    net = Architecture(depth=deep(choice, 3), width=4, **choice)
    size = (next_sizes(120, net)[0], next_sizes(150, net)[1])
    blocks = describe(net, size)
    drawing = picture(net, size, blocks)
    assert [item.name for item in drawing.items] == [block.name for block in blocks]
    drawn = {mark["item"] for mark in drawing.marks}
    assert {block.name for block in blocks if not (block.name.startswith("up") and net.kind == "unet")} <= drawn
    for mark in drawing.marks:
        if mark["kind"] in ("rect", "text"):
            assert 0 <= mark["x"] <= drawing.width, mark
            assert 0 <= mark["y"] <= drawing.height, mark


def test_where_it_breaks_is_marked_with_both_sizes() -> None:
    with pytest.raises(BreaksError) as broken:
        describe(Architecture(depth=4), (350, 525))
    error = broken.value
    assert (error.block, error.sizes) == ("decoder.0", ((43, 65), (42, 64)))
    assert error.done[-1].name == "up.0"
    drawing = picture(Architecture(depth=4), (350, 525), list(error.done), error)
    assert {"decoder.0", "43×65 ≠ 42×64"} <= set(words(drawing))
    assert drawing.items[-1].name == "breaks"


@pytest.mark.parametrize("choice", [c for c in GRID if "upsampling" not in c or c.get("norm", "batch") == "batch"], ids=named)
def test_every_remedy_goes_through(choice: Choice) -> None:
    net = Architecture(depth=deep(choice, 2), width=4, **choice)
    for size in product((61, 150, 275), (97, 230)):
        found = {way.way: way for way in remedies(net, size)}
        assert {"pad", "resize"} <= set(found)
        for way in found.values():
            assert describe(net, way.size)[-1].shape[1:] == way.mask
        assert all(a >= b for a, b in zip(found["pad"].size, size, strict=True))
        if "crop" in found:
            assert all(a <= b < a + 2**net.depth for a, b in zip(found["crop"].size, size, strict=True))
    fits = next_sizes(101, net)
    for size in range(fits[0] - 2**net.depth + 1, fits[-1] + 1):
        if size >= 1 and size not in fits:
            with pytest.raises(ValueError):
                describe(net, (size, fits[-1]))
        elif size in fits:
            describe(net, (size, fits[-1]))


def test_the_remedies_of_350_by_525() -> None:
    ways = {way.way: way.size for way in remedies(Architecture(depth=4), (350, 525))}
    assert ways == {"pad": (352, 528), "crop": (336, 512), "resize": (352, 528)}
    assert next_sizes(350, Architecture(depth=4)) == [336, 352, 368, 384]


@pytest.mark.parametrize("choice", GRID, ids=named)
def test_every_patch_is_what_torch_makes_of_it(choice: Choice) -> None:
    net = Architecture(depth=deep(choice, 2), width=4, **choice)
    size = (next_sizes(100, net)[0],) * 2
    found = {part for block in describe(net, size) for part in parts(net, block.name)}
    assert found <= set(TITLES)
    for part in found:
        lesson = patch(net, part, 2, 2)
        pipeline = build(lesson, lesson.defaults)
        assert pipeline.check() < 1e-9, part


def test_questions_have_one_right_answer_that_the_page_can_show() -> None:
    for question in BUILDER.questions:
        for turn in range(12):
            asked = question(turn)
            assert asked.right in asked.choices
            assert len(set(asked.choices)) == len(asked.choices)
            page = AppTest.from_file(PAGE, default_timeout=60)
            for name, value in asked.shows.items():
                page.query_params[name] = str(value)
            assert not page.run().exception


def test_no_place_has_all_the_right_answers() -> None:
    for question in BUILDER.questions[1:]:
        places = {asked.choices.index(asked.right) for asked in map(question, range(30))}
        assert len(places) > 1, question


def test_an_address_means_nothing_in_markdown() -> None:
    for size in ("![](//evil.example/p.gif)", "[a](//evil.example)"):
        page = AppTest.from_file(PAGE, default_timeout=60)
        page.query_params["size"] = size
        page.run()
        assert "](" not in page.warning[0].value


def test_the_first_question_is_the_curriculums() -> None:
    asked = BUILDER.questions[0](0)
    assert (asked.right, asked.because) == (
        "At the deepest concatenation",
        "43 × 65 does not meet 42 × 64: halving rounded down, and doubling does not know it. 352 × 528 works.",
    )


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ({"size": "0x0"}, "0 is no side of an image here: from 1 to 10,000 pixels"),
        ({"size": "1e9"}, "“1e9” is no size of an image"),
        ({"size": "999999999"}, "999,999,999 is no side of an image here"),
        ({"size": "<script>alert(1)</script>"}, "is no size of an image"),
        ({"net": "fcn8s", "depth": "2"}, "Depth=2 is too small for fcn8s"),
        ({"size": "20", "padding": "valid"}, "It breaks at **encoder"),
        ({"size": "350 x 525"}, "It breaks at **decoder.0**: the encoder's map is 43 x 65, the decoder's 42 x 64"),
    ],
)
def test_what_cannot_be_is_a_sentence(address: dict[str, str], told: str) -> None:
    page = AppTest.from_file(PAGE, default_timeout=60)
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    assert any(told in said.value.replace("\\", "") for said in [*page.warning, *page.error]), [said.value for said in page.warning]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_and_every_look(preset: str) -> None:
    for look in ("block", "numbers", "code", "train"):
        page = AppTest.from_file(PAGE, default_timeout=60)
        for name, value in {**PRESETS[preset], "look": look, "block": "<b>", "part": "nonsense", "in": "-1", "depth": "4"}.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception, page.exception
        if look == "code" and preset.startswith("The paper"):
            assert page.code[0].value == copied(paper_unet(), (572, 572)).rstrip()
            assert "**31,030,658** parameters" in page.markdown[1].value


def test_pressing_a_block_opens_a_patch_of_it(visit: Visit) -> None:
    with visit("/builder?size=572&padding=valid") as page:
        assert (sideways(page), findings(page)) == ([], [])
        page.locator('[data-item="encoder.1"]').first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.get_by_text("encoder.2: two 3 × 3 convolutions", exact=False).first.wait_for()
        until(page, "location.search.includes('block=encoder.2')")
        page.get_by_role("radio", name="Max pooling").click()
        page.locator(".stage .where", has_text="1 of 9").wait_for()
        before = page.url
        page.locator(".stage .play").click()
        page.locator(".stage .where", has_text="9 of 9").wait_for()
        assert page.url == before, "the stage inside leaves the address to the page"
        page.get_by_role("button", name="Does 350 × 525 fit?").click()
        page.get_by_text("It breaks at decoder.0").wait_for()
        assert (sideways(page), findings(page)) == ([], [])
        page.get_by_role("button", name="Try 352 × 528").first.click()
        page.get_by_text("pixels, and each sees", exact=False).wait_for()
        assert page.locator("input[type=text]").first.input_value() == "352 x 528"


def test_a_network_is_sent_to_the_laboratory(visit: Visit) -> None:
    with visit("/builder?net=fcn8s&depth=5&width=8&kernel=5&look=train") as page:
        page.get_by_role("button", name="To the laboratory").click()
        page.get_by_role("heading", name="A U-Net, live").wait_for()
        ready(page)
        assert page.get_by_role("radio", name="5", exact=True).first.is_checked()
        page.get_by_text("Changed: Network fcn8s, Kernel 5.").wait_for()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1920, "light")])
def test_all_looks_at_other_widths(width: int, scheme: str, visit: Visit) -> None:
    for look in ("numbers", "code"):
        with visit(f"/builder?look={look}", width, scheme) as page:
            assert sideways(page) == []
            assert findings(page) == []
