"""Erasing everything of one employee: the key goes, and with it whatever any copy still holds.

A backup made before still has the wrapped key, so the ids of erased conversations are written to a journal outside
the database; restoring a backup erases them again. The same goes for somebody who was taken off the roster: ids are
random, so one list serves both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, select, update

from audit import events
from delivery.messages import IncomingMessage
from storage.audit import forget
from storage.conversation_rows import Opened, find_or_open, open_new
from storage.database import DIALECTS, Database, upsert
from storage.inbox import read_event, seal_event
from storage.keys import Keys
from storage.line_files import add_lines, read_text
from storage.links import lead_to, used_links
from storage.reach import kept_aside, put_back
from storage.tables import conversations, employees, erasures, inbox

_NOTE: Final = {dialect: upsert(dialect, erasures).on_conflict_do_nothing() for dialect in DIALECTS}


class ErasureJournal:
    """The ids of erased conversations and when, a JSON line each, in a file that no backup holds."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, erased: Iterable[tuple[str, datetime]]) -> None:
        """Adds what the journal does not have yet; on the disk when this returns."""
        known = self.read()
        add_lines(self.path, [_line(each, at) for each, at in erased if each not in known])

    def read(self) -> dict[str, datetime]:
        """Every id with its moment. A line that a crash cut short is left out: the table has it too."""
        return dict(filter(None, map(_read_line, read_text(self.path).splitlines())))

    def catch_up(self, database: Database) -> None:
        """Adds what the database knows: a crash between the two, or another machine, may have left a gap."""
        with database.read() as connection:
            rows = connection.execute(select(erasures)).all()
        self.add((row.conversation, row.erased_at) for row in rows)


def begin_anew(
    connection: Connection, keys: Keys, opened: Opened, message: IncomingMessage, now: datetime
) -> Opened:
    """Erases a conversation; an empty one under a new key goes on, so that what is said now can still be delivered.

    Bubbles are counted on, so that a browser which has seen the old ones still gets the new. Events that already wait
    were sent after the wish to be erased, and are answered in the new conversation.
    """
    # From here no event can be stored under the old key any more.
    connection.execute(
        select(conversations.c.id).where(conversations.c.id == opened.id).with_for_update()
    ).one()
    waiting = connection.execute(
        select(inbox.c.key, inbox.c.body).where(
            inbox.c.conversation == opened.id, inbox.c.state == "received", inbox.c.body.is_not(None)
        )
    ).all()
    reached = kept_aside(connection, opened.id)
    visits = used_links(connection, opened.id)
    remove(connection, opened.id, now)
    sender = (message.channel, message.sender)
    open_new(connection, keys, *sender, opened.locale, now, opened.version, opened.last_seq)
    fresh = find_or_open(connection, keys, *sender, opened.locale, now)
    put_back(connection, fresh.id, reached)  # the goodbye is to arrive
    lead_to(connection, visits, fresh.id)  # and may be waited for behind a link
    for row in waiting:
        body = seal_event(fresh.box, row.key, read_event(opened.box, row.key, row.body))
        connection.execute(
            update(inbox).where(inbox.c.key == row.key).values(conversation=fresh.id, body=body)
        )
    return fresh


def remove(connection: Connection, conversation: str, now: datetime) -> None:
    """Removes a conversation with its key, messages and unsent replies, and notes that it was erased.

    Tasks stay: what the employee sent to HR is HR's record. They no longer say which conversation they came from.
    """
    connection.execute(delete(conversations).where(conversations.c.id == conversation))
    connection.execute(_NOTE[connection.dialect.name], {"conversation": conversation, "erased_at": now})


def remove_employee(connection: Connection, employee: str, now: datetime) -> None:
    """Removes an employee with what hangs on the row, takes them out of the log, and notes that it was erased."""
    connection.execute(delete(employees).where(employees.c.id == employee))
    connection.execute(_NOTE[connection.dialect.name], {"conversation": employee, "erased_at": now})
    forget(connection, events.employee(employee), now)


def erase_again(connection: Connection, journal: ErasureJournal) -> int:
    """Removes what was erased after the backup that has just been restored; how many conversations and employees."""
    known = set(connection.execute(select(conversations.c.id)).scalars())
    known |= set(connection.execute(select(employees.c.id)).scalars())
    erased = journal.read()
    for id, erased_at in erased.items():
        remove(connection, id, erased_at)
        remove_employee(connection, id, erased_at)
    return len(known & erased.keys())


def _line(conversation: str, erased_at: datetime) -> str:
    return json.dumps({"conversation": conversation, "erased_at": erased_at.isoformat()}) + "\n"


def _read_line(line: str) -> tuple[str, datetime] | None:
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return data["conversation"], datetime.fromisoformat(data["erased_at"])
