"""Changes of the policy library on their way to being in force, and who is to be told of them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Table

from storage.tables.base import Moment, metadata, row_id

#: `body` holds content, authors, steps and counts. `turn` is 1 in the one row that is being written into the folders
#: and empty in all others, so that two processes never write at once; whoever died with it left `leased_until` behind.
policy_changes: Final = Table(
    "policy_changes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("hash", String(64), nullable=False),
    Column("approved_hash", String(64), nullable=False),
    Column("publish_on", Date),
    Column("turn", Integer, unique=True),
    Column("leased_until", Moment),
    Column("changed_at", Moment, nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)

#: Conversations whose last result a publication changed (`undone`: its taking back). `touched` until somebody has them
#: told, `waiting` until that is said, then `told`; `left` where there was nothing to reckon any more.
policy_news: Final = Table(
    "policy_news",
    metadata,
    Column("change", Integer, ForeignKey("policy_changes.number"), primary_key=True, autoincrement=False),
    Column("undone", Boolean, primary_key=True),
    Column("conversation", row_id(), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("told_at", Moment),
    Index(None, "conversation", "state"),
)
