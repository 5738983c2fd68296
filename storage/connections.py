"""Outside systems as rows: who asks now, how far each was read, how it fails. What was read and how far move together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, or_, select, update

from audit.events import Event
from people.connections import Connections, Failure, Name, Standing, UnknownCode, failure_of, next_try
from people.outside import ConfirmedAmounts, OutsideFailed, Statement, StatusChange, Tokens, Wages
from storage.audit import append
from storage.calls import count_call
from storage.connection_records import (
    consenting,
    keep_amounts,
    keep_statement,
    keep_statuses,
    keep_wages,
    token_owners,
)
from storage.database import DIALECTS, Database, upsert
from storage.keys import Keys
from storage.tables import connection_codes, connection_nonces, connection_versions, connections
from storage.tasks import task_number

BODY: Final = "connections.body"
CODE: Final = "connection_codes.body"
_CODE_INDEX: Final = "connection_codes.code"
_COVERED: Final = "connections.covered"
_NONCE: Final = "connection_nonces.nonce"
#: A version that is longer is not kept: the list is then read whole each time.
LONGEST_VERSION: Final = 500
#: Versions of months that nobody asks about any more.
OLD: Final = timedelta(days=400)
_BEGIN: Final = {dialect: upsert(dialect, connections).on_conflict_do_nothing() for dialect in DIALECTS}
_FIRST_TIME: Final = {
    dialect: upsert(dialect, connection_nonces).on_conflict_do_nothing().returning(connection_nonces.c.nonce)
    for dialect in DIALECTS
}
_VERSION: Final = {
    dialect: upsert(dialect, connection_versions).on_conflict_do_update(
        index_elements=["connection", "list", "month"],
        set_={
            name: getattr(upsert(dialect, connection_versions).excluded, name) for name in ("version", "at")
        },
    )
    for dialect in DIALECTS
}
_CODES: Final = {
    dialect: upsert(dialect, connection_codes).on_conflict_do_update(
        index_elements=["connection", "code_index"],
        set_={"at": upsert(dialect, connection_codes).excluded.at},
    )
    for dialect in DIALECTS
}


class Overtaken(Exception):
    """The lease ran out, and somebody else asks now: what this worker has is theirs to read."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One worker's right to ask a system. `cursor` is where it goes on for those whom `covered` names, as tokens' digests."""

    name: Name
    token: str
    cursor: str = field(repr=False)
    covered: frozenset[str] = field(repr=False)
    failures: int


class StoredConnections(Connections):
    """The connections."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    # Who asks

    def claim(self, name: Name, until: datetime) -> Lease | None:
        """The right to ask a system that is due; None where it is not, or somebody asks already."""
        now, token = self._now(), str(uuid4())
        with self._database.work() as connection:
            self._begin(connection, name, now)
            row = connection.execute(
                select(connections)
                .where(
                    connections.c.name == name,
                    connections.c.due_at <= now,
                    or_(connections.c.leased_until.is_(None), connections.c.leased_until <= now),
                )
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if row is None:
                return None
            lease = {"lease": token, "leased_until": until, "asked_at": now}
            connection.execute(update(connections).where(connections.c.name == name).values(**lease))
        body = self._open(row)
        return Lease(name, token, body["cursor"], frozenset(body["covered"]), row.failures)

    def succeed(self, lease: Lease, every: timedelta, about: int, strangers: int) -> None:
        """Everything was read: `about` so many people, with so many records about others. Raises `Overtaken`."""
        now = self._now()
        with self._database.work() as connection:
            row = self._held(connection, lease)
            connection.execute(delete(connection_codes).where(connection_codes.c.connection == lease.name))
            self._write(
                connection,
                lease.name,
                **self._sealed(lease.name, self._open(row) | {"about": about, "strangers": strangers}),
                due_at=now + every,
                succeeded_at=now,
                well_since=row.well_since or now,
                failing_since=None,
                failures=0,
                failure=None,
                code="",
                lease=None,
                leased_until=None,
            )
            count_call(connection, lease.name, done=True, now=now)

    def fail(self, lease: Lease, error: OutsideFailed, every: timedelta) -> None:
        """It gave no answer that can be used; it is asked again later. Raises `Overtaken`."""
        now = self._now()
        with self._database.work() as connection:
            row = self._held(connection, lease)
            if error.value:
                self._note_code(connection, lease.name, error, now)
            self._write(
                connection,
                lease.name,
                due_at=now + next_try(error, row.failures + 1, every),
                failing_since=row.failing_since or now,
                well_since=None,
                failures=row.failures + 1,
                failure=failure_of(error),
                code=error.code,
                lease=None,
                leased_until=None,
            )
            count_call(connection, lease.name, done=False, now=now)

    # Civil affairs

    def consenting(self, tokens: Tokens) -> dict[str, str]:
        """Employees by their token, of those alone who agree to civil affairs being asked."""
        with self._database.read() as connection:
            return token_owners(connection, self._keys, tokens, among=consenting(connection, self._keys))

    def still_consenting(self, people: Mapping[str, str]) -> dict[str, str]:
        """Those of some people who have not taken it back."""
        with self._database.read() as connection:
            holding = consenting(connection, self._keys, people.values())
        return {token: employee for token, employee in people.items() if employee in holding}

    def keep_page(
        self, lease: Lease, changes: Sequence[StatusChange], people: Mapping[str, str], cursor: str | None
    ) -> None:
        """Keeps what a page told, together with where the next begins; without a `cursor` the page was of people who are read
        alone. Raises `Overtaken`."""
        now = self._now()
        with self._database.work() as connection:
            row = self._held(connection, lease)
            delay = keep_statuses(connection, self._keys, people, changes, now)
            if cursor is not None:
                moved = self._open(row) | {"cursor": cursor}
                self._write(connection, lease.name, **self._sealed(lease.name, moved))
                self._note_delay(connection, lease.name, delay)

    def cover(self, lease: Lease, tokens: Collection[str], cursor: str) -> None:
        """From now on `cursor` holds for these people, and for no others. Raises `Overtaken`."""
        with self._database.work() as connection:
            row = self._held(connection, lease)
            covered = {"cursor": cursor, "covered": sorted(map(self.digest, tokens))}
            self._write(connection, lease.name, **self._sealed(lease.name, self._open(row) | covered))

    def digest(self, token: str) -> str:
        """What stands for somebody among those whom the cursor holds for."""
        return self._keys.index(_COVERED, token).hex()

    def take_delivery(
        self, name: Name, nonce: str, until: datetime, changes: Sequence[StatusChange], tokens: Tokens
    ) -> bool:
        """Keeps what was delivered; False where the same delivery came before."""
        now = self._now()
        with self._database.work() as connection:
            connection.execute(delete(connection_nonces).where(connection_nonces.c.until < now))
            first = connection.execute(
                _FIRST_TIME[self._database.dialect],
                {"nonce": self._keys.index(_NONCE, name, nonce), "until": until},
            )
            if first.first() is None:
                return False
            self._begin(connection, name, now)
            people = token_owners(connection, self._keys, tokens, among=consenting(connection, self._keys))
            self._note_delay(connection, name, keep_statuses(connection, self._keys, people, changes, now))
        return True

    def note_nonsense(self, name: Name, error: OutsideFailed) -> None:
        """What was delivered held a code that nobody has mapped."""
        now = self._now()
        with self._database.work() as connection:
            self._begin(connection, name, now)
            self._note_code(connection, name, error, now)

    # Payroll and social insurance

    def everyone(self, tokens: Tokens) -> dict[str, str]:
        """Employees by their token, those who left among them."""
        with self._database.read() as connection:
            return token_owners(connection, self._keys, tokens)

    def version(self, name: Name, list: str, month: date) -> str:
        """The version of a list that was taken over last; "" where none was."""
        query = select(connection_versions.c.version).where(
            connection_versions.c.connection == name,
            connection_versions.c.list == list,
            connection_versions.c.month == month,
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none() or ""

    def keep_wages(self, lease: Lease, wages: Wages, people: Mapping[str, str]) -> None:
        """Keeps a month's wages together with their version. Raises `Overtaken` and `Nonsense`."""
        now = self._now()
        with self._database.work() as connection:
            self._held(connection, lease)
            keep_wages(connection, self._keys, people, wages, now)
            self._note_version(connection, lease.name, "pay", wages.month, wages.version, now)

    def keep_amounts(self, lease: Lease, amounts: ConfirmedAmounts, people: Mapping[str, str]) -> None:
        """Keeps a month's amounts together with their version. Raises `Overtaken` and `Nonsense`."""
        now = self._now()
        with self._database.work() as connection:
            self._held(connection, lease)
            whole = keep_amounts(connection, self._keys, people, amounts, now)
            version = amounts.version if whole else ""
            self._note_version(connection, lease.name, "amounts", amounts.month, version, now)

    def keep_statement(
        self, lease: Lease, statement: Statement, version: str, people: Mapping[str, str]
    ) -> None:
        """Keeps a month's statement together with its version. Raises `Overtaken` and `Nonsense`."""
        now = self._now()
        with self._database.work() as connection:
            self._held(connection, lease)
            whole = keep_statement(connection, self._keys, people, statement, now)
            self._note_version(
                connection, lease.name, "statement", statement.month, version if whole else "", now
            )

    # For whoever looks after them

    def standings(self) -> tuple[Standing, ...]:
        """How each stands that was ever asked, in the order of their names."""
        with self._database.read() as connection:
            rows = connection.execute(select(connections).order_by(connections.c.name)).all()
        return tuple(self._standing(row) for row in rows)

    def codes(self, name: Name) -> tuple[UnknownCode, ...]:
        """Codes that were not understood, the newest first."""
        query = select(connection_codes).where(connection_codes.c.connection == name)
        with self._database.read() as connection:
            rows = connection.execute(
                query.order_by(connection_codes.c.at.desc(), connection_codes.c.id)
            ).all()
        return tuple(
            UnknownCode(
                row.place, self._keys.box(CODE, row.key_id).open_json(f"{CODE}:{row.id}", row.body), row.at
            )
            for row in rows
        )

    def ask_now(self, name: Name, by: str) -> None:
        """Has it asked as soon as somebody works."""
        now = self._now()
        with self._database.work() as connection:
            self._begin(connection, name, now)
            self._write(connection, name, due_at=now)
            append(connection, Event("connection_asked", by, details={"connection": name}), now)

    # Rows

    def _begin(self, connection: Connection, name: Name, now: datetime) -> None:
        body = self._sealed(name, {"cursor": "", "covered": [], "about": 0, "strangers": 0})
        row = {"name": name, **body, "begun_at": now, "due_at": now, "failures": 0, "code": "", "alarm": 0}
        connection.execute(_BEGIN[self._database.dialect], row)

    def _held(self, connection: Connection, lease: Lease) -> Row[Any]:
        """The row, locked, while the lease is this worker's. Raises `Overtaken`."""
        ours = select(connections).where(connections.c.name == lease.name, connections.c.lease == lease.token)
        row = connection.execute(ours.with_for_update()).one_or_none()
        if row is None:
            raise Overtaken
        return row

    def _write(self, connection: Connection, name: Name, **values: Any) -> None:
        connection.execute(update(connections).where(connections.c.name == name).values(**values))

    def _sealed(self, name: Name, data: Mapping[str, Any]) -> dict[str, Any]:
        box = self._keys.box(BODY)
        return {"key_id": box.key_id, "body": box.seal_json(f"{BODY}:{name}", data)}

    def _open(self, row: Row[Any]) -> dict[str, Any]:
        opened: dict[str, Any] = self._keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.name}", row.body)
        return opened

    def _note_delay(self, connection: Connection, name: Name, delay: timedelta | None) -> None:
        if delay is not None:
            self._write(connection, name, delay=int(delay.total_seconds()))

    def _note_version(
        self, connection: Connection, name: Name, list: str, month: date, version: str, now: datetime
    ) -> None:
        connection.execute(delete(connection_versions).where(connection_versions.c.at < now - OLD))
        row = {
            "connection": name,
            "list": list,
            "month": month,
            "version": version if len(version) <= LONGEST_VERSION else "",
            "at": now,
        }
        connection.execute(_VERSION[self._database.dialect], row)

    def _note_code(self, connection: Connection, name: Name, error: OutsideFailed, now: datetime) -> None:
        place = error.code.partition(":unmapped")[0]
        id, box = str(uuid4()), self._keys.box(CODE)
        row = {
            "id": id,
            "connection": name,
            "code_index": self._keys.index(_CODE_INDEX, name, place, error.value),
            "place": place,
            "key_id": box.key_id,
            "body": box.seal_json(f"{CODE}:{id}", error.value),
            "at": now,
        }
        connection.execute(_CODES[self._database.dialect], row)

    def _standing(self, row: Row[Any]) -> Standing:
        body = self._open(row)
        return standing_of(row, about=body["about"], strangers=body["strangers"])


def standing_of(row: Row[Any], about: int = 0, strangers: int = 0) -> Standing:
    """How a connection stands, from its row."""
    failure: Failure | None = row.failure
    return Standing(
        name=row.name,
        begun_at=row.begun_at,
        due_at=row.due_at,
        asked_at=row.asked_at,
        succeeded_at=row.succeeded_at,
        failing_since=row.failing_since,
        well_since=row.well_since,
        failures=row.failures,
        failure=failure,
        code=row.code,
        delay=None if row.delay is None else timedelta(seconds=row.delay),
        asked_about=about,
        strangers=strangers,
        alarmed_at=row.alarmed_at,
        task=None if row.task is None else task_number(row.task),
        quiet_until=row.quiet_until,
    )
