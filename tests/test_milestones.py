"""The milestones: published counts, every shape and number against torch modules of the same layers, other sizes, and what the page says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ready
from test_pages import findings, sideways
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from seglab.lessons.gradient_flow import IMAGE, WEIGHTS, units
from seglab.lessons.labs.milestones import MILESTONES as LAB
from seglab.lessons.labs.milestones import ask_gradient
from seglab.nets import milestones as m
from seglab.nets.spoken import arithmetic
from seglab.nets.walk import at_size, convolutional, grouped, leaves, read_size, walk
from seglab.ui.milestones_block import opened
from seglab.ui.milestones_table import layer_table, lines, shares
from seglab.ui.milestones_whole import whole

Visit = Callable[..., Any]
PUBLISHED = {
    "AlexNet": 60_965_224,
    "VGG-16": 138_357_544,
    "GoogLeNet": 6_998_552,
    "ResNet-18": 11_689_512,
    "ResNet-34": 21_797_672,
    "ResNet-50": 25_557_032,
    "ResNet-101": 44_549_160,
    "ResNet-152": 60_192_808,
}


class Joined(nn.Module):
    def __init__(self, step: m.Branches, shape: m.Shape) -> None:
        super().__init__()
        self.branches, self.how = nn.ModuleList(module(branch, shape) for branch in step.branches), step.how

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ends = [branch(x) for branch in self.branches]
        return torch.cat(ends, 1) if self.how == "concat" else sum(ends)


class Zeros(nn.Module):
    def __init__(self, step: m.Zeros) -> None:
        super().__init__()
        self.step = step

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = x[:, :, :: self.step.stride, :: self.step.stride]
        return torch.cat([kept, kept.new_zeros(len(x), self.step.channels - x.shape[1], *kept.shape[2:])], 1)


def module(steps: Sequence[m.Step], shape: m.Shape) -> nn.Sequential:
    """The layers as torch has them, without activations."""
    made: list[nn.Module] = []
    for step in steps:
        c, height, width = shape
        if isinstance(step, m.Conv):
            options = {"stride": step.stride, "padding": step.padding, "dilation": step.dilation, "groups": step.groups}
            conv = nn.Conv2d(c, step.channels, step.kernel_size, **options, bias=not step.normalised)
            made += [conv, nn.BatchNorm2d(step.channels)] if step.normalised else [conv]
        elif isinstance(step, m.Linear):
            made += [nn.Flatten(), nn.Linear(c * height * width, step.units), nn.Unflatten(1, (step.units, 1, 1))]
        elif isinstance(step, m.Zeros):
            made.append(Zeros(step))
        elif isinstance(step, m.Branches):
            made.append(Joined(step, shape))
        elif step.how == "max":
            made += [nn.ConstantPad2d((0, step.after) * 2, -torch.inf)] if step.after else []
            made.append(nn.MaxPool2d(step.kernel_size, step.stride, step.padding, step.dilation, ceil_mode=step.ceil_mode))
        else:
            made.append(nn.AdaptiveAvgPool2d(1) if step.how == "global" else nn.AvgPool2d(step.kernel_size, step.stride))
        shape = m.table([step], shape)[-1].shape
    return nn.Sequential(*made)


def judged(steps: Sequence[m.Step], shape: m.Shape, parameters: int, out: m.Shape) -> None:
    """Parameters, output shape and multiply-adds of a table are those that torch counts on the meta device."""
    rows = m.table(steps, shape)
    with torch.device("meta"):
        net = module(steps, shape)
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in net.parameters()) == parameters
    with FlopCounterMode(display=False) as counted:
        found = net(torch.empty(2, *shape, device="meta"))
    assert found.shape == (2, *rows[-1].shape) == (2, *out)
    assert counted.get_total_flops() == 2 * 2 * sum(row.macs for row in rows)


@pytest.mark.parametrize("name", m.MILESTONES)
def test_a_table_is_what_torch_counts(name: str) -> None:
    make, shape = m.MILESTONES[name]
    judged(make(), shape, PUBLISHED[name], (1000, 1, 1))


def test_heads_beside_googlenet() -> None:
    assert sum(row.parameters for row in m.table(m.googlenet(heads=True), (3, 224, 224))) == 13_378_280


@pytest.mark.parametrize(("stride", "side"), [(16, 14), (8, 28)])
def test_dilation_in_place_of_pooling_against_torch(stride: int, side: int) -> None:
    judged(m.vgg16(stride), (3, 224, 224), PUBLISHED["VGG-16"], (1000, side, side))
    rows = {row.name: row for row in m.table(m.vgg16(stride), (3, 224, 224))}
    assert (rows["pool5"].shape, rows["pool5"].field) == ((512, side, side), (212, stride, 90))
    assert rows["fc8"].field == (404, stride, 186)  # 212 and six cells of 32 more, as of the fully connected layers
    with pytest.raises(ValueError, match=r"^stride=4 is none of VGG-16 here: 32, 16, 8$"):
        m.vgg16(4)


def test_the_dilated_network_holds_the_coarse_one_to_the_digit() -> None:
    def thin(stride: int) -> list[m.Step]:
        return [step._replace(channels=4) if isinstance(step, m.Conv) else step for step in m.vgg16(stride)][:18]

    torch.manual_seed(0)
    image, coarse = torch.randn(1, 3, 96, 96, dtype=torch.float64), module(thin(32), (3, 96, 96)).double()
    for stride in (16, 8):
        fine = module(thin(stride), (3, 96, 96)).double()
        for old, new in zip(coarse.parameters(), fine.parameters(), strict=True):
            new.data.copy_(old.data)
        every = 32 // stride
        found = fine(image)
        assert found.shape[-1] == 96 // stride
        assert torch.allclose(found[..., ::every, ::every], coarse(image), atol=1e-12, rtol=0)


@pytest.mark.parametrize(("depth", "option", "count"), [(34, "A", 21_623_848), (34, "C", 22_716_840), (50, "C", 40_128_552)])
def test_the_papers_three_shortcuts_against_torch(depth: int, option: m.Shortcuts, count: int) -> None:
    judged(m.resnet(depth, option), (3, 224, 224), count, (1000, 1, 1))


def test_blocks_are_grouped_only_where_they_are_alike_in_all_they_take() -> None:
    groups = [len(group) for group in grouped(walk(m.resnet(50, "C"), (3, 224, 224))[0])]
    assert groups == [1, 1, 1, 2, 1, 3, 1, 5, 1, 2, 1, 1], "conv2_1 has a projection like conv2_2's, of other channels"


def test_networks_that_the_papers_do_not_have() -> None:
    with pytest.raises(ValueError, match=r"^depth=20 is no ResNet of the paper: 18, 34, 50, 101, 152$"):
        m.resnet(20)
    with pytest.raises(ValueError, match=r"^shortcuts='D' is no option of the paper: A, B, C$"):
        m.resnet(18, "D")  # type: ignore[arg-type]


def test_shapes_and_fields_on_the_way() -> None:
    vgg = {row.name: row for row in m.table(m.vgg16(), (3, 224, 224))}
    assert (vgg["pool5"].shape, vgg["pool5"].field) == ((512, 7, 7), (212, 32, 90))
    assert (vgg["fc6"].parameters, vgg["fc6"].field) == (102_764_544, None)
    alex = [row.shape[1] for row in m.table(m.alexnet(), (3, 227, 227))][:8]
    assert alex == [55, 27, 27, 13, 13, 13, 13, 6]
    google = {row.name: row.shape for row in m.table(m.googlenet(heads=True), (3, 224, 224))}
    assert (google["inception 3a"], google["inception 4e"], google["inception 5b"]) == ((256, 28, 28), (832, 14, 14), (1024, 7, 7))
    assert google["head 4a conv"] == (128, 4, 4)
    for depth in m.RESNETS:
        res = {row.name: row.shape for row in m.table(m.resnet(depth), (3, 224, 224))}
        assert (res["conv2_1"], res["conv5_1"]) == (((256, 56, 56), (2048, 7, 7)) if depth > 34 else ((64, 56, 56), (512, 7, 7)))


def test_branches_that_do_not_fit_together_are_named() -> None:
    odd = m.Branches("block", ((m.Conv("a", 8, 3, 1, 1),), ()), "add")
    with pytest.raises(ValueError) as error:
        m.table([odd], (4, 6, 6))
    assert str(error.value) == "block: its branches end in (4, 6, 6) and (8, 6, 6): they have to be alike to be joined"


@pytest.mark.parametrize(
    ("name", "size", "last", "notes"),
    [
        ("VGG-16", 224, (1000, 1, 1), ""),
        ("VGG-16", 300, (1000, 3, 3), "512 × 7 × 7 numbers, but 512 × 9 × 9 arrive"),
        ("VGG-16", 160, (512, 5, 5), "Even as a 7 × 7 convolution it does not fit here"),
        ("VGG-16", 20, (512, 1, 1), "It ends at pool5: its window does not fit on a map of 1 × 1"),
        ("AlexNet", 8, None, "It ends at conv1: its window does not fit on a map of 8 × 8"),
        ("AlexNet", 230, (1000, 1, 1), ""),  # rounded down, 230 pixels come to the same 6 x 6
        ("GoogLeNet", 300, (1000, 1, 1), "the mean over the whole map (9 × 9 here)"),
        ("ResNet-50", 1, (1000, 1, 1), "the mean over the whole map (1 × 1 here)"),
    ],
)
def test_another_size(name: str, size: int, last: m.Shape | None, notes: str) -> None:
    make, own = m.MILESTONES[name]
    sized = at_size(make(), own, (3, size, size))
    assert notes in " ".join(sized.notes)
    assert (not notes) == (not sized.notes)
    assert (sized.parts[-1].after if sized.parts else None) == last


def test_layers_read_as_convolutions_are_what_torch_counts() -> None:
    judged(convolutional(m.vgg16(), (3, 224, 224)), (3, 288, 320), PUBLISHED["VGG-16"], (1000, 3, 4))
    judged(convolutional(m.alexnet(), (3, 227, 227)), (3, 227, 227), PUBLISHED["AlexNet"], (1000, 1, 1))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0x0", "0 is no side of an image here: from 1 to 10,000 pixels"),
        ("1000000000", "1,000,000,000 is no side"),
        ("1e9", "“1e9” is no size of an image"),
        ("banana", "“banana” is no size"),
        ("", "“” is no size"),
        ("-5", "“-5” is no size"),
        ("२२४", "is no size"),
        ("9" * 400, "is no size"),
    ],
)
def test_sizes_that_are_none(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        read_size(text)


@pytest.mark.parametrize("name", m.MILESTONES)
def test_the_sums_that_are_printed_come_out(name: str) -> None:
    """What stands left of each equals sign, worked out, is the row's number."""
    make, shape = m.MILESTONES[name]
    rows = {row.name: row for row in m.table(make(), shape)}
    before = {row.name: shape_ for row, shape_ in _arriving(make(), shape)}
    checked = 0
    for layer in leaves(make()):
        for label, told in arithmetic(layer, before[layer.name], rows[layer.name]):
            left, equals, right = told.partition(" = ") if "dilated" not in told else ("", "", "")
            if not equals or "rounded" in left:
                continue
            worked = eval(left.replace("·", "*").replace("−", "-"))
            assert worked == int(right.split(" ")[0].replace(",", "")), (layer.name, label, told)
            checked += 1
    assert checked >= 20


def _arriving(steps: Sequence[m.Step], shape: m.Shape) -> list[tuple[m.Row, m.Shape]]:
    found = []
    for step in steps:
        if isinstance(step, m.Branches):
            for branch in step.branches:
                found += _arriving(branch, shape)
        else:
            found.append((m.table([step], shape)[-1], shape))
        shape = m.table([step], shape)[-1].shape
    return found


@pytest.mark.parametrize("name", m.MILESTONES)
def test_the_table_adds_up_and_every_part_can_be_drawn_and_opened(name: str) -> None:
    make, shape = m.MILESTONES[name]
    parts = walk(m.googlenet(heads=True) if name == "GoogLeNet" else make(), shape)[0]
    for column in ("parameters", "macs"):
        assert sum(getattr(line.row, column) for line in lines(parts) if not line.within) == sum(getattr(part, column) for part in parts)
    assert f"<td>{13_378_280 if name == 'GoogLeNet' else PUBLISHED[name]:,}</td>" in layer_table(parts)
    drawn = {item.name for item in whole(name, parts, "").items}
    assert drawn == {group[0].step.name for group in grouped(parts)}
    assert len(drawn) <= 21
    assert {mark["item"] for mark in whole(name, parts, "").marks} - {""} == drawn
    for part in parts:
        inside = opened(part)
        assert {mark["item"] for mark in inside.marks} - {""} == {item.name for item in inside.items}
        for mark in inside.marks:
            right = [float(point.split(",")[0]) for point in mark.get("points", "").split()]
            right += [mark["x"] + mark.get("width", 0)] if "x" in mark else []
            assert 0 <= min(right) <= max(right) <= inside.width, (part.step.name, mark)


def test_where_vggs_parameters_are() -> None:
    assert [round(100 * share, 1) for share in shares(walk(m.vgg16(), (3, 224, 224))[0])] == [89.4, 0.8]


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("residual", [False, True])
def test_gradients_through_blocks_are_torchs(weights: str, residual: bool) -> None:
    kernel = torch.tensor(WEIGHTS[weights], dtype=torch.float64)[None, None]
    values = [torch.tensor(IMAGE, dtype=torch.float64)[None, None].requires_grad_()]
    for _ in range(4):
        inside = nn.functional.conv2d(torch.relu(nn.functional.conv2d(values[-1], kernel, padding=1)), kernel, padding=1)
        values.append(inside + values[-1] if residual else inside)
    expected = torch.autograd.grad(values[-1].sum(), values)
    for unit, before, gradient, arriving in zip(units(4, weights, residual), values, expected, expected[1:]):
        assert np.allclose(unit.x, before.detach()[0, 0], atol=1e-12)
        assert np.allclose(unit.back, gradient[0, 0], atol=1e-12)
        assert np.allclose(unit.along, arriving[0, 0] if residual else 0, atol=1e-12)


def test_questions_have_one_right_answer_and_lead_to_a_page_that_shows_it() -> None:
    for question in LAB.questions:
        for turn in range(40):
            asked = question(turn)
            assert asked == question(turn)
            assert asked.choices.count(asked.right) == 1
            assert 2 <= len(asked.choices) == len(set(asked.choices)) <= 5
            net = str(asked.shows["net"])
            steps = m.vgg16(int(asked.shows.get("stride", 32))) if net == "VGG-16" else m.MILESTONES[net][0]()
            size = int(asked.shows.get("size", m.MILESTONES[net][1][1]))
            if "block" not in asked.shows:
                continue
            part = next(part for part in walk(steps, (3, size, size))[0] if part.step.name == asked.shows["block"])
            shown = f"{part.parameters:,} {part.rows[-1].shape[1]}" if question is not LAB.questions[1] else asked.right
            assert asked.right in shown.split(" ") or asked.right == shown, asked
        assert len({question(turn).question for turn in range(40)}) >= 5
    asked = [question(0).right for question in LAB.questions]
    assert asked == ["1,792", "10 times", "28", "1.15"]


def test_the_gradient_question_is_the_units_own() -> None:
    for turn in range(33):
        asked = ask_gradient(turn)
        row, column = map(int, re.findall(r"x\((\d),(\d)\)", asked.question)[0])
        assert float(asked.right) == pytest.approx(float(units(1, asked.shows["weights"], True)[0].back[row, column]), abs=1e-3)


def test_one_click_opens_a_block_and_the_address_keeps_it(visit: Visit) -> None:
    with visit("/milestones?net=GoogLeNet") as page:
        page.locator('.diagram [data-item="inception 4c"]').click()
        page.wait_for_selector("h2:has-text('4c, an Inception module of GoogLeNet')")
        assert "block=inception+4c" in page.url or "block=inception%204c" in page.url
        assert page.locator('.diagram [data-item="4c 5x5"]').count() == 1
        page.locator('.diagram [data-item="4c 5x5"]').hover()
        page.wait_for_selector("text=38,464 parameters")
        page.get_by_role("radio", name="ResNet-152").click()
        page.wait_for_selector('.diagram [data-item="conv4_2"]')
        assert "block" not in page.url
        page.locator('.diagram [data-item="conv4_2"]').focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("h2:has-text('conv4_2, a residual block of ResNet-152')")
        page.go_back()
        page.wait_for_selector("h2:has-text('conv3_1, a residual block of ResNet-152')")


def test_a_question_shows_its_answer_above(visit: Visit) -> None:
    with visit("/milestones?net=AlexNet&look=layers&size=300") as page:
        page.get_by_role("radio", name="28", exact=True).click()
        page.locator('[class*="st-key-milestones-show-3"] button').click()
        page.wait_for_selector("h2:has-text('pool5 of VGG-16')")
        page.wait_for_selector("text=28 × 28 in place of 7 × 7")
        ready(page)
        assert page.get_by_role("textbox", name="Image size").input_value() == "224"


LOOKS = {
    "layers": "table.layers tfoot",
    "gradients": ".diagram [data-item='plain back (0,0)']",
    "networks": ".diagram [data-item='AlexNet']",
    "block": "h2:has-text('conv3_1')",
}


@pytest.mark.parametrize(
    ("width", "scheme", "looks"),
    [
        (390, "light", ("layers", "block")),
        (390, "dark", ("gradients",)),
        (1280, "dark", ("block", "networks")),
        (1920, "light", ("layers",)),
    ],
)
def test_every_part_of_the_page_at_every_width(width: int, scheme: str, looks: Sequence[str], visit: Visit) -> None:
    with visit(f"/milestones?net=ResNet-50&look={looks[0]}", width, scheme) as page:
        for look in looks:
            if look != looks[0]:
                page.get_by_role("radio", name={"block": "Opened up", "networks": "All networks"}[look]).click()
            page.wait_for_selector(LOOKS[look])
            ready(page)
            assert (sideways(page), findings(page)) == ([], [])


@pytest.mark.parametrize("size", ["0x0", "1e9", "8"])
def test_odd_sizes_and_nonsense_are_answered_in_words(size: str, visit: Visit) -> None:
    with visit(f"/milestones?net=AlexNet&size={size}&block=nowhere&look=%00&stride=banana&weights=1&blocks=x") as page:
        page.wait_for_selector('[data-testid="stAlert"]')


def test_no_place_has_all_the_right_answers() -> None:
    for question in LAB.questions:
        asked = [question(turn) for turn in range(30)]
        assert len({one.choices.index(one.right) for one in asked}) > 1, question
        assert all(len(set(one.choices)) == len(one.choices) >= 3 for one in asked)


def test_at_another_size_heads_are_left_out_and_answers_are_counted_by_place() -> None:
    own = (3, 224, 224)
    found = at_size(m.googlenet(True), own, (3, 320, 320))
    assert sum(row.parameters for row in found.rows) == 6_998_552
    assert found.notes[0].startswith("The heads beside it are left out: their fully connected layers are made for 224 × 224 only")
    assert at_size(m.googlenet(True), own, (3, 64, 64)).rows[-1].name == "fc"
    assert "3 × 3 answers of 1,000 scores each" in at_size(m.vgg16(), own, (3, 288, 288)).notes[-1]
