"""The sheet of the lines that are to be asked for: which counties lack one, and what somebody filled in.

It is made from the home counties of every employee, whoever they are, so that it says nothing about anybody's dibao.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from calculator.case import Area
from calculator.fields import parse_day
from locales import N_
from policy_kb.divisions import NATION
from policy_kb.library import Library
from policy_kb.lines import find_line
from policy_kb.sheets import Cell, Sheet, date_text, normalise_heading, plain_text, refuse

AREAS: Final[Mapping[Area, str]] = {"urban": N_("城镇"), "rural": N_("农村")}
#: The columns, in their order. They stay Chinese: it is by them that the sheet is known when it comes back.
HEADINGS: Final[Mapping[str, str]] = {
    "region": "区划代码",
    "name": "县（市、区）",
    "area": "城乡",
    "amount": "低保标准（元/月）",
    "from": "执行日期",
    "where": "网址",
    "document": "文号",
    "asked_by": "问的人",
    "asked_on": "问的日期",
}
#: What a figure is not taken without; the rest of a row says who asked.
NEEDED: Final = ("from", "where", "document")
_DAYS: Final = ("from", "asked_on")
_HEADING_WITHIN: Final = 20


@dataclass(frozen=True, slots=True)
class ToFill:
    """A county, and a kind of household, for which no line gives a verdict."""

    region: str
    name: str
    area: Area


def lines_to_fill(library: Library, homes: Iterable[tuple[str, str]], on: date) -> tuple[ToFill, ...]:
    """The lines that lack on a day for these homes, each once. A home is a region and an area; both areas lack where the
    area is not known."""
    wanted = {(region, each) for region, area in homes if region for each in AREAS if area in ("", each)}
    names = library.divisions
    return tuple(
        ToFill(region, names.full_name(region) or names.name(region), area)
        for region, area in sorted(wanted, key=lambda each: (each[0], list(AREAS).index(each[1])))
        if region in names and region != NATION and not _is_usable(library, region, area, on)
    )


def _is_usable(library: Library, region: str, area: Area, on: date) -> bool:
    line = find_line(library.regions, library.divisions, region, area, on, on)
    return line.amount is not None and not line.stale


def filled_rows(sheet: Sheet) -> list[tuple[str, dict[str, str]]] | None:
    """The rows that somebody filled in, as rows of figures; None where the sheet is another one. Raises `InputError`.

    What has no amount is left out: nobody has asked there yet. Both areas of a county out of one document are one row.
    """
    found = _headings(sheet)
    if found is None:
        return None
    index, columns = found
    rows: dict[tuple[str, ...], tuple[str, dict[str, str]]] = {}
    for number, cells in sheet.rows[index + 1 :]:
        row = {name: _text(name, cells, place) for name, place in columns.items()}
        if not row["amount"]:
            continue
        where = f"第 {number} 行"
        made = _figure(where, row)
        known = (made["region"], *(made[name] for name in NEEDED))
        area = _area(where, row["area"])
        _, kept = rows.setdefault(known, (where, made))
        if area in kept:
            raise refuse(f"{where}：{row['name']}{AREAS[area]}填了两次", HEADINGS["area"])
        kept[area] = row["amount"]
    if not rows:
        raise refuse("还没有填任何一行的低保标准", HEADINGS["amount"])
    return list(rows.values())


def _headings(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    """The index of the row of headings and the place of every column."""
    wanted = {normalise_heading(heading): name for name, heading in HEADINGS.items()}
    for index, (_, row) in enumerate(sheet.rows[:_HEADING_WITHIN]):
        columns = {
            wanted[text]: place
            for place, cell in enumerate(row)
            if (text := normalise_heading(cell)) in wanted
        }
        if columns.keys() == HEADINGS.keys():
            return index, columns
    return None


def _text(name: str, cells: tuple[Cell, ...], place: int) -> str:
    cell = cells[place] if place < len(cells) else ""
    return date_text(cell) if name in _DAYS else plain_text(cell).strip()


def _figure(where: str, row: Mapping[str, str]) -> dict[str, str]:
    """A row in the fields of `figure_rows`, still without its amount."""
    for name in NEEDED:
        if not row[name]:
            raise refuse(f"{where}：没有填“{HEADINGS[name]}”", HEADINGS[name])
    for name in _DAYS:
        if row[name] and not _is_day(row[name]):
            raise refuse(f"{where}：“{HEADINGS[name]}”要填日期，写成 2026-07-01", HEADINGS[name])
    figure = {
        "region": row["region"],
        "title": f"{row['name']}最低生活保障标准",
        **{name: row[name] for name in NEEDED},
    }
    if row["asked_by"] or row["asked_on"]:
        asked = (row["asked_by"], f"于 {row['asked_on']}" if row["asked_on"] else "")
        figure["note"] = f"{' '.join(filter(None, asked))} 问到并核对。"
    return figure


def _is_day(text: str) -> bool:
    try:
        parse_day(text)
    except ValueError:
        return False
    return True


def _area(where: str, text: str) -> Area:
    area = next((each for each, word in AREAS.items() if word == text), None)
    if area is None:
        raise refuse(f"{where}：“{HEADINGS['area']}”要填城镇或农村", HEADINGS["area"])
    return area
