"""A training run from its place in the store to its end: the loop's events are written down, the owner's wishes are followed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import numpy as np
import torch

from seglab.train.device import told
from seglab.train.failure import message
from seglab.train.limits import threads_of
from seglab.train.loop import Event, fit
from seglab.train.store import Point, Snapshot, Store
from seglab.train.weights import read_checkpoint, write_checkpoint

LISTEN_EVERY = 0.1  # seconds between looks at the owner's wish
PAUSE_LIMIT = 900.0  # seconds that a paused run keeps its process
WRITE_EVERY = 0.1  # and between writes of points
SERVER_GONE = "The server stopped while this run was {}."

Events = Generator[Event, Any, None]


class Job:
    """One run at work. `gone()` says that nobody is left to work for: then the run is saved and left to be resumed."""

    def __init__(self, store: Store, identity: str, gone: Callable[[], bool], tell: Callable[[Event], None] | None = None) -> None:
        self.store, self.identity, self.gone, self.tell = store, identity, gone, tell or (lambda event: None)
        run = store.run(identity)
        self.config = run.config
        self.points: list[Point] = []
        self.listened = self.written = 0.0
        self.begun = False
        self.rate = run.learning_rate  # the owner's change of it
        self.rate_told: float | None = None  # and what the loop knows
        self.device, self.known = "", dict[str, Any]()
        self.beside: list[str] | None = None  # the other runs that trained at the last look

    def run(self) -> None:
        """Train until the end, the owner's stop, or until nobody is left. A failure is noted in the run and raised.

        Raises ValueError for a run that is not "starting": it was stopped, or given to another worker, while this one waited for it.
        """
        with self.store.lock(self.identity).acquire(timeout=10):
            run = self.store.run(self.identity)
            if run.status != "starting":
                raise ValueError(f"run {self.identity} is {run.status}: a worker takes only what is starting")
            if run.wish == "stop":
                self._end("stopped", "")
                return
            try:
                self._train()
            except Exception as error:
                self._fail(error)
                raise

    def _train(self) -> None:
        weights = self.store.weights(self.identity)
        resume = read_checkpoint(weights)[0] if weights.exists() else None
        self.store.forget_after(self.identity, resume.step if resume else -1)
        events = fit(self.config, resume=resume)
        try:
            while event := self._next(events):
                self._note(event)
                if event.kind == "step" and time.monotonic() - self.listened > LISTEN_EVERY:
                    self.listened = time.monotonic()
                    if self._listen(events):
                        return
        finally:
            events.close()

    def _next(self, events: Events, wish: str | None = None) -> Event | None:
        """What happens next, None after the end. The loop is told what is wished, and of a learning rate that was changed."""
        wishes: list[Any] = [wish] if wish else []
        if self.begun and self.rate != self.rate_told:
            wishes.append(("learning_rate", self.rate))
        try:
            event = events.send(wishes or None)
        except StopIteration:
            return None
        if self.begun:
            self.rate_told = self.rate
        self.begun = True
        return event

    def _fail(self, error: Exception) -> None:
        """Mark the run as failed. Where even that cannot be written, its end says that it was cut off."""
        for write in (self._write_points, lambda: self._end("failed", message(error)[:400])):
            with suppress(OSError, sqlite3.Error, MemoryError):
                write()

    def _note(self, event: Event) -> None:
        data, kind = event.data, str(event.kind)
        if kind == "start":
            self.device, self.known = data["device"], {name: data[name] for name in ("classes", "colours", "options") if name in data}
            self.store.update(self.identity, status="running", message="", device=self.device, results=self.known)
            self._share_cores()
        elif kind == "step":
            taken = {"loss": data["loss"], "rate": data["images_per_second"], "learning_rate": data.get("learning_rate")}
            self.points.append(Point(event.step, event.seconds, **taken))
            if time.monotonic() - self.written > WRITE_EVERY:
                self._write_points()
        elif kind == "snapshot":
            self.points.append(Point(event.step, event.seconds, mean_iou=data["mean_iou"]))
            self._write_points()
            self.store.add_snapshot(self.identity, packed(event))
        elif kind == "anatomy":
            self.store.add_anatomy(self.identity, event.step, data)
        elif kind == "checkpoint":
            write_checkpoint(self.store.weights(self.identity), data["checkpoint"], self.config, self.known.get("classes", ()))
            self.store.update(self.identity, step=event.step, seconds=event.seconds)
        elif kind == "end":
            self._write_points()
            self.store.update(self.identity, status="finished", step=event.step, seconds=event.seconds, results=data)
        self.tell(event)

    def _write_points(self) -> None:
        if self.points:
            self.store.add_points(self.identity, self.points)
            self.store.update(self.identity, step=self.points[-1][0], seconds=self.points[-1][1])
        self.points, self.written = [], time.monotonic()

    def _share_cores(self) -> None:
        """Take this training's share of the threads, where others have begun or ended since the last look."""
        running = [run for run in self.store.with_status("starting", "running") if run.id != self.identity]
        beside = [run.id for run in running]
        if beside != self.beside:
            self.beside = beside
            set_threads(threads_of(self.config.threads, 1 + sum(self.store.under_way(run) for run in running)))
            if self.device.startswith("CPU"):
                self.store.update(self.identity, device=told(torch.device("cpu")))

    def _listen(self, events: Events) -> bool:
        """Follow the owner's wish; True where the work ends here."""
        run = self.store.run(self.identity)
        self.rate = run.learning_rate
        self._share_cores()
        if self.gone():
            return self._leave(events, "lost", SERVER_GONE.format("training"))
        if run.wish == "stop":
            return self._leave(events, "stopped", "")
        return run.wish == "pause" and self._pause(events)

    def _pause(self, events: Events) -> bool:
        """Wait, saved, until the owner goes on or stops, and make the single steps that are asked for; True where the work ends here.

        A run that is to go on waits for its turn first: it is "queued" with the wish "pause" until it is "starting" with the wish "run".
        """
        self._save(events)
        self.store.update(self.identity, status="paused")
        until = time.monotonic() + PAUSE_LIMIT
        while (run := self.store.run(self.identity)).wish != "run":
            self.rate = run.learning_rate
            if run.wish == "step":
                until = time.monotonic() + PAUSE_LIMIT
                if self._step(events):
                    return True
            elif (run.wish == "stop" and self._end("stopped", "", {"wish": "stop"})) or self._let_go(until):
                return True
            time.sleep(LISTEN_EVERY)
        if run.status == "queued":  # stopped and resumed since the last look: another worker will be given it
            return True
        self.store.update(self.identity, status="running")
        return False

    def _step(self, events: Events) -> bool:
        """One optimiser step, saved; True where there was none left and the run has ended."""
        wish: str | None = "anatomy"  # of the step to come
        while event := self._next(events, wish):
            self._note(event)
            wish = None
            if event.kind == "step":
                self._save(events)
                self.store.change(self.identity, {"wish": "step"}, wish="pause")
                return False
        return True

    def _let_go(self, until: float) -> bool:
        """Whether a pause ends here: it is too long, or the server is gone. A run that waits for its turn goes on waiting, if need be
        without this worker."""
        if self.gone():
            lost = self._end("lost", SERVER_GONE.format("paused"), {"status": "paused"})
            return lost or self.store.change(self.identity, {"status": "queued", "wish": "pause"}, wish="run")
        if time.monotonic() < until:
            return False
        told = f"It was paused for {PAUSE_LIMIT / 60:g} minutes and let go; it is saved and can be resumed."
        return self._end("stopped", told, {"status": "paused", "wish": "pause"})

    def _save(self, events: Events) -> None:
        while event := self._next(events, "checkpoint"):
            self._note(event)
            if event.kind == "checkpoint":
                break
        self._write_points()

    def _leave(self, events: Events, status: str, message: str) -> bool:
        self._save(events)
        self._end(status, message)
        return True

    def _end(self, status: str, message: str, when: dict[str, Any] | None = None) -> bool:
        """Note how the work ends, if the run still is as `when` says; whether it was."""
        return self.store.change(self.identity, when or {}, status=status, message=message, wish="run")


def set_threads(count: int) -> None:
    """Let the training, which runs in this thread, compute on so many."""
    torch.set_num_threads(count)


def packed(event: Event) -> Snapshot:
    """A snapshot event in bytes; images are stretched to the full range, as they are shown."""
    images, data = event.data["images"], event.data
    every = tuple(range(1, images.ndim))
    low, high = images.min(axis=every, keepdims=True), images.max(axis=every, keepdims=True)
    shown = ((images - low) / np.maximum(high - low, 1e-6) * 255).astype(np.uint8)
    sure = (data["certainties"] * 255 + 0.5).astype(np.uint8)
    more = {name: data[name] for name in ("filters", "maps") if name in data}
    return Snapshot(event.step, shown, data["truths"].astype(np.uint8), data["predictions"], sure, **more)
