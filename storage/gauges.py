"""How the installation stands, in numbers: for those who watch it. Counts and ages over all people, and nothing about one.

Every query reads an index from where it begins: what is done, and grows for ever, is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from delivery.outbox import OPEN
from storage.database import DIALECTS, Database, upsert
from storage.keys import Keys
from storage.migrating import check_current
from storage.rotation import check_keys
from storage.tables import audit_checks, counters, inbox, outbox, platform_tokens, tasks

#: Over so long turns are counted.
LATELY: Final = timedelta(minutes=5)
#: States of cases in which somebody has something to do, and in which an answer may be overdue.
_OPEN_CASES: Final = ("waiting", "taken", "snoozed")
_OWED: Final = ("waiting", "taken")
#: What did not arrive, or perhaps not.
_DEAD: Final = ("failed", "unsure")
#: When the last sweep ended, in minutes since 1970: a counter is a whole number of 32 bits.
_SWEPT: Final = "swept"
_SWEEP: Final = {
    dialect: upsert(dialect, counters).on_conflict_do_update(
        index_elements=["name"], set_={"value": upsert(dialect, counters).excluded.value}
    )
    for dialect in DIALECTS
}


@dataclass(frozen=True, slots=True)
class Gauges:
    """The numbers of a moment. Ages are seconds, 0 where nothing waits.

    `events`: events that wait for the assistant, and those it gave up. `messages`: messages to employees that wait or did
    not arrive, by channel and state; `messages_age`: how long the oldest that is due waits, by channel. `cases` by state,
    `overdue` among them. `turns`: events that were answered lately. `tokens`: seconds that each platform's token is still
    good for. `swept_at`: when the last sweep ended; `log_whole`: what the last check of the log found; None before the first.
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
            return Gauges(
                events=waiting,
                events_age=_age(since, now),
                events_failed=_count(connection, inbox.c.state == "failed"),
                messages=_messages(connection),
                messages_age=_messages_age(connection, now),
                cases=_cases(connection),
                overdue=_count(connection, tasks.c.state.in_(_OWED), tasks.c.due_at < now),
                turns=_count(connection, inbox.c.state == "done", inbox.c.received_at > now - LATELY),
                tokens=_tokens(connection, now),
                swept_at=_swept_at(connection),
                log_whole=_log_whole(connection),
            )

    def swept_at(self) -> datetime | None:
        """When a worker was last seen at work; None before the first time."""
        with self._database.read() as connection:
            return _swept_at(connection)

    def note_sweep(self) -> None:
        """A worker is at work."""
        minute = int(self._now().timestamp()) // 60
        with self._database.work() as connection:
            connection.execute(_SWEEP[self._database.dialect], {"name": _SWEPT, "value": minute})

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
