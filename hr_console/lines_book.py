"""The sheet of the lines that are to be asked for, as a workbook to fill in. Texts are texts."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Final

import xlsxwriter

from policy_kb.filling import AREAS, HEADINGS, ToFill

_SAFE: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_WIDTHS: Final = {"name": 30, "where": 40, "document": 24}
_WIDTH: Final = 16


def make_lines_book(lines: Sequence[ToFill]) -> bytes:
    """One sheet, a row a county and kind of household; amounts, days and sources are left to whoever asks."""
    made = BytesIO()
    book = xlsxwriter.Workbook(made, _SAFE)
    bold, text = (book.add_format(each) for each in ({"bold": True}, {"num_format": "@"}))
    sheet = book.add_worksheet("待填低保标准")
    sheet.freeze_panes(1, 0)
    for column, (name, heading) in enumerate(HEADINGS.items()):
        sheet.set_column(column, column, _WIDTHS.get(name, _WIDTH), text)
        sheet.write_string(0, column, heading, bold)
    for row, line in enumerate(lines, 1):
        for column, cell in enumerate((line.region, line.name, AREAS[line.area])):
            sheet.write_string(row, column, cell, text)
    book.close()
    return made.getvalue()
