"""Dated changes as rows: written down once, in the transaction of what brought them, and their employee waits then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, func, select, update

from people.records import Purpose
from profiles.book import OPEN
from profiles.changes import FIELDS, HOUSEHOLD, Change, read_value, value_json
from profiles.profile import Profile
from storage.database import DIALECTS, note_pending, upsert
from storage.keys import Keys
from storage.record_rows import agreed
from storage.tables import employees, profile_changes, profiles, strategies
from storage.tasks import finish_task, task_number

BODY: Final = "profile_changes.body"
IDENTITY: Final = "profile_changes.identity"
#: The profile of `storage.profiles`; a row that was only marked holds none.
PROFILE: Final = "profiles.body"
STRATEGY: Final = "strategies.body"
_STORE: Final = {
    dialect: upsert(dialect, profile_changes)
    .on_conflict_do_nothing(index_elements=["identity"])
    .returning(profile_changes.c.employee)
    for dialect in DIALECTS
}
_MARK: Final = {
    dialect: mark.on_conflict_do_update(
        index_elements=["employee"],
        set_={"pending_since": func.coalesce(profiles.c.pending_since, mark.excluded.pending_since)},
    )
    for dialect in DIALECTS
    for mark in (upsert(dialect, profiles),)
}


def note(connection: Connection, keys: Keys, changes: Iterable[Change], now: datetime) -> int:
    """Writes down those that are new and may be kept; how many. Their employees wait then."""
    told = list(changes)
    if not told:
        return 0
    who = {each.employee for each in told}
    known = set(connection.execute(select(employees.c.id).where(employees.c.id.in_(who))).scalars())
    held = agreed(connection, keys, known) if any(each.what in HOUSEHOLD for each in told) else {}
    kept = [each for each in told if each.employee in known and _may_keep(each, held.get(each.employee, ()))]
    rows = {identity_index(keys, each): each for each in kept}
    if not rows:
        return 0
    new = connection.execute(
        _STORE[connection.dialect.name], [_row(keys, index, rows[index]) for index in sorted(rows)]
    ).scalars()
    found = list(new)
    mark(connection, keys, set(found), now)
    return len(found)


def mark(connection: Connection, keys: Keys, who: Collection[str], now: datetime) -> None:
    """Has what follows from an employee's changes looked at anew."""
    if not who:
        return
    box = keys.box(PROFILE)
    rows = [
        {
            "employee": each,
            "pending_since": now,
            "key_id": box.key_id,
            "body": box.seal_json(f"{PROFILE}:{each}", {}),
        }
        for each in sorted(who)
    ]
    connection.execute(_MARK[connection.dialect.name], rows)
    note_pending(connection)


def forget_household(
    connection: Connection, keys: Keys, employee: str, purpose: Purpose, now: datetime
) -> None:
    """Takes away what may be kept no longer once a consent is taken back."""
    # The profile is locked first, as by whoever follows the employee's changes.
    _fold_without_household(connection, keys, employee)
    query = select(profile_changes).where(profile_changes.c.employee == employee)
    rows = connection.execute(query).all()
    gone = [row.id for row in rows if read_change(keys, row).purpose == purpose]
    connection.execute(delete(profile_changes).where(profile_changes.c.id.in_(gone)))
    _forget_strategies(connection, keys, employee, purpose, now)
    mark(connection, keys, [employee], now)


def _forget_strategies(
    connection: Connection, keys: Keys, employee: str, purpose: Purpose, now: datetime
) -> None:
    """Strategies that rest on what may be kept no longer go, and the tasks of those with which something was to be done."""
    query = select(strategies).where(strategies.c.employee == employee, strategies.c.restricted)
    gone = [
        row
        for row in connection.execute(query.order_by(strategies.c.task).with_for_update())
        if purpose in strategy_body(keys, row)["data"]["purposes"]
    ]
    connection.execute(delete(strategies).where(strategies.c.id.in_([row.id for row in gone])))
    for row in gone:
        if row.task is not None and row.state in OPEN:
            finish_task(connection, task_number(row.task), now)


def strategy_body(keys: Keys, row: Row[Any]) -> dict[str, Any]:
    """What a strategy's row seals: its `data` and its `history`. Raises `Unreadable`."""
    body: dict[str, Any] = keys.box(STRATEGY, row.key_id).open_json(f"{STRATEGY}:{row.id}", row.body)
    return body


def _fold_without_household(connection: Connection, keys: Keys, employee: str) -> None:
    """The kept profile loses what it holds of the household at once; what may stay of it is folded in again."""
    row = connection.execute(
        select(profiles).where(profiles.c.employee == employee).with_for_update()
    ).one_or_none()
    if row is not None:
        box, place = keys.box(PROFILE), f"{PROFILE}:{employee}"
        data = keys.box(PROFILE, row.key_id).open_json(place, row.body)
        kept = {what: value for what, value in data.items() if what not in HOUSEHOLD}
        connection.execute(
            update(profiles)
            .where(profiles.c.employee == employee)
            .values(key_id=box.key_id, body=box.seal_json(place, kept))
        )


def read_change(keys: Keys, row: Row[Any]) -> Change:
    """A change from its row. Raises `Unreadable`."""
    data = keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.id}", row.body)
    return Change(
        employee=row.employee,
        what=data["what"],
        value=read_value(data["what"], data["value"]),
        holds_from=datetime.fromisoformat(data["holds_from"]).date(),
        said_by=data["said_by"],
        written_at=row.written_at,
        source=data["source"],
        standing=data["standing"],
        reference=data["reference"],
    )


def identity_index(keys: Keys, change: Change) -> bytes:
    """By what a change that comes again is found."""
    return keys.index(IDENTITY, *change.identity)


def changes_by_employee(
    connection: Connection, keys: Keys, who: Collection[str]
) -> dict[str, list[tuple[Change, bool]]]:
    """The changes of some employees, each with whether it was followed."""
    query = select(profile_changes).where(profile_changes.c.employee.in_(who))
    found: defaultdict[str, list[tuple[Change, bool]]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.employee].append((read_change(keys, row), row.followed))
    return found


def changes_of(connection: Connection, keys: Keys, employee: str) -> tuple[Change, ...]:
    """Every change of one employee, in `Change.order`."""
    found = changes_by_employee(connection, keys, [employee]).get(employee, [])
    return tuple(sorted((change for change, _ in found), key=lambda each: each.order))


def profile_json(profile: Profile) -> dict[str, Any]:
    """The values of a profile, as they are sealed for passes over all of them."""
    return {what: value_json(value) for what in FIELDS if (value := profile.value(what)) is not None}


def _row(keys: Keys, identity: bytes, change: Change) -> dict[str, Any]:
    id, box = str(uuid4()), keys.box(BODY)
    data = {
        "what": change.what,
        "value": value_json(change.value),
        "holds_from": change.holds_from.isoformat(),
        "said_by": change.said_by,
        "source": change.source,
        "standing": change.standing,
        "reference": change.reference,
    }
    return {
        "id": id,
        "employee": change.employee,
        "identity": identity,
        "followed": False,
        "key_id": box.key_id,
        "body": box.seal_json(f"{BODY}:{id}", data),
        "written_at": change.written_at,
    }


def _may_keep(change: Change, held: Collection[Purpose]) -> bool:
    return change.purpose is None or change.purpose in held
