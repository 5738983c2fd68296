"""What is kept of one employee, read for themselves."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, func, or_, select

from audit import events
from audit.reading import History, Wanted
from bot.mine import Declared, Handed, Look, Mine, OwnRecords, Tied
from people.accounts import ROLES, Role
from storage.database import Database
from storage.declaration_rows import lines_of
from storage.keys import Keys
from storage.quarantine import kept_of
from storage.tables import accounts, bindings, conversations, messages, tasks
from storage.tasks import read_task, task_number

#: So many of the last acts are shown.
LOOKS: Final = 50


class StoredMine(OwnRecords):
    """Everything about one conversation and the employee it is tied to."""

    def __init__(self, database: Database, keys: Keys, history: History) -> None:
        self._database = database
        self._keys = keys
        self._history = history

    def of(self, conversation: str) -> Mine | None:
        """What is kept about the employee of a conversation; None where there is no such conversation."""
        with self._database.snapshot() as connection:
            row = connection.execute(
                select(conversations.c.opened_at, conversations.c.seen_at).where(
                    conversations.c.id == conversation
                )
            ).one_or_none()
            if row is None:
                return None
            employee = _employee_of(connection, conversation)
            handed = self._handed(connection, conversation, employee)
            count = connection.execute(
                select(func.count()).select_from(messages).where(messages.c.conversation == conversation)
            ).scalar_one()
            tied = () if employee is None else _tied(connection, employee)
            set_apart = () if employee is None else kept_of(connection, employee)
            declared = () if employee is None else _declared(connection, self._keys, employee)
            roles = _roles(connection)
        subjects = [events.task(each.number) for each in handed]
        subjects += [] if employee is None else [events.employee(employee)]
        return Mine(
            opened_at=row.opened_at,
            seen_at=row.seen_at or row.opened_at,
            messages=count,
            handed=handed,
            employee=employee,
            tied=tied,
            looks=self._looks(tuple(subjects), roles),
            set_apart=set_apart,
            declared=declared,
        )

    def _handed(self, connection: Connection, conversation: str, employee: str | None) -> tuple[Handed, ...]:
        own = [tasks.c.conversation == conversation]
        if employee is not None:
            own.append(tasks.c.employee == employee)
        rows = connection.execute(select(tasks).where(or_(*own)).order_by(tasks.c.number.desc()))
        return tuple(map(self._read, rows))

    def _read(self, row: Row[Any]) -> Handed:
        lines = read_task(self._keys, row).lines
        return Handed(task_number(row.number), row.state, row.opened_at, row.closed_at, lines)

    def _looks(self, subjects: tuple[str, ...], roles: dict[str, tuple[Role, ...]]) -> tuple[Look, ...]:
        if not subjects:
            return ()
        found = self._history.find(Wanted(subjects=subjects, staff=True), limit=LOOKS)
        return tuple(Look(each.seq, each.at, each.act, roles.get(each.actor, ())) for each in found)


def _employee_of(connection: Connection, conversation: str) -> str | None:
    query = select(bindings.c.employee).where(
        bindings.c.conversation == conversation, bindings.c.state == "active"
    )
    return connection.execute(query).scalar_one_or_none()


def _tied(connection: Connection, employee: str) -> tuple[Tied, ...]:
    query = (
        select(bindings.c.channel, bindings.c.bound_at)
        .where(bindings.c.employee == employee, bindings.c.state == "active")
        .order_by(bindings.c.bound_at)
    )
    return tuple(Tied(row.channel, row.bound_at) for row in connection.execute(query))


def _declared(connection: Connection, keys: Keys, employee: str) -> tuple[Declared, ...]:
    return tuple(
        Declared(month, each.outcome, each.line.base, each.line.own, each.line.employer, each.confirmed)
        for month, each in lines_of(connection, keys, employee)
    )


def _roles(connection: Connection) -> dict[str, tuple[Role, ...]]:
    """The roles of every account, by its reference in the log."""
    return {
        events.account(row.id): tuple(role for role in ROLES if role in row.roles.split(","))
        for row in connection.execute(select(accounts.c.id, accounts.c.roles))
    }
