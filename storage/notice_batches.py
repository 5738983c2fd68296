"""Batches of notices as rows: drafted and issued a few a transaction, so that a batch can be stopped anywhere and goes on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import uuid4

import rfc8785
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from audit.case_chain import CaseEvent, CaseLink
from audit.events import Event
from audit.events import employee as subject
from notices.book import A_PAGE, BATCH, RUNNING, Batch, BatchRow, Blocked, Hindrance, Plan, RowState
from notices.issuing import Blockage, Drafter
from notices.notice import Content, NoticeKind, NoticeState
from people.employees import Employee
from storage.audit import append
from storage.case_log import event_row, first_event, value_rows
from storage.counters import next_of
from storage.database import Database, upsert
from storage.employee_rows import read_employee
from storage.keys import Keys
from storage.notice_rows import (
    BATCH_BODY,
    BODY,
    NUMBERS,
    ROW_BODY,
    close_notice,
    notice_number,
    plan_from,
    plan_json,
    sealed,
)
from storage.tables import (
    employees,
    notice_batches,
    notice_events,
    notice_files,
    notice_rows,
    notice_texts,
    notice_values,
    notices,
)

#: What of a content tells whether it says anything new, whenever and under whatever number it is issued.
_SUBSTANCE: Final = (
    "template_sha256", "company", "employee", "place", "wage", "base_wage", "lines", "yearly", "record", "totals",
    "income_tax", "take_home",
)  # fmt: skip


#: What no longer stands.
_GONE: Final[tuple[NoticeState, ...]] = ("superseded", "withdrawn")

#: A draft under its number, and that of the one whose place it takes.
Number = Callable[[Content, str, str | None], Content]


class StoredBatches:
    """Every batch. `texts` gives the text of a template by its hash, with its name; `number` puts a draft's number in."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        now: Callable[[], datetime],
        texts: Callable[[str], tuple[str, str]],
        number: Number,
    ) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self._texts = texts
        self._number = number

    def begin(self, plan: Plan, by: str) -> str:
        """Begins a batch, whose drafts are made by a job; its id."""
        with self._database.work() as connection:
            return begin_batch(connection, self._keys, plan, by, self._now())

    def batches(self, limit: int = 20) -> tuple[Batch, ...]:
        """The latest batches."""
        query = select(notice_batches.c.id).order_by(notice_batches.c.made_at.desc()).limit(limit)
        with self._database.read() as connection:
            ids = connection.execute(query).scalars().all()
        return tuple(found for id in ids if (found := self.batch(id)) is not None)

    def batch(self, id: str) -> Batch | None:
        """A batch."""
        of = notice_rows.c.batch == id
        with self._database.read() as connection:
            head = connection.execute(select(notice_batches).where(notice_batches.c.id == id)).one_or_none()
            if head is None:
                return None
            counts = connection.execute(
                select(notice_rows.c.state, func.count()).where(of).group_by(notice_rows.c.state)
            ).all()
            who = connection.execute(
                select(notice_rows.c.employee).where(of).order_by(notice_rows.c.place)
            ).scalars()
            plan = self._plan(head, tuple(who))
        return Batch(
            id, plan, head.state, head.made_by, head.made_at, {state: count for state, count in counts}
        )

    def rows(self, id: str, state: RowState | None = None, page: int = 1) -> tuple[BatchRow, ...]:
        """A page of a batch, without contents."""
        query = select(notice_rows).where(notice_rows.c.batch == id).order_by(notice_rows.c.place)
        if state is not None:
            query = query.where(notice_rows.c.state == state)
        with self._database.read() as connection:
            found = connection.execute(query.limit(A_PAGE).offset((max(page, 1) - 1) * A_PAGE)).all()
            people = self._people(connection, found)
        return tuple(_row(each, people[each.employee]) for each in found)

    def row(self, id: str, employee: str) -> BatchRow | None:
        """One row with its draft."""
        query = select(notice_rows).where(notice_rows.c.batch == id, notice_rows.c.employee == employee)
        with self._database.read() as connection:
            found = connection.execute(query).one_or_none()
            if found is None:
                return None
            (who,) = self._people(connection, [found]).values()
        draft = self._draft(found)
        return _row(found, who, None if draft is None else Content(draft))

    def hindrances(self, id: str) -> tuple[Hindrance, ...]:
        """Why rows of a batch are blocked, the most frequent first; an incomplete one counts for each insurance it lacks."""
        query = (
            select(notice_rows.c.why, notice_rows.c.detail, employees.c.region)
            .join(employees, employees.c.id == notice_rows.c.employee)
            .where(notice_rows.c.batch == id, notice_rows.c.state == "blocked")
        )
        counts: Counter[tuple[Blocked, str, str]] = Counter()
        with self._database.read() as connection:
            for why, detail, region in connection.execute(query):
                lacking = detail.split() if why == "incomplete" else [""]
                counts.update((why, region if each else "", each) for each in lacking)
        return tuple(
            Hindrance(why, count, region, insurance)
            for (why, region, insurance), count in counts.most_common()
        )

    def leave_out(self, id: str, employee: str, out: bool, by: str) -> None:
        """Takes somebody out of a batch that is looked at, or back in."""
        before, after = ("ready", "left_out") if out else ("left_out", "ready")
        with self._database.work() as connection:
            if self._lock(connection, id, "preview") is not None:
                connection.execute(
                    update(notice_rows)
                    .where(
                        notice_rows.c.batch == id,
                        notice_rows.c.employee == employee,
                        notice_rows.c.state == before,
                    )
                    .values(state=after)
                )

    def draft_again(self, id: str, by: str) -> None:
        """Drafts everything anew that is not left out: a figure was entered, or the roster mended."""
        with self._database.work() as connection:
            if self._lock(connection, id, "preview") is None:
                return
            connection.execute(
                update(notice_rows)
                .where(notice_rows.c.batch == id, notice_rows.c.state.in_(("ready", "blocked")))
                .values(state="waiting", why=None, detail="")
            )
            self._set(connection, id, "drafting")

    def issue(self, id: str, by: str) -> None:
        """Has a batch issued by a job: every row that is ready, once."""
        with self._database.work() as connection:
            if self._lock(connection, id, "preview") is not None:
                connection.execute(
                    update(notice_batches)
                    .where(notice_batches.c.id == id)
                    .values(state="issuing", made_by=by)
                )

    def discard(self, id: str, by: str) -> None:
        """Throws a batch away that was not issued."""
        unissued = notice_batches.c.state.in_(("drafting", "preview"))
        with self._database.work() as connection:
            connection.execute(delete(notice_batches).where(notice_batches.c.id == id, unissued))

    def standing(self, kind: NoticeKind, month: date) -> frozenset[str]:
        """Who has a notice of a kind and month that was neither taken back nor replaced; by employee."""
        query = select(notices.c.employee).where(
            notices.c.kind == kind, notices.c.month == month, notices.c.state.not_in(_GONE)
        )
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def unfinished(self) -> tuple[str, ...]:
        """Batches that are to run by themselves."""
        query = select(notice_batches.c.id).where(notice_batches.c.state.in_(RUNNING))
        with self._database.read() as connection:
            return tuple(connection.execute(query.order_by(notice_batches.c.made_at)).scalars())

    def draft_next(self, id: str, draft: Drafter) -> bool:
        """Drafts the next rows; whether any were left. The drafting itself holds nobody up."""
        waiting = select(notice_rows).where(notice_rows.c.batch == id, notice_rows.c.state == "waiting")
        with self._database.read() as connection:
            head = connection.execute(
                select(notice_batches).where(notice_batches.c.id == id, notice_batches.c.state == "drafting")
            ).one_or_none()
            if head is None:
                return False
            found = connection.execute(waiting.order_by(notice_rows.c.place).limit(BATCH)).all()
            people = self._people(connection, found)
            plan = self._plan(head, ())
            there = self._there(connection, plan, list(people))
        drafts = [_settled(draft(plan, people[row.employee]), there.get(row.employee), plan) for row in found]
        with self._database.work() as connection:
            if self._lock(connection, id, "drafting") is None:
                return False
            for row, made in zip(found, drafts, strict=True):
                connection.execute(
                    update(notice_rows)
                    .where(
                        notice_rows.c.batch == id,
                        notice_rows.c.place == row.place,
                        notice_rows.c.state == "waiting",
                    )
                    .values(**self._drafted(id, row.place, made))
                )
            if len(found) == BATCH:
                return True
            self._set(connection, id, "preview")
        return False

    def issue_next(self, id: str) -> bool:
        """Issues the next rows that are ready, each once; whether any were left."""
        ready = select(notice_rows).where(notice_rows.c.batch == id, notice_rows.c.state == "ready")
        with self._database.work() as connection:
            head = self._lock(connection, id, "issuing")
            if head is None:
                return False
            found = connection.execute(ready.order_by(notice_rows.c.place).limit(BATCH)).all()
            plan = self._plan(head, ())
            issued = [row for row in found if self._issue(connection, head, plan, row)]
            if len(found) < BATCH:
                self._set(connection, id, "done")
            if issued:
                whom = tuple(subject(row.employee) for row in issued)
                append(
                    connection,
                    Event("notices_issued", head.made_by, whom, {"kind": plan.kind, "count": len(issued)}),
                    self._now(),
                )
        return len(found) == BATCH

    # Issuing

    def _issue(self, connection: Connection, head: Row[Any], plan: Plan, row: Row[Any]) -> bool:
        """Issues one row; False where there is one already, issued in the meantime."""
        draft = self._draft(row)
        earlier = connection.execute(_standing(plan, [row.employee]).with_for_update()).first()
        if earlier is not None and not plan.corrects:
            self._note_row(connection, row, state="blocked", why="exists")
            return False
        id, count, now = str(uuid4()), next_of(connection, NUMBERS), self._now()
        number = None if earlier is None else notice_number(earlier.number)
        content = self._number(Content(draft or {}), notice_number(count), number)
        if earlier is not None:
            superseded = CaseEvent("superseded", head.made_by, {"by": notice_number(count)})
            close_notice(
                connection, self._keys, earlier.id, superseded, now, state="superseded", superseded_by=id
            )
        self._keep_text(connection, content)
        box = self._keys.box(BODY)
        connection.execute(
            insert(notices),
            {
                "id": id,
                "number": count,
                "employee": row.employee,
                "batch": head.id,
                "kind": plan.kind,
                "month": plan.month,
                "state": "issued",
                "tells_dibao": False,
                "key_id": box.key_id,
                "body": box.seal(f"{BODY}:{id}", content.canonical),
                "content_sha256": bytes.fromhex(content.sha256),
                "issued_at": now,
                "issued_by": head.made_by,
                "due_on": plan.due_on,
                "supersedes": None if earlier is None else earlier.id,
                "step": 0,
                "next_step_at": now,
            },
        )
        begun = first_event(
            id, self._issued(connection, content, row, head.made_by), now, self._keys.signer()
        )
        self._write_first(connection, begun, now)
        self._note_row(connection, row, state="issued", notice=id)
        return True

    def _issued(self, connection: Connection, content: Content, row: Row[Any], by: str) -> CaseEvent:
        data, who = content.data, content.data["employee"]
        confirmed = select(notice_files.c.sha256).where(
            notice_files.c.employee == row.employee,
            notice_files.c.kind == "confirmation",
            notice_files.c.ended_at.is_(None),
        )
        confirmation = connection.execute(confirmed.order_by(notice_files.c.made_at.desc())).scalars().first()
        return CaseEvent(
            "issued",
            by,
            {
                "content_sha256": content.sha256,
                "template": data["template"],
                "template_sha256": data["template_sha256"],
                "kind": data["kind"],
                "month": data["month"],
                "due_on": data["due_on"],
                "supersedes": data["supersedes"],
                "confirmation": None if confirmation is None else confirmation.hex(),
            },
            {"employee": row.employee, "name": who["name"], "number": who["number"]},
        )

    def _write_first(self, connection: Connection, link: CaseLink, now: datetime) -> None:
        connection.execute(insert(notice_events), [event_row(link, now)])
        connection.execute(insert(notice_values), value_rows(self._keys, link))

    def _keep_text(self, connection: Connection, content: Content) -> None:
        """The text that the notice was made of stays on record, as it was."""
        hash = content.data["template_sha256"]
        name, text = self._texts(hash)
        keep = upsert(connection.dialect.name, notice_texts).on_conflict_do_nothing()
        row = {"sha256": bytes.fromhex(hash), "name": name, "body": text, "used_at": self._now()}
        connection.execute(keep, row)

    # Rows

    def _people(self, connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, Employee]:
        query = select(employees).where(employees.c.id.in_([row.employee for row in rows]))
        return {row.id: read_employee(self._keys, row) for row in connection.execute(query)}

    def _there(self, connection: Connection, plan: Plan, whom: Sequence[str]) -> Mapping[str, bytes]:
        """By employee, what the notice of the same kind and month says that stands, as a hash."""
        found = {}
        for row in connection.execute(_standing(plan, whom)):
            data = self._keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.id}", row.body)
            found[row.employee] = substance(Content(data))
        return found

    def _drafted(self, id: str, place: int, made: Content | Blockage) -> dict[str, Any]:
        if isinstance(made, Blockage):
            return {"state": "blocked", "why": made.why, "detail": made.detail[:200]}
        body = sealed(self._keys, ROW_BODY, f"{id}:{place}", dict(made.data))
        return {"state": "ready", "why": None, "detail": "", **body}

    def _draft(self, row: Row[Any]) -> dict[str, Any] | None:
        place = f"{ROW_BODY}:{row.batch}:{row.place}"
        draft: dict[str, Any] | None = self._keys.box(ROW_BODY, row.key_id).open_json(place, row.body)
        return draft

    def _note_row(self, connection: Connection, row: Row[Any], **values: Any) -> None:
        connection.execute(
            update(notice_rows)
            .where(notice_rows.c.batch == row.batch, notice_rows.c.place == row.place)
            .values(**values)
        )

    def _plan(self, head: Row[Any], employees: tuple[str, ...]) -> Plan:
        data = self._keys.box(BATCH_BODY, head.key_id).open_json(f"{BATCH_BODY}:{head.id}", head.body)
        return plan_from(data, employees)

    def _lock(self, connection: Connection, id: str, state: str) -> Row[Any] | None:
        query = select(notice_batches).where(notice_batches.c.id == id, notice_batches.c.state == state)
        return connection.execute(query.with_for_update()).one_or_none()

    def _set(self, connection: Connection, id: str, state: str) -> None:
        connection.execute(update(notice_batches).where(notice_batches.c.id == id).values(state=state))


def begin_batch(connection: Connection, keys: Keys, plan: Plan, by: str, now: datetime) -> str:
    """Begins a batch in a transaction; its id."""
    id = str(uuid4())
    head = {"id": id, "state": "drafting", "made_by": by, "made_at": now}
    rows = [
        {
            "batch": id,
            "place": place,
            "employee": employee,
            "state": "waiting",
            "detail": "",
            **sealed(keys, ROW_BODY, f"{id}:{place}", None),
        }
        for place, employee in enumerate(dict.fromkeys(plan.employees), 1)
    ]
    connection.execute(insert(notice_batches), head | sealed(keys, BATCH_BODY, id, plan_json(plan)))
    for start in range(0, len(rows), 500):
        connection.execute(insert(notice_rows), rows[start : start + 500])
    return id


def substance(content: Content) -> bytes:
    """The hash of what a content says, whenever and under whatever number it is issued."""
    return hashlib.sha256(rfc8785.dumps([content.data.get(name) for name in _SUBSTANCE])).digest()


def _settled(made: Content | Blockage, there: bytes | None, plan: Plan) -> Content | Blockage:
    """A draft, unless a notice stands that says the same, or another one that this does not correct."""
    if isinstance(made, Blockage) or there is None:
        return made
    if substance(made) == there:
        return Blockage("same")
    return made if plan.corrects else Blockage("exists")


def _standing(plan: Plan, whom: Sequence[str]) -> Select[Any]:
    """The notices of some employees that a plan would say again: one each at most."""
    return select(notices).where(
        notices.c.employee.in_(whom),
        notices.c.kind == plan.kind,
        notices.c.month == plan.month,
        notices.c.state.not_in(_GONE),
    )


def _row(row: Row[Any], employee: Employee, content: Content | None = None) -> BatchRow:
    return BatchRow(
        employee.id, employee.name, employee.number, row.state, row.why, row.detail, content, row.notice
    )
