"""Telling employees that figures they asked about have changed: once for each change, never into a person's talk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select, update

from delivery.messages import Reply
from storage.conversation_rows import STATE, Opened, add_bubbles, lock
from storage.database import Database
from storage.keys import Keys
from storage.tables import conversations, policy_news

#: What one run says at most; the next minute goes on.
MOST: Final = 500

#: What is said: from a conversation's state the state afterwards and the bubble.
Word = Callable[[dict[str, Any]], tuple[dict[str, Any], Reply]]


class PolicyNews:
    """Who still waits to be told."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def say_waiting(self, word: Word) -> int:
        """Tells everybody who waits and whom no person is talking to; how many. Several changes are told in one bubble."""
        waiting = (
            select(policy_news.c.conversation)
            .join(conversations, conversations.c.id == policy_news.c.conversation)
            .where(policy_news.c.state == "waiting", conversations.c.holder == "assistant")
            .distinct()
            .limit(MOST)
        )
        with self._database.read() as connection:
            found = connection.execute(waiting).scalars().all()
        return sum(self._say(conversation, word) for conversation in found)

    def _say(self, conversation: str, word: Word) -> bool:
        with self._database.work() as connection:
            opened = lock(connection, self._keys, conversation)
            if opened is None or opened.holder == "person":
                return False
            left = opened.state is None  # what was reckoned is forgotten, so there is nothing to reckon anew
            settled = connection.execute(
                update(policy_news)
                .where(policy_news.c.conversation == conversation, policy_news.c.state == "waiting")
                .values(state="left" if left else "told", told_at=self._now())
            )
            if left or not settled.rowcount:
                return False
            self._add(connection, opened, word)
        return True

    def _add(self, connection: Connection, opened: Opened, word: Word) -> None:
        assert opened.state is not None
        place, version = f"{STATE}:{opened.id}", opened.version + 1
        state, bubble = word(opened.box.open_json(place, opened.state))
        add_bubbles(connection, opened, [("assistant", bubble)], version, self._now())
        connection.execute(
            update(conversations)
            .where(conversations.c.id == opened.id)
            .values(version=version, state=opened.box.seal_json(place, state), last_seq=opened.last_seq)
        )
