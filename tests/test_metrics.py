"""Metrics of masks: against torchmetrics, a brute-force boundary F, and by hand."""

from __future__ import annotations

import csv
import json
import math
import re
from io import StringIO

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from torchmetrics.classification import MulticlassAccuracy, MulticlassConfusionMatrix, MulticlassF1Score, MulticlassJaccardIndex

from seglab.export.theme import luminance, rgb
from seglab.train.metrics import Scores, boundary_f, class_iou, confusion, mean_iou
from seglab.train.tables import classes_csv, curve_csv
from seglab.ui.measures import matrix, table, what_accuracy_hides


def random_masks(seed: int, classes: int, occurring: int, shape: tuple[int, ...] = (3, 9, 7)) -> tuple[np.ndarray, np.ndarray]:
    """A prediction and a truth, each with its own few of the classes."""
    rng = np.random.default_rng(seed)
    return tuple(rng.choice(rng.permutation(classes)[:occurring], size=shape) for _ in range(2))


def judged(metric: torch.nn.Module, prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return metric(torch.from_numpy(prediction), torch.from_numpy(truth)).double().numpy()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(2, 7), st.data())
def test_counted_metrics_equal_torchmetrics(seed: int, classes: int, data: st.DataObject) -> None:
    """Confusion, IoU, Dice (the F of pixels), their means and accuracy; also where classes are missing."""
    prediction, truth = random_masks(seed, classes, data.draw(st.integers(1, classes)))
    scores = Scores.of(prediction, truth, classes)
    given = prediction, truth
    np.testing.assert_array_equal(scores.confusion, judged(MulticlassConfusionMatrix(classes), *given))
    occurs = np.isin(np.arange(classes), np.concatenate([prediction.ravel(), truth.ravel()]))
    np.testing.assert_array_equal(np.isnan(scores.iou), ~occurs)
    np.testing.assert_array_equal(np.isnan(scores.dice), ~occurs)
    for mine, mean, metric in ((scores.iou, scores.mean_iou, MulticlassJaccardIndex), (scores.dice, scores.mean_dice, MulticlassF1Score)):
        np.testing.assert_allclose(mine[occurs], judged(metric(classes, average=None), *given)[occurs], atol=1e-6)
        np.testing.assert_allclose(mean, judged(metric(classes, average="macro"), *given), atol=1e-6)
    np.testing.assert_allclose(scores.accuracy, judged(MulticlassAccuracy(classes, average="micro"), *given), atol=1e-6)
    np.testing.assert_array_equal(class_iou(prediction, truth, classes), scores.iou)
    assert mean_iou(prediction, truth, classes) == scores.mean_iou


def slow_boundary_f(prediction: np.ndarray, truth: np.ndarray, number: int, tolerance: float) -> float:
    """Boundary F of one class, pixel by pixel: every boundary pixel looks for its nearest on the other side."""

    def border(mask: np.ndarray) -> list[tuple[int, int]]:
        height, width = mask.shape
        return [
            (r, c)
            for r in range(height)
            for c in range(width)
            if mask[r, c] == number
            and any(
                0 <= r + down < height and 0 <= c + right < width and mask[r + down, c + right] != number
                for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1))
            )
        ]

    def hits(these: list[tuple[int, int]], those: list[tuple[int, int]]) -> float:
        near = [any(math.dist(this, that) <= tolerance for that in those) for this in these]
        return sum(near) / len(near) if near else 0.0

    found = []
    for guessed, real in zip(map(border, prediction), map(border, truth)):
        if guessed or real:
            precision, recall = hits(guessed, real), hits(real, guessed)
            found.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
    return sum(found) / len(found) if found else math.nan


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(2, 4), st.sampled_from([0, 1, 1.5, 2, 3]), st.data())
def test_boundary_f_equals_brute_force(seed: int, classes: int, tolerance: float, data: st.DataObject) -> None:
    """On blocks of 3 x 3 pixels, shifted and with some pixels changed, so that there are boundaries near each other."""
    blocks, _ = random_masks(seed, classes, data.draw(st.integers(1, classes)), (3, 4, 5))
    truth = blocks.repeat(3, 1).repeat(3, 2)
    rng = np.random.default_rng(seed)
    prediction = np.roll(truth, rng.integers(-2, 3, size=2), axis=(1, 2))
    prediction[rng.random(truth.shape) < 0.05] = 0
    expected = [slow_boundary_f(prediction, truth, number, tolerance) for number in range(classes)]
    np.testing.assert_allclose(boundary_f(prediction, truth, classes, tolerance), expected, atol=1e-12)


def square(top: int, left: int) -> np.ndarray:
    mask = np.zeros((20, 20), int)
    mask[top : top + 6, left : left + 6] = 1
    return mask


def test_boundary_f_of_a_shifted_square_by_hand() -> None:
    """The border of 6 x 6 has 20 pixels. Three pixels to the right, 3 of top and of bottom lie on the old ones: 6 of 20."""
    truth, moved = square(5, 5)[None], square(5, 8)[None]
    assert boundary_f(truth, truth, 2).tolist() == [1, 1]
    assert boundary_f(moved, truth, 2, tolerance=0)[1] == pytest.approx(6 / 20)
    assert boundary_f(moved, truth, 2, tolerance=3).tolist() == [1, 1]
    # Within 2 pixels: 5 of the 6 of top and of bottom, and the 4 between them that stand inside the old one, but not the 4 outside it.
    assert boundary_f(moved, truth, 2, tolerance=2)[1] == pytest.approx(14 / 20)
    assert boundary_f(square(0, 0)[None], square(13, 13)[None], 2).tolist() == [0, 0]


def test_boundary_f_is_a_mean_over_the_images_that_have_the_class() -> None:
    """Right in one image, found where there is none in another, in neither in the third: (1 + 0) / 2."""
    empty, there = np.zeros((20, 20), int), square(5, 5)
    prediction, truth = np.stack([there, there, empty]), np.stack([there, empty, empty])
    np.testing.assert_array_equal(boundary_f(prediction, truth, 3), [0.5, 0.5, np.nan])


@pytest.mark.parametrize(
    ("shape", "classes"),
    [((2, 1, 1), 1), ((2, 1, 1), 3), ((1, 5, 4), 1), ((0, 4, 4), 2), ((1, 0, 0), 2)],
    ids=["1 x 1, one class", "1 x 1, three classes", "one class", "no images", "no pixels"],
)
def test_what_cannot_be_said_is_nan_without_a_warning(shape: tuple[int, ...], classes: int) -> None:
    mask = np.zeros(shape, np.uint8)
    scores = Scores.of(mask, mask, classes)
    something = mask.size > 0
    np.testing.assert_array_equal(scores.iou, [1.0 if something else np.nan] + [np.nan] * (classes - 1))
    np.testing.assert_array_equal(scores.dice, scores.iou)
    np.testing.assert_array_equal(scores.boundary, [np.nan] * classes)
    for value in (scores.accuracy, scores.mean_iou, scores.mean_dice, scores.constant[1]):
        assert value == 1 if something else math.isnan(value)
    assert math.isnan(scores.mean_boundary)


def test_what_accuracy_hides() -> None:
    """Of 100 pixels 95 are background: calling all of them that is right in 95 %, at a mean IoU of (0.95 + 0) / 2."""
    truth = np.zeros((1, 10, 10), int)
    truth[0, 4, :5] = 1
    assert Scores.of(truth, truth, 2).constant == (0, 0.95, 0.475)
    lazy = Scores.of(np.zeros_like(truth), truth, 2)
    assert (lazy.accuracy, lazy.mean_iou) == lazy.constant[1:]
    assert Scores.of(np.ones_like(truth), truth, 2).constant == lazy.constant, "it does not depend on the prediction"
    assert Scores.of(truth, truth, 5).constant == (0, 0.95, 0.475), "classes that do not occur do not count"
    np.testing.assert_array_equal(lazy.rows, [[1, 0], [1, 0]])
    np.testing.assert_array_equal(lazy.shares, [0.95, 0.05])


def test_scores_go_through_json() -> None:
    prediction, truth = random_masks(1, 5, 3)
    scores = Scores.of(prediction, truth, 6)
    assert np.isnan(scores.boundary).any()
    again = Scores.from_json(json.loads(json.dumps(scores.as_json(), allow_nan=False)))
    np.testing.assert_array_equal(again.confusion, scores.confusion)
    np.testing.assert_array_equal(again.boundary, scores.boundary)
    assert again.confusion.dtype == np.int64


def test_masks_that_do_not_go_together() -> None:
    with pytest.raises(ValueError, match=r"the prediction has shape \(2, 2\): the truth has \(2, 3\)"):
        confusion(np.zeros((2, 2), int), np.zeros((2, 3), int), 2)
    with pytest.raises(ValueError, match="a mask holds 0 to 2: 2 classes are 0 to 1"):
        confusion(np.array([0, 2]), np.array([0, 1]), 2)
    with pytest.raises(ValueError, match="tolerance=-1 is no distance: 0 or more pixels are needed"):
        boundary_f(np.zeros((1, 2, 2), int), np.zeros((1, 2, 2), int), 2, -1)


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(data.decode("utf-8"), newline="")))


def test_tables_of_a_run() -> None:
    rows = read(curve_csv([(1, 0.25, 0.7, None, 12.5, 0.004), (2, 0.5, None, 0.4, None, None)]))
    assert rows[0] == ["step", "seconds", "loss", "mean_iou", "images_per_second", "learning_rate"]
    assert rows[1:] == [["1", "0.25", "0.7", "", "12.5", "0.004"], ["2", "0.5", "", "0.4", "", ""]]
    truth = np.zeros((1, 10, 10), int)
    truth[0, 3:7, 3:7] = 1
    scores = Scores.of(np.roll(truth, 1, axis=2), truth, 3)
    head, *body = read(classes_csv(scores, ["background", "cell, touching", "none"]))
    assert head == ["class", "share", "iou", "dice", "boundary_f"]
    assert [row[0] for row in body] == ["background", "cell, touching", "none", "mean"]
    assert [float(cell) for cell in body[1][1:]] == pytest.approx([0.16, 12 / 20, 24 / 32, 1])
    assert body[2] == ["none", "0.0", "", "", ""]
    assert float(body[3][2]) == pytest.approx(scores.mean_iou)


# -- on the page ---------------------------------------------------------------------------------------------------------

NAMES, COLOURS = ["background", "a < b", "none"], [(0, 0, 0), [213, 94, 0], (1, 2, 3)]
SCORES = Scores(np.array([[90, 5, 0], [1, 4, 0], [0, 0, 0]]), np.array([0.9, 0.5, np.nan]))


def test_the_table_has_heads_for_rows_and_columns_and_a_dash_where_nothing_can_be_said() -> None:
    made = table(SCORES, NAMES, COLOURS)
    assert re.findall(r'<th scope="col">(.*?)</th>', made) == ["class", "share of truth", "IoU", "Dice", "boundary F"]
    heads = [re.sub("<.*?>", "", head) for head in re.findall(r'<th scope="row">(.*?)</th>', made)]
    assert heads == ["background", "a &lt; b", "none", "mean"]
    assert "background: rgb(213, 94, 0)" in made
    cells = [re.findall(r"<td.*?>(.*?)</td>", row) for row in made.split("<tr>")[2:]]
    assert cells == [
        ["95.0 %", "0.938", "0.968", "0.900"],
        ["5.0 %", "0.400", "0.571", "0.500"],
        ["0.0 %", "–", "–", "–"],
        ["", "0.669", "0.770", "0.700"],
    ]


def test_what_accuracy_hides_is_said_with_the_runs_numbers() -> None:
    told = what_accuracy_hides(SCORES, NAMES).replace("**", "")
    assert told.startswith("Accuracy 94.0 %: so many pixels are right, at a mean IoU of 0.669.")
    assert told.endswith("Calling every pixel background would be right in 95.0 % of them, at a mean IoU of 0.475.")
    assert (
        what_accuracy_hides(Scores.of(np.zeros((0, 1, 1), int), np.zeros((0, 1, 1), int), 3), NAMES)
        == "There are no pixels to compare yet."
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_matrix_says_its_shares_and_can_be_read(dark: bool) -> None:
    """The share stands in its cell, in an ink whose contrast with the cell is 4.5 or more, at every shade there is."""
    figure = matrix(SCORES, NAMES, dark)
    assert [list(row) for row in figure.data[0].z] == [[90 / 95, 5 / 95, 0], [0.2, 0.8, 0], [None] * 3]
    said = {(note.y, note.x): note.text for note in figure.layout.annotations}
    assert said["a &lt; b", "background"] == "20.0 %"
    assert said["none", "none"] == "–"
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("prediction", "truth")
    scale = [[int(part) for part in re.findall(r"\d+", colour)] for _, colour in figure.data[0].colorscale]
    for count in range(101):
        grey = matrix(Scores(np.array([[count, 100 - count], [0, 1]]), np.ones(2)), ["a", "b"], dark).layout.annotations[0].font.color
        fill, ink = sorted([luminance(tuple(scale[round(count / 100 * 64)])), luminance(rgb(grey))])
        assert (ink + 0.05) / (fill + 0.05) >= 4.5


def test_the_panel_draws() -> None:
    def page(scores: dict, names: list, colours: list) -> None:
        from seglab.ui.measures import measures_panel

        measures_panel(scores, names, colours)

    seen = AppTest.from_function(page, args=(json.loads(json.dumps(SCORES.as_json())), NAMES, COLOURS), default_timeout=60).run()
    assert not seen.exception
    assert "Calling every pixel background" in seen.markdown[0].value
    assert len(seen.get("plotly_chart")) == 1
