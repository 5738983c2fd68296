"""A declaration's rows: sealed, locked, read. What HR's store and the job's do the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Row, exists, func, select

from profiles.book import Overtaken
from profiles.declarations import KeptLine, Outcome, Run, State, Step, Waiting
from profiles.declaring import Apart, Draft, Former, Gone, Line, line_from, line_json
from storage.keys import Keys
from storage.tables import declaration_lines, declaration_steps, declarations

BODY: Final = "declarations.body"
LINE: Final = "declaration_lines.body"

_elsewhere = declaration_lines.alias()
#: Of lines: rejected, and held by no other declaration since.
CAME_BACK: Final = (declaration_lines.c.outcome == "rejected") & ~exists().where(
    _elsewhere.c.employee == declaration_lines.c.employee,
    _elsewhere.c.month == declaration_lines.c.month,
    _elsewhere.c.outcome.in_(("pending", "accepted")),
)


def lock_run(connection: Connection, id: str, *expected: State) -> Row[Any]:
    """A declaration's row in one of these states, locked until the transaction ends. Raises `Overtaken`."""
    query = select(declarations).where(declarations.c.id == id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None or row.state not in expected:
        raise Overtaken
    return row


def run_body(draft: Draft, region: str, account_number: str) -> dict[str, Any]:
    """What of a draft is sealed beside its lines, as plain data."""
    return {
        "region": region,
        "account_number": account_number,
        "ruleset": draft.ruleset,
        "apart": [asdict(each) for each in draft.apart],
        "gone": [asdict(each) for each in draft.gone],
        "done": draft.done,
        "own": draft.own,
        "employer": draft.employer,
        "note": "",
        "approver": "",
    }


def sealed_body(keys: Keys, id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a declaration's body."""
    box = keys.box(BODY)
    return {"key_id": box.key_id, "body": box.seal_json(f"{BODY}:{id}", data)}


def open_body(keys: Keys, row: Row[Any]) -> dict[str, Any]:
    """The body of a declaration's row."""
    body: dict[str, Any] = keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.id}", row.body)
    return body


def sealed_line(keys: Keys, declaration: str, line: Line, confirmed: Sequence[int] | None) -> dict[str, Any]:
    """The columns of a line's body."""
    box = keys.box(LINE)
    data = line_json(line) | {"confirmed": confirmed}
    return {
        "key_id": box.key_id,
        "body": box.seal_json(f"{LINE}:{declaration}:{line.employee}", data),
    }


def read_runs(connection: Connection, keys: Keys, rows: Sequence[Row[Any]]) -> tuple[Run, ...]:
    """Declarations from their rows, with the counts of their lines and what is still to be done."""
    ids = [row.id for row in rows]
    lines = declaration_lines.c
    counted = (
        select(lines.declaration, lines.outcome, func.count())
        .where(lines.declaration.in_(ids))
        .group_by(lines.declaration, lines.outcome)
    )
    counts: dict[str, dict[Outcome, int]] = {id: {} for id in ids}
    for id, outcome, count in connection.execute(counted):
        counts[id][outcome] = count
    came_back = (
        select(lines.declaration, func.count())
        .where(lines.declaration.in_(ids), CAME_BACK)
        .group_by(lines.declaration)
    )
    returned = {id: count for id, count in connection.execute(came_back)}
    steps: dict[str, dict[Step, Waiting]] = {id: {} for id in ids}
    waiting = select(declaration_steps).where(declaration_steps.c.declaration.in_(ids))
    for row in connection.execute(waiting):
        steps[row.declaration][row.step] = Waiting(row.due_at, row.tries, row.trouble)
    return tuple(
        replace(
            _read_run(keys, row),
            counts=counts[row.id],
            returned=returned.get(row.id, 0),
            steps=steps[row.id],
        )
        for row in rows
    )


def _read_run(keys: Keys, row: Row[Any]) -> Run:
    body = open_body(keys, row)
    return Run(
        id=row.id,
        account=row.account,
        region=body["region"],
        account_number=body["account_number"],
        month=row.month,
        attempt=row.attempt,
        reference=row.reference,
        state=row.state,
        via=row.via,
        deducts=row.deducts,
        digest=row.digest,
        ruleset=body["ruleset"],
        drafted_by=row.drafted_by,
        drafted_at=row.drafted_at,
        apart=tuple(Apart(**each) for each in body["apart"]),
        gone=tuple(Gone(each["employee"], Former(**each["former"]), each["why"]) for each in body["gone"]),
        done=body["done"],
        own=body["own"],
        employer=body["employer"],
        submitted_by=row.submitted_by,
        submitted_at=row.submitted_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        handed_in_at=row.handed_in_at,
        answered_at=row.answered_at,
        deducted_at=row.deducted_at,
        confirmed_at=row.confirmed_at,
        note=body["note"],
    )


def read_lines(connection: Connection, keys: Keys, id: str) -> tuple[KeptLine, ...]:
    """The lines of a declaration, by employee number."""
    query = select(declaration_lines).where(declaration_lines.c.declaration == id)
    rows = connection.execute(query.order_by(declaration_lines.c.place))
    return tuple(_read_line(keys, row) for row in rows)


def lines_of(connection: Connection, keys: Keys, employee: str) -> tuple[tuple[date, KeptLine], ...]:
    """What declarations say of one employee, by their months; the latest first, and of one month the latest attempt."""
    query = (
        select(declaration_lines)
        .join(declarations, declarations.c.id == declaration_lines.c.declaration)
        .where(declaration_lines.c.employee == employee)
        .order_by(declaration_lines.c.month.desc(), declarations.c.drafted_at.desc())
    )
    return tuple((row.month, _read_line(keys, row)) for row in connection.execute(query))


def _read_line(keys: Keys, row: Row[Any]) -> KeptLine:
    data = keys.box(LINE, row.key_id).open_json(f"{LINE}:{row.declaration}:{row.employee}", row.body)
    confirmed = data.pop("confirmed")
    return KeptLine(
        line=line_from(data),
        outcome=row.outcome,
        reason=row.reason,
        deducted=row.deducted,
        deducted_reason=row.deducted_reason,
        confirmed=None if confirmed is None else tuple(confirmed),
    )


def reference_of(account: str, month: date, attempt: int) -> str:
    """Under what a declaration is handed in: it names the account, the month and the attempt, and nobody.

    >>> reference_of("5a1e0000-0000-4000-8000-000000000001", date(2026, 10, 1), 2)
    'SB202610-5a1e0000000040008000000000000001-2'
    """
    return f"SB{month:%Y%m}-{account.replace('-', '')}-{attempt}"
