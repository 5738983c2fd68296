"""Civil affairs (民政) over HTTP: what changed in consenting people's dibao, asked for page by page or delivered, signed."""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.outside.calling import Outside
from connectors.outside.connection import Connection, Hook
from connectors.outside.paging import distinct, page_of
from connectors.outside.records import Field, Mapped, Shape, at, read_json
from people.outside import ChangePage, CivilAffairs, Forged, Nonsense, StatusChange
from people.records import DIBAO_STATES

CHANGE: Final[Shape] = {
    "reference": Field("text"),
    "person": Field("text"),
    "status": Field("code", "status", frozenset(DIBAO_STATES)),
    "since": Field("day"),
    "reason": Field("code", "reason", may_miss=True),
    "told_at": Field("moment"),
}
#: What is asked: in the body, as an address is logged on its way.
ASKED: Final[Shape] = {
    "cursor": Field("text", may_miss=True),
    "people": Field("records"),
    "limit": Field("text", may_miss=True),
}
#: What says that a cursor is too old to be known.
FORGOTTEN: Final = 410
_STAMP: Final = re.compile(r"\d{1,12}")
_NONCE: Final = re.compile(r"[A-Za-z0-9_.-]{8,128}")


class HttpCivilAffairs(CivilAffairs):
    """The department's system over HTTP."""

    def __init__(self, outside: Outside, clock: Callable[[], float] = time.time) -> None:
        """Raises `ValueError`, naming the setting, where the mapping does not fit."""
        self._outside = outside
        self._clock = clock
        self._change = Mapped("change", CHANGE, outside.connection.wire)
        self._asked = Mapped("changes_request", ASKED, outside.connection.wire)

    def changes(self, cursor: str, people: Collection[str]) -> ChangePage:
        if not people:
            return ChangePage((), cursor)
        asked = {"cursor": cursor or None, "people": sorted(set(people)), "limit": self._limit}
        body = json.dumps(self._asked.write(asked)).encode()
        answer = self._outside.call("POST", "changes", body=body, answers=(FORGOTTEN,) if cursor else ())
        if answer.status == FORGOTTEN:
            # From the beginning everything comes again, which costs a little and loses nothing.
            return self.changes("", people)
        page = page_of(answer, self._change, self._outside.connection.envelope)
        then = page.cursor or ("" if page.records else cursor)
        if (page.records and not then) or (page.more and then == cursor):
            raise Nonsense("change:cursor")
        found = _changes(page.records, self._outside.connection, self._clock())
        known = tuple(each for each in found if each.person in frozenset(people))
        return ChangePage(known, then, bool(page.more), len(found) - len(known))

    @property
    def _limit(self) -> int:
        return self._outside.connection.paging.page_size


@dataclass(frozen=True, slots=True)
class Event:
    """What was delivered. The caller takes a nonce once, and remembers it `until` then: a delivery that comes again later is
    too old by itself. It also drops changes of people who have not agreed."""

    nonce: str
    until: datetime
    changes: tuple[StatusChange, ...]


def read_event(headers: Mapping[str, str], body: bytes, connection: Connection, now: datetime) -> Event:
    """What the department delivered to us, by the secret and the mapping of its connection.

    Raises `Forged` where it is not signed by whom it should be, or not within the window around `now`; `Nonsense` where it is,
    and cannot be used.
    """
    hook = connection.hook
    given = {name.lower(): value for name, value in headers.items()}
    stamp = given.get(hook.timestamp_header.lower(), "")
    nonce = given.get(hook.nonce_header.lower(), "")
    if not _STAMP.fullmatch(stamp) or not _NONCE.fullmatch(nonce):
        raise Forged("no timestamp or no nonce")
    if not _is_signed(hook, stamp, nonce, body, given.get(hook.signature_header.lower(), "")):
        raise Forged("the signature is not right")
    if abs(int(stamp) - now.timestamp()) > hook.window_seconds:
        raise Forged("too old, or from the future")
    records = at(read_json(body), connection.envelope.records)
    if not isinstance(records, list):
        raise Nonsense("change:not_a_list")
    change = Mapped("change", CHANGE, connection.wire)
    read = [change.read(each) for each in records]
    until = datetime.fromtimestamp(int(stamp), UTC) + timedelta(seconds=hook.window_seconds + 1)
    return Event(nonce, until, _changes(read, connection, now.timestamp()))


def signature(secret: str, stamp: str, nonce: str, body: bytes) -> str:
    """The signature of a delivery, in hex.

    >>> signature("s", "1760500000", "nonce-01", b"{}")[:8]
    '30886934'
    """
    return hmac.digest(secret.encode(), f"{stamp}\n{nonce}\n".encode() + body, "sha256").hex()


def _is_signed(hook: Hook, stamp: str, nonce: str, body: bytes, given: str) -> bool:
    return any(
        secret and hmac.compare_digest(signature(secret, stamp, nonce, body).encode(), given.encode())
        for secret in (hook.secret, hook.earlier)
    )


def _changes(read: Iterable[dict[str, Any]], connection: Connection, now: float) -> tuple[StatusChange, ...]:
    """Records as changes, once each, in the order in which they were told. Raises `Nonsense`."""
    latest = now + connection.limits.clock_seconds
    found = [
        StatusChange(connection.name, **{**each, "reason": each["reason"] or ""})
        for each in distinct(read, "reference").values()
    ]
    if any(each.told_at.timestamp() > latest for each in found):
        raise Nonsense("change.told_at:in_the_future")
    return tuple(sorted(found, key=lambda each: (each.told_at, each.reference)))
