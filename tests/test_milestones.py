"""The milestones' tables: published counts, and every shape and number against torch modules of the same layers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from seglab.nets import milestones as m

PUBLISHED = {"AlexNet": 60_965_224, "VGG-16": 138_357_544, "GoogLeNet": 6_998_552, "ResNet-50": 25_557_032}


class Joined(nn.Module):
    def __init__(self, step: m.Branches, shape: m.Shape) -> None:
        super().__init__()
        self.branches, self.how = nn.ModuleList(module(branch, shape) for branch in step.branches), step.how

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ends = [branch(x) for branch in self.branches]
        return torch.cat(ends, 1) if self.how == "concat" else sum(ends)


def module(steps: Sequence[m.Step], shape: m.Shape) -> nn.Sequential:
    """The layers as torch has them, without activations."""
    made: list[nn.Module] = []
    for step in steps:
        c, height, width = shape
        if isinstance(step, m.Conv):
            conv = nn.Conv2d(c, step.channels, step.kernel_size, step.stride, step.padding, groups=step.groups, bias=not step.normalised)
            made += [conv, nn.BatchNorm2d(step.channels)] if step.normalised else [conv]
        elif isinstance(step, m.Linear):
            made += [nn.Flatten(), nn.Linear(c * height * width, step.units), nn.Unflatten(1, (step.units, 1, 1))]
        elif isinstance(step, m.Branches):
            made.append(Joined(step, shape))
        elif step.how == "max":
            made.append(nn.MaxPool2d(step.kernel_size, step.stride, step.padding, ceil_mode=step.ceil_mode))
        else:
            made.append(nn.AdaptiveAvgPool2d(1) if step.how == "global" else nn.AvgPool2d(step.kernel_size, step.stride))
        shape = m.table([step], shape)[-1].shape
    return nn.Sequential(*made)


@pytest.mark.parametrize("name", m.MILESTONES)
def test_a_table_is_what_torch_counts(name: str) -> None:
    make, shape = m.MILESTONES[name]
    rows = m.table(make(), shape)
    with torch.device("meta"):
        net = module(make(), shape)
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in net.parameters()) == PUBLISHED[name]
    with FlopCounterMode(display=False) as counted:
        out = net(torch.empty(2, *shape, device="meta"))
    assert out.shape == (2, *rows[-1].shape) == (2, 1000, 1, 1)
    assert counted.get_total_flops() == 2 * 2 * sum(row.macs for row in rows)


@pytest.mark.parametrize(("depth", "count"), [(18, 11_689_512), (34, 21_797_672), (101, 44_549_160), (152, 60_192_808)])
def test_residual_networks_of_every_depth(depth: int, count: int) -> None:
    rows = m.table(m.resnet(depth), (3, 224, 224))
    assert sum(row.parameters for row in rows) == count
    assert [row.shape for row in rows if row.name in ("conv2_1", "conv5_1")] == [
        ((256 if depth > 34 else 64), 56, 56),
        ((2048 if depth > 34 else 512), 7, 7),
    ]
    with pytest.raises(ValueError, match=r"^depth=20 is no ResNet of the paper: 18, 34, 50, 101, 152$"):
        m.resnet(20)


def test_shapes_and_fields_on_the_way() -> None:
    vgg = {row.name: row for row in m.table(m.vgg16(), (3, 224, 224))}
    assert (vgg["pool5"].shape, vgg["pool5"].field) == ((512, 7, 7), (212, 32, 90))
    assert (vgg["fc6"].parameters, vgg["fc6"].field) == (102_764_544, None)
    alex = [row.shape[1] for row in m.table(m.alexnet(), (3, 227, 227))][:8]
    assert alex == [55, 27, 27, 13, 13, 13, 13, 6]
    google = {row.name: row.shape for row in m.table(m.googlenet(heads=True), (3, 224, 224))}
    assert (google["inception 3a"], google["inception 4e"], google["inception 5b"]) == ((256, 28, 28), (832, 14, 14), (1024, 7, 7))
    assert google["head 4a conv"] == (128, 4, 4)


def test_branches_that_do_not_fit_together_are_named() -> None:
    odd = m.Branches("block", ((m.Conv("a", 8, 3, 1, 1),), ()), "add")
    with pytest.raises(ValueError) as error:
        m.table([odd], (4, 6, 6))
    assert str(error.value) == "block: its branches end in (4, 6, 6) and (8, 6, 6): they have to be alike to be joined"
