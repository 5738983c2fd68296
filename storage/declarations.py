"""Declarations as HR works with them: drafted, submitted, approved by a second person; each step once, and logged with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from audit.events import Event
from audit.events import employee as subject
from profiles.book import Overtaken, SamePerson
from profiles.declarations import (
    AlreadyDeclared,
    Declarations,
    Frame,
    KeptLine,
    NotAsDrafted,
    Run,
    State,
)
from profiles.declaring import Draft, Former
from storage.audit import append
from storage.database import Database
from storage.declaration_answers import begin_step, settle
from storage.declaration_rows import (
    CAME_BACK,
    lock_run,
    open_body,
    read_lines,
    read_runs,
    reference_of,
    run_body,
    sealed_body,
    sealed_line,
)
from storage.keys import Keys
from storage.tables import declaration_lines, declaration_steps, declarations

_SOME = 500


class StoredDeclarations(Declarations):
    """Every declaration."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    # Looking

    def runs(self, limit: int = 60) -> tuple[Run, ...]:
        newest = select(declarations).order_by(declarations.c.month.desc(), declarations.c.drafted_at.desc())
        with self._database.read() as connection:
            return read_runs(connection, self._keys, connection.execute(newest.limit(limit)).all())

    def waiting(self) -> int:
        stuck = exists().where(
            declaration_steps.c.declaration == declarations.c.id, declaration_steps.c.due_at.is_(None)
        )
        returned = exists().where(declaration_lines.c.declaration == declarations.c.id, CAME_BACK)
        query = select(func.count()).select_from(declarations)
        with self._database.read() as connection:
            count: int = connection.execute(
                query.where((declarations.c.state == "submitted") | stuck | returned)
            ).scalar_one()
        return count

    def run(self, id: str) -> Run | None:
        with self._database.read() as connection:
            rows = connection.execute(select(declarations).where(declarations.c.id == id)).all()
            return next(iter(read_runs(connection, self._keys, rows)), None)

    def lines(self, id: str) -> tuple[KeptLine, ...]:
        with self._database.read() as connection:
            return read_lines(connection, self._keys, id)

    def taken(self, month: date) -> frozenset[str]:
        held = select(declaration_lines.c.employee).where(
            declaration_lines.c.month == month,
            declaration_lines.c.outcome.in_(("pending", "accepted")),
        )
        with self._database.read() as connection:
            return frozenset(connection.execute(held).scalars())

    def before(self, account: str, month: date) -> Mapping[str, Former]:
        of_account = declarations.c.account == account
        last = select(func.max(declarations.c.month)).where(
            of_account, declarations.c.month < month, declarations.c.state.in_(("handed_in", "answered"))
        )
        query = select(declarations.c.id).where(of_account, declarations.c.month == last.scalar_subquery())
        with self._database.read() as connection:
            ids = connection.execute(query.order_by(declarations.c.attempt)).scalars().all()
            kept = [each for id in ids for each in read_lines(connection, self._keys, id)]
        return {
            each.line.employee: Former(
                each.line.number,
                each.line.name,
                each.line.wage,
                each.line.base,
                each.line.own,
                each.line.employer,
            )
            for each in kept
            if each.outcome in ("pending", "accepted")
        }

    # Acting

    def draft(self, draft: Draft, frame: Frame, by: str) -> str:
        try:
            with self._database.work() as connection:
                id, head = self._head(connection, draft)
                head |= {
                    "state": "drafted",
                    "via": frame.via,
                    "deducts": frame.deducts,
                    "digest": draft.digest,
                    "drafted_by": by,
                    "drafted_at": self._now(),
                    "submitted_by": "",
                    "approved_by": "",
                    **sealed_body(self._keys, id, run_body(draft, frame.region, frame.account_number)),
                }
                connection.execute(insert(declarations), head)
                self._write_lines(connection, id, draft)
                self._log(connection, "declaration_drafted", head["reference"], by, lines=len(draft.lines))
        except IntegrityError:  # somebody drafted the same at the same moment
            raise Overtaken from None
        return id

    def submit(self, id: str, digest: str, by: str) -> None:
        with self._database.work() as connection:
            row = lock_run(connection, id, "drafted")
            if row.digest != digest:
                raise NotAsDrafted
            self._step(connection, row, "submitted", submitted_by=by, submitted_at=self._now())
            self._log(connection, "declaration_submitted", row.reference, by)

    def give_back(self, id: str, why: str, by: str) -> None:
        with self._database.work() as connection:
            row = lock_run(connection, id, "submitted")
            body = open_body(self._keys, row) | {"note": why}
            values = sealed_body(self._keys, id, body)
            self._step(connection, row, "drafted", submitted_by="", submitted_at=None, **values)
            event = Event("declaration_returned", by, details={"reference": row.reference}, reason=why)
            append(connection, event, self._now(), self._keys)

    def withdraw(self, id: str, by: str) -> None:
        with self._database.work() as connection:
            row = lock_run(connection, id, "drafted", "submitted", "approved")
            self._step(connection, row, "withdrawn")
            self._set_lines(connection, id, "withdrawn")
            connection.execute(delete(declaration_steps).where(declaration_steps.c.declaration == id))
            self._log(connection, "declaration_withdrawn", row.reference, by)

    def approve(self, id: str, digest: str, by: str, name: str) -> None:
        now = self._now()
        try:
            with self._database.work() as connection:
                row = lock_run(connection, id, "submitted")
                if by in (row.drafted_by, row.submitted_by):
                    raise SamePerson
                if row.digest != digest:
                    raise NotAsDrafted
                body = open_body(self._keys, row) | {"approver": name, "note": ""}
                values = sealed_body(self._keys, id, body)
                self._step(connection, row, "approved", approved_by=by, approved_at=now, **values)
                self._set_lines(connection, id, "pending")
                if row.via == "connection":
                    begin_step(connection, id, "declare", now)
                self._log(connection, "declaration_approved", row.reference, by)
        except IntegrityError:  # another declaration holds somebody's month
            raise AlreadyDeclared from None

    def try_again(self, id: str, by: str) -> None:
        stuck = (declaration_steps.c.declaration == id) & declaration_steps.c.due_at.is_(None)
        with self._database.work() as connection:
            row = lock_run(connection, id, "approved", "handed_in", "answered")
            connection.execute(update(declaration_steps).where(stuck).values(due_at=self._now(), tries=0))
            self._log(connection, "declaration_retried", row.reference, by)

    def note_answers(self, id: str, rejected: Mapping[str, str], by: str) -> None:
        with self._database.work() as connection:
            row = lock_run(connection, id, "approved")
            if row.via != "file":
                raise Overtaken
            answers = {
                each.line.employee: ("rejected", rejected[each.line.employee])
                if each.line.employee in rejected
                else ("accepted", "")
                for each in read_lines(connection, self._keys, id)
            }
            settle(connection, self._keys, row, answers, by, self._now())

    def exported(self, id: str, by: str) -> None:
        with self._database.work() as connection:
            lines = read_lines(connection, self._keys, id)
            query = select(declarations.c.reference).where(declarations.c.id == id)
            reference = connection.execute(query).scalar_one()
            whom = tuple(subject(each.line.employee) for each in lines)
            event = Event("declaration_exported", by, whom, {"reference": reference, "rows": len(lines)})
            append(connection, event, self._now())

    # Rows

    def _head(self, connection: Connection, draft: Draft) -> tuple[str, dict[str, Any]]:
        """The place of a draft: that of the one which nobody has submitted, else a new one. Raises `Overtaken`."""
        query = select(declarations).where(
            declarations.c.account == draft.account, declarations.c.month == draft.month
        )
        rows = connection.execute(query.order_by(declarations.c.attempt).with_for_update()).all()
        attempt = 1 + (rows[-1].attempt if rows else 0)
        for row in rows:
            if row.state == "drafted":
                attempt = row.attempt
                connection.execute(delete(declarations).where(declarations.c.id == row.id))
            elif row.state not in ("answered", "withdrawn"):
                raise Overtaken
        id = str(uuid4())
        return id, {
            "id": id,
            "account": draft.account,
            "month": draft.month,
            "attempt": attempt,
            "reference": reference_of(draft.account, draft.month, attempt),
        }

    def _write_lines(self, connection: Connection, id: str, draft: Draft) -> None:
        rows = [
            {
                "declaration": id,
                "employee": line.employee,
                "month": draft.month,
                "place": place,
                "outcome": "drafted",
                "reason": "",
                "deducted_reason": "",
                **sealed_line(self._keys, id, line, None),
            }
            for place, line in enumerate(draft.lines, 1)
        ]
        for start in range(0, len(rows), _SOME):
            connection.execute(insert(declaration_lines), rows[start : start + _SOME])

    def _step(self, connection: Connection, row: Row[Any], state: State, **values: Any) -> None:
        connection.execute(
            update(declarations).where(declarations.c.id == row.id).values(state=state, **values)
        )

    def _set_lines(self, connection: Connection, id: str, outcome: str) -> None:
        of_run = declaration_lines.c.declaration == id
        connection.execute(update(declaration_lines).where(of_run).values(outcome=outcome))

    def _log(self, connection: Connection, act: str, reference: str, by: str, **details: int) -> None:
        append(connection, Event(act, by, details={"reference": reference, **details}), self._now())
