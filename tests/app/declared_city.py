"""The plant's fifteen on a roster, 沙盒市 that knows them, and everything connected over real HTTP.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from databases import Clock
from platforms.city import City
from platforms.harness import Server

from app.declaring import Declarer, Drafting
from app.demo_people import TABLE, joined_on
from app.offices import Offices
from calculator.money import parse_yuan
from connectors.outside.calling import Outside
from connectors.outside.connection import read_connection
from connectors.payroll import HttpPayroll
from connectors.social_insurance import HttpSocialInsurance
from people.employees import Employee
from people.entities import InsuredAccount, LegalEntity
from policy_kb.library import Library
from profiles.declarations import KeptLine, Run
from storage.opening import Storage

TESTS = Path(__file__).parents[1]
#: The demo company's fifteen, here by numbers of the city's and all insured.
PEOPLE: list[dict[str, Any]] = TABLE["fifteen"]
SUZHOU, MONTH, OCTOBER, TODAY = "320500", "2026-10", date(2026, 10, 1), date(2026, 10, 15)
LI, ZHAO = "account:5a1e0000-0000-4000-8000-00000000000a", "account:5a1e0000-0000-4000-8000-00000000000b"
LIMITS = {"connect_seconds": 2.0, "read_seconds": 0.5, "whole_seconds": 1.0}
RETRIES = {"attempts": 1, "first_wait": 0.01, "longest_wait": 0.05, "failures": 1000}


def number_of(place: int) -> str:
    return f"{place:04d}"


def employee(place: int, person: Mapping[str, Any], **more: Any) -> Employee:
    values: dict[str, Any] = {
        "id": "",
        "number": number_of(place),
        "name": person["name"],
        "region": SUZHOU,
        "wage": parse_yuan(person["wage"]),
        "joined_on": joined_on(TODAY),
        "insured_since": date(2026, 10, 1),
    }
    return Employee(**values | more)


@dataclass
class Plant:
    """The company, its account in Suzhou, and what works its declarations off."""

    storage: Storage
    library: Library
    clock: Clock
    city: City
    offices: Offices
    account: InsuredAccount
    staff: dict[str, Employee]

    @property
    def drafting(self) -> Drafting:
        return Drafting(self.storage, lambda: self.library, lambda: TODAY, self.offices)

    @property
    def declarer(self) -> Declarer:
        return Declarer(self.storage.declaration_work, self.offices, self.storage.now)

    def drafted(self, month: date = OCTOBER) -> str:
        drafting = self.drafting
        return self.storage.declarations.draft(
            drafting(self.account, month), drafting.frame(self.account), LI
        )

    def approved(self, month: date = OCTOBER) -> str:
        book, id = self.storage.declarations, self.drafted(month)
        digest = self.run(id).digest
        book.submit(id, digest, LI)
        book.approve(id, digest, ZHAO, "赵静")
        return id

    def run(self, id: str) -> Run:
        found = self.storage.declarations.run(id)
        assert found is not None
        return found

    def lines(self, id: str) -> dict[str, KeptLine]:
        return {each.line.number: each for each in self.storage.declarations.lines(id)}

    def month(self, number: str, month: date = OCTOBER) -> Any:
        kept = self.storage.records.pay_months(self.staff[number].id)
        return next((each for each in kept if each.month == month), None)

    def without(self, **offices: Any) -> None:
        self.offices = replace(self.offices, **offices)


@pytest.fixture
def mill_town() -> City:
    made = City()
    for place, person in enumerate(PEOPLE, 1):
        made.person(number_of(place), person["name"], f"32050019800101{place:04d}")
    return made


@pytest.fixture
def agencies(mill_town: City) -> Iterator[Offices]:
    """The agency and payroll of 沙盒市, each connected as `city.toml` says."""
    with Server(mill_town.mounts) as running:
        text = (TESTS / "platforms" / "city.toml").read_text(encoding="utf-8")
        given = tomllib.loads(text.replace("http://127.0.0.1:8001", running.address))
        outside = {
            name: Outside(read_connection(name, given[name] | {"limits": LIMITS, "retries": RETRIES}, TESTS))
            for name in ("social_insurance", "payroll")
        }
        yield Offices(
            social_insurance=HttpSocialInsurance(outside["social_insurance"]),
            payroll=HttpPayroll(outside["payroll"]),
        )
        for each in outside.values():
            each.close()


@pytest.fixture
def mill(storage: Storage, library: Library, clock: Clock, mill_town: City, agencies: Offices) -> Plant:
    """The fifteen, insured since October."""
    entity = storage.companies.save_entity(LegalEntity("", "苏州某制造有限公司", "91320500MA1MX00X0K"), LI)
    storage.companies.save_account(InsuredAccount("", entity, SUZHOU, "SZ001"), LI)
    (account,) = storage.companies.accounts()
    staff = {
        number_of(place): storage.roster.add(employee(place, person), LI)
        for place, person in enumerate(PEOPLE, 1)
    }
    return Plant(storage, library, clock, mill_town, agencies, account, staff)
