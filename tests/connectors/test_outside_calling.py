"""The one way over HTTP: proven, within limits, tried again where that helps; what fails is told in five words."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from platforms.city import City, Trouble
from platforms.harness import Request, Response, Server, Vanish, as_json
from platforms.smtp import make_certificate
from sandbox import CITY_TOML, table

from connectors.outside.authorising import read_token
from connectors.outside.calling import Answer, Outside
from connectors.outside.connection import read_connection
from people.outside import Busy, Nonsense, OutsideFailed, Refused, TooSlow, Unreachable

pytest_plugins = ["sandbox"]

SECRET = "王小丫110105194912310021"
#: The whole of one try under test, and what a loaded machine may add.
WHOLE, SLACK = 0.4, 0.6


class Stub:
    """A system that answers what it is told to, and keeps what came."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.say: Callable[[Request], Response] = lambda request: as_json({"n": len(self.requests)})

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        return self.say(request)


@pytest.fixture
def stub() -> Stub:
    return Stub()


def settings(address: str, **changes: Any) -> dict[str, Any]:
    return {
        "address": address,
        "paths": {"x": "/x"},
        "fields": {},
        "limits": {
            "connect_seconds": 1.0,
            "read_seconds": 0.25,
            "whole_seconds": WHOLE,
            "longest_bytes": 5000,
        },
        "retries": {"attempts": 1, "first_wait": 0.01, "longest_wait": 0.05, "failures": 1000},
        **changes,
    }


@pytest.fixture
def stub_server(stub: Stub) -> Iterator[Server]:
    with Server({"": stub}) as running:
        yield running


Reach = Callable[..., Outside]


@pytest.fixture
def reach(stub_server: Server) -> Iterator[Reach]:
    opened: list[Outside] = []

    def start(**changes: Any) -> Outside:
        address = changes.pop("address", stub_server.address)
        opened.append(Outside(read_connection("office", settings(address, **changes), Path())))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def ask(outside: Outside, **how: Any) -> Answer:
    return outside.call("GET", "x", **how)


# -- what is answered --------------------------------------------------------------------------------------------------


def test_an_answer_and_its_version(stub: Stub, reach: Reach) -> None:
    stub.say = lambda request: Response(b'{"a": 1.10}', headers={"ETag": '"v1"'})
    found = ask(reach(), query={"month": "2026-10"})
    assert (str(found.data["a"]), found.version, found.unchanged) == ("1.10", '"v1"', False)
    assert (stub.requests[0].path, stub.requests[0].query) == ("x", {"month": "2026-10"})
    stub.say = lambda request: Response(status=304)
    found = ask(reach(), version='"v1"')
    assert (found.unchanged, found.version) == (True, '"v1"')
    assert stub.requests[1].headers["if-none-match"] == '"v1"'


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, Refused, "http_401"),
        (403, Refused, "http_403"),
        (408, Busy, "http_408"),
        (429, Busy, "http_429"),
        (500, Busy, "http_500"),
        (503, Busy, "http_503"),
        (302, Nonsense, "http_302"),
        (304, Nonsense, "http_304"),
        (400, Nonsense, "http_400"),
        (404, Nonsense, "http_404"),
        (204, Nonsense, "not_json"),
    ],
)
def test_a_status_that_is_no_answer(
    stub: Stub, reach: Reach, status: int, kind: type[OutsideFailed], code: str
) -> None:
    stub.say = lambda request: Response(status=status, headers={"Location": "http://127.0.0.1:1/"})
    with pytest.raises(kind) as error:
        ask(reach())
    assert error.value.code == code
    assert error.value.later == (kind is Busy)


def test_a_status_can_be_an_answer(stub: Stub, reach: Reach) -> None:
    stub.say = lambda request: Response(status=404)
    assert ask(reach(), answers=(404,)).status == 404


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"\xff{", b"[" * 4000, b'{"a": NaN}', b'{"a": 1', b"1" * 4500],
)
def test_a_body_that_is_no_json(stub: Stub, reach: Reach, body: bytes) -> None:
    stub.say = lambda request: Response(body)
    with pytest.raises(Nonsense, match="not_json"):
        ask(reach())


def test_a_body_that_is_too_long_is_not_read_to_the_end(stub: Stub, reach: Reach) -> None:
    stub.say = lambda request: Response(b" " * 50_000_000)
    started = time.monotonic()
    with pytest.raises(Nonsense, match="too_long"):
        ask(reach(limits={"longest_bytes": 5000}))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        ({"code": 7}, Busy, "envelope.code"),
        ({"code": "8"}, Refused, "envelope.code"),
        ({"code": 41}, Nonsense, "envelope.code:unmapped:41"),
        ({"code": True}, Nonsense, "envelope.code:unmapped"),
        ({}, Nonsense, "envelope.code:unmapped"),
        ([], Nonsense, "envelope.code:unmapped"),
    ],
)
def test_a_code_in_the_body(
    stub: Stub, reach: Reach, said: Any, kind: type[OutsideFailed], code: str
) -> None:
    envelope = {"code": "code", "ok": ["0"], "busy": ["7"], "refused": ["8"]}
    stub.say = lambda request: as_json(said)
    with pytest.raises(kind) as error:
        ask(reach(envelope=envelope))
    assert error.value.code == code
    stub.say = lambda request: as_json({"code": 0})
    assert ask(reach(envelope=envelope)).data == {"code": 0}


@pytest.mark.parametrize("seconds", [-3600, -400, 400, 86_400 * 400])
def test_a_clock_that_is_wrong_is_said_before_anything_else(stub: Stub, reach: Reach, seconds: int) -> None:
    outside = reach()
    ask(outside)
    assert abs(outside.skew) < 5
    for status in (200, 401, 500):
        stub.say = lambda request, status=status: Response(  # type: ignore[misc]
            b"{}", status, headers={"Date": formatdate(time.time() + seconds, usegmt=True)}
        )
        with pytest.raises(Nonsense, match="clock"):
            ask(outside)
    assert abs(outside.skew - seconds) < 5
    stub.say = lambda request: as_json({})
    ask(outside)
    assert abs(outside.skew) < 5


def test_a_date_that_is_none(stub: Stub, reach: Reach) -> None:
    stub.say = lambda request: Response(b"{}", headers={"Date": "soon"})
    with pytest.raises(Nonsense, match="date"):
        ask(reach())


# -- time --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def listen() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Starts something that does what it is given with each connection; its address."""
    listeners: list[socket.socket] = []

    def start(do: Callable[[socket.socket], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        do(connection)

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for each in listeners:
        each.close()


def drip(text: bytes, pace: float = 0.05) -> Callable[[socket.socket], None]:
    def do(connection: socket.socket) -> None:
        connection.recv(4096)
        for each in text:
            connection.sendall(bytes((each,)))
            time.sleep(pace)

    return do


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b" " * 100,
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % each for each in range(100)),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 40,
        # Without a length its end is that of the connection, which we shut ourselves.
        b"HTTP/1.1 200 OK\r\n\r\n{}" + b" " * 100,
    ],
    ids=["body", "headers", "chunks", "no_length"],
)
def test_however_slowly_it_drips_it_ends_in_time(listen: Any, reach: Reach, text: bytes) -> None:
    outside = reach(address=listen(drip(text, 0.05)))
    started = time.monotonic()
    with pytest.raises(TooSlow, match="whole"):
        ask(outside)
    assert WHOLE - 0.05 < time.monotonic() - started < WHOLE + SLACK


def test_silence_and_an_end_that_comes_too_early(listen: Any, reach: Reach) -> None:
    with pytest.raises(TooSlow, match="read"):
        ask(reach(address=listen(lambda connection: time.sleep(1))))
    with pytest.raises(Unreachable):
        ask(reach(address=listen(lambda connection: None)))
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"
    with pytest.raises(Unreachable, match="RemoteProtocolError"):
        ask(reach(address=listen(drip(short, 0))))


def test_nobody_listens(reach: Reach) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match="ConnectError"):
        ask(reach(address=f"http://127.0.0.1:{port}"))


def test_a_hundred_calls_leave_no_thread_behind(reach: Reach) -> None:
    outside = reach()
    before = threading.active_count()
    started = time.monotonic()
    for _ in range(100):
        ask(outside)
    assert threading.active_count() <= before + 2
    assert time.monotonic() - started < 10


# -- tried again -------------------------------------------------------------------------------------------------------


def test_what_may_pass_is_tried_again_and_what_does_not_is_not(stub: Stub, reach: Reach) -> None:
    outside = reach(retries={"attempts": 3, "first_wait": 0.01, "longest_wait": 0.05})
    answers = [Response(status=500), Response(status=503, headers={"Retry-After": "0"}), as_json({"ok": 1})]
    stub.say = lambda request: answers[len(stub.requests) - 1]
    assert ask(outside).data == {"ok": 1}
    for status, times in ((500, 3), (400, 1), (403, 1)):
        stub.requests.clear()
        stub.say = lambda request, status=status: Response(status=status)  # type: ignore[misc]
        with pytest.raises(OutsideFailed):
            ask(outside)
        assert len(stub.requests) == times


def test_a_system_that_asks_to_be_left_alone_is(stub: Stub, reach: Reach) -> None:
    outside = reach(retries={"attempts": 3, "first_wait": 0.01, "longest_wait": 1.5})
    stub.say = lambda request: Response(status=429, headers={"Retry-After": "30"})
    with pytest.raises(Busy) as error:
        ask(outside)
    assert (error.value.after, len(stub.requests)) == (timedelta(seconds=30), 1)
    stub.requests.clear()
    stub.say = lambda request: (
        Response(status=429, headers={"Retry-After": "1"}) if len(stub.requests) == 1 else as_json({})
    )
    started = time.monotonic()
    ask(outside)
    assert 1 <= time.monotonic() - started < 2 + SLACK


def test_after_failures_in_a_row_it_is_left_alone_for_a_while(stub: Stub, reach: Reach) -> None:
    outside = reach(retries={"attempts": 1, "failures": 3, "pause_seconds": 0.3})
    stub.say = lambda request: Response(status=500)
    for _ in range(6):
        with pytest.raises(Busy) as error:
            ask(outside)
    assert (error.value.code, error.value.after, len(stub.requests)) == (
        "left_alone",
        timedelta(seconds=0.3),
        3,
    )
    time.sleep(0.35)
    with pytest.raises(Busy, match="http_500"):
        ask(outside)  # the one trial
    with pytest.raises(Busy, match="left_alone"):
        ask(outside)
    assert len(stub.requests) == 4
    time.sleep(0.35)
    stub.say = lambda request: as_json({})
    ask(outside)
    ask(outside)
    assert len(stub.requests) == 6


def test_slow_answers_do_not_wait_for_each_other(stub: Stub, reach: Reach) -> None:
    outside = reach()

    def slow(request: Request) -> Response:
        time.sleep(0.15)
        return as_json({})

    stub.say = slow
    threads = [threading.Thread(target=ask, args=(outside,)) for _ in range(4)]
    started = time.monotonic()
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert time.monotonic() - started < 0.55


# -- whose it is -------------------------------------------------------------------------------------------------------


def token_server(stub: Stub, *, seconds: int = 3600) -> list[str]:
    """Has the stub hand out tokens, of which the last is good; those that were handed out."""
    given: list[str] = []

    def say(request: Request) -> Response:
        if request.path == "token":
            given.append(f"t{len(given)}")
            return as_json({"access_token": given[-1], "token_type": "bearer", "expires_in": seconds})
        good = given and request.headers.get("authorization") == f"Bearer {given[-1]}"
        return as_json({}) if good else Response(status=401)

    stub.say = say
    return given


def oauth(server: Server, **more: Any) -> dict[str, Any]:
    return {
        "kind": "oauth2",
        "token_url": f"{server.address}/token",
        "client_id": "us",
        "client_secret": "s+cret",
        **more,
    }


def test_a_token_is_kept_and_renewed_once_when_it_is_refused(
    stub: Stub, stub_server: Server, reach: Reach
) -> None:
    given = token_server(stub)
    outside = reach(auth=oauth(stub_server, scope="a b", way="form"))
    ask(outside)
    ask(outside)
    assert given == ["t0"]
    assert (
        stub.requests[0].body
        == b"grant_type=client_credentials&scope=a+b&client_id=us&client_secret=s%2Bcret"
    )
    given.append("another one")  # revoked
    ask(outside)
    assert given[-1] == "t2"
    stub.requests.clear()
    honest = stub.say
    stub.say = lambda request: honest(request) if request.path == "token" else Response(status=401)
    with pytest.raises(Refused, match="http_401"):
        ask(outside)
    assert [each.path for each in stub.requests] == ["x", "token", "x"]


def test_a_token_is_fetched_once_for_all_who_wait(stub: Stub, stub_server: Server, reach: Reach) -> None:
    given = token_server(stub)
    outside = reach(auth=oauth(stub_server))
    threads = [threading.Thread(target=ask, args=(outside,)) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert given == ["t0"]


def test_a_token_is_no_longer_used_shortly_before_its_end(
    stub: Stub, stub_server: Server, reach: Reach
) -> None:
    given = token_server(stub, seconds=31)  # 30 of them are set aside
    outside = reach(auth=oauth(stub_server))
    ask(outside)
    time.sleep(1.1)
    ask(outside)
    assert given == ["t0", "t1"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Response(status=401), Refused),
        (as_json({"error": "invalid_client"}, 400), Refused),
        (as_json({"error": "invalid_client"}), Refused),
        (Response(status=503), Busy),
        (Response(b"<html>"), Nonsense),
        (as_json({}), Nonsense),
        (as_json({"access_token": ""}), Nonsense),
        (as_json({"access_token": "a\nb"}), Nonsense),
        (as_json({"access_token": "a", "expires_in": "soon"}), Nonsense),
        (as_json({"access_token": "a", "expires_in": -1}), Nonsense),
        (as_json({"access_token": "a", "token_type": "mac"}), Nonsense),
    ],
)
def test_no_token_is_classified(
    stub: Stub, stub_server: Server, reach: Reach, answer: Response, kind: type[OutsideFailed]
) -> None:
    stub.say = lambda request: answer
    with pytest.raises(kind):
        ask(reach(auth=oauth(stub_server)))
    assert {each.path for each in stub.requests} == {"token"}


def test_a_token_without_a_term_lasts_as_long_as_configured() -> None:
    assert read_token(b'{"access_token": "a"}', 300) == ("a", 300)


def test_each_try_is_signed_anew(city: City, connect: Callable[..., Outside]) -> None:
    outside = connect("social_insurance", retries={"attempts": 3})
    city.social_insurance.switch(Trouble.ERROR_500, calls=2)
    assert (
        outside.call("GET", "confirmed", query={"jfny": "2026-10", "page": "1", "size": "3"}).data["code"]
        == "0"
    )
    nonces = {each.request.headers["x-nonce"] for each in city.social_insurance.calls}
    assert len(nonces) == 3


@pytest.mark.parametrize("section", ["civil_affairs", "social_insurance", "payroll"])
def test_wrong_credentials_are_refused(offices: Server, section: str) -> None:
    given = table(section, offices.address)
    for name in ("client_secret", "secret", "key"):
        if name in given["auth"]:
            given["auth"][name] = "another one"
    outside = Outside(read_connection(section, given, CITY_TOML.parent))
    with pytest.raises(Refused):
        outside.call("POST", next(iter(given["paths"])), body=b"{}")
    outside.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A system over TLS that asks for our certificate; its address, and the folder of the PEM files."""
    for name in ("theirs", "ours", "strangers"):
        (tmp_path / f"{name}.pem").write_bytes(make_certificate())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "theirs.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(tmp_path / "ours.pem")
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    threading.Thread(target=accept, daemon=True).start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}", tmp_path
    listener.close()


def over_tls(address: str, folder: Path, **files: str) -> Answer:
    outside = Outside(read_connection("office", settings(address, tls=files), folder))
    try:
        return ask(outside)
    finally:
        outside.close()


def test_both_sides_show_a_certificate(office: tuple[str, Path]) -> None:
    address, folder = office
    ours = {"certificate": "ours.pem", "private_key": "ours.pem"}
    assert over_tls(address, folder, authority="theirs.pem", **ours).data == {}
    for files in (
        {"authority": "theirs.pem"},
        {"authority": "theirs.pem", "certificate": "strangers.pem", "private_key": "strangers.pem"},
        ours,
        {"authority": "strangers.pem", **ours},
    ):
        with pytest.raises(Refused, match="certificate"):
            over_tls(address, folder, **files)


def test_a_handshake_that_drips_ends_in_time(listen: Any, reach: Reach) -> None:
    address = listen(drip(b"\x16\x03\x03\x40\x00" + b"\x00" * 200, 0.05)).replace("http:", "https:")
    started = time.monotonic()
    with pytest.raises(TooSlow, match="whole"):
        ask(reach(address=address))
    assert WHOLE - 0.05 < time.monotonic() - started < WHOLE + 0.45


# -- what nobody is told -----------------------------------------------------------------------------------------------


def test_nothing_that_was_sent_or_answered_is_told(
    stub: Stub, reach: Reach, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    outside = reach(
        auth={"kind": "api_key", "key": "very-secret"},
        retries={"attempts": 2, "first_wait": 0.01, "longest_wait": 0.02},
        envelope={"code": "code", "ok": ["0"]},
    )
    answers: list[Response | None] = [
        None, as_json({"code": SECRET}), Response(SECRET.encode()), Response(SECRET.encode(), 500)
    ]  # fmt: skip
    for answer in answers:

        def say(request: Request, answer: Response | None = answer) -> Response:
            if answer is None:
                raise Vanish
            return answer

        stub.say = say
        with pytest.raises(OutsideFailed) as error:
            outside.call("POST", "x", body=json.dumps({"name": SECRET}).encode(), reference="r-1")
        assert SECRET not in f"{error.value!r}{error.value}"
        assert error.value.__cause__ is None
        assert error.value.__suppress_context__ or error.value.__context__ is None
    said = caplog.text + repr(outside.connection)
    assert not any(secret in said for secret in (SECRET, "王小丫", "very-secret"))
