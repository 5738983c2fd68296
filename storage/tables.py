"""The tables. What is personal lies in sealed columns (bytes); what is not sealed tells nothing about a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
)

#: Every constraint has a name, so that a migration can name it on SQLite too.
NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """A moment in UTC on either database; one without a time zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC, since SQLite compares moments as texts."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC again: SQLite forgets the zone, PostgreSQL answers in the session's."""
        if value is None or value.tzinfo is not None:
            return value and value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


def _id() -> Uuid[str]:
    return Uuid(as_uuid=False)


metadata: Final = MetaData(naming_convention=NAMES)

#: `taken_version` is the version from which a person last held it; `last_seq` the last bubble's number.
conversations: Final = Table(
    "conversations",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("sender_index", LargeBinary(16), nullable=False),
    Column("sender", LargeBinary, nullable=False),
    Column("locale", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("holder", String(16), nullable=False),
    Column("taken_version", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("state", LargeBinary),
    Column("opened_at", Moment, nullable=False),
    Column("seen_at", Moment),
    UniqueConstraint("channel", "sender_index"),
)

#: The key of everything personal in one conversation, wrapped by a root key. Without this row none of it can be read.
person_keys: Final = Table(
    "person_keys",
    metadata,
    Column(
        "conversation",
        _id(),
        ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("key_id", Integer, nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
)

messages: Final = Table(
    "messages",
    metadata,
    Column("conversation", _id(), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("author", String(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("made_for_version", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)

#: `key` is the blind index of channel and event key, so the same event is the same row. `body` is there only while
#: an event that was stored first waits for a worker; `first_seq` to `last_seq` is what came of the event.
inbox: Final = Table(
    "inbox",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("conversation", _id(), ForeignKey("conversations.id", ondelete="SET NULL"), index=True),
    Column("first_seq", Integer),
    Column("last_seq", Integer),
    Column("state", String(16), nullable=False),
    Column("body", LargeBinary),
    Column("attempts", Integer, nullable=False),
    Column("leased_until", Moment),
    Column("received_at", Moment, nullable=False),
    Index(None, "state", "received_at"),
)

outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("conversation", _id(), nullable=False),
    Column("message", Integer, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("made_for_version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("leased_until", Moment),
    Column("token", _id()),
    Column("last_error", String(64)),
    Column("sent_at", Moment),
    UniqueConstraint("conversation", "message"),
    ForeignKeyConstraint(
        ["conversation", "message"], ["messages.conversation", "messages.seq"], ondelete="CASCADE"
    ),
    Index(None, "state", "due_at"),
)

#: A task is HR's record: sealed by a root key, it outlives the conversation it came from. Its kind is sealed with it,
#: since a kind such as `dibao_status_change` beside a conversation would say who draws dibao.
tasks: Final = Table(
    "tasks",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("conversation", _id(), ForeignKey("conversations.id", ondelete="SET NULL"), index=True),
    Column("state", String(16), nullable=False, index=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
)

counters: Final = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Integer, nullable=False),
)

#: That a conversation was erased, and nothing else about it.
erasures: Final = Table(
    "erasures",
    metadata,
    Column("conversation", _id(), primary_key=True),
    Column("erased_at", Moment, nullable=False),
)
