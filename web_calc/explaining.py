"""Each step of a calculation in words: what it is called, and how it came out, with its numbers."""

from __future__ import annotations

from typing import Final

from calculator.assessment import Assessment
from calculator.money import MILLION, Ppm, format_percent, format_yuan
from calculator.trace import Step
from locales import Say
from policy_kb.step_words import HOW, STEPS, StepWords, figure, number
from policy_kb.wording import INSURANCE
from web_calc.sentences import SCENARIOS, WHO

_MINUS: Final = " − "


class Explainer(StepWords):
    """Words for the steps of one assessment."""

    def __init__(self, assessment: Assessment, say: Say) -> None:
        super().__init__(assessment.steps, say)
        self._assessment = assessment

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

    def _given(self, step: Step) -> str:
        if step.source is None and step.key in self._assessment.case.assumed:
            return self._say(HOW["assumed"])
        return super()._given(step)

    def _found_at_floor(self, step: Step) -> str:
        return self._say(HOW["floor"])

    def _share(self, step: Step) -> str:
        if len(step.inputs) == 1:
            return self._share_of_line(step)
        return super()._share(step)

    def _share_of_line(self, step: Step) -> str:
        line = self._steps["dibao_line"]
        share = number(step) * MILLION // max(number(line), 1)
        text = self._say(HOW["share_of_line"])
        return text.format(line=figure(line), share=format_percent(_near(share)))

    def _less(self, step: Step) -> str:
        return _MINUS.join(figure(each) for each in self._inputs(step))

    def _less_not_below_zero(self, step: Step) -> str:
        return self._not_below_zero(step, self._less(step))

    def _tax_table(self, step: Step) -> str:
        table = self._assessment.rules.jobs[0].tax
        taxable = number(self._steps[step.inputs[0]])
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
            told += (sign if told else "") + figure(each)
        return self._not_below_zero(step, told)

    def _per_head(self, step: Step) -> str:
        income, size = (self._steps[key] for key in step.inputs)
        return self._say(HOW["per_head"]).format(sum=f"{figure(income)} ÷ {figure(size)}")

    def _line_times_size(self, step: Step) -> str:
        return " × ".join(figure(each) for each in self._inputs(step))

    def _disregard(self, step: Step) -> str:
        most = " + ".join(figure(each) for each in self._inputs(step)[1:])
        return self._say(HOW["up_to"]).format(most=most, off=figure(step))

    def _support(self, step: Step) -> str:
        return self._say(HOW["support_income"])

    def _not_below_zero(self, step: Step, told: str) -> str:
        return (
            told if number(step) or _MINUS not in told else self._say(HOW["not_below_zero"]).format(sum=told)
        )


Explainer.tellers = {
    **StepWords.tellers,
    "given": Explainer._given,
    "floor": Explainer._found_at_floor,
    "share": Explainer._share,
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


def _near(share: Ppm) -> Ppm:
    """The share that a figure rounded to the fen came from: whole hundredths of a percent are what rules say."""
    return (share + 50) // 100 * 100
