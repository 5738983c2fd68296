"""Jobs that travel over PostgreSQL: another process does them, and stops when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from databases import Open
from sqlalchemy import select
from talking import Post, message, say

from app.jobs import Jobs, open_queue
from app.settings import Database, Settings
from app.settings import Jobs as JobSettings
from storage.opening import Storage, utc_now
from storage.tables import outbox

pytest_plugins = ["databases"]
pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture
def settings(url: str) -> Settings:
    return Settings(database=Database(url), jobs=JobSettings(engine="postgresql"))


def wait_for(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < until, "it did not happen in a minute"
        time.sleep(0.02)


def test_one_process_asks_and_another_does_it(settings: Settings, url: str, open_one: Open) -> None:
    storage, post = open_one(url), Post()
    asking, doing = open_queue(settings), open_queue(settings)
    Jobs(doing, storage, {"wechat": post}, lambda event: say(storage, event, "好"))
    event = storage.inbox.store(message(channel="wechat"))
    assert event is not None
    Jobs(asking, open_one(url), {}).answer(event)
    for _ in ("answered", "sent"):
        doing.execute(doing.dequeue())
    assert post.texts == ["好"]
    for queue in (asking, doing):
        queue.storage.close()


def states(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(outbox.c.state)).scalars())


def test_a_worker_process_sweeps_and_stops_when_told(
    settings: Settings, url: str, open_one: Open, tmp_path: Path
) -> None:
    storage = open_one(url)
    say(storage, message(channel="wechat"), "好")
    assert storage.outbox.lease(["wechat"], storage.now(), storage.now(), None) is not None
    environ = os.environ | {
        "SHEBAO__DATABASE__URL": url,
        "SHEBAO__KEYS__FOLDER": str(tmp_path / "keys"),
        "SHEBAO__JOBS__ENGINE": "postgresql",
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", "from app.cli import main; main()", "worker"],
        env=environ,
        stderr=subprocess.PIPE,
    )
    try:
        assert states(storage) == ["leased"] and utc_now() > storage.now()
        wait_for(lambda: states(storage) == ["queued"])
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    finally:
        worker.kill()
        worker.communicate()
