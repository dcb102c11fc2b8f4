"""Instances and panoptic: PQ against torchmetrics and by brute force, floods against scikit-image, ways, merging, and the page."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import until
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.segmentation import watershed
from torchmetrics.detection import PanopticQuality
from torchmetrics.functional.segmentation import dice_score, mean_iou

from seglab.data.cells import cells
from seglab.data.street import STREET
from seglab.infer.chances import packed, unpacked
from seglab.infer.flooding import distance_map, flood, summits
from seglab.infer.instances import LEAST, WAYS, kept, labelled, steps
from seglab.infer.merging import STREET_STUFF, claims, merge, street_claims, street_truth
from seglab.lessons.labs.instances import INSTANCES, ask_match, ask_merge, ask_quality
from seglab.train.metrics import Scores
from seglab.train.panoptic import Panoptic, Quality, class_matchings, matching, mean_quality, separated
from seglab.train.plan_instances import PLAN
from seglab.train.study import complete, read_rows
from seglab.ui.instances import formula

Visit = Callable[..., Any]
THINGS, STUFF = (1, 2), (3, 4)
ASSETS = Path(__file__).parents[1] / "assets"


def random_panoptic(seed: int) -> tuple[Panoptic, Panoptic]:
    """A truth of blocks, and a prediction that is the truth moved, with segments renamed, joined and lost."""
    rng = np.random.default_rng(seed)
    classes, ids = (rng.integers(low, high, (5, 6)).repeat(4, 0).repeat(4, 1) for low, high in ((1, 5), (1, 4)))
    ids = np.where(np.isin(classes, STUFF), 0, ids)
    move = rng.integers(-1, 2, 2)
    other, names = (np.roll(array, move, (0, 1)) for array in (classes, ids))
    noise = rng.random(other.shape) < 0.05
    other = np.where(noise, rng.integers(1, 5, other.shape), other)
    names = np.where(np.isin(other, STUFF), 0, np.where(names == 0, 7, names if seed % 3 else np.minimum(names, 2)))
    return Panoptic(other, names), Panoptic(classes, ids)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_panoptic_quality_equals_torchmetrics(seed: int) -> None:
    """PQ, SQ and RQ of every class, and the mean PQ over the classes that occur."""
    found, truth = random_panoptic(seed)
    mine = {label: one.quality for label, one in class_matchings(found, truth, (*THINGS, *STUFF)).items()}
    pair = [torch.from_numpy(np.stack([one.classes, one.ids], -1))[None] for one in (found, truth)]
    judged = PanopticQuality(set(THINGS), set(STUFF), return_sq_and_rq=True, return_per_class=True)(*pair).reshape(-1, 3)
    for label, (pq, sq, rq) in zip((*THINGS, *STUFF), judged.tolist()):
        if mine[label].there:
            assert (mine[label].pq, mine[label].sq, mine[label].rq) == pytest.approx((pq, sq, rq), abs=1e-6)
    whole = PanopticQuality(set(THINGS), set(STUFF))(*pair)
    assert mean_quality(mine.values())[0] == pytest.approx(float(whole), abs=1e-6)


def slow_quality(found: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """Section 4 of arXiv:1801.00868 over sets of pixels."""
    sets = [
        {int(number): {tuple(place) for place in np.argwhere(ids == number).tolist()} for number in np.unique(ids) if number}
        for ids in (found, truth)
    ]
    ious = [len(a & b) / len(a | b) for a in sets[0].values() for b in sets[1].values() if len(a & b) / len(a | b) > 0.5]
    false, missed = len(sets[0]) - len(ious), len(sets[1]) - len(ious)
    sq = sum(ious) / len(ious) if ious else 0.0
    rq = len(ious) / (len(ious) + false / 2 + missed / 2)
    return sq * rq, sq, rq


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_panoptic_quality_equals_the_papers_definition(seed: int) -> None:
    """Also where pixels belong to no segment."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 6, (5, 5)).repeat(3, 0).repeat(3, 1)
    found = np.roll(truth, rng.integers(-1, 2, 2), (0, 1)) * (rng.random(truth.shape) > 0.15)
    found = np.where(found == 5, 4, found)  # two become one
    quality = matching(found, truth).quality
    assert (quality.pq, quality.sq, quality.rq) == pytest.approx(slow_quality(found, truth), abs=1e-12)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_iou_and_dice_equal_torchmetrics_segmentation(seed: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    prediction, truth = rng.integers(0, classes, (2, 1, 12, 11))
    scores = Scores.of(prediction, truth, classes)
    pair = [torch.from_numpy(mask) for mask in (prediction, truth)]
    more = {"num_classes": classes, "input_format": "index"}
    np.testing.assert_allclose(scores.iou, mean_iou(*pair, per_class=True, **more)[0], atol=1e-6)
    np.testing.assert_allclose(scores.dice, dice_score(*pair, average="none", **more)[0], atol=1e-6)


def test_an_iou_of_exactly_one_half_is_no_match() -> None:
    truth = np.array([[1, 1, 1, 0]])
    paired = matching(np.array([[0, 1, 1, 1]]), truth)
    assert (paired.matches, paired.false, paired.missed) == ((), (1,), (1,))
    assert paired.quality.pq == 0
    assert math.isnan(Quality((), 0, 0).pq)
    with pytest.raises(ValueError, match=r"shape \(1, 2\): the true ones have \(1, 3\)"):
        matching(np.zeros((1, 2), int), np.zeros((1, 3), int))


def test_segments_of_several_images_are_counted_together() -> None:
    """(0.9 + 0.6) / 2 times 2 / (2 + 1/2 + 1/2): not the mean of two PQ."""
    both = Quality((0.9,), 1, 0) + Quality((0.6,), 0, 1)
    assert both.pq == pytest.approx(0.75 * 2 / 3)


def test_separated_cells_by_hand() -> None:
    truth = np.array([[1, 1, 1, 0, 2, 2, 2, 0, 3, 3, 3]])
    assert separated(truth, truth) == (3, 3)
    assert separated(np.where(truth == 2, 1, truth), truth) == (1, 3), "two that are joined count as none"
    assert separated(np.array([[1, 1, 2, 0, 3, 4, 5, 0, 6, 6, 6]]), truth) == (2, 3), "in thirds no part holds more than half"


# -- floods --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [False, True], ids=["lakes", "lines"])
@pytest.mark.parametrize("seed", range(12))
def test_a_flood_ends_as_scikit_images_watershed(seed: int, line: bool) -> None:
    """On the page's own landscapes, and on rough ones with springs at their lowest."""
    mask = np.asarray(ndimage.binary_closing(cells(seed).mask > 0))
    far = distance_map(mask)
    markers = summits(far, mask)
    assert markers.max() > 3
    np.testing.assert_array_equal(flood(-far, markers, mask, line).labels, watershed(-far, markers, mask=mask, watershed_line=line))
    rng = np.random.default_rng(seed)
    heights, springs, inside = rng.random((20, 23)), np.zeros((20, 23), np.int32), rng.random((20, 23)) < 0.9
    for number in range(1, 6):
        place = tuple(rng.integers(0, (20, 23)))
        springs[place], heights[place], inside[place] = number, -number, True
    found = flood(heights, springs, inside, line)
    np.testing.assert_array_equal(found.labels, watershed(heights, springs, mask=inside, watershed_line=line))


def test_the_waters_level_is_the_lowest_pass() -> None:
    """Two valleys behind a wall of 5: the second is reached when the water stands at 5, though it is lower."""
    found = flood(np.array([[0.0, 5, 1, 3]]), np.array([[1, 0, 0, 0]], np.int32), np.ones((1, 4), bool))
    assert found.levels.tolist() == [[0, 5, 5, 5]]
    dry = flood(np.zeros((1, 3)), np.array([[1, 0, 0]], np.int32), np.array([[True, False, True]]))
    assert (dry.labels.tolist(), dry.levels.tolist()) == ([[1, 0, 0]], [[0, np.inf, np.inf]])


# -- ways ----------------------------------------------------------------------------------------------------------------


def sure(mask: np.ndarray) -> np.ndarray:
    """The chances of a network that is sure of a mask of class numbers."""
    return np.stack([np.where(mask == label, 0.98, 0.02 / 2) for label in range(int(mask.max()) + 1)]).astype(np.float32)


def two_discs(bridge: int) -> tuple[np.ndarray, np.ndarray]:
    """A mask of two discs with a bridge so many pixels wide between them, and the discs' ids."""
    y, x = np.mgrid[:40, :40]
    ids = np.where(np.hypot(y - 20, x - 10) < 8, 1, np.where(np.hypot(y - 20, x - 29) < 8, 2, 0))
    mask = (ids > 0).astype(int)
    mask[20 : 20 + bridge, 15:24] = 1
    return mask, ids


def test_a_bridge_joins_components_and_a_watershed_parts_them() -> None:
    mask, ids = two_discs(2)
    chances = sure(mask)
    assert matching(steps("components", chances).instances, ids).quality.ious == ()
    parted = matching(steps("distance", chances).instances, ids).quality
    assert (len(parted.ious), parted.false, parted.missed) == (2, 0, 0)
    assert parted.sq > 0.95
    cut = (steps("distance", chances).instances == 0) & (mask > 0)
    assert 2 <= cut.sum() <= 8, "a line over the bridge"
    bordered = np.where((mask > 0) & (ndimage.binary_erosion(ids > 0, iterations=2) == 0), 2, mask)
    assert separated(steps("border", sure(bordered)).instances, ids) == (2, 2)
    np.testing.assert_array_equal(steps("border", sure(bordered)).instances > 0, mask > 0, "the border class keeps every pixel")
    chances[1][20:22, 17:22], chances[0][20:22, 17:22] = 0.6, 0.4
    assert separated(steps("chance", chances).instances, ids) == (2, 2)
    assert separated(steps("components", chances).instances, ids) == (0, 2)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_keeps_to_the_mask_and_its_least_size(way: str) -> None:
    rng = np.random.default_rng(3)
    chances = ndimage.gaussian_filter(rng.random((3 if way == "border" else 2, 48, 48)), (0, 3, 3)).astype(np.float32)
    found = steps(way, chances / chances.sum(0))
    assert not (found.instances[~found.mask] > 0).any()
    counts = np.bincount(found.instances.ravel())[1:]
    assert len(counts) == found.instances.max()
    assert (counts >= LEAST).all()
    with pytest.raises(ValueError, match="way='magic' is unknown: components"):
        steps("magic", chances)


def test_pieces_touch_by_sides_only() -> None:
    assert labelled(np.array([[True, False], [False, True]])).max() == 2
    assert kept(np.zeros((2, 2), np.int32)).max() == 0


def test_chances_travel_as_levels() -> None:
    chances = np.random.default_rng(0).dirichlet([1, 1, 1], (9, 7)).transpose(2, 0, 1).astype(np.float32)
    again = unpacked(packed({"one": chances}))["one"]
    assert np.abs(again - chances).max() <= 0.5 / 255 + 1e-6


# -- merging -------------------------------------------------------------------------------------------------------------


def test_the_surer_object_takes_its_pixels_first() -> None:
    """The purse of 6 pixels: 4 of them are the person's too. Unsure it finds 2 free, fewer than half, and is dropped."""
    for purse, ids in ((0.6, [1, 0, 0]), (0.95, [1, 2, 0])):
        result, taken = merge(*street_claims(purse), STREET_STUFF)
        assert [take.id for take in taken] == ids
        assert taken[-1].why == "too unsure"
        assert ((result.ids > 0) <= np.isin(result.classes, (1, 2))).all()
        quality = class_matchings(result, street_truth(), range(1, 6))[2].quality
        assert quality.pq == (pytest.approx(4 / 6) if purse > 0.9 else 0)


def test_stuff_takes_what_is_left_and_nothing_else() -> None:
    candidates, areas = street_claims(0.95)
    result, _ = merge(candidates, areas, STREET_STUFF)
    free = result.ids == 0
    np.testing.assert_array_equal(result.classes[free], np.where(np.isin(areas, STREET_STUFF), areas, -1)[free])
    same, _ = merge([], STREET.astype(int), STREET_STUFF)
    assert [found.quality.pq for found in class_matchings(same, street_truth(), STREET_STUFF).values()] == [1, 1, 1]


def test_claims_of_two_classes_may_overlap() -> None:
    chances = np.full((3, 6, 6), 0.2, np.float32)
    chances[1, :, :4], chances[2, :, 2:] = 0.5, 0.4
    one, other = claims(chances, (1, 2))
    assert (one.label, other.label, int((one.pixels & other.pixels).sum())) == (1, 2, 12)
    assert (one.confidence, other.confidence) == (pytest.approx(0.5), pytest.approx(0.4))


# -- what is shipped, asked and shown ------------------------------------------------------------------------------------


def test_the_study_is_whole_and_its_networks_are_there() -> None:
    rows = read_rows(ASSETS / "studies" / "instances.json", PLAN)
    assert complete(PLAN, rows)
    for row in rows:
        assert row["pq"] <= min(row["sq"], row["rq"])
    chances = unpacked((ASSETS / "instances" / "scene-0.npz").read_bytes())
    assert {name: len(one) for name, one in chances.items()} == {"regions": 2, "weighted": 2, "interiors": 3}


def test_the_formula_has_every_number() -> None:
    told = formula(matching(np.array([[1, 1, 1, 0, 2, 2, 3]]), np.array([[1, 1, 1, 1, 2, 2, 0]]))).replace("**", "")
    assert "(1.00 + 0.75) / 2 = 0.875" in told
    assert "2 / (2 + 0.5 + 0) = 0.800" in told
    assert told.endswith("PQ = SQ · RQ = 0.875 · 0.800 = 0.700")


@pytest.mark.parametrize("question", [ask_quality, ask_match, ask_merge], ids=["quality", "match", "merge"])
def test_questions_have_one_right_answer_among_new_numbers(question: Callable[[int], Any]) -> None:
    asked = [question(turn) for turn in range(40)]
    assert all(one.choices.count(one.right) == 1 and len(set(one.choices)) == len(one.choices) >= 2 for one in asked)
    assert len({one.question for one in asked}) >= 5
    assert question in INSTANCES.questions


def test_the_first_merge_question_is_what_the_rule_says() -> None:
    """2 of 10 pixels are free: fewer than half."""
    assert ask_merge(0).right == "none: it is dropped"
    assert ask_quality(0).right == "0.60"


def test_the_page_counts_cells(visit: Visit) -> None:
    with visit("/instances") as page:
        told = page.get_by_text("Found cells that match a true one").first.inner_text()
        first = page.get_by_text("PQ = SQ · RQ").first.inner_text()
        page.get_by_role("radio", name="Watershed on distance").first.click()
        until(page, "location.search.includes('way=distance')")
        page.wait_for_selector(".byhand.flood")
        second = page.get_by_text("PQ = SQ · RQ").first.inner_text()
        assert float(second.rsplit(" ", 1)[1]) > float(first.rsplit(" ", 1)[1])
        assert int(re.search(r"\d+", told)[0]) > 0
        slider = page.get_by_role("slider", name="Water")
        slider.fill("100")
        until(page, "location.search.includes('water=100')")
        wet = page.locator(".byhand .told").inner_text()
        assert re.search(r"(\d[\d,]*) of (\d[\d,]*) pixels wet", wet)
        page.goto(page.url.split("?")[0] + "?part=banana&way=magic&water=-3&row=x&scene=1e9")
        page.wait_for_selector("text=Components. What is connected")


def test_the_purse_gives_way(visit: Visit) -> None:
    with visit("/instances?part=merge&purse=95") as page:
        assert page.get_by_text("purse, sure to 0.95, keeps 6 of its 6 pixels as 2·1").count() == 1
        page.get_by_role("spinbutton", name="How sure of the purse").fill("60")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=purse, sure to 0.60, is dropped")


def test_networks_in_a_worker_see_what_is_shipped(workers: Any, tmp_path: Path) -> None:
    """A worker's answer to scene 0 is the file that the page begins with."""
    from seglab.infer.instances import networks

    out = tmp_path / "chances.npz"
    files = {name: str(path) for name, path in networks(ASSETS).items()}
    task = {"weights": files, "data": "cells", "number": 0, "size": 96, "difficulty": 0.5, "out": str(out)}
    workers.submit("chances", **task).result(timeout=120)
    mine, shipped = unpacked(out.read_bytes()), unpacked((ASSETS / "instances" / "scene-0.npz").read_bytes())
    assert list(mine) == list(shipped)
    for name, one in mine.items():
        assert np.abs(one - shipped[name]).max() <= 2 / 255, name


def test_the_rows_are_plain(tmp_path: Path) -> None:
    told = json.loads((ASSETS / "studies" / "instances.json").read_text(encoding="utf-8"))
    assert {row["seed"] for row in told["rows"]} == {0, 1, 2, 3, 4}
