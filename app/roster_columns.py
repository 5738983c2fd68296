"""The columns of a roster: which heading means which field, what is passed on, and each row as a case.

Dibao status never comes from an employer's sheet, only from the employee: such a column is neither read nor passed on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from calculator.fields import InputError, Problem
from policy_kb.headings import (
    AREA_WORDS,
    BLANK,
    DIGITS_LOST,
    EMPLOYMENT_WORDS,
    HEADINGS,
    TOTAL_ROW,
    has_lost_digits,
    heading_names,
    is_about_dibao,
    is_id_like,
)
from policy_kb.sheets import (
    Cell,
    amount_text,
    date_text,
    find_columns,
    plain_text,
    rate_text,
    read_sheet,
    refuse,
)

#: The fields of a case by what the heading means, with the names that only a roster of households has.
_MEANT: Final[Mapping[str, str]] = {"employee_no": "number", "dibao_region": "home_region"}
_OWN: Final[Mapping[str, str]] = {
    "dibao_region": "低保地 低保所在地 dibao_region",
    "net_wage": "到手 到手工资 实发 实发工资 税后工资 工资税后 工资实发 工资到手 实发金额 实发合计 take_home take_home_pay "
    "net_wage net net_salary net_pay",
    "base_wage": "缴费工资 上年月均工资 上年度月均工资 上年月平均工资 上年度月平均工资 去年月平均工资 申报工资 缴费基数工资 "
    "base_wage last_year_average",
    "household_size": "低保人数 本上人数 低保本人数 低保本上人数 共同生活人数 保障人数 household_size people_on_book",
    "other_income": "其他收入 家庭其他收入 家里其他收入 别人的收入 其他人收入 other_income",
    "employee_on_book": "是否在册 在册 在不在册 本人是否在册 本人在册 低保本上有没有本人 employee_on_book on_book",
    "standard_monthly": "低保线 低保标准 当地低保线 当地低保标准 月低保标准 standard_monthly dibao_line dibao_standard",
    "on": "日期 月份 所属月份 费款所属期 缴费月份 计算日期 on date month",
}
_FIELDS: Final = (
    *("employee_no", "name", "region", "dibao_region", "area", "wage", "net_wage", "base_wage"),
    *("household_size", "other_income", "employee_on_book", "standard_monthly", "employment"),
    *("injury_class", "housing_fund_rate", "on"),
)
_HEADINGS: Final[Mapping[str, str]] = {
    field: f"{HEADINGS.get(_MEANT.get(field, field), '')} {_OWN.get(field, '')}" for field in _FIELDS
}
NAMES: Final[Mapping[str, str]] = heading_names(_FIELDS, _HEADINGS)
#: What precedes the columns of a rejected row.
REJECTED_HEADINGS: Final = ("行号", "退回的列", "退回原因")
_WORDS: Final[Mapping[str, Mapping[str, object]]] = {
    "area": {**AREA_WORDS, "unknown": "unknown", "不清楚": "unknown"},
    "employee_on_book": {
        "是": True, "在": True, "在册": True, "有": True, "y": True, "yes": True, "true": True, "1": True,
        "否": False, "不": False, "不在": False, "不在册": False, "没有": False, "无": False, "n": False, "no": False,
        "false": False, "0": False, "不清楚": None, "未知": None, "unknown": None,
    },
    "employment": EMPLOYMENT_WORDS,
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


@dataclass(frozen=True, slots=True)
class Roster:
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

    def case(self, cells: tuple[Cell, ...]) -> tuple[dict[str, Any], bool]:
        """The row as a case of `shebao calculate`, and whether a household is given."""
        given: dict[str, Any] = dict(self.defaults)
        problems: list[Problem] = []
        for name, position in self.columns.items():
            try:
                value = _value(name, cells[position], self.headings[position])
            except InputError as error:
                problems += error.problems
                continue
            if value != "":
                given[name] = value
        if {given.get("name"), given.get("employee_no")} & TOTAL_ROW:
            problems = [Problem("not_allowed", "name", "file", choices=("这是合计行，不是职工",))]
        if problems:
            raise InputError(*problems)
        return _as_case(given), "household_size" in given

    def field_of(self, problem: Problem) -> str:
        """The field that a problem is about: pay is blamed on the column that the sheet has."""
        name = _PATHS.get(problem.field, problem.field)
        if name == "wage" and problem.code != "missing_field" and "wage" not in self.columns:
            return "net_wage"
        return name

    def passed_on(self, cells: tuple[Cell, ...], position: int) -> Cell:
        """A cell as it is written beside the results: numbers that are names, and days, as text."""
        cell = cells[position]
        return plain_text(cell) if position in self.ids or isinstance(cell, date) else cell

    def lost_digits(self, cells: tuple[Cell, ...]) -> Iterator[str]:
        """What to say of numbers like an identity card's that the sheet has rounded."""
        for position in self.ids:
            if has_lost_digits(cells[position]):
                yield DIGITS_LOST.format(heading=self.headings[position])


def read_roster(source: Path, defaults: Mapping[str, str]) -> Roster:
    """A roster from its file. Raises `InputError` where it has no pay, or neither a region nor a default."""
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
    status = [position for position in loose if is_about_dibao(headings[position])]
    behind = [
        position
        for position in loose
        if position not in status
        and headings[position] not in REJECTED_HEADINGS
        and (headings[position] or any(position < len(row) and row[position] != "" for _, row in sheet.rows))
    ]
    return Roster(
        headings=headings,
        columns=columns,
        first=tuple(sorted(taken)),
        behind=tuple(behind),
        ids=frozenset(p for p in range(width) if is_id_like(headings[p])),
        quarantined=tuple(headings[position] for position in status),
        rows=sheet.rows[index + 1 :],
        defaults=defaults,
    )


def _value(name: str, cell: Cell, heading: str) -> Any:
    """A cell in the shape in which a case wants the field; "" where it is blank. Raises `InputError`."""
    text = unicodedata.normalize("NFKC", plain_text(cell)).strip()
    if text.casefold() in BLANK:
        return ""
    if name in ("employee_no", "name"):
        return text.casefold()
    if isinstance(cell, bool) and name != "employee_on_book":
        raise InputError(Problem("not_allowed", name, "file", choices=("填的是 TRUE/FALSE",)))
    return _READERS.get(name, _as_text)(name, cell, text, heading)


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
