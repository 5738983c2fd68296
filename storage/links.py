"""Links and visits as rows. The token stands in the message alone, the ticket in the browser alone: a row has their indexes."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from delivery.links import IDLE, LIFE, LONGEST, Found, Links, LinkState, Purpose, Visit, Visits
from storage.conversation_rows import SENDER
from storage.database import Database
from storage.keys import Keys
from storage.tables import conversations, links, notice_links, person_keys

TOKEN: Final = "links.token"
TICKET: Final = "links.ticket"
TICKET_INDEX: Final = "links.ticket_index"
#: 128 bits as 22 characters: nobody guesses one, and an SMS has room for it.
TOKEN_BYTES: Final = 16
#: An act a minute is written down, not every one.
_SELDOM: Final = timedelta(minutes=1)

_FIND: Final = (
    select(
        links,
        conversations.c.channel,
        conversations.c.sender,
        conversations.c.locale,
        person_keys.c.key_id,
        person_keys.c.wrapped,
    )
    .outerjoin(conversations, conversations.c.id == links.c.conversation)
    .outerjoin(person_keys, person_keys.c.conversation == links.c.conversation)
)


class StoredLinks(Links, Visits):
    """Every link and every visit."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def make(self, conversation: str, seq: int, purpose: Purpose = "read") -> str | None:
        """A new token for a bubble; those made for it before stay good. None where the conversation is gone."""
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._now()
        row = {
            "id": str(uuid4()),
            "token_index": self._keys.index(TOKEN, token),
            "conversation": conversation,
            "seq": seq,
            "purpose": purpose,
            "made_at": now,
            "expires_at": now + LIFE,
        }
        there = select(conversations.c.id).where(conversations.c.id == conversation)
        with self._database.work() as connection:
            kept = connection.execute(there.with_for_update(read=True, key_share=True)).one_or_none()
            if kept is None:
                return None
            connection.execute(insert(links), row)
        return token

    def look_up(self, token: str, browser: str) -> Found:
        """What a link is; that it was looked at changes nothing."""
        with self._database.read() as connection:
            return self._found(connection, token, browser)

    def use(self, token: str, browser: str) -> Found:
        """Opens a link that is good. The browser that did so gets the same visit again, as long as it goes on."""
        now = self._now()
        opened = (
            update(links)
            .where(
                *self._of_token(token),
                links.c.conversation.is_not(None),
                links.c.used_at.is_(None),
                links.c.ended_at.is_(None),
                links.c.expires_at > now,
            )
            .values(used_at=now, seen_at=now, ticket_index=self._ticket_index(self._ticket(token, browser)))
        )
        with self._database.work() as connection:
            connection.execute(opened)
            return self._found(connection, token, browser)

    def find(self, ticket: str, *, acts: bool) -> Visit | None:
        """The visit of a ticket; None where it has ended. `acts`: somebody did something, so that it goes on."""
        now, own = self._now(), links.c.ticket_index == self._ticket_index(ticket)
        with self._database.read() as connection:
            row = connection.execute(_FIND.where(own)).one_or_none()
        if row is None or not _goes_on(row, now):
            return None
        if acts and now - row.seen_at > _SELDOM:
            with self._database.work() as connection:
                connection.execute(update(links).where(own).values(seen_at=now))
        return self._visit(row)

    def leave(self, ticket: str) -> None:
        """Ends a visit."""
        own = (links.c.ticket_index == self._ticket_index(ticket), links.c.ended_at.is_(None))
        with self._database.work() as connection:
            connection.execute(update(links).where(*own).values(ended_at=self._now()))

    def _found(self, connection: Connection, token: str, browser: str) -> Found:
        row = connection.execute(_FIND.where(*self._of_token(token))).one_or_none()
        if row is None:
            return Found("unknown")
        now, ticket = self._now(), self._ticket(token, browser)
        state = _state(row, now)
        if row.ticket_index != self._ticket_index(ticket) or not _goes_on(row, now):
            return Found(state)
        return Found(state, self._visit(row), ticket)

    def _visit(self, row: Row[Any]) -> Visit:
        box = self._keys.person(row.conversation, row.key_id, row.wrapped)
        sender = box.open_json(f"{SENDER}:{row.conversation}", row.sender)
        return Visit(row.id, row.channel, sender, row.locale, row.seq)

    def _of_token(self, token: str) -> tuple[ColumnElement[bool], ...]:
        return links.c.token_index == self._keys.index(TOKEN, token), links.c.purpose == "read"

    def _ticket(self, token: str, browser: str) -> str:
        """What a browser shows during the visit of a link: made of both, so that a button tapped twice opens one visit."""
        return urlsafe_b64encode(self._keys.index(TICKET, token, browser)).decode().rstrip("=")

    def _ticket_index(self, ticket: str) -> bytes:
        return self._keys.index(TICKET_INDEX, ticket)


def _state(row: Row[Any], now: datetime) -> LinkState:
    if row.conversation is None:
        return "erased"
    if row.used_at is not None:
        return "used"
    if row.ended_at is not None:
        return "void"
    return "good" if now < row.expires_at else "expired"


def _goes_on(row: Row[Any], now: datetime) -> bool:
    """Whether a link was opened and the visit has not ended."""
    return (
        row.conversation is not None
        and row.used_at is not None
        and row.ended_at is None
        and now < row.used_at + LONGEST
        and now < row.seen_at + IDLE
    )


def void_links(connection: Connection, of: Collection[str], now: datetime, *, visits: bool = True) -> None:
    """Takes back the links to conversations that were not used, and ends their `visits`; those to notices that were sent
    there end in any case."""
    voided = update(links).where(links.c.conversation.in_(list(of)), links.c.ended_at.is_(None))
    if not visits:
        voided = voided.where(links.c.used_at.is_(None))
    connection.execute(voided.values(ended_at=now))
    of_notices = update(notice_links).where(
        notice_links.c.conversation.in_(list(of)), notice_links.c.ended_at.is_(None)
    )
    connection.execute(of_notices.values(ended_at=now, ended_why="void"))


def used_links(connection: Connection, conversation: str) -> list[str]:
    """The links by which a conversation was opened: visits that may go on."""
    used = select(links.c.id).where(links.c.conversation == conversation, links.c.used_at.is_not(None))
    return list(connection.execute(used).scalars())


def lead_to(connection: Connection, ids: Collection[str], conversation: str) -> None:
    """Has visits go on in the conversation that takes the place of theirs."""
    connection.execute(update(links).where(links.c.id.in_(list(ids))).values(conversation=conversation))
