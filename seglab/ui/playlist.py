"""A playlist: links to pages of this app in the order of a lecture. As text it is a file, packed it is one parameter of an address."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from seglab.lessons import LESSONS
from seglab.lessons.path import PATH, TOLD, TRAIN
from seglab.ui.links import kept_of

PLACES = {"": "Start", "words": "Words", "decks": "Lecture decks", TRAIN: "A U-Net, live"}
PLACES |= {name: told.title for name, told in TOLD.items()}
MOST = 60  # entries
LONGEST_TITLE, LONGEST_LINK, LONGEST_CODE = 80, 2000, 12_000  # characters
LONGEST_TEXT = MOST * (LONGEST_TITLE + LONGEST_LINK + 4)
DROPPED = ("lecture", "embed", "embed_options")  # a playlist is always shown in lecture mode
HEAD = "# A playlist of seglab: a link in each line, then its title"


@dataclass(frozen=True)
class Entry:
    """A page in a state: the page's name, the parameters of its address, and what the playlist calls it.

    >>> Entry("convolution", {"v": "1", "stop": "7"}, "Stride").link
    'convolution?v=1&stop=7'
    """

    page: str
    query: Mapping[str, str]
    title: str

    @property
    def link(self) -> str:
        return f"{self.page or '.'}{'?' if self.query else ''}{urlencode(self.query)}"


def entry(link: str, title: str = "", here: str = "") -> Entry:
    """The entry of a link, relative or under `here` (this server's address); the page names it where `title` is empty.

    Raises ValueError with a sentence for a link that leads elsewhere, is no page of the app or is too long.

    >>> entry("http://localhost:8501/convolution?stop=7&lecture=1", here="http://localhost:8501/fcn")
    Entry(page='convolution', query={'stop': '7'}, title='Convolution, 7. Stride')
    >>> entry("https://example.org/convolution", here="http://localhost:8501")
    Traceback (most recent call last):
    ValueError: https://example.org/convolution leads out of this app: only pages of this app can be in a playlist
    """
    link = link.encode("utf-8", "replace").decode().strip()
    if len(link) > LONGEST_LINK:
        raise ValueError(f"this link has {len(link)} characters: at most {LONGEST_LINK} can be in a playlist")
    parts = _split(link)
    if (parts.scheme or parts.netloc) and not _same(parts, here):
        raise ValueError(f"{_short(link)} leads out of this app: only pages of this app can be in a playlist")
    page = parts.path.removeprefix("./").strip("/").removeprefix(".")
    if page == "playlist":
        raise ValueError("a playlist cannot be in a playlist: add its pages one by one")
    if page not in PLACES:
        raise ValueError(f"{_short(link)} is no page of this app: a link such as {PATH[0]} or {next(iter(LESSONS))}?stop=2 is one")
    query = {name: text for name, text in parse_qsl(parts.query, keep_blank_values=True) if name not in (*DROPPED, "hide")}
    query |= {name: text for name, text in kept_of(dict(parse_qsl(parts.query))).items() if name == "hide"}
    made = Entry(page, query, _clean(title) or title_of(page, query))
    if len(made.link) > LONGEST_LINK:
        raise ValueError(f"this link has {len(made.link)} characters, signs escaped: at most {LONGEST_LINK} can be in a playlist")
    return made


def _split(link: str) -> SplitResult:
    try:
        parts = urlsplit(link)
        _ = parts.port  # a port that is no number is told only when asked for
    except ValueError:
        raise ValueError(f"{_short(link)} is no link: one begins with a page's name, as {PATH[0]} does") from None
    return parts


def _same(parts: SplitResult, here: str) -> bool:
    return (parts.scheme, parts.netloc) == urlsplit(here)[:2]


def _short(link: str) -> str:
    return link if len(link) <= 60 else f"{link[:59]}…"


def _clean(title: str) -> str:
    """A title in one line.

    >>> _clean("  Strides,\\n at last\\x00 ")
    'Strides, at last'
    """
    printable = "".join(sign if sign.isprintable() else " " for sign in title)
    return " ".join(printable.split())[:LONGEST_TITLE].strip()


def title_of(page: str, query: Mapping[str, str]) -> str:
    """What a page in a state is called.

    >>> title_of("convolution", {"stop": "7"}), title_of("fcn", {})
    ('Convolution, 7. Stride', 'FCN')
    """
    if page not in LESSONS:
        return PLACES[page].partition(":")[0]
    lesson = LESSONS[page]
    stop = int(lesson.read(query)[0].get("stop", 0)) if lesson.stops else 0
    return f"{lesson.title}, {stop}. {lesson.stops[stop - 1].title}" if stop else lesson.title


def written(entries: Iterable[Entry]) -> str:
    """A playlist as a text file.

    >>> print(written([entry("fcn", "The net"), entry("./")]))
    # A playlist of seglab: a link in each line, then its title
    fcn The net
    . Start
    """
    return "\n".join([HEAD, *(f"{one.link} {one.title}" for one in entries)])


def read(text: str, here: str = "") -> tuple[list[Entry], list[str]]:
    """The playlist of a text file, and a sentence for each line that cannot be in it; empty lines and those with # are passed over.

    >>> read("fcn The net\\nftp://elsewhere/fcn")[1]
    ['Line 2: ftp://elsewhere/fcn leads out of this app: only pages of this app can be in a playlist']
    """
    entries: list[Entry] = []
    problems: list[str] = []
    for number, line in enumerate(text[:LONGEST_TEXT].splitlines(), start=1):
        link, _, title = line.strip().partition(" ")
        if not link or link.startswith("#"):
            continue
        if len(entries) == MOST:
            problems.append(f"A playlist has at most {MOST} entries: what follows line {number - 1} is left out")
            break
        try:
            entries.append(entry(link, title, here))
        except ValueError as error:
            problems.append(f"Line {number}: {error}")
    return entries, problems


def packed(entries: Sequence[Entry]) -> str:
    """A playlist as one parameter of an address: its text, compressed, in letters that need no escape.

    >>> unpacked(packed([entry("fcn", "The net")]))[0]
    [Entry(page='fcn', query={}, title='The net')]
    """
    text = "\n".join(f"{one.link} {one.title}" for one in entries)
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def share(entries: Sequence[Entry]) -> str:
    """The relative link that holds a playlist."""
    return f"./playlist?list={packed(entries)}"


def unpacked(code: str) -> tuple[list[Entry], list[str]]:
    """The playlist of an address's parameter, and a sentence for each part of it that cannot be used. Nothing raises.

    >>> unpacked("nonsense")
    ([], ['This playlist is damaged: its link was cut off or changed on its way'])
    """
    damaged = "This playlist is damaged: its link was cut off or changed on its way"
    if len(code) > LONGEST_CODE:
        return [], [f"This playlist's link has {len(code)} characters: at most {LONGEST_CODE} are read"]
    try:
        whole = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
        reader = zlib.decompressobj()
        text = reader.decompress(whole, LONGEST_TEXT).decode()  # never more, whatever it says of itself
    except (ValueError, binascii.Error, zlib.error):
        return [], [damaged]
    if not reader.eof:
        return [], [damaged]
    return read(text)


def moved(entries: Sequence[Entry], at: int, by: int) -> list[Entry]:
    """The playlist with one entry `by` places further on, as far as there are places.

    >>> [one.page for one in moved([entry("fcn"), entry("use"), entry("train")], 2, -1)]
    ['fcn', 'train', 'use']
    """
    rest = [one for place, one in enumerate(entries) if place != at]
    rest.insert(min(max(at + by, 0), len(rest)), entries[at])
    return rest
