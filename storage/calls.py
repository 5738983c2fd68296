"""How often the systems outside were asked and whether that came to anything: counters that every process adds to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, get_args

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from people.connections import Name
from storage.counters import next_of, put
from storage.database import Database
from storage.tables import counters

log = logging.getLogger("shebao.connections")

#: What is asked: the systems that the settings connect, the bundle of the library, the servers of mails and text messages.
System = Name | Literal["policy_feed", "mail", "sms"]
SYSTEMS: Final[tuple[System, ...]] = (*get_args(Name), "policy_feed", "mail", "sms")
_DONE, _FAILED, _AT = "done", "failed", "at"


@dataclass(frozen=True, slots=True)
class Calls:
    """How often a system was asked, with an answer that could be used and without, and when it last gave one, to the minute."""

    done: int = 0
    failed: int = 0
    done_at: datetime | None = None


class StoredCalls:
    """The counters."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    @contextmanager
    def counting(self, system: System, *failures: type[Exception]) -> Iterator[None]:
        """Counts what is done inside as one call, which has failed where one of `failures` ends it."""
        try:
            yield
        except failures:
            self.count(system, done=False)
            raise
        self.count(system, done=True)

    def count(self, system: System, *, done: bool) -> None:
        """One more. A number that is not written down is lost: what it counts is done, and must not be done again for it."""
        try:
            with self._database.work() as connection:
                count_call(connection, system, done=done, now=self._now())
        except SQLAlchemyError as error:
            log.warning("a call to %s was not counted (%s)", system, type(error).__name__)


def count_call(connection: Connection, system: System, *, done: bool, now: datetime) -> None:
    """One more, in the transaction of what came of it; its counters are the last of them, and the log comes after."""
    next_of(connection, _counter(system, _DONE if done else _FAILED))
    if done:
        # A counter is a whole number of 32 bits: minutes since 1970.
        put(connection, _counter(system, _AT), int(now.timestamp()) // 60)


def calls_of(connection: Connection) -> Mapping[System, Calls]:
    """How often each system was asked that ever was."""
    names = [_counter(system, what) for system in SYSTEMS for what in (_DONE, _FAILED, _AT)]
    query = select(counters.c.name, counters.c.value).where(counters.c.name.in_(names))
    found: dict[str, int] = {name: value for name, value in connection.execute(query)}
    return {system: calls for system in SYSTEMS if (calls := _read(system, found)) != Calls()}


def _read(system: System, found: Mapping[str, int]) -> Calls:
    minute = found.get(_counter(system, _AT))
    return Calls(
        found.get(_counter(system, _DONE), 0),
        found.get(_counter(system, _FAILED), 0),
        None if minute is None else datetime.fromtimestamp(minute * 60, UTC),
    )


def _counter(system: System, what: str) -> str:
    return f"calls.{system}.{what}"
