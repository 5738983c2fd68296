"""All facts of one message: its text is written in one way, then each reader takes what is its own."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Final

from bot.understanding.days import read_day
from bot.understanding.facts import Facts, Unsure
from bot.understanding.normalise import normalise
from bot.understanding.people import read_people
from bot.understanding.places import Places
from bot.understanding.reading_money import Money, read_money
from bot.understanding.reading_places import read_places
from bot.understanding.reading_status import read_dibao, read_on_book
from bot.understanding.replies import Answer, corrects, may_correct, read_answer, read_choice, supposes
from policy_kb.divisions import Divisions


class FactReader:
    """Reads the facts of messages; made once, as it prepares the names of all regions."""

    def __init__(self, divisions: Divisions) -> None:
        self.places = Places(divisions)

    def read(self, text: str, today: date, asked: str | None = None) -> Facts:
        """What a message says, given the question that is open. Never raises for any text.

        >>> reader = FactReader(Divisions.load())
        >>> said = reader.read("我工资三千二，一家四口，老家阜阳，在苏州上班", date(2026, 10, 15))
        >>> said.wage, said.household_size, said.dibao_region, said.region
        (320000, 4, '341200', '320500')
        >>> reader.read("没有", date(2026, 10, 15), asked="other_income").other_income
        0
        """
        text = normalise(text)
        answer = read_answer(text, asked)
        corrected = corrects(text)
        replaces = corrected or may_correct(text)
        about = _about(text, asked, replaces)
        money = read_money(text, about, corrects=replaces)
        if not corrected:
            money = _with_answer(money, about, answer)
        people = read_people(text, asked, corrects=replaces)
        regions = read_places(text, self.places, asked, corrects=replaces)
        unsure = money.unsure + regions.unsure
        if people.vague:
            unsure += (Unsure("household_size", "vague_people"),)
        facts = Facts(
            wage=money.wage,
            wage_is_net=money.wage_is_net,
            household_size=people.size,
            other_income=money.other_income,
            other_income_high=money.other_income_high,
            region=regions.region,
            dibao_region=regions.dibao_region,
            same_region=regions.same_region,
            area=regions.area,
            on_book=read_on_book(text, asked, answer),
            dibao=read_dibao(text, asked, answer),
            standard_monthly=money.standard_monthly,
            received_monthly=money.received_monthly,
            amount=money.amount,
            on=read_day(text, today, asked),
            answer=answer,
            choice=read_choice(text, asked),
            is_what_if=supposes(text),
            unsure=unsure,
        )
        return replace(facts, is_correction=corrected or (replaces and _states_something(facts)))


#: The own wage, named while the others' income is asked for.
_OWN_WAGE: Final = re.compile(r"(?:工资|月薪|薪水|wage|salary)")
_SOMEBODY: Final = re.compile(
    r"老婆|媳妇|老公|爱人|爸|妈|爹|娘|儿子|女儿|哥|弟|姐|妹|他|她|别人|wife|husband|son|daughter|mother|father"
)


def _about(text: str, asked: str | None, replaces: bool) -> str | None:
    """What an amount is about: 「工资改成三千六」 corrects the wage, whatever else is asked for."""
    corrects_wage = replaces and _OWN_WAGE.search(text) is not None and _SOMEBODY.search(text) is None
    return "gross_or_net" if asked != "wage" and corrects_wage else asked


def _with_answer(money: Money, asked: str | None, answer: Answer | None) -> Money:
    """没有, said of what the others earn, is an amount."""
    nothing = asked == "other_income" and answer in ("none", "no")
    if nothing and money.other_income is None and not money.unsure:
        return replace(money, other_income=0)
    return money


def _states_something(facts: Facts) -> bool:
    """Whether there is more than a yes or a no."""
    return replace(facts, answer=None, choice=None, is_what_if=False) != Facts()
