"""What changes of the library do to profiles: figures as they were last, passes over all of them, and who differed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Date, ForeignKey, Integer, LargeBinary, String, Table, UniqueConstraint

from storage.tables.base import Moment, metadata, row_id

#: An employee's figures by the library of the last pass: what the next one is held against.
assessed: Final = Table(
    "assessed",
    metadata,
    Column("employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)

#: A pass over every profile by a library on a day. `after` is the last employee that is done; `changed` counts those whose
#: contributions differ, `own` those of whom the household's result alone does. `task` is the number of HR's.
reassessments: Final = Table(
    "reassessments",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("library", String(64), nullable=False),
    Column("on", Date, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("after", row_id()),
    Column("people", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("own", Integer, nullable=False),
    Column("begun_at", Moment, nullable=False, index=True),
    Column("ended_at", Moment),
    Column("leased_until", Moment),
    Column("task", Integer),
    UniqueConstraint("library", "on"),
)

#: The library of a pass as it was, so that the next one can tell what was paid by it.
library_snapshots: Final = Table(
    "library_snapshots",
    metadata,
    Column("library", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("kept_at", Moment, nullable=False),
)

#: Whose figures a pass changed: `body` holds them before and after. `own`: the household's result alone differs, which is
#: the employee's own.
reassessed: Final = Table(
    "reassessed",
    metadata,
    Column("pass", row_id(), ForeignKey("reassessments.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
    Column("key_id", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)

#: Whom HR had told of what a pass changed for them, once for each pass. `waiting` until that is said, then `told`;
#: `no_chat` where there is no conversation to say it in, until HR has told them what the `strategy` says; `left` where there
#: was nothing certain to say.
pass_news: Final = Table(
    "pass_news",
    metadata,
    Column("pass", row_id(), ForeignKey("reassessments.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
    Column("state", String(16), nullable=False, index=True),
    Column("asked_by", String(64), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("strategy", row_id(), ForeignKey("strategies.id", ondelete="SET NULL"), index=True),
)

#: In which batch of notices somebody stands for a pass: in one for each, until that batch is thrown away.
pass_batches: Final = Table(
    "pass_batches",
    metadata,
    Column("pass", row_id(), ForeignKey("reassessments.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "employee", row_id(), ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
    Column(
        "batch", row_id(), ForeignKey("notice_batches.id", ondelete="CASCADE"), nullable=False, index=True
    ),
)
