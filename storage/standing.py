"""The roster as a whole, read in a few queries: for counts and lists over all employees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from people.employees import Employee
from people.records import Adjustment, DibaoState, PayMonth, Purpose
from people.standing import BaseChange, Standing, Standings, Uninsured
from storage.database import Database
from storage.employee_rows import read_employee
from storage.keys import Keys
from storage.record_rows import BODY, read_month
from storage.tables import employee_records, employees, pay_months

_ACTIVE: Final = employees.c.state == "active"
_UNINSURED: Final = _ACTIVE & employees.c.insured.is_(False)


class StoredStandings(Standings):
    """The roster as a whole."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    def read(self) -> Standing:
        """How it stands now."""
        with self._database.snapshot() as connection:
            records = _Records(connection, self._keys)
            return Standing(
                active=connection.execute(
                    select(func.count()).select_from(employees).where(_ACTIVE)
                ).scalar_one(),
                uninsured=self._uninsured(connection),
                dibao=records.dibao(set(connection.execute(select(employees.c.id).where(_ACTIVE)).scalars())),
                changes=tuple(records.changes),
            )

    def employees(self, ids: Collection[str]) -> tuple[Employee, ...]:
        """Some employees, in the order of their numbers."""
        with self._database.read() as connection:
            rows = connection.execute(select(employees).where(employees.c.id.in_(ids))).all()
        return tuple(sorted((read_employee(self._keys, row) for row in rows), key=lambda each: each.number))

    def _uninsured(self, connection: Connection) -> tuple[Uninsured, ...]:
        people = select(employees).where(_UNINSURED).order_by(employees.c.joined_on, employees.c.id)
        paid = select(pay_months).join(employees, employees.c.id == pay_months.c.employee).where(_UNINSURED)
        months: dict[str, list[PayMonth]] = defaultdict(list)
        for row in connection.execute(paid.order_by(pay_months.c.month)):
            months[row.employee].append(read_month(self._keys, row))
        return tuple(
            Uninsured(read_employee(self._keys, row), tuple(months[row.id]))
            for row in connection.execute(people)
        )


class _Records:
    """The records of all employees, opened once: consents and dibao, changes of the base."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._keys = keys
        self._agreed: set[tuple[str, Purpose]] = set()
        self._told: dict[str, tuple[DibaoState, Purpose]] = {}
        self.changes: list[BaseChange] = []
        query = select(employee_records).order_by(employee_records.c.recorded_at, employee_records.c.id)
        for row in connection.execute(query):
            self._take(row)
        self.changes.sort(key=lambda each: each.adjustment.month, reverse=True)

    def dibao(self, among: Collection[str]) -> dict[str, DibaoState]:
        """The status that each of some employees told last, or civil affairs did, of those alone whose consent to it holds."""
        return {
            who: state
            for who, (state, purpose) in self._told.items()
            if (who, purpose) in self._agreed and who in among
        }

    def _take(self, row: Row[Any]) -> None:
        data = self._keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.id}", row.body)
        kind = data.pop("kind")
        if kind == "consent" and data["withdrawn_at"] is None:
            self._agreed.add((row.employee, data["purpose"]))
        elif kind == "dibao":
            asked = data["source"] == "civil_affairs"
            self._told[row.employee] = data["status"], "civil_affairs" if asked else "dibao_status"
        elif kind == "adjustment":
            month = date.fromisoformat(data.pop("month"))
            change = Adjustment(month, **data, recorded_at=row.recorded_at)
            self.changes.append(BaseChange(row.employee, change))
