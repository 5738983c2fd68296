"""每月扣多少: what is paid on this wage at this place, both sides, to the fen."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.dialogue.known import Known
from bot.dialogue.reckoning import answer, assess, known_evidence, line_told, warnings_told
from bot.dialogue.steps import Part, Question, Quoted, Step, Tap, Tell
from bot.dialogue.talk import Talk
from bot.dialogue.topics import pay
from bot.dialogue.topics.asking import ask, missing
from bot.guard import Evidence
from calculator.assessment import Assessment
from calculator.money import Amount, format_yuan

NAME: Final = "contributions"
INTENTS: Final = ("ask_contribution_amount",)
EXPIRES: Final = timedelta(days=7)
#: Steps of the trace that an amount on the pay slip rests on.
_OF_THE_WAGE: Final = (
    "base_",
    "employee_",
    "employer_",
    "contribution_",
    "housing_fund_",
    "basic_",
    "income_tax",
)


def step(talk: Talk) -> Step:
    """The next question, or both sides' amounts; of whoever has bound and told nothing, those of their own record."""
    told_nothing = talk.known.wage is None and talk.known.region is None and "begun" not in talk.frame.data
    if told_nothing and (own := pay.this_month(talk)) is not None:
        return own
    kind: tuple[Question, ...] = () if talk.known.wage is None else ("gross_or_net",)
    question = missing(talk, "region", "wage", *kind)
    if question is not None:
        before = () if "begun" in talk.frame.data else (Part("money.begin"),)
        return ask(talk, question, *before)
    if talk.known.wage is None or talk.known.region is None:
        return Tell("contributions:needs", (Part("dibao.needs"),), (Tap(Part("talk.hr"), "topic=hr"),))
    return amounts(talk, talk.known)


def amounts(talk: Talk, known: Known, *lead: Part | Quoted) -> Tell:
    """What is deducted, what the employer adds, and what is left."""
    assessed = assess(talk, known)
    it, data = assessed.assessment, answer(talk, assessed)
    figures = {
        "region": talk.house.library.divisions.full_name(it.case.region),
        "wage": format_yuan(it.case.household.earners[0].wage),
    }
    cited = {step.source for step in it.steps if step.key.startswith(_OF_THE_WAGE)}
    return Tell(
        name=f"contributions:{data['id']}",
        parts=(
            *lead,
            Part("money.title", figures),
            *(line_told(line, talk.say) for line in it.insured_month.lines),
            *_totals(it),
            *warnings_told(data),
            Part("money.outside"),
        ),
        taps=(Tap(Part("talk.calculate"), "topic=dibao_impact"),),
        sources=tuple(source for source in data["sources"] if source["id"] in cited),
        evidence=Evidence.of_data(data) | known_evidence(talk, known),
    )


def _totals(it: Assessment) -> tuple[Part, ...]:
    month = it.insured_month
    own = format_yuan(int(month.own_insurance + month.own_fund))
    if not month.employee_complete:
        return (Part("money.total_least", {"employee": own}),)
    paid = Part("money.total_employee", {"employee": own})
    if month.employer_complete:
        paid = Part("money.total", {"employee": own, "employer": _yuan(month.employer_total)})
    left = Part("money.take_home", {"tax": _yuan(month.tax), "take_home": _yuan(month.take_home)})
    return (paid, left) if month.tax_known else (paid,)


def _yuan(amount: Amount) -> str:
    return format_yuan(int(amount))
