"""The lab Sliding window: the same answers patch by patch and in one pass, what is counted against torch, and the window in a browser."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT, ready, until, wait_for
from test_pages import findings, sideways
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import seglab as sl
from seglab.lessons.labs import sliding_window as words
from seglab.nets import build
from seglab.nets.architecture import Architecture
from seglab.nets.describe import describe
from seglab.nets.full_resolution import beside, throughout
from seglab.nets.patch_classifier import FullyConvolutional, PatchNet, fully_convolutional, patches_of, with_holes
from seglab.nets.patch_layers import CONTEXT, KINDS, POOLED_FROM, PatchClassifier, macs, places, work
from seglab.train import jobs, patch_answers
from seglab.train.asked import patches
from seglab.train.patch_answers import Slide, answers, classifier, scene, slide_pictures
from seglab.train.patch_context import context_classifier
from seglab.train.patches import balanced, cut, judged, near_border, train_patches
from seglab.train.shared import Shared
from seglab.train.store import Store
from seglab.ui import one_pass, patch_context, sliding_window
from seglab.ui.convolutionalized import C, K, folded, numbers, slid, vgg_words

Visit = Callable[..., Any]
SHIPPED = ROOT / "assets" / "networks" / "patches.safetensors"
FORMS = [PatchClassifier(patch, kind) for kind in KINDS for patch in (9, 17, 25)]
BARE = [PatchClassifier(patch) for patch in (1, 3, 5, 7)]
IMAGE = (41, 58)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in a worker."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def random_net(net: PatchClassifier) -> PatchNet:
    torch.manual_seed(net.patch)
    return PatchNet(net).eval()


@pytest.mark.parametrize("net", [*FORMS, *BARE], ids=lambda net: f"{net.kind}{net.patch}")
def test_dense_and_convolutional_are_the_same_on_the_training_size(net: PatchClassifier) -> None:
    model, x = random_net(net), torch.randn(3, 1, net.patch, net.patch)
    with torch.no_grad():
        for form in (fully_convolutional(model), with_holes(model)):
            assert form(x).shape == (3, 2, 1, 1)
            assert (form(x)[..., 0, 0] - model(x)).abs().max() <= 1e-5


@pytest.mark.parametrize("net", [*FORMS, *BARE], ids=lambda net: f"{net.kind}{net.patch}")
def test_where_one_pass_gives_the_patches_answers(net: PatchClassifier) -> None:
    """Without padding at every place, with pooling on the grid and with holes again at every place, with padding not."""
    model, x = random_net(net), torch.randn(1, *IMAGE)
    down, across = places(IMAGE, net.patch)
    with torch.no_grad():
        one_by_one = model(patches_of(x, net.patch)).T.reshape(2, down, across)
        once, holes = fully_convolutional(model)(x[None])[0], with_holes(model)(x[None])[0]
    assert net.stride == (2 if net.kind == "pool" else 1)
    grid = one_by_one[:, :: net.stride, :: net.stride]
    assert once.shape == grid.shape == work(net.convolutional, 1, IMAGE)[-1].shape
    if net.kind == "same":
        assert (once - grid).abs().mean() > 1e-3
        return
    assert (once - grid).abs().max() <= 1e-5
    assert holes.shape == one_by_one.shape
    assert (holes - one_by_one).abs().max() <= 1e-5
    if net.kind == "pool":
        assert (one_by_one[:, 1::2, 1::2] - grid[:, : (down // 2), : (across // 2)]).abs().max() > 1e-3, "between, they have their own"


@pytest.mark.parametrize("net", FORMS, ids=lambda net: f"{net.kind}{net.patch}")
def test_work_is_what_torch_counts(net: PatchClassifier) -> None:
    with torch.device("meta"):
        model = PatchNet(net)
        patch, image = torch.empty(1, 1, net.patch, net.patch), torch.empty(1, 1, *IMAGE)
    for form, x, steps in (
        (model, patch, net.convolutional),
        (fully_convolutional(model), image, net.convolutional),
        (with_holes(model), image, net.dilated),
    ):
        with FlopCounterMode(display=False) as counted:
            form(x)
        assert counted.get_total_flops() == 2 * macs(steps, 1, (x.shape[2], x.shape[3]))
    rows = work(net.convolutional, 1, (net.patch, net.patch))
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in model.parameters())


def test_the_weights_are_shared_not_copied() -> None:
    model = random_net(PatchClassifier(9))
    before = fully_convolutional(model)(torch.ones(1, 1, 9, 9))
    with torch.no_grad():
        model.fc1.weight.zero_()
    assert isinstance(fully_convolutional(model), FullyConvolutional)
    assert not torch.equal(before, fully_convolutional(model)(torch.ones(1, 1, 9, 9)))


def test_patches_that_do_not_go_are_refused() -> None:
    for made, said in (
        (lambda: PatchClassifier(8), "patch=8 has no middle pixel or does not go: odd numbers from 1 to 129"),
        (lambda: PatchClassifier(5, "pool"), "patch=5 has no middle pixel or does not go: odd numbers from 9 to 129"),
        (lambda: PatchClassifier(9, "full"), "kind='full' is unknown: valid, pool or same"),  # type: ignore[arg-type]
        (lambda: places((8, 30), 9), "an image of 8 x 30 holds no patch of 9 x 9"),
    ):
        with pytest.raises(ValueError, match=re.escape(said)):
            made()


@pytest.mark.parametrize(("size", "patch", "stride"), [((20, 31), 9, 1), ((20, 31), 9, 4), ((33, 17), 17, 2), ((24, 24), 1, 8)])
def test_overlap_counts_in_python_and_in_the_browser(size: tuple[int, int], patch: int, stride: int, modules: Any) -> None:
    down, across = places(size, patch, stride)
    counts = np.zeros(size, int)
    halfway = None
    for done in range(down * across):
        if done == down * across // 2 + 1:
            halfway = counts.copy()
        top, left = (stride * n for n in divmod(done, across))
        counts[top : top + patch, left : left + patch] += 1
    assert counts.sum() == down * across * patch**2
    text = (ROOT / "seglab" / "ui" / "browser" / "v1" / "sliding.js").read_text()
    address = "data:text/javascript;base64," + base64.b64encode(text.encode()).decode()
    data = {"height": size[0], "width": size[1], "patch": patch, "stride": stride, "across": across}
    for done, expected in ((down * across, counts), (down * across // 2 + 1, halfway)):
        call = "([address, data, done]) => import(address).then(({ timesRead }) => [...timesRead(data, done)])"
        if expected is not None:
            assert modules.evaluate(call, [address, data, done]) == expected.ravel().tolist()


def test_training_is_reproducible_and_the_shipped_classifiers_are_good() -> None:
    one, again, other = (train_patches(PatchClassifier(9), seed, steps=4).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["fc1.weight"], other["fc1.weight"])
    assert SHIPPED.stat().st_size < 300_000
    for kind, least in (("valid", 0.9), ("pool", 0.9)):
        model = classifier(Slide(patch=17, kind=kind), SHIPPED, Path())
        assert judged(model).all > least
    with pytest.raises(ValueError, match="judged without padding"):
        judged(classifier(Slide(patch=17, kind="same"), SHIPPED, Path()))


def test_patches_are_balanced_and_cut_around_their_middle() -> None:
    masks = (np.random.default_rng(0).random((3, 30, 30)) < 0.1).astype(np.uint8)
    at = balanced(masks, 60, np.random.default_rng(1), 4)
    assert masks[at].tolist() == [0] * 30 + [1] * 30
    assert min(at.row.min(), at.column.min()) >= 4
    assert max(at.row.max(), at.column.max()) <= 25
    images = np.random.default_rng(2).random((3, 30, 30), np.float32)
    patches = cut(images, at, 9)
    assert np.array_equal(patches[:, 0, 4, 4], images[at])
    top, left = at.row[7] - 4, at.column[7] - 4
    assert np.array_equal(patches[7, 0], images[at.scene[7], top : top + 9, left : left + 9])
    near = near_border(masks[:, :9, :9])
    for scene_, y, x in np.ndindex(near.shape):
        around = masks[scene_, max(0, y - 2) : min(9, y + 3), max(0, x - 2) : min(9, x + 3)]
        assert near[scene_, y, x] == (around.min() != around.max())


def test_a_classifier_trained_anew_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[int] = []

    def train(net: PatchClassifier, seed: int) -> PatchNet:
        trained.append(seed)
        return random_net(net)

    monkeypatch.setattr(patch_answers, "train_patches", train)
    first, second = (classifier(Slide(patch=9, net=2), SHIPPED, tmp_path / "kept") for _ in range(2))
    assert trained == [2]
    assert torch.equal(first.fc1.weight, second.fc1.weight)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_page_says_of_one_pass(kind: str) -> None:
    slide = Slide(patch=17, kind=kind, size=(64, 80))
    model = classifier(slide, SHIPPED, Path())
    drawn, said = slide_pictures(slide, model)
    image, _ = scene(slide)
    found = answers(model, image)
    assert said["places"] == [48, 64] == list(found.sliding.shape[1:])
    assert all(seconds > 0 for seconds in found.seconds.values())
    assert len(json.dumps(said)) < 2000, "an answer has 4000 bytes at most"
    assert set(drawn) == {"image", "truth", "sliding", "once", "holes", "difference", "ring"}
    told = one_pass.verdict(kind, said)
    if kind == "same":
        assert said["largest"] > 0.1
        assert "Not the same answers" in told
    else:
        assert max(said["largest"], said["largest_holes"]) <= 1e-5
        grid = found.sliding[:, :: said["stride"], :: said["stride"]]
        assert torch.allclose(grid, found.once, rtol=1e-5, atol=1e-5), "the scores too, which go up to 10"
        assert "The same answers" in told
    share = 1 / said["stride"] ** 2  # for as many answers
    assert f"{share * 48 * 64 * macs(model.net.convolutional, 1, (17, 17)) / said['macs']['once']:.1f} times fewer multiply-adds" in told


def test_zeros_reach_two_cells_into_a_patchs_map() -> None:
    model = classifier(Slide(kind="same"), SHIPPED, Path())
    ring = patch_answers._ring(model, scene(Slide())[0])
    assert ring.shape == (17, 17)
    assert np.abs(ring[2:-2, 2:-2]).max() < 1e-5
    assert ring[0].max() > 0.01
    assert ring[1, 1:-1].max() > 0.001


def test_the_worker_answers_and_nobody_pays_twice(workers: jobs.Workers, tmp_path: Path) -> None:
    store = Store(tmp_path)
    slide = {"seed": 3, "size": (64, 64), "patch": 9, "kind": "valid", "net": 0}
    said, pictures = patches.slide_file(store, slide, SHIPPED).result(60)
    assert (said["places"], said["largest"] <= 1e-5) == ([56, 56], True)
    assert pictures["sliding"].startswith(b"\x89PNG")
    again = patches.slide_file(store, slide, SHIPPED)
    assert again.done()
    assert again.result()[0] is said


def test_shared_answers() -> None:
    shared, begun = Shared[int](2), []

    def work() -> Future[int]:
        begun.append(Future())
        return begun[-1]

    one, other = shared.ask("a", work), shared.ask("a", work)
    one.cancel()
    begun[0].set_result(5)
    assert (len(begun), other.result()) == (1, 5), "who gives up takes nothing from the others"
    failed = shared.ask("b", work)
    begun[1].set_exception(ValueError("no"))
    assert isinstance(failed.exception(), ValueError)
    shared.ask("b", work)
    shared.ask("c", work)
    assert len(begun) == 4, "what failed is asked again"
    shared.ask("a", work)
    assert len(begun) == 5, "only the latest two are kept"


def test_work_that_all_have_given_up_is_not_begun() -> None:
    shared, desk, gate = Shared[int](9), ThreadPoolExecutor(1), Event()
    done: list[int] = []
    busy = desk.submit(gate.wait, 10)

    def ask(number: int) -> Future[int]:
        return shared.ask(number, lambda: desk.submit(lambda: done.append(number) or number))

    left, stays = ask(1), ask(1)
    given_up = [ask(2), ask(2)]
    left.cancel()
    for one in given_up:
        one.cancel()
    again = [ask(3), ask(3)]
    for one in again:
        one.cancel()
    back = ask(3)
    assert not shared.begun(1)
    gate.set()
    assert busy.result(10)
    assert (stays.result(10), back.result(10)) == (1, 3), "one who still waits is answered, and what was given up is asked anew"
    assert shared.begun(1)
    assert shared.there(1)
    assert not shared.there(2)
    desk.shutdown()
    assert done == [1, 3]


def test_the_folded_weights_are_the_same_sum() -> None:
    image, kernel = numbers()
    dense = int(image[:, :K, :K].ravel() @ kernel.ravel())
    conv = sl.conv2d(image.astype(float), kernel[None].astype(float)).output[0]
    assert conv[0, 0] == dense
    texts = [mark["text"] for mark in folded().marks if mark["kind"] == "text"]
    assert texts.count(str(dense)) >= 2
    drawing = folded()
    assert len(drawing.items) == C * K * K
    products = [int(item.tells.split(" = ")[1].split(":")[0]) for item in drawing.items]
    assert sum(products) == dense
    assert [int(item.says.split(": ")[1]) for item in slid(2).items] == conv.ravel().astype(int).tolist()


def test_vgg_numbers() -> None:
    told = vgg_words()
    layer = nn.Linear(7 * 7 * 512, 4096, device="meta"), nn.Conv2d(512, 4096, 7, device="meta")
    counts = {sum(p.numel() for p in one.parameters()) for one in layer}
    assert counts == {102_764_544}
    for number in ("25,088", "(25,088 + 1) · 4,096 = 102,764,544", "224 / 2⁵ = 7", "6 × 10"):
        assert number in told
    assert 224 / 2**5 == 7


def test_what_the_page_says_of_context_is_in_the_data() -> None:
    shipped = patch_context.shipped()
    rows = shipped["rows"]
    assert sorted((row["patch"], row["seed"]) for row in rows) == sorted((size, seed) for size in CONTEXT for seed in shipped["seeds"])
    assert len(shipped["seeds"]) >= 3
    mean = {(name, size): patch_context._mean(rows, name, size) for name in patch_context.LINES for size in CONTEXT}
    assert mean["all", 1] < 0.6 < mean["all", 17] == max(mean["all", size] for size in CONTEXT)
    assert max(mean["near", 65], mean["near", 33]) < mean["near", 17] == max(mean["near", size] for size in CONTEXT)
    assert mean["inside", 65] > mean["inside", 17], "more context goes on helping"
    assert [context_classifier(size).patch for size in CONTEXT] == list(CONTEXT)
    assert {context_classifier(size).kind for size in CONTEXT if size < POOLED_FROM} == {"valid"}
    assert {context_classifier(size).kind for size in CONTEXT if size >= POOLED_FROM} == {"pool"}
    for name in ("near", "inside"):
        spread = [np.std([row[name] for row in rows if row["patch"] == size]) for size in (33, 65)]
        assert abs(mean[name, 33] - mean[name, 65]) < min(spread), "differ less than the trainings do"
    for before, size in pairwise(CONTEXT[: CONTEXT.index(POOLED_FROM)]):
        assert all(mean[name, size] > mean[name, before] for name in patch_context.LINES), "every line rises"
    said = patch_context._verdict(rows)
    for words_ in ("From 33 on it also pools once", "(96.5 % → 97.8 % → 98.0 %)", "(81.3 % → 77.3 % → 76.4 %)"):
        assert words_ in said
    assert len(patch_context.chart(rows, rows[:1]).data) == 6


def shapes_of(net: nn.Module) -> list[torch.Size]:
    """A list that gets the shape of every convolution's output as the network runs."""
    shapes: list[torch.Size] = []
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_hook(lambda _, __, out: shapes.append(out.shape))
    return shapes


@pytest.mark.parametrize(("depth", "width", "size"), [(4, 64, 64), (2, 16, 48)])
def test_full_resolution_is_what_torch_counts(depth: int, width: int, size: int) -> None:
    unet, wide, narrow = beside(depth, width, (size, size))
    channels = [width * 2**level for level in (*range(depth + 1), *reversed(range(depth))) for _ in range(2)]
    with torch.device("meta"):
        nets = [build(Architecture(3, 21, depth, width, norm="none"))]
        for widths in (channels, [width] * len(channels)):
            convolutions = [nn.Conv2d(a, b, 3, padding=1) for a, b in zip([3, *widths[:-1]], widths)]
            nets.append(nn.Sequential(*convolutions, nn.Conv2d(widths[-1], 21, 1)))
        x = torch.empty(1, 3, size, size)
    for cost, net in zip((unet, wide, narrow), nets):
        shapes = shapes_of(net)
        with FlopCounterMode(display=False) as counted:
            net(x)
        assert counted.get_total_flops() == 2 * cost.macs == 2 * sum(layer.macs for layer in cost.layers)
        assert cost.parameters == sum(p.numel() for p in net.parameters()) == sum(layer.parameters for layer in cost.layers)
        assert [tuple(shape[1:]) for shape in shapes] == [layer.shape for layer in cost.layers]
        if cost is not unet:
            assert cost.memory == 4 * sum(shape.numel() for shape in shapes)
    assert unet.memory == sum(block.memory for block in describe(Architecture(3, 21, depth, width, norm="none"), (size, size)))


def test_the_maps_of_the_page_and_of_the_builder_are_counted_alike() -> None:
    unet, wide, narrow = beside(4, 64, (256, 256))
    assert [round(cost.memory / 2**20) for cost in (unet, wide, narrow)] == [240, 1477, 293]
    net = Architecture(3, 21, 4, 64, norm="none")
    cost = throughout(net, (256, 256), describe(net, (256, 256)))
    assert (cost.layers, cost.field) == (wide.layers[:-1], wide.field)
    assert wide.memory - cost.memory == 4 * 21 * 256**2


@pytest.mark.parametrize("options", [{}, {"norm": "none"}, {"kernel_size": 5, "skip": "add"}, {"kind": "segnet", "upsampling": "unpool"}])
def test_the_same_convolutions_throughout(options: dict[str, Any]) -> None:
    """Weights without biases and normalisations times the pixels; a map a convolution, and one more where it is normalised."""
    net, size = Architecture(3, 5, 2, 8, **options), (32, 48)
    with torch.device("meta"):
        kept = [m for name, m in build(net).named_modules() if isinstance(m, nn.Conv2d) and name.startswith(("enc", "bott", "dec"))]
    cost = throughout(net, size, describe(net, size))
    assert len(kept) == len(cost.layers)
    weights = [conv.weight.numel() for conv in kept]
    assert cost.macs == 32 * 48 * sum(weights)
    assert [layer.macs for layer in cost.layers] == [32 * 48 * count for count in weights]
    assert cost.memory == (4 if net.norm == "none" else 8) * 32 * 48 * sum(conv.out_channels for conv in kept)
    assert cost.field[0] == 1 + sum(conv.kernel_size[0] - 1 for conv in kept)


@pytest.mark.parametrize("ask", words.SLIDING_WINDOW.questions)
def test_questions_are_right_and_many(ask: Callable[[int], Any]) -> None:
    seen = set()
    for turn in range(30):
        asked = ask(turn)
        seen.add(asked.question)
        assert asked.choices.count(asked.right) == 1
        assert len(set(asked.choices)) == len(asked.choices) >= 3
        found = [int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", asked.question)]
        if ask is words.ask_reads:
            patch, _, size, _, stride = found
            count = sum(1 for _ in np.ndindex(len(range(0, size - patch + 1, stride)), len(range(0, size - patch + 1, stride))))
            assert asked.right == f"{count:,}"
            assert sliding_window.size_or_why(str(asked.shows["size"])) == ((size, size), "")
        elif ask is words.ask_parameters:
            units, side, _, channels = found
            assert asked.right == f"{sum(p.numel() for p in nn.Conv2d(channels, units, side, device='meta').parameters()):,}"
        elif ask is words.ask_size:
            net = PatchClassifier(asked.shows["patch"], asked.shows["kind"])
            size = int(asked.shows["size"].split("x")[0])
            out = fully_convolutional(PatchNet(net).to("meta"))(torch.empty(1, 1, size, size, device="meta"))
            assert asked.right == str(out.shape[2])
    assert len(seen) >= 5


@pytest.mark.parametrize("ask", words.SLIDING_WINDOW.questions)
def test_no_place_holds_all_right_answers(ask: Callable[[int], Any]) -> None:
    asked = [ask(turn) for turn in range(60)]
    held = Counter(one.choices.index(one.right) for one in asked)
    assert len(held) >= 3
    assert max(held.values()) <= 30
    assert {len(one.choices) for one in asked} == {3 if ask is words.ask_same else 4}


def test_sizes_that_are_typed() -> None:
    assert sliding_window.size_or_why("48 × 80") == ((48, 80), "")
    assert sliding_window.size_or_why(" 64 ") == ((64, 64), "")
    for text in ("31", "96x193", "20x400", "a*b*", "", "x"):
        size, wrong = sliding_window.size_or_why(text)
        assert size == (96, 96)
        assert wrong.startswith(f"“{text}” is no size of an image here")
        assert wrong.endswith("Shown is an image of 96 × 96.")


def test_what_came_of_ones_own_trainings() -> None:
    """Failures are told with their sizes and do not hold the page up."""
    answers: dict[int, Future[dict[str, Any]]] = {size: Future() for size in (1, 3, 5)}
    answers[1].set_exception(jobs.TaskError("no room"))
    answers[3].set_result({"patch": 3})
    own = patch_context.sorted_out(answers, lambda size: size != 5)
    assert own == ([{"patch": 3}], {1: "no room"}, 5, False)
    assert patch_context._told(4, own).startswith("Number 3 of 7 (patches of 5 × 5) waits for its turn")
    assert patch_context._told(4, own._replace(begun=True)).startswith("Training 3 of 7 (patches of 5 × 5)")
    answers[5].set_exception(jobs.TaskError("no room"))
    assert patch_context.sorted_out(answers, lambda _: True).at_work is None


def test_only_a_press_trains(workers: jobs.Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "_context", Shared(10))
    monkeypatch.setattr(patches, "_context_row", lambda patch, seed: {"patch": patch, "seed": seed})
    assert patches.context_there((1, 3), 5) == {}
    assert not patches.context_begun(1, 5)
    pressed = patches.context_rows((1, 3), 5)
    assert [answer.result(10)["patch"] for answer in pressed.values()] == [1, 3]
    assert [answer.result(0)["patch"] for answer in patches.context_there((1, 3, 9), 5).values()] == [1, 3]
    assert not patches.context_begun(9, 5)
    store = Store(tmp_path)
    assert patches.trained(store, "valid", 9, 0)
    assert not patches.trained(store, "valid", 9, 4)
    (store.folder / "patches").mkdir()
    (store.folder / "patches" / "valid.9.4.safetensors").touch()
    assert patches.trained(store, "valid", 9, 4)


def told(page: Any) -> str:
    return page.locator(".sliding .told").inner_text()


def test_the_window_by_keyboard_pointer_and_link(visit: Visit) -> None:
    with visit("/sliding_window?at=161") as page:
        page.wait_for_selector(".sliding .told:not(:empty)")
        assert told(page).startswith("Place 161 of 6,400: row 10, column 8 is ")
        assert "Pixels read so far: 46,529, 5.0 times" in told(page)
        box = page.locator(".sliding .image .box")
        box.focus()
        page.keyboard.press("ArrowDown")
        assert told(page).startswith("Place 241 of 6,400: row 11, column 8 ")
        page.keyboard.press("Shift+ArrowRight")
        assert told(page).startswith("Place 249 of 6,400: row 11, column 16 ")
        page.keyboard.press("End")
        assert told(page).startswith("Place 6,400 of 6,400: row 87, column 87 ")
        assert "200.7 times" in told(page)
        until(page, "location.search.includes('at=6400')")
        ready(page)
        page.keyboard.press("Home")
        page.keyboard.press(" ")
        wait_for(lambda: not told(page).startswith("Place 1 of"), page)
        page.keyboard.press(" ")
        bounds = box.bounding_box()
        page.mouse.move(bounds["x"] + bounds["width"] / 2, bounds["y"] + bounds["height"] / 2)
        page.mouse.down()
        page.mouse.up()
        wait_for(lambda: re.search("row 4[78], column 4[78] is", told(page)), page)
        wait_for(lambda: f"at={told(page).split()[1].replace(',', '')}" in page.url, page)
        page.get_by_role("radio", name="8", exact=True).click()
        wait_for(lambda: "of 100:" in told(page), page)
        assert "at=" not in page.url, "a place at stride 1 is another one at stride 8"
        page.get_by_role("textbox", name="Image size").fill("48 x 80")
        page.keyboard.press("Enter")
        wait_for(lambda: "of 32:" in told(page), page)


def test_the_map_of_answers_shows_what_the_network_says(visit: Visit) -> None:
    slide = Slide(size=(64, 64), patch=9, seed=3)
    every = patch_answers.chance(answers(classifier(slide, SHIPPED, Path()), scene(slide)[0]).sliding)
    with visit("/sliding_window?size=64x64&patch=9&seed=3&at=3136") as page:
        page.wait_for_selector(".sliding .told:not(:empty)")
        shown = page.locator(".sliding .answers canvas").evaluate("canvas => [...canvas.getContext('2d').getImageData(0, 0, 64, 64).data]")
    pixels = np.array(shown).reshape(64, 64, 4)
    assert np.abs(pixels[4:-4, 4:-4, 0] - 255 * every).max() <= 1.01
    opaque = np.zeros((64, 64), bool)
    opaque[4:-4, 4:-4] = True
    assert np.array_equal(pixels[..., 3] > 0, opaque), "no answer where a patch would stick out"


def test_nonsense_in_the_link_and_show_it(visit: Visit) -> None:
    with visit("/sliding_window?part=9&size=0x0&patch=1e9&stride=%00&seed=-3&kind=no&net=99999&at=1e9&cell=x&own=0") as page:
        page.wait_for_selector(".sliding .told:not(:empty)")
        assert "of 6,400" in told(page)
        assert "“0x0” is no size of an image here" in page.get_by_role("alert").inner_text()
        page.get_by_role("radio", name="at every second of these pixels").click()
        page.get_by_role("button", name="Show it above").first.click()
        until(page, "location.search.includes('part=2') && location.search.includes('kind=pool')")
        page.wait_for_selector("text=The same answers where both have one")
        page.get_by_role("radio", name="Padded", exact=True).click()
        page.wait_for_selector("text=Not the same answers")
        wait_for(lambda: "kind=same" in page.url, page)


@pytest.mark.parametrize("part", ["1", "2", "2&kind=same", "3", "4", "5"])
def test_every_part_at_a_phones_width(part: str, visit: Visit) -> None:
    with visit(f"/sliding_window?part={part}", 390, ("light", "dark")[len(part) % 2]) as page:
        page.wait_for_selector(".sliding, .diagram, .js-plotly-plot")
        assert sideways(page) == []
        assert findings(page) == []
