"""The network, the loop, weights, prediction: numbers against torch, and the same run from the same seed."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from seglab.bench.plain import Plain
from seglab.data.cells import cells
from seglab.data.domains import DOMAINS
from seglab.data.sets import DataSet, open_set, unseen_scene
from seglab.infer.pictures import mask_file
from seglab.infer.predict import segment, tiled
from seglab.nets.unet import UNet
from seglab.train.batches import Batches, make_batch, standardised
from seglab.train.config import TrainConfig
from seglab.train.loop import Event, fit
from seglab.train.metrics import class_iou, mean_iou
from seglab.train.trainer import Checkpoint
from seglab.train.weights import load_model, read_checkpoint, write_checkpoint

SMALL = TrainConfig(steps=6, width=4, depth=2, images=8, batch=4, size=48, device="cpu", threads=1)


def losses(events: list[Event]) -> list[float]:
    return [event.data["loss"] for event in events if event.kind == "step"]


def test_the_same_seed_gives_the_same_curve_and_another_another() -> None:
    assert losses(list(fit(SMALL))) == losses(list(fit(SMALL)))
    assert losses(list(fit(SMALL))) != losses(list(fit(TrainConfig(**{**SMALL.as_json(), "seed": 1}))))


def test_a_resumed_run_goes_on_as_if_it_had_never_stopped() -> None:
    whole = losses(list(fit(SMALL)))
    events, seen, saved = fit(SMALL), [], None
    for event in events:
        if event.kind == "step":
            seen.append(event.data["loss"])
        if event.step == 3 and event.kind == "step":
            asked = events.send(["checkpoint"])
            while asked.kind != "checkpoint":
                asked = events.send(["checkpoint"])
            saved = asked.data["checkpoint"]
            break
    events.close()
    assert isinstance(saved, Checkpoint)
    rest = losses(list(fit(SMALL, resume=saved)))
    assert saved.step == 3
    np.testing.assert_allclose(seen + rest, whole, rtol=1e-6)


def test_events_come_in_order_and_the_last_is_the_end() -> None:
    events = list(fit(SMALL))
    assert events[0].kind == "start"
    assert "CPU" in events[0].data["device"]
    assert [event.kind for event in events[-3:]] == ["snapshot", "checkpoint", "end"]
    assert [event.step for event in events] == sorted(event.step for event in events)
    shown = next(event for event in events if event.kind == "snapshot").data
    assert {shown[name].shape for name in ("images", "truths", "predictions", "certainties")} == {(4, 48, 48)}
    assert 0.5 <= shown["certainties"].min() <= shown["certainties"].max() <= 1
    assert set(np.unique(shown["predictions"])) <= {0, 1}


@pytest.mark.parametrize("name", DOMAINS)
def test_every_domain_is_trained_saved_and_used(name: str, tmp_path: Path) -> None:
    """Its channels and classes go through batches, network, snapshot, weights and prediction."""
    domain, config = DOMAINS[name], TrainConfig(**{**SMALL.as_json(), "data": name})
    events = list(fit(config))
    shown = next(event for event in events if event.kind == "snapshot").data
    assert shown["images"].shape == ((4, 48, 48) if domain.channels == 1 else (4, 48, 48, 3))
    assert 1 / len(domain.classes) <= shown["certainties"].min()
    write_checkpoint(tmp_path / "w.safetensors", events[-2].data["checkpoint"], config)
    model, _ = load_model(tmp_path / "w.safetensors")
    assert (model.channels, model.classes) == (domain.channels, len(domain.classes))
    image, _ = unseen_scene(name, 3, 70, 0.5)
    prediction = segment(model, image, 1)
    np.testing.assert_allclose(prediction.chances.sum(0), 1, atol=1e-5)
    assert prediction.chances.shape == (len(domain.classes), 70, 70)
    found = np.asarray(Image.open(BytesIO(mask_file(prediction.mask, domain.colours))))
    np.testing.assert_array_equal(found // 255 if len(domain.classes) == 2 else found, prediction.mask)


def test_colour_is_used() -> None:
    """Two classes that differ in hue alone: a grey network could not part them."""
    image = np.full((32, 32, 3), 0.5, np.float32)
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 4:20] = 1
    image[mask == 1] += np.array([0.3, 0, -0.3], np.float32)
    image[mask == 0] += np.array([-0.3, 0, 0.3], np.float32)
    data = DataSet("hues", 4, lambda _: (image, mask), 2, lambda _: (image, mask), channels=3, inverts=False)
    end = list(fit(TrainConfig(steps=120, width=4, depth=1, batch=4, size=32, threads=1), data))[-1]
    assert end.data["mean_iou"] > 0.95


def test_cells_are_learned() -> None:
    """A fixed number of steps; how long they take is for `seglab bench train` to say."""
    end = list(fit(TrainConfig(steps=130, seed=0)))[-1]
    assert end.data["mean_iou"] >= 0.90


def test_the_plain_loop_of_the_bench_trains_the_same_network_on_the_same_batches() -> None:
    """So that the ratio compares like with like: its losses are those of the loop, up to half precision and the order of a sum."""
    config = TrainConfig(**{**SMALL.as_json(), "learning_rate": 1e-6})
    plain = Plain(config)
    np.testing.assert_allclose([plain.step() for _ in range(3)], losses(list(fit(config)))[:3], rtol=0.02)


def test_batches_depend_on_seed_and_step_alone() -> None:
    data = open_set("cells", images=8, size=48)
    config = TrainConfig(seed=3, batch=4, size=48)
    ahead = Batches(data, config, first=2)
    try:
        for step in (2, 3, 4):
            batch, again = ahead.next(), make_batch(data, config, step, {})
            np.testing.assert_array_equal(batch.images, again.images)
            np.testing.assert_array_equal(batch.labels, again.labels)
    finally:
        ahead.close()
    assert not ahead._thread.is_alive()


def test_images_and_masks_are_turned_together() -> None:
    mark = np.zeros((8, 8), np.uint8)
    mark[0, 1] = mark[3, 6] = 1
    data = DataSet("marks", 1, lambda _: (mark.astype(np.float32), mark), 1, lambda _: (mark.astype(np.float32), mark))
    images, labels, _ = make_batch(data, TrainConfig(batch=32), 0, {})
    for image, label in zip(images, labels):
        np.testing.assert_array_equal((np.abs(image) == np.abs(image).max())[0], label == 1)
    assert len({label.tobytes() for label in labels}) == 8


def test_what_making_a_batch_raises_is_raised_by_the_loop() -> None:
    def broken(number: int) -> None:
        raise ValueError("this image cannot be read")

    good = open_set("cells", images=4, size=48)
    data = DataSet("broken", 4, broken, good.validation_count, good.validation)
    with pytest.raises(ValueError, match="this image cannot be read"):
        list(fit(SMALL, data))


@pytest.mark.parametrize(("depth", "width"), [(1, 8), (2, 4), (3, 16), (4, 8)])
def test_the_network_keeps_the_size(depth: int, width: int) -> None:
    net = UNet(depth=depth, width=width)
    assert net(torch.zeros(2, 1, 2**depth * 3, 2**depth * 2)).shape == (2, 2, 2**depth * 3, 2**depth * 2)
    with pytest.raises(ValueError, match=f"does not halve {depth} times: multiples of {2**depth} are needed"):
        net(torch.zeros(1, 1, 2**depth + 1, 2**depth))


def test_tiles_equal_one_pass() -> None:
    torch.manual_seed(0)
    net = UNet(depth=2, width=4).eval()
    image = standardised(cells(3, 160).image)[:150, :131]
    whole, pieces = tiled(net, image, tile=1024), tiled(net, image, tile=64)
    np.testing.assert_allclose(pieces, whole, atol=1e-5)


def test_segmenting_keeps_the_size_whatever_the_shrink() -> None:
    net = UNet(depth=2, width=4)
    image = cells(3, 96).image[:90, :77]
    for shrink in (1, 2, 3, 4):
        prediction = segment(net, image, shrink)
        assert prediction.found.shape == prediction.mask.shape == image.shape
        assert prediction.shrink == shrink
    assert segment(net, image).shrink in (1, 2, 3, 4)


def test_weights_are_read_back(tmp_path: Path) -> None:
    saved = next(event for event in fit(SMALL) if event.kind == "checkpoint").data["checkpoint"]
    path = tmp_path / "checkpoint.safetensors"
    write_checkpoint(path, saved, SMALL)
    again, config = read_checkpoint(path)
    assert config == SMALL
    assert again.step == saved.step
    assert all(torch.equal(again.tensors[name], tensor) for name, tensor in saved.tensors.items())
    model, _ = load_model(path)
    assert model.head.weight.equal(saved.tensors["model.head.weight"])
    assert list(tmp_path.iterdir()) == [path], "no half-written file is left"


def test_damaged_and_foreign_weights_are_said(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(ValueError, match="is not there: the run was not saved yet"):
        load_model(path)
    path.write_bytes(b"not weights")
    with pytest.raises(ValueError, match="is damaged"):
        load_model(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="holds no seglab configuration"):
        load_model(path)
    saved = next(event for event in fit(SMALL) if event.kind == "checkpoint").data["checkpoint"]
    write_checkpoint(path, saved, TrainConfig(**{**SMALL.as_json(), "width": 8}))
    with pytest.raises(
        ValueError, match=r"encoder.0.0.weight has shape \(4, 1, 3, 3\): the configuration in the file asks for \(8, 1, 3, 3\)"
    ):
        load_model(path)


def test_iou_by_hand() -> None:
    prediction, truth = np.array([[0, 1], [1, 1]]), np.array([[0, 0], [1, 1]])
    assert class_iou(prediction, truth).tolist() == [1 / 2, 2 / 3]
    assert mean_iou(prediction, truth) == pytest.approx(7 / 12)
    assert mean_iou(truth, truth) == 1
    assert mean_iou(np.zeros((2, 2), int), np.zeros((2, 2), int)) == 1, "a class that is in neither does not count"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"depth": 9}, "depth=9 is out of range: 1 to 5"),
        ({"width": 16.5}, "width=16.5 is not a whole number"),
        ({"steps": "many"}, "steps='many' is not a number: 1 to 100000"),
        ({"size": 100}, "size=100 does not halve 3 times: multiples of 8 are needed, 96 or 104"),
        ({"device": "tpu"}, "device='tpu' is unknown: auto, cuda, mps or cpu"),
        ({"learning_rate": float("nan")}, "learning_rate=nan is out of range: 1e-06 to 1"),
    ],
)
def test_settings_out_of_range(changes: dict, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        TrainConfig(**changes)
    assert str(error.value) == sentence


def test_a_device_that_is_not_there() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ValueError, match="device='cuda' is not there: this machine has cpu"):
        next(fit(TrainConfig(device="cuda")))
