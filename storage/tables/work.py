"""HR's work: the tasks."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Integer, LargeBinary, String, Table

from storage.tables.base import Moment, metadata, row_id

#: A task is HR's record: sealed by a root key, it outlives the conversation it came from. Where its kind or topic would
#: say something about a person, such as who draws dibao, it is `restricted`: kind and topic are then in `body` alone.
#: `change` grows with every change of any task, in the order in which the changes were committed. `asked_at` is when the
#: employee was asked whether it is solved, `rating` what they said.
tasks: Final = Table(
    "tasks",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("conversation", row_id(), ForeignKey("conversations.id", ondelete="SET NULL"), index=True),
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="SET NULL"), index=True),
    Column("assignee", row_id(), ForeignKey("accounts.id", ondelete="SET NULL"), index=True),
    Column("state", String(16), nullable=False, index=True),
    Column("kind", String(32)),
    Column("restricted", Boolean, nullable=False),
    Column("region", String(6), nullable=False),
    Column("language", String(16), nullable=False),
    Column("topic", String(64), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due_at", Moment),
    Column("snoozed_until", Moment),
    Column("change", Integer, nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("asked_at", Moment),
    Column("rated_at", Moment, index=True),
    Column("rating", String(8)),
)
