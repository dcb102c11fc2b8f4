"""A network as a PyTorch module to copy: only what this one needs, written out with its numbers, and no seglab.

Its parameters have the names and shapes that ours have, so that weights go from one to the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from seglab.nets.architecture import Architecture
from seglab.nets.choices import FUSED
from seglab.nets.describe import describe
from seglab.nets.fitting import crop

TITLES = {"unet": "U-Net", "segnet": "SegNet", "fcn32s": "FCN-32s", "fcn16s": "FCN-16s", "fcn8s": "FCN-8s"}
CROP = '''

def crop(x, border):
    """A map without `border` pixels on each side."""
    return x[..., border:-border, border:-border] if border else x
'''
BILINEAR = '''

def bilinear(classes, factor):
    """A transposed convolution that begins as bilinear interpolation to `factor` times the size."""
    up = nn.ConvTranspose2d(classes, classes, 2 * factor, factor, factor // 2, bias=False)
    line = 1 - (torch.arange(2 * factor) + 0.5 - factor).abs() / factor
    with torch.no_grad():
        up.weight.zero_()
        for c in range(classes):
            up.weight[c, c] = line[:, None] * line
    return up
'''


def copied(net: Architecture, size: Sequence[int]) -> str:
    """The network as Python code for images of (height, width), with a line that tries it. Raises ValueError as `describe` does.

    >>> from seglab.nets import paper_unet
    >>> print(copied(paper_unet(), (572, 572)).splitlines()[0])
    \"""U-Net, 31,030,658 parameters: (B, 1, 572, 572) to (B, 2, 388, 388).\"""
    """
    blocks = describe(net, size)
    name = {"unet": "UNet", "segnet": "SegNet"}.get(net.kind, "FCN")
    given, made = (net.in_channels, *size), blocks[-1].shape
    title = f"{TITLES[net.kind]}, {sum(block.parameters for block in blocks):,} parameters: {_shape(given)} to {_shape(made)}."
    layers, forward = {"unet": _unet, "segnet": _segnet}.get(net.kind, _fcn)(net)
    helpers = _block(net) + (CROP if any("crop(" in line for line in forward) else "")
    if net.kind in FUSED and net.upsampling == "transposed" and net.start == "bilinear":
        helpers += BILINEAR
    return (
        f'"""{title}"""\n\nimport torch\nfrom torch import nn\nfrom torch.nn import functional as F\n\n\n'
        f"{helpers}\n\nclass {name}(nn.Module):\n"
        f"    def __init__(self):\n        super().__init__()\n{_indented(layers)}\n\n"
        f"    def forward(self, x):  # {_shape(given)}\n{_indented(forward)}\n\n\n"
        f'if __name__ == "__main__":\n    net = {name}().eval()\n    print(sum(p.numel() for p in net.parameters()))\n'
        f"    print(net(torch.zeros(1, {', '.join(map(str, given))})).shape)\n"
    )


def _shape(shape: Sequence[int]) -> str:
    return f"(B, {', '.join(map(str, shape))})"


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"        {line}" if line else "" for line in lines)


def _block(net: Architecture) -> str:
    """Two convolutions as a function."""
    around = f", padding={net.kernel_size // 2}" if net.padding == "same" else ""
    bias = "" if net.norm == "none" else ", bias=False"
    even = all(c % 8 == 0 for c in net.channels)
    groups = "{c} // 8" if even else "{c} // 8 if {c} % 8 == 0 else 1"
    norm = {"batch": "nn.BatchNorm2d({c})", "group": f"nn.GroupNorm({groups}, {{c}})", "none": "nn.Identity()"}[net.norm]
    last = "last" if net.kind == "segnet" else "c_out"

    def conv(a: str, b: str) -> str:
        return (
            f"        nn.Conv2d({a}, {b}, {net.kernel_size}{around}{bias}),\n        {norm.format(c=b)},\n        nn.ReLU(inplace=True),\n"
        )

    k = net.kernel_size
    words = {"batch": ", batch normalisation, ReLU", "group": ", group normalisation, ReLU", "none": ", ReLU"}[net.norm]
    head = "def block(c_in, c_out, last):" if net.kind == "segnet" else "def block(c_in, c_out):"
    return (
        f'{head}\n    """Twice {k}x{k} convolution{words}."""\n    return nn.Sequential(\n'
        f"{conv('c_in', 'c_out')}{conv('c_out', last)}    )\n"
    )


def _listed(name: str, items: Sequence[str]) -> list[str]:
    """An attribute that is a list of modules."""
    return [f"self.{name} = nn.ModuleList([", *(f"    {item}," for item in items), "])"]


def _call(net: Architecture, *channels: int) -> str:
    given = channels if net.kind != "segnet" or len(channels) == 3 else (*channels, channels[-1])
    return f"block({', '.join(map(str, given))})"


def _encoder(net: Architecture) -> list[str]:
    pairs = zip([net.in_channels, *net.channels], net.channels[:-1], strict=False)
    return _listed("encoder", [_call(net, a, b) for a, b in pairs])


def _bottleneck(net: Architecture) -> str:
    return f"self.bottleneck = {_call(net, net.channels[-2] if net.depth else net.in_channels, net.channels[-1])}"


def _unet(net: Architecture) -> tuple[list[str], list[str]]:
    levels = net.channels[-2::-1] if net.depth else []
    ups = {
        "transposed": "nn.ConvTranspose2d({a}, {b}, 2, stride=2)",
        "unpool": "nn.Conv2d({a}, {b}, 1)",
        "nearest": 'nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d({a}, {b}, 1))',
        "bilinear": 'nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d({a}, {b}, 1))',
    }[net.upsampling]
    layers = [
        *_encoder(net),
        _bottleneck(net),
        *_listed("up", [ups.format(a=2 * c, b=c) for c in levels]),
        *_listed("decoder", [_call(net, 2 * c if net.skip == "concat" else c, c) for c in levels]),
        f"self.head = nn.Conv2d({net.width}, {net.classes}, 1)",
    ]
    unpool, skips = net.upsampling == "unpool", net.skip != "none"
    pool = "x, indices = F.max_pool2d(x, 2, return_indices=True)" if unpool else "x = F.max_pool2d(x, 2)"
    down = [*(["kept = []"] if unpool else []), *(["skips = []"] if skips else []), "for level in self.encoder:", "    x = level(x)"]
    down += [*(["    skips.append(x)"] if skips else []), f"    {pool}", *(["    kept.append(indices)"] if unpool else [])]
    crops = [crop(net, deep) for deep in range(1, net.depth + 1)]
    cropped = net.padding == "valid" and (skips or unpool)
    head = f"for up, level, border in zip(self.up, self.decoder, {crops}):" if cropped else "for up, level in zip(self.up, self.decoder):"
    skip = "crop(skips.pop(), border)" if cropped else "skips.pop()"
    joined = {"concat": f"torch.cat([{skip}, x], dim=1)", "add": f"{skip} + x", "none": "x"}[net.skip]
    up = [f"    {line}" for line in _unpool("up(x)", cropped)] if unpool else ["    x = up(x)"]
    return layers, [*down, "x = self.bottleneck(x)", head, *up, f"    x = level({joined})", "return self.head(x)"]


def _unpool(x: str, cropped: bool) -> list[str]:
    """Lines that unpool; where a border has gone since, over a frame of zeros that is cropped away again."""
    if not cropped:
        return [f"x = F.max_unpool2d({x}, kept.pop(), 2)"]
    return [f"x = F.pad({x}, [border // 2] * 4)  # as large as what was pooled", "x = crop(F.max_unpool2d(x, kept.pop(), 2), border)"]


def _segnet(net: Architecture) -> tuple[list[str], list[str]]:
    levels = net.channels[-2::-1]
    decoder = [_call(net, c, c, above) for c, above in zip(levels, [*levels[1:], net.width], strict=True)]
    layers = [*_encoder(net), *_listed("decoder", decoder), f"self.head = nn.Conv2d({net.width}, {net.classes}, 1)"]
    cropped = net.padding == "valid"
    crops = [crop(net, deep) for deep in range(1, net.depth + 1)]
    head = f"for level, border in zip(self.decoder, {crops}):" if cropped else "for level in self.decoder:"
    return layers, [
        "kept = []",
        "for level in self.encoder:",
        "    x, indices = F.max_pool2d(level(x), 2, return_indices=True)",
        "    kept.append(indices)",
        head,
        *(f"    {line}" for line in _unpool("x", cropped)),
        "    x = level(x)",
        "return self.head(x)",
    ]


def _fcn(net: Architecture) -> tuple[list[str], list[str]]:
    fused, classes = FUSED[net.kind], net.classes
    scored = [net.channels[net.depth - deep - 1] for deep in range(1, fused + 1)]
    layers = [*_encoder(net), _bottleneck(net), f"self.head = nn.Conv2d({net.channels[-1]}, {classes}, 1)  # the coarse scores"]
    if fused:
        layers += [*_listed("scores", [f"nn.Conv2d({c}, {classes}, 1)" for c in scored]), "for score in self.scores:"]
        layers += ["    nn.init.zeros_(score.weight)", "    nn.init.zeros_(score.bias)"]
    layers += _listed("up", [_enlarging(net, factor) for factor in [*[2] * fused, 2 ** (net.depth - fused)]])
    down = [*(["pooled = []"] if fused else []), "for level in self.encoder:", "    x = F.max_pool2d(level(x), 2)"]
    down += [*(["    pooled.append(x)"] if fused else []), "x = self.head(self.bottleneck(x))"]
    for number in range(fused):
        finer = f"self.scores[{number}](pooled[{-number - 2}])"
        border = crop(net, number + 1)
        down.append(f"x = {f'crop({finer}, {border})' if border else finer} + self.up[{number}](x)")
    return layers, [*down, f"return self.up[{fused}](x)"]


def _enlarging(net: Architecture, factor: int) -> str:
    if net.upsampling != "transposed":
        return f'nn.Upsample(scale_factor={factor}, mode="{net.upsampling}")'
    if net.start == "bilinear":
        return f"bilinear({net.classes}, {factor})"
    return f"nn.ConvTranspose2d({net.classes}, {net.classes}, {2 * factor}, {factor}, {factor // 2}, bias=False)"
