"""A run as it is told to those who watch it: server-sent events, and the pictures that they speak of.

Each message is JSON with whatever has changed: "points" (step, loss, mean IoU, learning rate) with "all" where they replace all before,
"facts", "stage", "trouble" and "pictures". Its id says up to which point it tells, so a browser that comes back gets the rest. "end" is the
end of the run, "beat" says that the line is alive.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from time import monotonic
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from seglab.train.failure import sentence
from seglab.train.store import Point
from seglab.ui.curves import rows
from seglab.ui.live_reader import Channel, News, Reader, Viewer
from seglab.ui.seen import INSIDE, PREDICTIONS, figures

BEAT = 15.0  # seconds of silence after which a sign of life is sent
PATIENCE = 20.0  # seconds after which a viewer who takes nothing is dropped
RETRY = 2000  # milliseconds after which a browser comes back
KEPT = 15.0  # seconds for which a picture may be fetched once it was last spoken of
RUN = re.compile(r"[A-Za-z0-9_]{1,32}")
HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
FULL = "Too many watch already: try again in a minute."
UNKNOWN = "There is no run of that name: its link has letters and digits only."
PASSED = "This picture is no longer kept: newer ones have come."

_reader = Reader()
_served = False


def served() -> bool:
    """Whether this process tells browsers of runs; not under plain `streamlit run`."""
    return _served


def crowded() -> bool:
    """Whether so many watch that no more are told."""
    return _served and _reader.full


def routes() -> list[Route]:
    """Where runs are told: the stream, and the pictures."""
    global _served
    _served = True
    return [Route("/live/{run}", Stream(lambda: _reader)), Route("/live/{run}/{name}.png", picture)]


@asynccontextmanager
async def streams(app: object) -> AsyncIterator[None]:
    """While the server lives: streams end as soon as it is told to stop, which otherwise would wait for them for ever."""
    global _reader
    reader = _reader = Reader()
    loop, before = asyncio.get_running_loop(), dict[int, Any]()

    def ending(then: Any) -> Callable[[int, Any], None]:
        def end(given: int, frame: Any) -> None:
            loop.call_soon_threadsafe(reader.close)
            if callable(then):
                then(given, frame)

        return end

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            before[int(number)] = signal.getsignal(number)
            signal.signal(number, ending(before[int(number)]))
    try:
        yield
    finally:
        for given, then in before.items():
            signal.signal(given, then)
        reader.close()


class Stream:
    """The stream of a run, as an ASGI application; `reader` says who reads now."""

    def __init__(self, reader: Callable[[], Reader]) -> None:
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, reader = Request(scope, receive), self._reader()
        identity = request.path_params["run"]
        refused = _refusal(request, reader, identity)
        if refused:
            await refused(scope, receive, send)
            return
        viewer = Viewer()
        channel = reader.join(identity, viewer)
        watching = asyncio.create_task(_until_gone(receive, viewer))
        try:
            while not (channel.news or channel.missing or channel.over or viewer.gone):
                await _woken(viewer)
            if channel.news is None:
                told, status = (sentence(channel.missing), 404) if channel.missing else (FULL, 503)
                await PlainTextResponse(told, status)(scope, receive, send)
                return
            await _tell(channel, viewer, send, request)
        except TimeoutError:
            await _drop(receive, watching)
        finally:
            watching.cancel()
            reader.leave(channel, viewer)


def _refusal(request: Request, reader: Reader, identity: str) -> Response | None:
    if request.method not in ("GET", "HEAD"):
        return PlainTextResponse("A run is watched with GET.", 405, {"Allow": "GET"})
    if not RUN.fullmatch(identity):
        return PlainTextResponse(UNKNOWN, 404)
    if reader.full:
        return PlainTextResponse(FULL, 503, {"Retry-After": "60"})
    return Response(headers=HEADERS) if request.method == "HEAD" else None


async def _until_gone(receive: Receive, viewer: Viewer) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    viewer.gone = True
    viewer.woken.set()


async def _woken(viewer: Viewer) -> bool:
    """Wait for news; False after a silence."""
    try:
        async with asyncio.timeout(BEAT):
            await viewer.woken.wait()
    except TimeoutError:
        return False
    viewer.woken.clear()
    return True


async def _tell(channel: Channel, viewer: Viewer, send: Send, request: Request) -> None:
    """All news until the viewer is gone or the run has ended. Raises TimeoutError for a viewer who takes nothing."""

    async def write(body: bytes, more: bool = True) -> None:
        async with asyncio.timeout(PATIENCE):
            await send({"type": "http.response.body", "body": body, "more_body": more})

    headers = [(name.lower().encode(), text.encode()) for name, text in HEADERS.items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    view = INSIDE if request.query_params.get("view") == INSIDE else PREDICTIONS
    looked_at = view, request.query_params.get("block", "")[:40]
    known = _known(channel.news, request.headers.get("last-event-id") or request.query_params.get("after", ""))
    await write(f"retry: {RETRY}\n\n".encode())
    while not (viewer.gone or channel.over):
        news = channel.news
        if news is not known:
            await write(_message(channel, known, looked_at))
            known = news
        elif news and news.ended:
            await write(b"event: end\ndata: {}\n\n")
            break
        elif not await _woken(viewer):
            await write(b"event: beat\ndata: {}\n\n")
    await write(b"", more=False)


async def _drop(receive: Receive, watching: asyncio.Task[None]) -> None:
    """Cut the line to a viewer who takes nothing. Without this the connection would stay until all that was written is read."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        await asyncio.wait([watching], timeout=1)


# -- messages ----------------------------------------------------------------------------------------------------------


def mark(point: Point | None) -> str:
    """The id of a message that tells up to this point; a point that is made again, or gets its mean IoU, has another.

    >>> mark(Point(12, 3.25, loss=0.5)), mark(Point(12, 3.25, loss=0.5, mean_iou=0.7))
    ('12@3.2500', '12@3.2500i')
    """
    return f"{point.step}@{point.seconds:.4f}{'' if point.mean_iou is None else 'i'}" if point else "0@0"


def _known(news: News | None, told: str) -> News | None:
    """What a viewer knows who was told up to the message of that id: points only. None where they are not the run's any more."""
    step = told.split("@")[0]
    if news is None or not (step.isascii() and step.isdigit() and len(step) < 10):
        return None
    at = bisect_left(news.points, int(step), hi=news.count, key=lambda point: point.step)
    if at == news.count or mark(news.points[at]).rstrip("i") != told.rstrip("i"):
        return None
    last = news.points[at] if mark(news.points[at]) == told else None
    return replace(news, revision=-2 - at, count=at + 1, last=last, facts="", stage="", trouble="", snapshot=None)


def _message(channel: Channel, known: News | None, looked_at: tuple[str, str]) -> bytes:
    """The newest news for a viewer with this knowledge; all with the same share one message."""
    news = channel.news
    assert news
    key = (news.revision, known.revision if known else -1, known is not None and known.last is None, looked_at)
    if channel.told and next(iter(channel.told))[0] != news.revision:
        channel.told.clear()
    if key not in channel.told:
        data = json.dumps(_changes(channel, known, news, looked_at), ensure_ascii=False, separators=(",", ":"))
        channel.told[key] = f"id: {mark(news.last)}\ndata: {data}\n\n".encode()
    return channel.told[key]


def _changes(channel: Channel, known: News | None, news: News, looked_at: tuple[str, str]) -> dict[str, Any]:
    same = known is not None and known.points is news.points
    first = known.count - (known.count > 0 and known.points[known.count - 1] != known.last) if same and known else 0
    told: dict[str, Any] = {"points": rows(news.points[first : news.count])}
    if not same:
        told["all"] = True
    for name in ("facts", "stage", "trouble"):
        if known is None or getattr(known, name) != getattr(news, name):
            told[name] = getattr(news, name)
    if news.snapshot and (known is None or known.snapshot is not news.snapshot):
        told["pictures"] = {"within": round(channel.spread, 2), "shown": _pictures(channel, news, looked_at)}
    return told


def _pictures(channel: Channel, news: News, looked_at: tuple[str, str]) -> list[dict[str, Any]]:
    """What is shown of the newest snapshot: where to fetch it, and its words."""
    assert news.snapshot
    told, (view, block) = [], looked_at
    for figure in figures(news.snapshot, news.known, view, block):
        source = f"{figure.name}-{news.marks[figure.changes]:08x}" + (f"-{block.replace(' ', '-')}" if figure.name == "maps" else "")
        _album.put(f"{channel.identity}/{source}", figure.draw)
        told.append({"src": f"live/{channel.identity}/{source}.png", "caption": figure.caption, "alt": figure.alt, "wide": figure.wide})
    return told


# -- pictures ----------------------------------------------------------------------------------------------------------


class Plate:
    """A picture that is drawn once, for the first who wants it."""

    def __init__(self, draw: Callable[[], bytes]) -> None:
        self._draw: Callable[[], bytes] | None = draw
        self._guard = threading.Lock()
        self.spoken_of = 0.0
        self.made = b""

    def png(self) -> bytes:
        """The file. Safe to call from any thread."""
        with self._guard:
            if self._draw:
                self.made, self._draw = self._draw(), None  # what it was drawn from need not be kept
        return self.made


class Album:
    """The pictures that were spoken of lately."""

    def __init__(self) -> None:
        self._plates: OrderedDict[str, Plate] = OrderedDict()

    def put(self, name: str, draw: Callable[[], bytes]) -> None:
        """Have a picture at hand for a while; one of that name is not drawn again."""
        plate = self._plates.setdefault(name, Plate(draw))
        plate.spoken_of = monotonic()
        self._plates.move_to_end(name)
        while plate.spoken_of - next(iter(self._plates.values())).spoken_of > KEPT:
            self._plates.popitem(last=False)

    def get(self, name: str) -> Plate | None:
        """The picture of that name."""
        return self._plates.get(name)

    def names(self) -> Sequence[str]:
        """All that are kept."""
        return tuple(self._plates)


_album = Album()


async def picture(request: Request) -> Response:
    """One picture; its name changes with what it shows, so browsers and proxies may keep it."""
    plate = _album.get(f"{request.path_params['run']}/{request.path_params['name']}")
    if plate is None:
        return PlainTextResponse(PASSED, 404)
    made = plate.made or await to_thread.run_sync(plate.png)
    return Response(made, media_type="image/png", headers={"Cache-Control": "public, max-age=3600, immutable"})
