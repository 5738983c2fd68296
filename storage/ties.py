"""Who somebody is in the company's own sign-in, and journeys there and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from audit import events
from audit.events import NOBODY, Event
from people.accounts import Account
from people.providers import UNDER_WAY, Identity, Journey, Ties
from people.signing_in import hash_token, new_token
from storage.account_rows import read_account
from storage.accounts import login_index
from storage.audit import append
from storage.database import Database
from storage.keys import Keys
from storage.tables import accounts, sign_in_journeys

SUBJECT: Final = "accounts.subject"


class StoredTies(Ties):
    """Which account somebody at the provider is. None is ever made here."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def set_out(self, journey: Journey) -> str:
        """Keeps a journey; the token for the browser that is on it."""
        token = new_token()
        row = {
            "token_hash": hash_token(token),
            "state": journey.state,
            "nonce": journey.nonce,
            "verifier": journey.verifier,
            "back": journey.back,
            "ends_at": self._now() + UNDER_WAY,
        }
        with self._database.work() as connection:
            connection.execute(insert(sign_in_journeys), row)
        return token

    def come_back(self, token: str) -> Journey | None:
        """The journey of a token, once; None where it was used or took too long."""
        mine = delete(sign_in_journeys).where(sign_in_journeys.c.token_hash == hash_token(token))
        with self._database.work() as connection:
            row = connection.execute(mine.returning(sign_in_journeys)).one_or_none()
        if row is None or row.ends_at <= self._now():
            return None
        return Journey(row.state, row.nonce, row.verifier, row.back)

    def account_of(self, identity: Identity) -> Account | None:
        """The account tied to it; else the one of that login, if an admin allowed it, which is tied now."""
        subject = self._keys.index(SUBJECT, identity.subject)
        with self._database.work() as connection:
            row = self._tied(connection, subject) or self._to_be_tied(connection, identity.login)
            if row is None:
                append(connection, Event("sign_in_failed", NOBODY, (), {"tried": "provider"}), self._now())
                return None
            here = update(accounts).where(accounts.c.id == row.id)
            connection.execute(here.values(subject_index=subject, may_tie=False, state="active"))
            if row.subject_index is None:
                who = events.account(row.id)
                append(connection, Event("account_tied", who, (who,)), self._now())
        return replace(read_account(self._keys, row), state="active")

    def _tied(self, connection: Connection, subject: bytes) -> Row[Any] | None:
        tied = (accounts.c.subject_index == subject) & (accounts.c.state != "closed")
        return connection.execute(select(accounts).where(tied).with_for_update()).one_or_none()

    def _to_be_tied(self, connection: Connection, login: str) -> Row[Any] | None:
        if not login:
            return None
        awaited = (
            (accounts.c.login_index == login_index(self._keys, login))
            & accounts.c.may_tie
            & accounts.c.subject_index.is_(None)
            & (accounts.c.state != "closed")
        )
        return connection.execute(select(accounts).where(awaited).with_for_update()).one_or_none()
