"""HR's accounts, as rows that admins change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from audit import events
from audit.events import SYSTEM, Event
from people.accounts import ROLES, Account, AccountState, Refused, Role, Staff, Standing, normal_login
from people.passwords import hash_password
from people.signing_in import INVITED, hash_token, new_token
from storage.account_rows import BODY, read_account
from storage.audit import append
from storage.case_work import cases_of, put_back
from storage.database import Database
from storage.keys import Keys
from storage.sign_in_tries import locked_until, unlock
from storage.tables import accounts, invitations, second_factors, sessions

LOGIN: Final = "accounts.login"


class Accounts(Staff):
    """Every account."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def add(
        self,
        login: str,
        name: str,
        roles: frozenset[Role],
        mail: str = "",
        state: AccountState = "invited",
        password: str | None = None,
    ) -> Account:
        """A new account, unlogged: for the demo and for tests, with the password that it has at once.

        The login is unique. Raises `Refused`.
        """
        with self._adding() as connection:
            return self._insert(connection, login, name, roles, mail, state, password=password)

    def get(self, id: str) -> Account | None:
        """An account by its id."""
        with self._database.read() as connection:
            row = _row(connection, id)
        return None if row is None else read_account(self._keys, row)

    def by_login(self, login: str) -> Account | None:
        """An account by what its owner types."""
        query = select(accounts).where(accounts.c.login_index == login_index(self._keys, login))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else read_account(self._keys, row)

    def all(self) -> tuple[Account, ...]:
        """Every account, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(accounts).order_by(accounts.c.made_at, accounts.c.id)).all()
        return tuple(read_account(self._keys, row) for row in rows)

    # -- as admins see and change them ---------------------------------------------------------------------------

    def standings(self) -> tuple[Standing, ...]:
        """Every account, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(_STANDING.order_by(accounts.c.made_at, accounts.c.id)).all()
            return tuple(self._standing(connection, row) for row in rows)

    def standing(self, id: str) -> Standing | None:
        """One account."""
        if not _is_id(id):
            return None
        with self._database.read() as connection:
            row = connection.execute(_STANDING.where(accounts.c.id == id)).one_or_none()
            return None if row is None else self._standing(connection, row)

    def invite_new(
        self, login: str, name: str, mail: str, roles: frozenset[Role], by: str, *, may_tie: bool = False
    ) -> tuple[Account, str]:
        """A new account, and the token of its invitation."""
        with self._adding() as connection:
            account = self._insert(connection, login, name, roles, mail, "invited", may_tie=may_tie)
            token = self._invite(connection, account.id)
            self._log(connection, "account_added", by, account.id, details={"roles": _text(roles)})
        return account, token

    def invite(self, id: str, by: str, reason: str) -> str:
        """A new invitation; the password that there was is no longer accepted. The token."""
        with self._database.work() as connection:
            admins = _lock_admins(connection)
            account = self._found(connection, id, "invited", "active")
            if by != SYSTEM and admins == {id}:  # whoever is at the machine may let the last admin in again
                raise Refused("last_admin")
            _set(connection, id, state="invited", password_hash=None)
            end_sessions(connection, id)
            unlock(connection, self._keys, account)
            token = self._invite(connection, id)
            self._log(connection, "account_invited", by, id, reason)
        return token

    def change_person(self, id: str, name: str, mail: str, by: str) -> None:
        """Another name or mail address."""
        with self._database.work() as connection:
            account = self._found(connection, id, "invited", "active", "closed")
            _set(connection, id, **self._sealed(id, account.login, name, mail))
            self._log(connection, "account_changed", by, id)

    def change_roles(self, id: str, roles: frozenset[Role], by: str, reason: str, keep: bytes = b"") -> None:
        """Other roles. Its sessions end but for the one that is to be kept, named by the hash of its token."""
        with self._database.work() as connection:
            admins = _lock_admins(connection)
            account = self._found(connection, id, "invited", "active")
            if by == events.account(id) and roles - account.roles and admins != {id}:
                raise Refused("own_roles")
            if "admin" not in roles and admins == {id}:
                raise Refused("last_admin")
            _set(connection, id, roles=_text(roles))
            end_sessions(connection, id, keep)
            details = {"before": _text(account.roles), "after": _text(roles)}
            self._log(connection, "roles_changed", by, id, reason, details)

    def close(self, id: str, by: str, reason: str) -> None:
        """Lets somebody in no more; what they had in the inbox goes back to the others."""
        with self._database.work() as connection:
            if not _is_id(id):
                raise Refused("no_account")
            work = cases_of(connection, self._keys, id, self._now())
            admins = _lock_admins(connection)
            self._found(connection, id, "invited", "active")
            if admins == {id}:
                raise Refused("last_admin")
            _set(connection, id, state="closed", password_hash=None, subject_index=None, may_tie=False)
            end_sessions(connection, id)
            for table in (invitations, second_factors):
                connection.execute(delete(table).where(table.c.account == id))
            put_back(work, by)
            self._log(connection, "account_closed", by, id, reason)

    def reopen(self, id: str, by: str) -> str:
        """Lets somebody in again, by a new invitation. The token."""
        with self._database.work() as connection:
            account = self._found(connection, id, "closed")
            _set(connection, id, state="invited")
            unlock(connection, self._keys, account)
            token = self._invite(connection, id)
            self._log(connection, "account_reopened", by, id)
        return token

    def unlock(self, id: str, by: str) -> None:
        """Forgets the wrong tries."""
        with self._database.work() as connection:
            unlock(connection, self._keys, self._found(connection, id, "invited", "active", "closed"))
            self._log(connection, "account_unlocked", by, id)

    def reset_second_factor(self, id: str, by: str, reason: str) -> None:
        """Takes the second factor away; the next sign-in sets up a new one."""
        with self._database.work() as connection:
            account = self._found(connection, id, "invited", "active")
            connection.execute(delete(second_factors).where(second_factors.c.account == id))
            end_sessions(connection, id)
            unlock(connection, self._keys, account)
            self._log(connection, "second_factor_reset", by, id, reason)

    def allow_tie(self, id: str, by: str) -> None:
        """Lets the company's own sign-in be tied to the account at its first use."""
        with self._database.work() as connection:
            self._found(connection, id, "invited", "active")
            _set(connection, id, may_tie=True)
            self._log(connection, "tie_allowed", by, id)

    def untie(self, id: str, by: str, reason: str) -> None:
        """Lets the account in through the company's own sign-in no more."""
        with self._database.work() as connection:
            self._found(connection, id, "invited", "active")
            _set(connection, id, may_tie=False, subject_index=None)
            end_sessions(connection, id)
            self._log(connection, "account_untied", by, id, reason)

    # -- steps of them -------------------------------------------------------------------------------------------

    @contextmanager
    def _adding(self) -> Iterator[Connection]:
        """A transaction that adds an account; a login that is somebody's already is no error of the database's."""
        try:
            with self._database.work() as connection:
                yield connection
        except IntegrityError:
            raise Refused("login_taken") from None

    def _insert(
        self,
        connection: Connection,
        login: str,
        name: str,
        roles: frozenset[Role],
        mail: str,
        state: AccountState,
        *,
        password: str | None = None,
        may_tie: bool = False,
    ) -> Account:
        id = str(uuid4())
        row = {
            "id": id,
            "login_index": login_index(self._keys, login),
            **self._sealed(id, login, name, mail),
            "roles": _text(roles),
            "state": state,
            "password_hash": None if password is None else hash_password(password),
            "language": "",
            "may_tie": may_tie,
            "made_at": self._now(),
        }
        connection.execute(insert(accounts), row)
        return Account(id, login, name, mail, roles, state)

    def _sealed(self, id: str, login: str, name: str, mail: str) -> Mapping[str, Any]:
        box = self._keys.box(BODY)
        return {
            "key_id": box.key_id,
            "body": box.seal_json(f"{BODY}:{id}", {"login": login, "name": name, "mail": mail}),
        }

    def _invite(self, connection: Connection, id: str) -> str:
        token = new_token()
        connection.execute(delete(invitations).where(invitations.c.account == id))
        row = {"account": id, "token_hash": hash_token(token), "ends_at": self._now() + INVITED}
        connection.execute(insert(invitations), row)
        return token

    def _found(self, connection: Connection, id: str, *states: AccountState) -> Account:
        row = _row(connection, id, lock=True) if _is_id(id) else None
        if row is None or row.state not in states:
            raise Refused("no_account")
        return read_account(self._keys, row)

    def _standing(self, connection: Connection, row: Row[Any]) -> Standing:
        account, now = read_account(self._keys, row), self._now()
        return Standing(
            account=account,
            has_password=row.password_hash is not None,
            has_second_factor=row.factor is not None,
            locked_until=locked_until(connection, self._keys, account, now),
            invited_until=row.invited_until if row.invited_until and row.invited_until > now else None,
            tied=row.subject_index is not None,
            may_tie=row.may_tie,
            seen_at=row.last_seen,
        )

    def _log(
        self,
        connection: Connection,
        act: str,
        by: str,
        id: str,
        reason: str = "",
        details: Mapping[str, str | int] | None = None,
    ) -> None:
        event = Event(act, by, (events.account(id),), details or {}, reason)
        append(connection, event, self._now(), self._keys)


_last_seen = select(func.max(sessions.c.seen_at)).where(sessions.c.account == accounts.c.id).scalar_subquery()
_STANDING: Final = (
    select(
        accounts,
        second_factors.c.account.label("factor"),
        invitations.c.ends_at.label("invited_until"),
        _last_seen.label("last_seen"),
    )
    .outerjoin(second_factors, second_factors.c.account == accounts.c.id)
    .outerjoin(invitations, invitations.c.account == accounts.c.id)
)


def login_index(keys: Keys, login: str) -> bytes:
    """The blind index of a login."""
    return keys.index(LOGIN, normal_login(login))


def end_sessions(connection: Connection, account: str, keep: bytes = b"") -> int:
    """Signs an account out everywhere but in the session to be kept; in how many places."""
    elsewhere = delete(sessions).where(sessions.c.account == account, sessions.c.token_hash != keep)
    return connection.execute(elsewhere).rowcount


def _lock_admins(connection: Connection) -> set[str]:
    """Those who can let others in, none of whom loses that before this transaction ends. They are locked before any
    other account, and in one order: two who close each other do not wait in a circle, and one of them fails."""
    query = select(accounts.c.id).where(accounts.c.state == "active", accounts.c.roles.contains("admin"))
    return set(connection.execute(query.order_by(accounts.c.id).with_for_update()).scalars())


def _row(connection: Connection, id: str, *, lock: bool = False) -> Row[Any] | None:
    query = select(accounts).where(accounts.c.id == id)
    return connection.execute(query.with_for_update() if lock else query).one_or_none()


def _set(connection: Connection, id: str, **values: Any) -> None:
    connection.execute(update(accounts).where(accounts.c.id == id).values(**values))


def _text(roles: frozenset[Role]) -> str:
    return ",".join(role for role in ROLES if role in roles)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
