"""The roster as a whole, read in a few queries: for counts and lists over all employees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import Select, func, select

from people.employees import Employee
from people.records import DibaoState, PayMonth
from people.standing import BaseChange, Standings, Uninsured
from storage.database import Database
from storage.employee_rows import read_employee
from storage.keys import Keys
from storage.records import kept_records, read_adjustment, read_month, read_status
from storage.tables import employee_records, employees, pay_months

_ACTIVE: Final = employees.c.state == "active"
_UNINSURED: Final = _ACTIVE & employees.c.insured.is_(False)


class StoredStandings(Standings):
    """The roster as a whole."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    def active(self) -> int:
        """How many employees there are."""
        with self._database.read() as connection:
            query = select(func.count()).select_from(employees).where(_ACTIVE)
            return connection.execute(query).scalar_one()

    def uninsured(self) -> tuple[Uninsured, ...]:
        """Those who are not insured, those who joined first first."""
        people = select(employees).where(_UNINSURED).order_by(employees.c.joined_on, employees.c.id)
        paid = select(pay_months).join(employees, employees.c.id == pay_months.c.employee).where(_UNINSURED)
        months: dict[str, list[PayMonth]] = defaultdict(list)
        with self._database.read() as connection:
            rows = connection.execute(people).all()
            for row in connection.execute(paid.order_by(pay_months.c.month)):
                months[row.employee].append(read_month(self._keys, row))
        return tuple(Uninsured(read_employee(self._keys, row), tuple(months[row.id])) for row in rows)

    def dibao(self) -> Mapping[str, DibaoState]:
        """The status that each employee told last, by their id; only of those whose consent holds.

        Where a consent was taken back, what was told is gone with it.
        """
        records = select(employee_records).join(employees, employees.c.id == employee_records.c.employee)
        with self._database.read() as connection:
            told = kept_records(connection, self._keys, "dibao", records.where(_ACTIVE))
        return {kept.employee: read_status(kept).status for kept in told}

    def employees(self, ids: Collection[str]) -> tuple[Employee, ...]:
        """Some employees, in the order of their numbers."""
        found = self._all(select(employees).where(employees.c.id.in_(ids)))
        return tuple(sorted(found, key=lambda each: each.number))

    def adjusted(self, first: date, last: date) -> tuple[BaseChange, ...]:
        """Changes of the base that hold from a month in a period on, the newest month first."""
        with self._database.read() as connection:
            kept = kept_records(connection, self._keys, "adjustment", select(employee_records))
        changes = [(each.employee, read_adjustment(each)) for each in reversed(kept)]
        held = [each for each in changes if first.replace(day=1) <= each[1].month <= last]
        people = {each.id: each for each in self.employees({employee for employee, _ in held})}
        found = [BaseChange(people[employee], change) for employee, change in held if employee in people]
        return tuple(sorted(found, key=lambda each: each.adjustment.month, reverse=True))

    def _all(self, query: Select[Any]) -> list[Employee]:
        with self._database.read() as connection:
            return [read_employee(self._keys, row) for row in connection.execute(query)]
