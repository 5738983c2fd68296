"""What a roster comes to: the figures beside each row, and the summary of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from calculator.assessment import Assessment
from calculator.household import Verdict, per_capita
from calculator.money import Fen, format_yuan
from calculator.rules import INSURANCES, Insurance
from policy_kb.sheets import Cell, plain_text, starts_formula
from policy_kb.wording import INSURANCE

_VERDICTS: Final[Mapping[Verdict, str]] = {
    "within": "低于低保线",
    "over": "不低于低保线",
    "depends": "两种算法结论不同",
    "unknown": "还不能判断",
}
_SHOWN: Final = 10
QUARANTINE: Final = "低保情况只能由职工本人同意后提供，不能从花名册导入；这一列没有读取，也没有写进结果"
_PER_INSURANCE: Final = ("基数", "个人", "单位")
RESULT_HEADINGS: Final = (
    *(f"{INSURANCE[insurance]} {part}" for insurance in INSURANCES for part in _PER_INSURANCE),
    "个人合计",
    "单位合计",
    "个税（估算）",
    "到手（参保）",
    "数字齐全",
    "低保线（采用）",
    "可计入收入",
    "人均",
    "结论",
    "另一种算法 可计入收入",
    "提示",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount in an output cell, or nothing."""

    fen: Fen | None


Out = Cell | Figure


def cell_text(cell: Out) -> str:
    """An output cell as text; what could be taken for a formula is defused by a quote in front."""
    if isinstance(cell, Figure):
        return "" if cell.fen is None else format_yuan(cell.fen)
    text = plain_text(cell)
    return f"'{text}" if starts_formula(text) else text


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that could not be read: its number in the sheet, the headings in question and why."""

    row: int
    headings: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class InsuranceTotal:
    """What the whole roster pays for one insurance a month, both sides, in fen."""

    insurance: Insurance
    people: int
    employee: Fen
    employer: Fen


@dataclass(frozen=True, slots=True)
class RosterSummary:
    """What came of a roster. `quarantined` are columns that were neither read nor passed on."""

    rows: int
    calculated: int
    incomplete: int
    rejected: tuple[Rejected, ...]
    totals: tuple[InsuranceTotal, ...]
    employee_total: Fen
    employer_total: Fen
    verdicts: Mapping[str, int]
    quarantined: tuple[str, ...]
    target: Path
    rejected_file: Path | None
    version: str
    sha256: str
    on: str

    def lines(self) -> list[tuple[str, Out]]:
        """The summary as label and value, for a sheet and for the terminal."""
        found: list[tuple[str, Out]] = [
            ("计算日期", self.on),
            ("人数（行）", self.rows),
            ("算出", self.calculated),
            ("其中有缺项", self.incomplete),
            ("退回", len(self.rejected)),
        ]
        for total in self.totals:
            name = INSURANCE[total.insurance]
            found += [
                (f"{name} 人数", total.people),
                (f"{name} 个人", Figure(total.employee)),
                (f"{name} 单位", Figure(total.employer)),
            ]
        found += [("个人合计", Figure(self.employee_total)), ("单位合计", Figure(self.employer_total))]
        found += [(f"结论：{_VERDICTS[verdict]}", self.verdicts.get(verdict, 0)) for verdict in _VERDICTS]
        found += [(f"没有读取的列：{heading}", QUARANTINE) for heading in self.quarantined]
        found += [("政策库版本", self.version), ("政策库校验值", self.sha256)]
        return found

    def text(self) -> str:
        """The summary for the terminal, with the first rejected rows."""
        shown = [f"{label}  {cell_text(value)}" for label, value in self.lines()]
        shown += [f"退回 第 {each.row} 行：{each.reason}" for each in self.rejected[:_SHOWN]]
        if len(self.rejected) > _SHOWN:
            shown.append(f"还有 {len(self.rejected) - _SHOWN} 行退回，见 {self.rejected_file}")
        return "\n".join(shown)


def result_figures(assessment: Assessment, with_household: bool) -> list[Out]:
    """One employee's cells under `RESULT_HEADINGS`, all but the remarks."""
    month = assessment.insured_month
    lines = {line.terms.insurance: line for line in month.lines}
    found: list[Out] = []
    for insurance in INSURANCES:
        line = lines.get(insurance)
        found += (
            [_figure(line.base), _figure(line.employee), _figure(line.employer)]
            if line
            else [Figure(None)] * 3
        )
    found += [
        _figure(month.own_insurance + month.own_fund),
        _figure(month.employer_total),
        _figure(month.tax if month.tax_known else None),
        _figure(month.take_home),
        "是" if assessment.complete else "否",
    ]
    if not with_household:
        return [*found, *[Figure(None)] * 5]
    countable, size = assessment.insured.countable, assessment.case.household.size
    other = assessment.other_reading
    return [
        *found,
        _figure(assessment.line),
        _figure(countable),
        _figure(per_capita(countable, size)),
        _VERDICTS[assessment.insured.verdict],
        _figure(None if other is None else other.countable),
    ]


def _figure(amount: Any) -> Figure:
    return Figure(None if amount is None else int(amount))
