"""The log as a workbook."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Final

import xlsxwriter

from audit.reading import Recorded
from hr_console.log_words import Names
from locales import N_, Say

HEADINGS: Final = (
    N_("编号"),
    N_("时间"),
    N_("做了什么"),
    N_("谁"),
    N_("涉及谁"),
    N_("一共几个"),
    N_("校验值"),
)
WIDTHS: Final = (8, 20, 28, 16, 48, 10, 66)
TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def make_sheet(events: Iterable[Recorded], names: Names, say: Say) -> bytes:
    """The events as rows, every cell as text or number: nothing in it is a formula."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet(say(N_("日志")))
        sheet.freeze_panes(1, 0)
        for column, (heading, width) in enumerate(zip(HEADINGS, WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, say(heading), book.add_format({"bold": True}))
        for row, event in enumerate(events, 1):
            line = names.line(event, most=None)
            sheet.write_number(row, 0, line.seq)
            for column, text in enumerate((line.at, line.act, line.actor, "、".join(line.about)), 1):
                sheet.write_string(row, column, text)
            sheet.write_number(row, 5, event.count)
            sheet.write_string(row, 6, event.hash.hex())
    return file.getvalue()
