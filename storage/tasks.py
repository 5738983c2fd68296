"""HR's tasks: opened in the turn that hands a case over, read and closed by HR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from hr_inbox.task import NORMAL, PRIORITIES, HrTask, TaskState
from storage.counters import next_of
from storage.database import Database
from storage.encryption import Box
from storage.keys import Keys
from storage.tables import tasks

BODY: Final = "tasks.body"
#: Counters: the tasks' numbers, and their changes.
NUMBERS: Final = "tasks"
CHANGES: Final = "task_changes"


@dataclass(frozen=True, slots=True)
class KeptTask:
    """A task as it is stored. `conversation` is None once the employee had everything erased."""

    number: str
    task: HrTask
    state: TaskState
    conversation: str | None
    opened_at: datetime
    closed_at: datetime | None


class Tasks:
    """The tasks that wait for HR, and those that are closed."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def find(self, number: str) -> KeptTask | None:
        """A task by its number."""
        with self._database.read() as connection:
            row = connection.execute(select(tasks).where(tasks.c.number == _count(number))).one_or_none()
        return None if row is None else self._read(row)

    def waiting(self) -> tuple[KeptTask, ...]:
        """Every task that waits, the oldest first."""
        with self._database.read() as connection:
            found = connection.execute(
                select(tasks).where(tasks.c.state == "waiting").order_by(tasks.c.number)
            ).all()
        return tuple(self._read(row) for row in found)

    def close(self, number: str) -> bool:
        """Closes a task; whether it was waiting."""
        with self._database.work() as connection:
            done = connection.execute(
                update(tasks)
                .where(tasks.c.number == _count(number), tasks.c.state == "waiting")
                .values(state="done", closed_at=self._now(), change=next_of(connection, CHANGES))
            )
        return done.rowcount == 1

    def _read(self, row: Row[Any]) -> KeptTask:
        return KeptTask(
            number=task_number(row.number),
            task=_read_task(self._keys.box(BODY, row.key_id), row.number, row.body),
            state=row.state,
            conversation=row.conversation,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
        )


def open_task(connection: Connection, keys: Keys, conversation: str, task: HrTask, now: datetime) -> str:
    """Opens a task inside a turn's transaction; its number. Numbers have no gaps: none went missing."""
    count = next_of(connection, NUMBERS)
    box = keys.box(BODY)
    row = {
        "number": count,
        "conversation": conversation,
        "state": "waiting",
        "kind": None if task.restricted else task.kind,
        "restricted": task.restricted,
        "region": task.region,
        "language": task.language,
        "topic": "" if task.restricted else task.topic,
        "priority": PRIORITIES.get(task.kind, NORMAL),
        "change": next_of(connection, CHANGES),
        "key_id": box.key_id,
        "body": box.seal_json(f"{BODY}:{count}", asdict(task)),
        "opened_at": now,
    }
    connection.execute(insert(tasks), row)
    return task_number(count)


def task_number(count: int) -> str:
    """The number as people say it.

    >>> task_number(123)
    'T-000123'
    """
    return f"T-{count:06}"


def _count(number: str) -> int:
    count = number.removeprefix("T-")
    return int(count) if count.isascii() and count.isdigit() else 0


def _read_task(box: Box, count: int, body: bytes) -> HrTask:
    data = box.open_json(f"{BODY}:{count}", body)
    return HrTask(**data | {"lines": tuple(data["lines"])})
