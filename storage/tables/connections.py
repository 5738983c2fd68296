"""Outside systems: how far each was read, how it fails, who was alarmed. What tells of people is sealed, their number too."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from storage.tables.base import Moment, metadata, row_id

#: One system. `body` holds the cursor, whom it was read for, and how many records were about nobody. `due_at` is when it is
#: asked next, `lease` of whoever asks now. `delay` is that of the last change, in seconds. `alarm` counts alarms; there is one
#: while `alarmed_at` is set, and `task` is its task.
connections: Final = Table(
    "connections",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("lease", row_id()),
    Column("leased_until", Moment),
    Column("asked_at", Moment),
    Column("succeeded_at", Moment),
    Column("failing_since", Moment),
    Column("well_since", Moment),
    Column("failures", Integer, nullable=False),
    Column("failure", String(16)),
    Column("code", String(100), nullable=False),
    Column("delay", Integer),
    Column("alarm", Integer, nullable=False),
    Column("alarmed_at", Moment),
    Column("quiet_until", Moment),
    Column("task", Integer, ForeignKey("tasks.number", ondelete="SET NULL"), index=True),
)

#: The version of each list that was taken over whole: of which month, and when.
connection_versions: Final = Table(
    "connection_versions",
    metadata,
    Column("connection", String(32), ForeignKey("connections.name", ondelete="CASCADE"), primary_key=True),
    Column("list", String(16), primary_key=True),
    Column("month", Date, primary_key=True),
    Column("version", String(500), nullable=False),
    Column("at", Moment, nullable=False, index=True),
)

#: Nonces of deliveries, until a repetition would be too old by itself.
connection_nonces: Final = Table(
    "connection_nonces",
    metadata,
    Column("nonce", LargeBinary(16), primary_key=True),
    Column("until", Moment, nullable=False, index=True),
)

#: Codes of theirs that nobody has mapped. `body` holds the code, which may be anything.
connection_codes: Final = Table(
    "connection_codes",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("connection", String(32), ForeignKey("connections.name", ondelete="CASCADE"), nullable=False),
    Column("code_index", LargeBinary(16), nullable=False),
    Column("place", String(100), nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False, index=True),
    UniqueConstraint("connection", "code_index", name="uq_connection_codes_connection_code_index"),
)

#: One message about an alarm to one number or address of the settings, which stands here as its blind index.
alarm_messages: Final = Table(
    "alarm_messages",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("connection", String(32), ForeignKey("connections.name", ondelete="CASCADE"), nullable=False),
    Column("alarm", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("way", String(8), nullable=False),
    Column("recipient", LargeBinary(16), nullable=False),
    Column("failure", String(16), nullable=False),
    Column("code", String(100), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("token", row_id()),
    Column("leased_until", Moment),
    Column("error", String(100)),
    Column("made_at", Moment, nullable=False, index=True),
    UniqueConstraint(
        "connection",
        "alarm",
        "kind",
        "way",
        "recipient",
        name="uq_alarm_messages_connection_alarm_kind_way_recipient",
    ),
    Index(None, "state", "due_at"),
)
