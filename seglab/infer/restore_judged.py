"""Networks and filters on the same images, judged by the same measures; and the strength of each filter, found on scenes of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from skimage.metrics import structural_similarity

from seglab.data.degraded import TASKS, Given, degraded, truth_of
from seglab.data.scene import Image
from seglab.data.shipped import assets
from seglab.infer.restore_filters import FILTERS
from seglab.psnr import psnr

Way = Callable[[Given], Image]


def given_scene(task: str, number: int, level: float, data: str = "", size: int = 96) -> tuple[Given, Image]:
    """Scene `number` made worse, always in the same way, and as it was.

    >>> given, truth = given_scene("enlarge", 0, 3)
    >>> 20 < psnr(given.image, truth) < 40
    True
    """
    truth = truth_of(task, number, level, data, size)
    return degraded(task, truth, level, np.random.default_rng([number, 23])), truth


def judged(image: Image, given: Given, truth: Image) -> dict[str, float]:
    """PSNR in dB, where the picture was not known if there are holes, and SSIM with the Gaussian window of Wang et al. 2004."""
    where = given.known if given.known.all() else ~given.known
    likeness = structural_similarity(  # type: ignore[no-untyped-call]
        image, truth, channel_axis=2, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    return {"psnr": psnr(image[where], truth[where]), "ssim": float(likeness)}


def tuned(task: str, level: float, first: int, count: int) -> dict[str, float]:
    """The strength of each filter of a task that reaches the highest mean PSNR over `count` scenes from `first` on."""
    pairs = [given_scene(task, first + number, level) for number in range(count)]

    def reached(name: str, strength: float) -> float:
        return float(np.mean([judged(FILTERS[task][name].apply(given, level, strength), given, truth)["psnr"] for given, truth in pairs]))

    return {name: max(one.strengths, key=lambda strength: reached(name, strength)) for name, one in FILTERS[task].items()}


@cache
def strengths() -> dict[str, dict[str, dict[str, float]]]:
    """What ``bench/restore.py`` found: a strength by task, level and filter."""
    found: dict[str, Any] = json.loads((assets() / "restore" / "filters.json").read_text(encoding="utf-8"))
    return found


def filtered(task: str, name: str, given: Given, level: float) -> Image:
    """What a filter makes of a picture, with the strength that was found for the level; for one not among its levels, of the next."""
    near = min(TASKS[task].levels, key=lambda one: abs(one - level))
    return FILTERS[task][name].apply(given, level, strengths()[task][f"{near:g}"][name])


def mean_scores(task: str, way: Way, level: float, first: int, count: int) -> dict[str, float]:
    """The means of both measures over `count` scenes from `first` on."""
    found = [judged(way(given), given, truth) for given, truth in (given_scene(task, first + n, level) for n in range(count))]
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def restorer_file(task: str) -> Path:
    """Where the network of a task is that came along."""
    return assets() / "restore" / f"{task}.safetensors"
