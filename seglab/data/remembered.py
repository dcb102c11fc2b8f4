"""What was found in folders is remembered in the home, so that a page can name classes and colours without decoding a single image."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from seglab.data.folder import look
from seglab.data.home import home, sets_folder
from seglab.data.keeping import Went
from seglab.data.summary import Summary


def summary_of(folder: Path) -> Summary:
    """What is in a folder that is there: from memory while its files are the same, else by looking."""
    mark = stamp(folder)
    kept = recalled(folder)
    if kept is None:
        kept = look(folder)
        remember(folder, mark, kept)
    return kept


def recalled(folder: Path, fixed: bool = False) -> Summary | None:
    """What is remembered of a folder that is `fixed`, has not changed since, or is gone; None where there is nothing that can be read."""
    try:
        kept = json.loads(_place(folder).read_text(encoding="utf-8"))
        return Summary.from_json(kept["summary"]) if fixed or stamp(folder) in ("", kept["stamp"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def stamp(folder: Path) -> str:
    """What changes whenever a file of the folder does: names, sizes and times, as a hash; empty where there is no such folder."""
    if not folder.is_dir():
        return ""
    told = sha256(_mark(folder / "classes.txt").encode())
    for name in ("images", "masks"):
        told.update("".join(sorted(_marks(folder / name))).encode(errors="replace"))
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


def forget(older: float, wanted: Iterable[Path]) -> list[Went]:
    """Delete what is remembered of folders since before the time `older`, and of uploads that are gone, but for the folders `wanted`; what
    went."""
    known, went = {_place(folder) for folder in wanted}, list[Went]()
    for path in (home() / "summaries").glob("*"):
        with suppress(OSError):
            about = path.stat()
            if path not in known and (about.st_mtime < older or _of_gone_upload(path)):
                path.unlink()
                went.append(Went("summary", path.name, "no run needs it", about.st_size))
    return went


def _of_gone_upload(path: Path) -> bool:
    """Whether what is remembered is of an upload that was deleted."""
    try:
        folder = Path(json.loads(path.read_text(encoding="utf-8"))["folder"])
    except (ValueError, KeyError, TypeError):
        return False
    return folder.parent == sets_folder() and not folder.exists()


def forget_one(folder: Path) -> None:
    """Delete what is remembered of a folder."""
    _place(folder).unlink(missing_ok=True)


def _marks(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as files:
            return [f"{file.name}\0{_told(file.stat())}\n" for file in files if file.is_file()]
    except OSError:
        return []


def _mark(file: Path) -> str:
    return _told(file.stat()) if file.is_file() else ""


def _told(about: os.stat_result) -> str:
    return f"{about.st_size} {about.st_mtime_ns}"


def _place(folder: Path) -> Path:
    return home() / "summaries" / f"{sha256(str(folder.resolve()).encode(errors='replace')).hexdigest()[:16]}.json"
