"""The outbox's rows: leased one at a time, settled, given back when a worker died."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, bindparam, exists, select, update

from delivery.outbox import OPEN, Leased, Outbox, Outcome, overtaken
from delivery.retries import MOST_ATTEMPTS
from storage.conversation_rows import SENDER, WITH_KEY, read_bubble
from storage.database import Database
from storage.keys import Keys
from storage.tables import conversations, messages, outbox, person_keys

_EARLIER: Final = outbox.alias("earlier")
_FIRST_OF_ITS_CONVERSATION: Final = ~exists().where(
    _EARLIER.c.conversation == outbox.c.conversation,
    _EARLIER.c.message < outbox.c.message,
    _EARLIER.c.state.in_(OPEN),
)
_DUE: Final = (
    select(
        outbox,
        messages.c.author,
        messages.c.body,
        conversations.c.sender,
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
_TAKE: Final = update(outbox).where(outbox.c.id == bindparam("due"), outbox.c.state == "queued")
_LEASE: Final = _TAKE.values(
    state="leased",
    token=bindparam("new_token"),
    leased_until=bindparam("until"),
    attempts=outbox.c.attempts + 1,
)
_DROP: Final = _TAKE.values(state="dropped", last_error="taken_over")


class StoredOutbox(Outbox):
    """The rows of every channel."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def lease(
        self, channels: Collection[str], now: datetime, until: datetime, beside: str | None
    ) -> Leased | None:
        """Leases the next row that is due, dropping those that are overtaken; with `beside`, of its conversation."""
        query: Select[Any] = _DUE_ANY if beside is None else _DUE_BESIDE
        parameters: dict[str, Any] = {"now": now, "channels": list(channels)}
        if beside is not None:
            parameters["beside"] = beside
        token = str(uuid4())
        while True:
            with self._database.work() as connection:
                row = connection.execute(query, parameters).one_or_none()
                if row is None:
                    return None
                taken = _take(connection, row, token, until)
            if taken:
                return self._leased(row, token)

    def settle(self, leased: Leased, outcome: Outcome, now: datetime) -> None:
        """Writes down what became of the row, unless its lease has passed to someone else."""
        values: dict[str, Any] = {"state": outcome.state, "token": None, "leased_until": None}
        if outcome.state == "sent":
            values["sent_at"] = now
        else:
            values["last_error"] = outcome.code
        if outcome.due_at is not None:
            values["due_at"] = outcome.due_at
        with self._database.work() as connection:
            connection.execute(
                update(outbox)
                .where(outbox.c.id == leased.id, outbox.c.token == leased.token)
                .values(**values)
            )

    def requeue(self, ran_out_before: datetime) -> int:
        """Gives back the rows whose lease ran out; how many. What was tried too often fails."""
        ran_out = update(outbox).where(outbox.c.state == "leased", outbox.c.leased_until < ran_out_before)
        with self._database.work() as connection:
            connection.execute(
                ran_out.where(outbox.c.attempts >= MOST_ATTEMPTS).values(
                    state="failed", token=None, last_error="lease_ran_out"
                )
            )
            given_back = connection.execute(
                ran_out.values(state="queued", token=None, last_error="lease_ran_out")
            )
        return given_back.rowcount

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

    def _leased(self, row: Row[Any], token: str) -> Leased:
        box = self._keys.person(row.conversation, row.key_id, row.wrapped)
        return Leased(
            id=row.id,
            token=token,
            channel=row.channel,
            recipient=box.open_json(f"{SENDER}:{row.conversation}", row.sender),
            reply=read_bubble(box, row.conversation, row.message, row.body),
            attempts=row.attempts + 1,
        )


def _take(connection: Connection, row: Row[Any], token: str, until: datetime) -> bool:
    """Leases a row that is due, or drops it; whether it is leased. Another worker may have been quicker."""
    if overtaken(row.author, row.made_for_version, row.holder, row.taken_version):
        connection.execute(_DROP, {"due": row.id})
        return False
    return connection.execute(_LEASE, {"due": row.id, "new_token": token, "until": until}).rowcount == 1
