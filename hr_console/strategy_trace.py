"""The trace of a strategy in words, in the form in which the calculator's page shows its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from calculator.trace import Step
from locales import N_, Say
from policy_kb.step_words import StepWords, figure

#: What a strategy's own steps are called; all others have the calculator's names.
NAMES: Final[Mapping[str, str]] = {
    "lowest_lawful_base": N_("依法最低能按的基数"),
    "declared_base": N_("现在申报的基数"),
    "late_fee_rate": N_("滞纳金，每天"),
    "arrears": N_("欠缴，两边的"),
    "days_late": N_("欠了多少天"),
    "late_fee": N_("滞纳金"),
    "difference.employee": N_("补差额，从工资里扣的那份"),
    "difference.employer": N_("补差额，单位另外出的那份"),
}
ALL_MONTHS: Final = N_("{name}，各月合计")
#: How its steps came out.
HOWS: Final[Mapping[str, str]] = {
    "given": N_("档案里的数"),
    "days_late": N_("从欠缴那天数到算的那天"),
    "smallest": N_("各险种里最小的一个：{figures}"),
    "arrears": N_("这个月两边该缴、没有缴的"),
    "late_fee": N_("{arrears} × {rate} × {days} 天"),
    "late_fee_of_all": N_("从补差期过后的第二天起，按天加"),
    "difference": N_("按新的上下限该缴的，减去已经缴的"),
}
#: What the calculator reckons along with a base, and no strategy rests on.
_BESIDE: Final = frozenset(("basic_deduction", "taxable_income", "income_tax", "take_home"))
_MONTH: Final = re.compile(r"\d{4}-\d\d")


@dataclass(frozen=True, slots=True)
class Told:
    """A step as a page shows it: its name, its figure, how it came out, and the record that it rests on."""

    label: str
    figure: str = field(repr=False)
    how: str = field(repr=False)
    source: str | None


def told_steps(steps: Iterable[Step], say: Say) -> tuple[Told, ...]:
    """The steps in their order."""
    trace = {each.key: each for each in steps}
    words = _Words(trace, say)
    return tuple(
        Told(words.label(key), words.figure(key), words.how(key), step.source)
        for key, step in trace.items()
        if key.partition(".")[0] not in _BESIDE
    )


class _Words(StepWords):
    """Words for the steps of one strategy."""

    def label(self, key: str) -> str:
        """What a step is called; one of a month begins with it."""
        name = next((each for each in NAMES if key == each or key.startswith(f"{each}.")), None)
        if name is None:
            return super().label(key)
        text, month = self._say(NAMES[name]), _MONTH.search(key)
        if month is not None:
            return f"{month[0]} {text}"
        summed = self._steps[key].rule == "sum"
        return self._say(ALL_MONTHS, name=text) if summed else text

    def _given(self, step: Step) -> str:
        if step.source is not None:
            return super()._given(step)
        return self._say(HOWS["days_late" if step.unit == "count" else "given"])

    def _smallest(self, step: Step) -> str:
        return self._say(HOWS["smallest"], figures="、".join(map(figure, self._inputs(step))))

    def _arrears(self, step: Step) -> str:
        return self._say(HOWS["arrears"])

    def _late_fee(self, step: Step) -> str:
        if not step.inputs:
            return self._say(HOWS["late_fee_of_all"])
        arrears, rate, days = (figure(self._steps[key]) for key in step.inputs)
        return self._say(HOWS["late_fee"], arrears=arrears, rate=rate, days=days)

    def _difference(self, step: Step) -> str:
        return self._say(HOWS["difference"])


_Words.tellers = {
    **StepWords.tellers,
    "given": _Words._given,
    "smallest": _Words._smallest,
    "arrears": _Words._arrears,
    "late_fee": _Words._late_fee,
    "difference": _Words._difference,
}
