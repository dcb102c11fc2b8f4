"""Augmentation, targets and batches: pixels moved as a reference moves them, labels that were there before, one draw for all."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from seglab.data.sets import DataSet, open_set
from seglab.data.targets import borders, shifted
from seglab.data.weight_map import class_weights, weight_map
from seglab.train.augment import Augmentation, Draw
from seglab.train.batches import make_batch, standardised
from seglab.train.config import TrainConfig
from seglab.train.examples import class_counts
from seglab.train.preview import twelve_draws

ALL = TrainConfig(rotation=40, scale=0.3, elastic=5, brightness=0.5, noise=0.4, loss="weighted", batch=8)
WARPING = Augmentation(rotation=180, scale=0.5, elastic=16)


def batch_before_there_were_other_augmentations(data: DataSet, seed: int, step: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([seed, step])
    images, labels = [], []
    for number in rng.integers(data.train_count, size=size):
        image, mask = data.train(int(number))
        turns, mirror, sign = int(rng.integers(4)), rng.integers(2), rng.choice([-1, 1]) if data.inverts else 1
        image, mask = np.rot90(image, turns), np.rot90(mask, turns)
        image, mask = (image[:, ::-1], mask[:, ::-1]) if mirror else (image, mask)
        plane = standardised(image) * np.float32(sign)
        images.append(plane[None] if plane.ndim == 2 else np.moveaxis(plane, 2, 0))
        labels.append(mask)
    return np.stack(images).astype(np.float32), np.stack(labels).astype(np.int64)


@pytest.mark.parametrize("name", ["cells", "shapes", "xray"])
def test_with_flips_alone_batches_are_those_of_earlier_versions(name: str) -> None:
    data = open_set(name, images=6, size=48)
    for seed, step in ((0, 0), (0, 1), (7, 5)):
        made = make_batch(data, TrainConfig(data=name, seed=seed, size=48), step, {})
        images, labels = batch_before_there_were_other_augmentations(data, seed, step, 16)
        assert (made.images.dtype, made.labels.dtype, made.weights) == (np.float32, np.int64, None)
        np.testing.assert_array_equal(made.images, images)
        np.testing.assert_array_equal(made.labels, labels)


@pytest.mark.parametrize(("settings", "loads"), [("", False), ("rotation=5", True), ("brightness=0.1", True)])
def test_flips_do_without_kornia_and_torch(settings: str, loads: bool) -> None:
    code = f"""
import sys
from seglab.data.sets import open_set
from seglab.train.batches import make_batch
from seglab.train.config import TrainConfig
make_batch(open_set("cells", images=2, size=32), TrainConfig(size=32, batch=2, {settings}), 0, {{}})
sys.exit(len({{"kornia", "torch"}} & set(sys.modules)))"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == (2 if loads else 0)


def test_without_flips_images_stand_as_they_are() -> None:
    data = open_set("shapes", images=3, size=48)
    made = make_batch(data, TrainConfig(flips=False, size=48), 0, {})
    originals = {data.train(number)[1].tobytes() for number in range(3)}
    assert {label.astype(np.uint8).tobytes() for label in made.labels} <= originals


def test_a_batch_depends_on_seed_and_step_alone_and_leaves_torchs_generator_be() -> None:
    data = open_set("cells", images=6, size=48)
    before = torch.get_rng_state()
    one = make_batch(data, ALL, 3, {})
    torch.manual_seed(99)
    two, other = make_batch(data, ALL, 3, {}), make_batch(data, ALL, 4, {})
    for a, b in zip(one, two):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.images, other.images)
    torch.set_rng_state(before)
    make_batch(data, ALL, 5, {})
    assert torch.equal(torch.get_rng_state(), before)


def sources(draw: Draw, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column from which each pixel comes, for a bend that is the same everywhere; turned and zoomed about the middle by hand."""
    row, column = np.mgrid[:height, :width].astype(float)
    up, right = (height - 1) / 2 - row, column - (width - 1) / 2  # the axes of mathematics, in which angles are counter-clockwise
    angle = np.deg2rad(-draw.angle)
    back_right = (np.cos(angle) * right - np.sin(angle) * up) / draw.zoom
    back_up = (np.sin(angle) * right + np.cos(angle) * up) / draw.zoom
    aside, along = draw.bend[:, 0, 0]
    return (height - 1) / 2 - back_up + along, (width - 1) / 2 + back_right + aside


@pytest.mark.parametrize(("angle", "zoom", "bend"), [(0, 1, (3.4, -1.7)), (33, 1, (0, 0)), (0, 1.4, (0, 0)), (-77, 0.6, (-2.2, 5.1))])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_warp_is_one_bilinear_resampling_over_mirrored_borders(
    angle: float, zoom: float, bend: tuple[float, float], channels: int
) -> None:
    """Against SciPy's interpolation at places worked out here; its "mirror" is a reflection about the middle of the outermost pixel."""
    rng = np.random.default_rng(0)
    images = rng.random((1, channels, 40, 28), np.float32)
    weights, labels = rng.random((1, 40, 28), np.float32), rng.integers(0, 9, (1, 40, 28))
    draw = Draw(angle=angle, zoom=zoom, bend=np.broadcast_to(np.array(bend, np.float32)[:, None, None], (2, 3, 3)).copy())
    changed, moved, rest = WARPING.apply(images, labels, weights, [draw])
    places = sources(draw, 40, 28)
    for plane, found in zip([*images[0], weights[0]], [*changed[0], rest[0]]):
        np.testing.assert_allclose(found, map_coordinates(plane, places, order=1, mode="mirror"), atol=2e-4)
    surely = (np.abs(np.array(places) % 1 - 0.5) > 1e-3).all(0)  # half-way between two pixels either is the nearest
    np.testing.assert_array_equal(moved[0][surely], map_coordinates(labels[0], places, order=0, mode="mirror")[surely])
    assert surely.mean() > 0.9


def test_a_quarter_turn_is_numpys() -> None:
    labels = np.arange(36).reshape(1, 6, 6)
    changed, moved, _ = WARPING.apply(labels[:, None].astype(np.float32), labels, None, [Draw(angle=90)])
    np.testing.assert_array_equal(moved[0], np.rot90(labels[0]))
    np.testing.assert_allclose(changed[0, 0], np.rot90(labels[0]), atol=1e-3)


def test_a_bend_passes_through_its_displacements() -> None:
    """At corners, edges' middles and the middle of an image whose value is its column, the value moves by the displacement."""
    column = np.broadcast_to(np.arange(41, dtype=np.float32), (1, 1, 41, 41)).copy()
    bend = np.zeros((2, 3, 3), np.float32)
    bend[0] = [[1, 2, -3], [0.5, -4, -1], [2, 0, -2]]
    changed, _, _ = WARPING.apply(column, np.zeros((1, 41, 41), np.int64), None, [Draw(bend=bend)])
    np.testing.assert_allclose(changed[0, 0, ::20, ::20] - column[0, 0, ::20, ::20], bend[0], atol=1e-3)


def test_image_mask_and_map_move_together() -> None:
    """All three hold the column's number: after any draw they still agree, the mask up to its rounding."""
    column = np.broadcast_to(np.arange(48), (16, 48, 48))
    draws = WARPING.draws(np.random.default_rng(0), 16, 48)
    images, labels, weights = WARPING.apply(column[:, None].astype(np.float32), column.copy(), column.astype(np.float32), draws)
    np.testing.assert_allclose(images[:, 0], weights, atol=1e-4)
    assert np.abs(images[:, 0] - labels).max() <= 0.5 + 1e-3
    assert len({label.tobytes() for label in labels}) == 16, "each image has a draw of its own"


def test_masks_gain_no_label_and_maps_stay_above_zero() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice([0, 3, 7, 200], (16, 48, 48))
    weights = np.where(rng.random((16, 48, 48)) < 0.5, 0, 1e-3).astype(np.float32)
    draws = WARPING.draws(rng, 16, 48)
    _, moved, rest = WARPING.apply(np.zeros((16, 1, 48, 48), np.float32), labels, weights, draws)
    assert set(np.unique(moved)) == {0, 3, 7, 200}
    assert 0 <= rest.min() <= rest.max() <= np.float32(1.001e-3)


def test_brightness_and_noise_are_added_to_images_alone() -> None:
    images, labels = np.zeros((2, 3, 96, 96), np.float32), np.ones((2, 96, 96), np.int64)
    settings = Augmentation(brightness=1, noise=1)
    draws = [Draw(brightness=0.5, noise=0.25, grain=1), Draw(brightness=-2.0)]
    changed, same, none = settings.apply(images, labels, None, draws)
    assert none is None
    np.testing.assert_array_equal(same, labels)
    np.testing.assert_array_equal(changed[1], -2)
    assert changed[0].mean() == pytest.approx(0.5, abs=0.01)
    assert changed[0].std() == pytest.approx(0.25, rel=0.02)
    again, *_ = settings.apply(images, labels, None, [replace(draws[0], grain=2), draws[1]])
    assert np.abs(again[0] - changed[0]).max() > 0.1


def test_draws_fill_the_range_that_the_settings_give() -> None:
    settings = Augmentation.of(TrainConfig(rotation=30, scale=0.2, elastic=4, brightness=0.5, noise=0.3), inverts=True)
    draws = settings.draws(np.random.default_rng(0), 4000, 96)
    for name, low, high in (("angle", -30, 30), ("zoom", 0.8, 1.2), ("brightness", -0.5, 0.5), ("noise", 0, 0.3)):
        values = np.array([getattr(draw, name) for draw in draws])
        assert low <= values.min() <= low + 0.01 * (high - low), name
        assert high >= values.max() >= high - 0.01 * (high - low), name
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.03 * (high - low)), name
    bends = np.stack([draw.bend for draw in draws])
    assert bends.shape == (4000, 2, 3, 3)
    assert bends.std() == pytest.approx(4, rel=0.02)
    assert {(draw.turns, draw.mirror, draw.sign) for draw in draws} == {(t, m, s) for t in range(4) for m in (False, True) for s in (-1, 1)}
    assert settings.draws(np.random.default_rng(0), 1, 480)[0].bend.shape == (2, 11, 11), "bends are as wide in a larger image"


def test_a_setting_that_is_raised_leaves_the_others_as_they_were() -> None:
    rest = {"brightness": 0.5, "noise": 0.3, "scale": 0.1}
    less, more = (Augmentation(rotation=rotation, **rest).draws(np.random.default_rng(1), 9, 96) for rotation in (0, 20))
    for one, other in zip(less, more):
        assert abs(other.angle) > one.angle == 0
        for name in ("turns", "mirror", "sign", "zoom", "brightness", "noise", "grain"):
            assert getattr(one, name) == getattr(other, name), name


@pytest.mark.parametrize("target", ["regions", "borders"])
def test_targets_and_maps_reach_the_batch_and_are_made_once(target: str) -> None:
    calls = []
    source = open_set("shapes", images=2, size=48)

    def counted(number: int) -> tuple[np.ndarray, np.ndarray]:
        calls.append(number)
        return source.train(number)

    data = replace(source, train=counted)
    config = TrainConfig(flips=False, shift=3, target=target, loss="weighted", border_weight=4, border_width=3, size=48)
    kept: dict = {}
    batches = [make_batch(data, config, step, kept) for step in range(3)]
    assert sorted(calls) == [0, 1]
    for number in (0, 1):
        moved = shifted(source.train(number)[1], 3)
        expected = borders(moved) if target == "borders" else moved
        np.testing.assert_array_equal(kept[number].labels, expected)
        np.testing.assert_array_equal(kept[number].weights, weight_map(expected, 4, 3))
    maps = {example.weights.tobytes() for example in kept.values()}
    assert all(weights.tobytes() in maps for batch in batches for weights in batch.weights)


def test_class_weights_are_in_the_map_and_follow_from_the_training_masks() -> None:
    data, config = open_set("shapes", images=5, size=48), TrainConfig(loss="weighted", class_weights=True, border_weight=0, flips=False)
    counts = class_counts(data, config)
    masks = np.stack([data.train(number)[1] for number in range(5)])
    np.testing.assert_array_equal(counts, [(masks == number).sum() for number in range(5)])
    made = make_batch(data, config, 0, {})
    np.testing.assert_allclose(made.weights, class_weights(counts)[made.labels], rtol=1e-6)


def test_classes_are_counted_over_64_images_at_most_and_in_the_target() -> None:
    asked = []

    def train(number: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append(number)
        return np.zeros((4, 4), np.float32), np.array([[0, 0, 2, 2]] * 4, np.uint8)

    data = DataSet("halves", 500, train, 1, train, classes=("a", "b", "c"))
    assert class_counts(data, TrainConfig()).tolist() == [512, 0, 512]
    assert asked == list(range(64))
    assert class_counts(data, TrainConfig(target="borders", shift=1)).tolist() == [512, 512]


def test_flips_take_the_map_along() -> None:
    made = make_batch(open_set("cells", images=4, size=48), TrainConfig(loss="weighted", size=48), 0, {})
    for labels, weights in zip(made.labels, made.weights):
        np.testing.assert_allclose(weights, weight_map(labels), rtol=1e-6)


def test_borders_against_a_loop_over_pixels() -> None:
    rng = np.random.default_rng(0)
    for width in (1, 2, 3):
        mask = rng.integers(0, 3, (9, 1, 11, 1)).repeat(4, 1).repeat(3, 3).reshape(36, 33).astype(np.uint8)
        mask[rng.random(mask.shape) < 0.02] = 2
        found = borders(mask, width)
        assert found.dtype == np.uint8
        rows, columns = np.mgrid[:36, :33]
        for (row, column), value in np.ndenumerate(found):
            steps = np.abs(rows - row) + np.abs(columns - column)
            assert value == (steps[mask != mask[row, column]].min() <= width)


def test_borders_by_hand() -> None:
    mask = np.zeros((5, 5), np.uint8)
    mask[2:, 2:] = 1
    assert borders(mask).tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 1, 1, 1],
        [0, 1, 1, 1, 1],
        [0, 1, 1, 0, 0],
        [0, 1, 1, 0, 0],
    ]
    assert borders(np.full((4, 4), 3)).sum() == 0, "the edge of the image is no border"
    with pytest.raises(ValueError, match="width=0 leaves no border"):
        borders(mask, 0)


def test_shifted_masks_lie_right_and_below() -> None:
    mask = np.zeros((8, 8), np.uint8)
    mask[1, 2], mask[0, 7] = 5, 6
    moved = shifted(mask, 3)
    assert moved[4, 5] == 5
    assert moved.shape == mask.shape
    assert set(np.unique(moved)) == {0, 5}
    np.testing.assert_array_equal(shifted(mask, 0), mask)


def test_twelve_draws_of_one_image() -> None:
    data, config = open_set("cells", images=3, size=48), TrainConfig(rotation=20, noise=0.2, elastic=3, size=48, seed=4, shift=2)
    images, masks = twelve_draws(data, config, 1)
    again, _ = twelve_draws(data, config, 1)
    other, _ = twelve_draws(data, TrainConfig(**{**config.as_json(), "seed": 5}), 1)
    np.testing.assert_array_equal(images, again)
    assert not np.array_equal(images, other)
    assert (images.shape, images.dtype, masks.shape, masks.dtype) == ((12, 48, 48), np.float32, (12, 48, 48), np.uint8)
    assert 0 <= images.min() < images.max() <= 1
    assert len({image.tobytes() for image in images}) == 12


def test_a_preview_without_augmentation_is_the_image() -> None:
    data = open_set("shapes", images=3, size=48)
    images, masks = twelve_draws(data, TrainConfig(data="shapes", flips=False, shift=2), 2)
    image, mask = data.train(2)
    np.testing.assert_allclose(images, np.broadcast_to(image, images.shape), atol=1e-5)
    np.testing.assert_array_equal(masks, np.broadcast_to(shifted(mask, 2), masks.shape))
