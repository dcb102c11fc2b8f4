"""Uploaded sets: a person's images and masks, kept for a while in the home under a name made of their contents, ``own:ID``."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from seglab.data.domains import DOMAINS
from seglab.data.folder import MOST_PAIRS, SUFFIXES
from seglab.data.home import sets_folder
from seglab.data.keeping import DAY, HOUR, MB, Keeping, Went, keeping, taken

MOST_TOGETHER = 200  # megabytes of one upload
PREFIX = "own:"
NOWHERE = PREFIX + 12 * "0"  # the name of pictures that are not here
PETS = "pet"  # the fetched set (`data/pet.py`); it lies beside the uploads, is nobody's and stays
KINDS = ("images", "masks", "classes")
LONGEST_NAME = 120  # bytes of a file name
LONGEST_TITLE = 60
_PARTS = re.compile(r"[/\\]")

File = tuple[str, str, bytes]  # kind, name, contents


def keep(files: Iterable[File], title: str) -> str:
    """Keep an upload of ("images" | "masks" | "classes", name, contents); returns its name, which the same files always have.

    Nothing is decoded here. Raises ValueError for too much, for two files of one name, and for a name or kind that cannot be kept.
    """
    clean = _clean(files)
    told = sha256()
    for place in sorted(clean):
        told.update(f"{place}\0{len(clean[place])}\0".encode() + clean[place])
    identity = told.hexdigest()[:12]
    folder = sets_folder() / identity
    if folder.is_dir():
        os.utime(folder)
    else:
        _write(folder, {**clean, "title.txt": _shown(title)[:LONGEST_TITLE].encode()})
    return PREFIX + identity


def is_upload(name: str) -> bool:
    """Whether a data name is that of an upload.

    >>> is_upload("own:0123456789ab"), is_upload("cells")
    (True, False)
    """
    return name.startswith(PREFIX)


def in_home(name: str) -> bool:
    """Whether a data name is that of a set in the home, an upload or the pets, wherever the command is given.

    >>> in_home("own:0123456789ab"), in_home("pet"), in_home("./pet")
    (True, True, False)
    """
    return is_upload(name) or name == PETS


def folder_of(name: str) -> Path:
    """The folder of an uploaded set, or the folder of that name. Raises ValueError where there is none (any more)."""
    folder = place_of(name)
    if folder.is_dir():
        return folder
    if name == PETS:
        raise ValueError("the pictures of pets are not here yet: `seglab data pet` or the page fetches them")
    if is_upload(name):
        raise ValueError(f"the pictures of this run are gone: uploads are kept for {keeping().upload_days} days")
    raise ValueError(f"{name!r} is neither a folder nor a generated set: choose {', '.join(DOMAINS)} or a folder with images/ and masks/")


def place_of(name: str) -> Path:
    """Where the folder of a data name is, or was. Raises ValueError for what can be no upload's name."""
    identity = name.removeprefix(PREFIX)
    if is_upload(name) and not re.fullmatch(r"[0-9a-f]{12}", identity):
        raise ValueError(f"{name[:40]!r} is no upload: a name has {PREFIX} and 12 hexadecimal digits")
    return sets_folder() / identity if in_home(name) else Path(name)


def title_of(name: str) -> str:
    """A short name of a data set for people: a domain's title, a folder's name, an upload's title.

    >>> title_of("cells"), title_of("/data/leaves/"), title_of("own:000000000000")
    ('Cells', 'leaves', 'Uploaded pictures')
    """
    if name in DOMAINS:
        return DOMAINS[name].title
    if name == PETS:
        return "Pets"
    if not is_upload(name):
        return Path(name).resolve().name or name
    try:
        return (folder_of(name) / "title.txt").read_text(encoding="utf-8") or "Uploaded pictures"
    except (ValueError, OSError):
        return "Uploaded pictures"


def prune(limits: Keeping, wanted: Iterable[str] = (), learned: Iterable[str] = ()) -> list[Went]:
    """Delete uploads that are too old, too many, or together too large, the oldest first; what went.

    Those that kept runs have `wanted` outlive their age; those that are `learned` from at this moment stay whatever there is.
    """
    known, kept, now, together, went = set(wanted), set(learned), time.time(), 0, list[Went]()
    found = sorted(((_made(path), path) for path in sets_folder().glob("*") if not path.name.startswith(".")), reverse=True)
    for number, (made, path) in enumerate((made, path) for made, path in found if path.name != PETS):
        name, size = PREFIX + path.name, taken(path)
        together += size
        old = now - made > limits.upload_days * DAY and name not in known
        why = limits.why("upload", number >= limits.uploads, together > limits.upload_megabytes * MB, old)
        if why and name not in kept:
            shutil.rmtree(path, ignore_errors=True)
            together -= size
            went.append(Went("upload", name, why, size))
    for path in sets_folder().glob(".*"):  # is being written, or was when a server was killed
        if now - _made(path) > HOUR:
            went.append(Went("left over", path.name, "it was never finished", taken(path)))
            shutil.rmtree(path, ignore_errors=True)
    return went


def together() -> int:
    """The bytes that all uploads take."""
    return sum(taken(path) for path in sets_folder().glob("*") if path.name != PETS)


def discard(name: str) -> None:
    """Delete an upload."""
    shutil.rmtree(place_of(name), ignore_errors=True)


def _made(path: Path) -> float:
    """When a path was last changed; now, where it has just gone."""
    return path.stat().st_mtime if path.exists() else time.time()


def file_name(name: str) -> str:
    """The last part of a path that somebody gave, without what a file system or a terminal would stumble over; "" where nothing is left.

    >>> file_name("../../etc/pass\\nwd.png"), file_name("C:\\\\data\\\\a b.PNG"), file_name("..")
    ('passwd.png', 'a b.PNG', '')
    """
    last = _shown(_PARTS.split(name)[-1]).translate(str.maketrans('<>:"|?*', "_" * 7)).strip(". ")
    stem, dot, suffix = last.rpartition(".")
    while len(last.encode()) > LONGEST_NAME and stem:
        stem = stem[:-1]
        last = stem + dot + suffix
    return last if len(last.encode()) <= LONGEST_NAME else ""


def _clean(files: Iterable[File]) -> dict[str, bytes]:
    """The files by their place in the folder."""
    clean: dict[str, bytes] = {}
    together = 0
    for kind, given, data in files:
        name = "classes.txt" if kind == "classes" else file_name(given)
        if kind not in KINDS:
            raise ValueError(f"kind={kind!r} is unknown: {', '.join(KINDS)}")
        if _PARTS.split(given)[-1].startswith("."):  # what systems leave beside the files
            continue
        if not name or (kind != "classes" and Path(name).suffix.lower() not in SUFFIXES):
            raise ValueError(f"{_shown(given)[:60]!r} is no name of an image file: {', '.join(sorted(SUFFIXES))} are read")
        place = name if kind == "classes" else f"{kind}/{name}"
        if clean.get(place, data) != data:
            raise ValueError(f"two different files are {place}: give one of them another name")
        together += len(data)
        clean[place] = data
        if together > MOST_TOGETHER * 1_000_000:
            raise ValueError(f"the files have more than {MOST_TOGETHER} MB together: use fewer or smaller ones")
    most = max(sum(place.startswith(f"{kind}/") for place in clean) for kind in ("images", "masks"))
    if not most:
        raise ValueError("there are no images and no masks")
    if most > MOST_PAIRS:
        raise ValueError(f"these are {most} pairs: at most {MOST_PAIRS} are taken")
    return clean


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Write a folder beside its place and move it there, so that it is whole or not there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-", ignore_cleanup_errors=True) as part:
        made = Path(part) / "set"
        for kind in ("images", "masks"):
            (made / kind).mkdir(parents=True)
        for place, data in files.items():
            (made / place).write_bytes(data)
        try:
            os.replace(made, folder)
        except OSError:
            if not folder.is_dir():  # otherwise somebody else has kept the same files meanwhile
                raise


def _shown(text: str) -> str:
    """Text without what cannot be printed."""
    return "".join(character for character in text if character.isprintable()).strip()
