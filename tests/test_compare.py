"""The page Compare in a browser: shipped experiments, runs over each other, a repetition by a press."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import App, ready, wait_for
from test_pages import findings, sideways

from seglab.lessons.asking import pick
from seglab.lessons.labs.compare import COMPARE, NEITHER, PAIRS, A, B
from seglab.train.config import TrainConfig
from seglab.train.store import Point, Store
from seglab.train.study import interval
from seglab.ui.compare_curves import line, spread
from seglab.ui.compare_pictures import parted
from seglab.ui.compare_subjects import differing, keys_of, named, read_subjects

Visit = Callable[..., Any]
# The real app, but its experiments are so small that they end in seconds.
SMALL = """
import sys
from dataclasses import replace
from seglab.cli import main
from seglab.train.experiments import EXPERIMENTS
for name, one in EXPERIMENTS.items():
    base = replace(one.base, steps=2, width=4, depth=1, size=32, images=4, batch=2)
    EXPERIMENTS[name] = replace(one, base=base)
sys.exit(main())
"""


# -- what is compared --------------------------------------------------------------------------------------------------


def test_only_what_differs_is_named() -> None:
    one = TrainConfig(skip="add", depth=2, threads=1, seed=3)
    assert differing([one, TrainConfig(skip="add", depth=2, device="cpu", seed=3)]) == {}
    assert differing([one, TrainConfig(skip="none", depth=2, seed=4), one]) == {"skip": ["add", "none", "add"], "seed": [3, 4, 3]}
    assert differing([one]) == {}


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    runs = [store.create(TrainConfig(skip=skip), "token", "Cells") for skip in ("add", "none")]
    subjects, said = read_subjects(store, [run.id for run in runs], "token")
    assert said == []
    assert named(subjects) == ["A Cells, skip add", "B Cells, skip none"]
    assert [subject.belongs for subject in read_subjects(store, [runs[0].id], "another")[0]] == ["somebody else’s"]


def test_what_cannot_be_read_leaves_the_others(tmp_path: Path) -> None:
    store = Store(tmp_path)
    good, old, torn = (store.create(TrainConfig(), "token", name) for name in ("good", "old", "torn"))
    store.add_points(good.id, [Point(1, 0.1, loss=0.5)])
    with store._open() as database:
        database.execute("UPDATE runs SET config = ? WHERE id = ?", ('{"banana": 1}', old.id))
        database.execute("INSERT INTO snapshots VALUES (?, 1, '[1]', ?)", (torn.id, b"no picture"))
    subjects, said = read_subjects(store, [good.id, old.id, torn.id, "gone", "skips.banana", "banana.none"], "token")
    assert [subject.title for subject in subjects] == ["good", "torn"]
    assert subjects[1].snapshot is None
    assert len(said) == 4
    assert "another version of seglab" in said[0]
    assert "deleted" in said[1]
    assert all("none of those that are shipped" in sentence for sentence in said[2:])


def test_a_link_is_read_as_the_run_in_it() -> None:
    assert keys_of([" ab ", "https://x/train?lecture=1&run=c_9", "", "ab", *"defgh"]) == ["ab", "c_9", "d", "e", "f"]


def test_differences_of_two_masks() -> None:
    rng = np.random.default_rng(0)
    one, other, truth = (rng.integers(0, 3, (2, 9, 9)).astype(np.uint8) for _ in range(3))
    alone, beside, neither = parted(one, other, truth)
    assert np.array_equal(alone | beside | neither, one != other)
    assert not (alone & beside).any()
    assert alone.sum() - beside.sum() == (one == truth).sum() - (other == truth).sum()


@pytest.mark.parametrize("seed", range(5))
def test_names_at_the_ends_of_curves_do_not_meet(seed: int) -> None:
    heights = np.random.default_rng(seed).random(5).tolist()
    found = spread(heights)
    assert np.argsort(found).tolist() == np.argsort(heights).tolist()
    assert np.diff(np.sort(found)).min() > 0.149
    assert max(found) <= 1


def test_a_curve_over_seconds() -> None:
    points = [Point(10, 0.5, loss=1.0), Point(20, 1.5, mean_iou=0.25)]
    assert line(points, "seconds", "mean_iou") == ([1.5], [0.25])
    assert line(points, "steps", "loss") == ([10], [1.0])


def test_seeds_decide_the_question_of_seeds() -> None:
    question = COMPARE.questions[1]
    rights = []
    for turn in range(7):
        first, second = pick(turn, PAIRS[0], PAIRS[1:])
        found = interval([(one - other) / 100 for one, other in zip(first, second, strict=True)])
        rights.append(question(turn).right)
        assert rights[-1] == (NEITHER if abs(found.mean) <= found.reach else A if found.mean > 0 else B)
    assert set(rights) == {A, B, NEITHER}


# -- in a browser ------------------------------------------------------------------------------------------------------


def test_a_visitor_without_runs_sees_a_finished_experiment(visit: Visit) -> None:
    with visit("/compare", scheme="dark") as page:
        page.wait_for_selector(".js-plotly-plot .scatterlayer")
        assert page.get_by_text("addition against no skips: Mean IoU", exact=False).count() == 1
        page.get_by_text("about", exact=False).filter(has_text="15 trainings of 200 steps").wait_for()
        page.get_by_role("radio", name="Recall of thin vessels").click()
        page.get_by_text("concatenation against no skips: Recall of thin vessels", exact=False).wait_for()
        page.get_by_role("button", name="Lay their curves over each other").click()
        page.wait_for_selector("[aria-label='Final numbers of the runs']")
        ready(page)
        rows = page.locator("[aria-label='Final numbers of the runs'] tr").all_inner_texts()
        assert [row.split("\t")[0] for row in rows[1:4]] == ["A no skips", "B addition", "C concatenation"]
        assert rows[0].split("\t")[1] == "skips"  # the only setting that differs
        assert rows[4].startswith("every pixel background")
        assert page.locator(".js-plotly-plot").count() == 2
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 860})
            assert (sideways(page), findings(page)) == ([], [])


def test_nonsense_in_the_address(visit: Visit) -> None:
    link = "part=runs&runs=%3Cb%3E*nope*,../x,skips.none,skips.zzz,skips.add&over=banana&one=Z&other=%00&pictures=x&scene=-4"
    with visit(f"/compare?{link}") as page:
        wait_for(lambda: page.locator(".stAlert").count() >= 3, page)
        assert any("<b>*nope*" in text for text in page.locator(".stAlert").all_inner_texts())
        assert "A no skips" in page.locator("[aria-label='Final numbers of the runs']").inner_text()
        page.get_by_text("Where A and B differ").first.wait_for()
    with visit("/compare?part=banana&experiment=banana&measure=7&seeds=99") as page:
        page.wait_for_selector(".js-plotly-plot .scatterlayer")
        assert page.locator(".stAlert").count() == 0


@pytest.fixture(scope="module")
def small_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    served = App(tmp_path_factory.mktemp("small"), [sys.executable, "-c", SMALL])
    yield served
    served.stop()


def test_a_press_ends_in_rows(visit: Visit, small_app: App) -> None:
    with visit("/compare?experiment=weights&seeds=1", server=small_app) as page:
        page.get_by_text("2 trainings of 2 steps").wait_for()
        page.get_by_role("button", name="Queue 2 runs").click()
        page.get_by_text("Stars: 2 runs of this browser", exact=False).wait_for()
        page.get_by_text("All 2 runs of 1 seed are yours already.").wait_for()
        page.get_by_role("button", name="Lay your runs over each other").click()
        page.wait_for_selector("[aria-label='Final numbers of the runs']")
        ready(page)
        page.get_by_role("radio", name="A new scene").click()
        page.get_by_text("Where A and B differ").first.wait_for()
        assert "2 pixels" not in page.locator(".stAlert").all_inner_texts()
    runs = Store(small_app.home).runs()
    assert [run.status for run in runs] == ["finished"] * 2
    assert all("separated" in run.results["experiment"] for run in runs)
