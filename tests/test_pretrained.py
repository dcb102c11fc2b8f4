"""A head start: what an encoder brings along, what fits, what is frozen, and what the page says of the measurements."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from conftest import wait_for
from safetensors import safe_open
from test_pages import findings, sideways

from seglab.bench.pretrained import labelled
from seglab.data.sets import DataSet
from seglab.data.shipped import assets
from seglab.lessons.labs.pretrained import NETS, ask_labels, encoder_weights
from seglab.nets import Architecture, build
from seglab.nets.encoder_classifier import SHIPPED, EncoderClassifier
from seglab.train.config import TrainConfig, refuse_unfit
from seglab.train.encoder import bring, encoder_tensors, read_encoder, write_encoder
from seglab.train.loop import fit
from seglab.train.network import ENCODER, begun, network
from seglab.train.pretrained_study import BASE, ELSEWHERE, FEW, LONG
from seglab.train.pretraining import accuracy, classified_shapes, pretrain
from seglab.train.trainer import Trainer

Visit = Callable[..., Any]
FILE = assets() / "networks" / ENCODER
SMALL = TrainConfig(
    data="shapes", width=8, images=4, size=32, batch=2, steps=4, encoder="pretrained", device="cpu", precision="float32", threads=1
)


def weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("kind", ["unet", "segnet", "fcn8s"])
def test_the_encoder_is_the_file_s_and_all_else_is_the_random_start_s(kind: str) -> None:
    config = replace(SMALL, kind=kind, seed=3)
    brought, random = begun(config, 3, 5).state_dict(), begun(replace(config, encoder="random"), 3, 5).state_dict()
    with safe_open(FILE, "pt") as file:
        names = set(file.keys()) & set(brought)  # a SegNet has no bottleneck
        for name in brought:
            same = torch.equal(brought[name], file.get_tensor(name).to(brought[name].dtype)) if name in names else None
            assert same is not False, name
            if name not in names:
                assert torch.equal(brought[name], random[name]), name
        assert len(names) == (36 if kind == "segnet" else 48)
    assert not torch.equal(brought["encoder.0.0.weight"], random["encoder.0.0.weight"])


def test_frozen_stays_as_it_is_while_the_decoder_learns() -> None:
    moved = {}
    for encoder in ("pretrained", "frozen"):
        trainer = Trainer(replace(SMALL, encoder=encoder))
        try:
            before = weights(trainer.model)
            for _ in range(3):
                trainer.train_step()
            moved[encoder] = {name: not torch.equal(before[name], now) for name, now in weights(trainer.model).items()}
        finally:
            trainer.close()
    assert all(moved["pretrained"].values())
    assert all(change != name.startswith(("encoder", "bottleneck")) for name, change in moved["frozen"].items())


def test_a_frozen_run_is_taken_apart_and_resumed_like_any_other() -> None:
    config, saved, anatomy = replace(SMALL, encoder="frozen"), None, None
    events = fit(config)
    losses: list[float] = []
    event: Any = next(events)
    while event is not None:
        losses += [event.data["loss"]] if event.kind == "step" else []
        saved = event.data["checkpoint"] if event.kind == "checkpoint" and event.step == 2 else saved
        anatomy = event.data if event.kind == "anatomy" else anatomy
        wishes = ["checkpoint", "anatomy"] if event.kind == "step" and event.step == 2 else None
        try:
            event = events.send(wishes)
        except StopIteration:
            event = None
    assert anatomy is not None
    assert anatomy["weight"]["name"].startswith("decoder.0.0.weight"), "the first convolution that learns"
    assert saved is not None
    again = [event.data["loss"] for event in fit(config, resume=saved) if event.kind == "step"]
    assert again == losses[2:]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"width": 16}, "width=16 does not fit the pretrained encoder: width=8 does, or encoder='random'"),
        ({"depth": 2}, "depth=2 does not fit the pretrained encoder: depth=3 does"),
        ({"kernel_size": 5}, "kernel_size=5 does not fit the pretrained encoder: kernel_size=3 does"),
        ({"norm": "group"}, "norm='group' does not fit the pretrained encoder: norm='batch' does"),
        ({"data": "cells"}, "data='cells' is grey, and the pretrained encoder reads colours: shapes or landcover or vessels would do"),
        ({"encoder": "imagenet"}, "encoder='imagenet' is unknown: random, pretrained or frozen"),
    ],
)
def test_what_does_not_fit_is_said_with_what_would(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match="encoder") as error:
        TrainConfig(**{**SMALL.as_json(), **changes})
    assert told in str(error.value)


def test_a_folder_of_grey_images_is_refused_once_it_is_opened() -> None:
    config = replace(SMALL, data="some/folder")
    refuse_unfit(config, 3)
    with pytest.raises(ValueError, match="is grey, and the pretrained encoder reads colours"):
        begun(config, 1, 2)


def test_shapes_decide_what_is_brought() -> None:
    tensors = read_encoder(FILE)
    wide = build(Architecture(3, 5, 3, 16))
    with pytest.raises(ValueError, match=r"encoder.0.0.weight has shape \(16, 3, 3, 3\): the encoder's is \(8, 3, 3, 3\)"):
        bring(wide, tensors)
    with pytest.raises(ValueError, match="has no counterpart in the encoder"):
        bring(build(Architecture(3, 5, 4, 8)), tensors)
    fitting = network(SMALL, 3, 5)
    assert bring(fitting, tensors) == 73_848 == sum(p.numel() for n, p in fitting.named_parameters() if n[0] in "eb")


def test_the_file_is_small_and_its_classifier_knew_its_task(tmp_path: Any) -> None:
    assert FILE.stat().st_size <= 300_000
    with safe_open(FILE, "pt") as file:
        assert json.loads(file.metadata()["encoder"])["accuracy"] > 0.95
        assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.float16, torch.int64}  # noqa: SIM118
    with pytest.raises(ValueError, match="holds no encoder"):
        read_encoder(assets() / "networks" / "shapes.safetensors")
    with pytest.raises(ValueError, match="is not there"):
        read_encoder(tmp_path / "gone")


def test_pretraining_learns_and_is_written_as_it_was(tmp_path: Any) -> None:
    images, labels = classified_shapes(0, 96)
    seen: list[float] = []
    model = pretrain(images, labels, 12, watch=lambda step, loss: seen.append(loss))
    assert len(seen) == 12
    assert min(seen[6:]) < seen[0]
    assert 0 <= accuracy(model, images, labels) <= 1
    write_encoder(tmp_path / "own", model, {})
    for name, tensor in read_encoder(tmp_path / "own").items():
        torch.testing.assert_close(tensor, encoder_tensors(model)[name], rtol=1e-3, atol=1e-6, check_dtype=False)


def test_every_seed_labels_images_of_its_own_and_more_begin_with_fewer() -> None:
    def first(images: int, seed: int) -> list[float]:
        data: DataSet = labelled(replace(BASE, images=images, seed=seed))
        assert data.train_count == images
        return [float(data.train(number)[0].sum()) for number in range(4)]

    assert first(4, 0) == first(64, 0) != first(4, 1)


def test_the_question_counts_what_torch_counts() -> None:
    for width, depth in NETS:
        model = EncoderClassifier(replace(SHIPPED, width=width, depth=depth), 4)
        assert encoder_weights(width, depth) == sum(p.numel() for p in model.parameters() if p.dim() == 4)
    assert ask_labels(0).right == f"{4 * 15 * 60 // 5}"


def rows(values: dict[tuple[str, float | None], float]) -> list[dict[str, Any]]:
    found = [
        {"arm": arm, "seed": seed, "mean_iou": mean + 0.01 * (seed - 2), **({} if x is None else {"x": x})}
        for (arm, x), mean in values.items()
        for seed in range(5)
    ]
    for number, row in enumerate(found):  # so that a difference of two arms is no constant
        row["mean_iou"] += 0.001 * (number * 7 % 5 - 2)
    return found


def test_what_the_page_says_follows_the_numbers() -> None:
    from seglab.ui.pretrained import abroad, caught_up, saved

    few = {("random", x): y for x, y in zip(FEW.xs, (0.2, 0.3, 0.4, 0.5), strict=True)}
    tuned = {("pretrained", x): y for x, y in zip(FEW.xs, (0.25, 0.3, 0.5, 0.7), strict=True)}
    kept = {("frozen", x): y for x, y in zip(FEW.xs, (0.38, 0.4, 0.45, 0.5), strict=True)}
    assert "*pretrained and frozen* reaches 0.38; a random start needs 16 for as much" in saved(rows({**few, **tuned, **kept}))
    assert "With 4 images frozen is better" in saved(rows({**few, **tuned, **kept}))
    assert "nothing is saved here" in saved(rows({**dict.fromkeys(few, 0.6), **tuned, **kept}))
    better = dict.fromkeys(kept, 0.6)
    assert "in as many steps a random start has 0.50 with 64" in saved(rows({**few, **tuned, **better}))
    assert "With 64, learning on is better" in saved(rows({**few, **tuned, **kept}))
    assert "With 64, so it is too" in saved(rows({**few, **tuned, **better, ("frozen", 64): 0.8}))
    gaps = (0.3, 0.2, 0.0, 0.0)
    long = {("random", x): 0.5 - gap for x, gap in zip(LONG.xs, gaps, strict=True)} | {("pretrained", x): 0.5 for x in LONG.xs}
    assert f"After {LONG.xs[-1]:g} steps the random start has caught up (0.50)" in caught_up(rows(long))
    behind = {("random", x): y for x, y in zip(LONG.xs, (0.1, 0.2, 0.3, 0.4), strict=True)}
    ahead = {("pretrained", x): y for x, y in zip(LONG.xs, (0.2, 0.35, 0.5, 0.6), strict=True)}
    assert f"reaches 0.40, more than the pretrained one after {LONG.xs[1]:g} (0.35)" in caught_up(rows(behind | ahead))
    assert "still 0.20 behind" in caught_up(rows(behind | ahead))
    assert "Frozen, it even harms" in abroad(rows({("random", None): 0.5, ("pretrained", None): 0.5, ("frozen", None): 0.3}))
    assert "of use elsewhere" in abroad(rows({("random", None): 0.5, ("pretrained", None): 0.7, ("frozen", None): 0.5}))
    assert "no advantage" in abroad(rows({("random", None): 0.5, ("pretrained", None): 0.5, ("frozen", None): 0.5}))


@pytest.mark.parametrize("study", [FEW, LONG, ELSEWHERE], ids=lambda study: study.name)
def test_what_is_shipped_was_measured_as_it_was_planned(study: Any) -> None:
    from seglab.train.study import complete, read_rows

    told = json.loads((assets() / "studies" / f"{study.name}.json").read_text(encoding="utf-8"))
    assert (told["plan"]["data"], told["plan"]["length"]) == (study.data, study.length)
    assert complete(study, read_rows(assets() / "studies" / f"{study.name}.json", study))


def test_the_page_brings_its_setting_to_the_laboratory(visit: Visit) -> None:
    with visit("/pretrained?part=fits") as page:
        page.get_by_text("73,848 of 121,213 parameters").wait_for()
        page.get_by_role("button", name="Pretrained and frozen, 8 images").click()
        page.wait_for_url("**/train**")
        page.get_by_text("Encoder frozen", exact=False).first.wait_for()
        page.get_by_text("The same from the command line").click()
        wait_for(lambda: "--encoder frozen" in page.locator("[data-testid=stCode]").first.inner_text(), page)


@pytest.mark.parametrize("part", ["masks", "fits", "filters", "%3Cb%3E&by=nonsense&scene=99&measure=x"])
def test_all_parts_of_the_page_and_nonsense(part: str, visit: Visit) -> None:
    with visit(f"/pretrained?part={part}", 390, "dark") as page:
        assert sideways(page) == []
        assert findings(page) == []
