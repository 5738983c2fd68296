"""Workers on two hosts over one database: both work, and where one dies the other goes on. Network namespaces are the hosts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from databases import Clock, Open
from platforms import wecom as local
from platforms.harness import Server
from platforms.wecom import Member, WeCom
from sqlalchemy import select
from telling import needs_meaning

from app.jobs import Jobs, open_queue
from app.settings import Database, Settings
from app.settings import Jobs as JobSettings
from delivery.messages import IncomingMessage
from delivery.outbox import OPEN
from storage.opening import Storage, utc_now
from storage.tables import inbox, outbox

pytest_plugins = ["databases"]
pytestmark = [needs_meaning, pytest.mark.parametrize("url", ["postgresql"], indirect=True)]

HOUSE = Path(__file__).parents[2]
HOSTS = (1, 2)
PATIENCE = 90


def ip(*arguments: str) -> None:
    subprocess.run(("ip", *arguments), check=True, capture_output=True)


@pytest.fixture
def hosts() -> Iterator[dict[int, tuple[str, str]]]:
    """Each host's name and address; this computer is .1 of the same net."""
    with ExitStack() as stack:
        found = {}
        for number in HOSTS:
            name, net = f"shebao-{os.getpid()}-{number}", f"10.213.{number}"
            near, far = f"sb{os.getpid() % 10**6}a{number}", f"sb{os.getpid() % 10**6}b{number}"
            try:
                ip("netns", "add", name)
                stack.callback(ip, "netns", "del", name)
                ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
                ip("addr", "add", f"{net}.1/24", "dev", near)
                ip("link", "set", near, "up")
                ip("-n", name, "addr", "add", f"{net}.2/24", "dev", far)
                ip("-n", name, "link", "set", far, "up")
                ip("-n", name, "link", "set", "lo", "up")
            except (OSError, subprocess.CalledProcessError):
                pytest.skip("network namespaces are not permitted here")
            found[number] = (name, net)
        yield found


def wait_for(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < until, f"it did not happen in {PATIENCE} seconds"
        time.sleep(0.1)


def worker(host: tuple[str, str], url: str, keys: Path, port: int) -> subprocess.Popen[bytes]:
    """A worker on a host, which reaches the platform over its own network."""
    name, net = host
    named = {
        "DATABASE__URL": url,
        "KEYS__FOLDER": str(keys),
        "JOBS__ENGINE": "postgresql",
        "CHANNELS__WECOM__CORP_ID": local.CORP_ID,
        "CHANNELS__WECOM__AGENT_ID": str(local.AGENT_ID),
        "CHANNELS__WECOM__SECRET": local.SECRET,
        "CHANNELS__WECOM__TOKEN": local.TOKEN,
        "CHANNELS__WECOM__AES_KEY": local.AES_KEY,
        "CHANNELS__WECOM__API_BASE": f"http://{net}.1:{port}/wecom",
    }
    return subprocess.Popen(
        ("ip", "netns", "exec", name, sys.executable, "-c", "from app.cli import main; main()", "worker"),
        cwd=HOUSE,
        env=os.environ | {f"SHEBAO__{key}": value for key, value in named.items()},
        stderr=subprocess.DEVNULL,
    )


def test_workers_on_two_hosts_share_the_work_and_one_goes_on_alone(
    hosts: dict[int, tuple[str, str]], url: str, open_one: Open, tmp_path: Path, clock: Clock
) -> None:
    clock.time = utc_now()  # the workers' clock, by which they take away what is old
    company, storage = WeCom(), open_one(url)
    queue = open_queue(Settings(database=Database(url), jobs=JobSettings(engine="postgresql")))
    jobs = Jobs(queue, storage, {})
    members = [company.member(f"member{number}", f"员工{number}") for number in range(6)]
    with Server({"/wecom": company}, host="0.0.0.0") as platform, ExitStack() as stack:
        working = {
            number: stack.enter_context(worker(host, url, tmp_path / "keys", platform.port))
            for number, host in hosts.items()
        }
        stack.callback(lambda: [process.kill() for process in working.values()])
        for round in range(60):
            ask(storage, jobs, members, f"first{round}")
            wait_for(lambda: at_rest(storage))
            if len(callers(company)) == len(HOSTS):
                break
        assert len(callers(company)) == len(HOSTS), "one host never sent anything"
        working[1].kill()
        working[1].wait()
        ask(storage, jobs, members, "last")
        wait_for(lambda: at_rest(storage))
        assert all(member.phone.heard for member in members)
    queue.storage.close()


def at_rest(storage: Storage) -> bool:
    with storage.database.read() as connection:
        waits = connection.execute(select(inbox.c.key).where(inbox.c.state == "received").limit(1)).first()
        goes = connection.execute(select(outbox.c.id).where(outbox.c.state.in_(OPEN)).limit(1)).first()
    return waits is None and goes is None


def callers(company: WeCom) -> set[str]:
    """From which hosts messages came."""
    return {call.request.client for call in company.called("cgi-bin/message/send")}


def ask(storage: Storage, jobs: Jobs, members: list[Member], key: str) -> None:
    for member in members:
        event = storage.inbox.store(IncomingMessage("wecom", member.userid.lower(), key, "谢谢"))
        assert event is not None
        jobs.answer(event)
