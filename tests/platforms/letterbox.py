"""A mail server of the plainest kind: takes every mail and keeps it. What tests ask of one is in `smtp`."""

from __future__ import annotations

import threading
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Final, Self

#: Commands to which there is nothing else to say.
_PLAIN: Final = (b"HELO", b"EHLO", b"MAIL", b"RCPT", b"RSET", b"NOOP")


class _Handler(StreamRequestHandler):
    server: _Listener

    def handle(self) -> None:
        self._say(b"220 letterbox")
        while (line := self.rfile.readline(1000)) and line[:4].upper() != b"QUIT":
            command = line[:4].upper()
            if command == b"DATA":
                self._take()
            else:
                self._say(b"250 OK" if command in _PLAIN else b"502 not here")
        self._say(b"221 bye")

    def _take(self) -> None:
        self._say(b"354 go on")
        lines = []
        while (line := self.rfile.readline(10_000)) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.server.mails.append(BytesParser(EmailMessage, policy=default).parsebytes(b"".join(lines)))
        self._say(b"250 taken")

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


class _Listener(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, mails: list[EmailMessage]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mails = mails

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class Letterbox:
    """The server, on whichever port is free."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self._listener = _Listener(self.mails)
        self.port: int = self._listener.server_address[1]
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()
