"""The portal's own spreadsheet, where there is no connection: its blank is filled as it stands, its receipt is read back.

The blank stays what the portal made: only cells below its headings are written, amounts as numbers and everything else as
text, so that a number of eighteen digits stays one and nothing is a formula.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, Protocol

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from calculator.money import Fen, format_yuan
from locales import N_
from people.employees import number_for_search
from policy_kb.sheets import (
    Cell,
    Limits,
    Sheet,
    find_headings,
    normalise_heading,
    plain_text,
    read_table,
    refuse,
)
from profiles.declarations import KeptLine

#: What a column of the portal can be filled with.
Column = Literal["number", "name", "id_number", "joined_on", "month", "wage", "base", "own", "employer"]
COLUMNS: Final[Mapping[Column, str]] = {
    "number": N_("工号"),
    "name": N_("姓名"),
    "id_number": N_("身份证号"),
    "month": N_("月份"),
    "wage": N_("工资"),
    "base": N_("申报基数"),
    "own": N_("个人部分"),
    "employer": N_("单位部分"),
}
#: What a column of a receipt can say.
Told = Literal["number", "name", "id_number", "month", "base", "outcome", "reason"]
TOLD: Final[Mapping[Told, str]] = {
    "number": N_("工号"),
    "name": N_("姓名"),
    "id_number": N_("身份证号"),
    "outcome": N_("结果"),
    "reason": N_("原因"),
}
#: A spreadsheet from a portal is small.
LIMITS: Final = Limits(file=5 * 2**20, unpacked=100 * 2**20, rows=100_000, cells=2_000_000)
_WITHIN: Final = 20
_NAMES: Final[Mapping[str, Column]] = {
    **dict.fromkeys(("工号", "职工编号", "人员编号", "个人编号"), "number"),
    **dict.fromkeys(("姓名", "职工姓名", "人员姓名"), "name"),
    **dict.fromkeys(("身份证号", "身份证号码", "证件号码", "公民身份号码", "社会保障号码"), "id_number"),
    **dict.fromkeys(("入职日期", "用工日期", "用工起始日期", "合同起始日期"), "joined_on"),
    **dict.fromkeys(("月份", "所属期", "费款所属期", "申报月份", "起始年月", "起始月份"), "month"),
    **dict.fromkeys(("参保年月", "参保月份", "开始缴费年月", "生效年月", "变更年月", "调整年月"), "month"),
    **dict.fromkeys(("工资", "月工资", "应发工资"), "wage"),
    **dict.fromkeys(("缴费基数", "申报基数", "申报工资", "月缴费工资", "缴费工资"), "base"),
    **dict.fromkeys(("新缴费基数", "调整后基数", "变更后基数", "调整后缴费基数", "变更后缴费基数"), "base"),
    **dict.fromkeys(("个人部分", "个人缴费", "个人应缴"), "own"),
    **dict.fromkeys(("单位部分", "单位缴费", "单位应缴"), "employer"),
}
_TOLD: Final[Mapping[str, Told]] = {
    **{name: told for name, told in _NAMES.items() if told in ("month", "base")},
    **dict.fromkeys(("工号", "职工编号", "人员编号", "个人编号"), "number"),
    **dict.fromkeys(("姓名", "职工姓名", "人员姓名"), "name"),
    **dict.fromkeys(("身份证号", "身份证号码", "证件号码", "公民身份号码", "社会保障号码"), "id_number"),
    **dict.fromkeys(("结果", "处理结果", "申报结果", "状态", "处理状态", "办理状态"), "outcome"),
    **dict.fromkeys(("原因", "失败原因", "错误原因", "退回原因", "备注", "说明"), "reason"),
}
#: How portals say that a row was taken, and that it was not; the second is looked for first (「不通过」 holds 「通过」).
_REJECTED: Final = ("失败", "退回", "不通过", "未通过", "不予", "错误", "驳回", "拒绝", "未受理")
_ACCEPTED: Final = ("成功", "通过", "受理", "已申报", "办结", "完成", "正常")


@dataclass(frozen=True, slots=True)
class Blank:
    """A portal's blank. `row` is the row of its headings on `sheet`, counted from 1; `columns` gives by place, counted from
    0, what a column is filled with: empty until HR has said so."""

    name: str
    data: bytes = field(repr=False)
    sheet: str
    row: int
    headings: tuple[str, ...]
    columns: Mapping[int, Column] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it was uploaded; `columns` says by place, counted from 0, what a column tells."""

    name: str
    data: bytes = field(repr=False)
    headings: tuple[str, ...]
    columns: Mapping[int, Told] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a receipt says of a declaration, by employee: `rejected` with the portal's own words. `missing` are those whom it
    does not name, `unclear` rows whose result is no word that is known, `strange` rows that fit nobody."""

    accepted: tuple[str, ...]
    rejected: Mapping[str, str] = field(repr=False)
    missing: tuple[str, ...]
    unclear: tuple[str, ...] = field(repr=False)
    strange: tuple[str, ...] = field(repr=False)

    @property
    def whole(self) -> bool:
        """Whether everybody has a result, so that it can be taken over."""
        return not (self.missing or self.unclear)


class PortalBook(Protocol):
    """Blanks by account, receipts by declaration. `by` is who acts, as the log names them."""

    def blank(self, account: str) -> Blank | None:
        """The blank of an account's portal."""

    def keep_blank(self, account: str, blank: Blank, by: str) -> None:
        """Keeps a blank in the place of the one before."""

    def receipt(self, run: str) -> Receipt | None:
        """The receipt of a declaration."""

    def keep_receipt(self, run: str, receipt: Receipt, by: str) -> None:
        """Keeps a receipt in the place of the one before."""

    def columns_of(self, headings: Sequence[str]) -> Mapping[int, Told] | None:
        """How a receipt with these headings was read the last time."""


def read_blank(name: str, data: bytes, fills: Collection[Column] = tuple(COLUMNS)) -> Blank:
    """A blank, with which of `fills` its columns seem to be. Raises `InputError` for what is no workbook."""
    if not data.startswith(b"PK\x03\x04"):
        raise refuse("要平台下载的 .xlsx 原表")
    if len(data) > LIMITS.file:
        raise refuse(f"文件太大（上限 {LIMITS.file // 2**20} MB）")
    read_table(data, LIMITS)  # what is hostile or empty is refused here
    book = _opened(data)
    best: tuple[int, str, int, tuple[str, ...]] | None = None
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        for row, cells in enumerate(sheet.iter_rows(max_row=_WITHIN, values_only=True), 1):
            headings = tuple("" if each is None else str(each).strip() for each in cells)
            known = sum(normalise_heading(each) in _NAMES for each in headings)
            if known and (best is None or known > best[0]):
                best = known, sheet.title, row, headings
    if best is None:
        raise refuse("找不到表头：前 20 行里没有姓名、身份证号、缴费基数这样的列")
    _, title, row, headings = best
    return Blank(name, data, title, row, headings, _guess(headings, _NAMES, fills))


def fill_rows(blank: Blank, rows: Iterable[Mapping[Column, str | Fen]]) -> bytes:
    """The blank with these rows below its headings.

    What stands below the headings in the blank, such as a sample row, is written over from the first row on.
    """
    book = _opened(blank.data)
    sheet = book[blank.sheet]
    for number, values in enumerate(rows, blank.row + 1):
        for place, column in blank.columns.items():
            _write(sheet.cell(number, place + 1), values[column])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def fill(blank: Blank, lines: Iterable[KeptLine], id_numbers: Mapping[str, str], month: date) -> bytes:
    """The blank with a row for each line below its headings; `id_numbers` gives them by employee."""
    return fill_rows(
        blank,
        (
            {
                "number": line.number,
                "name": line.name,
                "id_number": id_numbers.get(line.employee, ""),
                "month": f"{month:%Y%m}",
                "wage": line.wage,
                "base": line.base,
                "own": line.own,
                "employer": line.employer,
            }
            for line in (kept.line for kept in lines)
        ),
    )


def read_receipt(name: str, data: bytes, tells: Collection[Told] = tuple(TOLD)) -> Receipt:
    """A receipt, with which of `tells` its columns seem to be. Raises `InputError`."""
    sheet = read_table(data, LIMITS)
    _, headings = find_headings(sheet, _TOLD)
    return Receipt(name, data, headings, _guess(headings, _TOLD, tells))


def receipt_rows(receipt: Receipt) -> Iterable[tuple[int, Mapping[Told, Cell]]]:
    """Each row of a receipt that says anything: its number, as a spreadsheet program counts it, and its cells."""
    sheet: Sheet = read_table(receipt.data, LIMITS)
    index, _ = find_headings(sheet, _TOLD)
    for number, row in sheet.rows[index + 1 :]:
        cells = {told: row[place] for place, told in receipt.columns.items() if place < len(row)}
        if any(plain_text(each).strip() for each in cells.values()):
            yield number, cells


def told_outcome(text: str) -> bool | None:
    """Whether a portal's word for a row says that it was taken; None for a word that is not known."""
    if any(each in text for each in _REJECTED):
        return False
    return True if any(each in text for each in _ACCEPTED) else None


def answers(receipt: Receipt, lines: Sequence[KeptLine], id_numbers: Mapping[str, str]) -> Answers:
    """What a receipt says of these lines. People are found by number, else by identity number, else by a name that only one
    of them has."""
    finders = _finders(lines, id_numbers)
    accepted: dict[str, None] = {}
    rejected: dict[str, str] = {}
    unclear, strange = [], []
    for told in _rows(receipt):
        employee = next((found for find in finders if (found := find.get(told))), None)
        if employee is None:
            strange.append(" ".join(filter(None, (told.number, told.name))) or "—")
            continue
        outcome = told_outcome(told.outcome)
        if outcome is None:
            unclear.append(f"{told.name or told.number}：{told.outcome or '—'}")
        elif outcome:
            accepted[employee] = None
        else:
            rejected[employee] = told.reason or told.outcome
    named = accepted.keys() | rejected.keys()
    missing = tuple(each.line.employee for each in lines if each.line.employee not in named)
    both = accepted.keys() & rejected.keys()  # one of several rows of a person came back
    return Answers(
        tuple(each for each in accepted if each not in both),
        rejected,
        missing,
        tuple(unclear),
        tuple(strange),
    )


class _Row:
    """One row of a receipt in plain text."""

    def __init__(self, cells: Mapping[Told, str]) -> None:
        self.number = cells.get("number", "")
        self.name = cells.get("name", "")
        self.id_number = cells.get("id_number", "")
        self.outcome = cells.get("outcome", "")
        self.reason = cells.get("reason", "")[:80]


class _Finder:
    """Finds people by one thing that a row says of them."""

    def __init__(
        self, name: Literal["number", "name", "id_number"], known: Iterable[tuple[str, str]]
    ) -> None:
        self._name = name
        self._known: dict[str, str] = {}
        several: set[str] = set()
        for text, employee in known:
            key = number_for_search(text)
            if self._known.setdefault(key, employee) != employee:
                several.add(key)
        for key in several | {""}:
            self._known.pop(key, None)

    def get(self, row: _Row) -> str | None:
        return self._known.get(number_for_search(getattr(row, self._name)))


def _finders(lines: Sequence[KeptLine], id_numbers: Mapping[str, str]) -> tuple[_Finder, ...]:
    people = [each.line for each in lines]
    return (
        _Finder("number", ((each.number, each.employee) for each in people)),
        _Finder("id_number", ((id_numbers.get(each.employee, ""), each.employee) for each in people)),
        _Finder("name", ((each.name, each.employee) for each in people)),
    )


def _rows(receipt: Receipt) -> Iterable[_Row]:
    for _, cells in receipt_rows(receipt):
        yield _Row({told: plain_text(cell).strip() for told, cell in cells.items()})


def _guess(headings: Sequence[str], names: Mapping[str, Any], among: Collection[str]) -> dict[int, Any]:
    """By place which of these things each heading seems to be, each once."""
    found: dict[int, Any] = {}
    for place, heading in enumerate(headings):
        told = names.get(normalise_heading(heading))
        if told in among and told not in found.values():
            found[place] = told
    return found


def _opened(data: bytes) -> Any:
    try:
        return openpyxl.load_workbook(io.BytesIO(data))
    except (InvalidFileException, KeyError, ValueError, OSError) as error:
        raise refuse("打不开这张表，请用平台下载的 .xlsx 原表") from error


def _write(cell: Any, value: str | Fen) -> None:
    if isinstance(value, int):
        cell.value, cell.number_format = Decimal(format_yuan(value)), "0.00"
    else:
        cell.value, cell.number_format = value, "@"
        cell.data_type = "s"  # a text that begins with = is no formula
