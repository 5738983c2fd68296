"""The log's rows: an event is added to the end of the chain, in the transaction of what it tells of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

import rfc8785
from sqlalchemy import Connection, insert, select

from audit.events import Event, Log
from storage.counters import next_of
from storage.database import Database
from storage.tables import audit_events, audit_subjects

COUNTER: Final = "audit"
#: What the first event follows.
BEGINNING: Final = bytes(32)


class StoredLog(Log):
    """The log."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def record(self, event: Event) -> int:
        """Writes an event in a transaction of its own; its number."""
        with self._database.work() as connection:
            return append(connection, event, self._now())


def append(connection: Connection, event: Event, now: datetime) -> int:
    """Adds an event to the chain as the last thing of a transaction; its number.

    The counter's row is locked until the transaction ends, so events are chained in the order in which they are
    committed. Whatever else a transaction locks, it locks before.
    """
    seq = next_of(connection, COUNTER)
    before = connection.execute(
        select(audit_events.c.hash).where(audit_events.c.seq == seq - 1)
    ).scalar_one_or_none()
    body = rfc8785.dumps(
        {
            "seq": seq,
            "at": now.isoformat(),
            "act": event.act,
            "actor": event.actor,
            "subjects": sorted(set(event.subjects)),
            "details": dict(event.details),
        }
    )
    row = {
        "seq": seq,
        "at": now,
        "act": event.act,
        "actor": event.actor,
        "body": body.decode(),
        "hash": hashlib.sha256((before or BEGINNING) + body).digest(),
    }
    connection.execute(insert(audit_events), row)
    subjects = [{"seq": seq, "subject": each} for each in sorted(set(event.subjects))]
    if subjects:
        connection.execute(insert(audit_subjects), subjects)
    return seq
