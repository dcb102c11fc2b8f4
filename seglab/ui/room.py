"""Room for uploads: Streamlit keeps the files that people bring in the server's memory, and there all of them together have to fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streamlit import runtime
from streamlit.runtime.stats import CacheStat

MIB = 2**20


def held() -> int:
    """Bytes of all files that the server holds now."""
    if not runtime.exists():
        return 0
    stats = runtime.get_instance().uploaded_file_mgr.get_stats()
    return sum(one.byte_length for family in stats.values() for one in family if isinstance(one, CacheStat))


class Room:
    """At most `most` bytes, with what is on its way."""

    def __init__(self, most: int, held: Callable[[], int] = held) -> None:
        self.most, self._held, self.coming = most, held, 0

    def none_for(self, length: int) -> str:
        """Why a file of so many bytes cannot be taken now; empty where it can."""
        if self._held() + self.coming + length <= self.most:
            return ""
        return (
            f"A file of {length / MIB:.0f} MB finds no room: the files of all visitors may have {self.most / MIB:.0f} MB together."
            " They go when their tabs are closed."
        )

    @contextmanager
    def taken(self, length: int) -> Iterator[None]:
        """So many bytes are on their way."""
        self.coming += length
        try:
            yield
        finally:
            self.coming -= length
