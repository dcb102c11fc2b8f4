"""Other pictures out: what is made worse, how networks and filters give it back, and what the page says of both."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch
from conftest import wait_for
from PIL import Image as Files
from scipy.ndimage import gaussian_filter
from test_pages import findings, sideways
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from seglab.data.degraded import TASKS, Given, degraded, enlarged, seen, shrunk, truth_of
from seglab.infer.restore_filters import FILTERS
from seglab.infer.restore_judged import filtered, given_scene, judged, mean_scores, restorer_file, strengths
from seglab.infer.restore_told import TITLES, study_for
from seglab.lessons.labs.restore import CASES, ask_decibels, ask_head, ask_invented
from seglab.nets.choices import RESTORING
from seglab.nets.restorer import Restorer
from seglab.nets.unet import UNet
from seglab.train import jobs
from seglab.train.asked.restoring import restore_file
from seglab.train.restore import batch_of, load_restorer, restored, train_restorer, write_restorer
from seglab.train.restore_study import FIRST_TESTED, LENGTH, NETWORK, TESTED
from seglab.train.store import Store
from seglab.train.study import complete, read_rows, values
from seglab.train.tasks import TASKS as DO
from seglab.ui.files import assets
from seglab.ui.restore_picture import Asked, verdict

Visit = Callable[..., Any]
GREY = np.full((96, 96, 3), 0.5, np.float32)


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_noise_has_its_level() -> None:
    given = degraded("denoise", GREY, 0.1, rng())
    assert float((given.image - GREY).std()) == pytest.approx(0.1, rel=0.02)
    assert given.known.all()


def test_a_blur_is_the_gaussian_s() -> None:
    truth = truth_of("sharpen", 3, 1.5)
    given = degraded("sharpen", truth, 1.5, rng())
    assert float((given.image - gaussian_filter(truth, (1.5, 1.5, 0))).std()) == pytest.approx(0.01, rel=0.05), (
        "only the fine noise is left"
    )


@pytest.mark.parametrize("factor", TASKS["enlarge"].levels)
def test_what_is_shrunk_holds_the_means(factor: float) -> None:
    truth, side = truth_of("enlarge", 3, factor), int(factor)
    small = shrunk(truth, side)
    wanted = torch.nn.functional.avg_pool2d(torch.from_numpy(truth).permute(2, 0, 1), side).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(small, wanted, atol=1e-6)
    assert enlarged(small, (96, 96)).shape == truth.shape
    np.testing.assert_allclose(enlarged(np.full((5, 7, 3), 0.3, np.float32), (15, 21)), 0.3, atol=1e-6)
    assert enlarged(shrunk(truth[:50, :41], side), (50, 41)).shape == (50, 41, 3), "sides that the factor does not divide"


def test_holes_are_squares_of_which_nothing_is_known() -> None:
    given = degraded("inpaint", truth_of("inpaint", 0, 12), 12, rng())
    assert 12**2 <= int((~given.known).sum()) <= 4 * 12**2
    assert (given.image[~given.known] == 0.5).all()
    read = seen("inpaint", given)
    assert read.shape == (4, 96, 96)
    assert (read[3] == given.known).all()


def test_grey_is_luminance_as_pillow_has_it() -> None:
    truth = truth_of("colourise", 2, 0.0)
    given = degraded("colourise", truth, 0.0, rng())
    wanted = np.asarray(Files.fromarray((truth * 255 + 0.5).astype(np.uint8)).convert("L")) / 255
    np.testing.assert_allclose(given.image[..., 1], wanted, atol=1.5 / 255)
    assert seen("colourise", given).shape == (1, 96, 96)


def test_an_unknown_task_is_said() -> None:
    with pytest.raises(ValueError, match="task='wash' is unknown: denoise, sharpen, enlarge, inpaint, colourise"):
        degraded("wash", GREY, 1, rng())


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_network_begins_as_what_it_was_given_and_keeps_what_is_known(channels: int) -> None:
    torch.manual_seed(0)
    model, x = Restorer(channels).eval(), torch.rand(2, channels, 21, 34)
    if channels == 4:
        x[:, 3] = (x[:, 3] > 0.4).float()
    assert torch.equal(model(x), x[:, :3].expand(-1, 3, -1, -1))
    torch.nn.init.normal_(model.net.head.weight)
    changed = model(x) != x[:, :3].expand(-1, 3, -1, -1)
    assert changed.any()
    if channels == 4:
        assert not changed[(x[:, 3:] > 0.5).expand(-1, 3, -1, -1)].any()
    whole = torch.rand(1, channels, 20, 32)
    if channels != 4:  # a size that fits is the U-Net's own arithmetic
        torch.testing.assert_close(model(whole), whole[:, :3] + model.net(4 * (whole - 0.5)) / 4)


def test_only_the_head_differs_from_a_segmenter() -> None:
    """Of the same channels: names and shapes, from torch."""
    segmenter = {name: tuple(p.shape) for name, p in UNet(3, 5, RESTORING["depth"], RESTORING["width"]).named_parameters()}
    other = {name: tuple(p.shape) for name, p in Restorer(3).net.named_parameters()}
    assert {name for name in segmenter if segmenter[name] != other[name]} == {"head.weight", "head.bias"}
    assert set(segmenter) == set(other)


def test_measures_agree_with_torchmetrics() -> None:
    numbers = np.random.default_rng(4)
    truth = np.clip(gaussian_filter(numbers.random((48, 48, 3)), (2, 2, 0)), 0, 1).astype(np.float32)
    image = np.clip(truth + 0.05 * numbers.standard_normal(truth.shape), 0, 1).astype(np.float32)
    found = judged(image, Given(image, np.ones((48, 48), bool)), truth)
    one, other = (torch.from_numpy(np.moveaxis(a, 2, 0))[None].double() for a in (image, truth))
    assert found["psnr"] == pytest.approx(float(peak_signal_noise_ratio(one, other, data_range=1.0)), abs=1e-4)
    _, everywhere = structural_similarity_index_measure(one, other, data_range=1.0, return_full_image=True)
    assert found["ssim"] == pytest.approx(float(everywhere[..., 5:-5, 5:-5].mean()), abs=1e-4), "away from the border, as in the paper"
    hole = np.ones((48, 48), bool)
    hole[5:9, 7:11] = False
    inside = float(peak_signal_noise_ratio(one[..., 5:9, 7:11], other[..., 5:9, 7:11], data_range=1.0))
    assert judged(image, Given(image, hole), truth)["psnr"] == pytest.approx(inside, abs=1e-4), "only the hole counts"


def test_diffusion_is_the_mean_of_the_neighbours() -> None:
    given, truth = given_scene("inpaint", 1, 12)
    filled = FILTERS["inpaint"]["diffusion"].apply(given, 12, 0)
    assert (filled[given.known] == truth[given.known]).all()
    inner = ~given.known
    inner[[0, -1]] = inner[:, [0, -1]] = False
    means = sum(np.roll(filled, shift, axis) for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1))) / 4
    np.testing.assert_allclose(filled[inner], means[inner], atol=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_every_filter_comes_nearer_at_the_level_of_the_training(task: str) -> None:
    level = TASKS[task].trained
    given, truth = given_scene(task, 40, level)
    before = judged(given.image, given, truth)["psnr"]
    assert {name: one.title for name, one in FILTERS[task].items()} == TITLES[task]
    for name, one in FILTERS[task].items():
        reached = judged(filtered(task, name, given, level), given, truth)["psnr"]
        assert reached == pytest.approx(before) if name in ("bicubic", "grey") else reached > before, name
        assert all(strengths()[task][f"{level:g}"][name] in one.strengths for level in TASKS[task].levels)


def test_training_lowers_the_loss_and_is_the_same_again(tmp_path: Any) -> None:
    losses: list[float] = []
    once = train_restorer("denoise", 3, 20, lambda step, loss: losses.append(loss))
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:2])
    again = train_restorer("denoise", 3, 20)
    assert all(torch.equal(a, b) for a, b in zip(once.state_dict().values(), again.state_dict().values(), strict=True))
    write_restorer(tmp_path / "one", once, "denoise", {})
    given, _ = given_scene("denoise", 2, 0.1)
    np.testing.assert_allclose(
        restored(load_restorer(tmp_path / "one", "denoise"), "denoise", given), restored(once, "denoise", given), atol=0.01
    )
    with pytest.raises(ValueError, match="holds no network of the task sharpen"):
        load_restorer(tmp_path / "one", "sharpen")


def test_a_training_ends_with_its_server_and_leaves_nothing(tmp_path: Any) -> None:
    with pytest.raises(InterruptedError, match="after 1 steps"):
        DO["train_restorer"]({"restore": "denoise", "seed": 1, "out": str(tmp_path / "of" / "one")}, lambda: True)
    assert list((tmp_path / "of").iterdir()) == []


@pytest.mark.parametrize("task", TASKS)
def test_a_training_pair_is_the_same_place(task: str) -> None:
    x, y = batch_of(task, rng())
    assert x.shape[1] == TASKS[task].channels
    assert y.shape[1:] == (3, 36, 36)
    picture = x[:, :3] if x.shape[1] > 1 else x
    known = x[:, 3:] > 0.5 if x.shape[1] == 4 else torch.ones_like(x[:, :1], dtype=torch.bool)
    near = (picture - (y if x.shape[1] > 1 else y.mean(1, keepdim=True))).abs().mean(1, keepdim=True)[known].mean()
    assert near < 0.1, "turned and mirrored alike"


@pytest.mark.parametrize("task", TASKS)
def test_what_is_shipped_was_measured_as_it_was_planned(task: str) -> None:
    study, path = study_for(task), assets() / "studies" / f"restore-{task}.json"
    rows, told = read_rows(path, study), json.loads(path.read_text(encoding="utf-8"))
    assert (told["plan"]["data"], told["plan"]["length"]) == (study.data, study.length)
    assert complete(study, rows)
    assert restorer_file(task).stat().st_size <= 150_000
    model, level = load_restorer(restorer_file(task), task), TASKS[task].trained
    found = mean_scores(task, lambda given: restored(model, task, given), level, FIRST_TESTED, TESTED)
    assert found["psnr"] == pytest.approx(values(rows, "psnr", NETWORK, level)[0], abs=0.02), "the file is that of seed 0"


def test_the_plan_says_how_long_was_trained() -> None:
    from seglab.train.restore import BATCH, CROP, STEPS

    assert LENGTH == (STEPS, BATCH, CROP)


def test_a_worker_gives_pictures_back(workers: jobs.Workers, tmp_path: Any) -> None:
    store = Store(tmp_path)
    wanted = {"task": "enlarge", "level": 3.0, "filter": "bicubic", "weights": str(restorer_file("enlarge")), "number": 2, "data": ""}
    told, pictures = restore_file(store, wanted).result(60)
    assert set(pictures) == {"given", "network", "filter", "truth", "wrong-given", "wrong-network", "wrong-filter"}
    given, truth = given_scene("enlarge", 2, 3.0)
    assert told["scores"]["filter"]["psnr"] == pytest.approx(judged(given.image, given, truth)["psnr"], abs=1e-3)
    buffer = BytesIO()
    Files.fromarray(np.random.default_rng(0).integers(0, 255, (500, 250, 3), np.uint8)).save(buffer, "PNG")
    own, _ = restore_file(store, wanted, buffer.getvalue()).result(60)
    assert own["size"] == [384, 192]
    for data, why in ((b"no picture", "not an image"), (_png(20, 40), "at least 32 a side"), (_png(2000, 50), "too narrow")):
        with pytest.raises(jobs.TaskError, match=why):
            restore_file(store, wanted, data).result(60)


def _png(height: int, width: int) -> bytes:
    buffer = BytesIO()
    Files.fromarray(np.zeros((height, width), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_questions_count_right() -> None:
    level = 0.1
    assert ask_decibels(0).right == f"{10 * np.log10(1 / level**2):.0f} dB"
    for turn, (width, _) in enumerate(CASES[:1]):
        assert ask_head(turn).right == str(sum(p.numel() for p in torch.nn.Conv2d(width, 3, 1).parameters()))
    assert ask_invented(0).right == f"{1 - 32**2 / 96**2:.0%}"


def test_the_verdict_follows_the_numbers() -> None:
    def said(network: float, rival: float, level: float = 0.1, data: str = "shapes") -> str:
        scores = {"given": {"psnr": 20.0}, NETWORK: {"psnr": network}, "filter": {"psnr": rival}}
        return verdict(Asked("denoise", level, "means", data, 0, ""), scores)

    assert "nearer to the truth than the filter (Non-local means), by 2.0 dB" in said(32, 30)
    assert "does **not** beat the filter (Non-local means): it is 2.0 dB further" in said(30, 32)
    assert "equally near" in said(30, 30.05)
    assert "It even does harm: what it was given was 1.0 dB nearer" in said(19, 30)
    assert "trained at 0.1 only, and has never seen 0.4" in said(30, 32, 0.4)
    assert "paper shapes only" in said(30, 32, data="landcover")
    assert "only" not in said(30, 32)


def test_the_reading_follows_the_numbers() -> None:
    from seglab.ui.restore import reading

    def said(task: str, home: float, away: float) -> str:
        rows = [
            {"arm": arm, "x": x, "seed": seed, "psnr": 30 + 0.01 * seed * (arm == NETWORK) + gain, "ssim": 0.9}
            for arm in study_for(task).arms
            for x in TASKS[task].levels
            for seed in range(5)
            for gain in [(home if x == TASKS[task].trained else away if x == TASKS[task].levels[-1] else 0) * (arm == NETWORK)]
        ]
        return reading(task, rows)

    assert "**Where it was trained, the network beats the best filter** (Bicubic), by 1.0" in said("enlarge", 1, 1)
    assert "does not beat the best filter** (Non-local means): −1.0" in said("denoise", -1, 0)
    assert "flat paper" in said("denoise", -1, 0)
    assert "At 0.4, which it has never seen, it falls behind by 3.0 dB" in said("denoise", -1, -3)
    assert "these seeds show no difference" in said("sharpen", -0.02, 0)


def test_the_page_gives_pictures_back_and_shows_them_closely(visit: Visit) -> None:
    with visit("/restore?task=enlarge") as page:
        page.get_by_text("On this picture the network").wait_for()
        page.get_by_text("Sharpen", exact=True).click()
        wait_for(lambda: "task=sharpen" in page.url, page)
        page.get_by_text("On this picture the network").wait_for()
        page.get_by_role("button", name="Row 2, column 2: look closely").press("Enter")
        wait_for(lambda: "at=1.1" in page.url, page)
        page.get_by_role("button", name="The whole picture").click()
        wait_for(lambda: "at=" not in page.url, page)


def test_a_person_s_own_picture_is_given_back(visit: Visit) -> None:
    with visit("/restore?task=colourise&data=own") as page:
        page.locator("input[type=file]").set_input_files({"name": "own.png", "mimeType": "image/png", "buffer": _png(64, 80)})
        page.get_by_text("Your picture is looked at as 80 × 64 pixels").wait_for()
        page.get_by_text("It has learned from land cover only").wait_for()


@pytest.mark.parametrize(
    "query", ["part=head&task=inpaint", "part=measured&task=%3Cb%3E", "level=7&data=moon&filter=x&scene=-4&net=99&at=9.9", "net=3"]
)
def test_all_parts_of_the_page_and_nonsense(query: str, visit: Visit) -> None:
    with visit(f"/restore?{query}", 390, "dark") as page:
        if "part" not in query:
            page.get_by_text("On this picture the network").wait_for()
        assert sideways(page) == []
        assert findings(page) == []
