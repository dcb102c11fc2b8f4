"""How long this machine keeps what people leave on it, and how much of it: one table, which clean-up, pages and privacy note read.

The owner of a server decides with `seglab app --keep run_days=7 upload_megabytes=2000`. The server's processes read it from environment
variables, SEGLAB_KEEP_RUN_DAYS and so on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path

DAY = 86_400.0  # seconds
HOUR = 3600.0
MB = 1_000_000


def _limit(default: int, most: int, meaning: str) -> int:
    return field(default=default, metadata={"most": most, "meaning": meaning})


@dataclass(frozen=True)
class Keeping:
    """Ages in days since the last change, numbers, and megabytes together. What is over a number or a size goes, the oldest first."""

    # A course's exercise is handed in, talked over and looked up again within a month.
    run_days: int = _limit(30, 3650, "days that a run is kept after its last change")
    # Two halls of a hundred, each with a run of one's own; the list of runs stays a list that is read in milliseconds.
    runs: int = _limit(200, 100_000, "ended runs that are kept")
    # Weights and optimiser of a network of the usual width take 6 MB: all 200 fit. Those of the widest take 1.5 GB.
    run_megabytes: int = _limit(8_000, 10_000_000, "megabytes that the weights of ended runs may take")
    # Up to 60 a run, 50 to 300 kB each. Beyond this the oldest runs keep their first and their last picture only.
    snapshot_megabytes: int = _limit(1_000, 1_000_000, "megabytes that the pictures of ended trainings may take")
    # As long as a run: who comes back to train again finds the pictures.
    upload_days: int = _limit(30, 3650, "days that uploaded training pictures are kept")
    uploads: int = _limit(100, 100_000, "uploaded sets that are kept")
    # 40 uploads of the largest size that is taken.
    upload_megabytes: int = _limit(8_000, 10_000_000, "megabytes that uploaded training pictures may take")
    # Masks and chances of pictures that are looked at this moment: 20 of the largest pictures that are taken.
    result_megabytes: int = _limit(4_000, 1_000_000, "megabytes that results on the page Use may take while they are open")
    # Classifiers and restorers that labs train: minutes of work to make again, and nobody's.
    network_days: int = _limit(30, 3650, "days that networks trained on the pages of labs are kept")
    # Half a download is of use to who goes on with it soon; it may take 811 MB.
    download_days: int = _limit(7, 3650, "days that an unfinished download is kept")

    def __post_init__(self) -> None:
        for each in fields(self):
            _whole(each.name, getattr(self, each.name))

    def why(self, kind: str, many: bool, large: bool, old: bool) -> str:
        """Why something goes, of the kind "run" or "upload", in words; "" where nothing speaks against it."""
        if old:
            return f"older than {getattr(self, f'{kind}_days')} days"
        if many:
            return f"more than {getattr(self, f'{kind}s')} {kind}s"
        return f"{kind}s of more than {getattr(self, f'{kind}_megabytes')} MB together" if large else ""


@dataclass(frozen=True)
class Went:
    """What was deleted: its kind, its name on disk, why, and how many bytes that freed."""

    what: str
    name: str
    why: str
    bytes: int


def taken(path: Path) -> int:
    """The bytes of a file, or of all files in a folder; 0 for what is not there."""
    if not path.is_dir():
        return path.stat().st_size if path.exists() else 0
    sizes = 0
    for file in path.rglob("*"):
        with suppress(OSError):  # it has gone meanwhile
            sizes += file.stat().st_size if file.is_file() else 0
    return sizes


NAMES = {each.name: str(each.metadata["meaning"]) for each in fields(Keeping)}
_MOST = {each.name: int(each.metadata["most"]) for each in fields(Keeping)}


def keeping() -> Keeping:
    """The table as it holds on this machine. Raises ValueError for a number in the environment that is out of its range."""
    given = {name: os.environ.get(_variable(name), "") for name in NAMES}
    return Keeping(**{name: _whole(name, text, _variable(name)) for name, text in given.items() if text})


def settle_keeping(given: Iterable[str]) -> None:
    """Hand limits that were given as NAME=NUMBER on to this process and those that it starts. Raises ValueError for one that cannot be."""
    for text in given:
        name, equals, value = text.partition("=")
        if name not in NAMES or not equals:
            raise ValueError(f"--keep {text[:60]!r} is unknown: NAME=NUMBER, where NAME is {', '.join(NAMES)}")
        os.environ[_variable(name)] = str(_whole(name, value))
    keeping()


def _variable(name: str) -> str:
    return f"SEGLAB_KEEP_{name.upper()}"


def _whole(name: str, value: int | str, told: str = "") -> int:
    """`value` as a whole number from 1 to the most of the limit `name`; `told` is what the person calls it."""
    try:
        number = int(value)
    except ValueError:
        raise ValueError(f"{told or name}={value!r} is not a whole number: 1 to {_MOST[name]}") from None
    if not 1 <= number <= _MOST[name]:
        raise ValueError(f"{told or name}={number} is out of range: 1 to {_MOST[name]}")
    return number
