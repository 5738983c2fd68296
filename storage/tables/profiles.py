"""Profiles: dated changes, how far they were followed, and the strategies that came of them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Table

from storage.tables.base import Moment, metadata, row_id

#: One change of one field. `identity` is the blind index of what makes it the same when it comes again. `followed`: what
#: follows from it was looked at.
profile_changes: Final = Table(
    "profile_changes",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("identity", LargeBinary(16), nullable=False, unique=True),
    Column("followed", Boolean, nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("written_at", Moment, nullable=False),
)

#: How far an employee's changes were followed: the profile of `day` in `body`, empty before the first time. From `until` on
#: another change holds, so that it is folded anew. `pending_since` is since when changes wait; None where none do.
profiles: Final = Table(
    "profiles",
    metadata,
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True),
    Column("pending_since", Moment, index=True),
    Column("day", Date),
    Column("until", Date, index=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)

#: What is proposed to HR. What it is about stands in `body`, with the trace and every decision; `restricted`: it is for the
#: dibao officer alone. `key` is the blind index of what makes it the same when it is found again. `kind` is the token of
#: what it is about (`storage.strategy_kinds`), for lists and counts; None until a row of an earlier version is opened first.
strategies: Final = Table(
    "strategies",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("key", LargeBinary(16), nullable=False, unique=True),
    Column("state", String(16), nullable=False, index=True),
    Column("restricted", Boolean, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("kind", LargeBinary(16)),
    Column("month", Date, nullable=False),
    Column("opened_at", Moment, nullable=False, index=True),
    Column("changed_at", Moment, nullable=False),
    Column("told_at", Moment),
    Column("task", Integer),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    # A list and its counts, without the bodies.
    Index("ix_strategies_list", "private", "state", "opened_at", "id", "restricted", "kind", "employee"),
)
