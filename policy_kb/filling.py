"""The sheet of the lines that are to be asked for: which counties lack one, and what somebody filled in.

It is made from the home counties of every employee, whoever they are, so that it says nothing about anybody's dibao. Of two
records of a line only the later counts, whatever it leaves out: both kinds of household stand in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from calculator.case import Area
from calculator.fields import parse_day
from calculator.money import format_yuan
from locales import N_
from policy_kb.divisions import NATION
from policy_kb.figure_rows import source_data
from policy_kb.library import Library
from policy_kb.lines import find_line, line_key
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
NEEDED: Final = ("amount", "from", "where", "document")
#: What HR fills in; where all of it is empty nobody has asked yet.
_FILLED: Final = (*NEEDED, "asked_by", "asked_on")
#: One figure for both kinds of household, where a county has that.
_UNIFIED: Final = ("城乡统一", "城乡", "统一")
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

    A row in which nothing was filled in is left out: nobody has asked there yet.
    """
    found = _headings(sheet)
    if found is None:
        return None
    index, columns = found
    rows: dict[tuple[str, str], tuple[str, dict[str, str]]] = {}
    for number, cells in sheet.rows[index + 1 :]:
        row = {name: _text(name, cells, place) for name, place in columns.items()}
        if not any(row[name] for name in _FILLED):
            continue
        where = f"第 {number} 行"
        made = _figure(where, row)
        area = _area(where, row["area"])
        if (row["region"], area) in rows:
            raise refuse(f"{where}：{row['name']}{row['area']}填了两次", HEADINGS["area"])
        rows[row["region"], area] = where, made | {area: row["amount"]}
    if not rows:
        raise refuse("还没有填任何一行的低保标准", HEADINGS["amount"])
    return list(rows.values())


def side_by_side(library: Library, data: dict[str, dict[str, Any]], today: date) -> dict[str, dict[str, Any]]:
    """Region data of filled rows with one line a county: that of both kinds of household from one day, and beside one kind
    what is on record for the other from that day, each with its sources. Raises `InputError` for two days."""
    for region, part in data.items():
        line, *others = part["lines"]
        for other in others:
            line = _with_other(line, other, library.divisions.name(region))
        part["lines"] = [_with_recorded(library, region, line, part["sources"], today)]
    return data


def _with_other(line: dict[str, Any], other: dict[str, Any], name: str) -> dict[str, Any]:
    if line["from"] != other["from"]:
        raise refuse(
            f"{name}城镇和农村的“{HEADINGS['from']}”不一样（{line['from']}、{other['from']}）："
            "两行都填两个标准已经在执行的那一天，就是较晚的一天",
            HEADINGS["from"],
        )
    if line.keys() & other.keys() & AREAS.keys():
        raise refuse(f"{name}填了城乡统一的标准，就不要再分城镇、农村填", HEADINGS["area"])
    notes = " ".join(dict.fromkeys(each["note"] for each in (line, other) if "note" in each))
    joined = line | other | {"sources": [*line["sources"], *other["sources"]]}
    return joined | ({"note": notes} if notes else {})


def _with_recorded(
    library: Library, region: str, line: dict[str, Any], sources: dict[str, Any], today: date
) -> dict[str, Any]:
    lacking = [area for area in AREAS if area not in line]
    if len(lacking) != 1:
        return line
    (area,), start = lacking, parse_day(line["from"])
    known = library.home(region, area, start, today).line
    if known.amount is None or known.region != region or known.effective_from != start:
        return line
    records = library.regions[region]
    record = next(each for each in records.lines if line_key(each) == known.source)
    kept = {f"k{each.key}": source_data(each) for each in records.sources if each.key in record.sources}
    sources |= kept
    return line | {area: format_yuan(known.amount), "sources": [*line["sources"], *kept]}


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
    if not row["where"].startswith(("https://", "http://")):
        raise refuse(f"{where}：“{HEADINGS['where']}”要以 https:// 或 http:// 开头", HEADINGS["where"])
    figure = {
        "region": row["region"],
        "title": f"{row['name']}最低生活保障标准",
        **{name: row[name] for name in ("from", "where", "document")},
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


def _area(where: str, text: str) -> str:
    """The field of a figure that the kind of household is."""
    if text in _UNIFIED:
        return "unified"
    area = next((each for each, word in AREAS.items() if word == text), None)
    if area is None:
        raise refuse(f"{where}：“{HEADINGS['area']}”要填城镇、农村或城乡统一", HEADINGS["area"])
    return area
