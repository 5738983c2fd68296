"""Whether it helped: the question after a closed case goes out once, and the answer is kept with the task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select, update

from audit import events
from audit.events import Event
from delivery.reach import reachable
from hr_inbox.ratings import AskedCase, Rated
from hr_inbox.task import Due
from storage.conversation_rows import Opened, lock, say_outside_turn
from storage.counters import next_of
from storage.keys import Keys
from storage.tables import tasks
from storage.tasks import CHANGES, count_of, read_task, task_number

_ASKED: Final = (
    select(tasks.c.number, tasks.c.rating, tasks.c.asked_at)
    .where(tasks.c.conversation == bindparam("of"), tasks.c.asked_at.is_not(None), tasks.c.state == "done")
    .order_by(tasks.c.asked_at.desc(), tasks.c.number.desc())
)


def ask_rating(connection: Connection, keys: Keys, number: str, now: datetime) -> str | None:
    """Asks the employee whether a case is solved, in the transaction that closes it and gives the conversation back.

    The id of the question's row in the outbox; None where it is not asked: a second time, while a person still holds the
    conversation, where HR never answered, while another such question is open, and where it would not arrive.
    """
    count = count_of(number)
    task = connection.execute(select(tasks).where(tasks.c.number == count)).one_or_none()
    if task is None or task.state != "done" or task.asked_at is not None:
        return None
    if task.conversation is None or task.first_answered_at is None:
        return None
    opened = lock(connection, keys, task.conversation)
    if opened is None or opened.holder == "person" or not reachable(opened.channel, opened.seen_at, now):
        return None
    if any(each.last and each.answer is None for each in asked_cases(connection, opened.id, opened.seen_at)):
        return None
    asked = connection.execute(
        update(tasks).where(tasks.c.number == count, tasks.c.asked_at.is_(None)).values(asked_at=now)
    )
    if asked.rowcount != 1:
        return None
    # Loads the dialogue, which most of what opens a storage does not need.
    from bot.dialogue.rating import question

    bubble = question(number, task.language)
    return say_outside_turn(connection, opened, bubble, now)


def asked_cases(connection: Connection, conversation: str, seen_at: datetime | None) -> tuple[AskedCase, ...]:
    """The closed cases of a conversation of which the employee was asked, the newest first. `seen_at` is when they last
    wrote."""
    rows = connection.execute(_ASKED, {"of": conversation}).all()
    return tuple(
        AskedCase(task_number(row.number), row.rating, seen_at is None or row.asked_at >= seen_at)
        for row in rows
    )


def keep_ratings(connection: Connection, conversation: str, ratings: Sequence[Rated], now: datetime) -> None:
    """Keeps what an employee said of cases of their own conversation; the first answer counts."""
    for each in ratings:
        connection.execute(
            update(tasks)
            .where(
                tasks.c.number == count_of(each.number),
                tasks.c.conversation == conversation,
                tasks.c.asked_at.is_not(None),
                tasks.c.rating.is_(None),
            )
            .values(rating=each.answer, rated_at=now)
        )


def reopen(
    connection: Connection, keys: Keys, opened: Opened, numbers: Sequence[str], now: datetime, due: Due
) -> tuple[Event, ...]:
    """Puts closed cases of a conversation back into HR's list, which their employee called unsolved; due anew.

    What the log is told of it, at the end of the transaction.
    """
    query = (
        select(tasks)
        .where(
            tasks.c.number.in_([count_of(each) for each in numbers]),
            tasks.c.conversation == opened.id,
            tasks.c.state == "done",
            tasks.c.rating == "no",
        )
        .order_by(tasks.c.number)
        .with_for_update()
    )
    rows = connection.execute(query).all()
    for row in rows:
        values = {
            "state": "waiting",
            "assignee": None,
            "closed_at": None,
            "due_at": due(read_task(keys, row), now, opened.channel, now),
            "change": next_of(connection, CHANGES),
        }
        connection.execute(update(tasks).where(tasks.c.number == row.number).values(**values))
    return tuple(_reopened(row) for row in rows)


def _reopened(row: Row[Any]) -> Event:
    number = events.task(task_number(row.number))
    if row.employee is None:
        return Event("case_reopened", events.SYSTEM, (number,), {"why": "unsolved"})
    employee = events.employee(row.employee)
    return Event("case_reopened", employee, (number, employee), {"why": "unsolved"})
