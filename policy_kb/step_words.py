"""The trace in words: what each step is called, and how it came out, with its numbers. The calculator and HR read the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, Protocol

from calculator.money import format_percent, format_yuan
from calculator.rules import NO_CEILING
from calculator.trace import Step
from locales import N_, Say
from policy_kb.wording import INSURANCE

#: What each step of the trace is called; {insurance} is filled in.
STEPS: Final[Mapping[str, str]] = {
    "wage": N_("工资（扣之前）"),
    "base_wage": N_("去年的月平均工资"),
    "other_income": N_("别人的收入"),
    "household_size": N_("低保本上的人数"),
    "dibao_line": N_("低保线，每人每月"),
    "dibao_limit": N_("低保线 × 人数"),
    "base_floor": N_("{insurance}：工资再低也按这个数算（下限）"),
    "base_ceiling": N_("{insurance}：工资再高也按这个数算（上限）"),
    "employee_rate": N_("{insurance}：从工资里扣的比例"),
    "employer_rate": N_("{insurance}：单位出的比例"),
    "employee_fixed": N_("{insurance}：每月另扣"),
    "employer_fixed": N_("{insurance}：单位每月另出"),
    "contribution_base": N_("{insurance}：按多少工资算"),
    "employee_share": N_("{insurance}：从工资里扣的"),
    "employer_share": N_("{insurance}：单位另外出的"),
    "employee_total": N_("从工资里扣的那份，合计"),
    "employer_total": N_("单位另外出的那份，合计"),
    "housing_fund_rate": N_("住房公积金：比例"),
    "basic_deduction": N_("个税每月先减"),
    "taxable_income": N_("要交个税的部分"),
    "income_tax": N_("个人所得税"),
    "take_home": N_("到手"),
    "net_income": N_("这份工资算进家庭收入的"),
    "cash_in_lieu": N_("不交社保折的现金"),
    "wage_and_cash": N_("工资加折的现金"),
    "work_cost_limit": N_("出来打工的花销，最多减"),
    "new_job_limit": N_("新就业的收入，最多不算"),
    "disregard": N_("先减掉的一块"),
    "hardship_reduction": N_("重病重残或单亲，先减掉"),
    "support_income": N_("赡养他们的家庭算进来的"),
    "countable_income": N_("民政算的全家收入"),
    "per_capita_income": N_("民政算的每人每月"),
    "benefit": N_("低保补的钱"),
}

#: How a step was worked out.
HOW: Final[Mapping[str, str]] = {
    "given": N_("你填的"),
    "assumed": N_("没有填，先按这个数算"),
    "looked_up": N_("查到的规定"),
    "unknown": N_("资料库里没有"),
    "clamp_low": N_("工资 {basis} 低于下限 {floor}，按下限算"),
    "clamp_high": N_("工资 {basis} 高于上限 {ceiling}，按上限算"),
    "clamp_between": N_("工资 {basis} 在下限 {floor} 和上限 {ceiling} 之间，按工资算"),
    "clamp_open": N_("工资 {basis} 不低于下限 {floor}，没有上限，按工资算"),
    "floor": N_("按下限报的（查到的情况）"),
    "not_below_zero": N_("{sum}，不够减按 0 算"),
    "tax_table": N_("{taxable} × {rate} − {quick}（税率表）"),
    "net_income": N_("工资减社保、减个税；公积金没有减"),
    "per_head": N_("{sum}，分以下舍去"),
    "none_due": N_("这一项这一边不用交"),
    "no_tax": N_("没有要交税的部分"),
    "share_of_line": N_("{line} × {share}，当地的规定"),
    "up_to": N_("最多减 {most}，实际减 {off}"),
    "support_income": N_("按当地的赡养费规定折算"),
    "both_unread": N_("社保、个税都不减，别的照样减"),
    "rounded": N_("{sum}，{rounding}"),
}
ROUNDING: Final[Mapping[tuple[str, int], str]] = {
    ("half_up", 1): N_("四舍五入到分"),
    ("half_up", 10): N_("四舍五入到角"),
    ("half_up", 100): N_("四舍五入到元"),
    ("half_even", 1): N_("四舍六入五成双到分"),
    ("half_even", 10): N_("四舍六入五成双到角"),
    ("half_even", 100): N_("四舍六入五成双到元"),
    ("up", 1): N_("见零头进到分"),
    ("up", 10): N_("见零头进到角"),
    ("up", 100): N_("见零头进到元"),
    ("down", 1): N_("舍到分"),
    ("down", 10): N_("舍到角"),
    ("down", 100): N_("舍到元"),
}


class Trace(Protocol):
    """Steps by key (`calculator.trace.Steps`)."""

    def __getitem__(self, key: str) -> Step:
        """A step."""

    def __contains__(self, key: object) -> bool:
        """Whether there is one of that key."""


class StepWords:
    """Words for the steps of one trace. `tellers` say how a step of each rule came out."""

    tellers: ClassVar[Mapping[str, Callable[..., str]]]

    def __init__(self, steps: Trace, say: Say) -> None:
        self._steps = steps
        self._say = say

    def label(self, key: str) -> str:
        """What a step is called. A key is `name` or `name.insurance` (`pension@320000`)."""
        name, _, detail = key.partition(".")
        text, insurance = self._say(STEPS[name]), detail.partition("@")[0]
        return text.format(insurance=self._say(INSURANCE[insurance])) if insurance in INSURANCE else text

    def figure(self, key: str) -> str:
        """A step's value as it is shown; an unknown one is a dash."""
        return figure(self._steps[key]) if key in self._steps else "—"

    def how(self, key: str) -> str:
        """How a step came out, with its numbers."""
        step = self._steps[key]
        if step.value is None:
            return self._say(HOW["unknown"])
        told = self.tellers.get(step.rule, StepWords._looked_up)(self, step)
        if step.rounding is None or not step.value or step.rule == "tax_table":
            return told
        rounding = self._say(ROUNDING[step.rounding.mode, step.rounding.unit])
        return self._say(HOW["rounded"]).format(sum=told, rounding=rounding)

    def _given(self, step: Step) -> str:
        return self._say(HOW["given" if step.source is None else "looked_up"])

    def _looked_up(self, step: Step) -> str:
        return self._say(HOW["looked_up"])

    def _clamp(self, step: Step) -> str:
        basis, floor, ceiling = (self._steps[key] for key in step.inputs)
        figures = {"basis": figure(basis), "floor": figure(floor), "ceiling": figure(ceiling)}
        if number(basis) < number(floor):
            told = "clamp_low"
        elif ceiling.value == NO_CEILING:
            told = "clamp_open"
        else:
            told = "clamp_high" if number(basis) > number(ceiling) else "clamp_between"
        return self._say(HOW[told]).format(**figures)

    def _share(self, step: Step) -> str:
        base, rate, *fixed = (self._steps[key] for key in step.inputs)
        if not step.value:
            return self._say(HOW["none_due"])
        return " + ".join([f"{figure(base)} × {figure(rate)}", *map(figure, fixed)])

    def _sum(self, step: Step) -> str:
        return " + ".join(figure(each) for each in self._inputs(step))

    def _inputs(self, step: Step) -> list[Step]:
        return [self._steps[key] for key in step.inputs if self._steps[key].value is not None]


StepWords.tellers = {
    "given": StepWords._given,
    "clamp": StepWords._clamp,
    "share": StepWords._share,
    "sum": StepWords._sum,
}


def figure(step: Step) -> str:
    """A step's value as it is shown: yuan, percent, or a count; a dash where there is none."""
    if step.value is None or step.value == NO_CEILING:
        return "—"
    if step.unit == "ppm":
        return format_percent(int(step.value))
    return str(step.value) if step.unit == "count" else format_yuan(int(step.value))


def number(step: Step) -> int:
    """A step's value; 0 where there is none."""
    return 0 if step.value is None else int(step.value)
