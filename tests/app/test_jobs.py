"""Jobs in threads of the process: rows are sent and events answered soon, swept up where a job was lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from talking import Post, speak, take_over

from app.console import make_importer
from app.jobs import Jobs, open_queue
from app.settings import Database, Settings, SettingsError
from app.settings import Jobs as JobSettings
from bot.receiving import Kept, Received, Said, receive
from delivery.messages import IncomingMessage, Reply
from people.importing import Incoming
from policy_kb.divisions import Divisions
from storage.opening import Storage, open_storage


def answering(
    storage: Storage, turn: Callable[[Kept, IncomingMessage], Said]
) -> Callable[[IncomingMessage], Received]:
    return lambda message: receive(message, storage.conversations, turn)


def echo(kept: Kept, message: IncomingMessage) -> Said:
    return Said({}, (Reply(f"听到{message.text}"), Reply("还有吗？")))


def wechat(key: str, text: str = "你好") -> IncomingMessage:
    return IncomingMessage("wechat", "阿丽", key, text)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    url = f"sqlite:///{tmp_path / 'shebao.db'}"
    storage = open_storage(url, tmp_path / "keys", tmp_path / "erasures.log", make=True)
    yield storage
    storage.database.close()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def jobs(storage: Storage, post: Post) -> Iterator[Jobs]:
    jobs = Jobs(open_queue(Settings()), storage, {"wechat": post}, answering(storage, echo))
    yield jobs
    jobs.stop()


def wait_for(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < until, "it did not happen in ten seconds"
        time.sleep(0.01)


def test_a_stored_event_is_answered_and_the_answer_sent(jobs: Jobs, storage: Storage, post: Post) -> None:
    jobs.start(2)
    jobs.answer(storage.inbox.store(wechat("m1")) or "")
    wait_for(lambda: len(post.sent) == 2)
    assert post.texts == ["听到你好", "还有吗？"]


def test_what_a_person_says_is_sent(jobs: Jobs, storage: Storage, post: Post) -> None:
    receive(wechat("m1"), storage.conversations, lambda kept, message: Said({}, ()))
    conversation = storage.conversations.find("wechat", "阿丽")
    assert conversation is not None
    take_over(storage, conversation.id)
    jobs.start(1)
    jobs.deliver(speak(storage, conversation.id, "我是赵静"))
    wait_for(lambda: post.texts == ["我是赵静"])


def test_a_lost_job_is_swept_up(jobs: Jobs, storage: Storage, post: Post) -> None:
    storage.inbox.store(wechat("m1"))
    receive(wechat("m0"), storage.conversations, echo)
    jobs.sweep()
    assert sorted(post.texts) == ["听到你好", "听到你好", "还有吗？", "还有吗？"]


def test_the_sweep_begins_with_the_process(jobs: Jobs, storage: Storage, post: Post) -> None:
    storage.inbox.store(wechat("m1"))
    jobs.start(1)
    wait_for(lambda: len(post.sent) == 2)


def test_stopping_lets_a_running_job_finish(storage: Storage, post: Post) -> None:
    started: list[str] = []

    def slow(kept: Kept, message: IncomingMessage) -> Said:
        started.append(message.key)
        time.sleep(0.3)
        return echo(kept, message)

    jobs = Jobs(open_queue(Settings()), storage, {"wechat": post}, answering(storage, slow))
    jobs.start(1)
    jobs.answer(storage.inbox.store(wechat("m1")) or "")
    wait_for(lambda: bool(started))
    jobs.stop()
    assert len(post.sent) == 2
    jobs.stop()


def test_a_process_without_a_turn_leaves_events_to_others(storage: Storage, post: Post) -> None:
    storage.inbox.store(wechat("m1"))
    receive(wechat("m0"), storage.conversations, echo)
    Jobs(open_queue(Settings()), storage, {"wechat": post}).sweep()
    assert post.texts == ["听到你好", "还有吗？"]


def much_later(storage: Storage) -> Storage:
    return replace(storage, now=lambda: datetime.now(UTC) + timedelta(days=400))


def test_retention_runs_and_logs_counts_only(storage: Storage, caplog: pytest.LogCaptureFixture) -> None:
    receive(wechat("m1", "我家吃低保"), storage.conversations, echo)
    with caplog.at_level("INFO", "shebao.jobs"):
        Jobs(open_queue(Settings()), much_later(storage), {}).retain()
    assert "transcripts 1" in caplog.text and "低保" not in caplog.text
    assert storage.conversations.find("wechat", "阿丽") is None


def test_retention_runs_at_every_start_too(storage: Storage) -> None:
    receive(wechat("m1"), storage.conversations, echo)
    jobs = Jobs(open_queue(Settings()), much_later(storage), {})
    jobs.start(1)
    wait_for(lambda: storage.conversations.find("wechat", "阿丽") is None)
    jobs.stop()


def test_jobs_travel_as_json_with_an_id_and_nothing_else(jobs: Jobs, storage: Storage) -> None:
    queue = open_queue(Settings())
    Jobs(queue, storage, {}).deliver("an-id")
    (data,) = queue.storage.enqueued_items()
    assert data.startswith(b"[") and b'["an-id"]' in data


def test_jobs_over_postgresql_need_that_database() -> None:
    with pytest.raises(SettingsError, match="needs a database"):
        open_queue(Settings(jobs=JobSettings(engine="postgresql")))


@pytest.mark.parametrize("engine", ["redis", "postgresql"])
def test_an_engine_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    monkeypatch.setattr("huey.storage.Redis", None)
    monkeypatch.setattr("huey.storage.psycopg", None)
    settings = Settings(database=Database("postgresql://nowhere/shebao"), jobs=JobSettings(engine=engine))
    with pytest.raises(SettingsError, match=f"jobs.engine: {engine} needs the extra"):
        open_queue(settings)


def test_redis_is_only_reached_when_it_is_used() -> None:
    queue = open_queue(Settings(jobs=JobSettings(engine="redis", url="redis://127.0.0.1:1/0")))
    assert queue.storage.name == "shebao"


def test_retention_runs_at_night_in_china(jobs: Jobs) -> None:
    registered = {each.name: each for each in jobs._queue._registry.periodic_tasks}
    assert {"sweep", "retain"} <= set(registered)
    days = (datetime(2026, 10, 15, hour, 30, tzinfo=UTC) for hour in range(24))
    due = [each.hour for each in days if registered["retain"].validate_datetime(each)]
    assert due == [19]


def test_changes_of_the_library_are_looked_after_every_minute(storage: Storage) -> None:
    came: list[str] = []
    jobs = Jobs(open_queue(Settings()), storage, {}, publish=lambda: came.append("now"))
    registered = {each.name: each for each in jobs._queue._registry.periodic_tasks}
    minutes = (datetime(2026, 10, 15, 16, minute, tzinfo=UTC) for minute in range(60))
    assert all(registered["publish"].validate_datetime(each) for each in minutes)
    jobs.start(1)
    wait_for(lambda: came == ["now"])
    jobs.stop()


def sheet_of_ali(storage: Storage) -> str:
    """A roster of one that was uploaded and whose columns were named."""
    rows = (Incoming(2, ("A0034", "阿丽", "苏州")),)
    id = storage.imports.begin("roster", "名单.xlsx", ("工号", "姓名", "参保地"), rows, (), "account:1")
    storage.imports.choose(id, {"number": 0, "name": 1, "region": 2}, {})
    return id


def test_an_import_is_worked_on_beside_the_requests_and_swept_up_where_its_job_was_lost(
    storage: Storage,
) -> None:
    importer = make_importer(storage, Divisions.load())
    jobs = Jobs(open_queue(Settings()), storage, {}, importer=importer)
    id = sheet_of_ali(storage)
    jobs.start(2)
    jobs.run_import(id)
    wait_for(lambda: storage.imports.counts(id) == {("new", "ready"): 1})
    jobs.stop()
    storage.imports.start(id, "applying", "account:1")
    jobs.sweep()
    assert storage.roster.by_number("A0034") is not None
