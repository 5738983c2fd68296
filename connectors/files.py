"""Where a system has no interface: the same contracts from CSV and XLSX, uploaded or laid into a folder.

A `Form` says which column is which field; whoever keeps it remembers it. A sheet is taken whole or not at all: what is wrong
is `Nonsense("row_7:wage.gross:not_a_amount")`, with the row as a spreadsheet program counts it. What goes out is a file in the
columns of the other side's own blank; it is pending until their receipt has come back.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

import xlsxwriter

from calculator.fields import InputError
from calculator.money import format_yuan
from connectors.civil_affairs import CHANGE
from connectors.outside.connection import Wire
from connectors.outside.paging import distinct
from connectors.outside.records import Field, Mapped, Shape
from connectors.payroll import WAGE, check_deductions
from connectors.receipts import RECEIPT_LINE
from connectors.social_insurance import CONFIRMED, DECLARED_LINE, ENROLMENT, STATEMENT_LINE
from people.outside import (
    BaseChange,
    ChangePage,
    CivilAffairs,
    ConfirmedAmount,
    ConfirmedAmounts,
    Declaration,
    Deduction,
    Enrolment,
    Nonsense,
    Payroll,
    Receipt,
    ReceiptLine,
    ReceiptState,
    SocialInsurance,
    Statement,
    StatementLine,
    StatusChange,
    Tokens,
    Unreachable,
    Wage,
    Wages,
    refuse_unlawful,
)
from policy_kb.sheets import (
    Cell,
    Limits,
    Sheet,
    amount_text,
    date_text,
    find_headings,
    normalise_heading,
    plain_text,
    read_table,
    starts_formula,
)

#: A sheet of a company's people.
LIMITS: Final = Limits(file=20 * 2**20, unpacked=200 * 2**20, ratio=200, rows=200_000, cells=5_000_000)
#: Seconds for which a file must not have changed: whoever lays it there may not be done. The clock of their computer may be
#: ahead by a little.
SETTLED: Final = 5.0
AHEAD: Final = 60.0
_SUFFIXES: Final = (".csv", ".xlsx", ".xls")
#: From here on a number in a cell has lost digits.
_LOST: Final = 10**15
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of sheet. `columns` says which heading each field of ours has; `codes`, which word of theirs is which of ours.
    `blank` is the headings of what goes out, in order, those included that nothing is written under. Rows that begin with one
    of the words in `skip`, such as 合计, are left out."""

    columns: Mapping[str, str]
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    blank: tuple[str, ...] = ()
    kind: Literal["csv", "xlsx"] = "xlsx"
    amounts: Literal["yuan", "fen"] = "yuan"
    zone: str = "+08:00"
    skip: tuple[str, ...] = ()


# -- a sheet -----------------------------------------------------------------------------------------------------------


def headings_of(data: bytes) -> tuple[str, ...]:
    """The headings of a sheet, for whoever maps them. Raises `Nonsense`."""
    sheet = _sheet(data)
    return find_headings(sheet, {})[1]


def read_rows(data: bytes, name: str, shape: Shape, form: Form) -> list[dict[str, Any]]:
    """Every row as a record of ours. Raises `Nonsense`, naming the row, and `ValueError` for a form that does not fit."""
    mapped = Mapped(
        name,
        shape,
        Wire({}, {name: {ours: ours for ours in form.columns}}, form.codes, form.amounts, form.zone),
    )
    sheet = _sheet(data)
    names = {normalise_heading(heading): ours for ours, heading in form.columns.items()}
    start, headings = find_headings(sheet, names)
    places = _places(name, names, headings)
    records = []
    for number, row in sheet.rows[start + 1 :]:
        if next((plain_text(cell) for cell in row if cell != ""), "") in form.skip:
            continue
        cells = {ours: row[place] if place < len(row) else "" for ours, place in places.items()}
        try:
            records.append(
                mapped.read(
                    {ours: _plain(shape[ours], cell, f"{name}.{ours}") for ours, cell in cells.items()}
                )
            )
        except Nonsense as error:
            raise Nonsense(f"row_{number}:{error.code}", value=error.value) from None
    return records


def write_rows(form: Form, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A sheet in the columns of the form, as text throughout: nothing in it is taken for a formula or for a number."""
    headings = form.blank or tuple(form.columns.values())
    ours = {heading: name for name, heading in form.columns.items()}
    lines = [[_cell(form, row.get(ours.get(heading, ""), "")) for heading in headings] for row in rows]
    return _csv([[*headings], *lines]) if form.kind == "csv" else _xlsx([[*headings], *lines])


def _places(name: str, names: Mapping[str, str], headings: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, heading in enumerate(headings):
        ours = names.get(normalise_heading(heading))
        if ours is None:
            continue
        if ours in places:
            raise Nonsense(f"{name}.{ours}:two_columns")
        places[ours] = place
    for ours in names.values():
        if ours not in places:
            raise Nonsense(f"{name}.{ours}:no_column")
    return places


def _plain(field: Field, cell: Cell, where: str) -> str:
    if isinstance(cell, float | int) and abs(cell) >= _LOST:
        raise Nonsense(f"{where}:lost_digits")
    if field.kind == "amount":
        return amount_text(plain_text(cell))
    return date_text(cell) if field.kind in ("day", "month") else plain_text(cell)


def _sheet(data: bytes) -> Sheet:
    try:
        return read_table(data, LIMITS)
    except InputError:
        raise Nonsense("file:unreadable") from None


def _cell(form: Form, value: Any) -> str:
    if isinstance(value, int):
        return format_yuan(value) if form.amounts == "yuan" else str(value)
    return f"{value:%Y-%m}" if isinstance(value, date) else str(value)


def _csv(lines: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(
        [f"'{cell}" if starts_formula(cell) else cell for cell in line] for line in lines
    )
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _xlsx(lines: Iterable[Sequence[str]]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate(lines):
            for place, cell in enumerate(line):
                if cell:
                    sheet.write_string(number, place, cell)
    return made.getvalue()


# -- what a sheet says -------------------------------------------------------------------------------------------------

#: Rows have a reference of their own or are known by what they say.
_NAMELESS: Final[Shape] = {"reference": Field("text", may_miss=True)}
WAGE_ROW: Final[Shape] = {**WAGE, **_NAMELESS}
CHANGE_ROW: Final[Shape] = {**CHANGE, **_NAMELESS}
CONFIRMED_ROW: Final[Shape] = {**CONFIRMED, **_NAMELESS}
#: One line of a receipt; the reference where one file answers several.
RECEIPT_ROW: Final[Shape] = {**RECEIPT_LINE, **_NAMELESS}
STATEMENT_ROW: Final[Shape] = {**STATEMENT_LINE, "month": Field("month")}


def read_wages(data: bytes, form: Form, source: str, month: date) -> tuple[Wage, ...]:
    """The wages of a month; rows of other months are another month's. Raises `Nonsense`."""
    rows = [each for each in read_rows(data, "wage", WAGE_ROW, form) if each["month"] == month]
    return tuple(Wage(source, **each) for each in _once_each("wage", rows, ("person",)))


def read_changes(data: bytes, form: Form, source: str, tokens: Tokens) -> tuple[StatusChange, ...]:
    """Changes of dibao. The column of the person holds what `tokens` makes a token of. Raises `Nonsense`."""
    rows = read_rows(data, "change", CHANGE_ROW, form)
    for each in rows:
        each["person"] = tokens.of(each["person"], each["person"])
        each["reason"] = each["reason"] or ""
    return tuple(StatusChange(source, **each) for each in _once_each("change", rows, ()))


def read_confirmed(data: bytes, form: Form, source: str, month: date) -> tuple[ConfirmedAmount, ...]:
    """The amounts of a month. Raises `Nonsense`."""
    rows = [each for each in read_rows(data, "confirmed", CONFIRMED_ROW, form) if each["month"] == month]
    return tuple(
        ConfirmedAmount(source, **each) for each in _once_each("confirmed", rows, ("person", "insurance"))
    )


def read_statement(data: bytes, form: Form, source: str, month: date) -> Statement | None:
    """The statement of a month, its totals those of its lines; None where the sheet has none. Raises `Nonsense`."""
    rows = [each for each in read_rows(data, "statement", STATEMENT_ROW, form) if each["month"] == month]
    if not rows:
        return None
    lines = tuple(
        StatementLine(each["person"], each["base"], each["employee"], each["employer"])
        for each in distinct(rows, "person").values()
    )
    totals = sum(each.employee for each in lines), sum(each.employer for each in lines)
    return Statement(source, _digest(data), month, lines, *totals)


def read_receipt(data: bytes, form: Form, source: str, reference: str, people: Collection[str]) -> Receipt:
    """What came of what went out under `reference`: whoever is not named is still pending. Raises `Nonsense`.

    A sheet that has references answers those of its rows; one that has none answers what it was handed in for.
    """
    rows = [
        {name: value for name, value in each.items() if name != "reference"}
        for each in read_rows(data, "receipt_line", RECEIPT_ROW, form)
        if each["reference"] in (None, reference)
    ]
    said = distinct(rows, "person")
    if not set(said) <= set(people):
        raise Nonsense("receipt.lines:not_those_handed_in")
    lines = tuple(
        ReceiptLine(each, said[each]["state"], said[each]["reason"] or "")
        if each in said
        else ReceiptLine(each, "pending")
        for each in people
    )
    states = {each.state for each in lines}
    whole: ReceiptState = (
        "pending" if "pending" in states else "accepted" if "accepted" in states else "rejected"
    )
    return Receipt(source, reference, whole, lines[0].reason if len(lines) == 1 else "", lines)


def _once_each(name: str, rows: Iterable[dict[str, Any]], key: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows with their references, each once; `key` is what only one row may be about."""
    for each in rows:
        said = "|".join(f"{field}={value}" for field, value in sorted(each.items()) if field != "reference")
        each["reference"] = each["reference"] or hashlib.sha256(said.encode()).hexdigest()[:32]
    found = list(distinct(rows, "reference").values())
    if key and len({tuple(each[part] for part in key) for each in found}) < len(found):
        raise Nonsense(f"{name}:contradiction")
    return found


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# -- a folder ----------------------------------------------------------------------------------------------------------


class Folder:
    """Where files are laid, and where ours are written. `clock` tells seconds since 1970, as the files' own times do."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock

    def files(self) -> tuple[tuple[str, bytes], ...]:
        """The stems and contents of all sheets that have settled, the newest first. Raises `Unreachable` where the folder or a
        file cannot be read: what is missing for a moment is not taken for gone."""
        now = self._clock()
        try:
            found = [(each.stat().st_mtime, each) for each in self._path.iterdir() if _is_sheet(each)]
            return tuple(
                (each.stem, each.read_bytes())
                for changed, each in sorted(found, reverse=True)
                if not -AHEAD <= now - changed < SETTLED
            )
        except OSError:
            raise Unreachable("folder") from None

    def write(self, name: str, form: Form, rows: Sequence[Mapping[str, Any]]) -> None:
        """A file of that name, in one step; nothing where it is there already. Raises `Nonsense` where it is there and says
        something else, `Unreachable` where the folder cannot be written."""
        if not _NAME.fullmatch(name):
            raise ValueError("a reference that is no name of a file")
        target = self._path / f"{name}.{form.kind}"
        data = write_rows(form, rows)
        try:
            if target.exists():
                if read_table(target.read_bytes()) != read_table(data):
                    raise Nonsense("folder:other_content")
                return
            _place(target, data)
        except OSError:
            raise Unreachable("folder") from None


def _is_sheet(path: Path) -> bool:
    """Whether it is a sheet, and none that a program keeps beside one that is open."""
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(("~", ".")) and path.is_file()


def _place(target: Path, data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", suffix=".part", delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(target)


class FileCivilAffairs(CivilAffairs):
    """Civil affairs' lists, laid into a folder. Every list that is there is read each time; `cursor` says which they were."""

    def __init__(self, source: str, folder: Folder, form: Form, tokens: Tokens) -> None:
        self._source, self._folder, self._form, self._tokens = source, folder, form, tokens

    def changes(self, cursor: str, people: Collection[str]) -> ChangePage:
        if not people:
            return ChangePage((), cursor)
        files = [data for _, data in self._folder.files()]
        then = _digest("".join(sorted(map(_digest, files))).encode())
        if cursor == then:
            return ChangePage((), cursor)
        read: dict[str, StatusChange] = {}
        for data in files:
            for each in read_changes(data, self._form, self._source, self._tokens):
                if read.setdefault(each.reference, each) != each:
                    raise Nonsense("list:contradiction")
        known = [each for each in read.values() if each.person in frozenset(people)]
        known.sort(key=lambda each: (each.told_at, each.reference))
        return ChangePage(tuple(known), then, strangers=len(read) - len(known))


class FilePayroll(Payroll):
    """Payroll's sheets: wages from one folder, of each month those of the newest file that has any; deductions into another."""

    def __init__(
        self, source: str, wages: Folder, deductions: Folder, receipts: Folder, forms: Mapping[str, Form]
    ) -> None:
        """`forms`: wages, deductions, receipts."""
        self._source, self._wages, self._deductions = source, wages, deductions
        self._receipts, self._forms = receipts, forms

    def wages(self, month: date, version: str = "") -> Wages:
        for _, data in self._wages.files():
            if found := read_wages(data, self._forms["wages"], self._source, month):
                same = _digest(data) == version
                return Wages(month, () if same else found, _digest(data), same)
        return Wages(month, ())

    def deduct(self, reference: str, month: date, deductions: Sequence[Deduction]) -> Receipt:
        check_deductions(deductions)
        rows = [
            {"reference": reference, "month": month, "person": each.person, "amount": each.amount}
            for each in deductions
        ]
        self._deductions.write(reference, self._forms["deductions"], rows)
        people = [each.person for each in deductions]
        return _receipt(self._receipts, self._forms["receipts"], self._source, reference, people)


class FileSocialInsurance(SocialInsurance):
    """The portal's own sheets: what is handed in goes into one folder in the portal's columns, receipts, amounts and
    statements come from another each. Nothing is declared until its receipt says so."""

    def __init__(self, source: str, folders: Mapping[str, Folder], forms: Mapping[str, Form]) -> None:
        """Both by enrol, change_base, declare, receipts, confirmed and statement."""
        self._source, self._folders, self._forms = source, folders, forms

    def enrol(self, enrolment: Enrolment) -> Receipt:
        refuse_unlawful(enrolment)
        row = {name: getattr(enrolment, name) for name in ENROLMENT}
        return self._hand_in("enrol", enrolment.reference, [row])

    def change_base(self, change: BaseChange) -> Receipt:
        refuse_unlawful(change)
        row = {
            "reference": change.reference,
            "person": change.person,
            "starts": change.starts,
            "base": change.base,
        }
        return self._hand_in("change_base", change.reference, [row])

    def declare(self, declaration: Declaration) -> Receipt:
        refuse_unlawful(*declaration.lines)
        common = {"reference": declaration.reference, "month": declaration.month}
        rows = [
            {**common, **{name: getattr(each, name) for name in DECLARED_LINE}} for each in declaration.lines
        ]
        if not rows or len({each["person"] for each in rows}) < len(rows):
            raise ValueError("a declaration names each person once")
        return self._hand_in("declare", declaration.reference, rows)

    def confirmed(self, month: date, version: str = "") -> ConfirmedAmounts:
        for _, data in self._folders["confirmed"].files():
            if found := read_confirmed(data, self._forms["confirmed"], self._source, month):
                same = _digest(data) == version
                return ConfirmedAmounts(month, () if same else found, _digest(data), same)
        return ConfirmedAmounts(month, ())

    def statement(self, month: date) -> Statement | None:
        for _, data in self._folders["statement"].files():
            if found := read_statement(data, self._forms["statement"], self._source, month):
                return found
        return None

    def _hand_in(self, kind: str, reference: str, rows: Sequence[Mapping[str, Any]]) -> Receipt:
        self._folders[kind].write(reference, self._forms[kind], rows)
        people = [str(each["person"]) for each in rows]
        return _receipt(self._folders["receipts"], self._forms["receipts"], self._source, reference, people)


def _receipt(folder: Folder, form: Form, source: str, reference: str, people: Sequence[str]) -> Receipt:
    """The receipt as far as it has come: of the newest file that speaks of the reference, by its rows or its name."""
    for stem, data in folder.files():
        if "reference" not in form.columns and stem != reference:
            continue
        rows = read_rows(data, "receipt_line", RECEIPT_ROW, form)
        if any(each["reference"] in (None, reference) for each in rows):
            return read_receipt(data, form, source, reference, people)
    lines = tuple(ReceiptLine(each, "pending") for each in people)
    return Receipt(source, reference, "pending", "", lines)
