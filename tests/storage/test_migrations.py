"""Migrations go up and down on both databases and end in the tables that the stores work with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from databases import Open
from sqlalchemy import inspect, text
from talking import together

from storage import migrating
from storage.database import Database
from storage.errors import StorageError
from storage.keys import make_key
from storage.opening import open_storage
from storage.tables import metadata

pytest_plugins = ["databases"]


def test_up_down_and_up_again(bare_url: str) -> None:
    database = Database(bare_url)
    for _ in range(2):
        with database.work() as connection:
            migrating.upgrade(connection)
        with database.read() as connection:
            assert migrating.revision_of(connection) == migrating.revisions()[0]
            assert set(metadata.tables) < set(inspect(connection).get_table_names())
        with database.work() as connection:
            migrating.downgrade(connection)
        with database.read() as connection:
            assert inspect(connection).get_table_names() == ["alembic_version"]
    database.close()


def test_every_step_can_be_taken_back(bare_url: str) -> None:
    database = Database(bare_url)
    for revision in reversed(migrating.revisions()):
        for _ in range(2):
            with database.work() as connection:
                migrating.upgrade(connection, revision)
                migrating.downgrade(connection, "-1")
        with database.work() as connection:
            migrating.upgrade(connection, revision)
    database.close()


def test_ties_get_the_channel_of_their_conversation_and_lose_it_again(bare_url: str) -> None:
    database, at = Database(bare_url), "2026-10-15 04:00:00"
    ids = [f"5a1e0000-0000-4000-8000-00000000000{count}" for count in range(5)]
    if database.dialect == "sqlite":
        ids = [each.replace("-", "") for each in ids]
    ali, web, wechat, *ties = ids
    blob = "X'00'" if database.dialect == "sqlite" else "decode('00', 'hex')"
    with database.work() as connection:
        migrating.upgrade(connection, "0014")
        connection.execute(
            text(
                "INSERT INTO employees (id, number_index, name_index, key_id, body, region, state, insured,"
                f" changed_at) VALUES ('{ali}', {blob}, {blob}, 1, {blob}, '320500', 'active', :no, '{at}')"
            ),
            {"no": False},
        )
        for id, channel in ((web, "web"), (wechat, "wechat")):
            connection.execute(
                text(
                    "INSERT INTO conversations (id, channel, sender_index, sender, locale, version, holder,"
                    f" taken_version, last_seq, opened_at) VALUES ('{id}', '{channel}', {blob}, {blob},"
                    f" 'zh_Hans', 0, 'assistant', 0, 0, '{at}')"
                )
            )
        insert = (
            f"INSERT INTO bindings (id, employee, conversation, state, bound_at) VALUES ('{ties[0]}', '{ali}',"
            f" '{web}', 'active', '{at}')"
        )
        connection.execute(text(insert))
        migrating.upgrade(connection, "0015")
        assert connection.execute(text("SELECT channel FROM bindings")).scalars().all() == ["web"]
        later = (
            "INSERT INTO bindings (id, employee, conversation, channel, state, bound_at) VALUES"
            f" ('{ties[1]}', '{ali}', '{wechat}', 'wechat', 'active', '2026-10-16 04:00:00')"
        )
        connection.execute(text(later))
        migrating.downgrade(connection, "0014")
        left = connection.execute(text("SELECT state, ended_why FROM bindings ORDER BY bound_at")).all()
        assert [tuple(row) for row in left] == [("ended", "rebound"), ("active", None)]
    database.close()


def test_migrations_and_tables_agree(url: str) -> None:
    database = Database(url)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_every_foreign_key_is_there_with_what_happens_on_delete(url: str) -> None:
    database = Database(url)
    with database.read() as connection:
        for table in metadata.sorted_tables:
            found = {
                (key["name"], key["options"].get("ondelete"))
                for key in inspect(connection).get_foreign_keys(table.name)
            }
            assert found == {(key.name, key.ondelete) for key in table.foreign_key_constraints}
    database.close()


def test_migrations_are_numbered_without_gaps() -> None:
    revisions = migrating.revisions()
    assert list(revisions) == [f"{count:04}" for count in range(len(revisions), 0, -1)]
    files = sorted(path.name for path in Path("storage/migrations/versions").glob("*.py"))
    assert all(re.fullmatch(rf"{count:04}_\w+\.py", name) for count, name in enumerate(files, 1))


def test_two_processes_that_start_at_once_make_tables_and_keys_once(bare_url: str, open_one: Open) -> None:
    first, second = together([lambda: open_one(bare_url)] * 2)
    assert first.keys.ids == second.keys.ids == (1,)


def test_tables_that_are_missing_or_newer_stop_the_start(bare_url: str, tmp_path: Path) -> None:
    make_key(tmp_path / "keys")
    with pytest.raises(StorageError, match="run `shebao db upgrade`"):
        open_storage(bare_url, tmp_path / "keys", tmp_path / "erasures.log")
    database = Database(bare_url)
    with database.work() as connection:
        migrating.upgrade(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(StorageError, match="9999 was made by a newer version"):
        open_storage(bare_url, tmp_path / "keys", tmp_path / "erasures.log")
