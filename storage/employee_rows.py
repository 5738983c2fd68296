"""An employee's row: written, locked, read. What every store of employees does the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from people.employees import Employee, WecomTaken, name_for_search, number_for_search, wecom_for_search
from storage.keys import Keys
from storage.tables import employees

BODY: Final = "employees.body"
NUMBER: Final = "employees.number"
NAME: Final = "employees.name"
WECOM: Final = "employees.wecom"
#: Fields that stand beside the sealed body, because lists are narrowed and ordered by them.
OPEN: Final = ("id", "region", "state", "joined_on", "left_on")


def insert_employees(connection: Connection, keys: Keys, people: Sequence[Employee], now: datetime) -> None:
    """Adds employees' rows."""
    if people:
        rows = [{"id": each.id, **sealed_employee(keys, each, now)} for each in people]
        connection.execute(insert(employees), rows)


def update_employees(connection: Connection, keys: Keys, people: Sequence[Employee], now: datetime) -> None:
    """Writes employees' rows anew."""
    if people:
        rows = [{"of": each.id, **sealed_employee(keys, each, now)} for each in people]
        connection.execute(update(employees).where(employees.c.id == bindparam("of")), rows)


def lock_employee(connection: Connection, keys: Keys, employee: str) -> Employee:
    """An employee, locked until the transaction ends. Raises `KeyError`."""
    row = connection.execute(
        select(employees).where(employees.c.id == employee).with_for_update()
    ).one_or_none()
    if row is None:
        raise KeyError(employee)
    return read_employee(keys, row)


def sealed_employee(keys: Keys, employee: Employee, now: datetime) -> dict[str, Any]:
    """The columns of an employee's row, but for its id."""
    box = keys.box(BODY)
    return {
        "number_index": number_index(keys, employee.number),
        "name_index": name_index(keys, employee.name),
        "wecom_index": wecom_index(keys, employee.wecom_id) if employee.wecom_id else None,
        "key_id": box.key_id,
        "body": box.seal_json(f"{BODY}:{employee.id}", employee_json(employee)),
        "region": employee.region,
        "state": employee.state,
        "insured": employee.insured_since is not None,
        "joined_on": employee.joined_on,
        "left_on": employee.left_on,
        "changed_at": now,
    }


def read_employee(keys: Keys, row: Row[Any]) -> Employee:
    """An employee from a row."""
    body = keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.id}", row.body)
    return employee_from(body | {name: getattr(row, name) for name in OPEN})


def employee_json(employee: Employee) -> dict[str, Any]:
    """What of an employee is sealed, as plain data."""
    data = {name: value for name, value in asdict(employee).items() if name not in OPEN}
    since = employee.insured_since
    return data | {"insured_since": None if since is None else since.isoformat()}


def employee_from(data: Mapping[str, Any]) -> Employee:
    """An employee from plain data; a field that an older version did not know keeps its default."""
    known = {each.name: data[each.name] for each in fields(Employee) if each.name in data}
    for name in ("insured_since", "joined_on", "left_on"):
        if isinstance(known.get(name), str):
            known[name] = date.fromisoformat(known[name])
    return Employee(**known)


def number_index(keys: Keys, number: str) -> bytes:
    """By what an employee number is found."""
    return keys.index(NUMBER, number_for_search(number))


def name_index(keys: Keys, name: str) -> bytes:
    """By what a name is found."""
    return keys.index(NAME, name_for_search(name))


def wecom_index(keys: Keys, account: str) -> bytes:
    """By what an account in WeCom is found."""
    return keys.index(WECOM, wecom_for_search(account))


def wecom_owners(connection: Connection, keys: Keys, accounts: Iterable[str]) -> dict[str, str]:
    """Who has each of several accounts in WeCom, where anybody does: ids of employees by account as it is searched."""
    wanted = {wecom_index(keys, each): wecom_for_search(each) for each in accounts if each}
    query = select(employees.c.wecom_index, employees.c.id).where(employees.c.wecom_index.in_(wanted))
    return {wanted[index]: employee for index, employee in connection.execute(query)}


def refuse_shared(connection: Connection, keys: Keys, employee: Employee) -> None:
    """Raises `WecomTaken` where somebody else has the employee's account in WeCom."""
    if any(each != employee.id for each in wecom_owners(connection, keys, [employee.wecom_id]).values()):
        raise WecomTaken
