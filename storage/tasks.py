"""HR's tasks as rows: opened in the turn that hands a case over, sealed, numbered without gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from hr_inbox.task import NORMAL, PRIORITIES, Due, HrTask
from storage.audiences import audience_token, leave_out
from storage.conversation_rows import Opened
from storage.counters import next_of
from storage.database import Database
from storage.encryption import Box
from storage.keys import Keys
from storage.tables import bindings, conversations, tasks

BODY: Final = "tasks.body"
#: Counters: the tasks' numbers, and their changes.
NUMBERS: Final = "tasks"
CHANGES: Final = "task_changes"


def open_task(
    connection: Connection, keys: Keys, opened: Opened, task: HrTask, now: datetime, due: Due
) -> str:
    """Opens a task inside a turn's transaction, tied to the employee whose chat it is; its number.

    Numbers have no gaps: none went missing.
    """
    employee = connection.execute(
        select(bindings.c.employee).where(bindings.c.conversation == opened.id, bindings.c.state == "active")
    ).scalar_one_or_none()
    return _insert(connection, keys, employee, opened.id, task, now, due(task, now, opened.channel, now))


def open_task_of(
    connection: Connection,
    keys: Keys,
    employee: str | None,
    conversation: str | None,
    task: HrTask,
    now: datetime,
    due: Due,
) -> str:
    """Opens a task that came from no turn, about an employee or about none; `conversation`, which is locked, is where they are
    answered, if anywhere. Its number."""
    channel = None if conversation is None else _channel_of(connection, conversation)
    due_at = due(task, now, channel or "", now)
    return _insert(connection, keys, employee, None if channel is None else conversation, task, now, due_at)


def _channel_of(connection: Connection, conversation: str) -> str | None:
    query = select(conversations.c.channel).where(conversations.c.id == conversation)
    return connection.execute(query).scalar_one_or_none()


def _insert(
    connection: Connection,
    keys: Keys,
    employee: str | None,
    conversation: str | None,
    task: HrTask,
    now: datetime,
    due_at: datetime | None,
) -> str:
    count = next_of(connection, NUMBERS)
    box = keys.box(BODY)
    row = {
        "number": count,
        "conversation": conversation,
        "employee": employee,
        "state": "waiting",
        **list_columns(keys, task),
        "due_at": due_at,
        "change": next_of(connection, CHANGES),
        "key_id": box.key_id,
        "body": box.seal_json(f"{BODY}:{count}", asdict(task)),
        "opened_at": now,
    }
    connection.execute(insert(tasks), row)
    leave_out(connection, keys, count, task)
    return task_number(count)


def finish_task(connection: Connection, number: str, now: datetime) -> None:
    """Ends a task that came from no turn, since what it is about came to its end."""
    connection.execute(
        update(tasks)
        .where(tasks.c.number == count_of(number), tasks.c.state != "done")
        .values(
            state="done", closed_at=now, snoozed_until=None, due_at=None, change=next_of(connection, CHANGES)
        )
    )


def reopen_task(connection: Connection, number: str) -> None:
    """Opens such a task again, since its end was taken back. It was answered once, so that no clock runs for it."""
    connection.execute(
        update(tasks)
        .where(tasks.c.number == count_of(number), tasks.c.state == "done")
        .values(state="waiting", assignee=None, closed_at=None, change=next_of(connection, CHANGES))
    )


#: A task that the program opened of itself about an employee, and that nobody of HR has taken up.
UNTOUCHED: Final = (func.coalesce(tasks.c.kind, "") == "strategy") & (tasks.c.state == "waiting")


def end_untouched(connection: Connection, employees: Sequence[str], now: datetime) -> None:
    """Ends the tasks about people who never were employees."""
    query = select(tasks.c.number).where(tasks.c.employee.in_(employees), UNTOUCHED)
    for number in connection.execute(query.order_by(tasks.c.number)).scalars().all():
        finish_task(connection, task_number(number), now)


def read_task(keys: Keys, row: Row[Any]) -> HrTask:
    """The task in a row's body. Raises `Unreadable`."""
    return _open(keys.box(BODY, row.key_id), row.number, row.body)


def list_columns(keys: Keys, task: HrTask) -> dict[str, Any]:
    """What of a task stands beside its body, for lists and searches."""
    return {
        "kind": None if task.restricted else task.kind,
        "restricted": task.restricted,
        "audience": audience_token(keys, task.audience) if task.restricted else None,
        "region": task.region,
        "language": task.language,
        "topic": "" if task.restricted else task.topic,
        "priority": PRIORITIES.get(task.kind, NORMAL),
    }


def label_old(database: Database, keys: Keys) -> int:
    """Gives tasks of an earlier version what lists need of them, which only their sealed bodies tell; how many."""
    unlabelled = select(tasks).where(tasks.c.restricted, tasks.c.audience.is_(None))
    with database.read() as connection:
        if connection.execute(unlabelled.limit(1)).first() is None:
            return 0
    with database.work() as connection:
        rows = connection.execute(unlabelled.order_by(tasks.c.number).with_for_update()).all()
        for row in rows:
            task = read_task(keys, row)
            connection.execute(
                update(tasks).where(tasks.c.number == row.number).values(**list_columns(keys, task))
            )
            leave_out(connection, keys, row.number, task)
    return len(rows)


def task_number(count: int) -> str:
    """The number as people say it.

    >>> task_number(123)
    'T-000123'
    """
    return f"T-{count:06}"


def count_of(number: str) -> int:
    """The count in a number; 0, which no task has, where it is none.

    >>> count_of("T-000123"), count_of("T-"), count_of("123456789012345")
    (123, 0, 0)
    """
    count = number.removeprefix("T-")
    return int(count) if count.isascii() and count.isdigit() and len(count) < 10 else 0


def _open(box: Box, count: int, body: bytes) -> HrTask:
    data = box.open_json(f"{BODY}:{count}", body)
    return HrTask(**data | {"lines": tuple(data["lines"])})
