"""Answers that are the same for everybody: worked out once, also when many ask at the same time, and the latest of them kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


@dataclass(eq=False)
class _Question(Generic[Answer]):
    """A question's answer, and how many wait for it who have not given up."""

    answer: Future[Answer]
    askers: int = 0

    @property
    def failed(self) -> bool:
        return self.answer.done() and (self.answer.cancelled() or self.answer.exception() is not None)


class Shared(Generic[Answer]):
    """Answers by question, the latest `most` of them. One that failed is asked again; work that has not begun is given up once all its
    askers have cancelled. Safe to use from any thread.

    >>> shared: Shared[int] = Shared(2)
    >>> done: Future[int] = Future()
    >>> one, other = (shared.ask("2 + 2", lambda: done) for _ in range(2))
    >>> done.set_result(4)
    >>> one is other, one.result(), other.result()
    (False, 4, 4)
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.RLock()
        self._known: OrderedDict[Hashable, _Question[Answer]] = OrderedDict()

    def ask(self, question: Hashable, work: Callable[[], Future[Answer]]) -> Future[Answer]:
        """The answer to `question`, which `work` begins where nobody has asked it; each asker may cancel its own."""
        with self._lock:
            known = self._known.get(question)
            if known is None or known.failed:
                known = self._known[question] = _Question(work())
            known.askers += 1
            self._known.move_to_end(question)
            while len(self._known) > self.most:
                self._known.popitem(last=False)
        own: Future[Answer] = Future()
        known.answer.add_done_callback(lambda done: _pass_on(done, own))
        own.add_done_callback(lambda done: self._leave(known, done))
        return own

    def begun(self, question: Hashable) -> bool:
        """Whether somebody is at work on it, or was: not where it still waits for its turn."""
        with self._lock:
            known = self._known.get(question)
            return known is not None and (known.answer.running() or known.answer.done())

    def there(self, question: Hashable) -> bool:
        """Whether it has been answered well."""
        with self._lock:
            known = self._known.get(question)
            return known is not None and known.answer.done() and not known.failed

    def _leave(self, known: _Question[Answer], own: Future[Answer]) -> None:
        if not own.cancelled():
            return
        with self._lock:
            known.askers -= 1
            if not known.askers:
                known.answer.cancel()


def _pass_on(done: Future[Answer], own: Future[Answer]) -> None:
    if done.cancelled():  # by all who asked, or because the server ends
        own.cancel()
        return
    if not own.set_running_or_notify_cancel():
        return
    error = done.exception()
    if error is not None:
        own.set_exception(error)
    else:
        own.set_result(done.result())
