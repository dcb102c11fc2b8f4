"""The server: Streamlit's own, with the first page told where it is served from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager

from seglab.train.jobs import workers
from seglab.ui.files import app_script

PAGES = ("", "transposed_convolution", "output_size", "train")


@cache
def first_page() -> str:
    """Streamlit's page with our title, and with the server's address, which it would otherwise guess from the page's own and miss."""
    plain = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    told = "<head><script>window.__streamlit = { BACKEND_BASE_URL: location.origin }</script>"
    return plain.replace("<head>", told, 1).replace("<title>Streamlit</title>", "<title>seglab</title>", 1)


async def page(request: Request) -> Response:
    """Any page's address leads to the same document; the script finds the page."""
    return HTMLResponse(first_page(), headers={"Cache-Control": "no-cache"})


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
    make_app().run(config=config)
