"""Batches made off the critical path: a thread keeps a few ready while the network trains."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from queue import Empty, Full, Queue
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seglab.data.sets import DataSet
from seglab.train.augment import Augmentation, Draw
from seglab.train.config import TrainConfig
from seglab.train.examples import Example, make_example

AHEAD = 4


class Batch(NamedTuple):
    """Standardised images (B, C, H, W), labels (B, H, W) and, under the weighted loss, weight maps (B, H, W)."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    weights: NDArray[np.float32] | None


def standardised(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """An image with mean 0 and standard deviation 1, so that brightness and contrast do not matter.

    >>> standardised(np.array([[0.0, 1.0]], np.float32)).tolist()
    [[-1.0, 1.0]]
    """
    return np.asarray((image - image.mean()) / max(float(image.std()), 1e-6), np.float32)


def planes(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """A grey image (H, W) or a coloured one (H, W, 3) as a network reads it, (C, H, W)."""
    return image[None] if image.ndim == 2 else np.moveaxis(image, 2, 0)


def make_batch(data: DataSet, config: TrainConfig, step: int, kept: dict[int, Example]) -> Batch:
    """The batch of one step: which images, and how they are augmented, is decided by (seed, step) alone.

    Where a data set says so, grey values are inverted for half of the images: a membrane may as well be bright. `kept` remembers the
    examples made so far.
    """
    rng = np.random.default_rng([config.seed, step])
    chosen = [_kept(data, config, int(number), kept) for number in rng.integers(data.train_count, size=config.batch)]
    augmentation = Augmentation.of(config, data.inverts)
    draws = augmentation.draws(rng, len(chosen), chosen[0].labels.shape[0])
    return augmented(augmentation, chosen, draws)


def augmented(augmentation: Augmentation, chosen: Sequence[Example], draws: Sequence[Draw]) -> Batch:
    """Examples as a batch, each after its draw."""
    pairs = list(zip(chosen, draws, strict=True))
    images = np.stack([planes(standardised(draw.flipped(example.image)) * np.float32(draw.sign)) for example, draw in pairs])
    labels = np.stack([draw.flipped(example.labels) for example, draw in pairs]).astype(np.int64)
    maps = [draw.flipped(example.weights) for example, draw in pairs if example.weights is not None]
    return Batch(*augmentation.apply(images.astype(np.float32), labels, np.stack(maps) if maps else None, draws))


def _kept(data: DataSet, config: TrainConfig, number: int, kept: dict[int, Example]) -> Example:
    if number not in kept:
        kept[number] = make_example(data, config, number)
    return kept[number]


class Batches:
    """The batches of steps `first`, `first` + 1, …, a few made ahead by a thread. Close it when done."""

    def __init__(self, data: DataSet, config: TrainConfig, first: int = 0) -> None:
        self._queue: Queue[Batch | Exception] = Queue(AHEAD)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(data, config, first), daemon=True)
        self._thread.start()

    def _work(self, data: DataSet, config: TrainConfig, step: int) -> None:
        if sys.platform == "linux":  # there a thread has a priority of its own: the network's threads come first
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + 10)
        kept: dict[int, Example] = {}
        while not self._closed.is_set():
            try:
                made: Batch | Exception = make_batch(data, config, step, kept)
            except Exception as error:
                made = error
            while not self._closed.is_set():
                try:
                    self._queue.put(made, timeout=0.1)
                    break
                except Full:
                    continue
            step += 1

    def next(self) -> Batch:
        """The next batch. Raises what making it raised."""
        made = self._queue.get()
        if isinstance(made, Exception):
            raise made
        return made

    def close(self) -> None:
        self._closed.set()
        while self._thread.is_alive():
            try:
                self._queue.get_nowait()
            except Empty:
                self._thread.join(timeout=0.05)
