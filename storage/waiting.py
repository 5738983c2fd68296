"""When cases were opened, answered and closed: read from an index, without a word of what is in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, cast, extract, func, select

from hr_inbox.service_clock import CHINA
from hr_inbox.task import TaskKind
from hr_inbox.waiting import Wait, Waiting
from storage.database import Database
from storage.tables import tasks


def _seconds(moment: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(extract("epoch", moment), BigInteger)


_TIMES: Final = select(
    _seconds(tasks.c.opened_at),
    _seconds(tasks.c.first_answered_at),
    _seconds(tasks.c.closed_at),
    tasks.c.kind,
)
#: A case that is laid aside is nobody's turn.
_OPEN: Final = tasks.c.state.in_(("waiting", "taken"))


class StoredWaiting(Waiting):
    """The cases' times."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def opened(self, first: date, last: date) -> Sequence[Wait]:
        """The cases that were opened from one day to another in China, both included."""
        begin, end = (datetime.combine(day, time(), CHINA) for day in (first, last + timedelta(days=1)))
        query = _TIMES.where(tasks.c.opened_at >= begin, tasks.c.opened_at < end)
        with self._database.read() as connection:
            return [Wait(*row) for row in connection.execute(query)]

    def overdue(self) -> Mapping[TaskKind | None, int]:
        """How many open cases are past their time now, by kind."""
        query = (
            select(tasks.c.kind, func.count())
            .where(_OPEN, tasks.c.due_at < self._now())
            .group_by(tasks.c.kind)
        )
        with self._database.read() as connection:
            return {kind: count for kind, count in connection.execute(query)}
