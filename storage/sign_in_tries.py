"""Wrong tries to sign in. A try is counted before it is looked at, so that many at once are not more than many in a row;
who gets in takes it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Final, Literal

from sqlalchemy import Connection, delete, func, select, update

from people.accounts import Account, normal_login
from people.signing_in import ACCOUNT, ADDRESS, Limit, network_of
from storage.database import upsert
from storage.keys import Keys
from storage.tables import sign_in_tries

#: What is tried: a password for a `login` (of an account or not), from an `address`; the phone's `code` and one's `own`
#: password, for an account by its id.
Kind = Literal["login", "address", "code", "own"]
LIMITS: Final[Mapping[Kind, Limit]] = {"login": ACCOUNT, "address": ADDRESS, "code": ACCOUNT, "own": ACCOUNT}


def key_of(keys: Keys, kind: Kind, name: str) -> bytes:
    """Under which blind index the tries are counted."""
    names = {"login": normal_login, "address": network_of}
    return keys.index(f"tries.{kind}", names.get(kind, str)(name))


def count_try(connection: Connection, keys: Keys, kind: Kind, name: str, now: datetime) -> int:
    """Counts a try; the seconds before which it is not looked at, 0 where it may be."""
    key, limit = key_of(keys, kind, name), LIMITS[kind]
    locked = (
        upsert(connection.dialect.name, sign_in_tries)
        .values(key=key, tries=0, last_at=now)
        .on_conflict_do_update(index_elements=["key"], set_={"tries": sign_in_tries.c.tries})
        .returning(sign_in_tries)
    )
    row = connection.execute(locked).one()
    if row.until is not None and row.until > now:
        return _seconds(row.until - now)
    tries = 1 if row.last_at <= now - limit.forgotten else row.tries + 1
    wait = limit.wait(tries)
    until = None if wait is None else now + wait
    counted = update(sign_in_tries).where(sign_in_tries.c.key == key)
    connection.execute(counted.values(tries=tries, last_at=now, until=until))
    return 0


def wait_of(connection: Connection, keys: Keys, kind: Kind, name: str, now: datetime) -> int:
    """For how many seconds no further try is looked at."""
    query = select(sign_in_tries.c.until).where(sign_in_tries.c.key == key_of(keys, kind, name))
    until = connection.execute(query).scalar_one_or_none()
    return _seconds(until - now) if until is not None and until > now else 0


def forget_tries(connection: Connection, keys: Keys, kind: Kind, name: str) -> None:
    """Who got in was no stranger."""
    connection.execute(delete(sign_in_tries).where(sign_in_tries.c.key == key_of(keys, kind, name)))


def take_back(connection: Connection, keys: Keys, kind: Kind, name: str) -> None:
    """One try was a good one; the others stay counted."""
    here = sign_in_tries.c.key == key_of(keys, kind, name)
    connection.execute(
        update(sign_in_tries)
        .where(here, sign_in_tries.c.tries > 0)
        .values(tries=sign_in_tries.c.tries - 1, until=None)
    )


def unlock(connection: Connection, keys: Keys, account: Account) -> None:
    """Forgets every wrong try for an account."""
    for kind, name in _of(account):
        forget_tries(connection, keys, kind, name)


def locked_until(connection: Connection, keys: Keys, account: Account, now: datetime) -> datetime | None:
    """Until when an account's tries are not looked at; None where they are."""
    names = [key_of(keys, kind, name) for kind, name in _of(account)]
    query = select(func.max(sign_in_tries.c.until)).where(
        sign_in_tries.c.key.in_(names), sign_in_tries.c.until > now
    )
    until: datetime | None = connection.execute(query).scalar_one_or_none()
    return until


def _of(account: Account) -> tuple[tuple[Kind, str], ...]:
    return (("login", account.login), ("code", account.id), ("own", account.id))


def _seconds(span: timedelta) -> int:
    return ceil(span.total_seconds())
