"""The roster as a whole, read in a few queries: for counts and lists over all employees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, Select, func, select

from people.employees import Employee
from people.records import DibaoState, PayMonth
from people.standing import BaseChange, Standings, Uninsured
from storage.database import Database
from storage.employees import read_employee
from storage.keys import Keys
from storage.records import DIBAO, read_adjustment, read_month
from storage.tables import adjustments, dibao_statuses, employees, pay_months

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
        query = select(dibao_statuses).order_by(dibao_statuses.c.recorded_at, dibao_statuses.c.id)
        with self._database.read() as connection:
            here = set(connection.execute(select(employees.c.id).where(_ACTIVE)).scalars())
            told = [self._told(row) for row in connection.execute(query)]
        return {employee: status for employee, status in told if employee in here}

    def employees(self, ids: Collection[str]) -> tuple[Employee, ...]:
        """Some employees, in the order of their numbers."""
        found = self._all(select(employees).where(employees.c.id.in_(ids)))
        return tuple(sorted(found, key=lambda each: each.number))

    def adjusted(self, first: date, last: date) -> tuple[BaseChange, ...]:
        """Changes of the base that hold from a month in a period on, the newest month first."""
        query = select(adjustments).order_by(adjustments.c.recorded_at.desc(), adjustments.c.id)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        changes = [(row.employee, read_adjustment(self._keys, row)) for row in rows]
        held = [each for each in changes if first.replace(day=1) <= each[1].month <= last]
        people = {each.id: each for each in self.employees({employee for employee, _ in held})}
        found = [BaseChange(people[employee], change) for employee, change in held if employee in people]
        return tuple(sorted(found, key=lambda each: each.adjustment.month, reverse=True))

    def _all(self, query: Select[Any]) -> list[Employee]:
        with self._database.read() as connection:
            return [read_employee(self._keys, row) for row in connection.execute(query)]

    def _told(self, row: Row[Any]) -> tuple[str, DibaoState]:
        data = self._keys.box(DIBAO, row.key_id).open_json(f"{DIBAO}:{row.id}", row.body)
        return data["employee"], data["status"]
