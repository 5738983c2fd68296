"""Fetching a bundle over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors.policy_feed import FetchFailed, fetch_feed

BUNDLE = b"a bundle" * 100


class Publisher(ThreadingHTTPServer):
    """Serves one bundle; answers each of `faults` first, one a request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.faults: list[int] = []
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/feed.zip"


class Answering(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        self.server.asked += 1
        status = self.server.faults.pop(0) if self.server.faults else 200
        if status == 200 and self.headers["If-None-Match"] == '"1"':
            status = 304
        self.send_response(status)
        self.send_header("ETag", '"1"')
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        if status == 200:
            self.wfile.write(BUNDLE)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    server = Publisher()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_bundle_is_fetched_and_not_again_while_it_is_the_same(publisher: Publisher) -> None:
    fetched = fetch_feed(publisher.url, "", 10_000)
    assert (fetched.data, fetched.version) == (BUNDLE, '"1"')
    assert fetch_feed(publisher.url, fetched.version, 10_000).data is None


def test_what_passes_is_asked_again_and_what_stays_is_not(publisher: Publisher) -> None:
    publisher.faults = [503, 429]
    assert fetch_feed(publisher.url, "", 10_000).data == BUNDLE
    assert publisher.asked == 3
    publisher.faults = [404]
    with pytest.raises(FetchFailed, match="404"):
        fetch_feed(publisher.url, "", 10_000)
    assert publisher.asked == 4


def test_neither_a_redirect_nor_too_much_is_followed(publisher: Publisher) -> None:
    publisher.faults = [302]
    with pytest.raises(FetchFailed, match="302"):
        fetch_feed(publisher.url, "", 10_000)
    with pytest.raises(FetchFailed, match="太大"):
        fetch_feed(publisher.url, "", len(BUNDLE) - 1)


@pytest.mark.parametrize("url", ["http://feed.example/a.zip", "ftp://127.0.0.1/a", "file:///etc/passwd"])
def test_only_https_or_this_computer_itself_is_asked(url: str) -> None:
    with pytest.raises(FetchFailed, match="https"):
        fetch_feed(url, "", 10_000)
