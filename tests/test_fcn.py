"""FCN-32s, 16s and 8s: sums, sizes and starts against PyTorch; what the page ships, measures and asks."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import until
from torch.nn import functional as F

from seglab.data.sets import TEST_SEED, VALIDATION_SEED
from seglab.infer.fcn_stages import all_stages, load_shipped, stages_of
from seglab.infer.fcn_told import DATA, KINDS, POOLED, SIZE, packed, unpacked
from seglab.lessons.labs.fcn import FCN as LAB
from seglab.nets.blocks import centre
from seglab.nets.fcn import FCN, bilinear_kernel, enlarging, grown_from
from seglab.train.asked.networks import fcn_stages
from seglab.train.store import Store
from seglab.ui import fcn_kernel, fcn_measured
from seglab.ui.fcn import SCENES, first_scene
from seglab.ui.fcn_scene import Seen, fused_in, scene, steps_of
from seglab.ui.fcn_step import step_drawing
from seglab.ui.files import assets

NETWORKS = assets() / "networks"


def test_the_kernel_is_the_tent_of_the_curriculum() -> None:
    line = torch.tensor([0.25, 0.75, 0.75, 0.25])
    assert torch.equal(bilinear_kernel(2), torch.outer(line, line))


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_its_transposed_convolution_is_bilinear_inside_and_fades_at_the_border(factor: int) -> None:
    x = torch.rand(1, 1, 6, 6, dtype=torch.float64) + 1
    with torch.no_grad():
        stamped = enlarging("transposed", "bilinear", 1, factor).double()(x)
    far = (stamped - F.interpolate(x, scale_factor=factor, mode="bilinear")).abs()[0, 0]
    assert float(centre(far, factor // 2).max()) < 1e-12
    border = torch.ones_like(far, dtype=torch.bool)
    border[factor // 2 : -(factor // 2), factor // 2 : -(factor // 2)] = False
    assert float(far[border].min()) > 0.01


@pytest.mark.parametrize("factor", fcn_kernel.FACTORS)
def test_the_pages_differences_are_those_of_torch(factor: int) -> None:
    x = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (6, 6)))[None, None]
    stamped = F.conv_transpose2d(x, bilinear_kernel(factor).double()[None, None], stride=factor, padding=factor // 2)
    expected = (stamped - F.interpolate(x, scale_factor=factor, mode="bilinear")).abs()[0, 0].numpy()
    found = fcn_kernel.differences(factor)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert fcn_kernel.inside(factor, found) < 1e-12 < 0.1 < found.max()


def some(kind: str, seed: int = 0, **options: Any) -> FCN:
    """A network with scores and kernels that are none of the beginning."""
    torch.manual_seed(seed)
    model = FCN(kind=kind, width=4, depth=5, **options)
    with torch.no_grad():
        for parameter in model.scores.parameters():
            parameter.normal_()
        for parameter in model.up.parameters():
            parameter += 0.01 * torch.randn_like(parameter)
    return model.eval()


@pytest.mark.parametrize("kind", KINDS)
def test_every_sum_is_the_finer_scores_plus_the_coarser_ones_enlarged(kind: str) -> None:
    model, image = some(kind), np.random.default_rng(1).random((128, 192), np.float32)
    told = stages_of(model, image)
    sizes = [scores.shape[1:] for scores in told.scores]
    assert sizes == [(128 // stride, 192 // stride) for stride in (32, 16, 8)[: len(sizes) - 1]] + [(128, 192)]
    assert len(told.finer) == len(told.enlarged) == len(fused_in(kind))
    for finer, enlarged, fused in zip(told.finer, told.enlarged, told.scores[1:]):
        np.testing.assert_allclose(finer + enlarged, fused, atol=1e-5)
        assert np.abs(finer).max() > 0.01
    with torch.inference_mode():
        standard = (image - image.mean()) / image.std()
        expected = model(torch.from_numpy(standard)[None, None])[0].numpy()
    np.testing.assert_allclose(told.scores[-1], expected, atol=1e-4)


@pytest.mark.parametrize(("coarse", "fine"), list(pairwise(KINDS)))
def test_a_finer_network_starts_as_the_coarser_one_enlarged(coarse: str, fine: str) -> None:
    before, after = some(coarse), FCN(kind=fine, width=4, depth=5).eval()
    grown_from(after, before)
    x = torch.randn(2, 1, 64, 96)
    with torch.inference_mode():
        old, new = before.stages(x), after.stages(x)
        for one, other in zip(old[:-1], new):
            torch.testing.assert_close(one, other)
        torch.testing.assert_close(new[-2], after.up[-2](old[-2]))
    assert torch.equal(after.up[-2].weight[0, 0].detach(), bilinear_kernel(2))


def test_what_does_not_follow_is_refused() -> None:
    with pytest.raises(ValueError, match="fcn8s does not follow fcn32s: 16s grows from 32s, 8s from 16s"):
        grown_from(FCN(kind="fcn8s", depth=3, width=4), FCN(kind="fcn32s", depth=3, width=4))


def test_the_shipped_networks_are_small_and_of_the_kind_they_say() -> None:
    sizes = [(NETWORKS / f"{kind}.safetensors").stat().st_size for kind in KINDS]
    assert max(sizes) < 700_000
    assert sum(sizes) < 2_000_000
    for kind in KINDS:
        model = load_shipped(NETWORKS / f"{kind}.safetensors")
        assert (model.kind, model.depth, model.training) == (kind, 5, False)


def test_a_missing_or_foreign_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not there"):
        load_shipped(tmp_path / "fcn8s.safetensors")


def test_a_worker_finds_what_a_direct_call_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGLAB_HOME", str(tmp_path))
    found = fcn_stages(Store(), NETWORKS, 3).result(timeout=90)
    direct = unpacked(packed(all_stages(NETWORKS, scene(3)[0])))
    assert list(found) == list(KINDS)
    for kind in KINDS:
        for one, other in zip(found[kind].scores, direct[kind].scores, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-3)
    assert first_scene()["fcn8s"].scores[0].shape == found["fcn8s"].scores[0].shape
    assert not np.allclose(first_scene()["fcn8s"].scores[0], found["fcn8s"].scores[0])


def test_the_first_scene_is_what_the_shipped_networks_make_of_it() -> None:
    direct = all_stages(NETWORKS, scene(0)[0])
    for kind, stages in first_scene().items():
        for one, other in zip(stages.scores, direct[kind].scores, strict=True):
            np.testing.assert_allclose(one, other, atol=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_the_drawing_of_a_step_tells_its_numbers(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from seglab.export.theme import theme

    monkeypatch.setattr("seglab.ui.fcn_step.palette", lambda: theme(False))
    seen = Seen(*scene(0), first_scene(), 1)
    for step in steps_of(kind):
        items = {item.name: item for item in step_drawing(seen, kind, step).items}
        cells = int(len(items) / 3) ** 0.5
        assert cells == {"coarse": 4, "pool4": 8, "pool3": 16}.get(step, SIZE // KINDS[kind])
        if step in POOLED:
            finer, enlarged, fused = (part[2, 1] for part in (*reversed(seen.parts(kind, step)), seen.scores(kind, step)))
            numbers = [
                float(word.strip("()").replace("−", "-"))
                for word in items["2.2.1"].tells.split()
                if word.strip("()").lstrip("−").replace(".", "").isdigit() and "." in word
            ]
            assert numbers == [pytest.approx(number, abs=0.0051) for number in (finer, enlarged, fused)]
            assert set(items["2.2.1"].lights) == {"0.2.1", "1.2.1"}


def test_what_was_measured_is_whole() -> None:
    told = json.loads((assets() / "fcn" / "results.json").read_text(encoding="utf-8"))
    seeds = {row["seed"] for row in told["rows"]}
    wanted = {(kind, start, seed) for kind in KINDS for start in fcn_measured.STARTS for seed in seeds}
    assert len(seeds) >= 3
    assert len(told["rows"]) == len(wanted)
    assert {(row["kind"], row["start"], row["seed"]) for row in told["rows"]} == wanted
    assert all(0 <= row[measure] <= 1 for row in told["rows"] for measure in fcn_measured.MEASURES)
    assert (told["config"]["data"], told["tolerance"]) == (DATA, 2)
    assert VALIDATION_SEED < TEST_SEED
    assert SCENES < 5000  # the measured scenes are none of the page's


@pytest.mark.parametrize(
    ("boundary", "random", "said"),
    [
        ((0.2, 0.5, 0.8), 0.1, "Every finer map sharpens.* helps FCN-32s and FCN-16s and FCN-8s"),
        ((0.5, 0.5, 0.5), 0.0, "does not show here.* random start is as good"),
        ((0.2, 0.8, 0.8), -0.1, "not surely at every step.*random start is even better"),
    ],
)
def test_the_verdict_follows_the_numbers(boundary: tuple[float, ...], random: float, said: str) -> None:
    rows = [
        {"kind": kind, "start": start, "seed": seed, "boundary": value + 0.001 * (seed % 3) * (-1) ** number - random * (start == "random")}
        for number, (kind, value) in enumerate(zip(KINDS, boundary))
        for start in ("bilinear", "random")
        for seed in range(5)
    ]
    assert re.search(said, fcn_measured.verdict({"rows": rows}))


def test_every_turn_of_a_question_has_one_right_answer() -> None:
    for question in LAB.questions:
        asked = [question(turn) for turn in range(30)]
        assert all(one.right in one.choices and len(set(one.choices)) == len(one.choices) == 4 for one in asked)
        assert len({one.question for one in asked}) > 8
        places = Counter(one.choices.index(one.right) for one in map(question, range(60)))
        assert max(places.values()) <= 45, "no place holds all right answers"
        assert not any(sign in one.because for one in asked for sign in ("+ −", "· −")), "what follows a sign is in brackets"


def test_the_numbers_of_the_questions_are_those_of_the_networks() -> None:
    _, _, leap, parameters = LAB.questions
    for turn in range(30):
        asked = leap(turn)
        stride = int(asked.question.split("lie ")[1].split(" ")[0])
        model = FCN(kind=asked.shows["net"], depth=stride.bit_length() - 1, width=1)
        assert asked.right == f"{model.up[-1].stride[0]} times"
    for turn in range(3):
        asked = parameters(turn)
        classes, factor = (int(asked.question.split(mark)[1].split(" ")[0]) for mark in ("scores of ", "classes "))
        assert asked.right == f"{sum(p.numel() for p in enlarging('transposed', 'random', classes, factor).parameters()):,}"


def test_the_page_shows_a_step_by_its_link_and_by_a_press(visit: Callable[..., Any]) -> None:
    from test_pages import findings, sideways

    with visit("/fcn?net=fcn16s&step=nonsense&scene=-1&class=9", 390, "dark") as page:
        page.wait_for_selector("text=One step at a time")
        page.locator('.diagram .item[data-item="2.0.0"]').first.wait_for()
        assert "score(pool4)" in page.locator(".diagram svg").nth(1).text_content()
        assert (sideways(page), findings(page)) == ([], [])
    with visit("/fcn?lecture=1") as page:
        buttons = page.get_by_role("button", name="Train an FCN")
        buttons.last.wait_for()
        assert [buttons.nth(number).is_disabled() for number in range(3)] == [True] * 3, "a hall is not led away from the page"
    with visit("/fcn") as page:
        page.locator('.diagram .item[data-item="fcn32s.pixels"]').click()
        page.wait_for_selector("text=Enlarged 32 times")
        until(page, "location.search.includes('net=fcn32s') && location.search.includes('step=pixels')")
        page.locator('.diagram .item[data-item="0.0.0"]').first.hover()
        page.wait_for_selector("text=is stamped on 64 × 64 pixels")
        page.get_by_role("button", name="Next scene: 1").click()
        page.wait_for_selector("text=Next scene: 2")
        page.wait_for_selector('.diagram .item[data-item="fcn8s.mask"]')
        assert findings(page) == []


def test_the_laboratory_takes_what_the_page_sends(visit: Callable[..., Any]) -> None:
    with visit("/fcn") as page:
        page.get_by_role("button", name="Train an FCN-16s").click()
        page.wait_for_url("**/train*")
        page.wait_for_selector("text=A U-Net, live")
        page.get_by_text("The same from the command line").click()
        page.get_by_text("--depth 5 --width 8 --kind fcn16s").wait_for()
