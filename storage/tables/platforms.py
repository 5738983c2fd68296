"""What this installation has of its platforms: access tokens, and what it answered inside their callbacks."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table

from storage.tables.base import Moment, metadata, row_id

#: An account's access token, sealed, and until when it is good; which process fetches the next one.
platform_tokens: Final = Table(
    "platform_tokens",
    metadata,
    Column("account", String(96), primary_key=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("until", Moment, nullable=False),
    Column("renew_at", Moment, nullable=False),
    Column("forced_at", Moment),
    Column("forced", Integer, nullable=False),
    Column("lease", row_id()),
    Column("leased_until", Moment),
)

#: What a callback was answered with, sealed with the person's own key, for when the platform sends it again; and how many
#: parts of the bubble `seq` are out by then, where that is longer than a message.
passive_answers: Final = Table(
    "passive_answers",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),
    Column(
        "conversation",
        row_id(),
        ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("seq", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False, index=True),
)
