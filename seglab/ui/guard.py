"""The guard at the door: who comes in, how much they may ask for, and a sentence for whoever asks for more.

An ASGI middleware in front of Streamlit's socket. It reads each frame that a visitor sends: what no visitor has any business with (emptying
everybody's caches, above all) is dropped, what is no frame of Streamlit's is refused, and reruns that come faster than a hand can ask
for them are joined. Nobody else notices.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from seglab.ui.collecting import Collector
from seglab.ui.rates import Bucket, Held
from seglab.ui.refused import refuse_page
from seglab.ui.room import Room
from seglab.ui.turns import Turn, Turns, is_last

SOCKET, UPLOAD, WATCHED = "/_stcore/stream", "/_stcore/upload_file/", "/live/"
ASKED_BEFORE = (
    "/_stcore/health"  # by a page before its socket; one that came just before the last place was taken shows the sentence, and tries again
)
HIDDEN = ("/_stcore/metrics",)  # what of Streamlit's addresses is nobody's business
RERUN = "rerun_script"
WANTED = (RERUN, "stop_script", "app_heartbeat", "file_urls_request")
WANTED_OPERATIONS = ("deferred_file", "dataframe_chunk")
WIDGET = "$$"  # what ids of widgets begin with; Streamlit raises for some others
POLICY, TOO_BIG, PROTOCOL, LATER = 1008, 1009, 1002, 1013  # close codes of RFC 6455 and its registry
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What the server takes."""

    sessions: int = 500  # visitors at a time
    per_address: int = 400  # of these from one address, which may be a whole hall's
    reruns: float = 10.0  # a second, of one visitor
    reruns_at_once: int = 30
    frames: float = 60.0  # a second, of one visitor; more is no hand and no browser
    frames_at_once: int = 300
    frame: int = 512 * 1024  # bytes of one frame
    address: int = 8000  # characters of an address with its query, as nginx takes them too
    uploads: int = 512 * 2**20  # bytes of all files that people have brought
    files: int = 100  # names in one request for upload addresses
    patience: float = 3.0  # seconds that somebody waits at the door for a place
    silence: float = 30.0  # seconds until a socket's first frame


class Door:
    """Counts who is in, in all and by address."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.inside: Counter[str] = Counter()
        self._left = asyncio.Event()

    @property
    def sessions(self) -> int:
        """Visitors that are in."""
        return self.inside.total()

    def full_for(self, address: str) -> str:
        """Why nobody more can come in from an address; empty where somebody can."""
        if self.sessions >= self.limits.sessions:
            return f"This server takes {self.limits.sessions} visitors at a time and is full: a place may be free in a minute."
        if self.inside[address] >= self.limits.per_address:
            return f"This server takes {self.limits.per_address} visitors at a time from one network address, and yours has as many."
        return ""

    async def enter(self, address: str) -> str:
        """Come in, waiting a little for a place: a page that is loaded anew leaves its old one late. Returns why not, or nothing."""
        until = asyncio.get_running_loop().time() + self.limits.patience
        while full := self.full_for(address):
            self._left.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._left.wait()
            except TimeoutError:
                return full
        self.inside[address] += 1
        return ""

    def leave(self, address: str) -> None:
        """Go out."""
        self.inside[address] -= 1
        if not self.inside[address]:
            del self.inside[address]
        self._left.set()


class Refusal(Exception):  # noqa: N818
    """Why a socket is closed, with its close code; the reason fits into a close frame (123 bytes)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Guard:
    """ASGI middleware: bounds addresses and visitors, and reads what comes through the socket."""

    def __init__(self, app: ASGIApp, limits: Limits, door: Door) -> None:
        self.app, self.limits, self.door, self.turns = app, limits, door, Turns()
        self.collector = Collector(lambda: self.turns.out > 0)
        self.room, self.watching = Room(limits.uploads), Counter[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = length_of(scope)
        if length > self.limits.address:
            told = f"This address has {length} characters: at most {self.limits.address} are taken. A shorter link leads to the page."
            await refuse_page(414, told, scope, send)
        elif scope["path"] in HIDDEN:
            await refuse_page(404, "There is nothing at this address.", scope, send)
        elif (scope["path"] == ASKED_BEFORE or is_page(scope)) and (full := self.door.full_for(network_of(scope))):
            await refuse_page(503, full, scope, send, again=10, bare=scope["path"] == ASKED_BEFORE)
        elif scope["path"].startswith(UPLOAD) and scope["method"] == "PUT":
            await self._upload(scope, receive, send)
        elif scope["path"].startswith(WATCHED) and not scope["path"].endswith(".png"):
            await self._watch(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = dict(scope["headers"]).get(b"content-length", b"")
        if not length.isdigit():
            await refuse_page(411, "An upload has to say how long it is, in Content-Length.", scope, send)
        elif full := self.room.none_for(int(length)):
            await refuse_page(507, full, scope, send)
        else:
            with self.room.taken(int(length)):
                await self.app(scope, receive, send)

    async def _watch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A stream of a run, of which one address may have as many as visitors."""
        address = network_of(scope)
        if self.watching[address] >= self.limits.per_address:
            told = f"From one network address {self.limits.per_address} may watch at a time, and yours has as many."
            await refuse_page(503, told, scope, send, again=60)
            return
        self.watching[address] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.watching[address] -= 1
            self.watching += Counter()  # forgets those of whom nobody is left

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != SOCKET or length_of(scope) > self.limits.address:
            await receive()
            await send({"type": "websocket.close"})  # before it was opened: 403
            return
        address = network_of(scope)
        if full := await self.door.enter(address):
            await turn_away(scope, receive, send, full)
            return
        watched = Watched(self.limits, self.turns, receive, send)
        try:
            await self.app(scope, watched.receive, watched.send)
        finally:
            self.door.leave(address)
            watched.end()
            self.collector.left(self.door.sessions)


class Watched:
    """One visitor's socket: what it says is read before Streamlit hears it."""

    def __init__(self, limits: Limits, turns: Turns, receive: Receive, send: Send) -> None:
        self.limits, self.turns, self._receive, self._send = limits, turns, receive, send
        self.reruns = Bucket(limits.reruns, limits.reruns_at_once)
        self.frames = Bucket(limits.frames, limits.frames_at_once)
        self.held = Held()
        self.spoken = self.closed = False
        self._coming: asyncio.Task[Message] | None = None
        self._turn: Turn | None = None

    async def receive(self) -> Message:
        """The next message for Streamlit: one that it may have, or the end."""
        while True:
            if self.held and self.reruns.take():
                return await self._at_its_turn(frame(self.held.waiting.popleft()))
            try:
                message = await self._next(self.reruns.wait() if self.held else None)
                if message is None:
                    continue
                if message["type"] != "websocket.receive":
                    return message
                if (what := self._read(message)) is not None:
                    return await self._at_its_turn(message) if what == RERUN else message
            except Refusal as refusal:
                return await self._close(refusal)

    async def _next(self, seconds: float | None) -> Message | None:
        """What comes next, None where nothing has within so long."""
        if seconds is None and self._coming is None:
            if self.spoken:
                return await self._receive()
            try:
                async with asyncio.timeout(self.limits.silence):
                    return await self._receive()
            except TimeoutError:
                raise Refusal(POLICY, f"No request came within {self.limits.silence:g} s.") from None
        if self._coming is None:
            self._coming = asyncio.ensure_future(self._receive())
        done, _ = await asyncio.wait({self._coming}, timeout=seconds)
        if not done:
            return None
        coming, self._coming = self._coming, None
        return coming.result()

    async def _at_its_turn(self, message: Message) -> Message:
        """A request to rerun, once it is this visitor's turn. Whoever has one and asks again goes on with it."""
        if self._turn is None or self._turn.over:
            self._turn = await self.turns.take()
        return message

    def _read(self, message: Message) -> str | None:
        """What a frame asks for that Streamlit may have now; None where it is dropped, or held for later."""
        if not self.frames.take():
            raise Refusal(POLICY, f"Too many requests: at most {self.limits.frames:g} a second.")
        asked = read(message, self.limits)
        self.spoken = True
        what = asked.WhichOneof("type")
        if not wanted(asked):
            return None
        if what != RERUN or (not self.held and self.reruns.take()):
            return str(what)
        if not self.held.add(asked):
            raise Refusal(POLICY, f"Too many requests: at most {self.limits.reruns:g} reruns a second.")
        return None

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Pass on what Streamlit says, as long as somebody listens."""
        if not self.closed:
            await self._send(message)
        if self._turn is not None and is_last(message.get("bytes") or b""):
            self._turn.give_back()

    async def _close(self, refusal: Refusal) -> Message:
        """Tell the visitor why, and Streamlit that the visitor is gone."""
        if not self.closed:
            self.closed = True
            log.warning("A socket was closed: %s", refusal.reason)
            await self._send({"type": "websocket.close", "code": refusal.code, "reason": refusal.reason})
        return {"type": "websocket.disconnect", "code": refusal.code}

    def end(self) -> None:
        """Leave nothing waiting."""
        if self._coming is not None:
            self._coming.cancel()
        if self._turn is not None:
            self._turn.give_back()


def read(message: Message, limits: Limits) -> BackMsg:
    """What a frame asks for. Raises Refusal for one that no browser of ours sends."""
    data = message.get("bytes")
    if data is None:
        raise Refusal(PROTOCOL, "Text frames are not taken: a BackMsg is binary.")
    if len(data) > limits.frame:
        raise Refusal(TOO_BIG, f"A frame of {len(data)} bytes is too large: at most {limits.frame} are taken.")
    asked = BackMsg()
    try:
        asked.ParseFromString(data)
    except DecodeError:
        raise Refusal(PROTOCOL, f"A frame of {len(data)} bytes is not a BackMsg.") from None
    if asked.WhichOneof("type") is None:
        raise Refusal(PROTOCOL, f"A frame of {len(data)} bytes is a BackMsg that asks for nothing.")
    if len(asked.rerun_script.query_string) > limits.address:
        raise Refusal(POLICY, f"The address is too long: at most {limits.address} characters are taken.")
    if any(not widget.id.startswith(WIDGET) for widget in asked.rerun_script.widget_states.widgets):
        raise Refusal(PROTOCOL, "A widget's state has no id of Streamlit's.")
    if len(asked.file_urls_request.file_names) > limits.files:
        raise Refusal(POLICY, f"Too many files at once: at most {limits.files} are taken.")
    return asked


def wanted(asked: BackMsg) -> bool:
    """Whether a visitor has any business with this."""
    what = asked.WhichOneof("type")
    if what == "backend_operation_request":
        return asked.backend_operation_request.WhichOneof("payload") in WANTED_OPERATIONS
    return what in WANTED


def frame(asked: BackMsg) -> Message:
    """A request as it comes through the socket."""
    return {"type": "websocket.receive", "bytes": asked.SerializeToString()}


async def turn_away(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    """Close a socket with a reason, which a browser hears only of one that was opened."""
    if (await receive())["type"] != "websocket.connect":
        return
    protocols = scope.get("subprotocols") or [None]
    await send({"type": "websocket.accept", "subprotocol": protocols[0]})
    await send({"type": "websocket.close", "code": LATER, "reason": why})


def length_of(scope: Scope) -> int:
    """The length of the address that is asked for, with its query."""
    return len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])


def is_page(scope: Scope) -> bool:
    """Whether a request is for a page, not for a file or an answer of a page that is open.

    >>> [is_page({"method": "GET", "path": path}) for path in ("/", "/fcn", "/static/js/a.js", "/_stcore/health", "/healthz")]
    [True, True, False, False, False]
    """
    first = scope["path"].strip("/").split("/")[0]
    return scope["method"] == "GET" and "." not in first and first not in ("_stcore", "static", "media", "cards", "component", "healthz")


def network_of(scope: Scope) -> str:
    """Whose request this is: an IPv4 address, or the first half of an IPv6 address, of which a household has many.

    >>> network_of({"client": ("10.0.0.7", 5)}), network_of({"client": ("2001:db8::7", 5)}), network_of({"client": None})
    ('10.0.0.7', '2001:db8::/64', '')
    """
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ip_address(host.split("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)
