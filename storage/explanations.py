"""What HR has a strategy tell its employee: HR's word in the employee's own conversation, once, in one transaction.

It is said as HR's, so that a channel abroad carries an address and no words, and a push says only that HR has answered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, select

from delivery.messages import Reply
from delivery.ways import WITHOUT_TIE
from locales import SOURCE
from storage.conversation_rows import Opened, lock, say_outside_turn
from storage.database import Database
from storage.keys import Keys
from storage.profiles import StoredProfiles
from storage.tables import conversations
from storage.ways import StoredWays


class StoredExplanations:
    """Sends explanations. `ways` tells which conversations are an employee's."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        ways: StoredWays,
        profiles: StoredProfiles,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._keys = keys
        self._ways = ways
        self._profiles = profiles
        self._now = now

    def language(self, employee: str) -> str:
        """The catalogue of the language in which the employee talks to us."""
        query = select(conversations.c.locale).where(conversations.c.id == self._conversation(employee))
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none() or SOURCE

    def send(
        self, strategy: str, employee: str, text: str, by: str, sources: tuple[dict[str, Any], ...] = ()
    ) -> Literal["sent", "before", "no_chat"]:
        """Puts a text, with the records it rests on, into the employee's conversation, once for each strategy. Raises
        `KeyError` for none of that id."""
        conversation = self._conversation(employee)
        if conversation is None:
            return "no_chat"
        with self._database.work() as connection:
            opened = lock(connection, self._keys, conversation)
            if opened is None:
                return "no_chat"
            return self._say(connection, opened, strategy, Reply(text, sources=sources), by)

    def inform(
        self, strategy: str, employee: str, reply: Reply, by: str
    ) -> Literal["sent", "before", "no_chat", "held"]:
        """The same of what the employee did not ask for: `held` where a person talks to them, so that it is to wait."""
        conversation = self._conversation(employee)
        if conversation is None:
            return "no_chat"
        with self._database.work() as connection:
            opened = lock(connection, self._keys, conversation)
            if opened is None:
                return "no_chat"
            if opened.holder == "person":
                return "held"
            return self._say(connection, opened, strategy, reply, by)

    def _say(
        self, connection: Connection, opened: Opened, strategy: str, reply: Reply, by: str
    ) -> Literal["sent", "before"]:
        now = self._now()
        sent = self._profiles.tell(
            connection, strategy, by, lambda: say_outside_turn(connection, opened, reply, now, "hr")
        )
        return "sent" if sent else "before"

    def _conversation(self, employee: str) -> str | None:
        """The best of the employee's conversations, one that is open first; None where there is none."""
        chats = [
            each
            for each in self._ways.of(employee)
            if each.conversation is not None and each.channel not in WITHOUT_TIE
        ]
        now = self._now()
        best = min(chats, key=lambda each: not each.reach.open_at(now), default=None)
        return None if best is None else best.conversation
