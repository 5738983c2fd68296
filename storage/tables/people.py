"""Who is who: HR's accounts and their sessions; employees, and which chat is whose."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from storage.tables.base import Moment, metadata, row_id

#: One person of HR. `body` holds name, login and mail; `password_hash` is argon2's own text.
accounts: Final = Table(
    "accounts",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("login_index", LargeBinary(16), nullable=False, unique=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("roles", String(120), nullable=False),
    Column("state", String(16), nullable=False),
    Column("password_hash", String(160)),
    Column("made_at", Moment, nullable=False),
)

#: A sign-in that has not ended. The cookie holds the token, the row its hash.
sessions: Final = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("account", row_id(), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
)

#: An employee of the roster. `body` holds everything personal; the two indexes are blind. `insured` only tells whether
#: there is a day from which somebody is insured, so that those who are not can be listed.
employees: Final = Table(
    "employees",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("number_index", LargeBinary(16), nullable=False, unique=True),
    Column("name_index", LargeBinary(16), nullable=False, index=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("region", String(6), nullable=False),
    Column("state", String(16), nullable=False),
    Column("insured", Boolean, nullable=False),
    Column("joined_on", Date),
    Column("left_on", Date),
    Column("changed_at", Moment, nullable=False),
    Index(None, "state", "joined_on", "id"),
)

_LIVE: Final = text("state = 'active'")

#: Which chat is whose. A conversation and an employee have one active binding at most; an ended one says why it ended.
bindings: Final = Table(
    "bindings",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), nullable=False, index=True),
    Column(
        "conversation",
        row_id(),
        ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("state", String(16), nullable=False),
    Column("bound_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("ended_why", String(32)),
    Index(
        "uq_bindings_live_conversation",
        "conversation",
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
    Index("uq_bindings_live_employee", "employee", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
)
