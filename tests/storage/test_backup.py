"""A backup is whole, goes back into either database, and tells nothing to whoever has no key."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from databases import Clock, Open
from filling import fill
from sqlalchemy import insert, select
from talking import REPLY, SECRET, TASK, Post, kept, message, say, stored_tasks, transcript

from delivery.outbox import deliver_due
from hr_inbox.task import HrTask
from storage import backup
from storage.backup import OPEN_DOORS, back_up, restore
from storage.database import Database
from storage.errors import StorageError
from storage.migrating import downgrade, upgrade
from storage.opening import Storage
from storage.tables import erasures, metadata

pytest_plugins = ["databases"]


def content(storage: Storage) -> dict[str, list[tuple[object, ...]]]:
    with storage.database.read() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in metadata.sorted_tables
        }


@pytest.fixture
def full(storage: Storage, clock: Clock) -> Storage:
    fill(storage, clock)
    return storage


@pytest.fixture
def saved(full: Storage, tmp_path: Path, clock: Clock) -> Path:
    back_up(full.database, tmp_path / "backup.zip", clock())
    return tmp_path / "backup.zip"


def test_every_row_of_every_table_comes_back_on_either_database(
    full: Storage, saved: Path, bare_url: str, open_one: Open, clock: Clock
) -> None:
    before = content(full)
    assert all(before.values()), "a table without a row proves nothing"
    target = Database(bare_url)
    restored = restore(target, saved, full.journal)
    target.close()
    assert restored.made_at == clock.time.isoformat()
    assert restored.rows == {name: len(rows) for name, rows in before.items()}
    other = open_one(bare_url)
    after = content(other)
    for door in OPEN_DOORS:
        assert before.pop(door.name) and after.pop(door.name) == []
    # What had not been sent is not sent any more; everything else is the same to the byte.
    assert [row[:5] for row in after.pop("outbox")] == [row[:5] for row in before.pop("outbox")]
    assert after == before
    assert transcript(other) == [(1, "employee", SECRET), (2, "assistant", REPLY.text)]
    assert kept(other).state == {"wage": 350_000}
    assert say(other, message("m1"), "不再答一遍").replies == (REPLY,)
    assert say(other, message("w9", sender="新来的"), "好", tasks=(TASK,)).tasks == ("T-000008",)


def test_what_was_not_sent_is_not_sent_after_a_restore(full: Storage, saved: Path, clock: Clock) -> None:
    say(full, message("p2", channel="wechat"), "新的")
    restored = restore(full.database, saved, full.journal, force=True)
    assert restored.dropped == 4
    clock.move(days=1)
    assert deliver_due(full.outbox, {"wechat": Post(), "web": Post()}, clock) == 0


def test_events_that_waited_are_still_answered(full: Storage, saved: Path, clock: Clock) -> None:
    restore(full.database, saved, full.journal, force=True)
    taken = full.inbox.take_next(clock(), clock(), None)
    assert taken is not None and taken.message.text == "还没答的"


def test_a_database_with_anything_in_it_is_not_written_over(full: Storage, saved: Path) -> None:
    before = content(full)
    with pytest.raises(StorageError, match="not empty; --force"):
        restore(full.database, saved, full.journal)
    assert content(full) == before


def test_empty_tables_are_filled_without_force(saved: Path, url: str, full: Storage) -> None:
    with full.database.work() as connection:  # the log's rows cannot be deleted, only its tables
        downgrade(connection)
        upgrade(connection)
    assert restore(full.database, saved, full.journal).rows["tasks"] == 7


def test_a_backup_tells_nothing(saved: Path, full: Storage) -> None:
    with zipfile.ZipFile(saved) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist()).decode()
    for personal in (SECRET, "阿丽", "350000", "还没答的", "什么时候", "question", "wage"):
        assert personal not in text and json.dumps(personal)[1:-1] not in text
    key = (full.keys.folder / "root-0001.key").read_text().strip()
    assert key not in text
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def rewrite(path: Path, name: str, change: bytes | None) -> None:
    with zipfile.ZipFile(path) as archive:
        files = {each: archive.read(each) for each in archive.namelist()}
    files.pop(name)
    if change is not None:
        files[name] = change
    with zipfile.ZipFile(path, "w") as archive:
        for each, data in files.items():
            archive.writestr(each, data)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("messages.jsonl", b""),
        ("messages.jsonl", None),
        ("manifest.json", None),
        ("manifest.json", b"[]"),
        ("manifest.json", b'{"form": "something else"}'),
    ],
)
def test_a_backup_that_is_not_whole_is_refused(
    full: Storage, saved: Path, name: str, change: bytes | None
) -> None:
    rewrite(saved, name, change)
    before = content(full)
    with pytest.raises(StorageError, match="not a whole backup"):
        restore(full.database, saved, full.journal, force=True)
    assert content(full) == before


def test_a_file_that_is_no_backup_is_refused(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("not a zip")
    for path in (tmp_path / "text.zip", tmp_path / "nowhere.zip"):
        with pytest.raises(StorageError, match="not a backup that can be read"):
            restore(storage.database, path, storage.journal)


def test_a_backup_of_a_newer_program_is_refused(full: Storage, saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    rewrite(saved, "manifest.json", json.dumps(manifest | {"revision": "9999"}).encode())
    with pytest.raises(StorageError, match="newer version"):
        restore(full.database, saved, full.journal, force=True)


def test_a_restore_that_breaks_off_leaves_what_was_there(
    full: Storage, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(full)

    def fails(*arguments: object) -> int:
        raise RuntimeError

    monkeypatch.setattr("storage.backup.erase_again", fails)
    with pytest.raises(RuntimeError):
        restore(full.database, saved, full.journal, force=True)
    assert content(full) == before


def test_a_backup_that_breaks_off_leaves_no_file(bare_url: str, tmp_path: Path, clock: Clock) -> None:
    database = Database(bare_url)
    folder = tmp_path / "backups"
    folder.mkdir()
    with pytest.raises(StorageError, match="db upgrade"):
        back_up(database, folder / "backup.zip", clock())
    database.close()
    assert list(folder.iterdir()) == []


def test_a_backup_is_of_one_moment(
    full: Storage, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written while a backup runs is not in it."""
    write = backup._write_table

    def write_meanwhile(*arguments: Any) -> Any:
        with full.database.work() as connection:
            connection.execute(insert(erasures), {"conversation": str(uuid4()), "erased_at": clock()})
        return write(*arguments)

    monkeypatch.setattr(backup, "_write_table", write_meanwhile)
    assert back_up(full.database, tmp_path / "second.zip", clock())["erasures"] == 1
    assert len(content(full)["erasures"]) == 1 + len(metadata.sorted_tables)


def test_a_task_with_other_signs_comes_back(
    storage: Storage, bare_url: str, tmp_path: Path, open_one: Open
) -> None:
    odd = HrTask("complaint", ("😀\u0000\u2028", "“引号”\\"), "", "en", "x", True, "")
    say(storage, message(text="𠮷野家\n\t"), "好", tasks=(odd,))
    back_up(storage.database, tmp_path / "b.zip", storage.now())
    target = Database(bare_url)
    restore(target, tmp_path / "b.zip", storage.journal)
    target.close()
    other = open_one(bare_url)
    assert stored_tasks(other) == [odd]
    assert transcript(other)[0] == (1, "employee", "𠮷野家\n\t")
