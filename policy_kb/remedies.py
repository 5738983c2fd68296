"""What a household over the line can ask about, and what keeps dibao: all of it from the library's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from calculator.assessment import Alone, Assessment, StepDown
from calculator.money import format_percent, format_yuan
from locales import N_, Locale, Say
from policy_kb.answer import source_json
from policy_kb.library import Library
from policy_kb.records import RuleRecord

#: The four taps of the "over" screen, and what stands under them.
TAPS: Final[Mapping[str, str]] = {
    "work_cost": N_("打工的花销能不能先减掉"),
    "transition": N_("能不能再发几个月"),
    "alone": N_("重残重病的能不能单独吃低保"),
    "appeal": N_("不服怎么办"),
}

OVER_BY: Final = N_("现在高出 {more} 元。能减掉的比这个多，就回到线内。")

NO_RULE: Final = N_("资料库里没有查到这条规定，问一下老家乡镇。")

ASK_AMOUNT: Final = N_("减多少由当地定，没有查到。问老家乡镇：能减多少？")

LOCAL_SHARE: Final = N_("当地每个上班的人最多减低保线的 {share}，这里已经减了。")

MONTHS_AT: Final = N_("{months} 个月，按原来低保金的 {share} 发{amount}。")

MONTHS_OPEN: Final = N_("最多 {months} 个月，发多少由当地定。")

MONTHS_UNKNOWN: Final = N_("几个月、发多少由当地定，没有查到。")

AMOUNT_IS: Final = N_("，就是 {amount} 元")

DISCRETIONARY: Final = N_("是“可以给”，不是“一定给”，要问老家民政。")

FORMER_BENEFIT: Final = N_("在“更多家里的情况”里填上原来每月领多少，能算出是多少钱。")

ALONE_FILL_IN: Final = N_("家里有重残或重病的人，在“更多家里的情况”里填上人数，再算一次。")

ALONE_WITHIN: Final = N_("你家收入在 {limit} 元以内，可以去问：重残重病的 {members} 个人能不能单独吃低保。")

ALONE_OVER: Final = N_("这条路看的是全家收入不超过 {limit} 元，现在还高一些。")

ALONE_UNKNOWN: Final = N_("全家收入不超过多少才行，由当地定，没有查到，可以去问。")

APPEAL: Final = ("hearing_before_reduction", "appeal_remedy", "deciding_authority")


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
