"""The outbox's rows: leased one at a time, or several together where few messages are left; settled; given back when a
worker died."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, bindparam, exists, select, update

from delivery.messages import Reply
from delivery.outbox import MISSING, OPEN, Leased, Outbox, Outcome, overtaken
from delivery.reach import LOW
from delivery.retries import MOST_ATTEMPTS
from delivery.sending import Outgoing
from locales import speak
from storage.conversation_rows import SENDER, WITH_KEY, Opened, lock, read_bubble, say_outside_turn
from storage.database import Database
from storage.keys import Keys
from storage.reach import close, is_open, left, spend
from storage.tables import conversations, messages, outbox, person_keys

#: Rows that go out together, at most.
MOST_TOGETHER: Final = 8

_EARLIER: Final = outbox.alias("earlier")
_FIRST_OF_ITS_CONVERSATION: Final = ~exists().where(
    _EARLIER.c.conversation == outbox.c.conversation,
    _EARLIER.c.message < outbox.c.message,
    _EARLIER.c.state.in_(OPEN),
)
_BUBBLES: Final = outbox.join(
    messages, (messages.c.conversation == outbox.c.conversation) & (messages.c.seq == outbox.c.message)
)
_DUE: Final = (
    select(
        outbox,
        messages.c.author,
        messages.c.body,
        conversations.c.sender,
        conversations.c.locale,
        conversations.c.holder,
        conversations.c.taken_version,
        person_keys.c.key_id,
        person_keys.c.wrapped,
    )
    .select_from(
        WITH_KEY.join(outbox, outbox.c.conversation == conversations.c.id).join(
            messages,
            (messages.c.conversation == outbox.c.conversation) & (messages.c.seq == outbox.c.message),
        )
    )
    .where(
        outbox.c.state == "queued",
        outbox.c.due_at <= bindparam("now"),
        outbox.c.channel.in_(bindparam("channels", expanding=True)),
        _FIRST_OF_ITS_CONVERSATION,
        is_open(outbox.c.conversation, outbox.c.channel, bindparam("now")),
    )
    .order_by(outbox.c.due_at, outbox.c.message)
    .limit(1)
)
# The conversation is locked and not the row: a person who takes over waits for the lease, or the lease for the person,
# so that nothing is leased after a take-over; and what locks both always locks the conversation first.
_DUE_ANY: Final = _DUE.with_for_update(of=conversations, key_share=True, skip_locked=True)
_SAME: Final = outbox.alias("same")
_DUE_BESIDE: Final = _DUE.where(
    outbox.c.conversation
    == select(_SAME.c.conversation).where(_SAME.c.id == bindparam("beside")).scalar_subquery()
).with_for_update(of=conversations, key_share=True)
_NEXT: Final = (
    select(outbox.c.id, outbox.c.state, outbox.c.due_at, outbox.c.message, messages.c.author, messages.c.body)
    .select_from(_BUBBLES)
    .where(
        outbox.c.conversation == bindparam("of"),
        outbox.c.message >= bindparam("first"),
        outbox.c.state.in_(OPEN),
    )
    .order_by(outbox.c.message)
    .limit(MOST_TOGETHER)
)
_LEASE: Final = (
    update(outbox)
    .where(outbox.c.id.in_(bindparam("due", expanding=True)), outbox.c.state == "queued")
    .values(
        state="leased",
        token=bindparam("new_token"),
        leased_until=bindparam("until"),
        attempts=outbox.c.attempts + 1,
        begun=False,
    )
)
_DROP: Final = (
    update(outbox)
    .where(outbox.c.id == bindparam("due"), outbox.c.state == "queued")
    .values(state="dropped", last_error="taken_over")
)
_MINE: Final = (
    select(
        outbox.c.conversation,
        outbox.c.made_for_version,
        messages.c.author,
        conversations.c.holder,
        conversations.c.taken_version,
    )
    .select_from(_BUBBLES.join(conversations, conversations.c.id == outbox.c.conversation))
    .where(outbox.c.token == bindparam("mine"))
    .with_for_update(of=conversations, key_share=True)
)


class StoredOutbox(Outbox):
    """The rows of every channel."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def lease(
        self, channels: Collection[str], now: datetime, until: datetime, beside: str | None
    ) -> Leased | None:
        """Leases what goes out next, dropping what is overtaken; with `beside`, of its conversation."""
        query: Select[Any] = _DUE_ANY if beside is None else _DUE_BESIDE
        parameters: dict[str, Any] = {"now": now, "channels": list(channels)}
        if beside is not None:
            parameters["beside"] = beside
        while True:
            with self._database.work() as connection:
                row = connection.execute(query, parameters).one_or_none()
                if row is None:
                    return None
                leased = self._take(connection, row, now, until)
            if leased is not None:
                return leased

    def begin(self, leased: Leased, done: int) -> bool:
        """Notes that so many parts are out and the next is about to be; whether it may: not after a take-over, and not
        where the lease has passed to someone else."""
        with self._database.work() as connection:
            rows = connection.execute(_MINE, {"mine": leased.token}).all()
            if len(rows) != len(leased.ids):
                return False
            if any(
                overtaken(row.author, row.made_for_version, row.holder, row.taken_version) for row in rows
            ):
                return False
            if done > leased.done:
                spend(connection, rows[0].conversation, leased.channel, self._now())
            connection.execute(
                update(outbox).where(outbox.c.token == leased.token).values(parts=done, begun=True)
            )
        return True

    def settle(self, leased: Leased, outcome: Outcome, now: datetime) -> None:
        """Writes down what became of the rows, unless their lease has passed to someone else."""
        conversation = leased.bubbles[0].conversation
        values: dict[str, Any] = {
            "state": outcome.state,
            "token": None,
            "leased_until": None,
            "begun": False,
            "parts": outcome.done,
            "together": len(leased.ids),
        }
        if outcome.state == "sent":
            values["sent_at"] = now
        else:
            values["last_error"] = outcome.code
        if outcome.due_at is not None:
            values["due_at"] = outcome.due_at
        if outcome.closed:
            values["attempts"] = 0  # waiting for the employee is no failure
        with self._database.work() as connection:
            opened = lock(connection, self._keys, conversation)
            changed = connection.execute(
                update(outbox).where(outbox.c.token == leased.token).values(**values)
            )
            if opened is None or not changed.rowcount:
                return
            if outcome.state == "unsure" or (outcome.state == "sent" and outcome.done > leased.done):
                spend(connection, conversation, leased.channel, now)
            if outcome.closed:
                close(connection, conversation, outcome.code, now)
            if outcome.state == "unsure":
                _tell_missing(connection, opened, [each.reply for each in leased.bubbles], now)

    def requeue(self, ran_out_before: datetime, repeatable: Collection[str]) -> int:
        """Gives back the rows whose lease ran out; how many. What was tried too often fails, and what may have arrived is
        `unsure` unless its channel is one of those that recognise what they are sent twice."""
        lost = (outbox.c.state == "leased", outbox.c.leased_until < ran_out_before)
        with self._database.read() as connection:
            concerned = (
                connection.execute(select(outbox.c.conversation).where(*lost).distinct()).scalars().all()
            )
        return sum(
            self._give_back(conversation, ran_out_before, repeatable) for conversation in sorted(concerned)
        )

    def acknowledge(self, conversation: str, seq: int) -> None:
        """The browser has fetched every bubble up to this one: what a channel is pulled for counts as delivered."""
        fetched = (
            outbox.c.conversation == conversation,
            outbox.c.message <= seq,
            outbox.c.state.in_((*OPEN, "sent")),
        )
        with self._database.read() as connection:  # most polls bring nothing, and need no writer
            if connection.execute(select(outbox.c.id).where(*fetched).limit(1)).first() is None:
                return
        with self._database.work() as connection:
            connection.execute(update(outbox).where(*fetched).values(state="delivered", sent_at=self._now()))

    def _take(self, connection: Connection, row: Row[Any], now: datetime, until: datetime) -> Leased | None:
        """Leases a row that is due with those that go out together with it, or drops it where it is overtaken."""
        if overtaken(row.author, row.made_for_version, row.holder, row.taken_version):
            connection.execute(_DROP, {"due": row.id})
            return None
        rows = self._together(connection, row, now)
        token, ids = str(uuid4()), [each.id for each in rows]
        leased = connection.execute(_LEASE, {"due": ids, "new_token": token, "until": until})
        if leased.rowcount != len(ids):  # another worker was quicker, where the conversation is not locked
            connection.execute(
                update(outbox).where(outbox.c.token == token).values(state="queued", token=None)
            )
            return None
        box = self._keys.person(row.conversation, row.key_id, row.wrapped)
        return Leased(
            ids=tuple(ids),
            token=token,
            channel=row.channel,
            recipient=box.open_json(f"{SENDER}:{row.conversation}", row.sender),
            bubbles=tuple(
                Outgoing(
                    row.conversation,
                    each.message,
                    each.author,
                    read_bubble(box, row.conversation, each.message, each.body),
                    row.locale,
                )
                for each in rows
            ),
            attempts=row.attempts + 1,
            done=row.parts,
        )

    def _together(self, connection: Connection, row: Row[Any], now: datetime) -> Sequence[Any]:
        """The row, with those after it that go out together with it: where it was begun so, or few messages are left."""
        following = connection.execute(_NEXT, {"of": row.conversation, "first": row.message}).all()
        if row.parts:
            return following[: row.together]
        messages_left = left(connection, row.conversation, row.channel, now)
        if messages_left is None or messages_left > LOW:
            return following[:1]
        many = next(
            (
                count
                for count, each in enumerate(following)
                if each.state != "queued" or each.due_at > now or each.author != row.author
            ),
            len(following),
        )
        return following[:many]

    def _give_back(self, conversation: str, ran_out_before: datetime, repeatable: Collection[str]) -> int:
        now = self._now()
        with self._database.work() as connection:
            opened = lock(connection, self._keys, conversation)
            lost = (
                outbox.c.conversation == conversation,
                outbox.c.state == "leased",
                outbox.c.leased_until < ran_out_before,
            )
            rows = connection.execute(
                select(outbox, messages.c.body).select_from(_BUBBLES).where(*lost).order_by(outbox.c.message)
            ).all()
            if opened is None or not rows:
                return 0
            values: dict[str, Any] = {"token": None, "last_error": "lease_ran_out", "begun": False}
            if rows[0].begun and rows[0].channel not in repeatable:
                values["state"] = "unsure"
                spend(connection, conversation, rows[0].channel, now)
                bubbles = [read_bubble(opened.box, conversation, row.message, row.body) for row in rows]
                _tell_missing(connection, opened, bubbles, now)
            else:
                values["state"] = "failed" if rows[0].attempts >= MOST_ATTEMPTS else "queued"
            connection.execute(update(outbox).where(*lost).values(**values))
        return len(rows) if values["state"] == "queued" else 0


def _tell_missing(connection: Connection, opened: Opened, bubbles: Sequence[Reply], now: datetime) -> None:
    """Tells the employee that a message may be missing; of that line itself nothing is told."""
    line = Reply(speak(opened.locale)(MISSING), neutral=True)
    if line in bubbles:
        return
    say_outside_turn(connection, opened, line, now)
