"""What is kept of each employee beside the roster, sealed: months of pay, changes of the base, consents, dibao status.

A record's kind is sealed with it: only who has the keys sees that there is one about dibao.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from audit.events import Event
from audit.events import employee as subject
from people.records import (
    Adjustment,
    Consent,
    ConsentHow,
    DibaoStatus,
    NoConsent,
    PayMonth,
    Purpose,
    Records,
)
from storage.audit import append
from storage.database import Database
from storage.keys import Keys
from storage.tables import employee_records, pay_months

PAY: Final = "pay_months.body"
BODY: Final = "employee_records.body"
Kind = Literal["adjustment", "consent", "dibao"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it is stored."""

    id: str
    employee: str
    kind: Kind
    data: Mapping[str, Any]
    recorded_at: datetime


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
        query = select(pay_months).where(pay_months.c.month == month)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        wanted = frozenset(employees)
        return {row.employee: read_month(self._keys, row) for row in rows if row.employee in wanted}

    def adjustments(self, employee: str) -> tuple[Adjustment, ...]:
        """Changes of the base, in the order in which they were written down."""
        with self._database.read() as connection:
            return tuple(map(read_adjustment, self._kept(connection, "adjustment", employee)))

    def adjust(self, employee: str, adjustment: Adjustment, by: str) -> None:
        """Writes a change of the base down."""
        with self._database.work() as connection:
            row = adjustment_row(self._keys, employee, adjustment, by, self._now())
            connection.execute(insert(employee_records), row)
            append(connection, Event("base_adjusted", by, (subject(employee),)), self._now())

    def consents(self, employee: str) -> tuple[Consent, ...]:
        """What the employee agreed to, the oldest first; also what was taken back."""
        with self._database.read() as connection:
            return tuple(map(read_consent, self._kept(connection, "consent", employee)))

    def agree(self, employee: str, purpose: Purpose, how: ConsentHow, by: str) -> None:
        """The employee agrees; nothing changes where it is agreed to already."""
        with self._database.work() as connection:
            if self._holds(connection, employee, purpose):
                return
            data = {"purpose": purpose, "how": how, "withdrawn_at": None}
            self._add(connection, employee, "consent", data)
            append(connection, Event("consent_given", by, (subject(employee),)), self._now())

    def withdraw(self, employee: str, purpose: Purpose, by: str) -> None:
        """The employee takes it back. What was kept for the purpose is erased."""
        now = self._now()
        with self._database.work() as connection:
            for kept in self._kept(connection, "consent", employee):
                if kept.data["purpose"] == purpose and read_consent(kept).holds:
                    self._write_anew(connection, kept, {"withdrawn_at": now.isoformat()})
            told = [kept.id for kept in self._kept(connection, "dibao", employee)]
            connection.execute(delete(employee_records).where(employee_records.c.id.in_(told)))
            append(connection, Event("consent_withdrawn", by, (subject(employee),)), now)

    def dibao(self, employee: str, by: str) -> Sequence[DibaoStatus]:
        """Every status, the oldest first. That it was read is logged. Raises `NoConsent`."""
        with self._database.work() as connection:
            if not self._holds(connection, employee, "dibao_status"):
                raise NoConsent
            told = tuple(map(read_status, self._kept(connection, "dibao", employee)))
            append(connection, Event("dibao_read", by, (subject(employee),)), self._now())
        return told

    def tell_dibao(self, employee: str, status: DibaoStatus, by: str) -> None:
        """Adds a status; earlier ones stay. Raises `NoConsent`."""
        data = {
            "status": status.status,
            "since": status.since.isoformat(),
            "source": status.source,
            "recorded_by": by,
        }
        with self._database.work() as connection:
            if not self._holds(connection, employee, "dibao_status"):
                raise NoConsent
            self._add(connection, employee, "dibao", data)
            append(connection, Event("dibao_recorded", by, (subject(employee),)), self._now())

    def _kept(self, connection: Connection, kind: Kind, employee: str) -> list[Kept]:
        query = select(employee_records).where(employee_records.c.employee == employee)
        return kept_records(connection, self._keys, kind, query)

    def _add(self, connection: Connection, employee: str, kind: Kind, data: Mapping[str, Any]) -> None:
        row = _record_row(self._keys, employee, kind, data, self._now())
        connection.execute(insert(employee_records), row)

    def _write_anew(self, connection: Connection, kept: Kept, changes: Mapping[str, Any]) -> None:
        sealed = _sealed(self._keys, kept.id, kept.kind, dict(kept.data) | dict(changes))
        connection.execute(update(employee_records).where(employee_records.c.id == kept.id).values(**sealed))

    def _holds(self, connection: Connection, employee: str, purpose: Purpose) -> bool:
        given = map(read_consent, self._kept(connection, "consent", employee))
        return any(each.holds and each.purpose == purpose for each in given)


def adjustment_row(
    keys: Keys, employee: str, adjustment: Adjustment, by: str, now: datetime
) -> dict[str, Any]:
    """The row of a change of the base."""
    data = {
        "month": adjustment.month.isoformat(),
        "before": adjustment.before,
        "after": adjustment.after,
        "why": adjustment.why,
        "decided_by": adjustment.decided_by,
        "recorded_by": by,
    }
    return _record_row(keys, employee, "adjustment", data, now)


def _record_row(
    keys: Keys, employee: str, kind: Kind, data: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    id = str(uuid4())
    return {"id": id, "employee": employee, **_sealed(keys, id, kind, data), "recorded_at": now}


def _sealed(keys: Keys, id: str, kind: Kind, data: Mapping[str, Any]) -> dict[str, Any]:
    box = keys.box(BODY)
    return {"key_id": box.key_id, "body": box.seal_json(f"{BODY}:{id}", {"kind": kind, **data})}


def kept_records(connection: Connection, keys: Keys, kind: Kind, query: Select[Any]) -> list[Kept]:
    """The records of one kind among those that a query finds, in the order in which they were written down."""
    rows = connection.execute(query.order_by(employee_records.c.recorded_at, employee_records.c.id)).all()
    return [kept for kept in (_read_record(keys, row) for row in rows) if kept.kind == kind]


def _read_record(keys: Keys, row: Row[Any]) -> Kept:
    data = keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.id}", row.body)
    return Kept(row.id, row.employee, data.pop("kind"), data, row.recorded_at)


def read_adjustment(kept: Kept) -> Adjustment:
    """A change of the base from its record."""
    month = date.fromisoformat(kept.data["month"])
    return Adjustment(**{**kept.data, "month": month}, recorded_at=kept.recorded_at)


def read_consent(kept: Kept) -> Consent:
    """A consent from its record."""
    ended = kept.data["withdrawn_at"]
    withdrawn = None if ended is None else datetime.fromisoformat(ended)
    return Consent(kept.id, kept.data["purpose"], kept.data["how"], kept.recorded_at, withdrawn)


def read_status(kept: Kept) -> DibaoStatus:
    """A dibao status from its record."""
    since = date.fromisoformat(kept.data["since"])
    return DibaoStatus(**{**kept.data, "since": since}, recorded_at=kept.recorded_at)


def sealed_month(keys: Keys, employee: str, month: PayMonth, now: datetime) -> dict[str, Any]:
    """The columns of a month's row."""
    box = keys.box(PAY)
    data = {"wage": month.wage, "base": month.base, "paid": month.paid, "own_share": month.own_share}
    return {
        "employee": employee,
        "month": month.month,
        "key_id": box.key_id,
        "body": box.seal_json(f"{PAY}:{employee}:{month.month}", data),
        "changed_at": now,
    }


def read_month(keys: Keys, row: Row[Any]) -> PayMonth:
    """A month from its row."""
    place = f"{PAY}:{row.employee}:{row.month}"
    return PayMonth(row.month, **keys.box(PAY, row.key_id).open_json(place, row.body))
