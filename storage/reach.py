"""The ledger of reach: what each conversation's channel still takes, and whom nothing reaches until they write again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from delivery.messages import Kind
from delivery.reach import GRANTS, Reach
from storage.database import DIALECTS, Database, upsert
from storage.tables import conversations, grants, unreached

#: What a conversation's employee did last that makes nothing reach them: they left the account.
LEFT: Final = "left"

_REACHED: Final = delete(unreached).where(unreached.c.conversation.in_(bindparam("reached", expanding=True)))
_GRANT: Final = {
    dialect: keep.on_conflict_do_update(
        index_elements=["conversation", "name"],
        set_={"until": keep.excluded.until, "left": keep.excluded.left},
    )
    for dialect, keep in ((each, upsert(each, grants)) for each in DIALECTS)
}
_CLOSE: Final = {
    dialect: keep.on_conflict_do_update(
        index_elements=["conversation"], set_={"why": keep.excluded.why, "since": keep.excluded.since}
    )
    for dialect, keep in ((each, upsert(each, unreached)) for each in DIALECTS)
}


class StoredReach:
    """How each conversation can be reached."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, conversation: str, now: datetime) -> Reach:
        """How a conversation can be reached at a moment."""
        with self._database.read() as connection:
            return reach_of(connection, conversation, now)


def reach_of(connection: Connection, conversation: str, now: datetime) -> Reach:
    """How a conversation can be reached at a moment."""
    query = (
        select(conversations.c.channel, unreached.c.why)
        .outerjoin(unreached, unreached.c.conversation == conversations.c.id)
        .where(conversations.c.id == conversation)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return Reach(gone="erased")
    if row.channel not in GRANTS:
        return Reach(gone=row.why or "")
    live = connection.execute(select(grants).where(*_live(conversation, now))).all()
    return Reach(
        until=max((each.until for each in live), default=None),
        left=max((each.left for each in live), default=0),
        gone=row.why or "",
    )


def renew(connection: Connection, done: Iterable[tuple[str, str, Kind]], now: datetime) -> None:
    """What employees did, by conversation and channel, in order: it grants what it grants, and whoever writes can be reached
    again."""
    last: dict[str, Kind] = {}
    granted: dict[tuple[str, str], dict[str, Any]] = {}
    for conversation, channel, kind in done:
        last[conversation] = kind
        grant = GRANTS.get(channel, {}).get(kind)
        if grant is not None:
            granted[conversation, grant.name] = {
                "conversation": conversation,
                "name": grant.name,
                "until": now + grant.span,
                "left": grant.messages,
            }
    reached = [conversation for conversation, kind in last.items() if kind != LEFT]
    if reached:
        connection.execute(_REACHED, {"reached": reached})
    if granted:
        # In one order everywhere, so that two who grant the same do not wait for each other.
        connection.execute(_GRANT[connection.dialect.name], [granted[each] for each in sorted(granted)])
    for conversation in sorted(last.keys() - reached):
        close(connection, conversation, LEFT, now)


def spend(connection: Connection, conversation: str, channel: str, now: datetime) -> None:
    """One message more was taken. It counts against every grant that is live: never is more thought to be left than is."""
    if channel in GRANTS:
        connection.execute(update(grants).where(*_live(conversation, now)).values(left=grants.c.left - 1))


def close(connection: Connection, conversation: str, why: str, now: datetime) -> None:
    """Nothing reaches the employee any more until they write; `why` is a word, or the platform's number."""
    row = {"conversation": conversation, "why": why, "since": now}
    connection.execute(_CLOSE[connection.dialect.name], row)


def left(connection: Connection, conversation: str, channel: str, now: datetime) -> int | None:
    """How many messages are still taken; None where the channel does not count them."""
    if channel not in GRANTS:
        return None
    live = connection.execute(select(grants.c.left).where(*_live(conversation, now))).scalars()
    return max(live, default=0)


def is_open(conversation: ColumnElement[str], channel: ColumnElement[str], now: Any) -> ColumnElement[bool]:
    """Whether a conversation's channel takes a message now: for queries that look for one to send."""
    granted = exists().where(grants.c.conversation == conversation, grants.c.until > now, grants.c.left > 0)
    return and_(
        ~exists().where(unreached.c.conversation == conversation),
        or_(channel.not_in(tuple(GRANTS)), granted),
    )


def kept_aside(connection: Connection, conversation: str) -> Mapping[Table, Sequence[RowMapping]]:
    """How a conversation can be reached, for the one that takes its place."""
    return {
        table: connection.execute(select(table).where(table.c.conversation == conversation)).mappings().all()
        for table in (grants, unreached)
    }


def put_back(connection: Connection, conversation: str, aside: Mapping[Table, Sequence[RowMapping]]) -> None:
    """Gives a conversation what was kept aside of the one before."""
    for table, rows in aside.items():
        if rows:
            connection.execute(insert(table), [{**row, "conversation": conversation} for row in rows])


def _live(conversation: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (grants.c.conversation == conversation, grants.c.until > now, grants.c.left > 0)
