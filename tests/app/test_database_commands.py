"""`shebao db`, `keys`, `backup`, `restore` and `worker` as they are typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from bot.receiving import Said, receive
from delivery.messages import IncomingMessage, Reply
from storage.migrating import revisions
from storage.opening import Storage, open_storage

Run = Callable[..., Result]
#: The newest revision of the tables.
HEAD = revisions()[0]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the whole command, so that its errors are the lines a person sees."""
    environ = {
        "SHEBAO__DATABASE__URL": f"sqlite:///{tmp_path / 'shebao.db'}",
        "SHEBAO__KEYS__FOLDER": str(tmp_path / "keys"),
    }

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(each) for each in arguments], env=environ)

    return invoke


def open_again(folder: Path) -> Storage:
    return open_storage(f"sqlite:///{folder / 'shebao.db'}", folder / "keys", folder / "keys-erased.jsonl")


def say(folder: Path, key: str, text: str, *, erase: bool = False) -> None:
    storage = open_again(folder)
    said = Said({}, (Reply(f"听到{text}"),), erase=erase)
    receive(IncomingMessage("web", "阿丽", key, text), storage.conversations, lambda kept, message: said)
    storage.database.close()


def spoken(folder: Path) -> list[str]:
    storage = open_again(folder)
    found = storage.conversations.find("web", "阿丽")
    history = storage.conversations.history(found.id) if found else ()
    storage.database.close()
    return [entry.bubble.text for entry in history]


@pytest.fixture
def ready(run: Run, tmp_path: Path) -> Path:
    """An installation with tables and keys."""
    assert run("keys", "new").exit_code == 0
    assert run("db", "upgrade").exit_code == 0
    return tmp_path


def test_a_new_installation(run: Run, tmp_path: Path) -> None:
    assert "新的根钥匙 1" in run("keys", "new").output
    assert f"空的 → {HEAD}" in run("db", "upgrade").output
    assert f"已经是 {HEAD}" in run("db", "upgrade").output
    assert run("keys", "list").output == "1：0 项，正在使用\n"
    say(tmp_path, "m1", "你好")
    assert run("keys", "list").output == "1：1 项，正在使用\n"


def test_rotation_makes_a_key_once_and_says_what_is_left(run: Run, ready: Path) -> None:
    say(ready, "m1", "你好")
    result = run("keys", "rotate")
    assert "1 项改用根钥匙 2。旧钥匙上没有剩下的" in result.output
    assert run("keys", "list").output == "1：0 项，只有更早的备份还要用\n2：1 项，正在使用\n"
    assert spoken(ready) == ["你好", "听到你好"]


def test_a_key_that_was_made_before_is_rotated_to(run: Run, ready: Path) -> None:
    say(ready, "m1", "你好")
    run("keys", "new")
    assert "1 项改用根钥匙 2" in run("keys", "rotate").output
    assert not (ready / "keys" / "root-0003.key").exists()


def test_backup_and_restore(run: Run, ready: Path) -> None:
    say(ready, "m1", "你好")
    saved = ready / "备份.zip"
    result = run("backup", saved)
    assert "conversations 1" in result.output and "钥匙不在里面" in result.output
    say(ready, "m2", "后来的")
    refused = run("restore", saved)
    assert (refused.exit_code, refused.output.count("\n")) == (2, 1)
    assert refused.output.startswith("shebao: the database is not empty; --force")
    assert "再次删除已删的对话 0 个" in run("restore", saved, "--force").output
    assert spoken(ready) == ["你好", "听到你好"]


def test_what_was_erased_does_not_come_back(run: Run, ready: Path) -> None:
    say(ready, "m1", "你好")
    run("backup", ready / "old.zip")
    say(ready, "m2", "删掉", erase=True)
    assert "再次删除已删的对话 1 个" in run("restore", ready / "old.zip", "--force").output
    assert spoken(ready) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("keys", "list"), "keys: there is no root key in"),
        (("keys", "rotate"), "keys: there is no root key in"),
        (
            ("backup", "never.zip"),
            f"database: stands on revision None, {HEAD} is needed; run `shebao db upgrade`",
        ),
        (("backup", "nowhere/never.zip"), "nowhere/never.zip: cannot be written (No such file or directory)"),
        (("restore", "missing.zip"), "does not exist"),
        (("restore", __file__), "not a backup that can be read"),
        (("worker",), "jobs.engine: embedded jobs run inside `shebao serve`"),
    ],
)
def test_a_mistake_is_one_line_and_status_two(run: Run, arguments: tuple[str, ...], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.output and result.output.startswith("shebao: ")
    assert result.output.count("\n") == 1
    assert not Path("never.zip").exists()


def test_a_lost_key_is_listed_as_lost(run: Run, ready: Path) -> None:
    say(ready, "m1", "你好")
    run("keys", "new")
    (ready / "keys" / "root-0001.key").unlink()
    assert "1：1 项，钥匙不在！" in run("keys", "list").output
    assert "root key 1 is in use" in run("keys", "rotate").output
