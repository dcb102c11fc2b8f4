"""The experiments of the page Compare: that arms differ only in what they say, and that what is measured is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import wait_for
from scipy import ndimage

from seglab.bench import experiments as bench
from seglab.data.cells import cells
from seglab.data.domains import DOMAINS
from seglab.infer.compared import compared
from seglab.infer.predict import segment
from seglab.nets import build
from seglab.train import jobs
from seglab.train.asked.networks import experiment_rows
from seglab.train.batches import make_batch
from seglab.train.config import TrainConfig
from seglab.train.experiment import ROW, SEEDS, Experiment, Setting
from seglab.train.experiment_rows import held_out, masks, measured, measured_file
from seglab.train.experiments import EXPERIMENTS
from seglab.train.metrics import Scores
from seglab.train.repeated import missing, name_of, queue_missing, repeated, rows_of, seconds_each, stop_all
from seglab.train.separation import Separation, line_f, separation, thin
from seglab.train.shipped_runs import looked_at, read_shipped, stretched, thinned
from seglab.train.store import Point, Store
from seglab.train.study import read_rows
from seglab.train.trainer import Trainer
from seglab.ui.compare_subjects import shipped_subject

ASSETS = Path(__file__).parents[1] / "assets" / "studies"
TINY: dict[str, Any] = {"steps": 3, "width": 4, "depth": 1, "size": 32, "images": 4, "batch": 2}


def small(name: str, **changes: Any) -> Experiment:
    plan = EXPERIMENTS[name]
    return replace(plan, base=replace(plan.base, **{**TINY, **changes}))


# -- what is trained ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_arms_differ_only_in_what_they_say(name: str) -> None:
    plan = EXPERIMENTS[name]
    configs = [plan.config(arm, x, 3) for arm, x in plan.shown.values()]
    differ = {field.name for field in fields(TrainConfig) if len({getattr(config, field.name) for config in configs}) > 1}
    said = {setting for changes in plan.changes.values() for setting in changes} | ({plan.setting} if plan.setting else set())
    assert differ == {setting for setting in said if len({getattr(config, setting) for config in configs}) > 1} != set()
    assert len(set(configs)) == len(configs)
    assert all(plan.config(arm, x, 4) == replace(plan.config(arm, x, 3), seed=4) for arm, x in plan.shown.values())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_plan_says_what_is_trained(name: str) -> None:
    plan = EXPERIMENTS[name]
    assert str(plan.base.images) in plan.study.data
    assert f"{plan.base.steps} steps" in plan.study.length
    assert set(plan.changes) == set(plan.study.arms)
    assert not plan.told[0] or set(plan.told[1]) == set(plan.study.arms)
    assert len(plan.settings()) == len(plan.study.cases) <= 20  # as many as one visitor's runs may wait
    assert [setting.seed for setting in plan.settings((0, 1))] == sorted(setting.seed for setting in plan.settings((0, 1)))


@pytest.mark.parametrize("name", ["skips", "decoders", "depth"])
def test_a_seed_brings_the_same_batches_and_the_same_encoder(name: str) -> None:
    plan, batches, weights = small(name), [], []
    for arm, x in list(plan.shown.values())[:3]:
        trainer = Trainer(plan.config(arm, x, 5))
        batches.append(make_batch(trainer.data, trainer.config, 2, {}))
        weights.append(trainer.model.state_dict()["encoder.0.0.weight"])
        trainer.close()
    for batch, weight in zip(batches[1:], weights[1:], strict=True):
        assert np.array_equal(batch.images, batches[0].images)
        assert np.array_equal(batch.labels, batches[0].labels)
        assert torch.equal(weight, weights[0])
    other = Trainer(plan.config(*next(iter(plan.shown.values())), 6))
    other.close()
    assert not torch.equal(other.model.state_dict()["encoder.0.0.weight"], weights[0])


def test_where_all_shapes_agree_a_seed_begins_with_the_same_weights() -> None:
    plan, states = small("skips"), []
    for arm in ("none", "add"):
        trainer = Trainer(plan.config(arm, None, 1))
        trainer.close()
        states.append(trainer.model.state_dict())
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


# -- what is measured --------------------------------------------------------------------------------------------------


def test_cells_are_counted_by_hand() -> None:
    truth = np.array([[1, 1, 0, 2, 2, 0, 3, 3, 0, 4]] * 3)
    found = np.array([[1, 1, 0, 1, 1, 1, 1, 1, 0, 0]] * 3)
    assert separation(found, truth, 1) == Separation(objects=4, separated=1, merged=2)  # 1 is kept apart, 2 and 3 are one, 4 is missed
    assert separation(found, truth, 4) == Separation(objects=3, separated=1, merged=2)  # 4 has three pixels
    assert separation(truth > 0, truth, 1) == Separation(4, 4, 0)
    assert separation(np.zeros_like(truth), truth, 1) == Separation(4, 0, 0)
    with pytest.raises(ValueError, match=r"shape \(1, 2\): the objects have \(2, 1\)"):
        separation(np.zeros((1, 2), int), np.zeros((2, 1), int))


@pytest.mark.parametrize("seed", range(4))
def test_cells_are_counted_as_scipy_labels_them(seed: int) -> None:
    """One piece and one cell at a time, on masks that are grown, shrunk and riddled."""
    truth = cells(seed, 64).instances
    assert truth is not None
    rng = np.random.default_rng(seed)
    inside = truth > 0
    mask = {0: ndimage.binary_dilation(inside), 1: ndimage.binary_erosion(inside), 2: inside, 3: inside & (rng.random((64, 64)) < 0.8)}[
        seed
    ]
    pieces, count = ndimage.label(mask)
    objects = [truth == number for number in range(1, truth.max() + 1) if (truth == number).sum() >= 16]
    parts = [pieces == number for number in range(1, count + 1)]
    alone = sum(any((one & part).sum() / (one | part).sum() > 0.5 for part in parts) for one in objects)
    holders = [[place for place, part in enumerate(parts) if (one & part).sum() * 2 > one.sum()] for one in objects]
    together = sum(any(sum(place in other for other in holders) > 1 for place in mine) for mine in holders)
    assert separation(mask.astype(np.uint8), truth) == Separation(len(objects), alone, together)
    assert seed or together > 0


def test_thin_is_what_no_square_covers() -> None:
    mask = DOMAINS["vessels"].make(3, 48, 0.5).mask
    inside = np.pad(mask > 0, 2, mode="edge")
    found = np.zeros(mask.shape, bool)
    for row, column in product(range(48), range(48)):
        squares = [
            inside[row + 2 - down : row + 5 - down, column + 2 - right : column + 5 - right].all()
            for down, right in product(range(3), repeat=2)
        ]
        found[row, column] = mask[row, column] > 0 and not any(squares)
    assert 0.1 < found.sum() / mask.sum() < 0.9
    assert np.array_equal(thin(mask), found)


def test_a_line_may_be_one_step_off() -> None:
    line = np.zeros((9, 9), int)
    line[4] = 1
    assert line_f(line, line) == line_f(np.roll(line, 1, axis=0), line) == 1
    assert line_f(np.roll(line, 2, axis=0), line) == 0
    half = line * (np.arange(9) < 3)
    assert line_f(half, line) == pytest.approx(2 * 1 * (4 / 9) / (1 + 4 / 9))  # 3 of 9 pixels, and one beside them


def test_a_row_holds_the_scores_of_the_held_out_scenes() -> None:
    config = replace(EXPERIMENTS["weights"].config("plain", None, 0), **TINY)
    torch.manual_seed(0)
    model = build(config.architecture(1, 2)).eval()
    scenes = held_out("cells", 32, config.difficulty)
    found, truths = masks(model, [scene.image for scene in scenes]), np.stack([scene.mask for scene in scenes])
    scores, row = Scores.of(found, truths, 2), measured(model, config)
    assert row["mean_iou"] == pytest.approx(scores.mean_iou, abs=1e-4)
    assert row["boundary"] == pytest.approx(scores.mean_boundary, abs=1e-4)
    assert row["parameters"] == sum(parameter.numel() for parameter in model.parameters())
    counts = np.sum([separation(mask, scene.instances) for mask, scene in zip(found, scenes, strict=True)], axis=0)
    assert (row["separated"], row["merged"]) == pytest.approx((counts[1] / counts[0], counts[2] / counts[0]), abs=1e-4)
    assert "known" in row  # four training images
    assert "thin" not in row
    assert set(measured(model, replace(config, images=64))) == set(row) - {"known"}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_measure_of_a_plan_is_measured(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seglab.train.experiment_rows.TESTED", 2)
    held_out.cache_clear()
    plan = small(name, images=min(8, EXPERIMENTS[name].base.images), steps=1)
    arm, x = next(iter(plan.shown.values()))
    row = bench.row(plan, arm, x, 0, keep=False)
    held_out.cache_clear()
    assert {measure.name for measure in plan.study.measures} <= set(row)


# -- queued, measured, shipped -----------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path, workers: jobs.Workers) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    for run in made.runs():
        if run.open:
            made.update(run.id, wish="stop")
            wait_for(lambda run=run: not made.alive(run.id))


def test_a_press_trains_and_measures_what_is_shipped(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same configurations come to the same digits, in the worker as in the measurement that is shipped."""
    plan = small("skips")
    assert queue_missing(store, plan, "token", (0,)) == (3, "")
    assert queue_missing(store, plan, "token", (0,)) == (0, "")  # all are under way
    wait_for(lambda: len(repeated(store, plan, "token").finished) == 3, seconds=240, told=lambda: str(store.runs()))
    there = repeated(store, plan, "token")
    assert repeated(store, plan, "somebody").runs == {}
    assert not missing(there, plan, (0,))
    assert len(missing(there, plan)) == 12
    assert rows_of(store, there) == []
    experiment_rows(store, [run.id for run in there.unmeasured]).result(timeout=60)
    rows = rows_of(store, repeated(store, plan, "token"))
    monkeypatch.setattr(bench, "STUDIES", tmp_path)
    for row in rows:
        made = bench.row(plan, row["arm"], row["x"], row["seed"])
        assert {name: row[name] for name in made if name != "seconds"} == pytest.approx({n: v for n, v in made.items() if n != "seconds"})
    shipped = read_shipped(tmp_path / "runs" / "skips.add.npz")
    run = there.finished[Setting("add", None, 0)]
    seen = store.snapshot(run.id)
    assert seen is not None
    for one, other in ((shipped.snapshot.images, seen.images), (shipped.snapshot.truths, seen.truths)):
        assert np.array_equal(one, other)
    assert np.array_equal(shipped.snapshot.predictions, seen.predictions)
    assert shipped.config == run.config
    each = seconds_each(there, [])
    assert each is not None
    assert each[1]


def test_a_run_that_cannot_be_measured_says_why(store: Store) -> None:
    plan = small("weights")
    first = plan.settings()[0]
    run = store.create(plan.config(*first), "token", name_of(plan, first), status="finished")
    experiment_rows(store, [run.id]).result(timeout=60)
    there = repeated(store, plan, "token")
    assert list(there.refused) == [first]
    assert str(store.folder) not in there.refused[first]
    assert rows_of(store, there) == []
    assert there.unmeasured == []
    assert store.run(run.id).results[ROW]["refused"]


def test_what_has_no_room_in_the_queue_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "advance", lambda store: None)
    store, plan = Store(tmp_path), EXPERIMENTS["decoders"]
    for _ in range(8):
        store.create(TrainConfig(), "token")
    queued, why = queue_missing(store, plan, "token")
    assert queued == 12
    assert "20 runs of yours are waiting already" in why
    there = repeated(store, plan, "token")
    assert {setting.seed for setting in there.open} == {0, 1, 2}  # whole seeds first
    stop_all(store, there, "token")
    assert {run.status for run in repeated(store, plan, "token").runs.values()} == {"stopped"}
    assert len(missing(repeated(store, plan, "token"), plan)) == 20  # what was stopped can be queued again


def test_networks_are_compared_on_a_new_scene(tmp_path: Path) -> None:
    from seglab.train.weights import write_checkpoint

    config = TrainConfig(**TINY)
    trainer = Trainer(config)
    trainer.close()
    write_checkpoint(tmp_path / "a.safetensors", trainer.copy(), config, ("background", "cell"))
    (tmp_path / "b.safetensors").write_bytes(b"nothing")
    paths = [tmp_path / "b.safetensors", tmp_path / "a.safetensors", tmp_path / "gone"]
    told, drawn = compared(paths, "shapes", 1, 32, 0.5)  # coloured, for a network of grey images
    assert told["classes"] == {"1": 2}
    assert set(told["refused"]) == {"0", "2"}
    assert all("its file of weights" in why.lower() and str(tmp_path) not in why for why in told["refused"].values())
    assert set(drawn) == {"image", "truth", "mask-1"}
    row = measured_file(tmp_path / "a.safetensors")
    trainer.model.eval()
    image = held_out("cells", 32, 0.5)[0].image
    assert np.array_equal(masks(trainer.model, [image])[0], segment(trainer.model, image, shrink=1).mask)
    assert row == measured(trainer.model, config)


def test_shown_images_are_those_of_a_run() -> None:
    config = TrainConfig(data="shapes", size=32, target="borders", shift=3)
    images, truths = looked_at(config, 2)
    trainer = Trainer(replace(config, images=2, batch=1, width=4, depth=1))
    trainer.close()
    seen = trainer.look()
    assert np.array_equal(truths, seen["truths"][:2])
    assert np.array_equal(images, stretched(list(seen["images"][:2])))


def test_a_thinned_curve_keeps_what_was_looked_at() -> None:
    points = [Point(step, float(step), loss=1.0, mean_iou=0.5 if step % 50 == 0 else None) for step in range(1, 301)]
    kept = thinned(points)
    assert [point.step for point in kept if point.mean_iou] == [50, 100, 150, 200, 250, 300]
    assert 55 <= len(kept) <= 65
    assert thinned([]) == ()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_shipped_set_is_whole(name: str) -> None:
    plan = EXPERIMENTS[name]
    rows = read_rows(ASSETS / f"{name}.json", plan.study)
    assert {Setting(row["arm"], row.get("x"), row["seed"]) for row in rows} == set(plan.settings(SEEDS))
    assert all(measure.name in row for row in rows for measure in plan.study.measures)
    for shown, (arm, x) in plan.shown.items():
        subject = shipped_subject(f"{name}.{shown}")
        assert subject.config == plan.config(arm, x, SEEDS[0])
        assert subject.parameters == next(row["parameters"] for row in rows if (row["arm"], row.get("x")) == (arm, x))
        assert (ASSETS / "runs" / f"{name}.{shown}.npz").stat().st_size < 30_000
