"""Declarations of a month to social insurance: their lines, and what is still to be done with them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)

from storage.tables.base import Moment, metadata, row_id

_OPEN: Final = text("state IN ('drafted', 'submitted', 'approved', 'handed_in')")
_HELD: Final = text("outcome IN ('pending', 'accepted')")

#: A declaration of an insured account and month; `body` holds who stands apart, who is gone, the sums and what was noted.
declarations: Final = Table(
    "declarations",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("account", row_id(), nullable=False),
    Column("month", Date, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("reference", String(64), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("via", String(16), nullable=False),
    Column("deducts", Boolean, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("drafted_by", String(64), nullable=False),
    Column("drafted_at", Moment, nullable=False),
    Column("submitted_by", String(64), nullable=False),
    Column("submitted_at", Moment),
    Column("approved_by", String(64), nullable=False),
    Column("approved_at", Moment),
    Column("handed_in_at", Moment),
    Column("answered_at", Moment),
    Column("deducted_at", Moment),
    Column("confirmed_at", Moment),
    UniqueConstraint("account", "month", "attempt"),
    Index(None, "month", "drafted_at"),
    # One at a time is on its way.
    Index(
        "uq_declarations_open",
        "account",
        "month",
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    ),
)

#: Somebody in a declaration; `body` holds the figures. `deducted` is what payroll said of the own share.
declaration_lines: Final = Table(
    "declaration_lines",
    metadata,
    Column("declaration", row_id(), ForeignKey("declarations.id", ondelete="CASCADE"), primary_key=True),
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True),
    Column("month", Date, nullable=False),
    Column("place", Integer, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(80), nullable=False),
    Column("deducted", String(16)),
    Column("deducted_reason", String(80), nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    # Nobody's month is declared twice, whatever is drafted beside it.
    Index(
        "uq_declaration_lines_held",
        "employee",
        "month",
        unique=True,
        sqlite_where=_HELD,
        postgresql_where=_HELD,
    ),
)

#: A step that is not done: `due_at` is empty where it waits for somebody, `trouble` a code of ours.
declaration_steps: Final = Table(
    "declaration_steps",
    metadata,
    Column("declaration", row_id(), ForeignKey("declarations.id", ondelete="CASCADE"), primary_key=True),
    Column("step", String(16), primary_key=True),
    Column("due_at", Moment, index=True),
    Column("tries", Integer, nullable=False),
    Column("trouble", String(80), nullable=False),
)
