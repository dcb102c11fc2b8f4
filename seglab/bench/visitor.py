"""A visitor without a browser: what Streamlit's page asks of the server and says to it, over a real WebSocket, as cheaply as it can be.

The order was read off a browser: the page, ``/_stcore/health`` and ``/_stcore/host-config``; then the socket with its subprotocols, and on
it a `rerun_script` that names page and query string. A page is *painted* when the server says that its script has finished. Files (scripts,
styles, fonts) are not fetched: a browser has them after its first visit.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
ASKED = ("/_stcore/health", "/_stcore/host-config")  # after the page itself and before the socket
TRIGGER = "$$STREAMLIT_INTERNAL_KEY_{}__events"  # the widget that tells of a component's events, by the component's id


class VisitError(RuntimeError):
    """What a visitor must not meet: a refusal, an exception on the page, a socket that closes."""


class Visitor(asyncio.Protocol):
    """One tab of a browser on the page called `page`, at the server `address` (``http://host:port``).

    `hear` is told of every message that the server sends. What went wrong is raised by `visit`, `settle` and `again`.
    """

    def __init__(self, address: str, page: str, hear: Callable[[ForwardMsg], None] | None = None) -> None:
        self.address, self.page, self.hear = address, page, hear
        self.query, self.page_hash, self.cookie = "", "", ""
        self.stage, self.around = "", ""  # the id of the stage on the page, and of the part of the page that is drawn anew with it
        self.fragment, self.interval = "", 0.0  # the part of the page that renews itself, and how often
        self.messages = self.bytes = self.settles = 0
        self.transport: asyncio.Transport | None = None
        self._waited: asyncio.Future[float] | None = None

    # What a visitor does

    async def visit(self, query: dict[str, str] | None = None) -> float:
        """Seconds from the first request until the page is painted."""
        began = time.perf_counter()
        self.query = urlencode(query or {})
        await self._get(f"/{self.page}" + (f"?{self.query}" if self.query else ""))
        for path in ASKED:
            await self._get(path)
        await self._connect()
        return await self._rerun(lambda message: setattr(message.rerun_script, "page_name", self.page)) - began

    async def settle(self, link: dict[str, str]) -> float:
        """The stage comes to rest in the state of `link`: seconds from telling the server until its script has finished."""
        if not self.stage:
            raise VisitError(f"/{self.page} has no stage that could settle")
        self.settles += 1
        told = json.dumps([{"event": "settle", "value": {"id": self.settles, "link": urlencode(link)}}])

        def say(message: BackMsg) -> None:
            message.rerun_script.page_script_hash = self.page_hash
            message.rerun_script.fragment_id = self.around
            message.rerun_script.widget_states.widgets.add(id=TRIGGER.format(self.stage), json_trigger_value=told)

        began = time.perf_counter()
        return await self._rerun(say) - began

    async def again(self) -> float:
        """The part of the page that renews itself does so: seconds until it has."""

        def say(message: BackMsg) -> None:
            message.rerun_script.page_script_hash = self.page_hash
            message.rerun_script.fragment_id = self.fragment
            message.rerun_script.is_auto_rerun = True

        began = time.perf_counter()
        return await self._rerun(say) - began

    def leave(self) -> None:
        """Close the tab."""
        self.hear = None
        if self.transport is not None:
            self._waited = None
            self._socket.send_close(1001)
            self._send()
            self.transport.close()

    # How it is said

    async def _get(self, path: str) -> bytes:
        """The body that the server answers with; keeps the cookie by which the socket is trusted."""
        place = urlsplit(self.address)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        try:
            lines = [f"GET {path} HTTP/1.1", f"Host: {place.netloc}", "Accept-Encoding: gzip", "Connection: close"]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            answer = await reader.read(-1)
        finally:
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *headers = head.decode("latin-1").split("\r\n")
        if " 200" not in first:
            raise VisitError(f"GET {path}: {first or 'no answer'}")
        for line in headers:
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie" and value.strip().startswith("_streamlit_xsrf="):
                self.cookie = value.strip().split(";")[0]
        return body

    async def _connect(self) -> None:
        place = urlsplit(self.address)
        spoken = [Subprotocol("streamlit"), *([Subprotocol(self.cookie.partition("=")[2].strip('"'))] if self.cookie else [])]
        where = parse_uri(f"ws://{place.netloc}/_stcore/stream")
        self._socket = ClientProtocol(where, origin=Origin(self.address), max_size=None)
        request = self._socket.connect()
        # The second name is a token with signs that a subprotocol may not have, so the library would refuse to write it.
        request.headers["Sec-WebSocket-Protocol"] = ", ".join(spoken)
        self._socket.available_subprotocols = spoken
        if self.cookie:
            request.headers["Cookie"] = self.cookie
        loop = asyncio.get_running_loop()
        self._open: asyncio.Future[None] = loop.create_future()
        self.transport, _ = await loop.create_connection(lambda: self, place.hostname or "", place.port or 80)
        self._socket.send_request(request)
        self._send()
        await self._open

    async def _rerun(self, say: Callable[[BackMsg], None]) -> float:
        """Ask for a run of the script; the moment at which it has finished."""
        if self.transport is None or self.transport.is_closing():
            raise VisitError(f"the server has closed the socket of /{self.page}")
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.widget_states.SetInParent()
        about = message.rerun_script.context_info
        about.timezone, about.locale, about.url, about.color_scheme = "UTC", "en-GB", f"{self.address}/{self.page}", "light"
        say(message)
        self._waited = asyncio.get_running_loop().create_future()
        self._socket.send_binary(message.SerializeToString())
        self._send()
        return await self._waited

    def _send(self) -> None:
        assert self.transport is not None
        for data in self._socket.data_to_send():
            if data:
                self.transport.write(data)

    # What it hears

    def data_received(self, data: bytes) -> None:
        self._socket.receive_data(data)
        for event in self._socket.events_received():
            if isinstance(event, Response):
                self._answered(event)
            elif isinstance(event, Frame) and event.opcode is Opcode.BINARY:
                self._take(bytes(event.data))
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        why = self._socket.close_exc if self._socket.parser_exc is None and self._socket.eof_sent else error
        self._fail(f"the server closed the socket of /{self.page}: {why or 'without a word'}")

    def _answered(self, answer: Response) -> None:
        if self._socket.handshake_exc is not None:
            self._fail(f"the server refused the socket of /{self.page}: {answer.status_code} {answer.reason_phrase}")
        elif not self._open.done():
            self._open.set_result(None)

    def _take(self, data: bytes) -> None:
        message = ForwardMsg.FromString(data)
        self.messages += 1
        self.bytes += len(data)
        kind = message.WhichOneof("type")
        if kind == "delta":
            self._look(message)
        elif kind == "script_finished" and message.script_finished in DONE:
            if self._waited is not None and not self._waited.done():
                self._waited.set_result(time.perf_counter())
        elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self._fail(f"/{self.page}: the script cannot be read")
        elif kind == "navigation":
            self.page_hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "page_not_found":
            self._fail(f"/{self.page} is no page of the server")
        elif kind == "auto_rerun":
            self.fragment, self.interval = message.auto_rerun.fragment_id, message.auto_rerun.interval
        if self.hear is not None:
            self.hear(message)

    def _look(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "bidi_component" and element.bidi_component.component_name == "seglab.stage":
            self.stage, self.around = element.bidi_component.id, message.delta.fragment_id
        elif kind == "exception":
            self._fail(f"/{self.page} shows an exception: {element.exception.type}: {element.exception.message}")

    def _fail(self, why: str) -> None:
        waiting: list[asyncio.Future[Any] | None] = [self._waited, getattr(self, "_open", None)]
        for future in waiting:
            if future is not None and not future.done():
                future.set_exception(VisitError(why))
