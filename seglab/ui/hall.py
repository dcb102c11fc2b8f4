"""`seglab serve`: the app for a hall. The same app as on a laptop, run so that many can come, and so that its end loses nothing."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from signal import SIGTERM, signal
from typing import Any

import uvicorn
from streamlit import config

from seglab.train.jobs import leave
from seglab.train.store import Store
from seglab.ui.collecting import collect_seldom
from seglab.ui.connections import SWEEP, Socket, Sweeper
from seglab.ui.guard import Limits
from seglab.ui.headers import checked_ancestors
from seglab.ui.room import MIB
from seglab.ui.server import begin, make_app

SAVING = 25.0  # seconds that trainings have for saving at the end, below the 30 s after which most systems kill
GOING = 5  # seconds that answers under way have at the end
PING = 30.0  # seconds between two pings of a socket; as long again for its answer
log = logging.getLogger("seglab")


@dataclass(frozen=True)
class Hall:
    """How a hall is served. `upload_memory` is in megabytes. `proxy` are addresses or networks whose X-Forwarded-For is believed."""

    host: str = "127.0.0.1"
    port: int = 8501
    sessions: int = Limits.sessions
    per_address: int = Limits.per_address
    upload_memory: int = Limits.uploads // MIB
    ancestors: Sequence[str] = ("self",)
    proxy: Sequence[str] = ("127.0.0.1",)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port={self.port} is out of range: 1 to 65535, or 0 for a free one")
        for name in ("sessions", "per_address", "upload_memory"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name.replace('_', '-')}={getattr(self, name)} is too few: at least 1")
        checked_ancestors(self.ancestors)


class HallServer(uvicorn.Server):
    """Uvicorn's server, which at its end lets trainings save while the last answers go out, and lets go of stuck connections before."""

    def __init__(self, settings: uvicorn.Config, store: Store) -> None:
        super().__init__(settings)
        self.store, self.sweeper = store, Sweeper()
        settings.callback_notify, settings.timeout_notify = self._sweep, SWEEP

    async def _sweep(self) -> None:
        if stuck := self.sweeper.sweep(self.server_state.connections):
            log.info("%d connections were let go: they asked for nothing, or took nothing", stuck)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End: no new visitors, and a saved run for every training."""
        saving = threading.Thread(target=self._save, name="save")
        saving.start()
        await super().shutdown(sockets)
        saving.join()

    def _save(self) -> None:
        late = leave(self.store, SAVING)
        for run in late:
            print(f"seglab: run {run} was not saved within {SAVING:g} s; its last checkpoint is there", file=sys.stderr)
        print("seglab: stopped; trainings that were under way are saved and can be resumed" if not late else "seglab: stopped", flush=True)


def serve_hall(hall: Hall) -> None:
    """Serve until a signal. SIGTERM ends it in order, with status 0."""
    store = begin()
    limits = Limits(sessions=hall.sessions, per_address=hall.per_address, uploads=hall.upload_memory * MIB)
    app = make_app(limits, checked_ancestors(hall.ancestors))
    config.set_option("server.headless", True)
    listening = bound(hall.host, hall.port)
    port = listening.getsockname()[1]
    config.set_option("server.port", port)
    settings = uvicorn.Config(app, host=hall.host, port=port, **uvicorn_settings(hall, limits))
    collect_seldom()
    signal(SIGTERM, lambda *_: None)  # uvicorn raises the signal once more when all is done, which is no failure
    where = f"[{hall.host}]" if ":" in hall.host else hall.host
    print(f"seglab: serving at http://{where}:{port}, {limits.sessions} visitors at a time", flush=True)
    with suppress(KeyboardInterrupt):
        HallServer(settings, store).run(sockets=[listening])


def uvicorn_settings(hall: Hall, limits: Limits) -> dict[str, Any]:
    """What uvicorn is told besides the app and its address."""
    return {
        "ws": Socket,
        "ws_max_size": 4 * limits.frame,  # the guard says more clearly what is too large; this bounds what it has to read for that
        "ws_ping_interval": PING,
        "ws_ping_timeout": PING,
        "ws_per_message_deflate": bool(config.get_option("server.enableWebsocketCompression")),
        "forwarded_allow_ips": list(hall.proxy),
        "server_header": False,
        "access_log": False,
        "use_colors": False,
        "log_level": "warning",
        "timeout_graceful_shutdown": GOING,
    }


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises OSError with the address where that cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        if os.name != "nt":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if host == "::":
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise OSError(f"{host}:{port} cannot be served at: {error.strerror or error}") from None
    listening.setblocking(False)
    return listening
