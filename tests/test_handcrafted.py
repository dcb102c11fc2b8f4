"""Without a network: Otsu against his definition and scikit-image, kernels against scipy and the stage, recipes, and the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import until, wait_for
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Files
from scipy import ndimage
from skimage import filters
from skimage.segmentation import watershed

from seglab.data.domains import DOMAINS
from seglab.data.sets import TEST_SEED
from seglab.infer.flooding import distance_map, flood, summits
from seglab.infer.handcrafted import FEATURES, RECIPES, handcrafted, saturation, split, thresholded
from seglab.infer.kernels import KERNELS, applied, gradient
from seglab.infer.otsu import between, halves, histogram, levels, otsu
from seglab.lessons.kernel_patch import kernel_patch
from seglab.lessons.labs.handcrafted import HANDCRAFTED, ask_flood, ask_otsu, ask_sobel
from seglab.stage.lesson import build
from seglab.train.metrics import Scores, mean_iou
from seglab.train.plan_handcrafted import DATA, plan
from seglab.train.study import complete, read_rows
from seglab.ui.byhand import by_level
from seglab.ui.handcrafted_against import WAYS, WHY, measured, scene_of, shipped
from seglab.ui.handcrafted_kernels import corner, steepest

Visit = Callable[..., Any]
ASSETS = Path(__file__).parents[1] / "assets"


def scene(name: str, number: int = 0, difficulty: float = 0.5) -> Any:
    return DOMAINS[name].make(TEST_SEED + number, 96, difficulty)


# -- Otsu ----------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 40), min_size=3, max_size=12).filter(lambda counts: sum(map(bool, counts)) > 1))
def test_otsu_has_the_least_variance_within_the_halves(counts: list[int]) -> None:
    """Equation 12 of the paper: within plus between is the whole, so the most between is the least within; here over sets of pixels."""
    many = np.array(counts)
    pixels = np.repeat(np.arange(len(many)), many).astype(float)
    within = []
    for level in range(len(many) - 1):
        parts = [part for part in (pixels[pixels <= level], pixels[pixels > level]) if part.size]
        within.append(sum(part.size * part.var() for part in parts) / pixels.size)
    variances = between(many)
    np.testing.assert_allclose(np.array(within) + variances[:-1], pixels.var(), atol=1e-9)
    assert within[otsu(many)] == pytest.approx(min(within))


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("feature", FEATURES)
def test_otsu_equals_scikit_image(name: str, feature: str) -> None:
    for number in range(3):
        picture = levels(FEATURES[feature][1](scene(name, number).image))
        if len(np.unique(picture)) > 1:
            assert otsu(histogram(picture)) == filters.threshold_otsu(picture)


def test_halves_by_hand() -> None:
    share, low, high = halves(np.array([3, 1, 0, 4]), 1)
    assert (share, low, high) == (0.5, 0.25, 3.0)
    assert levels(np.full((2, 2), 0.7)).tolist() == [[0, 0], [0, 0]]


def test_scores_by_level_are_those_of_the_masks() -> None:
    one = scene("xray")
    picture, truth = levels(FEATURES["brightness"][1](one.image)), (one.mask > 0).astype(np.uint8)
    for above in (True, False):
        told = by_level(picture, truth, above)
        for level in (0, 57, 128, 254, 255):
            mask = ((picture > level) == above).astype(np.uint8)
            scores = Scores.of(mask[None], truth[None], 2)
            assert told["iou"][level] == pytest.approx(scores.mean_iou, abs=1e-4)
            assert told["dice"][level] == pytest.approx(scores.mean_dice, abs=1e-4)
            assert told["boundary"][level] == pytest.approx(np.nan_to_num(scores.mean_boundary), abs=1e-4)


# -- kernels -------------------------------------------------------------------------------------------------------------


def test_sobel_and_scharr_equal_scikit_image() -> None:
    """Up to its order of axes; inside, since it mirrors the border and this repeats it."""
    image = scene("cells").image.astype(float)
    inside = (slice(1, -1), slice(1, -1))
    for name, right, down in (("sobel", filters.sobel_v, filters.sobel_h), ("scharr", filters.scharr_v, filters.scharr_h)):
        kernel = KERNELS[name]
        slopes = [applied(image, weights, kernel.divisor) * 2 for weights in (kernel.array, kernel.across)]  # scikit's sum to 1 a side
        np.testing.assert_allclose(np.abs(slopes[0][inside]), np.abs(right(image)[inside]), atol=1e-6)
        np.testing.assert_allclose(np.abs(slopes[1][inside]), np.abs(down(image)[inside]), atol=1e-6)
        np.testing.assert_allclose(gradient(image, kernel), np.hypot(*slopes) / 2, atol=1e-6)


def test_what_kernels_do_to_flat_steep_and_curved_ground() -> None:
    y, x = np.mgrid[:9, :9].astype(float)
    middle = (slice(2, -2), slice(2, -2))
    for name in ("sobel", "scharr"):
        kernel = KERNELS[name]
        np.testing.assert_allclose(applied(2 * x + y, kernel.array, kernel.divisor)[middle], 2)
        np.testing.assert_allclose(applied(2 * x + y, kernel.across, kernel.divisor)[middle], 1)
    np.testing.assert_allclose(applied(x**2 + 3 * y**2, KERNELS["laplace"].array)[middle], 8)  # 2 + 6
    np.testing.assert_allclose(applied(2 * x + y, KERNELS["laplace"].array)[middle], 0)
    np.testing.assert_allclose(applied(np.full((9, 9), 0.3), KERNELS["gauss"].array, 256), 0.3)
    assert KERNELS["gauss"].array.sum() == KERNELS["gauss"].divisor


@pytest.mark.parametrize("name", KERNELS)
def test_the_stage_says_what_the_picture_says(name: str) -> None:
    """The opened patch of grey values gives the same sums as the kernel over the whole image."""
    pixels = np.rint(scene("shapes").image.mean(2) * 255).astype(int)
    at = steepest(scene("shapes").image.mean(2))
    left, top = corner(at, pixels.shape)
    for down in (False, True):
        lesson = kernel_patch(name, pixels[top : top + 8, left : left + 8], down)
        kernel = KERNELS[name]
        lost = len(kernel.weights) // 2
        whole = applied(pixels, kernel.across if down else kernel.array)
        made = build(lesson, lesson.defaults).output
        np.testing.assert_allclose(made, whole[top + lost : top + 8 - lost, left + lost : left + 8 - lost], atol=1e-9)


# -- recipes -------------------------------------------------------------------------------------------------------------


def test_saturation_by_hand() -> None:
    image = np.zeros((5, 5, 3), np.float32)
    image[:] = (0.8, 0.4, 0.6)
    np.testing.assert_allclose(saturation(image), 0.5, atol=1e-6)
    assert not saturation(np.zeros((4, 4), np.float32)).any()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_beats_a_threshold_on_brightness_or_is_one(name: str) -> None:
    masks = [[], []]
    truths = []
    for number in range(8):
        one = scene(name, number)
        masks[0].append(handcrafted(one.image, RECIPES[name]))
        masks[1].append(thresholded(one.image, "brightness", above=False))
        truths.append(one.mask > 0)
    recipe, plain = (mean_iou(np.stack(one).astype(int), np.stack(truths).astype(int)) for one in masks)
    assert recipe > plain + 0.1 or (RECIPES[name].feature == "brightness" and recipe >= plain - 0.01)


def test_a_mask_is_split_as_the_page_floods_it() -> None:
    mask = handcrafted(scene("shapes", 65, 0.25).image, RECIPES["shapes"])
    far = distance_map(mask)
    markers = summits(far, mask)
    np.testing.assert_array_equal(split(mask), flood(-far, markers, mask, line=True).labels)
    np.testing.assert_array_equal(split(mask), watershed(-far, markers, mask=mask, watershed_line=True))
    assert split(mask).max() == 7


# -- what is shipped, asked and shown ------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", RECIPES)
def test_the_shipped_masks_are_of_the_tables_scenes(data: str) -> None:
    masks = shipped(data)
    assert set(masks) == set(WAYS) == set(measured()["domains"][data])
    for number in (0, len(masks["recipe"]) - 1):
        one = scene_of(data, number)
        np.testing.assert_array_equal(masks["recipe"][number], handcrafted(one.image, RECIPES[data]))
        assert mean_iou(masks["network"][number].astype(int), (one.mask > 0).astype(int)) > 0.8, "the network looked at this scene"


@pytest.mark.parametrize("data", DATA)
def test_the_studies_are_whole(data: str) -> None:
    assert complete(plan(data), read_rows(ASSETS / "studies" / f"handcrafted_{data}.json", plan(data)))


@pytest.mark.parametrize("question", [ask_otsu, ask_sobel, ask_flood], ids=["otsu", "sobel", "flood"])
def test_questions_have_one_right_answer_among_new_numbers(question: Callable[[int], Any]) -> None:
    asked = [question(turn) for turn in range(40)]
    assert all(one.choices.count(one.right) == 1 and len(set(one.choices)) == len(one.choices) >= 2 for one in asked)
    assert len({one.question for one in asked}) >= 5
    assert question in HANDCRAFTED.questions


def test_right_answers_by_hand() -> None:
    for turn in range(20):
        counts = np.array([int(count) for count in re.findall(r"level \d: (\d+)", ask_otsu(turn).question)])
        first, second = sorted(between(counts)[:3])[:0:-1]
        assert first > 1.05 * second, "one cut is clearly the best"
        assert ask_otsu(turn).right == f"above level {filters.threshold_otsu(np.repeat(np.arange(4), counts))}"
    assert ask_sobel(0).right == "200"
    heights = [int(height) for height in re.search(r"heights: ([\d ]+)\.", ask_flood(3).question)[1].split()]
    assert ask_flood(3).right == str(heights.index(8))


def test_the_threshold_moves_and_the_mask_follows(visit: Visit) -> None:
    """The browser's sentence against the mask in Python, at Otsu's level and at another one."""
    one = scene("shapes", 65, 0.25)
    picture, truth = levels(FEATURES["saturation"][1](one.image)), (one.mask > 0).astype(np.uint8)
    with visit("/handcrafted") as page:
        told = page.locator(".otsu .told")
        for level in (otsu(histogram(picture)), 60):
            page.get_by_role("slider", name="Threshold").fill(str(level))
            mask = picture > level
            assert f"{100 * mask.mean():.1f} % of the pixels are above {level}" in told.inner_text()
            assert f"Mean IoU {mean_iou(mask.astype(int), truth):.3f}" in told.inner_text()
            white = page.locator(".otsu figure:nth-child(2) canvas").evaluate(
                """canvas => { const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data; let found = 0;
                for (let at = 0; at < data.length; at += 4) found += (data[at] === 235 && data[at + 2] === 235) || data[at + 2] === 178;
                return found; }"""
            )
            assert white == mask.sum()
        until(page, "location.search.includes('t=60')")
        page.get_by_role("button", name="Otsu’s").click()
        until(page, "!location.search.includes('t=')")


def test_an_own_image_and_a_broken_one(visit: Visit) -> None:
    file = BytesIO()
    Files.fromarray(np.repeat(np.arange(0, 240, 2, np.uint8)[None], 80, 0)).save(file, "PNG")
    with visit("/handcrafted?data=own&of=magic&side=left&t=999") as page:
        page.wait_for_selector("text=Bring an image of your own")
        upload = page.locator('input[type="file"]')
        upload.set_input_files({"name": "ramp.png", "mimeType": "image/png", "buffer": file.getvalue()})
        page.wait_for_selector(".otsu .told")
        wait_for(lambda: "of the pixels are above" in page.locator(".otsu .told").inner_text(), page)
        upload.set_input_files({"name": "broken.png", "mimeType": "image/png", "buffer": b"no picture"})
        page.wait_for_selector("text=This image cannot be used")


def test_a_patch_opens_in_the_stage(visit: Visit) -> None:
    with visit("/handcrafted?part=kernels&kernel=laplace&at=0") as page:
        page.wait_for_selector(".stage .first:not(:empty)")
        pixels = np.rint(scene("shapes", 65, 0.25).image.mean(2) * 255)
        state = page.locator(".stage").evaluate("element => element.stage.state")
        assert np.abs(np.array(state["x"]) - pixels[:8, :8]).max() <= 1
        assert state["w"] == [[0, 1, 0], [1, -4, 1], [0, 1, 0]]


def test_where_the_recipe_errs_on_vessels_is_what_the_page_says() -> None:
    """96 % of its wrong pixels are outermost ones of a vessel, or lie right beside one."""
    wrong = beside = 0
    for number in range(24):
        one = DOMAINS["vessels"].make(TEST_SEED + 20_000 + number, 64, 0.0)
        mask, truth = handcrafted(one.image, RECIPES["vessels"]), one.mask > 0
        line = ndimage.binary_dilation(truth) & ~ndimage.binary_erosion(truth)
        wrong, beside = wrong + int((mask != truth).sum()), beside + int(((mask != truth) & line).sum())
    assert f"{beside / wrong:.0%}".replace("%", " %") in WHY["vessels"]
