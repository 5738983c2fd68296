"""The demo company: who works there, what is kept of them, and what waits for HR is what employees sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from databases import Open
from platforms.city import City
from platforms.harness import Request
from platforms.story import Story
from talking import colleague
from telling import NOW, house_of, needs_meaning

from app.console import make_importer
from app.demo import LOGINS, PASSWORD, TOLD, city_of, make_demo
from app.demo_people import everybody
from app.following import Following
from bot.assistant import Assistant
from bot.dialogue.talk import House
from calculator.money import parse_yuan
from hr_inbox.cases import Case, Search
from people.employees import RosterSearch, is_id_number
from policy_kb.divisions import Divisions
from policy_kb.importing import propose
from policy_kb.library import Library
from profiles.found import find_hold
from profiles.lawful import lawful_base
from storage.opening import Storage

TODAY = date(2026, 10, 15)

pytest_plugins = ["databases"]


def opened(storage: Storage) -> list[Case]:
    """What waits for HR, the most urgent first, as somebody sees it who may see everything."""
    viewer = colleague(storage)
    lines = storage.cases.find(Search(box="waiting"), viewer).lines
    return [case for line in lines if (case := storage.cases.open(line.number, viewer)) is not None]


def make(storage: Storage) -> bool:
    house: House = replace(house_of("embedded"), bindings=storage.bindings)
    assistant = Assistant(house, storage.conversations, lambda: NOW)
    return make_demo(
        storage, assistant.receive, make_importer(storage, Divisions.load()), house.library, TODAY
    )


@pytest.fixture
def company(url: str, open_one: Open) -> Iterator[Storage]:
    """The demo company as its first start leaves it."""
    storage = open_one(url, due=None)
    assert make(storage)
    yield storage


def test_there_are_a_hundred_and_twenty_in_three_regions_and_fifteen_draw_dibao() -> None:
    people = everybody(TODAY)
    assert len({each.number for each in people}) == len({each.name for each in people}) == 120
    assert Counter(each.region for each in people) == {"320500": 92, "330100": 16, "310000": 12}
    fifteen = [each for each in people if each.household]
    assert Counter(each.household.dibao for each in fifteen if each.household) == {
        "receiving": 12,
        "suspended": 3,
    }
    assert {each.region for each in fifteen} == {"320500"}
    assert sum(each.home[:2] != "32" for each in fifteen) >= 12
    suspended = [each for each in fifteen if each.household and each.household.dibao == "suspended"]
    assert sorted(each.insured is None for each in suspended) == [False, False, True]
    assert all(is_id_number(each.id_number) for each in people)
    assert len({each.id_number for each in people}) == 120
    assert people == everybody(TODAY), "nothing of it is left to chance"


@needs_meaning
def test_the_one_of_the_suspended_who_is_not_insured_owes_two_months(
    company: Storage, library: Library
) -> None:
    employee = company.roster.by_number("A1035")
    assert employee is not None
    profile = company.profiles.profile_of(employee.id, TODAY)
    assert profile is not None and profile.dibao == "suspended"
    ground = Following(company, lambda: library, lambda: TODAY).ground_of(employee.id)
    hold = find_hold(profile, ground, TODAY)
    assert hold is not None and hold.exposure is not None
    assert hold.exposure.arrears == 347_640


def test_the_bounds_that_the_city_publishes_can_be_imported_and_raise_the_lowest_base(
    library: Library, tmp_path: Path
) -> None:
    story = Story(City(NOW.timestamp), NOW.timestamp)
    story.begin(city_of(library, TODAY))
    story.play("bounds")
    sheet = tmp_path / "bounds.csv"
    sheet.write_bytes(story.answer(Request("GET", "bounds.csv", {}, {}, b"")).body)
    proposed = propose(library, sheet, TODAY)
    assert not proposed.findings
    before, after = (
        lawful_base(each, 350_000, "320500", date(2026, 1, 1), TODAY) for each in (library, proposed.library)
    )
    assert (before.lowest, after.lowest) == (495_200, 520_000)


def test_the_city_knows_everybody_as_the_company_does(library: Library) -> None:
    city = City(NOW.timestamp)
    Story(city, NOW.timestamp).begin(city_of(library, TODAY))
    assert len(city.people) == 120
    lines = city.social_insurance.lines("2026-08")
    own = {
        number: sum(parse_yuan(each["grje"]) for each in lines if each["grbh"] == number)
        for number in ("A1036", "A1112", "A1035")
    }
    assert own == {"A1036": 52_496, "A1112": 59_300, "A1035": 0}


@needs_meaning
def test_the_demo_company_has_people_cases_and_log_ins(company: Storage) -> None:
    lines = company.roster.everyone(RosterSearch())
    assert len(lines) == 120
    assert {"王𠮷祥", "石𠮷勇", "阿依古丽·买买提"} <= {line.employee.name for line in lines}
    cases = opened(company)
    kinds = [case.task.kind for case in cases]
    assert kinds[0] == "urgent_injury"
    assert sorted(kinds[1:]) == ["complaint", "dibao_status_change", "talk_to_hr", "talk_to_hr"]
    assert {case.line.employee for case in cases} <= {line.employee.id for line in lines}
    assert len({company.credentials.check_password(login, PASSWORD, "").id for login, _ in LOGINS}) == 2
    assert not make(company), "a second start changes nothing"
    assert company.roster.everyone(RosterSearch()) == lines


@needs_meaning
def test_fifteen_agreed_that_civil_affairs_is_asked_and_two_told_what_it_is(company: Storage) -> None:
    agreed = {
        line.employee.number: {each.purpose for each in company.records.consents(line.employee.id)}
        for line in company.roster.everyone(RosterSearch())
    }
    fifteen = {each.number for each in everybody(TODAY) if each.household}
    assert {number for number, purposes in agreed.items() if "civil_affairs" in purposes} == fifteen
    assert all(agreed[number] == {"civil_affairs", "dibao_status"} for number in fifteen)
    for number, status in TOLD:
        employee = company.roster.by_number(number)
        assert employee is not None
        assert [each.status for each in company.records.dibao(employee.id, "account:x")] == [status]


@needs_meaning
def test_a_year_of_pay_is_on_record_to_the_fen(company: Storage) -> None:
    of = {each.number: each for each in everybody(TODAY)}
    for number, months in (("A1041", 12), ("A1034", 2), ("C3002", 12), ("A1060", 0)):
        employee = company.roster.by_number(number)
        assert employee is not None
        paid = company.records.pay_months(employee.id)
        assert len(paid) == months
        for month in paid:
            assert month.wage == of[number].wage_in(month.month, TODAY)
            assert month.paid is (of[number].insured is not None)
        if paid and of[number].insured is not None:
            library = house_of("embedded").library
            last = lawful_base(library, paid[-1].wage, employee.region, paid[-1].month, TODAY)
            assert (paid[-1].base, paid[-1].own_share) == (last.lowest, last.employee)
            ((month, before, after),) = [
                (a.month, a.before, a.after) for a in company.records.adjustments(employee.id)
            ]
            assert [each.base for each in paid if each.month == month] == [after] != [before]
