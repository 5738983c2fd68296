"""A notice's rows: numbered, sealed, locked, read. What every store of notices does the same way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from audit.case_chain import CaseEvent
from locales import N_
from notices.book import Plan
from notices.notice import Content, Notice
from storage.case_log import add_event
from storage.keys import Keys
from storage.tables import notice_links, notices

BODY: Final = "notices.body"
ANSWER: Final = "notice_answers.body"
FILE: Final = "notice_files.body"
BATCH_BODY: Final = "notice_batches.body"
ROW_BODY: Final = "notice_rows.body"
HOLD: Final = "notice_holds.body"
#: Under which name addresses of HR are indexed.
ADDRESS: Final = "hr_addresses.address"
#: The counter of numbers. It is taken before those of the tasks.
NUMBERS: Final = "notices"
#: How the file of the employee's copy is called.
SEALED_NAME: Final = N_("告知书 {number}.pdf")


def notice_number(count: int) -> str:
    """The number as people say it.

    >>> notice_number(123)
    'N-000123'
    """
    return f"N-{count:06}"


def read_notice(row: Row[Any]) -> Notice:
    """A notice from its row, without what it says."""
    return Notice(
        id=row.id,
        number=notice_number(row.number),
        employee=row.employee,
        kind=row.kind,
        month=row.month,
        state=row.state,
        content_sha256=row.content_sha256.hex(),
        issued_at=row.issued_at,
        issued_by=row.issued_by,
        due_on=row.due_on,
        answered_at=row.answered_at,
        supersedes=row.supersedes,
        superseded_by=row.superseded_by,
        tells_dibao=row.tells_dibao,
    )


def read_content(keys: Keys, row: Row[Any]) -> Content:
    """What a notice says, from its row."""
    return Content(json.loads(keys.box(BODY, row.key_id).open(f"{BODY}:{row.id}", row.body)))


def lock_notice(connection: Connection, notice: str) -> Row[Any] | None:
    """A notice's row, locked until the transaction ends; None where there is none. Conversations are locked before it."""
    query = select(notices).where(notices.c.id == notice).with_for_update()
    return connection.execute(query).one_or_none()


def sealed(keys: Keys, purpose: str, place: str, data: Any) -> dict[str, Any]:
    """The columns of a sealed body."""
    box = keys.box(purpose)
    return {"key_id": box.key_id, "body": box.seal_json(f"{purpose}:{place}", data)}


def end_links(connection: Connection, notice: str, why: str, now: datetime) -> None:
    """Has the links of a notice, and the visits that they began, end."""
    connection.execute(
        update(notice_links)
        .where(notice_links.c.notice == notice, notice_links.c.ended_at.is_(None))
        .values(ended_at=now, ended_why=why)
    )


def close_notice(
    connection: Connection, keys: Keys, notice: str, event: CaseEvent, now: datetime, **values: Any
) -> None:
    """Takes a notice out of what waits for an answer: its links end and the ladder stops."""
    end_links(connection, notice, event.type, now)
    connection.execute(update(notices).where(notices.c.id == notice).values(next_step_at=None, **values))
    add_event(connection, keys, notice, event, now)


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan as plain data, without whom it is for: that stands in rows of its own."""
    return {
        "kind": plan.kind,
        "month": plan.month.isoformat(),
        "due_on": plan.due_on.isoformat(),
        "corrects": plan.corrects,
        "why": plan.why,
    }


def plan_from(data: Mapping[str, Any], employees: tuple[str, ...]) -> Plan:
    """The plan that `plan_json` wrote."""
    return Plan(
        kind=data["kind"],
        month=date.fromisoformat(data["month"]),
        due_on=date.fromisoformat(data["due_on"]),
        employees=employees,
        corrects=data["corrects"],
        why=data["why"],
    )
