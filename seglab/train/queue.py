"""Who trains next: runs wait in the store, and begin in the order in which they came, as many at a time as the machine takes.

One whose owner has as many under way as a visitor may is passed over until one of those has ended. A paused run takes nobody's place but
its owner's. Whoever starts runs holds the store's `starting` lock meanwhile.
"""

from __future__ import annotations

from collections import Counter

from seglab.train.limits import most_per_visitor, most_running
from seglab.train.store import Run, Store, owner_mark

MOST_WAITING, MOST_WAITING_PER_VISITOR = 200, 20


def refuse_crowd(store: Store, token: str) -> None:
    """Raise ValueError where no more runs can wait, of everybody's or of the visitor's who has `token`."""
    waiting = store.with_status("queued")
    if len(waiting) >= MOST_WAITING:
        raise ValueError(f"{len(waiting)} runs are waiting on this machine already: try again when some have begun.")
    own = sum(run.owner == owner_mark(token) for run in waiting)
    if own >= MOST_WAITING_PER_VISITOR:
        raise ValueError(f"{own} runs of yours are waiting already: stop one of them, or wait until one has begun.")


def at_work(store: Store) -> list[Run]:
    """The runs that a worker is at, or about to be; paused ones too."""
    return [run for run in store.with_status("starting", "running", "paused") if store.under_way(run)]


def next_ones(store: Store) -> list[Run]:
    """The waiting runs that may begin now."""
    working = at_work(store)
    free = most_running() - sum(run.status != "paused" for run in working)
    return [run for ahead, run in _line(store, working) if not ahead][: max(0, free)]


def position(store: Store, run: Run) -> int | None:
    """A run's place in the queue, 1 for the next; None where it does not wait."""
    order = [waiting.id for _, waiting in _line(store, at_work(store))] if run.status == "queued" else []
    return order.index(run.id) + 1 if run.id in order else None


def behind_own(store: Store, run: Run) -> bool:
    """Whether a run waits for another one of its owner, whatever else the machine does."""
    return any(ahead for ahead, waiting in _line(store, at_work(store)) if waiting.id == run.id)


def _line(store: Store, working: list[Run]) -> list[tuple[int, Run]]:
    """The waiting runs in the order in which they will begin, each with how many of its owner's have to end before.

    A run that is held in its worker has kept its owner's place.
    """
    waiting = store.with_status("queued")
    places = Counter(run.owner for run in working) + Counter(run.owner for run in waiting if run.held)
    line = []
    for run in waiting:
        if not run.held:
            places[run.owner] += 1
        line.append((0 if run.held else max(0, places[run.owner] - most_per_visitor()), run))
    return sorted(line, key=lambda pair: pair[0])  # equal ones stay as they came
