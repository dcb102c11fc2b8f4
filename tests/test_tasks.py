"""The page Tasks: the deck's numbers, boxes and ids by brute force, what the shipped networks find, and the page by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, ready, until, wait_for
from safetensors import safe_open
from test_pages import findings, sideways

from seglab.data.answers import largest, things
from seglab.data.moves import GRIDS, SHIFTS, SHUFFLES, order, shifted, shuffled
from seglab.data.scene import Scene
from seglab.data.shapes import one_shape
from seglab.data.street import CLASSES, STREET, aside, everywhere, guesses, without
from seglab.infer.moving import load_networks, look, moved_answers
from seglab.lessons.labs.tasks import TASKS
from seglab.train import jobs
from seglab.train.asked.networks import moved_file
from seglab.train.metrics import Scores
from seglab.train.store import Store
from seglab.ui.label_matrix import busiest, read_guess, write_guess
from seglab.ui.six_answers import Shown, answer, six

Visit = Callable[..., Any]
NETWORKS = ROOT / "assets" / "networks"


def test_the_decks_matrix_has_the_decks_counts() -> None:
    assert STREET.shape == (13, 26)
    assert [int((label == STREET).sum()) for label in range(1, 6)] == [80, 4, 154, 54, 46]


def scored(guess: np.ndarray) -> tuple[float, float]:
    """Accuracy and mean IoU, by the laboratory's own metrics."""
    found = Scores.of(guess[None], STREET[None], len(CLASSES))
    return found.accuracy, found.mean_iou


def test_what_accuracy_hides() -> None:
    assert scored(everywhere(3)) == (pytest.approx(0.456, abs=5e-4), pytest.approx(0.091, abs=5e-4))
    assert scored(without(2))[0] == pytest.approx(0.988, abs=5e-4)
    assert scored(without(2))[1] == pytest.approx((80 / 84 + 0 + 3) / 5), "person takes the purse's pixels in"
    assert scored(STREET) == (1, 1)
    assert scored(aside(1))[0] == pytest.approx(306 / 338)


def test_a_lost_class_becomes_the_one_that_it_touches_most() -> None:
    for label in range(1, len(CLASSES)):
        touched = [
            int(STREET[i, j])
            for row, column in np.argwhere(label == STREET)
            for i, j in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
            if 0 <= i < 13 and 0 <= j < 26 and STREET[i, j] != label
        ]
        assert set(without(label)[label == STREET]) == {max(sorted(set(touched)), key=touched.count)}


def test_a_guess_in_an_address() -> None:
    rng = np.random.default_rng(0)
    painted = rng.integers(1, 6, STREET.shape).astype(np.uint8)
    assert (read_guess(write_guess(painted)) == painted).all()
    for text in ("", "all6", "all0", "0" * 169, "z" * 168, "é" * 169, "A" * 169):
        assert read_guess(text) is None, text
    assert all((read_guess(name) == labels).all() for name, labels in guesses().items())


def test_boxes_and_ids_by_brute_force() -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        ids = rng.integers(0, 6, (7, 9))
        ids = np.unique(ids, return_inverse=True)[1].reshape(ids.shape).astype(np.int32)
        classes = np.concatenate([[0], rng.integers(1, 4, ids.max())]).astype(np.uint8)
        scene = Scene(np.zeros(ids.shape, np.float32), classes[ids], ids)
        found = things(scene)
        assert [thing.id for thing in found] == list(range(1, ids.max() + 1))
        for thing in found:
            places = [(y, x) for y in range(7) for x in range(9) if ids[y, x] == thing.id]
            assert thing.pixels == len(places)
            assert thing.label == classes[thing.id]
            inside = [(y, x) for y in range(thing.y, thing.y + thing.h) for x in range(thing.x, thing.x + thing.w)]
            assert set(places) <= set(inside)
            for axis, low, length in ((0, thing.y, thing.h), (1, thing.x, thing.w)):
                assert {place[axis] for place in places} >= {low, low + length - 1}, "no smaller box holds it"
        assert largest(scene).pixels == max(thing.pixels for thing in found)


@pytest.mark.parametrize("name", ["shapes", "cells", "xray"])
def test_the_six_answers_of_a_scene(name: str) -> None:
    for seed in (3, 5):
        shown = Shown.of(name, 2_000_000 + seed, 96, 0.25)
        drawing = six(shown)
        assert [item.name for item in drawing.items] == ["classification", "localisation", "detection", "semantic", "instance", "panoptic"]
        boxes = [mark for mark in drawing.marks if mark["kind"] == "rect" and mark["item"] == "detection"]
        assert len(boxes) == 2 * len(shown.objects) + 1, "an edge and a box each, and the frame"
        told = {mark["text"] for mark in drawing.marks if mark["kind"] == "text" and mark["item"] == "panoptic"}
        assert {f"{thing.label}·{thing.id}" for thing in shown.objects} < told
        painted = shown.painted(by_object=False, everywhere=True)
        assert (painted == np.array(shown.domain.colours, np.uint8)[shown.scene.mask]).all()
        row, column = busiest(shown)
        assert 0 <= row < 96
        assert 0 <= column < 96
        assert answer("detection", shown) == f"Here: {len(shown.objects)} {'box' if len(shown.objects) == 1 else 'boxes'}."
    lungs = Shown.of("xray", 2_000_005, 96, 0.25)
    assert largest(lungs.scene) is None
    assert answer("localisation", lungs) == "Here: no object."


def test_moves() -> None:
    rng = np.random.default_rng(2)
    picture = rng.integers(0, 9, (24, 24, 3))
    assert (shifted(picture, 5, -7, around=True) == np.roll(picture, (5, -7), (0, 1))).all()
    repeated = shifted(picture, 2, -3, around=False)
    assert (repeated[2:, :-3] == picture[:-2, 3:]).all()
    assert (repeated[:2, :-3] == picture[0, 3:]).all()
    assert (repeated[2:, -3:] == picture[:-2, -1:]).all()
    for grid in GRIDS:
        for number in range(SHUFFLES):
            places = order(grid, number)
            assert sorted(places) == list(range(grid**2))
            assert not (places == np.arange(grid**2)).any()
            made, side = shuffled(picture, grid, places), 24 // grid
            for to, source in enumerate(places):
                (a, b), (c, d) = divmod(to, grid), divmod(int(source), grid)
                there, here = (
                    picture[c * side : (c + 1) * side, d * side : (d + 1) * side],
                    made[a * side : (a + 1) * side, b * side : (b + 1) * side],
                )
                assert (here == there).all()
    with pytest.raises(ValueError, match="grid=5 does not divide 24 x 24 pixels"):
        shuffled(picture, 5, order(5, 0))


def test_the_shipped_networks_are_small_and_say_what_they_are() -> None:
    sizes = {path.name: path.stat().st_size for path in NETWORKS.glob("*.safetensors")}
    assert sizes["shapes.safetensors"] < 600_000
    assert max(sizes["classifier-pooled.safetensors"], sizes["classifier-flat.safetensors"]) < 300_000
    for name in ("shapes", "classifier-pooled", "classifier-flat"):
        with safe_open(NETWORKS / f"{name}.safetensors", "numpy") as file:
            assert json.loads(file.metadata()["measured"])["images"] >= 32


def test_the_measured_table_is_what_the_networks_do() -> None:
    """A few of the images that it was measured on: every row of the table has to be likely on them."""
    told, networks = json.loads((NETWORKS / "moved.json").read_text()), load_networks(NETWORKS)
    scenes = [one_shape(2_010_000 + number, difficulty=0.25) for number in range(48)]
    labels = np.array([int(scene.mask.max()) - 1 for scene in scenes])
    for pixels in ("0", "24"):
        seen = look(networks, np.stack([shifted(scene.image, 0, int(pixels), around=True) for scene in scenes]))
        for end, chances in seen.chances.items():
            assert (chances.argmax(1) == labels).mean() == pytest.approx(told["shift"][pixels][end], abs=0.2), (pixels, end)
    rows = {**told["shift"], **{f"cut {grid}": row for grid, row in told["shuffle"].items()}}
    assert {name: row["pooled"] for name, row in rows.items() if row["pooled"] < 1}.keys() == {f"cut {grid}" for grid in GRIDS}
    assert rows["24"]["flat"] < 0.4 < 0.9 < rows["0"]["flat"]
    assert abs(rows["24"]["segmenter"] - rows["0"]["segmenter"]) < 0.02 < rows["0"]["segmenter"] - rows["cut 2"]["segmenter"]


def test_the_worker_says_what_moved_along(workers: jobs.Workers, tmp_path: Any) -> None:
    store, seed = Store(tmp_path), 2_000_016
    told, pictures = moved_file(store, NETWORKS, seed, True).result(timeout=300)
    count = len(SHIFTS) ** 2 + len(GRIDS) * SHUFFLES
    assert {name: len(rows) for name, rows in told.items()} == {"pooled": count, "flat": count, "alike": count}
    from io import BytesIO

    from PIL import Image

    masks = np.asarray(Image.open(BytesIO(pictures["masks"]))).reshape(count, 96, 96)
    home, first = len(SHIFTS) ** 2 // 2, None
    first = masks[home]
    assert told["alike"][home] == [1, 1]
    for down, right in ((-24, 8), (12, 20)):
        at = SHIFTS.index(down) * len(SHIFTS) + SHIFTS.index(right)
        expected = np.roll(first, (down, right), (0, 1))
        assert told["alike"][at][0] == pytest.approx((masks[at] == expected).mean())
        there = (masks[at] > 0) | (expected > 0)
        assert told["alike"][at][1] == pytest.approx((masks[at] == expected)[there].mean())
    assert np.ptp([row[3] for row in told["pooled"][: len(SHIFTS) ** 2]]) < 0.1, "global pooling stays with its star"
    cut = len(SHIFTS) ** 2 + GRIDS.index(4) * SHUFFLES + 2
    expected = shuffled(first, 4, order(4, 2))
    assert told["alike"][cut][0] == pytest.approx((masks[cut] == expected).mean())
    with pytest.raises(jobs.TaskError, match="is not there"):
        moved_file(store, tmp_path / "nowhere", seed, True).result(timeout=60)


def test_moved_by_whole_windows_a_mask_moves_along_exactly() -> None:
    """With borders repeated or rolled alike, 8 pixels are one place of the U-Net's deepest map."""
    scene, networks = one_shape(2_000_016, difficulty=0.25), load_networks(NETWORKS)
    _, told = moved_answers(networks, scene, around=True)
    eighths = [told["alike"][SHIFTS.index(down) * len(SHIFTS) + SHIFTS.index(right)][1] for down in (-8, 0, 8) for right in (-8, 0, 8)]
    others = [told["alike"][SHIFTS.index(down) * len(SHIFTS) + SHIFTS.index(right)][1] for down in (-4, 4) for right in (-4, 4)]
    assert min(eighths) > 0.99
    assert max(others) < 1


@pytest.mark.parametrize("number", range(len(TASKS.questions)))
def test_questions(number: int) -> None:
    question = TASKS.questions[number]
    turns = [question(turn) for turn in range(40)]
    for turn, asked in enumerate(turns):
        assert asked == question(turn)
        assert asked.choices.count(asked.right) == 1
        assert len(set(asked.choices)) == len(asked.choices) == 4
        if "guess" in asked.shows:
            accuracy, mean = scored(read_guess(asked.shows["guess"]))
            assert asked.right in (f"{100 * accuracy:.1f} %", f"{100 * accuracy:.1f} % and {mean:.3f}")
    places = Counter(asked.choices.index(asked.right) for asked in map(question, range(60)))
    assert max(places.values()) <= 45, "no place holds all right answers"
    assert len({(asked.question, asked.right) for asked in turns}) >= 5
    assert TASKS.questions[1](0).right == "45.6 % and 0.091"
    assert TASKS.questions[2](0).right == "98.8 %"


@pytest.mark.parametrize(
    ("link", "width", "scheme"),
    [
        ("/tasks?answer=panoptic", 390, "dark"),
        ("/tasks?view=matrix", 390, "light"),
        ("/tasks?view=moves&dx=8", 390, "dark"),
        ("/tasks?view=moves&lecture=1", 1280, "light"),
    ],
)
def test_each_picture_on_a_page(link: str, width: int, scheme: str, visit: Visit) -> None:
    with visit(link, width, scheme) as page:
        page.wait_for_selector(".labels .told:not(:empty), .moved .bar")
        assert sideways(page) == []
        assert findings(page) == []


def test_an_answer_is_chosen_with_the_keyboard_and_opens(visit: Visit) -> None:
    with visit("/tasks?scene=32") as page:
        page.locator(".item[data-item=classification]").focus()
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.wait_for_selector(".labels .lens")
        assert "answer=panoptic" in page.url
        page.locator(".labels .boards").focus()
        before = page.locator(".labels .told").inner_text()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("PageUp")
        after = page.locator(".labels .told").inner_text()
        assert before != after
        assert after.startswith("Row 0, column ")
        page.get_by_role("button", name="Another scene").click()
        until(page, "location.search.includes('scene=33')")


def test_painting_scores_as_one_paints(visit: Visit) -> None:
    with visit("/tasks?view=matrix") as page:
        scores = lambda: (page.locator(".labels .accuracy").inner_text(), page.locator(".labels .mean").inner_text())  # noqa: E731
        page.wait_for_selector(".labels .accuracy")
        assert scores() == ("100.0 %", "1.000")
        page.get_by_role("button", name="“plants” everywhere").click()
        assert scores() == ("45.6 %", "0.091")
        until(page, "location.search.includes('guess=all3')")
        page.get_by_role("button", name="2 purse").click()
        page.get_by_role("button", name="Lose “purse”").click()
        assert scores() == ("98.8 %", "0.790")
        page.get_by_role("button", name="Back to the truth").click()
        page.locator(".labels .boards").focus()
        page.keyboard.press("1")
        assert scores()[0] == "99.7 %", "one of the purse's four pixels is a person now"
        until(page, "new URLSearchParams(location.search).get('guess')?.length === 169")
        link = page.url.split("/", 3)[3]
    with visit(f"/{link}") as page:
        assert page.locator(".labels .accuracy").inner_text() == "99.7 %"


def test_moving_asks_nobody_and_the_link_keeps_it(visit: Visit) -> None:
    with visit("/tasks?view=moves") as page:
        page.wait_for_selector(".moved .bar")
        middle = """canvas => {
          const { data, width } = canvas.getContext("2d").getImageData(0, 0, 96, 96), found = [0, 0, 0];
          for (let i = 0; i < 96 * 96; i++) if (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) found.forEach((_, axis) => (found[axis] += [i % width, Math.floor(i / width), 1][axis]));
          return [found[0] / found[2], found[1] / found[2]];
        }"""
        before = page.locator(".moved .mask canvas").evaluate(middle)
        page.locator(".moved .image canvas").focus()
        for _ in range(6):
            page.keyboard.press("ArrowRight")
        after = page.locator(".moved .mask canvas").evaluate(middle)
        assert after == pytest.approx([before[0] + 24, before[1]], abs=0.5), "the mask moves along, to the right"
        told = page.locator(".moved > .told").inner_text()
        assert told.startswith("Moved right 24, down 0 pixels: global pooling says star")
        assert "(it was star)" in told, "the fully connected one has changed its mind"
        until(page, "location.search.includes('dx=24')")
        page.get_by_role("button", name="3 × 3 patches").click()
        until(page, "location.search.includes('grid=3') && !location.search.includes('dx')")
        assert page.locator(".moved > .told").inner_text().startswith("3 × 3 patches shuffled, way 1 of 6")


def test_nonsense_in_a_link(visit: Visit) -> None:
    with visit("/tasks?view=matrix&guess=%3Cscript%3E&scene=-1") as page:
        assert "is no guess at this matrix" in page.locator(".stAlert").inner_text()
    with visit("/tasks?answer=%00&scene=99999&data=landcover&view=banana") as page:
        assert wait_for(lambda: page.locator(".diagram .item").count(), page) >= 6
    with visit("/tasks?view=moves&dx=3&dy=999&grid=7&shuffle=99&edge=x&object=-4") as page:
        page.wait_for_selector(".moved .bar")
        assert page.locator(".moved > .told").inner_text().startswith("As it was taken")
        ready(page)


def test_a_question_brings_its_picture_into_sight(visit: Visit) -> None:
    with visit("/tasks") as page:
        page.get_by_role("radio", name="45.6 % and 0.091").click()
        page.wait_for_selector("text=154 of 338 pixels are right")
        page.get_by_role("button", name="Show it above").first.click()
        page.wait_for_selector(".labels .accuracy")
        assert page.locator(".labels .accuracy").inner_text() == "45.6 %"
        wait_for(lambda: 0 <= page.locator("h1").bounding_box()["y"] < 200, page)
        assert page.url.endswith("/tasks?view=matrix&guess=all3")
