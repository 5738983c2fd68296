"""Where imported rows go: the roster, the months of pay, and those who left. Each finds, compares, writes and takes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any, Final, NamedTuple, Protocol
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, select

from calculator.fields import Problem
from people.employees import Employee, number_for_search
from people.importing import Change, ImportKind
from people.records import PayMonth
from storage.bindings import bind_again
from storage.database import upsert
from storage.employee_rows import (
    OPEN,
    employee_from,
    employee_json,
    insert_employee,
    number_index,
    read_employee,
    update_employee,
)
from storage.employees import is_known_by, leaves
from storage.keys import Keys
from storage.records import read_month, sealed_month
from storage.tables import employees, pay_months

Values = Mapping[str, Any]
#: What stands there before an import: None where there is nothing.
Before = dict[str, Any] | None


class Target(Protocol):
    """What the rows of one kind of sheet are about. `existing` is what `find` found for a row."""

    def key(self, keys: Keys, values: Values) -> bytes | None:
        """By what two rows are about the same; None where the row does not say."""

    def find(self, connection: Connection, keys: Keys, rows: Sequence[Values]) -> list[Any]:
        """What there is for each row."""

    def is_new(self, existing: Any) -> bool:
        """Whether there is nothing yet."""

    def problems(self, existing: Any, values: Values) -> list[Problem]:
        """What the row lacks."""

    def changes(self, existing: Any, values: Values) -> tuple[Change, ...]:
        """What would become other than it is."""

    def whom(self, existing: Any, values: Values) -> str:
        """The name to show."""

    def apply(
        self, connection: Connection, keys: Keys, body: Values, now: datetime
    ) -> tuple[str, Before]:  # fmt: skip
        """Writes a row; the employee, and what stood there before."""

    def undo(self, connection: Connection, keys: Keys, body: Values, at: datetime, now: datetime) -> bool:
        """Takes a row back that was written at a moment; False where something has changed since."""


class Staff:
    """Employees by their number: a row adds one, or changes the fields that it names. Blank cells change nothing."""

    _NEEDED: Final = ("number", "name", "region")

    def key(self, keys: Keys, values: Values) -> bytes | None:
        """The index of the number."""
        return number_index(keys, values["number"]) if "number" in values else None

    def find(self, connection: Connection, keys: Keys, rows: Sequence[Values]) -> list[Employee | None]:
        """The employee of each row's number, locked."""
        there = _by_number(connection, keys, rows)
        return [there.get(number_for_search(values.get("number", ""))) for values in rows]

    def is_new(self, existing: Employee | None) -> bool:
        """Whether nobody has the number."""
        return existing is None

    def problems(self, existing: Employee | None, values: Values) -> list[Problem]:
        """What a new employee lacks."""
        if existing is not None:
            return []
        missing = [name for name in self._NEEDED if name not in values]
        return [Problem("missing_field", name, "field") for name in missing]

    def changes(self, existing: Employee | None, values: Values) -> tuple[Change, ...]:
        """Each field that the row names otherwise; one who had left and is named is back."""
        before = {} if existing is None else _as_data(existing)
        named = dict(values)
        if existing is not None and existing.state == "left":
            named |= {"state": "active", "left_on": None}
        return tuple(
            Change(name, before.get(name), value)
            for name, value in named.items()
            if before.get(name) != value
        )

    def whom(self, existing: Employee | None, values: Values) -> str:
        """The name."""
        return str(values.get("name", "" if existing is None else existing.name))

    def apply(self, connection: Connection, keys: Keys, body: Values, now: datetime) -> tuple[str, Before]:
        """Adds or changes an employee."""
        values = body["values"]
        (existing,) = self.find(connection, keys, [values])
        if existing is None:
            added = employee_from({"id": str(uuid4()), **values})
            insert_employee(connection, keys, added, now)
            return added.id, None
        named = {each.name: each.after for each in self.changes(existing, values)}
        update_employee(connection, keys, employee_from(_as_data(existing) | named), now)
        return existing.id, _as_data(existing)

    def undo(self, connection: Connection, keys: Keys, body: Values, at: datetime, now: datetime) -> bool:
        """Takes a new employee away, or gives a changed one the old values back."""
        if not _unchanged(connection, body["employee"], at):
            return False
        if body["before"] is not None:
            update_employee(connection, keys, employee_from(body["before"]), now)
        elif is_known_by(connection, body["employee"]):
            return False
        else:
            connection.execute(delete(employees).where(employees.c.id == body["employee"]))
        return True


class Leavers(Staff):
    """Employees whom the sheet does not name and who have left."""

    def apply(self, connection: Connection, keys: Keys, body: Values, now: datetime) -> tuple[str, Before]:
        """Has one leave, with what ends by it."""
        on = date.fromisoformat(body["values"]["left_on"])
        return body["employee"], _as_data(leaves(connection, keys, body["employee"], on, now))

    def undo(self, connection: Connection, keys: Keys, body: Values, at: datetime, now: datetime) -> bool:
        """Has one back who was marked by mistake, with their chat."""
        if not _unchanged(connection, body["employee"], at):
            return False
        update_employee(connection, keys, employee_from(body["before"]), now)
        bind_again(connection, body["employee"], at)
        return True


class _Month(NamedTuple):
    """Whose month a row is about, and what is on record of it."""

    employee: Employee | None
    row: Row[Any] | None
    kept: PayMonth | None


class Pay:
    """Months of pay by employee number and month; a row of a month that is on record writes it anew."""

    _NEEDED: Final = ("number", "month", "wage")

    def key(self, keys: Keys, values: Values) -> bytes | None:
        """The index of number and month."""
        if "number" not in values or "month" not in values:
            return None
        return keys.index("import_rows.month", number_for_search(values["number"]), values["month"])

    def find(self, connection: Connection, keys: Keys, rows: Sequence[Values]) -> list[_Month]:
        """The employee of each row, locked, and the month as it is."""
        there = _by_number(connection, keys, rows)
        months = {date.fromisoformat(values["month"]) for values in rows if "month" in values}
        query = select(pay_months).where(
            pay_months.c.employee.in_([each.id for each in there.values()]), pay_months.c.month.in_(months)
        )
        kept = {(row.employee, row.month): row for row in connection.execute(query)}
        found = []
        for values in rows:
            employee = there.get(number_for_search(values.get("number", "")))
            row = None
            if employee is not None and "month" in values:
                row = kept.get((employee.id, date.fromisoformat(values["month"])))
            found.append(_Month(employee, row, None if row is None else read_month(keys, row)))
        return found

    def is_new(self, existing: _Month) -> bool:
        """Whether the month is not on record."""
        return existing.kept is None

    def problems(self, existing: _Month, values: Values) -> list[Problem]:
        """What is needed, and somebody on the roster."""
        if "number" in values and existing.employee is None:
            return [Problem("not_allowed", "number", "not_on_roster")]
        missing = [name for name in self._NEEDED if name not in values]
        return [Problem("missing_field", name, "field") for name in missing]

    def changes(self, existing: _Month, values: Values) -> tuple[Change, ...]:
        """Each figure that the row names otherwise."""
        kept = existing.kept
        before = {} if kept is None else asdict(kept) | {"month": kept.month.isoformat()}
        named = {name: value for name, value in values.items() if name != "number"}
        return tuple(
            Change(name, before.get(name), value)
            for name, value in named.items()
            if before.get(name) != value
        )

    def whom(self, existing: _Month, values: Values) -> str:
        """The name that the roster has."""
        return "" if existing.employee is None else existing.employee.name

    def apply(self, connection: Connection, keys: Keys, body: Values, now: datetime) -> tuple[str, Before]:
        """Writes the month."""
        values = dict(body["values"])
        (existing,) = self.find(connection, keys, [values])
        if existing.employee is None:
            raise KeyError(body["number"])
        figures = {name: value for name, value in values.items() if name not in ("number", "month")}
        month = PayMonth(**({"month": date.fromisoformat(values["month"]), "wage": 0} | figures))
        if existing.kept is not None:
            month = replace(existing.kept, **figures)
        self._write(connection, keys, existing.employee.id, month, now)
        before = None if existing.kept is None else _figures(existing.kept)
        return existing.employee.id, before

    def undo(self, connection: Connection, keys: Keys, body: Values, at: datetime, now: datetime) -> bool:
        """Writes the month as it was, or takes it away."""
        employee, month = body["employee"], date.fromisoformat(body["values"]["month"])
        place = (pay_months.c.employee == employee) & (pay_months.c.month == month)
        changed = connection.execute(select(pay_months.c.changed_at).where(place)).scalar_one_or_none()
        if changed != at:
            return False
        if body["before"] is None:
            connection.execute(delete(pay_months).where(place))
        else:
            self._write(connection, keys, employee, PayMonth(month=month, **body["before"]), now)
        return True

    def _write(
        self, connection: Connection, keys: Keys, employee: str, month: PayMonth, now: datetime
    ) -> None:
        row = sealed_month(keys, employee, month, now)
        changed = {name: row[name] for name in ("key_id", "body", "changed_at")}
        connection.execute(
            upsert(connection.dialect.name, pay_months)
            .values(**row)
            .on_conflict_do_update(index_elements=["employee", "month"], set_=changed)
        )


TARGETS: Final[Mapping[ImportKind, Target]] = {"roster": Staff(), "history": Pay()}


def _by_number(connection: Connection, keys: Keys, rows: Sequence[Values]) -> dict[str, Employee]:
    """Employees by number, locked until the transaction ends, in one order."""
    wanted = [number_index(keys, values["number"]) for values in rows if "number" in values]
    query = select(employees).where(employees.c.number_index.in_(wanted)).order_by(employees.c.id)
    found = (read_employee(keys, row) for row in connection.execute(query.with_for_update()))
    return {number_for_search(each.number): each for each in found}


def _as_data(employee: Employee) -> dict[str, Any]:
    """Every field as plain data; what `employee_from` reads."""
    shown = {name: getattr(employee, name) for name in OPEN}
    days = {name: day.isoformat() for name, day in shown.items() if isinstance(day, date)}
    return employee_json(employee) | shown | days


def _figures(month: PayMonth) -> dict[str, Any]:
    return {name: value for name, value in asdict(month).items() if name != "month"}


def _unchanged(connection: Connection, employee: str, at: datetime) -> bool:
    query = select(employees.c.changed_at).where(employees.c.id == employee)
    return connection.execute(query.with_for_update()).scalar_one_or_none() == at
