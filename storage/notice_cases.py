"""Notices as HR follows them: lists, one case with all that happened, its files, holds, and what was done on paper."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, and_, exists, func, insert, or_, select, update

from audit.case_chain import CaseEvent, CaseLink
from audit.events import Event
from audit.events import employee as subject
from delivery.ways import ORDER
from hr_inbox.service_clock import CHINA
from locales import speak
from notices.book import (
    A_PAGE,
    Hold,
    KeptFile,
    NoticeCase,
    NoticeLine,
    NoticePage,
    NoticeSearch,
    NoticeTaken,
    PaperStep,
    Spoken,
)
from notices.notice import Content, NoticeKind, NoticeState
from notices.telling import Told, told_of
from storage.audit import append
from storage.case_log import add_event, chain_of
from storage.conversation_rows import Opened, lock, say_outside_turn
from storage.database import Database
from storage.employee_rows import read_employee
from storage.keys import Keys
from storage.notice_rows import (
    ANSWER,
    FILE,
    HOLD,
    close_notice,
    lock_notice,
    notice_number,
    read_content,
    read_notice,
    sealed,
)
from storage.tables import (
    bindings,
    employees,
    notice_answers,
    notice_events,
    notice_files,
    notice_holds,
    notice_links,
    notices,
    tasks,
)
from storage.tasks import count_of, read_task

#: What an event commits to and nobody of HR is ever given: how the hand moved, and the word by which a browser is known.
SECRETS: Final = ("strokes", "browser")
#: What may tell of dibao: the employee's own words.
WORDS: Final = ("statement", "chat")
#: What of a paper step is personal, and only committed to.
_PERSONAL: Final = ("names", "number", "address")


class StoredNoticeCases:
    """Every notice. What is sealed of a dibao household is given to those alone who may see it, with a reason."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def find(self, search: NoticeSearch, page: int = 1) -> NoticePage:
        """A list, the latest first."""
        narrowed = self._narrowed(search)
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(narrowed.subquery())).scalar_one()
            last = max(1, -(-total // A_PAGE))
            page = min(max(page, 1), last)
            order = narrowed.order_by(notices.c.issued_at.desc(), notices.c.number.desc())
            rows = connection.execute(order.limit(A_PAGE).offset((page - 1) * A_PAGE)).all()
            lines = self._lines(connection, rows)
        return NoticePage(lines, total, page)

    def refused_at(self, employee: str) -> datetime | None:
        """When an employee refused a notice last; None where they refused none."""
        refused = (notices.c.employee == employee) & (notices.c.state == "refused")
        with self._database.read() as connection:
            last: datetime | None = connection.execute(
                select(func.max(notices.c.answered_at)).where(refused)
            ).scalar_one()
        return last

    def counts(self) -> Mapping[NoticeState, int]:
        """How many there are in each state."""
        query = select(notices.c.state, func.count()).group_by(notices.c.state)
        with self._database.read() as connection:
            return {state: count for state, count in connection.execute(query)}

    def open(self, id: str, by: str, why_unmasked: str = "", *, may_dibao: bool = False) -> NoticeCase | None:
        """A case, and that it was looked at is logged. With a reason, and the right to see dibao, nothing is masked."""
        with self._database.work() as connection:
            row = lock_notice(connection, id)
            if row is None:
                return None
            unmasked = self._unmask(connection, row, by, why_unmasked, may_dibao=may_dibao)
            append(
                connection,
                Event("notice_opened", by, (subject(row.employee),), {"number": notice_number(row.number)}),
                self._now(),
            )
            return NoticeCase(
                notice=read_notice(row),
                content=read_content(self._keys, row),
                events=tuple(
                    _without(each, SECRETS if unmasked else (*SECRETS, *WORDS))
                    for each in chain_of(connection, self._keys, id)
                ),
                files=self._files(connection, row, unmasked=unmasked),
                spoken=self._spoken(connection, row, unmasked=unmasked),
                holds=self._holds(connection, id),
                batch=row.batch or "",
            )

    def file(
        self, id: str, file: str, by: str, why_unmasked: str = "", *, may_dibao: bool = False
    ) -> bytes | None:
        """A file of a case; None for one that may not be seen."""
        with self._database.work() as connection:
            row = lock_notice(connection, id)
            found = connection.execute(select(notice_files).where(notice_files.c.id == file)).one_or_none()
            if row is None or found is None or found.notice not in (id, None):
                return None
            if found.notice is None and found.employee != row.employee:
                return None
            unmasked = self._unmask(connection, row, by, why_unmasked, may_dibao=may_dibao)
            if found.kind == "sealed" and not unmasked:
                return None
            details = {"number": notice_number(row.number), "kind": found.kind}
            append(
                connection, Event("notice_file_opened", by, (subject(row.employee),), details), self._now()
            )
        return read_file(self._keys, found)[1]

    def content_of(self, employee: str, kind: NoticeKind, month: date) -> Content | None:
        """What the notice of an employee and a month says that stands; None where there is none."""
        row = self._standing(employee, kind, month)
        return None if row is None else read_content(self._keys, row)

    def number_of(self, employee: str, kind: NoticeKind, month: date) -> str | None:
        """Its number."""
        row = self._standing(employee, kind, month)
        return None if row is None else notice_number(row.number)

    def _standing(self, employee: str, kind: NoticeKind, month: date) -> Row[Any] | None:
        query = select(notices).where(
            notices.c.employee == employee,
            notices.c.kind == kind,
            notices.c.month == month,
            notices.c.state.not_in(("superseded", "withdrawn")),
        )
        with self._database.read() as connection:
            return connection.execute(query).one_or_none()

    def waiting(self, conversation: str) -> tuple[str, ...]:
        """The notices that wait for the employee whose chat it is, the oldest first."""
        return self._of_chat(conversation, ("issued",))

    def answered(self, conversation: str) -> tuple[str, ...]:
        """Those that the employee has answered, the latest first."""
        return self._of_chat(conversation, ("acknowledged", "objected", "refused"))[::-1]

    def _of_chat(self, conversation: str, states: Collection[str]) -> tuple[str, ...]:
        query = (
            select(notices.c.id)
            .join(bindings, bindings.c.employee == notices.c.employee)
            .where(bindings.c.conversation == conversation, bindings.c.state == "active")
            .where(notices.c.state.in_(states))
            .order_by(notices.c.number)
        )
        with self._database.read() as connection:
            return tuple(connection.execute(query).scalars())

    def unsealed_count(self) -> int:
        """How many were answered, or not in time, and wait for their seal or their time stamp."""
        waits = select(func.count()).where(
            notices.c.sealed_at.is_(None),
            or_(notices.c.answered_at.is_not(None), notices.c.state == "silent"),
        )
        unstamped = select(func.count()).where(notice_files.c.timestamp == "failed")
        with self._database.read() as connection:
            return connection.execute(waits).scalar_one() + connection.execute(unstamped).scalar_one()

    def of_task(self, number: str) -> str | None:
        """The notice that a case of the inbox is about; None for any other case."""
        with self._database.read() as connection:
            row = connection.execute(select(tasks).where(tasks.c.number == count_of(number))).one_or_none()
        return (read_task(self._keys, row).notice or None) if row is not None else None

    def withdraw(self, id: str, why: str, by: str) -> None:
        """Takes a notice back that nobody has answered. Raises `NoticeTaken`."""
        with self._database.work() as connection:
            chat = self._chat(connection, id)
            row = self._unanswered(connection, id)
            if connection.execute(select(exists().where(notice_links.c.notice == id))).scalar():
                self._tell(connection, chat, "withdrawn", row)  # who was sent nothing misses nothing
            event = CaseEvent("withdrawn", by, values={"why": why})
            close_notice(connection, self._keys, id, event, self._now(), state="withdrawn")
            self._log(connection, "notice_withdrawn", row, by, why)

    def send_again(self, id: str, by: str) -> None:
        """Sends the employee a new link; the one before no longer works. Raises `NoticeTaken`."""
        with self._database.work() as connection:
            row = self._unanswered(connection, id)
            connection.execute(
                update(notices).where(notices.c.id == id).values(step=0, next_step_at=self._now())
            )
            self._log(connection, "notice_sent_again", row, by)

    def add_file(self, id: str, kind: str, name: str, data: bytes, by: str) -> None:
        """Keeps a scan or a receipt with a case and hashes it into the chain."""
        now = self._now()
        with self._database.work() as connection:
            row = self._locked(connection, id)
            connection.execute(
                insert(notice_files), file_row(self._keys, kind, name, data, by, now, notice=id)
            )
            event = CaseEvent("file_added", by, {"kind": kind, "sha256": hashlib.sha256(data).hexdigest()})
            add_event(connection, self._keys, id, event, now)
            self._log(connection, "notice_file_added", row, by)

    def note_step(self, id: str, step: PaperStep, details: Mapping[str, str], by: str) -> None:
        """Writes down what was done on paper: the number of the post, the names of two witnesses."""
        with self._database.work() as connection:
            row = self._locked(connection, id)
            data = {name: text for name, text in details.items() if name not in _PERSONAL}
            values = {name: text for name, text in details.items() if name in _PERSONAL}
            add_event(connection, self._keys, id, CaseEvent(step, by, data, values), self._now())
            self._log(connection, "notice_on_paper", row, by)

    def hold(self, id: str, why: str, by: str) -> None:
        """Puts a case on legal hold."""
        hold, now = str(uuid4()), self._now()
        with self._database.work() as connection:
            chat = self._chat(connection, id)
            row = self._locked(connection, id)
            values = {"id": hold, "notice": id, "made_by": by, "made_at": now}
            connection.execute(insert(notice_holds), values | sealed(self._keys, HOLD, hold, why))
            add_event(connection, self._keys, id, CaseEvent("hold", by, values={"why": why}), now)
            self._tell(connection, chat, "hold", row)
            self._log(connection, "notice_held", row, by, why)

    def lift(self, id: str, hold: str, why: str, by: str) -> None:
        """Ends a hold."""
        now = self._now()
        lifted = (
            update(notice_holds)
            .where(notice_holds.c.id == hold, notice_holds.c.notice == id, notice_holds.c.lifted_at.is_(None))
            .values(lifted_by=by, lifted_at=now)
        )
        with self._database.work() as connection:
            chat = self._chat(connection, id)
            row = self._locked(connection, id)
            if connection.execute(lifted).rowcount == 1:
                self._tell(connection, chat, "hold_lifted", row)
                add_event(connection, self._keys, id, CaseEvent("hold_lifted", by, values={"why": why}), now)
                self._log(connection, "notice_hold_lifted", row, by, why)

    def note_exported(self, id: str, sha256: str, by: str) -> None:
        """Writes down that the evidence of a case was taken out as a file."""
        with self._database.work() as connection:
            row = self._locked(connection, id)
            add_event(connection, self._keys, id, CaseEvent("exported", by, {"sha256": sha256}), self._now())
            self._log(connection, "notice_exported", row, by)

    # Reading

    def _narrowed(self, search: NoticeSearch) -> Select[Any]:
        query = select(notices)
        if search.state == "late":
            today = self._now().astimezone(CHINA).date()
            query = query.where(notices.c.state.in_(("issued", "silent")), notices.c.due_on < today)
        elif search.state:
            query = query.where(notices.c.state == search.state)
        for column, value in (
            (notices.c.kind, search.kind),
            (notices.c.month, search.month),
            (notices.c.employee, search.employee),
            (notices.c.batch, search.batch),
        ):
            if value:
                query = query.where(column == value)
        return query

    def _lines(self, connection: Connection, rows: Any) -> tuple[NoticeLine, ...]:
        ids = [row.id for row in rows]
        people = {
            row.id: read_employee(self._keys, row)
            for row in connection.execute(
                select(employees).where(employees.c.id.in_([row.employee for row in rows]))
            )
        }
        newest = (
            select(notice_events.c.notice, func.max(notice_events.c.seq).label("seq"))
            .where(notice_events.c.notice.in_(ids))
            .group_by(notice_events.c.notice)
            .subquery()
        )
        last = {
            row.notice: row
            for row in connection.execute(
                select(notice_events.c.notice, notice_events.c.type, notice_events.c.at).join(
                    newest,
                    and_(newest.c.notice == notice_events.c.notice, newest.c.seq == notice_events.c.seq),
                )
            )
        }
        return tuple(
            NoticeLine(
                read_notice(row),
                people[row.employee].name,
                people[row.employee].number,
                last[row.id].type,
                last[row.id].at,
            )
            for row in rows
        )

    def _unmask(self, connection: Connection, row: Row[Any], by: str, why: str, *, may_dibao: bool) -> bool:
        """Whether everything may be shown; that it is, and why, is an event of the case and of the log."""
        if not row.tells_dibao:
            return True
        if not (may_dibao and why):
            return False
        add_event(connection, self._keys, row.id, CaseEvent("unmasked", by, values={"why": why}), self._now())
        self._log(connection, "dibao_notice_unmasked", row, by, why)
        return True

    def _spoken(self, connection: Connection, row: Row[Any], *, unmasked: bool) -> Spoken | None:
        found = connection.execute(
            select(notice_answers).where(notice_answers.c.notice == row.id)
        ).one_or_none()
        if found is None:
            return None
        answer = self._keys.box(ANSWER, found.key_id).open_json(f"{ANSWER}:{row.id}", found.body)
        return Spoken(tuple(answer["lines"]), answer["statement"] if unmasked else None)

    def _files(self, connection: Connection, row: Row[Any], *, unmasked: bool) -> tuple[KeptFile, ...]:
        """The files of a case, and the confirmation that held when it was issued."""
        own = notice_files.c.notice == row.id
        confirmed = and_(
            notice_files.c.employee == row.employee,
            notice_files.c.made_at <= row.issued_at,
            or_(notice_files.c.ended_at.is_(None), notice_files.c.ended_at > row.issued_at),
        )
        query = select(notice_files).where(or_(own, confirmed)).order_by(notice_files.c.made_at)
        return tuple(
            KeptFile(
                each.id,
                each.kind,
                read_file(self._keys, each)[0],
                each.sha256.hex(),
                each.size,
                each.made_at,
                each.made_by,
                masked=not unmasked and each.kind == "sealed",
            )
            for each in connection.execute(query)
        )

    def _holds(self, connection: Connection, id: str) -> tuple[Hold, ...]:
        query = select(notice_holds).where(notice_holds.c.notice == id).order_by(notice_holds.c.made_at)
        return tuple(
            Hold(
                row.id,
                row.made_by,
                row.made_at,
                self._keys.box(HOLD, row.key_id).open_json(f"{HOLD}:{row.id}", row.body),
                row.lifted_at,
            )
            for row in connection.execute(query)
        )

    # Writing

    def _locked(self, connection: Connection, id: str) -> Row[Any]:
        row = lock_notice(connection, id)
        if row is None:
            raise KeyError(id)
        return row

    def _chat(self, connection: Connection, id: str) -> Opened | None:
        """The chat in which the employee of a notice is told something, locked; None where none is tied to them."""
        query = (
            select(bindings.c.conversation, bindings.c.channel)
            .join(notices, notices.c.employee == bindings.c.employee)
            .where(notices.c.id == id, bindings.c.state == "active")
        )
        found = sorted(connection.execute(query).all(), key=lambda row: _rank(row.channel))
        return lock(connection, self._keys, found[0].conversation) if found else None

    def _tell(self, connection: Connection, chat: Opened | None, told: Told, row: Row[Any]) -> None:
        if chat is None:
            return
        reply = told_of(told, speak(chat.locale), notice_number(row.number))
        say_outside_turn(connection, chat, reply, self._now())

    def _unanswered(self, connection: Connection, id: str) -> Row[Any]:
        row = self._locked(connection, id)
        if row.state not in ("issued", "silent"):
            raise NoticeTaken
        return row

    def _log(self, connection: Connection, act: str, row: Row[Any], by: str, why: str = "") -> None:
        details = {"number": notice_number(row.number)}
        event = Event(act, by, (subject(row.employee),), details, why)
        append(connection, event, self._now(), self._keys)


def file_row(
    keys: Keys,
    kind: str,
    name: str,
    data: bytes,
    by: str,
    now: datetime,
    **values: Any,
) -> dict[str, Any]:
    """A file as its row; its name is the first line of what is sealed."""
    id, box = str(uuid4()), keys.box(FILE)
    return {
        "id": id,
        "kind": kind,
        "key_id": box.key_id,
        "body": box.seal(f"{FILE}:{id}", name.replace("\n", " ").encode() + b"\n" + data),
        "sha256": hashlib.sha256(data).digest(),
        "size": len(data),
        "timestamp": "none",
        "made_by": by,
        "made_at": now,
        **values,
    }


def read_file(keys: Keys, row: Row[Any]) -> tuple[str, bytes]:
    """Name and bytes of a file from its row."""
    plain = keys.box(FILE, row.key_id).open(f"{FILE}:{row.id}", row.body)
    name, _, data = plain.partition(b"\n")
    return name.decode(), data


def _rank(channel: str) -> int:
    return ORDER.index(channel) if channel in ORDER else len(ORDER)


def _without(link: CaseLink, names: Collection[str]) -> CaseLink:
    """An event without some of what it commits to: its hashes stand, so that the chain is as whole as before."""
    committed = {name: each for name, each in link.committed.items() if name not in names}
    return replace(link, committed=committed)
