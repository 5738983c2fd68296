"""Spreadsheets as people make them: CSV in any of the usual encodings, XLSX and XLS, hostile ones refused in words.

What a cell says is read as text: amounts, rates, days and numbers that are names.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

import python_calamine

from calculator.fields import InputError, Problem

#: What a cell of a sheet holds; "" where it is blank.
Cell: TypeAlias = str | int | float | bool | date | timedelta

MOST_COLUMNS: Final = 500
_HEADING_WITHIN: Final = 20
#: Unpacked bytes that may be any number of times the file.
_SMALL: Final = 20 * 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a sheet may be: bytes of the file, and of what it unpacks to; how many times the file that may be, where
    it is more than a few megabytes; rows; cells of the full rectangle."""

    file: int = 200 * 2**20
    unpacked: int = 2**30
    ratio: int = 1000
    rows: int = 1_000_000
    cells: int = 20_000_000


#: For a sheet on this computer, which nobody else waits for.
AT_HOME: Final = Limits()


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a sheet with the numbers that a spreadsheet program shows beside them; blank rows are left out."""

    rows: tuple[tuple[int, tuple[Cell, ...]], ...]


def refuse(message: str, name: str = "文件") -> InputError:
    """What is wrong with a file or a column, in one sentence for the person who made it."""
    return InputError(Problem("not_allowed", name, expects="file", choices=(message,)))


def read_sheet(path: Path) -> Sheet:
    """The first sheet of a .csv, .xlsx or .xls file that holds anything. Raises `InputError` where it cannot be read.

    What the file is, its content decides, not its name.
    """
    try:
        if path.stat().st_size > AT_HOME.file:
            raise _too_large(AT_HOME)
        data = path.read_bytes()
    except OSError as error:
        raise refuse(f"打不开 {path}：{error.strerror}") from error
    return read_table(data)


def read_table(data: bytes, limits: Limits = AT_HOME) -> Sheet:
    """The sheet in the bytes of a file. Raises `InputError`."""
    if len(data) > limits.file:
        raise _too_large(limits)
    if not data:
        raise refuse("文件是空的")
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        _refuse_hostile(data, limits)
        rows = _read_workbook(data)
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        rows = _read_workbook(data)
    else:
        rows = _read_text(data)
    kept = tuple((number, row) for number, row in rows if any(cell != "" for cell in row))
    if not kept:
        raise refuse("表是空的")
    if len(kept) > limits.rows:
        raise refuse(f"行数太多（上限 {limits.rows}）")
    return Sheet(kept)


def _too_large(limits: Limits) -> InputError:
    return refuse(f"文件太大（上限 {limits.file // 2**20} MB）")


def _read_text(data: bytes) -> list[tuple[int, tuple[Cell, ...]]]:
    text = _decode(data)
    start = text.lstrip()[:1]
    if start == "<":
        raise refuse("这是网页格式的表，请在 Excel 里另存为 .xlsx 再导入")
    if start in "{[" and start:
        raise refuse("这不是表格，要 .csv、.xlsx 或 .xls")
    lines = text.split("\n", 1)
    told = re.fullmatch(r"sep=(.)\r?", lines[0])
    if told and len(lines) == 2:
        text = lines[1]
    delimiter = told[1] if told else _delimiter(text)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise refuse(f"CSV 读不懂：{error}") from error
    first = 2 if told else 1
    return [
        (number, tuple(_undo_defused(cell.strip()) for cell in row)) for number, row in enumerate(rows, first)
    ]


def _decode(data: bytes) -> str:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ("utf-16",) if wide else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise refuse("认不出文字编码，请存成 UTF-8 或 GB18030 的 CSV，或 .xlsx")


def _delimiter(text: str) -> str:
    """The separator of the first line that has any."""
    for line in text.splitlines()[:_HEADING_WITHIN]:
        counts = {mark: line.count(mark) for mark in ",;\t"}
        best = max(counts, key=lambda mark: counts[mark])
        if counts[best]:
            return best
    return ","


_FORMULA_START: Final = "=+-@＝＋－＠"


def starts_formula(text: str) -> bool:
    """Whether a spreadsheet program could take a cell for a formula; a plain negative number is none."""
    if re.fullmatch(r"-\d+(\.\d+)?", text, re.ASCII):
        return False
    return text[:1] in ("\t", "\r", "\n") or text.lstrip()[:1] in tuple(_FORMULA_START)


def _undo_defused(text: str) -> str:
    return text[1:] if text.startswith("'") and starts_formula(text[1:]) else text


_CELL: Final = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*>')


def _refuse_hostile(data: bytes, limits: Limits) -> None:
    """Refuse what would not fit into memory: the reader lays a sheet out as a full rectangle."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            unpacked = sum(info.file_size for info in archive.infolist())
            if unpacked > min(limits.unpacked, max(_SMALL, limits.ratio * len(data))):
                raise refuse("文件解开后太大")
            if "xl/workbook.xml" not in names:
                raise refuse("这不是 .xlsx 工作簿，请另存为 .xlsx 再导入")
            for name in names:
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    with archive.open(name) as member:
                        _refuse_wide(member, limits)
    except InputError:
        raise
    except Exception as error:  # a damaged archive fails in as many ways as it has parts
        raise refuse("文件损坏，打不开") from error


def _refuse_wide(member: Any, limits: Limits) -> None:
    last_row = last_column = 0
    rest = b""
    while chunk := member.read(2**20):
        text = rest + chunk
        for match in _CELL.finditer(text):
            if not match[0].endswith(b"/>"):
                last_row = max(last_row, int(match[2]))
                last_column = max(last_column, _column_number(match[1]))
        rest = text[max(text.rfind(b"<"), len(text) - 4096) :] if b"<" in text[-4096:] else b""
    if last_row > limits.rows or last_column > MOST_COLUMNS or last_row * last_column > limits.cells:
        raise refuse(f"表太大：用到了第 {last_row} 行、第 {last_column} 列。请删掉表外的内容再导入")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _read_workbook(data: bytes) -> list[tuple[int, tuple[Cell, ...]]]:
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        for meta in book.sheets_metadata:
            if meta.visible == python_calamine.SheetVisibleEnum.Visible:
                rows = book.get_sheet_by_name(meta.name).to_python(skip_empty_area=False)
                if rows:
                    return [
                        (number, tuple(_cell(cell) for cell in row)) for number, row in enumerate(rows, 1)
                    ]
    except python_calamine.PasswordError as error:
        raise refuse("文件有密码，请去掉密码再导入") from error
    except Exception as error:
        raise refuse("文件损坏，打不开") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what a fault inside the reader arrives as
            raise
        raise refuse("文件损坏，打不开") from error
    return []


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    if isinstance(value, bool | int | float | date | timedelta):
        return value
    return str(value)


def plain_text(value: Cell) -> str:
    """A cell as text: a number with the fifteen digits that a spreadsheet keeps, a whole one without decimals.

    >>> plain_text(3500.1), plain_text(320500.0), plain_text(date(2026, 10, 15))
    ('3500.1', '320500', '2026-10-15')
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        number = Decimal(f"{value:.15g}")
        return format(number.quantize(Decimal(1)) if number == number.to_integral_value() else number, "f")
    return str(value)


_NOISE: Final = re.compile(
    r"[(\[【{](?:元|人民币|元[/每]?[人月]*|元/人[·.]?月|月|rmb|cny|yuan|必填|选填|可空|可不填|%|人|个)[)\]】}]"
)


def normalise_heading(cell: Cell) -> str:
    """A heading without width, case, spaces, brackets and units.

    >>> normalise_heading(" 工资 （元/月）*"), normalise_heading("Base_Wage")
    ('工资', 'basewage')
    """
    text = unicodedata.normalize("NFKC", plain_text(cell)).casefold()
    text = re.sub(r"[\s_*:·、.\-]", "", text)
    text = _NOISE.sub("", text)
    return re.sub(r"/?元(/月)?$", "", re.sub(r"[()\[\]【】{}]", "", text))


def find_headings(sheet: Sheet, names: Mapping[str, str], least: int = 2) -> tuple[int, tuple[str, ...]]:
    """The index of the row that looks most like headings, and all headings as written. Titles above are skipped."""
    best: tuple[int, int] = (0, 0)
    for index, (_, row) in enumerate(sheet.rows[:_HEADING_WITHIN]):
        known = sum(normalise_heading(cell) in names for cell in row)
        if known > best[1]:
            best = index, known
        if known >= least:
            break
    return best[0], tuple(plain_text(cell) for cell in sheet.rows[best[0]][1])


def find_columns(
    sheet: Sheet, names: Mapping[str, str], least: int = 2
) -> tuple[int, tuple[str, ...], dict[str, int]]:
    """Where the headings are: index of their row, all headings as written, and the column of each recognised field.

    `names` maps normalised headings to fields. Titles above are skipped. Raises `InputError` where two columns
    claim one field; gives an empty dictionary where nothing is recognised.
    """
    index, headings = find_headings(sheet, names, least)
    columns: dict[str, int] = {}
    for position, heading in enumerate(headings):
        name = names.get(normalise_heading(heading))
        if name is None:
            continue
        if name in columns:
            other = headings[columns[name]]
            raise refuse(f"“{other}”和“{heading}”是同一项，只留一列", heading)
        columns[name] = position
    return index, headings, columns


def amount_text(text: str) -> str:
    """A yuan amount as people write it, without currency sign, width, thousands commas and 元.

    >>> amount_text("￥３，５００.00元")
    '3500.00'
    """
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    text = re.sub(r"(?i)^(?:¥|rmb|cny)|(?:元|元/月|rmb|cny)$", "", text)
    return text.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text) else text


def rate_text(text: str) -> str:
    """A rate as a decimal: "8%" is 0.08; anything else is left for the reader to judge.

    >>> rate_text("8％"), rate_text("0.078")
    ('0.08', '0.078')
    """
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,4})?)%", text, re.ASCII)
    return format((Decimal(match[1]) / 100).normalize(), "f") if match else text


def date_text(value: Cell) -> str:
    """A day in ISO form from the ways people and spreadsheets write one; else the text as it is.

    >>> date_text("2026年10月"), date_text(46310.0), date_text("2026/1/5")
    ('2026-10-01', '2026-10-15', '2026-01-05')
    """
    day = value.date() if isinstance(value, datetime) else value
    text = unicodedata.normalize("NFKC", plain_text(day)).strip()
    if re.fullmatch(r"[34567]\d{4}", text, re.ASCII):  # a day as a spreadsheet counts it: 1982 to 2119
        return (date(1899, 12, 30) + timedelta(days=int(text))).isoformat()
    match = re.fullmatch(
        r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?(?:[ T]00:00(?::00)?)?", text, re.ASCII
    )
    match = match or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text, re.ASCII)
    return f"{match[1]}-{int(match[2]):02d}-{int(match[3] or 1):02d}" if match else text
