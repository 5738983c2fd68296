"""Events that are stored first and answered by a worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, exists, or_, select, update

from delivery.inbox import Inbox, Taken
from delivery.messages import IncomingMessage
from delivery.retries import MOST_ATTEMPTS
from storage.conversation_rows import Opened, keep_or_open
from storage.database import DIALECTS, Database, upsert
from storage.encryption import Box
from storage.keys import Keys
from storage.reach import LEFT, renew
from storage.tables import inbox, person_keys

KEY: Final = "inbox.key"
BODY: Final = "inbox.body"

_EARLIER: Final = inbox.alias("earlier")
_BEFORE: Final = or_(
    _EARLIER.c.received_at < inbox.c.received_at,
    and_(_EARLIER.c.received_at == inbox.c.received_at, _EARLIER.c.key < inbox.c.key),
)
_FIRST_OF_ITS_CONVERSATION: Final = ~exists().where(
    _EARLIER.c.conversation == inbox.c.conversation, _EARLIER.c.state == "received", _BEFORE
)
_FIRST: Final = (
    select(inbox, person_keys.c.key_id, person_keys.c.wrapped)
    .join(person_keys, person_keys.c.conversation == inbox.c.conversation)
    .where(
        inbox.c.state == "received",
        or_(inbox.c.leased_until.is_(None), inbox.c.leased_until <= bindparam("now")),
        _FIRST_OF_ITS_CONVERSATION,
    )
    .with_for_update(of=inbox, skip_locked=True)
)
_DUE: Final = _FIRST.order_by(inbox.c.received_at).limit(1)
# One row at most, so nothing is sorted: in order of arrival PostgreSQL would go through all that waits to find it.
_DUE_BESIDE: Final = _FIRST.where(inbox.c.conversation == bindparam("conversation"))
_CONVERSATION: Final = select(inbox.c.conversation).where(inbox.c.key == bindparam("beside"))
_STORE: Final = {
    dialect: upsert(dialect, inbox).on_conflict_do_nothing().returning(inbox.c.key) for dialect in DIALECTS
}
_LEASE: Final = (
    update(inbox)
    .where(inbox.c.key == bindparam("taken"))
    .values(attempts=inbox.c.attempts + 1, leased_until=bindparam("until"))
)


class StoredEvents(Inbox):
    """The events that wait, in the order in which they came."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def store(self, message: IncomingMessage) -> str | None:
        """Stores an event before the platform is answered; its id, or None where it came before, or nobody answers it."""
        return self.store_all([message])[0]

    def store_all(self, messages: Sequence[IncomingMessage]) -> list[str | None]:
        """Stores events in the order in which they came, all or none; what `store` gives for each.

        What the employees did counts for how they can be reached from this moment on.
        """
        now, keys = self._now(), [event_key(self._keys, each) for each in messages]
        first = {key: place for place, key in reversed(tuple(enumerate(keys)))}
        with self._database.work() as connection:
            opened = keep_or_open(connection, self._keys, messages, now)
            whose = [opened[each.channel, each.sender] for each in messages]
            rows = [
                # Platforms count whole seconds, in which two messages may have come.
                _row(key, messages[place], whose[place], now + timedelta(microseconds=place))
                for key, place in sorted(first.items())
            ]
            stored = set(connection.execute(_STORE[self._database.dialect], rows).scalars())
            new = [place for place, key in enumerate(keys) if key in stored and first[key] == place]
            renew(
                connection,
                [(whose[place].id, messages[place].channel, messages[place].kind) for place in new],
                now,
            )
        answered = {place for place in new if _is_answered(messages[place])}
        return [key.hex() if place in answered else None for place, key in enumerate(keys)]

    def take_next(self, now: datetime, until: datetime, beside: str | None) -> Taken | None:
        """Leases the next event whose conversation has no earlier one waiting; with `beside`, of its conversation."""
        query: Select[Any] = _DUE if beside is None else _DUE_BESIDE
        parameters: dict[str, Any] = {"now": now}
        with self._database.work() as connection:
            if beside is not None:
                same = connection.execute(_CONVERSATION, {"beside": bytes.fromhex(beside)})
                parameters["conversation"] = same.scalar_one_or_none()
            row = connection.execute(query, parameters).one_or_none()
            if row is None:
                return None
            connection.execute(_LEASE, {"taken": row.key, "until": until})
        box = self._keys.person(row.conversation, row.key_id, row.wrapped)
        return Taken(row.key.hex(), read_event(box, row.key, row.body), row.attempts + 1)

    def put_back(self, taken: Taken, due: datetime | None) -> None:
        """Lets the event be taken again when it is due; None gives it up, so that later ones are answered."""
        values: dict[str, Any] = {"state": "failed"} if due is None else {"leased_until": due}
        with self._database.work() as connection:
            connection.execute(
                update(inbox)
                .where(inbox.c.key == bytes.fromhex(taken.id), inbox.c.state == "received")
                .values(**values)
            )

    def give_up(self, now: datetime) -> int:
        """Gives up the events that were taken too often without coming back: they end the worker that takes them."""
        with self._database.work() as connection:
            given_up = connection.execute(
                update(inbox)
                .where(
                    inbox.c.state == "received",
                    inbox.c.attempts >= MOST_ATTEMPTS,
                    inbox.c.leased_until <= now,
                )
                .values(state="failed")
            )
        return given_up.rowcount


def _is_answered(message: IncomingMessage) -> bool:
    return message.kind != LEFT


def _row(key: bytes, message: IncomingMessage, opened: Opened, arrived: datetime) -> dict[str, Any]:
    answered = _is_answered(message)
    return {
        "key": key,
        "channel": message.channel,
        "conversation": opened.id,
        "state": "received" if answered else "done",
        "body": seal_event(opened.box, key, message) if answered else None,
        "attempts": 0,
        "received_at": arrived,
    }


def event_key(keys: Keys, message: IncomingMessage) -> bytes:
    """What names an event: the same one a second time has the same key, and the key tells nothing about it.

    The sender is part of it: platforms have given one id to messages of several people at once, and nobody must get
    another's replies by guessing an id.
    """
    return keys.index(KEY, message.channel, message.sender, message.key)


def seal_event(box: Box, key: bytes, message: IncomingMessage) -> bytes:
    """An event as it is stored."""
    received_at = message.received_at and message.received_at.isoformat()
    return box.seal_json(f"{BODY}:{key.hex()}", asdict(message) | {"received_at": received_at})


def read_event(box: Box, key: bytes, body: bytes) -> IncomingMessage:
    """The event that `seal_event` sealed. Raises `Unreadable`."""
    data = box.open_json(f"{BODY}:{key.hex()}", body)
    received_at = data.pop("received_at")
    return IncomingMessage(**data, received_at=received_at and datetime.fromisoformat(received_at))
