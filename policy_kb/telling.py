"""What an answer says in plain words: which screen it is, why, and what insurance costs the household."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from calculator.assessment import Assessment
from calculator.money import format_yuan
from locales import N_, Say

#: What came out, in one word: which screen is shown.
Finding = Literal[
    "within",
    "within_only_insured",
    "over",
    "depends_on_reading",
    "depends_on_income",
    "ask_on_book",
    "not_on_book",
    "ask_line",
    "open_deduction",
    "open_figures",
]

Tone = Literal["good", "open", "over"]

TONES: Final[Mapping[Finding, Tone]] = {
    "within": "good",
    "within_only_insured": "good",
    "over": "over",
    "depends_on_reading": "open",
    "depends_on_income": "open",
    "ask_on_book": "open",
    "not_on_book": "open",
    "ask_line": "open",
    "open_deduction": "open",
    "open_figures": "open",
}

#: The first sentence: it answers the fear.
HEADLINES: Final[Mapping[Finding, str]] = {
    "within": N_("交社保本身不会让你家丢低保：按这些数算，交了社保，收入还在低保线内。"),
    "within_only_insured": N_("交社保本身不会让你家丢低保：按这些数算，交了在线内，不交反而超线。"),
    "over": N_("不是社保的事，是工资的事：交不交，按现在算法都超线。先别慌，也别停社保。"),
    "depends_on_reading": N_("交社保本身不会让你家丢低保。在不在线内，要看老家算收入时减不减社保。"),
    "depends_on_income": N_("交社保本身不会让你家丢低保。在不在线内，要看家里别人挣多少。"),
    "ask_on_book": N_("交社保本身不会让你家丢低保。先看一眼：低保本上有没有你的名字？"),
    "not_on_book": N_("交社保本身不会让你家丢低保。低保本上没有你，你的工资怎么算，要问老家乡镇。"),
    "ask_line": N_("交社保本身不会让你家丢低保。先要知道你家的低保线，才能往下算。"),
    "open_deduction": N_(
        "不是社保的事：光看工资是超了线，可有些花销老家还能先减掉，减了可能就在线内。先别慌，也别停社保。"
    ),
    "open_figures": N_("交社保本身不会让你家丢低保。有几项数资料库里还没有，先不下结论。"),
}

#: Why, with the household's own figures.
DETAILS: Final[Mapping[Finding, str]] = {
    "within": N_("民政算的全家收入 {insured} 元，低于 {limit} 元（低保线 {line} 元 × {size} 人）。"),
    "within_only_insured": N_(
        "交社保：民政算的全家收入 {insured} 元，低于 {limit} 元（低保线 {line} 元 × {size} 人）。不交：{uninsured} 元，超线。"
    ),
    "over": N_(
        "民政算的全家收入：交社保 {insured} 元，不交 {uninsured} 元，都不低于 {limit} 元（低保线 {line} 元 × {size} 人）。"
    ),
    "depends_on_reading": N_(
        "减：{insured} 元，低于 {limit} 元（低保线 {line} 元 × {size} 人），在线内。不减：{other} 元，超线。"
    ),
    "depends_on_income": N_(
        "按国家的算法（减社保、减个税）：别人挣得少时，民政算的全家收入 {insured} 元；挣得多时 {high} 元。"
        "线是 {limit} 元（低保线 {line} 元 × {size} 人）。"
    ),
    "open_deduction": N_(
        "民政算的全家收入：交社保 {insured} 元，不交 {uninsured} 元；线是 {limit} 元（低保线 {line} 元 × {size} 人）。"
    ),
}

UNINSURED_TOO: Final = N_("不交社保：{uninsured} 元，也超线。")

NOT_DEDUCTED_TOO: Final = N_("老家要是不减，别人挣得少时也有 {other} 元，超线。")

OWN_SHARE: Final = N_("交社保，从你工资里扣 {own} 元，到手 {take_home} 元。")

OWN_SHARE_AT_LEAST: Final = N_("交社保，从你工资里至少扣 {own} 元（有的险种没有记录，还没算）。")

COST_AT_LEAST: Final = N_("交社保，全家每月至少少 {low} 元（有的险种没有记录，还没算）。")

COST_ONE: Final = N_("交社保，全家每月实际少 {low} 元。")

COST_RANGE: Final = N_("交社保，全家每月实际少 {low} 到 {high} 元。")

COST_BACK: Final = N_("从工资里扣 {own} 元；按国家的算法，低保会补回一部分，老家不减社保就补不回。")

RECEIVED: Final = N_(
    "卡上 {received} 元，按差额算是 {benefit} 元，不一样。有的地方分档发，有的地方先减打工的花销，也可能哪一笔还没有算进去。"
    "哪种情况，老家乡镇一问就知道。"
)


#: Topic of the library's record on each status.
STATUS_NOTES: Final[Mapping[str, str]] = {
    "suspended": N_("低保暂停，不能缓缴社保：该交的照样交。"),
    "ended": N_("低保没有了，社保照样交；该按多少工资算还按多少算。"),
}

#: Questions whose answer could bring an income over the line back under it.
_DEDUCTIONS: Final = ("work_cost_deduction", "hardship_deduction", "new_job_disregard")


def find_out(assessment: Assessment) -> Finding:
    """Which of the screens an answer is."""
    verdict = assessment.insured.verdict
    if verdict == "depends":
        return "depends_on_income" if assessment.income_range_matters else "depends_on_reading"
    if verdict == "within":
        return "within_only_insured" if assessment.uninsured.verdict == "over" else "within"
    if verdict == "over":
        return "over"
    household = assessment.case.household
    if household.employee_on_book is None:
        return "ask_on_book"
    if household.employee_on_book is False and any(
        field == "household.supporters" for field, _ in assessment.missing
    ):
        return "not_on_book"
    if assessment.line is None:
        return "ask_line"
    open_fields = {field for field, _ in assessment.missing}
    return "open_deduction" if open_fields.intersection(_DEDUCTIONS) else "open_figures"


def off_the_book(assessment: Assessment) -> bool:
    """Whether the book is somebody else's and no rule says how this wage enters it."""
    return assessment.case.household.employee_on_book is False and assessment.rules.dibao.support is None


class Telling:
    """One answer in the reader's language; every figure in it is the assessment's."""

    def __init__(self, assessment: Assessment, say: Say) -> None:
        self._it = assessment
        self._say = say
        self.finding = find_out(assessment)
        self._limit = None if assessment.line is None else assessment.line * assessment.case.household.size

    @property
    def headline(self) -> str:
        """The first sentence."""
        return self._say(HEADLINES[self.finding])

    def detail(self) -> str:
        """Why, with the household's own figures."""
        it, finding = self._it, self.finding
        if finding not in DETAILS or it.line is None or self._limit is None:
            return ""
        figures = {
            "insured": format_yuan(it.insured.countable),
            "uninsured": format_yuan(it.uninsured.countable),
            "other": "" if it.other_reading is None else format_yuan(it.other_reading.countable),
            "high": "" if it.high is None else format_yuan(it.high.countable),
            "limit": format_yuan(self._limit),
            "line": format_yuan(it.line),
            "size": str(it.case.household.size),
        }
        told = self._say(DETAILS[finding]).format(**figures)
        if finding == "depends_on_income" and it.other_reading and it.other_reading.verdict == "over":
            told = f"{told} {self._say(NOT_DEDUCTED_TOO).format(**figures)}"
        if finding == "depends_on_reading" and it.uninsured.verdict == "over":
            told = f"{told} {self._say(UNINSURED_TOO).format(**figures)}"
        return told

    def cost(self) -> str:
        """What insurance costs the household; only the own share where dibao is not to be reckoned with yet."""
        cost, month = self._it.net_cost, self._it.insured_month
        if cost is None or self.finding in ("not_on_book", "ask_on_book"):
            return self.own_share()
        if not month.employee_complete:
            return self._say(COST_AT_LEAST).format(low=format_yuan(cost.low))
        text = self._say(COST_ONE if cost.low == cost.high else COST_RANGE)
        return text.format(low=format_yuan(cost.low), high=format_yuan(cost.high))

    def own_share(self) -> str:
        """What is taken off the wage, and what is left of it."""
        month = self._it.insured_month
        own = format_yuan(int(month.own_insurance + month.own_fund))
        text = self._say(OWN_SHARE if month.employee_complete else OWN_SHARE_AT_LEAST)
        return text.format(own=own, take_home=format_yuan(int(month.take_home)))

    def cost_back(self) -> str:
        """That a part comes back as dibao where the readings leave a range."""
        cost = self._it.net_cost
        if cost is None or cost.low == cost.high or not self._it.insured_month.employee_complete:
            return ""
        own = self._it.insured_month.own_insurance + self._it.insured_month.own_fund
        return self._say(COST_BACK).format(own=format_yuan(int(own)))

    def received(self) -> str:
        """What really arrives beside what the sum gives, where they differ."""
        household, gap = self._it.case.household, self._it.insured.gap
        if household.received_monthly is None or gap is None or household.dibao != "receiving":
            return ""
        if off_the_book(self._it):
            return ""
        if household.received_monthly == gap:
            return ""
        return self._say(RECEIVED).format(
            received=format_yuan(household.received_monthly), benefit=format_yuan(gap)
        )

    def status_note(self) -> str:
        """What a dibao that stands still means for insurance."""
        note = STATUS_NOTES.get(self._it.case.household.dibao)
        return "" if note is None else self._say(note)
