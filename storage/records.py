"""What is kept of each employee beside the roster, sealed: months of pay, changes of the base, consents, dibao status.

A record's kind is sealed with it: only who has the keys sees that there is one about dibao.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select, update

from audit.events import Event
from audit.events import employee as subject
from people.records import (
    PURPOSES,
    Adjustment,
    Consent,
    ConsentHow,
    DibaoStatus,
    NoConsent,
    PayMonth,
    Purpose,
    Records,
    WithdrawnHow,
)
from storage.audit import append
from storage.database import Database
from storage.keys import Keys
from storage.profile_changes import forget_household, note
from storage.quarantine import forget, take_in
from storage.record_rows import (
    Kept,
    Kind,
    add_record,
    add_status,
    adjustment_data,
    found_by,
    kept_records,
    read_adjustment,
    read_consent,
    read_month,
    read_record,
    read_status,
    sealed_record,
)
from storage.roster_changes import adjusted, status_change
from storage.tables import employee_records, pay_months

#: Records of an earlier version that are looked at in one transaction.
SOME: Final = 500


class StoredRecords(Records):
    """The records of every employee."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def pay_months(self, employee: str) -> tuple[PayMonth, ...]:
        """The months that are on record, the oldest first."""
        query = select(pay_months).where(pay_months.c.employee == employee).order_by(pay_months.c.month)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(read_month(self._keys, row) for row in rows)

    def pay_of(self, month: date, employees: Collection[str]) -> dict[str, PayMonth]:
        """A month of several employees, of those who have it on record."""
        with self._database.read() as connection:
            rows = connection.execute(select(pay_months).where(pay_months.c.month == month)).all()
        wanted = frozenset(employees)
        return {row.employee: read_month(self._keys, row) for row in rows if row.employee in wanted}

    def adjustments(self, employee: str) -> tuple[Adjustment, ...]:
        """Changes of the base, in the order in which they were written down."""
        with self._database.read() as connection:
            return tuple(map(read_adjustment, self._kept(connection, "adjustment", employee)))

    def adjust(self, employee: str, adjustment: Adjustment, by: str) -> None:
        """Writes a change of the base down."""
        now = self._now()
        with self._database.work() as connection:
            id = self._add(connection, employee, "adjustment", adjustment_data(adjustment, by))
            changed = adjusted(employee, id, adjustment.after, adjustment.month, by, now)
            note(connection, self._keys, [changed], now)
            append(connection, Event("base_adjusted", by, (subject(employee),)), now)

    def consents(self, employee: str) -> tuple[Consent, ...]:
        """What the employee agreed to, the oldest first; also what was taken back."""
        with self._database.read() as connection:
            return tuple(map(read_consent, self._kept(connection, "consent", employee)))

    def agree(self, employee: str, purpose: Purpose, how: ConsentHow, by: str) -> None:
        """The employee agrees; nothing changes where it is agreed to already."""
        now = self._now()
        with self._database.work() as connection:
            for event in give(connection, self._keys, employee, purpose, how, by, now):
                append(connection, event, now)

    def withdraw(self, employee: str, purpose: Purpose, how: WithdrawnHow, by: str) -> None:
        """The employee takes it back. What was kept for the purpose is erased."""
        now = self._now()
        with self._database.work() as connection:
            for event in take_back(connection, self._keys, employee, purpose, how, by, now):
                append(connection, event, now)

    def dibao(self, employee: str, by: str) -> Sequence[DibaoStatus]:
        """Every status, the oldest first. That it was read is logged. Raises `NoConsent`."""
        with self._database.work() as connection:
            if not any(self._holds(connection, employee, each) for each in PURPOSES):
                raise NoConsent
            told = tuple(map(read_status, self._kept(connection, "dibao", employee)))
            append(connection, Event("dibao_read", by, (subject(employee),)), self._now())
        return told

    def tell_dibao(self, employee: str, status: DibaoStatus, by: str) -> None:
        """Adds a status; earlier ones stay. Raises `NoConsent`."""
        with self._database.work() as connection:
            purpose: Purpose = "civil_affairs" if status.source == "civil_affairs" else "dibao_status"
            if not self._holds(connection, employee, purpose):
                raise NoConsent
            now = self._now()
            add_status(connection, self._keys, employee, status, by, now)
            note(connection, self._keys, [status_change(employee, status, by, now)], now)
            append(connection, Event("dibao_recorded", by, (subject(employee),)), now)

    def _kept(self, connection: Connection, kind: Kind, employee: str) -> list[Kept]:
        query = select(employee_records).where(employee_records.c.employee == employee)
        return kept_records(connection, self._keys, kind, query)

    def _add(self, connection: Connection, employee: str, kind: Kind, data: Mapping[str, Any]) -> str:
        return add_record(connection, self._keys, employee, kind, data, self._now())

    def _holds(self, connection: Connection, employee: str, purpose: Purpose) -> bool:
        given = map(read_consent, self._kept(connection, "consent", employee))
        return any(each.holds and each.purpose == purpose for each in given)


def give(
    connection: Connection,
    keys: Keys,
    employee: str,
    purpose: Purpose,
    how: ConsentHow,
    by: str,
    now: datetime,
) -> tuple[Event, ...]:
    """The employee agrees, in the transaction of what brought it; what to log of it last. Nothing where it holds already."""
    if any(read_consent(kept).holds for kept in _consents(connection, keys, employee, purpose)):
        return ()
    data = {"purpose": purpose, "how": how, "withdrawn_at": None}
    add_record(connection, keys, employee, "consent", data, now)
    given = Event("consent_given", by, (subject(employee),))
    if purpose != "dibao_status":
        return (given,)
    # What a sheet said was set apart until now.
    return (given, *take_in(connection, keys, employee, by, now))


def take_back(
    connection: Connection,
    keys: Keys,
    employee: str,
    purpose: Purpose,
    how: WithdrawnHow,
    by: str,
    now: datetime,
) -> tuple[Event, ...]:
    """The employee takes it back, and what was kept for the purpose is erased; what to log of it last.

    Nothing where it does not hold.
    """
    held = [each for each in _consents(connection, keys, employee, purpose) if read_consent(each).holds]
    if not held:
        return ()
    for kept in held:
        ended = {"withdrawn_at": now.isoformat(), "withdrawn_how": how}
        sealed = sealed_record(keys, kept.id, employee, "consent", {**kept.data, **ended})
        connection.execute(update(employee_records).where(employee_records.c.id == kept.id).values(**sealed))
    query = select(employee_records).where(employee_records.c.employee == employee)
    told = [
        kept.id
        for kept in kept_records(connection, keys, "dibao", query)
        if (kept.data["source"] == "civil_affairs") == (purpose == "civil_affairs")
    ]
    connection.execute(delete(employee_records).where(employee_records.c.id.in_(told)))
    if purpose == "dibao_status":
        forget(connection, employee)
    forget_household(connection, keys, employee, purpose, now)
    return (Event("consent_withdrawn", by, (subject(employee),)),)


def index_old(database: Database, keys: Keys) -> int:
    """Gives records of an earlier version by what open consents are found, which only their sealed bodies tell; how many.
    Stopped, it can be run again."""
    without = select(employee_records).where(employee_records.c.consent_index.is_(None))
    some = without.order_by(employee_records.c.id).limit(SOME).with_for_update()
    anew = update(employee_records).where(employee_records.c.id == bindparam("of"))
    with database.read() as connection:
        if connection.execute(without.limit(1)).first() is None:
            return 0
    count = 0
    while True:
        with database.work() as connection:
            old = [read_record(keys, row) for row in connection.execute(some)]
            if not old:
                return count
            found = [
                {"of": each.id, "consent_index": found_by(keys, each.id, each.employee, each.kind, each.data)}
                for each in old
            ]
            connection.execute(anew, found)
        count += len(old)


def _consents(connection: Connection, keys: Keys, employee: str, purpose: Purpose) -> list[Kept]:
    query = select(employee_records).where(employee_records.c.employee == employee)
    kept = kept_records(connection, keys, "consent", query)
    return [each for each in kept if each.data["purpose"] == purpose]
