"""A company's sheet as rows to import: its headings, which column is which field, and each row read.

A column that tells who draws dibao is taken out before anything is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from calculator.fields import InputError, Problem
from hr_console.fields import HISTORY, ROSTER, FieldReader, FindRegion
from people.importing import Import, ImportKind, ImportRow, Incoming, Read, Reader
from policy_kb.headings import has_lost_digits, heading_names, is_about_dibao, is_id_like
from policy_kb.sheets import Limits, Sheet, find_headings, normalise_heading, plain_text, read_table, refuse

#: What a sheet that is uploaded may be.
UPLOADED: Final = Limits(
    file=10 * 2**20, unpacked=200 * 2**20, ratio=100, rows=20_000, cells=4_000_000
)  # fmt: skip
FIELDS: Final[Mapping[ImportKind, tuple[str, ...]]] = {"roster": ROSTER, "history": HISTORY}
#: Fields without which a sheet says nothing, and those that may hold for all of its rows.
NEEDED: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    "roster": ("number",),
    "history": ("number", "month", "wage"),
}
FOR_ALL: Final[Mapping[ImportKind, tuple[str, ...]]] = {"roster": ("region",), "history": ("month",)}


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A sheet that was read: `quarantined` are the headings of columns that were left outside."""

    headings: tuple[str, ...]
    rows: tuple[Incoming, ...] = field(repr=False)
    quarantined: tuple[str, ...]


def read_upload(kind: ImportKind, data: bytes) -> Uploaded:
    """The rows of an uploaded file. Raises `InputError`."""
    sheet = read_table(data, UPLOADED)
    index, headings = find_headings(sheet, heading_names(FIELDS[kind]))
    if index + 1 >= len(sheet.rows):
        raise refuse("表里只有一行，没有可以导入的内容")
    width = max(len(row) for _, row in sheet.rows[index:])
    headings = (*headings, *[""] * (width - len(headings)))
    taken = [place for place in range(width) if not is_about_dibao(headings[place])]
    return Uploaded(
        headings=tuple(headings[place] for place in taken),
        rows=tuple(_incoming(sheet, headings, taken, at) for at in range(index + 1, len(sheet.rows))),
        quarantined=tuple(each for each in headings if is_about_dibao(each)),
    )


def guess(kind: ImportKind, headings: tuple[str, ...]) -> dict[str, int]:
    """Which column is which field by what the headings say; the first of several that say the same."""
    names = heading_names(FIELDS[kind])
    columns: dict[str, int] = {}
    for place, heading in enumerate(headings):
        name = names.get(normalise_heading(heading))
        if name is not None:
            columns.setdefault(name, place)
    return columns


def make_reader(find_region: FindRegion) -> Reader:
    """What reads a row by the columns that were chosen. A place that was found once is not looked for again."""
    fields = FieldReader(_remembering(find_region))

    def read(it: Import, row: ImportRow) -> Read:
        cells = {name: _cell(row, place) for name, place in it.columns.items()}
        lost = [name for name, place in it.columns.items() if place in row.lost]
        texts = {name: text for name, text in cells.items() if text and name not in lost}
        told = fields.read({**it.defaults, **texts})
        problems = (Problem("not_allowed", name, "digits_lost") for name in lost)
        return Read(told.values, (*problems, *told.problems))

    return read


def _cell(row: ImportRow, place: int) -> str:
    return row.cells[place].strip() if place < len(row.cells) else ""


def _remembering(find_region: FindRegion) -> FindRegion:
    @cache
    def found(text: str) -> str | InputError:
        try:
            return find_region(text)
        except InputError as error:
            return error

    def find(text: str) -> str:
        region = found(text)
        if isinstance(region, InputError):
            raise region
        return region

    return find


def _incoming(sheet: Sheet, headings: tuple[str, ...], taken: list[int], at: int) -> Incoming:
    number, row = sheet.rows[at]
    cells = [row[place] if place < len(row) else "" for place in taken]
    lost = {
        count
        for count, (place, cell) in enumerate(zip(taken, cells, strict=True))
        if has_lost_digits(cell) and (not isinstance(cell, str) or is_id_like(headings[place]))
    }
    return Incoming(number, tuple(plain_text(cell) for cell in cells), frozenset(lost))
