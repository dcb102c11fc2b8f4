"""Good files and hundreds of spoilt ones, given to everything that decodes what people upload; run in a process of its own, whose memory and
files can be looked at. `python tests/fuzzed.py SEED COUNT` prints what happened as JSON."""

from __future__ import annotations

import json
import resource
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image as Files

from seglab.data.decode import decode, decode_bytes, decode_mask
from seglab.data.uploads import keep
from seglab.data.zips import unpacked

NAMES = (
    "<script>alert(1)</script>.png",
    "../../../../etc/passwd.png",
    "..\\..\\windows\\system32.png",
    "/etc/cron.d/leaf.png",
    "C:\\leaf.png",
    "leaf\x00.png",
    "leaf\x1b[31m.png",
    "\u202egnp.exe.png",
    "ä" * 5000 + ".png",
    "%s%n%x.png",
    "~root.png",
    "CON.png",
    " .png",
    "💣.png",
    "a" * 300 + "/b.png",
    "",
)


def images(rng: Random) -> dict[str, bytes]:
    """Small pictures of every kind that is taken."""
    pixels = np.random.default_rng(rng.randrange(2**32)).integers(0, 255, (24, 20, 3), np.uint8)
    colour, grey = Files.fromarray(pixels), Files.fromarray(pixels[..., 0])
    kinds = {
        "png": colour,
        "grey.png": grey,
        "palette.png": colour.convert("P"),
        "one bit.png": grey.convert("1"),
        "deep.png": Files.fromarray(pixels[..., 0].astype(np.uint16) * 257),
        "jpg": colour,
        "tif": colour,
        "bmp": colour,
        "webp": colour,
    }
    return {name: _saved(picture, name.rpartition(".")[2]) for name, picture in kinds.items()}


def _saved(picture: Files.Image, suffix: str) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper()))
    return buffer.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a kilobyte that says it has so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")


def spoilt(data: bytes, rng: Random) -> bytes:
    """The file cut short, with some bytes changed, doubled, emptied in part, or with another file's beginning."""
    how = rng.randrange(6)
    if how == 0:
        return data[: rng.randrange(len(data))]
    if how == 1:
        changed = bytearray(data)
        for _ in range(rng.randint(1, 8)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        return bytes(changed)
    if how == 2:
        place = rng.randrange(len(data))
        return data[:place] + rng.randbytes(rng.randint(1, 64)) + data[place:]
    if how == 3:
        place = rng.randrange(len(data))
        return data[:place] + bytes(min(40, len(data) - place)) + data[place + 40 :]
    if how == 4:
        return rng.choice((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"BM", b"RIFF", b"PK\x03\x04", b"GIF89a")) + data[8:]
    large = bytearray(data)  # four bytes of a header that say something very large
    place = rng.randrange(max(1, min(60, len(large) - 4)))
    large[place : place + 4] = rng.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\xff\xff", b"\0\1\0\0"))
    return bytes(large)


def picture_cases(rng: Random, count: int) -> Iterator[tuple[str, Callable[[], object]]]:
    good = images(rng)
    fixed = [
        huge_png(60_000, 60_000),
        huge_png(2**31 - 1, 2**31 - 1),
        huge_png(2_000, 2_000),
        b"",
        b"\0",
        b"%PDF-1.7",
        b"<svg onload=alert(1)>",
    ]
    files = [(f"fixed {number}", data) for number, data in enumerate(fixed)]
    files += [(name, spoilt(good[name], rng)) for name in rng.choices(sorted(good), k=count)]
    for number, (name, data) in enumerate(files):
        read = (decode, decode_bytes, decode_mask)[number % 3]
        yield f"{name} in {read.__name__}", lambda read=read, data=data: read(data)


def zip_cases(rng: Random, count: int) -> Iterator[tuple[str, Callable[[], object]]]:
    def kept(data: bytes) -> str:
        return keep(unpacked(data), "<b>title</b>")

    picture = images(rng)["png"]
    for name in NAMES:
        yield f"zip with {name[:30]!r}", lambda name=name: kept(zipped({f"images/{name}": picture, f"masks/{name}": picture}))
        yield f"file {name[:30]!r}", lambda name=name: keep([("images", name, picture), ("masks", name, picture)], name)
    bomb = bomb_of(250_000_000)
    yield "bomb", lambda: kept(bomb)
    lying = bomb.replace(struct.pack("<I", 250_000_000), struct.pack("<I", 1000))
    yield "bomb that lies", lambda: kept(lying)
    nested = zipped({"images/a.png": bomb, "masks/a.png": picture})
    yield "bomb in a zip", lambda: kept(nested)
    yield "many entries", lambda: kept(zipped({f"images/{number}.png": b"x" for number in range(6000)}))
    good = zipped({f"{kind}/{number}.png": picture for kind in ("images", "masks") for number in range(4)} | {"classes.txt": b"sky\nsea"})
    for number in range(count):
        data = spoilt(good, rng)
        yield f"zip {number}", lambda data=data: kept(data)


def bomb_of(size: int) -> bytes:
    """A zip with one image of `size` zeros, made without ever holding them."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("images/a.png", "w") as file:
        for _ in range(size // 1_000_000):
            file.write(bytes(1_000_000))
    return buffer.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name or "images/", data)
    return buffer.getvalue()


def weight_cases(rng: Random, count: int, place: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    from seglab.train.weights import known_of

    def looked(data: bytes) -> object:
        file = place / "weights.safetensors"
        file.write_bytes(data)
        try:
            return known_of(file)
        finally:
            file.unlink()

    good = (Path(__file__).parents[1] / "assets" / "networks" / "shapes.safetensors").read_bytes()
    length = int.from_bytes(good[:8], "little")
    head = json.loads(good[8 : 8 + length])

    def told(**changes: object) -> bytes:
        """The file with another header."""
        text = json.dumps({**head, **changes}).encode()
        return len(text).to_bytes(8, "little") + text + good[8 + length :]

    meta = head["__metadata__"]
    config = json.loads(meta["config"])
    for name, value in (("width", 10**9), ("depth", -1), ("kind", "<script>"), ("width", 64), ("data", "../../etc"), ("steps", 1e308)):
        yield f"{name}={value}", lambda n=name, v=value: looked(told(__metadata__={**meta, "config": json.dumps({**config, n: v})}))
    for bad in ("[" * 100_000, "{", "null", "NaN", '"<img src=x onerror=alert(1)>"'):
        yield f"config {bad[:10]}", lambda bad=bad: looked(told(__metadata__={**meta, "config": bad}))
    yield "length of all there is", lambda: looked((2**63).to_bytes(8, "little") + good[8:])
    yield "pickle", lambda: looked(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    for number in range(count):
        data = good
        if number % 2:  # where the header says what is in the file
            part = spoilt(good[8 : 8 + length], rng)
            data = len(part).to_bytes(8, "little") + part + good[8 + length :]
        else:
            data = spoilt(good, rng)
        yield f"weights {number}", lambda data=data: looked(data)


def main(seed: int, count: int, place: Path) -> dict[str, object]:
    """Give all cases to what decodes them: how many were taken and refused, what was neither, and by how many MB the process has grown."""
    import torch  # what it takes is not the files'

    assert torch.is_tensor(torch.zeros(1))
    rng, before = Random(seed), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken, refused, wrong = 0, 0, []
    for ask in (lambda: picture_cases(rng, 2 * count), lambda: zip_cases(rng, count), lambda: weight_cases(rng, count, place)):
        for name, act in ask():
            try:
                act()
                taken += 1
            except ValueError as error:
                refused += 1
                text = str(error)
                if not text or "\n" in text or "Traceback" in text or len(text) > 400 or not text.isprintable():
                    wrong.append(f"{name}: says {text[:200]!r}")
            except BaseException as error:
                wrong.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
    return {
        "taken": taken,
        "refused": refused,
        "wrong": wrong,
        "grown": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))
