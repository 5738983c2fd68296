"""How the databases are opened: what is refused, how SQLite is set up, what a transaction does."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from storage.database import Database
from storage.errors import StorageError
from storage.opening import Storage
from storage.tables import erasures, person_keys

pytest_plugins = ["databases"]

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("nonsense", "not an address"),
        ("mysql://localhost/shebao", "accepted are sqlite:///FILE and postgresql"),
        ("sqlite://", "accepted are sqlite:///FILE"),
        ("sqlite:////proc/nowhere/shebao.db", "cannot be opened"),
        (
            "postgresql://shebao:geheim@127.0.0.1:1/shebao",
            r"shebao:\*\*\*@127.0.0.1:1/shebao cannot be opened",
        ),
    ],
)
def test_an_address_that_cannot_be_used_is_one_line_without_a_password(address: str, says: str) -> None:
    with pytest.raises(StorageError, match=says) as raised:
        Database(address)
    assert "geheim" not in str(raised.value) and "\n" not in str(raised.value)


def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'shebao.db'}")
    with database.work() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    database.close()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 10_000,
    }
    assert (tmp_path / "new" / "shebao.db").stat().st_mode & 0o777 == 0o600


def test_a_block_that_raises_leaves_nothing(storage: Storage) -> None:
    with pytest.raises(RuntimeError), storage.database.work() as connection:
        connection.execute(insert(erasures), {"conversation": NOBODY, "erased_at": storage.now()})
        raise RuntimeError
    with storage.database.read() as connection:
        assert connection.execute(select(erasures)).all() == []


def test_moments_come_back_in_utc_and_need_a_zone(storage: Storage) -> None:
    with storage.database.work() as connection:
        connection.execute(insert(erasures), {"conversation": NOBODY, "erased_at": storage.now()})
    with storage.database.read() as connection:
        (row,) = connection.execute(select(erasures)).all()
    assert (row.conversation, row.erased_at) == (NOBODY, storage.now())
    assert str(row.erased_at.tzinfo) == "UTC"
    with pytest.raises(StatementError), storage.database.work() as connection:
        connection.execute(
            insert(erasures),
            {"conversation": NOBODY, "erased_at": datetime(2026, 1, 1)},  # noqa: DTZ001
        )


def test_an_error_of_the_database_does_not_quote_values(storage: Storage) -> None:
    row = {"conversation": NOBODY, "key_id": 1, "wrapped": b"geheim"}
    with pytest.raises(IntegrityError) as raised, storage.database.work() as connection:
        connection.execute(insert(person_keys), row)
    assert "geheim" not in str(raised.value)
