"""A training run from its place in the store to its end: the loop's events are written down, the owner's wishes are followed."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

import numpy as np

from seglab.train.loop import Event, Wish, fit
from seglab.train.store import Snapshot, Store
from seglab.train.weights import read_checkpoint, write_checkpoint

LISTEN_EVERY = 0.1  # seconds between looks at the owner's wish
PAUSE_LIMIT = 900.0  # seconds that a paused run keeps its process
WRITE_EVERY = 0.1  # and between writes of points

Point = tuple[int, float, float | None, float | None, float | None]


class Job:
    """One run at work. `gone()` says that nobody is left to work for: then the run is saved and left to be resumed."""

    def __init__(self, store: Store, identity: str, gone: Callable[[], bool], tell: Callable[[Event], None] | None = None) -> None:
        self.store, self.identity, self.gone, self.tell = store, identity, gone, tell or (lambda event: None)
        self.config = store.run(identity).config
        self.points: list[Point] = []
        self.listened = self.written = 0.0

    def run(self) -> None:
        """Train until the end, the owner's stop, or until nobody is left. A failure is noted in the run and raised."""
        with self.store.lock(self.identity).acquire(timeout=10):
            try:
                self._train()
            except Exception as error:
                self._write_points()
                self.store.update(self.identity, status="failed", message=f"{type(error).__name__}: {error}"[:400])
                raise

    def _train(self) -> None:
        weights = self.store.weights(self.identity)
        resume = read_checkpoint(weights)[0] if weights.exists() else None
        self.store.forget_after(self.identity, resume.step if resume else -1)
        events = fit(self.config, resume=resume)
        try:
            for event in events:
                self._note(event)
                if event.kind == "step" and time.monotonic() - self.listened > LISTEN_EVERY:
                    self.listened = time.monotonic()
                    if self._listen(events):
                        return
        finally:
            events.close()

    def _note(self, event: Event) -> None:
        data = event.data
        if event.kind == "start":
            self.store.update(self.identity, status="running", device=data["device"], message="")
        elif event.kind == "step":
            self.points.append((event.step, event.seconds, data["loss"], None, data["images_per_second"]))
            if time.monotonic() - self.written > WRITE_EVERY:
                self._write_points()
        elif event.kind == "snapshot":
            self.points.append((event.step, event.seconds, None, data["mean_iou"], None))
            self._write_points()
            self.store.add_snapshot(self.identity, packed(event))
        elif event.kind == "checkpoint":
            write_checkpoint(self.store.weights(self.identity), data["checkpoint"], self.config)
            self.store.update(self.identity, step=event.step, seconds=event.seconds)
        elif event.kind == "end":
            self._write_points()
            results = {"mean_iou": data["mean_iou"], "images_per_second": data["images_per_second"]}
            self.store.update(self.identity, status="finished", step=event.step, seconds=event.seconds, results=results)
        self.tell(event)

    def _write_points(self) -> None:
        if self.points:
            self.store.add_points(self.identity, self.points)
            self.store.update(self.identity, step=self.points[-1][0], seconds=self.points[-1][1])
        self.points, self.written = [], time.monotonic()

    def _listen(self, events: Generator[Event, Wish, None]) -> bool:
        """Follow the owner's wish; True where the work ends here."""
        wish = self.store.run(self.identity).wish
        if self.gone():
            return self._leave(events, "lost", "The server stopped while this run was training.")
        if wish == "stop":
            return self._leave(events, "stopped", "")
        if wish == "pause":
            self._save(events)
            self.store.update(self.identity, status="paused")
            until = time.monotonic() + PAUSE_LIMIT
            while wish == "pause" and not self.gone() and time.monotonic() < until:
                time.sleep(LISTEN_EVERY)
                wish = self.store.run(self.identity).wish
            if self.gone():
                return self._end("lost", "The server stopped while this run was paused.")
            if wish != "run":
                told = f"It was paused for {PAUSE_LIMIT / 60:g} minutes and let go; it is saved and can be resumed."
                return self._end("stopped", "" if wish == "stop" else told)
            self.store.update(self.identity, status="running")
        return False

    def _save(self, events: Generator[Event, Wish, None]) -> None:
        event: Event | None = events.send("checkpoint")
        while event is not None and event.kind != "checkpoint":
            self._note(event)
            event = events.send("checkpoint")
        if event is not None:
            self._note(event)
        self._write_points()

    def _leave(self, events: Generator[Event, Wish, None], status: str, message: str) -> bool:
        self._save(events)
        return self._end(status, message)

    def _end(self, status: str, message: str) -> bool:
        self.store.update(self.identity, status=status, message=message, wish="run")
        return True


def packed(event: Event) -> Snapshot:
    """A snapshot event in bytes; images are stretched to the full range, as they are shown."""
    images, data = event.data["images"], event.data
    every = tuple(range(1, images.ndim))
    low, high = images.min(axis=every, keepdims=True), images.max(axis=every, keepdims=True)
    shown = ((images - low) / np.maximum(high - low, 1e-6) * 255).astype(np.uint8)
    sure = (data["certainties"] * 255 + 0.5).astype(np.uint8)
    return Snapshot(event.step, shown, data["truths"].astype(np.uint8), data["predictions"], sure)
