"""Rotation takes a root key out of use, in steps that can be stopped; the start refuses keys that are not the right ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from databases import Clock, Open
from filling import fill as fill_every_table
from noticing import Desk
from sqlalchemy import select
from staffing import HR
from talking import TASK, colleague, message, say, stored_tasks, transcript

from notices.book import NoticeSearch
from storage import rotation
from storage.errors import StorageError
from storage.keys import Keys, make_key
from storage.opening import Storage
from storage.rotation import SEALED_BY_ROOT, in_use, rotate
from storage.tables import notice_files

pytest_plugins = ["databases"]


def counts(storage: Storage) -> dict[int, int]:
    with storage.database.read() as connection:
        return dict(in_use(connection))


def fill(storage: Storage, count: int = 5) -> None:
    for i in range(count):
        say(storage, message(f"m{i}", sender=f"s{i}"), f"答{i}", tasks=(TASK,))


def all_there(storage: Storage, count: int = 5) -> bool:
    answers = [transcript(storage, f"s{i}")[1][2] for i in range(count)]
    return answers == [f"答{i}" for i in range(count)] and set(stored_tasks(storage)) == {TASK}


def test_rotation_moves_everything_to_the_newest_key(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    fill(storage)
    assert counts(storage) == {1: 10}
    make_key(storage.keys.folder)
    assert rotate(storage.database, Keys(storage.keys.folder)) == 10
    assert counts(storage) == {2: 10}
    assert rotate(storage.database, Keys(storage.keys.folder)) == 0
    assert all_there(storage)  # a process that started before finds the new key by itself
    (storage.keys.folder / "root-0001.key").unlink()
    say(storage, message("new", sender="s0"), "新的")


def test_notes_of_hr_move_too(storage: Storage) -> None:
    fill(storage, 1)
    zhao = colleague(storage)
    storage.cases.note("T-000001", zhao, "先问财务")
    make_key(storage.keys.folder)
    rotate(storage.database, Keys(storage.keys.folder))
    (storage.keys.folder / "root-0001.key").unlink()
    case = storage.cases.open("T-000001", zhao)
    assert case is not None and [note.text for note in case.notes] == ["先问财务"]


def test_a_notice_with_its_files_its_answer_and_its_chain_moves_too(storage: Storage, clock: Clock) -> None:
    fill_every_table(storage, clock)
    make_key(storage.keys.folder)
    rotate(storage.database, Keys(storage.keys.folder))
    (storage.keys.folder / "root-0001.key").unlink()
    with storage.database.read() as connection:
        left = {
            table.name: connection.execute(select(table.c.key_id).where(table.c.key_id == 1)).first()
            for table in SEALED_BY_ROOT
        }
        confirmed = connection.execute(
            select(notice_files.c.id).where(notice_files.c.kind == "confirmation")
        ).scalar_one()
    assert not any(left.values())
    desk = Desk(storage, clock)
    (line,) = desk.book.find(NoticeSearch()).lines
    case = desk.book.open(line.notice.id, HR)
    assert case is not None and case.content.data["employee"]["name"] == "阿芳"
    assert case.spoken is not None and case.spoken.statement == "看到了"
    assert [hold.reason for hold in case.holds] == ["仲裁 2026 第 7 号"]
    assert desk.book.file(line.notice.id, confirmed, HR) == b"%PDF-1.7 a scan"
    assert desk.chain(line.notice.id)[0].committed["name"].value == "阿芳"
    batch = desk.book.batch(case.batch)
    assert batch is not None and batch.plan.month.month == 10
    row = desk.book.row(case.batch, line.notice.employee)
    assert row is not None and row.content is not None and row.content.data["due_on"] == "2026-10-22"


def test_rotation_that_was_stopped_goes_on(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    fill(storage)
    make_key(storage.keys.folder)
    keys = Keys(storage.keys.folder)
    wrap, done = keys.wrap, []

    def stop_after_three(conversation: str, data_key: bytes) -> tuple[int, bytes]:
        done.append(conversation)
        if len(done) > 3:
            raise KeyboardInterrupt
        return wrap(conversation, data_key)

    monkeypatch.setattr(keys, "wrap", stop_after_three)
    with pytest.raises(KeyboardInterrupt):
        rotate(storage.database, keys)
    assert counts(storage) == {1: 8, 2: 2}
    assert all_there(storage)
    assert rotate(storage.database, Keys(storage.keys.folder)) == 8
    assert all_there(storage)


def lose_the_old_one(folder: Path) -> None:
    make_key(folder)
    (folder / "root-0001.key").unlink()


def lose_all(folder: Path) -> None:
    shutil.rmtree(folder)


def swap_the_root(folder: Path) -> None:
    (folder / "root-0001.key").write_text("ab" * 32)


def swap_the_index(folder: Path) -> None:
    (folder / "index.key").write_text("ab" * 32)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lose_the_old_one, "root key 1 is in use and is not in"),
        (lose_all, "there is no root key in"),
        (swap_the_root, "are not those of this database"),
        (swap_the_index, r"are not those of this database \(index.key\)"),
    ],
)
def test_the_start_refuses_keys_that_are_not_the_right_ones(
    url: str, open_one: Open, damage: Callable[[Path], None], says: str
) -> None:
    storage = open_one(url)
    fill(storage, 1)
    damage(storage.keys.folder)
    with pytest.raises(StorageError, match=says) as raised:
        open_one(url)  # as the demo does, which would make keys where none were ever used
    assert "\n" not in str(raised.value)


def test_a_task_is_enough_to_notice_a_wrong_key(storage: Storage, open_one: Open, url: str) -> None:
    fill(storage, 1)
    with storage.database.work() as connection:
        connection.exec_driver_sql("DELETE FROM conversations")
    swap_the_root(storage.keys.folder)
    with pytest.raises(StorageError, match="not those of this database"):
        open_one(url)
