"""A month of notices of a whole plant, issued by worker processes of which one is killed in the middle: each once, no gap."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from plant import environ_of, found_company, works_there
from sqlalchemy import func, select
from staffing import HR

from app.clock import today_in_china
from app.jobs import Jobs, open_queue
from app.settings import Settings, load_settings
from audit.case_chain import check_case
from notices.book import BATCH, Batch, Plan
from policy_kb.periods import add_months
from storage.case_log import chain_of
from storage.opening import Storage, open_storage
from storage.tables import notice_rows, notices

pytest_plugins = ["databases"]
pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)

HOUSE = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from app.cli import main; main()", "worker")
#: Seconds that a worker has, on a slow machine, for what is waited for.
PATIENCE = 300


@pytest.fixture
def environ(url: str, tmp_path: Path) -> dict[str, str]:
    return environ_of(url, tmp_path) | {
        "SHEBAO__JOBS__ENGINE": "postgresql",
        "SHEBAO__POLICY__OVERLAY": str(tmp_path / "policy"),
        "SHEBAO__POLICY__COMPANY": str(tmp_path / "company"),
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return load_settings(environ=environ)


@pytest.fixture
def today_storage(url: str, settings: Settings) -> Iterator[Storage]:
    """A storage by the clock on the wall, which is that of the workers."""
    storage = open_storage(url, settings.keys.path, settings.keys.journal, make=True)
    yield storage
    storage.database.close()


@contextmanager
def worker(environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        COMMAND, cwd=HOUSE, env=os.environ | environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Looks:
    """What HR's page shows of a batch, looked at again and again: it must be right every time."""

    def __init__(self, storage: Storage, batch: str, total: int) -> None:
        self._storage, self._batch, self._total = storage, batch, total
        self._issued = 0

    def look(self) -> Batch:
        issued_before = self._rows()
        found = self._storage.notices.batch(self._batch)
        assert found is not None and found.total == self._total
        issued = found.counts.get("issued", 0)
        assert self._issued <= issued  # never less than before
        assert issued_before <= issued <= self._rows()  # as many as there are notices
        assert issued % BATCH == 0 or found.state == "done"
        self._issued = issued
        return found

    def until(self, happens: Callable[[Batch], bool]) -> Batch:
        until = time.monotonic() + PATIENCE
        while not happens(found := self.look()):
            assert time.monotonic() < until, f"{found.state} {dict(found.counts)}"
            time.sleep(0.02)
        return found

    def _rows(self) -> int:
        with self._storage.database.read() as connection:
            return connection.execute(
                select(func.count()).select_from(notices).where(notices.c.batch == self._batch)
            ).scalar_one()


@pytest.mark.parametrize("count", [3 * BATCH, pytest.param(1000, marks=pytest.mark.soak)])
def test_notices_of_a_whole_plant_survive_the_killing_of_a_worker(
    today_storage: Storage,
    settings: Settings,
    environ: dict[str, str],
    count: int,
) -> None:
    storage, today = today_storage, today_in_china()
    found_company(storage)
    people = [works_there(storage, f"A{number:04}", f"员工{number}") for number in range(count)]
    plan = Plan(
        "notice",
        add_months(today.replace(day=1), 1),
        today + timedelta(days=10),
        tuple(each.id for each in people),
    )
    batch = storage.notices.begin(plan, HR)
    asking, looks = open_queue(settings), Looks(storage, batch, count)
    page = Jobs(asking, storage, {})
    page.run_batch(batch)
    begun = time.monotonic()
    with worker(environ) as first:
        drafted = looks.until(lambda it: it.state == "preview")
        told = f"{count} drafted within {time.monotonic() - begun:.1f} s of the worker's start"
        assert drafted.counts == {"ready": count}
        storage.notices.issue(batch, HR)
        page.run_batch(batch)
        looks.until(lambda it: it.counts.get("issued", 0) > 0)
        first.send_signal(signal.SIGKILL)
        first.wait()
    left = looks.look()
    assert (left.state, left.counts["issued"] < count) == ("issuing", True)
    begun, before = time.monotonic(), left.counts["issued"]
    with worker(environ) as second:  # which finds it by its first sweep: the job was lost with the other
        looks.until(lambda it: before < it.counts["issued"])
        begun_issuing = time.monotonic()
        done = looks.until(lambda it: it.state == "done")
        spent = time.monotonic() - begun_issuing
        second.terminate()
        assert second.wait(PATIENCE) == 0
    assert done.counts == {"issued": count}
    each = spent / max(count - before - BATCH, 1)
    print(
        f"{told}; taken up again after {begun_issuing - begun:.1f} s; {each:.4f} s to issue one"
    )  # pytest -rP
    asking.storage.close()
    everything_is_there_once(storage, batch, [each.id for each in people])


def everything_is_there_once(storage: Storage, batch: str, people: list[str]) -> None:
    public = storage.keys.signer().public
    with storage.database.read() as connection:
        rows = connection.execute(select(notices).order_by(notices.c.number)).all()
        assert [row.number for row in rows] == list(range(1, len(people) + 1))
        assert Counter(row.employee for row in rows) == Counter(people)
        named = connection.execute(
            select(notice_rows.c.notice, notice_rows.c.employee).where(notice_rows.c.batch == batch)
        ).all()
        assert {(row.notice, row.employee) for row in named} == {(row.id, row.employee) for row in rows}
        for row in rows:
            links = chain_of(connection, storage.keys, row.id)
            assert check_case(row.id, links, public).why is None
            assert [each.data["type"] for each in links].count("issued") == 1
            assert links[0].data["type"] == "issued"
            assert links[0].data["data"]["content_sha256"] == row.content_sha256.hex()
