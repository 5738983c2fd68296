"""How HR serves: the company's settings and its own days; who was told by mail of which work. Nothing of it is personal."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Date, ForeignKey, Integer, String, Table, Text

from storage.tables.base import Moment, metadata, row_id

#: What a company has settled, each thing under its name as JSON.
company_settings: Final = Table(
    "company_settings",
    metadata,
    Column("name", String(48), primary_key=True),
    Column("value", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

#: A day that the company works, or does not, whatever the calendar says.
company_days: Final = Table(
    "company_days",
    metadata,
    Column("on", Date, primary_key=True),
    Column("works", Boolean, nullable=False),
    Column("note", String(60), nullable=False),
)

#: The mails to one account: the last that went out, the failures since, and which worker is at it.
mail_digests: Final = Table(
    "mail_digests",
    metadata,
    Column("account", row_id(), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("sent_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", Moment),
    Column("last_error", String(64)),
    Column("token", row_id()),
    Column("leased_until", Moment),
)

#: What waits, and who was told of it. A task that waits no more loses its rows: when it waits again, it is new.
told_tasks: Final = Table(
    "told_tasks",
    metadata,
    Column("account", row_id(), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "task",
        Integer,
        ForeignKey("tasks.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    ),
    Column("told_at", Moment, nullable=False),
)
