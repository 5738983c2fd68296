"""Who is who: HR's accounts and how they sign in; employees, and which chat is whose."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    text,
)

from storage.tables.base import Moment, metadata, row_id

#: One person of HR. `body` holds name, login and mail; `password_hash` is argon2's own text. `subject_index` is blind: who
#: the person is in the company's own sign-in, which becomes known at its first use where it `may_tie`.
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
    Column("language", String(8), nullable=False),
    Column("subject_index", LargeBinary(16), unique=True),
    Column("may_tie", Boolean, nullable=False),
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
    Column("proof", String(16), nullable=False),
    Column("device", String(16), nullable=False),
)

#: The second factor of an account. `body` holds its secret; `step` is the last time step of which a code was taken.
second_factors: Final = Table(
    "second_factors",
    metadata,
    Column("account", row_id(), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("made_at", Moment, nullable=False),
)

#: A link that is still good; an account has one at most. The link holds the token, the row its hash.
invitations: Final = Table(
    "invitations",
    metadata,
    Column("account", row_id(), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("ends_at", Moment, nullable=False),
)

#: Wrong tries to sign in, by a blind index of the login (of an account or not), the address or the account. Nothing is
#: accepted before `until`.
sign_in_tries: Final = Table(
    "sign_in_tries",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("until", Moment),
)

#: A sign-in that is under way at the company's own provider. The browser's cookie holds the token, the row its hash.
sign_in_journeys: Final = Table(
    "sign_in_journeys",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("state", String(64), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("verifier", String(64), nullable=False),
    Column("back", String(400), nullable=False),
    Column("ends_at", Moment, nullable=False),
)

#: An employee of the roster. `body` holds everything personal; the three indexes are blind. `insured` only tells whether
#: there is a day from which somebody is insured, so that those who are not can be listed.
employees: Final = Table(
    "employees",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("number_index", LargeBinary(16), nullable=False, unique=True),
    Column("name_index", LargeBinary(16), nullable=False, index=True),
    Column("wecom_index", LargeBinary(16), index=True, unique=True),
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

#: Which chat is whose. A conversation has one active binding at most, and so has an employee on each channel; an ended one
#: says why it ended. `channel` is the conversation's.
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
    Column("channel", String(32), nullable=False, server_default=""),
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
    Index(
        "uq_bindings_live_employee_channel",
        "employee",
        "channel",
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
)
