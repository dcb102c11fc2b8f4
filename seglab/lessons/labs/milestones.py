"""The words of the lab Milestones."""

from __future__ import annotations

from seglab.lessons.asking import choices, pick
from seglab.lessons.gradient_flow import units
from seglab.lessons.lab import Lab
from seglab.nets import milestones as nets
from seglab.nets.milestones import Conv
from seglab.nets.walk import leaves
from seglab.stage.lesson import Asked

BROUGHT = {
    "AlexNet": (
        "**What it brought.** A convolutional network that won ImageNet's contest in 2012 by a wide margin, with ReLU, dropout and training"
        " on two GPUs, hence its two groups. For segmentation it was one of the three classifiers that the first fully convolutional"
        " networks were made from ([FCN](https://arxiv.org/abs/1411.4038))."
        " The paper: [NeurIPS 2012](https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks)"
    ),
    "VGG-16": (
        "**What it brought.** Nothing but 3 × 3 convolutions and 2 × 2 poolings, channels doubled as the map is halved. FCN's best results"
        " came from it, [SegNet](https://arxiv.org/abs/1511.00561)'s encoder is its 13 convolutions, and"
        " [DeepLab](https://arxiv.org/abs/1412.7062) dilated it: try the stride above. The paper: [arXiv:1409.1556](https://arxiv.org/abs/1409.1556)"
    ),
    "GoogLeNet": (
        "**What it brought.** Fields of several sizes side by side in one layer, 1 × 1 convolutions that make the large kernels affordable,"
        " and a mean in place of fully connected layers. Parallel branches of different reach came back in segmentation as"
        " [DeepLab's pyramid of dilated convolutions](https://arxiv.org/abs/1606.00915). The paper: [arXiv:1409.4842](https://arxiv.org/abs/1409.4842)"
    ),
    "ResNet": (
        "**What it brought.** Shortcuts that are added, with which a hundred layers and more can be trained. Many segmentation networks,"
        " [PSPNet](https://arxiv.org/abs/1612.01105) and [DeepLabv3](https://arxiv.org/abs/1706.05587) among them, stand on a ResNet with"
        " its last stages dilated. A U-Net's skip is laid beside; a residual one is added. The"
        " paper: [arXiv:1512.03385](https://arxiv.org/abs/1512.03385)"
    ),
}
GRADIENTS = (
    "x is used twice, by F and by the shortcut, so its gradient has two parts, and they add: ∂L/∂x = ∂L/∂y · F′ + ∂L/∂y · 1. F is a"
    " convolution, ReLU and a convolution with one small kernel, the same in both. A plain stack multiplies by F′ at every block, and with"
    " small weights little arrives at the first; along the shortcuts the gradient arrives whole, even where all weights are zero."
)

TEXT = """
## Words that confuse
- **Residual or skip?** A residual block *adds* its input, so both need as many channels. A U-Net's skip *concatenates*: the channels lie
  side by side.
- **Layers** in a name count those with weights on the longest way: ResNet-50 has 49 convolutions on it and one fully connected layer.
  Projected shortcuts do not count.
- **Multiply-adds** are one multiplication and one addition each. Tables that say FLOPs may mean these, or twice as many.
- **Field** here is the theoretical one, the widest over all branches. What a trained network looks at is narrower.

The stride of a bottleneck is in its 3 × 3 convolution here, as in most libraries; the original has it in the 1 × 1 before. Counts include
biases, or two numbers a channel where a layer is normalised.
"""

LAYERS = {
    "VGG-16": ("fc8", "conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv4_2", "conv1_2"),
    "AlexNet": ("conv1", "conv3", "fc8"),
}


def ask_parameters(turn: int) -> Asked:
    """How many parameters a layer has: at first VGG-16's first convolution."""
    name, layer = pick(turn, ("VGG-16", "conv1_1"), [(net, layer) for net, layers in LAYERS.items() for layer in layers])
    make, shape = nets.MILESTONES[name]
    row = next(row for row in nets.table(make(), shape) if row.name == layer)
    step = next(step for step in leaves(make()) if step.name == layer)
    out, weights = row.shape[0], row.parameters - row.shape[0]
    inside = weights // out
    where = (
        f"{step.kernel_size} × {step.kernel_size} kernel, {inside // step.kernel_size**2}"
        if isinstance(step, Conv)
        else f"fully connected, {inside}"
    )
    mistakes = (weights, weights + 1, inside + out) if turn % 3 == 0 else (weights, 2 * row.parameters, inside * row.parameters)
    told = tuple(f"{count:,}" for count in choices(row.parameters, *mistakes[turn % 2 :], 3 * row.parameters))
    return Asked(
        f"{name}, {layer}: {where} channels in, {out} out, with biases. How many parameters?",
        told,
        f"{row.parameters:,}",
        f"Each of the {out} outputs has {inside} weights and a bias: ({inside} + 1) · {out} = {row.parameters:,}.",
        {"net": name, "block": layer},
    )


def ask_dilated(turn: int) -> Asked:
    """The side of VGG-16's last map where its poolings stop going down."""
    size, stride = pick(turn, (224, 8), [(size, stride) for size in (256, 288, 320, 352, 384, 448, 512) for stride in (8, 16)])
    rows = nets.table(nets.vgg16(stride), (3, size, size))
    right = next(row for row in rows if row.name == "pool5").shape[1]
    which = "pool4 and pool5" if stride == 8 else "pool5"
    return Asked(
        f"VGG-16 on {size} × {size} pixels: {which} no longer go{'' if stride == 8 else 'es'} down, and what follows is dilated."
        " How many cells a side does the last map, pool5, have?",
        tuple(str(count) for count in choices(right, size // 32, size // 16, size // 8, size // 4)),
        str(right),
        f"{'Three poolings remain' if stride == 8 else 'Four poolings remain'} that halve: {size} / {stride} = {right}. One cell still sees"
        " 212 pixels a side.",
        {"net": "VGG-16", "stride": stride, "size": size, "block": "pool5"},
    )


def ask_reduced(turn: int) -> Asked:
    """What the 1 x 1 convolution before an Inception module's 5 x 5 saves."""
    name = pick(turn, "3a", [name for name in nets.INCEPTION if name != "3a"])
    rows = {row.name: row for row in nets.table(nets.googlenet(), (3, 224, 224))}
    reduce, five = rows[f"{name} 5x5 reduce"], rows[f"{name} 5x5"]
    c_in = reduce.parameters // reduce.shape[0] - 1
    with_it, alone = reduce.parameters + five.parameters, (25 * c_in + 1) * five.shape[0]
    times = round(alone / with_it)
    mistakes = (times // 3, 4 * times) if turn % 2 else (times // 2, times // 4)
    return Asked(
        f"Inception {name}: its 5 × 5 branch first reduces {c_in} channels to {reduce.shape[0]} by 1 × 1, then makes {five.shape[0]}. That"
        f" is {with_it:,} parameters. About how many times as many without the reduction?",
        tuple(f"{count} times" for count in choices(times, 2 * times, *mistakes)),
        f"{times} times",
        f"(25 · {c_in} + 1) · {five.shape[0]} = {alone:,} parameters: {alone / with_it:.1f} times as many.",
        {"net": "GoogLeNet", "block": f"inception {name}"},
    )


def ask_gradient(turn: int) -> Asked:
    """The gradient of a cell of a residual block's input, from its two parts."""
    weights, row, column = pick(turn, ("edges", 0, 0), [(name, i, j) for name in ("edges", "small") for i in range(4) for j in range(4)])
    unit = units(1, weights, True)[0]
    through, along = round(float(unit.through[row, column]), 3), 1
    right = f"{round(through + along, 3):g}"
    numbers = sorted({through, round(through + along, 3), 1, round(1 - through, 3)})
    told = [f"{number:g}".replace("-", "−") for number in numbers]
    return Asked(
        f"A residual block: at every cell of its output a gradient of 1 arrives. Back through F, x({row},{column}) gets"
        f" {f'{through:g}'.replace('-', '−')}. What is its whole gradient?",
        tuple(dict.fromkeys(told)),
        right,
        f"The shortcut brings the 1 back as it is, and where a value is used twice the gradients add: {right}.",
        {"net": "ResNet-50", "look": "gradients", "blocks": 1, "weights": weights},
    )


MILESTONES = Lab(
    name="milestones",
    title="Milestones",
    sentence="The classifiers that segmentation grew from, layer by layer.",
    icon="timeline",
    minutes=10,
    card=(
        "AlexNet, VGG-16, GoogLeNet and ResNet as tables and pictures: shapes, parameters as published, receptive fields, and "
        "their blocks opened up."
    ),
    text=TEXT,
    questions=(ask_parameters, ask_reduced, ask_dilated, ask_gradient),
)
