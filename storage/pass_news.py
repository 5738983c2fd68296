"""What HR has done about a pass over all profiles: whom it had told, and for whom notices are drafted; each once for a pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, Table, exists, func, insert, select, update

from audit.events import Event
from audit.events import employee as subject
from notices.book import Plan
from profiles.passes import Affected, NewsState
from storage.audit import append
from storage.bindings import LIVE
from storage.database import Database
from storage.keys import Keys
from storage.notice_batches import begin_batch
from storage.reassessments import read_differing
from storage.tables import bindings, employees, pass_batches, pass_news, reassessed, reassessments

#: Rows of one statement.
_SOME: Final = 500
_HAS_CHAT: Final = exists().where(bindings.c.employee == reassessed.c.employee, LIVE).label("has_chat")


class ToTell(NamedTuple):
    """Somebody who is to be told of a pass, and who asked for it."""

    id: str
    employee: str
    by: str


class StoredPassNews:
    """Who was told, and who stands in which batch."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def affected(self, id: str) -> tuple[Affected, ...]:
        """Everybody at work whose contributions a pass changed; not those of whom the household's result alone differs."""
        told = (pass_news.c["pass"] == reassessed.c["pass"]) & (pass_news.c.employee == reassessed.c.employee)
        drafted = (pass_batches.c["pass"] == reassessed.c["pass"]) & (
            pass_batches.c.employee == reassessed.c.employee
        )
        query = (
            select(reassessed, employees.c.region, pass_news.c.state, pass_batches.c.batch, _HAS_CHAT)
            .select_from(
                reassessed.join(employees).outerjoin(pass_news, told).outerjoin(pass_batches, drafted)
            )
            .where(reassessed.c["pass"] == id, employees.c.state == "active")
            .order_by(reassessed.c.employee)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Affected(row.employee, row.region, row.state, row.batch, row.has_chat)
            for row in rows
            if not read_differing(self._keys, row).own
        )

    def counts(self, id: str) -> dict[NewsState, int]:
        """How many are how far with being told."""
        query = select(pass_news.c.state, func.count()).where(pass_news.c["pass"] == id)
        with self._database.read() as connection:
            return {state: count for state, count in connection.execute(query.group_by(pass_news.c.state))}

    def ask(self, id: str, whom: Sequence[str], by: str) -> int:
        """Has somebody told of a pass who was not before; how many."""
        now = self._now()
        with self._database.work() as connection:
            new = _new(connection, pass_news, id, whom)
            for start in range(0, len(new), _SOME):
                rows = [
                    {"pass": id, "employee": each, "state": "waiting", "asked_by": by, "asked_at": now}
                    for each in new[start : start + _SOME]
                ]
                connection.execute(insert(pass_news), rows)
            if new:
                details = {"count": len(new)}
                append(connection, Event("pass_told", by, tuple(map(subject, new)), details), now)
        return len(new)

    def draft(self, id: str, plan: Plan, by: str) -> str | None:
        """Begins a batch for those of a plan who stand in none for this pass; its id, None where that is nobody."""
        now = self._now()
        with self._database.work() as connection:
            new = _new(connection, pass_batches, id, plan.employees)
            if not new:
                return None
            batch = begin_batch(connection, self._keys, replace(plan, employees=tuple(new)), by, now)
            for start in range(0, len(new), _SOME):
                rows = [{"pass": id, "employee": each, "batch": batch} for each in new[start : start + _SOME]]
                connection.execute(insert(pass_batches), rows)
            details = {"count": len(new)}
            append(connection, Event("pass_drafted", by, tuple(map(subject, new)), details), now)
        return batch

    def waiting(self) -> tuple[ToTell, ...]:
        """Everybody who is to be told, who wait longest first."""
        query = (
            select(pass_news.c["pass"], pass_news.c.employee, pass_news.c.asked_by)
            .where(pass_news.c.state == "waiting")
            .order_by(pass_news.c.asked_at, pass_news.c.employee)
        )
        with self._database.read() as connection:
            return tuple(ToTell(*row) for row in connection.execute(query))

    def settle(self, it: ToTell, state: NewsState, strategy: str | None) -> None:
        """Notes what became of telling somebody, and the strategy that says it."""
        with self._database.work() as connection:
            connection.execute(
                update(pass_news)
                .where(pass_news.c["pass"] == it.id, pass_news.c.employee == it.employee)
                .values(state=state, strategy=strategy)
            )


def _new(connection: Connection, table: Table, id: str, whom: Sequence[str]) -> list[str]:
    """Who of some has no row in a table for a pass; whoever else does something about the pass waits here."""
    connection.execute(select(reassessments.c.id).where(reassessments.c.id == id).with_for_update()).one()
    done = set(connection.execute(select(table.c.employee).where(table.c["pass"] == id)).scalars())
    return [each for each in dict.fromkeys(whom) if each not in done]
