"""The rules in force, in the shape the formulas want. `policy_kb` fills them for a region and a day; nothing here reads.

Unknown is `None`, never zero. A `source` is the library's key of the text that a value comes from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from calculator.money import LARGEST, TO_THE_FEN, Fen, Ppm, Rounding
from calculator.trace import Step

Insurance = Literal["pension", "medical", "unemployment", "work_injury", "maternity", "housing_fund"]
INSURANCES: Final[tuple[Insurance, ...]] = (
    "pension",
    "medical",
    "unemployment",
    "work_injury",
    "maternity",
    "housing_fund",
)
Status = Literal["sourced", "single_source", "recalled", "unknown"]
PeriodStatus = Literal["stated", "assumed", "conflicting", "recalled", "unknown"]

#: 缴费基数不设上限: the record says that there is no ceiling (which is not the same as an unknown one).
NO_CEILING: Final[Fen] = LARGEST


@dataclass(frozen=True, slots=True)
class InsuranceTerms:
    """One insurance in one region on one day 险种的缴费规则: bounds in fen a month, rates in parts per million.

    `employee_unmodelled` and `employer_unmodelled` say that a note names a further charge of that side, or another
    tier, whose amount is not on record: the line is computed and marked incomplete.
    """

    insurance: Insurance
    region: str
    source: str | None = None
    base_floor: Fen | None = None
    base_ceiling: Fen | None = None
    employee_rate: Ppm | None = None
    employer_rate: Ppm | None = None
    employee_rate_max: Ppm | None = None
    employer_rate_max: Ppm | None = None
    employer_rate_by_class: dict[int, Ppm] = field(default_factory=dict)
    employee_fixed: Fen = 0
    employer_fixed: Fen = 0
    employee_annual: Fen | None = None
    employee_rounding: Rounding = TO_THE_FEN
    employer_rounding: Rounding = TO_THE_FEN
    base_status: Status = "unknown"
    rate_status: Status = "unknown"
    period_status: PeriodStatus = "unknown"
    effective_from: date | None = None
    recorded: bool = True
    outdated_since: date | None = None
    awaited: date | None = None
    includes_maternity: bool = False
    employee_unmodelled: bool = False
    employer_unmodelled: bool = False
    notes: tuple[str, ...] = ()
    #: The parameters as trace steps, made once when the rules are resolved.
    steps: dict[str, Step] = field(default_factory=dict)

    def employer_rate_for(self, injury_class: int) -> Ppm | None:
        """Class 1 is the recorded rate; the other industry classes 行业类别 only from the record's own table."""
        if self.insurance != "work_injury" or injury_class == 1:
            return self.employer_rate
        return self.employer_rate_by_class.get(injury_class)


@dataclass(frozen=True, slots=True)
class TaxBracket:
    """A step of the monthly table (the yearly one divided by twelve), 个人所得税法 第三条: `rate` in ppm.

    It applies to what is above `above` fen; in the table the steps rise.
    """

    above: Fen
    rate: Ppm
    quick_deduction: Fen


@dataclass(frozen=True, slots=True)
class TaxTable:
    """Monthly income tax on wages, 个人所得税法 第三条, 第六条."""

    basic_deduction: Fen
    brackets: tuple[TaxBracket, ...]
    source: str


@dataclass(frozen=True, slots=True)
class JobRules:
    """What a job in one region means on one day: the terms of every insurance, and the income tax."""

    region: str
    terms: tuple[InsuranceTerms, ...]
    tax: TaxTable | None


HintKind = Literal[
    "recalled",
    "secondary_citation",
    "local_system_config",
    "line_of_parent",
    "other_area",
    "average",
    "floor",
]


@dataclass(frozen=True, slots=True)
class Hint:
    """A figure that may be shown but never computed with: recalled, second-hand, of another level, or an average."""

    amount: Fen
    region: str
    why: HintKind
    as_of: date | None
    source: str | None
    area: Literal["urban", "rural", "unified"] = "unified"


@dataclass(frozen=True, slots=True)
class DibaoLine:
    """The dibao line 低保标准 of a region, area and day, fen per person and month; `amount` None: not on record."""

    region: str
    amount: Fen | None = None
    status: Literal["sourced", "single_source", "unknown"] = "unknown"
    effective_from: date | None = None
    as_of: date | None = None
    source: str | None = None
    stale: bool = False
    period_assumed: bool = False
    #: Which question is open where the amount is unknown: the figure itself, or only urban or rural.
    needs_area: bool = False
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkCost:
    """就业成本扣减: `share` of the line off each employee's counted wage; None: a rule says it exists, not how much.

    `flexible_from` is the share of the line from which a flexible worker's income is reduced (income above one line
    counts as one line up to there), 京民社救发〔2018〕445号 十（三）.
    """

    share: Ppm | None
    flexible: bool
    source: str


@dataclass(frozen=True, slots=True)
class Hardship:
    """收入核减 for a severely ill or disabled member, or a single parent: shares of the line, once a household."""

    illness_share: Ppm | None
    single_parent_share: Ppm | None
    source: str


@dataclass(frozen=True, slots=True)
class NewJob:
    """新就业收入不计入: surely for the first `months_certain` months, possibly up to `months_possible`.

    Only for a household that already draws dibao, up to `cap_multiple` (ppm) of the line a month.
    """

    months_certain: int
    months_possible: int
    cap_multiple: Ppm
    source: str


@dataclass(frozen=True, slots=True)
class Support:
    """赡养费推算: (income - line_multiple x line x size) x share of each supporting household, not below zero."""

    line_multiple: Ppm
    share: Ppm
    source: str


@dataclass(frozen=True, slots=True)
class Transition:
    """渐退期: `months` at `share` of the former benefit; None where the rule gives no number."""

    months: int | None
    share: Ppm | None
    discretionary: bool
    source: str


@dataclass(frozen=True, slots=True)
class SinglePerson:
    """单人保: one severely ill or disabled member covered alone where the household is below a margin line.

    `margin_multiple` of the line (ppm), None where the province's figure is not on record; `inclusive`: "not above".
    """

    margin_multiple: Ppm | None
    inclusive: bool
    source: str


@dataclass(frozen=True, slots=True)
class DibaoRules:
    """How a household's income is counted and tested in one region on one day."""

    region: str
    line: DibaoLine
    #: The source of the national reading, 民发〔2021〕57号 第十三条: own contributions and tax are deducted.
    deduction_source: str | None
    #: The region's own rule on it where one is on record; then it alone counts. None: not on record.
    local_deduction: bool | None = None
    work_cost: WorkCost | None = None
    hardship: Hardship | None = None
    new_job: NewJob | None = None
    support: Support | None = None
    transitions: tuple[Transition, ...] = ()
    single_person: SinglePerson | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything `assess` needs: the rules of each earner's job (first earner first) and of the household's home."""

    jobs: tuple[JobRules, ...]
    dibao: DibaoRules
