"""The plant in Suzhou: fifteen who draw dibao and who all said no. Statuses are read, each is told the truth with their own
figures, notices are answered or not, and all of them end insured: whoever signs, objects, keeps silent or refuses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest
from desk import Colleague
from running_plant import Holder, Plant, running_plant, words
from telling import FORBIDDEN, needs_meaning

from app.demo_people import Person, everybody
from audit.events import EMPLOYEE
from calculator.money import format_yuan
from people.employees import Employee
from profiles.book import KeptStrategy, StrategySearch
from profiles.changes import Change, Income

pytestmark = needs_meaning

TODAY = date(2026, 10, 15)
FIFTEEN = [each for each in everybody(TODAY) if each.household is not None]
#: What the result says, by what is true of the household.
SAYS = {
    "within": "在低保线以内",
    "depends": "两种算法结果不一样",
    "over": "超",
}


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with running_plant(tmp_path_factory.mktemp("suzhou")) as made:
        yield made


@pytest.fixture(scope="module")
def zhao(plant: Plant) -> Colleague:
    return plant.hr("赵静", "agent", "admin")


@pytest.fixture(scope="module")
def li(plant: Plant) -> Colleague:
    """李娜, the dibao officer."""
    return plant.hr("李娜", "dibao_officer", "agent", "admin")


class Worker(Holder):
    """One of the fifteen: on the roster, in the city, with a phone that is bound."""

    def __init__(self, plant: Plant, person: Person) -> None:
        assert person.household is not None
        self.person, self.household = person, person.household
        plant.counted += 1
        employee = plant.storage.roster.add(
            Employee(
                "",
                person.number,
                person.name,
                person.region,
                home_region=person.home,
                area=person.area,
                id_number=person.id_number,
                wage=person.wage,
                joined_on=person.joined,
                insured_since=person.insured,
                base=495_200 if person.insured and person.wage < 495_200 else person.insured and person.wage,
                uninsured_why=person.why,
            ),
            "account:5a1e0000-0000-4000-8000-00000000000a",
        )
        plant.city.person(person.number, person.name, person.id_number)
        follower = plant.wechat.follower(f"openid-{person.number}")
        follower.following = True
        super().__init__(plant, employee, follower.phone, follower.write)
        self.plant = plant

    def tells(self) -> None:
        """Agrees to both, each by itself, and has told of the household."""
        records, now = self.plant.storage.records, self.plant.storage.now()
        for purpose in ("dibao_status", "civil_affairs"):
            records.agree(self.employee.id, purpose, "chat", EMPLOYEE)  # type: ignore[arg-type]
        told = {
            "on_book": True,
            "household_size": self.household.size,
            "other_income": Income(*self.household.others),
            "dibao_line": self.household.line,
        }
        changes = [
            Change(self.employee.id, what, value, self.person.joined, EMPLOYEE, now, "employee", "reported")  # type: ignore[arg-type]
            for what, value in told.items()
        ]
        self.plant.storage.profiles.note(changes, EMPLOYEE)

    def strategy(self, *kinds: str) -> KeptStrategy:
        """What is to be done about them, of some kinds."""
        search = StrategySearch(employee=self.employee.id, dibao=True)
        found = [each for each in self.plant.storage.profiles.find(search) if each.kind in kinds]
        assert found, (self.person.name, kinds)
        return found[0]

    def now(self) -> Employee:
        found = self.plant.storage.roster.get(self.employee.id)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def workers(plant: Plant) -> list[Worker]:
    made = [Worker(plant, each) for each in FIFTEEN]
    for each in made:
        each.binds()
    return made


def uninsured(hr: Colleague) -> int:
    """How many the dashboard counts who must be insured and are not."""
    page = words(hr.opens("/hr/dashboard").get_data(as_text=True))
    found = re.search(r"没参保 (\d+)|没有参保\D{0,6}(\d+)|(\d+) 人?\s*没", page)
    assert found is not None, page[:1500]
    return int(next(each for each in found.groups() if each))


def settle(plant: Plant) -> None:
    """Systems are asked, what changed is followed, what was approved is carried out."""
    plant.jobs.ask()
    plant.minute()


def test_all_of_suzhou(plant: Plant, zhao: Colleague, li: Colleague, workers: list[Worker]) -> None:
    storage, city = plant.storage, plant.city
    settle(plant)
    open_ones = storage.profiles.find(StrategySearch())
    assert Counter(each.kind for each in open_ones) == {"not_insured": 13}, (
        "HR knows without knowing of dibao"
    )

    # 1. Nobody is asked about who did not agree; then all statuses are read: twelve active, three suspended.
    for each in workers:
        city.status(each.person.number, each.household.dibao, "2026-10-14")
    plant.clock.move(minutes=11)
    settle(plant)
    assert not storage.standings.read().dibao
    for each in workers:
        each.tells()
    plant.clock.move(minutes=11)
    settle(plant)
    assert Counter(storage.standings.read().dibao.values()) == {"receiving": 12, "suspended": 3}

    # 2. Suspended is no reason to put anything off: 照常参保 for the one who is not insured, an explanation for the others.
    for each in workers[12:]:
        found = each.strategy("not_insured", "suspended")
        assert found.tells_dibao and "no_deferral" in [reason["code"] for reason in found.data["reasons"]]
        page = words(li.opens(f"/hr/strategies/{found.id}").get_data(as_text=True))
        zhao.opens(f"/hr/strategies/{found.id}", 404)
        assert ("照常参保" in page) == (each.person.insured is None) and "都不是缓缴、停缴的理由" in page
    zhou = workers[12].strategy("not_insured")
    exposure = zhou.data["found"][0]["exposure"]
    assert exposure["employee"] + exposure["employer"] == 347_640, "3476.40: two months, both sides"

    # 3. Each has the truth with their own figures in one tap: within, depends, over.
    for each in workers[:12]:
        each.says("交社保低保还有吗")
        each.says("用我的档案算")
        result = "\n".join(each.says("跳过"))
        assert format_yuan(each.person.wage) in result and not [word for word in FORBIDDEN if word in result]

    # 4. Notices go out. Nine sign, one objects, one refuses, one keeps silent; nobody's insurance waits for it.
    for each in workers[:13]:
        each.hears(lambda worker=each: plant.issues(zhao, worker.employee))  # type: ignore[misc]
        answer = each.household.answer
        if answer in ("silent", "none"):
            continue
        each.goes_in()
        each.understands()
        outcome, statement = {
            "signs": ("acknowledged", ""),
            "objects": ("objected", "我看到了，有话要说：药钱紧"),
            "refuses": ("refused", "我不签"),
        }[answer]
        each.answers(outcome, statement)
    plant.minute()
    states = Counter(plant.notice(each.employee).state for each in workers[:13])
    assert states == {"acknowledged": 9, "objected": 1, "refused": 1, "issued": 2}
    assert sum(each.now().insured_since is None for each in workers) == 13

    # 5. 照常参保: one prepares, another approves, the agency takes it; whoever refuses ends insured too.
    left = 13
    for each in workers[:13]:
        found = each.strategy("not_insured")
        looks, approves = (
            (li, zhao) if not found.tells_dibao else (li, plant.hr("王芳", "dibao_officer", "admin"))
        )
        looks.sends(f"/hr/strategies/{found.id}/prepare", act="insure", month="2026-10")
        looks.sends(f"/hr/strategies/{found.id}/approve", 409)
        approves.sends(f"/hr/strategies/{found.id}/approve")
        settle(plant)
        assert each.now().insured_since == date(2026, 10, 1), each.person.name
        left -= 1
        assert len(storage.standings.read().uninsured) == left
    enrolled = [body for body, _ in city.social_insurance.handed.values()]
    assert len(enrolled) == 13 and len(set(city.social_insurance.done)) == 13
    assert not storage.standings.read().uninsured
    settle(plant)
    assert len(city.social_insurance.handed) == 13, "nothing is done twice"

    # 6. What is open is closed with it, and nothing was pushed that tells of dibao.
    open_kinds = {each.kind for each in storage.profiles.find(StrategySearch(dibao=True))}
    assert "not_insured" not in open_kinds
    for each in workers:
        assert not [bubble for bubble in each.phone.heard if "低保户" in bubble.words]
