"""Conversations: turns are kept in them, browsers and HR read them, a person takes them over and gives them back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from bot.receiving import Kept, Works
from delivery.messages import Reply
from delivery.transcript import Entry
from storage.conversation_rows import add_bubbles, find_sender, lock, read_bubble
from storage.database import Database
from storage.erasing import ErasureJournal
from storage.errors import StorageError
from storage.keys import Keys
from storage.tables import conversations, messages, person_keys
from storage.turns import Turn, kept_as

log = logging.getLogger("shebao.storage")

_HISTORY: Final = (
    select(messages, person_keys.c.key_id, person_keys.c.wrapped)
    .join(person_keys, person_keys.c.conversation == messages.c.conversation)
    .where(messages.c.conversation == bindparam("of"), messages.c.seq > bindparam("after"))
    .order_by(messages.c.seq)
    .limit(bindparam("most"))
)
_HAND: Final = update(conversations).where(
    conversations.c.id == bindparam("of"), conversations.c.holder == bindparam("from")
)
_TAKE_OVER: Final = _HAND.values(
    holder="person", version=conversations.c.version + 1, taken_version=conversations.c.version + 1
)
_GIVE_BACK: Final = _HAND.values(holder="assistant", version=conversations.c.version + 1)


class Conversations(Works):
    """Every conversation of every channel."""

    def __init__(
        self, database: Database, keys: Keys, journal: ErasureJournal, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._keys = keys
        self._journal = journal
        self._now = now

    @contextmanager
    def begin(self) -> Iterator[Turn]:
        """A transaction that commits when its block ends and rolls back when the block raises."""
        with self._database.work() as connection:
            turn = Turn(connection, self._keys, self._now())
            yield turn
        if turn.erased:
            self._note(turn)

    def find(self, channel: str, sender: str) -> Kept | None:
        """A sender's conversation, to be read only."""
        with self._database.read() as connection:
            opened = find_sender(connection, self._keys, channel, sender)
        return None if opened is None else kept_as(opened)

    def history(self, conversation: str, after_seq: int = 0, limit: int = 100) -> tuple[Entry, ...]:
        """What was said after a bubble, in order."""
        parameters = {"of": conversation, "after": after_seq, "most": limit}
        with self._database.read() as connection:
            rows = connection.execute(_HISTORY, parameters).all()
        if not rows:
            return ()
        box = self._keys.person(conversation, rows[0].key_id, rows[0].wrapped)
        return tuple(
            Entry(row.seq, row.author, read_bubble(box, conversation, row.seq, row.body), row.at)
            for row in rows
        )

    def take_over(self, conversation: str) -> bool:
        """A person answers from now on, and what waits of the assistant's is dropped; whether that is new.

        What a worker is just sending still arrives, but before anything the person says: rows go out in order.
        """
        with self._database.work() as connection:
            changed = connection.execute(_TAKE_OVER, {"of": conversation, "from": "assistant"})
        return changed.rowcount == 1

    def give_back(self, conversation: str) -> bool:
        """The assistant answers again; whether a person held the conversation."""
        with self._database.work() as connection:
            changed = connection.execute(_GIVE_BACK, {"of": conversation, "from": "person"})
        return changed.rowcount == 1

    def say(self, conversation: str, bubble: Reply) -> str:
        """What the person who holds the conversation says; the id of its row in the outbox."""
        with self._database.work() as connection:
            opened = lock(connection, self._keys, conversation)
            if opened is None or opened.holder != "person":
                raise StorageError("a person must take the conversation over before speaking in it")
            (queued,) = add_bubbles(connection, opened, [("hr", bubble)], opened.version, self._now())
            connection.execute(
                update(conversations)
                .where(conversations.c.id == conversation)
                .values(last_seq=opened.last_seq)
            )
        return queued

    def _note(self, turn: Turn) -> None:
        # The database has the erasure and the journal catches up at the next start, so the employee is not told that
        # it failed.
        try:
            self._journal.add(turn.erased)
            self._database.forget_deleted()
        except (OSError, SQLAlchemyError) as error:
            log.error("an erasure is not in %s yet (%s)", self._journal.path, type(error).__name__)
