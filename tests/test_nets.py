"""Networks with every choice: sizes, gradients, unpooling, tiles, standalone script, ONNX, and weights from files that may be anything."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.data.cells import cells
from seglab.data.landcover import landcover
from seglab.infer.predict import segment, tiled
from seglab.nets.fitting import at_least, border, fitting_size, margin, output_size
from seglab.nets.unet import CHOICES, UNet, Unpool
from seglab.train.batches import standardised
from seglab.train.config import TrainConfig

GRID = [dict(zip(CHOICES, values)) for values in product(*CHOICES.values())]


def named(choice: dict[str, str]) -> str:
    return "-".join(choice.values())


def settled(**options: int | str) -> UNet:
    """A network in evaluation whose statistics are no longer those of the beginning."""
    torch.manual_seed(0)
    net = UNet(**options)
    shape = (2, net.channels, *[at_least(64, net.depth, net.padding)] * 2)
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
    fits = [size for size in range(1, 700) if walked(size, depth, padding)]
    for size in range(1, 600):
        nearest = min(reversed(fits), key=lambda other: abs(other - size))
        assert fitting_size(size, depth, padding) == nearest
        assert at_least(size, depth, padding) == next(other for other in fits if other >= size)
        if size in fits:
            assert output_size(size, depth, padding) == walked(size, depth, padding)
        else:
            near = [str(other) for other in fits if abs(other - size) < 2**depth]
            with pytest.raises(
                ValueError, match=f"^size={size} .*" + (" or ".join(near[-2:]) if len(near) > 1 else f"{fits[0]} is the smallest")
            ):
                output_size(size, depth, padding)


def test_sizes_of_the_paper() -> None:
    assert output_size(572, 4, "valid") == 388
    with pytest.raises(ValueError) as error:
        output_size(96, 3, "valid")
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
def test_every_choice_has_its_size_and_gradients_everywhere(choice: dict[str, str], depth: int) -> None:
    torch.manual_seed(1)
    net = UNet(3, 4, depth, 4, **choice)
    high, wide = at_least(40, depth, choice["padding"]), at_least(42, depth, choice["padding"]) + 2**depth
    x = torch.randn(2, 3, high, wide)
    logits = net(x)
    assert logits.shape == (2, 4, output_size(high, depth, choice["padding"]), output_size(wide, depth, choice["padding"]))
    F.cross_entropy(logits, torch.randint(4, logits.shape[::2] + logits.shape[3:])).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.dim() == 1 or parameter.grad.count_nonzero(), name
    assert net.options == {"in_channels": 3, "classes": 4, "depth": depth, "width": 4, **choice}
    assert {name: p.shape for name, p in UNet(**net.options).named_parameters()} == {name: p.shape for name, p in net.named_parameters()}
    with pytest.raises(ValueError, match=f"^size={high + 1} does not"):
        net(torch.zeros(1, 3, high + 1, wide))


@pytest.mark.parametrize("choice", GRID, ids=named)
def test_every_choice_runs_in_half_precision_and_channels_last(choice: dict[str, str]) -> None:
    net = UNet(1, 2, 2, 8, **choice)
    x = torch.randn(2, 1, *[at_least(44, 2, choice["padding"])] * 2)
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
        for name, parameter in net.named_parameters():
            parameter.zero_()
            if parameter.dim() == 4:
                parameter[0, 0, parameter.shape[2] // 2, parameter.shape[3] // 2] = 1
    step = (torch.arange(44.0) + 2) // 4  # constant where the deepest level has one pixel: the first starts after 2 + 2 * 2
    image = step[:, None] * 100 + step
    logits = net(image[None, None])[0, 0]
    assert border(2, "valid") == 20
    assert torch.equal(logits, 3 * image[20:-20, 20:-20])


@pytest.mark.parametrize("upsampling", CHOICES["upsampling"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_the_margin_holds_all_that_a_mask_depends_on(depth: int, upsampling: str) -> None:
    """NaN beyond the margin does not reach the middle: it passes through every layer, so it finds each pixel that counts."""
    net = UNet(1, 2, depth, 1, norm="none", upsampling=upsampling)
    around, side, ring = margin(depth, "same", upsampling), 2 ** (depth + 1), 4 * 2**depth
    image = F.pad(torch.ones(1, 1, side + 2 * around, side + 2 * around), [ring] * 4, value=torch.nan)
    with torch.no_grad():
        found = net(image)[0, 0]
    assert found[ring + around : -ring - around, ring + around : -ring - around].isfinite().all()
    assert found.isnan().any()


TILED = [choice for choice in GRID if choice["norm"] != "group"]


@pytest.mark.parametrize("choice", TILED, ids=named)
def test_tiles_equal_one_pass(choice: dict[str, str]) -> None:
    net = settled(depth=2, width=4, classes=3, **choice)
    image = standardised(cells(3, 160).image)[:150, :131]
    whole, pieces = tiled(net, image, tile=1024), tiled(net, image, tile=64)
    np.testing.assert_allclose(pieces, whole, atol=1e-5)
    if choice["padding"] == "valid":  # without padding the mirrored image alone decides
        b = border(2, "valid") + 4
        grown = np.pad(image, [(b, b + 2), (b, b + 1)], mode="symmetric")
        with torch.no_grad():
            direct = torch.softmax(net(torch.from_numpy(grown)[None, None]), 1)[0, :, 4:154, 4:135].numpy()
        np.testing.assert_allclose(whole, direct, atol=1e-5)


@pytest.mark.parametrize("choice", GRID, ids=named)
@pytest.mark.parametrize("depth", [1, 3])
def test_a_prediction_has_the_size_of_its_image(choice: dict[str, str], depth: int) -> None:
    net = UNet(3, 4, depth, 4, **choice)
    image = landcover(3, 64).image[:37, :51]
    for shrink in (1, 2):
        prediction = segment(net, image, shrink)
        assert prediction.mask.shape == image.shape[:2]
        np.testing.assert_allclose(prediction.chances.sum(0), 1, atol=1e-5)
