"""Erasing everything of one employee: the key goes, and with it whatever any copy still holds.

A backup made before still has the wrapped key, so the ids of erased conversations are written to a journal outside
the database; restoring a backup erases them again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, select, update

from delivery.messages import IncomingMessage
from storage.conversation_rows import Opened, find_or_open, open_new
from storage.database import DIALECTS, Database, upsert
from storage.inbox import read_event, seal_event
from storage.keys import Keys
from storage.tables import conversations, erasures, inbox

_NOTE: Final = {dialect: upsert(dialect, erasures).on_conflict_do_nothing() for dialect in DIALECTS}


class ErasureJournal:
    """The ids of erased conversations and when, a JSON line each, in a file that no backup holds."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, erased: Iterable[tuple[str, datetime]]) -> None:
        """Adds what the journal does not have yet; on the disk when this returns."""
        known = self.read()
        lines = [_line(each, at) for each, at in erased if each not in known]
        if not lines:
            return
        if self._is_cut():
            lines.insert(0, "\n")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("".join(lines))
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> dict[str, datetime]:
        """Every id with its moment. A line that a crash cut short is left out: the table has it too."""
        return dict(filter(None, map(_read_line, self._text().splitlines())))

    def catch_up(self, database: Database) -> None:
        """Adds what the database knows: a crash between the two, or another machine, may have left a gap."""
        with database.read() as connection:
            rows = connection.execute(select(erasures)).all()
        self.add((row.conversation, row.erased_at) for row in rows)

    def _text(self) -> str:
        return self.path.read_text(encoding="ascii") if self.path.exists() else ""

    def _is_cut(self) -> bool:
        text = self._text()
        return bool(text) and not text.endswith("\n")


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
    remove(connection, opened.id, now)
    sender = (message.channel, message.sender)
    open_new(connection, keys, *sender, opened.locale, now, opened.version, opened.last_seq)
    fresh = find_or_open(connection, keys, *sender, opened.locale, now, "lock")
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


def erase_again(connection: Connection, journal: ErasureJournal) -> int:
    """Removes what was erased after the backup that has just been restored; how many conversations."""
    known = set(connection.execute(select(conversations.c.id)).scalars())
    erased = journal.read()
    for conversation, erased_at in erased.items():
        remove(connection, conversation, erased_at)
    return len(known & erased.keys())


def _line(conversation: str, erased_at: datetime) -> str:
    return json.dumps({"conversation": conversation, "erased_at": erased_at.isoformat()}) + "\n"


def _read_line(line: str) -> tuple[str, datetime] | None:
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return data["conversation"], datetime.fromisoformat(data["erased_at"])
