"""What may be said abroad: over all journeys no neutral reply holds anything of the employee's own, and every template is
classified."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from own_files import house_with
from telling import NOW, Employee, house_of, needs_meaning
from test_journeys import journeys

from bot.dialogue.known import Known
from bot.dialogue.naming import name_of, value_of
from bot.dialogue.steps import Ask, HandOff, Part, Quoted, Sign, Tap, Tell
from bot.dialogue.talk import House
from bot.guard import Evidence
from bot.wording import templates, word
from bot.wording.neutral import NEUTRAL
from delivery.messages import Reply
from hr_inbox.task import HrTask
from locales import speak

CLASSIFIED: Final = Path(__file__).parents[1] / "bot" / "neutral.tsv"
SAY: Final = speak("zh_Hans")
#: As short as this, words that an employee wrote are words that anybody uses.
LONG: Final = 6


def test_every_template_is_classified() -> None:
    with CLASSIFIED.open(encoding="utf-8", newline="") as file:
        rows = {row["template"]: row["neutral"] for row in csv.DictReader(file, delimiter="\t")}
    unclassified = templates().keys() - rows
    assert not unclassified, f"may they be said where nothing about the employee may? {sorted(unclassified)}"
    assert rows.keys() == templates().keys()
    assert {key for key, neutral in rows.items() if neutral == "yes"} == NEUTRAL
    assert set(rows.values()) == {"yes", "no"}


def test_a_template_with_figures_is_about_somebody() -> None:
    assert not [key for key in NEUTRAL if "{" in templates()[key].text]


@needs_meaning
@pytest.mark.parametrize("journey", journeys(), ids=lambda journey: journey["name"])
def test_no_neutral_reply_holds_anything_of_the_employees_own(journey: dict[str, Any]) -> None:
    house, file = house_with(house_of("embedded"), journey.get("of"))
    employee = Employee(house, journey.get("at", NOW), own=file)
    own: set[str] = set()
    offered = {template.text for template in templates().values()}  # what a menu says, whoever types it too
    for turn in journey["turns"]:
        told = employee.does(turn)
        if len(turn.get("say", "")) >= LONG and turn["say"] not in offered:
            own.add(turn["say"])
        own |= set(_own(told.outcome.conversation.known, house))
        for reply in told.outcome.replies:
            if reply.neutral:
                said = "\n".join((reply.text, *(each.title for each in reply.buttons)))
                held = [each for each in own if each in said]
                assert not held, f"{held} in a neutral reply\n\n{employee.transcript()}"


@needs_meaning
def test_much_of_what_is_said_is_neutral() -> None:
    employee = Employee(house_of("embedded"))
    greeting = employee.does({"start": True})
    article = employee.does({"say": "写个保证说不交社保，算不算数？"})
    privacy = employee.does({"tap": "谁能看到我说的"})
    amount = employee.does({"tap": "每月扣多少"})
    for told in (greeting, privacy, amount):
        assert [reply.neutral for reply in told.outcome.replies] == [True], employee.transcript()
    assert not article.outcome.replies[0].neutral  # it takes up what this employee fears
    assert employee.does({"say": "公积金能取出来吗"}).outcome.replies[0].neutral


@needs_meaning
def test_an_answer_by_the_rules_of_ones_place_is_not_neutral() -> None:
    house = house_of("embedded")
    anybody, from_beijing = Employee(house), Employee(house)
    from_beijing.send("", text="我在北京上班")
    question = {"say": "社保缴费基数下限是多少？"}
    there = next(reply for reply in from_beijing.does(question).outcome.replies if reply.sources)
    assert "7270.00" in there.text  # Beijing is named nowhere, and known by its figures
    assert not there.neutral
    assert not [reply for reply in anybody.does(question).outcome.replies if not reply.neutral]


@pytest.mark.parametrize(
    ("step", "neutral"),
    [
        (Ask("wage"), True),
        (Ask("wage", before=(Part("money.begin"),)), True),
        (Ask("wage", before=(Part("talk.changed", {"what": "工资", "old": "1", "new": "2"}),)), False),
        (Ask("gross_or_net", figures={"wage": "3500.00"}), False),
        (Ask("dibao_status"), False),
        (Ask("received_monthly"), False),
        (Ask("share_scope", before=(Part("hr.preview", {"question": "钱不够"}),)), False),
        (Ask("region", "which", taps=(Tap(Quoted("江苏省苏州市"), "region=320500"),)), False),
        (Ask("confirm", "binding", {"name": "李丽", "tail": "34"}), False),
        (Tell("x", (Quoted("想问的话"),)), False),
        (Tell("x", (Quoted("社保必须交。", general=True),)), True),
        (Tell("x", (Part("talk.fine"),), result_of=Known()), False),
        (HandOff(HrTask("question", ("钱不够",)), (Part("hr.sent"),)), True),
        (HandOff(HrTask("question", ("钱不够",)), (Quoted("钱不够"),)), False),
        (Sign("a notice"), True),
    ],
)
def test_what_makes_a_step_neutral(step: Any, neutral: bool) -> None:
    assert word(_founded(step), SAY).neutral is neutral


def test_what_is_made_elsewhere_is_not_neutral() -> None:
    assert not Reply("人事说：下月起交。").neutral


def _founded(step: Any) -> Any:
    """The step with its own figures as evidence: what is tried here is another guard."""
    founded = Evidence.of("3500.00", "1", "2", "34")
    return replace(step, evidence=founded) if isinstance(step, Ask | Tell) else step


def _own(known: Known, house: House) -> Iterator[str]:
    """What an employee told, in the words in which it is said back."""
    divisions = house.library.divisions
    for field in ("wage", "other_income", "other_income_high", "standard_monthly", "received_monthly"):
        amount = getattr(known, field)
        if amount:
            yield f"{amount / 100:.2f}"
            yield f"{amount / 100:.2f}".removesuffix(".00") + " 元"
    for code in filter(None, (known.region, known.dibao_region)):
        yield divisions.full_name(code)
    if known.dibao is not None:
        yield f"{name_of('dibao', SAY)} {value_of('dibao', known.dibao, divisions, SAY)}"
        yield value_of("dibao", known.dibao, divisions, SAY)
