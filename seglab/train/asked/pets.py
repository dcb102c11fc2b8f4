"""The pictures of pets, fetched once for everybody."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import NamedTuple

from seglab.data import pet
from seglab.data.pet import Source
from seglab.train.jobs import Answer, workers
from seglab.train.store import Store


class PetFetch(NamedTuple):
    """A fetching of the pictures of pets: its answer, and the owner token of whoever asked for it."""

    answer: Answer
    token: str


_pet_fetch: PetFetch | None = None
_pet_guard = threading.Lock()


def fetch_pet(store: Store, token: str = "", source: Source | None = None) -> Answer:
    """Let a worker fetch the pictures of pets; who asks meanwhile gets the same answer. TaskError with a sentence if it ends early."""
    global _pet_fetch
    with _pet_guard:
        if _pet_fetch is None or _pet_fetch.answer.done():
            pet.wish(stop=False)
            task = {"home": str(store.folder), "source": asdict(source or pet.OXFORD)}
            _pet_fetch = PetFetch(workers().submit("fetch_pet", **task), token)
        return _pet_fetch.answer


def pet_fetch() -> PetFetch | None:
    """The fetching that is under way on this server, else the last one."""
    return _pet_fetch
