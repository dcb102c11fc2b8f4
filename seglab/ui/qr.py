"""A link as a QR code, for a hall to scan, and what is to be said with it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import segno

LONGEST = 2331  # bytes that the largest code holds at error correction M (ISO/IEC 18004, version 40-M)
QUIET = 4  # modules left free around it, as the standard asks
FINE = 85  # modules along a side beyond which a code, shown as high as a slide, is hard to scan from the last rows


@lru_cache(maxsize=100)
def qr_path(text: str) -> tuple[int, str]:
    """The code of `text` at error correction M: modules along a side, with the free border, and its dark ones as the path of an SVG.

    Raises ValueError with a sentence where no code holds so long a text.

    >>> size, path = qr_path("http://localhost:8501/fcn")
    >>> size, path[:24]
    (33, 'M4 4h7v1h-7zM12 4h1v1h-1')
    """
    length = len(text.encode("utf-8", "replace"))
    if length > LONGEST:
        raise ValueError(f"This link has {length} bytes: a QR code holds {LONGEST}. A state with fewer changes has a shorter link.")
    made = segno.make(text.encode("utf-8", "replace"), error="m", micro=False, boost_error=False)
    rows = [list(row) for row in made.matrix_iter(border=QUIET)]
    path = [f"M{start} {y}h{wide}v1h-{wide}z" for y, row in enumerate(rows) for start, wide in _dark(row)]
    return len(rows), "".join(path)


def _dark(row: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where the dark runs of a row begin, and how wide they are.

    >>> list(_dark([0, 1, 1, 0, 1]))
    [(1, 2), (4, 1)]
    """
    place = 0
    for dark, run in groupby(row):
        wide = len(list(run))
        if dark:
            yield place, wide
        place += wide


def for_phones(link: str) -> str:
    """The link that a hall scans: the same page, not in lecture mode.

    >>> for_phones("http://localhost:8501/fcn?ladder=2&lecture=1&hide=text")
    'http://localhost:8501/fcn?ladder=2&hide=text'
    """
    parts = urlsplit(link)
    query = [(name, text) for name, text in parse_qsl(parts.query, keep_blank_values=True) if name != "lecture"]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query, safe=","), ""))


def unreachable(link: str) -> str:
    """What to say of a link that leads a phone to itself and not to this server; "" for any other.

    >>> unreachable("https://seglab.example.org/fcn")
    ''
    >>> unreachable("http://127.0.0.1:8501/fcn").split(":")[0]
    'Phones cannot reach this link'
    """
    parts = urlsplit(link)
    if not is_own(parts.hostname or ""):
        return ""
    own, port = own_address(), f":{parts.port}" if parts.port else ""
    there = f"http://{own}{port}" if own else f"http://THE-ADDRESS-OF-THIS-COMPUTER{port}"
    return (
        f"Phones cannot reach this link: {parts.hostname} is each device's own address. Serve the app in the network instead"
        f" (seglab serve --host 0.0.0.0), open {there} here, and show the code again."
    )


def is_own(host: str) -> bool:
    """Whether a host's name or address is always the very machine that asks.

    >>> is_own("localhost"), is_own("127.0.0.1"), is_own("::1"), is_own("0.0.0.0"), is_own("192.168.1.5"), is_own("localhost.example.org")
    (True, True, True, True, False, False)
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def own_address() -> str | None:
    """This machine's address in its network, where it has one. Nothing is sent."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # reserved for documentation: only the way there is looked up
            found = str(probe.getsockname()[0])
    except OSError:
        return None
    return None if is_own(found) else found
