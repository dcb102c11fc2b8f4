"""The page Use: tiles and one pass, what is counted of a picture of any size, thresholds, and certainty elsewhere."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import App, ready, until, wait_for
from PIL import Image
from scipy.ndimage import zoom
from test_pages import findings, sideways

from seglab.bench.tiles import in_a_process
from seglab.data.decode import Drawn
from seglab.data.domains import DOMAINS
from seglab.data.sets import unseen_scene
from seglab.infer.elsewhere import measured
from seglab.infer.levels import EDGES, LEVELS, levels
from seglab.infer.pictures import grey, overlay, png
from seglab.infer.predict import bands, segment, tiled
from seglab.infer.resized import resized
from seglab.infer.seams import compared, seam_distance
from seglab.infer.tiles import Picture, Span, cut, mirrored, sources
from seglab.infer.used import class_mask, use, used_file
from seglab.nets import Architecture, build
from seglab.nets.fitting import margin
from seglab.train import jobs
from seglab.train.asked.segmenting import seams_file, segment_file
from seglab.train.metrics import class_iou
from seglab.train.store import Store
from seglab.train.weights import load_model
from seglab.ui.use_mask import judged
from seglab.ui.use_threshold import level

NETWORKS = Path(__file__).parents[1] / "assets" / "networks"
Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def cells() -> Any:
    return load_model(NETWORKS / "cells.safetensors")


def scene(side: int = 192, seed: int = 0, name: str = "cells") -> tuple[Any, Any]:
    image, mask = unseen_scene(name, seed, side, 0.5)
    return grey(image), mask


def test_tiles_equal_one_plain_pass_away_from_the_border(cells: Any) -> None:
    """Against the module itself on the whole image, which pads with zeros."""
    model, _ = cells
    pixels, _ = scene(256)
    image = (pixels / 255 - (pixels / 255).mean()) / (pixels / 255).std()
    with torch.inference_mode():
        whole = torch.softmax(model(torch.from_numpy(image.astype(np.float32))[None, None]), 1)[0].numpy()
    apart, far = np.abs(tiled(model, Picture.of(pixels), 64) - whole).max(0), margin(model)
    assert apart[far:-far, far:-far].max() < 1e-4
    assert apart.max() > 0.1, "at the border a mirror and zeros differ, so the test would notice"


@pytest.mark.parametrize("architecture", [Architecture(depth=3, upsampling="bilinear"), Architecture(depth=2, padding="valid")])
@pytest.mark.parametrize("size", [(96, 96), (71, 130)])
def test_only_overlap_makes_the_seams_vanish(architecture: Architecture, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    model = build(architecture).eval()
    image = np.random.default_rng(0).standard_normal(size).astype(np.float32)
    once = tiled(model, image, 160)
    apart = {way: np.abs(tiled(model, image, 32, way) - once).max() for way in ("overlap", "mirror", "zeros")}  # type: ignore[arg-type]
    assert apart["overlap"] < 1e-5
    assert min(apart["mirror"], apart["zeros"]) > 1e-3


def test_windows_are_cut_and_mirrored_as_numpy_pads() -> None:
    net = Architecture(depth=3)
    tiles = cut((100, 70), net, 32)
    answered = np.zeros((100, 70), int)
    for tile in tiles:
        answered[tile.rows.slice, tile.columns.slice] += 1
        assert tile.rows.start - tile.high.start == margin(net)
        assert tile.high.length % 8 == 0
    assert (answered == 1).all(), "each pixel is answered once"
    axis = np.arange(5)
    assert np.array_equal(mirrored(np.arange(-12, 17), 5), np.pad(axis, 12, mode="symmetric"))
    assert sources(Span(-2, 6), Span(0, 3), 5, "zeros").tolist() == [-1, -1, 0, 1, 2, -1]


def test_bands_from_top_to_bottom_are_the_whole(cells: Any) -> None:
    """Also of a picture that is shrunk, as scipy would shrink and enlarge it."""
    model, _ = cells
    pixels, _ = scene(160)
    picture_ = Picture.of(pixels)
    for shrink in (1, 2):
        rows = list(bands(model, picture_, shrink, 64))
        assert [span for span, _ in rows] == [Span(0, 64), Span(64, 64), Span(128, 32)]
        assert np.abs(np.concatenate([band for _, band in rows], 1) - segment(model, pixels / np.float32(255), shrink).chances).max() < 1e-5
    image = np.random.default_rng(0).random((2, 31, 50)).astype(np.float32)
    reference = zoom(image, [1, 77 / 31, 20 / 50], order=1, grid_mode=True, mode="nearest")
    assert np.allclose(resized(image, (77, 20), slice(30, 60)), reference[:, 30:60], atol=1e-6)


def test_memory_does_not_grow_with_the_picture() -> None:
    """The passes of the network over a quarter of a megapixel and over sixteen times as much; an allocator's chance is a quarter of it."""
    small, large = (in_a_process("passes", side)["passes"] for side in (512, 2048))
    assert large < 1.5 * small, (small, large)
    small, large = (in_a_process("once", side)["peak"] for side in (512, 1024))
    assert large > 2 * small, "a picture in one pass is noticed"


def test_levels_are_what_a_comparison_says() -> None:
    chances = np.concatenate([EDGES, np.nextafter(EDGES, 0), np.random.default_rng(0).random(5000)]).astype(np.float32)
    found = levels(chances)
    for number in range(LEVELS + 1):
        assert np.array_equal(found >= number, chances >= EDGES[number]), number


def test_what_is_told_and_written_is_what_numpy_counts(cells: Any, tmp_path: Path) -> None:
    """Of a picture larger than is shown, in several bands."""
    model, _ = cells
    image, truth = unseen_scene("cells", 1, 192, 0.5)
    pixels, truth = np.tile(grey(image), (3, 6)), np.tile(truth, (3, 6))
    colours = DOMAINS["cells"].colours
    told = use(model, pixels, truth, colours, tmp_path)
    chances = tiled(model, Picture.of(pixels))
    mask = chances.argmax(0)
    assert (told["size"], told["step"], told["shrink"]) == ([576, 1152], 2, 1)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "classes.png")), mask)
    coloured = Image.open(tmp_path / "colours.png")
    assert np.array_equal(np.asarray(coloured.convert("RGB")), np.array(colours, np.uint8)[mask])
    assert np.array_equal(
        np.asarray(Image.open(tmp_path / "overlay.png")), overlay(pixels / np.float32(255), mask.astype(np.uint8), colours)
    )
    kept = np.load(tmp_path / "chances.npz")["chances"]
    assert kept.shape == (576, 1152, 2)
    assert np.abs(np.moveaxis(kept, 2, 0) - chances).max() < 5e-4
    assert np.abs(np.asarray(Image.open(tmp_path / "chance.png")) / 65535 - chances[1]).max() < 1e-4
    assert np.array_equal(np.asarray(Image.open(tmp_path / "level-1.png")), levels(chances[1])[::2, ::2])
    assert np.array_equal(np.asarray(Image.open(tmp_path / "sure.png")), levels(chances.max(0))[::2, ::2])
    for number in (0, 60, 100, 199):
        called, real = chances[1] >= EDGES[number], truth == 1
        assert sum(told["levels"][1][number:]) == called.sum()
        assert sum(told["true_levels"][1][number:]) == (called & real).sum()
    right, ious = judged(told["confusion"])
    assert right == pytest.approx((mask == truth).mean())
    assert ious == pytest.approx(class_iou(mask, truth).tolist())
    assert told["surer"] == pytest.approx((chances.max(0) >= np.float32(0.95)).mean())


def test_seams_are_measured_where_they_are(cells: Any) -> None:
    model, _ = cells
    told, drawn = compared(model, scene(128)[0], 64, 1)
    ways = told["ways"]
    assert ways["overlap"]["largest"] < 1e-5
    assert ways["overlap"]["changed"] == 0
    for way in ("mirror", "zeros"):
        assert ways[way]["near"]["mean"] > 5 * ways[way]["away"]["mean"] > 0
        assert ways[way]["by_distance"][0] > ways[way]["by_distance"][20]
    assert told["plain"]["away"]["largest"] < 1e-5 < told["plain"]["near"]["largest"]
    assert set(drawn) == {"image", "chance-once"} | {f"{kind}-{way}" for kind in ("chance", "difference") for way in ways}
    assert seam_distance((4, 6), 3)[0].tolist() == [2, 1, 0, 0, 1, 2]


def test_group_normalisation_is_the_exception() -> None:
    torch.manual_seed(0)
    told, _ = compared(build(Architecture(depth=2, norm="group")).eval(), scene(96)[0], 32, 1)
    assert told["group"]
    assert told["ways"]["overlap"]["largest"] > 1e-4


def test_certainty_at_home_and_elsewhere(cells: Any) -> None:
    """The claims of the page, as they are for the network that came along: sure of vessels, of which none is a cell."""
    told = measured(*cells)
    assert set(told) == {"own", "shapes", "landcover", "xray", "vessels", "noise", "checkerboard"}
    assert np.mean(told["own"]["right"]) > 0.95
    assert np.mean(told["vessels"]["right"]) == pytest.approx(told["vessels"]["shares"][0])
    for row in told.values():
        assert sum(row["sure"]) == 16 * 128 * 128
        assert np.mean(row["surer"]) == pytest.approx(sum(row["sure"][190:]) / sum(row["sure"]))
        assert all(
            wrong <= min(surer, 1 - right) + 1e-9
            for wrong, surer, right in zip(row["surely_wrong"], row["surer"], row["right"], strict=True)
        )


@pytest.mark.parametrize(
    ("values", "classes", "labels"),
    [((0, 1), 2, [0, 1]), ((0, 255), 2, [0, 1]), ((255,), 2, [1]), ((0, 3), 5, [0, 3]), ((0, 100, 200), 3, [0, 1, 2])],
)
def test_a_persons_mask_is_read(values: tuple[int, ...], classes: int, labels: list[int]) -> None:
    drawn = Drawn(values, np.arange(len(values), dtype=np.uint8)[None], (1,) * len(values))
    assert class_mask(drawn, classes).tolist() == [labels]


def test_files_that_do_not_fit_are_said(cells: Any, tmp_path: Path) -> None:
    model, _ = cells
    image, mask = tmp_path / "image", tmp_path / "mask"
    image.write_bytes(png(scene(64)[0]))
    for file, sentence in (
        (png(np.zeros((32, 40), np.uint8)), "the mask is 40 x 32 pixels: the image has 64 x 64"),
        (png(np.arange(64 * 64, dtype=np.uint8).reshape(64, 64) % 7), r"the mask has the values 0, 1, 2, 3, 4, 5, …: the 2 classes"),
        (b"text", "the mask cannot be used: this is not an image that can be read"),
    ):
        mask.write_bytes(file)
        with pytest.raises(ValueError, match=re.escape(sentence) if "values" not in sentence else sentence):
            used_file(model, image, mask, DOMAINS["cells"].colours, tmp_path, 1)
    large = io.BytesIO()
    Image.new("1", (9000, 9000)).save(large, "PNG")
    image.write_bytes(large.getvalue())
    with pytest.raises(ValueError, match=r"the image has 81.0 megapixels: at most 67 are taken"):
        used_file(model, image, None, DOMAINS["cells"].colours, tmp_path, 1)


def test_workers_are_limited_and_results_go_with_those_who_hold_them(
    workers: jobs.Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, weights = Store(tmp_path), NETWORKS / "cells.safetensors"
    pixels, mask = scene(96)
    used = segment_file(store, png(pixels), weights, 1, None, png(mask * 255)).result(timeout=60)
    assert used.told["confusion"] is not None
    assert Image.open(io.BytesIO(used.file("classes.png"))).size == (96, 96)
    seams = seams_file(store, png(pixels), weights, 32, 1).result(timeout=60)
    assert seams.told["size"] == [96, 96]
    assert len(list(store.uploads().iterdir())) == 2
    del used, seams
    wait_for(lambda: list(store.uploads().iterdir()) == [])


def test_a_picture_that_takes_too_much_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many megapixels in colour as are taken, where the server's owner allows 256 MiB; the same workers go on."""
    monkeypatch.setenv("SEGLAB_JOB_MEMORY", "256")
    own = jobs.Workers()
    monkeypatch.setattr(jobs, "_workers", own)
    file = io.BytesIO()
    Image.new("1", (8000, 8000)).save(file, "PNG")
    try:
        store, weights = Store(tmp_path), NETWORKS / "shapes.safetensors"
        with pytest.raises(jobs.TaskError, match="there is not enough memory for this picture: a smaller one needs less"):
            segment_file(store, file.getvalue(), weights).result(timeout=90)
        assert segment_file(store, png(scene(64)[0]), weights).result(timeout=90).told["size"] == [64, 64]
    finally:
        own.close()


def test_a_threshold_in_the_address() -> None:
    assert [level(text) for text in ("0.25", "1.0", "0", "1.5", "-1", "", "0.5; x", "1e-3")] == [50, 200, 0, 100, 100, 100, 100, 100]


def numbers_of(page: Any) -> dict[str, int]:
    """What the threshold's component says of its place."""
    told: dict[str, str] = page.locator(".threshold").evaluate("element => ({...element.dataset})")
    return {name: int(told[name]) for name in ("tp", "fp", "fn", "tn", "level")}


def test_the_browser_counts_as_numpy_and_the_link_keeps_the_threshold(cells: Any, visit: Visit, tmp_path: Path) -> None:
    model, _ = cells
    pixels, truth = scene(192, 3)
    chance = tiled(model, Picture.of(pixels))[1]

    def expected(number: int) -> dict[str, int]:
        called, real = chance >= EDGES[number], truth == 1
        kinds = {"tp": called & real, "fp": called & ~real, "fn": ~called & real, "tn": ~called & ~real}
        return {**{name: int(where.sum()) for name, where in kinds.items()}, "level": number}

    with visit("/use?part=threshold&seed=3&threshold=0.25") as page:
        page.wait_for_selector(".threshold[data-ready]")
        assert numbers_of(page) == expected(50)
        slider = page.get_by_label("Threshold", exact=True)
        slider.evaluate("slider => { for (let at = 51; at <= 180; at++) { slider.value = at; slider.dispatchEvent(new Event('input')); } }")
        assert numbers_of(page) == expected(180), "at once, without asking the server"
        values = [text.split("\n")[1] for text in page.locator(".threshold .numbers > div").all_inner_texts()]
        tp, fp, fn = (numbers_of(page)[name] for name in ("tp", "fp", "fn"))
        assert values[:4] == [
            f"{value:.3f}" for value in (tp / (tp + fp), tp / (tp + fn), 2 * tp / (2 * tp + fp + fn), tp / (tp + fp + fn))
        ]
        steps = [expected(number) for number in range(LEVELS, -1, -1)]
        recall = [0.0, *(one["tp"] / (one["tp"] + one["fn"]) for one in steps)]
        precision = [one["tp"] / max(1, one["tp"] + one["fp"]) for one in steps]
        assert values[4] == f"{np.sum(np.diff(recall) * precision):.3f}", "as scikit-learn defines average precision"
        until(page, "location.search.includes('threshold=0.9')")
        ready(page)
        assert numbers_of(page)["level"] == 180
        assert findings(page) == []


def test_own_pictures_with_masks_and_without(visit: Visit, tmp_path: Path) -> None:
    pixels, truth = scene(128, 5)
    (tmp_path / "image.png").write_bytes(png(pixels) + bytes(11_000_000))  # as large as files of many megapixels are
    (tmp_path / "mask.png").write_bytes(png(truth * 255))
    (tmp_path / "small.png").write_bytes(png(truth[:64]))
    (tmp_path / "text.png").write_bytes(b"no picture")
    with visit("/use?picture=own&shrink=1") as page:
        page.get_by_text("Choose a picture of your own below").wait_for()
        image, mask = (page.get_by_test_id("stFileUploader").nth(number).locator("input[type=file]") for number in (0, 1))
        image.set_input_files(tmp_path / "text.png")
        page.get_by_text("this is not an image that can be read").wait_for()
        image.set_input_files(tmp_path / "image.png")
        page.wait_for_selector(".overlay[data-ready]")
        page.get_by_text("128 × 128", exact=True).wait_for()
        mask.set_input_files(tmp_path / "small.png")
        page.get_by_text("the mask is 128 x 64 pixels: the image has 128 x 128").wait_for()
        mask.set_input_files(tmp_path / "mask.png")
        page.get_by_text(
            re.compile(r"Against the true mask .* of the pixels are right. IoU: background 0\.\d{3}, cell 0\.\d{3}")
        ).wait_for()
        with page.expect_download() as taken:
            page.get_by_role("button", name="Mask, class numbers").click()
        assert np.asarray(Image.open(taken.value.path())).shape == (128, 128)
        assert sideways(page) == []


def test_tiles_and_elsewhere_and_nonsense_in_the_link(visit: Visit) -> None:
    with visit("/use?part=tiles&tile=99999&pixels=7&seed=-1&source=%3Cb%3E&class=9&side=x", 390) as page:
        page.get_by_role("button", name="Tile 1:").wait_for()
        page.get_by_text("Tile 5 of 9").wait_for()
        page.get_by_role("button", name=re.compile("^Tile 1:")).press("Enter")
        until(page, "location.search.includes('tile=0')")
        page.get_by_text(re.compile(r"of the window lie beyond the picture")).wait_for()
        page.get_by_role("cell", name="Zero padding").wait_for()
        assert sideways(page) == []
        assert findings(page) == []
    with visit("/use?part=elsewhere&source=vessels", 1280, "dark") as page:
        page.get_by_text("There is no vessel here").wait_for()
        page.get_by_text(re.compile("confident nonsense", re.IGNORECASE)).first.wait_for()
        assert sideways(page) == []
        assert findings(page) == []


def test_the_panel_of_a_run_leads_here_and_brings_its_network(app: App, visit: Visit) -> None:
    store = Store(app.home)
    _, config = load_model(NETWORKS / "cells.safetensors")
    run = store.create(config, "token", "of mine", status="stopped")
    store.weights(run.id).write_bytes((NETWORKS / "cells.safetensors").read_bytes())
    with visit(f"/train?run={run.id}") as page:
        page.get_by_role("tab", name="Segment an image", exact=True).click()
        page.wait_for_selector(".overlay[data-ready]")
        page.get_by_text(re.compile(r"pixels, [\d.]+\s% background, [\d.]+\s% cell")).wait_for()
        page.get_by_role("link", name="Use it: threshold, tiles, other domains, downloads").click()
        until(page, "location.pathname == '/use'")
        assert f"source={run.id}" in page.url
        page.wait_for_selector(".overlay[data-ready]")
        assert page.get_by_role("radio", name="of mine").count() == 1
