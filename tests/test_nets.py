"""Networks with every choice: sizes, gradients, unpooling, tiles, standalone script, ONNX, and weights from files that may be anything."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from grid import GRID, Choice, deep, named
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.data.cells import cells
from seglab.data.decode import decode
from seglab.data.landcover import landcover
from seglab.infer.predict import segment, tiled
from seglab.nets import Architecture, build
from seglab.nets.blocks import Joined, Network, Unpool, UpConvolution, mixed_on_cpu
from seglab.nets.choices import CHOICES
from seglab.nets.fitting import at_least, border, fitting_size, margin, output_size
from seglab.nets.onnx import to_onnx
from seglab.nets.script import standalone
from seglab.nets.unet import UNet
from seglab.train.batches import standardised
from seglab.train.config import TrainConfig
from seglab.train.loop import Checkpoint, fit
from seglab.train.network import network
from seglab.train.weights import load_model, read_checkpoint, read_classes, write_checkpoint


def settled(**options: Any) -> Network:
    """A network in evaluation whose statistics are no longer those of the beginning."""
    torch.manual_seed(0)
    net = build(Architecture(**options))
    shape = (2, net.channels, *[at_least(64, net)] * 2)
    with torch.no_grad():
        for _ in range(3):
            net(torch.randn(shape) * 2 + 1)
    return net.eval()


def walked(size: int, depth: int, padding: str) -> int | None:
    """Output pixels by going through the network level by level; None where a size is odd or nothing is left."""
    lost = 4 if padding == "valid" else 0
    for _ in range(depth):
        size -= lost
        if size <= 0 or size % 2:
            return None
        size //= 2
    size -= lost
    for _ in range(depth):
        size = 2 * size - lost
    return size if size > 0 else None


@pytest.mark.parametrize("padding", CHOICES["padding"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_sizes_are_those_of_a_walk_through_the_levels(depth: int, padding: str) -> None:
    fits, net = [size for size in range(1, 700) if walked(size, depth, padding)], Architecture(depth=depth, padding=padding)
    for size in range(1, 600):
        nearest = min(reversed(fits), key=lambda other: abs(other - size))
        assert fitting_size(size, net) == nearest
        assert at_least(size, net) == next(other for other in fits if other >= size)
        if size in fits:
            assert output_size(size, net) == walked(size, depth, padding)
        else:
            near = [str(other) for other in fits if abs(other - size) < 2**depth]
            with pytest.raises(
                ValueError, match=f"^size={size} .*" + (" or ".join(near[-2:]) if len(near) > 1 else f"{fits[0]} is the smallest")
            ):
                output_size(size, net)


def test_sizes_of_the_paper() -> None:
    assert output_size(572, Architecture(depth=4, padding="valid")) == 388
    with pytest.raises(ValueError) as error:
        output_size(96, Architecture(depth=3, padding="valid"))
    assert str(error.value) == "size=96 does not fit depth 3 without padding: 92 or 100 do"


def test_choices_are_those_of_a_training() -> None:
    for name, values in CHOICES.items():
        assert values == TrainConfig.__dataclass_fields__[name].metadata["choices"]
        with pytest.raises(ValueError) as error:
            UNet(**{name: "layer"})
        assert str(error.value) == f"{name}='layer' is unknown: {', '.join(values[:-1])} or {values[-1]}"


class First(nn.Module):
    """The default network as it was before it had choices, written out."""

    def __init__(self, c_in: int, classes: int, depth: int, width: int) -> None:
        super().__init__()

        def block(a: int, b: int) -> nn.Sequential:
            first, second = nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b)
            return nn.Sequential(first, second, nn.ReLU(), nn.Conv2d(b, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU())

        levels = [width * 2**level for level in range(depth)]
        self.encoder = nn.ModuleList(block(a, b) for a, b in zip([c_in, *levels[:-1]], levels))
        self.bottleneck = block(levels[-1], 2 * levels[-1])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, 2, 2) for c in levels[::-1])
        self.decoder = nn.ModuleList(block(2 * c, c) for c in levels[::-1])
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for level in self.encoder:
            skips.append(level(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.bottleneck(x)
        for up, level in zip(self.up, self.decoder):
            x = level(torch.cat([skips.pop(), up(x)], 1))
        return self.head(x)


@pytest.mark.parametrize(("c_in", "classes", "depth", "width"), [(1, 2, 3, 16), (3, 5, 2, 8)])
def test_the_default_network_is_bit_by_bit_what_it_was(c_in: int, classes: int, depth: int, width: int) -> None:
    torch.manual_seed(7)
    first = First(c_in, classes, depth, width)
    torch.manual_seed(7)
    net = UNet(c_in, classes, depth, width)
    ours, theirs = net.state_dict(), first.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    x = torch.randn(2, c_in, 48, 32)
    assert torch.equal(net(x), first(x))
    assert torch.equal(net.eval()(x), first.eval()(x))
    if (depth, width) == (3, 16):
        assert sum(p.numel() for p in net.parameters()) == 482_466


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("choice", GRID, ids=named)
def test_every_choice_has_its_size_and_gradients_everywhere(choice: Choice, depth: int) -> None:
    torch.manual_seed(1)
    depth = deep(choice, depth)
    net = build(Architecture(3, 4, depth, 4, **choice))
    high, wide = at_least(40, net), at_least(42, net) + 2**depth
    x = torch.randn(2, 3, high, wide)
    logits = net(x)
    assert logits.shape == (2, 4, output_size(high, net), output_size(wide, net))
    F.cross_entropy(logits, torch.randint(4, logits.shape[::2] + logits.shape[3:])).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.dim() == 1 or parameter.grad.count_nonzero(), name
    shape = {"in_channels": 3, "classes": 4, "depth": depth, "width": 4}
    assert net.options == asdict(Architecture(**shape, **choice))
    again = build(Architecture(**net.options))
    assert {name: p.shape for name, p in again.named_parameters()} == {name: p.shape for name, p in net.named_parameters()}
    with pytest.raises(ValueError, match=f"^size={high + 1} does not"):
        net(torch.zeros(1, 3, high + 1, wide))


@pytest.mark.parametrize("choice", GRID, ids=named)
def test_every_choice_runs_in_half_precision_and_channels_last(choice: Choice) -> None:
    net = build(Architecture(1, 2, deep(choice, 2), 8, **choice))
    x = torch.randn(2, 1, *[at_least(44, net)] * 2)
    net.eval()
    plain = net(x)
    last = net.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(last, plain, atol=1e-5, rtol=1e-4)
    net.train()
    with torch.autocast("cpu", torch.bfloat16):
        half = net(x.to(memory_format=torch.channels_last))
    assert half.dtype == torch.bfloat16
    half.float().square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_the_faster_operators_of_half_precision_come_to_torchs_own_numbers() -> None:
    torch.manual_seed(0)
    up = UpConvolution(16).to(memory_format=torch.channels_last)
    shapes = ((2, 32, 6, 8), (2, 16, 12, 16))
    below, beside = (torch.randn(shape).to(memory_format=torch.channels_last).requires_grad_() for shape in shapes)
    wanted, found = [], []
    with torch.autocast("cpu", torch.bfloat16):
        assert mixed_on_cpu(below)
        for kept, raised, join in (
            (wanted, F.conv_transpose2d(below, up.weight, up.bias, 2), lambda a, b: torch.cat([a, b], 1)),
            (found, up(below), Joined.apply),
        ):
            joined = join(beside.bfloat16(), raised)
            gradient = torch.randn(joined.shape, generator=torch.Generator().manual_seed(1)).to(joined)
            kept += [joined, *torch.autograd.grad(joined, [below, beside, up.weight, up.bias], gradient)]
    assert found[0].is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found[0], wanted[0], atol=0, rtol=0)
    for ours, torchs in zip(found[1:], wanted[1:], strict=True):  # sums in another order, rounded to bfloat16: 1 in 256
        torch.testing.assert_close(ours, torchs, atol=2e-2, rtol=2**-7)
    assert not mixed_on_cpu(below)


def test_group_normalisation_has_eight_channels_a_group_where_that_divides() -> None:
    counts = {c: UNet(width=c, depth=1, norm="group").encoder[0][1].num_groups for c in (4, 8, 12, 24, 64)}
    assert counts == {4: 1, 8: 1, 12: 1, 24: 3, 64: 8}


def test_a_bias_where_no_normalisation_takes_it_away() -> None:
    assert [UNet(norm=norm).encoder[0][0].bias is None for norm in CHOICES["norm"]] == [True, True, False]


def test_unpooling_by_hand() -> None:
    """Torch's own max_unpool2d, and without a border that has gone, the middle of it."""
    torch.manual_seed(0)
    pooled, indices = F.max_pool2d(torch.randn(2, 3, 20, 28), 2, return_indices=True)
    up = Unpool(3)
    with torch.no_grad():
        up.weight.copy_(torch.cat([torch.eye(3), torch.zeros(3, 3)], 1)[..., None, None])
        up.bias.zero_()
    twice = torch.cat([pooled, pooled], 1)
    whole = F.max_unpool2d(pooled, indices, 2)
    assert torch.equal(up(twice, indices, 0), whole)
    assert torch.equal(up(twice[..., 2:-2, 2:-2], indices, 2), whole[..., 4:-4, 4:-4])
    one = torch.tensor([[[[3.0, 1.0], [2.0, 9.0]]]])
    assert F.max_unpool2d(*F.max_pool2d(one, 2, return_indices=True), 2).tolist() == [[[[0, 0], [0, 9]]]]


def test_skips_of_the_valid_network_are_the_middle() -> None:
    """With convolutions that only copy the centre, a valid network with added skips sums the same pixel on every level."""
    net = UNet(1, 2, 2, 1, norm="none", skip="add", upsampling="nearest", padding="valid")
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
            if parameter.dim() == 4:
                parameter[0, 0, parameter.shape[2] // 2, parameter.shape[3] // 2] = 1
    step = (torch.arange(44.0) + 2) // 4  # constant where the deepest level has one pixel: the first starts after 2 + 2 * 2
    image = step[:, None] * 100 + step
    logits = net(image[None, None])[0, 0]
    assert border(net) == 20
    assert torch.equal(logits, 3 * image[20:-20, 20:-20])


@pytest.mark.parametrize("upsampling", CHOICES["upsampling"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_the_margin_holds_all_that_a_mask_depends_on(depth: int, upsampling: str) -> None:
    """NaN beyond the margin does not reach the middle: it passes through every layer, so it finds each pixel that counts."""
    net = UNet(1, 2, depth, 1, norm="none", upsampling=upsampling)
    around, side, ring = margin(net), 2 ** (depth + 1), 4 * 2**depth
    image = F.pad(torch.ones(1, 1, side + 2 * around, side + 2 * around), [ring] * 4, value=torch.nan)
    with torch.no_grad():
        found = net(image)[0, 0]
    assert found[ring + around : -ring - around, ring + around : -ring - around].isfinite().all()
    assert found.isnan().any()


TILED = [choice for choice in GRID if choice.get("norm") != "group"]


@pytest.mark.parametrize("choice", TILED, ids=named)
def test_tiles_equal_one_pass(choice: Choice) -> None:
    net = settled(depth=deep(choice, 2), width=4, classes=3, **choice)
    image = standardised(cells(3, 160).image)[:150, :131]
    whole, pieces = tiled(net, image, tile=1024), tiled(net, image, tile=64)
    np.testing.assert_allclose(pieces, whole, atol=1e-5)
    if choice["padding"] == "valid" and net.kind == "unet" and net.kernel_size == 3:  # without padding the mirrored image alone decides
        b = border(net) + 4
        grown = np.pad(image, [(b, b + 2), (b, b + 1)], mode="symmetric")
        with torch.no_grad():
            direct = torch.softmax(net(torch.from_numpy(grown)[None, None]), 1)[0, :, 4:154, 4:135].numpy()
        np.testing.assert_allclose(whole, direct, atol=1e-5)


@pytest.mark.parametrize("choice", GRID, ids=named)
def test_a_prediction_has_the_size_of_its_image(choice: Choice) -> None:
    net = build(Architecture(3, 4, deep(choice, 2), 4, **choice))
    image = landcover(3, 64).image[:37, :51]
    for shrink in (1, 2):
        prediction = segment(net, image, shrink)
        assert prediction.mask.shape == image.shape[:2]
        np.testing.assert_allclose(prediction.chances.sum(0), 1, atol=1e-5)


def config_of(net: Network) -> TrainConfig:
    chosen = {name: value for name, value in net.options.items() if name not in ("in_channels", "classes")}
    return TrainConfig(**chosen, size=at_least(96, net))


def save(path: Path, net: Network, classes: tuple[str, ...] = ()) -> Path:
    tensors = {f"model.{name}": tensor.clone() for name, tensor in net.state_dict().items()}
    write_checkpoint(path, Checkpoint(tensors | {"optimiser.0.step": torch.tensor(1.0)}, 3, 0.5), config_of(net), classes)
    return path


def pictured(kind: str) -> bytes:
    """An image file: grey, grey of 16 bits, coloured, or partly transparent."""
    if kind in ("grey", "deep"):
        values = cells(5, 96).image[:70, :93]
        picture = Image.fromarray((values * 255).astype(np.uint8) if kind == "grey" else (values * 40_000).astype(np.uint16))
    else:
        picture = Image.fromarray((landcover(5, 96).image[:70, :93] * 255).astype(np.uint8))
    if kind == "transparent":
        picture.putalpha(Image.fromarray(np.tile(np.arange(93, dtype=np.uint8) * 2, (70, 1))))
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("grey", {}),
        ("deep", {"norm": "none", "skip": "add", "upsampling": "nearest"}),
        ("colour", {"in_channels": 3, "classes": 5, "skip": "none", "upsampling": "unpool", "padding": "valid"}),
        ("transparent", {"in_channels": 3, "classes": 3, "norm": "group", "upsampling": "bilinear"}),
        ("grey", {"kind": "segnet", "kernel_size": 5}),
        ("colour", {"in_channels": 3, "classes": 3, "kind": "fcn8s", "depth": 3, "padding": "valid"}),
    ],
)
def test_the_script_alone_gives_the_mask_that_seglab_gives(kind: str, options: dict[str, Any], tmp_path: Path) -> None:
    net = settled(**{"depth": 2, "width": 8, **options})
    with torch.no_grad():  # so that no class has it all
        net.head.bias.sub_(torch.from_numpy(np.log(tiled(net, standardised(decode(pictured(kind), net.channels == 3))).mean((1, 2)))))
    classes = ("it's", 'a "b"', "ü", "d", "e")[: net.classes]
    save(tmp_path / "w.safetensors", net)
    (tmp_path / "model.py").write_text(standalone(net.options, classes), encoding="utf-8")
    (tmp_path / "image.png").write_bytes(pictured(kind))
    alone = "import runpy, sys; sys.modules['seglab'] = None; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"
    given = [sys.executable, "-I", "-X", "utf8", "-c", alone, "model.py", "w.safetensors", "image.png", "mask.png"]
    done = subprocess.run(given, cwd=tmp_path, capture_output=True, encoding="utf-8", env={"PYTHONPATH": ""}, check=False)
    assert done.returncode == 0, done.stderr
    found = np.asarray(Image.open(tmp_path / "mask.png"))
    mask = segment(net, decode(pictured(kind), net.channels == 3), 1).mask
    assert len(np.unique(mask)) == net.classes, "a mask of one class would show nothing"
    np.testing.assert_array_equal(found, mask * 255 if net.classes == 2 else mask)
    assert [line.split(maxsplit=1)[1] for line in done.stdout.splitlines()] == list(classes)


def test_a_script_is_made_without_torch_and_refuses_names_that_are_too_few() -> None:
    code = "import sys, seglab.nets.script, seglab.nets.fitting, seglab.train.header; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(ValueError) as error:
        standalone(UNet(classes=3).options, ["a", "b"])
    assert str(error.value) == "2 names for 3 classes: one each is needed"


@pytest.mark.parametrize(
    "options",
    [
        {"depth": 3},
        {"depth": 3, "in_channels": 3, "classes": 4, "norm": "none", "skip": "none", "upsampling": "nearest", "padding": "valid"},
        {"depth": 2, "norm": "group", "skip": "add", "upsampling": "bilinear", "padding": "valid"},
        {"depth": 2, "skip": "none", "upsampling": "unpool"},
        {"depth": 2, "upsampling": "unpool", "padding": "valid"},
        {"depth": 2, "kind": "segnet", "kernel_size": 5, "padding": "valid"},
        {"depth": 2, "kind": "fcn16s"},
    ],
)
def test_onnx_answers_as_torch_does_at_other_sizes_too(options: dict[str, Any]) -> None:
    import onnxruntime

    net = settled(**{"width": 8, **options}).train()
    size = at_least(1 if options["depth"] == 3 else 60, net)
    runner = onnxruntime.InferenceSession(to_onnx(net, size))
    assert net.training, "the network is left as it was"
    net.eval()
    assert [given.name for given in runner.get_inputs() + runner.get_outputs()] == ["image", "logits"]
    step = 2**net.depth
    for count, high, wide in ((1, size + step, size + step), (2, size + 3 * step, size + step), (3, size + 5 * step, size + 12 * step)):
        x = torch.randn(count, net.channels, high, wide)
        with torch.no_grad():
            expected = net(x).numpy()
        np.testing.assert_allclose(runner.run(None, {"image": x.numpy()})[0], expected, atol=1e-4)


def test_onnx_says_what_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="size=50 does not halve 3 times"):
        to_onnx(UNet(), 50)

    def broken(*_: Any, **__: Any) -> None:
        raise torch.onnx.errors.OnnxExporterError("no such operator\nand much more")

    monkeypatch.setattr(torch.onnx, "export", broken)
    with pytest.raises(ValueError, match=r"^torch \S+ cannot write upsampling='unpool' as ONNX: no such operator$"):
        to_onnx(UNet(upsampling="unpool"), 48)
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ValueError, match=r'pip install "seglab\[onnx\]"'):
        to_onnx(UNet(), 48)


@pytest.mark.parametrize("choice", GRID, ids=named)
def test_every_choice_is_read_back(choice: Choice, tmp_path: Path) -> None:
    net = settled(in_channels=3, classes=4, depth=deep(choice, 2), width=4, **choice)
    model, config = load_model(save(tmp_path / "w.safetensors", net))
    assert model.options == net.options
    assert network(config, 3, 4).options == net.options
    x = torch.randn(1, 3, *[at_least(40, net)] * 2)
    assert torch.equal(model(x), net(x))
    assert all(p.requires_grad and not p.is_meta for p in model.parameters())


def test_names_of_classes_are_kept(tmp_path: Path) -> None:
    names = ("background", "Zelle, groß")
    path = save(tmp_path / "w.safetensors", UNet(depth=1, width=4), names)
    assert read_classes(path) == names
    load_model(path)
    assert read_classes(save(path, UNet(depth=1, width=4))) == ()
    with pytest.raises(ValueError, match="names 3 classes: its network has 2"):
        load_model(save(path, UNet(depth=1, width=4), ("a", "b", "c")))
    with pytest.raises(ValueError, match="is not there"):
        read_classes(tmp_path / "nothing")


def rewritten(path: Path, told: dict[str, str | None] | None = None, tensors: dict[str, Tensor | None] | None = None) -> Path:
    """The file with some of its metadata and tensors changed, or left out where None."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        before = file.metadata()
    kept = {name: value for name, value in {**before, **(told or {})}.items() if value is not None}
    held = {name: value for name, value in {**load_file(path), **(tensors or {})}.items() if value is not None}
    save_file({name: value.clone() for name, value in held.items()}, path, metadata=kept)
    return path


def refusal(path: Path) -> str:
    """What both ways of reading say, one sentence; without the file's own name."""
    said = set()
    for read in (load_model, read_checkpoint):
        with pytest.raises(ValueError) as error:
            read(path)
        said.add(str(error.value).replace(str(path), "FILE"))
    assert len(said) == 1
    return said.pop()


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        ({"model.head.bias": None}, "FILE: head.bias is missing: the configuration in the file asks for it"),
        ({"model.head.weight": None}, "FILE: head.weight is missing"),
        ({"model.encoder.0.0.weight": torch.zeros(4)}, "FILE: encoder.0.0.weight has shape (4,): four sizes are needed"),
        ({"model.encoder.0.0.weight": torch.zeros(4, 2, 3, 3)}, "FILE is for images of 2 channels: 1 (grey) or 3 (colour) are possible"),
        ({"model.head.weight": torch.zeros(33, 4, 1, 1)}, "FILE is for 33 classes: 2 to 32 are possible"),
        ({"model.head.weight": torch.zeros(1, 4, 1, 1)}, "FILE is for 1 classes: 2 to 32 are possible"),
        (
            {"model.encoder.0.0.weight": torch.zeros(16, 3, 3, 3)},
            "FILE: encoder.0.0.weight has shape (16, 3, 3, 3): the configuration in the file asks for (4, 3, 3, 3)",
        ),
        (
            {"model.bottleneck.0.weight": None, "model.up.0.bias": torch.zeros(5), "model.more": torch.zeros(2)},
            "FILE: bottleneck.0.weight is missing: the configuration in the file asks for it (2 more do not fit)",
        ),
        ({"model.more": torch.zeros(2)}, "FILE: more of shape (2,) is unknown to the network of the configuration in the file"),
        ({"other": torch.zeros(2)}, "FILE: other of shape (2,) is unknown to the network of the configuration in the file"),
        (
            {"optimiser.99.exp_avg": torch.zeros(2)},
            "FILE: optimiser.99.exp_avg of shape (2,) is unknown to the network of the configuration in the file",
        ),
        (
            {"optimiser.0.exp_avg": torch.zeros(2)},
            "FILE: optimiser.0.exp_avg of shape (2,) is unknown to the network of the configuration in the file",
        ),
        ({"model.head.bias": torch.zeros(2, dtype=torch.float16)}, "FILE: head.bias is of the kind F16: F32 is needed"),
        (
            {"model.head.bias": torch.tensor([0, torch.nan])},
            "FILE: head.bias holds values that are not finite: such weights predict nothing",
        ),
    ],
)
def test_weights_that_do_not_fit_are_named(tensors: dict[str, Tensor | None], sentence: str, tmp_path: Path) -> None:
    path = save(tmp_path / "w.safetensors", UNet(depth=1, width=4))
    assert refusal(rewritten(path, tensors=tensors)) == sentence


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (None, "FILE holds no seglab configuration: it was written by another program"),
        ("{", "FILE holds a configuration that is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[" * 100_000, "FILE holds a configuration that is no JSON: it is nested too deeply"),
        ("[3]", "FILE holds a configuration that is no JSON object"),
        ('{"deep": 3}', "FILE holds a configuration that is not possible: deep is no setting of this version of seglab"),
        ('{"depth": 9}', "FILE holds a configuration that is not possible: depth=9 is out of range: 1 to 5"),
        ('{"depth": 3.0}', "FILE holds a configuration that is not possible: depth=3.0 is not a whole number"),
        ('{"depth": [3]}', "FILE holds a configuration that is not possible: depth=[3] is not a number: 1 to 5"),
        ('{"data": ["cells"]}', "FILE holds a configuration that is not possible: data=['cells'] is no str"),
        ('{"norm": {}}', "FILE holds a configuration that is not possible: norm={} is unknown: batch, group or none"),
        ('{"depth": 1e999}', "FILE holds a configuration that is not possible: depth=inf is not a whole number"),
        ('{"depth": NaN}', "FILE holds a configuration that is no JSON: NaN is no number"),
    ],
    ids=range(12),
)
def test_configurations_that_are_not_possible_are_said(config: str | None, sentence: str, tmp_path: Path) -> None:
    path = save(tmp_path / "w.safetensors", UNet(depth=1, width=4))
    assert refusal(rewritten(path, {"config": config})) == sentence


@pytest.mark.parametrize("classes", ['"ab"', '["a"]', '["a", 3]', "{}", "[" * 100_000, json.dumps(["a"] * 33)], ids=range(6))
def test_names_that_are_no_list_of_names_are_said(classes: str, tmp_path: Path) -> None:
    path = rewritten(save(tmp_path / "w.safetensors", UNet(depth=1, width=4)), {"classes": classes})
    assert "holds a list of classes that is no" in refusal(path)
    with pytest.raises(ValueError, match="holds a list of classes that is no"):
        read_classes(path)


@pytest.mark.parametrize("told", [{"step": "x"}, {"step": None}, {"step": "-1"}, {"seconds": "inf"}, {"seconds": "nan"}])
def test_progress_that_cannot_be_is_said(told: dict[str, str | None], tmp_path: Path) -> None:
    path = rewritten(save(tmp_path / "w.safetensors", UNet(depth=1, width=4)), told)
    with pytest.raises(ValueError, match=r"does not say after how many steps|which cannot be"):
        read_checkpoint(path)


def test_pickles_and_pieces_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    for zipped in (True, False):
        torch.save(UNet(depth=1, width=4).state_dict(), path, _use_new_zipfile_serialization=zipped)
        assert refusal(path) == "FILE is a pickle (.pt): only safetensors are read, since a pickle can run code of its own"
    whole = save(path, UNet(depth=1, width=4)).read_bytes()
    for piece in (whole[:-1], whole[:100], whole[:5], b""):
        path.write_bytes(piece)
        assert refusal(path).startswith("FILE is damaged: ")
    path.unlink()
    path.mkdir()
    assert refusal(path).startswith("FILE is damaged: ")


def test_a_small_file_that_asks_for_a_large_network_takes_no_memory(tmp_path: Path) -> None:
    path = save(tmp_path / "w.safetensors", UNet(depth=1, width=4))
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom seglab.train.weights import load_model\n"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nbefore = used()\n"
        "try:\n    load_model(Path(sys.argv[1]))\nexcept ValueError as error:\n    print(error)\nprint((used() - before) / 1024)"
    )
    rewritten(path, {"config": json.dumps({"depth": 5, "width": 64})})
    said, mebibytes = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True).stdout.splitlines()
    assert "encoder.0.0.weight has shape (4, 1, 3, 3): the configuration in the file asks for (64, 1, 3, 3)" in said
    assert float(mebibytes) < 200, "the network itself has 500 MiB"


def corrupted(whole: bytes, rng: np.random.Generator) -> bytes:
    """The file with bytes flipped, cut off, or with a number, a word or a setting of its header changed."""
    data, header = bytearray(whole), int.from_bytes(whole[:8], "little")
    kind = rng.integers(5)
    if kind == 0:
        return whole[: rng.integers(len(whole))]
    if kind in (1, 2):
        for _ in range(rng.integers(1, 5)):
            data[rng.integers(len(whole) if kind == 1 else header + 8)] ^= 1 << rng.integers(8)
        return bytes(data)
    text = whole[8 : 8 + header].decode()
    if kind == 3:
        places = [match.span() for match in re.finditer(r"\d+|[A-Za-z_.]+", text)]
    else:
        places = [match.span() for match in re.finditer(r'(?<=\\": )[^,}]+(?=, |})', text)]
    begin, end = places[rng.integers(len(places))]
    words = [
        "",
        "0",
        "-1",
        "7",
        "1e400",
        "99999999999999999999",
        "NaN",
        "null",
        "true",
        "[]",
        "{}",
        "2.5",
        "F16",
        "I64",
        "ÿ",
        '\\"valid\\"',
        '\\"add\\"',
    ]
    text = (text[:begin] + str(rng.choice(words)) + text[end:]).encode()
    return len(text).to_bytes(8, "little") + text + whole[8 + header :]


def test_no_file_whatsoever_raises_anything_but_a_sentence(tmp_path: Path) -> None:
    config = TrainConfig(steps=1, width=4, depth=1, images=2, batch=2, size=32, device="cpu", threads=1)
    saved = next(event for event in fit(config) if event.kind == "checkpoint").data["checkpoint"]
    path = tmp_path / "w.safetensors"
    write_checkpoint(path, saved, config, ("background", "cell"))
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(300):
        path.write_bytes(corrupted(whole, rng))
        for read in (load_model, read_checkpoint, read_classes):
            try:
                read(path)
                outcomes["read"] += 1
            except ValueError as error:
                outcomes["refused"] += 1
                assert str(error).startswith(str(path))
                assert "\n" not in str(error)
    assert min(outcomes.values()) > 100, outcomes
