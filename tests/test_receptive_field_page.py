"""The lab Receptive field: its graph of maps against torch, its twin in the browser, its arithmetic, the effective field, and its page."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from conftest import ROOT, until, wait_for
from test_pages import findings, sideways
from test_receptive_field import run
from torch import nn
from torch.nn import functional as F

from seglab.infer.effective_field import Place, compared, effective_field, measured, place_for
from seglab.lessons.labs.receptive_field import RECEPTIVE_FIELD
from seglab.nets import Architecture, build, describe, unet
from seglab.nets.graph import Map, chain, field_of, fields, fitting, trace, unet_maps
from seglab.nets.stacks import PRESETS, VGG16, arithmetic, cost, image_for, read_stack, written
from seglab.receptive_field import Layer, receptive_field
from seglab.train.asked import desk, networks
from seglab.train.config import TrainConfig
from seglab.train.store import Store
from seglab.ui.field import _told
from seglab.ui.receptive_unet import Net, network, phases, settings_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., Any]
SHIPPED = ROOT / "assets" / "networks" / "cells.safetensors"


def drawn(seed: int) -> tuple[list[Layer], int]:
    """A random stack and an image that it takes."""
    rng = np.random.default_rng(seed)
    layers = []
    for _ in range(rng.integers(1, 6)):
        kernel, stride = int(rng.integers(1, 6)), int(rng.integers(1, 4))
        if rng.random() < 0.3:
            layers.append(Layer(kernel, stride, int(rng.integers(0, (kernel + 1) // 2)), op="conv_transpose"))
        else:
            layers.append(Layer(kernel, stride, int(rng.integers(0, 4)), int(rng.integers(1, 4))))
    return layers, int(rng.integers(20, 90))


@pytest.mark.parametrize("seed", range(60))
def test_ways_are_the_gradient_of_a_network_of_ones(seed: int) -> None:
    layers, size = drawn(seed)
    try:
        maps = chain(layers, size)
    except ValueError:
        return  # no cell is left
    x = torch.ones(1, 1, size, dtype=torch.float64, requires_grad=True)
    out = run(layers, x)
    assert out.shape[-1] == maps[-1].size
    for cell in {0, maps[-1].size // 2, maps[-1].size - 1}:  # the padding at both ends as well
        (slope,) = torch.autograd.grad(out[0, 0, cell], x, retain_graph=True)
        ways = trace(maps, len(maps) - 1, cell)[0].get("", Counter())
        assert [ways[place] for place in range(size)] == slope[0, 0].int().tolist()
        field = field_of(maps, len(maps) - 1, cell)
        assert set(ways) <= set(field)
        if all(layer.dilation == 1 for layer in layers):  # else its ends may lie between stamps
            assert not ways or field == range(min(ways), max(ways) + 1)
        if all(layer.op == "conv" for layer in layers):
            assert field_of(maps, len(maps) - 1, cell) == receptive_field(layers).cells(cell)


def test_ways_through_a_stack_are_a_convolution_of_ones() -> None:
    kernels = [3, 5, 3]
    expected = [1]
    for kernel in kernels:
        expected = np.convolve(expected, np.ones(kernel, int)).tolist()
    maps = chain([(kernel, 1, kernel // 2) for kernel in kernels], 21)
    ways = trace(maps, 3, 10)[0][""]
    assert [ways[place] for place in range(6, 15)] == expected == [1, 3, 6, 8, 9, 8, 6, 3, 1]


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    ("up", "skip", "kind", "kernel"),
    [
        ("transposed", "concat", "unet", 3),
        ("bilinear", "add", "unet", 3),
        ("nearest", "none", "unet", 7),
        ("unpool", "concat", "unet", 5),
        ("bilinear", "concat", "segnet", 3),  # which settles its upsampling and skips by itself
        ("transposed", "concat", "segnet", 5),
    ],
)
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_network_sees_what_describe_says(depth: int, padding: str, up: str, skip: str, kind: str, kernel: int) -> None:
    net = Architecture(depth=depth, padding=padding, upsampling=up, skip=skip, kind=kind, kernel_size=kernel)
    size = fitting(depth, 8 * 2**depth, padding, kernel, kind)
    maps = unet_maps(depth, size, padding, kernel, up, skip, kind)
    blocks = {block.name: block for block in describe(net, (size, size))}
    assert (maps[-1].size, "bottleneck" in blocks) == (blocks["head"].shape[1], any(made.name == "bottleneck" for made in maps))
    names = {f"encoder level {n}": f"encoder.{n}" for n in range(depth)} | {"bottleneck": "bottleneck"}
    names |= {f"decoder level {n}": f"decoder.{depth - 1 - n}" for n in range(depth)}
    for number, made in enumerate(maps):
        if made.name in names:
            block = blocks[names[made.name]]
            sizes = fields(maps, number, 2**depth)
            assert (made.size, min(sizes), max(sizes)) == (block.shape[1], *block.receptive_field), made.name


def test_the_papers_unet() -> None:
    maps = unet_maps(4, 572, "valid")
    assert [made.size for made in maps if made.shown] == [572, 568, 280, 136, 64, 28, 52, 100, 196, 388]
    last = len(maps) - 1
    assert {len(field_of(maps, 14, cell)) for cell in range(28)} == {140}
    assert {len(field_of(maps, last, cell)) for cell in range(388)} == {188, 204}
    assert [len(field_of(maps, last, 0, f"skip {n}")) for n in range(4)] == [9, 26, 60, 124]
    crops = [link.inside for made in maps for link in made.links if link.road.startswith("skip")]
    assert crops == [4, 16, 40, 88]


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_roads_are_what_is_left_when_the_others_are_cut(padding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient of a U-Net of ones without its skips is the road through the bottleneck."""
    monkeypatch.setattr(unet.F, "max_pool2d", F.avg_pool2d)
    size = fitting(2, 24, padding)
    maps = unet_maps(2, size, padding)
    pixel = maps[-1].size // 2 + 1
    roads = trace(maps, len(maps) - 1, pixel)[0]
    assert set(roads) == {"skip 0", "skip 1", "bottleneck"}
    for skip, names in (("concat", set(roads)), ("none", {"bottleneck"})):
        model = build(Architecture(depth=2, width=1, norm="none", skip=skip, padding=padding)).double()
        for parameter in model.parameters():
            nn.init.constant_(parameter, 0.3)
        x = torch.ones(1, 1, size, size, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(model(x)[0, 0, pixel, pixel], x)
        reached = {place for name in names for place, ways in roads[name].items() if ways}
        assert set(slope[0, 0].any(0).nonzero().ravel().tolist()) == reached


def test_a_field_is_what_its_ways_span() -> None:
    for maps in (unet_maps(3, 64, "same", 5, "bilinear"), unet_maps(2, fitting(2, 8, "valid"), "valid")):
        for cell in range(8):
            for road, ways in trace(maps, len(maps) - 1, cell)[0].items():
                assert field_of(maps, len(maps) - 1, cell, road) == range(min(ways), max(ways) + 1)


def test_a_size_that_does_not_go_through_says_where() -> None:
    with pytest.raises(ValueError, match=r"^encoder level 1: its map of 45 cannot be halved$"):
        unet_maps(3, 102, "valid")
    with pytest.raises(ValueError, match=r"^decoder level 2: the encoder's map is 9, the decoder's 8: they do not join$"):
        unet_maps(3, 38)
    with pytest.raises(ValueError, match=r"^layer 2: kernel_size=9 leaves no output"):
        chain([(3,), (9,)], 8)


def test_the_lectures_numbers() -> None:
    two, one = read_stack(PRESETS["Two 3 × 3"]), read_stack(PRESETS["One 5 × 5"])
    assert receptive_field(two).size == receptive_field(one).size == 5
    assert (cost(two), cost(one)) == (20, 26)
    layers = read_stack(VGG16)
    assert receptive_field(layers) == (212, 32, 90)
    last = arithmetic(layers, chain(layers, 224))[-1]
    assert last[1:5] == ("7 = ⌊(14 − 2) / 2⌋ + 1", "212 = 196 + (2 − 1) · 16", "32 = 16 · 2", "90 = 90 + 0 · 16")
    assert receptive_field(read_stack(PRESETS["Dilated 1, 2, 4"])).size == 15


@pytest.mark.parametrize("seed", range(40))
def test_the_arithmetic_holds(seed: int) -> None:
    layers, size = drawn(seed)
    layers = [layer._replace(dilation=1) if layer.op != "conv" else layer for layer in layers]
    try:
        maps = chain(layers, size)
    except ValueError:
        return
    for line, made in zip(arithmetic(layers, maps), maps[1:]):
        for text in (line.size, line.field, line.jump, line.padding):
            left, _, right = text.partition(" = ")
            if right:
                plain = right.replace("−", "-").replace("·", "*").replace("⌊", "int(").replace("⌋", ")")
                assert abs(eval(plain) - eval(left)) < 1e-9, text
        assert line.size.split(" = ")[0] == str(made.size)


def test_a_stack_as_text() -> None:
    for text in PRESETS.values():
        assert written(read_stack(text)) == text
        assert image_for(read_stack(text))
    assert image_for(read_stack("-".join(["c15.8.0"] * 20))) is None, "too large to be drawn, which is found at once"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "0 layers: 1 to 20 are possible"),
        ("-".join(["c3"] * 21), "21 layers: 1 to 20 are possible"),
        ("c3--c3", "layer 2: '' is no layer: a letter (c, m, a or t) and numbers are needed, such as c3.1.1 or m2.2.0"),
        ("c3-z2.2", "layer 2: 'z2.2' is no layer: a letter (c, m, a or t) and numbers are needed, such as c3.1.1 or m2.2.0"),
        ("c99", "layer 1: kernel=99 is out of range: 1 to 15"),
        ("c3-c3.0", "layer 2: stride=0 is out of range: 1 to 8"),
        ("m2.2.2", "layer 1: padding=2 is more than half the pooling's kernel of 2"),
        ("a3.1.0.2", "1 · average pool 3 × 3: dilation=2 is not defined for avg_pool: leave it at 1"),
        ("t2.2.0.2", "layer 1: dilation=2 of a transposed convolution is not drawn here: leave it at 1"),
    ],
)
def test_nonsense_is_a_sentence(text: str, told: str) -> None:
    with pytest.raises(ValueError) as error:
        read_stack(text)
    assert str(error.value) == told


def test_every_network_of_the_second_part_is_what_describe_says() -> None:
    for config in (
        TrainConfig(depth=3, kind="segnet"),
        TrainConfig(depth=2, kernel_size=7, upsampling="nearest", skip="add"),
        TrainConfig(depth=3, skip="none", upsampling="bilinear"),
        TrainConfig(depth=2, size=100, padding="valid", upsampling="unpool"),
    ):
        settings = settings_of(config)
        assert settings
        maps = network(Net(int(settings["depth"]), int(settings["kernel"]), settings["padding"], settings["up"], settings["kind"]))
        sizes = fields(maps, len(maps) - 1, 2**config.depth)
        blocks = describe(config.architecture(1, 2), (maps[0].size,) * 2)
        assert (min(sizes), max(sizes)) == blocks[-1].receptive_field
        roads = {link.road for made in maps for link in made.links}
        assert any(road.startswith("skip") for road in roads) == (config.skip != "none" and config.kind == "unet")
    assert settings_of(TrainConfig(kind="fcn8s", depth=5)) is None
    assert settings_of(TrainConfig(depth=5)) is None, "more cells than can be drawn"
    assert phases(Net(3, 3, "same", "unpool", "segnet")).startswith(
        "The deepest map sees 36 pixels a side. A pixel of the mask sees 60 or 68"
    )


def test_who_asks_for_what_another_has_asked_waits_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hall that opens a link at once starts one job."""
    begun: list[Future[Any]] = []

    class Desk:
        def submit(self, *_: Any) -> Future[Any]:
            begun.append(Future())
            return begun[-1]

    monkeypatch.setattr(desk, "_desk", Desk())
    store, weights = Store(tmp_path), tmp_path / "weights.safetensors"
    weights.touch()
    asks: list[Callable[[], Future[Any]]] = [
        lambda: networks.effective_field(store, weights),
        lambda: networks.moved_file(store, tmp_path, 5, True),
        lambda: networks.fcn_stages(store, tmp_path, 5),
    ]
    for number, ask in enumerate(asks, start=1):
        answers = [ask() for _ in range(30)]
        assert len(begun) == number
        begun[-1].set_result(number)
        assert [answer.result(timeout=5) for answer in answers] == [number] * 30
    os.utime(weights, ns=(1, 1))
    asks[0]()
    assert len(begun) == len(asks) + 1, "other weights in the same place are measured anew"


# -- the effective field -------------------------------------------------------------------------------------------------------------------


class Linear(nn.Module):
    """Two classes, each a known kernel on the image."""

    def __init__(self, kernel: torch.Tensor) -> None:
        super().__init__()
        self.kernel = kernel

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self.kernel, padding=self.kernel.shape[-1] // 2)


def test_the_effective_field_of_a_linear_network_is_its_kernel() -> None:
    kernel = torch.randn(2, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    images = [np.random.default_rng(seed).normal(size=(21, 21)).astype(np.float32) for seed in range(3)]
    heat = effective_field(Linear(kernel), images, 10)
    expected = np.zeros((21, 21))
    expected[8:13, 8:13] = kernel.abs().sum((0, 1)).numpy()
    np.testing.assert_allclose(heat, expected / expected.sum(), atol=1e-7)
    found = measured(heat, Place(21, 10, 10, range(8, 13)))
    assert found.inside == pytest.approx(1)
    assert found.half == pytest.approx(heat[9:12, 9:12].sum())


def test_the_effective_field_is_what_a_small_change_does() -> None:
    """Finite differences of a U-Net at random pixels."""
    torch.manual_seed(3)
    model = build(Architecture(depth=2, width=4)).eval()
    image = np.random.default_rng(0).normal(size=(32, 32)).astype(np.float32)
    heat = effective_field(model, [image], 16)
    double, tiny, slopes = model.double(), 1e-6, np.zeros((32, 32))
    with torch.no_grad():
        for row, column in [(16, 16), (14, 18), (10, 16), (20, 21), (8, 8)]:
            x = torch.from_numpy(image.astype(float))[None, None]
            up, down = x.clone(), x.clone()
            up[0, 0, row, column] += tiny
            down[0, 0, row, column] -= tiny
            change = (double(up) - double(down))[0, :, 16, 16] / (2 * tiny)
            slopes[row, column] = change.abs().sum()
    known = slopes > 0
    np.testing.assert_allclose(heat[known] / heat[16, 16], slopes[known] / slopes[16, 16], rtol=2e-3)


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_nothing_comes_from_outside_of_the_theoretical_field(norm: str) -> None:
    config = TrainConfig(depth=2, width=4, norm=norm)
    place = place_for(config)
    torch.manual_seed(0)
    model = build(Architecture(depth=2, width=4, norm=norm))
    heat = effective_field(model, [np.random.default_rng(1).normal(size=(place.size,) * 2).astype(np.float32)], place.pixel)
    found = measured(heat, place)
    assert found.inside == pytest.approx(1)
    assert found.skip < found.inside
    assert heat[place.field.start].any(), "and it reaches the field's very edge"
    assert heat[place.field.stop - 1].any()


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_a_segnet_is_measured_in_its_own_field(padding: str) -> None:
    """Its values are unpooled to where the largest were, so an image alone may not reach the edges of the field."""
    config = TrainConfig(depth=3, width=8, size=100 if padding == "valid" else 96, kind="segnet", padding=padding)
    place = place_for(config)
    blocks = describe(config.architecture(1, 2), (place.size, place.size))
    low, high = blocks[-1].receptive_field
    assert (low, high) == (60, 68)
    assert low <= len(place.field) <= high
    assert place.pixel == blocks[-1].shape[1] // 2
    assert abs(place.own - (place.field.start + place.field.stop - 1) / 2) < 2**3, "the pixel stands in the middle of its field"
    torch.manual_seed(0)
    images = [np.random.default_rng(seed).normal(size=(place.size,) * 2).astype(np.float32) for seed in range(12)]
    heat = effective_field(build(config.architecture(1, 2)), images, place.pixel)
    rows = heat.any(1).nonzero()[0]
    assert place.field.start <= rows[0]
    assert rows[-1] < place.field.stop
    assert rows[-1] - rows[0] > 0.8 * low


def test_the_network_that_came_along() -> None:
    assert SHIPPED.stat().st_size < 600_000
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as a worker has it
    said, drawn = compared(SHIPPED)
    torch.set_num_threads(threads)
    assert said["place"] == [112, 56, 56, 10, 102]
    assert said["random"]["radius"] < 8 < 16 < said["trained"]["radius"]
    assert len(json.dumps(said)) < 4000
    assert set(drawn) == {"random", "trained"}


# -- questions -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", RECEPTIVE_FIELD.questions)
def test_questions(question: Callable[[int], Any]) -> None:
    before = None
    for turn in range(40):
        asked = question(turn)
        assert asked == question(turn)
        assert asked.choices.count(asked.right) == 1
        assert len(set(asked.choices)) == len(asked.choices) >= 2
        assert (asked.question, asked.shows) != before, "new numbers each time"
        before = asked.question, asked.shows
        if "stack" in asked.shows:
            layers = read_stack(str(asked.shows["stack"]))
            maps = chain(layers, int(str(asked.shows.get("cells", image_for(layers)))))
            number, cell = (int(part) for part in str(asked.shows.get("at", f"{len(layers)}.0")).split("."))
        else:
            maps = network(Net(int(str(asked.shows["depth"])), 3, "valid", "transposed"))
            number, cell = (int(part) for part in str(asked.shows["at"]).split("."))
        field = field_of(maps, number, cell)  # the cell that the page then shows
        assert maps[number].shown
        assert cell < maps[number].size
        told = f"{field.start} to {field.stop - 1}" if " to " in asked.right else str(len(field))
        assert asked.right == told


@pytest.mark.parametrize("question", RECEPTIVE_FIELD.questions)
def test_no_place_holds_all_right_answers(question: Callable[[int], Any]) -> None:
    places = Counter(asked.choices.index(asked.right) for asked in map(question, range(60)))
    assert max(places.values()) <= 45, places


def test_the_pixel_asked_for_is_not_the_one_that_the_question_tells() -> None:
    *_, phase = RECEPTIVE_FIELD.questions
    assert not [turn for turn in range(60) if "does pixel 0 see" in phase(turn).question]


def test_the_first_turns_are_the_lectures() -> None:
    assert [question(0).right for question in RECEPTIVE_FIELD.questions] == ["8", "5 to 8", "10", "204"]


# -- in the browser ------------------------------------------------------------------------------------------------------------------------


def test_the_browser_traces_as_python_does(browser: Any) -> None:
    script = (Path(ROOT) / "seglab/ui/browser/v1/paths.js").read_text().replace("export ", "")
    page = browser.new_page()
    page.evaluate(
        f"() => {{ const made = document.createElement('script'); made.textContent = {json.dumps(script)} + '; window.trace = trace;'; document.head.append(made); }}"
    )
    cases: list[tuple[list[Map], int, int]] = []
    for seed in range(25):
        layers, size = drawn(seed)
        try:
            maps = chain(layers, size)
        except ValueError:
            continue
        cases += [(maps, len(maps) - 1, cell) for cell in (0, maps[-1].size // 2)]
    net = unet_maps(3, fitting(3, 16, "valid"), "valid", 3, "bilinear")
    cases += [(net, len(net) - 1, 5), (unet_maps(2, 24), 6, 1)]
    for maps, number, cell in cases:
        found = page.evaluate(
            "([maps, number, cell]) => trace(maps, number, cell).map((roads) => Object.fromEntries([...roads].map(([road, cells]) => [road, [...cells]])))",
            [_told(maps, [""] * len(maps)), number, cell],
        )
        expected = trace(maps, number, cell)
        assert [{road: dict(cells) for road, cells in one.items()} for one in found] == [
            {road: dict(cells) for road, cells in one.items()} for one in expected
        ]
    page.close()


def lit(page: Page, number: int) -> list[int]:
    """The cells of a map that are lit, by where the rectangles stand."""
    return page.locator(".field").evaluate(
        """(box, number) => { const one = box.field, map = one.data.maps[number], top = one.tops.get(number);
          return [...box.querySelectorAll(".overlay rect.lit")].filter((rect) => Math.abs(rect.y.baseVal.value - top) < 1)
            .map((rect) => Math.round(((rect.x.baseVal.value + rect.width.baseVal.value / 2 - one.origin) / one.unit - map.start) / map.step)).sort((a, b) => a - b); }""",
        number,
    )


def test_what_cannot_be_is_not_written_into_the_stack(visit: Visit) -> None:
    with visit("/receptive_field?stack=c3.1.1-a2.2.0-c5.1.2&layer=2") as page:
        for words in ("Padding", "Dilation"):
            control = page.get_by_role("spinbutton", name=words)
            control.fill("2")
            control.press("Enter")
            page.get_by_text("The stack stays as it was: ").wait_for()
            wait_for(lambda: page.get_by_role("slider").count() == 4, page)
            assert "stack=c3.1.1-a2.2.0-c5.1.2" in page.url
        page.get_by_role("button", name="Add one after it").click()
        until(page, "location.search.includes('stack=c3.1.1-a2.2.0-c3.1.1-c5.1.2')")


def test_a_cell_belongs_to_its_network(visit: Visit) -> None:
    with visit("/receptive_field?part=unet&at=3.2&kind=segnet&source=nonsense") as page:
        page.get_by_text("The deepest map sees").wait_for()
        page.get_by_role("radio", name="3", exact=True).click()
        until(page, "location.search.includes('depth=3') && !location.search.includes('at=')")
        page.get_by_text("The deepest map sees 36").wait_for()
        assert page.get_by_text("Upsampling").count() == 0
        assert page.locator(".field .bands line").count() == 0, "rows of blocks are not joined cell by cell"


def test_the_run_of_the_last_part_is_traced_in_the_second(visit: Visit, app: Any) -> None:
    run = Store(app.home).create(TrainConfig(depth=3, kernel_size=5, kind="segnet"), "somebody", "Mine", status="stopped")
    with visit(f"/receptive_field?part=unet&source={run.id}&at=3.2") as page:
        page.get_by_role("button", name="As in Mine").click()
        until(page, "['kind=segnet', 'depth=3', 'kernel=5'].every((one) => location.search.includes(one))")
        page.get_by_text("The deepest map sees").wait_for()
        assert "at=" not in page.url


def test_point_at_a_cell_and_walk_with_the_keys(visit: Visit) -> None:
    with visit("/receptive_field?stack=c3.1.1-m2.2.0-c3.1.1&cells=16") as page:
        page.wait_for_selector(".field .overlay rect")
        row = page.get_by_role("slider", name="2 · max pool 2 × 2, 8 cells")
        box = row.locator("rect.cell").nth(3).bounding_box()  # the first is cell 0: nothing is padded below
        padding = int(page.locator(".field").evaluate("box => box.field.data.maps[2].padding"))
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        told = page.locator(".field .told")
        wait_for(lambda: told.inner_text().startswith("Cell 3 of layer 2"), page)
        assert padding == 1
        assert told.inner_text() == "Cell 3 of layer 2 sees image cells 5 to 8: 4 cells. Cell 6 in 2 ways, cell 5 in 1."
        assert [lit(page, number) for number in (0, 1, 2)] == [[5, 6, 7, 8], [6, 7], [3]]
        page.mouse.move(2, 2)
        top = page.get_by_role("slider", name="3 · conv 3 × 3, 8 cells")
        top.focus()
        page.keyboard.press("Home")
        assert told.inner_text() == "Cell 0 of layer 3 sees image cells −3 to 4: 8 cells, 3 of them padding. Cell 1 in 3 ways, cell 4 in 1."
        assert page.locator(".field .overlay rect.outside").count() == 3 + 2 + 1
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        assert told.inner_text().startswith("Cell 1 of layer 2 sees image cells 1 to 4")
        assert row.get_attribute("aria-valuenow") == "1"
        page.keyboard.press("Enter")
        until(page, "location.search.includes('at=2.1')")
        page.get_by_role("button", name="Remove it").click()
        until(page, "location.search.includes('stack=c3.1.1-m2.2.0&') || location.search.endsWith('stack=c3.1.1-m2.2.0')")
        wait_for(lambda: page.get_by_role("slider").count() == 3, page)


@pytest.mark.parametrize(
    ("query", "width", "scheme"),
    [
        ("", 390, "light"),
        ("?stack=c3-x9", 1280, "dark"),
        (f"?stack={VGG16}&lecture=1", 1920, "light"),
        ("?part=unet&depth=4&padding=valid&kernel=99", 390, "dark"),
        ("?part=image&pixel=nonsense", 1280, "light"),
        ("?part=gradient&source=nonsense", 390, "light"),
        ("?part=image&kind=segnet&depth=3", 1280, "light"),
        ("?part=gradient", 1280, "dark"),
    ],
)
def test_every_part_is_whole(query: str, width: int, scheme: str, visit: Visit) -> None:
    with visit(f"/receptive_field{query}", width, scheme) as page:
        if "gradient" in query:
            page.wait_for_selector(".js-plotly-plot")
        else:
            page.wait_for_selector(".field svg")
        if "x9" in query:
            page.get_by_text("This stack cannot be: layer 2: 'x9' is no layer").wait_for()
        assert sideways(page) == []
        assert findings(page) == []
