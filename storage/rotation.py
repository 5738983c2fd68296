"""Root keys in use: checked when the program starts, and taken out of use by rotation."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, func, select, update

from storage import tasks as task_rows
from storage.conversation_rows import SENDER, WITH_KEY, sender_index
from storage.database import Database
from storage.encryption import Unreadable
from storage.errors import StorageError
from storage.keys import Keys
from storage.tables import conversations, person_keys, tasks

#: Tables with values that a root key seals, each with its `key_id`.
SEALED_BY_ROOT: Final = (person_keys, tasks)
BATCH: Final = 500


def in_use(connection: Connection) -> Counter[int]:
    """How many values each root key seals."""
    counts: Counter[int] = Counter()
    for table in SEALED_BY_ROOT:
        query = select(table.c.key_id, func.count()).group_by(table.c.key_id)
        counts.update({key_id: count for key_id, count in connection.execute(query)})
    return counts


def check_keys(connection: Connection, keys: Keys) -> None:
    """Raises `StorageError` where a key in use is missing or is another one than the values were sealed with."""
    for key_id in sorted(in_use(connection)):
        if key_id not in keys.ids:
            raise StorageError(f"keys: root key {key_id} is in use and is not in {keys.folder}")
    try:
        for key_id in keys.ids:
            _check_key(connection, keys, key_id)
    except Unreadable as error:
        raise StorageError(f"keys: those in {keys.folder} are not those of this database ({error})") from None


def _check_key(connection: Connection, keys: Keys, key_id: int) -> None:
    """Opens one value of each kind that the key seals."""
    query = select(conversations, person_keys).select_from(WITH_KEY).where(person_keys.c.key_id == key_id)
    row = connection.execute(query.limit(1)).one_or_none()
    if row is not None:
        box = keys.person(row.id, row.key_id, row.wrapped)
        sender = box.open_json(f"{SENDER}:{row.id}", row.sender)
        if row.sender_index != sender_index(keys, row.channel, sender):
            raise Unreadable("index.key")
    task = connection.execute(select(tasks).where(tasks.c.key_id == key_id).limit(1)).one_or_none()
    if task is not None:
        keys.box(task_rows.BODY, key_id).open(f"{task_rows.BODY}:{task.number}", task.body)


def rotate(database: Database, keys: Keys) -> int:
    """Seals everything with the newest root key, a batch a transaction; how many values. Stopped, it can be run again.

    People's own keys stay and are wrapped anew, so what they seal is not touched.
    """
    count = 0
    for table in SEALED_BY_ROOT:
        while done := _rotate_batch(database, keys, table):
            count += done
    return count


def _rotate_batch(database: Database, keys: Keys, table: Table) -> int:
    (name,) = table.primary_key.columns
    # A row that someone is just deleting is not waited for; if it stays after all, it is what is left.
    old = select(table).where(table.c.key_id != keys.newest).limit(BATCH).with_for_update(skip_locked=True)
    anew = update(table).where(name == bindparam("row"))
    with database.work() as connection:
        rows = connection.execute(old).mappings().all()
        changed = [_wrap(keys, row) if table is person_keys else _seal(keys, row) for row in rows]
        if changed:
            connection.execute(anew, changed)
    return len(rows)


def _wrap(keys: Keys, row: Any) -> dict[str, Any]:
    conversation = row["conversation"]
    key_id, wrapped = keys.wrap(conversation, keys.unwrap(conversation, row["key_id"], row["wrapped"]))
    return {"row": conversation, "key_id": key_id, "wrapped": wrapped}


def _seal(keys: Keys, row: Any) -> dict[str, Any]:
    purpose, place = task_rows.BODY, f"{task_rows.BODY}:{row['number']}"
    box = keys.box(purpose)
    plain = keys.box(purpose, row["key_id"]).open(place, row["body"])
    return {"row": row["number"], "key_id": box.key_id, "body": box.seal(place, plain)}
