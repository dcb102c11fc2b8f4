"""Studies: what seeds can say, and how a study is measured, stored and drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from seglab.bench.study import run_study
from seglab.train.study import Measure, Row, Study, complete, differences, interval, read_rows, values, verdict, verdicts

IOU, LOSS = Measure("iou", "mean IoU"), Measure("loss", "loss", better="lower")
ARMS = {"none": "no skips", "add": "added skips", "concat": "skips side by side"}
PLAN = Study("skips", "Skips", "What do skips do?", "", "cells.", "10 steps.", ARMS, (IOU, LOSS))
OVER = replace(PLAN, arms={"u": "a U-Net"}, reference="u", axis="pixels of shift", xs=(0, 1, 4))
GAIN = {"none": 0.0, "add": 0.1, "concat": 0.001}


def measured(arm: str, x: float | None, seed: int) -> dict[str, float]:
    noise = float(np.random.default_rng([seed, len(arm)]).normal(0, 0.01))
    return {"iou": 0.5 + GAIN.get(arm, 0) - 0.05 * (x or 0) + noise, "loss": 1 - GAIN.get(arm, 0) - noise}


def rows_of(plan: Study) -> list[Row]:
    return [{"arm": arm, "x": x, "seed": seed, **measured(arm, x, seed)} for arm, x, seed in plan.cases]


def test_an_interval_is_students() -> None:
    numbers = [0.71, 0.69, 0.75, 0.72, 0.68]
    low, high = stats.t.interval(0.95, 4, np.mean(numbers), stats.sem(numbers))
    found = interval(numbers)
    assert (found.mean - found.reach, found.mean + found.reach) == pytest.approx((low, high), abs=1e-12)
    assert np.isnan(interval([]).mean)


def test_one_seed_says_nothing_for_sure() -> None:
    rows = [row for row in rows_of(PLAN) if row["seed"] == 0]
    assert "no difference in mean IoU that these seeds can show (" in verdict(PLAN, rows, "iou", "add")


def test_differences_are_paired_by_seed() -> None:
    """Seeds differ far more than arms do: unpaired they could say nothing."""
    rows = [{"arm": arm, "seed": seed, "iou": seed + 0.01 * (arm == "add")} for seed in range(5) for arm in ("none", "add")]
    assert differences(rows, "iou", "add", "none") == pytest.approx((0.01, 0), abs=1e-12)
    assert differences(rows[:3], "iou", "add", "none").mean == pytest.approx(0.01)  # the seed without its partner is left out


def test_verdicts_follow_from_the_intervals() -> None:
    rows = rows_of(PLAN)
    added, beside = verdicts(PLAN, rows, "iou")
    assert added.startswith("**added skips** against no skips: mean IoU higher by 0.0")
    assert added.endswith("better.")
    assert "no difference in mean IoU that these seeds can show" in beside
    assert verdicts(PLAN, rows, "loss")[0].endswith("better.")  # lower, which is better here
    worse = verdict(PLAN, rows, "iou", "none", reference="add")
    assert "mean IoU lower by 0.0" in worse
    assert worse.endswith("worse.")
    assert verdict(PLAN, [], "iou", "add").endswith("not measured yet.")


def test_a_single_arm_is_compared_along_its_axis() -> None:
    said = verdicts(OVER, rows_of(OVER), "iou")
    assert len(said) == 2
    assert said[1].startswith("**a U-Net at 4 pixels of shift** against 0: mean IoU lower by 0.2")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seeds": (0, 1, 2, 2, 1)}, "3 seeds are too few for skips: 5 at least"),
        ({"measures": ()}, "skips has no measure: one at least"),
        ({"reference": "sum"}, "reference='sum' is unknown: none, add, concat"),
        ({"axis": "images"}, "skips has an axis without places: both or neither"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(change: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        replace(PLAN, **change)  # type: ignore[arg-type]


def test_measuring_goes_on_where_it_stopped(tmp_path: Path) -> None:
    place, asked = tmp_path / "skips.json", []

    def until(most: int) -> list[Row]:
        def one(arm: str, x: float | None, seed: int) -> dict[str, float]:
            if len(asked) == most:
                raise KeyboardInterrupt
            asked.append((arm, x, seed))
            return measured(arm, x, seed)

        return run_study(OVER, one, place)

    with pytest.raises(KeyboardInterrupt):
        until(4)
    assert not complete(OVER, read_rows(place, OVER))
    rows = until(99)
    assert asked == OVER.cases
    assert complete(OVER, rows)
    assert rows == read_rows(place, OVER)
    assert values(rows, "iou", "u", 4)[3] == round(measured("u", 4, 3)["iou"], 4)
    assert read_rows(place, replace(OVER, xs=(0, 1))) == [row for row in rows if row["x"] < 4]  # the others are of another plan
