"""Imports as rows: a sheet is kept sealed, compared, applied and taken back a batch a transaction, so it can be stopped
anywhere and goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, update

from audit.events import Event
from audit.events import employee as subject
from calculator.fields import Problem
from people.importing import (
    A_PAGE,
    BATCH,
    RUNNING,
    Change,
    Counts,
    Found,
    Import,
    ImportKind,
    ImportRow,
    Imports,
    ImportState,
    Incoming,
    Reader,
    Step,
)
from storage.audit import append
from storage.database import Database, upsert
from storage.employee_rows import read_employee
from storage.import_targets import TARGETS, Leavers, Target
from storage.keys import Keys
from storage.quarantine import forget_import, set_apart, tie, waiting_rows
from storage.roster_changes import note_written
from storage.tables import employees, import_mappings, import_rows, imports

BODY: Final = "imports.body"
ROW: Final = "import_rows.body"
MAPPING: Final = "import_mappings.body"
#: From where an import may go where by somebody's click.
_FROM: Final[Mapping[ImportState, tuple[ImportState, ...]]] = {
    "mapping": ("preview",),
    "applying": ("preview", "done"),
    "undoing": ("done",),
}
#: Fewer employees than this may always be missing from a sheet; of more, at most half.
_FEW: Final = 20
_of: Final = import_rows.c["import"]
_ROW: Final = update(import_rows).where(
    _of == bindparam("of"), import_rows.c.row == bindparam("at")
)  # fmt: skip


class StoredImports(Imports):
    """Every import."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def begin(
        self,
        kind: ImportKind,
        file: str,
        headings: Sequence[str],
        rows: Sequence[Incoming],
        quarantined: Sequence[str],
        by: str,
    ) -> str:
        """Keeps a sheet that was uploaded; the import's id."""
        id = str(uuid4())
        body = {
            "file": file,
            "headings": list(headings),
            "columns": {},
            "quarantined": list(quarantined),
            "defaults": {},
            "apart": sum(each.dibao is not None for each in rows),
        }
        now = self._now()
        row = {"id": id, "kind": kind, "state": "mapping", "made_by": by, "made_at": now}
        with self._database.work() as connection:
            connection.execute(insert(imports), row | self._sealed_import(id, body))
            set_apart(connection, self._keys, id, rows, now)
            for start in range(0, len(rows), 1000):
                part = [self._new_row(id, each) for each in rows[start : start + 1000]]
                connection.execute(insert(import_rows), part)
        return id

    def get(self, id: str) -> Import | None:
        """An import."""
        with self._database.read() as connection:
            row = connection.execute(select(imports).where(imports.c.id == id)).one_or_none()
        return None if row is None else self._import(row)

    def recent(self, limit: int = 20) -> tuple[Import, ...]:
        """The newest imports."""
        query = select(imports).order_by(imports.c.made_at.desc(), imports.c.id).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(map(self._import, rows))

    def remembered(self, kind: ImportKind, headings: Sequence[str]) -> Mapping[str, int] | None:
        """Which column was which field the last time a sheet had these headings."""
        query = select(import_mappings).where(
            import_mappings.c.kind == kind, import_mappings.c.headings == _hash(headings)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        place = f"{MAPPING}:{row.kind}:{row.headings}"
        columns: dict[str, int] = self._keys.box(MAPPING, row.key_id).open_json(place, row.body)
        return columns

    def choose(self, id: str, columns: Mapping[str, int], defaults: Mapping[str, str]) -> None:
        """Says which column is which field, remembers it, and has every row compared anew."""
        with self._database.work() as connection:
            row = self._lock(connection, id)
            if row is None or row.state not in ("mapping", "preview"):
                return
            body = self._opened(row) | {"columns": dict(columns), "defaults": dict(defaults)}
            self._write(connection, id, state="checking", **self._sealed_import(id, body))
            connection.execute(delete(import_rows).where(_of == id, import_rows.c.found == "leaver"))
            connection.execute(
                update(import_rows)
                .where(_of == id)
                .values(found="unread", step="waiting", row_key=None)
            )  # fmt: skip
            self._remember(connection, row.kind, body["headings"], columns)

    def check(self, id: str, read: Reader) -> bool:
        """Compares the next rows with what is there; whether any were left. At the end leavers are suggested."""
        with self._database.work() as connection:
            row = self._lock(connection, id)
            if row is None or row.state != "checking":
                return False
            it = self._import(row)
            waiting = select(import_rows).where(_of == id, import_rows.c.step == "waiting")
            found = connection.execute(waiting.order_by(import_rows.c.row).limit(BATCH)).all()
            self._compare(connection, it, found, read)
            if len(found) == BATCH:
                return True
            if it.kind == "roster":
                self._suggest_leavers(connection, id)
            self._write(connection, id, state="preview")
            return False

    def counts(self, id: str) -> Counts:
        """How many rows there are of each kind."""
        query = (
            select(import_rows.c.found, import_rows.c.step, func.count())
            .where(_of == id)
            .group_by(import_rows.c.found, import_rows.c.step)
        )
        with self._database.read() as connection:
            return {(found, step): count for found, step, count in connection.execute(query)}

    def rows(self, id: str, found: Found, page: int = 1) -> tuple[tuple[ImportRow, ...], int]:
        """Rows of one kind, and how many there are of it."""
        of_kind = select(import_rows).where(_of == id, import_rows.c.found == found)
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(of_kind.subquery())).scalar_one()
            order = import_rows.c.row.desc() if found == "leaver" else import_rows.c.row
            part = of_kind.order_by(order).limit(A_PAGE).offset((max(page, 1) - 1) * A_PAGE)
            rows = connection.execute(part).all()
        return tuple(map(self._row, rows)), total

    def row(self, id: str, row: int) -> ImportRow | None:
        """One row."""
        with self._database.read() as connection:
            found = connection.execute(_one(id, row)).one_or_none()
        return None if found is None else self._row(found)

    def mend(self, id: str, row: int, cells: Mapping[int, str], read: Reader) -> ImportRow:
        """Writes other cells into a row and compares it anew. Raises `KeyError`."""
        with self._database.work() as connection:
            head = self._lock(connection, id)
            kept = connection.execute(_one(id, row)).one_or_none()
            if head is None or kept is None or kept.step not in ("ready", "left_out"):
                raise KeyError(row)
            body = self._open(kept)
            for position, text in cells.items():
                body["cells"] += [""] * (position + 1 - len(body["cells"]))
                body["lost"] = [each for each in body["lost"] if each != position]
                body["cells"][position] = text
            connection.execute(_at(id, row).values(**self._sealed_row(id, row, body)))
            self._compare(connection, self._import(head), connection.execute(_one(id, row)).all(), read)
            return self._row(connection.execute(_one(id, row)).one())

    def leave_out(self, id: str, row: int, out: bool) -> None:
        """Leaves a row out, or takes it in again."""
        steps = ("ready", "left_out") if out else ("left_out", "ready")
        with self._database.work() as connection:
            self._lock(connection, id)
            connection.execute(
                _at(id, row)
                .where(import_rows.c.step == steps[0], import_rows.c.found != "error")
                .values(step=steps[1])
            )

    def choose_leavers(self, id: str, rows: Sequence[int], on: date) -> None:
        """Of the employees whom the sheet does not name, those that have left, and when."""
        suggested = select(import_rows).where(
            _of == id, import_rows.c.found == "leaver", import_rows.c.step.in_(("ready", "left_out"))
        )
        with self._database.work() as connection:
            self._lock(connection, id)
            for row in connection.execute(suggested).all():
                body = self._open(row) | {"values": {"left_on": on.isoformat()}}
                step = "ready" if row.row in rows else "left_out"
                connection.execute(_at(id, row.row).values(step=step, **self._sealed_row(id, row.row, body)))

    def start(self, id: str, state: ImportState, by: str) -> bool:
        """Begins to apply or to undo, or gives the choice of columns back; False where the import is elsewhere."""
        begun = (
            update(imports)
            .where(imports.c.id == id, imports.c.state.in_(_FROM[state]))
            .values(state=state, made_by=by)
        )
        with self._database.work() as connection:
            return connection.execute(begun).rowcount == 1

    def apply(self, id: str) -> bool:
        """Applies the next rows; whether any were left."""
        ready = select(import_rows).where(
            _of == id,
            import_rows.c.step == "ready",
            import_rows.c.found.in_(("new", "changed", "leaver")),
        )
        with self._database.work() as connection:
            head = self._lock(connection, id)
            if head is None or head.state != "applying":
                return False
            rows = connection.execute(ready.order_by(import_rows.c.row).limit(BATCH)).all()
            touched = self._apply(connection, head, rows)
            recorded: tuple[Event, ...] = ()
            if len(rows) < BATCH:
                recorded = self._tie(connection, head)
                self._write(connection, id, state="done")
            self._note(connection, "rows_imported", head, touched)
            for event in recorded:
                append(connection, event, self._now())
            return len(rows) == BATCH

    def undo(self, id: str) -> bool:
        """Takes the last rows back, where nothing has changed since; whether any were left."""
        applied = select(import_rows).where(_of == id, import_rows.c.step == "applied")
        with self._database.work() as connection:
            head = self._lock(connection, id)
            if head is None or head.state != "undoing":
                return False
            rows = connection.execute(applied.order_by(import_rows.c.row.desc()).limit(BATCH)).all()
            forget_import(connection, id)
            touched = self._undo(connection, head, rows)
            if len(rows) < BATCH:
                self._write(connection, id, state="undone")
            self._note(connection, "import_undone", head, touched)
            return len(rows) == BATCH

    def unfinished(self) -> tuple[str, ...]:
        """Imports that are to run by themselves."""
        query = select(imports.c.id).where(imports.c.state.in_(RUNNING)).order_by(imports.c.made_at)
        with self._database.read() as connection:
            return tuple(connection.execute(query).scalars())

    def discard(self, id: str) -> None:
        """Forgets an import that was not applied."""
        never = imports.c.state.in_(("mapping", "checking", "preview"))
        with self._database.work() as connection:
            connection.execute(delete(imports).where(imports.c.id == id, never))

    # Comparing

    def _compare(self, connection: Connection, it: Import, rows: Sequence[Row[Any]], read: Reader) -> None:
        target = TARGETS[it.kind]
        read_rows = [read(it, self._row(row)) for row in rows]
        keys = [target.key(self._keys, each.values) for each in read_rows]
        there = target.find(connection, self._keys, [each.values for each in read_rows])
        seen = self._seen(connection, it.id, rows, keys)
        written = []
        for row, said, key, existing in zip(rows, read_rows, keys, there, strict=True):
            problems = list(said.problems)
            if key is not None and (first := seen.setdefault(key, row.row)) != row.row:
                problems.append(_repeated(first))
            problems += target.problems(existing, said.values)
            changes = () if problems else target.changes(existing, said.values)
            found: Found = (
                "error"
                if problems
                else "new"
                if target.is_new(existing)
                else "changed"
                if changes
                else "same"
            )
            body = self._open(row) | {
                "problems": [asdict(each) for each in problems],
                "changes": [[each.name, each.before, each.after] for each in changes],
                "values": dict(said.values),
                "whom": target.whom(existing, said.values),
                "number": str(said.values.get("number", "")),
            }
            step: Step = "left_out" if found in ("error", "same") else "ready"
            written.append(self._written(row, body, found=found, step=step, row_key=key))
        _write_rows(connection, written)

    def _seen(
        self, connection: Connection, id: str, rows: Sequence[Row[Any]], keys: Sequence[bytes | None]
    ) -> dict[bytes, int]:
        """By key, the row of the sheet that has it already; rows that are being compared do not count."""
        query = select(import_rows.c.row_key, import_rows.c.row).where(
            _of == id,
            import_rows.c.row_key.in_([key for key in keys if key is not None]),
            import_rows.c.row.not_in([row.row for row in rows]),
            import_rows.c.found != "leaver",
        )
        return {key: row for key, row in connection.execute(query.order_by(import_rows.c.row.desc()))}

    def _suggest_leavers(self, connection: Connection, id: str) -> None:
        """Who is employed and not in the sheet. Where most are not, the sheet is of a part, and tells nothing."""
        connection.execute(delete(import_rows).where(_of == id, import_rows.c.found == "leaver"))
        active = select(employees).where(employees.c.state == "active")
        named = select(import_rows.c.row_key).where(_of == id, import_rows.c.row_key.is_not(None))
        missing = active.where(employees.c.number_index.not_in(named))
        there, gone = (
            connection.execute(select(func.count()).select_from(each.subquery())).scalar_one()
            for each in (active, missing)
        )
        if gone > max(_FEW, there // 2):
            return
        for count, row in enumerate(connection.execute(missing.order_by(employees.c.id)).all(), 1):
            employee = read_employee(self._keys, row)
            body = {
                "cells": [],
                "lost": [],
                "whom": employee.name,
                "number": employee.number,
                "employee": employee.id,
            }
            values = {"import": id, "row": -count, "found": "leaver", "step": "left_out"}
            connection.execute(insert(import_rows), values | self._sealed_row(id, -count, body))

    # Applying

    def _apply(self, connection: Connection, head: Row[Any], rows: Sequence[Row[Any]]) -> list[str]:
        now, touched, written = self._now(), [], []
        for target, part in _by_target(head.kind, rows):
            bodies = [self._open(row) for row in part]
            applied = target.apply(connection, self._keys, bodies, now)
            for row, body, (employee, before) in zip(part, bodies, applied, strict=True):
                body |= {"employee": employee, "before": before, "at": now.isoformat()}
                written.append(self._written(row, body, step="applied"))
                touched.append(employee)
        _write_rows(connection, written)
        return touched

    def _tie(self, connection: Connection, head: Row[Any]) -> tuple[Event, ...]:
        """Whose the rows are that said something of dibao: those that were applied, and those that had nothing else new."""
        waiting = waiting_rows(connection, head.id)
        known = (import_rows.c.step == "applied") | (import_rows.c.found == "same")
        whose: dict[int, str] = {}
        for start in range(0, len(waiting), BATCH):
            part = import_rows.c.row.in_(waiting[start : start + BATCH])
            rows = connection.execute(select(import_rows).where(_of == head.id, part, known)).all()
            bodies = [self._open(row) for row in rows]
            found = TARGETS[head.kind].find(connection, self._keys, [each["values"] for each in bodies])
            whose |= {row.row: it.employee.id for row, it in zip(rows, found, strict=True) if it.employee}
        return tie(connection, self._keys, head.id, whose, head.made_by, self._now())

    def _undo(self, connection: Connection, head: Row[Any], rows: Sequence[Row[Any]]) -> list[str]:
        touched, written = [], []
        for target, part in _by_target(head.kind, rows):
            bodies = [self._open(row) for row in part]
            undone = target.undo(connection, self._keys, bodies, self._now())
            for row, body, back in zip(part, bodies, undone, strict=True):
                written.append(self._written(row, body, step="undone" if back else "kept"))
                touched.append(body["employee"])
        _write_rows(connection, written)
        return touched

    def _note(self, connection: Connection, act: str, head: Row[Any], touched: Sequence[str]) -> None:
        if touched:
            note_written(connection, self._keys, set(touched), head.made_by, self._now())
            subjects = tuple(subject(each) for each in dict.fromkeys(touched))
            details = {"rows": len(touched), "kind": head.kind}
            append(connection, Event(act, head.made_by, subjects, details), self._now())

    # Rows

    def _lock(self, connection: Connection, id: str) -> Row[Any] | None:
        return connection.execute(select(imports).where(imports.c.id == id).with_for_update()).one_or_none()

    def _write(self, connection: Connection, id: str, **values: Any) -> None:
        connection.execute(update(imports).where(imports.c.id == id).values(**values))

    def _remember(
        self, connection: Connection, kind: str, headings: Sequence[str], columns: Mapping[str, int]
    ) -> None:
        box, hashed = self._keys.box(MAPPING), _hash(headings)
        body = box.seal_json(f"{MAPPING}:{kind}:{hashed}", dict(columns))
        row = {"key_id": box.key_id, "body": body, "used_at": self._now()}
        connection.execute(
            upsert(connection.dialect.name, import_mappings)
            .values(kind=kind, headings=hashed, **row)
            .on_conflict_do_update(index_elements=["kind", "headings"], set_=row)
        )

    def _import(self, row: Row[Any]) -> Import:
        body = self._opened(row)
        return Import(
            id=row.id,
            kind=row.kind,
            state=row.state,
            made_by=row.made_by,
            made_at=row.made_at,
            file=body["file"],
            headings=tuple(body["headings"]),
            columns=body["columns"],
            quarantined=tuple(body["quarantined"]),
            defaults=body["defaults"],
            # An earlier version set nothing apart.
            apart=body.get("apart", 0),
        )

    def _row(self, row: Row[Any]) -> ImportRow:
        body = self._open(row)
        return ImportRow(
            row=row.row,
            found=row.found,
            step=row.step,
            cells=tuple(body["cells"]),
            lost=frozenset(body["lost"]),
            problems=tuple(_problem(each) for each in body.get("problems", ())),
            changes=tuple(Change(*each) for each in body.get("changes", ())),
            whom=body.get("whom", ""),
            number=body.get("number", ""),
        )

    def _new_row(self, id: str, incoming: Incoming) -> dict[str, Any]:
        body = {"cells": list(incoming.cells), "lost": sorted(incoming.lost)}
        row = {"import": id, "row": incoming.row, "found": "unread", "step": "waiting"}
        return row | self._sealed_row(id, incoming.row, body)

    def _sealed_import(self, id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        box = self._keys.box(BODY)
        return {"key_id": box.key_id, "body": box.seal_json(f"{BODY}:{id}", dict(body))}

    def _opened(self, row: Row[Any]) -> dict[str, Any]:
        data: dict[str, Any] = self._keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.id}", row.body)
        return data

    def _sealed_row(self, id: str, row: int, body: Mapping[str, Any]) -> dict[str, Any]:
        box = self._keys.box(ROW)
        return {"key_id": box.key_id, "body": box.seal_json(f"{ROW}:{id}:{row}", dict(body))}

    def _written(self, row: Row[Any], body: Mapping[str, Any], **values: Any) -> dict[str, Any]:
        """A row as it is written anew, with other values in some columns."""
        columns = {"found": row.found, "step": row.step, "row_key": row.row_key} | values
        return {"of": row[0], "at": row.row, **columns, **self._sealed_row(row[0], row.row, body)}

    def _open(self, row: Row[Any]) -> dict[str, Any]:
        place = f"{ROW}:{row[0]}:{row.row}"
        data: dict[str, Any] = self._keys.box(ROW, row.key_id).open_json(place, row.body)
        return data


def _by_target(kind: ImportKind, rows: Sequence[Row[Any]]) -> list[tuple[Target, list[Row[Any]]]]:
    """The rows by what they are about."""
    leavers = [row for row in rows if row.found == "leaver"]
    others = [row for row in rows if row.found != "leaver"]
    parts: list[tuple[Target, list[Row[Any]]]] = [(Leavers(), leavers), (TARGETS[kind], others)]
    return [(target, part) for target, part in parts if part]


def _write_rows(connection: Connection, written: Sequence[Mapping[str, Any]]) -> None:
    if written:
        connection.execute(_ROW, written)


def _one(id: str, row: int) -> Select[Any]:
    return select(import_rows).where(_of == id, import_rows.c.row == row)


def _at(id: str, row: int) -> Any:
    return update(import_rows).where(_of == id, import_rows.c.row == row)


def _repeated(row: int) -> Problem:
    return Problem("not_allowed", "number", "row_once", low=str(row))


def _problem(data: Mapping[str, Any]) -> Problem:
    return Problem(**{**data, "choices": tuple(data["choices"])})


def _hash(headings: Sequence[str]) -> str:
    return hashlib.sha256(
        json.dumps(list(headings), ensure_ascii=False).encode("utf-8", "replace")
    ).hexdigest()
