"""Sessions as rows: one that is ended is gone everywhere at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, delete, insert, select, update

from audit import events
from audit.events import Event
from people.signing_in import HALF_WAY, IDLE, LONGEST, Proof, Session, Sessions, hash_token, new_token
from storage.account_rows import read_account
from storage.accounts import end_sessions
from storage.audit import append
from storage.database import Database
from storage.keys import Keys
from storage.tables import accounts, sessions

_COLUMNS: Final[tuple[Any, ...]] = (
    accounts,
    *(sessions.c[name] for name in ("token_hash", "started_at", "seen_at", "proof", "device")),
)


class StoredSessions(Sessions):
    """Who is signed in."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def begin(self, account: str, proof: Proof = "code", device: str = "") -> str:
        """Signs an account in; the token for the cookie."""
        token, now = new_token(), self._now()
        row = {
            "token_hash": hash_token(token),
            "account": account,
            "started_at": now,
            "seen_at": now,
            "ends_at": now + (HALF_WAY if proof == "password" else LONGEST),
            "proof": proof,
            "device": device,
        }
        with self._database.work() as connection:
            connection.execute(insert(sessions), row)
        return token

    def find(self, token: str) -> Session | None:
        """Whose token it is; None where it has ended or is half-way. Looking it up counts as a click."""
        found = self._one(token)
        if found is None or found.proof == "password":
            return None
        if (
            self._now() - found.seen_at
        ).total_seconds() > 60:  # a click a minute is written down, not every one
            seen = (
                update(sessions).where(sessions.c.token_hash == found.token_hash).values(seen_at=self._now())
            )
            with self._database.work() as connection:
                connection.execute(seen)
        return found

    def half_way(self, token: str) -> Session | None:
        """Whose token it is where only the password was given; None for every other."""
        found = self._one(token)
        return found if found is not None and found.proof == "password" else None

    def end(self, token: str) -> None:
        """Signs out."""
        with self._database.work() as connection:
            connection.execute(delete(sessions).where(sessions.c.token_hash == hash_token(token)))

    def of(self, account: str) -> tuple[Session, ...]:
        """Where an account is signed in, the last used first."""
        query = self._alive().where(sessions.c.account == account, sessions.c.proof != "password")
        with self._database.read() as connection:
            rows = connection.execute(
                query.order_by(sessions.c.seen_at.desc(), sessions.c.started_at.desc())
            ).all()
        return tuple(self._read(row) for row in rows)

    def end_others(self, session: Session) -> int:
        """Ends every other session of the account; how many."""
        id = session.account.id
        with self._database.work() as connection:
            count = end_sessions(connection, id, keep=session.token_hash)
            if count:
                event = Event("sessions_ended", events.account(id), (events.account(id),), {"count": count})
                append(connection, event, self._now())
        return count

    def _one(self, token: str) -> Session | None:
        with self._database.read() as connection:
            row = connection.execute(
                self._alive().where(sessions.c.token_hash == hash_token(token))
            ).one_or_none()
        return None if row is None else self._read(row)

    def _alive(self) -> Select[Any]:
        now = self._now()
        return (
            select(*_COLUMNS)
            .join(sessions, sessions.c.account == accounts.c.id)
            .where(accounts.c.state == "active", sessions.c.seen_at > now - IDLE, sessions.c.ends_at > now)
        )

    def _read(self, row: Row[Any]) -> Session:
        return Session(
            read_account(self._keys, row), row.token_hash, row.started_at, row.seen_at, row.proof, row.device
        )
