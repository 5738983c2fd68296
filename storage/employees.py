"""The roster's rows: everything personal sealed, found by blind indexes of number and name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, exists, func, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from audit.events import Event
from audit.events import employee as subject
from people.employees import (
    A_PAGE,
    Employee,
    HasRecords,
    NumberTaken,
    Roster,
    RosterLine,
    RosterPage,
    RosterSearch,
)
from storage.audit import append
from storage.bindings import LIVE, end_bindings, leave_wecom, owner_row, void_codes
from storage.database import Database
from storage.employee_rows import (
    insert_employees,
    lock_employee,
    name_index,
    number_index,
    read_employee,
    refuse_shared,
    update_employees,
)
from storage.erasing import ErasureJournal, remove_employee
from storage.keys import Keys
from storage.roster_changes import note_written
from storage.tables import (
    bindings,
    declaration_lines,
    employee_records,
    employees,
    notices,
    pay_months,
    tasks,
)
from storage.tasks import UNTOUCHED, end_untouched

log = logging.getLogger("shebao.storage")


class StoredRoster(Roster):
    """The roster."""

    def __init__(
        self, database: Database, keys: Keys, journal: ErasureJournal, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._keys = keys
        self._journal = journal
        self._now = now

    def get(self, employee: str) -> Employee | None:
        """An employee by id."""
        return self._one(select(employees).where(employees.c.id == employee))

    def by_number(self, number: str) -> Employee | None:
        """The employee with that number."""
        return self._one(
            select(employees).where(employees.c.number_index == number_index(self._keys, number))
        )

    def by_name(self, name: str) -> tuple[Employee, ...]:
        """Everyone of exactly that name."""
        query = select(employees).where(employees.c.name_index == name_index(self._keys, name))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(employees.c.state, employees.c.id)).all()
        return tuple(read_employee(self._keys, row) for row in rows)

    def of_conversation(self, conversation: str) -> Employee | None:
        """Whose chat it is; None where nobody has bound it."""
        with self._database.read() as connection:
            row = owner_row(connection, conversation)
        return None if row is None else read_employee(self._keys, row)

    def conversations_of(self, employee: str) -> Mapping[str, str]:
        """The conversations that are tied to an employee now, by channel."""
        query = select(bindings.c.channel, bindings.c.conversation).where(
            bindings.c.employee == employee, LIVE
        )
        with self._database.read() as connection:
            return {channel: conversation for channel, conversation in connection.execute(query)}

    def find(self, search: RosterSearch, page: int = 1) -> RosterPage:
        """A list, those who joined last first."""
        with self._database.read() as connection:
            total = connection.execute(
                select(func.count()).select_from(_narrowed(search).order_by(None).subquery())
            ).scalar_one()
            last = max(1, -(-total // A_PAGE))
            page = min(max(page, 1), last)
            rows = connection.execute(_narrowed(search).limit(A_PAGE).offset((page - 1) * A_PAGE)).all()
        return RosterPage(tuple(map(self._line, rows)), total, page)

    def everyone(self, search: RosterSearch) -> tuple[RosterLine, ...]:
        """All of a list, for what is printed or exported."""
        with self._database.read() as connection:
            rows = connection.execute(_narrowed(search)).all()
        return tuple(map(self._line, rows))

    def regions(self) -> tuple[str, ...]:
        """The regions in which anybody is insured."""
        query = select(employees.c.region).distinct().order_by(employees.c.region)
        with self._database.read() as connection:
            return tuple(connection.execute(query).scalars())

    def add(self, employee: Employee, by: str) -> Employee:
        """A new employee, under a new id. Raises `NumberTaken` and `WecomTaken`."""
        added = replace(employee, id=str(uuid4()))
        try:
            with self._database.work() as connection:
                refuse_shared(connection, self._keys, added)
                insert_employees(connection, self._keys, [added], self._now())
                note_written(connection, self._keys, [added.id], by, self._now())
                append(connection, Event("employee_added", by, (subject(added.id),)), self._now())
        except IntegrityError:
            raise NumberTaken from None
        return added

    def correct(self, employee: str, changes: Mapping[str, Any], by: str, why: str = "") -> Employee:
        """Other values for some fields. Raises `NumberTaken`, `WecomTaken`, and `KeyError` for an employee that is not
        there. A chat in WeCom is no longer tied to one who has another account there now."""
        try:
            with self._database.work() as connection:
                after, events = correct(connection, self._keys, employee, changes, by, self._now(), why)
                for event in events:
                    append(connection, event, self._now(), self._keys)
        except IntegrityError:
            raise NumberTaken from None
        return after

    def leave(self, employee: str, on: date, by: str) -> None:
        """Somebody leaves: no chat is tied to them any more and their codes are void. Raises `KeyError`."""
        with self._database.work() as connection:
            leaves(connection, self._keys, employee, on, self._now())
            append(connection, Event("employee_left", by, (subject(employee),)), self._now())

    def rejoin(self, employee: str, on: date, by: str) -> None:
        """Somebody comes back; the chat is bound anew. Raises `KeyError`."""
        with self._database.work() as connection:
            before = lock_employee(connection, self._keys, employee)
            back = replace(before, state="active", joined_on=on, left_on=None)
            update_employees(connection, self._keys, [back], self._now())
            append(connection, Event("employee_rejoined", by, (subject(employee),)), self._now())

    def erase(self, employee: str, by: str, why: str) -> None:
        """Takes somebody off the roster for good who never was an employee, a slip.

        Raises `HasRecords`, and `KeyError`.
        """
        now = self._now()
        with self._database.work() as connection:
            lock_employee(connection, self._keys, employee)
            if is_known_by(connection, employee):
                raise HasRecords
            end_untouched(connection, [employee], now)
            remove_employee(connection, employee, now)
            append(connection, Event("employee_erased", by, reason=why), now, self._keys)
        try:
            self._journal.add([(employee, now)])
            self._database.forget_deleted()
        except (OSError, SQLAlchemyError) as error:  # the database has it, and the next start catches up
            log.error("an erasure is not in %s yet (%s)", self._journal.path, type(error).__name__)

    def exported(self, employees: Sequence[str], by: str) -> None:
        """Notes in the log that the roster was taken out as a file."""
        with self._database.work() as connection:
            about = Event("roster_exported", by, tuple(map(subject, employees)), {"rows": len(employees)})
            append(connection, about, self._now())

    def _one(self, query: Select[Any]) -> Employee | None:
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else read_employee(self._keys, row)

    def _line(self, row: Row[Any]) -> RosterLine:
        return RosterLine(read_employee(self._keys, row), row.bound)


def correct(
    connection: Connection,
    keys: Keys,
    employee: str,
    changes: Mapping[str, Any],
    by: str,
    now: datetime,
    why: str = "",
) -> tuple[Employee, tuple[Event, ...]]:
    """Other values for some fields of an employee, in the transaction of what brought them; the employee afterwards, and what
    to log of it last. Raises as `StoredRoster.correct`."""
    before = lock_employee(connection, keys, employee)
    after = replace(before, **changes)
    changed = sorted(name for name in changes if getattr(before, name) != getattr(after, name))
    if not changed:
        return after, ()
    refuse_shared(connection, keys, after)
    leave_wecom(connection, before, after, now)
    update_employees(connection, keys, [after], now)
    note_written(connection, keys, [employee], by, now)
    details = {"fields": ",".join(changed)}
    return after, (Event("employee_corrected", by, (subject(employee),), details, why),)


def _narrowed(search: RosterSearch) -> Select[Any]:
    bound = exists().where(bindings.c.employee == employees.c.id, LIVE)
    query = select(employees, bound.label("bound")).order_by(
        employees.c.joined_on.desc().nulls_last(), employees.c.id
    )
    if search.region:
        query = query.where(employees.c.region == search.region)
    if search.state is not None:
        query = query.where(employees.c.state == search.state)
    if search.uninsured:
        query = query.where(employees.c.insured.is_(False))
    if search.unbound:
        query = query.where(~bound)
    return query


def leaves(connection: Connection, keys: Keys, employee: str, on: date, now: datetime) -> Employee:
    """Somebody leaves, with what ends by it; the employee as it was before. Raises `KeyError`."""
    before = lock_employee(connection, keys, employee)
    update_employees(connection, keys, [replace(before, state="left", left_on=on)], now)
    end_bindings(connection, employee, "left", now)
    void_codes(connection, (employee,))
    return before


def is_known_by(connection: Connection, employee: str) -> bool:
    """Whether anything hangs on an employee: then the row was no slip."""
    return employee in known_among(connection, [employee])


def known_among(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of several employees on whom anything hangs."""
    return {
        id
        for table in (bindings, pay_months, employee_records, notices, declaration_lines)
        for id in connection.execute(select(table.c.employee).where(table.c.employee.in_(ids))).scalars()
    } | {
        # What the program found and nobody has touched does not make a slip an employee.
        *connection.execute(select(tasks.c.employee).where(tasks.c.employee.in_(ids), ~UNTOUCHED)).scalars()
    }
