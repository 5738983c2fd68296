"""What did not reach the employee: rows of the outbox that failed, may have failed, or wait for somebody who cannot be
reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from audit import events
from audit.events import Event
from delivery.outbox import overtaken
from hr_inbox.cases import Viewer
from hr_inbox.undelivered import Letter, Resent, Undelivered
from storage.audiences import visible
from storage.audit import append
from storage.conversation_rows import lock
from storage.database import Database, Queued, note_queued
from storage.keys import Keys
from storage.reach import is_open
from storage.tables import bindings, conversations, holdings, messages, outbox, tasks, unreached
from storage.tasks import task_number

#: How long a message waits for an employee who cannot be reached before HR is told.
LONG: Final = timedelta(hours=24)
#: Why a row was dropped that HR gave up. What it was before follows, so that it can come back: `by_hr:failed:45015`.
BY_HR: Final = "by_hr"
#: Why a row waits where nobody was told a reason: the channel's time or number of messages is used up.
WINDOW: Final = "window_closed"

_LONGEST_CODE: Final = 64
_LATER: Final = outbox.alias("later")
_GONE: Final = unreached.alias("gone")
_LETTERS: Final = (
    select(
        outbox,
        messages.c.author,
        messages.c.at,
        conversations.c.holder,
        conversations.c.taken_version,
        _GONE.c.why,
        bindings.c.employee,
    )
    .join(
        messages, and_(messages.c.conversation == outbox.c.conversation, messages.c.seq == outbox.c.message)
    )
    .join(conversations, conversations.c.id == outbox.c.conversation)
    .outerjoin(_GONE, _GONE.c.conversation == outbox.c.conversation)
    .outerjoin(bindings, and_(bindings.c.conversation == outbox.c.conversation, bindings.c.state == "active"))
)
_PLACE: Final = (messages.c.at, outbox.c.message, outbox.c.id)


class StoredUndelivered(Undelivered):
    """What did not arrive, on every channel."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def find(self, viewer: Viewer, after: str, limit: int) -> tuple[Sequence[Letter], str]:
        """A page, the newest first, and what to ask after for more; empty where there are none."""
        with self._database.read() as connection:
            seen = visible(connection, self._keys, viewer)
            query = _LETTERS.where(_lost(self._now()), _theirs(seen))
            last = _place(connection, after)
            if last is not None:
                query = query.where(tuple_(*_PLACE) < last)
            newest = query.order_by(*(each.desc() for each in _PLACE)).limit(limit + 1)
            rows = connection.execute(newest).all()
            cases = _cases(connection, seen, (row.conversation for row in rows))
        letters = [_letter(row, cases.get(row.conversation, ())) for row in rows[:limit]]
        return letters, letters[-1].id if len(rows) > limit else ""

    def count(self, viewer: Viewer) -> int:
        """How many there are."""
        with self._database.read() as connection:
            theirs = _theirs(visible(connection, self._keys, viewer))
            query = _LETTERS.with_only_columns(func.count()).where(_lost(self._now()), theirs)
            return connection.execute(query).scalar_one()

    def resend(self, id: str, viewer: Viewer, *, twice: bool) -> Resent:
        """Has one sent again; `twice` tells whether it may be said twice, without which an unsure one is left."""
        lost = outbox.c.state.in_(("failed", "unsure"))
        with self._one(id, viewer, lost) as it:
            if it is None:
                return "missing"
            row = it.row
            if row.state == "unsure" and not twice:
                return "twice"
            if overtaken(row.author, row.made_for_version, row.holder, row.taken_version):
                return "overtaken"
            it.set(state="queued", attempts=0, due_at=self._now(), last_error=None, **_from_the_start(row))
            it.queue(self._now())
            it.log("message_resent", viewer, self._now(), row.state)
            return "queued" if it.reached(self._now()) else "waiting"

    def give_up(self, id: str, viewer: Viewer) -> bool:
        """Has one not sent any more; whether it was there."""
        with self._one(id, viewer, _lost(self._now())) as it:
            if it is None:
                return False
            was = it.row.state
            why = f"{BY_HR}:{was}:{it.row.last_error or ''}"[:_LONGEST_CODE]
            it.set(state="dropped", last_error=why, due_at=self._now())  # from when on nothing later was sent
            it.log("message_given_up", viewer, self._now(), was)
        return True

    def take_back(self, id: str, viewer: Viewer) -> bool:
        """Undoes `give_up` unless something later in the conversation was sent since then; whether it did."""
        given_up = and_(outbox.c.state == "dropped", outbox.c.last_error.startswith(f"{BY_HR}:"))
        later = select(_LATER.c.id).where(
            _LATER.c.conversation == outbox.c.conversation,
            _LATER.c.message > outbox.c.message,
            or_(_LATER.c.state == "leased", _LATER.c.sent_at > outbox.c.due_at),
        )
        with self._one(id, viewer, and_(given_up, ~later.correlate(outbox).exists())) as it:
            if it is None:
                return False
            _, state, code = it.row.last_error.split(":", 2)
            it.set(state=state, last_error=code or None)
            if state == "queued":
                it.queue(self._now())
            it.log("message_taken_back", viewer, self._now(), state)
        return True

    @contextmanager
    def _one(self, id: str, viewer: Viewer, wanted: ColumnElement[bool]) -> Iterator[_Work | None]:
        """A transaction over one row, whose conversation is locked; None where the viewer has no such row."""
        with self._database.work() as connection:
            of = select(outbox.c.conversation).where(outbox.c.id == id)
            conversation = connection.execute(of).scalar_one_or_none()
            if conversation is None or lock(connection, self._keys, conversation) is None:
                yield None
                return
            seen = visible(connection, self._keys, viewer)
            row = connection.execute(_LETTERS.where(outbox.c.id == id, wanted, _theirs(seen))).one_or_none()
            cases = _cases(connection, seen, (conversation,)).get(conversation, ())
            yield None if row is None else _Work(connection, row, cases)


@dataclass(frozen=True, slots=True)
class _Work:
    """One row that something is done with, and the cases by which the log names it."""

    connection: Connection
    row: Row[Any]
    cases: Sequence[str]

    def set(self, **values: Any) -> None:
        self.connection.execute(update(outbox).where(outbox.c.id == self.row.id).values(**values))

    def queue(self, due_at: datetime) -> None:
        """Has whoever sends told of it."""
        row = self.row
        note_queued(self.connection, [Queued(row.id, row.channel, row.conversation, due_at)])

    def reached(self, now: datetime) -> bool:
        """Whether its channel takes a message now."""
        query = select(outbox.c.id).where(outbox.c.id == self.row.id, _open(now))
        return self.connection.execute(query).first() is not None

    def log(self, act: str, viewer: Viewer, now: datetime, state: str) -> None:
        """Writes the act into the log, with the state that the row had, or has again."""
        subjects = tuple(map(events.task, self.cases))
        if self.row.employee is not None:
            subjects += (events.employee(self.row.employee),)
        told = {"channel": self.row.channel, "state": state}
        append(self.connection, Event(act, events.account(viewer.account), subjects, told), now)


def _lost(now: datetime) -> ColumnElement[bool]:
    """What did not arrive: for good, perhaps, or for long."""
    waits = and_(outbox.c.state == "queued", messages.c.at < now - LONG, ~_open(now))
    return or_(outbox.c.state.in_(("failed", "unsure")), waits)


def _open(now: datetime) -> ColumnElement[bool]:
    return is_open(outbox.c.conversation, outbox.c.channel, now)


def _theirs(seen: ColumnElement[bool]) -> ColumnElement[bool]:
    """What is not of cases alone that somebody may not see, and was not said in one; `seen` tells which tasks they may."""
    cases = select(tasks.c.number).where(tasks.c.conversation == outbox.c.conversation).correlate(outbox)
    said_to_others = (
        select(tasks.c.number)
        .join(holdings, holdings.c.task == tasks.c.number)
        .where(
            holdings.c.conversation == messages.c.conversation,
            holdings.c.version == messages.c.made_for_version,
            ~seen,
        )
        .correlate(messages)
    )
    return and_(or_(~cases.exists(), cases.where(seen).exists()), ~said_to_others.exists())


def _cases(
    connection: Connection, seen: ColumnElement[bool], of: Iterable[str]
) -> Mapping[str, tuple[str, ...]]:
    """The cases of conversations that somebody may see, the newest first."""
    query: Select[Any] = select(tasks.c.conversation, tasks.c.number).where(
        tasks.c.conversation.in_(set(of)), seen
    )
    found: dict[str, tuple[str, ...]] = {}
    for conversation, number in connection.execute(query.order_by(tasks.c.number.desc())):
        found[conversation] = (*found.get(conversation, ()), task_number(number))
    return found


def _letter(row: Row[Any], cases: tuple[str, ...]) -> Letter:
    why = (row.why or WINDOW) if row.state == "queued" else (row.last_error or "")
    return Letter(row.id, row.state, row.channel, row.author, why, row.at, cases, row.employee)


def _from_the_start(row: Row[Any]) -> Mapping[str, int]:
    """What was drawn together with others goes out alone now: the parts that were out are not its own."""
    return {"parts": 0, "together": 1} if row.together > 1 else {}


def _place(connection: Connection, id: str) -> ColumnElement[Any] | None:
    """Where a row stands in the order; None where there is none of that id."""
    try:
        of = _LETTERS.with_only_columns(*_PLACE).where(outbox.c.id == str(UUID(id)))
    except ValueError:
        return None
    row = connection.execute(of).one_or_none()
    if row is None:
        return None
    return tuple_(*(literal(value, each.type) for value, each in zip(row, _PLACE, strict=True)))
