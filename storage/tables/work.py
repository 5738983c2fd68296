"""HR's work: the tasks."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from storage.tables.base import Moment, metadata, row_id

#: What lists are narrowed by.
NARROWING: Final = (
    "restricted", "audience", "assignee", "snoozed_until", "region", "kind", "topic", "employee",
)  # fmt: skip
#: A task is HR's record: sealed by a root key, it outlives the conversation it came from. Where its kind or topic would
#: say something about a person, such as who draws dibao, it is `restricted`: kind and topic are then in `body` alone.
#: `audience`, of a restricted one, is who may see it, as a keyed token: whoever reads the rows without the keys sees that
#: some of them go together. `wrote_at` is when the employee last wrote to HR, `answered_at` when HR last answered and
#: `first_answered_at` when for the first time; `due_at` is empty while nothing is owed. `asked_at` is when the employee was
#: asked whether it is solved, `rating` what they said. `change` grows with every change of any task, in the order in which
#: the changes were committed.
tasks: Final = Table(
    "tasks",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("conversation", row_id(), ForeignKey("conversations.id", ondelete="SET NULL"), index=True),
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="SET NULL"), index=True),
    Column("assignee", row_id(), ForeignKey("accounts.id", ondelete="SET NULL")),
    Column("state", String(16), nullable=False),
    Column("kind", String(32)),
    Column("restricted", Boolean, nullable=False),
    Column("audience", LargeBinary(16)),
    Column("region", String(6), nullable=False),
    Column("language", String(16), nullable=False),
    Column("topic", String(64), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due_at", Moment),
    Column("snoozed_until", Moment),
    Column("wrote_at", Moment),
    Column("answered_at", Moment),
    Column("first_answered_at", Moment),
    Column("change", Integer, nullable=False, unique=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("asked_at", Moment),
    Column("rated_at", Moment, index=True),
    Column("rating", String(8)),
    # What somebody has.
    Index(None, "assignee", "state"),
    # How many are done.
    Index("ix_tasks_done", "state", "restricted", "audience", "number"),
    # One for each order of the lists, with everything that they are narrowed by, so that a search reads the index alone.
    Index("ix_tasks_by_urgency", "state", "priority", "due_at", "number", *NARROWING, "opened_at"),
    Index("ix_tasks_by_closing", "state", "closed_at", "number", *NARROWING, "opened_at"),
    Index("ix_tasks_by_opening", "opened_at", "number", *NARROWING, "state"),
    # How long employees waited, and what they said, from the indexes alone.
    Index(None, "opened_at", "first_answered_at", "closed_at", "kind"),
    Index(None, "asked_at", "rating"),
)
