"""Declarations as the job works them off: a step is claimed for a while, and what came of it is kept in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from audit.events import SYSTEM, Event
from people.outside import ConfirmedAmount, ConfirmedAmounts, Receipt, ReceiptLine
from profiles.book import Overtaken
from profiles.declarations import LEASE, KeptLine, Run, Step, Work
from storage.audit import append
from storage.database import Database
from storage.declaration_answers import (
    Answers,
    end_step,
    months_of,
    settle,
    write_months,
)
from storage.declaration_rows import lock_run, read_lines, read_runs, sealed_line
from storage.keys import Keys
from storage.tables import declaration_lines, declaration_steps, declarations


class StoredDeclarationWork(Work):
    """What is still to be done with declarations."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def run(self, id: str) -> Run | None:
        with self._database.read() as connection:
            rows = connection.execute(select(declarations).where(declarations.c.id == id)).all()
            return next(iter(read_runs(connection, self._keys, rows)), None)

    def lines(self, id: str) -> tuple[KeptLine, ...]:
        with self._database.read() as connection:
            return read_lines(connection, self._keys, id)

    def due(self) -> Sequence[tuple[str, Step]]:
        steps = declaration_steps.c
        query = select(steps.declaration, steps.step).where(steps.due_at <= self._now())
        with self._database.read() as connection:
            return [(id, step) for id, step in connection.execute(query.order_by(steps.due_at))]

    def claim(self, id: str, step: Step) -> int | None:
        now = self._now()
        with self._database.work() as connection:
            try:
                run = lock_run(connection, id, "approved", "handed_in", "answered")
            except Overtaken:
                return None
            of_step = _of(id, step)
            waiting = connection.execute(select(declaration_steps).where(of_step)).one_or_none()
            if waiting is None or waiting.due_at is None or waiting.due_at > now:
                return None
            values = {"due_at": now + LEASE, "tries": waiting.tries + 1}
            connection.execute(update(declaration_steps).where(of_step).values(**values))
            if run.state == "approved":
                handed = {"state": "handed_in", "handed_in_at": now}
                connection.execute(update(declarations).where(declarations.c.id == id).values(**handed))
        tries: int = waiting.tries
        return tries

    def answered(self, id: str, receipt: Receipt, again_at: datetime) -> None:
        with self._database.work() as connection:
            run = lock_run(connection, id, "handed_in", "answered")
            if run.state == "answered":  # asked twice at once, and answered twice
                return
            lines = [each for each in read_lines(connection, self._keys, id) if each.outcome == "pending"]
            answers = decided({each.line.employee: each.line.person for each in lines}, receipt)
            if not settle(connection, self._keys, run, answers, SYSTEM, self._now()):
                self._again(connection, id, "declare", again_at)

    def deducted(self, id: str, receipt: Receipt, again_at: datetime) -> None:
        now = self._now()
        with self._database.work() as connection:
            run = lock_run(connection, id, "answered")
            lines = [
                each
                for each in read_lines(connection, self._keys, id)
                if each.outcome == "accepted" and each.deducted in (None, "pending")
            ]
            said = decided({each.line.employee: each.line.paid_as for each in lines}, receipt)
            answers = {
                each.line.employee: said.get(each.line.employee, ("pending", ""))
                if each.line.paid_as
                else ("rejected", "no_person")
                for each in lines
            }
            if not answers:  # asked twice at once, and answered twice
                return
            _set_deducted(connection, id, answers)
            if any(state == "pending" for state, _ in answers.values()):
                self._again(connection, id, "deduct", again_at)
                return
            end_step(connection, id, "deduct")
            connection.execute(update(declarations).where(declarations.c.id == id).values(deducted_at=now))
            states = [state for state, _ in answers.values()]
            counts = {state: states.count(state) for state in ("accepted", "rejected")}
            details = {"reference": run.reference, **counts}
            append(connection, Event("deductions_answered", SYSTEM, details=details), now)

    def confirmed(self, id: str, amounts: ConfirmedAmounts, again_at: datetime | None) -> None:
        now, told = self._now(), _by_person(amounts.amounts)
        with self._database.work() as connection:
            run = lock_run(connection, id, "answered")
            accepted = [each for each in read_lines(connection, self._keys, id) if each.outcome == "accepted"]
            new = [each for each in accepted if each.confirmed is None and each.line.person in told]
            self._keep_confirmed(connection, id, new, told)
            whom = {each.line.employee: None for each in new}
            months = months_of(connection, self._keys, run.month, whom)
            paid = {employee: replace(month, paid=True) for employee, month in months.items()}
            write_months(connection, self._keys, paid, now)
            missing = sum(each.confirmed is None for each in accepted) - len(new)
            if missing and again_at is not None:
                self._again(connection, id, "confirm", again_at)
                return
            end_step(connection, id, "confirm")
            connection.execute(update(declarations).where(declarations.c.id == id).values(confirmed_at=now))
            details = {"reference": run.reference, "lines": len(accepted) - missing}
            append(connection, Event("declaration_confirmed", SYSTEM, details=details), now)

    def failed(self, id: str, step: Step, code: str, again_at: datetime | None) -> None:
        with self._database.work() as connection:
            connection.execute(
                update(declaration_steps).where(_of(id, step)).values(due_at=again_at, trouble=code)
            )

    def unsent(self, id: str, code: str) -> None:
        with self._database.work() as connection:
            lock_run(connection, id, "handed_in")
            back = {"state": "approved", "handed_in_at": None}
            connection.execute(update(declarations).where(declarations.c.id == id).values(**back))
            connection.execute(
                update(declaration_steps).where(_of(id, "declare")).values(due_at=None, trouble=code)
            )

    def _again(self, connection: Connection, id: str, step: Step, at: datetime) -> None:
        connection.execute(update(declaration_steps).where(_of(id, step)).values(due_at=at, trouble=""))

    def _keep_confirmed(
        self,
        connection: Connection,
        id: str,
        lines: Sequence[KeptLine],
        told: Mapping[str, tuple[int, int, int]],
    ) -> None:
        for each in lines:
            of_line = (declaration_lines.c.declaration == id) & (
                declaration_lines.c.employee == each.line.employee
            )
            sealed = sealed_line(self._keys, id, each.line, told[each.line.person])
            connection.execute(update(declaration_lines).where(of_line).values(**sealed))


def decided(persons: Mapping[str, str], receipt: Receipt) -> Answers:
    """What a receipt decides, by employee; `persons` are their tokens. A whole that is pending decides nothing, one that is
    rejected rejects everybody, and one that is accepted speaks for whoever it does not name."""
    if receipt.state == "pending":
        return {}
    said = {each.person: each for each in receipt.lines}
    whole = ReceiptLine("", receipt.state, receipt.reason)
    answers = {}
    for employee, person in persons.items():
        line = said.get(person, whole)
        state = "rejected" if receipt.state == "rejected" else line.state
        if state != "pending":
            answers[employee] = (state, line.reason or whole.reason)
    return answers


def _of(id: str, step: Step) -> Any:
    return (declaration_steps.c.declaration == id) & (declaration_steps.c.step == step)


def _by_person(amounts: Sequence[ConfirmedAmount]) -> dict[str, tuple[int, int, int]]:
    """Base, own share and employer's share of each person, over the insurances; of several bases the highest."""
    told: dict[str, tuple[int, int, int]] = {}
    for each in amounts:
        base, own, employer = told.get(each.person, (0, 0, 0))
        told[each.person] = (max(base, each.base), own + each.employee, employer + each.employer)
    return told


def _set_deducted(connection: Connection, id: str, answers: Answers) -> None:
    rows = [
        {"of": employee, "to": state, "because": reason[:80]} for employee, (state, reason) in answers.items()
    ]
    of_line = (declaration_lines.c.declaration == id) & (declaration_lines.c.employee == bindparam("of"))
    anew = update(declaration_lines).where(of_line)
    connection.execute(anew.values(deducted=bindparam("to"), deducted_reason=bindparam("because")), rows)
