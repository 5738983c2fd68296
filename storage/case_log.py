"""The chain of a notice as rows: an event is added in the transaction of what it tells of, and nothing is ever changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, func, insert, select

from audit.case_chain import CaseEvent, CaseHead, CaseLink, Committed, link_event
from audit.events import SYSTEM
from audit.heads import Signer
from storage.keys import Keys
from storage.tables import notice_events, notice_values

VALUE: Final = "notice_values.body"
#: Two hosts' clocks may differ so much. More is told: what was over could be good again by a clock that was put back.
_SKEW: Final = timedelta(seconds=5)
_CLOCK_BACK: Final = CaseEvent("flagged", SYSTEM, {"why": "clock_back"})


def add_event(connection: Connection, keys: Keys, notice: str, event: CaseEvent, now: datetime) -> CaseLink:
    """Adds an event to a notice's chain. Whoever calls has locked the notice's row, so that no two come at once."""
    return add_events(connection, keys, notice, (event,), now)[-1]


def add_events(
    connection: Connection, keys: Keys, notice: str, new: Sequence[CaseEvent], now: datetime
) -> tuple[CaseLink, ...]:
    """`add_event` for several, in order."""
    last = connection.execute(
        select(notice_events)
        .where(notice_events.c.notice == notice)
        .order_by(notice_events.c.seq.desc())
        .limit(1)
    ).one_or_none()
    before, signer = None if last is None else read_link(last), keys.signer()
    if last is not None and last.at - now > _SKEW:
        new = (_CLOCK_BACK, *new)
    links: list[CaseLink] = []
    for event in new:
        before = link_event(notice, 1 if before is None else before.seq + 1, event, now, before, signer)
        links.append(before)
    connection.execute(insert(notice_events), [event_row(each, now) for each in links])
    if values := [row for each in links for row in value_rows(keys, each)]:
        connection.execute(insert(notice_values), values)
    return tuple(links)


def first_event(notice: str, event: CaseEvent, now: datetime, signer: Signer) -> CaseLink:
    """The event with which a chain begins."""
    return link_event(notice, 1, event, now, None, signer)


def event_row(link: CaseLink, now: datetime) -> dict[str, Any]:
    """An event as its row."""
    return {
        "notice": link.case,
        "seq": link.seq,
        "at": now,
        "type": link.data["type"],
        "body": link.body,
        "hash": link.hash,
        "signature": link.signature,
    }


def value_rows(keys: Keys, link: CaseLink) -> list[dict[str, Any]]:
    """What an event commits to, as rows."""
    box = keys.box(VALUE)
    return [
        {
            "notice": link.case,
            "seq": link.seq,
            "name": name,
            "key_id": box.key_id,
            "body": box.seal_json(
                f"{VALUE}:{link.case}:{link.seq}:{name}", [committed.value, committed.salt.hex()]
            ),
        }
        for name, committed in link.committed.items()
    ]


def chain_of(connection: Connection, keys: Keys, notice: str) -> tuple[CaseLink, ...]:
    """A whole chain, with what its events commit to as far as that is still there."""
    events = select(notice_events).where(notice_events.c.notice == notice).order_by(notice_events.c.seq)
    values = select(notice_values).where(notice_values.c.notice == notice)
    committed: dict[int, dict[str, Committed]] = {}
    for row in connection.execute(values):
        committed.setdefault(row.seq, {})[row.name] = _value(keys, row)
    return tuple(read_link(row, committed.get(row.seq, {})) for row in connection.execute(events))


def newest_heads(connection: Connection) -> tuple[CaseHead, ...]:
    """The last event of every case."""
    last = (
        select(notice_events.c.notice, func.max(notice_events.c.seq).label("seq"))
        .group_by(notice_events.c.notice)
        .subquery()
    )
    newest = select(notice_events.c.notice, notice_events.c.seq, notice_events.c.hash).join(
        last, and_(last.c.notice == notice_events.c.notice, last.c.seq == notice_events.c.seq)
    )
    return tuple(CaseHead(row.notice, row.seq, row.hash) for row in connection.execute(newest))


def read_link(row: Row[Any], committed: Mapping[str, Committed] | None = None) -> CaseLink:
    """An event from its row."""
    return CaseLink(row.notice, row.seq, row.body, row.hash, row.signature, committed or {})


def _value(keys: Keys, row: Row[Any]) -> Committed:
    place = f"{VALUE}:{row.notice}:{row.seq}:{row.name}"
    value, salt = keys.box(VALUE, row.key_id).open_json(place, row.body)
    return Committed(value, bytes.fromhex(salt))
