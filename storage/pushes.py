"""Pushes as rows: each is told by one way after the other, each way once, until one of them works or none is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, and_, exists, or_, select, true, update

from audit.events import Event
from delivery.messages import Reply
from delivery.outbox import OPEN
from delivery.pushes import FRESH, UNDER_WAY, UNFETCHED, WITHOUT_LINK, WORDS, PushKind, PushState, is_day
from delivery.ways import ORDER, WITHOUT_TIE, Way, choose
from hr_inbox.task import PRIORITIES
from locales import SOURCE, speak
from people.employees import wecom_for_search
from storage.audit import append
from storage.bindings import WECOM, tie_by_roster
from storage.conversation_rows import Opened, find_or_open, lock, say_outside_turn
from storage.database import Database, upsert
from storage.employee_rows import read_employee
from storage.keys import Keys
from storage.reach import is_open
from storage.tables import bindings, conversations, employees, messages, outbox, pushes, tasks
from storage.ways import StoredWays

#: The address at which an employee reads a bubble of their conversation, once; empty where there are no such addresses.
Link = Callable[[str, int], str]

URGENT: Final = PRIORITIES["urgent_injury"]
_TARGET: Final = and_(outbox.c.conversation == pushes.c.conversation, outbox.c.message == pushes.c.seq)
_EARLIER: Final = outbox.alias("earlier")
#: Somebody was told of an answer before this one that they have not read yet: they will find this one beside it.
_TOLD_ALREADY: Final = (
    exists()
    .where(
        pushes.c.conversation == outbox.c.conversation,
        pushes.c.state.in_((*UNDER_WAY, "told")),
        _EARLIER.c.conversation == pushes.c.conversation,
        _EARLIER.c.message == pushes.c.seq,
        _EARLIER.c.state.in_((*OPEN, "failed")),
    )
    .correlate(outbox)
)
_URGENT: Final = exists().where(
    tasks.c.conversation == conversations.c.id, tasks.c.priority == URGENT, tasks.c.state != "done"
)


@dataclass(frozen=True, slots=True)
class Told:
    """How a push stands, and by which channels it was tried, with a space between them."""

    state: PushState
    tried: str

    @property
    def words(self) -> str:
        """The channel by which the employee was told; `nowhere` where none was left, empty where it did not come to that.

        >>> Told("on_way", "wecom sms").words, Told("nowhere", "sms").words, Told("waiting", "").words
        ('sms', 'nowhere', '')
        """
        if self.state == "nowhere":
            return "nowhere"
        return self.tried.rpartition(" ")[2]


@dataclass(frozen=True, slots=True)
class _Push:
    """A push as it stands: what became of its last way, and whether nothing waits for the employee any more."""

    id: str
    employee: str
    kind: PushKind
    conversation: str
    seq: int
    tried: tuple[str, ...]
    sent_as: str | None
    sent: str | None
    over: bool


class StoredPushes:
    """Every push. `ways` tells by which ways an employee can be told."""

    def __init__(self, database: Database, keys: Keys, ways: StoredWays, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._ways = ways
        self._now = now

    def push(
        self, employee: str, kind: PushKind, conversation: str, seq: int, *, urgent: bool = False
    ) -> str | None:
        """Has an employee told of a bubble that waits for them, by day unless it is urgent; None where that was asked for
        before."""
        row = {
            "id": str(uuid4()),
            "employee": employee,
            "kind": kind,
            "conversation": conversation,
            "seq": seq,
            "state": "waiting",
            "urgent": urgent,
            "made_at": self._now(),
            "tried": "",
        }
        with self._database.work() as connection:
            new = upsert(connection.dialect.name, pushes).on_conflict_do_nothing().returning(pushes.c.id)
            return connection.execute(new, row).scalar_one_or_none()

    def states(self, conversation: str) -> dict[int, Told]:
        """How it stands with each bubble of a conversation of which the employee was to be told."""
        query = select(pushes.c.seq, pushes.c.state, pushes.c.tried).where(
            pushes.c.conversation == conversation
        )
        with self._database.read() as connection:
            return {row.seq: Told(row.state, row.tried) for row in connection.execute(query)}

    def work(self, link: Link) -> int:
        """Has those told whom HR's answer does not reach, and goes on with what is under way; how many were told by a
        way."""
        for row in self._unreached():
            self.push(row.employee, "answer", row.conversation, row.message, urgent=row.urgent)
        return sum(self._go_on(each, link) for each in self._due())

    def _unreached(self) -> list[Row[Any]]:
        now = self._now()
        there = and_(outbox.c.state.in_(OPEN), outbox.c.channel == "web", outbox.c.due_at <= now - UNFETCHED)
        closed = and_(
            outbox.c.state == "queued",
            outbox.c.channel != "web",
            or_(
                ~is_open(outbox.c.conversation, outbox.c.channel, now),
                outbox.c.channel.in_([each for each in ORDER if not self._ways.sends_to(each)]),
            ),
        )
        query = (
            select(outbox.c.conversation, outbox.c.message, bindings.c.employee, _URGENT.label("urgent"))
            .join(
                messages,
                and_(messages.c.conversation == outbox.c.conversation, messages.c.seq == outbox.c.message),
            )
            .join(conversations, conversations.c.id == outbox.c.conversation)
            .join(bindings, and_(bindings.c.conversation == conversations.c.id, bindings.c.state == "active"))
            .where(
                messages.c.author == "hr",
                messages.c.at > now - FRESH,
                or_(there, closed, outbox.c.state == "failed"),
                ~_TOLD_ALREADY,
                ~exists().where(_TARGET).correlate(outbox),
            )
            .order_by(outbox.c.message)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        first = {row.conversation: row for row in reversed(rows)}  # of several the first one tells of all
        return list(first.values())

    def _due(self) -> list[_Push]:
        sent = outbox.alias("sent")
        now_or_urgent = true() if is_day(self._now()) else pushes.c.urgent
        query = (
            select(
                pushes, outbox.c.state.label("target"), sent.c.state.label("sent"), conversations.c.seen_at
            )
            .join(conversations, conversations.c.id == pushes.c.conversation)
            .outerjoin(outbox, _TARGET)
            .outerjoin(sent, sent.c.id == pushes.c.sent_as)
            .where(pushes.c.state.in_(UNDER_WAY), now_or_urgent)
            .order_by(pushes.c.made_at, pushes.c.id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            _Push(
                row.id,
                row.employee,
                row.kind,
                row.conversation,
                row.seq,
                tuple(row.tried.split()),
                row.sent_as,
                row.sent,
                over=row.target not in (*OPEN, "failed")
                or (row.seen_at is not None and row.seen_at > row.made_at),
            )
            for row in rows
        ]

    def _go_on(self, it: _Push, link: Link) -> bool:
        """The next step of a push; whether it was told by a way."""
        if it.over:
            self._end(it, "over")
            return False
        ways = self._ways.of(it.employee)
        if it.sent in OPEN and self._still_open(it, ways):
            return False
        if it.sent in ("sent", "delivered", "unsure"):
            self._end(it, "told")
            return False
        way = choose(ways, self._now(), (*it.tried, self._own_channel(it, ways)))
        if way is None:
            self._end(it, "nowhere")
            return False
        address = link(it.conversation, it.seq)
        with self._database.work() as connection:
            return self._tell(connection, it, way, address)

    def _still_open(self, it: _Push, ways: tuple[Way, ...]) -> bool:
        """Whether what was queued for the last way can still go out by it."""
        return any(each.channel == it.tried[-1] and each.reach.open_at(self._now()) for each in ways)

    def _own_channel(self, it: _Push, ways: tuple[Way, ...]) -> str:
        """The channel in which the bubble itself waits: there is no second message about it."""
        return next((each.channel for each in ways if each.conversation == it.conversation), "")

    def _tell(self, connection: Connection, it: _Push, way: Way, address: str) -> bool:
        opened, ties = open_way(connection, self._keys, it.employee, way, self._now())
        if opened is None or not self._takes_next(connection, it, way.channel):
            return False
        say = speak(opened.locale)
        text = say(WORDS[it.kind], link=address) if address else say(WITHOUT_LINK[it.kind])
        queued = say_outside_turn(connection, opened, Reply(text, neutral=True), self._now())
        connection.execute(update(pushes).where(pushes.c.id == it.id).values(sent_as=queued))
        for tie in ties:
            append(connection, tie, self._now())
        return True

    def _takes_next(self, connection: Connection, it: _Push, channel: str) -> bool:
        """Whether this worker is the one who takes the next way; what was queued for the last one is taken back."""
        tried = " ".join(it.tried)
        mine = and_(pushes.c.id == it.id, pushes.c.tried == tried, pushes.c.state.in_(UNDER_WAY))
        taken = connection.execute(
            update(pushes).where(mine).values(state="on_way", tried=f"{tried} {channel}".strip())
        )
        if taken.rowcount == 1:
            _take_back(connection, it.sent_as)
        return taken.rowcount == 1

    def _end(self, it: _Push, state: PushState) -> None:
        with self._database.work() as connection:
            connection.execute(
                update(pushes).where(pushes.c.id == it.id, pushes.c.state.in_(UNDER_WAY)).values(state=state)
            )
            if state == "over":
                _take_back(connection, it.sent_as)


def _take_back(connection: Connection, queued: str | None) -> None:
    """Has a line not go out that is queued and not needed any more."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == queued, outbox.c.state == "queued")
        .values(state="dropped", last_error="not_needed")
    )


def open_way(
    connection: Connection, keys: Keys, employee: str, way: Way, now: datetime
) -> tuple[Opened | None, tuple[Event, ...]]:
    """The conversation of a way, locked; opened where the roster alone knows the way. None where it is gone. The events are
    for the log, as the last thing of the transaction."""
    if way.channel in WITHOUT_TIE:
        return find_or_open(connection, keys, way.channel, employee, SOURCE, now), ()
    if way.conversation is not None:
        return lock(connection, keys, way.conversation), ()
    row = connection.execute(select(employees).where(employees.c.id == employee)).one_or_none()
    account = "" if row is None else wecom_for_search(read_employee(keys, row).wecom_id)
    if not account:
        return None, ()
    opened = find_or_open(connection, keys, WECOM, account, SOURCE, now)
    return opened, tie_by_roster(connection, keys, opened, account, now)
