"""Conversations: their keys and messages, what came in and what is to be sent, and what was erased."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    false,
)

from storage.tables.base import Moment, metadata, row_id

#: `taken_version` is the version from which a person last held it, `held_by` the account that does now (no
#: foreign key: SQLite could not add it without copying the table, which would take its messages along); `last_seq` the
#: last bubble's number.
conversations: Final = Table(
    "conversations",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("sender_index", LargeBinary(16), nullable=False),
    Column("sender", LargeBinary, nullable=False),
    Column("locale", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("holder", String(16), nullable=False),
    Column("taken_version", Integer, nullable=False),
    Column("held_by", row_id()),
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
        row_id(),
        ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("key_id", Integer, nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
)

messages: Final = Table(
    "messages",
    metadata,
    Column("conversation", row_id(), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
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
    Column("conversation", row_id(), ForeignKey("conversations.id", ondelete="SET NULL"), index=True),
    Column("first_seq", Integer),
    Column("last_seq", Integer),
    Column("state", String(16), nullable=False),
    Column("body", LargeBinary),
    Column("attempts", Integer, nullable=False),
    Column("leased_until", Moment),
    Column("received_at", Moment, nullable=False),
    Index(None, "state", "received_at"),
)

#: What is to be sent. `parts` of the row are out already, drawn `together` with so many rows from this one on; `begun`: the
#: next part was just being handed over.
outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("conversation", row_id(), nullable=False),
    Column("message", Integer, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("made_for_version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("leased_until", Moment),
    Column("token", row_id()),
    Column("last_error", String(64)),
    Column("sent_at", Moment),
    Column("parts", Integer, nullable=False, server_default="0"),
    Column("together", Integer, nullable=False, server_default="1"),
    Column("begun", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("conversation", "message"),
    ForeignKeyConstraint(
        ["conversation", "message"], ["messages.conversation", "messages.seq"], ondelete="CASCADE"
    ),
    Index(None, "state", "due_at"),
)

#: How many messages a conversation's platform still takes, and until when, by what the employee did.
grants: Final = Table(
    "grants",
    metadata,
    Column("conversation", row_id(), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(16), primary_key=True),
    Column("until", Moment, nullable=False),
    Column("left", Integer, nullable=False),
)

#: Conversations in which nothing reaches the employee until they write again, and the platform's reason.
unreached: Final = Table(
    "unreached",
    metadata,
    Column("conversation", row_id(), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("why", String(64), nullable=False),
    Column("since", Moment, nullable=False),
)

counters: Final = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Integer, nullable=False),
)

#: That a conversation, or somebody on the roster, was erased, and nothing else about it.
erasures: Final = Table(
    "erasures",
    metadata,
    Column("conversation", row_id(), primary_key=True),
    Column("erased_at", Moment, nullable=False),
)
