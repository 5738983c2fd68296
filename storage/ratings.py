"""Whether it helped: the question after a closed case goes out once, and the answer is kept with the task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from delivery.reach import reachable
from hr_inbox.ratings import AskedCase, Rated
from hr_inbox.task import Due
from storage.conversation_rows import Opened, add_bubbles, lock
from storage.counters import next_of
from storage.keys import Keys
from storage.tables import conversations, messages, tasks
from storage.tasks import CHANGES, read_task, task_number

_ASKED: Final = (
    select(tasks.c.number, tasks.c.rating, tasks.c.asked_at)
    .where(tasks.c.conversation == bindparam("of"), tasks.c.asked_at.is_not(None), tasks.c.state == "done")
    .order_by(tasks.c.asked_at.desc(), tasks.c.number.desc())
)


def ask_rating(connection: Connection, keys: Keys, number: str, now: datetime) -> str | None:
    """Asks the employee whether a case is solved, in the transaction that closes it and gives the conversation back.

    The id of the question's row in the outbox; None where it is not asked: a second time, while a person still holds the
    conversation, where nobody of HR answered in it, and where it would not arrive.
    """
    count = _count(number)
    task = connection.execute(select(tasks).where(tasks.c.number == count)).one_or_none()
    if task is None or task.conversation is None or task.asked_at is not None or task.state != "done":
        return None
    opened = lock(connection, keys, task.conversation)
    if opened is None or opened.holder == "person" or not reachable(opened.channel, opened.seen_at, now):
        return None
    if not _was_answered(connection, opened.id, task.opened_at):
        return None
    asked = connection.execute(
        update(tasks).where(tasks.c.number == count, tasks.c.asked_at.is_(None)).values(asked_at=now)
    )
    if asked.rowcount != 1:
        return None
    from bot.dialogue.rating import (
        question,
    )  # loads the dialogue, which most of what opens a storage does not need

    bubble = question(number, task.language)
    (queued,) = add_bubbles(connection, opened, [("assistant", bubble)], opened.version, now)
    connection.execute(
        update(conversations).where(conversations.c.id == opened.id).values(last_seq=opened.last_seq)
    )
    return queued


def asked_cases(connection: Connection, conversation: str, seen_at: datetime | None) -> tuple[AskedCase, ...]:
    """The closed cases of a conversation of which the employee was asked, the newest first. `seen_at` is when they last
    wrote."""
    rows = connection.execute(_ASKED, {"of": conversation}).all()
    return tuple(
        AskedCase(task_number(row.number), row.rating, seen_at is None or row.asked_at > seen_at)
        for row in rows
    )


def keep_ratings(connection: Connection, conversation: str, ratings: Sequence[Rated], now: datetime) -> None:
    """Keeps what an employee said of cases of their own conversation; the first answer counts."""
    for each in ratings:
        connection.execute(
            update(tasks)
            .where(
                tasks.c.number == _count(each.number),
                tasks.c.conversation == conversation,
                tasks.c.asked_at.is_not(None),
                tasks.c.rating.is_(None),
            )
            .values(rating=each.answer, rated_at=now)
        )


def reopen(
    connection: Connection, keys: Keys, opened: Opened, numbers: Sequence[str], now: datetime, due: Due
) -> None:
    """Puts closed cases of a conversation back into HR's list, which their employee called unsolved; due anew."""
    for number in numbers:
        unsolved = (
            tasks.c.number == _count(number),
            tasks.c.conversation == opened.id,
            tasks.c.state == "done",
            tasks.c.rating == "no",
        )
        row = connection.execute(select(tasks).where(*unsolved)).one_or_none()
        if row is None:
            continue
        connection.execute(
            update(tasks)
            .where(*unsolved)
            .values(
                state="waiting",
                assignee=None,
                closed_at=None,
                due_at=due(read_task(keys, row), now, opened.channel, now),
                change=next_of(connection, CHANGES),
            )
        )


def _was_answered(connection: Connection, conversation: str, since: datetime) -> bool:
    by_hr = select(messages.c.seq).where(
        messages.c.conversation == conversation, messages.c.author == "hr", messages.c.at >= since
    )
    return connection.execute(by_hr.limit(1)).first() is not None


def _count(number: str) -> int:
    return int(number.removeprefix("T-"))
