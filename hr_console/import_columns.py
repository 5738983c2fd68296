"""A company's sheet as rows to import: its headings, which column is which field, and each row read.

A column that tells who draws dibao is taken out. What it says of somebody comes beside their row, to be set apart until
they agree; a cell that says no status is not kept at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from calculator.fields import InputError, Problem
from hr_console.fields import HISTORY, ROSTER, FieldReader, FindRegion
from people.importing import Import, ImportKind, ImportRow, Incoming, Read, Reader
from people.records import DibaoState
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
#: What a cell is about, by its heading or by itself: whether there is dibao now, not the fringe, amounts, papers or days.
_ABOUT_STATUS: Final = re.compile(r"低保|最低生活保障|dibao")
_ABOUT_OTHER: Final = re.compile(r"边缘|金额|标准|低保金|证|编号|日期|时间|人数|人口|[非未不停终原曾退]")
#: What says that there is none, or not any more for long, or is no status of dibao: nothing of it is kept.
_NONE: Final = re.compile(r"[非未无没否原曾]|不(?!再)|边缘|特困|五保")
#: How a cell says a status; what stands first counts.
_STATUS_WORDS: Final[tuple[tuple[DibaoState, re.Pattern[str]], ...]] = (
    ("ended", re.compile(r"终止|取消|退出|注销|不再|结束")),
    ("suspended", re.compile(r"暂停|停发|缓发")),
    ("applying", re.compile(r"申请|待批|审批|审核")),
    ("receiving", re.compile(r"在领|领取|在册|在保|享受|低保|^(?:是|有|y|yes|√|✓)(?![^\W\d_])")),
)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A sheet that was read: `quarantined` are the headings of columns that were taken out."""

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


def told_status(heading: str, text: str) -> DibaoState | None:
    """The status of dibao that a cell says; None where it says none, or nothing that can be relied on.

    >>> told_status("是否低保", "是，在领"), told_status("低保情况", "停发"), told_status("是否低保", "否")
    ('receiving', 'suspended', None)
    """
    heading, said = (
        normalise_heading(heading),
        re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold(),
    )
    if not _ABOUT_STATUS.search(heading + said) or _ABOUT_OTHER.search(heading) or _NONE.search(said):
        return None
    return next((status for status, words in _STATUS_WORDS if words.search(said)), None)


def _incoming(sheet: Sheet, headings: tuple[str, ...], taken: list[int], at: int) -> Incoming:
    number, row = sheet.rows[at]
    cells = [row[place] if place < len(row) else "" for place in taken]
    lost = {
        count
        for count, (place, cell) in enumerate(zip(taken, cells, strict=True))
        if has_lost_digits(cell) and (not isinstance(cell, str) or is_id_like(headings[place]))
    }
    told = (
        told_status(heading, plain_text(row[place]))
        for place, heading in enumerate(headings)
        if place < len(row) and place not in taken
    )
    dibao = next((status for status in told if status is not None), None)
    return Incoming(number, tuple(plain_text(cell) for cell in cells), frozenset(lost), dibao)
