"""What HR approved goes to the agency once, over real HTTP: taken, sent back, decided later, cut off in the middle."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from databases import Clock
from plant import works_there
from platforms.city import City, Trouble
from platforms.harness import Server
from sqlalchemy import text

from app.acting import Acting
from app.following import Following
from app.offices import NO_OFFICES, Offices
from connectors.outside.calling import Outside
from connectors.outside.connection import read_connection
from connectors.social_insurance import HttpSocialInsurance
from people.employees import Employee
from people.outside import BaseChange, Enrolment, Receipt, SocialInsurance
from policy_kb import compiled
from policy_kb.library import Library
from profiles.book import Decision, KeptStrategy, StrategyRules, StrategySearch
from profiles.changes import Change
from storage.opening import Storage

pytest_plugins = ["databases"]

ZHAO, QIAN = "account:5a1e0000-0000-4000-8000-00000000000a", "account:5a1e0000-0000-4000-8000-00000000000b"
OCTOBER = date(2026, 10, 1)
PLATFORMS = Path(__file__).parents[1] / "platforms"
LIMITS = {"connect_seconds": 1.0, "read_seconds": 0.5, "whole_seconds": 1.0}
RETRIES = {"attempts": 1, "first_wait": 0.01, "longest_wait": 0.05, "failures": 1000}


@pytest.fixture(scope="module")
def library() -> Library:
    return compiled.load()


class Desk:
    """HR, whoever follows and carries out, and the agency of 沙盒市."""

    def __init__(self, storage: Storage, library: Library, city: City, offices: Offices) -> None:
        self.storage = storage
        self.library = library
        self.city = city
        self.offices = offices

    def today(self) -> date:
        return self.storage.now().date()

    def follow(self) -> None:
        Following(self.storage, lambda: self.library, self.today).run()

    def act(self) -> int:
        return Acting(self.storage, lambda: self.library, self.today, self.offices).run()

    def hires(self, number: str, **fields: Any) -> Employee:
        self.city.person(number, f"工人{number}", f"32050019800101{number[-4:]}")
        given = {
            "insured_since": None,
            "joined_on": date(2026, 8, 10),
            "id_number": f"32050019800101{number[-4:]}",
        } | fields
        return works_there(self.storage, number, f"工人{number}", **given)

    def found(self, who: Employee) -> KeptStrategy:
        """What was found last about somebody."""
        self.follow()
        states: Any = frozenset(("proposed", "prepared", "approved", "handed_in", "done", "rejected"))
        return self.storage.profiles.find(StrategySearch(who.id, states, dibao=True))[0]

    def approves(self, it: KeptStrategy, month: date = OCTOBER) -> None:
        details, now = {"month": month.isoformat()}, self.storage.now()
        act = it.acts[0]
        decide = self.storage.profiles.decide
        decide(it.id, ("proposed", "rejected"), Decision("prepared", ZHAO, now, act, details=details))
        decide(it.id, ("prepared",), Decision("approved", QIAN, now, act, details=details))

    def now(self, it: KeptStrategy) -> KeptStrategy:
        found = self.storage.profiles.get(it.id)
        assert found is not None
        return found

    @property
    def handed(self) -> int:
        return len(self.city.social_insurance.handed)


@pytest.fixture
def desk(storage: Storage, library: Library, clock: Clock) -> Iterator[Desk]:
    city = City(lambda: clock().timestamp())
    with Server(city.mounts) as running:
        text = (PLATFORMS / "city.toml").read_text(encoding="utf-8")
        table = tomllib.loads(text.replace("http://127.0.0.1:8001", running.address))["social_insurance"]
        given = table | {"limits": LIMITS, "retries": RETRIES}
        connection = read_connection("social_insurance", given, PLATFORMS)
        outside = Outside(connection, lambda: clock().timestamp())
        offices = Offices(HttpSocialInsurance(outside), connection.person)
        yield Desk(storage, library, city, offices)
        outside.close()


def test_nothing_is_handed_in_that_nobody_approved(desk: Desk) -> None:
    chun = desk.hires("0001")
    assert desk.found(chun).state == "proposed"
    assert desk.act() == 0 and desk.handed == 0


def test_an_enrolment_is_taken_once_and_becomes_part_of_profile_and_roster(desk: Desk) -> None:
    chun = desk.hires("0001")
    found = desk.found(chun)
    desk.approves(found)
    assert (desk.act(), desk.act(), desk.handed) == (1, 0, 1)
    assert desk.now(found).state == "done"
    profile, it = desk.storage.profiles.profile_of(chun.id), desk.storage.roster.get(chun.id)
    assert profile is not None and (profile.insured_since, profile.base) == (OCTOBER, 495_200)
    assert it is not None and (it.insured_since, it.base, it.uninsured_why) == (OCTOBER, 495_200, "")


def test_a_base_below_the_wage_is_corrected_to_the_lawful_one(desk: Desk) -> None:
    chun = desk.hires("0001", wage=600_000, base=495_200, insured_since=date(2026, 9, 1))
    found = desk.found(chun)
    assert found.acts[0] == "correct_base"
    desk.approves(found)
    assert desk.act() == 1
    profile = desk.storage.profiles.profile_of(chun.id)
    assert profile is not None and profile.base == 600_000


def test_what_the_agency_sends_back_waits_for_hr_with_its_reason(desk: Desk) -> None:
    chun = desk.hires("0001")
    desk.city.social_insurance.bad_names.add("0001")
    found = desk.found(chun)
    desk.approves(found)
    assert desk.act() == 1
    back = desk.now(found)
    assert back.state == "rejected" and back.history[-1].details["reason"]
    it = desk.storage.roster.get(chun.id)
    assert it is not None and it.insured_since is None
    desk.city.social_insurance.bad_names.clear()
    desk.approves(back)
    assert desk.act() == 1 and desk.now(found).state == "done"


def test_what_is_decided_later_is_asked_again_under_the_same_reference(desk: Desk) -> None:
    chun = desk.hires("0001")
    desk.city.social_insurance.later = True
    found = desk.found(chun)
    desk.approves(found)
    assert desk.act() == 0 and desk.now(found).state == "handed_in"
    assert desk.act() == 0 and desk.handed == 1
    desk.city.social_insurance.decide()
    assert desk.act() == 1 and desk.now(found).state == "done" and desk.handed == 1


@pytest.mark.parametrize("trouble", [Trouble.TIME_OUT, Trouble.ERROR_500, Trouble.RESET, Trouble.HALF])
def test_trouble_on_the_way_does_nothing_twice(desk: Desk, trouble: Trouble) -> None:
    chun = desk.hires("0001")
    found = desk.found(chun)
    desk.approves(found)
    desk.city.social_insurance.switch(trouble, calls=1)
    assert desk.act() == 0 and desk.now(found).state == "approved"
    assert desk.act() == 1 and desk.now(found).state == "done" and desk.handed == 1


class Dies(SocialInsurance):
    """The agency takes it, and the worker dies before it hears so."""

    def __init__(self, agency: SocialInsurance) -> None:
        self._agency = agency

    def enrol(self, enrolment: Enrolment) -> Receipt:
        self._agency.enrol(enrolment)
        raise KeyboardInterrupt

    def change_base(self, change: BaseChange) -> Receipt:
        raise NotImplementedError

    declare: Callable[..., Any]
    confirmed: Callable[..., Any]
    statement: Callable[..., Any]


def test_a_worker_that_dies_after_handing_in_is_followed_by_one_that_only_asks(desk: Desk) -> None:
    chun = desk.hires("0001")
    found = desk.found(chun)
    desk.approves(found)
    agency = desk.offices.social_insurance
    assert agency is not None
    desk.offices = replace(desk.offices, social_insurance=Dies(agency))  # type: ignore[abstract]
    with pytest.raises(KeyboardInterrupt):
        desk.act()
    desk.offices = replace(desk.offices, social_insurance=agency)
    assert desk.act() == 1 and desk.handed == 1 and desk.now(found).state == "done"


BROKEN = {
    "sqlite": "CREATE TRIGGER broken BEFORE UPDATE ON employees BEGIN SELECT RAISE(ABORT, 'killed'); END",
    "postgresql": """
        CREATE FUNCTION killed() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'killed'; END $$ LANGUAGE plpgsql;
        CREATE TRIGGER broken BEFORE UPDATE ON employees FOR EACH ROW EXECUTE FUNCTION killed()
    """,
}
MENDED = {
    "sqlite": "DROP TRIGGER broken",
    "postgresql": "DROP TRIGGER broken ON employees; DROP FUNCTION killed()",
}


def test_what_was_accepted_is_in_profile_and_on_the_roster_or_in_neither(desk: Desk) -> None:
    """A profile that is insured settles what was approved, so that the roster would never hear of it."""
    chun = desk.hires("0001")
    it = desk.found(chun)
    desk.approves(it)
    database = desk.storage.database
    with database.work() as connection:
        connection.execute(text(BROKEN[database.dialect]))
    assert desk.act() == 0 and desk.handed == 1
    with database.work() as connection:
        for statement in MENDED[database.dialect].split("; "):
            connection.execute(text(statement))
    profile = desk.storage.profiles.profile_of(chun.id)
    assert profile is not None and not profile.insured and desk.found(chun).state == "approved"
    assert (desk.act(), desk.handed, desk.now(it).state) == (1, 1, "done")
    profile, on_roster = desk.storage.profiles.profile_of(chun.id), desk.storage.roster.get(chun.id)
    assert profile is not None and profile.insured
    assert on_roster is not None and on_roster.insured_since == OCTOBER


def test_who_lacks_what_the_agency_asks_for_comes_back_and_holds_up_nobody(desk: Desk) -> None:
    chun, liu = desk.hires("0001", id_number=""), desk.hires("0002")
    for each in (chun, liu):
        desk.approves(desk.found(each))
    assert desk.act() == 2 and desk.handed == 1
    assert desk.found(liu).state == "done"
    assert desk.found(chun).history[-1].details["reason"] in ("lacks", "token")


def test_two_that_ask_for_the_same_enrol_once(desk: Desk) -> None:
    chun = desk.hires("0001")
    first = desk.found(chun)
    desk.storage.records.agree(chun.id, "civil_affairs", "chat", "employee")
    told = Change(
        chun.id, "dibao", "suspended", OCTOBER, "ca", desk.storage.now(), "civil_affairs", "confirmed", "1"
    )
    desk.storage.profiles.note([told], "system")
    desk.follow()
    (second,) = (
        each for each in desk.storage.profiles.find(StrategySearch(chun.id, dibao=True)) if each.tells_dibao
    )
    for each in (first, second):
        desk.approves(each)
    assert desk.act() == 2 and desk.handed == 1
    assert {desk.now(each).state for each in (first, second)} == {"done"}


def test_contributions_never_begin_later_than_they_are_owed(desk: Desk) -> None:
    chun = desk.hires("0001")
    found = desk.found(chun)
    desk.approves(found, date(2026, 12, 1))
    desk.act()
    assert desk.handed == 0 and desk.now(found).history[-1].details["reason"] == "deferred"


def test_without_a_connection_it_waits_for_the_portals_file(desk: Desk) -> None:
    chun = desk.hires("0001")
    found = desk.found(chun)
    desk.approves(found)
    desk.offices = NO_OFFICES
    assert desk.act() == 0 and desk.now(found).state == "approved"


def test_hrs_own_rule_enrols_whose_dibao_is_restored(desk: Desk) -> None:
    chun = desk.hires("0001")
    book, now = desk.storage.profiles, desk.storage.now
    book.set_rules(StrategyRules(enrols_restored=True), ZHAO)
    desk.storage.records.agree(chun.id, "civil_affairs", "chat", "employee")
    desk.follow()
    for day, status in ((date(2026, 9, 1), "suspended"), (date(2026, 10, 10), "receiving")):
        told = Change(
            chun.id, "dibao", status, day, "civil_affairs", now(), "civil_affairs", "confirmed", str(day)
        )
        book.note([told], "system")
        desk.follow()
    assert desk.act() == 1 and desk.handed == 1
    it = desk.storage.roster.get(chun.id)
    assert it is not None and it.insured_since == OCTOBER
