"""The patch classifier's answers, and small trainings of it, which pictures need not wait for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from seglab.nets.patch_layers import Kind, PatchClassifier
from seglab.train.asked.desk import Pictures, drawn
from seglab.train.jobs import Answer, workers
from seglab.train.shared import Shared
from seglab.train.store import Store

_slides: Shared[Pictures] = Shared(100)  # 2 to 110 kB each
_context: Shared[dict[str, Any]] = Shared(1000)
_course = ThreadPoolExecutor(1, thread_name_prefix="context")  # its rows are trained one at a time, and nobody else waits for them


def slide_file(store: Store, slide: dict[str, Any], shipped: Path) -> Future[Pictures]:
    """A classifier's answers at every place of a scene (`train/patch_answers.py`): what is counted and timed, and pictures as PNG by name.

    `slide` has the fields of `Slide`, `shipped` is the file of classifiers that are there already. Nobody pays twice for a setting.
    """
    task = {"slide": slide, "shipped": str(shipped), "kept": str(store.folder / "patches")}
    long = not trained(store, slide["kind"], slide["patch"], slide["net"])
    return _slides.ask(json.dumps(task), lambda: drawn(store, "slide", None, task, long))


def trained(store: Store, kind: Kind, patch: int, net: int) -> bool:
    """Whether a classifier is there without a training: the shipped one, number 0, or one that was trained here."""
    return not net or (store.folder / "patches" / PatchClassifier(patch, kind).kept_as(net)).exists()


def context_rows(sizes: Sequence[int], seed: int) -> dict[int, Answer]:
    """A row for each patch size (`train/patch_context.py`), trained one after the other; to be asked for by a press, not by a link."""
    return {patch: _context.ask((patch, seed), partial(_course.submit, _context_row, patch, seed)) for patch in sizes}


def _context_row(patch: int, seed: int) -> dict[str, Any]:
    return workers().submit("context", patch=patch, seed=seed).result()


def context_there(sizes: Sequence[int], seed: int) -> dict[int, Answer]:
    """Those of the rows that have been trained already."""
    return context_rows([patch for patch in sizes if _context.there((patch, seed))], seed)


def context_begun(patch: int, seed: int) -> bool:
    """Whether a row's training has begun, or waits behind others."""
    return _context.begun((patch, seed))
