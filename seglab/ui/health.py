"""What a proxy, a container or a person asks to know whether this server is well: ``/healthz``."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import seglab
from seglab.train.jobs import workers
from seglab.train.store import Store
from seglab.ui.guard import Door


def health(door: Door) -> dict[str, Any]:
    """How the server is: visitors, open runs by status, whether there is a process to train in (if not, one is started), and version.

    `problem` says what is wrong, and is missing where nothing is.
    """
    told: dict[str, Any] = {"status": "ok", "version": seglab.__version__, "sessions": door.sessions, "most_sessions": door.limits.sessions}
    told["workers"] = workers().pid is not None
    if not told["workers"]:
        told["problem"] = "no process to train in was there; one is starting" if not workers().closed else "the server is stopping"
        if not workers().closed:
            workers().start()
    try:
        store = Store()
        told["runs"] = {status: len(store.with_status(status)) for status in ("queued", "starting", "running", "paused")}
    except (OSError, sqlite3.Error, RuntimeError) as error:
        told["problem"] = f"the store of runs cannot be read: {error}"
    if "problem" in told:
        told["status"] = "unwell"
    return told


def healthz(door: Door) -> Callable[[Request], Response]:
    """The answer at ``/healthz``: 200 where all is well, else 503. Runs in a thread, since it reads the store."""

    def answer(request: Request) -> Response:
        told = health(door)
        return JSONResponse(told, 200 if told["status"] == "ok" else 503, {"Cache-Control": "no-store"})

    return answer
