"""Look inside: the stage has the network's own numbers, the gradient ends where the field does, and circular padding is periodic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from conftest import ROOT, ready, wait_for
from grid import FCNS, GRID, SEGNETS, UNETS, WIDE, Choice, deep, named
from torch import Tensor, nn

from seglab.export.numbers import measured
from seglab.infer.inside import Taken, fitted, picture_for, tensor_of
from seglab.infer.inside_shift import masks_of, predictors, shift_consistency
from seglab.infer.inside_told import Layer, Picture
from seglab.infer.inside_why import occluded, why
from seglab.infer.moving import consistency
from seglab.infer.pictures import png
from seglab.lessons.labs.inside import INSIDE
from seglab.lessons.patch import parts
from seglab.lessons.real_cells import OTHERS
from seglab.lessons.real_patch import difference, real_patch
from seglab.nets import Architecture, build, describe
from seglab.nets.fitting import at_least, border
from seglab.nets.graph import fields
from seglab.nets.layers import layers_of
from seglab.nets.maps import field_on, maps_of
from seglab.stage.lesson import build as follow
from seglab.train import jobs
from seglab.train.asked.inside import inside_layer
from seglab.train.store import Store
from seglab.train.weights import load_model

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., Any]
CELLS = ROOT / "assets" / "networks" / "cells.safetensors"
CLOSE = 1e-5


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Small networks are faster so, above all where other tests run beside these."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trained_like(net: Architecture, seed: int = 0) -> Any:
    """A network whose weights and statistics are neither small nor at their start."""
    torch.manual_seed(seed)
    model = build(net).eval()
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0, (2 / module.weight[0].numel()) ** 0.5)
            if module.bias is not None:
                nn.init.normal_(module.bias)
        if isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model


def hooked(model: Any, x: Tensor) -> dict[tuple[str, str], Tensor]:
    """What blocks' layers give, taken from the network while it runs; of pooled and joined maps, what the next block is given."""
    seen: dict[tuple[str, str], Tensor] = {}

    def note(block: str, layer: str, given: bool) -> Any:
        def hook(module: nn.Module, args: tuple[Tensor, ...], made: Tensor) -> None:
            seen[block, layer] = (args[0] if given else made)[0].clone()

        return hook

    names = {name: module for name, module in model.named_modules() if name}
    for name, module in names.items():
        block, _, last = name.rpartition(".")
        kind = name.partition(".")[0]
        if kind in ("encoder", "decoder", "bottleneck") and last in ("2", "5") and isinstance(module, nn.ReLU):
            module.register_forward_hook(note(block, "conv1" if last == "2" else "conv2", given=False))
        if (kind == "up" and name.count(".") == 1) or kind == "head" or (kind == "scores" and "." in name):
            module.register_forward_hook(note(name, "up" if kind == "up" else "head", given=False))
        if kind == "decoder" and name.count(".") == 1:
            module.register_forward_hook(note(name, "up" if model.kind == "segnet" else "join", given=True))
        if kind in ("encoder", "bottleneck") and name.count(".") == (kind == "encoder") and name != "encoder.0":
            number = model.depth if kind == "bottleneck" else int(last)
            module.register_forward_hook(note(f"encoder.{number - 1}", "pool", given=True))
    with torch.inference_mode():
        model(x)
    return seen


@pytest.mark.parametrize("choice", GRID, ids=named)
def test_the_stage_has_the_networks_own_numbers(choice: Choice) -> None:
    """Every layer of every kind of network, in the middle and at the edges of its map, with one and two channels out."""
    net = Architecture(depth=deep(choice, 2), width=4, **choice)
    model = trained_like(net)
    side = at_least(16 + 2 * border(net), net)
    x = torch.randn(1, 1, side, side, generator=torch.Generator().manual_seed(1))
    taken, seen = Taken(model, x), hooked(model, x)
    met = 0
    for block in describe(net, (side, side)):
        for name in layers_of(net, block.name):
            layer = taken.layer(block.name, name)
            if (block.name, name) in seen:
                met += 1
                torch.testing.assert_close(torch.tensor(layer.y), seen[block.name, name], rtol=0, atol=0)
            height, width = layer.y.shape[1:]
            for place, outs in (((height // 2, width // 2), (0, 1)), ((0, width - 1), (1,))):
                patch = real_patch(layer, place, outs)
                assert patch.own.size
                assert difference(patch) <= CLOSE * max(1, np.abs(patch.own).max()), (block.name, name, place)
    assert met >= 3 * net.depth


def test_the_builder_shows_the_same_layers_once() -> None:
    assert parts(Architecture(), "encoder.0") == ["conv", "pool"]
    assert parts(Architecture(upsampling="unpool"), "up.0") == ["up"]
    assert parts(Architecture(kind="fcn8s"), "up.0") == ["up", "join"]
    assert parts(Architecture(kind="segnet"), "decoder.1") == ["up", "conv"]


@pytest.fixture(scope="module")
def cells() -> tuple[Any, Taken]:
    model, config = load_model(CELLS)
    image, _ = picture_for(model, Picture("cells", 0), config.difficulty, 1)
    return model, Taken(model, tensor_of(image))


def test_a_shipped_network_too(cells: tuple[Any, Taken]) -> None:
    _, taken = cells
    for block in describe(taken.net, (128, 128)):
        for name in layers_of(taken.net, block.name):
            assert difference(real_patch(taken.layer(block.name, name), (50, 70), (0,), most_in=2)) <= CLOSE, (block.name, name)


def test_the_others_are_what_is_missing(cells: tuple[Any, Taken]) -> None:
    """Without them the output is another one: the test above can fail."""
    layer = cells[1].layer("encoder.1", "conv1")
    patch = real_patch(layer, (20, 20), (3,), most_in=2)
    names = patch.lesson.views[0].panels[0].names
    assert names[-1] == OTHERS
    assert len(names) == 3
    assert patch.others == len(layer.x) - 2
    state = patch.lesson.defaults
    state["x"] = [*state["x"][:2], np.zeros_like(state["x"][2]).tolist()]
    assert np.abs(follow(patch.lesson, state).values("y") - patch.own).max() > 1e-2


def test_padding_is_the_stages_own(cells: tuple[Any, Taken]) -> None:
    """At the map's corner two sides of the patch are padding, which the stage draws as such."""
    patch = real_patch(cells[1].layer("encoder.0", "conv2"), (0, 0), (0,))
    assert patch.lesson.views[0].steps[0].options["padding"] == [[1, 0], [1, 0]]
    assert np.shape(patch.lesson.defaults["x"])[1:] == (5, 5)


FIELDS = [choice for choice in [*UNETS, *SEGNETS, *FCNS, *WIDE] if choice.get("norm", "batch") == "batch"]


@pytest.mark.parametrize("choice", FIELDS, ids=named)
def test_the_gradient_ends_where_the_field_does(choice: Choice) -> None:
    """The field of every kind by arithmetic: its sizes are those that `describe` gives, and outside of it nothing moves the pixel."""
    net = Architecture(depth=deep(choice, 1), width=4, **choice)
    side = at_least(24 + 2 * border(net), net)
    maps, period = maps_of(net, side), 2**net.depth
    sizes = fields(maps, len(maps) - 1, period)
    assert (min(sizes), max(sizes)) == describe(net, (side, side))[-1].receptive_field
    model = trained_like(net)
    with torch.no_grad():
        for weights in model.parameters():
            weights.abs_()  # no ReLU is ever asleep
    x = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(1)).requires_grad_()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.fill_(-1)
    logits = model(x)
    pixel = logits.shape[-1] // 2 + 1
    (slope,) = torch.autograd.grad(logits[0, :, pixel, pixel].sum(), x)
    moved = np.flatnonzero(slope[0, 0].abs().sum(0).numpy())
    field = field_on(net, side, pixel)
    first, last = max(field.start, 0), min(field.stop, side) - 1
    assert first <= moved.min() <= moved.max() <= last
    asleep = 2 * 2**net.depth  # only winners of poolings pass a gradient on
    assert moved.min() - first <= asleep
    assert last - moved.max() <= asleep


def test_why_on_a_shipped_network(cells: tuple[Any, Taken]) -> None:
    model, taken = cells
    found = why(model, 0.5, Picture("cells", 0), (40, 70), against=True, square=16)
    chances = torch.softmax(taken.logits[0, :, 40, 70], 0)
    np.testing.assert_allclose(found.chances, chances, atol=1e-5)
    assert found.winner == int(chances.argmax())
    assert found.gradient.sum() == pytest.approx(1, abs=1e-5)
    assert found.inside == pytest.approx(1, abs=1e-9)
    assert found.middle < found.inside
    rows, columns = field_on(taken.net, 128, 40), field_on(taken.net, 128, 70)
    assert found.field == (rows.start, rows.stop, columns.start, columns.stop)
    assert not found.gradient[rows.stop :].any()


def test_hiding_is_what_it_says(cells: tuple[Any, Taken]) -> None:
    """One place by hand: the square around a step's middle is set to the picture's mean."""
    model, _ = cells
    x = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    drop, step, corner = occluded(model, x, (10, 12), 1, 8, (range(-4, 25), range(2, 40)))
    assert corner == (0, 2)
    assert drop.shape == (-(-25 // step), -(-30 // step))
    row, column = 2, 3
    hidden = x.clone()
    top, left = (begin + step * at + (step - 8) // 2 for begin, at in zip(corner, (row, column), strict=True))
    hidden[..., max(0, top) : top + 8, max(0, left) : left + 8] = 0
    with torch.inference_mode():
        before, after = (torch.softmax(model(one)[0, :, 10, 12], 0)[1] for one in (x, hidden))
    assert drop[row, column] == pytest.approx(float(before - after), abs=1e-6)


PERIODIC: list[Choice] = [
    *({"padding": padding, "upsampling": up, "norm": norm} for padding in ("same", "valid") for up, norm in (("transposed", "batch"),)),
    *({"padding": padding, "upsampling": up, "norm": "none"} for padding in ("same", "valid") for up in ("bilinear", "nearest", "unpool")),
    {"norm": "group"},
    {"kind": "segnet"},
    {"kind": "segnet", "padding": "valid", "kernel_size": 5},
    *({"kind": "fcn8s", "padding": padding, "upsampling": up} for padding in ("same", "valid") for up in ("transposed", "bilinear")),
    {"kind": "fcn32s", "upsampling": "nearest"},
]


@pytest.mark.parametrize("choice", PERIODIC, ids=named)
def test_circular_padding_is_exactly_periodic(choice: Choice) -> None:
    """The mask of a picture rolled by multiples of 2^depth is the mask rolled; in between, and with zeros, it is not."""
    net = Architecture(depth=deep(choice, 2), width=4, **choice)
    period, model = 2**net.depth, trained_like(net)
    side = period * -(-32 // period)
    x = torch.randn(1, 1, side, side, generator=torch.Generator().manual_seed(2))
    ways, move = predictors(model), (period, 2 * period)

    @torch.inference_mode()
    def apart(way: str, move: tuple[int, int]) -> float:
        """How far the logits of the picture, rolled and rolled back, are from those of the picture, as a share of the largest."""
        still, rolled = ways[way](x), ways[way](torch.roll(x, move, (2, 3)))
        return float((torch.roll(rolled, (-move[0], -move[1]), (2, 3)) - still).abs().max() / max(1, still.abs().max()))

    assert apart("around", move) <= 1e-4
    masks = masks_of(ways["around"], x, [(0, 0), move])
    assert consistency(masks[1], masks[0])[0] == 1
    assert apart("around", (0, 1)) > 1e-2, "one pixel is no multiple"
    assert apart("zeros", move) > 1e-2, "zeros mark the border"


def test_shifts_of_a_shipped_network(cells: tuple[Any, Taken]) -> None:
    small = cells[0]
    found = shift_consistency(small, 0.5, Picture("cells", 3))
    assert found.shifts == list(range(17))
    assert [found.around[shift] for shift in (0, 8, 16)] == [1, 1, 1]
    assert max(found.around[1:8]) < 1
    assert found.zeros[8] < 1
    assert np.shape(found.plane["around"]) == (9, 9)
    assert found.plane["around"][8][8] == found.plane["around"][0][8] == 1


def test_pictures_are_made_to_fit() -> None:
    image = np.linspace(0, 1, 200 * 400, dtype=np.float32).reshape(200, 400)
    small, told = fitted(image, 96)
    assert small.shape == (96, 96)
    assert "shrunk to 48 %" in told
    large, told = fitted(image[:40, :60], 96)
    assert large.shape == (96, 96)
    assert "mirrored" in told
    np.testing.assert_array_equal(large[:40, :60], image[:40, :60])


def test_a_worker_looks_and_refuses(workers: jobs.Workers, tmp_path: Path) -> None:
    store = Store(tmp_path)
    seen = inside_layer(store, CELLS, Picture("cells", 0), "up.0", "up").result(120)
    assert isinstance(seen.layer, Layer)
    assert difference(real_patch(seen.layer, (5, 5), (0,))) <= CLOSE
    own = Picture("cells", 0, png(np.full((150, 220, 3), 90, np.uint8)))
    assert inside_layer(store, CELLS, own, "head", "head").result(120).done.startswith("Of 220 × 150 pixels")
    broken = inside_layer(store, CELLS, Picture("cells", 0, b"no picture"), "head", "head")
    with pytest.raises(jobs.TaskError, match="not an image"):
        broken.result(120)


@pytest.mark.parametrize("question", INSIDE.questions)
def test_right_answers(question: Callable[[int], Any]) -> None:
    for turn in range(12):
        asked = question(turn)
        assert asked.right in asked.choices
        assert len(set(asked.choices)) == len(asked.choices) >= 4


def test_measured_numbers_read_alike_in_both(modules: Page) -> None:
    """Four digits of what was measured; what is written shorter stays as it is."""
    texts = ["I = 1.74475467205·(−0.065474734) + 3.25", "−5.9604644775e−8 from c12", "0.0004999949 and 12 and 0.125 and 99999.99999"]
    told = modules.evaluate("async (texts) => { const { measured } = await import('/v1/numbers.js'); return texts.map(measured); }", texts)
    assert told == [measured(text) for text in texts]
    assert told[0] == "I = 1.745·(−0.06547) + 3.25"


def output_of(page: Page) -> np.ndarray:
    """The output that the stage in the page works with."""
    got = page.locator(".stage").evaluate(
        "element => { const grid = element.stage.scene.made.grids.get('y'); return [[...grid.data], grid.shape]; }"
    )
    return np.reshape(got[0], got[1])


def test_the_page_has_the_networks_numbers(visit: Visit, cells: tuple[Any, Taken]) -> None:
    """In the browser: the learned up-convolution at a typed place, and at one that is clicked."""
    own = cells[1].layer("up.2", "up").y[3]
    with visit("/inside?part=stage&block=up.2&channel=3&row=40&col=90") as page:
        page.wait_for_selector(".stage .first:not(:empty)")
        assert np.abs(output_of(page)[0] - own[38:44, 88:94]).max() <= CLOSE
        assert "differ by at most" in page.locator(".stMain").inner_text()
        map_ = page.locator(".field .pick svg").last
        map_.scroll_into_view_if_needed()
        box = map_.bounding_box()
        page.mouse.click(box["x"] + box["width"] * 20.5 / 128, box["y"] + box["height"] * 100.5 / 128)
        wait_for(lambda: "row=100" in page.url and "col=20" in page.url, page)
        wait_for(lambda: np.abs(output_of(page)[0] - own[98:104, 18:24]).max() <= CLOSE, page)


def test_nonsense_and_a_broken_upload(visit: Visit) -> None:
    """Anybody may write a link, and upload anything."""
    with visit(
        "/inside?part=what&block=attic&layer=9&channel=-4&row=zz&col=9999999&count=%3Cb%3E&scene=-1&source=nobody&picture=own"
    ) as page:
        page.get_by_text("1 Maps and weights").wait_for()
        ready(page)  # what is brought while the page is still being drawn may have to be brought again
        page.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"\x89PNG broken"})
        page.wait_for_selector("text=This picture cannot be looked at")
        ready(page)
