"""How fast the dashboard is: a company of two thousand and a hundred thousand cases, and what its pages take."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from statistics import median
from typing import Any, Final
from uuid import UUID

import click
from sqlalchemy import Table, insert

from hr_inbox.task import HrTask, TaskKind
from people.employees import Employee
from people.records import DibaoState, PayMonth
from storage.employee_rows import sealed_employee
from storage.opening import Storage
from storage.record_rows import Kind, sealed_month, sealed_record
from storage.tables import employee_records, employees, pay_months, tasks
from storage.tasks import BODY as TASK_BODY
from storage.tasks import list_columns

NOW: Final = datetime(2026, 10, 15, 4, tzinfo=UTC)
#: One year: what the longest of the usual periods looks at.
SPAN: Final = timedelta(days=365)
KINDS: Final[tuple[TaskKind, ...]] = ("question", "talk_to_hr", "refusal", "complaint")
STATES: Final[tuple[DibaoState, ...]] = ("receiving", "receiving", "receiving", "suspended", "ended", "none")
#: Of a hundred employees so many are not insured, told their status, had their base changed.
UNINSURED, TOLD, ADJUSTED = 5, 15, 50
MONTHS: Final = tuple(date(2026, month, 1) for month in range(1, 10))
ROWS: Final = 20_000


def fill(storage: Storage, people: int = 2_000, cases: int = 100_000, seed: int = 20261015) -> None:
    """Fills an empty storage."""
    chance = random.Random(seed)
    roster = [employed(str(UUID(int=chance.getrandbits(128))), number, chance) for number in range(people)]
    rows = ({"id": each.id, **sealed_employee(storage.keys, each, NOW)} for each in roster)
    _insert(storage, employees, rows)
    _insert(
        storage,
        pay_months,
        (
            sealed_month(storage.keys, each.id, PayMonth(month, each.wage or 0, paid=False), NOW)
            for each in roster
            if each.insured_since is None
            for month in MONTHS
        ),
    )
    _insert(storage, employee_records, (row for each in roster for row in _records(storage, each, chance)))
    _insert(storage, tasks, (_task(storage, number, chance) for number in range(1, cases + 1)))


def measure(name: str, open_page: Callable[[], object], repeats: int = 7) -> None:
    """Prints the first time, and the median of the others."""
    spent = [_time(open_page) for _ in range(repeats + 1)]
    click.echo(f"{name:<44}first {spent[0]:7.1f} ms   then {median(spent[1:]):7.1f} ms")


def milliseconds(work: Callable[[], object], repeats: int) -> float:
    """The median, after a first time that does not count."""
    return median([_time(work) for _ in range(repeats + 1)][1:])


def _time(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def employed(id: str, number: int, chance: random.Random) -> Employee:
    """Somebody on the roster; a few are not insured."""
    insured = chance.random() * 100 >= UNINSURED
    return Employee(
        id, f"A{number:05}", f"员工{number}", "320500", wage=chance.randrange(300_000, 900_000, 10_000),
        joined_on=date(2026, 1, 5), insured_since=date(2026, 2, 1) if insured else None,
    )  # fmt: skip


def _records(storage: Storage, employee: Employee, chance: random.Random) -> Iterator[dict[str, Any]]:
    if chance.random() * 100 < TOLD:
        yield _record(
            storage,
            employee,
            chance,
            "consent",
            {"purpose": "dibao_status", "how": "paper", "withdrawn_at": None},
        )
        yield _record(
            storage,
            employee,
            chance,
            "dibao",
            {
                "status": chance.choice(STATES),
                "since": "2026-01-01",
                "source": "told_hr",
                "recorded_by": "",
            },
        )
    if chance.random() * 100 < ADJUSTED:
        yield _record(
            storage,
            employee,
            chance,
            "adjustment",
            {
                "month": "2026-07-01",
                "before": 424_900,
                "after": 452_500,
                "why": "下限公布",
                "decided_by": "周明",
                "recorded_by": "",
            },
        )


def _record(
    storage: Storage, employee: Employee, chance: random.Random, kind: Kind, data: dict[str, Any]
) -> dict[str, Any]:
    id = str(UUID(int=chance.getrandbits(128)))
    sealed = sealed_record(storage.keys, id, employee.id, kind, data)
    return {"id": id, "employee": employee.id, **sealed, "recorded_at": NOW}


def _task(storage: Storage, number: int, chance: random.Random) -> dict[str, Any]:
    task = HrTask(chance.choice(KINDS), ("十一月开始交，从工资里扣多少？",), "320500")
    box = storage.keys.box(TASK_BODY)
    opened = NOW - SPAN * chance.random()
    answered = opened + timedelta(hours=chance.expovariate(0.2))
    is_open = chance.random() < 0.03
    return list_columns(storage.keys, task) | {
        "number": number,
        "state": "waiting" if is_open else "done",
        "due_at": opened + timedelta(hours=8) if is_open else None,
        "first_answered_at": None if is_open else answered,
        "answered_at": None if is_open else answered,
        "closed_at": None if is_open else answered + timedelta(hours=chance.expovariate(0.05)),
        "asked_at": None if is_open else answered + timedelta(hours=100),
        "rating": chance.choice(("yes", "no", None)),
        "change": number,
        "key_id": box.key_id,
        "body": box.seal_json(f"{TASK_BODY}:{number}", asdict(task)),
        "opened_at": opened,
    }  # fmt: skip


def _insert(storage: Storage, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    left = iter(rows)
    while batch := list(islice(left, ROWS)):
        with storage.database.work() as connection:
            connection.execute(insert(table), batch)
