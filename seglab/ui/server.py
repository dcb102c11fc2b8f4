"""The server: Streamlit's own, with the first page told where it is served from, and with what `packed`, `headers` and `guard` put in
front of it. `serve` is for one person's laptop, `hall.py` for a hall."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager

from seglab.lessons import LESSONS
from seglab.lessons.path import PATH, TRAIN
from seglab.stage.bundle import bundle
from seglab.train.housekeeper import keep_house
from seglab.train.jobs import take_up, workers
from seglab.train.store import Store
from seglab.ui import live, static
from seglab.ui.collecting import collect_seldom
from seglab.ui.connections import many_files
from seglab.ui.files import app_script, serve_cards
from seglab.ui.guard import Door, Guard, Limits
from seglab.ui.headers import Headers, page_policy
from seglab.ui.health import healthz
from seglab.ui.packed import ASK, FOREVER, Packed, pack, send_packed

STAGE_PAGES = tuple(LESSONS)
PAGES = ("", *PATH, "words", "decks", "privacy", "playlist")
STAGE, LIVE = (f"_stcore/bidi-components/seglab.{name}/v1" for name in ("stage", "live"))


@cache
def stage_script() -> tuple[str, str]:
    """The stage's modules as one file, and its name, which changes with it: a browser may keep it for ever."""
    source = bundle("stage")
    return f"stage.{sha256(source.encode()).hexdigest()[:12]}.js", source


@cache
def first_page(name: str) -> str:
    """Streamlit's page with our title, the server's address (which it would otherwise guess from the page's own and miss), one file for
    the stage's many, and, where there is a stage, that file fetched beside Streamlit's own instead of once those have run."""
    plain = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    script = f"./{stage_script()[0]}"
    joined = json.dumps({"imports": {f"./{STAGE}/stage.js": script}})
    told = [f'<script type="importmap">{joined}</script>', "<script>window.__streamlit = { BACKEND_BASE_URL: location.origin }</script>"]
    if name in STAGE_PAGES:
        told += [f'<link rel="modulepreload" fetchpriority="low" href="{file}">' for file in (script, f"./{STAGE}/main.js")]
        told += [f'<link rel="preload" as="style" href="./{STAGE}/stage.css">']
    if name == TRAIN:  # what a run that begins is shown with
        told += [f'<link rel="modulepreload" fetchpriority="low" href="./{LIVE}/{file}.js">' for file in ("live", "curve", "diagram")]
    # In front of Streamlit's own scripts: browsers heed an import map only before the first module.
    first = re.search(r"<(script|link)\b", plain)
    assert first
    page = plain[: first.start()] + "".join(told) + plain[first.start() :]
    return page.replace("<title>Streamlit</title>", "<title>seglab</title>", 1)


class Document:
    """An address that always has the same document; any page's has one, in which the script finds the page."""

    def __init__(self, packed: Packed) -> None:
        self.packed = packed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_packed(self.packed, scope, send)


@cache
def document(name: str) -> Document:
    """A page's document. No script but those written in it may run inline."""
    page = first_page(name)
    return Document(pack(page.encode(), "text/html", ASK, [("Content-Security-Policy", page_policy(page))]))


@cache
def script() -> Document:
    """The stage's modules as one file."""
    return Document(pack(stage_script()[1].encode(), "text/javascript", FOREVER))


def make_app(limits: Limits | None = None, ancestors: Sequence[str] | None = None) -> st.App:
    """The app as an ASGI application; `ancestors` may show its pages in a frame, everybody for None."""
    # Streamlit takes a folder named pages for its older navigation until a session has run the script: a visitor who comes by a
    # lesson's link before that would see the lesson's file alone.
    PagesManager.uses_pages_directory = False
    serve_cards()
    static.prepare()
    door = Door(limits or Limits())
    routes = [Route(f"/{name}", document(name), methods=["GET"]) for name in PAGES]
    routes += [Route(f"/{stage_script()[0]}", script(), methods=["GET"]), Route("/healthz", healthz(door)), *live.routes()]
    around = [Middleware(Headers, ancestors=ancestors), Middleware(Guard, limits=door.limits, door=door), Middleware(static.Static)]
    return st.App(app_script(), routes=routes, middleware=around, lifespan=live.streams)


def begin() -> Store:
    """What a server does before it takes visitors: the workers start, what was under way goes on, and the house is kept."""
    many_files()
    workers().start()
    store = Store()
    take_up(store)
    keep_house(store)
    sys.argv = [str(app_script())]  # Streamlit reads the configuration beside the script that it takes to be started
    return store


def serve(port: int | None = None, headless: bool = False) -> None:
    """Serve the app until interrupted; opens a browser unless `headless`."""
    config: dict[str, object] = {"server.headless": headless}
    if port is not None:
        config["server.port"] = port
    begin()
    app = make_app()
    collect_seldom()
    app.run(config=config)
