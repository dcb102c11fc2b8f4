"""The stage by itself: what it shows, what hands and keys do to it, and when it tells its host."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import STAGE, wait_for
from mounted import Mounted, numbers
from PIL import Image
from test_pipeline import tiny_unet
from test_twins import random_states

from seglab.export.lesson_of import lesson_of
from seglab.lessons import LESSONS
from seglab.stage.lesson import Lesson, build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TRANSPOSED = LESSONS["transposed_convolution"]
TRANSLATION = LESSONS["translation"]


# -- what it shows ------------------------------------------------------------------------------------------------------


def test_the_ledger_of_the_lectures_cell(stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=4)
    stage.point("Output", 1, 1)
    assert stage.ledger == "O(1,1) = 0·3 + 1·2 + 2·1 + 3·4 = 16"
    second = stage.js("stage.second.textContent")
    assert second == ("O(1,1) = Σ I(i,j) · K(1 − 1i + 0, 1 − 1j + 0) = I(0,0)·K(1,1) + I(0,1)·K(1,0) + I(1,0)·K(0,1) + I(1,1)·K(0,0)")


def test_terms_that_have_not_arrived_are_marked(stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=2)
    stage.point("Output", 1, 1)
    assert stage.ledger == "O(1,1) = 0·3 + 1·2 + 2·1 + 3·4 = 2 so far"
    assert stage.js("[...stage.first.querySelectorAll('.dim')].map((one) => one.textContent).join('')") == "2·13·4"


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_the_ledger_ends_with_the_value_that_numpy_gives(lesson: Lesson, stage: Mounted) -> None:
    """Random states; every panel of numbers that a step made; a few of its cells."""
    compared = 0
    for state in random_states(lesson, 150):
        try:
            pipeline = build(lesson, state)
        except ValueError:
            continue
        changes = {**state, "at": 9999, "count": False, "letters": False, "gradients": False}
        stage.open(lesson, **{name: value for name, value in changes.items() if name in lesson.defaults})
        if stage.state["view"] != state["view"]:
            continue  # a view that is too large to draw
        told = stage.js(
            """() => stage.scene.links.filter((link) => link.out && !link.out.hidden && !link.out.veiled && link.out.kind === "grid" && !link.out.plain).map((link) => [
              link.name, [...link.out.place].slice(0, 12).map((cell) => {
                stage.board.pin({ panel: link.out.index, cell });
                stage.board.paint();
                return stage.first.textContent;
              })])"""
        )
        for name, lines in told:
            for text, value in zip(lines, pipeline.values(name).ravel()):
                shown = numbers(text.split("=")[-1])
                assert shown, text
                assert shown[0] == pytest.approx(value, rel=1e-9, abs=1e-9), text
                compared += 1
    assert compared > 100 or lesson.name == "output_size"


POOLING = LESSONS["pooling"]
MARKED = """async () => {
  const { connected, realCell, winning } = await import("/v1/scene.js");
  const { scene, focus } = stage.board, marked = connected(scene, focus), won = winning(scene, marked);
  const real = (one, cells) => [...new Set([...cells].map((at) => realCell(one, at)).filter((at) => at >= 0))].sort((a, b) => a - b);
  const shown = scene.panels.filter((one) => !one.hidden);
  return [
    Object.fromEntries(shown.map((one) => [one.title, real(one, marked.get(one.index))])),
    Object.fromEntries(shown.filter((one) => won.has(one.index)).map((one) => [one.title, real(one, won.get(one.index).keys())])),
  ];
}"""


def at_stop(stage: Mounted, number: int, **changes: Any) -> None:
    stage.open(POOLING, stop=number, **{**POOLING.stops[number - 1].state, **changes})


def test_a_pooled_cell_names_its_winner_and_marks_it_apart(stage: Mounted) -> None:
    at_stop(stage, 1, at=4)
    stage.point("Pooled", 0, 0)
    assert stage.ledger == "O(0,0) = max(3, 2, 4, 1) = 4, from I(1,0)"
    assert stage.js("[...stage.first.querySelectorAll('.skip')].map((one) => one.textContent)") == ["4", "I(1,0)"]
    assert stage.js(MARKED) == [{"Input": [0, 1, 4, 5], "Pooled": [0]}, {"Input": [4]}]
    assert stage.js("[...stage.board.notes(stage.board.focus, new Map([[0, new Map([[4, 'max']])]])).get(0).values()][0].text") == "max"
    stage.point("Input", 0, 0)
    assert stage.ledger == "I(0,0) = 3 is read by 1 cell: 3 → O(0,0); it wins nowhere"
    assert stage.js(MARKED)[1] == {}
    at_stop(stage, 1, at=4, op="avg_pool")
    stage.point("Pooled", 0, 0)
    assert stage.ledger == "O(0,0) = 0.25·3 + 0.25·2 + 0.25·4 + 0.25·1 = 2.5"
    assert stage.js(MARKED)[1] == {}, "an average has no winner"
    at_stop(stage, 1, at=4, x=[[7, 7], [7, 7]])
    stage.point("Pooled", 0, 0)
    assert stage.ledger == "O(0,0) = max(7, 7, 7, 7) = 7, from I(0,0), the first of 4 equal cells"


def test_a_winner_is_told_by_more_than_its_colour(stage: Mounted) -> None:
    """The ring around the 4 is drawn inside its cell: the same spot of the window's other cells has the plain veil."""
    at_stop(stage, 1, at=4)
    stage.point("Pooled", 0, 0)
    inked = """([x, y]) => {
      const box = stage.board.element.getBoundingClientRect(), scale = stage.board.scale, cell = stage.board.places[0].cell;
      const along = Array.from({ length: Math.floor(cell / 2) }, (_, i) => [...stage.board.over.getContext("2d")
        .getImageData((x - box.left - i) * scale, (y - box.top) * scale, 1, 1).data].join());
      return new Set(along.slice(0, -4)).size;
    }"""
    assert stage.js(inked, stage.place("Input", 1, 0)) > stage.js(inked, stage.place("Input", 0, 1)) == 1


def test_a_switch_says_where_the_winner_stood(stage: Mounted) -> None:
    at_stop(stage, 5, at=4)
    stage.point("Switches", 0, 1)
    assert stage.ledger == "S(0,1) = 2: counted row by row from 0, the cell of the largest value, I(0,2) = 6, is in O(0,1)"
    assert stage.js(MARKED) == [{"Input": [2], "Pooled": [1], "Switches": [1]}, {"Input": [2]}]
    stage.js("stage.change({ op: 'avg_pool' })")
    assert stage.state["op"] == "max_pool"
    assert stage.message == "Avg_pool2d has no indices: only max_pool2d and min_pool2d remember their winners."


def test_one_cell_lights_all_three_ways_back(stage: Mounted) -> None:
    at_stop(stage, 7)
    stage.point("Small map", 0, 1)
    lit = {"Input": [2], "Switches": [1], "Small map": [1], "Nearest": [2, 3, 6, 7], "Bed of nails": [2], "Max unpooled": [2]}
    assert stage.js(MARKED) == [lit, {"Input": [2]}]
    assert stage.js("stage.second.textContent") == "It also goes to B(0,2), U(0,2)"
    assert stage.js("new Set(stage.board.places.slice(3, 6).map((place) => place.y)).size") == 1, "what is compared stands in one line"
    stage.point("Max unpooled", 1, 1)
    assert stage.ledger == "U(1,1) = M(0,0) = 1: S(0,0) says here"
    assert stage.js("stage.second.textContent") == "At the same place: N(1,1) = 1, B(1,1) = 0"
    lit = {"Input": [5], "Switches": [0], "Small map": [0], "Nearest": [5], "Bed of nails": [5], "Max unpooled": [5]}
    assert stage.js(MARKED) == [lit, {"Input": [5]}]
    stage.point("Max unpooled", 0, 0)
    assert stage.ledger == "U(0,0) = 0: nothing was put here"
    stage.point("Bed of nails", 1, 1)
    assert stage.ledger == "B(1,1) = 0: nothing was put here"


def test_the_three_ways_are_walked_through_together(stage: Mounted) -> None:
    at_stop(stage, 7, at=2)
    reached = stage.js(
        "Object.fromEntries(['n', 'b', 'u'].map((name) => [name, [...stage.board.content(stage.scene.panels.find((one) => one.of === name)).reached]]))"
    )
    for name, expected in {"n": [0, 1, 2, 3, 4, 5, 6, 7], "b": [0, 2], "u": [2, 5]}.items():
        assert np.flatnonzero(reached[name]).tolist() == expected
    at_stop(stage, 9, at=1)
    shuffled = stage.js("[...stage.board.content(stage.scene.panels.find((one) => one.of === 'p')).reached]")
    assert np.flatnonzero(shuffled).tolist() == [0, 1, 4, 5], "through the channels between"


def test_six_ways_and_what_can_be_learned(stage: Mounted) -> None:
    at_stop(stage, 10)
    assert stage.page.locator(".facts > div").all_inner_texts() == [f"{name}{words}" for name, words in POOLING.view(stage.state).facts]
    stage.point("Small map", 0, 0)
    marked, _ = stage.js(MARKED)
    assert marked.keys() == {"Small map", "Nearest", "Bed of nails", "Max unpooled", "Bilinear", "Transposed", "Pixel shuffle"}
    assert all(marked.values())
    at_stop(stage, 1)
    assert not stage.page.locator(".facts").is_visible()


def test_the_gradient_and_the_way_it_came(stage: Mounted) -> None:
    at_stop(stage, 11)
    stage.point("Input's gradient", 2, 2)
    assert stage.ledger == "D(2,2) = 1 + 1 + 1 + 1 = 4"
    assert stage.js(MARKED)[0] == {"Input": [10], "Pooled": [0, 1, 2, 3], "Output's gradient": [0, 1, 2, 3], "Input's gradient": [10]}
    stage.point("Input's gradient", 0, 0)
    assert stage.ledger == "D(0,0) = 0: this cell won no window, so no gradient comes back to it"
    stage.point("Output's gradient", 1, 0)
    assert stage.js(MARKED) == [{"Input": [10], "Pooled": [2], "Output's gradient": [2], "Input's gradient": [10]}, {"Input": [10]}]


def test_a_map_that_is_fitted_is_edited_in_the_size_that_it_is_shown_in(stage: Mounted) -> None:
    at_stop(stage, 11, stride=[1, 1], kernel=[2, 2])
    assert stage.js("stage.scene.panels[2].grid_.shape") == [1, 3, 3]
    stage.js("stage.hands.setCell(stage.scene.panels[2], 8, 5)")
    assert stage.state["g"] == [[1, 1, 1], [1, 1, 1], [1, 1, 5]]
    slide(stage, "Window", 4)
    assert stage.js("stage.scene.panels[2].grid_.shape") == [1, 1, 1], "no refusal: the gradient follows the output's size"


def test_psnr_is_said_as_numpy_works_it_out(stage: Mounted) -> None:
    from seglab.psnr import psnr
    from seglab.stage.ways import WAYS

    words = {"bed_of_nails": "bed of nails", "max_unpool": "max unpooling", "align_corners": "bilinear with align_corners"}

    def ours(**changes: Any) -> str:
        shown = {way: build(POOLING, POOLING.state(**{**POOLING.stops[12].state, "way": way, **changes})) for way in WAYS}
        found = {way: psnr(made.values("x"), made.values("z")) for way, made in shown.items()}
        best = sorted(found, key=lambda way: -found[way])
        told = [f"{words.get(way, way)} {'no difference' if found[way] == np.inf else f'{found[way]:.2f} dB'}" for way in best]
        return f"PSNR against the photograph, more is closer: {', '.join(told)}."

    at_stop(stage, 13)
    assert stage.js("stage.remark.textContent") == ours()
    stage.js("stage.change({ kernel: [4, 4], stride: [4, 4] })")
    assert stage.js("stage.remark.textContent") == ours(kernel=[4, 4], stride=[4, 4])
    stage.js("stage.change({ kernel: [1, 1], stride: [1, 1] })")
    assert stage.js("stage.remark.textContent") == ours(kernel=[1, 1], stride=[1, 1])
    assert "nearest no difference" in stage.js("stage.remark.textContent")


def test_controls_are_those_of_the_view(stage: Mounted) -> None:
    def shown() -> list[str]:
        return stage.page.locator(".controls > :visible .label, .controls > .flag:visible span").all_inner_texts()

    pooling = ["Pooling", "Input", "Window", "Stride", "Padding", "Round up"]
    for number, wanted in {
        1: pooling,
        8: ["Small map", "Stride"],
        9: ["Small map", "Kernel", "Stride"],
        11: pooling,
        13: ["Pooling", "Way back"],
    }.items():
        at_stop(stage, number)
        assert shown() == wanted


def test_the_way_back_is_that_of_numpy(stage: Mounted) -> None:
    net = tiny_unet()
    stage.open(lesson_of(net))
    for cell in [(0, 0, 0), (0, 2, 3), (0, 4, 4)]:
        marked = stage.js(
            """async (cell) => {
              const { connected, realCell } = await import("/v1/scene.js");
              const panel = stage.scene.panels.find((one) => one.of === "chance");
              const marked = connected(stage.scene, { panel: panel.index, cell });
              const real = (one) => [...new Set([...marked.get(one.index)].map((at) => realCell(one, at)).filter((at) => at >= 0))].sort((a, b) => a - b);
              return Object.fromEntries(stage.scene.panels.map((one) => [one.of, real(one)]));
            }""",
            int(np.ravel_multi_index(cell, (1, 5, 5))),
        )
        behind = net.behind("chance", *cell)
        for grid, cells in behind.items():
            shape = net.values(grid).shape
            assert marked[grid] == sorted(int(np.ravel_multi_index(where, shape)) for where in cells), grid


def test_a_picture_is_painted(stage: Mounted) -> None:
    """The stamp of 3 in K's example: the cell that shows 9 at the bottom right is darker than one that shows 1."""
    stage.open(TRANSPOSED, at=4)
    shade = """([x, y]) => {
      const box = stage.board.element.getBoundingClientRect(), scale = stage.board.scale;
      const [r, g, b, a] = stage.board.base.getContext("2d").getImageData((x - box.left) * scale, (y - box.top) * scale, 1, 1).data;
      return a ? (r + g + b) / 3 : null;
    }"""

    def corner(row: int, column: int) -> list[float]:
        return [p - 12 for p in stage.place("Output", row, column)]

    assert stage.js(shade, corner(2, 2)) < stage.js(shade, corner(0, 2)) < stage.js(shade, corner(0, 0))


# -- hands -------------------------------------------------------------------------------------------------------------


def test_typing_into_a_cell(stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=4)
    x, y = stage.place("Input", 0, 0)
    stage.page.mouse.dblclick(x, y)
    stage.page.keyboard.type("−1,5")
    stage.page.keyboard.press("Enter")
    assert stage.state["x"] == [[-1.5, 1], [2, 3]]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("abc", "“abc” is not a number: the cell keeps 1."),
        ("NaN", "“NaN” is not a number: the cell keeps 1."),
        ("", "“” is not a number: the cell keeps 1."),
        ("1e9", "1e9 is too large: at most 999999 here: the cell keeps 1."),
        ("<b>1", "“<b>1” is not a number: the cell keeps 1."),
    ],
)
def test_what_is_no_number_leaves_the_cell_as_it_is(typed: str, said: str, stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=4)
    stage.page.mouse.dblclick(*stage.place("Input", 0, 1))
    stage.page.keyboard.press("ControlOrMeta+a")
    stage.page.keyboard.press("Delete")
    stage.page.keyboard.type(typed)
    stage.page.keyboard.press("Enter")
    assert stage.message == said
    assert stage.state["x"] == [[0, 1], [2, 3]]


def test_a_worked_out_cell_says_so(stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=4)
    stage.page.mouse.dblclick(*stage.place("Output", 0, 1))
    assert stage.message == "Output is worked out from other cells: edit the input or the kernel."


def test_painting(stage: Mounted) -> None:
    stage.open(TRANSPOSED, x=[[0] * 4] * 4, at=16)
    stage.page.get_by_role("button", name="Paint cells").click()
    stage.page.get_by_label("Value to paint").fill("7")
    stage.page.keyboard.press("Enter")
    stage.page.mouse.move(*stage.place("Input", 1, 0))
    stage.page.mouse.down()
    for column in range(1, 4):
        stage.page.mouse.move(*stage.place("Input", 1, column), steps=4)
    assert stage.told == [], "nothing is told while the pointer is down"
    stage.page.mouse.up()
    assert stage.state["x"][1] == [7, 7, 7, 7]
    wait_for(lambda: stage.told)
    assert stage.told[-1][0].endswith("x=0_0_0_0~7_7_7_7~0_0_0_0~0_0_0_0&at=16")


def test_a_large_grid_edited_by_hand_says_what_a_link_cannot_hold(stage: Mounted) -> None:
    stage.open(TRANSPOSED, x="ones3.12x12", at=144)
    stage.js("stage.hands.setCell(stage.scene.panels[0], 5, 9)")
    assert "a link holds up to 8 × 8 cells" in stage.message
    assert stage.js("stage.scene.made.grids.get('x').data[5]") == 9
    assert "x=ones3.12x12" in stage.js("stage.written()")


def slide(stage: Mounted, name: str, value: int) -> None:
    slider = stage.page.get_by_role("slider", name=name, exact=True)
    slider.evaluate("(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', { bubbles: true })); }", value)


def test_a_control_stops_where_the_setting_becomes_impossible_and_says_so(stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=4)
    slide(stage, "Padding", 6)
    assert stage.state["padding"] == 1
    assert stage.page.get_by_role("slider", name="Padding", exact=True).input_value() == "1"
    slide(stage, "Padding", 6)
    assert stage.message == "Padding=2 leaves no output: 3 - 4 < 1; at most 1 here."
    slide(stage, "Output padding", 2)
    assert stage.message == "Output_padding=1 must be smaller than stride or dilation: at most 0 here."
    assert stage.state["output_padding"] == 0


def test_sizes_of_grids(stage: Mounted) -> None:
    stage.open(TRANSPOSED, x=[[0, 1, 2], [3, 4, 5], [6, 7, 8]], at=9)
    slide(stage, "Input", 4)
    assert stage.state["x"] == [[(4 * row + column) % 10 for column in range(4)] for row in range(4)], "what counts goes on counting"
    slide(stage, "Kernel", 3)
    assert [row[:2] for row in stage.state["w"][:2]] == [[4, 1], [2, 3]], "what was typed is kept"
    assert stage.state["at"] == 16, "a finished walk stays finished"


def test_height_and_width_apart(stage: Mounted) -> None:
    stage.open(LESSONS["output_size"])
    stage.page.get_by_role("button", name="Stride: height and width together").click()
    slide(stage, "Stride, width", 2)
    assert stage.state["stride"] == [1, 2]
    assert stage.js("stage.remark.textContent").splitlines()[1:] == [
        "Output height: ⌊(7 + 2·0 − 1·(3 − 1) − 1) / 1⌋ + 1 = ⌊4 / 1⌋ + 1 = 5",
        "Output width: ⌊(7 + 2·0 − 1·(3 − 1) − 1) / 2⌋ + 1 = ⌊4 / 2⌋ + 1 = 3",
    ]


def test_the_question_turned_around(stage: Mounted) -> None:
    lesson = LESSONS["output_size"]
    stage.open(lesson, stop=8, **lesson.stops[7].state)
    stage.page.get_by_text("7 answers").wait_for()
    answers = stage.page.locator(".solver li").all_inner_texts()
    assert answers == [
        f"kernel {k}, padding {p}, output padding {e}"
        for k, p, e in [(1, 0, 1), (2, 0, 0), (3, 1, 1), (4, 1, 0), (5, 2, 1), (6, 2, 0), (7, 3, 1)]
    ]
    stage.page.get_by_role("button", name="kernel 7, padding 3, output padding 1").click()
    assert (stage.state["kernel"], stage.state["padding"], stage.state["output_padding"]) == ([7, 7], [3, 3], [1, 1])
    assert stage.told[-1][1] is True, "an answer is a step that Back undoes"


def test_a_new_operator_leaves_behind_what_it_lacks(stage: Mounted) -> None:
    stage.open(LESSONS["output_size"], dilation=[2, 2])
    stage.page.get_by_label("Operator").select_option("avg_pool")
    assert stage.state["op"] == "avg_pool"
    assert stage.state["dilation"] == [1, 1]


# -- an image that is moved ---------------------------------------------------------------------------------------------


def shift_by_hand(stage: Mounted, title: str, down: int, right: int) -> None:
    """Drag a panel by whole cells with the mouse, and leave the button pressed."""
    (x0, y0), (x1, y1) = stage.place(title, 4, 4), stage.place(title, 4 + down, 4 + right)
    stage.page.mouse.move(x0, y0)
    stage.page.mouse.down()
    stage.page.mouse.move(x1, y1, steps=8)
    stage.page.wait_for_function("!stage.hands.dragging")


def difference(stage: Mounted) -> float:
    return stage.js("Math.max(...stage.scene.made.grids.get('d').data.map(Math.abs))")


@pytest.mark.parametrize("title", ["x", "T x"])
def test_dragging_moves_the_image_and_the_answer_follows(title: str, stage: Mounted) -> None:
    stage.open(TRANSLATION, dy=0, dx=0)
    shift_by_hand(stage, title, -2, 3)
    assert (stage.state["dy"], stage.state["dx"]) == (-2, 3)
    assert difference(stage) == 0
    assert "Largest difference |f(T x) − T f(x)|: 0. Both orders give the same." in stage.js("stage.remark.textContent")
    stage.page.wait_for_timeout(450)  # longer than the rest after which the host would be told
    assert stage.told == [], "nothing is told while the image is held"
    stage.page.mouse.up()
    wait_for(lambda: stage.told)
    assert stage.told == [["v=1&dy=-2&dx=3", False]]


def test_what_is_not_equivariant_shows_while_it_is_dragged(stage: Mounted) -> None:
    stage.open(TRANSLATION, padding_mode="zeros", dy=0, dx=0)
    seen = []
    for right in (1, 2, 3):
        shift_by_hand(stage, "T x", 0, right)
        stage.page.mouse.up()
        seen.append((stage.state["dx"], difference(stage)))
    assert seen == [(1, 0), (3, 0), (6, 36)]
    assert "36, where A goes up to" in stage.js("stage.remark.textContent")


def test_a_press_in_place_chooses_a_cell(stage: Mounted) -> None:
    stage.open(TRANSLATION)
    stage.page.mouse.move(*stage.place("T x", 3, 4))
    stage.page.mouse.down()
    stage.page.mouse.up()
    assert (stage.state["dy"], stage.state["dx"]) == (1, 2)
    assert stage.ledger == "Tx(3,4) = x(2,2) = 9"


def test_a_finger_moves_the_image_too(browser: Browser, files: str) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(files)
    page.add_style_tag(path=str(STAGE / "v1" / "stage.css"))
    stage = Mounted(page)
    stage.open(TRANSLATION, dy=0, dx=0)
    page.wait_for_function("stage.board.places.length")
    (x0, y0), (x1, y1) = stage.place("T x", 2, 2), stage.place("T x", 5, 3)
    touch = context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x0, "y": y0}]})
    for share in (0.2, 0.4, 0.6, 0.8, 1):
        touch.send(
            "Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x0 + share * (x1 - x0), "y": y0 + share * (y1 - y0)}]}
        )
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function("stage.state.dy === 3 && stage.state.dx === 1")
    context.close()


def test_keys_move_the_image(stage: Mounted) -> None:
    stage.open(TRANSLATION)
    stage.page.get_by_role("grid", name="T x, 8 by 8", exact=False).focus()
    for key in ("Shift+ArrowLeft", "Shift+ArrowUp", "Shift+ArrowUp", "Shift+ArrowUp", "ArrowRight"):
        stage.page.keyboard.press(key)
    assert (stage.state["dy"], stage.state["dx"]) == (-2, 1)
    slide(stage, "Shift right", -5)
    assert stage.state["dx"] == -5
    stage.page.get_by_role("button", name="Shift down less").click()
    assert stage.state["dy"] == -3


def test_the_chart_says_what_numpy_says(stage: Mounted) -> None:
    for number in (5, 9):
        state = TRANSLATION.state(stop=number, **TRANSLATION.stops[number - 1].state)
        stage.open(TRANSLATION, **state)
        stage.page.wait_for_function("stage.chart.values.length === 9 && stage.chart.drawn")
        wanted = [abs(build(TRANSLATION, {**state, "dy": 0, "dx": dx}).values("d")).max() for dx in range(9)]
        assert stage.js("stage.chart.values") == pytest.approx(wanted, abs=1e-12)
        assert [value == 0 for value in wanted] == [dx % 2 == 0 for dx in range(9)]
        label = stage.page.locator(".shifts svg").get_attribute("aria-label")
        assert label.startswith("Largest difference when the image moves to the right by 0 to 8 cells: 0, ")
        radii = [circle.get_attribute("r") for circle in stage.page.locator(".shifts circle").all()]
        assert [at for at, radius in enumerate(radii) if radius != "3"] == [1], "the shift that is shown"


def test_a_chart_is_saved_with_its_numbers(stage: Mounted) -> None:
    state = TRANSLATION.state(stop=5, **TRANSLATION.stops[4].state)
    stage.open(TRANSLATION, **state)
    stage.page.wait_for_function("stage.chart.values.length === 9")
    link = "translation?" + "&".join(f"{key}={value}" for key, value in TRANSLATION.link(state).items())
    wanted = {"seglab": "1", "lesson": "translation", "link": link, "numbers": {"values": stage.js("stage.chart.values")}}
    for kind in ("SVG", "PNG", "JSON"):
        name, data = stage.saved(".shifts", kind)
        assert name == f"translation-shifts-stop5.{kind.lower()}"
        if kind == "SVG":
            drawn = ElementTree.fromstring(data)
            told = json.loads(drawn.findtext("{http://www.w3.org/2000/svg}metadata", ""))
            assert len(drawn.findall(".//{http://www.w3.org/2000/svg}circle")) == 9
            assert b"class=" not in data
        elif kind == "PNG":
            image = Image.open(BytesIO(data))
            assert image.size == (2 * (340 + 16), 2 * (140 + 16))
            assert len(image.convert("RGB").getcolors(1 << 16) or []) > 20, "letters and lines are drawn"
            told = json.loads(image.text["seglab"])
        else:
            told = json.loads(data)
        assert told.pop("title") == stage.page.locator(".shifts svg").get_attribute("aria-label")
        assert told == wanted


def test_only_what_follows_from_the_shift_is_worked_out_anew(stage: Mounted) -> None:
    stage.open(TRANSLATION, stop=8, **TRANSLATION.stops[7].state)
    stage.js("window.before = { traces: stage.scene.made.traces, links: stage.scene.links }")
    stage.js("stage.change({ dx: 10 })")
    same = stage.js(
        """() => {
          const { traces } = stage.scene.made, kept = (name) => traces.get(name) === before.traces.get(name);
          const rows = (name) => traces.get(name).rows.out === before.traces.get(name).rows.out;
          const columns = stage.scene.links.find((link) => link.name === "y1").columns, old = before.links.find((link) => link.name === "y1").columns;
          return [["fx1", "fx2", "fx"].every(kept), ["y1", "y2", "y"].some(kept), ["y1", "y2", "y"].every(rows), [...columns].every(([panel, column]) => old.get(panel) === column)];
        }"""
    )
    assert same == [True, False, True, True]


def test_a_picture_of_ones_own_stays_in_the_browser(stage: Mounted) -> None:
    stage.open(TRANSLATION)
    across = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (128, 1, 3))
    across[..., 1] = 0
    buffer = BytesIO()
    Image.fromarray(across).save(buffer, "PNG")
    with stage.page.expect_file_chooser() as chooser:
        stage.page.get_by_role("button", name="Your picture…").click()
    chooser.value.set_files({"name": "mine.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    stage.page.wait_for_function("stage.state.photo.own")
    rows = np.array(stage.state["photo"]["rows"])
    middle = across[:, 64:192].astype(float) @ [0.299, 0.587, 0.114] / 255
    assert rows.shape == (128, 128)
    np.testing.assert_allclose(rows, middle, atol=0.0101)
    assert stage.state["view"] == "photo"
    assert stage.message == "Your picture stays in this browser: elsewhere a link shows the sample in its place."
    assert stage.told == [["v=1&view=photo", True]]
    shift_by_hand(stage, "T x", 0, 6)
    stage.page.mouse.up()
    assert difference(stage) == 0


def test_a_file_that_is_no_picture_is_answered_in_a_sentence(stage: Mounted) -> None:
    stage.open(TRANSLATION)
    with stage.page.expect_file_chooser() as chooser:
        stage.page.get_by_role("button", name="Your picture…").click()
    chooser.value.set_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"})
    stage.page.wait_for_function("stage.message.textContent")
    assert stage.message == "“notes.txt” is no picture that this browser can read: take a PNG, JPEG or WebP file."
    assert stage.state["view"] == "numbers"


# -- the timeline and the host ----------------------------------------------------------------------------------------------


def test_stepping_both_ways_and_scrubbing(stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=0)
    assert stage.ledger == "Press play, or point at any cell."
    stage.page.get_by_role("button", name="One step forward").click()
    assert stage.state["at"] == 1
    stage.page.get_by_role("button", name="To the end").click()
    stage.page.get_by_role("button", name="One step back").click()
    assert stage.state["at"] == 3
    values = stage.js("[...stage.board.progress.values]")
    assert values == [0, 4, 1, 8, 4, 3, 4, 6, 0]
    slide(stage, "Position", 2)
    assert stage.page.locator(".where").inner_text() == "stamp 2 of 4"


def test_playing_to_the_end_tells_the_host_once(stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=0)
    stage.page.get_by_label("Speed").select_option("4")
    stage.page.get_by_role("button", name="Play", exact=True).click()
    stage.page.wait_for_function("stage.state.at === 4 && !stage.timeline.playing")
    wait_for(lambda: stage.told)
    assert stage.told == [["v=1&at=4", False]]


def test_a_burst_of_changes_is_told_once_after_a_rest(stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=4)
    for stride in (2, 3, 4, 2):
        slide(stage, "Stride", stride)
    assert stage.told == []
    wait_for(lambda: stage.told)
    assert stage.told == [["v=1&stride=2&at=4", False]]


def test_stops_views_and_examples_are_steps_for_back(stage: Mounted) -> None:
    stage.open(TRANSPOSED)
    stage.page.get_by_role("button", name="Stop 4", exact=False).click()
    stage.page.get_by_role("button", name="Slide", exact=True).click()
    stage.page.get_by_label("Examples").select_option(label="Checkerboard: kernel 3, stride 2")
    assert [push for _, push in stage.told] == [True, True, True]


def test_author_chosen_pauses(stage: Mounted) -> None:
    lesson = TRANSPOSED
    number = next(i for i, stop in enumerate(lesson.stops, start=1) if stop.pauses)
    stop = lesson.stops[number - 1]
    stage.open(lesson, stop=number, **{**stop.state, "at": 0})
    stage.page.get_by_label("Speed").select_option("4")
    stage.page.get_by_role("button", name="Play", exact=True).click()
    stage.page.wait_for_function("!stage.timeline.playing")
    step, note = stop.pauses[0]
    assert stage.state["at"] == step
    assert note in stage.page.locator(".where").inner_text()


def test_products_fly_unless_motion_is_unwelcome(stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=0)
    stage.page.get_by_role("button", name="One step forward").click()
    assert stage.js("stage.board.tween !== null")
    stage.page.emulate_media(reduced_motion="reduce")
    stage.open(TRANSPOSED, at=0)
    stage.page.get_by_role("button", name="One step forward").click()
    assert stage.js("stage.board.tween === null")
    stage.page.emulate_media(reduced_motion="no-preference")


# -- keyboard and reading out --------------------------------------------------------------------------------------------------


def test_a_lesson_from_start_to_end_by_keyboard_alone(stage: Mounted) -> None:
    """Every stop opened, played to its end, and a cell of every grid reached, without a pointer."""
    stage.open(TRANSPOSED)
    press = stage.page.keyboard.press
    for number in range(1, len(TRANSPOSED.stops) + 1):
        assert stage.state["stop"] == number
        stage.js("stage.element.querySelector('.ledger').focus()")
        press("Home")
        assert stage.state["at"] == 0
        steps = stage.js("stage.scene.order.cells.length")
        press("Space")
        assert stage.js("stage.timeline.playing") or stage.state["at"] == steps == 1
        if steps > 1:
            press("Space")
        assert not stage.js("stage.timeline.playing")
        for _ in range(2):
            press("ArrowRight")
        press("End")
        assert stage.state["at"] == steps
        stage.js("stage.element.querySelector('.bar button:not([hidden])').focus()")
        reached = set()
        for _ in range(80):
            press("Tab")
            panel = stage.js("document.activeElement.dataset?.panel ?? null")
            if panel is not None:
                reached.add(panel)
                press("ArrowRight")
                press("ArrowDown")
                assert stage.js("document.activeElement.getAttribute('aria-activedescendant')")
        assert len(reached) == stage.js("stage.scene.panels.filter((panel) => !panel.hidden).length")
        if number < len(TRANSPOSED.stops):
            stage.js("stage.furniture.after.focus()")
            press("Enter")


def test_editing_by_keyboard(stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=4)
    stage.page.get_by_role("grid", name="Input").focus()
    press = stage.page.keyboard.press
    press("Home")
    press("ArrowRight")
    press("ArrowDown")
    press("9")
    press("Enter")
    assert stage.state["x"] == [[0, 1], [2, 9]]
    assert stage.js("document.activeElement.getAttribute('role')") == "grid"
    press("Delete")
    assert stage.state["x"] == [[0, 1], [2, 0]]
    press("Enter")
    press("Escape")
    assert stage.state["x"] == [[0, 1], [2, 0]]


def test_keys_never_reach_the_page(stage: Mounted) -> None:
    """A bare r would run a Streamlit app again."""
    stage.open(TRANSPOSED, stride=2, at=4)
    stage.js("window.leaked = []; document.addEventListener('keydown', (event) => leaked.push(event.key))")
    stage.page.get_by_role("grid", name="Output").focus()
    for key in ("r", "c", "a", "?"):
        stage.page.keyboard.press(key)
    assert stage.js("leaked") == []
    assert stage.state["stride"] == 1, "r puts the stop back"
    assert stage.page.get_by_role("dialog").is_visible()
    stage.page.keyboard.press("Escape")
    assert not stage.page.get_by_role("dialog").is_visible()


def test_grids_are_read_out(stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=4)
    grid = stage.page.get_by_role("grid", name="Output, 3 by 3")
    grid.focus()
    stage.page.keyboard.press("ArrowRight")
    cell = stage.js("document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).textContent")
    assert cell == "row 0, column 1: 4"
    assert grid.get_by_role("gridcell").count() == 9
    stage.page.wait_for_function("stage.live.textContent === 'O(0,1) = 0·1 + 1·4 = 4'")


def test_large_grids_are_there_row_by_row(stage: Mounted) -> None:
    stage.open(TRANSPOSED, x="disc9.64x64", at=1)
    grid = stage.page.get_by_role("grid", name="Input, 64 by 64")
    grid.focus()
    assert grid.get_attribute("aria-rowcount") == "64"
    stage.page.keyboard.press("ArrowDown")
    assert grid.get_by_role("gridcell").count() == 64
    assert grid.get_by_role("row").get_attribute("aria-rowindex") == "2"


# -- what a person meets first ------------------------------------------------------------------------------------------


def test_keys_work_before_anything_has_the_focus(stage: Mounted) -> None:
    stage.open(TRANSPOSED, at=0)
    stage.page.evaluate("document.activeElement.blur()")
    stage.page.keyboard.press("ArrowRight")
    assert stage.state["at"] == 1
    stage.page.keyboard.press(" ")
    stage.page.wait_for_function("stage.state.at === 4 && !stage.timeline.playing")
    stage.page.keyboard.press("Home")
    assert stage.state["at"] == 4, "Home and End scroll the page until the stage has the focus"


def test_space_plays_after_a_button_was_clicked_with_the_pointer(stage: Mounted) -> None:
    stage.open(TRANSPOSED)
    stage.page.get_by_role("button", name="Next stop", exact=False).click()
    assert stage.state["stop"] == 2
    stage.page.keyboard.press(" ")
    assert stage.js("stage.timeline.playing")
    assert stage.state["stop"] == 2
    stage.page.get_by_role("button", name="Next stop", exact=False).focus()
    stage.page.keyboard.press("Enter")
    assert stage.js("document.activeElement.textContent") == "Next ›", "the keyboard stays where it is"


def test_a_changed_stop_says_so_and_is_put_back(stage: Mounted) -> None:
    stage.open(TRANSPOSED, **{"stop": 3, **TRANSPOSED.stops[2].state})
    back = stage.page.get_by_role("button", name="Changed: put back")
    assert not back.is_visible()
    stage.js("stage.change({ at: 1 })")
    assert not back.is_visible(), "walking is no change"
    stage.js("stage.change({ dilation: 2 })")
    back.click()
    assert stage.state == TRANSPOSED.state(stop=3, **TRANSPOSED.stops[2].state)
    assert not back.is_visible()


CHANNELS = LESSONS["channels"]


def pin(stage: Mounted, title: str, cell: int) -> None:
    """Choose the real cell `cell` of a panel, counted through its channels."""
    stage.js(
        """([title, cell]) => {
          const panel = stage.scene.panels.find((one) => one.title === title);
          stage.board.pin({ panel: panel.index, cell: panel.place[cell] });
        }""",
        [title, cell],
    )


def test_the_window_lights_in_all_channels_and_the_sum_is_told_by_channel(stage: Mounted) -> None:
    stage.open(CHANNELS, b=[[[0]], [[5]], [[0]], [[0]]], at=9999)
    pin(stage, "Output", 10)
    assert stage.ledger == "O(1,0,1) = 18 from R + 0 from G + 18 from B + 5 = 41"
    assert stage.js("stage.second.textContent").split("\n") == [
        "R: 9·1 + 0·(−1) + 9·1 + 0·(−1) = 18",
        "G: 0·0 + 0·0 + 0·0 + 0·0 = 0",
        "B: 0·(−1) + 9·1 + 0·(−1) + 9·1 = 18",
    ]
    marked = stage.js(
        """async () => {
          const { connected, realCell } = await import("/v1/scene.js");
          const marked = connected(stage.scene, stage.board.focus);
          return Object.fromEntries(stage.scene.panels.map((one) => [one.title, [...marked.get(one.index)].map((cell) => realCell(one, cell)).sort((a, b) => a - b)]));
        }"""
    )
    window = [1, 2, 5, 6]
    assert marked["Input"] == [16 * channel + cell for channel in range(3) for cell in window]
    assert marked["Kernel"] == list(range(12, 24)), "the second line of the kernel's planes"
    assert marked["Bias"] == [1]


def test_groups_light_their_own_channels(stage: Mounted) -> None:
    stage.open(CHANNELS, **CHANNELS.stops[4].state)
    pin(stage, "Output", 2 * 9)
    assert stage.ledger.startswith("O(2,0,0) = ")
    assert "from R" not in stage.ledger
    assert "from G" not in stage.ledger
    assert stage.js("stage.scene.panels[1].labels") == ["R→0", "G→0", "R→1", "G→1", "B→2", "N→2", "B→3", "N→3"]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("stop", range(len(CHANNELS.stops)))
def test_every_cell_is_found_where_it_is_drawn(stop: int, width: int, stage: Mounted) -> None:
    stage.page.set_viewport_size({"width": width, "height": 860})
    stage.open(CHANNELS, **CHANNELS.stops[stop].state)
    stage.page.wait_for_function("!stage.board.frame && stage.board.places.length")
    missed = stage.js(
        """async () => {
          const { corner, fromSheet, hit, onSheet } = await import("/v1/layout.js");
          const { board, scene } = stage, missed = [];
          for (const panel of scene.panels.filter((one) => !one.hidden)) for (let cell = 0; cell < panel.grid_.size; cell++) {
            const place = board.places[panel.index], [x, y] = corner(panel, place, cell), half = place.cell / 2;
            const found = hit(scene.panels, board.places, x + half, y + half);
            const inside = x >= 0 && y >= 0 && x + place.cell <= board.size[0] + 1 && y + place.cell <= board.size[1] + 1;
            if (found?.panel !== panel.index || found.cell !== cell || fromSheet(panel, ...onSheet(panel, cell)) !== cell || !inside) missed.push([panel.title, cell]);
          }
          return missed;
        }"""
    )
    stage.page.set_viewport_size({"width": 1100, "height": 900})
    assert missed == []


def test_a_plane_of_a_kernel_is_edited_in_its_own_place(stage: Mounted) -> None:
    stage.open(CHANNELS)
    pin(stage, "Kernel", 4 * 4 + 3)  # the last cell of G→1
    stage.js("stage.hands.setCell(stage.scene.panels[1], stage.scene.panels[1].place[19], 7)")
    assert stage.state["w"][1][1] == [[0, 0], [0, 7]]
    assert stage.state["w"][0] == CHANNELS.defaults["w"][0]
    stage.js("stage.hands.setCell(stage.scene.panels[0], stage.scene.panels[0].place[32], -2)")
    assert stage.state["x"][2][0] == [-2, 0, 9, 9]
    stage.js("stage.hands.setCell(stage.scene.panels[2], 1, 3)")
    assert stage.state["b"] == [[[0]], [[3]], [[0]], [[0]]]
    pin(stage, "Output", 9)
    assert stage.ledger == "O(1,0,0) = 0 from R + 0 from G + 2 from B + 3 = 5"


def test_typing_into_a_channel_with_the_keyboard(stage: Mounted) -> None:
    stage.open(CHANNELS)
    stage.page.get_by_role("grid", name="Kernel, 2 by 3 by 2 by 2, editable").focus()
    for key in ("Control+Home", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown"):
        stage.page.keyboard.press(key)
    stage.page.keyboard.type("8")
    stage.page.keyboard.press("Enter")
    assert stage.state["w"][1][1] == [[8, 0], [0, 0]], "two to the right is the next plane, two down the next line of planes"


def test_a_slider_for_channels_loses_nothing(stage: Mounted) -> None:
    stage.open(CHANNELS)
    stage.js("stage.change({ m: 1 })")
    assert stage.js("stage.remark.textContent").endswith("= (2·2·1 + 1)·2 = 10")
    stage.js("stage.change({ groups: 2 })")
    assert stage.message == "Groups=2 must divide input and output channels: here 1 and 2."
    stage.js("stage.change({ m: 3 })")
    assert stage.state == CHANNELS.defaults


def test_offsets_in_memory_are_told(stage: Mounted) -> None:
    stage.open(CHANNELS, **CHANNELS.stops[-1].state)
    assert stage.js("stage.second.textContent").split("\n") == [
        "Element (0,2,1,3) stands at offset (2·4 + 1)·4 + 3 = 39 channel by channel (NCHW)",
        "and at (1·4 + 3)·3 + 2 = 23 pixel by pixel (NHWC)",
    ]
    assert stage.js("stage.remark.textContent") == "One channel, row or column further: 16, 4, 1 places in NCHW; 1, 12, 3 in NHWC"


def test_parameters_are_counted_out(stage: Mounted) -> None:
    stage.open(CHANNELS, **CHANNELS.stops[6].state)
    told = "Parameters: depthwise (3·3·1 + 1)·3 = 30, 1 × 1 (1·1·3 + 1)·3 = 12, together 42; one full layer (3·3·3 + 1)·3 = 84"
    assert stage.js("stage.remark.textContent") == told
    stage.open(CHANNELS, **CHANNELS.stops[11].state)
    assert stage.js("stage.remark.textContent").endswith("with this kernel on 100 × 100 pixels it has 98·98 = 9,604")
    stage.open(CHANNELS, **CHANNELS.stops[7].state)
    assert stage.js("stage.remark.textContent") == "Largest difference between two layers and one: 0"
    hidden = "[...stage.furniture.controls.children].filter((one) => !one.checkVisibility()).map((one) => one.ariaLabel ?? one.textContent)"
    assert stage.js(hidden) == ["Input channels", "Output channels", "Groups", "Kernel size", "Padding"], "controls that would do nothing"


def test_normalisation_tells_its_arithmetic(stage: Mounted) -> None:
    state = {**CHANNELS.stops[9].state, "gamma": [[[2]], [[1]], [[1]], [[1]]], "beta": [[[1]], [[0]], [[0]], [[0]]]}
    stage.open(CHANNELS, **state)
    assert stage.ledger == "R(0,0) = 2·(1 − 2.5) / √(1.25 + 0.00001) + 1 = −1.68327083994"
    pin(stage, "Variance", 0)
    assert stage.ledger == "σ²(R) = 1.25 sets the scale of all 4 cells of channel R"
    stage.js("stage.change({ view: 'evaluation' })")
    pin(stage, "Output", 0)
    assert stage.ledger.startswith("R(0,0) = 2·(1 − 2) / √(4 + 0.00001) + 1 = 0.0000012499976")
    stage.js("stage.hands.setCell(stage.scene.panels.find((one) => one.title === 'Mean'), 0, 1)")
    assert stage.state["mean"][0] == [[1]]
    pin(stage, "Output", 0)
    assert stage.ledger.endswith("= 1")


def test_letters_are_letters_in_the_arithmetic_too(stage: Mounted) -> None:
    stage.open(TRANSPOSED, x=[[2, 3]], w=[[5, 7, 11]], stride=2, letters=True, at=2)
    stage.point("Output", 0, 2)
    assert stage.ledger == "O(2) = a·z + b·x"
    stage.point("Input", 0, 1)
    assert stage.ledger == "I(1) = b stamps 3 cells: b·x → O(2), b·y → O(3), b·z → O(4)"
    assert stage.js("stage.scene.panels.map((panel) => panel.size)") == ["2", "3", "5"]


def test_counts_are_of_stamps_in_every_view(stage: Mounted) -> None:
    counted = []
    for view in ("stamp", "zeros"):
        stage.open(TRANSPOSED, x=[[1] * 5] * 5, w=[[1] * 3] * 3, stride=2, count=True, view=view, at=9999)
        stage.page.wait_for_function("!stage.board.frame")
        counted.append(stage.js("stage.board.content(stage.scene.followed.out).values"))
    assert counted[0] == counted[1]
    stage.point("Stamps per cell", 2, 2)
    assert stage.ledger.startswith("4 stamps reach O(2,2) = ")


def test_cells_outside_the_image_are_told_apart(stage: Mounted) -> None:
    lesson = LESSONS["output_size"]
    stage.open(lesson, op="max_pool", size=[5, 5], kernel=[2, 2], stride=[2, 2], ceil_mode=True)
    stage.point("Output", 2, 2)
    assert stage.ledger == "O(2,2) reads 1 cell: I(4,4); 3 outside, left out"
    stage.open(lesson, padding=[1, 1])
    stage.point("Output", 0, 0)
    assert stage.ledger == "O(0,0) reads 4 cells: I(0,0), I(0,1), I(1,0), I(1,1); 5 of padding, 0"


def test_a_view_says_what_it_needs(stage: Mounted) -> None:
    stage.open(TRANSPOSED, w=[[1, 2, 3], [4, 5, 6], [7, 8, 9]], stride=2)
    before = stage.js("stage.timeline.element.getBoundingClientRect().top")
    stage.page.get_by_role("button", name="More views…").click()
    stage.page.get_by_role("button", name="Against bilinear").click()
    assert stage.state["view"] == "stamp"
    assert stage.message == (
        "“Against bilinear” compares outputs of one size, the input's times the stride: with stride 2 take kernel 4 and padding 1."
    )
    assert stage.js("stage.timeline.element.getBoundingClientRect().top") == before, "the message lies over the board"


def test_one_settle_at_a_time_and_none_after_leaving(browser: Browser, files: str) -> None:
    """The component as Streamlit calls it, on a page that was left and come back to: the server has acknowledged four settles before."""
    page = browser.new_page()
    page.clock.install()
    page.goto(files)
    page.evaluate(
        """async (lesson) => {
          const show = (await import("/v1/main.js")).default, state = Object.fromEntries(lesson.fields.map((f) => [f.name, f.default]));
          window.sent = [];
          const data = { lesson, state, rev: 1, ack: 4, extra: {}, lecture: false };
          window.leave = show({ data, parentElement: document.body, setTriggerValue: (_, value) => sent.push(value.id) });
          const { stage } = document.querySelector(".stage");
          stage.goStop(2);
          stage.goStop(3);
          stage.goStop(4);
        }""",
        TRANSPOSED.data,
    )
    assert page.evaluate("sent") == [5], "the other two wait for the answer"
    assert page.evaluate("location.search") == "?v=1&stop=2"
    page.evaluate("leave()")
    page.evaluate("history.replaceState({}, '', '/v1/')")
    page.clock.run_for(10_000)
    assert page.evaluate("[sent.length, location.search]") == [1, ""]
    page.close()


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_every_cell_has_its_arithmetic(lesson: Lesson, modules: Page) -> None:
    """Wherever one points, in every stop, view and named setting, gradients shown or not: words, and no NaN in them."""
    shown = [{**lesson.usual(number), "stop": number} for number in range(1, len(lesson.stops) + 1)]
    shown += [lesson.state(**changes) for _, changes in lesson.presets] + [lesson.state(view=view.name) for view in lesson.views]
    flags = [{field.name: True} for field in lesson.fields if field.kind == "flag"]
    found = modules.evaluate(
        """async ([lesson, states]) => {
          const { makeScene, progress } = await import("/v1/scene.js"), { describe, plainText } = await import("/v1/ledger.js");
          return states.flatMap((state) => {
            let scene;
            try { scene = makeScene(lesson, state); } catch { return []; }
            const so = progress(scene, Math.min(state.at, scene.order.cells.length));
            return scene.panels.filter((panel) => !panel.hidden && !panel.veiled).flatMap((panel) => [0, panel.grid_.size >> 1, panel.grid_.size - 1].map((cell) => {
              const { first, second } = describe(scene, { panel: panel.index, cell }, so);
              return plainText([...first, ...(second ?? [])]);
            }));
          });
        }""",
        [lesson.data, [{**state, **flag} for state in shown for flag in ({}, *flags)]],
    )
    assert len(found) >= 20
    for words in found:
        assert words
        assert not re.search(r"NaN|undefined|null|Infinity", words), words


def test_the_truth_says_what_it_costs(stage: Mounted) -> None:
    stage.open(LESSONS["unet_by_hand"])
    stage.point("Truth", 0, 1)
    told, cost = stage.ledger.rsplit(" costs ", 1)
    assert re.fullmatch(r"T\(0,1\) = 1; where it should be so, Y\(0,1\) = 0\.8\d+", told)
    assert float(cost) == pytest.approx(-np.log(numbers(told)[-1]), rel=1e-5)


def test_titles_in_large_type_do_not_run_into_other_grids(stage: Mounted) -> None:
    """What is written above a grid ends before the grid that stands beside it."""
    stage.page.set_viewport_size({"width": 1900, "height": 1080})
    stage.open(LESSONS["unet_by_hand"])
    found = stage.js(
        """() => {
          const written = [], plain = CanvasRenderingContext2D.prototype.fillText, { board } = stage;
          document.documentElement.style.fontSize = "21.6px"; // as a lecture has it on a wall of 1920 pixels
          stage.enlarge(true);
          const large = 13 * 21.6 / 15.4, isLarge = (font) => Math.abs(parseFloat(/([\\d.]+)px/.exec(font)[1]) - large) < 0.1;
          CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...more) {
            if (isLarge(this.font) && this.textAlign === "left" && text) written.push([text, x, y, this.measureText(text).width]);
            return plain.call(this, text, x, y, ...more);
          };
          board.measure();
          board.draw({ base: true });
          board.paint();
          CanvasRenderingContext2D.prototype.fillText = plain;
          document.documentElement.style.fontSize = "";
          const places = board.places.filter(Boolean);
          return [written.length, written.filter(([, x, y, width]) =>
            places.some((place) => x < place.x && x + width > place.x && y > place.y && y - 9 < place.y + place.height))];
        }"""
    )
    stage.page.set_viewport_size({"width": 1100, "height": 900})
    assert found[0] > 20, "titles and sizes are written"
    assert found[1] == []
