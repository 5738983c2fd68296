"""The roster as a workbook. Texts are texts, whatever sign they begin with; numbers that are names are texts too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

import xlsxwriter

from hr_console.fields import AMOUNTS, LABELS, ROSTER, shown
from locales import N_, Say
from people.employees import Employee
from policy_kb.sheets import starts_formula

COLUMNS: Final = (*ROSTER, "state", "left_on")
_SAFE: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_WIDTH: Final = 16


def make_book(people: Sequence[Employee], place: Callable[[str], str], say: Say) -> bytes:
    """One sheet, a row an employee, with headings that an import knows again."""
    made = BytesIO()
    book = xlsxwriter.Workbook(made, _SAFE)
    bold, money, text = (
        book.add_format(each) for each in ({"bold": True}, {"num_format": "0.00"}, {"num_format": "@"})
    )
    quoted = book.add_format({"num_format": "@", "quote_prefix": True})
    sheet = book.add_worksheet(say(N_("花名册")))
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(COLUMNS) - 1, _WIDTH)
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, say(LABELS[name]), bold)
    for row, employee in enumerate(people, 1):
        for column, name in enumerate(COLUMNS):
            value: Any = getattr(employee, name)
            if name in AMOUNTS and value is not None:
                sheet.write_number(row, column, Decimal(value).scaleb(-2), money)
            else:
                cell = shown(name, value, place, say)
                sheet.write_string(row, column, cell, quoted if starts_formula(cell) else text)
    book.close()
    return made.getvalue()
