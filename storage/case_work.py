"""One transaction over some cases: their conversations locked, then the cases; changed; then counted and logged.

Whatever is done follows one order, so that nobody waits in a circle: conversations by id, tasks by number, the counter of
changes, the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)

from audit import events
from audit.events import Event
from delivery.messages import Reply
from hr_inbox.cases import Collision
from hr_inbox.task import Due, TaskState, never_due
from storage.audit import append
from storage.case_lists import state_of
from storage.conversation_rows import Opened, lock, say_outside_turn
from storage.counters import next_of
from storage.holding import settle
from storage.keys import Keys
from storage.ratings import ask_rating
from storage.tables import Moment, answers, holdings, messages, outbox, tasks
from storage.tasks import CHANGES, read_task, task_number

#: What of a task is changed by working on it.
STANDS: Final = ("state", "assignee", "snoozed_until", "due_at", "closed_at", "answered_at")


@dataclass(slots=True)
class Standing:
    """How a task stands, to be changed. `seen` tells whether the viewer may see it; `before` is how it stood.

    `touched` is set where something changes that does not show in how it stands.
    """

    number: int
    conversation: str | None
    employee: str | None
    seen: bool
    opened_at: datetime
    state: TaskState
    assignee: str | None
    snoozed_until: datetime | None
    due_at: datetime | None
    closed_at: datetime | None
    answered_at: datetime | None
    before: tuple[Any, ...] = ()
    change: int = 0
    touched: bool = False

    @property
    def stands(self) -> tuple[Any, ...]:
        """What `before` is compared with."""
        return tuple(getattr(self, name) for name in STANDS)

    @property
    def is_changed(self) -> bool:
        """Whether anything is new."""
        return self.touched or self.stands != self.before

    @property
    def subjects(self) -> tuple[str, ...]:
        """Whom it is about, as the log names them."""
        number = events.task(task_number(self.number))
        return (number,) if self.employee is None else (number, events.employee(self.employee))


class CaseWork:
    """What an account does with cases that it may see (`seen`), and with the others of the same conversations."""

    def __init__(
        self,
        connection: Connection,
        keys: Keys,
        now: datetime,
        due: Due,
        me: str,
        seen: ColumnElement[bool],
        numbers: Sequence[int],
    ) -> None:
        self.connection = connection
        self._keys = keys
        self._now = now
        self._due = due
        self._me = me
        self._taken: dict[str, str] = {}
        self._opened: dict[str, Opened] = {}
        self._cases: dict[int, Standing] = {}
        self.asked = frozenset(numbers)
        self._seen = seen
        self._lock()

    def the(self, number: int) -> Standing:
        """A case that was asked for. Raises `Collision` where there is none that the viewer may see."""
        found = self._cases.get(number)
        if found is None or number not in self.asked:
            raise Collision(None)
        return found

    # Acts: each looks before it changes anything, so that one that collides has done nothing.

    def take(self, it: Standing) -> None:
        """Takes a case that nobody has."""
        self._must_be_open(it)
        if it.assignee not in (None, self._me):
            raise Collision(it.assignee)
        speaker = self._speaker(it)
        if speaker not in (None, self._me):
            raise Collision(speaker)
        self._assign(it, None)

    def take_over(self, it: Standing) -> None:
        """Takes a case whoever has it, and what else that one has of the same conversation."""
        self._must_be_open(it)
        self._assign(it, it.assignee or self._speaker(it))

    def assign(self, it: Standing, colleague: str) -> None:
        """Hands it to a colleague."""
        self._must_be_free(it)
        speaker = self._speaker(it)
        if speaker not in (None, self._me, colleague):
            raise Collision(speaker)
        it.state, it.assignee, it.snoozed_until = "taken", colleague, None
        if it.conversation is not None:
            self._taken[it.conversation] = colleague

    def release(self, it: Standing) -> None:
        """Puts it back into the list."""
        self._must_be_free(it)
        it.state, it.assignee, it.snoozed_until = "waiting", None, None

    def snooze(self, it: Standing, until: datetime) -> None:
        """Lays it aside."""
        self._must_be_free(it)
        it.state, it.snoozed_until = "snoozed", until

    def finish(self, it: Standing) -> None:
        """Closes it."""
        self._must_be_free(it)
        it.state, it.assignee, it.closed_at = "done", self._me, self._now
        it.snoozed_until = it.due_at = None

    def reopen(self, it: Standing) -> None:
        """Opens it again; HR owes an answer from now on."""
        if it.state != "done":
            raise Collision(it.assignee)
        it.state, it.assignee, it.closed_at = "waiting", None, None
        opened = self._conversation_of(it)
        if opened is not None:
            row = self.connection.execute(select(tasks).where(tasks.c.number == it.number)).one()
            it.due_at = self._due(read_task(self._keys, row), self._now, opened.channel, self._now)

    def restore(self, before: Row[Any]) -> bool:
        """Has a case stand as it stood before; whether that can be: not where a colleague speaks with the employee now."""
        it = self._cases.get(before.task)
        if it is None:
            return False
        works_again = before.assignee is not None and before.state != "done"
        if works_again and self._speaker(it) not in (None, before.assignee):
            return False
        for name in ("state", "assignee", "snoozed_until", "due_at", "closed_at"):
            setattr(it, name, getattr(before, name))
        return True

    def say(self, it: Standing, reply: Reply, key: str, seen: int) -> str:
        """Answers the employee; the id of the message, the same for the same key."""
        opened = self._reached(it)
        earlier = select(answers.c.outbox).where(
            answers.c.conversation == opened.id, answers.c.account == self._me, answers.c.key == key
        )
        found = self.connection.execute(earlier).scalar_one_or_none()
        if found is not None:
            return str(found)
        self._must_speak(it, opened)
        self._must_have_seen(it, opened, seen)
        queued = say_outside_turn(self.connection, opened, reply, self._now, "hr")
        row = {
            "conversation": opened.id, "seq": opened.last_seq, "account": self._me, "key": key,
            "outbox": queued,
        }  # fmt: skip
        self.connection.execute(insert(answers), row)
        it.answered_at, it.due_at, it.touched = self._now, None, True
        return queued

    def retry(self, it: Standing, seq: int) -> bool:
        """Has an answer that failed sent again; whether it had failed."""
        opened = self._reached(it)
        self._must_speak(it, opened)
        failed = (
            update(outbox)
            .where(
                outbox.c.conversation == opened.id,
                outbox.c.message == seq,
                outbox.c.state == "failed",
                outbox.c.message.in_(select(answers.c.seq).where(answers.c.conversation == opened.id)),
            )
            .values(state="queued", attempts=0, due_at=self._now, last_error=None)
        )
        it.touched = self.connection.execute(failed).rowcount == 1
        return it.touched

    # The end

    def keep(self, act: str, actor: str, reason: str = "") -> tuple[Standing, ...]:
        """Writes what has changed, gives conversations to whom they belong now, and logs it as one event; what changed.

        Of a case that is closed now the employee is asked whether it is solved.
        """
        changed = tuple(it for it in self._cases.values() if it.is_changed)
        for opened in self._opened.values():
            settle(self.connection, opened, self._worked_on(opened.id), self._taken.get(opened.id))
        for it in changed:
            it.change = next_of(self.connection, CHANGES)
            values = dict(zip(STANDS, it.stands, strict=True)) | {"change": it.change}
            if it.answered_at is not None:
                values["first_answered_at"] = func.coalesce(
                    tasks.c.first_answered_at, literal(it.answered_at, Moment)
                )
            self.connection.execute(update(tasks).where(tasks.c.number == it.number).values(**values))
        for it in changed:
            if it.state == "done":
                ask_rating(self.connection, self._keys, task_number(it.number), self._now)
        if changed:
            subjects = tuple(subject for it in changed for subject in it.subjects)
            append(self.connection, Event(act, actor, subjects, reason=reason), self._now, self._keys)
        return changed

    # What it stands on

    def _lock(self) -> None:
        asked = and_(tasks.c.number.in_(self.asked), self._seen)
        query = select(tasks.c.conversation).where(asked, tasks.c.conversation.is_not(None)).distinct()
        for conversation in sorted(self.connection.execute(query).scalars()):
            opened = lock(self.connection, self._keys, conversation)
            if opened is not None:
                self._opened[conversation] = opened
        beside = and_(tasks.c.conversation.in_(self._opened), tasks.c.state != "done")
        rows = self.connection.execute(
            select(tasks, self._seen.label("seen"))
            .where(or_(asked, beside))
            .order_by(tasks.c.number)
            .with_for_update(of=tasks)
        ).all()
        self._cases = {row.number: _standing(row, self._now) for row in rows}

    def _conversation_of(self, it: Standing) -> Opened | None:
        return None if it.conversation is None else self._opened.get(it.conversation)

    def _speaker(self, it: Standing) -> str | None:
        opened = self._conversation_of(it)
        return None if opened is None else opened.held_by

    def _beside(self, it: Standing) -> Iterator[Standing]:
        """The other open cases of its conversation."""
        for each in self._cases.values():
            same = it.conversation is not None and each.conversation == it.conversation
            if same and each is not it and each.state != "done":
                yield each

    def _assign(self, it: Standing, colleague: str | None) -> None:
        it.state, it.assignee, it.snoozed_until = "taken", self._me, None
        if it.conversation is not None:
            self._taken[it.conversation] = self._me
        for each in self._beside(it):
            if each.seen and each.state == "waiting":
                each.state, each.assignee = "taken", self._me
            elif each.seen and each.assignee is not None and each.assignee == colleague:
                each.assignee = self._me

    def _worked_on(self, conversation: str) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for it in self._cases.values():
            if it.conversation == conversation and it.assignee is not None and it.state != "done":
                found.setdefault(it.assignee, []).append(it.number)
        return found

    def _reached(self, it: Standing) -> Opened:
        opened = self._conversation_of(it)
        if opened is None:
            raise Collision(None)
        return opened

    def _must_be_open(self, it: Standing) -> None:
        if it.state == "done":
            raise Collision(None)

    def _must_be_free(self, it: Standing) -> None:
        self._must_be_open(it)
        if it.assignee not in (None, self._me):
            raise Collision(it.assignee)

    def _must_speak(self, it: Standing, opened: Opened) -> None:
        self._must_be_open(it)
        if it.assignee != self._me or opened.held_by != self._me:
            raise Collision(opened.held_by if opened.held_by != self._me else it.assignee)

    def _must_have_seen(self, it: Standing, opened: Opened, seen: int) -> None:
        unseen = (
            select(answers.c.account)
            .join(
                messages,
                and_(messages.c.conversation == answers.c.conversation, messages.c.seq == answers.c.seq),
            )
            .where(
                *said_in_case(opened.id, it.opened_at, self._seen),
                answers.c.seq > seen,
                answers.c.account != self._me,
            )
            .order_by(answers.c.seq.desc())
            .limit(1)
        )
        colleague = self.connection.execute(unseen).scalar_one_or_none()
        if colleague is not None:
            raise Collision(colleague)


def said_in_case(
    conversation: str, opened_at: datetime, seen: ColumnElement[bool]
) -> tuple[ColumnElement[bool], ...]:
    """Which messages belong to a case for somebody who may see the tasks of which `seen` is true.

    Those since it was opened that were said while HR was at work on nothing else than what they may see.
    """
    to_hr = (
        select(holdings.c.version)
        .join(tasks, tasks.c.number == holdings.c.task)
        .where(holdings.c.conversation == conversation)
        .group_by(holdings.c.version)
        .having(func.count() == func.sum(case((seen, 1), else_=0)))
    )
    return (
        messages.c.conversation == conversation,
        messages.c.at >= opened_at,
        messages.c.author != "assistant",
        messages.c.made_for_version.in_(to_hr),
    )


def cases_of(connection: Connection, keys: Keys, account: str, now: datetime) -> CaseWork:
    """The open cases of an account, locked, to be put back; before the account itself is locked, as who takes a case
    needs that last."""
    query = select(tasks.c.number).where(tasks.c.assignee == account, tasks.c.state != "done")
    numbers = connection.execute(query).scalars().all()
    return CaseWork(connection, keys, now, never_due, account, true(), numbers)


def put_back(work: CaseWork, actor: str) -> tuple[str, ...]:
    """Puts cases back into the list, and their conversations to the assistant or to a colleague; their numbers.

    For the transaction that closes an account, before that itself is logged; `actor` is who does it, as the log names
    them.
    """
    for number in work.asked:
        work.release(work.the(number))
    return tuple(task_number(it.number) for it in work.keep("case_released", actor))


def _standing(row: Row[Any], now: datetime) -> Standing:
    stands = {name: getattr(row, name) for name in STANDS}
    it = Standing(row.number, row.conversation, row.employee, bool(row.seen), row.opened_at, **stands)
    it.state = state_of(row, now)
    if it.state != "snoozed":
        it.snoozed_until = None
    it.before = it.stands
    return it
