"""Answers that are the same for everybody: worked out once, also when many ask at the same time, and the latest of them kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Shared(Generic[Answer]):
    """Answers by question, the latest `most` of them. One that failed is asked again. Safe to use from any thread.

    >>> shared: Shared[int] = Shared(2)
    >>> done: Future[int] = Future()
    >>> one, other = (shared.ask("2 + 2", lambda: done) for _ in range(2))
    >>> done.set_result(4)
    >>> one is other, one.result(), other.result()
    (False, 4, 4)
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, Future[Answer]] = OrderedDict()

    def ask(self, question: Hashable, work: Callable[[], Future[Answer]]) -> Future[Answer]:
        """The answer to `question`, which `work` begins where nobody has asked it; each asker may cancel its own."""
        with self._lock:
            known = self._known.get(question)
            if known is None or (known.done() and (known.cancelled() or known.exception() is not None)):
                known = self._known[question] = work()
            self._known.move_to_end(question)
            while len(self._known) > self.most:
                self._known.popitem(last=False)
        own: Future[Answer] = Future()
        known.add_done_callback(lambda done: _pass_on(done, own))
        return own


def _pass_on(done: Future[Answer], own: Future[Answer]) -> None:
    if not own.set_running_or_notify_cancel():
        return
    error = done.exception()
    if error is not None:
        own.set_exception(error)
    else:
        own.set_result(done.result())
