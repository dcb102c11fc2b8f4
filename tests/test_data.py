"""Generated cells, folders of images and masks, and files that are not what they seem."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Files
from scipy import ndimage

from seglab.data.cells import cells
from seglab.data.decode import decode, decode_mask
from seglab.data.domains import DOMAINS
from seglab.data.folder import read
from seglab.data.sets import TEST_SEED, VALIDATION_SEED, open_set
from seglab.data.shapes import shapes
from seglab.data.vessels import vessels
from seglab.infer.handcrafted import baseline, otsu_watershed
from seglab.infer.pictures import png
from seglab.train.metrics import mean_iou


def file(array: np.ndarray, kind: str = "PNG", **more: object) -> bytes:
    buffer = BytesIO()
    Files.fromarray(array).save(buffer, kind, **more)
    return buffer.getvalue()


GREY = np.arange(64 * 48, dtype=np.uint8).reshape(64, 48)
NOISE = np.random.default_rng(0).integers(0, 256, (64, 48)).astype(np.uint8)


def test_a_scene_is_the_same_every_time_and_another_for_another_seed() -> None:
    np.testing.assert_array_equal(cells(5).image, cells(5).image)
    assert np.abs(cells(5).image - cells(6).image).max() > 0.1


@pytest.mark.parametrize("difficulty", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", DOMAINS)
def test_scenes_are_what_they_say(name: str, difficulty: float) -> None:
    domain, seen = DOMAINS[name], set[int]()
    countable = {"shapes": {1, 2, 3, 4}, "cells": {1}, "xray": {2}}.get(name)
    for seed in range(8):
        scene = domain.make(seed, 96, difficulty)
        assert scene.image.dtype == np.float32
        assert scene.image.shape == ((96, 96) if domain.channels == 1 else (96, 96, 3))
        assert 0 <= scene.image.min() < scene.image.max() <= 1
        seen |= set(np.unique(scene.mask).tolist())
        assert (scene.instances is None) == (countable is None)
        if scene.instances is not None:
            np.testing.assert_array_equal(np.isin(scene.mask, list(countable or ())), scene.instances > 0)
            numbers = np.unique(scene.instances)
            assert numbers.tolist() == list(range(numbers[0], numbers[-1] + 1)), "without gaps"
            for number in numbers[numbers > 0]:
                assert len(np.unique(scene.mask[scene.instances == number])) == 1, "an object has one class"
    assert seen == set(range(len(domain.classes))), "all classes occur"


@pytest.mark.parametrize("name", DOMAINS)
def test_a_domain_is_harder_where_it_says_so(name: str) -> None:
    """The image drowns in what difficulty adds: neighbouring pixels of one class differ more, compared with how much classes differ."""

    def ratio(difficulty: float) -> float:
        noise, apart = [], []
        for seed in range(6):
            scene = DOMAINS[name].make(seed, 96, difficulty)
            grey = scene.image if scene.image.ndim == 2 else scene.image.mean(2)
            same = scene.mask[:, 1:] == scene.mask[:, :-1]
            noise.append(np.abs(np.diff(grey, axis=1))[same].mean())
            apart.append(grey.std())
        return float(np.mean(noise) / np.mean(apart))

    assert ratio(0.0) < ratio(0.5) < ratio(1.0)


def test_shapes_are_told_apart_by_form_alone() -> None:
    """The mean colour of a piece says nothing about its class: no channel's mean differs between classes by more than chance makes it."""
    means: dict[int, list[float]] = {1: [], 2: [], 3: [], 4: []}
    for seed in range(120):
        scene = shapes(seed, 96, 0.0)
        for number in range(1, int(scene.instances.max()) + 1):
            here = scene.instances == number
            means[int(scene.mask[here][0])].append(scene.image[here].mean(0))
    every = np.concatenate([np.array(found) for found in means.values()])
    for found in means.values():
        error = every.std(0) / np.sqrt(len(found))
        assert (np.abs(np.mean(found, axis=0) - every.mean(0)) < 4 * error).all()


def test_arteries_have_a_bright_reflex_along_them() -> None:
    """The middle of a wide vessel is brighter than its sides close by; without the reflex it is so in 1 to 2 % of its pixels, by noise."""

    def bright(difficulty: float) -> float:
        found = []
        for seed in range(12):
            scene = vessels(seed, 192, difficulty)
            deep = ndimage.distance_transform_edt(scene.mask)
            green = ndimage.gaussian_filter(scene.image[..., 1], 0.5)
            side = ((deep > 0.9) & (deep < 1.8)).astype(float)
            near = ndimage.gaussian_filter(green * side, 2) / np.maximum(ndimage.gaussian_filter(side, 2), 1e-3)
            found.append(((green - near)[deep > 2.2] > 0.03).mean())
        return float(np.mean(found))

    easy, hard = bright(0.0), bright(1.0)
    assert easy > 0.05
    assert hard > 0.1
    assert hard > easy


def test_touching_cells_keep_background_between_them() -> None:
    """No two pixels side by side belong to different cells, although cells touch."""
    near = 0
    for seed in range(8):
        labels = cells(seed).instances
        for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
            assert not ((one != other) & (one > 0) & (other > 0)).any()
        for one, other in ((labels[4:], labels[:-4]), (labels[:, 4:], labels[:, :-4])):
            near += int(((one != other) & (one > 0) & (other > 0)).sum())
    assert near > 100


def test_training_validation_and_test_never_share_a_seed() -> None:
    assert VALIDATION_SEED > 4096
    assert TEST_SEED > VALIDATION_SEED + 4096
    data = open_set("cells", images=8)
    assert not any((data.train(i)[0] == data.validation(j)[0]).all() for i in range(8) for j in range(8))


def test_the_handcrafted_way_does_not_find_them() -> None:
    assert baseline() <= 0.75


def test_the_handcrafted_way_works_where_it_should() -> None:
    """Bright discs on a dark ground: so the low score above is the images' doing."""
    y, x = np.mgrid[:64, :64]
    truth = (((y - 20) ** 2 + (x - 20) ** 2 < 100) | ((y - 44) ** 2 + (x - 46) ** 2 < 120)).astype(np.uint8)
    image = (0.2 + 0.6 * truth + 0.02 * np.random.default_rng(0).standard_normal(truth.shape)).astype(np.float32)
    assert mean_iou(otsu_watershed(image, bright=True), truth) > 0.95


@pytest.mark.parametrize(
    "array",
    [
        GREY,
        np.stack([GREY] * 3, -1),
        np.stack([GREY] * 4, -1),
        GREY.astype(np.uint16) * 200,
        GREY.astype(np.int32),
        GREY > 100,
        GREY.astype(np.float32),
    ],
    ids=["grey", "rgb", "rgba", "16 bit", "32 bit", "1 bit", "float"],
)
def test_decoding(array: np.ndarray) -> None:
    image = decode(file(array, "TIFF"))
    assert image.shape == GREY.shape
    assert image.dtype == np.float32
    assert 0 <= image.min() <= image.max() <= 1


BAD = [
    (b"", "the file is empty: choose an image file"),
    (b"hello, I am no image", "this is not an image that can be read: PNG, JPEG, TIFF, BMP, WEBP are"),
    (b"GIF89a" + b"\0" * 100, "this is not an image that can be read: PNG, JPEG, TIFF, BMP, WEBP are"),
    (file(NOISE)[:900], "the image is damaged"),
    (file(GREY, "JPEG")[:300], "the image is damaged"),
    (file(np.zeros((4, 40), np.uint8)), "the image is 40 x 4 pixels: at least 8 a side are needed"),
    (file(np.zeros((10_000, 10_000), bool)), "the image has 100.0 megapixels: at most 4 are taken"),
]


@pytest.mark.parametrize(("data", "sentence"), BAD, ids=[sentence[:30] + str(i) for i, (_, sentence) in enumerate(BAD)])
def test_what_is_no_image(data: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        decode(data)


def test_hundreds_of_damaged_files_are_answered_in_a_sentence() -> None:
    rng = np.random.default_rng(0)
    sources = [file(GREY), file(GREY, "JPEG"), file(GREY, "TIFF"), file(GREY, "BMP"), file(GREY, "WEBP")]
    refused = 0
    for number in range(500):
        data = bytearray(sources[number % len(sources)])
        for _ in range(rng.integers(1, 30)):
            data[rng.integers(len(data))] = rng.integers(256)
        cut = bytes(data[: rng.integers(1, len(data))]) if rng.random() < 0.5 else bytes(data)
        try:
            image = decode(cut)
        except ValueError:
            refused += 1
        else:
            assert np.isfinite(image).all()
    assert refused > 100


def folder(path: Path, count: int, size: int = 64) -> Path:
    for name in ("images", "masks"):
        (path / name).mkdir(parents=True)
    for number in range(count):
        scene = cells(number, size)
        (path / "images" / f"{number:02}.png").write_bytes(file((scene.image * 255).astype(np.uint8)))
        (path / "masks" / f"{number:02}.png").write_bytes(png(scene.mask * np.uint8(255)))
    return path


@pytest.fixture
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is seen in a folder is remembered: not in the home of whoever runs the tests."""
    monkeypatch.setenv("SEGLAB_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.mark.usefixtures("own_home")
def test_a_folder(tmp_path: Path) -> None:
    assert [mask.shape for mask in read(folder(tmp_path, 10)).masks] == [(64, 64)] * 10
    data = open_set(str(tmp_path), size=96)
    assert (data.train_count, data.validation_count) == (512, 2)
    assert all(image.shape == mask.shape == (96, 96) for image, mask in map(data.validation, range(2))), "mirrored up to a crop"
    image, mask = open_set(str(tmp_path), size=48).train(3)
    assert image.shape == mask.shape == (48, 48)


@pytest.mark.usefixtures("own_home")
def test_what_is_wrong_with_a_folder_is_listed_by_name(tmp_path: Path) -> None:
    path = folder(tmp_path, 3)
    (path / "masks" / "00.png").unlink()
    (path / "masks" / "01.png").write_bytes(png(np.zeros((64, 64), np.uint8)))
    (path / "masks" / "extra.png").write_bytes(png(np.ones((64, 64), np.uint8)))
    (path / "images" / "02.png").write_bytes(b"nonsense")
    with pytest.raises(ValueError) as error:
        open_set(str(path))
    text = str(error.value)
    assert "00.png has no mask" in text
    assert "extra.png has no image" in text
    assert "the mask 01.png is empty" in text
    assert "02.png: this is not an image that can be read" in text


@pytest.mark.usefixtures("own_home")
def test_a_size_that_differs_is_refused_and_a_folder_that_is_none(tmp_path: Path) -> None:
    path = folder(tmp_path, 2)
    (path / "masks" / "01.png").write_bytes(png(np.ones((64, 32), np.uint8)))
    with pytest.raises(ValueError, match=r"01\.png is 64 x 64, its mask 32 x 64"):
        open_set(str(path))
    with pytest.raises(ValueError, match="is neither a folder nor a generated set"):
        open_set("nowhere")
    with pytest.raises(ValueError, match="is not there: a data folder has images/ and masks/"):
        open_set(str(tmp_path.parent))


def test_masks_as_people_draw_them() -> None:
    drawn = np.zeros((16, 16), np.uint8)
    drawn[4:8, 4:8] = 7
    assert decode_mask(file(drawn)).values == (0, 7)
    assert decode_mask(file(drawn)).counts == (240, 16)
    assert decode_mask(file(drawn * 30 + 5)).values == (5, 215)
    assert decode_mask(file(np.full((16, 16), 255, np.uint8))).values == (255,)
    palette = Files.fromarray(drawn // 7).convert("P")
    buffer = BytesIO()
    palette.save(buffer, "PNG")
    assert decode_mask(buffer.getvalue()).places.sum() == 16
