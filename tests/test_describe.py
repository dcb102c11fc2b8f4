"""What is said of a network's blocks, against the torch module itself: names, shapes, parameters, multiply-adds, receptive fields."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from grid import GRID, Choice, deep, named
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from seglab.nets import Architecture, build, describe, paper_unet, unet
from seglab.nets.choices import CHOICES
from seglab.nets.fitting import at_least, output_size


class Made(TorchDispatchMode):
    """Counts the bytes of all maps (1, C, H, W) that operators make, without views of others and what is written in place."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        made = [one for one in (out if isinstance(out, (tuple, list)) else [out]) if isinstance(one, torch.Tensor)]
        if "max_pool" not in str(func):  # places are kept by pooling only; shifting them is for the moment
            made = [one for one in made if one.is_floating_point()]
        if not func.is_view and "_(" not in str(func._schema).split(" ->")[0].replace("__", ""):
            self.bytes += sum(one.numel() * one.element_size() for one in made if one.dim() == 4)
        return out


@pytest.mark.parametrize("choice", GRID, ids=named)
def test_blocks_are_those_of_the_module(choice: Choice) -> None:
    net = Architecture(in_channels=3, classes=5, depth=deep(choice, 2), width=8, **choice)
    size = (at_least(50, net), at_least(61, net))
    with torch.device("meta"):
        model = build(net).eval()  # a map of one pixel has no statistics to train with
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Any:
        return lambda module, given, out: shapes.update({name: tuple(out.shape[1:])})

    blocks = describe(net, size)
    modules = dict(model.named_modules())
    for block in blocks:
        modules[block.name].register_forward_hook(note(block.name))
    image = torch.empty(1, 3, *size, device="meta")
    with FlopCounterMode(display=False) as counted, Made() as made:
        model(image)
    work = counted.get_flop_counts()
    assert list(shapes.items()) == [(block.name, block.shape) for block in blocks], "in order"
    for block in blocks:
        assert block.parameters == sum(p.numel() for p in modules[block.name].parameters()), block.name
        assert 2 * block.macs == sum(work.get(f"{type(model).__name__}.{block.name}", {}).values()), block.name
    assert sum(block.parameters for block in blocks) == sum(p.numel() for p in model.parameters())
    assert 2 * sum(block.macs for block in blocks) == counted.get_total_flops()
    assert sum(block.memory for block in blocks) == made.bytes


def test_the_papers_network() -> None:
    blocks = describe(paper_unet(), (572, 572))
    assert [block.shape[1] for block in blocks] == [568, 280, 136, 64, 28, 56, 52, 104, 100, 200, 196, 392, 388, 388]
    assert sum(block.parameters for block in blocks) == 31_030_658
    assert {block.name: block.parameters for block in blocks}["up.0"] == 2_097_664
    fields = {block.name: block.receptive_field for block in blocks}
    assert (fields["bottleneck"], fields["head"]) == ((140, 140), (188, 204))
    with torch.device("meta"):
        assert build(paper_unet())(torch.empty(1, 1, 572, 572)).shape == (1, 2, 388, 388)


@pytest.mark.parametrize("upsampling", ["transposed", "nearest", "bilinear"])
@pytest.mark.parametrize(("skip", "padding"), list(product(CHOICES["skip"], CHOICES["padding"])))
def test_fields_are_those_of_the_gradient(upsampling: str, skip: str, padding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    net = Architecture(depth=2, width=1, norm="none", skip=skip, upsampling=upsampling, padding=padding)
    monkeypatch.setattr(unet.F, "max_pool2d", F.avg_pool2d)  # a maximum has a gradient in one of its cells only
    model = build(net).double()
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, 0.3)
    x = torch.ones(1, 1, *[at_least(128, net)] * 2, dtype=torch.float64, requires_grad=True)
    out = model(x)
    found = set()
    for place in range(4):  # of the step that repeats, in the middle
        (slope,) = torch.autograd.grad(
            out[0, 0, 60 if padding == "same" else 40, (60 if padding == "same" else 40) + place], x, retain_graph=True
        )
        columns = slope[0, 0].any(0).nonzero().ravel()
        found.add(int(columns[-1] - columns[0]) + 1)
    assert describe(net, tuple(x.shape[2:]))[-1].receptive_field == (min(found), max(found))


@pytest.mark.parametrize(("depth", "padding"), list(product(range(5), CHOICES["padding"])))
def test_a_size_breaks_where_the_module_breaks(depth: int, padding: str) -> None:
    for size in range(1, 240):
        net = Architecture(depth=depth, width=1, padding=padding)
        try:
            expected: int | None = output_size(size, net)
        except ValueError:
            expected = None
        if expected is None:
            with pytest.raises(ValueError, match=r"^(encoder|decoder|bottleneck)(\.\d)?: "):
                describe(net, (size, at_least(size, net)))
        else:
            assert describe(net, (size, size))[-1].shape == (2, expected, expected)


@pytest.mark.parametrize(
    ("net", "size", "told"),
    [
        (
            Architecture(depth=4),
            (350, 525),
            "decoder.0: the encoder's map is 43 x 65, the decoder's 42 x 64: both have to be as large to be joined",
        ),
        (
            Architecture(depth=4, skip="none"),
            (350, 525),
            "decoder.0: the encoder's map is 43 x 65, the decoder's 42 x 64: the mask would not lie on the image",
        ),
        (
            Architecture(depth=2, padding="valid"),
            (30, 31),
            "encoder.0: its map of 26 x 27 cannot be halved: both sides have to be even to be cropped alike",
        ),
        (Architecture(depth=2, padding="valid"), (12, 12), "encoder.1: a map of 2 x 2 is too small for a 3 x 3 kernel without padding"),
        (
            Architecture(kind="segnet", depth=2),
            (6, 8),
            "decoder.0: the encoder's map is 3 x 4, the unpooled one 2 x 4: what pooling remembers would lie elsewhere",
        ),
        (
            Architecture(kind="fcn16s", depth=3),
            (24, 28),
            "up.0: the finer scores' map is 6 x 7, the enlarged scores' 6 x 6: both have to be as large to be added",
        ),
        (
            Architecture(kind="fcn32s", depth=2),
            (24, 30),
            "up.0: the image is 24 x 30, its scores 24 x 28: the mask would not lie on the image",
        ),
        (Architecture(depth=3), (2, 64), "encoder.1: its map of 1 x 32 cannot be halved"),
        (Architecture(), (0, 0), "height=0 is out of range: 1 to 1048576"),
        (Architecture(), (64, 10**9), "width=1000000000 is out of range: 1 to 1048576"),
        (Architecture(), ("64", 64), "height='64' is not a whole number: 1 to 1048576"),
        (Architecture(), (64,), "size has 1 numbers: height and width are needed"),
    ],
)
def test_what_cannot_be_says_where_and_why(net: Architecture, size: tuple[Any, ...], told: str) -> None:
    with pytest.raises(ValueError) as error:
        describe(net, size)
    assert str(error.value) == told


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"depth": 7}, "depth=7 is out of range: 0 to 6"),
        ({"width": True}, "width=True is not a whole number: 1 to 1024"),
        ({"skip": "sum"}, "skip='sum' is unknown: concat, add or none"),
    ],
)
def test_an_architecture_refuses_what_is_impossible(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError) as error:
        Architecture(**values)
    assert str(error.value) == told
