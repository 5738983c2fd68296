"""Who did what: a chain of events to which rows are only ever added."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from storage.tables.base import Moment, metadata

#: `body` is the event as canonical JSON (RFC 8785) without anything personal; `hash` covers it and the event before.
audit_events: Final = Table(
    "audit_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False, index=True),
    Column("act", String(48), nullable=False, index=True),
    Column("actor", String(64), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

#: Whom an event is about, so that a batch appears on each person's page.
audit_subjects: Final = Table(
    "audit_subjects",
    metadata,
    Column("seq", Integer, ForeignKey("audit_events.seq"), primary_key=True, autoincrement=False),
    Column("subject", String(64), primary_key=True),
    Index(None, "subject", "seq"),
)
