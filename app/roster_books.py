"""The files a roster run writes: results, rejected rows and summary, as CSV or as one workbook."""

from __future__ import annotations

import csv
import tempfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from app.roster_columns import REJECTED_HEADINGS, Roster
from app.roster_results import RESULT_HEADINGS, Figure, Out, RosterSummary, cell_text
from locales import as_written
from policy_kb.sheets import plain_text
from policy_kb.wording import warning_text

#: Said once for the whole roster instead of in every row.
FOR_ALL: Final = (
    "withholding_is_cumulative",
    "special_deductions_ignored",
    "insurance_is_mandatory",
    "income_test_only",
)
_MOST_TEXT: Final = 32_767  # of an .xlsx cell


class Book(Protocol):
    """Where results and rejected rows are written; nothing is in place before `finish`."""

    rejected_file: Path | None

    def __enter__(self) -> Book: ...
    def __exit__(self, *error: object) -> None: ...
    def result(self, row: list[Out]) -> None: ...
    def reject(self, row: list[Out]) -> None: ...
    def finish(self, summary: RosterSummary) -> None: ...


def open_book(target: Path, roster: Roster) -> Book:
    """The book for a target, with the headings of this roster. Raises `OSError` where it cannot be written."""
    first, behind, kept = (
        [roster.headings[position] for position in positions]
        for positions in (roster.first, roster.behind, roster.kept)
    )
    results: list[Out] = ["行号", *first, *RESULT_HEADINGS, *behind]
    rejected: list[Out] = [*REJECTED_HEADINGS, *kept]
    writer = _CsvBook if target.suffix.lower() == ".csv" else _XlsxBook
    return writer(target, results, rejected)


def rejected_path(target: Path) -> Path:
    """The file of rejected rows beside a .csv result."""
    return target.with_name(f"{target.stem}.rejected.csv")


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
        self.results.writerow([cell_text(cell) for cell in row])

    def reject(self, row: list[Out]) -> None:
        """One row that could not be read."""
        self.rejects.writerow([cell_text(cell) for cell in row])

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
        for code in FOR_ALL:
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
