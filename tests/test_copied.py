"""The module to copy, over the whole grid of choices: it runs by itself, and it is ours in names, shapes, parameters and output."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from grid import Choice, deep, named

from seglab.nets import Architecture, build, describe, paper_unet
from seglab.nets.choices import CHOICES, FUSED, KERNELS, STARTS
from seglab.nets.copied import copied
from seglab.nets.fitting import at_least

EVERY: list[Choice] = [
    *({**dict(zip(CHOICES, values)), "kernel_size": k} for values in product(*CHOICES.values()) for k in KERNELS),
    *({"kind": "segnet", "norm": n, "padding": p, "kernel_size": k} for n, p, k in product(CHOICES["norm"], CHOICES["padding"], KERNELS)),
    *(
        {"kind": kind, "norm": n, "upsampling": u, "padding": p, "kernel_size": k, "start": s}
        for kind, n, u, p, k, s in product(FUSED, CHOICES["norm"], CHOICES["upsampling"][:3], CHOICES["padding"], KERNELS, STARTS)
        if s == "bilinear" or u == "transposed"
    ),
]


def run(code: str) -> dict[str, Any]:
    """The names that the code defines."""
    names: dict[str, Any] = {"__name__": "copied"}
    exec(compile(code, "copied.py", "exec"), names)
    return names


@pytest.mark.parametrize("choice", EVERY, ids=named)
def test_it_is_ours(choice: Choice) -> None:
    net = Architecture(in_channels=3, classes=4, depth=deep(choice, 2), width=4, **choice)
    size = (at_least(40, net), at_least(40, net) + 2**net.depth)
    made = run(copied(net, size))
    torch.manual_seed(0)
    ours = build(net)
    torch.manual_seed(0)
    theirs = made[type(ours).__name__]()
    states = ours.state_dict(), theirs.state_dict()
    assert {name: value.shape for name, value in states[0].items()} == {name: value.shape for name, value in states[1].items()}
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0]), "it begins as ours does"
    with torch.no_grad():
        for parameter in ours.parameters():  # also what begins as zero
            parameter.add_(0.05 * torch.randn(parameter.shape))
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(1, 3, *size)
    with torch.no_grad():
        found, wanted = theirs.eval()(x), ours.eval()(x)
    assert tuple(found.shape[1:]) == describe(net, size)[-1].shape
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-5)


def test_it_runs_alone(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(copied(Architecture(depth=4, width=8, padding="valid"), (572, 572)), encoding="utf-8")
    alone = "import runpy, sys; sys.modules['seglab'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"
    told = subprocess.run([sys.executable, "-c", alone, str(path)], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["486418", "torch.Size([1, 2, 388, 388])"]


def test_the_papers_says_its_numbers_and_is_short() -> None:
    code = copied(paper_unet(), (572, 572))
    assert code.startswith('"""U-Net, 31,030,658 parameters: (B, 1, 572, 572) to (B, 2, 388, 388)."""')
    assert "zip(self.up, self.decoder, [4, 16, 40, 88])" in code
    assert len(code.splitlines()) < 75
    with torch.device("meta"):
        assert sum(p.numel() for p in run(code)["UNet"]().parameters()) == 31_030_658


def test_what_breaks_is_not_copied() -> None:
    with pytest.raises(ValueError, match=r"^decoder\.0: the encoder's map is 43 x 65"):
        copied(Architecture(depth=4), (350, 525))
