"""What is kept of employees beside the roster, as rows: each kind found among the sealed, and what was agreed to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, insert, select

from people.records import Adjustment, Consent, DibaoStatus, PayMonth, Purpose
from storage.keys import Keys
from storage.tables import employee_records

PAY: Final = "pay_months.body"
BODY: Final = "employee_records.body"
_CONSENT: Final = "employee_records.consent"
Kind = Literal["adjustment", "consent", "dibao"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it is stored."""

    id: str
    employee: str
    kind: Kind
    data: Mapping[str, Any]
    recorded_at: datetime


def sealed_record(keys: Keys, id: str, employee: str, kind: Kind, data: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that say what a record is."""
    box = keys.box(BODY)
    return {
        "key_id": box.key_id,
        "body": box.seal_json(f"{BODY}:{id}", {"kind": kind, **data}),
        "consent_index": found_by(keys, id, employee, kind, data),
    }


def found_by(keys: Keys, id: str, employee: str, kind: Kind, data: Mapping[str, Any]) -> bytes:
    """By what a record is found where it is an open consent; else a number of its own, so that nobody sees which are."""
    if kind == "consent" and data["withdrawn_at"] is None:
        return consent_index(keys, employee, data["purpose"])
    return keys.index(_CONSENT, id)


def consent_index(keys: Keys, employee: str, purpose: Purpose) -> bytes:
    """By what an employee's open consent to a purpose is found: one that holds now and none other."""
    return keys.index(_CONSENT, employee, purpose)


def adjustment_data(adjustment: Adjustment, by: str) -> dict[str, Any]:
    """A change of the base as plain data."""
    return {
        "month": adjustment.month.isoformat(),
        "before": adjustment.before,
        "after": adjustment.after,
        "why": adjustment.why,
        "decided_by": adjustment.decided_by,
        "recorded_by": by,
    }


def kept_records(connection: Connection, keys: Keys, kind: Kind, query: Select[Any]) -> list[Kept]:
    """The records of one kind among those that a query finds, in the order in which they were written down."""
    rows = connection.execute(query.order_by(employee_records.c.recorded_at, employee_records.c.id)).all()
    return [kept for kept in (read_record(keys, row) for row in rows) if kept.kind == kind]


def read_record(keys: Keys, row: Row[Any]) -> Kept:
    """A record from its row."""
    data = keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.id}", row.body)
    return Kept(row.id, row.employee, data.pop("kind"), data, row.recorded_at)


def add_record(
    connection: Connection, keys: Keys, employee: str, kind: Kind, data: Mapping[str, Any], now: datetime
) -> str:
    """Adds a record; its id."""
    id = str(uuid4())
    sealed = sealed_record(keys, id, employee, kind, data)
    row = {"id": id, "employee": employee, **sealed, "recorded_at": now}
    connection.execute(insert(employee_records), row)
    return id


def add_status(
    connection: Connection, keys: Keys, employee: str, status: DibaoStatus, by: str, now: datetime
) -> None:
    """Adds a dibao status, for whoever knows that the employee agreed to it."""
    data = {
        "status": status.status,
        "since": status.since.isoformat(),
        "source": status.source,
        "recorded_by": by,
    }
    add_record(connection, keys, employee, "dibao", data, now)


def read_consent(kept: Kept) -> Consent:
    """A consent from its record."""
    ended = kept.data["withdrawn_at"]
    withdrawn = None if ended is None else datetime.fromisoformat(ended)
    return Consent(
        kept.id,
        kept.data["purpose"],
        kept.data["how"],
        kept.recorded_at,
        withdrawn,
        kept.data.get("withdrawn_how"),
    )


def agreed(
    connection: Connection, keys: Keys, employees: Collection[str]
) -> Mapping[str, frozenset[Purpose]]:
    """What each of some employees agrees to now."""
    held: defaultdict[str, set[Purpose]] = defaultdict(set)
    query = select(employee_records).where(employee_records.c.employee.in_(employees))
    for kept in kept_records(connection, keys, "consent", query):
        consent = read_consent(kept)
        if consent.holds:
            held[kept.employee].add(consent.purpose)
    return {employee: frozenset(held[employee]) for employee in employees}


def read_adjustment(kept: Kept) -> Adjustment:
    """A change of the base from its record."""
    month = date.fromisoformat(kept.data["month"])
    return Adjustment(**{**kept.data, "month": month}, recorded_at=kept.recorded_at)


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
