"""Root keys in use: checked when the program starts, and taken out of use by rotation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Table, bindparam, select, text, update

from storage import abroad as abroad_store
from storage import account_rows, case_log, credentials, employee_rows, record_rows
from storage import act_receipts as act_receipt_rows
from storage import audit as log_rows
from storage import cases as case_rows
from storage import companies as company_rows
from storage import connections as connection_store
from storage import declaration_rows as declaration_store
from storage import imports as import_store
from storage import notice_rows as notice_store
from storage import platform_tokens as token_store
from storage import policy_changes as policy_rows
from storage import portal as portal_rows
from storage import profile_changes as change_rows
from storage import profiles as profile_rows
from storage import quarantine as quarantine_rows
from storage import reassessments as pass_rows
from storage import tasks as task_rows
from storage.conversation_rows import SENDER, WITH_KEY, sender_index
from storage.database import Database
from storage.encryption import Unreadable
from storage.errors import StorageError
from storage.keys import Keys
from storage.tables import (
    abroad,
    accounts,
    act_receipts,
    assessed,
    audit_reasons,
    connection_codes,
    connections,
    conversations,
    declaration_lines,
    declarations,
    employee_records,
    employees,
    entities,
    import_mappings,
    import_rows,
    imports,
    insured_accounts,
    metadata,
    notes,
    notice_answers,
    notice_batches,
    notice_files,
    notice_holds,
    notice_rows,
    notice_values,
    notices,
    pay_months,
    person_keys,
    platform_tokens,
    policy_changes,
    portal_files,
    profile_changes,
    profiles,
    quarantined_cells,
    reassessed,
    second_factors,
    strategies,
    tasks,
)

#: Tables whose `body` a root key seals, with the purpose under which it does. The place of a body is the purpose and
#: the row's primary key.
BODIES: Final[Mapping[Table, str]] = {
    tasks: task_rows.BODY,
    accounts: account_rows.BODY,
    second_factors: credentials.FACTOR,
    policy_changes: policy_rows.BODY,
    audit_reasons: log_rows.REASON,
    employees: employee_rows.BODY,
    pay_months: record_rows.PAY,
    employee_records: record_rows.BODY,
    portal_files: portal_rows.BODY,
    act_receipts: act_receipt_rows.BODY,
    profile_changes: change_rows.BODY,
    profiles: profile_rows.BODY,
    strategies: change_rows.STRATEGY,
    assessed: pass_rows.FIGURES,
    reassessed: pass_rows.BODY,
    entities: company_rows.ENTITY,
    insured_accounts: company_rows.ACCOUNT,
    imports: import_store.BODY,
    import_rows: import_store.ROW,
    import_mappings: import_store.MAPPING,
    quarantined_cells: quarantine_rows.BODY,
    notes: case_rows.NOTE,
    platform_tokens: token_store.BODY,
    abroad: abroad_store.BODY,
    connections: connection_store.BODY,
    connection_codes: connection_store.CODE,
    notice_batches: notice_store.BATCH_BODY,
    notice_rows: notice_store.ROW_BODY,
    notices: notice_store.BODY,
    notice_values: case_log.VALUE,
    notice_answers: notice_store.ANSWER,
    notice_files: notice_store.FILE,
    notice_holds: notice_store.HOLD,
    declarations: declaration_store.BODY,
    declaration_lines: declaration_store.LINE,
}
#: Tables with values that a root key seals, each with its `key_id`.
SEALED_BY_ROOT: Final = (person_keys, *BODIES)
BATCH: Final = 500


#: Of every table that holds such values, by which keys: one question, as it is asked at every start.
_SEALED: Final = text(
    " UNION ALL ".join(
        f"SELECT '{table.name}', key_id, count(*) FROM {table.name} GROUP BY key_id"
        for table in SEALED_BY_ROOT
    )
)


def in_use(connection: Connection) -> Counter[int]:
    """How many values each root key seals."""
    counts: Counter[int] = Counter()
    for _, key_id, count in connection.execute(_SEALED):
        counts[key_id] += count
    return counts


def check_keys(connection: Connection, keys: Keys) -> None:
    """Raises `StorageError` where a key in use is missing or is another one than the values were sealed with."""
    used = sorted((key_id, name) for name, key_id, _ in connection.execute(_SEALED))
    for key_id, _ in used:
        if key_id not in keys.ids:
            raise StorageError(f"keys: root key {key_id} is in use and is not in {keys.folder}")
    try:
        for key_id, name in used:
            _check_key(connection, keys, key_id, metadata.tables[name])
    except Unreadable as error:
        raise StorageError(f"keys: those in {keys.folder} are not those of this database ({error})") from None


def _check_key(connection: Connection, keys: Keys, key_id: int, table: Table) -> None:
    """Opens one value of a table that the key seals."""
    if table is not person_keys:
        row = connection.execute(select(table).where(table.c.key_id == key_id).limit(1)).mappings().one()
        keys.box(BODIES[table], key_id).open(place_of(table, row), row["body"])
        return
    query = select(conversations, person_keys).select_from(WITH_KEY).where(person_keys.c.key_id == key_id)
    person = connection.execute(query.limit(1)).one()
    box = keys.person(person.id, person.key_id, person.wrapped)
    sender = box.open_json(f"{SENDER}:{person.id}", person.sender)
    if person.sender_index != sender_index(keys, person.channel, sender):
        raise Unreadable("index.key")


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
    # A row that someone is just deleting is not waited for; if it stays after all, it is what is left.
    old = select(table).where(table.c.key_id != keys.newest).limit(BATCH).with_for_update(skip_locked=True)
    anew = update(table).where(*(name == bindparam(f"old_{name.name}") for name in table.primary_key.columns))
    with database.work() as connection:
        rows = connection.execute(old).mappings().all()
        changed = [_wrap(keys, row) if table is person_keys else _seal(keys, table, row) for row in rows]
        if changed:
            connection.execute(anew, changed)
    return len(rows)


def _wrap(keys: Keys, row: RowMapping) -> dict[str, Any]:
    conversation = row["conversation"]
    key_id, wrapped = keys.wrap(conversation, keys.unwrap(conversation, row["key_id"], row["wrapped"]))
    return {"old_conversation": conversation, "key_id": key_id, "wrapped": wrapped}


def _seal(keys: Keys, table: Table, row: RowMapping) -> dict[str, Any]:
    purpose, place = BODIES[table], place_of(table, row)
    box = keys.box(purpose)
    plain = keys.box(purpose, row["key_id"]).open(place, row["body"])
    old = {f"old_{name.name}": row[name.name] for name in table.primary_key.columns}
    return old | {"key_id": box.key_id, "body": box.seal(place, plain)}


def place_of(table: Table, row: RowMapping) -> str:
    """For which place the body of a row is sealed."""
    return ":".join((BODIES[table], *(str(row[name.name]) for name in table.primary_key.columns)))
