"""Large files over HTTP that may be interrupted at any time: what has come is kept beside the target and gone on from.

Range requests as in RFC 9110, sections 13.1.5 (If-Range), 14.2 (Range) and 15.5.17 (416). pooch checks the sum and puts the file in place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from requests import Response

TIMEOUT = (10.0, 20.0)  # seconds to connect, and without a byte
LISTEN_EVERY = 0.1  # seconds between looks at the wish to stop
PIECE = 1 << 15  # bytes that are read at once

Gone = Callable[[], bool]


class FetchError(ValueError):
    """A file that cannot be had, as a sentence."""


class UnreachableError(FetchError):
    """The network, or whoever answers on it, is the reason."""


class StoppedError(FetchError):
    """Somebody wished to stop."""


class _BrokenError(Exception):
    """What went wrong on the line, raised where the bytes are awaited."""


def part_of(target: Path) -> Path:
    """The file in which what has come of `target` is kept.

    >>> part_of(Path("images.tar.gz")).name
    'images.tar.gz.part'
    """
    return target.with_name(f"{target.name}.part")


def download(url: str, target: Path, md5: str, size: int, tell: Callable[[int], None], gone: Gone) -> None:
    """Bring the file of `size` bytes and that MD5 sum from `url`, unless it is there; `tell` hears how many bytes of it are.

    Raises StoppedError soon after `gone()`, UnreachableError for a network that does not bring it, both keeping what has come, and
    FetchError for a file of another sum or size; one of another sum is deleted, so that the next call begins anew.
    """
    import pooch

    part = part_of(target)

    def bring(url: str, output: str, pooch: object) -> None:
        _complete(url, part, size, tell, gone)
        os.replace(part, output)
        _mark_of(part).unlink(missing_ok=True)

    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(url, f"md5:{md5}", fname=target.name, path=target.parent, downloader=bring)
    except FetchError:
        raise
    except ValueError:
        raise FetchError(f"{target.name} does not have its published checksum and was deleted: the next try begins anew") from None
    tell(size)


def _complete(url: str, part: Path, size: int, tell: Callable[[int], None], gone: Gone) -> None:
    """Ask until the part has all its bytes; a second request in a row that brings none is the last."""
    if _size(part) > size:
        _forget(part)
    most, idle = -1, 0
    while (have := _size(part)) != size:
        idle = 0 if have > most else idle + 1
        if idle > 1:
            raise UnreachableError(f"the connection to {_host(url)} breaks off again and again")
        if gone():
            raise StoppedError("stopped")
        most = max(most, have)
        _append(url, part, size, tell, gone)


def _append(url: str, part: Path, size: int, tell: Callable[[int], None], gone: Gone) -> None:
    """One request: the part grows until its end or until the line breaks."""
    have = _size(part)
    with closing(_arriving(url, _asking(part, have), gone)) as pieces:
        try:
            answer = next(pieces)
        except _BrokenError as broken:
            raise UnreachableError(_no_answer(broken.__cause__, _host(url))) from None
        first = _first_byte(answer, have, size)
        if first is None:
            _forget(part)
            return
        if first == 0:
            _mark_of(part).write_text(_validator(answer.headers), encoding="utf-8")
        with open(part, "ab" if first else "wb") as file, suppress(_BrokenError):
            for piece in pieces:
                file.write(piece)
                first += len(piece)
                tell(first)
                if first > size:
                    break
    if first > size:
        _forget(part)
        raise FetchError(f"{url} is longer than its published {size:,} bytes: the file has changed")


def _asking(part: Path, have: int) -> dict[str, str]:
    """The request's headers: the rest only, and only of the very same file where the server has marked it."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "seglab"}
    if have:
        headers["Range"] = f"bytes={have}-"
        mark = _mark_of(part)
        if validator := mark.read_text(encoding="utf-8") if mark.exists() else "":
            headers["If-Range"] = validator
    return headers


def _validator(headers: Any) -> str:
    """What marks this version of the file: its ETag, where that is a strong one, else its date.

    >>> _validator({"ETag": 'W/"5"', "Last-Modified": "Tue, 05 Jun 2012 09:00:00 GMT"})
    'Tue, 05 Jun 2012 09:00:00 GMT'
    """
    tag: str = headers.get("ETag", "")
    return tag if tag.startswith('"') else str(headers.get("Last-Modified", ""))


def _first_byte(answer: Response, have: int, size: int) -> int | None:
    """Where in the file the answer begins; None where what is kept is no beginning of the server's file.

    Raises UnreachableError for a refusal and for a page in place of the file, FetchError for a file of another length.
    """
    status, kind = answer.status_code, answer.headers.get("Content-Type", "")
    if status == 416:
        return None
    if status not in (200, 206):
        raise UnreachableError(_refusal(status, answer.url))
    if "html" in kind:
        raise UnreachableError(f"in place of {answer.url} comes a web page, as from a network that asks for a login first")
    named = content_range(answer.headers.get("Content-Range", ""))
    first, whole = named if status == 206 else (0, int(answer.headers.get("Content-Length", size)))
    if first not in (0, have):
        return None
    if whole != size:
        raise FetchError(f"{answer.url} has {whole:,} bytes, not its published {size:,}: the file has changed")
    return first


def content_range(header: str) -> tuple[int, int]:
    """The first byte and the whole length that a Content-Range names; (-1, -1) where it names none.

    >>> content_range("bytes 400-999/1000")
    (400, 1000)
    """
    named = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", header)
    return (int(named[1]), int(named[2])) if named else (-1, -1)


def _arriving(url: str, headers: dict[str, str], gone: Gone) -> Generator[Any]:
    """The answer, then its bytes in pieces. They are read in a thread: a read that waits would not hear the wish to stop."""
    arrived: Queue[Any] = Queue(maxsize=16)
    left = Event()
    Thread(target=_read, args=(url, headers, arrived, left), daemon=True).start()
    try:
        while not gone():
            try:
                piece = arrived.get(timeout=LISTEN_EVERY)
            except Empty:
                continue
            if isinstance(piece, Exception):
                raise _BrokenError from piece
            if piece is None:
                return
            yield piece
        raise StoppedError("stopped")
    finally:
        left.set()
        with suppress(Empty):  # the reader may be waiting for room
            while True:
                arrived.get_nowait()


def _read(url: str, headers: dict[str, str], arrived: Queue[Any], left: Event) -> None:
    import requests

    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            arrived.put(answer)
            for piece in answer.raw.stream(PIECE, decode_content=False):  # the archive as it is, whatever encoding a server calls it
                if left.is_set():
                    return
                arrived.put(piece)
        arrived.put(None)
    except Exception as error:
        arrived.put(error)


def _no_answer(error: BaseException | None, host: str) -> str:
    """Why a request got no answer at all."""
    import requests

    if isinstance(error, requests.exceptions.ProxyError):
        return f"this network's proxy does not lead to {host}"
    if isinstance(error, requests.exceptions.SSLError):
        return f"no safe connection to {host} can be made on this network"
    if isinstance(error, requests.exceptions.Timeout):
        return f"{host} does not answer in time"
    if "NameResolution" in repr(error):
        return f"{host} is not found: there seems to be no network"
    return f"{host} does not answer"


def _refusal(status: int, url: str) -> str:
    if status in (404, 410):
        return f"{url} is not there any more ({status})"
    return f"{_host(url)} has a fault of its own ({status})" if status >= 500 else f"{_host(url)} refuses ({status})"


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _mark_of(part: Path) -> Path:
    """The file with the mark of the version that the part belongs to."""
    return part.with_suffix(".mark")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _mark_of(part).unlink(missing_ok=True)
