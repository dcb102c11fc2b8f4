"""`seglab serve`: what is sent and kept, who is refused and how, that the others notice nothing, and that its end loses nothing."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import streamlit
import uvicorn
from conftest import ROOT, awaited, children, ready, until, wait_for
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from seglab.cli import main
from seglab.train.config import TrainConfig
from seglab.train.store import Store
from seglab.ui import connections
from seglab.ui.connections import Socket, Sweeper
from seglab.ui.guard import Limits, Watched
from seglab.ui.headers import checked_ancestors
from seglab.ui.rates import Bucket, Held
from seglab.ui.turns import Turns

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SESSIONS, PER_ADDRESS = 6, 4
STATIC = Path(streamlit.__file__).parent / "static"


class Served:
    """`seglab serve` in a process of its own."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home, self.log = home, home / "server.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "seglab.cli", "serve", "--port", "0", *options],
                cwd=ROOT,
                env={**os.environ, "SEGLAB_HOME": str(home)},
                stdout=log,
                stderr=log,
            )
        self.url = wait_for(self._address, told=lambda: f"no server:\n{self.said()}")
        self.port = int(self.url.rsplit(":", 1)[1])
        wait_for(lambda: self.ask("/healthz").status == 200, told=lambda: f"not well:\n{self.said()}")

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def _address(self) -> str | None:
        found = re.search(r"serving at (http://\S+),", self.said())
        return found[1] if found else None

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """One request, as it is: the body is not unpacked, and the address not tidied."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            return Answer(connection.getresponse())
        except OSError:
            if self.process.poll() is not None:
                pytest.fail(self.said())
            return Answer(None)
        finally:
            connection.close()

    @contextmanager
    def visitor(self, address: str = "10.0.0.1") -> Iterator[Visitor]:
        """A socket as a browser opens it, from an address that a proxy tells."""
        with connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={"X-Forwarded-For": address},
            max_size=None,
        ) as opened:
            yield Visitor(opened)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        finally:
            self.process.kill()


class Answer:
    """An HTTP answer, read."""

    def __init__(self, read: http.client.HTTPResponse | None) -> None:
        self.status = read.status if read else 0
        self.headers = read.headers if read else http.client.HTTPMessage()
        self.body = read.read() if read else b""


class Visitor:
    """One end of a socket."""

    def __init__(self, opened: ClientConnection) -> None:
        self.socket = opened

    def look(self, page: str = "", query: str = "") -> list[ForwardMsg]:
        """Ask for a page, and take what comes until it is whole."""
        self.socket.send(rerun(page, query))
        return self.whole()

    def whole(self) -> list[ForwardMsg]:
        got = []
        while True:
            got.append(ForwardMsg.FromString(self.socket.recv(timeout=60)))  # type: ignore[arg-type]
            if got[-1].WhichOneof("type") == "script_finished":
                return got

    def closed(self) -> tuple[int, str]:
        """The code and the reason with which the server closes."""
        try:
            while True:
                self.socket.recv(timeout=60)
        except ConnectionClosed as end:
            assert end.rcvd is not None
            return end.rcvd.code, end.rcvd.reason


def rerun(page: str = "", query: str = "") -> bytes:
    asked = BackMsg()
    asked.rerun_script.page_name = page
    asked.rerun_script.query_string = query
    return asked.SerializeToString()


def exceptions(got: list[ForwardMsg]) -> list[str]:
    return [one.delta.new_element.exception.message for one in got if one.delta.new_element.WhichOneof("type") == "exception"]


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("hall")
    options = ["--sessions", SESSIONS, "--sessions-per-address", PER_ADDRESS, "--frame-ancestors", "self", "https://lms.example.org"]
    served = Served(home, *map(str, options))
    yield served
    assert served.stop() == 0
    assert "Traceback" not in served.said()


@pytest.fixture
def witness(hall: Served) -> Iterator[Visitor]:
    """Somebody else, who sees a page before and after, on one socket."""
    with hall.visitor("10.9.9.9") as other:
        assert not exceptions(other.look())
        yield other
        assert not exceptions(other.look("words"))


# -- what is sent --------------------------------------------------------------------------------------------------------


def test_files_are_compressed_once_and_kept(hall: Served) -> None:
    file = next((STATIC / "static" / "js").glob("index.*.js"))
    path = f"/static/js/{file.name}"
    packed = hall.ask(path, Accept_Encoding="gzip, br")
    assert gzip.decompress(packed.body) == file.read_bytes()
    assert len(packed.body) < 0.32 * file.stat().st_size
    assert packed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["Content-Length"] == str(len(packed.body))
    assert packed.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert hall.ask(path).body == file.read_bytes(), "who does not take gzip"
    head = hall.ask(path, "HEAD", Accept_Encoding="gzip")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", packed.headers["Content-Length"])
    again = hall.ask(path, If_None_Match=packed.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert hall.ask(path, If_None_Match='W/"another"').status == 200


@pytest.mark.parametrize("path", ["/", "/convolution", "/_stcore/bidi-components/seglab.stage/v1/main.js"])
def test_what_may_change_is_asked_for_anew(path: str, hall: Served) -> None:
    first = hall.ask(path, Accept_Encoding="gzip")
    assert first.headers["Cache-Control"] == "no-cache"
    assert first.headers["Content-Encoding"] == "gzip"
    assert len(gzip.decompress(first.body)) > len(first.body)
    assert hall.ask(path, If_None_Match=first.headers["ETag"]).status == 304


def test_a_file_of_a_component_is_the_one_on_the_disk(hall: Served) -> None:
    assert hall.ask("/_stcore/bidi-components/seglab.diagram/v1/diagram.js").body == (ROOT / "seglab/ui/browser/v1/diagram.js").read_bytes()
    assert hall.ask("/_stcore/bidi-components/seglab.diagram/v1/../../../cli.py").status in (400, 404)
    assert hall.ask("/static/../../config.py").status in (400, 404)


@pytest.mark.parametrize(
    "path", ["/", "/fcn", "/nowhere", "/healthz", "/_stcore/health", "/static/css/none.css", "/_stcore/metrics", "/?" + "a" * 9000]
)
def test_every_answer_has_the_headers(path: str, hall: Served) -> None:
    headers = hall.ask(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Permissions-Policy"] == "camera=(), geolocation=(), microphone=()"
    assert headers["Content-Security-Policy"].endswith("frame-ancestors 'self' https://lms.example.org")
    assert len(headers.get_all("Content-Security-Policy", [])) == 1
    assert headers["Server"] is None


def test_a_page_runs_its_own_scripts_and_no_others(hall: Served) -> None:
    scripts = re.search(r"script-src ([^;]+)", hall.ask("/fcn").headers["Content-Security-Policy"])
    assert scripts
    assert "'unsafe-inline'" not in scripts[1]
    assert scripts[1].count("'sha256-") == 3


@pytest.mark.parametrize("given", ["javascript:alert(1)", "https://a b", "https://a;script-src *", "lms.example.org/path"])
def test_a_frame_ancestor_that_is_none_is_said(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--frame-ancestors", given]) == 2
    assert f"frame-ancestors={given} is no origin: self, none, or for example https://lms.example.org" in capsys.readouterr().err


def test_frame_ancestors_as_the_header_wants_them() -> None:
    given = ["'self'", "https://*.example.org", "http://localhost:*", "https:"]
    assert checked_ancestors(given) == tuple(given)
    with pytest.raises(ValueError, match="none stands alone"):
        checked_ancestors(["none", "self"])


@pytest.mark.parametrize(
    ("option", "value", "told"), [("--sessions", "0", "sessions=0 is too few"), ("--port", "70000", "port=70000 is out")]
)
def test_a_wrong_option_is_said(option: str, value: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", option, value]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(("path", "most"), [("/", 1_500_000), ("/unet_by_hand", 1_500_000), ("/pretrained", 3_000_000)])
def test_a_cold_page_is_small(path: str, most: int, hall: Served, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page, complaints = context.new_page(), []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(hall.url + path, wait_until="networkidle")
    ready(page)
    if path == "/pretrained":
        page.locator(".js-plotly-plot").first.wait_for()
    page.wait_for_load_state("networkidle")
    context.close()
    assert len(sizes) > 60
    assert sum(sizes) <= most
    assert complaints == []


def test_cards_are_shown_and_fetched_when_they_come_into_sight(hall: Served, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(hall.url)
    ready(page)
    pictures = page.locator("img[src*='/cards/']")
    last = pictures.last
    assert not last.evaluate("picture => picture.complete && picture.naturalWidth > 0"), "it is far below"
    last.scroll_into_view_if_needed()
    until(page, "picture => picture.complete && picture.naturalWidth === 560", arg=last.element_handle())
    kept = hall.ask(urllib.parse.urlparse(last.evaluate("picture => picture.src")).path)
    assert (kept.headers["Content-Type"], kept.headers["Cache-Control"]) == ("image/webp", "public, max-age=31536000, immutable")
    context.close()


# -- who is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "code", "told"),
    [
        ("a text", 1002, "Text frames are not taken: a BackMsg is binary."),
        (b"\xff\xfe\xfd", 1002, "A frame of 3 bytes is not a BackMsg."),
        (b"", 1002, "A frame of 0 bytes is a BackMsg that asks for nothing."),
        (b"x" * 600_000, 1009, "A frame of 600000 bytes is too large: at most 524288 are taken."),
        (rerun("", "a" * 9000), 1008, "The address is too long: at most 8000 characters are taken."),
        (b"Z\x0c\x12\n\n\x08\n\x06stride", 1002, "A widget's state has no id of Streamlit's."),
    ],
    ids=["text", "junk", "empty", "large", "long address", "widget"],
)
def test_a_wrong_frame_is_refused_with_a_reason(sent: Any, code: int, told: str, hall: Served, witness: Visitor) -> None:
    with hall.visitor() as offender:
        offender.look()
        offender.socket.send(sent)
        assert offender.closed() == (code, told)


@pytest.mark.parametrize(
    "what", ["clear_cache", "set_run_on_save", "load_git_info", "debug_disconnect_websocket", "debug_shutdown_runtime"]
)
def test_what_is_nobodys_business_is_dropped(what: str, hall: Served, witness: Visitor) -> None:
    with hall.visitor() as offender:
        offender.look()
        offender.socket.send(BackMsg(**{what: True}).SerializeToString())
        assert not exceptions(offender.look("words")), "and that is all"


async def passed(*asked: BackMsg) -> list[str]:
    """What of these frames Streamlit would hear."""
    coming = [{"type": "websocket.receive", "bytes": one.SerializeToString()} for one in asked]
    coming.append({"type": "websocket.disconnect", "code": 1005})

    async def receive() -> dict[str, Any]:
        return coming.pop(0)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    watched, got = Watched(Limits(), Turns(), receive, send), []
    while (message := await watched.receive())["type"] == "websocket.receive":
        got.append(str(BackMsg.FromString(message["bytes"]).WhichOneof("type")))
    return got


def test_only_what_visitors_do_reaches_streamlit() -> None:
    install, chunk = BackMsg(), BackMsg()
    install.backend_operation_request.install_skills.SetInParent()
    chunk.backend_operation_request.dataframe_chunk.limit = 10
    wanted = [BackMsg(stop_script=True), BackMsg(app_heartbeat=True), BackMsg.FromString(rerun()), chunk]
    others = [BackMsg(clear_cache=True), BackMsg(load_git_info=True), BackMsg(set_run_on_save=True), install]
    assert awaited(passed(*others, *wanted, *others)) == ["stop_script", "app_heartbeat", "rerun_script", "backend_operation_request"]


def test_a_flood_of_reruns_is_closed_and_others_notice_nothing(hall: Served, witness: Visitor) -> None:
    with hall.visitor() as offender:
        offender.look()
        with suppress(ConnectionClosed):
            for _ in range(10_000):
                offender.socket.send(rerun("words"))
        assert offender.closed() == (1008, "Too many requests: at most 60 a second.")


def test_quick_requests_are_joined_and_none_is_lost(hall: Served) -> None:
    with hall.visitor() as quick:
        quick.look()
        for number in range(100):
            quick.socket.send(rerun("words", f"word=x{number}"))
        quick.socket.send(rerun("convolution"))
        told = ""
        while "convolution" not in told:
            got = quick.whole()
            assert not exceptions(got)
            told = " ".join(one.new_session.page_script_hash + str(one.delta.new_element) for one in got).lower()


def test_joined_requests_keep_the_buttons_that_were_pressed() -> None:
    def asked(text: str, pressed: bool | None = None, page: str = "a") -> BackMsg:
        made = BackMsg()
        made.rerun_script.page_name = page
        made.rerun_script.widget_states.widgets.add(id="field", string_value=text)
        if pressed is not None:
            made.rerun_script.widget_states.widgets.add(id="button", trigger_value=pressed)
        return made

    held = Held()
    for one in (asked("1", True), asked("2"), asked("3", False), asked("4", page="b"), asked("5", page="b")):
        assert held.add(one)
    first, second = held.waiting
    assert {one.id: getattr(one, str(one.WhichOneof("value"))) for one in first.rerun_script.widget_states.widgets} == {
        "field": "3",
        "button": True,
    }
    assert [one.string_value for one in second.rerun_script.widget_states.widgets] == ["5"]
    assert [held.add(asked("", page=str(page))) for page in range(19)] == [True] * 18 + [False]


def test_a_bucket_gives_what_it_says() -> None:
    now = [0.0]
    bucket = Bucket(rate=10, most=3, now=lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    assert bucket.wait() == pytest.approx(0.1)
    now[0] = 0.1
    assert [bucket.take(), bucket.take()] == [True, False]
    now[0] = 100
    assert [bucket.take() for _ in range(4)] == [True, True, True, False], "and saves no more than it holds"


def test_a_full_address_and_a_full_server_say_so(hall: Served) -> None:
    with ExitStack() as all_of_them:
        inside = [all_of_them.enter_context(hall.visitor("10.0.0.1")) for _ in range(PER_ADDRESS)]
        of_address = f"This server takes {PER_ADDRESS} visitors at a time from one network address, and yours has as many."
        page = hall.ask("/fcn", Accept="text/html", X_Forwarded_For="10.0.0.1")
        assert (page.status, page.headers["Retry-After"]) == (503, "10")
        assert of_address in page.body.decode()
        assert hall.ask("/fcn", X_Forwarded_For="10.0.0.2").status == 200, "another one may come"
        with hall.visitor("10.0.0.1") as late:
            assert late.closed() == (1013, of_address)
        inside += [all_of_them.enter_context(hall.visitor("10.0.0.2")) for _ in range(SESSIONS - PER_ADDRESS)]
        of_server = f"This server takes {SESSIONS} visitors at a time and is full: a place may be free in a minute."
        page = hall.ask("/", Accept="text/html", X_Forwarded_For="10.0.0.3")
        assert page.status == 503
        assert of_server in page.body.decode()
        assert json.loads(hall.ask("/healthz").body)["sessions"] == SESSIONS
        assert hall.ask("/static/css/none.css").status != 503, "a page that is open goes on"
        for one in inside:
            assert not exceptions(one.look("words"))
        waiting: list[list[ForwardMsg]] = []
        with suppress(ConnectionClosed):
            thread = threading.Thread(target=lambda: waiting.append(look_from(hall, "10.0.0.3")))
            thread.start()
            inside[-1].socket.close()
            thread.join()
        assert waiting, "who waits at the door comes in when somebody leaves"
    wait_for(lambda: json.loads(hall.ask("/healthz").body)["sessions"] == 0)


def look_from(hall: Served, address: str) -> list[ForwardMsg]:
    with hall.visitor(address) as visitor:
        return visitor.look()


def test_a_long_address_is_refused_with_a_sentence(hall: Served, witness: Visitor) -> None:
    for path in ("/convolution?x=" + "1_" * 4000, "/" + "a" * 8001):
        long = hall.ask(path, Accept="text/html")
        assert long.status == 414
        assert f"This address has {len(path) - (1 if '?' in path else 0)} characters: at most 8000 are taken." in long.body.decode()
    assert hall.ask("/convolution?x=" + "1" * 7900).status == 200


def test_a_socket_that_stays_silent_is_closed() -> None:
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        said.append(message)

    watched = Watched(Limits(silence=0.01), Turns(), receive, send)
    assert awaited(watched.receive()) == {"type": "websocket.disconnect", "code": 1008}
    assert said == [{"type": "websocket.close", "code": 1008, "reason": "No request came within 0.01 s."}]


# -- below the guard -----------------------------------------------------------------------------------------------------


@contextmanager
def plain_server(app: Any) -> Iterator[tuple[int, uvicorn.Server]]:
    """A server of a small app, with our sockets, in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, ws=Socket, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1], server
    finally:
        server.should_exit = True
        thread.join()


async def pours(scope: Any, receive: Any, send: Any) -> None:
    """Sends without end to a socket of /pour, and echoes to others."""
    if scope["type"] == "lifespan":
        return
    await receive()
    await send({"type": "websocket.accept"})
    with suppress(OSError):
        while True:
            if scope["path"] == "/pour":
                await send({"type": "websocket.send", "bytes": b"x" * 100_000})
            else:
                said = await receive()
                if said["type"] == "websocket.disconnect":
                    return
                await send({"type": "websocket.send", "bytes": said["bytes"]})


def opened(port: int, path: str) -> socket.socket:
    """A socket, by hand, that reads nothing once it is open."""
    raw = socket.create_connection(("127.0.0.1", port))
    key = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13"
    raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{key}\r\n\r\n".encode())
    assert raw.recv(12) == b"HTTP/1.1 101"
    return raw


def test_who_never_reads_and_who_never_asks_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "UNASKED", 0)
    with plain_server(pours) as (port, server), ExitStack() as left:
        echo = left.enter_context(connect(f"ws://127.0.0.1:{port}/echo"))
        deaf = left.enter_context(opened(port, "/pour"))
        mute = [left.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(50)]
        half = left.enter_context(socket.create_connection(("127.0.0.1", port)))
        half.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        wait_for(lambda: len(server.server_state.connections) == 53)
        sweeper = Sweeper()
        stuck = [one for one in server.server_state.connections if one.transport.get_extra_info("peername")[1] == deaf.getsockname()[1]]
        wait_for(lambda: stuck[0].transport.get_write_buffer_size() > 0)
        assert not stuck[0].transport.is_reading()
        sweep = lambda: server.servers[0].get_loop().call_soon_threadsafe(sweeper.sweep, server.server_state.connections)  # noqa: E731
        wait_for(lambda: (sweep(), len(server.server_state.connections) == 1)[1])
        assert mute[0].recv(1) == half.recv(1) == b""
        echo.send(b"still here")
        assert echo.recv(timeout=60) == b"still here"


def test_floods_below_the_frames_are_closed() -> None:
    with plain_server(pours) as (port, _), connect(f"ws://127.0.0.1:{port}/echo") as echo:
        for flood in (b"\x89\x80abcd", b"\x00\x80abcd"):  # pings, and empty pieces of a message that was begun
            with opened(port, "/echo") as offender:
                offender.sendall(b"\x02\x80abcd" * (flood[0] == 0) + flood * 5000)
                got = b""
                with suppress(ConnectionResetError):
                    while data := offender.recv(1 << 16):
                        got += data
                assert b"Too many control frames: at most 10 a second." in got
        echo.send(b"still here")
        assert echo.recv(timeout=60) == b"still here"


def test_a_thousand_half_open_connections_trouble_nobody(hall: Served, witness: Visitor) -> None:
    with ExitStack() as left:
        for number in range(1000):
            half = left.enter_context(socket.create_connection(("127.0.0.1", hall.port)))
            if number % 2:
                half.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert hall.ask("/healthz").status == 200
        with hall.visitor() as next_one:
            assert not exceptions(next_one.look("convolution"))


# -- what nobody thought of ----------------------------------------------------------------------------------------------

fuzz = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
TEXT = some.text(max_size=40)
WIDGET = some.fixed_dictionaries(
    {"id": TEXT.map(lambda text: "$$" + text if len(text) % 2 else text)},
    optional={"string_value": TEXT, "bool_value": some.booleans(), "int_value": some.integers(-(2**40), 2**40), "json_value": TEXT},
)


@some.composite
def frames(draw: Any) -> bytes:
    """Bytes, a BackMsg of anything, or such a BackMsg with a few bytes changed."""
    if draw(some.integers(0, 3)) == 0:
        return draw(some.binary(max_size=200))
    asked, what = BackMsg(), draw(some.sampled_from(list(BackMsg.DESCRIPTOR.oneofs[0].fields))).name
    if what == "rerun_script":
        told = asked.rerun_script
        told.query_string, told.page_name, told.page_script_hash = draw(TEXT), draw(TEXT), draw(TEXT)
        told.fragment_id, told.is_auto_rerun = draw(TEXT), draw(some.booleans())
        told.cached_message_hashes.extend(draw(some.lists(TEXT, max_size=4)))
        told.context_info.url = draw(TEXT)
        for widget in draw(some.lists(WIDGET, max_size=4)):
            told.widget_states.widgets.add(**dict(list(widget.items())[:2]))
    elif what == "file_urls_request":
        asked.file_urls_request.request_id, asked.file_urls_request.session_id = draw(TEXT), draw(TEXT)
        asked.file_urls_request.file_names.extend(draw(some.lists(TEXT, max_size=120)))
    elif what == "backend_operation_request":
        asked.backend_operation_request.request_id = draw(TEXT)
        payload = draw(some.sampled_from(["deferred_file", "install_skills", "dismiss_skills_nudge", "dataframe_chunk"]))
        getattr(asked.backend_operation_request, payload).SetInParent()
    else:
        setattr(asked, what, draw(some.booleans()))
    data = bytearray(asked.SerializeToString())
    for place in draw(some.lists(some.integers(0, max(0, len(data) - 1)), max_size=3)):
        data[place : place + 1] = draw(some.binary(max_size=2))
    return bytes(data)


def test_fuzzed_frames(hall: Served, witness: Visitor) -> None:
    @fuzz
    @given(some.lists(frames(), min_size=1, max_size=4))
    def send(several: list[bytes]) -> None:
        with hall.visitor() as offender, suppress(ConnectionClosed):
            for one in several:
                offender.socket.send(one)
            got = offender.look("words")
            assert not exceptions(got)

    send()
    assert "Traceback" not in hall.said(), hall.said()


def test_fuzzed_addresses(hall: Served, witness: Visitor) -> None:
    path = some.text(some.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=60)
    names = some.sampled_from(["v", "embed", "lecture", "run", "stride", "padding", "x", "stop", "part", "word", "kind", "seed"])
    words = some.one_of(TEXT, some.sampled_from(["-1", "1e99", "nan", "0x10", "<script>alert(1)</script>", "../../etc", "٣", "1_2~3"]))

    @fuzz
    @given(path)
    def ask(path: str) -> None:
        answer = hall.ask(f"/{path}", Accept="text/html")
        assert 200 <= answer.status < 500, (path, answer.status)

    ask()

    with hall.visitor("10.0.0.4") as visitor:
        visitor.look()

        @settings(fuzz, max_examples=60)
        @given(some.sampled_from(["convolution", "stack", "words", "decks", "output_size"]), some.dictionaries(names, words, max_size=5))
        def look(page: str, query: dict[str, str]) -> None:
            got = visitor.look(page, urllib.parse.urlencode(query, errors="replace"))
            assert exceptions(got) == [], (page, query)

        look()
    assert "Traceback" not in hall.said(), hall.said()


# -- health, and the end -------------------------------------------------------------------------------------------------


def test_health_tells_what_is_there_and_what_is_not(hall: Served, witness: Visitor) -> None:
    well = hall.ask("/healthz")
    told = json.loads(well.body)
    assert (well.status, told["status"], told["workers"], told["sessions"]) == (200, "ok", True, 1)
    assert (told["most_sessions"], set(told["runs"])) == (SESSIONS, {"queued", "starting", "running", "paused"})
    os.kill(children(hall.process.pid)[0], signal.SIGKILL)
    unwell = wait_for(lambda: (answer := hall.ask("/healthz")).status == 503 and answer)
    assert json.loads(unwell.body)["problem"] == "no process to train in was there; one is starting"
    wait_for(lambda: hall.ask("/healthz").status == 200)


def test_the_end_saves_what_trains_and_says_so(tmp_path: Path) -> None:
    from seglab.train.weights import read_checkpoint

    store = Store(tmp_path)
    run = store.create(TrainConfig(width=8, size=64, depth=2, steps=100_000, threads=1), "a token")
    served = Served(tmp_path)
    try:
        wait_for(lambda: store.run(run.id).status == "running" and store.run(run.id).step > 5, seconds=300)
        with served.visitor() as inside:
            inside.look("words")
            served.process.send_signal(signal.SIGTERM)
            assert inside.closed()[0] == 1012
        assert served.process.wait(timeout=60) == 0
    finally:
        served.process.kill()
        served.process.wait()
    ended = store.run(run.id)
    assert (ended.status, ended.message) == ("lost", "The server stopped while this run was training.")
    assert not store.alive(run.id)
    assert read_checkpoint(store.weights(run.id))[0].step == ended.step > 5
    assert "trainings that were under way are saved and can be resumed" in served.said()
    assert "Traceback" not in served.said()
