"""The portal's own spreadsheets: blanks of accounts and forms, receipts, and how receipts were read."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, LargeBinary, String, Table, UniqueConstraint

from storage.tables.base import Moment, metadata, row_id

#: `of` is the account or the form of a blank, the declaration of a receipt, the hash of the headings of columns that were read.
portal_files: Final = Table(
    "portal_files",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("of", String(64), primary_key=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("kept_at", Moment, nullable=False, index=True),
)

#: Receipts of forms (`profiles.portal_acts.form_name`), with what was taken over. `file` is the blind index of the file,
#: `changed_at` when it went a step.
act_receipts: Final = Table(
    "act_receipts",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("form", String(32), nullable=False),
    Column("file", LargeBinary(16), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("kept_at", Moment, nullable=False, index=True),
    Column("changed_at", Moment, nullable=False),
    UniqueConstraint("form", "file"),
)
