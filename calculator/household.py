"""A household's countable income 可计入收入 and the dibao test, by the region where it is registered.

The figures follow 最低生活保障审核确认办法 (民发〔2021〕57号) 第十三条; a region's own rules change what comes off.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple

from calculator.case import NOT_AT_WORK, Case, Earner
from calculator.contributions import Earned
from calculator.money import TO_THE_FEN, Amount, Fen, at_least, at_most, clamp, share
from calculator.rules import DibaoRules, WorkCost
from calculator.trace import Steps

Verdict = Literal["within", "over", "depends", "unknown"]

#: Where a work-cost deduction exists and its amount is not on record, `over` must also hold with this share of the
#: line off for each working member: the largest deduction on record (Beijing, 京民社救发〔2018〕445号 十（三）).
OPEN_WORK_COST_SHARE = 800_000


class Counted(NamedTuple):
    """Countable income of a household in one scenario, fen a month, by both readings.

    `national`: own contributions and income tax are deducted; `other`: neither is. `reserve` is what further
    disregards, known to exist but not how large, could still take off.
    """

    national: Amount
    other: Amount
    reserve: Amount


def count_income(
    case: Case,
    rules: DibaoRules,
    line: Fen | None,
    earned: tuple[Earned, ...],
    trace: Steps | None,
    scenario: str = "",
) -> Counted:
    """Wages and other income, less contributions, tax and disregards, not below zero.

    `earned` are the earners' months in order; a column in the first makes every result a column.
    """
    household = case.household
    national: Amount = household.other_income
    other: Amount = household.other_income
    reserve: Amount = 0
    inputs = ["other_income"]
    for index, (earner, month) in enumerate(zip(household.earners, earned, strict=True)):
        if index == 0 and household.employee_on_book is False:
            continue
        off = _disregards(case, earner, month, rules, line)
        national = national + month.net - off.certain
        other = other + month.wage - off.certain
        reserve = reserve + off.possible + month.own_fund
        if trace is not None:
            who = f"earner{index + 1}." if index else ""
            inputs += _trace_member(trace, who, month, off, rules.deduction_source)
    support = _support(case, rules, line, trace)
    reduction = _hardship(case, rules, line, trace)
    national = at_least(national + support - reduction, 0)
    other = at_least(other + support - reduction, 0)
    if rules.local_deduction is not None:  # the region's own rule is on record: it alone counts
        national = other = national if rules.local_deduction else other
    if trace is not None:
        inputs += ["support_income"] * bool(support) + ["hardship_reduction"] * bool(reduction)
        key = f"countable_income.{scenario}"
        trace.note(key, national, tuple(inputs), "countable_income", rules.deduction_source)
    return Counted(national, other, reserve)


class _Disregard(NamedTuple):
    """What comes off one member's counted wage for certain, and what might besides."""

    certain: Amount = 0
    possible: Amount = 0
    #: The limits that were applied: key, amount, source.
    limits: tuple[tuple[str, Amount, str], ...] = ()


def _disregards(case: Case, earner: Earner, month: Earned, rules: DibaoRules, line: Fen | None) -> _Disregard:
    if line is None or earner.employment in NOT_AT_WORK:
        return _Disregard()
    net = at_least(month.net, 0)
    cost = _work_costs(earner, month.wage, net, rules.work_cost, line)
    if rules.new_job is None or earner.new_job_since is None or case.household.dibao != "receiving":
        return cost
    cap = share(line, rules.new_job.cap_multiple)
    months = months_between(earner.new_job_since, case.on)
    left = at_most(net - cost.certain, cap)
    if months < rules.new_job.months_certain:
        limits = (*cost.limits, ("new_job_limit", cap, rules.new_job.source))
        return _Disregard(cost.certain + left, cost.possible, limits)
    if months < rules.new_job.months_possible:
        return cost._replace(possible=cost.possible + left)
    return cost


def _work_costs(earner: Earner, pay: Amount, net: Amount, rule: WorkCost | None, line: Fen) -> _Disregard:
    if rule is None or (isinstance(pay, int) and pay == 0):
        return _Disregard()
    if rule.share is None:
        return _Disregard(possible=share(line, OPEN_WORK_COST_SHARE))
    most = share(line, rule.share)
    limits = (("work_cost_limit", most, rule.source),)
    if earner.employment != "flexible":
        return _Disregard(work_cost(net, most), 0, limits)
    if not rule.flexible:
        return _Disregard()
    # Their income counts as one line up to 1.8 lines and loses 0.8 of a line above that: the same deduction, taken
    # only from what is above one line.
    return _Disregard(work_cost(net - line, most), 0, limits)


def _trace_member(
    trace: Steps, who: str, month: Earned, off: _Disregard, deduction_source: str | None
) -> list[str]:
    """Notes what of one member counts; the keys that go into the household's sum."""
    net = f"{who}net_income.{month.scenario}"
    trace.note(net, month.net, (f"{who}take_home.{month.scenario}",), "net_income", deduction_source)
    if not off.limits:
        return [net]
    for key, amount, source in off.limits:
        trace.note(key, amount, ("dibao_line",), "share", source, TO_THE_FEN)
    key = f"{who}disregard.{month.scenario}"
    trace.note(key, off.certain, (net, *[limit[0] for limit in off.limits]), "disregard", off.limits[0][2])
    return [net, key]


def work_cost(net: Amount, most: Amount) -> Amount:
    """就业成本扣减: `most` off what a person earns after own contributions and tax, never more than that."""
    return clamp(net, 0, most)


def _hardship(case: Case, rules: DibaoRules, line: Fen | None, trace: Steps | None) -> Fen:
    """收入核减 once a household: the higher of illness and single parenthood (京民社救发〔2018〕445号 十（一）)."""
    if line is None or rules.hardship is None:
        return 0
    shares = [0]
    if case.household.severely_ill or case.household.severely_disabled:
        shares.append(rules.hardship.illness_share or 0)
    if case.household.single_parent:
        shares.append(rules.hardship.single_parent_share or 0)
    reduction = int(share(line, max(shares)))
    if reduction and trace is not None:
        source = rules.hardship.source
        trace.note("hardship_reduction", reduction, ("dibao_line",), "share", source, TO_THE_FEN)
    return reduction


def _support(case: Case, rules: DibaoRules, line: Fen | None, trace: Steps | None) -> Fen:
    """赡养费推算 from each household that owes support (京民社救发〔2018〕445号 十二（一）), not below zero."""
    if line is None or rules.support is None:
        return 0
    total = 0
    for supporter in case.household.supporters:
        kept = int(share(line * supporter.size, rules.support.line_multiple))
        total += int(share(max(supporter.income - kept, 0), rules.support.share))
    if case.household.supporters and trace is not None:
        source = rules.support.source
        trace.note("support_income", total, ("dibao_line",), "support_income", source, TO_THE_FEN)
    return total


def open_questions(case: Case, rules: DibaoRules) -> tuple[str, ...]:
    """Rules that exist for this household and whose amount is not on record: each could still lower what is counted."""
    found = []
    if (
        rules.work_cost is not None
        and rules.work_cost.share is None
        and any(e.works for e in case.household.earners)
    ):
        found.append("work_cost_deduction")
    ill = case.household.severely_ill + case.household.severely_disabled
    if ill and rules.hardship is not None and rules.hardship.illness_share is None:
        found.append("hardship_deduction")
    if case.household.dibao == "receiving" and rules.new_job is not None:
        for earner in case.household.earners:
            if earner.new_job_since is None:
                continue
            months = months_between(earner.new_job_since, case.on)
            if rules.new_job.months_certain <= months < rules.new_job.months_possible:
                found.append("new_job_disregard")
    return tuple(dict.fromkeys(found))


def within(countable: Amount, line: Fen, size: int) -> bool:
    """Strictly below the line, total against total: a rounded per-head figure never decides (社会救助暂行办法 第九条)."""
    return bool(countable < line * size)


def months_between(start: date, on: date) -> int:
    """Calendar months from the month of `start` to the month of `on`; 0 in the same month.

    >>> months_between(date(2026, 5, 20), date(2026, 10, 15))
    5
    """
    return (on.year - start.year) * 12 + on.month - start.month


def benefit(countable: Amount, line: Fen, size: int) -> Amount:
    """低保金 by the gap 差额: line × size − countable income, not below zero (民发〔2021〕57号 第二十三条)."""
    return at_least(line * size - countable, 0)


def per_capita(countable: Fen, size: int) -> Fen:
    """家庭人均收入 for display, rounded down to the fen."""
    return countable // size
