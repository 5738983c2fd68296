"""How long it takes to know whom civil affairs may be asked about, beside opening every record of every employee."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from statistics import median
from typing import Any, Final
from uuid import UUID

import click
from sqlalchemy import func, insert, select, text

from bench.storages import storages
from people.employees import Employee
from people.outside import Tokens
from storage.connection_records import consenting
from storage.employee_rows import sealed_employee
from storage.opening import Storage
from storage.record_rows import Kind, kept_records, sealed_record
from storage.tables import employee_records, employees

NOW: Final = datetime(2026, 10, 15, 4, tzinfo=UTC)
PEOPLE: Final = 10_000
#: Of a hundred employees so many agree; each has so many other records.
AGREE, OTHERS = 10, 3
#: The share of the time of opening everything that knowing it may take.
LIMIT: Final = 0.5
NAMING: Final = Tokens("own_number")


def run(*, quick: bool) -> None:
    """Prints the milliseconds of both databases and their ratio beside its limit; PostgreSQL where its package is installed."""
    for storage in storages(NOW):
        fill(storage, PEOPLE // 10 if quick else PEOPLE)
        _measure(storage, 3 if quick else 7)


def _measure(storage: Storage, repeats: int) -> None:
    with storage.database.read() as connection:
        known = _median(lambda: consenting(connection, storage.keys), repeats)
        records = select(employee_records)
        every = _median(lambda: kept_records(connection, storage.keys, "consent", records), repeats)
        people = connection.execute(select(func.count()).select_from(employees)).scalar_one()
    asked = _median(lambda: storage.connections.consenting(NAMING), repeats)
    click.echo(
        f"who agrees among {people}, {storage.database.dialect}: {known:.0f} ms (with their tokens {asked:.0f}); "
        f"opening every record {every:.0f} ms; ratio {known / every:.2f} (limit {LIMIT})"
    )


def fill(storage: Storage, people: int, seed: int = 20261015) -> None:
    """Fills an empty storage with employees and what is kept of them."""
    chance = random.Random(seed)
    staff = [Employee(_id(chance), f"A{number:05}", f"员工{number}", "320500") for number in range(people)]
    with storage.database.work() as connection:
        rows = [{"id": each.id, **sealed_employee(storage.keys, each, NOW)} for each in staff]
        connection.execute(insert(employees), rows)
        kept = [row for each in staff for row in _records(storage, each.id, chance)]
        connection.execute(insert(employee_records), kept)
    with storage.database.work() as connection:
        connection.execute(text("ANALYZE"))  # what a database does by itself after a while


def _records(storage: Storage, employee: str, chance: random.Random) -> Iterator[dict[str, Any]]:
    data = {"month": date(2026, 7, 1).isoformat(), "before": 424_900, "after": 452_500}
    for _ in range(OTHERS):
        yield _record(storage, employee, chance, "adjustment", data)
    if chance.random() * 100 < AGREE:
        agreed = {"purpose": "civil_affairs", "how": "paper", "withdrawn_at": None}
        yield _record(storage, employee, chance, "consent", agreed)


def _record(
    storage: Storage, employee: str, chance: random.Random, kind: Kind, data: dict[str, Any]
) -> dict[str, Any]:
    id = _id(chance)
    sealed = sealed_record(storage.keys, id, employee, kind, data)
    return {"id": id, "employee": employee, **sealed, "recorded_at": NOW}


def _id(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))


def _median(work: Callable[[], object], repeats: int) -> float:
    return median(_milliseconds(work) for _ in range(repeats))


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
