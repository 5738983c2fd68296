"""The company's basis for sending anything to a platform abroad. What somebody wrote of it is sealed: it names people."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Date, Index, Integer, LargeBinary, String, Table, text

from storage.tables.base import Moment, metadata, row_id

_LIVE: Final = text("withdrawn_at IS NULL")

abroad: Final = Table(
    "abroad",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("recorded_by", String(64), nullable=False),
    Column("withdrawn_at", Moment),
    Column("withdrawn_by", String(64)),
    Index("uq_abroad_live", "channel", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
)
