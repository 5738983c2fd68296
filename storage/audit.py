"""The log's rows: an event is added to the end of the chain, in the transaction of what it tells of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from audit.chain import BEGINNING, Reason, link
from audit.events import SYSTEM, Event, Log
from storage.counters import next_of
from storage.database import Database
from storage.keys import Keys
from storage.tables import audit_events, audit_reasons, audit_subjects

COUNTER: Final = "audit"
REASON: Final = "audit_reasons.body"


class StoredLog(Log):
    """The log."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def record(self, event: Event) -> int:
        """Writes an event in a transaction of its own; its number."""
        with self._database.work() as connection:
            return append(connection, event, self._now(), self._keys)


def append(connection: Connection, event: Event, now: datetime, keys: Keys | None = None) -> int:
    """Adds an event to the chain as the last thing of a transaction; its number. One with a reason needs the keys.

    The counter's row is locked until the transaction ends, so events are chained in the order in which they are
    committed. Whatever else a transaction locks, it locks before.
    """
    if event.reason and keys is None:
        raise ValueError(f"{event.act}: a reason is kept sealed, which needs the keys")
    seq = next_of(connection, COUNTER)
    before = connection.execute(
        select(audit_events.c.hash).where(audit_events.c.seq == seq - 1)
    ).scalar_one_or_none()
    new = link(seq, event, now, before or BEGINNING)
    row = {"seq": seq, "at": to_the_millisecond(now), "act": event.act, "actor": event.actor}
    connection.execute(insert(audit_events), row | {"body": new.body, "hash": new.hash})
    if new.items:
        items = [
            {"seq": seq, "item": item.hash, "subject": item.subject, "salt": item.salt} for item in new.items
        ]
        connection.execute(insert(audit_subjects), items)
    if keys is not None and new.reason is not None:
        box = keys.box(REASON)
        body = box.seal_json(f"{REASON}:{seq}", [new.reason.text, new.reason.salt.hex()])
        connection.execute(insert(audit_reasons), {"seq": seq, "key_id": box.key_id, "body": body})
    return seq


def read_reason(keys: Keys, seq: int, key_id: int, body: bytes) -> Reason:
    """A reason from its row. Raises `Unreadable`."""
    text, salt = keys.box(REASON, key_id).open_json(f"{REASON}:{seq}", body)
    return Reason(text, bytes.fromhex(salt))


def forget(connection: Connection, subject: str, now: datetime) -> int:
    """Takes a reference out of the log, with the reasons that were typed about it; in how many events it stood.

    The chain stays whole: it holds hashes of both, which without their salts tell nothing. That it was done is an event;
    like `append` it comes last in a transaction.
    """
    events = select(audit_subjects.c.seq).where(audit_subjects.c.subject == subject)
    connection.execute(delete(audit_reasons).where(audit_reasons.c.seq.in_(events)))
    count = connection.execute(
        update(audit_subjects).where(audit_subjects.c.subject == subject).values(subject=None, salt=None)
    ).rowcount
    if count:
        append(connection, Event("log_forget", SYSTEM, details={"events": count}), now)
    return count


def to_the_millisecond(at: datetime) -> datetime:
    """A moment as exact as the chain holds it."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
