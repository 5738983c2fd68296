"""A time limit on a whole exchange: however slowly bytes drip, when it is over the connection is shut."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

#: What httpcore's trace calls the moment at which there is a connection; it may be encrypted after.
_CONNECTED: Final = "connection.connect_tcp.complete"


class Deadline:
    """Shuts the connection of one exchange after so many seconds.

    A client's time-outs run anew with every byte; this one does not. A read that waits then ends at once, in an error that
    `over` explains. It needs a connection of the exchange's own: `trace` hears of it while it is made.
    """

    def __init__(self, seconds: float) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self.over = False

    def trace(self, name: str, info: dict[str, Any]) -> None:
        """An extension of the request: called by httpcore with what it does."""
        if name == _CONNECTED:
            with self._lock:
                # One of our own for the same connection: theirs is taken apart when it becomes an encrypted one.
                self._socket = info["return_value"].get_extra_info("socket").dup()
                if self.over:
                    self._shut()

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _end(self) -> None:
        with self._lock:
            self.over = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
