"""How the installation stands, in numbers: for those who watch it. Counts and ages over all people, and nothing about one.

Every query reads an index from where it begins: what is done, and grows for ever, is not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from delivery.outbox import OPEN
from storage.calls import SYSTEMS, Calls, System, calls_of
from storage.counters import put
from storage.database import Database
from storage.keys import Keys
from storage.migrating import check_current
from storage.rotation import check_keys
from storage.tables import (
    alarm_messages,
    audit_checks,
    connections,
    counters,
    declaration_steps,
    inbox,
    outbox,
    platform_tokens,
    profiles,
    strategies,
    tasks,
)

#: Over so long turns are counted.
LATELY: Final = timedelta(minutes=5)
#: States of cases in which somebody has something to do, and in which an answer may be overdue.
_OPEN_CASES: Final = ("waiting", "taken", "snoozed")
_OWED: Final = ("waiting", "taken")
#: What did not arrive, or perhaps not.
_DEAD: Final = ("failed", "unsure")
#: Approved acts that the agency has not taken yet.
_ON_THE_WAY: Final = ("approved", "handed_in")
#: When the last sweep ended, in minutes since 1970: a counter is a whole number of 32 bits.
_SWEPT: Final = "swept"


@dataclass(frozen=True, slots=True)
class Contact:
    """How it stands with one system outside. `answered`: the seconds without an answer that could be used; None before the
    first. `delay`: how long the last change was on its way, in seconds. `alarm`: whether there is one; None where nobody is
    alarmed about it. `done`, `failed`: how often it was asked. `waiting`: how much waits for it."""

    answered: float | None = None
    delay: int | None = None
    alarm: bool | None = None
    done: int = 0
    failed: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Gauges:
    """The numbers of a moment. Ages are seconds, 0 where nothing waits.

    `events`: events that wait for the assistant, and those it gave up. `messages`: messages to employees that wait or did
    not arrive, by channel and state; `messages_age`: how long the oldest that is due waits, by channel. `cases` by state,
    `overdue` among them. `turns`: events that were answered lately. `tokens`: seconds that each platform's token is still
    good for. `swept_at`: when the last sweep ended; `log_whole`: what the last check of the log found; None before the first.
    `contacts`: the systems outside that were ever asked, or that something waits for. `profiles`: those of which something
    changed that nobody has looked at yet.
    """

    events: int
    events_age: float
    events_failed: int
    messages: Mapping[tuple[str, str], int]
    messages_age: Mapping[str, float]
    cases: Mapping[str, int]
    overdue: int
    turns: int
    tokens: Mapping[str, float]
    swept_at: datetime | None
    log_whole: bool | None
    contacts: Mapping[System, Contact]
    profiles: int
    profiles_age: float


class StoredGauges:
    """The numbers, over one database."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def read(self) -> Gauges:
        """How it stands now."""
        now = self._now()
        with self._database.read() as connection:
            waiting, since = _waiting(connection)
            unfollowed, changed = _unfollowed(connection)
            messages = _messages(connection)
            return Gauges(
                events=waiting,
                events_age=_age(since, now),
                events_failed=_count(connection, inbox.c.state == "failed"),
                messages=messages,
                messages_age=_messages_age(connection, now),
                cases=_cases(connection),
                overdue=_count(connection, tasks.c.state.in_(_OWED), tasks.c.due_at < now),
                turns=_count(connection, inbox.c.state == "done", inbox.c.received_at > now - LATELY),
                tokens=_tokens(connection, now),
                swept_at=_swept_at(connection),
                log_whole=_log_whole(connection),
                contacts=_contacts(connection, messages, now),
                profiles=unfollowed,
                profiles_age=_age(changed, now),
            )

    def swept_at(self) -> datetime | None:
        """When a worker was last seen at work; None before the first time."""
        with self._database.read() as connection:
            return _swept_at(connection)

    def note_sweep(self) -> None:
        """A worker is at work."""
        minute = int(self._now().timestamp()) // 60
        with self._database.work() as connection:
            put(connection, _SWEPT, minute)

    def check_database(self) -> None:
        """Raises where the database cannot be read, or stands on another revision than the program needs."""
        with self._database.read() as connection:
            check_current(connection)

    def check_keys(self, folder: Path) -> None:
        """Raises where a key that something is sealed with cannot be read any more."""
        with self._database.read() as connection:
            check_keys(connection, Keys(folder))


def _count(connection: Connection, *where: object) -> int:
    return int(connection.execute(select(func.count()).where(*where)).scalar_one())  # type: ignore[arg-type]


def _waiting(connection: Connection) -> tuple[int, datetime | None]:
    query = select(func.count(), func.min(inbox.c.received_at)).where(inbox.c.state == "received")
    count, since = connection.execute(query).one()
    return count, since


def _messages(connection: Connection) -> dict[tuple[str, str], int]:
    query = (
        select(outbox.c.channel, outbox.c.state, func.count())
        .where(outbox.c.state.in_((*OPEN, *_DEAD)))
        .group_by(outbox.c.channel, outbox.c.state)
    )
    return {(channel, state): count for channel, state, count in connection.execute(query)}


def _messages_age(connection: Connection, now: datetime) -> dict[str, float]:
    query = (
        select(outbox.c.channel, func.min(outbox.c.due_at))
        .where(outbox.c.state.in_(OPEN))
        .group_by(outbox.c.channel)
    )
    return {channel: _age(since, now) for channel, since in connection.execute(query)}


def _cases(connection: Connection) -> dict[str, int]:
    query = select(tasks.c.state, func.count()).where(tasks.c.state.in_(_OPEN_CASES)).group_by(tasks.c.state)
    return dict.fromkeys(_OPEN_CASES, 0) | {state: count for state, count in connection.execute(query)}


def _tokens(connection: Connection, now: datetime) -> dict[str, float]:
    """By platform: the account's own id is left out."""
    rows = connection.execute(select(platform_tokens.c.account, platform_tokens.c.until))
    return {account.partition(":")[0]: max(0.0, (until - now).total_seconds()) for account, until in rows}


def _unfollowed(connection: Connection) -> tuple[int, datetime | None]:
    since = profiles.c.pending_since
    count, oldest = connection.execute(select(func.count(), func.min(since)).where(since.is_not(None))).one()
    return count, oldest


def _contacts(
    connection: Connection, messages: Mapping[tuple[str, str], int], now: datetime
) -> dict[System, Contact]:
    calls, waiting = calls_of(connection), _waiting_outside(connection, messages)
    known = {row.name: row for row in connection.execute(select(connections))}
    return {
        system: _contact(known.get(system), calls.get(system, Calls()), waiting[system], now)
        for system in SYSTEMS
        if system in known or system in calls or waiting[system]
    }


def _contact(row: Row[Any] | None, calls: Calls, waiting: int, now: datetime) -> Contact:
    """Of a system that is asked when it is due its row tells more, and to the second."""
    answered_at = calls.done_at if row is None else row.succeeded_at
    return Contact(
        answered=None if answered_at is None else _age(answered_at, now),
        delay=None if row is None else row.delay,
        alarm=None if row is None else row.alarmed_at is not None,
        done=calls.done,
        failed=calls.failed,
        waiting=waiting,
    )


def _waiting_outside(connection: Connection, messages: Mapping[tuple[str, str], int]) -> Mapping[str, int]:
    """What was approved and is not done, and messages that did not go out yet; a declaration that waits for a person is not
    among it."""
    waiting: Counter[str] = Counter()
    waiting["social_insurance"] = _count(connection, strategies.c.state.in_(_ON_THE_WAY))
    steps = select(declaration_steps.c.step, func.count()).where(declaration_steps.c.due_at.is_not(None))
    for step, count in connection.execute(steps.group_by(declaration_steps.c.step)):
        waiting["payroll" if step == "deduct" else "social_insurance"] += count
    alarms = select(alarm_messages.c.way, func.count()).where(alarm_messages.c.state == "queued")
    for way, count in connection.execute(alarms.group_by(alarm_messages.c.way)):
        waiting[way] += count
    for (channel, state), count in messages.items():
        if channel in ("mail", "sms") and state in OPEN:
            waiting[channel] += count
    return waiting


def _swept_at(connection: Connection) -> datetime | None:
    minute = connection.execute(
        select(counters.c.value).where(counters.c.name == _SWEPT)
    ).scalar_one_or_none()
    return None if minute is None else datetime.fromtimestamp(minute * 60, UTC)


def _log_whole(connection: Connection) -> bool | None:
    query = select(audit_checks.c.at, audit_checks.c.broken).order_by(audit_checks.c.at.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else row.broken is None


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
