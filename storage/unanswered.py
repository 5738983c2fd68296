"""Counts of questions without an answer: a row a day, topic, place and reason, in the turn that had none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from hr_inbox.service_clock import CHINA
from hr_inbox.unanswered import Gaps, Unanswered, UnansweredWeek
from storage.database import DIALECTS, Database, upsert
from storage.tables import unanswered

_COUNT: Final = {
    dialect: statement.on_conflict_do_update(
        index_elements=["day", "topic", "region", "why"],
        set_={"count": unanswered.c.count + statement.excluded.count},
    )
    for dialect, statement in ((each, upsert(each, unanswered)) for each in DIALECTS)
}


def count_unanswered(connection: Connection, questions: Sequence[Unanswered], now: datetime) -> None:
    """Counts the questions of a turn, inside its transaction; in one order, so that turns do not wait in a circle."""
    day = now.astimezone(CHINA).date()
    counted = Counter((each.topic, each.region, each.why) for each in questions)
    for (topic, region, why), count in sorted(counted.items()):
        row = {"day": day, "topic": topic, "region": region, "why": why, "count": count}
        connection.execute(_COUNT[connection.dialect.name], row)


class StoredGaps(Gaps):
    """What went unanswered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unanswered(self, first: date, last: date) -> tuple[UnansweredWeek, ...]:
        """What went unanswered from one day to another (both included), by week, topic, region and why."""
        columns = (unanswered.c.day, unanswered.c.topic, unanswered.c.region, unanswered.c.why)
        query = (
            select(*columns, func.sum(unanswered.c.count))
            .where(unanswered.c.day.between(first, last))
            .group_by(*columns)
        )
        weeks: Counter[tuple[date, str, str, str]] = Counter()
        with self._database.read() as connection:
            for day, topic, region, why, count in connection.execute(query):
                weeks[day - timedelta(days=day.weekday()), topic, region, why] += count
        return tuple(
            UnansweredWeek(*key, count)  # type: ignore[arg-type]
            for key, count in sorted(weeks.items(), key=lambda each: (each[0][0], -each[1], each[0]))
        )
