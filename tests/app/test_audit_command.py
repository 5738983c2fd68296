"""`shebao audit` as it is typed, the restore that says so in the log, and the nightly check."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from app.cli import main
from app.jobs import Jobs, open_queue
from app.settings import Settings
from audit.events import SYSTEM, Event
from audit.heads import Signer
from storage.log_chain import SIGN_EVERY, StoredChain
from storage.opening import Storage, open_storage

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    environ = {
        "SHEBAO__DATABASE__URL": f"sqlite:///{tmp_path / 'shebao.db'}",
        "SHEBAO__KEYS__FOLDER": str(tmp_path / "keys"),
    }

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(each) for each in arguments], env=environ)

    return invoke


@contextmanager
def opened(folder: Path) -> Iterator[Storage]:
    storage = open_storage(
        f"sqlite:///{folder / 'shebao.db'}", folder / "keys", folder / "keys-erased.jsonl", make=True
    )
    yield storage
    storage.database.close()


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """An installation with three events."""
    with opened(tmp_path) as storage:
        for _ in range(3):
            storage.audit.record(Event("log_check", SYSTEM))
    return tmp_path


def alter(folder: Path) -> None:
    with opened(folder) as storage, storage.database.work() as connection:
        connection.execute(text("DROP TRIGGER audit_events_no_update"))
        connection.execute(text("UPDATE audit_events SET actor = 'nobody' WHERE seq = 2"))


def test_the_database_is_verified(run: Run, ready: Path) -> None:
    result = run("audit", "verify")
    assert result.exit_code == 0 and "链完整：3 条" in result.output and "签过名的链头：1 个" in result.output
    alter(ready)
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert "链断在第 2 条：检索用的时间、事项或经手人和正文对不上。前面 1 条完整。" in result.output


def test_an_export_is_verified_without_a_database(run: Run, ready: Path, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    assert run("audit", "export", file).exit_code == 0
    public = run("audit", "key").output.strip()
    (ready / "shebao.db").rename(ready / "gone.db")
    alone = run("audit", "verify", file)
    assert alone.exit_code == 0 and "链完整：3 条" in alone.output and "公钥取自文件" in alone.stderr
    known = run("audit", "verify", file, "--key", public)
    assert known.exit_code == 0 and known.stderr == ""
    assert not (ready / "shebao.db").exists()
    other = run("audit", "verify", file, "--key", Signer(bytes(32)).public.hex())
    assert other.exit_code == 1 and "链断在第 3 条：链头的签名不对" in other.output
    file.write_text(file.read_text().replace("log_check", "sign_in"))
    assert run("audit", "verify", file).exit_code == 1


def test_a_file_without_heads_says_what_that_means(run: Run, ready: Path, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    run("audit", "export", file)
    first, *rest = file.read_text().splitlines(keepends=True)
    file.write_text("".join((json.dumps(json.loads(first) | {"heads": []}) + "\n", *rest)))
    assert "没有签过名的链头" in run("audit", "verify", file).output


def test_what_cannot_be_verified_is_one_line(run: Run, ready: Path, tmp_path: Path) -> None:
    (tmp_path / "text.jsonl").write_text("{}\n")
    result = run("audit", "verify", tmp_path / "text.jsonl")
    assert result.exit_code == 2 and "line 1: not the beginning of an exported log" in result.stderr
    result = run("audit", "verify", tmp_path / "text.jsonl", "--key", "abc")
    assert result.exit_code == 2 and "--key: 64 hexadecimal digits" in result.stderr


def test_keys_of_an_earlier_version_get_a_key_that_signs(run: Run, ready: Path) -> None:
    (ready / "keys" / "audit.key").unlink()
    result = run("audit", "verify")
    assert result.exit_code == 2 and "`shebao audit key` makes it" in result.stderr
    made = run("audit", "key")
    assert "新的签名钥匙" in made.stderr and len(bytes.fromhex(made.stdout.strip())) == 32
    again = run("audit", "key")
    assert (again.stdout, again.stderr) == (made.stdout, "")
    assert run("audit", "verify").exit_code == 0


def test_a_restore_is_an_event_and_ends_the_heads_after_it(run: Run, ready: Path, tmp_path: Path) -> None:
    run("backup", tmp_path / "b.zip")
    with opened(ready) as storage:
        storage.audit.record(Event("log_check", SYSTEM))
    run("audit", "verify")
    assert run("restore", tmp_path / "b.zip", "--force").exit_code == 0
    result = run("audit", "verify")
    assert result.exit_code == 0 and "链完整：4 条" in result.output
    with opened(ready) as storage:
        newest = storage.history.get(4)
    assert newest is not None and newest.act == "restore"


def test_a_restore_before_there_is_a_key_needs_none(run: Run, ready: Path, tmp_path: Path) -> None:
    run("backup", tmp_path / "b.zip")
    (ready / "keys" / "audit.key").unlink()
    assert run("restore", tmp_path / "b.zip", "--force").exit_code == 0


# -- By night --------------------------------------------------------------------------------------------------------


def test_the_night_check_says_what_it_found(ready: Path, caplog: pytest.LogCaptureFixture) -> None:
    with opened(ready) as storage, caplog.at_level("INFO", "shebao.jobs"):
        jobs = Jobs(open_queue(Settings()), storage, {})
        jobs.check_log()
        assert "audit: whole, 3 events" in caplog.text
        alter(ready)
        jobs.check_log()
        assert "audit: event 2 is broken (index)" in caplog.text
    (ready / "keys" / "audit.key").unlink()
    with opened(ready) as storage, caplog.at_level("INFO", "shebao.jobs"):
        Jobs(open_queue(Settings()), storage, {}).check_log()
        assert "audit: not checked" in caplog.text and "shebao audit key" in caplog.text


def test_many_events_are_not_left_unsigned_until_the_night(
    ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(ready) as storage:
        jobs = Jobs(open_queue(Settings()), storage, {})
        jobs.sweep()
        assert storage.chain.state().head is None and SIGN_EVERY > 3
        monkeypatch.setattr(StoredChain, "is_due", lambda self: True)
        jobs.sweep()
        assert storage.chain.state().head is not None


def test_the_check_runs_at_night_in_china(ready: Path) -> None:
    with opened(ready) as storage:
        jobs = Jobs(open_queue(Settings()), storage, {})
        registered = {each.name: each for each in jobs._queue._registry.periodic_tasks}
    minutes = (datetime(2026, 10, 15, hour, minute, tzinfo=UTC) for hour in range(24) for minute in range(60))
    due = [each for each in minutes if registered["check_log"].validate_datetime(each)]
    assert [(each.hour, each.minute) for each in due] == [(19, 45)]
