"""The log as it is read: pages of events, the newest first."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from audit.chain import BEGINNING
from audit.events import DIBAO
from audit.reading import History, Recorded, Wanted
from storage.audit import read_reason
from storage.database import Database
from storage.keys import Keys
from storage.tables import audit_events, audit_reasons, audit_subjects


class StoredHistory(History):
    """The events."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    def about(self, subject: str, before: int | None = None, limit: int = 50) -> tuple[Recorded, ...]:
        """What was done with somebody or something, and who looked at it."""
        return self.find(Wanted(subjects=(subject,)), before, limit)

    def find(self, wanted: Wanted, before: int | None = None, limit: int = 50) -> tuple[Recorded, ...]:
        """The events that are wanted."""
        query = _narrowed(select(audit_events), wanted).order_by(audit_events.c.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(audit_events.c.seq < before)
        with self._database.snapshot() as connection:
            return self._read(connection, connection.execute(query).all())

    def get(self, seq: int) -> Recorded | None:
        """One event by its number."""
        with self._database.snapshot() as connection:
            rows = connection.execute(select(audit_events).where(audit_events.c.seq == seq)).all()
            return next(iter(self._read(connection, rows)), None)

    def _read(self, connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Recorded, ...]:
        """The events of the rows, each with what stands beside the chain."""
        numbers = [row.seq for row in rows]
        subjects: defaultdict[int, list[str]] = defaultdict(list)
        found = select(audit_subjects.c.seq, audit_subjects.c.subject).where(
            audit_subjects.c.seq.in_(numbers), audit_subjects.c.subject.is_not(None)
        )
        for seq, subject in connection.execute(found.order_by(audit_subjects.c.subject)):
            subjects[seq].append(subject)
        reasons = {
            row.seq: read_reason(self._keys, row.seq, row.key_id, row.body).text
            for row in connection.execute(select(audit_reasons).where(audit_reasons.c.seq.in_(numbers)))
        }
        hashes = {
            row.seq: row.hash
            for row in connection.execute(
                select(audit_events.c.seq, audit_events.c.hash).where(
                    audit_events.c.seq.in_([seq - 1 for seq in numbers])
                )
            )
        }
        return tuple(
            _recorded(row, subjects[row.seq], reasons.get(row.seq), hashes.get(row.seq - 1, BEGINNING))
            for row in rows
        )


def _narrowed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    events = audit_events.c
    if wanted.act:
        query = query.where(events.act == wanted.act)
    if wanted.actor:
        query = query.where(events.actor == wanted.actor)
    if wanted.subjects:
        about = select(audit_subjects.c.seq).where(audit_subjects.c.subject.in_(wanted.subjects))
        query = query.where(events.seq.in_(about))
    if wanted.since is not None:
        query = query.where(events.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(events.at < wanted.until)
    if not wanted.dibao:
        query = query.where(*(~events.act.startswith(each, autoescape=True) for each in DIBAO))
    if wanted.staff:
        query = query.where(events.actor.like("account:%"))
    return query


def _recorded(row: Row[Any], subjects: Sequence[str], reason: str | None, previous: bytes) -> Recorded:
    data = json.loads(row.body)
    return Recorded(
        seq=row.seq,
        at=row.at,
        act=row.act,
        actor=row.actor,
        subjects=tuple(subjects),
        count=data["about"]["count"],
        details=data["details"],
        reason="" if data["reason"] is None else reason,
        body=row.body,
        hash=row.hash,
        previous=previous,
    )
