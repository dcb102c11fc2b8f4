"""A page with one sentence, for whoever cannot be served."""

from __future__ import annotations

import json
from html import escape
from textwrap import fill

from starlette.types import Scope, Send

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">{again}<title>seglab</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.25rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 22vh auto 0; padding: 0 1.5rem; }}
h1 {{ font-size: 2rem; }}
</style></head><body><main><h1>seglab</h1><p>{told}</p>{tried}</main></body></html>
"""


async def refuse_page(status: int, told: str, scope: Scope, send: Send, again: int | None = None, bare: bool = False) -> None:
    """Answer with one sentence, as a page where a page was asked for; `again` is after how many seconds it is asked for anew.

    `bare` is for Streamlit's own script, which shows what it is told as JSON.
    """
    if bare:
        body, type = json.dumps(fill(told, 44)), "application/json"  # in a box of so many characters
    elif not any(name == b"accept" and b"text/html" in value for name, value in scope["headers"]):
        body, type = f"{told}\n", "text/plain"
    else:
        refresh = f'<meta http-equiv="refresh" content="{again}">' if again else ""
        tried = f"<p>This page asks again every {again} seconds.</p>" if again else ""
        body, type = PAGE.format(told=escape(told), again=refresh, tried=tried), "text/html"
    headers = [(b"content-type", f"{type}; charset=utf-8".encode()), (b"cache-control", b"no-store")]
    if again:
        headers.append((b"retry-after", str(again).encode()))
    data = body.encode()
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", str(len(data)).encode())]})
    await send({"type": "http.response.body", "body": data if scope["method"] != "HEAD" else b""})
