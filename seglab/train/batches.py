"""Batches made off the critical path: a thread keeps a few ready while the network trains."""

from __future__ import annotations

import os
import sys
import threading
from queue import Empty, Full, Queue

import numpy as np
from numpy.typing import NDArray

from seglab.data.sets import DataSet, Pair

Batch = tuple[NDArray[np.float32], NDArray[np.int64]]  # (B, C, H, W) standardised, (B, H, W) labels
AHEAD = 4


def standardised(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """An image with mean 0 and standard deviation 1, so that brightness and contrast do not matter.

    >>> standardised(np.array([[0.0, 1.0]], np.float32)).tolist()
    [[-1.0, 1.0]]
    """
    return np.asarray((image - image.mean()) / max(float(image.std()), 1e-6), np.float32)


def planes(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """A grey image (H, W) or a coloured one (H, W, 3) as a network reads it, (C, H, W)."""
    return image[None] if image.ndim == 2 else np.moveaxis(image, 2, 0)


def make_batch(data: DataSet, seed: int, step: int, size: int, kept: dict[int, Pair]) -> Batch:
    """The batch of one step: which images, how turned, mirrored and inverted is decided by (seed, step) alone.

    Where a data set says so, grey values are inverted for half of the images: a membrane may as well be bright. `kept` remembers the
    pairs made so far.
    """
    rng = np.random.default_rng([seed, step])
    images, labels = [], []
    for number in rng.integers(data.train_count, size=size):
        if number not in kept:
            kept[int(number)] = data.train(int(number))
        image, mask = kept[int(number)]
        turns, mirror, sign = int(rng.integers(4)), rng.integers(2), rng.choice([-1, 1]) if data.inverts else 1
        image, mask = np.rot90(image, turns), np.rot90(mask, turns)
        image, mask = (image[:, ::-1], mask[:, ::-1]) if mirror else (image, mask)
        images.append(planes(standardised(image) * np.float32(sign)))
        labels.append(mask)
    return np.stack(images).astype(np.float32), np.stack(labels).astype(np.int64)


class Batches:
    """The batches of steps `first`, `first` + 1, …, a few made ahead by a thread. Close it when done."""

    def __init__(self, data: DataSet, seed: int, size: int, first: int = 0) -> None:
        self._queue: Queue[Batch | Exception] = Queue(AHEAD)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(data, seed, size, first), daemon=True)
        self._thread.start()

    def _work(self, data: DataSet, seed: int, size: int, step: int) -> None:
        if sys.platform == "linux":  # there a thread has a priority of its own: the network's threads come first
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + 10)
        kept: dict[int, Pair] = {}
        while not self._closed.is_set():
            try:
                made: Batch | Exception = make_batch(data, seed, step, size, kept)
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
