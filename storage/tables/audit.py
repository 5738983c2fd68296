"""Who did what: a chain of events to which rows are only ever added. Triggers of the database refuse anything else."""

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

#: Whom an event is about, so that a batch appears on each person's page. `item` is the hash of salt and subject that the
#: chain holds; to erase somebody, both are emptied.
audit_subjects: Final = Table(
    "audit_subjects",
    metadata,
    Column("seq", Integer, ForeignKey("audit_events.seq"), primary_key=True, autoincrement=False),
    Column("item", LargeBinary(32), primary_key=True),
    Column("subject", String(64)),
    Column("salt", LargeBinary(16)),
    Index(None, "subject", "seq"),
)

#: What somebody typed as the reason of an act; `body` holds it with the salt of its hash in the chain.
audit_reasons: Final = Table(
    "audit_reasons",
    metadata,
    Column("seq", Integer, ForeignKey("audit_events.seq"), primary_key=True, autoincrement=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)

#: The signed ends of the chain. They also stand in a file outside the database.
audit_heads: Final = Table(
    "audit_heads",
    metadata,
    Column("seq", Integer, ForeignKey("audit_events.seq"), primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
)

#: What the checks of the chain found: up to which event it was whole, and what was broken after it.
audit_checks: Final = Table(
    "audit_checks",
    metadata,
    Column("at", Moment, primary_key=True),
    Column("last", Integer, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("broken", Integer),
    Column("why", String(16)),
)
