"""What people of HR prove with: passwords, second factors, invitations. What is tried is counted first; what is wrong is
logged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from audit import events
from audit.events import NOBODY, Event
from people.accounts import Account
from people.passwords import fits, hash_password, is_outdated
from people.second_factor import secret_of, step_of
from people.signing_in import Credentials, Invitations, NotAdmitted, Session, hash_token
from storage.account_rows import read_account
from storage.accounts import end_sessions, login_index
from storage.audit import append
from storage.database import Database
from storage.keys import Keys
from storage.sign_in_tries import Kind, count_try, forget_tries, take_back, wait_of
from storage.tables import accounts, invitations, second_factors

FACTOR: Final = "second_factors.body"
_PLANNED: Final = "planned second factor"


class StoredCredentials(Credentials):
    """What somebody proves with. Every wrong try is counted and logged."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def check_password(self, login: str, password: str, address: str) -> Account:
        """The account whose login and password these are; `address` is where they come from. Raises `NotAdmitted`."""
        self._count(("address", address), ("login", login))
        with self._database.read() as connection:
            row = connection.execute(
                select(accounts).where(accounts.c.login_index == login_index(self._keys, login))
            ).one_or_none()
        kept = row.password_hash if row is not None and row.state == "active" else None
        if (
            not fits(kept, password) or row is None or kept is None
        ):  # outside of a transaction: it takes its time
            raise self._failed("login", login, row)
        with self._database.work() as connection:
            forget_tries(connection, self._keys, "login", login)
            take_back(connection, self._keys, "address", address)
            if is_outdated(kept):
                anew = update(accounts).where(accounts.c.id == row.id, accounts.c.password_hash == kept)
                connection.execute(anew.values(password_hash=hash_password(password)))
        return read_account(self._keys, row)

    def check_code(self, account: str, code: str) -> None:
        """Whether it is the phone's code, which counts once. Raises `NotAdmitted`."""
        self._count(("code", account))
        with self._database.work() as connection:
            row = connection.execute(
                select(second_factors).where(second_factors.c.account == account).with_for_update()
            ).one_or_none()
            step = None if row is None else step_of(self._secret(row), code, self._now(), row.step)
            if step is not None:
                here = second_factors.c.account == account
                connection.execute(update(second_factors).where(here).values(step=step))
                forget_tries(connection, self._keys, "code", account)
        if step is None:
            raise self._failed("code", account, self._row(account))

    def has_second_factor(self, account: str) -> bool:
        """Whether there is a second factor to ask for."""
        query = select(second_factors.c.account).where(second_factors.c.account == account)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def planned_secret(self, session: Session) -> str:
        """The secret that a session would set up: its own, and the same until it ends.

        It is made from the session's token, so nobody else who has the password is ever shown it.
        """
        return secret_of(self._keys.index(_PLANNED, session.token_hash.hex()))

    def fits_plan(self, session: Session, code: str) -> bool:
        """Whether a code shows that the phone has the planned secret."""
        return step_of(self.planned_secret(session), code, self._now()) is not None

    def set_second_factor(self, session: Session, code: str) -> bool:
        """Makes the planned secret the second factor, where the code fits it; every session of the account ends. Whether
        it was done: a session that is half-way sets the first one alone."""
        id, secret, now = session.account.id, self.planned_secret(session), self._now()
        step = step_of(secret, code, now)
        if step is None:
            return False
        box = self._keys.box(FACTOR)
        row = {
            "account": id,
            "key_id": box.key_id,
            "body": box.seal_json(f"{FACTOR}:{id}", {"secret": secret}),
            "step": step,
            "made_at": now,
        }
        with self._database.work() as connection:
            if session.proof == "password":
                found = select(second_factors.c.account).where(second_factors.c.account == id)
                if connection.execute(found).first() is not None:
                    return False
            else:
                connection.execute(delete(second_factors).where(second_factors.c.account == id))
            connection.execute(insert(second_factors), row)
            forget_tries(connection, self._keys, "code", id)
            end_sessions(connection, id)
            self._log(connection, "second_factor_set", id)
        return True

    def change_password(self, account: str, old: str, new: str) -> None:
        """Another password; every session of the account ends. Raises `NotAdmitted` where `old` is not the present one."""
        self._count(("own", account))
        row = self._row(account)
        if row is None or not fits(row.password_hash, old):
            raise self._failed("own", account, row)
        kept = hash_password(new)
        with self._database.work() as connection:
            connection.execute(update(accounts).where(accounts.c.id == account).values(password_hash=kept))
            forget_tries(connection, self._keys, "own", account)
            end_sessions(connection, account)
            self._log(connection, "password_changed", account)

    def choose_language(self, account: str, language: str) -> None:
        """The language in which somebody reads the console."""
        with self._database.work() as connection:
            connection.execute(update(accounts).where(accounts.c.id == account).values(language=language))

    # -- steps of them -------------------------------------------------------------------------------------------

    def _count(self, *tries: tuple[Kind, str]) -> None:
        """Counts a try, or raises `NotAdmitted` where none is looked at. Those are not logged: whoever knocks at a
        closed door all night would fill the log."""
        with self._database.work() as connection:
            waits = [count_try(connection, self._keys, kind, name, self._now()) for kind, name in tries]
        if any(waits):
            raise NotAdmitted(max(waits))

    def _failed(self, kind: Kind, name: str, row: Row[Any] | None) -> NotAdmitted:
        """Logs a wrong try, and says whether it was one too many."""
        who = () if row is None else (events.account(row.id),)
        with self._database.work() as connection:
            wait = wait_of(connection, self._keys, kind, name, self._now())
            act = "sign_in_locked" if wait else "sign_in_failed"
            append(connection, Event(act, NOBODY, who, {"tried": _TRIED[kind]}), self._now())
        return NotAdmitted(wait or None)

    def _row(self, account: str) -> Row[Any] | None:
        with self._database.read() as connection:
            return connection.execute(select(accounts).where(accounts.c.id == account)).one_or_none()

    def _secret(self, row: Row[Any]) -> str:
        box = self._keys.box(FACTOR, row.key_id)
        secret: str = box.open_json(f"{FACTOR}:{row.account}", row.body)["secret"]
        return secret

    def _log(self, connection: Connection, act: str, account: str) -> None:
        who = events.account(account)
        append(connection, Event(act, who, (who,)), self._now())


#: What was tried, as the log has it.
_TRIED: Final = {"login": "password", "own": "password", "code": "code"}


class StoredInvitations(Invitations):
    """Links by which somebody comes in for the first time, or again."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def invited(self, token: str) -> Account | None:
        """Whom a link invites; None where it was used or is over."""
        with self._database.read() as connection:
            return self._invited(connection, token)

    def accept(self, token: str, password: str) -> Account | None:
        """Uses up the link and sets the password; None where it was used or is over."""
        kept = hash_password(password)
        with self._database.work() as connection:
            used = delete(invitations).where(
                invitations.c.token_hash == hash_token(token), invitations.c.ends_at > self._now()
            )
            id = connection.execute(used.returning(invitations.c.account)).scalar_one_or_none()
            if id is None:
                return None
            joined = update(accounts).where(accounts.c.id == id).values(password_hash=kept, state="active")
            connection.execute(joined)
            row = connection.execute(select(accounts).where(accounts.c.id == id)).one()
            append(
                connection, Event("account_joined", events.account(id), (events.account(id),)), self._now()
            )
        return read_account(self._keys, row)

    def _invited(self, connection: Connection, token: str) -> Account | None:
        query = (
            select(accounts)
            .join(invitations, invitations.c.account == accounts.c.id)
            .where(invitations.c.token_hash == hash_token(token), invitations.c.ends_at > self._now())
        )
        row = connection.execute(query).one_or_none()
        return None if row is None else read_account(self._keys, row)
