"""Training measured against plain PyTorch in the same run, the time to a good mask, and the page's answer to a click on Train.

A shared machine is faster at one moment than at the next, so the loops take turns and the median of their ratios is what counts.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from seglab.bench.live import measure_live
from seglab.bench.plain import Plain, monai_unet
from seglab.bench.turns import LOOPS, Turns
from seglab.infer.handcrafted import baseline
from seglab.nets.unet import UNet
from seglab.train.config import TrainConfig
from seglab.train.device import half_precision
from seglab.train.loop import fit

TURNS = 5  # of each loop
EQUAL_STEPS = 130  # after which all loops are compared
GOOD, GOOD_SHAPES = (0.85, 0.90), (0.80,)
SIDE = 1536  # of the matrices whose product says what the machine can do


def measure(tell: Callable[[str], None]) -> dict[str, Any]:
    """Images a second of every loop, their ratios, what they come to, and how long ours takes to a good mask."""
    result = {**_rates(tell), **_equal(tell)}
    reached = to_good("cells", GOOD, 20.0)
    shapes = to_good("shapes", GOOD_SHAPES, 60.0)
    result |= {
        "seconds_to_mean_iou_0.85": reached["0.85"],
        "seconds_to_mean_iou_0.90": reached["0.9"],
        "mean_iou_after_20_seconds": reached["mean_iou"],
        "otsu_and_watershed_mean_iou": baseline(),
        "shapes_seconds_to_mean_iou_0.80": shapes["0.8"],
        "shapes_mean_iou_after_60_seconds": shapes["mean_iou"],
    }
    tell(f"  cells: mean IoU 0.85 after {reached['0.85']:.1f} s, 0.90 after {reached['0.9']:.1f} s, {reached['mean_iou']:.3f} after 20 s")
    tell(f"  Otsu's threshold with a watershed: {result['otsu_and_watershed_mean_iou']:.3f}")
    tell(f"  shapes, five classes: mean IoU 0.80 after {shapes['0.8']:.1f} s, {shapes['mean_iou']:.3f} after 60 s")
    return result | measure_live(tell)


def _rates(tell: Callable[[str], None]) -> dict[str, Any]:
    """Images a second, ratios and peak memory of every loop that can be measured here."""
    loops = {name: Turns(name) for name in LOOPS if monai_unet() or "MONAI" not in name}
    rates: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(TURNS):
        for name, loop in loops.items():
            rates[name].append(loop.turn())
    told = {
        name: {
            "images_per_second": statistics.median(found),
            "times_plain": statistics.median(a / b for a, b in zip(found, rates["plain"], strict=True)),
            "peak_memory_mb": loops[name].end(),
        }
        for name, found in rates.items()
    }
    share = told["seglab"]["images_per_second"] * _work() / _matrix_rate()
    for name, found in told.items():
        tell(f"{name}: {found['images_per_second']:.0f} images/s, {found['times_plain']:.2f} x plain, {found['peak_memory_mb']:.0f} MB")
    tell(f"  seglab reaches {share:.0%} of this machine's matrix product")
    return {"parameters": sum(p.numel() for p in UNet().parameters()), "loops": told, "share_of_matrix_rate": share}


def _work() -> float:
    """Floating-point operations that one training image takes: forward, and twice that for both gradients."""
    size = TrainConfig().size
    with FlopCounterMode(display=False) as counted:
        UNet()(torch.zeros(1, 1, size, size))
    return 3.0 * float(counted.get_total_flops())


def _matrix_rate() -> float:
    """Floating-point operations a second of a large matrix product, in the precision that training takes."""
    half = half_precision(torch.device("cpu"))
    one = torch.randn(SIDE, SIDE).to(torch.bfloat16 if half else torch.float32)
    found = []
    for _ in range(12):
        begun = time.perf_counter()
        product: Tensor = one @ one
        found.append(2 * SIDE**3 / (time.perf_counter() - begun))
        assert product.shape == one.shape
    return float(statistics.median(found[2:]))


def _equal(tell: Callable[[str], None]) -> dict[str, Any]:
    """Mean IoU of every loop after as many steps."""
    config = TrainConfig(steps=EQUAL_STEPS)
    scores = {"seglab": next(event.data["mean_iou"] for event in fit(config) if event.kind == "end")}
    others = {"plain": Plain(config), **({"MONAI's BasicUNet": Plain(config, other)} if (other := monai_unet()) else {})}
    for name, plain in others.items():
        for _ in range(EQUAL_STEPS):
            plain.step()
        scores[name] = plain.score()
    tell(f"  mean IoU after {EQUAL_STEPS} steps: " + ", ".join(f"{name} {score:.3f}" for name, score in scores.items()))
    return {"mean_iou_after_equal_steps": scores}


def to_good(data: str, good: tuple[float, ...], seconds: float) -> dict[str, float]:
    """Wall-clock seconds until the mean IoU first is each of `good`, data and validation included, and the mean IoU at the end."""
    begun, reached, last = time.perf_counter(), {f"{level:g}": math.nan for level in good}, 0.0
    for event in fit(TrainConfig(data=data, seconds=seconds)):
        now = time.perf_counter() - begun
        if event.kind == "snapshot" and now <= seconds:
            last = event.data["mean_iou"]
            reached |= {name: now for name, at in reached.items() if math.isnan(at) and last >= float(name)}
    return {**reached, "mean_iou": last}
