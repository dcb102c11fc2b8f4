"""What was found in folders is remembered in the home, so that a page can name classes and colours without decoding a single image."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from seglab.data.folder import look
from seglab.data.home import home
from seglab.data.summary import Summary


def summary_of(folder: Path) -> Summary:
    """What is in a folder that is there: from memory while its files are the same, else by looking."""
    mark = stamp(folder)
    kept = recalled(folder)
    if kept is None:
        kept = look(folder)
        remember(folder, mark, kept)
    return kept


def recalled(folder: Path) -> Summary | None:
    """What is remembered of a folder that has not changed since, or is gone; None where there is nothing that this version can read."""
    try:
        kept = json.loads(_place(folder).read_text(encoding="utf-8"))
        return Summary.from_json(kept["summary"]) if stamp(folder) in ("", kept["stamp"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def stamp(folder: Path) -> str:
    """What changes whenever a file of the folder does: names, sizes and times, as a hash; empty where there is no such folder."""
    if not folder.is_dir():
        return ""
    told = sha256()
    for part in (folder / "classes.txt", *(path for name in ("images", "masks") for path in _files(folder / name))):
        with suppress(OSError):
            about = part.stat()
            told.update(f"{part.parent.name}/{part.name}\0{about.st_size}\0{about.st_mtime_ns}\n".encode(errors="replace"))
    return told.hexdigest()


def remember(folder: Path, mark: str, summary: Summary) -> None:
    """Keep a summary under the stamp that the folder had before it was looked at. Where the home cannot be written nothing is kept."""
    place = _place(folder)
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=place.parent, suffix=".part")
        with open(handle, "w", encoding="utf-8") as file:
            json.dump({"stamp": mark, "folder": str(folder), "summary": summary.as_json()}, file)
        os.replace(part, place)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _place(folder: Path) -> Path:
    return home() / "summaries" / f"{sha256(str(folder.resolve()).encode(errors='replace')).hexdigest()[:16]}.json"
