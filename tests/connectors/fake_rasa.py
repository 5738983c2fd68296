"""A server that speaks `/model/parse` as Rasa does, and does it wrong where a test asks for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "a token that nobody may log"

Answer = Callable[[BaseHTTPRequestHandler], None]


def answer(status: int = 200, body: bytes | str | dict[str, Any] = b"", **headers: str) -> Answer:
    """This status and body; a dictionary becomes JSON."""
    data = (
        json.dumps(body).encode()
        if isinstance(body, dict)
        else body.encode()
        if isinstance(body, str)
        else body
    )

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return send


def parsed(*ranking: tuple[str, float]) -> dict[str, Any]:
    """The answer of Rasa's server for a ranking."""
    entries = [{"name": name, "confidence": confidence} for name, confidence in ranking]
    return {"text": "…", "intent": entries[0], "entities": [], "intent_ranking": entries}


GREETING = answer(200, parsed(("greet", 0.9), ("thanks", 0.1)))


@dataclass
class FakeRasa:
    """What it was asked, over which connections, and how it answers."""

    answer: Answer = GREETING
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    #: Set when the test is over, so that no answer keeps it waiting.
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.asked.append((self.path, json.loads(body)))
                fake.connections.add(self.client_address)
                try:
                    fake.answer(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def silent(self, _: BaseHTTPRequestHandler) -> None:
        """No answer while the test lasts."""
        self.over.wait(10)

    def dripping(self, handler: BaseHTTPRequestHandler) -> None:
        """An answer that never stops for long enough to be a time-out, and never ends."""
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        while not self.over.wait(0.05):
            handler.wfile.write(b" ")

    def hang_up(self, handler: BaseHTTPRequestHandler) -> None:
        """Not a word, and the line goes dead."""
        handler.close_connection = True

    def stop(self) -> None:
        """Nobody listens any more."""
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
