"""Employees who are told elsewhere that something waits for them in a conversation that does not reach them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from storage.tables.base import Moment, metadata, row_id

#: `conversation` and `seq` are the bubble that waits; `tried` the channels by which the employee was told, in order, with a
#: space between them; `sent_as` the row of the outbox by which they are told now. (No foreign key: rows of the outbox end
#: before.)
pushes: Final = Table(
    "pushes",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("conversation", row_id(), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("urgent", Boolean, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("tried", String(64), nullable=False),
    Column("sent_as", row_id()),
    UniqueConstraint("conversation", "seq", "kind"),
    ForeignKeyConstraint(
        ["conversation", "seq"], ["messages.conversation", "messages.seq"], ondelete="CASCADE"
    ),
)
