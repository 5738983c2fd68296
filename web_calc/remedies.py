"""What a household over the line can ask about, and what keeps dibao: all of it from the library's own rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from calculator.assessment import Alone, Assessment, StepDown
from calculator.money import format_yuan
from documents.fonts import Locale
from documents.report import format_percent
from locales import Say
from policy_kb.answer import source_json
from policy_kb.library import Library
from policy_kb.records import RuleRecord
from web_calc.sentences import (
    ALONE_FILL_IN,
    ALONE_OVER,
    ALONE_UNKNOWN,
    ALONE_WITHIN,
    AMOUNT_IS,
    APPEAL,
    ASK_AMOUNT,
    DISCRETIONARY,
    FORMER_BENEFIT,
    LOCAL_SHARE,
    MONTHS_AT,
    MONTHS_OPEN,
    MONTHS_UNKNOWN,
    NO_RULE,
    OVER_BY,
    TAPS,
)


@dataclass(frozen=True)
class Told:
    """A statement and the records that it rests on."""

    text: str
    sources: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Tap:
    """A question and what opens under it."""

    key: str
    title: str
    told: tuple[Told, ...]


class Law:
    """The rules in force at the household's home on a day, in the reader's language."""

    def __init__(self, library: Library, region: str, on: date, locale: Locale, say: Say) -> None:
        self._library = library
        self._region = region
        self._on = on
        self._locale = locale
        self.say = say

    def told(self, topic: str) -> Told | None:
        """The rule on a topic in plain words."""
        rule = self.rule(topic)
        if rule is None:
            return None
        english = rule.text_en if self._locale == "en" else ""
        return Told(english or self.say(rule.text), (source_json(self._library, rule.key),))

    def sources(self, *topics: str) -> tuple[dict[str, Any], ...]:
        """The records on several topics."""
        rules = filter(None, map(self.rule, topics))
        return tuple(source_json(self._library, rule.key) for rule in rules)

    def rule(self, topic: str) -> RuleRecord | None:
        """The nearest rule on a topic."""
        return self._library.rule(self._region, topic, self._on)


def taps(assessment: Assessment, law: Law) -> tuple[Tap, ...]:
    """The four ways to look into when the income is over the line."""
    say = law.say
    found = {
        "work_cost": _work_cost(assessment, law),
        "transition": _transition(assessment.transitions, law),
        "alone": _alone(assessment.alone, law),
        "appeal": tuple(filter(None, map(law.told, APPEAL))),
    }
    return tuple(Tap(key, say(TAPS[key]), told or (Told(say(NO_RULE)),)) for key, told in found.items())


def _work_cost(assessment: Assessment, law: Law) -> tuple[Told, ...]:
    rule, say = assessment.rules.dibao.work_cost, law.say
    told = law.told("work_cost_deduction")
    if rule is None or told is None:
        return ()
    amount = say(ASK_AMOUNT)
    if rule.share is not None:
        amount = say(LOCAL_SHARE).format(share=format_percent(rule.share))
    above = _over_by(assessment, say) if rule.share is None else None
    return tuple(filter(None, (told, above, Told(amount))))


def _over_by(assessment: Assessment, say: Say) -> Told | None:
    """By how much the income is above the line: what comes off must be more than that."""
    if assessment.line is None:
        return None
    more = assessment.insured.countable - assessment.line * assessment.case.household.size
    return Told(say(OVER_BY).format(more=format_yuan(more))) if more > 0 else None


def _transition(steps_down: tuple[StepDown, ...], law: Law) -> tuple[Told, ...]:
    told, say = law.told("gradual_exit_months"), law.say
    if told is None:
        return ()
    found = [told, *(Told(_months(step, say)) for step in steps_down)]
    if any(step.rule.discretionary for step in steps_down):
        found.append(Told(say(DISCRETIONARY)))
    if any(step.rule.share is not None and step.amount is None for step in steps_down):
        found.append(Told(say(FORMER_BENEFIT)))
    return tuple(found)


def _months(step: StepDown, say: Say) -> str:
    months = step.rule.months
    if months is None:
        return say(MONTHS_UNKNOWN)
    if step.rule.share is None:
        return say(MONTHS_OPEN).format(months=months)
    amount = "" if step.amount is None else say(AMOUNT_IS).format(amount=format_yuan(step.amount))
    return say(MONTHS_AT).format(months=months, share=format_percent(step.rule.share), amount=amount)


def _alone(alone: Alone | None, law: Law) -> tuple[Told, ...]:
    told, say = law.told("single_person_dibao"), law.say
    if told is None:
        return ()
    if alone is None:
        return told, Told(say(ALONE_FILL_IN))
    limit = "" if alone.margin_limit is None else format_yuan(alone.margin_limit)
    text = say(_ALONE[alone.verdict]).format(limit=limit, members=alone.members)
    return told, Told(text, law.sources("low_income_margin_line_multiple"))


_ALONE: Final = {"within": ALONE_WITHIN, "over": ALONE_OVER, "unknown": ALONE_UNKNOWN}
