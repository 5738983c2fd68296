"""The chain as it is stored: checked from its beginning, its end signed, in the database and in a file outside it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select

from audit.chain import BEGINNING, Broken, Check, Item, Link, Reason, check
from audit.events import SYSTEM, Event, tells_dibao
from audit.exported import Opening, write
from audit.heads import Head, moment_text, standing
from audit.reading import Chain, State
from storage.audit import COUNTER, append, read_reason, to_the_millisecond
from storage.database import DIALECTS, Database, upsert
from storage.encryption import Unreadable
from storage.keys import Keys
from storage.line_files import add_lines, read_text
from storage.tables import audit_checks, audit_events, audit_heads, audit_reasons, audit_subjects, counters

#: So many events after the newest head the next one is signed, without waiting for the night.
SIGN_EVERY: Final = 1000
_BATCH: Final = 1000
#: Before every number that a row can have, an altered one too.
_FIRST: Final = -(2**31)
_SIGN: Final = {dialect: upsert(dialect, audit_heads).on_conflict_do_nothing() for dialect in DIALECTS}


class HeadFile:
    """The signed heads, a JSON line each, in a file beside the folder of the keys that no backup holds."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def beside(cls, folder: Path) -> HeadFile:
        """The file that belongs to a folder of keys."""
        return cls(folder.with_name(f"{folder.name}-heads.jsonl"))

    def add(self, heads: Iterable[Head]) -> None:
        """Adds heads that the file does not have yet; on the disk when this returns."""
        known = set(self.read())
        add_lines(self.path, [json.dumps(head.as_json()) + "\n" for head in heads if head not in known])

    def read(self) -> tuple[Head, ...]:
        """Every head in the order of the file. A line that a crash cut short is left out: the table has it too."""
        return tuple(filter(None, map(_read_line, read_text(self.path).splitlines())))


class StoredChain(Chain):
    """The chain."""

    def __init__(self, database: Database, keys: Keys, file: HeadFile, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self.file = file

    def state(self) -> State:
        """How it stands."""
        newest = select(audit_checks).order_by(audit_checks.c.at.desc()).limit(1)
        with self._database.snapshot() as connection:
            checked = connection.execute(newest).one_or_none()
            head = connection.execute(
                select(audit_heads).order_by(audit_heads.c.seq.desc()).limit(1)
            ).one_or_none()
            count = connection.execute(select(func.count()).select_from(audit_events)).scalar_one()
        return State(
            count,
            None if checked is None else checked.at,
            None if checked is None else _read_check(checked),
            None if head is None else _read_head(head),
        )

    def check(self) -> Check:
        """Checks all of it now; where it is whole its head is signed. Raises `StorageError` without a key to sign."""
        signer, now = self._keys.signer(), self._now()
        with self._database.snapshot() as connection:
            written = (
                connection.execute(select(counters.c.value).where(counters.c.name == COUNTER)).scalar() or 0
            )
            heads = dict.fromkeys((*_heads(connection), *standing(self.file.read(), signer.public)))
            found = check(_links(connection, self._keys), tuple(heads), signer.public, written)
        with self._database.work() as connection:
            connection.execute(delete(audit_checks).where(audit_checks.c.at == now))
            connection.execute(insert(audit_checks), _check_row(found, now))
            if found.broken is None and found.last:
                head = signer.sign(Head(found.last, found.hash, to_the_millisecond(now)))
                connection.execute(_SIGN[connection.dialect.name], _head_row(head))
            signed = _heads(connection)
        if found.broken is None:
            self.file.add(signed)
        return found

    def is_due(self) -> bool:
        """Whether many events were written since the newest head."""
        with self._database.read() as connection:
            written = connection.execute(select(func.max(audit_events.c.seq))).scalar() or 0
            signed = connection.execute(select(func.max(audit_heads.c.seq))).scalar() or 0
        return written - signed >= SIGN_EVERY

    def export(self, *, dibao: bool) -> Iterator[str]:
        """All of it as lines that `audit.exported` reads, with no names and no reasons."""
        public = self._keys.signer().public
        with self._database.snapshot() as connection:
            last = connection.execute(select(func.max(audit_events.c.seq))).scalar() or 0
            opening = Opening(public, self._now(), last, _heads(connection))
            links = _links(connection, self._keys)
            yield from write(opening, links if dibao else map(_without_dibao, links))

    def put_back(self, made_at: str, last: int) -> None:
        """Notes that a backup of that moment, with so many events, was put in the place of the database.

        The chain goes on where the backup ends. The file gets a signed line that says so, without which the heads of
        the events that are gone would count for ever.
        """
        signer, now = self._keys.signer(), to_the_millisecond(self._now())
        with self._database.work() as connection:
            found = connection.execute(select(audit_events.c.hash).where(audit_events.c.seq == last))
            head = Head(last, found.scalar_one_or_none() or BEGINNING, now, restored=True)
            append(connection, Event("restore", SYSTEM, details={"made_at": made_at}), now)
        self.file.add((signer.sign(head),))


# -- Rows ------------------------------------------------------------------------------------------------------------


def _links(connection: Connection, keys: Keys) -> Iterator[Link]:
    """Every event in the order of the numbers, with what stands beside it."""
    after = _FIRST
    query = select(audit_events).order_by(audit_events.c.seq).limit(_BATCH)
    while rows := connection.execute(query.where(audit_events.c.seq > after)).all():
        first, after = rows[0].seq, rows[-1].seq
        items: defaultdict[int, list[Item]] = defaultdict(list)
        for row in connection.execute(
            select(audit_subjects).where(audit_subjects.c.seq.between(first, after))
        ):
            items[row.seq].append(Item(row.item, row.subject, row.salt))
        reasons = {
            row.seq: _reason(keys, row)
            for row in connection.execute(
                select(audit_reasons).where(audit_reasons.c.seq.between(first, after))
            )
        }
        for row in rows:
            index = (moment_text(row.at), row.act, row.actor)
            yield Link(row.seq, row.body, row.hash, tuple(items[row.seq]), reasons.get(row.seq), index)


def _reason(keys: Keys, row: Row[Any]) -> Reason:
    try:
        return read_reason(keys, row.seq, row.key_id, row.body)
    except Unreadable:
        return Reason("", b"")  # altered: it matches no commitment


def _without_dibao(link: Link) -> Link:
    """An event without whom it is about, where its act tells of their dibao."""
    assert link.index is not None
    if not tells_dibao(link.index[1]):
        return link
    items = tuple(Item(item.hash, None, None) for item in link.items)
    return Link(link.seq, link.body, link.hash, items, link.reason, link.index)


def _heads(connection: Connection) -> tuple[Head, ...]:
    rows = connection.execute(select(audit_heads).order_by(audit_heads.c.seq))
    return tuple(map(_read_head, rows))


def _read_head(row: Row[Any]) -> Head:
    return Head(row.seq, row.hash, row.at, row.signature)


def _head_row(head: Head) -> dict[str, Any]:
    return {"seq": head.seq, "at": head.at, "hash": head.hash, "signature": head.signature}


def _check_row(found: Check, now: datetime) -> dict[str, Any]:
    seq, why = (None, None) if found.broken is None else (found.broken.seq, found.broken.why)
    return {"at": now, "last": found.last, "hash": found.hash, "broken": seq, "why": why}


def _read_check(row: Row[Any]) -> Check:
    return Check(row.last, row.hash, None if row.broken is None else Broken(row.broken, row.why))


def _read_line(line: str) -> Head | None:
    try:
        return Head.from_json(json.loads(line))
    except ValueError:
        return None
