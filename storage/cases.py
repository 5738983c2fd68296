"""The cases HR works on: lists, acts, notes, what is said. Every act is a transaction that logs itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from audit import events
from audit.events import Event
from delivery.messages import Reply
from delivery.outbox import OPEN
from delivery.ways import ORDER, choose
from hr_inbox.cases import (
    AnswerReach,
    Box,
    BulkAct,
    Case,
    CaseLine,
    Cases,
    Collision,
    Delivery,
    Note,
    NotForThem,
    Page,
    Said,
    Search,
    Viewer,
)
from hr_inbox.complaints import names
from hr_inbox.task import COMPLAINTS, Due
from storage.audiences import visible
from storage.audit import append
from storage.bindings import owner_row
from storage.case_lists import CaseLists, line_of
from storage.case_work import STANDS, CaseWork, Standing, said_in_case
from storage.conversation_rows import read_bubble
from storage.counters import next_of
from storage.database import Database
from storage.keys import Keys
from storage.pushes import StoredPushes, Told
from storage.reach import reach_of
from storage.tables import (
    accounts,
    answers,
    conversations,
    mentions,
    messages,
    notes,
    outbox,
    person_keys,
    tasks,
    undo_steps,
)
from storage.tasks import CHANGES, count_of, read_task, task_number
from storage.ways import StoredWays

NOTE: Final = "notes.body"
#: How each act of many is logged.
_LOGGED: Final[dict[BulkAct, str]] = {
    "take": "case_taken",
    "release": "case_released",
    "snooze": "case_snoozed",
    "done": "case_done",
    "reopen": "case_reopened",
}


class StoredCases(Cases):
    """The cases as rows. `due` tells by when HR answers one that is opened again."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        now: Callable[[], datetime],
        due: Due,
        ways: StoredWays,
        pushes: StoredPushes,
    ) -> None:
        self._ways = ways
        self._pushes = pushes
        self._database = database
        self._keys = keys
        self._now = now
        self._due = due
        self._lists = CaseLists(database, keys, now)

    # Lists

    def find(self, search: Search, viewer: Viewer, after: str = "", limit: int = 50) -> Page:
        """A list: the most urgent first; in `done`, and over all boxes, the newest first."""
        return self._lists.find(search, viewer, after, limit)

    def counts(self, viewer: Viewer) -> dict[Box, int]:
        """How many there are in each list."""
        return self._lists.counts(viewer)

    def mentioned(self, viewer: Viewer) -> tuple[CaseLine, ...]:
        """The cases with a note that mentions the viewer, who has not opened them since; the newest first."""
        return self._lists.mentioned(viewer)

    def changed(self, viewer: Viewer, after: int, limit: int = 200) -> tuple[Sequence[CaseLine], int]:
        """The cases that changed after a change, and the last change that is there."""
        return self._lists.changed(viewer, after, limit)

    # One case

    def open(self, number: str, viewer: Viewer) -> Case | None:
        """A case as a whole; None where there is none that the viewer may see. That it was opened is logged."""
        now = self._now()
        with self._database.work() as connection:
            row = self._find(connection, number, viewer)
            if row is None:
                return None
            task = read_task(self._keys, row)
            # Who is named is noted when the case comes in; an account may have got its name later.
            if task.audience in COMPLAINTS and names("\n".join(task.lines), viewer.name):
                return None
            opened = Case(
                line=line_of(row, now),
                task=task,
                conversation=row.conversation,
                notes=self._notes(connection, row.number),
                held_by=_holder(connection, row.conversation),
                reachable=row.conversation is not None,
            )
            self._read_mentions(connection, row.number, viewer, now)
            append(connection, Event("case_opened", events.account(viewer.account), _subjects(row)), now)
        return replace(opened, reach=self._reach(row, now))

    def transcript(self, number: str, viewer: Viewer, after: int = 0) -> tuple[Said, ...]:
        """What the employee wrote to HR since the case was opened, and HR's answers."""
        with self._database.read() as connection:
            row = self._find(connection, number, viewer)
            if row is None or row.conversation is None:
                return ()
            seen = visible(connection, self._keys, viewer)
            query = _SAID.where(*said_in_case(row.conversation, row.opened_at, seen), messages.c.seq > after)
            rows = connection.execute(query).all()
        told = self._pushes.states(row.conversation)
        return tuple(self._said(each, told.get(each.seq)) for each in rows)

    def note(self, number: str, viewer: Viewer, text: str, mentions: Sequence[str] = ()) -> None:
        """Adds a note; mentions of accounts that there are not are left out."""
        now, id, box = self._now(), str(uuid4()), self._keys.box(NOTE)
        with self._database.work() as connection:
            row = self._find(connection, number, viewer, lock=True)
            if row is None:
                raise Collision(None)
            note = {
                "id": id, "task": row.number, "author": viewer.account, "key_id": box.key_id,
                "body": box.seal_json(f"{NOTE}:{id}", text), "at": now,
            }  # fmt: skip
            connection.execute(insert(notes), note)
            _mention(connection, id, mentions)
            connection.execute(
                update(tasks).where(tasks.c.number == row.number).values(change=next_of(connection, CHANGES))
            )
            append(connection, Event("case_noted", events.account(viewer.account), _subjects(row)), now)

    # Acts

    def take(self, number: str, viewer: Viewer) -> None:
        """Takes a case and with it the conversation."""
        with self._one("case_taken", number, viewer) as (work, it):
            work.take(it)

    def take_over(self, number: str, viewer: Viewer, why: str) -> None:
        """Takes a case that somebody else has, with a reason."""
        if not why.strip():
            raise ValueError("taking over needs a reason")
        with self._one("case_taken_over", number, viewer, why) as (work, it):
            work.take_over(it)

    def assign(self, number: str, viewer: Viewer, colleague: Viewer) -> None:
        """Hands a case to a colleague who may see it."""
        with self._one("case_assigned", number, viewer) as (work, it):
            if self._find(work.connection, number, colleague) is None:
                raise NotForThem
            work.assign(it, colleague.account)

    def release(self, number: str, viewer: Viewer) -> None:
        """Puts a case back into the list."""
        with self._one("case_released", number, viewer) as (work, it):
            work.release(it)

    def snooze(self, number: str, viewer: Viewer, until: datetime) -> None:
        """Lays a case aside."""
        with self._one("case_snoozed", number, viewer) as (work, it):
            work.snooze(it, until)

    def finish(self, number: str, viewer: Viewer) -> None:
        """Closes a case."""
        with self._one("case_done", number, viewer) as (work, it):
            work.finish(it)

    def reopen(self, number: str, viewer: Viewer) -> None:
        """Puts a closed case back into the list."""
        with self._one("case_reopened", number, viewer) as (work, it):
            work.reopen(it)

    def say(
        self,
        number: str,
        viewer: Viewer,
        text: str,
        key: str,
        seen: int,
        sources: tuple[dict[str, Any], ...] = (),
    ) -> str:
        """Answers the employee; the id of the message on its way."""
        with self._one("case_answered", number, viewer) as (work, it):
            return work.say(it, Reply(text, sources=sources), key, seen)

    def retry(self, number: str, viewer: Viewer, seq: int) -> bool:
        """Sends an answer that failed once more; whether it had failed."""
        with self._one("case_resent", number, viewer) as (work, it):
            return work.retry(it, seq)

    # Many at once

    def many(
        self, act: BulkAct, numbers: Sequence[str], viewer: Viewer, until: datetime | None = None
    ) -> str:
        """Does the same with many; the id under which it can be undone."""
        if act == "snooze" and until is None:
            raise ValueError("to lay aside needs a moment until which")
        id, counts = str(uuid4()), [count_of(number) for number in dict.fromkeys(numbers)]
        with self._begin(viewer, counts) as work:
            for count in counts:
                _try(work, act, count, until)
            changed = work.keep(_LOGGED[act], events.account(viewer.account))
            steps = [_step(id, it, viewer, self._now()) for it in changed]
            if steps:
                work.connection.execute(insert(undo_steps), steps)
        return id

    def undo(self, id: str, viewer: Viewer) -> int:
        """Undoes what `many` did, where nothing has changed since; with how many."""
        if not _is_id(id):
            return 0
        mine = and_(undo_steps.c.id == id, undo_steps.c.account == viewer.account)
        with self._database.read() as connection:
            numbers = connection.execute(select(undo_steps.c.task).where(mine)).scalars().all()
        with self._begin(viewer, numbers) as work:
            steps = work.connection.execute(
                select(undo_steps, tasks.c.change.label("now_at"))
                .join(tasks, tasks.c.number == undo_steps.c.task)
                .where(mine)
            ).all()
            same = [step for step in steps if step.change == step.now_at]
            count = sum(work.restore(step) for step in same)
            work.connection.execute(delete(undo_steps).where(mine))
            work.keep("cases_undone", events.account(viewer.account))
        return count

    # What it stands on

    @contextmanager
    def _begin(self, viewer: Viewer, numbers: Sequence[int]) -> Iterator[CaseWork]:
        with self._database.work() as connection:
            seen = visible(connection, self._keys, viewer)
            yield CaseWork(connection, self._keys, self._now(), self._due, viewer.account, seen, numbers)

    @contextmanager
    def _one(
        self, act: str, number: str, viewer: Viewer, reason: str = ""
    ) -> Iterator[tuple[CaseWork, Standing]]:
        """A transaction over one case, kept when the block ends."""
        count = count_of(number)
        with self._begin(viewer, [count]) as work:
            yield work, work.the(count)
            work.keep(act, events.account(viewer.account), reason)

    def _find(
        self, connection: Connection, number: str, viewer: Viewer, *, lock: bool = False
    ) -> Row[Any] | None:
        query = select(tasks).where(
            tasks.c.number == count_of(number), visible(connection, self._keys, viewer)
        )
        return connection.execute(query.with_for_update(of=tasks) if lock else query).one_or_none()

    def _notes(self, connection: Connection, number: int) -> tuple[Note, ...]:
        rows = connection.execute(
            select(notes).where(notes.c.task == number).order_by(notes.c.at, notes.c.id)
        ).all()
        asked: dict[str, list[str]] = {row.id: [] for row in rows}
        found = select(mentions.c.note, mentions.c.account).where(mentions.c.note.in_(asked))
        for note, account in connection.execute(found.order_by(mentions.c.account)):
            asked[note].append(account)
        return tuple(
            Note(
                id=row.id,
                author=row.author,
                text=self._keys.box(NOTE, row.key_id).open_json(f"{NOTE}:{row.id}", row.body),
                mentions=tuple(asked[row.id]),
                at=row.at,
            )
            for row in rows
        )

    def _read_mentions(self, connection: Connection, number: int, viewer: Viewer, now: datetime) -> None:
        of_case = select(notes.c.id).where(notes.c.task == number)
        connection.execute(
            update(mentions)
            .where(
                mentions.c.account == viewer.account,
                mentions.c.seen_at.is_(None),
                mentions.c.note.in_(of_case),
            )
            .values(seen_at=now)
        )

    def _reach(self, row: Row[Any], now: datetime) -> AnswerReach | None:
        with self._database.read() as connection:
            query = select(conversations.c.channel).where(conversations.c.id == row.conversation)
            channel = connection.execute(query).scalar_one_or_none()
            if channel is None:
                return None
            here = reach_of(connection, row.conversation, now)
            tied = owner_row(connection, row.conversation)
        instead = None if tied is None else choose(self._ways.of(tied.id), now, (channel,))
        return AnswerReach(
            channel,
            here.open_at(now) and (channel not in ORDER or self._ways.sends_to(channel)),
            here.until,
            here.left,
            bool(here.gone),
            "" if instead is None else instead.channel,
        )

    def _said(self, row: Row[Any], told: Told | None) -> Said:
        box = self._keys.person(row.conversation, row.key_id, row.wrapped)
        shown = read_bubble(box, row.conversation, row.seq, row.body)
        return Said(
            seq=row.seq,
            author=row.author,
            text=shown.text,
            at=row.at,
            delivery=_delivery(row.state),
            reason=row.last_error or "" if row.state in ("failed", "dropped") else "",
            by=row.account,
            told="" if told is None else told.words,
            sources=shown.sources,
        )


_SAID: Final = (
    select(
        messages, outbox.c.state, outbox.c.last_error, answers.c.account,
        person_keys.c.key_id, person_keys.c.wrapped,
    )
    .join(person_keys, person_keys.c.conversation == messages.c.conversation)
    .outerjoin(
        outbox,
        and_(outbox.c.conversation == messages.c.conversation, outbox.c.message == messages.c.seq),
    )
    .outerjoin(
        answers, and_(answers.c.conversation == messages.c.conversation, answers.c.seq == messages.c.seq)
    )
    .order_by(messages.c.seq)
)  # fmt: skip


def _delivery(state: str | None) -> Delivery | None:
    deliveries: dict[str | None, Delivery] = dict.fromkeys(OPEN, "queued")
    return (deliveries | {each: each for each in ("sent", "delivered", "unsure", "failed", "dropped")}).get(
        state
    )


def _subjects(row: Row[Any]) -> tuple[str, ...]:
    number = events.task(task_number(row.number))
    return (number,) if row.employee is None else (number, events.employee(row.employee))


def _holder(connection: Connection, conversation: str | None) -> str | None:
    query = select(conversations.c.held_by).where(conversations.c.id == conversation)
    return connection.execute(query).scalar_one_or_none()


def _mention(connection: Connection, note: str, asked: Sequence[str]) -> None:
    known = connection.execute(
        select(accounts.c.id).where(accounts.c.id.in_([each for each in asked if _is_id(each)]))
    ).scalars()
    rows = [{"note": note, "account": account} for account in known]
    if rows:
        connection.execute(insert(mentions), rows)


def _try(work: CaseWork, act: BulkAct, count: int, until: datetime | None) -> None:
    """One case of many; one that somebody else has is left as it is."""
    try:
        it = work.the(count)
        if act == "snooze" and until is not None:
            work.snooze(it, until)
        elif act != "snooze":
            acts = {"take": work.take, "release": work.release, "done": work.finish, "reopen": work.reopen}
            acts[act](it)
    except Collision:
        return


def _step(id: str, it: Standing, viewer: Viewer, now: datetime) -> dict[str, Any]:
    before = dict(zip(STANDS, it.before, strict=True))
    del before["answered_at"]
    return before | {
        "id": id, "task": it.number, "account": viewer.account, "change": it.change, "at": now,
    }  # fmt: skip


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
