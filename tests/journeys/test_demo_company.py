"""The demo company: everybody of it says what they say, and what waits for HR is what they sent."""

from __future__ import annotations

from dataclasses import replace

from databases import Open
from talking import colleague
from telling import NOW, house_of, needs_meaning

from app.demo import AGREED, LOGINS, PASSWORD, PEOPLE, make_demo
from bot.assistant import Assistant
from bot.dialogue.talk import House
from hr_inbox.cases import Case, Search
from storage.opening import Storage

pytest_plugins = ["databases"]


def opened(storage: Storage) -> list[Case]:
    """What waits for HR, the most urgent first, as somebody sees it who may see everything."""
    viewer = colleague(storage)
    lines = storage.cases.find(Search(box="waiting"), viewer).lines
    return [case for line in lines if (case := storage.cases.open(line.number, viewer)) is not None]


@needs_meaning
def test_the_demo_company_has_people_cases_and_log_ins(url: str, open_one: Open) -> None:
    storage = open_one(url, due=None)
    house: House = replace(house_of("embedded"), bindings=storage.bindings)
    assistant = Assistant(house, storage.conversations, lambda: NOW)
    assert make_demo(storage, assistant.receive)
    employees = {person.number: storage.roster.by_number(person.number) for person in PEOPLE}
    cases = opened(storage)
    kinds = [case.task.kind for case in cases]
    assert kinds[0] == "urgent_injury"
    assert sorted(kinds[1:]) == ["complaint", "dibao_status_change", "talk_to_hr", "talk_to_hr"]
    assert {case.line.employee for case in cases} <= {each.id for each in employees.values() if each}
    assert len({storage.credentials.check_password(login, PASSWORD, "").id for login, _ in LOGINS}) == 2
    for number, status in AGREED:
        employee = employees[number]
        assert employee is not None
        assert [each.status for each in storage.records.dibao(employee.id, "account:x")] == [status]
    assert not make_demo(storage, assistant.receive), "a second start changes nothing"
