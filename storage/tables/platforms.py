"""What platforms gave this installation. Nothing of it is personal; a token is a secret all the same."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, LargeBinary, String, Table

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
