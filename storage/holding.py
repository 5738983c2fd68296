"""Who speaks with an employee: the assistant, or the person of HR who has a case of theirs.

The conversation's row is locked by whoever changes that, and the outbox looks at the same row before it sends, so nothing
that the assistant made before a take-over is sent after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from hr_inbox.task import Due
from storage.conversation_rows import Opened
from storage.counters import next_of
from storage.keys import Keys
from storage.tables import conversations, holdings, tasks
from storage.tasks import CHANGES, read_task


def settle(
    connection: Connection, opened: Opened, worked_on: Mapping[str, Sequence[int]], taker: str | None = None
) -> None:
    """Gives a locked conversation to whom its tasks belong; to the assistant where nobody has one.

    `worked_on` are its open tasks by the account that has them. Where several have some, the taker gets it, else
    whoever holds it keeps it.
    """
    holder = next((each for each in (taker, opened.held_by, *worked_on) if each in worked_on), None)
    if holder is None:
        give_back(connection, opened)
    elif opened.held_by != holder or _in_work(connection, opened) != set(worked_on[holder]):
        take(connection, opened, holder, worked_on[holder])


def take(connection: Connection, opened: Opened, account: str, numbers: Sequence[int] = ()) -> None:
    """The account speaks from now on, at work on these tasks; what waits of the assistant's is dropped.

    What a worker is just sending still arrives, but before anything the person says: rows go out in order.
    """
    opened.version += 1
    opened.holder, opened.held_by = "person", account
    connection.execute(
        update(conversations)
        .where(conversations.c.id == opened.id)
        .values(holder="person", held_by=account, version=opened.version, taken_version=opened.version)
    )
    if numbers:
        row = {"conversation": opened.id, "version": opened.version}
        connection.execute(insert(holdings), [row | {"task": number} for number in numbers])


def give_back(connection: Connection, opened: Opened) -> None:
    """The assistant answers again, where a person did. What the person said before still goes out."""
    if opened.holder == "assistant":
        return
    opened.version += 1
    opened.holder, opened.held_by = "assistant", None
    connection.execute(
        update(conversations)
        .where(conversations.c.id == opened.id)
        .values(holder="assistant", held_by=None, version=opened.version)
    )


def concerned(connection: Connection, opened: Opened) -> Sequence[Row[Any]]:
    """The tasks of a locked conversation that a message of the employee may concern, locked: before any counter is."""
    return connection.execute(
        select(tasks)
        .where(tasks.c.conversation == opened.id, tasks.c.state.in_(("taken", "snoozed")))
        .order_by(tasks.c.number)
        .with_for_update()
    ).all()


def laid_aside_until(opened: Opened, rows: Sequence[Row[Any]], now: datetime) -> datetime | None:
    """Until when the person who holds a conversation has laid it aside; None where they are at work on any of its tasks."""
    theirs = [row for row in rows if row.assignee == opened.held_by]
    asleep = [row.snoozed_until for row in theirs if row.state == "snoozed" and row.snoozed_until > now]
    return min(asleep) if asleep and len(asleep) == len(theirs) else None


def mark(
    connection: Connection, keys: Keys, opened: Opened, rows: Sequence[Row[Any]], now: datetime, due: Due
) -> None:
    """Marks the tasks that the employee's message concerns.

    One that was laid aside comes back. Those that HR is at work on show that the employee wrote, and from when HR owes an
    answer; a message to the assistant is none of HR's.
    """
    for row in rows:
        values = _marked(keys, opened, row, now, due)
        if values:
            values["change"] = next_of(connection, CHANGES)
            connection.execute(update(tasks).where(tasks.c.number == row.number).values(**values))


def _marked(keys: Keys, opened: Opened, row: Row[Any], now: datetime, due: Due) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if row.state == "snoozed":
        values = {"state": "waiting" if row.assignee is None else "taken", "snoozed_until": None}
    if opened.held_by is not None and row.assignee == opened.held_by:
        owed = row.due_at if row.due_at is not None else due(read_task(keys, row), now, opened.channel, now)
        values |= {"wrote_at": now, "due_at": owed}
    return values


def _in_work(connection: Connection, opened: Opened) -> set[int]:
    query = select(holdings.c.task).where(
        holdings.c.conversation == opened.id, holdings.c.version == opened.version
    )
    return set(connection.execute(query).scalars())
