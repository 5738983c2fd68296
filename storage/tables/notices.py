"""Notices: drafted in batches, read and answered through a link, and the chain of what happened to each."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.tables.base import Moment, metadata, row_id

#: A batch; `body` holds its plan.
notice_batches: Final = Table(
    "notice_batches",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("state", String(16), nullable=False, index=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Moment, nullable=False, index=True),
)

#: Somebody in a batch; `body` holds the draft, null until there is one. A row is issued once: that it was and the notice itself
#: are written in one transaction.
notice_rows: Final = Table(
    "notice_rows",
    metadata,
    Column("batch", row_id(), ForeignKey("notice_batches.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("why", String(24)),
    Column("detail", String(200), nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("notice", row_id()),
    UniqueConstraint("batch", "employee"),
    Index(None, "batch", "state", "place"),
)

_STANDS: Final = text("state NOT IN ('superseded', 'withdrawn')")

#: A notice. `body` holds its content as canonical JSON, which never changes. `next_step_at` is when the ladder of delivery
#: goes on, `step` how many steps it has gone; `task` is the number of HR's latest task about it; `sealed_at` is empty while
#: an answered one still has to be sealed.
notices: Final = Table(
    "notices",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("employee", row_id(), ForeignKey("employees.id"), nullable=False),
    Column("batch", row_id(), index=True),
    Column("kind", String(16), nullable=False),
    Column("month", Date, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tells_dibao", Boolean, nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("content_sha256", LargeBinary(32), nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("issued_by", String(64), nullable=False),
    Column("due_on", Date, nullable=False),
    Column("answered_at", Moment),
    Column("sealed_at", Moment),
    Column("supersedes", row_id()),
    Column("superseded_by", row_id()),
    Column("step", Integer, nullable=False),
    Column("next_step_at", Moment, index=True),
    Column("task", Integer),
    Index(None, "employee", "kind", "month"),
    Index(None, "state", "issued_at", "id"),
    # One that stands at most: a correction takes the place of the one before.
    Index(
        "uq_notices_standing",
        "employee",
        "kind",
        "month",
        unique=True,
        sqlite_where=_STANDS,
        postgresql_where=_STANDS,
    ),
    Index(
        "ix_notices_unsealed",
        "answered_at",
        sqlite_where=text("sealed_at IS NULL"),
        postgresql_where=text("sealed_at IS NULL"),
    ),
)

#: What happened to a notice, as canonical JSON without anything personal. Rows are only ever added: triggers refuse the rest.
notice_events: Final = Table(
    "notice_events",
    metadata,
    Column("notice", row_id(), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("type", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    Index(None, "at"),
)

#: What the events commit to, with its salt, by name. Erased, the chain is still whole.
notice_values: Final = Table(
    "notice_values",
    metadata,
    Column("notice", row_id(), ForeignKey("notices.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("name", String(32), primary_key=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)

#: A link and the visit that it began. `sent_as` is the row of the outbox that brings it (no foreign key: those end before),
#: `arrival` what became of that, empty until it is known. The token stands in the message alone and the ticket in the
#: browser: a row has their indexes. `code_index` is that of the code that was sent last. `denials` are how often something
#: was not done; of many only the first are events of the chain.
notice_links: Final = Table(
    "notice_links",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("notice", row_id(), ForeignKey("notices.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("channel", String(32), nullable=False),
    Column("conversation", row_id(), ForeignKey("conversations.id", ondelete="SET NULL"), index=True),
    Column("token_index", LargeBinary(16), nullable=False, unique=True),
    Column("sent_as", row_id(), index=True),
    Column("arrival", String(16)),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("ended_why", String(16)),
    Column("looked_at", Moment),
    Column("denials", Integer, nullable=False),
    Column("browser_index", LargeBinary(16)),
    Column("code_index", LargeBinary(16)),
    Column("code_at", Moment),
    Column("codes", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("ticket_index", LargeBinary(16), unique=True),
    Column("entered_at", Moment),
    Column("seen_at", Moment),
    Column("read_seconds", Integer),
    Column("checked", String(200), nullable=False),
)

#: The answer; `body` holds words, strokes and what was shown.
notice_answers: Final = Table(
    "notice_answers",
    metadata,
    Column("notice", row_id(), ForeignKey("notices.id", ondelete="CASCADE"), primary_key=True),
    Column("outcome", String(16), nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("strokes_index", LargeBinary(16), index=True),
    Column("at", Moment, nullable=False),
)

#: The files of a case, or of an employee (the signed confirmation), sealed; a first line of `body` is the file's name.
#: `sha256` is that of the file itself. `timestamp` is how its time stamp stands: `none` where no service is set, `failed`
#: while one is still to be had, `ok` with a `token` where it came later.
notice_files: Final = Table(
    "notice_files",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("notice", row_id(), ForeignKey("notices.id", ondelete="CASCADE"), index=True),
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), index=True),
    Column("kind", String(16), nullable=False),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("timestamp", String(16), nullable=False),
    Column("token", LargeBinary),
    Column("signed_on", Date),
    Column("ended_at", Moment),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
)

#: While a hold lasts, nothing of the case is erased; `body` holds why.
notice_holds: Final = Table(
    "notice_holds",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("notice", row_id(), ForeignKey("notices.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("lifted_by", String(64)),
    Column("lifted_at", Moment),
)

#: The templates that notices were made of, by their hash: never changed once used.
notice_texts: Final = Table(
    "notice_texts",
    metadata,
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("used_at", Moment, nullable=False),
)

#: Figures and yearly charges that HR entered for notices; `kind` is `figure` or `charge`. Not personal.
notice_figures: Final = Table(
    "notice_figures",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("region", String(6), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("month", Integer, nullable=False),
    Column("employee", Integer, nullable=False),
    Column("employer", Integer, nullable=False),
    Column("source", String(400), nullable=False),
    Column("entered_by", String(64), nullable=False),
    Column("entered_at", Moment, nullable=False),
)

#: The day's anchor: the root over the heads of all cases, with the token of the time-stamp service where one is set.
notice_anchors: Final = Table(
    "notice_anchors",
    metadata,
    Column("on", Date, primary_key=True),
    Column("root", LargeBinary(32), nullable=False),
    Column("heads", Integer, nullable=False),
    Column("token", LargeBinary),
    Column("made_at", Moment, nullable=False),
)

#: From where HR was signed in lately, as a blind index: an answer from the same network is flagged.
hr_addresses: Final = Table(
    "hr_addresses",
    metadata,
    Column("address_index", LargeBinary(16), primary_key=True),
    Column("seen_at", Moment, nullable=False, index=True),
)
