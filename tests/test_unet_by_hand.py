"""The U-Net by hand: every number that the deck prints, gradients against torch, and training in both languages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from mounted import Mounted, numbers

from seglab.lessons import LESSONS
from seglab.losses import binary_cross_entropy, mask_scores
from seglab.nets.judge import run_snippet
from seglab.pipeline import Pipeline
from seglab.stage.lesson import build
from seglab.stage.training import descended, drawn, gradients, trained_fields

if TYPE_CHECKING:
    from playwright.sync_api import Page

HAND = LESSONS["unet_by_hand"]
DECK = {  # as printed on the slides, which round as they go
    "r": [[0, 0.96, 2.0, 0.89, 0]] * 4 + [[0.01, 0.78, 1.50, 0.62, 0]],
    "p": [[0.96, 2.0, 0]] * 2 + [[0.78, 1.5, 0]],
    "u": [[0.96, 0.96, 2, 2, 0, 0]] * 4 + [[0.78, 0.78, 1.5, 1.5, 0, 0]] * 2,
    "k": [[0.96, 0.96, 2, 2, 0]] * 4 + [[0.78, 0.78, 1.5, 1.5, 0]],
    "y": [[[0.40, 0.86, 0.99, 0.92, 0.25]] * 4 + [[0.38, 0.79, 0.97, 0.81, 0.25]]],
    "m": [[[0, 1, 1, 1, 0]] * 5],
}


def made(**changes: Any) -> Pipeline:
    return build(HAND, HAND.state(**changes))


# -- the deck's numbers ---------------------------------------------------------------------------------------------------


def test_d1_every_number_of_the_deck() -> None:
    net = made()
    for name, printed in DECK.items():
        np.testing.assert_allclose(net.values(name), printed, atol=0.02)
    assert abs(net.values("z")[0, 0, 0] - -0.3984) < 0.02
    assert abs(net.values("z")[0, 0, 1] - 1.86) < 0.02
    assert net.values("m")[0].tolist() == net.values("t").tolist()


def test_d1_the_exact_arithmetic() -> None:
    net = made()
    a = np.array([[-0.002, 0.956, 2.015, 0.885, -0.11]] * 4 + [[0.014, 0.78, 1.495, 0.615, -0.11]])
    r = np.maximum(a, 0)
    pooled = np.array([[0.956, 2.015, 0]] * 2 + [[0.78, 1.495, 0]])
    z = 2.35 * r + 0.71 * np.kron(pooled, np.ones((2, 2)))[:5, :5] - 1.08
    for name, exact in (("a", a), ("r", r), ("p", pooled), ("z", [z]), ("y", [1 / (1 + np.exp(-z))])):
        np.testing.assert_allclose(net.values(name), exact, rtol=1e-9, atol=1e-9)


def test_d1_without_the_skip_and_with_the_misprinted_bias() -> None:
    without = made(f=[[0]])
    assert without.values("m")[0, :4].tolist() == [[0, 0, 1, 1, 0]] * 4
    assert mask_scores(without.values("y")[0], without.values("t"))[:2] == (8, 15)
    misprint = made(d=1.08)
    assert misprint.values("m").all()
    assert misprint.values("y").min() == pytest.approx(0.746, abs=0.001)


def test_d1_the_skip_alone_solves_the_stripe_and_the_spots_need_both() -> None:
    assert mask_scores(made(g=[[0]]).values("y")[0], made().values("t"))[2] == 25
    spots = next(stop for stop in HAND.stops if stop.title == "An image that needs context").state
    solved = made(**spots)
    assert mask_scores(solved.values("y")[0], solved.values("t"))[2] == 25
    image = np.pad(np.array(spots["x"], float), ((0, 1), (0, 1)))
    assert image[1:3, 1:3].tolist() == image[4:6, 0:2].tolist(), "whatever the first kernel is, it says the same of both cells"
    assert (solved.values("t")[1, 1], solved.values("t")[4, 0]) == (1, 0)


def test_d1_gradients_add_at_the_branch() -> None:
    loss, found, _ = gradients(HAND, HAND.defaults)
    skip, pool = found.steps["j"].input[0][0, 1], found.steps["p"].input[0, 1]
    assert (round(float(skip), 4), round(float(pool), 4)) == (-0.3206, 0.3757)
    assert found.grids["r"][0, 1] == pytest.approx(skip + pool)
    assert found.grids["r"][0, 1] == pytest.approx(0.0551, abs=5e-5)
    probabilities = made().values("y")
    expected = torch.nn.functional.binary_cross_entropy(
        torch.tensor(probabilities), torch.tensor([HAND.defaults["t"]]).double(), reduction="sum"
    )
    assert loss == pytest.approx(float(expected))


def test_d2_the_transposed_convolution() -> None:
    state = next(stop for stop in HAND.stops if stop.title == "Upsampling with weights").state
    net = made(**state)
    np.testing.assert_allclose(net.values("p"), [[4.23, 4.03, 0.65]] * 2 + [[2.40, 2.67, 0.65]], atol=0.005)
    np.testing.assert_allclose(net.values("u")[:2, :4], [[4.98, -2.8, 4.81, -2.6], [5.40, -1.3, 5.21, -1.2]], atol=0.02)
    assert len(trained_fields(HAND, HAND.state(**state))) == 7
    assert sum(np.size(HAND.defaults[name]) for name in trained_fields(HAND, HAND.state(**state))) == 13
    assert sum(np.size(HAND.defaults[name]) for name in trained_fields(HAND, HAND.defaults)) == 8


# -- gradients and training -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", ["whole", "transposed"])
def test_every_gradient_is_that_of_torch(view: str) -> None:
    state = drawn(HAND, HAND.state(view=view), 2)
    net = build(HAND, state)
    loss, found, fields = gradients(HAND, state, net)
    code = net.torch_code().replace("dtype=torch.float64)", "dtype=torch.float64, requires_grad=True)")
    theirs = run_snippet(code)
    truth = torch.tensor(net.values("t"))[None]
    cost = torch.nn.functional.binary_cross_entropy(theirs["y"].reshape(truth.shape), truth, reduction="sum")
    cost.backward()
    assert loss == pytest.approx(cost.item())
    np.testing.assert_allclose(found.grids["x"], theirs["x"].grad.numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(fields["w"], theirs["a_weight"].grad.numpy().reshape(2, 2), rtol=1e-9, atol=1e-12)
    last = theirs["z_weight"].grad.numpy().ravel()
    np.testing.assert_allclose([fields["f"].item(), fields["g"].item()], last, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("view", "count"), [("whole", 7), ("transposed", 4)])
def test_some_seeds_reach_the_mask_and_the_rest_stall_at_a_dead_relu(view: str, count: int) -> None:
    reached = []
    for seed in range(1, 11):
        state = drawn(HAND, HAND.state(view=view), seed)
        for _ in range(400):
            state, loss = descended(HAND, state, 0.02)
            net = build(HAND, state)
            if mask_scores(net.values("y")[0], net.values("t"))[2] == 25:
                reached.append(seed)
                break
        else:
            assert loss / 25 == pytest.approx(0.673, abs=0.001)
            assert not net.values("r").any()
    assert len(reached) == count


def test_training_is_the_same_in_both_languages(modules: Page) -> None:
    for view, seed in (("whole", 1), ("whole", 3), ("transposed", 2)):
        state = drawn(HAND, HAND.state(view=view), seed)
        start, losses = dict(state), []
        for _ in range(40):
            state, loss = descended(HAND, state, 0.02)
            losses.append(loss)
        drawn_there, after, theirs = modules.evaluate(
            """async ([lesson, plain, seed]) => {
              const { build } = await import("/v1/recipe.js");
              const { drawn, descent, gradients } = await import("/v1/training.js");
              const begun = { ...plain, ...drawn(lesson, plain, seed) }, losses = [];
              let state = begun;
              for (let step = 0; step < 40; step++) {
                const made = build(lesson, state, lesson.views.find((view) => view.name === state.view)), { loss, fields } = gradients(lesson, state, made);
                losses.push(loss);
                state = { ...state, ...descent(lesson, state, fields, 0.02) };
              }
              return [begun, state, losses];
            }""",
            [HAND.data, HAND.state(view=view), seed],
        )
        assert {name: drawn_there[name] for name in trained_fields(HAND, start)} == {
            name: start[name] for name in trained_fields(HAND, start)
        }
        np.testing.assert_allclose(theirs, losses, rtol=1e-9)
        for name in trained_fields(HAND, state):
            np.testing.assert_allclose(after[name], state[name], rtol=1e-7, atol=1e-9)


def test_losses_refuse_masks_of_another_size() -> None:
    with pytest.raises(ValueError, match=r"truth has shape \(1, 3\): the probabilities have \(1, 2\)"):
        binary_cross_entropy([[0.5, 0.5]], [[1, 0, 1]])


# -- on the stage ---------------------------------------------------------------------------------------------------------


def test_a_probability_lights_the_way_back_through_both_branches(stage: Mounted) -> None:
    stage.open(HAND)
    stage.point("Probability", 2, 2)
    lit = stage.js(
        """async () => {
          const { connected } = await import("/v1/scene.js");
          const marked = connected(stage.scene, stage.board.focus);
          return Object.fromEntries(stage.scene.panels.map((panel) => [panel.title, [...marked.get(panel.index)].length]));
        }"""
    )
    net = made()
    behind = net.behind("y", 0, 2, 2)
    assert lit["Skip and upsampled"] == len(behind["j"]) == 2
    assert lit["ReLU"] == len(behind["r"]) == 4, "the pooled window; the skip's cell is one of them"
    assert lit["Pooled"] == lit["Cropped"] == 1
    assert lit["Image"] == 9
    assert lit["Mask"] == 1, "and on to the mask"
    assert numbers(stage.ledger)[-1] == pytest.approx(net.values("y")[0, 2, 2])


def test_an_edit_is_followed_downstream_within_the_next_frame(stage: Mounted) -> None:
    stage.open(HAND)
    x, y = stage.place("Image", 2, 2)
    stage.page.mouse.dblclick(x, y)
    stage.page.keyboard.type("0")
    stage.page.keyboard.press("Enter")
    image = [[0, 0.4, 1, 0.5, 0] for _ in range(5)]
    image[2][2] = 0
    assert stage.state["x"] == image
    shown = stage.js("[...stage.scene.made.grids.get('y').data]")
    np.testing.assert_allclose(shown, made(x=image).values("y").ravel(), rtol=1e-9)
    x, y = stage.place("Weights", 0, 0)
    stage.page.mouse.dblclick(x, y)
    stage.page.keyboard.type("0.5")
    stage.page.keyboard.press("Enter")
    assert (stage.state["f"], stage.state["g"]) == ([[0.5]], [[0.71]])
    stage.page.keyboard.press("ArrowRight")
    stage.page.keyboard.type("-1")
    stage.page.keyboard.press("Enter")
    assert (stage.state["f"], stage.state["g"]) == ([[0.5]], [[-1]])


def test_gradients_are_shown_cell_by_cell_with_their_branches(stage: Mounted) -> None:
    stage.open(HAND, gradients=True)
    stage.point("ReLU", 0, 1)
    assert stage.ledger.startswith("∂L/∂R(0,1) = ")
    first, second, total = numbers(stage.ledger)[-3:]
    assert (round(first, 4), round(second, 4), round(total, 4)) in ((-0.3206, 0.3757, 0.0551), (0.3757, -0.3206, 0.0551))
    assert "Skip and upsampled" in stage.ledger
    assert "Pooled" in stage.ledger
    _, found, fields = gradients(HAND, HAND.defaults)
    stage.point("Kernel", 1, 0)
    assert numbers(stage.ledger)[-1] == pytest.approx(fields["w"][1, 0], rel=1e-5)
    stage.point("Probability", 1, 1)
    assert numbers(stage.ledger)[-1] == pytest.approx(found.grids["y"][0, 1, 1], rel=1e-5)


def test_what_is_still_to_come_is_an_empty_frame(stage: Mounted) -> None:
    stage.open(HAND, view="pool")
    titles = stage.js("[...document.querySelectorAll('[role=grid]')].map((grid) => grid.getAttribute('aria-label'))")
    assert len(titles) == 6, "image, kernel, feature map, ReLU, pooled, and the truth"
    x, y = stage.js(
        "(() => { const place = stage.board.places[stage.scene.panels.find(({ title }) => title === 'Score').index],"
        " box = stage.board.element.getBoundingClientRect(); return [box.left + place.x + 9, box.top + place.y + 9]; })()"
    )
    stage.page.mouse.move(x, y)
    assert stage.js("stage.board.hovered") is None


def test_training_in_the_browser_reaches_the_mask_says_why_it_stalls_and_settles_once(stage: Mounted) -> None:
    stage.open(HAND, stop=15, **HAND.stops[14].state)
    stage.page.get_by_role("button", name="Try seeds 1 to 10").click()
    stage.page.wait_for_function("document.querySelector('.trainer .status').textContent.includes('of 10 seeds reach the mask')")
    found = stage.js("[...document.querySelectorAll('.seeds li')].map((item) => [item.className, item.textContent])")
    assert len(found) == 10
    assert sum(kind == "reached" for kind, _ in found) == 7, "as in Python"
    assert all("stays at 0.673, dead ReLU" in text for kind, text in found if kind == "stalled")
    stage.page.get_by_role("button", name="Seed 1:").click()
    stage.page.wait_for_function("told.length > 0")
    before = len(stage.told)
    stage.page.get_by_role("button", name="Train", exact=True).click()
    stage.page.wait_for_function("document.querySelector('.trainer .status').textContent.startsWith('The mask is reached')")
    assert len(stage.told) == before, "nothing is told while it trains"
    stage.page.wait_for_function(f"told.length === {before + 1}")
    assert "25 of 25 cells are right" in stage.js("stage.remark.textContent")
    curve = json.loads(stage.saved(".trainer .told > :last-child", "JSON")[1])["numbers"]
    assert curve["values"] == stage.js("stage.furniture.trainer.losses")
    assert curve["one answer for all cells"] == pytest.approx(0.673, abs=5e-4)
    points = json.loads(stage.saved(".trainer .told > :first-child", "JSON")[1])["numbers"]["points"]
    assert [point["real"] for point in points] == [bool(value) for value in made().values("t").ravel()]
    stage.page.get_by_role("button", name="Seed 3:").click()
    stage.page.get_by_role("button", name="Train", exact=True).click()
    stage.page.wait_for_function("!stage.furniture.trainer.running && stage.furniture.trainer.losses.length > 5")
    assert "no gradient reaches a weight" in stage.js("stage.furniture.trainer.status.textContent")
    stage.page.get_by_role("slider", name="Last bias", exact=True).fill("1")
    assert stage.js("stage.furniture.trainer.losses.length") == 0, "a change by hand begins a new curve"
