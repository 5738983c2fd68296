"""A declaration as a workbook, to be taken to the portal. Texts are texts, whatever sign they begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

import xlsxwriter

from calculator.money import Fen
from hr_console.declaration_words import REASONS
from locales import N_, Say
from people.employees import EMPLOYMENTS, Employee
from policy_kb.sheets import starts_formula
from policy_kb.wording import INSURANCE
from profiles.declarations import OUTCOMES, KeptLine, Run
from profiles.declaring import APART, CHANGES, GONE, TO_DO, Apart

HEADINGS: Final = (
    N_("工号"),
    N_("姓名"),
    N_("身份证号"),
    N_("工资"),
    N_("合法的最低基数"),
    N_("申报基数"),
    N_("个人部分"),
    N_("单位部分"),
    N_("和上个月比"),
    N_("结果"),
    N_("原因"),
)
APART_HEADINGS: Final = (N_("工号"), N_("姓名"), N_("为什么没有报"), N_("怎么办"))
_SAFE: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_WIDTH: Final = 16
#: A cell: a text, or an amount in fen.
Cell = str | Fen


def make_book(run: Run, lines: Sequence[KeptLine], staff: Mapping[str, Employee], say: Say) -> bytes:
    """Two sheets: whom it declares with sums, and who stands apart. `staff` gives employees by id."""
    made = BytesIO()
    book = xlsxwriter.Workbook(made, _SAFE)
    rows: list[Sequence[Cell]] = [_row(each, staff, say) for each in lines]
    totals: Sequence[Cell] = (say(N_("合计")), "", "", "", "", "", run.own, run.employer)
    _write(book, say(N_("申报表")), HEADINGS, [*rows, totals], say)
    apart: list[Sequence[Cell]] = [
        (each.number, each.name, apart_words(each, say), say(TO_DO[each.why])) for each in run.apart
    ]
    gone: list[Sequence[Cell]] = [
        (each.former.number, each.former.name, say(GONE[each.why]), "") for each in run.gone
    ]
    _write(book, say(N_("没有报的")), APART_HEADINGS, [*apart, *gone], say)
    book.close()
    return made.getvalue()


def apart_words(each: Apart, say: Say) -> str:
    """Why somebody stands apart, with what it is about."""
    if each.why == "no_figure":
        return f"{say(APART[each.why])}：{'、'.join(say(INSURANCE[name]) for name in each.detail.split())}"
    if each.why == "employment":
        return f"{say(APART[each.why])}：{say(EMPLOYMENTS.get(each.detail, each.detail))}"
    return f"{say(APART[each.why])}：{each.detail}" if each.detail else say(APART[each.why])


def reason_words(reason: str, say: Say) -> str:
    """What a system gave as its reason."""
    return say(REASONS[reason]) if reason in REASONS else reason


def _row(kept: KeptLine, staff: Mapping[str, Employee], say: Say) -> Sequence[Cell]:
    line, employee = kept.line, staff.get(kept.line.employee)
    return (
        line.number,
        line.name,
        "" if employee is None else employee.id_number,
        line.wage,
        line.lawful,
        line.base,
        line.own,
        line.employer,
        "" if line.change is None else say(CHANGES[line.change]),
        say(OUTCOMES[kept.outcome]),
        reason_words(kept.reason, say),
    )


def _write(book: Any, name: str, headings: Sequence[str], rows: Sequence[Sequence[Cell]], say: Say) -> None:
    bold, money, text = (
        book.add_format(each) for each in ({"bold": True}, {"num_format": "0.00"}, {"num_format": "@"})
    )
    quoted = book.add_format({"num_format": "@", "quote_prefix": True})
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(headings) - 1, _WIDTH)
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, say(heading), bold)
    for row, cells in enumerate(rows, 1):
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                sheet.write_string(row, column, cell, quoted if starts_formula(cell) else text)
            else:
                sheet.write_number(row, column, Decimal(cell).scaleb(-2), money)
