"""The server: Streamlit's own, with the first page told where it is served from."""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager

from seglab.lessons import LESSONS
from seglab.lessons.path import PATH
from seglab.stage.bundle import bundle
from seglab.train.housekeeper import keep_house
from seglab.train.jobs import take_up, workers
from seglab.train.store import Store
from seglab.ui.files import app_script

STAGE_PAGES = tuple(LESSONS)
PAGES = ("", *PATH, "words", "decks", "privacy")
STAGE = "_stcore/bidi-components/seglab.stage/v1"


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
    # In front of Streamlit's own scripts: browsers heed an import map only before the first module.
    first = re.search(r"<(script|link)\b", plain)
    assert first
    page = plain[: first.start()] + "".join(told) + plain[first.start() :]
    return page.replace("<title>Streamlit</title>", "<title>seglab</title>", 1)


async def script(request: Request) -> Response:
    """The stage's modules as one file."""
    return Response(stage_script()[1], media_type="text/javascript", headers={"Cache-Control": "public, max-age=31536000, immutable"})


async def page(request: Request) -> Response:
    """Any page's address leads to the same document; the script finds the page."""
    return HTMLResponse(first_page(request.url.path.strip("/")), headers={"Cache-Control": "no-cache"})


def make_app() -> st.App:
    """The app as an ASGI application."""
    # Streamlit takes a folder named pages for its older navigation until a session has run the script: a visitor who comes by a
    # lesson's link before that would see the lesson's file alone.
    PagesManager.uses_pages_directory = False
    return st.App(app_script(), routes=[*[Route(f"/{name}", page) for name in PAGES], Route(f"/{stage_script()[0]}", script)])


def serve(port: int | None = None, headless: bool = False) -> None:
    """Serve the app until interrupted; opens a browser unless `headless`."""
    config: dict[str, object] = {"server.headless": headless}
    if port is not None:
        config["server.port"] = port
    workers().start()
    store = Store()
    take_up(store)
    keep_house(store)
    sys.argv = [str(app_script())]  # Streamlit reads the configuration beside the script that it takes to be started
    make_app().run(config=config)
