"""A time-stamp service over HTTP (RFC 3161, 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import httpx

#: Seconds that the service may take: a seal waits for it.
PATIENCE: Final = 10
#: The longest answer that is read.
LONGEST: Final = 65_536
ASKED: Final = "application/timestamp-query"
ANSWERED: Final = "application/timestamp-reply"


def asking(url: str, patience: float = PATIENCE) -> Callable[[bytes], bytes]:
    """What sends requests to the service. It raises `OSError` for whatever is not its answer."""

    def ask(request: bytes) -> bytes:
        headers = {"Content-Type": ASKED, "Accept": ANSWERED}
        try:
            with httpx.stream("POST", url, content=request, headers=headers, timeout=patience) as response:
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
                if response.status_code != 200 or kind != ANSWERED:
                    raise OSError(f"status {response.status_code}")
                return _body(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(type(error).__name__) from error

    return ask


def _body(response: httpx.Response) -> bytes:
    body = b""
    for part in response.iter_bytes():
        body += part
        if len(body) > LONGEST:
            raise OSError("the answer is too long")
    return body
