"""One zip file with ``images/`` and ``masks/`` inside, as people have them, to the files of an upload."""

from __future__ import annotations

from io import BytesIO
from pathlib import PurePosixPath
from zipfile import ZipFile, ZipInfo

from seglab.data.folder import MOST_PAIRS, SUFFIXES
from seglab.data.uploads import MOST_TOGETHER, File

MOST_ENTRIES = 4 * MOST_PAIRS + 200  # of which some are folders and what systems leave
ENTRY = b"PK\x01\x02"  # begins each entry of a zip's table of contents
LIMIT = MOST_TOGETHER * 1_000_000


def unpacked(data: bytes) -> list[File]:
    """The images, masks and classes.txt of a zip, wherever in it the one folder ``images/`` lies.

    Raises ValueError for what is no zip, is damaged, encrypted, too much once unpacked, or would write elsewhere.
    """
    if data.count(ENTRY) > MOST_ENTRIES:  # before the table is read, which would take much memory
        raise ValueError(f"the zip has more than {MOST_ENTRIES} files: at most {MOST_PAIRS} pairs are taken")
    try:
        return _files(data)
    except RefusedError:
        raise
    except Exception as error:  # a damaged zip raises nearly everything there is
        raise ValueError(f"the zip is damaged or of a kind that cannot be read ({str(error)[:80] or type(error).__name__})") from None


class RefusedError(ValueError):
    """A zip that can be read but is not taken."""


def _files(data: bytes) -> list[File]:
    with ZipFile(BytesIO(data)) as archive:
        kinds = [(entry, *_kind(entry)) for entry in archive.infolist() if not _hidden(entry)]
        roots = sorted({root for _, kind, root in kinds if kind == "images"})
        if len(roots) != 1:
            told = f"it has {', '.join(f'{root}/images' for root in roots[:3])}" if roots else "it has none"
            raise RefusedError(f"the zip needs one folder images/ and beside it masks/: {told}")
        wanted = [(entry, kind) for entry, kind, root in kinds if kind and root == roots[0]]
        if sum(entry.file_size for entry, _ in wanted) > LIMIT:
            raise RefusedError(f"the zip holds more than {MOST_TOGETHER} MB: use fewer or smaller images")
        left, files = LIMIT, list[File]()
        for entry, kind in wanted:
            contents = _contents(archive, entry, left)
            left -= len(contents)
            files.append((kind, PurePosixPath(entry.filename).name, contents))
        return files


def _kind(entry: ZipInfo) -> tuple[str, str]:
    """What an entry is ("images", "masks", "classes", or "" for what is not taken), and the folder that it belongs to."""
    name = entry.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or (parts and parts[0].endswith(":")):
        raise RefusedError(f"the zip has a path that leads out of it: {entry.filename[:60]!r}")
    if parts[-1].lower() == "classes.txt":
        return "classes", "/".join(parts[:-1])
    folder = parts[-2].lower() if len(parts) > 1 else ""
    if folder in ("images", "masks") and PurePosixPath(name).suffix.lower() in SUFFIXES:
        return folder, "/".join(parts[:-2])
    return "", ""


def _hidden(entry: ZipInfo) -> bool:
    return entry.is_dir() or any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in entry.filename.split("/"))


def _contents(archive: ZipFile, entry: ZipInfo, left: int) -> bytes:
    """What an entry holds, if that is no more than `left` bytes, whatever the table says."""
    if entry.flag_bits & 1:
        raise RefusedError(f"{entry.filename[:60]!r} in the zip is encrypted: pack it without a password")
    with archive.open(entry) as file:
        contents = file.read(min(left, entry.file_size) + 1)  # no more is unpacked than is asked for, however small the table says it is
    if len(contents) > left:
        raise RefusedError(f"the zip holds more than {MOST_TOGETHER} MB: use fewer or smaller images")
    return contents
