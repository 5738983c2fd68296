"""Ready only where the work can be done; numbers of the database for those who watch, and nothing about a person."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from app.jobs import Jobs, open_queue
from app.running import make_checks
from app.settings import Jobs as JobSettings
from app.settings import Keys, Server, Settings
from app.watching import Checks, Standing
from app.web import create_app
from delivery.messages import IncomingMessage
from policy_kb.library import Library
from storage.migrating import downgrade
from storage.opening import Storage, open_storage


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    url = f"sqlite:///{tmp_path / 'shebao.db'}"
    storage = open_storage(url, tmp_path / "keys", tmp_path / "erasures.log", make=True)
    yield storage
    storage.database.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(keys=Keys(str(tmp_path / "keys")), jobs=JobSettings("postgresql"))


@pytest.fixture
def jobs(storage: Storage) -> Iterator[Jobs]:
    jobs = Jobs(open_queue(Settings()), storage, {})
    yield jobs
    jobs.stop()


@pytest.fixture
def app(settings: Settings, storage: Storage, jobs: Jobs, library: Library) -> Flask:
    standing = Standing(storage.gauges, lambda: True)
    return create_app(settings, library, checks=make_checks(settings, storage, jobs), standing=standing)


def ready(app: Flask) -> tuple[int, list[str]]:
    answer = app.test_client().get("/readyz")
    return answer.status_code, answer.get_json().get("failed", [])


def numbers(app: Flask) -> dict[tuple[str, ...], float]:
    """What `/metrics` answers: name and the values of its labels → number."""
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 200 and answer.content_type.startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.get_data(as_text=True))
        for sample in family.samples
    }


def test_it_is_ready_while_a_worker_was_seen_lately(app: Flask, storage: Storage) -> None:
    assert ready(app) == (503, ["worker"])
    storage.gauges.note_sweep()
    assert ready(app) == (200, [])


def test_a_worker_that_falls_silent_is_told(settings: Settings, storage: Storage, jobs: Jobs) -> None:
    storage.gauges.note_sweep()
    checks = make_checks(settings, storage, jobs)
    assert checks.failed() == []
    object.__setattr__(storage, "now", lambda: datetime.now(UTC) + timedelta(minutes=6))
    assert make_checks(settings, storage, jobs).failed() == ["worker"]


def test_embedded_work_is_alive_while_its_threads_are(
    settings: Settings, storage: Storage, jobs: Jobs
) -> None:
    checks = make_checks(Settings(keys=settings.keys), storage, jobs)
    assert checks.failed() == ["worker"]
    jobs.start(2)
    assert checks.failed() == []
    jobs.stop()
    assert checks.failed() == ["worker"]


def test_tables_of_another_version_are_told(app: Flask, storage: Storage) -> None:
    storage.gauges.note_sweep()
    with storage.database.work() as connection:
        downgrade(connection, "-1")
    status, failed = ready(app)
    assert (status, failed[0]) == (503, "database")


def test_keys_that_are_gone_are_told(app: Flask, storage: Storage, tmp_path: Path) -> None:
    storage.gauges.note_sweep()
    storage.inbox.store(IncomingMessage("wechat", "阿丽", "m1", "在吗"))
    shutil.rmtree(tmp_path / "keys")
    assert ready(app) == (503, ["keys"])


def test_a_check_that_hangs_fails_and_holds_up_nobody() -> None:
    goes_on, runs = threading.Event(), []

    def hang() -> None:
        runs.append("hang")
        goes_on.wait(30)

    checks = Checks({"keys": lambda: None, "database": hang}, patience=0.05)
    assert [checks.failed(), checks.failed()] == [["database"], ["database"]]
    assert runs == ["hang"], "a second one is not begun behind the first"
    goes_on.set()
    while checks.failed():
        pass


def test_health_asks_nothing_of_anybody(library: Library) -> None:
    def broken() -> None:
        raise RuntimeError

    app = create_app(Settings(), library, checks=Checks({"database": broken}))
    assert app.test_client().get("/healthz").get_json() == {"status": "ok"}
    assert ready(app) == (503, ["database"])


def test_numbers_are_those_of_the_database_at_the_moment(app: Flask, storage: Storage) -> None:
    assert numbers(app)[("shebao_inbox_waiting",)] == 0
    storage.inbox.store(IncomingMessage("wechat", "oAli_the_openid_of_28_letters", "m1", "13800138000"))
    storage.gauges.note_sweep()
    found = numbers(app)
    assert found[("shebao_inbox_waiting",)] == 1 and found[("shebao_database_up",)] == 1
    assert found[("shebao_cases", "waiting")] == 0 and found[("shebao_library_current",)] == 1
    assert datetime.now(UTC).timestamp() - found[("shebao_last_sweep_timestamp_seconds",)] < 120
    assert not [each for each in found if "oAli" in str(each) or "13800138000" in str(each)]


def test_a_database_that_cannot_be_read_is_a_number_too(app: Flask, storage: Storage) -> None:
    with storage.database.work() as connection:
        downgrade(connection)
    found = numbers(app)
    assert found[("shebao_database_up",)] == 0 and ("shebao_inbox_waiting",) not in found


def test_answers_are_counted_by_route_and_never_by_address(app: Flask) -> None:
    client = app.test_client()
    for path in ("/healthz", "/healthz", "/assets/web_calc/../x?phone=13800138000", "/no/13800138000"):
        client.get(path)
    found = numbers(app)
    assert found[("shebao_responses_total", "/healthz", "200")] == 2
    assert found[("shebao_responses_total", "unmatched", "404")] >= 1
    assert not [each for each in found if "13800138000" in str(each)]


def test_two_programs_in_one_process_count_for_themselves(library: Library) -> None:
    one, other = (create_app(Settings(), library) for _ in range(2))
    one.test_client().get("/healthz")
    assert ("shebao_responses_total", "/healthz", "200") in numbers(one)
    assert ("shebao_responses_total", "/healthz", "200") not in numbers(other)


@pytest.mark.parametrize(
    ("token", "sent", "address", "status"),
    [
        ("", {}, "127.0.0.1", 200),
        ("", {}, "::1", 200),
        ("", {}, "10.0.0.7", 403),
        ("of-the-scraper", {}, "127.0.0.1", 403),
        ("of-the-scraper", {"Authorization": "Bearer of-the-scraper"}, "10.0.0.7", 200),
        ("of-the-scraper", {"Authorization": "Bearer another"}, "10.0.0.7", 403),
        ("of-the-scraper", {"Authorization": "Bearer ü"}, "10.0.0.7", 403),
    ],
)
def test_who_may_read_the_numbers(
    library: Library, token: str, sent: dict[str, str], address: str, status: int
) -> None:
    app = create_app(Settings(server=Server(metrics_token=token)), library)
    answer = app.test_client().get("/metrics", headers=sent, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status


def test_every_answer_names_its_request(library: Library) -> None:
    client = create_app(Settings(), library).test_client()
    one, other = (client.get("/healthz").headers["X-Request-Id"] for _ in range(2))
    assert one != other
