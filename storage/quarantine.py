"""What imported sheets said of dibao: sealed apart and shown to nobody, until the employee agrees that it is recorded.

It is erased where nobody agreed in time (`storage.retention`), where the import is undone, and with the employee.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from audit.events import Event
from audit.events import employee as subject
from hr_inbox.service_clock import CHINA
from people.importing import Incoming
from people.records import DibaoState, DibaoStatus
from storage.keys import Keys
from storage.profile_changes import note
from storage.record_rows import add_status, agreed, kept_records
from storage.roster_changes import status_change
from storage.tables import employee_records, employees, imports, quarantined_cells

BODY: Final = "quarantined_cells.body"
_of: Final = quarantined_cells.c["import"]
_TIE: Final = (
    update(quarantined_cells)
    .where(_of == bindparam("of"), quarantined_cells.c.row == bindparam("at"))
    .values(employee=bindparam("whose"))
)


def set_apart(connection: Connection, keys: Keys, id: str, rows: Iterable[Incoming], now: datetime) -> None:
    """Keeps what the rows of a new import say of dibao."""
    box = keys.box(BODY)
    apart = [
        {
            "import": id,
            "row": each.row,
            "employee": None,
            "key_id": box.key_id,
            "body": box.seal_json(f"{BODY}:{id}:{each.row}", {"status": each.dibao}),
            "kept_at": now,
        }
        for each in rows
        if each.dibao is not None
    ]
    if apart:
        connection.execute(insert(quarantined_cells), apart)


def waiting_rows(connection: Connection, id: str) -> Sequence[int]:
    """The rows of an import of which nobody has said yet whose they are."""
    query = select(quarantined_cells.c.row).where(_of == id, quarantined_cells.c.employee.is_(None))
    return connection.execute(query.order_by(quarantined_cells.c.row)).scalars().all()


def tie(
    connection: Connection, keys: Keys, id: str, whose: Mapping[int, str], by: str, now: datetime
) -> tuple[Event, ...]:
    """Says whose some rows are. Of whoever agreed before it is recorded at once; what to log of it last."""
    there = _lock(connection, set(whose.values()))
    tied = [{"of": id, "at": row, "whose": employee} for row, employee in whose.items() if employee in there]
    if not tied:
        return ()
    connection.execute(_TIE, tied)
    held = agreed(connection, keys, there)
    events: tuple[Event, ...] = ()
    for employee in sorted(there):
        if "dibao_status" in held[employee]:
            events += take_in(connection, keys, employee, by, now)
    return events


def take_in(connection: Connection, keys: Keys, employee: str, by: str, now: datetime) -> tuple[Event, ...]:
    """Records what the newest sheet said, for whoever knows that the employee agreed; what to log of it last.

    Where a status is on record already, that one stands: whoever told it knew more than a sheet.
    """
    _lock(connection, [employee])
    query = (
        select(quarantined_cells, imports.c.made_by)
        .join(imports, imports.c.id == _of)
        .where(quarantined_cells.c.employee == employee)
    )
    row = connection.execute(query.order_by(quarantined_cells.c.kept_at.desc(), _of).limit(1)).one_or_none()
    if row is None:
        return ()
    forget(connection, employee)
    records = select(employee_records).where(employee_records.c.employee == employee)
    if kept_records(connection, keys, "dibao", records):
        return ()
    told = DibaoStatus(_status(keys, row), row.kept_at.astimezone(CHINA).date(), "told_hr")
    add_status(connection, keys, employee, told, row.made_by, now)
    note(connection, keys, [status_change(employee, told, row.made_by, now)], now)
    return (Event("dibao_recorded", by, (subject(employee),)),)


def kept_of(connection: Connection, employee: str) -> tuple[datetime, ...]:
    """When sheets came that say something of an employee, the oldest first. What they say stays sealed."""
    query = select(quarantined_cells.c.kept_at).where(quarantined_cells.c.employee == employee)
    return tuple(connection.execute(query.order_by(quarantined_cells.c.kept_at)).scalars())


def forget(connection: Connection, employee: str) -> None:
    """Erases what sheets said of an employee."""
    connection.execute(delete(quarantined_cells).where(quarantined_cells.c.employee == employee))


def forget_import(connection: Connection, id: str) -> None:
    """Erases what is left of what a sheet said."""
    connection.execute(delete(quarantined_cells).where(_of == id))


def _lock(connection: Connection, who: Iterable[str]) -> frozenset[str]:
    """Those of some employees that there are. A consent and an import at once see each other."""
    query = select(employees.c.id).where(employees.c.id.in_(who)).order_by(employees.c.id)
    return frozenset(connection.execute(query.with_for_update(key_share=True)).scalars())


def _status(keys: Keys, row: Row[Any]) -> DibaoState:
    place = f"{BODY}:{row[0]}:{row.row}"
    status: DibaoState = keys.box(BODY, row.key_id).open_json(place, row.body)["status"]
    return status
