"""The transaction of one turn: the message's key is claimed, the conversation locked, everything kept or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update

from audit.case_chain import CaseEvent
from audit.events import EMPLOYEE, Event
from bot.receiving import Kept, Said, Work
from delivery.messages import Button, IncomingMessage, Reply
from delivery.outbox import MISSING
from delivery.transcript import Author
from hr_inbox.service_clock import CHINA
from hr_inbox.task import Due
from locales import N_, speak
from notices.notice import READABLE
from notices.telling import telling
from storage.audit import append
from storage.bindings import act_on, tie_by_roster, untie
from storage.case_log import add_event
from storage.conversation_rows import STATE, Opened, add_bubbles, find_or_open, read_bubble
from storage.database import DIALECTS, upsert
from storage.erasing import begin_anew
from storage.errors import StorageError
from storage.holding import concerned, laid_aside_until, mark
from storage.inbox import event_key
from storage.keys import Keys
from storage.notice_desk import new_link
from storage.notice_rows import lock_notice
from storage.own_acts import do
from storage.ratings import asked_cases, keep_ratings, reopen
from storage.reach import renew
from storage.tables import conversations, inbox, messages, person_keys
from storage.tasks import open_task
from storage.unanswered import count_unanswered

#: How long replies that somebody waits for are left to whoever fetches them.
AWAITED: Final = timedelta(seconds=6)
LAID_ASIDE: Final = N_("（自动回复）人事把这件事放到 {day} 再办。你刚写的已经转给人事，人事会来回你。")

# One statement on the unique key: it either takes the key, or waits for whoever is taking it and says how that ended.
_CLAIM: Final = {
    dialect: upsert(dialect, inbox)
    .on_conflict_do_update(index_elements=["key"], set_={"channel": inbox.c.channel})
    .returning(inbox.c.state, inbox.c.body)
    for dialect in DIALECTS
}
_EARLIER: Final = (
    select(messages, person_keys.c.key_id, person_keys.c.wrapped)
    .join(inbox, inbox.c.conversation == messages.c.conversation)
    .join(person_keys, person_keys.c.conversation == messages.c.conversation)
    .where(
        inbox.c.key == bindparam("claimed"),
        messages.c.seq.between(inbox.c.first_seq, inbox.c.last_seq),
        messages.c.author == "assistant",
    )
    .order_by(messages.c.seq)
)
_STATE: Final = (
    update(conversations)
    .where(conversations.c.id == bindparam("opened"), conversations.c.version == bindparam("read_version"))
    .values(
        version=bindparam("new_version"),
        state=bindparam("new_state"),
        locale=bindparam("new_locale"),
        last_seq=bindparam("new_seq"),
        seen_at=bindparam("now"),
    )
)
_HELD: Final = (
    update(conversations)
    .where(conversations.c.id == bindparam("opened"))
    .values(last_seq=bindparam("new_seq"), seen_at=bindparam("now"))
)
_DONE: Final = (
    update(inbox)
    .where(inbox.c.key == bindparam("claimed"))
    .values(
        state="done",
        body=None,
        leased_until=None,
        conversation=bindparam("opened"),
        first_seq=bindparam("first"),
        last_seq=bindparam("last"),
    )
)


class Turn(Work):
    """One turn over one connection. `erased` are the conversations that the turn erased; `address` is where the pages are."""

    def __init__(
        self, connection: Connection, keys: Keys, now: datetime, due: Due, address: str = ""
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._now = now
        self._due = due
        self._address = address
        self._locked: dict[tuple[str, str], Opened] = {}
        self.erased: list[tuple[str, datetime]] = []

    def claim(self, message: IncomingMessage) -> bool:
        """Whether this message is new, or stored and not yet answered; from now on its key is taken."""
        # The conversation before the key, as in erasing: in two orders they would wait for each other.
        opened = self._lock(message)
        row = {
            "key": event_key(self._keys, message),
            "channel": message.channel,
            "state": "received",
            "attempts": 0,
            "received_at": self._now,
        }
        claimed = self._connection.execute(_CLAIM[self._connection.dialect.name], row).one()
        if claimed.state == "received" and claimed.body is None and not message.awaited:
            renew(self._connection, [(opened.id, message.channel, message.kind)], self._now)
        return bool(claimed.state != "done")

    def earlier(self, message: IncomingMessage) -> tuple[Reply, ...]:
        """What was replied to the message when it came for the first time; nothing once that is erased."""
        rows = self._connection.execute(_EARLIER, {"claimed": event_key(self._keys, message)}).all()
        if not rows:
            return ()
        first = rows[0]
        box = self._keys.person(first.conversation, first.key_id, first.wrapped)
        return tuple(read_bubble(box, row.conversation, row.seq, row.body) for row in rows)

    def conversation(self, message: IncomingMessage) -> Kept:
        """The sender's conversation, locked until the transaction ends; opened where there is none."""
        opened = self._lock(message)
        return replace(kept_as(opened), asked=asked_cases(self._connection, opened.id, opened.seen_at))

    def tapped(self, kept: Kept, seq: int, index: int) -> Button | None:
        """A button by its place; None where there is none."""
        replies = self._bubbles(kept, messages.c.seq == seq, messages.c.author != "employee")
        buttons = replies[0].buttons if replies else ()
        return buttons[index] if index < len(buttons) else None

    def last_said(self, kept: Kept) -> tuple[Reply, ...]:
        """What was said to the employee since they wrote last, but for the line that something may be missing."""
        asked = (
            select(func.max(messages.c.seq))
            .where(messages.c.conversation == kept.id, messages.c.author == "employee")
            .scalar_subquery()
        )
        missing = speak(kept.locale)(MISSING)
        said = self._bubbles(kept, messages.c.seq > func.coalesce(asked, 0))
        return tuple(reply for reply in said if reply.text != missing)

    def keep(self, kept: Kept, message: IncomingMessage, said: Said) -> tuple[str, ...]:
        """Stores the turn: state under the next version, messages, outbox rows, tasks, counts. The tasks' numbers.

        A tie to an employee is made or ended with it. An employee who asks to be erased is erased first; of this turn
        only the replies stay.
        """
        opened = self._lock(message)
        bubbles: list[tuple[Author, Reply]] = [("assistant", reply) for reply in said.replies]
        acted: tuple[Event, ...] = ()
        if said.erase:
            acted = untie(self._connection, opened.id, self._now)
            self.erased.append((opened.id, self._now))
            opened = begin_anew(self._connection, self._keys, opened, message, self._now)
        else:
            bubbles.insert(0, ("employee", Reply(message.text)))
            acted = tie_by_roster(self._connection, self._keys, opened, message.sender, self._now)
        if said.notice:
            bubbles += self._link(opened, said, opened.last_seq + len(bubbles) + 1)
        version, first = kept.version + 1, opened.last_seq + 1
        due_at = self._now + AWAITED if message.awaited else None
        add_bubbles(self._connection, opened, bubbles, version, self._now, due_at)
        changed = self._connection.execute(
            _STATE,
            {
                "opened": opened.id,
                "read_version": kept.version,
                "new_version": version,
                "new_state": opened.box.seal_json(f"{STATE}:{opened.id}", said.state),
                "new_locale": said.locale or message.locale,
                "new_seq": opened.last_seq,
                "now": self._now,
            },
        )
        if changed.rowcount != 1:
            raise StorageError("the conversation has moved on since it was read")
        self._done(opened, message, first)
        rows = concerned(self._connection, opened)
        count_unanswered(self._connection, said.unanswered, self._now)
        if said.binding is not None:
            acted += act_on(self._connection, self._keys, opened, said.binding, self._now)
        acted += do(self._connection, self._keys, opened.id, said.acts, self._now)
        keep_ratings(self._connection, kept.id, said.ratings, self._now)
        numbers = tuple(
            open_task(self._connection, self._keys, opened, task, self._now, self._due) for task in said.tasks
        )
        mark(self._connection, self._keys, opened, rows, self._now, self._due)
        acted += reopen(self._connection, self._keys, opened, said.reopened, self._now, self._due)
        for event in acted:
            append(self._connection, event, self._now)
        return numbers

    def _link(self, opened: Opened, said: Said, seq: int) -> list[tuple[Author, Reply]]:
        """The link to a notice as the bubble of that number; nothing where it can no longer be read. What is said after it may
        go with the answer."""
        notice = lock_notice(self._connection, said.notice)
        if notice is None or notice.state not in READABLE:
            return []
        token = new_link(self._connection, self._keys, notice.id, opened.channel, opened.id, self._now)
        add_event(
            self._connection,
            self._keys,
            notice.id,
            CaseEvent("asked_for", EMPLOYEE, {"channel": opened.channel, "seq": seq}),
            self._now,
        )
        say = speak(said.locale or opened.locale)
        return [("assistant", telling("asked", opened.channel, self._address, token, say))]

    def hold(self, kept: Kept, message: IncomingMessage) -> None:
        """Stores a message for the person who holds the conversation; the assistant stays silent.

        Whoever writes while that person has laid the case aside is told until when, once: the message brings the case back.
        It is said in HR's name, as nothing of the assistant's goes out while a person holds the conversation.
        """
        opened = self._lock(message)
        first = opened.last_seq + 1
        bubbles: list[tuple[Author, Reply]] = [("employee", Reply(message.text))]
        rows = concerned(self._connection, opened)
        if (until := laid_aside_until(opened, rows, self._now)) is not None:
            day = until.astimezone(CHINA).date().isoformat()
            bubbles.append(("hr", Reply(speak(opened.locale)(LAID_ASIDE, day=day))))
        add_bubbles(self._connection, opened, bubbles, kept.version, self._now)
        parameters = {"opened": opened.id, "new_seq": opened.last_seq, "now": self._now}
        self._connection.execute(_HELD, parameters)
        self._done(opened, message, first)
        acted = tie_by_roster(self._connection, self._keys, opened, message.sender, self._now)
        mark(self._connection, self._keys, opened, rows, self._now, self._due)
        for event in acted:
            append(self._connection, event, self._now)

    def _bubbles(self, kept: Kept, *which: ColumnElement[bool]) -> tuple[Reply, ...]:
        box = next(opened.box for opened in self._locked.values() if opened.id == kept.id)
        query = select(messages.c.seq, messages.c.body).where(messages.c.conversation == kept.id, *which)
        rows = self._connection.execute(query.order_by(messages.c.seq)).all()
        return tuple(read_bubble(box, kept.id, row.seq, row.body) for row in rows)

    def _lock(self, message: IncomingMessage) -> Opened:
        sender = (message.channel, message.sender)
        if sender not in self._locked:
            self._locked[sender] = find_or_open(
                self._connection, self._keys, *sender, message.locale, self._now
            )
        return self._locked[sender]

    def _done(self, opened: Opened, message: IncomingMessage, first: int) -> None:
        parameters = {
            "claimed": event_key(self._keys, message),
            "opened": opened.id,
            "first": first,
            "last": opened.last_seq,
        }
        self._connection.execute(_DONE, parameters)


def kept_as(opened: Opened) -> Kept:
    """A conversation's row as the dialogue gets it."""
    sealed = opened.state
    return Kept(
        id=opened.id,
        version=opened.version,
        holder=opened.holder,
        locale=opened.locale,
        state=None if sealed is None else opened.box.open_json(f"{STATE}:{opened.id}", sealed),
        seen_at=opened.seen_at,
    )
