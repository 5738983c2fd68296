"""Counters: numbers without gaps, given out in the order in which they are committed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, select

from storage.database import DIALECTS, upsert
from storage.tables import counters

_NEXT: Final = {
    dialect: upsert(dialect, counters)
    .values(name=bindparam("counted"), value=1)
    .on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
    .returning(counters.c.value)
    for dialect in DIALECTS
}

_PUT: Final = {
    dialect: upsert(dialect, counters).on_conflict_do_update(
        index_elements=["name"], set_={"value": upsert(dialect, counters).excluded.value}
    )
    for dialect in DIALECTS
}


def next_of(connection: Connection, counter: str) -> int:
    """The next number of a counter. Its row stays locked until the transaction ends, so a higher number is never
    committed first. Counters are taken in the order notices, tasks, task_changes, audit: in two orders they would wait for each
    other."""
    return int(connection.execute(_NEXT[connection.dialect.name], {"counted": counter}).scalar_one())


def put(connection: Connection, counter: str, value: int) -> None:
    """Sets a counter; as with `next_of` its row stays locked."""
    connection.execute(_PUT[connection.dialect.name], {"name": counter, "value": value})


def current(connection: Connection, counter: str) -> int:
    """The last number that was committed; every smaller one was, too."""
    found = connection.execute(select(counters.c.value).where(counters.c.name == counter))
    return found.scalar_one_or_none() or 0
