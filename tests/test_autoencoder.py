"""The page Autoencoder: latent values and divergence against PyTorch, the browser's decoder, ways cut, clusters, curves, words and questions."""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT, until, wait_for
from torch.distributions import Normal, kl_divergence
from torchmetrics.functional.classification import binary_auroc

from seglab.data.little import KINDS, little, littles
from seglab.infer.clusters import best_names, centres_of, clustered
from seglab.infer.decoder_told import decoder_told
from seglab.infer.roc import auc, roc, thinned
from seglab.lessons.labs.autoencoder import AUTOENCODER
from seglab.nets.autoencoder import Autoencoder, divergence, reparametrised
from seglab.nets.unet import UNet
from seglab.train.autoencoder import encoded, load_autoencoder, terms, train_autoencoder, write_autoencoder
from seglab.train.autoencoder_studies import ANOMALIES, BETAS, LATENTS, NOISE, PICTURES, STUDIES, UNET
from seglab.train.reconstruct import features, lost, reconstructed, through, train_reconstruction, ways
from seglab.train.study import complete
from seglab.ui import autoencoder_bottleneck as bottleneck
from seglab.ui.autoencoder_studies import rows_of
from seglab.ui.files import assets

Visit = Callable[..., Any]
SHIPPED = assets() / "autoencoder"
BROWSER = ROOT / "seglab" / "ui" / "browser" / "v1"
NAMES = [f"{form}-{latent}" for form in BETAS for latent in LATENTS]


# -- the variational form ------------------------------------------------------------------------------------------------------------------


def test_the_divergence_is_torchs() -> None:
    mean, log_variance = torch.randn(6, 5), torch.randn(6, 5)
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(torch.zeros(5), torch.ones(5)))
    torch.testing.assert_close(divergence(mean, log_variance), expected)


def test_drawn_values_have_their_mean_and_deviation_and_gradients_reach_both() -> None:
    mean, log_variance = torch.tensor([1.5], requires_grad=True), torch.tensor([2 * math.log(0.5)], requires_grad=True)
    noise = torch.randn(20_000, 1, generator=torch.Generator().manual_seed(0))
    drawn = reparametrised(mean, log_variance, noise)
    assert abs(float(drawn.detach().mean()) - 1.5) < 0.02
    assert abs(float(drawn.detach().std()) - 0.5) < 0.01
    drawn.sum().backward()  # type: ignore[no-untyped-call]
    assert float(mean.grad) == len(noise)  # type: ignore[arg-type]
    assert float(log_variance.grad) == pytest.approx(0.25 * float(noise.sum()), rel=1e-4)  # type: ignore[arg-type]


def test_the_terms_of_the_loss_are_a_normal_density_and_the_divergence() -> None:
    torch.manual_seed(0)
    model, x = Autoencoder(3, variational=True), torch.rand(2, 1, 32, 32)
    error, apart = terms(model, x, torch.Generator().manual_seed(4))
    mean, log_variance = model.encode(x)
    z = reparametrised(mean, log_variance, torch.randn(2, 3, generator=torch.Generator().manual_seed(4)))
    density = -Normal(model.decode(z), NOISE).log_prob(x).sum((1, 2, 3)) - 32 * 32 * math.log(NOISE * math.sqrt(2 * math.pi))
    torch.testing.assert_close(error, density, rtol=1e-4, atol=1e-2)
    torch.testing.assert_close(apart, divergence(mean, log_variance).sum(1))
    plain = Autoencoder(3)
    assert float(terms(plain, x)[1].abs().max()) == 0
    assert torch.equal(plain.encode(x)[1], torch.full((2, 3), -math.inf))


def test_training_is_reproducible_learns_and_beta_draws_codes_to_the_prior() -> None:
    images, _ = littles(0, 64)
    one, again = (train_autoencoder(images, 2, 1.0, seed=3, steps=3, batch=8).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], again[name]) for name in one)
    loose, tight = (train_autoencoder(images, 2, beta, steps=60, batch=32, rate=1e-2) for beta in (0.0, 300.0))
    x = torch.from_numpy(images)[:, None]
    with torch.inference_mode():
        assert float(terms(tight, x)[1].mean()) < 0.2 * float(terms(loose, x)[1].mean())
        assert float(((loose(x) - x) ** 2).mean()) < 0.9 * float(x.var())


@pytest.mark.parametrize("size", [8, 24, 33])
def test_sizes_that_do_not_halve_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"size={size} does not halve down to 4: 16, 32, 64 or 128 would"):
        Autoencoder(size=size)


def test_little_pictures_differ_in_kind_size_and_place_only() -> None:
    images, kinds = littles(7, 40)
    assert set(kinds) == set(range(len(KINDS)))
    np.testing.assert_array_equal(images[3], little(10)[0])
    assert images.min() == pytest.approx(0.1)
    assert images.max() == pytest.approx(0.9)
    area = (images > 0.5).sum((1, 2))
    assert area.min() > 30
    assert area.max() > 3 * area.min()


# -- files and the browser -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_ones_are_small_good_and_their_codes_are_theirs(name: str) -> None:
    path = SHIPPED / f"{name}.safetensors"
    assert path.stat().st_size < 150_000
    model, (form, latent) = load_autoencoder(path), name.split("-")
    assert (model.latent, model.variational) == (int(latent), form != "plain")
    images, kinds = littles(2_000_000, PICTURES)
    mean, log_variance = encoded(model, images)
    np.testing.assert_allclose(bottleneck.codes()[f"{name}.mean"], mean, atol=0.02, rtol=2e-3)
    if model.variational:
        np.testing.assert_allclose(bottleneck.codes()[f"{name}.log_variance"], log_variance, atol=0.02, rtol=2e-3)
    with torch.inference_mode():
        made = model(torch.from_numpy(images)[:, None])[:, 0].numpy()
    assert lost(images, made) < 0.25
    assert bottleneck._pictures()[1] == kinds.tolist()


def test_the_browser_decodes_as_torch_does(modules: Any) -> None:
    address = f"data:text/javascript;base64,{b64encode((BROWSER / 'decoder.js').read_bytes()).decode()}"
    call = "([address, told, z]) => import(address).then(({ readDecoder, decode }) => [...decode(readDecoder(told), z)])"
    for name in ("plain-2", "beta10-8", "beta1-32"):
        path = SHIPPED / f"{name}.safetensors"
        model = load_autoencoder(path)
        z = 1.5 * torch.randn(1, model.latent, generator=torch.Generator().manual_seed(1))
        expected = model.decode(z)[0, 0].detach().numpy()
        found = np.array(modules.evaluate(call, [address, decoder_told(path), z[0].tolist()])).reshape(32, 32)
        assert expected.std() > 0.02
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_browser_has_the_same_terms_and_draws_normal_numbers(modules: Any) -> None:
    address = f"data:text/javascript;base64,{b64encode((BROWSER / 'decoder.js').read_bytes()).decode()}"
    call = "(address) => import(address).then((d) => [d.divergence(1.2, -0.7), d.errorTerm([0, 1], [0.5, 1], 0.2), [...d.normals(3, 4000)], [...d.normals(4, 2)]])"
    apart, error, drawn, other = modules.evaluate(call, address)
    assert apart == pytest.approx(float(divergence(torch.tensor(1.2), torch.tensor(-0.7))))
    assert error == pytest.approx(0.25 / (2 * 0.2**2))
    assert abs(np.mean(drawn)) < 0.05
    assert abs(np.std(drawn) - 1) < 0.05
    assert other != drawn[:2]


def test_files_of_something_else_are_refused(tmp_path: Path) -> None:
    for read in (load_autoencoder, decoder_told):
        with pytest.raises(ValueError, match="is not there"):
            read(tmp_path / "none.safetensors")
        with pytest.raises(ValueError, match="holds no autoencoder"):
            read(assets() / "networks" / "cells.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((SHIPPED / "plain-2.safetensors").read_bytes()[:3000])
    with pytest.raises(ValueError, match="is damaged"):
        decoder_told(tmp_path / "cut.safetensors")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    model = Autoencoder(5, variational=True)
    write_autoencoder(tmp_path / "one.safetensors", model)
    again = load_autoencoder(tmp_path / "one.safetensors")
    z = torch.randn(1, 5)
    torch.testing.assert_close(again.decode(z), model.eval().decode(z), atol=1e-3, rtol=1e-2)


# -- ways through a U-Net ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skip", ["none", "add", "concat"])
def test_uncut_it_is_the_network_and_each_cut_is_a_map_of_zeros(skip: str) -> None:
    torch.manual_seed(0)
    model, x = UNet(depth=2, width=4, skip=skip).eval(), torch.randn(2, 1, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(through(model, x), model(x))
        hook = model.bottleneck.register_forward_hook(lambda module, given, made: torch.zeros_like(made))
        torch.testing.assert_close(through(model, x, "bottleneck"), model(x))
        hook.remove()
        assert not torch.allclose(through(model, x, "bottleneck"), model(x))
        if skip == "add":
            joined = model.joined
            model.joined = lambda kept, made: made if made.shape[-1] == 16 else joined(kept, made)  # type: ignore[method-assign]
            torch.testing.assert_close(through(model, x, "skip 0"), model(x))
    assert ways(model) == (("bottleneck",) if skip == "none" else ("skip 0", "skip 1", "bottleneck"))
    with pytest.raises(ValueError, match="cut='skip 9' is no way through this network"):
        through(model, x, "skip 9")


def test_a_network_with_skips_learns_to_copy() -> None:
    x = np.random.default_rng(0).standard_normal((12, 1, 16, 16)).astype(np.float32)
    losses = {skip: lost(x, reconstructed(train_reconstruction(x, skip, 2, 4, 0, 60), x)) for skip in ("none", "concat")}
    assert losses["concat"] < 0.2 < 0.6 < losses["none"]  # noise cannot be compressed


def test_features_lie_on_their_pixels() -> None:
    model = UNet(depth=2, width=4, skip="none").eval()
    x = np.zeros((1, 1, 32, 32), np.float32)
    before = features(model, x)
    x[..., 2, 3] = 5
    after = features(model, x)
    assert {name: maps.shape for name, maps in after.items()} == {"first": (1, 32, 32, 4), "bottleneck": (1, 32, 32, 16)}
    changed = np.abs(after["first"] - before["first"]).max(-1)[0]
    assert changed[:5, :6].max() > 0
    assert changed[5:].max() == changed[:, 6:].max() == 0


# -- clusters and curves -------------------------------------------------------------------------------------------------------------------


def test_clusters_are_found_and_named_in_the_best_way() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (40, 30)).astype(np.uint8)
    spots = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])[truth] + 0.3 * rng.standard_normal((40, 30, 2))
    clusters = clustered(spots.astype(np.float32), centres_of(spots.reshape(-1, 2).astype(np.float32), 3, 0))
    np.testing.assert_array_equal(best_names(clusters, truth, 3)[clusters], truth)


def test_the_naming_is_the_best_of_all() -> None:
    from itertools import permutations

    rng = np.random.default_rng(1)
    for _ in range(10):
        clusters, truth = rng.integers(0, 4, 60), rng.integers(0, 4, 60).astype(np.uint8)
        best = max(int((np.array(order)[clusters] == truth).sum()) for order in permutations(range(4)))
        assert int((best_names(clusters, truth, 4)[clusters] == truth).sum()) == best


def by_pairs(scores: np.ndarray, positive: np.ndarray) -> float:
    """The area by its definition: every positive beside every negative."""
    one, other = scores[positive][:, None], scores[~positive][None]
    return float(((one > other) + 0.5 * (one == other)).mean())


@pytest.mark.parametrize("levels", [3, 10, 100_000])
def test_the_area_is_the_share_of_pairs_and_torchmetrics(levels: int) -> None:
    rng = np.random.default_rng(levels)
    for count in (5, 40, 300):
        scores, positive = rng.integers(0, levels, count) / levels, rng.random(count) < 0.4
        positive[:2] = True, False
        assert auc(scores, positive) == pytest.approx(by_pairs(scores, positive), abs=1e-12)
        expected = float(binary_auroc(torch.from_numpy(scores), torch.from_numpy(positive).long()))
        assert auc(scores, positive) == pytest.approx(expected, abs=1e-5)


def test_a_curve_counts_what_lies_above_each_threshold() -> None:
    rng = np.random.default_rng(5)
    scores, positive = rng.integers(0, 20, 200) / 20, rng.random(200) < 0.3
    curve = roc(scores, positive)
    for threshold, found, alarms in zip(*curve, strict=True):
        assert found == pytest.approx((scores[positive] >= threshold).mean())
        assert alarms == pytest.approx((scores[~positive] >= threshold).mean())
    few = thinned(roc(rng.random(5000), rng.random(5000) < 0.5), 100)
    assert len(few.found) <= 102
    assert (few.found[0], few.alarms[0], few.found[-1], few.alarms[-1]) == (0, 0, 1, 1)
    assert all(one <= other for one, other in pairwise(few.found))


def test_a_curve_needs_both() -> None:
    with pytest.raises(ValueError, match="0 of 3 are positive: a curve needs positives and negatives"):
        roc([1, 2, 3], [False] * 3)


# -- what is shipped and said --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("study", STUDIES, ids=[study.name for study in STUDIES])
def test_studies_are_whole(study: Any) -> None:
    assert complete(study, rows_of(study))
    assert len(study.seeds) >= 5
    assert study.command.split()[-1] in ("prior", "unet", "labels", "anomalies")


@pytest.mark.parametrize("difficulty", ["0.25", "0.75"])
def test_shipped_curves_have_the_area_of_the_measured_row(difficulty: str) -> None:
    rows = {(row["arm"], row["x"], row["seed"]): row for row in rows_of(ANOMALIES)}
    with np.load(SHIPPED / f"anomalies-{difficulty}.npz") as file:
        for arm in ANOMALIES.arms:
            for kind in ("pixels", "images"):
                _, found, alarms = file[f"{arm}.{kind}"].astype(float)
                measured = rows[arm, float(difficulty), 0][kind]
                assert float(np.trapezoid(found, alarms)) == pytest.approx(measured, abs=0.01)


def test_questions_are_right() -> None:
    for turn in range(60):
        for ask in AUTOENCODER.questions:
            asked = ask(turn)
            assert asked.choices.count(asked.right) == 1
            assert 3 <= len(set(asked.choices)) == len(asked.choices) <= 5
        depth = AUTOENCODER.questions[0](turn).shows["depth"]
        numbers = [
            int(word.replace(",", "")) for word in AUTOENCODER.questions[0](turn).question.replace(".", " ").split() if word.isdigit()
        ]
        side, width = numbers[0], numbers[2]
        net = UNet(depth=int(depth), width=width, skip="none")
        seen: list[int] = []
        net.bottleneck.register_forward_hook(lambda module, given, made, seen=seen: seen.append(made.numel()))
        with torch.inference_mode():
            net.eval()(torch.zeros(1, 1, side, side)) if turn < 8 else seen.append(width * 2**depth * (side // 2**depth) ** 2)
        assert AUTOENCODER.questions[0](turn).right == f"{seen[0]:,}"
    assert [ask(0).right for ask in AUTOENCODER.questions] == ["1,024", "1.07", "5 / 6"]


@pytest.mark.parametrize("turn", range(12))
def test_the_divergence_asked_for_is_torchs(turn: int) -> None:
    asked = AUTOENCODER.questions[1](turn)
    mean, log_variance = (
        float(part.split()[0].rstrip(",").replace("−", "-"))
        for part in (asked.question.split("μ = ")[1], asked.question.split("ln σ² = ")[1])
    )
    assert float(asked.right.replace("−", "-")) == pytest.approx(
        float(divergence(torch.tensor(mean), torch.tensor(log_variance))), abs=0.0051
    )


@pytest.mark.parametrize("turn", range(12))
def test_the_area_asked_for_is_the_share_of_pairs(turn: int) -> None:
    asked = AUTOENCODER.questions[2](turn)
    numbers = [int(word) for word in asked.question.replace(",", " ").replace(".", " ").split() if word.isdigit()]
    won, count = asked.right.split(" / ")
    scores, positive = np.array(numbers, float), np.array([True, True, False, False, False])
    assert float(won) / float(count) == pytest.approx(auc(scores, positive))


# -- on the page ---------------------------------------------------------------------------------------------------------------------------


def test_the_picture_follows_the_hand_without_the_server_and_comes_to_rest_in_the_address(visit: Visit) -> None:
    with visit("/autoencoder?form=beta10&latent=2") as page:
        page.wait_for_selector(".latent .board[data-done=yes]")

        def look() -> str:
            return str(page.locator(".latent .made canvas").evaluate("(canvas) => canvas.toDataURL()"))

        before, board = look(), page.locator(".latent .board")
        point = """(board, kind) => {
            const { left, top } = board.getBoundingClientRect();
            board.dispatchEvent(new PointerEvent(kind, { clientX: left + 60, clientY: top + 60, pointerType: "mouse" }));
            return board.getRootNode().querySelector(".latent .made canvas").toDataURL();
        }"""  # one turn of the browser's: no server could have answered in it
        assert board.evaluate(point, "pointermove") != before
        assert board.evaluate(point, "pointerleave") == before
        page.locator(".latent .board").focus()
        page.keyboard.press("ArrowRight")
        assert look() != before
        wait_for(lambda: "z=" in page.url, page)
        walked = look()
        page.get_by_role("button", name="Back to its code").click()
        assert look() == before
        page.get_by_role("button", name="Draw z").click()
        assert "ε =" in page.locator(".latent .sums").inner_text()
        assert look() not in (before, walked)


def test_nonsense_in_the_address_is_passed_over(visit: Visit) -> None:
    for link in (
        "part=bottleneck&form=nothing&latent=7&z=a_b&picture=1000&look=fly",
        "part=unet&skips=all&depth=9&cut=skip_7",
        "part=labels&domain=street&scene=-3",
        "part=anomalies&by=eye&difficulty=2&threshold=many&over=all&xray=99",
    ):
        with visit(f"/autoencoder?{link}") as page:
            assert page.get_by_role("heading", name="Autoencoder", exact=True).count() == 1


def test_a_way_that_is_pressed_is_cut(visit: Visit) -> None:
    with visit("/autoencoder?part=unet&depth=2") as page:

        def lost() -> float:
            return float(page.locator(".diagram svg").get_by_text(re.compile("lost: .* %$")).text_content().split()[-2])

        whole = lost()
        page.locator(".diagram .item[data-item=skip_0]").click()
        until(page, "location.search.includes('cut=skip_0')")
        wait_for(lambda: lost() > 10 * whole, page)


def test_the_threshold_tells_what_is_found(visit: Visit) -> None:
    with visit("/autoencoder?part=anomalies&xray=1") as page:
        told = page.locator(".errors .told")
        told.wait_for()
        slider = page.locator(".errors input[type=range]")
        slider.fill("0")
        with np.load(SHIPPED / "anomalies-0.25.npz") as file:
            lesions = int(file["lesion"][0].sum())
        assert f"Here {lesions} of {lesions} lesion pixels are above it, and {64 * 64 - lesions} others." in told.inner_text()
        assert "100 % of lesion pixels found, 100 % of other pixels" in told.inner_text()
        wait_for(lambda: "threshold=0" in page.url, page)


def test_rows_say_which_way_carries_the_image() -> None:
    """The page's words follow from these; where they changed, so would its answer."""
    deep = [row for row in rows_of(UNET) if row["x"] == 4]
    for row in deep:
        if row["arm"] == "none":
            assert row["cut_bottleneck"] > 0.9 > 0.7 > row["lost"]
        else:
            assert row["cut_skip_0"] > 0.9
            assert row["cut_bottleneck"] < row["lost"] + 0.05
