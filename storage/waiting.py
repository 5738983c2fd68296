"""When cases were opened, answered and closed, and whether they were solved: counted from indexes, without a word of
what is in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, and_, cast, extract, func, select

from hr_inbox.satisfaction import Rate, Rates
from hr_inbox.service_clock import CHINA
from hr_inbox.task import TaskKind
from hr_inbox.waiting import Wait, Waiting
from storage.database import Database
from storage.tables import tasks


def _seconds(moment: ColumnElement[Any]) -> ColumnElement[int]:
    """Since 1970: moments themselves would take longest to read."""
    return cast(extract("epoch", moment), BigInteger)


_TIMES: Final = select(
    _seconds(tasks.c.opened_at),
    _seconds(tasks.c.first_answered_at),
    _seconds(tasks.c.closed_at),
    tasks.c.kind,
)
#: A case that is laid aside is nobody's turn.
_OPEN: Final = tasks.c.state.in_(("waiting", "taken"))


class StoredWaiting(Waiting, Rates):
    """The cases' times, and what was said of them."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def opened(self, first: date, last: date) -> Sequence[Wait]:
        """The cases that were opened from one day to another in China, both included."""
        with self._database.read() as connection:
            rows = connection.execute(_TIMES.where(_within(tasks.c.opened_at, first, last))).all()
        return list(map(Wait._make, rows))

    def overdue(self) -> Mapping[TaskKind | None, int]:
        """How many open cases are past their time now, by kind."""
        query = select(tasks.c.kind, func.count()).where(_OPEN, tasks.c.due_at < self._now())
        with self._database.read() as connection:
            return {kind: count for kind, count in connection.execute(query.group_by(tasks.c.kind))}

    def rate(self, first: date, last: date) -> Rate:
        """Of those who were asked from one day to another in China, both included."""
        answered = func.count().filter(tasks.c.rating.in_(("yes", "no")))
        solved = func.count().filter(tasks.c.rating == "yes")
        query = select(func.count(), answered, solved).where(_within(tasks.c.asked_at, first, last))
        with self._database.read() as connection:
            return Rate(*connection.execute(query).one())


def _within(moment: ColumnElement[Any], first: date, last: date) -> ColumnElement[bool]:
    begin, end = (datetime.combine(day, time(), CHINA) for day in (first, last + timedelta(days=1)))
    return and_(moment >= begin, moment < end)
