"""A worker or a server that is killed -9, wherever it is: what follows it loses nothing and keeps and does nothing twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from at_work import HR, MONTH, Town
from plant import environ_of, works_there
from platforms.city import Done
from platforms.harness import Request
from test_connections_at_work import declare, figures, statuses

from people.employees import Employee
from profiles.book import Decision, KeptStrategy, StrategySearch

pytest_plugins = ["at_work"]

HOUSE, SCRIPT = Path(__file__).parents[2], Path(__file__).with_name("dying_worker.py")
KILLED = -signal.SIGKILL
#: Seconds that a process has, on a slow machine.
PATIENCE = 120
ZHAO = "account:5a1e0000-0000-4000-8000-00000000000b"
AGREED = ("0001", "0002", "0003", "0004", "0005")


def moments(seed: int, few: int, last: int) -> list[Any]:
    """Before which statement or commit a process dies: a few, and in the soak every fifth."""
    some = sorted(random.Random(seed).sample(range(1, last), few))
    every = pytest.param(list(range(1 + seed % 5, last, 5)), marks=pytest.mark.soak, id="every fifth")
    return [pytest.param(some, id="some"), every]


def mostly(kind: str) -> Any:
    """On one kind of database, and on the other in the soak."""
    kinds = [
        pytest.param(each, marks=[] if each == kind else [pytest.mark.soak])
        for each in ("sqlite", "postgresql")
    ]
    return pytest.mark.parametrize("url", kinds, indirect=True)


class Processes:
    """Starts the processes of a town."""

    def __init__(self, town: Town, environ: dict[str, str]) -> None:
        self.town = town
        self.environ = environ
        self.running: subprocess.Popen[str] | None = None

    def start(self, what: str, at: int = 0) -> subprocess.Popen[str]:
        command = (sys.executable, str(SCRIPT), what, str(at), self.town.clock().isoformat())
        self.running = subprocess.Popen(
            command, cwd=HOUSE, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        return self.running

    def work(self, at: int = 0) -> bool:
        """One look of a worker at everything; whether it lived to the end. The next one comes when its leases have run out."""
        with self.start("work", at) as process:
            ended = process.wait(PATIENCE)
        assert ended in (0, KILLED)
        self.town.clock.move(minutes=61)
        return ended == 0

    @contextmanager
    def served(self, at: int = 0) -> Iterator[str]:
        """A server that takes deliveries; its address."""
        with self.start("serve", at) as process:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/events/civil-affairs"
            process.kill()

    def kill(self) -> None:
        """As the machine does it: at once."""
        assert self.running is not None
        os.kill(self.running.pid, signal.SIGKILL)


@pytest.fixture
def processes(moved_in: Town, url: str, tmp_path: Path) -> Iterator[Processes]:
    settings = moved_in.settings
    mapping = Path(settings.connections.payroll.mapping)
    # Here nothing is slow that should not be: on a busy machine a poll must not fail for its time.
    patient = mapping.read_text(encoding="utf-8").replace("read_seconds = 0.5", "read_seconds = 20.0")
    mapping.write_text(patient.replace("whole_seconds = 1.0", "whole_seconds = 20.0"), encoding="utf-8")
    environ = dict(os.environ) | {"PYTHONPATH": str(HOUSE)} | environ_of(url, tmp_path)
    for name in ("mail", "sms"):
        environ |= _environ(name, getattr(settings, name))
    for each in fields(settings.connections):
        environ |= _environ(f"connections__{each.name}", getattr(settings.connections, each.name))
    made = Processes(moved_in, environ)
    yield made
    if made.running is not None:
        made.running.kill()


def _environ(section: str, values: Any) -> dict[str, str]:
    return {
        f"SHEBAO__{section}__{each.name}".upper(): str(getattr(values, each.name)) for each in fields(values)
    }


def is_whole(town: Town) -> None:
    """Nothing was half written: the log's chain is whole, and nobody was told of anything."""
    assert town.storage.chain.check().broken is None
    assert town.told == ([], [])


# -- Polls -------------------------------------------------------------------------------------------------------------


class Told:
    """What civil affairs tells, and what is to be on record of it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.said: dict[str, list[tuple[Any, str]]] = {number: [] for number in town.ids}

    def next(self, round: int) -> None:
        """Everybody's dibao is another since another day."""
        status = ("receiving", "suspended")[round % 2]
        since = (date(2026, 1, 1) + timedelta(days=round)).isoformat()
        for back, number in enumerate(self.town.ids):
            self.town.city.status(number, status, since, "income", told_at=self.town.city.clock() - 50 + back)
            self.said[number].append((status, since))

    def holds(self) -> None:
        """Of those who agreed all of it is on record, once each; of the others nothing."""
        for number, said in self.said.items():
            wanted = said if number in AGREED else []
            assert sorted(statuses(self.town, number), key=lambda each: each[1]) == wanted, number
            if number in AGREED:
                told = self.town.storage.records.dibao(self.town.ids[number], HR)
                days = [each.since.isoformat() for each in told]
                # Of what was told together the last is the status.
                assert len(days) == len(set(days)) and days[-1] == said[-1][1]
                profile = self.town.storage.profiles.profile_of(self.town.ids[number])
                assert profile is not None and profile.dibao == said[-1][0]

    def invents_nothing(self) -> None:
        for number, said in self.said.items():
            kept = statuses(self.town, number)
            assert len(kept) == len(set(kept)) and set(kept) <= set(said)


@mostly("postgresql")
@pytest.mark.parametrize("dies", moments(3, 3, 120))
def test_a_poll_of_civil_affairs_is_killed_anywhere(
    moved_in: Town, processes: Processes, dies: Sequence[int]
) -> None:
    moved_in.agree(*AGREED)
    told = Told(moved_in)
    died = 0
    for round, at in enumerate(dies):
        told.next(round)
        died += not processes.work(at)
        told.invents_nothing()
    assert died > 1 and processes.work()
    told.holds()
    is_whole(moved_in)


@mostly("sqlite")
@pytest.mark.parametrize("page", [1, 2])
def test_a_poll_is_killed_before_and_between_its_pages(
    moved_in: Town, processes: Processes, page: int
) -> None:
    moved_in.agree(*AGREED)
    told = Told(moved_in)
    told.next(0)
    office, do = moved_in.city.civil_affairs, moved_in.city.civil_affairs.do

    def kills(request: Request) -> Done | None:
        found = do(request)
        if request.path == "changes" and len(office.called("changes")) == page - 1:
            processes.kill()  # this page was asked for, those before it were kept
        return found

    office.do = kills  # type: ignore[method-assign]
    assert not processes.work()
    kept = sum(bool(statuses(moved_in, each)) for each in AGREED)
    assert kept == (3 if page == 2 else 0)
    assert processes.work()
    told.holds()
    is_whole(moved_in)


@mostly("postgresql")
@pytest.mark.parametrize("dies", moments(4, 2, 90))
def test_lists_are_read_by_workers_that_are_killed_anywhere(
    moved_in: Town, processes: Processes, dies: Sequence[int]
) -> None:
    wage = base = died = 0
    for round, at in enumerate((*dies, 0)):
        wage, base = 350_000 + round * 1000, 500_000 + round * 1000
        for number in AGREED:
            moved_in.city.payroll.wage(number, "2026-10", wage)
            declare(moved_in, number, base)
        died += not processes.work(at)
    assert died and processes.work()  # what was told of a month before its wage is read once more
    for number in AGREED:
        assert figures(moved_in, number, "gross_wage")[-1] == (wage, "2026-10-01")
        (month,) = moved_in.storage.records.pay_months(moved_in.ids[number])
        assert (month.month, month.wage) == (MONTH, wage)
        assert figures(moved_in, number, "base")[-1] == (base, "2026-10-01")
        assert (month.base, month.paid) == (base, True)
    is_whole(moved_in)


# -- Deliveries --------------------------------------------------------------------------------------------------------


@mostly("postgresql")
@pytest.mark.parametrize("dies", moments(5, 2, 150))
def test_deliveries_that_a_killed_server_did_not_acknowledge_come_again_and_count_once(
    moved_in: Town, processes: Processes, dies: Sequence[int]
) -> None:
    moved_in.agree(*AGREED)
    told, office, lost = Told(moved_in), moved_in.city.civil_affairs, 0
    for round, at in enumerate(dies):
        told.next(round)
        first = office.delivered
        with processes.served(at) as office.hook:
            answers = office.deliver()
        assert set(answers) <= {204, 0}
        lost += answers.count(0)
        told.invents_nothing()
        # As a department does it: whatever was not acknowledged comes again, all that came after it, too.
        office.delivered = first + (answers.index(0) if 0 in answers else len(answers))
        moved_in.clock.move(minutes=5)
    assert lost
    with processes.served() as office.hook:
        assert set(office.deliver()) <= {204}
    processes.work()
    told.holds()
    is_whole(moved_in)


# -- Approved acts -----------------------------------------------------------------------------------------------------


def hired(town: Town, number: str) -> Employee:
    town.city.person(number, f"工人{number}", f"32050019800101{number}")
    given = {"insured_since": None, "joined_on": date(2026, 8, 10), "id_number": f"32050019800101{number}"}
    return works_there(town.storage, number, f"工人{number}", **given)


def found(town: Town, who: Employee) -> KeptStrategy:
    """What was found last about somebody."""
    states: Any = frozenset(("proposed", "prepared", "approved", "handed_in", "done", "rejected"))
    return town.storage.profiles.find(StrategySearch(who.id, states, dibao=True))[0]


def approve(town: Town, it: KeptStrategy) -> None:
    assert (it.state, it.acts[0]) == ("proposed", "insure")
    decide, details = town.storage.profiles.decide, {"month": "2026-10-01"}
    for state, before, by in (("prepared", "proposed", HR), ("approved", "prepared", ZHAO)):
        decision = Decision(state, by, town.clock(), "insure", details=details)  # type: ignore[arg-type]
        decide(it.id, (before,), decision)  # type: ignore[arg-type]


def is_insured_once(town: Town, who: Employee) -> None:
    it, profile = town.storage.roster.get(who.id), town.storage.profiles.profile_of(who.id)
    assert found(town, who).state == "done"
    assert it is not None and it.insured_since == MONTH
    assert profile is not None and profile.insured_since == MONTH
    office = town.city.social_insurance
    handed = [each for each in office.done if office.handed[each][1]["ywlsh"].startswith(found(town, who).id)]
    assert len(handed) == 1


@mostly("sqlite")
def test_an_act_whose_answer_is_lost_with_the_worker_is_carried_out_once(
    moved_in: Town, processes: Processes
) -> None:
    chun = hired(moved_in, "0101")
    assert processes.work()
    approve(moved_in, found(moved_in, chun))
    office, do = moved_in.city.social_insurance, moved_in.city.social_insurance.do

    def kills(request: Request) -> Done | None:
        done = do(request)
        if request.path == "enrol" and not office.called("enrol"):
            processes.kill()  # it is done, and the worker will never hear of it
        return done

    office.do = kills  # type: ignore[method-assign]
    assert not processes.work()
    assert (found(moved_in, chun).state, len(office.done)) == ("approved", 1)
    assert processes.work()
    asked = [each.request.json()["ywlsh"] for each in office.called("enrol")]
    assert len(asked) == 2 and len(set(asked)) == 1
    is_insured_once(moved_in, chun)
    is_whole(moved_in)


@mostly("postgresql")
@pytest.mark.parametrize("dies", moments(6, 2, 160))
def test_acts_are_carried_out_once_by_workers_that_are_killed_anywhere(
    moved_in: Town, processes: Processes, dies: Sequence[int]
) -> None:
    staff = [hired(moved_in, f"{number:04d}") for number in range(101, 101 + len(dies))]
    assert processes.work()
    died = 0
    for who, at in zip(staff, dies, strict=True):
        approve(moved_in, found(moved_in, who))
        died += not processes.work(at)
    assert died and processes.work()
    for who in staff:
        is_insured_once(moved_in, who)
    is_whole(moved_in)
