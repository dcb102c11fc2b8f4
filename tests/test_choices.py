"""Every choice of a training does what it says: the optimisers, schedules, targets, precision, and wishes while it runs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_training import SMALL, losses

from seglab.data.sets import DataSet, open_set
from seglab.nets.choices import KINDS
from seglab.train.config import TrainConfig
from seglab.train.inside import blocks
from seglab.train.loop import Event, fit
from seglab.train.network import network
from seglab.train.schedule import learning_rate
from seglab.train.trainer import DivergedError, Trainer
from seglab.ui.watch import blocks as blocks_told


def only(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event.kind == kind]


@pytest.mark.parametrize(
    "changes",
    [
        {"norm": "group"},
        {"norm": "none"},
        {"skip": "add"},
        {"skip": "none"},
        {"upsampling": "nearest"},
        {"upsampling": "bilinear"},
        {"upsampling": "unpool"},
        {"padding": "valid", "size": 60},
        {"kind": "segnet"},
        {"kind": "fcn32s"},
        {"kind": "fcn16s", "upsampling": "bilinear"},
        {"kind": "fcn8s", "depth": 3},
        {"kernel_size": 5},
        {"loss": "weighted"},
        {"loss": "dice"},
        {"loss": "focal"},
        {"loss": "sum"},
        {"class_weights": True},
        {"optimiser": "sgd", "learning_rate": 0.05},
        {"schedule": "linear"},
        {"schedule": "constant"},
        {"target": "borders"},
        {"target": "interiors"},
        {"shift": 3},
        {"flips": False},
        {"rotation": 30.0, "scale": 0.2, "elastic": 3.0, "brightness": 0.2, "noise": 0.2},
        {"precision": "float32"},
    ],
    ids=lambda changes: "-".join(f"{name}={value}" for name, value in changes.items()),
)
def test_every_choice_changes_the_curve_and_is_the_same_again(changes: dict) -> None:
    config = TrainConfig(**{**SMALL.as_json(), **changes})
    once = list(fit(config))
    assert losses(once) == losses(list(fit(config)))
    assert losses(once) != losses(list(fit(SMALL)))
    assert all(math.isfinite(loss) for loss in losses(once))
    assert only(once, "end")[0].step == SMALL.steps


def test_an_fcn_may_begin_at_random() -> None:
    fcn = TrainConfig(**{**SMALL.as_json(), "kind": "fcn16s"})
    assert losses(list(fit(replace(fcn, start="random")))) != losses(list(fit(fcn)))
    assert losses(list(fit(replace(SMALL, start="random")))) == losses(list(fit(SMALL))), "elsewhere it means nothing"


def test_an_encoder_may_be_brought_along_and_frozen() -> None:
    shapes = TrainConfig(**{**SMALL.as_json(), "data": "shapes", "depth": 3, "width": 8})
    curves = [losses(list(fit(replace(shapes, encoder=encoder)))) for encoder in ("random", "pretrained", "frozen", "pretrained")]
    assert curves[0] != curves[1] != curves[2] != curves[0]
    assert curves[1] == curves[3]
    assert curves[1][0] == curves[2][0], "they begin alike, and only one learns on"


def test_the_learning_rate_follows_its_schedule() -> None:
    config = TrainConfig(**{**SMALL.as_json(), "steps": 40, "schedule": "linear", "width": 4, "images": 2, "batch": 1, "size": 32})
    told = [event.data["learning_rate"] for event in only(list(fit(config)), "step")]
    assert told == [learning_rate(config, step) for step in range(40)]
    assert told[-1] == pytest.approx(0.004 * (0.02 + 0.98 / 40))


def test_one_sgd_step_is_the_rule() -> None:
    """w - lr (g + 0.9 m): after the first step m is g."""
    config = TrainConfig(**{**SMALL.as_json(), "optimiser": "sgd", "precision": "float32"})
    trainer = Trainer(config)
    try:
        before = [p.detach().clone() for p in trainer.model.parameters()]
        rate = trainer.learning_rate
        trainer.train_step()
        for parameter, was in zip(trainer.model.parameters(), before):
            torch.testing.assert_close(parameter.detach(), was - rate * parameter.grad, rtol=1e-6, atol=1e-8)
    finally:
        trainer.close()


def sent(config: TrainConfig, wish: object, at: int) -> Iterator[Event]:
    """The events of a training into which `wish` is sent after step `at`."""
    events = fit(config)
    event: Event | None = next(events)
    while event is not None:
        yield event
        try:
            event = events.send(wish if event.kind == "step" and event.step == at else None)
        except StopIteration:
            event = None


def test_a_changed_learning_rate_holds_from_the_next_step_on() -> None:
    changed = only(list(sent(SMALL, [("learning_rate", 0.02)], 3)), "step")
    plain = only(list(fit(SMALL)), "step")
    rates = [event.data["learning_rate"] for event in changed], [event.data["learning_rate"] for event in plain]
    assert rates[0][:3] == rates[1][:3]
    assert rates[0][3:] == pytest.approx([5 * rate for rate in rates[1][3:]])
    assert losses(changed)[:4] == losses(plain)[:4], "the step that is under way has its own"
    assert losses(changed)[4] != losses(plain)[4]


def test_a_step_that_is_taken_apart_is_the_same_step() -> None:
    apart = list(sent(SMALL, ["anatomy"], 2))
    assert losses(apart) == losses(list(fit(SMALL)))
    told = only(apart, "anatomy")
    assert [event.step for event in told] == [3]
    assert told[0].data["loss"] == losses(apart)[2]
    assert told[0].data["learning_rate"] == only(apart, "step")[2].data["learning_rate"]


def test_a_loss_that_is_no_number_stops_the_training_before_it_does_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[int] = []

    def broken(logits: torch.Tensor, labels: torch.Tensor, weights: object) -> torch.Tensor:
        passed.append(1)
        return logits.square().mean() * (math.nan if len(passed) == 4 else 1)

    monkeypatch.setattr("seglab.train.trainer.make_loss", lambda *_: broken)
    trainer = Trainer(SMALL)
    try:
        for _ in range(3):
            trainer.train_step()
        with pytest.raises(DivergedError) as error:
            trainer.train_step()
        assert str(error.value) == (
            "the loss became nan at step 4: a learning rate lower than 0.00041 would be right; what was saved before is kept"
        )
        assert trainer.step == 3
        assert trainer.copy().step == 3, "the weights are still good"
    finally:
        trainer.close()


def test_weights_that_are_no_numbers_are_never_saved() -> None:
    trainer = Trainer(SMALL)
    try:
        trainer.train_step()
        with torch.no_grad():
            trainer.model.head.weight[0] = math.nan
        with pytest.raises(DivergedError, match="a weight is no number after step 1"):
            trainer.copy()
    finally:
        trainer.close()


def test_shifted_masks_are_learned_and_straight_ones_measured() -> None:
    """Validation masks stay where they are, so that what is measured shows the harm."""
    straight, moved = Trainer(SMALL), Trainer(replace(SMALL, shift=4))
    try:
        np.testing.assert_array_equal(straight.look()["truths"], moved.look()["truths"])
        one, other = straight.batches.next(), moved.batches.next()
        np.testing.assert_array_equal(one.images, other.images)
        assert (one.labels != other.labels).any()
    finally:
        straight.close()
        moved.close()


def test_borders_are_a_target_of_their_own() -> None:
    config = TrainConfig(**{**SMALL.as_json(), "data": "shapes", "target": "borders"})
    events = list(fit(config))
    assert only(events, "start")[0].data["classes"] == ["region", "border"]
    truths = only(events, "snapshot")[0].data["truths"]
    assert set(np.unique(truths)) == {0, 1}
    assert truths.mean() < 0.3


@pytest.mark.parametrize("data", ["cells", "shapes"])
def test_interiors_have_a_class_more(data: str) -> None:
    """What is asked for, taken together, is the mask, and no interior touches another class."""
    config = TrainConfig(**{**SMALL.as_json(), "data": data, "target": "interiors"})
    events = list(fit(config))
    known = open_set(data).classes
    assert only(events, "start")[0].data["classes"] == [*known, "border"]
    truths = only(events, "snapshot")[0].data["truths"]
    for truth, number in zip(truths, range(len(truths))):
        mask = open_set(data, size=SMALL.size, difficulty=SMALL.difficulty).validation(number)[1]
        border = truth == len(known)
        np.testing.assert_array_equal(truth[~border], mask[~border])
        assert border.any()
        assert (mask[border] > 0).all()
        for axis in (0, 1):
            one, other = np.moveaxis(truth, axis, 0)[:-1], np.moveaxis(truth, axis, 0)[1:]
            inside = ((one > 0) & (one < len(known))) | ((other > 0) & (other < len(known)))
            assert ((one == other) | (one == len(known)) | (other == len(known)))[inside].all()


@pytest.mark.parametrize("data", ["cells", "shapes"])
def test_what_is_seen_inside_moves(data: str) -> None:
    config = TrainConfig(**{**SMALL.as_json(), "data": data})
    first, last = (Trainer(config), Trainer(config))
    try:
        for _ in range(3):
            last.train_step()
        before, after = first.look(), last.look()
    finally:
        first.close()
        last.close()
    assert before["filters"].shape == ((4, 3, 3) if data == "cells" else (4, 3, 3, 3))
    assert list(before["maps"]) == list(blocks(first.model))
    assert {name: maps.shape for name, maps in before["maps"].items()} == {
        "encoder 1": (4, 48, 48), "encoder 2": (8, 24, 24), "bottleneck": (8, 12, 12), "decoder 2": (8, 24, 24), "decoder 1": (4, 48, 48),
    }  # fmt: skip
    assert (before["filters"] != after["filters"]).any()
    assert all((before["maps"][name] != after["maps"][name]).any() for name in before["maps"])


def test_maps_are_those_of_the_first_image() -> None:
    """Compared with the block run by hand."""
    trainer = Trainer(replace(SMALL, precision="float32"))
    try:
        told = trainer.look()
        image = told["images"][0]
        x = torch.from_numpy((image - image.mean()) / image.std())[None, None]
        with torch.no_grad():
            made = trainer.model.encoder[0](x)[0].numpy()
    finally:
        trainer.close()
    low, high = made.min((1, 2), keepdims=True), made.max((1, 2), keepdims=True)
    np.testing.assert_allclose(told["maps"]["encoder 1"], (made - low) / (high - low) * 255, atol=1.01)


def test_a_class_that_never_occurs_is_learned_around() -> None:
    """Three classes, of which the masks hold two: no loss becomes NaN, and the third is not counted."""
    one = open_set("cells", images=8, size=48)
    data = DataSet("three", 8, one.train, 4, one.validation, ("a", "b", "c"), ((0, 0, 0), (9, 9, 9), (99, 99, 99)), 1, True)
    for loss in ("cross-entropy", "weighted", "dice", "focal", "sum"):
        for weighted in (False, True):
            config = TrainConfig(**{**SMALL.as_json(), "loss": loss, "class_weights": weighted})
            events = list(fit(config, data))
            assert all(math.isfinite(value) for value in losses(events))
            assert 0 <= only(events, "end")[0].data["mean_iou"] <= 1
            assert only(events, "end")[0].data["scores"]["confusion"][2] == [0, 0, 0]


def test_masks_of_one_colour_are_learned_too() -> None:
    image = np.random.default_rng(0).random((48, 48), np.float32)
    empty = np.zeros((48, 48), np.uint8)
    data = DataSet("empty", 4, lambda _: (image, empty), 2, lambda _: (image, empty))
    for loss in ("cross-entropy", "weighted", "dice", "focal", "sum"):
        events = list(fit(TrainConfig(**{**SMALL.as_json(), "loss": loss, "class_weights": True}), data))
        assert all(math.isfinite(value) for value in losses(events))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [3, 4])
def test_the_pages_blocks_are_those_of_the_snapshots(kind: str, depth: int) -> None:
    config = TrainConfig(kind=kind, depth=depth, width=4)
    assert blocks_told(config) == list(blocks(network(config, 1, 2)))
