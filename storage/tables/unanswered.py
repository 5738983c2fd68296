"""What the library lacks: how many questions went unanswered on a day, by topic and place. No words, nobody's."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Date, Integer, String, Table

from storage.tables.base import metadata

#: `day` is a day in China.
unanswered: Final = Table(
    "unanswered",
    metadata,
    Column("day", Date, primary_key=True),
    Column("topic", String(64), primary_key=True),
    Column("region", String(6), primary_key=True),
    Column("why", String(16), primary_key=True),
    Column("count", Integer, nullable=False),
)
