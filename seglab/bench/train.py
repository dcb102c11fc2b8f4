"""Training measured against plain PyTorch in the same run, the time to a good mask, and the page's answer to a click on Train.

A shared machine is faster at one moment than at the next, so the two take turns and the ratio of their medians is what counts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from seglab.bench.live import measure_live
from seglab.data.sets import open_set
from seglab.infer.handcrafted import baseline
from seglab.nets.unet import UNet
from seglab.train.batches import make_batch
from seglab.train.config import TrainConfig
from seglab.train.examples import make_example
from seglab.train.loop import Trainer, fit

TURNS, TURN = 5, 2.0  # turns of each, seconds a turn
GOOD, GOOD_SHAPES = 0.90, 0.80


def measure(tell: Callable[[str], None]) -> dict[str, Any]:
    """Images a second of both, their ratio, and how long it takes to a mean IoU of 0.90 on held-out images."""
    config = TrainConfig(steps=100_000)
    trainer = Trainer(config, None, None)
    plain = Plain(config)
    try:
        rates: dict[str, list[float]] = {"seglab": [], "plain": []}
        for _ in range(TURNS):
            rates["plain"].append(_rate(plain.step, config.batch))
            rates["seglab"].append(_rate(trainer.train_step, config.batch))
    finally:
        trainer.close()
    ours, theirs = statistics.median(rates["seglab"]), statistics.median(rates["plain"])
    reached, shapes = to_good("cells", GOOD, 20.0), to_good("shapes", GOOD_SHAPES, 60.0)
    result = {
        "parameters": sum(p.numel() for p in plain.model.parameters()),
        "images_per_second": ours,
        "plain_images_per_second": theirs,
        "ratio": statistics.median(a / b for a, b in zip(rates["seglab"], rates["plain"], strict=True)),
        "seconds_to_mean_iou_0.90": reached["seconds"],
        "mean_iou_after_20_seconds": reached["mean_iou"],
        "otsu_and_watershed_mean_iou": baseline(),
        "shapes_seconds_to_mean_iou_0.80": shapes["seconds"],
        "shapes_mean_iou_after_60_seconds": shapes["mean_iou"],
        **measure_live(),
    }
    tell(f"training, {result['parameters']:,} parameters, 96 x 96, batch {config.batch}, {torch.get_num_threads()} threads")
    tell(f"  seglab {ours:6.0f} images/s   plain PyTorch {theirs:6.0f} images/s   ratio {result['ratio']:.2f}")
    tell(
        f"  mean IoU 0.90 after {reached['seconds']:.1f} s, {reached['mean_iou']:.3f} after 20 s;"
        f" Otsu and watershed {result['otsu_and_watershed_mean_iou']:.3f}"
    )
    tell(f"  shapes, five classes: mean IoU 0.80 after {shapes['seconds']:.1f} s, {shapes['mean_iou']:.3f} after 60 s")
    tell(f"  click to first point {result['click_to_first_point']:.2f} s (at most {result['click_to_first_point_most']:.2f})")
    tell(f"  the curve moves after {result['between_moves_p95']:.2f} s (p95; at most {result['between_moves_most']:.2f})")
    return result


class Plain:
    """The loop as one writes it first: NCHW, float32, batches made in between, an optimiser without fusing."""

    def __init__(self, config: TrainConfig) -> None:
        self.config, self.done = config, 0
        torch.manual_seed(config.seed)
        self.model = UNet(1, 2, config.depth, config.width)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=config.learning_rate, foreach=False, fused=False)
        self.data = open_set(config.data, images=config.images, size=config.size)
        self.kept = {number: make_example(self.data, config, number) for number in range(config.images)}

    def step(self) -> float:
        batch = make_batch(self.data, self.config, self.done, self.kept)
        loss = F.cross_entropy(self.model(torch.from_numpy(batch.images)), torch.from_numpy(batch.labels))
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.done += 1
        return loss.item()


def _rate(step: Callable[[], float], batch: int) -> float:
    """Images a second during one turn, after two steps that do not count."""
    for _ in range(2):
        step()
    begun, done = time.perf_counter(), 0
    while time.perf_counter() - begun < TURN:
        step()
        done += 1
    return done * batch / (time.perf_counter() - begun)


def to_good(data: str, good: float, seconds: float) -> dict[str, float]:
    """Wall-clock seconds until the mean IoU first is `good`, data generation and validation included, and the mean IoU at the end."""
    begun, reached, last = time.perf_counter(), float("nan"), 0.0
    for event in fit(TrainConfig(data=data, seconds=seconds)):
        now = time.perf_counter() - begun
        if event.kind == "snapshot" and now <= seconds:
            last = event.data["mean_iou"]
            if last >= good and np.isnan(reached):
                reached = now
    return {"seconds": reached, "mean_iou": last}
