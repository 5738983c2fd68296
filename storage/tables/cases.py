"""Beside the tasks: what HR writes in a case, who is left out of it, and what was worked on when."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from storage.tables.base import Moment, metadata, row_id

#: Which tasks HR was at work on while a conversation stood on a version. What the employee wrote under such a version was
#: written to HR; a conversation gets a new version whenever its tasks in work become others.
holdings: Final = Table(
    "holdings",
    metadata,
    Column("conversation", row_id(), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("task", Integer, ForeignKey("tasks.number", ondelete="CASCADE"), primary_key=True),
    Index(None, "task"),
)

#: Who of HR answered with which bubble. `key` names the answer: it is sent once.
answers: Final = Table(
    "answers",
    metadata,
    Column("conversation", row_id(), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("account", row_id(), nullable=False),
    Column("key", String(64), nullable=False),
    Column("outbox", row_id(), nullable=False),
    UniqueConstraint("conversation", "account", "key"),
)

#: Accounts that a complaint names, as keyed tokens: they never get to see it.
exclusions: Final = Table(
    "exclusions",
    metadata,
    Column("task", Integer, ForeignKey("tasks.number", ondelete="CASCADE"), primary_key=True),
    Column("who", LargeBinary(16), primary_key=True),
)

#: What HR writes for HR.
notes: Final = Table(
    "notes",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("task", Integer, ForeignKey("tasks.number", ondelete="CASCADE"), nullable=False, index=True),
    Column("author", row_id(), nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False),
)

#: Whom a note asks to look; `seen_at` is when they opened the case.
mentions: Final = Table(
    "mentions",
    metadata,
    Column("note", row_id(), ForeignKey("notes.id", ondelete="CASCADE"), primary_key=True),
    Column("account", row_id(), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("seen_at", Moment),
    Index(None, "account", "seen_at"),
)

#: How a task stood before it was changed together with others, and the change that this was: while it is the task's last
#: one it can be undone.
undo_steps: Final = Table(
    "undo_steps",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("task", Integer, ForeignKey("tasks.number", ondelete="CASCADE"), primary_key=True),
    Column("account", row_id(), nullable=False),
    Column("change", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("assignee", row_id()),
    Column("snoozed_until", Moment),
    Column("due_at", Moment),
    Column("closed_at", Moment),
    Column("at", Moment, nullable=False, index=True),
    Index(None, "task"),
)
