"""The portal's own spreadsheets: blanks of accounts, receipts of declarations, and how receipts were read."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from storage.tables.base import Moment, metadata

#: `of` is the account of a blank, the declaration of a receipt, the hash of the headings of columns that were read.
portal_files: Final = Table(
    "portal_files",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("of", String(64), primary_key=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("kept_at", Moment, nullable=False, index=True),
)
