"""What systems said of a declaration, taken over in one transaction: outcomes, months of pay, bases on the roster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from audit.events import Event
from audit.events import employee as subject
from locales import N_, as_written
from people.records import Adjustment, PayMonth
from profiles.declarations import Step
from profiles.declaring import Line
from storage.audit import append
from storage.database import upsert
from storage.declaration_rows import open_body, read_lines
from storage.employee_rows import read_employee, update_employees
from storage.keys import Keys
from storage.profile_changes import note
from storage.record_rows import adjustment_data, read_month, sealed_month, sealed_record
from storage.roster_changes import adjusted, note_written
from storage.tables import (
    declaration_lines,
    declaration_steps,
    declarations,
    employee_records,
    employees,
    pay_months,
)

#: Why a base on the roster is another one.
WHY = N_("{month} 申报时按这个数报，经办受理了")
#: What came of a line: `accepted` or `rejected`, and why.
Answers = Mapping[str, tuple[str, str]]


def begin_step(connection: Connection, id: str, step: Step, due_at: datetime) -> None:
    """Has a step done from a moment on; nothing changes where it is to be done already."""
    statement = upsert(connection.dialect.name, declaration_steps).on_conflict_do_nothing()
    row = {"declaration": id, "step": step, "due_at": due_at, "tries": 0, "trouble": ""}
    connection.execute(statement, row)


def end_step(connection: Connection, id: str, step: Step) -> None:
    """A step is done."""
    connection.execute(
        delete(declaration_steps).where(
            declaration_steps.c.declaration == id, declaration_steps.c.step == step
        )
    )


def settle(
    connection: Connection, keys: Keys, run: Row[Any], answers: Answers, by: str, now: datetime
) -> bool:
    """Takes over what was decided of lines that were pending, by employee; whether none is left. `run` is locked.

    Accepted ones go into the months of pay and onto the roster. Once none is left, payroll's turn comes.
    """
    pending = [each.line for each in read_lines(connection, keys, run.id) if each.outcome == "pending"]
    decided = [(line, *answers[line.employee]) for line in pending if line.employee in answers]
    accepted = [line for line, outcome, _ in decided if outcome == "accepted"]
    changed = _keep_bases(connection, keys, run, accepted, by, now)
    _keep_months(connection, keys, run.month, accepted, now)
    note_written(connection, keys, [line.employee for line in accepted], by, now)
    _set_outcomes(connection, run.id, decided)
    whole = len(decided) == len(pending)
    if whole:
        values = {"state": "answered", "answered_at": now}
        connection.execute(update(declarations).where(declarations.c.id == run.id).values(values))
        end_step(connection, run.id, "declare")
        _begin_what_follows(connection, run, now)
    if decided:
        whom = tuple(subject(line.employee) for line, _, _ in decided)
        counts = {"accepted": len(accepted), "rejected": len(decided) - len(accepted)}
        event = Event("declaration_answered", by, whom, {"reference": run.reference, **counts})
        append(connection, event, now)
    if changed:
        append(connection, Event("base_adjusted", by, tuple(map(subject, changed))), now)
    return whole


def _begin_what_follows(connection: Connection, run: Row[Any], now: datetime) -> None:
    held = select(declaration_lines.c.employee).where(
        declaration_lines.c.declaration == run.id, declaration_lines.c.outcome == "accepted"
    )
    if connection.execute(held.limit(1)).first() is None:
        return
    if run.deducts:
        begin_step(connection, run.id, "deduct", now)
    if run.via == "connection":
        begin_step(connection, run.id, "confirm", now)


def _set_outcomes(connection: Connection, id: str, decided: Sequence[tuple[Line, str, str]]) -> None:
    rows = [{"of": line.employee, "to": outcome, "because": reason[:80]} for line, outcome, reason in decided]
    if rows:
        of_line = (declaration_lines.c.declaration == id) & (declaration_lines.c.employee == bindparam("of"))
        anew = update(declaration_lines).where(of_line)
        connection.execute(anew.values(outcome=bindparam("to"), reason=bindparam("because")), rows)


def _keep_months(
    connection: Connection, keys: Keys, month: date, lines: Sequence[Line], now: datetime
) -> None:
    """Base and own share of the month; its wage and whether it was paid stay as they are on record."""
    by_id = {line.employee: line for line in lines}
    months = {id: PayMonth(month, line.wage) for id, line in by_id.items()}
    months |= months_of(connection, keys, month, by_id)
    write_months(
        connection,
        keys,
        {id: replace(months[id], base=line.base, own_share=line.own) for id, line in by_id.items()},
        now,
    )


def months_of(
    connection: Connection, keys: Keys, month: date, whom: Mapping[str, Any]
) -> dict[str, PayMonth]:
    """What is on record of a month for several employees, locked until the transaction ends."""
    query = select(pay_months).where(pay_months.c.employee.in_(whom), pay_months.c.month == month)
    rows = connection.execute(query.order_by(pay_months.c.employee).with_for_update())
    return {row.employee: read_month(keys, row) for row in rows}


def write_months(connection: Connection, keys: Keys, months: Mapping[str, PayMonth], now: datetime) -> None:
    """Writes months, whether they are on record or not."""
    if months:
        statement = upsert(connection.dialect.name, pay_months)
        new = statement.excluded
        anew = statement.on_conflict_do_update(
            index_elements=[pay_months.c.employee, pay_months.c.month],
            set_={"key_id": new.key_id, "body": new.body, "changed_at": new.changed_at},
        )
        connection.execute(anew, [sealed_month(keys, id, month, now) for id, month in months.items()])


def _keep_bases(
    connection: Connection, keys: Keys, run: Row[Any], lines: Sequence[Line], by: str, now: datetime
) -> list[str]:
    """The roster's base where another one was declared, with the record of the change; whose it was."""
    declared = {line.employee: line for line in lines}
    query = select(employees).where(employees.c.id.in_(declared)).order_by(employees.c.id)
    people = [read_employee(keys, row) for row in connection.execute(query.with_for_update())]
    changed = [each for each in people if each.base != declared[each.id].base]
    if not changed:
        return []
    why, approver = as_written(WHY, month=f"{run.month:%Y-%m}"), open_body(keys, run)["approver"]
    rows, noted = [], []
    for each in changed:
        id, base = str(uuid4()), declared[each.id].base
        data = adjustment_data(Adjustment(run.month, each.base, base, why, approver), by)
        sealed = sealed_record(keys, id, each.id, "adjustment", data)
        rows.append({"id": id, "employee": each.id, "recorded_at": now, **sealed})
        noted.append(adjusted(each.id, id, base, run.month, by, now))
    connection.execute(insert(employee_records), rows)
    update_employees(connection, keys, [replace(each, base=declared[each.id].base) for each in changed], now)
    note(connection, keys, noted, now)
    return [each.id for each in changed]
