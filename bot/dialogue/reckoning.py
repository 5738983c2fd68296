"""The employee's facts reckoned: the calculator under the rules of the day, and what a reply may quote of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from bot.dialogue.known import Known
from bot.dialogue.naming import read_back
from bot.dialogue.steps import Part, Quoted
from bot.dialogue.talk import Talk
from bot.guard import Evidence
from calculator.case import read_case
from calculator.contributions import Line
from calculator.money import format_yuan
from locales import Say
from policy_kb.company import Assessed, answer_with, assess_with
from policy_kb.wording import INSURANCE

#: Warnings that must stand beside a result; the others are in the report.
TOLD_WARNINGS: Final = frozenset(
    (
        "company_rule",
        "contributions_exceed_wage",
        "figure_may_be_outdated",
        "figure_not_recorded",
        "gross_from_net",
        "incomplete",
        "insurance_not_recorded",
        "line_differs",
        "line_period_assumed",
        "line_single_source",
    )
)


def assess(talk: Talk, known: Known) -> Assessed:
    """These facts assessed by the rules of the day, the company's own among them."""
    house = talk.house
    case = read_case(known.case(talk.on), house.library.divisions.find, talk.on)
    return assess_with(house.library, case, house.company, talk.say)


def answer(talk: Talk, assessed: Assessed) -> dict[str, Any]:
    """The answer as plain data, as the API gives it."""
    return answer_with(assessed, talk.house.library, talk.house.company, talk.say)


def warnings_told(data: dict[str, Any]) -> Iterator[Quoted]:
    """Of an answer's warnings, those that a reply must not leave to the report."""
    return (Quoted(each["text"]) for each in data["warnings"] if each["code"] in TOLD_WARNINGS)


def line_told(line: Line, say: Say) -> Part:
    """Both sides' shares of one insurance, or that nobody knows them."""
    insurance = say(INSURANCE[line.terms.insurance])
    if line.employee is None or line.employer is None:
        return Part("money.line_unknown", {"insurance": insurance})
    figures = {"employee": format_yuan(int(line.employee)), "employer": format_yuan(int(line.employer))}
    return Part("money.line", {"insurance": insurance} | figures)


def facts_told(talk: Talk, known: Known) -> str:
    """The facts in one line, as they are read back."""
    told = read_back(known, talk.house.library.divisions, talk.say)
    return ("; " if talk.locale == "en" else "；").join(f"{what} {value}" for what, value in told)


def known_evidence(talk: Talk, known: Known) -> Evidence:
    """The employee's own facts as they are read back."""
    return Evidence.of(*(value for _, value in read_back(known, talk.house.library.divisions, talk.say)))
