"""The pictures of pets: fetched from a server on this machine that is as good or as bad as a test wants, and made small."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT, wait_for
from PIL import Image
from streamlit.testing.v1 import AppTest

from seglab.cli import main
from seglab.data import download, pet
from seglab.data.download import FetchError, StoppedError, UnreachableError
from seglab.data.pet import Source
from seglab.data.pet_pictures import choose
from seglab.train import jobs
from seglab.train.asked import pets
from seglab.train.store import Store

# -- a tiny data set of the same layout ----------------------------------------------------------------------------------

NAMES = ("Bengal_1", "Bengal_2", "Maine_Coon_12", "Maine_Coon_13", "pug_3", "pug_4")
DAMAGED, UNFIT = "pug_4", "Maine_Coon_13"


def picture(height: int, width: int, kind: str = "JPEG", mode: str = "RGB") -> bytes:
    """Dark left, bright right."""
    pixels = np.full((height, width, 3), 40, np.uint8)
    pixels[:, width // 2 :] = 200
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, kind)
    return file.getvalue()


def trimap(height: int, width: int) -> bytes:
    """The left half background, the right half pet, with an outline of 40 pixels above."""
    values = np.full((height, width), 2, np.uint8)
    values[:, width // 2 :] = 1
    values[:40] = 3
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


def archive(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", compresslevel=1) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return made.getvalue()


def images(more: dict[str, bytes] | None = None, links: dict[str, str] | None = None) -> bytes:
    files = {f"images/{name}.jpg": picture(300, 200) for name in NAMES}
    files["images/Bengal_2.jpg"] = picture(256, 512, mode="CMYK")
    files["images/Maine_Coon_12.jpg"] = picture(120, 90, kind="PNG")
    files[f"images/{DAMAGED}.jpg"] = picture(300, 200)[:900]
    # Noise that does not shrink, so that there is something to interrupt.
    files = {"images/noise_1.jpg": np.random.default_rng(0).bytes(400_000), **(more or {}), **files}
    return archive(files, links)


def annotations(names: tuple[str, ...] = NAMES) -> bytes:
    shapes = {"Bengal_2": (256, 512), "Maine_Coon_12": (120, 90), UNFIT: (200, 300)}
    files = {f"annotations/trimaps/{name}.png": trimap(*shapes.get(name, (300, 200))) for name in names}
    lines = "".join(f"{name} 1 1 1\n" for name in names)
    return archive({**files, "annotations/trainval.txt": lines.encode()})


GOOD = {"annotations.tar.gz": annotations(), "images.tar.gz": images()}
LENGTH = len(GOOD["images.tar.gz"])


# -- a server ------------------------------------------------------------------------------------------------------------


class Oxford:
    """A server of archives, and what it does wrong."""

    def __init__(self, archives: dict[str, bytes]) -> None:
        self.archives, self.tag, self.ranges = archives, '"1"', True
        self.asked: list[tuple[str, str | None, str | None]] = []  # path, Range, If-Range
        self.cuts: list[int] = []  # bytes after which the line breaks, for the answers to come with pictures
        self.stalls_after: int | None = None  # bytes of the pictures after which nothing more comes until `flow`
        self.instead: tuple[int, str] | None = None  # status and content type of another answer
        self.flow = threading.Event()
        self.http = Server(("127.0.0.1", 0), Handler)
        self.http.oxford = self
        self.base = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def source(self, archives: dict[str, bytes] = GOOD) -> Source:
        return Source(self.base, {name: (md5(data).hexdigest(), len(data)) for name, data in archives.items()})

    def ranges_asked(self) -> list[str | None]:
        return [span for path, span, _ in self.asked if path == "/images.tar.gz"]

    def close(self) -> None:
        self.flow.set()
        self.http.shutdown()
        self.http.server_close()


class Server(ThreadingHTTPServer):
    oxford: Oxford
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        """Clients that leave are what is tested."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        oxford = self.server.oxford
        oxford.asked.append((self.path, self.headers.get("Range"), self.headers.get("If-Range")))
        if oxford.instead:
            return self.head(oxford.instead[0], 5, **{"Content-Type": oxford.instead[1]}) or self.wfile.write(b"hello")
        data, first = oxford.archives[self.path[1:]], 0
        if oxford.ranges and "Range" in self.headers and self.headers.get("If-Range", oxford.tag) == oxford.tag:
            first = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
        if first >= len(data):
            return self.head(416, 0, **{"Content-Range": f"bytes */{len(data)}"})
        span = {"Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"} if first else {}
        self.head(206 if first else 200, len(data) - first, ETag=oxford.tag, **{"Content-Type": "application/x-gzip", **span})
        return self.body(data[first:])

    def head(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def body(self, data: bytes) -> None:
        oxford, pictures = self.server.oxford, self.path == "/images.tar.gz"
        if pictures and oxford.stalls_after is not None:
            self.wfile.write(data[: oxford.stalls_after])
            oxford.flow.wait()
            data = data[oxford.stalls_after :]
        self.wfile.write(data[: oxford.cuts.pop(0)] if pictures and oxford.cuts else data)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGLAB_HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return tmp_path


@pytest.fixture
def oxford(monkeypatch: pytest.MonkeyPatch) -> Iterator[Oxford]:
    served = Oxford(dict(GOOD))
    monkeypatch.setattr(pet, "OXFORD", served.source())
    yield served
    served.close()


def fetch(gone: Callable[[], bool] = lambda: False, source: Source | None = None, **more: object) -> list[pet.Progress]:
    said: list[pet.Progress] = []
    pet.fetch(said.append, gone, source, **more)
    return said


def part() -> int:
    file = pet.downloads() / "images.tar.gz.part"
    return file.stat().st_size if file.exists() else 0


# -- from the archives to the folder -------------------------------------------------------------------------------------


def test_the_folder_holds_small_pictures_with_classes_and_nothing_else_is_left(oxford: Oxford) -> None:
    said = fetch()
    assert pet.ready()
    folder = pet.folder()
    assert (folder / "classes.txt").read_text() == "background\npet\noutline\n"
    assert "Attribution-ShareAlike 4.0" in (folder / "SOURCE.txt").read_text()
    whole = set(NAMES) - {DAMAGED, UNFIT}
    assert {path.name for path in (folder / "images").iterdir()} == {f"{name}.jpg" for name in whole}
    assert {path.name for path in (folder / "masks").iterdir()} == {f"{name}.png" for name in whole}
    # 300 x 200 becomes 192 x 128: of 40 rows of outline, 40 * 0.64 = 25.6 are left, and nearest takes the 26 whose middle is in them.
    with Image.open(folder / "images" / "pug_3.jpg") as image, Image.open(folder / "masks" / "pug_3.png") as mask:
        assert image.size == mask.size == (128, 192)
        assert (image.mode, mask.mode) == ("RGB", "P")
        expected = np.zeros((192, 128), np.uint8)
        expected[:, 64:] = 1
        expected[:26] = 2
        np.testing.assert_array_equal(np.asarray(mask), expected)
        np.testing.assert_allclose(np.asarray(image)[:, [10, 117]].mean((0, 2)), [40, 200], atol=2)
    with Image.open(folder / "images" / "Bengal_2.jpg") as of_four_inks, Image.open(folder / "images" / "Maine_Coon_12.jpg") as small:
        assert (of_four_inks.size, of_four_inks.mode) == ((256, 128), "RGB")
        assert small.size == (128, 171)
    assert [path for path, _, _ in oxford.asked] == ["/annotations.tar.gz", "/images.tar.gz"]
    assert said[-1] == pet.Progress("ready", 4, 4, message="4 pictures, 2 damaged ones were left out")
    assert {path.name for path in pet.downloads().iterdir()} == {"lock", "state.json"}
    fetch()
    assert len(oxford.asked) == 2, "what is here is not fetched again"


def test_the_archives_are_kept_on_demand(oxford: Oxford) -> None:
    assert "the archives (0 MB) are in" in fetch(keep=True)[-1].message
    assert (pet.downloads() / "images.tar.gz").read_bytes() == GOOD["images.tar.gz"]


def test_names_in_an_archive_lead_nowhere(oxford: Oxford, home: Path) -> None:
    names = (*NAMES, "../../../evil_1", "/evil_2", "link_3")
    more = {f"images/{name}.jpg": picture(300, 200) for name in names[-3:-1]} | {"../evil_4.jpg": b"x", "/tmp/evil_5.jpg": b"x"}
    bad = {"annotations.tar.gz": annotations(names), "images.tar.gz": images(more, {"images/link_3.jpg": "/etc/passwd"})}
    oxford.archives = bad
    fetch(source=oxford.source(bad))
    assert len(list((pet.folder() / "images").iterdir())) == 4
    assert [path for path in home.rglob("*") if "evil" in path.name or "link" in path.name] == []


def test_a_folder_comes_whole_or_not_at_all(oxford: Oxford) -> None:
    seen = []

    def gone() -> bool:
        made = pet.downloads() / "prepared" / "images"
        seen.extend(made.iterdir() if made.is_dir() else [])
        return bool(seen)

    with pytest.raises(StoppedError):
        fetch(gone)
    assert seen, "it was stopped amid the pictures"
    assert not pet.folder().exists()
    assert not (pet.downloads() / "prepared").exists()
    fetch()
    assert pet.ready()
    assert len(oxford.asked) == 2


def test_other_archives_with_the_right_sum_are_refused(oxford: Oxford) -> None:
    bad = {"annotations.tar.gz": archive({"other.txt": b""}), "images.tar.gz": images()}
    oxford.archives = bad
    with pytest.raises(FetchError, match=r"annotations.tar.gz has no annotations/trainval.txt"):
        fetch(source=oxford.source(bad))
    bad["annotations.tar.gz"] = annotations()[:-500]
    with pytest.raises(FetchError, match=r"cannot be read .*: delete it, and the next try begins anew"):
        fetch(source=oxford.source(bad))


def test_the_choice_is_balanced_over_the_breeds_and_always_the_same() -> None:
    breeds = [f"{chr(65 + n % 26)}{'a' * (n // 26)}_cat" for n in range(37)]
    lines = [f"{breed}_{n} 1 1 1" for breed in breeds for n in range(1, 101)]
    chosen = choose(lines)
    assert len(set(chosen)) == 400
    counts = Counter(name.rsplit("_", 1)[0] for name in chosen)
    assert sorted(counts.values()) == [10] * 7 + [11] * 30
    assert choose(lines[::-1]) == chosen
    assert sorted(choose(lines[:15])) == sorted(line.split()[0] for line in lines[:15])


# -- interruptions -------------------------------------------------------------------------------------------------------


def test_a_line_that_breaks_is_gone_on_from(oxford: Oxford) -> None:
    oxford.cuts = [100_000, 150_000]
    fetch(keep=True)
    assert oxford.ranges_asked() == [None, "bytes=100000-", "bytes=250000-"]
    assert [mark for _, _, mark in oxford.asked] == [None, None, '"1"', '"1"']
    assert (pet.downloads() / "images.tar.gz").read_bytes() == GOOD["images.tar.gz"]


def test_a_server_without_ranges_begins_anew(oxford: Oxford) -> None:
    oxford.ranges, oxford.cuts = False, [100_000]
    said = fetch()
    assert oxford.ranges_asked() == [None, "bytes=100000-"]
    assert max(progress.done for progress in said if progress.phase == "fetching") <= oxford.source().total
    assert pet.ready()


def test_a_file_that_has_changed_meanwhile_is_not_mixed_with_the_old_one(oxford: Oxford) -> None:
    old = bytes(LENGTH)
    oxford.archives["images.tar.gz"], oxford.cuts = old, [100_000]
    with pytest.raises(StoppedError):
        fetch(lambda: part() == 100_000)
    oxford.archives["images.tar.gz"], oxford.tag = GOOD["images.tar.gz"], '"2"'
    fetch()
    assert oxford.asked[-1] == ("/images.tar.gz", "bytes=100000-", '"1"')
    assert pet.ready()


def test_a_wrong_checksum_deletes_what_came_and_the_next_try_is_anew(oxford: Oxford) -> None:
    oxford.archives["images.tar.gz"] = bytes(LENGTH)
    with pytest.raises(
        FetchError, match=r"^the pictures cannot be fetched: images.tar.gz does not have its published checksum and was deleted"
    ):
        fetch()
    assert sorted(path.name for path in pet.downloads().iterdir()) == ["annotations.tar.gz", "lock", "state.json"]
    assert pet.state()["phase"] == "failed"
    assert "published checksum" in pet.state()["message"]
    oxford.archives["images.tar.gz"] = GOOD["images.tar.gz"]
    fetch()
    assert oxford.ranges_asked() == [None, None]
    assert pet.ready()


def test_what_is_kept_of_a_longer_file_is_dropped(oxford: Oxford) -> None:
    pet.downloads().mkdir(parents=True)
    (pet.downloads() / "images.tar.gz.part").write_bytes(bytes(LENGTH + 1))
    fetch()
    assert oxford.ranges_asked() == [None]
    assert pet.ready()


def test_a_shorter_file_on_the_server_is_said(oxford: Oxford) -> None:
    oxford.cuts = [100_000]
    with pytest.raises(StoppedError):
        fetch(lambda: part() == 100_000)
    oxford.archives["images.tar.gz"] = bytes(50_000)
    with pytest.raises(FetchError, match=rf"has 50,000 bytes, not its published {LENGTH:,}: the file has changed"):
        fetch()
    assert oxford.ranges_asked() == [None, "bytes=100000-", None], "416 says that what is kept is no beginning of it"


def test_a_file_of_no_told_length_ends_at_its_size(oxford: Oxford, monkeypatch: pytest.MonkeyPatch) -> None:
    def head(self: Handler, status: int, *_: object, **headers: str) -> None:
        self.send_response(status)
        self.end_headers()

    monkeypatch.setattr(Handler, "head", head)
    oxford.archives["images.tar.gz"] += bytes(2_000_000)
    said: list[pet.Progress] = []
    with pytest.raises(FetchError, match=r"is longer than its published .* bytes: the file has changed"):
        pet.fetch(said.append, lambda: False)
    assert max(now.done for now in said) < oxford.source().total + download.PIECE, "nobody waits for the end of what never ends"
    assert part() == 0


def test_stopped_while_nothing_comes_and_gone_on_from_there(oxford: Oxford) -> None:
    oxford.stalls_after = 98_304
    stop = threading.Timer(0, lambda: (wait_for(lambda: part() == 98_304), pet.wish(stop=True)))
    stop.start()
    with pytest.raises(StoppedError, match=r"^stopped; 0 of 0 MB are kept: the next try goes on from there$"):
        fetch()
    stop.join()
    now = pet.state()
    assert (now["phase"], now["kept"]) == ("stopped", 98_304 + len(GOOD["annotations.tar.gz"]))
    oxford.stalls_after = None
    fetch()
    assert oxford.ranges_asked() == [None, "bytes=98304-"]
    assert pet.ready()


def test_the_rate_is_of_what_comes_now(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[pet.Progress] = []
    clock = iter([10.0, 12.0, 13.0, 17.5, 18.0, 19.0, 20.0])
    monkeypatch.setattr(pet, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(pet._Teller, "say", lambda self, progress, at_once: said.append(progress))
    teller = pet._Teller(said.append, Source("", {"a": ("", 100), "b": ("", 900)}))
    teller.begin(400, 500)
    for here in (500, 530, 800, 0):
        teller.bytes(here)
    teller.begin(300, 400)
    teller.bytes(310)
    assert [(now.done, now.total) for now in said] == [
        (500, 1000),
        (600, 1000),
        (630, 1000),
        (900, 1000),
        (100, 1000),
        (400, 1000),
        (410, 1000),
    ]
    # 100 bytes in 2 s, 130 in 3 s, of the last 5 s (from 13 s on) 270 in 4.5 s; then it began anew; what is kept of the next is not counted.
    assert [now.rate for now in said] == [0, 50, pytest.approx(130 / 3), 60, 0, 0, 10]


CHILD = """
import json, sys
from seglab.data.pet import Source, fetch
fetch(lambda progress: None, lambda: False, Source(**json.loads(sys.argv[1])))
"""


def test_a_killed_process_leaves_what_has_come(oxford: Oxford) -> None:
    oxford.stalls_after = 98_304
    child = subprocess.Popen([sys.executable, "-c", CHILD, json.dumps(asdict(oxford.source()))], cwd=ROOT)
    wait_for(lambda: part() == 98_304 and pet.state()["phase"] == "fetching")
    with pytest.raises(FetchError, match="the pictures are being fetched already, by another process of this machine"):
        fetch()
    child.send_signal(signal.SIGKILL)
    child.wait()
    now = pet.state()
    assert (now["phase"], now["message"]) == ("stopped", "The process that fetched the pictures ended before it was done.")
    assert now["kept"] == 98_304 + len(GOOD["annotations.tar.gz"])
    oxford.stalls_after = None
    fetch()
    assert oxford.ranges_asked() == [None, "bytes=98304-"]
    assert pet.state()["phase"] == "ready"


def test_a_process_killed_over_the_checksum_has_lost_nothing(oxford: Oxford) -> None:
    pet.downloads().mkdir(parents=True)
    (pet.downloads() / "tmpabc").write_bytes(GOOD["images.tar.gz"])
    (pet.downloads() / "tmpdef").write_bytes(b"a beginning")
    fetch(keep=True)
    assert oxford.ranges_asked() == []
    assert not list(pet.downloads().glob("tmp*"))


# -- no network ----------------------------------------------------------------------------------------------------------

WITHOUT = "the training works on the generated domains without a network"


def refused() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def unknown_host(*args: object, **more: object) -> None:
    raise socket.gaierror(-2, "Name or service not known")


def test_no_network_is_a_sentence(oxford: Oxford, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(base: str) -> str:
        with pytest.raises(UnreachableError) as error:
            fetch(source=Source(base, oxford.source().files))
        assert pet.state()["message"] == str(error.value).replace("the", "The", 1) + "."
        assert "\n" not in str(error.value)
        return str(error.value)

    assert told(refused()) == f"the pictures cannot be fetched: 127.0.0.1 does not answer; {WITHOUT}"
    assert "no safe connection to 127.0.0.1 can be made" in told(oxford.base.replace("http", "https"))
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown_host)
        assert "pets.example is not found: there seems to be no network" in told("http://pets.example")
    with monkeypatch.context() as patch:
        patch.setenv("HTTP_PROXY", refused())
        assert "this network's proxy does not lead to pets.example" in told("http://pets.example")
    assert oxford.asked == []


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        (404, "text/html", "/images.tar.gz is not there any more (404)"),
        (503, "text/html", "127.0.0.1 has a fault of its own (503)"),
        (403, "text/plain", "127.0.0.1 refuses (403)"),
        (200, "text/html; charset=utf-8", "comes a web page, as from a network that asks for a login first"),
    ],
)
def test_other_answers_are_a_sentence_and_nothing_is_lost(oxford: Oxford, status: int, kind: str, sentence: str) -> None:
    oxford.cuts = [100_000]
    with pytest.raises(StoppedError):
        fetch(lambda: part() == 100_000)
    oxford.instead = (status, kind)
    with pytest.raises(UnreachableError, match=f"{re.escape(sentence)}; {WITHOUT}; 0 of 0 MB are kept: the next try goes on from there$"):
        fetch()
    assert part() == 100_000
    oxford.instead = None
    fetch()
    assert oxford.ranges_asked()[-1] == "bytes=100000-"


def test_a_server_that_never_answers_is_left(oxford: Oxford, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TIMEOUT", (5, 0.2))
    monkeypatch.setattr(Handler, "do_GET", lambda self: self.server.oxford.flow.wait())
    with pytest.raises(UnreachableError, match=r"127.0.0.1 does not answer in time"):
        fetch()


def test_a_line_that_always_breaks_is_given_up(oxford: Oxford) -> None:
    oxford.cuts = [100_000, 0, 0, 0]
    with pytest.raises(UnreachableError, match=r"the connection to 127.0.0.1 breaks off again and again"):
        fetch()
    assert part() == 100_000
    assert len(oxford.ranges_asked()) == 3


def test_a_small_disk_is_said_before_anything_is_asked_for(oxford: Oxford, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pet.shutil, "disk_usage", lambda path: SimpleNamespace(free=300_000_000))
    big = Source(oxford.base, {**oxford.source().files, "images.tar.gz": ("0" * 32, 791_918_971)})
    with pytest.raises(FetchError, match=r"they need 0.9 GB on the disk for a while, and .* has 0.3 GB left"):
        fetch(source=big)
    assert oxford.asked == []


# -- worker, command and page --------------------------------------------------------------------------------------------


@pytest.fixture
def server(home: Path, workers: jobs.Workers, oxford: Oxford, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(pets, "_pet_fetch", None)
    yield Store(home)
    pet.wish(stop=True)
    oxford.flow.set()
    if asked := pets.pet_fetch():
        wait_for(asked.answer.done)


def test_one_worker_fetches_for_all(server: Store, oxford: Oxford) -> None:
    oxford.stalls_after = 98_304
    first = pets.fetch_pet(server, "first")
    wait_for(lambda: part() == 98_304)
    assert pets.fetch_pet(server, "second") is first
    assert pets.pet_fetch().token == "first"
    pet.wish(stop=True)
    with pytest.raises(jobs.TaskError, match=r"^stopped; "):
        first.result(timeout=60)
    oxford.stalls_after = None
    again = pets.fetch_pet(server, "second")
    assert again.result(timeout=60) == {"folder": str(pet.folder())}
    assert oxford.ranges_asked() == [None, "bytes=98304-"]


def test_the_command_fetches_goes_on_and_says_what_is_here(oxford: Oxford, capsys: pytest.CaptureFixture[str]) -> None:
    oxford.stalls_after = 98_304
    interrupt = threading.Timer(0, lambda: (wait_for(lambda: part() == 98_304), os.kill(os.getpid(), signal.SIGINT)))
    interrupt.start()
    assert main(["data", "pet"]) == 130
    interrupt.join()
    said = capsys.readouterr()
    assert "Fetching: 0 of 0 MB" in said.out
    assert "are kept: the next try goes on from there" in said.err
    oxford.stalls_after = None
    assert main(["data", "pet", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["folder"], told["pictures"]) == (str(pet.folder()), 4)
    assert oxford.ranges_asked() == [None, "bytes=98304-"]
    oxford.instead = (503, "text/html")
    assert main(["data", "pet"]) == 0, "what is here needs no network"
    assert "4 pictures" in capsys.readouterr().out


def test_the_command_trains_on_the_fetched_pictures_wherever_it_is_given(
    oxford: Oxford, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fetch()
    assert main(["train", "pet", "--steps", "1", "--width", "4", "--size", "32", "--batch", "2", "--json"]) == 0
    run = json.loads(capsys.readouterr().out.strip().splitlines()[-1])["run"]
    assert Store().run(run).config.data == "pet"
    assert Store().run(run).results["classes"] == ["background", "pet", "outline"]


def test_the_command_without_a_network_ends_with_a_sentence(
    oxford: Oxford, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pet, "OXFORD", Source(refused(), oxford.source().files))
    assert main(["data", "pet", "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"seglab: the pictures cannot be fetched: 127.0.0.1 does not answer; {WITHOUT}\n"


PAGE = """
import streamlit as st
from seglab.train.store import Store
from seglab.ui.pet import pet_panel
st.text(f"chosen: {pet_panel(Store(), st.session_state.get('who', 'me'))}")
"""


def page(who: str = "me") -> AppTest:
    made = AppTest.from_string(PAGE)
    made.session_state["who"] = who
    return made.run(timeout=30)


def buttons(shown: AppTest) -> list[str]:
    assert not shown.exception
    return [button.label for button in shown.button]


def test_the_page_asks_first_and_then_fetches(server: Store, oxford: Oxford) -> None:
    oxford.stalls_after = 98_304
    shown = page()
    assert buttons(shown) == ["Fetch 0 MB"]
    assert "CC BY-SA 4.0" in shown.markdown[0].value
    assert oxford.asked == [], "nothing is fetched without the click"
    assert pets.pet_fetch() is None
    shown.button[0].click().run(timeout=30)
    assert buttons(shown) == ["Stop"]
    wait_for(lambda: part() == 98_304)
    assert buttons(page("somebody else")) == [], "only who asked may stop it"
    shown.button[0].click().run(timeout=30)
    wait_for(pets.pet_fetch().answer.done)
    shown.run(timeout=30)
    assert buttons(shown) == ["Go on"]
    assert shown.info[0].value == "Stopped; 0 of 0 MB are kept: the next try goes on from there."
    assert shown.text[0].value == "chosen: None"
    oxford.stalls_after = None
    shown.button[0].click().run(timeout=30)
    pets.pet_fetch().answer.result(timeout=60)
    shown.run(timeout=30)
    assert buttons(shown) == []
    assert shown.text[0].value == "chosen: pet"


def test_the_page_without_a_network(server: Store, oxford: Oxford) -> None:
    oxford.instead = (503, "text/html")
    shown = page()
    shown.button[0].click().run(timeout=30)
    wait_for(pets.pet_fetch().answer.done)
    shown.run(timeout=30)
    assert shown.error[0].value == f"The pictures cannot be fetched: 127.0.0.1 has a fault of its own (503); {WITHOUT}."
    assert buttons(shown) == ["Try again"]
    oxford.instead = None
    shown.button[0].click().run(timeout=30)
    pets.pet_fetch().answer.result(timeout=60)
    assert page().text[0].value == "chosen: pet"


def test_a_killed_worker_is_said_on_the_page(server: Store, oxford: Oxford, workers: jobs.Workers) -> None:
    oxford.stalls_after = 98_304
    asked = pets.fetch_pet(server, "me")
    wait_for(lambda: part() == 98_304)
    for pid in subprocess.run(["pgrep", "-P", str(workers.pid)], capture_output=True, text=True, check=False).stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    with pytest.raises(jobs.TaskError, match="signal 9"):
        asked.result(timeout=60)
    shown = page()
    assert shown.info[0].value == "The process that fetched the pictures ended before it was done."
    assert buttons(shown) == ["Go on"]
