"""How a request proves whose it is: a key, a token, a signature. A client certificate belongs to the connection itself."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import quote

import httpx

from connectors.outside.connection import ApiKey, Auth, Hmac, OAuth2
from people.outside import Nonsense, Refused

#: Seconds before its end at which a token is no longer used: the request has to arrive, too.
EARLY: Final = 30
#: A token may be said to last a year; we ask for a new one after a day all the same.
LONGEST_LIFE: Final = 86_400


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that is to go out: its target is path and query, as they stand on its first line."""

    method: str
    target: str
    body: bytes = field(default=b"", repr=False)


class Proof(Protocol):
    """What makes the headers that prove whose a request is."""

    def headers(self, wanted: Wanted) -> Mapping[str, str]:
        """The headers for one try; each try has its own. Raises `OutsideFailed`."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """The system did not accept these headers: whether others can be had, so that asking once more makes sense."""


class Plain(Proof):
    """Nothing, or the same headers each time."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def headers(self, wanted: Wanted) -> Mapping[str, str]:
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False


class Signature(Proof):
    """A signature that is good for this request, now, once."""

    def __init__(self, auth: Hmac, clock: Callable[[], float]) -> None:
        self._auth = auth
        self._clock = clock

    def headers(self, wanted: Wanted) -> Mapping[str, str]:
        stamp, nonce = str(int(self._clock())), secrets.token_hex(16)
        return {
            self._auth.key_header: self._auth.key_id,
            self._auth.timestamp_header: stamp,
            self._auth.nonce_header: nonce,
            self._auth.signature_header: sign(self._auth.secret, wanted, stamp, nonce),
        }

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False


class Token(Proof):
    """An access token, kept while it is good. `exchange` posts a form to the system that gives it out."""

    def __init__(self, auth: OAuth2, exchange: Callable[[str, bytes, Mapping[str, str]], bytes]) -> None:
        self._auth = auth
        self._exchange = exchange
        self._lock = threading.Lock()
        self._token, self._good_until = "", 0.0

    def headers(self, wanted: Wanted) -> Mapping[str, str]:
        # Others wait here while one fetches, so that a token that ran out is fetched once.
        with self._lock:
            if time.monotonic() >= self._good_until:
                self._fetch()
            return {"Authorization": f"Bearer {self._token}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        with self._lock:
            if refused.get("Authorization") == f"Bearer {self._token}":
                self._good_until = 0.0
            return True

    def _fetch(self) -> None:
        asked_at = time.monotonic()
        form, headers = _token_request(self._auth)
        self._token, seconds = read_token(
            self._exchange(self._auth.token_url, form, headers), self._auth.seconds
        )
        self._good_until = asked_at + max(1, min(seconds, LONGEST_LIFE) - EARLY)


def proof_of(
    auth: Auth, clock: Callable[[], float], exchange: Callable[[str, bytes, Mapping[str, str]], bytes]
) -> Proof:
    """What proves whose a request is, by the configuration."""
    if isinstance(auth, ApiKey):
        return Plain({auth.header: auth.key})
    if isinstance(auth, Hmac):
        return Signature(auth, clock)
    return Token(auth, exchange) if isinstance(auth, OAuth2) else Plain({})


def sign(secret: str, wanted: Wanted, stamp: str, nonce: str) -> str:
    """The signature of a request, in hex.

    >>> sign("s", Wanted("GET", "/wages?month=2026-10"), "1760500000", "00")[:8]
    '9aaa8b1c'
    """
    body = hashlib.sha256(wanted.body).hexdigest()
    text = "\n".join((wanted.method, wanted.target, stamp, nonce, body))
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex()


def read_token(body: bytes, seconds: int) -> tuple[str, int]:
    """The token of an answer and how many seconds it lasts; `seconds` where the answer does not say. Raises `Nonsense`, and
    `Refused` where the answer is an error."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Nonsense("token:not_json") from None
    match said:
        case {"error": str()}:
            raise Refused("token:error")
        case {"access_token": str(token)} if token and token.isascii() and token.isprintable():
            lasts = said.get("expires_in", seconds)
            if str(said.get("token_type", "bearer")).lower() != "bearer":
                raise Nonsense("token:type")
            if isinstance(lasts, bool) or not isinstance(lasts, int) or lasts <= 0:
                raise Nonsense("token:expires_in")
            return token, lasts
    raise Nonsense("token:missing")


def _token_request(auth: OAuth2) -> tuple[bytes, dict[str, str]]:
    """The form and the headers with which a token is asked for."""
    form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if auth.way == "form":
        form |= {"client_id": auth.client_id, "client_secret": auth.client_secret}
    else:
        # RFC 6749, 2.3.1: both are encoded as in a form before they are joined.
        basic = httpx.BasicAuth(quote(auth.client_id, safe=""), quote(auth.client_secret, safe=""))
        headers["Authorization"] = next(basic.auth_flow(httpx.Request("POST", auth.token_url))).headers[
            "Authorization"
        ]
    return str(httpx.QueryParams(form)).encode(), headers
