"""What a browser is told with every answer: what a page of ours may load, and who may show it in a frame."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Everything comes from here. Streamlit styles elements in place; component modules and downloads are blobs.
SOURCES = {
    "default-src": "'self'",
    "script-src": "'self' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob: ws: wss:",
    "worker-src": "'self' blob:",
    "frame-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
DOCUMENT = {  # what says nothing to a browser that fetches a file for a page; a hundred of those are fetched
    "cross-origin-opener-policy": "same-origin-allow-popups",
    "cross-origin-resource-policy": "same-origin",
}
LOOSE = "object-src 'none'; base-uri 'self'"
SHUT = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"  # for files that visitors made, opened on their own


def page_policy(page: str) -> str:
    """The policy of an HTML page: its own inline scripts may run, and no others.

    >>> page_policy("<script>1</script>").split("; ")[1]
    "script-src 'self' blob: 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"
    """
    inline = [text for tag, text in re.findall(r"<script\b([^>]*)>(.*?)</script>", page, re.DOTALL) if "src=" not in tag]
    marks = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in inline]
    return "; ".join(f"{name} {' '.join([value, *marks]) if name == 'script-src' else value}" for name, value in SOURCES.items())


def frame_policy(ancestors: Sequence[str] | None) -> str:
    """Who may show our pages in a frame: everybody for None.

    >>> frame_policy(["'self'", "https://lms.example.org"])
    "frame-ancestors 'self' https://lms.example.org"
    """
    return "" if ancestors is None else f"frame-ancestors {' '.join(ancestors)}"


def checked_ancestors(given: Sequence[str]) -> tuple[str, ...]:
    """The list of those who may show our pages in a frame, as the header wants it. Raises ValueError for what it would not understand.

    >>> checked_ancestors(["self", "https://lms.example.org"])
    ("'self'", 'https://lms.example.org')
    """
    found = []
    for one in given:
        bare = one.strip("'\"")
        if bare in ("self", "none"):
            found.append(f"'{bare}'")
        elif re.fullmatch(r"(https?://)?(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:(\d+|\*))?", one) or one in ("https:", "http:", "*"):
            found.append(one)
        else:
            raise ValueError(f"frame-ancestors={one} is no origin: self, none, or for example https://lms.example.org")
    if "'none'" in found and len(found) > 1:
        raise ValueError(f"frame-ancestors={' '.join(given)}: none stands alone")
    return tuple(found)


class Headers:
    """ASGI middleware: the headers of every answer."""

    def __init__(self, app: ASGIApp, ancestors: Sequence[str] | None = None) -> None:
        self.app, self.frames = app, frame_policy(ancestors)
        self.document = {**ALWAYS, **DOCUMENT}
        if ancestors == ("'self'",):
            self.document["x-frame-options"] = "SAMEORIGIN"  # for browsers before frame-ancestors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(raw=message["headers"]), scope["path"])
            await send(message)

        await self.app(scope, receive, told if scope["type"] == "http" else send)

    def _add(self, headers: MutableHeaders, path: str) -> None:
        page = headers.get("content-type", "").startswith("text/html")
        own = headers.get("content-security-policy", SHUT if path.startswith("/media/") else LOOSE if page else "")
        headers.update(self.document if page else ALWAYS)
        if policy := "; ".join(part for part in (own, self.frames) if part):
            headers["content-security-policy"] = policy
