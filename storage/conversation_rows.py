"""A conversation's rows: found or opened, locked, and added to. What every store of conversations does the same way."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from delivery.messages import IncomingMessage, Reply
from delivery.transcript import Author
from storage.database import DIALECTS, Queued, note_queued, upsert
from storage.encryption import KEY_BYTES, PERSON, Box
from storage.keys import Keys
from storage.tables import conversations, messages, outbox, person_keys

SENDER: Final = "conversations.sender"
STATE: Final = "conversations.state"
BODY: Final = "messages.body"

#: A conversation with the key of the person whose it is.
WITH_KEY: Final = conversations.join(person_keys, person_keys.c.conversation == conversations.c.id)
_FIND: Final = select(conversations, person_keys.c.key_id, person_keys.c.wrapped).select_from(WITH_KEY)
_BY_SENDER: Final = _FIND.where(
    conversations.c.channel == bindparam("channel"),
    conversations.c.sender_index == bindparam("sender_index"),
)


def _locking(find: Select[Any], *, shared: bool = False) -> Select[Any]:
    # What refers to a conversation may be added while it is locked: an event is stored while a turn is running.
    return find.with_for_update(read=shared, key_share=True, of=conversations)


#: How a conversation is looked up: only read, or locked until the transaction ends.
Hold = Literal["read", "lock"]
_SENDERS: Final = {
    "read": _BY_SENDER,
    "lock": _locking(_BY_SENDER),
}
#: Those of several senders, kept from disappearing.
_KEEP: Final = _locking(
    _FIND.where(
        conversations.c.channel.in_(bindparam("channels", expanding=True)),
        conversations.c.sender_index.in_(bindparam("indexes", expanding=True)),
    ),
    shared=True,
)
_LOCK: Final = _locking(_FIND.where(conversations.c.id == bindparam("id")))
_OPEN: Final = {
    dialect: upsert(dialect, conversations).on_conflict_do_nothing().returning(conversations.c.id)
    for dialect in DIALECTS
}


@dataclass(slots=True)
class Opened:
    """A conversation's row with the box that opens what is sealed in it. `last_seq` counts on with every bubble."""

    id: str
    channel: str
    locale: str
    version: int
    holder: Literal["assistant", "person"]
    held_by: str | None
    last_seq: int
    state: bytes | None = field(repr=False)
    seen_at: datetime | None
    box: Box


def find_sender(
    connection: Connection, keys: Keys, channel: str, sender: str, hold: Hold = "read"
) -> Opened | None:
    """The conversation of a sender; None where there is none."""
    parameters = {"channel": channel, "sender_index": sender_index(keys, channel, sender)}
    row = connection.execute(_SENDERS[hold], parameters).one_or_none()
    return None if row is None else _opened(keys, row)


def lock(connection: Connection, keys: Keys, conversation: str) -> Opened | None:
    """A conversation by its id, locked until the transaction ends; None where there is none."""
    row = connection.execute(_LOCK, {"id": conversation}).one_or_none()
    return None if row is None else _opened(keys, row)


def find_or_open(
    connection: Connection, keys: Keys, channel: str, sender: str, locale: str, now: datetime
) -> Opened:
    """The conversation of a sender, locked until the transaction ends, and opened where there is none."""
    while (opened := find_sender(connection, keys, channel, sender, "lock")) is None:
        # Two first messages at once: one opens it, the other waits on the unique index and then finds it.
        open_new(connection, keys, channel, sender, locale, now)
    return opened


def keep_or_open(
    connection: Connection, keys: Keys, messages: Collection[IncomingMessage], now: datetime
) -> dict[tuple[str, str], Opened]:
    """The conversations of messages by channel and sender, opened where there are none; none disappears before the
    transaction ends."""
    first = {sender_index(keys, each.channel, each.sender): each for each in messages}
    channels, missing = sorted({each.channel for each in messages}), sorted(first)
    found: dict[bytes, Opened] = {}
    while True:
        found.update(
            (row.sender_index, _opened(keys, row))
            for row in connection.execute(_KEEP, {"channels": channels, "indexes": missing})
        )
        missing = [index for index in missing if index not in found]
        if not missing:
            return {(first[index].channel, first[index].sender): opened for index, opened in found.items()}
        # In one order everywhere, so that two who open the same ones do not wait for each other.
        for index in missing:
            open_new(connection, keys, first[index].channel, first[index].sender, first[index].locale, now)


def open_new(
    connection: Connection,
    keys: Keys,
    channel: str,
    sender: str,
    locale: str,
    now: datetime,
    version: int = 0,
    last_seq: int = 0,
) -> None:
    """Opens a conversation under a key of its own, unless the sender already has one."""
    conversation, data_key = str(uuid4()), os.urandom(KEY_BYTES)
    key_id, wrapped = keys.wrap(conversation, data_key)
    row = {
        "id": conversation,
        "channel": channel,
        "sender_index": sender_index(keys, channel, sender),
        "sender": Box(PERSON, data_key).seal_json(f"{SENDER}:{conversation}", sender),
        "locale": locale,
        "version": version,
        "holder": "assistant",
        "taken_version": 0,
        "last_seq": last_seq,
        "opened_at": now,
    }
    if connection.execute(_OPEN[connection.dialect.name], row).one_or_none() is not None:
        key = {"conversation": conversation, "key_id": key_id, "wrapped": wrapped}
        connection.execute(insert(person_keys), key)


def add_bubbles(
    connection: Connection,
    opened: Opened,
    bubbles: Sequence[tuple[Author, Reply]],
    version: int,
    now: datetime,
    due_at: datetime | None = None,
) -> tuple[str, ...]:
    """Adds bubbles in order, each of ours with its row in the outbox, due at once or then; the ids of those rows."""
    said: list[dict[str, Any]] = []
    sent: list[dict[str, Any]] = []
    for author, bubble in bubbles:
        opened.last_seq += 1
        said.append(
            {
                "conversation": opened.id,
                "seq": opened.last_seq,
                "author": author,
                "body": opened.box.seal_json(f"{BODY}:{opened.id}:{opened.last_seq}", bubble.as_json()),
                "made_for_version": version,
                "at": now,
            }
        )
        if author != "employee":
            sent.append(
                {
                    "id": str(uuid4()),
                    "conversation": opened.id,
                    "message": opened.last_seq,
                    "channel": opened.channel,
                    "made_for_version": version,
                    "state": "queued",
                    "attempts": 0,
                    "due_at": due_at or now,
                }
            )
    if said:
        connection.execute(insert(messages), said)
    if sent:
        connection.execute(insert(outbox), sent)
        note_queued(connection, (Queued(row["id"], opened.channel, opened.id, row["due_at"]) for row in sent))
    return tuple(str(row["id"]) for row in sent)


def say_outside_turn(
    connection: Connection, opened: Opened, reply: Reply, now: datetime, author: Author = "assistant"
) -> str:
    """Adds a bubble of ours to a locked conversation in which nobody has just written; the id of its row in the outbox."""
    (queued,) = add_bubbles(connection, opened, [(author, reply)], opened.version, now)
    connection.execute(
        update(conversations).where(conversations.c.id == opened.id).values(last_seq=opened.last_seq)
    )
    return queued


def read_bubble(box: Box, conversation: str, seq: int, body: bytes) -> Reply:
    """A bubble as it was added. Raises `Unreadable`."""
    return Reply.from_json(box.open_json(f"{BODY}:{conversation}:{seq}", body))


def sender_index(keys: Keys, channel: str, sender: str) -> bytes:
    """By what a sender is found."""
    return keys.index(SENDER, channel, sender)


def _opened(keys: Keys, row: Row[Any]) -> Opened:
    return Opened(
        id=row.id,
        channel=row.channel,
        locale=row.locale,
        version=row.version,
        holder=row.holder,
        held_by=row.held_by,
        last_seq=row.last_seq,
        state=row.state,
        seen_at=row.seen_at,
        box=keys.person(row.id, row.key_id, row.wrapped),
    )
