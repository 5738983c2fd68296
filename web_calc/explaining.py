"""Each step of a calculation in words: what it is called, and how it came out, with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from calculator.assessment import Assessment
from calculator.money import MILLION, Ppm, format_percent, format_yuan
from calculator.rules import NO_CEILING
from calculator.trace import Step
from locales import Say
from policy_kb.wording import INSURANCE
from web_calc.sentences import HOW, ROUNDING, SCENARIOS, STEPS, WHO

_MINUS: Final = " − "


class Explainer:
    """Words for the steps of one assessment."""

    def __init__(self, assessment: Assessment, say: Say) -> None:
        self._assessment = assessment
        self._steps = assessment.steps
        self._say = say

    def label(self, key: str) -> str:
        """What a step is called.

        A key is `name`, `name.detail` or `earner2.name.detail`; the detail is an insurance (`pension@320000`) or a
        scenario.
        """
        who, rest = _split_who(key)
        name, _, detail = rest.partition(".")
        insurance = detail.partition("@")[0]
        text = self._say(STEPS[name])
        if insurance in INSURANCE:
            text = text.format(insurance=self._say(INSURANCE[insurance]))
        elif detail in SCENARIOS:
            text = f"{text}（{self._say(SCENARIOS[detail])}）"
        return self._say(WHO).format(number=who, step=text) if who else text

    def figure(self, key: str) -> str:
        """A step's value as it is shown; an unknown one is a dash."""
        return _figure(self._steps[key]) if key in self._steps else "—"

    def how(self, key: str) -> str:
        """How a step came out, with its numbers."""
        step = self._steps[key]
        if step.value is None:
            return self._say(HOW["unknown"])
        told = _TELLERS.get(step.rule, Explainer._looked_up)(self, step)
        if step.rounding is None or not step.value or step.rule == "tax_table":
            return told
        rounding = self._say(ROUNDING[step.rounding.mode, step.rounding.unit])
        return self._say(HOW["rounded"]).format(sum=told, rounding=rounding)

    def _given(self, step: Step) -> str:
        if step.source is not None:
            return self._say(HOW["looked_up"])
        assumed = step.key in self._assessment.case.assumed
        return self._say(HOW["assumed" if assumed else "given"])

    def _looked_up(self, step: Step) -> str:
        return self._say(HOW["looked_up"])

    def _clamp(self, step: Step) -> str:
        basis, floor, ceiling = (self._steps[key] for key in step.inputs)
        figures = {"basis": _figure(basis), "floor": _figure(floor), "ceiling": _figure(ceiling)}
        if _number(basis) < _number(floor):
            told = "clamp_low"
        elif ceiling.value == NO_CEILING:
            told = "clamp_open"
        else:
            told = "clamp_high" if _number(basis) > _number(ceiling) else "clamp_between"
        return self._say(HOW[told]).format(**figures)

    def _found_at_floor(self, step: Step) -> str:
        return self._say(HOW["floor"])

    def _share(self, step: Step) -> str:
        if len(step.inputs) == 1:
            return self._share_of_line(step)
        base, rate, *fixed = (self._steps[key] for key in step.inputs)
        if not step.value:
            return self._say(HOW["none_due"])
        return " + ".join([f"{_figure(base)} × {_figure(rate)}", *map(_figure, fixed)])

    def _share_of_line(self, step: Step) -> str:
        line = self._steps["dibao_line"]
        share = _number(step) * MILLION // max(_number(line), 1)
        text = self._say(HOW["share_of_line"])
        return text.format(line=_figure(line), share=format_percent(_near(share)))

    def _sum(self, step: Step) -> str:
        return " + ".join(_figure(each) for each in self._inputs(step))

    def _less(self, step: Step) -> str:
        return _MINUS.join(_figure(each) for each in self._inputs(step))

    def _less_not_below_zero(self, step: Step) -> str:
        return self._not_below_zero(step, self._less(step))

    def _tax_table(self, step: Step) -> str:
        table = self._assessment.rules.jobs[0].tax
        taxable = _number(self._steps[step.inputs[0]])
        if table is None or not taxable:
            return self._say(HOW["no_tax"])
        bracket = max(table.brackets, key=lambda each: taxable * each.rate - each.quick_deduction * MILLION)
        return self._say(HOW["tax_table"]).format(
            taxable=format_yuan(taxable),
            rate=format_percent(bracket.rate),
            quick=format_yuan(bracket.quick_deduction),
        )

    def _net_income(self, step: Step) -> str:
        return self._say(HOW["net_income"])

    def _countable(self, step: Step) -> str:
        """Incomes are added, what is disregarded comes off."""
        told = ""
        for each in self._inputs(step):
            name = _split_who(each.key)[1].partition(".")[0]
            sign = _MINUS if name in ("disregard", "hardship_reduction") else " + "
            told += (sign if told else "") + _figure(each)
        return self._not_below_zero(step, told)

    def _per_head(self, step: Step) -> str:
        income, size = (self._steps[key] for key in step.inputs)
        return self._say(HOW["per_head"]).format(sum=f"{_figure(income)} ÷ {_figure(size)}")

    def _line_times_size(self, step: Step) -> str:
        return " × ".join(_figure(each) for each in self._inputs(step))

    def _disregard(self, step: Step) -> str:
        most = " + ".join(_figure(each) for each in self._inputs(step)[1:])
        return self._say(HOW["up_to"]).format(most=most, off=_figure(step))

    def _support(self, step: Step) -> str:
        return self._say(HOW["support_income"])

    def _not_below_zero(self, step: Step, told: str) -> str:
        return (
            told if _number(step) or _MINUS not in told else self._say(HOW["not_below_zero"]).format(sum=told)
        )

    def _inputs(self, step: Step) -> list[Step]:
        return [self._steps[key] for key in step.inputs if self._steps[key].value is not None]


_TELLERS: Final[dict[str, Callable[[Explainer, Step], str]]] = {
    "given": Explainer._given,
    "clamp": Explainer._clamp,
    "floor": Explainer._found_at_floor,
    "share": Explainer._share,
    "sum": Explainer._sum,
    "less": Explainer._less,
    "less_not_below_zero": Explainer._less_not_below_zero,
    "tax_table": Explainer._tax_table,
    "net_income": Explainer._net_income,
    "countable_income": Explainer._countable,
    "per_head": Explainer._per_head,
    "line_times_size": Explainer._line_times_size,
    "disregard": Explainer._disregard,
    "support_income": Explainer._support,
}


def _split_who(key: str) -> tuple[str, str]:
    """`earner2.take_home.insured` → ("2", "take_home.insured"); the asker's own steps have no number."""
    if not key.startswith("earner"):
        return "", key
    who, _, rest = key.partition(".")
    return who.removeprefix("earner"), rest


def _figure(step: Step) -> str:
    if step.value is None or step.value == NO_CEILING:
        return "—"
    if step.unit == "ppm":
        return format_percent(int(step.value))
    return str(step.value) if step.unit == "count" else format_yuan(int(step.value))


def _number(step: Step) -> int:
    return 0 if step.value is None else int(step.value)


def _near(share: Ppm) -> Ppm:
    """The share that a figure rounded to the fen came from: whole hundredths of a percent are what rules say."""
    return (share + 50) // 100 * 100
