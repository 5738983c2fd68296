"""What the library lacks is counted by topic and place, with nothing of what was typed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from telling import NOW, Employee, house_of, needs_meaning

from bot.dialogue import turn
from bot.dialogue.conversation import Conversation
from bot.dialogue.deciding import converse
from bot.dialogue.steps import Step, Tell
from bot.dialogue.talk import House
from bot.guard import Unfounded
from bot.wording import word
from delivery.messages import Reply
from hr_inbox.unanswered import Unanswered
from locales import Say
from policy_kb.finding import Finder

pytestmark = needs_meaning


def house_without_articles() -> House:
    return replace(house_of("embedded"), finder=Finder(()))


def asked(employee: Employee, text: str) -> tuple[Unanswered, ...]:
    return employee.send(text, text=text).outcome.unanswered


def test_a_question_without_a_clause_is_counted_by_what_was_wanted() -> None:
    employee = Employee(house_without_articles())
    assert asked(employee, "换了城市社保怎么转移") == (Unanswered("no_clause", "ask_transfer", "000000"),)


def test_asked_twice_it_counts_twice() -> None:
    employee = Employee(house_without_articles())
    counted = [asked(employee, "换了城市社保怎么转移") for _ in range(2)]
    assert [len(each) for each in counted] == [1, 1]


def test_the_place_is_the_city_of_the_job_and_no_nearer() -> None:
    employee = Employee(house_without_articles())
    employee.send("在苏州工业园区上班，每月扣多少", text="在苏州昆山上班，每月扣多少")
    assert [each.region for each in asked(employee, "换了城市社保怎么转移")] == ["320500"]


def test_what_is_not_understood_at_all_is_counted_without_a_topic() -> None:
    employee = Employee(house_without_articles())
    assert asked(employee, "叽里呱啦") == (Unanswered("not_understood", "", "000000"),)


def test_what_is_answered_is_not_counted() -> None:
    employee = Employee(house_of("embedded"))
    assert asked(employee, "社保必须交吗") == ()


def test_an_answer_that_was_withheld_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def withhold(step: Step, say: Say) -> Reply:
        if isinstance(step, Tell) and step.name.startswith("article:"):
            raise Unfounded("1 figure")
        return word(step, say)

    monkeypatch.setattr(turn, "word", withhold)
    outcome = converse(house_of("embedded"), Conversation(), NOW, "社保必须交吗")
    (counted,) = outcome.unanswered
    assert (counted.why, counted.topic) == ("withheld", "ask_is_it_mandatory")
