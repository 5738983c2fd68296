"""Where imported rows go: the roster, the months of pay, and those who left. Each finds, compares, writes and takes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any, Final, NamedTuple, Protocol
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, select

from calculator.fields import Problem
from people.employees import Employee, number_for_search, wecom_for_search
from people.importing import Change, ImportKind
from people.records import PayMonth
from storage.bindings import bind_again, leave_wecom
from storage.database import upsert
from storage.employee_rows import (
    OPEN,
    employee_from,
    employee_json,
    insert_employees,
    number_index,
    read_employee,
    update_employees,
    wecom_owners,
)
from storage.employees import known_among, leaves
from storage.keys import Keys
from storage.record_rows import read_month, sealed_month
from storage.tables import employees, pay_months
from storage.tasks import end_untouched

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
        self, connection: Connection, keys: Keys, bodies: Sequence[Values], now: datetime
    ) -> list[tuple[str, Before]]:
        """Writes rows; of each the employee, and what stood there before."""

    def undo(self, connection: Connection, keys: Keys, bodies: Sequence[Values], now: datetime) -> list[bool]:
        """Takes rows back; False for one where something has changed since it was written."""


class _Person(NamedTuple):
    """Whom a row is about, and whether it names an account in WeCom that is somebody else's."""

    employee: Employee | None
    taken: bool


class Staff:
    """Employees by their number: a row adds one, or changes the fields that it names. Blank cells change nothing."""

    _NEEDED: Final = ("number", "name", "region")

    def key(self, keys: Keys, values: Values) -> bytes | None:
        """The index of the number."""
        return number_index(keys, values["number"]) if "number" in values else None

    def find(self, connection: Connection, keys: Keys, rows: Sequence[Values]) -> list[_Person]:
        """The employee of each row's number, locked, and whether the row's account in WeCom is free for them."""
        there = _by_number(connection, keys, rows)
        numbers = [number_for_search(values.get("number", "")) for values in rows]
        accounts = [wecom_for_search(values.get("wecom_id", "")) for values in rows]
        owners = wecom_owners(connection, keys, accounts)
        found = []
        for number, account in zip(numbers, accounts, strict=True):
            employee = there.get(number)
            # Of two rows the first one gets it: it is then as good as on the roster.
            mine = number if employee is None else employee.id
            found.append(_Person(employee, account != "" and owners.setdefault(account, mine) != mine))
        return found

    def is_new(self, existing: _Person) -> bool:
        """Whether nobody has the number."""
        return existing.employee is None

    def problems(self, existing: _Person, values: Values) -> list[Problem]:
        """What a new employee lacks, and an account in WeCom that is somebody else's."""
        needed = self._NEEDED if existing.employee is None else ()
        missing = [Problem("missing_field", name, "field") for name in needed if name not in values]
        return missing + [Problem("not_allowed", "wecom_id", "wecom_taken")] * existing.taken

    def changes(self, existing: _Person, values: Values) -> tuple[Change, ...]:
        """Each field that the row names otherwise; one who had left and is named is back."""
        return self._changes(existing.employee, values)

    def _changes(self, existing: Employee | None, values: Values) -> tuple[Change, ...]:
        before = {} if existing is None else _as_data(existing)
        named = dict(values)
        if existing is not None and existing.state == "left":
            named |= {"state": "active", "left_on": None}
        return tuple(
            Change(name, before.get(name), value)
            for name, value in named.items()
            if before.get(name) != value
        )

    def whom(self, existing: _Person, values: Values) -> str:
        """The name."""
        employee = existing.employee
        return str(values.get("name", "" if employee is None else employee.name))

    def apply(
        self, connection: Connection, keys: Keys, bodies: Sequence[Values], now: datetime
    ) -> list[tuple[str, Before]]:
        """Adds or changes employees. An account in WeCom that somebody got since the sheet was checked stays theirs."""
        added, changed, applied = [], [], list[tuple[str, Before]]()
        there = self.find(connection, keys, [body["values"] for body in bodies])
        for (existing, taken), body in zip(there, bodies, strict=True):
            values = {
                name: each for name, each in body["values"].items() if not (taken and name == "wecom_id")
            }
            if existing is None:
                added.append(employee_from({"id": str(uuid4()), **values}))
                applied.append((added[-1].id, None))
            else:
                named = {each.name: each.after for each in self._changes(existing, values)}
                changed.append(employee_from(_as_data(existing) | named))
                leave_wecom(connection, existing, changed[-1], now)
                applied.append((existing.id, _as_data(existing)))
        insert_employees(connection, keys, added, now)
        update_employees(connection, keys, changed, now)
        return applied

    def undo(self, connection: Connection, keys: Keys, bodies: Sequence[Values], now: datetime) -> list[bool]:
        """Takes new employees away, and gives changed ones their old values back."""
        unchanged = _unchanged(connection, bodies)
        new = [each["employee"] for each in unchanged if each["before"] is None]
        slips = set(new) - known_among(connection, new)
        end_untouched(connection, sorted(slips), now)
        connection.execute(delete(employees).where(employees.c.id.in_(slips)))
        back = [employee_from(each["before"]) for each in unchanged if each["before"] is not None]
        owners = wecom_owners(connection, keys, [each.wecom_id for each in back])
        back = [each for each in back if owners.get(wecom_for_search(each.wecom_id), each.id) == each.id]
        update_employees(connection, keys, back, now)
        undone = slips | {each.id for each in back}
        return [body["employee"] in undone for body in bodies]


class Leavers(Staff):
    """Employees whom the sheet does not name and who have left."""

    def apply(
        self, connection: Connection, keys: Keys, bodies: Sequence[Values], now: datetime
    ) -> list[tuple[str, Before]]:
        """Has them leave, with what ends by it."""
        applied: list[tuple[str, Before]] = []
        for body in bodies:
            on = date.fromisoformat(body["values"]["left_on"])
            before = leaves(connection, keys, body["employee"], on, now)
            applied.append((before.id, _as_data(before)))
        return applied

    def undo(self, connection: Connection, keys: Keys, bodies: Sequence[Values], now: datetime) -> list[bool]:
        """Has those back who were marked by mistake, with their chats."""
        undone = super().undo(connection, keys, bodies, now)
        for body, back in zip(bodies, undone, strict=True):
            if back:
                bind_again(connection, body["employee"], datetime.fromisoformat(body["at"]))
        return undone


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

    def apply(
        self, connection: Connection, keys: Keys, bodies: Sequence[Values], now: datetime
    ) -> list[tuple[str, Before]]:
        """Writes the months. Raises `KeyError` where an employee is no longer there."""
        written, applied = [], []
        there = self.find(connection, keys, [body["values"] for body in bodies])
        for (employee, _, kept), body in zip(there, bodies, strict=True):
            if employee is None:
                raise KeyError(body["values"]["number"])
            day = date.fromisoformat(body["values"]["month"])
            named = {name: value for name, value in body["values"].items() if name not in ("number", "month")}
            written.append((employee.id, replace(kept or PayMonth(day, 0), **named)))
            applied.append((employee.id, None if kept is None else _figures(kept)))
        self._write(connection, keys, written, now)
        return applied

    def undo(self, connection: Connection, keys: Keys, bodies: Sequence[Values], now: datetime) -> list[bool]:
        """Writes the months as they were, or takes them away."""
        back, undone = [], []
        for body in bodies:
            employee, day = body["employee"], date.fromisoformat(body["values"]["month"])
            place = (pay_months.c.employee == employee) & (pay_months.c.month == day)
            changed = connection.execute(select(pay_months.c.changed_at).where(place)).scalar_one_or_none()
            undone.append(changed == datetime.fromisoformat(body["at"]))
            if undone[-1] and body["before"] is None:
                connection.execute(delete(pay_months).where(place))
            elif undone[-1]:
                back.append((employee, PayMonth(day, **body["before"])))
        self._write(connection, keys, back, now)
        return undone

    def _write(
        self,
        connection: Connection,
        keys: Keys,
        months: Sequence[tuple[str, PayMonth]],
        now: datetime,
    ) -> None:
        if not months:
            return
        statement = upsert(connection.dialect.name, pay_months)
        changed = {name: statement.excluded[name] for name in ("key_id", "body", "changed_at")}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["employee", "month"], set_=changed),
            [sealed_month(keys, employee, month, now) for employee, month in months],
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


def _unchanged(connection: Connection, bodies: Sequence[Values]) -> list[Values]:
    """Those whose employee is as the import left them; locked."""
    wanted = [body["employee"] for body in bodies]
    query = select(employees.c.id, employees.c.changed_at).where(employees.c.id.in_(wanted))
    changed = {row.id: row.changed_at for row in connection.execute(query.with_for_update())}
    return [body for body in bodies if changed.get(body["employee"]) == datetime.fromisoformat(body["at"])]
