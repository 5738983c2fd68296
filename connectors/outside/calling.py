"""Calls to one outside system: within limits of time and size, proven, tried again where that helps, failures classified."""

from __future__ import annotations

import logging
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pybreaker
import stamina

from connectors.outside.authorising import Wanted, proof_of
from connectors.outside.connection import Connection, Envelope, Tls
from connectors.outside.deadline import Deadline
from connectors.outside.records import at, read_json, unmapped
from people.outside import Busy, Nonsense, OutsideFailed, Refused, TooSlow, Unreachable

#: What says that we are known and not let in.
REFUSING: Final = (401, 403, 407)
#: What says that it is not the time, beside everything from 500 on.
BUSY: Final = (408, 425, 429)
#: However long a system asks to be left alone, we ask again after an hour.
LONGEST_PAUSE: Final = timedelta(hours=1)

# At INFO it logs every address that is called.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered. `version` is its ETag, "" where it has none; `unchanged`: it is that of the version asked with, and
    not repeated. `status` is the HTTP status where that alone is the answer, else 0."""

    data: Any = field(default=None, repr=False)
    version: str = ""
    unchanged: bool = False
    status: int = 0


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What went over the line and back."""

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)


class Outside:
    """One outside system. Whatever is asked is safe to be asked again: it changes nothing, or carries a reference.

    `skew` is how many seconds the system's clock was ahead of ours when it last told its time.
    """

    def __init__(self, connection: Connection, clock: Callable[[], float] = time.time) -> None:
        """Raises `OSError` (`ssl.SSLError` is one) where a certificate's file cannot be used."""
        self.connection = connection
        self.skew = 0.0
        self._clock = clock
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=connection.retries.failures,
            reset_timeout=connection.retries.pause_seconds,
            throw_new_error_on_trip=False,
        )
        limits = connection.limits
        # Neither a proxy nor a redirect may see what is sent; compressed, a short answer could be long. Each exchange has
        # a connection of its own, so that its deadline can shut it.
        self._client = httpx.Client(
            headers={"Accept-Encoding": "identity", "Accept": "application/json"},
            timeout=httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds),
            limits=httpx.Limits(max_keepalive_connections=0),
            verify=_trust(connection.tls),
            trust_env=False,
            follow_redirects=False,
        )
        self._proof = proof_of(connection.auth, clock, self._fetch_token)

    def close(self) -> None:
        """Closes what is open."""
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        reference: str = "",
        version: str = "",
        answers: tuple[int, ...] = (),
    ) -> Answer:
        """What the system answers at an address that the configuration names. `body` is JSON; `answers` are statuses that are
        an answer in themselves, such as 404 for what may be missing. Raises `OutsideFailed`.

        Nothing personal stands in `query`: addresses are logged on the way.
        """
        headers = {"Content-Type": "application/json"} if body else {}
        headers |= {"Idempotency-Key": reference} if reference else {}
        headers |= {"If-None-Match": version} if version else {}
        url = self._client.build_request(
            method, self.connection.address.rstrip("/") + self.connection.wire.paths[path], params=query
        ).url
        wanted = Wanted(method, url.raw_path.decode("ascii"), body)
        return self._guarded(lambda: self._tried(str(url), wanted, headers, answers))

    def _guarded(self, ask: Callable[[], Answer]) -> Answer:
        """The breaker holds a lock while it calls, so that one slow answer would stop every thread. It is told the outcome
        instead; only the one trial after a pause runs inside it."""
        try:
            if self._breaker.current_state == pybreaker.STATE_OPEN:
                return self._breaker.call(ask)
            try:
                outcome: Answer | OutsideFailed = ask()
            except OutsideFailed as failed:
                outcome = failed
            return self._breaker.call(_tell, outcome)
        except pybreaker.CircuitBreakerError:
            pause = timedelta(seconds=self.connection.retries.pause_seconds)
            raise Busy("left_alone", min(pause, LONGEST_PAUSE)) from None

    def _tried(
        self, url: str, wanted: Wanted, headers: Mapping[str, str], answers: tuple[int, ...]
    ) -> Answer:
        """Several tries, where asking again can help and the system does not ask to be left alone for long."""
        retries = self.connection.retries
        for attempt in stamina.retry_context(
            lambda error: _wait(error, retries.longest_wait),
            attempts=retries.attempts,
            timeout=retries.seconds,
            wait_initial=retries.first_wait,
            wait_max=retries.longest_wait,
            wait_jitter=retries.first_wait,
        ):
            with attempt:
                return self._once(url, wanted, headers, answers)
        raise AssertionError("the last try returns or raises")

    def _once(self, url: str, wanted: Wanted, headers: Mapping[str, str], answers: tuple[int, ...]) -> Answer:
        proof = self._proof.headers(wanted)
        found = self._exchange(url, wanted, {**headers, **proof})
        if found.status == 401 and self._proof.renew(proof):
            proof = self._proof.headers(wanted)
            found = self._exchange(url, wanted, {**headers, **proof})
        if found.status in answers:
            return Answer(status=found.status)
        return read_answer(found, self.connection.envelope, asked_with=headers.get("If-None-Match", ""))

    def _fetch_token(self, url: str, form: bytes, headers: Mapping[str, str]) -> bytes:
        found = self._exchange(url, Wanted("POST", urlsplit(url).path, form), headers)
        if found.status == 400:  # RFC 6749, 5.2: what is wrong with the client is said so
            raise Refused("token:http_400")
        _check_status(found)
        return found.body

    def _exchange(self, url: str, wanted: Wanted, headers: Mapping[str, str]) -> _Exchange:
        """One request and its answer, whole. Raises `OutsideFailed` for what comes in between, and for a wrong clock."""
        longest = self.connection.limits.longest_bytes
        with (
            Deadline(self.connection.limits.whole_seconds) as deadline,
            _classified(deadline),
            self._client.stream(
                wanted.method,
                url,
                content=wanted.body or None,
                headers=dict(headers),
                extensions={"trace": deadline.trace},
            ) as response,
        ):
            body = bytearray()
            for part in response.iter_raw():
                body += part
                if len(body) > longest:
                    raise Nonsense("too_long")
        self._check_clock(response.headers.get("Date", ""))
        return _Exchange(response.status_code, response.headers, bytes(body))

    def _check_clock(self, date: str) -> None:
        """A system whose clock is wrong tells wrong moments, and finds our signatures old: that is said before the rest."""
        if not date:
            return
        try:
            told = parsedate_to_datetime(date)
        except (ValueError, TypeError, OverflowError):
            raise Nonsense("date") from None
        self.skew = round(told.timestamp() - self._clock(), 1)
        if abs(self.skew) > self.connection.limits.clock_seconds:
            raise Nonsense("clock")


def read_answer(found: _Exchange, envelope: Envelope, asked_with: str = "") -> Answer:
    """What an exchange says, by the envelope of the configuration. Raises `OutsideFailed`."""
    version = found.headers.get("ETag", "")
    if found.status == 304 and asked_with:
        return Answer(version=version or asked_with, unchanged=True)
    _check_status(found)
    data = read_json(found.body)
    _check_code(data, envelope)
    return Answer(data, version)


def _check_status(found: _Exchange) -> None:
    code = f"http_{found.status}"
    if found.status in REFUSING:
        raise Refused(code)
    if found.status in BUSY or found.status >= 500:
        raise Busy(code, _retry_after(found.headers.get("Retry-After", "")))
    if not 200 <= found.status < 300:
        raise Nonsense(code)


def _check_code(data: Any, envelope: Envelope) -> None:
    """Systems that answer 200 to everything say in the body what it was."""
    if not envelope.code:
        return
    said = at(data, envelope.code)
    code = str(said) if isinstance(said, str | int) and not isinstance(said, bool) else ""
    if code in envelope.ok:
        return
    if code in envelope.busy:
        raise Busy("envelope.code")
    if code in envelope.refused:
        raise Refused("envelope.code")
    raise unmapped("envelope.code", code)


def _retry_after(text: str) -> timedelta:
    """Seconds that a system asks to be left alone; a date is as good as nothing, as its clock may be wrong."""
    return min(timedelta(seconds=int(text)), LONGEST_PAUSE) if re.fullmatch(r"\d{1,6}", text) else timedelta()


def _wait(error: Exception, longest: float) -> bool | float:
    """Whether to try again now, and after how many seconds where the system says so."""
    if not isinstance(error, OutsideFailed) or not error.later:
        return False
    seconds = error.after.total_seconds()
    return seconds <= longest and (seconds or True)


def _tell(outcome: Answer | OutsideFailed) -> Answer:
    if isinstance(outcome, OutsideFailed):
        raise outcome
    return outcome


def _trust(tls: Tls) -> ssl.SSLContext:
    """Whom we believe, and the certificate that we show."""
    context = ssl.create_default_context(cafile=tls.authority or None)
    if tls.certificate:
        context.load_cert_chain(tls.certificate, tls.private_key)
    return context


@contextmanager
def _classified(deadline: Deadline) -> Iterator[None]:
    """Whatever goes wrong on the way is one of ours, told without an address and without what was sent."""
    try:
        yield
    except httpx.HTTPError as error:
        raise _failed(error, deadline.over) from None
    if deadline.over:
        raise TooSlow("whole")


def _failed(error: httpx.HTTPError, over: bool) -> OutsideFailed:
    if over:
        return TooSlow("whole")
    if isinstance(error, httpx.ConnectTimeout):
        return Unreachable("connect")
    if isinstance(error, httpx.TimeoutException):
        return TooSlow("read")
    if _about_certificates(error):
        return Refused("certificate")
    return Unreachable(type(error).__name__)


def _about_certificates(error: BaseException | None) -> bool:
    """Whether somewhere behind it one side does not believe the other's certificate."""
    while error is not None:
        if isinstance(error, ssl.SSLError) and not isinstance(
            error, ssl.SSLEOFError | ssl.SSLZeroReturnError
        ):
            return True
        error = error.__cause__ or error.__context__
    return False
