"""What every platform's server stands on: a server, an API that can be told to fail, and calls to the product.

A platform is a class with `answer(request) -> Response`, mounted on a `Server` at a path:

    with Server({"/wechat": wechat, "/telegram": telegram}) as server:
        settings = {"api_base": f"{server.address}/wechat"}

`Api` adds what tests ask of any platform: `calls` (what was called, in order) and `fail(path, ...)` (what the next calls meet);
a test gives it a clock that it moves. `call(address, ...)` is how a platform calls the product.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

#: Seconds since 1970, as every platform counts.
Clock = Callable[[], float]


@dataclass(frozen=True)
class Request:
    """What came in. `path` is what stands after the mount, without a leading slash; header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    client: str = "127.0.0.1"

    def json(self) -> Any:
        """The body as JSON. Raises `ValueError`."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Response:
    """What is answered. `cut`: the connection ends after so many bytes of the body. `pace`: seconds before each byte."""

    body: bytes = b""
    status: int = 200
    media_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    pace: float = 0.0


def as_json(data: Any, status: int = 200) -> Response:
    """An answer of an API."""
    return Response(json.dumps(data, ensure_ascii=False).encode(), status)


class Fault(Enum):
    """What may happen to a call on its way."""

    #: The connection breaks before the platform heard of it.
    BROKEN = "broken"
    #: The platform did it, and the connection breaks before the answer.
    LOST = "lost"
    #: The platform did it, and never answers (until the client gives up or the server stops).
    HANG = "hang"


class Failure(Exception):
    """The platform's own error, by its number."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Vanish(Exception):
    """The connection is to be closed without an answer, after so many seconds; `reset`: not properly either."""

    def __init__(self, after: float = 0.0, *, reset: bool = False) -> None:
        super().__init__(after)
        self.after = after
        self.reset = reset


class Answering(Protocol):
    """What can be mounted on a server."""

    def answer(self, request: Request) -> Response:
        """The answer; raises `Vanish` where there is to be none."""


@dataclass(frozen=True)
class Call:
    """A call of the product: `status` or the platform's own code is in `answer` (None where nothing was answered)."""

    path: str
    request: Request
    answer: Response | None
    at: float


class Api:
    """A platform's API. Subclasses write `handle`; `failure` says how the platform names an error."""

    def __init__(self, clock: Clock = time.time) -> None:
        self.clock = clock
        self.calls: list[Call] = []
        #: Held while state is read or changed, never while anything is called.
        self.lock = threading.RLock()
        self._faults: defaultdict[str, deque[Fault | int]] = defaultdict(deque)

    def handle(self, request: Request) -> Response:
        """The answer of the platform in good health."""
        raise NotImplementedError

    def failure(self, code: int) -> Response:
        """How the platform says that something went wrong, by its own number."""
        raise NotImplementedError

    def fail(self, path: str, *faults: Fault | int) -> None:
        """The next calls of a path meet these, one each: a `Fault`, or an error code that the platform answers."""
        with self.lock:
            self._faults[path].extend(faults)

    def called(self, path: str) -> list[Call]:
        """The calls of a path."""
        with self.lock:
            return [each for each in self.calls if each.path == path]

    def answer(self, request: Request) -> Response:
        with self.lock:
            waiting = self._faults[request.path]
            fault = waiting.popleft() if waiting else None
        answer = None
        try:
            if isinstance(fault, int):
                answer = self.failure(fault)
            elif fault is not Fault.BROKEN:
                done = self.handle(request)
                answer = done if fault is None else None
        finally:
            with self.lock:
                self.calls.append(Call(request.path, request, answer, self.clock()))
        if answer is None:
            raise Vanish(3600.0 if fault is Fault.HANG else 0.0)
        return answer


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, server: Server) -> None:
        super().__init__((host, port), _Handler)
        self.owner = server

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        super().setup()
        self.server.owner.connected(self.connection)

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.server.owner.left(self.connection)

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        try:
            answer = self.server.owner.dispatch(
                self.command,
                self.path,
                {name.lower(): value for name, value in self.headers.items()},
                body,
                self.client_address[0],
            )
        except Vanish as gone:
            self.server.owner.stopping.wait(gone.after)
            self.close_connection = True
            if gone.reset:
                self._reset()
            return
        if "Date" in answer.headers:
            self.send_response_only(answer.status)
        else:
            self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._write(answer)

    def _write(self, answer: Response) -> None:
        body = answer.body if answer.cut is None else answer.body[: answer.cut]
        self.close_connection = self.close_connection or answer.cut is not None
        if not answer.pace:
            self.wfile.write(body)
            return
        for each in body:
            if self.server.owner.stopping.wait(answer.pace):
                return
            self.wfile.write(bytes((each,)))

    def _reset(self) -> None:
        """The other side gets an error instead of an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    do_GET = do_POST = do_HEAD = _any  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """What is called is kept by the platforms."""


class Server:
    """A server on loopback or where `host` says; port 0 takes a free one. Of the mounts the longest that a path begins with
    answers."""

    def __init__(self, mounts: Mapping[str, Answering], port: int = 0, host: str = "127.0.0.1") -> None:
        self.mounts = dict(mounts)
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = _Listener(host, port, self)
        self.port: int = self._listener.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends every connection; what hangs is let go."""
        self.stopping.set()
        self._listener.shutdown()
        with self._lock:
            open_now = list(self._connections)
        for each in open_now:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listener.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def connected(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def left(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def dispatch(
        self, method: str, target: str, headers: dict[str, str], body: bytes, client: str
    ) -> Response:
        parts = urlsplit(target)
        for mount in sorted(self.mounts, key=len, reverse=True):
            if parts.path == mount or parts.path.startswith(f"{mount}/"):
                path = parts.path.removeprefix(mount).lstrip("/")
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                return self.mounts[mount].answer(Request(method, path, query, headers, body, client))
        return Response(b"", 404)


class NoAnswer(Exception):
    """The product could not be reached, broke off, or took too long."""


def call(
    address: str,
    query: Mapping[str, str] | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    patience: float = 5.0,
) -> Response:
    """Calls the product as a platform does: GET, or POST with a body. Raises `NoAnswer` after `patience` seconds in all."""
    parts = urlsplit(address)
    assert parts.scheme == "http" and parts.hostname, address
    target = (parts.path or "/") + (f"?{urlencode(query)}" if query else "")
    until = time.monotonic() + patience
    connection = HTTPConnection(parts.hostname, parts.port or 80, timeout=patience)
    try:
        connection.request("GET" if body is None else "POST", target, body, dict(headers or {}))
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.headers.items()}
        found = Response(answer.read(), answer.status, headers.get("content-type", ""), headers)
    except (OSError, HTTPException) as error:
        raise NoAnswer(type(error).__name__) from error
    finally:
        connection.close()
    if time.monotonic() > until:
        raise NoAnswer("late")
    return found
