"""Connections that ask for nothing, take nothing, or flood: what no middleware sees, since it happens below it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from seglab.ui.rates import Bucket

SWEEP = 5  # seconds between two looks at all connections
UNASKED = 10.0  # seconds that a connection has for sending a whole request
AFTER_CLOSE = 1 << 16  # bytes that are read once a socket is closed, for the answer to that
CONTROL, CONTROL_AT_ONCE = 10.0, 60  # pings, pongs and pieces of frames a second


class Socket(WebSocketsSansIOProtocol):
    """A socket that does not answer floods: of pings, of empty pieces, or of anything after it was closed."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.control = Bucket(CONTROL, CONTROL_AT_ONCE)
        self.after = 0

    def data_received(self, data: bytes) -> None:
        """Take bytes, but not for ever from whoever was told to go."""
        if self.close_sent:
            self.after += len(data)
            if self.after > AFTER_CLOSE:
                self.transport.pause_reading()
                self.loop.call_later(1, self.transport.abort)  # by then the reason has been read
                return
        super().data_received(data)

    def pause_writing(self) -> None:
        """Where nobody reads the answers, no more is read either."""
        super().pause_writing()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on reading, unless a message waits for the app."""
        super().resume_writing()
        if not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def handle_ping(self) -> None:
        """Answer a ping."""
        if self._counted():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Take a pong."""
        if self._counted():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        """Take a further piece of a message."""
        if self._counted():
            super().handle_cont(event)

    def _counted(self) -> bool:
        if self.close_sent or self.transport.is_closing():
            return False
        if self.control.take():
            return True
        self.conn.fail(1008, f"Too many control frames: at most {CONTROL:g} a second.")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(1, self.transport.abort)
        return False


class Sweeper:
    """Looks at all connections now and then, and lets go of those that are stuck."""

    def __init__(self) -> None:
        self._seen: WeakKeyDictionary[Any, tuple[float, int]] = WeakKeyDictionary()  # since when without a request; bytes not taken

    def sweep(self, connections: Iterable[Any]) -> int:
        """Abort those that sent no whole request in time, and those that took nothing since the last look; how many there were."""
        now, stuck = time.monotonic(), 0
        for connection in list(connections):
            since, left = self._seen.get(connection, (now, 0))
            size = connection.transport.get_write_buffer_size()
            since = since if unasked(connection) else now
            self._seen[connection] = since, size
            if now - since > UNASKED or (left and size >= left):
                connection.transport.abort()
                stuck += 1
        return stuck


def unasked(connection: Any) -> bool:
    """Whether an HTTP connection is open without a whole request, or with a half of its next one."""
    if not hasattr(connection, "cycle"):
        return False  # a socket: uvicorn pings it, and the guard waits for its first frame
    if connection.cycle is None:
        return True
    return bool(connection.cycle.response_complete) and connection.timeout_keep_alive_task is None


def many_files() -> None:
    """Let this process have as many connections as the system allows: often 1,024 are taken where many more may be."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
