"""Files that every visitor fetches, compressed once and kept: Streamlit's own, those of the components, the pictures of the cards.

Streamlit leaves its files uncompressed, since it would compress them again for everybody, and reads those of components from the disk each
time. Here they are compressed as far as gzip goes, at the start and in a thread, and kept in memory: about 7 MB.
"""

from __future__ import annotations

import io
import tomllib
from collections.abc import Callable
from functools import cache
from mimetypes import guess_type
from pathlib import Path
from threading import Lock, Thread

import anyio.to_thread
import streamlit
from PIL import Image
from starlette.types import ASGIApp, Receive, Scope, Send

import seglab
from seglab.ui.files import assets, card_address
from seglab.ui.packed import ASK, FOREVER, Packed, pack, send_packed

WEBP_QUALITY = 85


class Files:
    """Files by address, each compressed when it is first asked for, and again when it has changed."""

    def __init__(self) -> None:
        own = Path(streamlit.__file__).parent / "static" / "static"
        self.files = {f"/static/{path.relative_to(own).as_posix()}": (path, FOREVER) for path in own.rglob("*") if path.is_file()}
        self.files |= {address: (path, ASK) for address, path in component_files().items()}
        self.pictures = {card_address(path)[1:]: path for path in assets().glob("*-*.png")}
        self._packed: dict[Path, tuple[int, Packed]] = {}
        self._locks: dict[Path, Lock] = {}
        self._lock = Lock()

    def find(self, address: str) -> Callable[[], Packed] | None:
        """What makes the body for an address ready, where it is one of ours; to be called in a thread."""
        if address in self.pictures:
            return lambda: self._kept(self.pictures[address], card_picture)
        if address in self.files:
            path, kept = self.files[address]
            return lambda: self._kept(path, lambda path: pack(path.read_bytes(), type_of(path), kept))
        return None

    def there(self, address: str) -> Packed | None:
        """The body for an address that never changes, if it is ready."""
        path = self.files[address][0] if address in self.files and self.files[address][1] == FOREVER else self.pictures.get(address)
        known = self._packed.get(path) if path else None
        return known[1] if known else None

    def _kept(self, path: Path, make: Callable[[Path], Packed]) -> Packed:
        with self._lock:
            lock = self._locks.setdefault(path, Lock())
        with lock:
            changed = path.stat().st_mtime_ns
            known = self._packed.get(path)
            if known is None or known[0] != changed:
                known = self._packed[path] = changed, make(path)
            return known[1]

    def prepare(self) -> None:
        """Make what all pages need ready, so that the first visitors need not wait."""
        for address in [*self.files, *self.pictures]:
            make = self.find(address)
            assert make
            make()


def component_files() -> dict[str, Path]:
    """The files of our components by the address at which Streamlit has them."""
    here = Path(seglab.__file__).parent
    told = tomllib.loads((here / "pyproject.toml").read_text(encoding="utf-8"))
    found: dict[str, Path] = {}
    for component in told["tool"]["streamlit"]["component"]["components"]:
        folder, name = here / component["asset_dir"], f"{told['project']['name']}.{component['name']}"
        paths = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        found |= {f"/_stcore/bidi-components/{name}/{path.relative_to(folder).as_posix()}": path for path in paths}
    return found


def type_of(path: Path) -> str:
    """The media type of a file.

    >>> type_of(Path("a.js")), type_of(Path("a.woff2"))
    ('text/javascript', 'font/woff2')
    """
    known = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".woff": "font/woff"}
    return known.get(path.suffix) or guess_type(path.name)[0] or "application/octet-stream"


def card_picture(path: Path) -> Packed:
    """The picture of a card as WebP, at a third of its bytes."""
    out = io.BytesIO()
    with Image.open(path) as picture:
        picture.convert("RGB").save(out, "WEBP", quality=WEBP_QUALITY)
    return pack(out.getvalue(), "image/webp", FOREVER)


class Static:
    """ASGI middleware: answers for the files that are ours to pack, and passes on everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.files = files()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            packed = self.files.there(scope["path"])
            if packed is None and (make := self.files.find(scope["path"])):
                packed = await anyio.to_thread.run_sync(make)
            if packed is not None:
                await send_packed(packed, scope, send)
                return
        await self.app(scope, receive, send)


@cache
def files() -> Files:
    """The files of this server."""
    return Files()


def prepare() -> None:
    """Begin to make the files ready, in the background."""
    Thread(target=files().prepare, name="compress", daemon=True).start()
