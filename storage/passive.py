"""What goes out inside callbacks: rows of the outbox leased for an answer, and the answer kept until nobody repeats it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal
from uuid import uuid4

from sqlalchemy import Connection, func, select, update

from bot.passive import Carried, Replies, Waiting
from delivery.messages import IncomingMessage
from delivery.outbox import OPEN, overtaken
from delivery.sending import Outgoing
from storage.conversation_rows import Opened, find_sender, read_bubble
from storage.database import DIALECTS, Database, upsert
from storage.inbox import event_key
from storage.keys import Keys
from storage.tables import conversations, inbox, messages, outbox, passive_answers

BODY: Final = "passive_answers.body"
#: More bubbles than one message holds.
MOST: Final = 8

_OPEN_ROWS: Final = (
    select(outbox, messages.c.author, messages.c.body, conversations.c.holder, conversations.c.taken_version)
    .join(messages, (messages.c.conversation == outbox.c.conversation) & (messages.c.seq == outbox.c.message))
    .join(conversations, conversations.c.id == outbox.c.conversation)
    .where(outbox.c.state.in_(OPEN))
    .order_by(outbox.c.message)
    .limit(MOST)
)
_KEEP: Final = {dialect: upsert(dialect, passive_answers).on_conflict_do_nothing() for dialect in DIALECTS}


class StoredReplies(Replies):
    """What waits, over the tables."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def earlier(self, message: IncomingMessage) -> Carried | None:
        """What the same callback was answered with when it came before."""
        key = event_key(self._keys, message)
        with self._database.read() as connection:
            opened = find_sender(connection, self._keys, message.channel, message.sender)
            if opened is None:
                return None
            row = connection.execute(
                select(passive_answers).where(
                    passive_answers.c.key == key, passive_answers.c.conversation == opened.id
                )
            ).one_or_none()
        if row is None:
            return None
        kept = opened.box.open_json(_place(key), row.body)
        return Carried(kept["part"], 0, row.parts, kept["more"])

    def state(self, message: IncomingMessage) -> Literal["not_yet", "ready", "nothing"]:
        """Whether the turn of the message is done, and whether anything waits for its sender then. A message that was never
        stored asks for what waits anyway."""
        with self._database.read() as connection:
            opened = find_sender(connection, self._keys, message.channel, message.sender)
            if opened is None:
                return "nothing"
            own = connection.execute(
                select(inbox.c.state).where(inbox.c.key == event_key(self._keys, message))
            ).scalar_one_or_none()
            if own == "received":
                return "not_yet"
            waits = select(outbox.c.id).where(outbox.c.conversation == opened.id, outbox.c.state.in_(OPEN))
            if connection.execute(waits.limit(1)).first() is not None:
                return "ready"
            under_way = select(inbox.c.key).where(
                inbox.c.conversation == opened.id, inbox.c.state == "received"
            )
            if own is None and connection.execute(under_way.limit(1)).first() is not None:
                return "not_yet"
        return "nothing"

    def lease(self, message: IncomingMessage, until: datetime) -> Waiting | None:
        """What waits for the sender, in order, up to what somebody else is sending; None where that is nothing."""
        token = str(uuid4())
        with self._database.work() as connection:
            opened = find_sender(connection, self._keys, message.channel, message.sender, "lock")
            if opened is None:
                return None
            bubbles = tuple(self._take(connection, opened, token, until))
            if not bubbles:
                return None
            done = connection.execute(
                select(func.max(passive_answers.c.parts)).where(
                    passive_answers.c.conversation == opened.id, passive_answers.c.seq == bubbles[0].seq
                )
            ).scalar_one()
        return Waiting(opened.id, token, bubbles, done or 0)

    def settle(self, message: IncomingMessage, waiting: Waiting, carried: Carried | None) -> tuple[str, ...]:
        """Keeps what the answer carries and gives back the rest; the outbox ids of the rest."""
        now = self._now()
        out = waiting.bubbles[: carried.bubbles] if carried is not None else ()
        with self._database.work() as connection:
            opened = find_sender(connection, self._keys, message.channel, message.sender, "lock")
            if opened is None or opened.id != waiting.conversation:  # erased in between, with all that waited
                return ()
            mine = (outbox.c.conversation == opened.id, outbox.c.token == waiting.token)
            settled: dict[str, Any] = {"token": None, "leased_until": None}
            if carried is not None:
                self._keep(connection, opened, message, waiting, carried)
                connection.execute(
                    update(outbox)
                    .where(*mine, outbox.c.message.in_([each.seq for each in out]))
                    .values(state="sent", sent_at=now, **settled)
                )
            rest = (
                connection.execute(select(outbox.c.id).where(*mine).order_by(outbox.c.message))
                .scalars()
                .all()
            )
            connection.execute(update(outbox).where(*mine).values(state="queued", due_at=now, **settled))
        return tuple(rest)

    def _take(self, connection: Connection, opened: Opened, token: str, until: datetime) -> list[Outgoing]:
        bubbles = []
        for row in connection.execute(_OPEN_ROWS.where(outbox.c.conversation == opened.id)).all():
            if row.state != "queued":
                break
            this = update(outbox).where(outbox.c.id == row.id)
            if overtaken(row.author, row.made_for_version, row.holder, row.taken_version):
                connection.execute(this.values(state="dropped", last_error="taken_over"))
                continue
            connection.execute(this.values(state="leased", token=token, leased_until=until))
            reply = read_bubble(opened.box, opened.id, row.message, row.body)
            bubbles.append(Outgoing(opened.id, row.message, row.author, reply, opened.locale))
        return bubbles

    def _keep(
        self,
        connection: Connection,
        opened: Opened,
        message: IncomingMessage,
        waiting: Waiting,
        carried: Carried,
    ) -> None:
        key = event_key(self._keys, message)
        body = {"part": dict(carried.part), "more": carried.more}
        row = {
            "key": key,
            "conversation": opened.id,
            "seq": waiting.bubbles[0].seq,
            "parts": carried.parts,
            "body": opened.box.seal_json(_place(key), body),
            "at": self._now(),
        }
        connection.execute(_KEEP[self._database.dialect], row)


def _place(key: bytes) -> str:
    return f"{BODY}:{key.hex()}"
