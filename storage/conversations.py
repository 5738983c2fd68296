"""Conversations: turns are kept in them, and browsers read them. Who speaks in them: `storage/holding.py`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from bot.receiving import Kept, Works
from delivery.transcript import Entry
from hr_inbox.task import Due, never_due
from storage.conversation_rows import find_sender, read_bubble
from storage.database import Database
from storage.erasing import ErasureJournal
from storage.keys import Keys
from storage.tables import messages, person_keys
from storage.turns import Turn, kept_as

log = logging.getLogger("shebao.storage")

_HISTORY: Final = (
    select(messages, person_keys.c.key_id, person_keys.c.wrapped)
    .join(person_keys, person_keys.c.conversation == messages.c.conversation)
    .where(messages.c.conversation == bindparam("of"), messages.c.seq > bindparam("after"))
    .order_by(messages.c.seq)
    .limit(bindparam("most"))
)


class Conversations(Works):
    """Every conversation of every channel. `due` tells by when HR answers what is handed over."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        journal: ErasureJournal,
        now: Callable[[], datetime],
        due: Due = never_due,
    ) -> None:
        self._database = database
        self._keys = keys
        self._journal = journal
        self._now = now
        self._due = due
        #: Where the pages are that links lead to.
        self.address = ""

    @contextmanager
    def begin(self) -> Iterator[Turn]:
        """A transaction that commits when its block ends and rolls back when the block raises."""
        with self._database.work() as connection:
            turn = Turn(connection, self._keys, self._now(), self._due, self.address)
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

    def _note(self, turn: Turn) -> None:
        # The database has the erasure and the journal catches up at the next start, so the employee is not told that
        # it failed.
        try:
            self._journal.add(turn.erased)
            self._database.forget_deleted()
        except (OSError, SQLAlchemyError) as error:
            log.error("an erasure is not in %s yet (%s)", self._journal.path, type(error).__name__)
