"""When Python looks for unused cycles, of which every rerun leaves some: everybody waits meanwhile, longer the more visitors there are."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

SOME = 20  # visitors who have left, below whom it is not worth the wait
SOON = 0.2  # seconds


def collect_seldom() -> None:
    """Look in small steps, and never among what is there from the start.

    A step takes some ten milliseconds; all that three hundred visitors have, two thirds of a second, so that comes every few minutes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 5, 50)


class Collector:
    """Looks through everything when many have left, in a moment in which nobody is served (`busy` says whether somebody is)."""

    def __init__(self, busy: Callable[[], bool], collect: Callable[[], object] = gc.collect) -> None:
        self._busy, self._collect = busy, collect
        self.gone, self._planned = 0, False

    def left(self, others: int) -> None:
        """One more has left, and so many others are still here."""
        self.gone += 1
        if not self._planned and self.gone >= max(SOME, others / 3):
            self._planned = True
            asyncio.get_running_loop().call_later(SOON, self._look)

    def _look(self) -> None:
        if self._busy():
            asyncio.get_running_loop().call_later(SOON, self._look)
            return
        self.gone, self._planned = 0, False
        self._collect()
