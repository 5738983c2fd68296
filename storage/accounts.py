"""HR's accounts and their sessions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Row, delete, insert, select, update

from people.accounts import ROLES, Account, Role
from people.signing_in import IDLE, LONGEST, Session, Sessions, hash_token, new_token
from storage.database import Database
from storage.keys import Keys
from storage.tables import accounts, sessions

BODY: Final = "accounts.body"
LOGIN: Final = "accounts.login"


class Accounts:
    """Every account."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def add(
        self, login: str, name: str, roles: frozenset[Role], mail: str = "", state: str = "invited"
    ) -> Account:
        """A new account. The login is unique."""
        id, box = str(uuid4()), self._keys.box(BODY)
        row = {
            "id": id,
            "login_index": self._keys.index(LOGIN, login),
            "key_id": box.key_id,
            "body": box.seal_json(f"{BODY}:{id}", {"login": login, "name": name, "mail": mail}),
            "roles": ",".join(sorted(roles)),
            "state": state,
            "made_at": self._now(),
        }
        with self._database.work() as connection:
            connection.execute(insert(accounts), row)
        found = self.get(id)
        assert found is not None
        return found

    def get(self, id: str) -> Account | None:
        """An account by its id."""
        with self._database.read() as connection:
            row = connection.execute(select(accounts).where(accounts.c.id == id)).one_or_none()
        return None if row is None else read_account(self._keys, row)

    def all(self) -> tuple[Account, ...]:
        """Every account, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(accounts).order_by(accounts.c.made_at, accounts.c.id)).all()
        return tuple(read_account(self._keys, row) for row in rows)


class StoredSessions(Sessions):
    """Sessions as rows: one that is ended is gone everywhere at once."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def begin(self, account: str) -> str:
        """Signs an account in; the token for the cookie."""
        token, now = new_token(), self._now()
        row = {
            "token_hash": hash_token(token),
            "account": account,
            "started_at": now,
            "seen_at": now,
            "ends_at": now + LONGEST,
        }
        with self._database.work() as connection:
            connection.execute(insert(sessions), row)
        return token

    def find(self, token: str) -> Session | None:
        """Whose token it is; None where it has ended. Looking it up counts as a click."""
        key, now = hash_token(token), self._now()
        query = (
            select(accounts, sessions.c.started_at, sessions.c.seen_at)
            .join(sessions, sessions.c.account == accounts.c.id)
            .where(sessions.c.token_hash == key, sessions.c.seen_at > now - IDLE, sessions.c.ends_at > now)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.state != "active":
            return None
        if (now - row.seen_at).total_seconds() > 60:  # a click a minute is written down, not every one
            with self._database.work() as connection:
                connection.execute(update(sessions).where(sessions.c.token_hash == key).values(seen_at=now))
        return Session(read_account(self._keys, row), key, row.started_at)

    def end(self, token: str) -> None:
        """Signs out."""
        with self._database.work() as connection:
            connection.execute(delete(sessions).where(sessions.c.token_hash == hash_token(token)))


def read_account(keys: Keys, row: Row[Any]) -> Account:
    """An account from its row."""
    body = keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.id}", row.body)
    roles = frozenset(role for role in ROLES if role in row.roles.split(","))
    return Account(row.id, body["login"], body["name"], body["mail"], roles, row.state)
