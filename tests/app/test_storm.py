"""A storm of callbacks over two served programs, one of which is killed in the middle: nothing twice, nothing lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from databases import Open
from platforms import wecom as local
from platforms.callbacks import Event
from platforms.harness import NoAnswer, Server, call
from platforms.wecom import Member, WeCom
from sqlalchemy import select, update
from telling import needs_meaning

from storage.opening import Storage, utc_now
from storage.tables import inbox, messages, outbox, tasks

pytest_plugins = ["databases"]
pytestmark = needs_meaning

HOUSE = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from app.cli import main; main()")
MEMBERS = 8
#: What each says before the storm.
BEFORE = ("公积金能不能取出来还债", "我要找人事")
QUESTIONS = ("低保线怎么定的", "交社保是不是必须的")
#: What is tapped in the storm; it opens a case.
SHARE = "只发这个问题"
PATIENCE = 90


@pytest.fixture
def company() -> WeCom:
    return WeCom()


class Programs:
    """Served programs over one database. A callback goes to either; where one is gone, to the other, as behind a proxy."""

    def __init__(self, named: dict[str, str], keys: Path) -> None:
        self._environ = os.environ | {f"SHEBAO__{name}": value for name, value in named.items()}
        self._environ["SHEBAO__KEYS__FOLDER"] = str(keys)
        self.addresses: list[str] = []
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        with Server({}) as server:
            port = server.port
        environ = self._environ | {"SHEBAO__SERVER__PORT": str(port)}
        self.processes.append(
            subprocess.Popen(
                (*COMMAND, "serve"),
                cwd=HOUSE,
                env=environ,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        self.addresses.append(f"http://127.0.0.1:{port}")
        wait_for(lambda: answers(self.addresses[-1]))

    def take(self, company: WeCom, event: Event, chance: random.Random) -> None:
        """Delivers an event until somebody has taken it."""
        for address in (*chance.sample(self.addresses, len(self.addresses)), *self.addresses):
            wire = company.wire(event)
            try:
                answer = call(f"{address}/channels/wecom", wire.query, wire.body, wire.headers)
            except NoAnswer:
                continue
            if answer.status == 200:
                return
        pytest.fail("nobody took a callback")

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def wait_for(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < until, f"it did not happen in {PATIENCE} seconds"
        time.sleep(0.1)


def answers(address: str) -> bool:
    try:
        return call(f"{address}/healthz").status == 200
    except NoAnswer:
        return False


@contextmanager
def served(url: str, tmp_path: Path, company: WeCom) -> Iterator[Programs]:
    with ExitStack() as stack:
        platform = stack.enter_context(Server({"/wecom": company}))
        named = {
            "DATABASE__URL": url,
            "POLICY__OVERLAY": str(tmp_path / "policy"),
            "POLICY__COMPANY": str(tmp_path / "company"),
            "CHANNELS__WECOM__CORP_ID": local.CORP_ID,
            "CHANNELS__WECOM__AGENT_ID": str(local.AGENT_ID),
            "CHANNELS__WECOM__SECRET": local.SECRET,
            "CHANNELS__WECOM__TOKEN": local.TOKEN,
            "CHANNELS__WECOM__AES_KEY": local.AES_KEY,
            "CHANNELS__WECOM__API_BASE": f"{platform.address}/wecom",
        }
        programs = Programs(named, tmp_path / "keys")
        stack.callback(programs.stop)
        for _ in range(2):
            programs.start()
        yield programs


def at_rest(storage: Storage) -> bool:
    with storage.database.read() as connection:
        waits = connection.execute(select(inbox.c.key).where(inbox.c.state == "received").limit(1)).first()
        goes = connection.execute(
            select(outbox.c.id).where(outbox.c.state.in_(("queued", "leased"))).limit(1)
        ).first()
    return waits is None and goes is None


def hours_pass(storage: Storage) -> None:
    """What a dead process leased has run out."""
    before = utc_now() - timedelta(hours=1)
    with storage.database.work() as connection:
        for table in (inbox, outbox):
            connection.execute(
                update(table).where(table.c.leased_until.is_not(None)).values(leased_until=before)
            )


@pytest.mark.parametrize("url", ["postgresql", pytest.param("sqlite", marks=pytest.mark.soak)], indirect=True)
def test_every_callback_three_times_over_two_programs_one_of_them_killed(
    url: str, open_one: Open, tmp_path: Path, company: WeCom
) -> None:
    storage, chance = open_one(url), random.Random(20261128)
    members = [company.member(f"member{number}", f"员工{number}") for number in range(MEMBERS)]
    with served(url, tmp_path, company) as programs:
        for words in BEFORE:
            with company.holding() as held:
                for member in members:
                    member.write(words)
            for event in held:
                programs.take(company, event, chance)
            wait_for(lambda: at_rest(storage))
        assert all(asks_what_to_share(member) for member in members)
        with company.holding() as held:
            for member in members:
                member.write(SHARE)
                for question in QUESTIONS:
                    member.write(question)
        storm = [event for event in held for _ in range(3)]
        chance.shuffle(storm)
        with ThreadPoolExecutor(6) as threads:
            coming = [threads.submit(programs.take, company, event, chance) for event in storm]
            for each in coming[: len(coming) // 3]:
                each.result()
            programs.processes[0].kill()
            for each in coming:
                each.result()
        hours_pass(storage)
        programs.start()  # as whatever watches over the programs does; it sweeps when it begins
        wait_for(lambda: at_rest(storage))
    check_nothing_is_lost_or_twice(storage, members, len(held) + len(BEFORE) * MEMBERS)


def asks_what_to_share(member: Member) -> bool:
    return any(each.label == SHARE for bubble in member.phone.heard for each in bubble.choices)


def check_nothing_is_lost_or_twice(storage: Storage, members: list[Member], events: int) -> None:
    with storage.database.read() as connection:
        assert Counter(connection.execute(select(inbox.c.state)).scalars()) == {"done": events}
        assert Counter(connection.execute(select(tasks.c.state)).scalars()) == {"waiting": MEMBERS}
        written = connection.execute(select(messages.c.seq).where(messages.c.author == "employee")).all()
        sent = Counter(connection.execute(select(outbox.c.state)).scalars())
    assert len(written) == events
    assert set(sent) == {"sent"}
    for member in members:
        said = storage.conversations.find("wecom", member.userid.lower()) or storage.conversations.find(
            "wecom", member.userid
        )
        assert said is not None
        spoken = [
            entry.bubble.text
            for entry in storage.conversations.history(said.id)
            if entry.author != "employee"
        ]
        seen = "".join(bubble.words for bubble in member.phone.heard)
        for text, count in Counter(spoken).items():
            first = text.splitlines()[0][:20]
            alike = sum(each.count(first) for each in spoken)
            assert seen.count(first) == alike, (first, count)
