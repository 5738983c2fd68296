"""One-time links to conversations, and the visits that begin with them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table

from storage.tables.base import Moment, metadata, row_id

#: Neither a link's token nor a visit's ticket can be had from a row. Without a conversation, that was erased; `ended_at` is
#: when the link became void or the visit was ended, `seen_at` when somebody last did something in it.
links: Final = Table(
    "links",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("token_index", LargeBinary(16), nullable=False, unique=True),
    Column("conversation", row_id(), ForeignKey("conversations.id", ondelete="SET NULL"), index=True),
    Column("seq", Integer, nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("used_at", Moment),
    Column("ticket_index", LargeBinary(16), unique=True),
    Column("seen_at", Moment),
    Column("ended_at", Moment),
)
