"""How fast the pages about networks are: the builder's answer on the server, and one pass over an image against patch by patch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seglab.nets.choices import KINDS
from seglab.train.patch_answers import Slide, answers, chance, classifier, scene
from seglab.ui.files import app_script, assets

SIZES = ("572", "350 x 525", "513", "1024 x 768")
DEPTHS = ("3", "4", "5", "6")


def measure(tell: Callable[[str], None] = print) -> dict[str, Any]:
    """Both, as plain data."""
    return {**builder(tell), **one_pass(tell)}


def one_pass(tell: Callable[[str], None] = print) -> dict[str, Any]:
    """How many times as long patch by patch takes as one pass over 96 x 96 pixels, and the largest difference between their answers."""
    torch.set_num_threads(1)
    slide = Slide()
    found = answers(classifier(slide, assets() / "networks" / "patches.safetensors", Path()), scene(slide)[0])
    difference = float(np.abs(chance(found.sliding) - chance(found.once)).max())
    times = {name: found.seconds[name] / found.seconds["once"] for name in ("single", "batches")}
    tell(f"one pass against patch by patch: {times['single']:.0f} ×, in batches {times['batches']:.0f} ×, difference {difference:.1g}")
    return {
        "one_pass_times": round(times["single"], 1),
        "one_pass_times_batches": round(times["batches"], 1),
        "one_pass_difference": difference,
    }


def builder(tell: Callable[[str], None] = print) -> dict[str, Any]:
    """Milliseconds that the builder's whole script takes for a network it has not shown yet, over kinds, depths and sizes, those that
    break included."""
    from streamlit.testing.v1 import AppTest

    logging.getLogger("streamlit").setLevel(logging.ERROR)  # it runs without a server here
    page = AppTest.from_file(str(app_script().parent / "pages" / "builder.py"), default_timeout=60).run()
    took = []
    for kind, depth, size in product(KINDS, DEPTHS, SIZES):
        for name, value in (("net", kind), ("depth", depth), ("size", size)):
            page.query_params[name] = value
        begun = time.perf_counter()
        page.run()
        took.append(1000 * (time.perf_counter() - begun))
        if page.exception:
            raise RuntimeError(f"the builder failed for {kind}, depth {depth}, {size}: {page.exception[0].message}")
    found = {"builder_median": float(np.median(took)), "builder_p95": float(np.quantile(took, 0.95)), "builder_most": max(took)}
    tell(f"the builder's answer to a change: {found['builder_median']:.0f} ms, 95 % within {found['builder_p95']:.0f} ms")
    return {name: round(value, 1) for name, value in found.items()}
