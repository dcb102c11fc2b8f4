"""The server: Streamlit's own, with the first page told where it is served from."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager

from seglab.export.html import FILES
from seglab.lessons import LESSONS
from seglab.train.jobs import workers
from seglab.ui.files import app_script

STAGE_PAGES = tuple(LESSONS)
PAGES = ("", *STAGE_PAGES, "train", "words", "decks")
STAGE = "_stcore/bidi-components/seglab.stage/v1"


@cache
def first_page(name: str) -> str:
    """Streamlit's page with our title, the server's address (which it would otherwise guess from the page's own and miss), and, where
    there is a stage, its modules fetched behind Streamlit's own instead of one after the other once those have run."""
    plain = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    told = ["<script>window.__streamlit = { BACKEND_BASE_URL: location.origin }</script>"]
    if name in STAGE_PAGES:
        files = sorted(path.name for path in FILES.glob("*.js") if path.name != "standalone.js")
        told += [f'<link rel="modulepreload" fetchpriority="low" href="./{STAGE}/{file}">' for file in files]
        told += [f'<link rel="preload" as="style" href="./{STAGE}/stage.css">']
    head = "</head>"
    return plain.replace(head, "".join(told) + head, 1).replace("<title>Streamlit</title>", "<title>seglab</title>", 1)


async def page(request: Request) -> Response:
    """Any page's address leads to the same document; the script finds the page."""
    return HTMLResponse(first_page(request.url.path.strip("/")), headers={"Cache-Control": "no-cache"})


def make_app() -> st.App:
    """The app as an ASGI application."""
    # Streamlit takes a folder named pages for its older navigation until a session has run the script: a visitor who comes by a
    # lesson's link before that would see the lesson's file alone.
    PagesManager.uses_pages_directory = False
    return st.App(app_script(), routes=[Route(f"/{name}", page) for name in PAGES])


def serve(port: int | None = None, headless: bool = False) -> None:
    """Serve the app until interrupted; opens a browser unless `headless`."""
    config: dict[str, object] = {"server.headless": headless}
    if port is not None:
        config["server.port"] = port
    workers().start()
    sys.argv = [str(app_script())]  # Streamlit reads the configuration beside the script that it takes to be started
    make_app().run(config=config)
