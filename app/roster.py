"""A whole roster 花名册 in bulk: a sheet in, each employee's contributions and result out, what cannot be read listed.

Dibao status never comes from an employer's sheet, only from the employee: such a column is neither read nor passed on.
"""

from __future__ import annotations

import csv
import re
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

import xlsxwriter
from tqdm import tqdm
from xlsxwriter.exceptions import XlsxWriterException

from calculator.assessment import Assessment, assess
from calculator.case import Case, read_case
from calculator.contributions import Line, employer_total
from calculator.fields import InputError, Problem
from calculator.household import Verdict, per_capita
from calculator.money import Fen, format_yuan
from calculator.rules import INSURANCES, Insurance, InsuranceTerms, Rules
from locales import as_written
from policy_kb.caveats import caveats
from policy_kb.library import Library
from policy_kb.sheets import (
    Cell,
    amount_text,
    date_text,
    find_columns,
    normalise_heading,
    plain_text,
    rate_text,
    read_sheet,
    refuse,
    starts_formula,
)
from policy_kb.wording import INSURANCE, problem_text, warning_text

#: What a company's own rules do to a case and its rules: both as they then are, and what to add to the warnings.
Adjust = Callable[[Case, Rules], tuple[Case, Rules, tuple[str, ...]]]

_HEADINGS: Final[Mapping[str, str]] = {
    "employee_no": "工号 员工编号 员工号 职工编号 职工号 人员编号 编号 employee_no employee_number employee_id emp_no staff_no",
    "name": "姓名 名字 员工姓名 职工姓名 name full_name employee_name",
    "region": "工作地 工作地点 工作城市 参保地 参保城市 参保地区 社保地 "
    "社保缴纳地 缴纳地 缴费地 region job_region work_region city",
    "dibao_region": "户籍地 户籍所在地 户口所在地 户籍 户口地 老家 "
    "家乡 低保地 低保所在地 dibao_region hometown home_region hukou",
    "area": "城乡 城镇农村 户口性质 户籍性质 户口类型 户籍类型 城乡类别 area hukou_type urban_rural",
    "wage": "工资 应发工资 应发 月工资 月薪 税前工资 工资税前 工资应发 应发合计 工资总额 应发金额 wage gross gross_wage salary "
    "monthly_wage monthly_salary gross_salary",
    "net_wage": "到手 到手工资 实发 实发工资 税后工资 工资税后 工资实发 工资到手 实发金额 实发合计 take_home take_home_pay "
    "net_wage net net_salary net_pay",
    "base_wage": "缴费工资 上年月均工资 上年度月均工资 上年月平均工资 上年度月平均工资 去年月平均工资 申报工资 缴费基数工资 "
    "base_wage last_year_average",
    "household_size": "低保人数 本上人数 低保本人数 低保本上人数 共同生活人数 保障人数 household_size people_on_book",
    "other_income": "其他收入 家庭其他收入 家里其他收入 别人的收入 其他人收入 other_income",
    "employee_on_book": "是否在册 在册 在不在册 本人是否在册 本人在册 低保本上有没有本人 employee_on_book on_book",
    "standard_monthly": "低保线 低保标准 当地低保线 当地低保标准 月低保标准 standard_monthly dibao_line dibao_standard",
    "employment": "用工形式 用工类型 用工性质 用工方式 employment employment_type",
    "injury_class": "工伤行业类别 工伤类别 行业类别 工伤风险类别 行业风险类别 injury_class risk_class",
    "housing_fund_rate": "公积金比例 住房公积金比例 公积金缴存比例 公积金缴费比例 housing_fund_rate housing_fund",
    "on": "日期 月份 所属月份 费款所属期 缴费月份 计算日期 on date month",
}
NAMES: Final[Mapping[str, str]] = {
    normalise_heading(name): field for field, names in _HEADINGS.items() for name in names.split()
}
_OWN: Final = ("行号", "退回的列", "退回原因")
_STATUS: Final = re.compile(r"低保|dibao|特困|五保|贫困|困难|建档立卡|救助")
_ID_LIKE: Final = re.compile(
    r"工号|编号|身份证|证件|护照|手机|电话|联系方式|微信|银行卡|卡号|账号|帐号|社保号|公积金号|idcard|idno|idnumber|"
    r"employeeno|phone|mobile|^tel$|bank|account|passport"
)
_TOTAL_ROW: Final = frozenset({"合计", "总计", "小计", "总合计", "共计", "total", "subtotal", "sum"})
_BLANK: Final = frozenset({"", "-", "--", "—", "——", "/", "\\", "n/a", "#n/a", "暂无", "空"})
_MOST_TEXT: Final = 32_767  # of an .xlsx cell

_WORDS: Final[Mapping[str, Mapping[str, object]]] = {
    "area": {
        "urban": "urban", "城镇": "urban", "城市": "urban", "非农": "urban", "非农业": "urban", "城镇户口": "urban",
        "非农业户口": "urban", "城": "urban", "rural": "rural", "农村": "rural", "农业": "rural", "乡村": "rural",
        "农村户口": "rural", "农业户口": "rural", "农": "rural", "乡": "rural", "unknown": "unknown", "不清楚": "unknown",
    },
    "employee_on_book": {
        "是": True, "在": True, "在册": True, "有": True, "y": True, "yes": True, "true": True, "1": True,
        "否": False, "不": False, "不在": False, "不在册": False, "没有": False, "无": False, "n": False, "no": False,
        "false": False, "0": False, "不清楚": None, "未知": None, "unknown": None,
    },
    "employment": {
        "employee": "employee", "职工": "employee", "全日制": "employee", "正式": "employee", "正式工": "employee",
        "合同工": "employee", "合同制": "employee", "劳动合同": "employee", "part_time": "part_time",
        "非全日制": "part_time", "兼职": "part_time", "小时工": "part_time", "flexible": "flexible",
        "灵活就业": "flexible", "dispatched": "dispatched", "派遣": "dispatched", "劳务派遣": "dispatched",
        "派遣工": "dispatched", "retired": "retired", "退休": "retired", "退休返聘": "retired", "返聘": "retired",
        "student": "student", "学生": "student", "实习": "student", "实习生": "student",
    },
}  # fmt: skip
_CLASSES: Final = "一二三四五六七八"

#: Where each field's problems are reported by the reader of a case.
_PATHS: Final[Mapping[str, str]] = {
    "household.size": "household_size",
    "household.other_income": "other_income",
    "household.employee_on_book": "employee_on_book",
    "household.earners[0].wage": "wage",
    "household.earners[0].base_wage": "base_wage",
    "household.earners[0].employment": "employment",
    "household.earners[0].injury_class": "injury_class",
    "household.earners[0].housing_fund_rate": "housing_fund_rate",
}
_LABELS: Final[Mapping[str, str]] = {field: names.split()[0] for field, names in _HEADINGS.items()} | {
    "net_wage": "到手工资"
}

#: Said once for the whole roster instead of in every row.
_FOR_ALL: Final = (
    "withholding_is_cumulative",
    "special_deductions_ignored",
    "insurance_is_mandatory",
    "income_test_only",
)
#: What there is to say about a job; the rest is about a household, and is left out where no household is given.
_OF_THE_JOB: Final = frozenset(
    {
        "figure_may_be_outdated",
        "period_assumed",
        "single_source",
        "recalled",
        "insurance_not_recorded",
        "figure_not_recorded",
        "incomplete",
        "housing_fund_outside_region",
        "gross_from_net",
        "base_from_current_wage",
        "base_below_wage",
        "not_employee_scheme",
        "income_tax_unknown",
        "contributions_exceed_wage",
    }
)
_VERDICTS: Final[Mapping[Verdict, str]] = {
    "within": "低于低保线",
    "over": "不低于低保线",
    "depends": "两种算法结论不同",
    "unknown": "还不能判断",
}
_DIGITS_LOST: Final = "“{heading}”在表格里是数字，超过 15 位的尾数已经丢了，请改成文本格式重新填"


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount in an output cell, or nothing."""

    fen: Fen | None


Out = Cell | Figure


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
        shown = [f"{label}  {_csv_text(value)}" for label, value in self.lines()]
        shown += [f"退回 第 {each.row} 行：{each.reason}" for each in self.rejected[:_SHOWN]]
        if len(self.rejected) > _SHOWN:
            shown.append(f"还有 {len(self.rejected) - _SHOWN} 行退回，见 {self.rejected_file}")
        return "\n".join(shown)


_SHOWN: Final = 10
QUARANTINE: Final = "低保情况只能由职工本人同意后提供，不能从花名册导入；这一列没有读取，也没有写进结果"


def assess_roster(
    library: Library,
    source: Path,
    target: Path,
    today: date,
    progress: bool = True,
    *,
    defaults: Mapping[str, str] | None = None,
    adjust: Adjust | None = None,
) -> RosterSummary:
    """Work out every row of a roster and write the results beside what was given.

    `defaults` fill blank cells of a field (`region`, `on`). With `progress`, a bar on stderr where it is a terminal.
    Raises `InputError` where the roster as a whole cannot be read, or the result cannot be written.
    """
    _check_target(source, target)
    roster = _read_roster(source, dict(defaults or {}))
    run = _Run(library, roster, today, adjust)
    try:
        with _open(target, roster) as book:
            rows = tqdm(roster.rows, disable=None if progress else True, unit="行", leave=False)
            for number, cells in rows:
                run.row(book, number, cells)
            summary = run.summary(target, book.rejected_file if run.rejected else None)
            book.finish(summary)
    except (OSError, XlsxWriterException) as error:
        raise refuse(f"写不了 {target}：{error}", "输出文件") from error
    return summary


def _check_target(source: Path, target: Path) -> None:
    if target.suffix.lower() not in (".csv", ".xlsx"):
        raise refuse("结果要写成 .csv 或 .xlsx", "输出文件")
    if not target.parent.is_dir():
        raise refuse(f"没有这个文件夹：{target.parent}", "输出文件")
    if target.is_dir():
        raise refuse(f"这是文件夹：{target}", "输出文件")
    if source.resolve() in (target.resolve(), rejected_path(target).resolve()):
        raise refuse("结果不能写回花名册本身，请换一个文件名", "输出文件")


def rejected_path(target: Path) -> Path:
    """The file of rejected rows beside a .csv result."""
    return target.with_name(f"{target.stem}.rejected.csv")


# -- Reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Roster:
    """A roster as read: `columns` by field; `first` are passed on before the results, `behind` after them."""

    headings: tuple[str, ...]
    columns: Mapping[str, int]
    first: tuple[int, ...]
    behind: tuple[int, ...]
    ids: frozenset[int]
    quarantined: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    defaults: Mapping[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> tuple[int, ...]:
        """Every column that is passed on, in the order of the sheet."""
        return tuple(sorted((*self.first, *self.behind)))

    def label(self, name: str) -> str:
        """A field by the heading the sheet gives it."""
        return self.headings[self.columns[name]] if name in self.columns else _LABELS.get(name, name)


def _read_roster(source: Path, defaults: Mapping[str, str]) -> _Roster:
    sheet = read_sheet(source)
    index, headings, columns = find_columns(sheet, NAMES)
    if "wage" not in columns and "net_wage" not in columns:
        raise refuse("没有找到工资一列：要有“应发工资”（或“工资”），或“到手工资”（或“实发工资”）", "wage")
    if "region" not in columns and "region" not in defaults:
        raise refuse("没有找到参保地一列：要有“参保地”（或“工作地”“region”）", "region")
    taken = set(columns.values())
    width = max(len(row) for _, row in sheet.rows[index:])
    headings = (*headings, *[""] * (width - len(headings)))
    loose = [position for position in range(width) if position not in taken]
    status = [position for position in loose if _STATUS.search(normalise_heading(headings[position]))]
    behind = [
        position
        for position in loose
        if position not in status
        and headings[position] not in _OWN
        and (headings[position] or any(position < len(row) and row[position] != "" for _, row in sheet.rows))
    ]
    return _Roster(
        headings=headings,
        columns=columns,
        first=tuple(sorted(taken)),
        behind=tuple(behind),
        ids=frozenset(p for p in range(width) if _ID_LIKE.search(normalise_heading(headings[p]))),
        quarantined=tuple(headings[position] for position in status),
        rows=sheet.rows[index + 1 :],
        defaults=defaults,
    )


# -- One row ---------------------------------------------------------------------------------------------------------


class _Run:
    """One pass over a roster: what has been worked out, and what the whole comes to."""

    def __init__(self, library: Library, roster: _Roster, today: date, adjust: Adjust | None) -> None:
        self.library = library
        self.roster = roster
        self.today = today
        self.adjust = adjust
        self.find_region = cache(library.divisions.find)
        self.rejected: list[Rejected] = []
        self.calculated = 0
        self.incomplete = 0
        self.verdicts: dict[str, int] = defaultdict(int)
        self.totals = _Totals()

    def row(self, book: _Book, number: int, cells: tuple[Cell, ...]) -> None:
        """Work out one row and write it, among the results or among the rejected."""
        cells = (*cells, *[""] * (len(self.roster.headings) - len(cells)))
        try:
            assessment, with_household, company = self._assess(cells)
        except InputError as error:
            rejected = self._rejected(number, error)
            self.rejected.append(rejected)
            kept = [self._passed_on(cells, position) for position in self.roster.kept]
            book.reject([number, "、".join(rejected.headings), rejected.reason, *kept])
            return
        self.calculated += 1
        self.incomplete += not assessment.complete
        self.totals.add(assessment)
        if with_household:
            self.verdicts[assessment.insured.verdict] += 1
        first = [self._passed_on(cells, position) for position in self.roster.first]
        behind = [self._passed_on(cells, position) for position in self.roster.behind]
        said = [*company, *self._warnings(assessment, with_household), *self._lost_digits(cells)]
        book.result([number, *first, *_figures(assessment, with_household), "；".join(said), *behind])

    def _assess(self, cells: tuple[Cell, ...]) -> tuple[Assessment, bool, tuple[str, ...]]:
        data, with_household = self._case(cells)
        case = read_case(data, self.find_region, self.today)
        rules = self.library.rules(case)
        company: tuple[str, ...] = ()
        if self.adjust is not None:
            case, rules, company = self.adjust(case, rules)
        return assess(case, rules, break_even=False), with_household, company

    def _case(self, cells: tuple[Cell, ...]) -> tuple[dict[str, Any], bool]:
        """The row as a case of `shebao calculate`, and whether a household is given."""
        given: dict[str, Any] = dict(self.roster.defaults)
        problems: list[Problem] = []
        for name, position in self.roster.columns.items():
            try:
                value = self._value(name, cells[position], self.roster.headings[position])
            except InputError as error:
                problems += error.problems
                continue
            if value != "":
                given[name] = value
        if {given.get("name"), given.get("employee_no")} & _TOTAL_ROW:
            problems = [Problem("not_allowed", "name", "file", choices=("这是合计行，不是职工",))]
        if problems:
            raise InputError(*problems)
        return _as_case(given), "household_size" in given

    def _value(self, name: str, cell: Cell, heading: str) -> Any:
        """A cell in the shape in which a case wants the field; "" where it is blank. Raises `InputError`."""
        text = unicodedata.normalize("NFKC", plain_text(cell)).strip()
        if text.casefold() in _BLANK:
            return ""
        if name in ("employee_no", "name"):
            return text.casefold()
        if isinstance(cell, bool) and name != "employee_on_book":
            raise InputError(Problem("not_allowed", name, "file", choices=("填的是 TRUE/FALSE",)))
        return _READERS.get(name, _as_text)(name, cell, text, heading)

    def _rejected(self, number: int, error: InputError) -> Rejected:
        names, reasons = [], []
        for problem in error.problems:
            name = _PATHS.get(problem.field, problem.field)
            if name == "wage" and problem.code != "missing_field" and "wage" not in self.roster.columns:
                name = "net_wage"
            label = self.roster.label(name)
            names.append(label)
            reasons.append(f"{label}：{problem_text(problem, as_written)}")
        return Rejected(number, tuple(dict.fromkeys(names)), "；".join(dict.fromkeys(reasons)))

    def _passed_on(self, cells: tuple[Cell, ...], position: int) -> Out:
        cell = cells[position]
        return plain_text(cell) if position in self.roster.ids or isinstance(cell, date) else cell

    def _warnings(self, assessment: Assessment, with_household: bool) -> Iterator[str]:
        for caveat in caveats(assessment, self.library, as_written):
            about = caveat.wording or caveat.code
            if about not in _FOR_ALL and (with_household or about in _OF_THE_JOB):
                yield caveat.text(as_written)

    def _lost_digits(self, cells: tuple[Cell, ...]) -> Iterator[str]:
        for position in self.roster.ids:
            cell = cells[position]
            number = isinstance(cell, int | float) and abs(cell) >= 10**15
            if number or (isinstance(cell, str) and re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", cell)):
                yield _DIGITS_LOST.format(heading=self.roster.headings[position])

    def summary(self, target: Path, rejected_file: Path | None) -> RosterSummary:
        """What came of the roster."""
        totals = self.totals.by_insurance()
        return RosterSummary(
            rows=len(self.roster.rows),
            calculated=self.calculated,
            incomplete=self.incomplete,
            rejected=tuple(self.rejected),
            totals=totals,
            employee_total=sum(total.employee for total in totals),
            employer_total=sum(total.employer for total in totals),
            verdicts=dict(self.verdicts),
            quarantined=self.roster.quarantined,
            target=target,
            rejected_file=rejected_file,
            version=self.library.version,
            sha256=self.library.sha256,
            on=self.roster.defaults.get("on", self.today.isoformat()),
        )


_EARNER: Final = ("wage", "base_wage", "employment", "injury_class", "housing_fund_rate")
_HOUSEHOLD: Final = ("employee_on_book", "other_income")
_TOP: Final = ("region", "dibao_region", "area", "on", "standard_monthly")


def _as_case(given: Mapping[str, Any]) -> dict[str, Any]:
    earner: dict[str, Any] = {name: given[name] for name in _EARNER if name in given}
    if "wage" not in given and "net_wage" in given:
        earner |= {"wage": given["net_wage"], "wage_is_net": True}
    household: dict[str, Any] = {name: given[name] for name in _HOUSEHOLD if name in given}
    household |= {"size": given.get("household_size", 1), "earners": [earner]}
    return {"household": household} | {name: given[name] for name in _TOP if name in given}


def _as_text(name: str, cell: Cell, text: str, heading: str) -> Any:
    return text


def _as_amount(name: str, cell: Cell, text: str, heading: str) -> Any:
    return "0" if name == "other_income" and text in ("无", "没有") else amount_text(text)


def _as_day(name: str, cell: Cell, text: str, heading: str) -> Any:
    return date_text(cell)


def _as_word(name: str, cell: Cell, text: str, heading: str) -> Any:
    words = _WORDS[name]
    key = text.casefold()
    if key not in words:
        shown = tuple(word for word in words if not word.isascii())[:8]
        raise InputError(Problem("not_allowed", name, "choice", choices=shown))
    return words[key]


def _as_size(name: str, cell: Cell, text: str, heading: str) -> Any:
    return re.sub(r"[人口]$", "", text)


def _as_class(name: str, cell: Cell, text: str, heading: str) -> Any:
    match = re.fullmatch(r"第?([一二三四五六七八]|\d+)类?", text)
    if match is None:
        return text
    return str(_CLASSES.index(match[1]) + 1) if match[1] in _CLASSES else match[1]


def _as_rate(name: str, cell: Cell, text: str, heading: str) -> Any:
    """0.08, 8%, or 8: no side's share of a housing fund is above 1 as a rate or below it as a percentage."""
    rate = rate_text(text)
    whole = re.fullmatch(r"([1-9]\d?)(\.0+)?", rate, re.ASCII)
    return rate_text(f"{rate}%") if whole else rate


_READERS: Final[Mapping[str, Callable[[str, Cell, str, str], Any]]] = {
    "area": _as_word,
    "employment": _as_word,
    "employee_on_book": _as_word,
    "wage": _as_amount,
    "net_wage": _as_amount,
    "base_wage": _as_amount,
    "other_income": _as_amount,
    "standard_monthly": _as_amount,
    "household_size": _as_size,
    "injury_class": _as_class,
    "housing_fund_rate": _as_rate,
    "on": _as_day,
}


# -- Results ---------------------------------------------------------------------------------------------------------


class _Totals:
    """What everyone together pays. Where an insurance is rounded on the employer's total, its bases are summed first."""

    def __init__(self) -> None:
        self.people: dict[Insurance, int] = defaultdict(int)
        self.employee: dict[Insurance, Fen] = defaultdict(int)
        self.employer: dict[Insurance, Fen] = defaultdict(int)
        self.pooled: dict[tuple[str | None, Insurance, int, int], tuple[InsuranceTerms, list[Fen]]] = {}

    def add(self, assessment: Assessment) -> None:
        """One more employee."""
        for line in assessment.insured_month.lines:
            insurance = line.terms.insurance
            self.people[insurance] += 1
            self.employee[insurance] += int(line.employee or 0)
            if line.terms.employer_rounding.stage == "person" or line.employer is None:
                self.employer[insurance] += int(line.employer or 0)
            else:
                self._pool(line)

    def _pool(self, line: Line) -> None:
        terms, rate, base = line.terms, line.employer_rate, line.base
        self.employer[terms.insurance] += terms.employer_fixed
        if rate and base is not None:
            key = terms.source, terms.insurance, rate, terms.employer_fixed
            self.pooled.setdefault(key, (terms, []))[1].append(int(base))

    def by_insurance(self) -> tuple[InsuranceTotal, ...]:
        """Both sides' totals of each insurance that anyone pays."""
        employer = dict(self.employer)
        for (_, insurance, rate, _), (terms, bases) in self.pooled.items():
            employer[insurance] += employer_total(bases, rate, terms.employer_rounding)
        return tuple(
            InsuranceTotal(each, self.people[each], self.employee[each], employer[each])
            for each in INSURANCES
            if self.people[each]
        )


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


def _figures(assessment: Assessment, with_household: bool) -> list[Out]:
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


class _Book(Protocol):
    """Where results and rejected rows are written; nothing is in place before `finish`."""

    rejected_file: Path | None

    def __enter__(self) -> _Book: ...
    def __exit__(self, *error: object) -> None: ...
    def result(self, row: list[Out]) -> None: ...
    def reject(self, row: list[Out]) -> None: ...
    def finish(self, summary: RosterSummary) -> None: ...


def _open(target: Path, roster: _Roster) -> _Book:
    first, behind, kept = (
        [roster.headings[position] for position in positions]
        for positions in (roster.first, roster.behind, roster.kept)
    )
    results: list[Out] = ["行号", *first, *RESULT_HEADINGS, *behind]
    rejected: list[Out] = [*_OWN, *kept]
    writer = _CsvBook if target.suffix.lower() == ".csv" else _XlsxBook
    return writer(target, results, rejected)


class _CsvBook:
    """Two CSV files, UTF-8 with the mark by which Excel knows it; formulas are defused by a quote in front."""

    def __init__(self, target: Path, results: list[Out], rejected: list[Out]) -> None:
        self.target = target
        self.rejected_file: Path | None = rejected_path(target)
        self.files = (_temporary(target), _temporary(target))
        self.open: list[TextIO] = []
        self.headings = results, rejected

    def __enter__(self) -> _CsvBook:
        self.open = [path.open("w", encoding="utf-8-sig", newline="") for path in self.files]
        self.results, self.rejects = (csv.writer(file) for file in self.open)
        self.result(self.headings[0])
        self.reject(self.headings[1])
        return self

    def __exit__(self, *error: object) -> None:
        for file in self.open:
            file.close()
        for path in self.files:
            path.unlink(missing_ok=True)

    def result(self, row: list[Out]) -> None:
        """One row of results."""
        self.results.writerow([_csv_text(cell) for cell in row])

    def reject(self, row: list[Out]) -> None:
        """One row that could not be read."""
        self.rejects.writerow([_csv_text(cell) for cell in row])

    def finish(self, summary: RosterSummary) -> None:
        """Both files take their places; an older list of rejected rows goes where there are none now."""
        for file in self.open:
            file.close()
        self.files[0].replace(self.target)
        if summary.rejected:
            self.files[1].replace(rejected_path(self.target))
        else:
            rejected_path(self.target).unlink(missing_ok=True)


def _temporary(target: Path) -> Path:
    with tempfile.NamedTemporaryFile(
        dir=target.parent, prefix=f".{target.stem[:40]}.", suffix=target.suffix, delete=False
    ) as file:
        return Path(file.name)


def _csv_text(cell: Out) -> str:
    if isinstance(cell, Figure):
        return "" if cell.fen is None else format_yuan(cell.fen)
    text = plain_text(cell)
    return f"'{text}" if starts_formula(text) else text


class _XlsxBook:
    """One workbook of three sheets: results, rejected rows, summary. Text is written as text, never as a formula."""

    def __init__(self, target: Path, results: list[Out], rejected: list[Out]) -> None:
        self.target = target
        self.rejected_file: Path | None = target
        self.temporary = _temporary(target)
        safe = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self.book = xlsxwriter.Workbook(str(self.temporary), safe)
        self.money = self.book.add_format({"num_format": "0.00"})
        self.bold = self.book.add_format({"bold": True})
        self.sheets = [self.book.add_worksheet(name) for name in ("结果", "退回", "汇总")]
        self.next_row = [0, 0, 0]
        self._write(0, results, self.bold)
        self._write(1, rejected, self.bold)
        for sheet in self.sheets[:2]:
            sheet.freeze_panes(1, 0)

    def __enter__(self) -> _XlsxBook:
        return self

    def __exit__(self, *error: object) -> None:
        if self.book is not None:
            with suppress(OSError, XlsxWriterException):  # the run has failed already, and says why
                self.book.close()
        self.temporary.unlink(missing_ok=True)

    def result(self, row: list[Out]) -> None:
        """One row of results."""
        self._write(0, row)

    def reject(self, row: list[Out]) -> None:
        """One row that could not be read."""
        self._write(1, row)

    def finish(self, summary: RosterSummary) -> None:
        """The summary, then the workbook takes its place."""
        for label, value in summary.lines():
            self._write(2, [label, value])
        for code in _FOR_ALL:
            self._write(2, ["说明", warning_text(code, {}, as_written)])
        self.book.close()
        self.book = None
        self.temporary.replace(self.target)

    def _write(self, sheet: int, row: list[Out], style: Any = None) -> None:
        for column, cell in enumerate(row):
            self._write_cell(self.sheets[sheet], self.next_row[sheet], column, cell, style)
        self.next_row[sheet] += 1

    def _write_cell(self, sheet: Any, row: int, column: int, cell: Out, style: Any) -> None:
        if isinstance(cell, Figure):
            if cell.fen is not None:
                sheet.write_number(row, column, Decimal(cell.fen).scaleb(-2), self.money)
        elif isinstance(cell, bool):
            sheet.write_boolean(row, column, cell)
        elif isinstance(cell, int | float) and abs(cell) < 10**15:
            sheet.write_number(row, column, cell)
        elif cell != "":
            text = plain_text(cell)
            sheet.write_string(row, column, text[:_MOST_TEXT], style)
