"""Fetching the signed bundle of the policy library; what it holds is somebody else's to check."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx
import stamina

from connectors.outside.deadline import Deadline

_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 10
_WHOLE_SECONDS: Final = 60
_ATTEMPTS: Final = 3


class FetchFailed(Exception):
    """The bundle could not be fetched; the message says why and holds no address."""


class _ForNow(FetchFailed):
    """Asking again can help."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A bundle as it came. `version` is its ETag, "" where it has none; None as data: it is that of the version asked with."""

    data: bytes | None = field(repr=False)
    version: str


def fetch_feed(url: str, version: str, largest: int) -> Fetched:
    """The bundle at an address, unless it is still that of `version`. Raises `FetchFailed`."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise FetchFailed("地址要以 https:// 开头")
    # Neither a proxy nor a redirect may choose another sender, and compressed a short answer could be long.
    with httpx.Client(
        headers={"Accept-Encoding": "identity"} | ({"If-None-Match": version} if version else {}),
        timeout=httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS),
        limits=httpx.Limits(max_keepalive_connections=0),
        trust_env=False,
        follow_redirects=False,
    ) as client:
        for attempt in stamina.retry_context(_ForNow, attempts=_ATTEMPTS, wait_initial=0.2, wait_max=2):
            with attempt:
                return _once(client, url, largest)
    raise AssertionError("the last try returns or raises")


def _once(client: httpx.Client, url: str, largest: int) -> Fetched:
    body = bytearray()
    try:
        with (
            Deadline(_WHOLE_SECONDS) as deadline,
            client.stream("GET", url, extensions={"trace": deadline.trace}) as response,
        ):
            version = response.headers.get("ETag", "")
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return Fetched(None, version)
            if response.status_code != httpx.codes.OK:
                kind = _ForNow if response.status_code >= 500 or response.status_code == 429 else FetchFailed
                raise kind(f"对方答复 HTTP {response.status_code}")
            for part in response.iter_raw():
                body += part
                if len(body) > largest:
                    raise FetchFailed(f"数据包太大（上限 {largest // 2**20} MB）")
    except httpx.HTTPError as error:
        raise _ForNow(f"连不上或者断了（{type(error).__name__}）") from None
    if deadline.over:
        raise _ForNow("太慢，没有取完")
    return Fetched(bytes(body), version)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
