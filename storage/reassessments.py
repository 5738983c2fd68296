"""Passes over every profile as rows: figures as they were last, who differs, and one event and one task for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from audit.events import SYSTEM, Event
from audit.events import employee as subject
from hr_inbox.task import Due, HrTask
from profiles.figures import Figures
from profiles.passes import Differing, Known, Pass, Passes
from storage.audit import append
from storage.database import DIALECTS, Database, upsert
from storage.keys import Keys
from storage.profiles import read_current
from storage.tables import (
    assessed,
    employees,
    library_snapshots,
    profiles,
    reassessed,
    reassessments,
)
from storage.tasks import count_of, open_task_of, task_number

FIGURES: Final = "assessed.body"
BODY: Final = "reassessed.body"
#: Longer than one step of a pass takes; whoever has not written by then is taken for dead.
LEASE: Final = timedelta(minutes=2)
_KEEP: Final = {
    dialect: keep.on_conflict_do_update(
        index_elements=["employee"], set_={"key_id": keep.excluded.key_id, "body": keep.excluded.body}
    )
    for dialect in DIALECTS
    for keep in (upsert(dialect, assessed),)
}
_BEGIN: Final = {
    dialect: upsert(dialect, reassessments).on_conflict_do_nothing(index_elements=["library", "on"])
    for dialect in DIALECTS
}
_COUNT: Final = select(func.count()).select_from(profiles.join(employees)).where(profiles.c.day.is_not(None))
#: A row of `reassessed` says of whom the household's result alone differs only inside what is sealed.
_OF_PASS: Final = select(reassessed).order_by(reassessed.c.employee)


class StoredPasses(Passes):
    """The passes."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime], due: Due) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self._due = due

    def begin(self, library: str, on: date) -> Pass | None:
        """The pass by a library on a day, where it is to be worked on by whoever asks."""
        now = self._now()
        wanted = (reassessments.c.library == library) & (reassessments.c.on == on)
        free = or_(reassessments.c.leased_until.is_(None), reassessments.c.leased_until <= now)
        with self._database.work() as connection:
            people = connection.execute(_COUNT.where(employees.c.state == "active")).scalar_one()
            row = {
                "id": str(uuid4()),
                "library": library,
                "on": on,
                "state": "running",
                "people": people,
                **dict.fromkeys(("done", "changed", "own"), 0),
                "begun_at": now,
            }
            connection.execute(_BEGIN[connection.dialect.name], row)
            taken = connection.execute(
                update(reassessments)
                .where(wanted, reassessments.c.state == "running", free)
                .values(leased_until=now + LEASE)
                .returning(reassessments)
            ).one_or_none()
        return None if taken is None else _pass(taken)

    def some(self, after: str | None, most: int) -> Sequence[Known]:
        """Profiles of active employees after one, in the order of their ids."""
        query = (
            select(profiles, assessed.c.key_id.label("figures_key"), assessed.c.body.label("figures"))
            .select_from(
                profiles.join(employees).outerjoin(assessed, assessed.c.employee == profiles.c.employee)
            )
            .where(employees.c.state == "active", profiles.c.day.is_not(None))
            .order_by(profiles.c.employee)
            .limit(most)
        )
        if after is not None:
            query = query.where(profiles.c.employee > after)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [Known(read_current(self._keys, row), self._figures(row)) for row in rows]

    def write(
        self, found: Pass, last: str, figures: Sequence[tuple[str, Figures]], differing: Sequence[Differing]
    ) -> Pass:
        """Keeps figures that are other ones or new, and who differs, up to the last employee, in one transaction."""
        now, own = self._now(), sum(each.own for each in differing)
        with self._database.work() as connection:
            if figures:
                connection.execute(
                    _KEEP[connection.dialect.name], [self._sealed_figures(*each) for each in figures]
                )
            if differing:
                connection.execute(insert(reassessed), [self._sealed(found.id, each) for each in differing])
            row = connection.execute(
                update(reassessments)
                .where(
                    reassessments.c.id == found.id,
                    reassessments.c.state == "running",
                    reassessments.c.after.is_(None)
                    if found.after is None
                    else reassessments.c.after == found.after,
                )
                .values(
                    after=last,
                    done=self._done(connection, last),
                    changed=reassessments.c.changed + len(differing) - own,
                    own=reassessments.c.own + own,
                    leased_until=now + LEASE,
                )
                .returning(reassessments)
            ).one()  # somebody who took the pass over has written in between: what is above goes with it
        return _pass(row)

    def finish(self, found: Pass) -> Pass:
        """Ends a pass: one event that stands on the page of everybody whose contributions differ, and one task."""
        now = self._now()
        with self._database.work() as connection:
            changed = [
                each.employee
                for each in self._differing(connection, _OF_PASS.where(reassessed.c["pass"] == found.id))
                if not each.own
            ]
            task = None
            if changed:
                words = (f"政策库有更新，{len(changed)}人的缴费数字变了，请看要补的差额和要更正的基数。",)
                told = HrTask("policy_batch", words, topic="policy", batch=found.id)
                number = open_task_of(connection, self._keys, None, None, told, now, self._due)
                task = count_of(number)
            row = connection.execute(
                update(reassessments)
                .where(reassessments.c.id == found.id, reassessments.c.state == "running")
                .values(state="done", ended_at=now, leased_until=None, task=task)
                .returning(reassessments)
            ).one()
            details = {"people": found.done, "changed": len(changed)}
            append(
                connection, Event("profiles_reassessed", SYSTEM, tuple(map(subject, changed)), details), now
            )
        return _pass(row)

    def keep_library(self, library: str, content: Callable[[], bytes]) -> None:
        """Keeps the content of a library by its sha256, once."""
        query = select(library_snapshots.c.library).where(library_snapshots.c.library == library)
        with self._database.read() as connection:
            if connection.execute(query).first() is not None:
                return
        row = {"library": library, "content": content(), "kept_at": self._now()}
        with self._database.work() as connection:
            connection.execute(
                upsert(connection.dialect.name, library_snapshots).on_conflict_do_nothing(), row
            )

    def library_before(self, found: Pass) -> bytes | None:
        """The content of the library by which the pass before this one was made."""
        before = (
            select(reassessments.c.library)
            .where(reassessments.c.begun_at < found.begun_at, reassessments.c.library != found.library)
            .order_by(reassessments.c.begun_at.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = select(library_snapshots.c.content).where(library_snapshots.c.library == before)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def last(self) -> Pass | None:
        """The pass that began last."""
        return self._one(select(reassessments).order_by(reassessments.c.begun_at.desc()).limit(1))

    def get(self, id: str) -> Pass | None:
        """One pass."""
        return self._one(select(reassessments).where(reassessments.c.id == id))

    def page(self, id: str, number: int, size: int) -> tuple[Differing, ...]:
        """Those whose contributions differ, a page, counted from 1."""
        with self._database.read() as connection:
            found = self._differing(connection, _OF_PASS.where(reassessed.c["pass"] == id))
        return tuple(each for each in found if not each.own)[(number - 1) * size : number * size]

    def of_employee(self, employee: str) -> tuple[tuple[Pass, Differing], ...]:
        """What passes changed for one employee, the newest first."""
        query = (
            select(reassessed, reassessments)
            .join(reassessments, reassessments.c.id == reassessed.c["pass"])
            .where(reassessed.c.employee == employee)
            .order_by(reassessments.c.begun_at.desc())
        )
        with self._database.read() as connection:
            return tuple((_pass(row), self._read(row)) for row in connection.execute(query))

    def _one(self, query: Any) -> Pass | None:
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _pass(row)

    def _done(self, connection: Connection, last: str) -> int:
        return connection.execute(
            _COUNT.where(employees.c.state == "active", profiles.c.employee <= last)
        ).scalar_one()

    def _differing(self, connection: Connection, query: Any) -> list[Differing]:
        return [self._read(row) for row in connection.execute(query)]

    def _read(self, row: Row[Any]) -> Differing:
        return read_differing(self._keys, row)

    def _figures(self, row: Row[Any]) -> Figures | None:
        if row.figures is None:
            return None
        box = self._keys.box(FIGURES, row.figures_key)
        return Figures(*box.open_json(f"{FIGURES}:{row.employee}", row.figures))

    def _sealed_figures(self, employee: str, figures: Figures) -> dict[str, Any]:
        box = self._keys.box(FIGURES)
        return {
            "employee": employee,
            "key_id": box.key_id,
            "body": box.seal_json(f"{FIGURES}:{employee}", list(figures)),
        }

    def _sealed(self, found: str, each: Differing) -> dict[str, Any]:
        box = self._keys.box(BODY)
        return {
            "pass": found,
            "employee": each.employee,
            "key_id": box.key_id,
            "body": box.seal_json(f"{BODY}:{found}:{each.employee}", [list(each.before), list(each.after)]),
        }


def read_differing(keys: Keys, row: Row[Any]) -> Differing:
    """Whose figures differ, from a row of `reassessed`. Raises `Unreadable`."""
    place = f"{BODY}:{row._mapping[reassessed.c['pass']]}:{row.employee}"
    before, after = keys.box(BODY, row.key_id).open_json(place, row.body)
    return Differing(row.employee, Figures(*before), Figures(*after))


def _pass(row: Row[Any]) -> Pass:
    return Pass(
        row.id,
        row.library,
        row.on,
        row.state,
        row.after,
        row.people,
        row.done,
        row.changed,
        row.own,
        row.begun_at,
        row.ended_at,
        None if row.task is None else task_number(row.task),
    )
