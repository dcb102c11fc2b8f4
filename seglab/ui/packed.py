"""A body made ready for many: compressed once, with the marks by which a browser knows that it has it already."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.types import Scope, Send

FOREVER = "public, max-age=31536000, immutable"  # for names that change with what they name
ASK = "no-cache"  # may be kept, but has to be asked for anew: mostly answered by 304
PIECE = 1 << 16  # bytes written at a time: one slow reader holds no more
SMALL = 500  # bytes that are not worth compressing


@dataclass(frozen=True)
class Packed:
    """A body, `zipped` where that gains something; its media type, its mark, how long it may be kept, and further headers."""

    held: bytes
    zipped: bool
    type: str
    mark: str
    kept: str
    more: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def body(self) -> bytes:
        """The body as it was."""
        return gzip.decompress(self.held) if self.zipped else self.held


def pack(body: bytes, type: str, kept: str = ASK, more: Iterable[tuple[str, str]] = ()) -> Packed:
    """Compress a body as far as gzip goes; `more` are further headers.

    >>> page = pack(b"seglab " * 1000, "text/html")
    >>> len(page.body), len(page.held) < 100, page.mark == pack(b"seglab " * 1000, "text/css").mark
    (7000, True, True)
    """
    text = type.startswith("text/") or type in ("application/javascript", "application/json", "image/svg+xml")
    zipped = text and len(body) >= SMALL
    held = gzip.compress(body, 9, mtime=0) if zipped else body
    if text and "charset" not in type:
        type += "; charset=utf-8"
    mark = f'W/"{sha256(body).hexdigest()[:20]}"'
    return Packed(held, zipped, type, mark, kept, tuple((name.lower().encode(), value.encode()) for name, value in more))


async def send_packed(packed: Packed, scope: Scope, send: Send) -> None:
    """Answer a GET or HEAD: nothing but 304 to who has it already, compressed for who takes that."""
    asked = Headers(scope=scope)
    zipped = packed.zipped and takes_gzip(asked.get("accept-encoding", ""))
    headers = [(b"etag", packed.mark.encode()), (b"cache-control", packed.kept.encode()), *packed.more]
    if packed.zipped:
        headers.append((b"vary", b"Accept-Encoding"))
    if has_already(asked.get("if-none-match", ""), packed.mark):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    body = packed.held if zipped else packed.body
    headers += [(b"content-type", packed.type.encode()), (b"content-length", str(len(body)).encode())]
    if zipped:
        headers.append((b"content-encoding", b"gzip"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    pieces = range(0, len(body), PIECE) if scope["method"] != "HEAD" else ()
    for first in pieces:
        await send({"type": "http.response.body", "body": body[first : first + PIECE], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def takes_gzip(accepted: str) -> bool:
    """Whether a browser that accepts these encodings takes gzip.

    >>> takes_gzip("gzip, deflate, br"), takes_gzip("br, gzip;q=0"), takes_gzip("")
    (True, False, False)
    """
    for one in accepted.lower().split(","):
        name, _, quality = one.partition(";")
        if name.strip() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def has_already(marks: str, mark: str) -> bool:
    """Whether a browser that has bodies of these marks has this one.

    >>> has_already('W/"b", "a"', 'W/"a"'), has_already("*", 'W/"a"'), has_already('W/"b"', 'W/"a"')
    (True, True, False)
    """
    held = {one.strip().removeprefix("W/") for one in marks.split(",")}
    return "*" in held or mark.removeprefix("W/") in held
