"""The Oxford-IIIT Pet data set: fetched on a person's wish only, made small, kept as a data folder named ``pet``.

O. M. Parkhi, A. Vedaldi, A. Zisserman, C. V. Jawahar: Cats and Dogs, CVPR 2012; https://www.robots.ox.ac.uk/~vgg/data/pets/, licence CC
BY-SA 4.0. Two archives of 811 MB are fetched and deleted once 400 small pictures, as many of each of the 37 breeds as can be, are made of
their training list. Whoever holds the lock file is at it, and tells in ``state.json`` how far it is, for every process to read.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from seglab.data.download import FetchError, Gone, StoppedError, UnreachableError, download, part_of
from seglab.data.home import home, sets_folder
from seglab.data.keeping import Went
from seglab.data.locks import held
from seglab.data.pet_pictures import MOST, prepare
from seglab.data.uploads import PETS, place_of

WORKING = ("fetching", "checking", "preparing")
ROOM = 100_000_000  # bytes for the pictures made, and to spare
RATE_OVER = 5.0  # seconds that the rate is a mean of
WRITE_EVERY = 0.2  # seconds between writes of the state


@dataclass(frozen=True)
class Source:
    """Where the archives lie, and by file name the published MD5 sum and the length in bytes of each."""

    base: str
    files: Mapping[str, tuple[str, int]]

    @property
    def total(self) -> int:
        """Bytes of all archives."""
        return sum(size for _, size in self.files.values())


OXFORD = Source(
    "https://thor.robots.ox.ac.uk/pets",
    {
        "annotations.tar.gz": ("95a8c909bbe2e81eed6a22bccdf3f68f", 19_173_078),
        "images.tar.gz": ("5c4f3ee8e5d25df40f4fd59a7f44e54c", 791_918_971),
    },
)


@dataclass(frozen=True)
class Progress:
    """How far it is. `phase` is fetching, checking, preparing, stopped, failed or ready; `done` of `total` are bytes, pictures while
    preparing; `rate` is bytes a second."""

    phase: str
    done: int = 0
    total: int = 0
    rate: float = 0.0
    message: str = ""

    def told(self) -> str:
        """A line on work under way.

        >>> Progress("fetching", 412_000_000, 811_000_000, 19_000_000).told()
        'Fetching: 412 of 811 MB, 19.0 MB a second, 21 s left'
        """
        if self.phase == "preparing":
            return f"Making the pictures small: {self.done} of {self.total}"
        if self.phase == "checking":
            return "Checking that every byte is right"
        left = (self.total - self.done) / self.rate if self.rate else 0.0
        time_left = f"{left:.0f} s" if left < 100 else f"{left / 60:.0f} min"
        rate = f", {self.rate / 1e6:.1f} MB a second, {time_left} left" if self.rate else ""
        return f"Fetching: {self.done / 1e6:.0f} of {self.total / 1e6:.0f} MB{rate}"


Tell = Callable[[Progress], None]


def folder() -> Path:
    """The data folder once it is ready."""
    return place_of(PETS)


def downloads() -> Path:
    """Where the archives lie until the pictures are made of them."""
    return home() / "downloads" / "pet"


def ready() -> bool:
    """Whether the data folder is here; it comes whole or not at all."""
    return (folder() / "classes.txt").is_file()


def kept(source: Source | None = None) -> int:
    """Bytes of the archives that are here."""
    return sum(_here(name) for name in (source or OXFORD).files)


def _here(name: str) -> int:
    """Bytes of one archive that are here."""
    file = downloads() / name
    return sum(path.stat().st_size for path in (file, part_of(file)) if path.exists())


def state(source: Source | None = None) -> dict[str, Any]:
    """What is known from outside: the fields of Progress (`phase` also "none"), and `kept`, the bytes of the archives that are here.

    A process that was killed holds no lock any more: what it left is "stopped".
    """
    total, here = (source or OXFORD).total, kept(source)
    said = {**asdict(Progress("none", here, total)), **_said()}
    if ready():
        said["phase"] = "ready"
    elif _busy():
        said["phase"] = said["phase"] if said["phase"] in WORKING else "fetching"
    elif said["phase"] in (*WORKING, "ready"):
        told = "The process that fetched the pictures ended before it was done." if said["phase"] in WORKING else ""
        said |= {"phase": "stopped" if here else "none", "message": told}
    return {**said, "kept": here}


def forget_unfinished(older: float) -> list[Went]:
    """Delete what has come of archives since before the time `older` while nobody is at it; what went. Those kept beside the ready
    pictures were asked for, and stay."""
    parts = [path for path in downloads().glob("*") if not ready() and path.name.endswith((".part", ".gz"))]
    if not parts or _busy() or max(path.stat().st_mtime for path in parts) >= older:
        return []
    went = [Went("download", path.name, "nobody went on with it", path.stat().st_size) for path in parts]
    for path in parts:
        path.unlink(missing_ok=True)
    return went


def wish(stop: bool) -> None:
    """Note that whoever is fetching should stop, or take that back; the process at it looks several times a second."""
    if stop:
        downloads().mkdir(parents=True, exist_ok=True)
        _stop().touch()
    else:
        _stop().unlink(missing_ok=True)


def fetch(tell: Tell, gone: Gone, source: Source | None = None, keep: bool = False, most: int = MOST) -> Path:
    """The data folder, fetched and made unless it is here; the archives are deleted then, unless `keep`.

    Raises StoppedError soon after `gone()` or a wish to stop, else FetchError, with a sentence that says what is kept for the next try.
    """
    source = source or OXFORD
    downloads().mkdir(parents=True, exist_ok=True)
    try:
        with _lock().acquire(timeout=2):
            return folder() if ready() else _fetch(_Teller(tell, source), lambda: gone() or _stop().exists(), source, keep, most)
    except Timeout:
        raise FetchError("the pictures are being fetched already, by another process of this machine") from None


def _fetch(teller: _Teller, gone: Gone, source: Source, keep: bool, most: int) -> Path:
    with _ends_told(teller, source):
        _take_back(source)
        _refuse_small_disk(source)
        for name, (md5, size) in source.files.items():
            teller.begin(_here(name), kept(source))
            download(f"{source.base}/{name}", downloads() / name, md5, size, teller.bytes, gone)
        made, damaged = _make(teller, gone, source, most)
        told = f"{made} pictures" + (f", {damaged} damaged ones were left out" if damaged else "")
        if keep:
            told += f"; the archives ({source.total / 1e6:.0f} MB) are in {downloads()}"
        else:
            for name in source.files:
                (downloads() / name).unlink(missing_ok=True)
        teller.say(Progress("ready", made, made, message=told))
    return folder()


def _make(teller: _Teller, gone: Gone, source: Source, most: int) -> tuple[int, int]:
    """Make the folder beside its place and move it there whole."""
    annotations, images = (downloads() / name for name in source.files)
    beside = downloads() / "prepared"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        counts = prepare(annotations, images, beside, teller.pictures, gone, most)
        shutil.rmtree(folder(), ignore_errors=True)
        sets_folder().mkdir(parents=True, exist_ok=True)
        os.replace(beside, folder())
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return counts


@contextmanager
def _ends_told(teller: _Teller, source: Source) -> Iterator[None]:
    """Whatever ends the work becomes a sentence, in the state and in the error."""
    try:
        yield
    except StoppedError:
        raise teller.ended("stopped", StoppedError(f"stopped{_kept_told(source)}")) from None
    except UnreachableError as error:
        without = "the training works on the generated domains without a network"
        told = f"the pictures cannot be fetched: {error}; {without}{_kept_told(source)}"
        raise teller.ended("failed", UnreachableError(told)) from None
    except FetchError as error:
        raise teller.ended("failed", FetchError(f"the pictures cannot be fetched: {error}")) from None
    except OSError as error:
        told = f"the pictures cannot be written to {home()} ({error.strerror or error}){_kept_told(source)}"
        raise teller.ended("failed", FetchError(told)) from None
    finally:
        wish(stop=False)


def _kept_told(source: Source) -> str:
    here = kept(source)
    return f"; {here / 1e6:.0f} of {source.total / 1e6:.0f} MB are kept: the next try goes on from there" if here else ""


def _take_back(source: Source) -> None:
    """A process that was killed while pooch worked out a sum left the whole archive under pooch's name for it."""
    names = {size: name for name, (_, size) in source.files.items()}
    for left in downloads().glob("tmp*"):
        if name := names.get(left.stat().st_size):
            os.replace(left, part_of(downloads() / name))
        else:
            left.unlink()


def _refuse_small_disk(source: Source) -> None:
    needed, free = source.total - kept(source) + ROOM, shutil.disk_usage(downloads()).free
    if free < needed:
        raise FetchError(f"they need {needed / 1e9:.1f} GB on the disk for a while, and {downloads()} has {free / 1e9:.1f} GB left")


class _Teller:
    """Tells how far it is: at once to who called, several times a second to the state's file."""

    def __init__(self, tell: Tell, source: Source) -> None:
        self.tell, self.total, self.others = tell, source.total, 0
        self.heard: deque[tuple[float, int]] = deque()
        self.written = 0.0

    def begin(self, here: int, of_all: int) -> None:
        """The next archive begins, of which `here` bytes are kept, and of all together `of_all`."""
        self.others = of_all - here
        self.heard.clear()
        self.bytes(here)

    def bytes(self, here: int) -> None:
        """So many bytes of this archive are here."""
        now, done = time.monotonic(), self.others + here
        if self.heard and done < self.heard[-1][1]:
            self.heard.clear()  # begun anew
        self.heard.append((now, done))
        while now - self.heard[0][0] > RATE_OVER:
            self.heard.popleft()
        (then, before), whole = self.heard[0], done == self.total
        rate = (done - before) / (now - then) if now > then else 0.0
        self.say(Progress("checking" if whole else "fetching", done, self.total, rate), at_once=whole)

    def pictures(self, done: int, total: int) -> None:
        """So many pictures are made."""
        self.say(Progress("preparing", done, total), at_once=done == 1)

    def ended(self, phase: str, error: FetchError) -> FetchError:
        """Say why it ended; returns the error."""
        text = str(error)
        self.say(Progress(phase, message=f"{text[0].upper()}{text[1:]}."))
        return error

    def say(self, progress: Progress, at_once: bool = True) -> None:
        """Hand it on."""
        self.tell(progress)
        if at_once or time.monotonic() - self.written > WRITE_EVERY:
            self.written = time.monotonic()
            new = downloads() / "state.new"
            with suppress(OSError):  # a full disk must not hide its own message
                new.write_text(json.dumps(asdict(progress)), encoding="utf-8")
                os.replace(new, downloads() / "state.json")


def _said() -> dict[str, Any]:
    try:
        return dict(json.loads((downloads() / "state.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _lock() -> FileLock:
    """The lock that whoever fetches holds."""
    return FileLock(downloads() / "lock")


def _stop() -> Path:
    return downloads() / "stop"


def _busy() -> bool:
    """Whether somebody holds the lock."""
    return downloads().is_dir() and held(_lock())
