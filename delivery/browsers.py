"""What every page for employees keeps to: its headers, how fast somebody may go on, and whether it was this page that asks."""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_WINDOW: Final = 60.0


class Pace:
    """At most so many of a sender's messages a minute, counted in this process."""

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._lock = Lock()
        self._taken: defaultdict[str, deque[float]] = defaultdict(deque)

    def wait(self, sender: str) -> int:
        """Seconds until the sender may go on; 0 counts one more and lets it through."""
        with self._lock:
            now = self._clock()
            self._forget(now - _WINDOW)
            taken = self._taken[sender]
            if len(taken) >= self._most:
                return int(taken[0] + _WINDOW - now) + 1
            taken.append(now)
            return 0

    def _forget(self, before: float) -> None:
        for sender, taken in list(self._taken.items()):
            while taken and taken[0] <= before:
                taken.popleft()
            if not taken:
                del self._taken[sender]


def is_foreign(headers: Mapping[str, str], host: str) -> bool:
    """Whether another site's page makes the request. Browsers that say neither cannot send JSON across sites unasked.

    >>> is_foreign({"Sec-Fetch-Site": "same-origin"}, "chat.example"), is_foreign({}, "chat.example")
    (False, False)
    >>> is_foreign({"Origin": "https://evil.example"}, "chat.example")
    True
    """
    fetched = headers.get("Sec-Fetch-Site")
    if fetched is not None:
        return fetched != "same-origin"
    origin = headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != host


def hashes(folder: Path) -> dict[str, str]:
    """The content hash of each file of a folder, so that browsers may keep it for good."""
    return {path.name: short_hash(path.read_bytes()) for path in folder.iterdir()}


def short_hash(content: bytes) -> str:
    """A content hash, short enough for an address.

    >>> short_hash(b"")
    'e3b0c44298fc'
    """
    return hashlib.sha256(content).hexdigest()[:12]
