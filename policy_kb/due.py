"""Figures that need a look: what has ended, what is awaited, which lines grow stale, what was never confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Final, Literal

from calculator.rules import INSURANCES
from policy_kb.divisions import MUNICIPALITIES, NATION
from policy_kb.library import USABLE, Library
from policy_kb.lines import MONTHS_FRESH, find_line
from policy_kb.periods import add_months, awaited_month, last_day
from policy_kb.records import DibaoLineRecord
from policy_kb.wording import INSURANCE

Kind = Literal["outdated", "ending", "line_stale", "line_soon_stale", "no_line", "recalled"]
KINDS: Final[tuple[Kind, ...]] = (
    "outdated",
    "ending",
    "line_stale",
    "line_soon_stale",
    "no_line",
    "recalled",
)
LINE: Final = "line"
#: How long before its end a figure is listed.
MONTHS_AHEAD: Final = 2


@dataclass(frozen=True, slots=True)
class Due:
    """A figure to look at: `since` is its end, or the day it goes stale; `awaited` the month of its successor."""

    kind: Kind
    region: str
    what: str
    since: date | None
    awaited: date | None
    message: str


def due(library: Library, on: date) -> list[Due]:
    """Everything that needs a look on a day, by kind, then region."""
    found = [*_ended(library, on), *_lines(library, on), *_recalled(library, on)]
    return sorted(found, key=lambda each: (KINDS.index(each.kind), each.region, each.what))


def _ended(library: Library, on: date) -> list[Due]:
    """The newest begun record of each series, where its period has ended or is about to."""
    found = []
    for region, records in library.regions.items():
        order = sorted(records.contributions, key=lambda v: (v.insurance, v.applies_to, v.start))
        for (insurance, _), series in groupby(order, key=lambda v: (v.insurance, v.applies_to)):
            gave_up = any(each == insurance and on >= since for each, since in records.inherits)
            begun = [value for value in series if value.start <= on and (value.known or value.start) <= on]
            ended = last_day(begun[-1]) if begun and not gave_up else None
            if ended is None or add_months(on, MONTHS_AHEAD) < ended:
                continue
            awaited = awaited_month(ended)
            name = INSURANCE[insurance]
            past = ended < on
            text = f"{name}的数到 {ended} 为止，新数预计 {awaited:%Y-%m} 公布"
            late = past and awaited <= on.replace(day=1)
            text += "，已到该公布的月份" if late else ""
            found.append(Due("outdated" if past else "ending", region, insurance, ended, awaited, text))
    return found


def _lines(library: Library, on: date) -> list[Due]:
    found = []
    for region, records in library.regions.items():
        if region == NATION:
            continue
        begun = [line for line in records.lines if line.kind == LINE and _begun(line, on)]
        newest = max(begun, key=_counts_from, default=None)
        if newest is not None and _decides(newest):
            found += _freshness(region, newest, on)
        elif not _line_of_municipality(library, region, on):
            hint = "，只有参考数" if records.lines else ""
            found.append(Due("no_line", region, LINE, None, None, f"没有能下结论的低保线{hint}"))
    return found


def _freshness(region: str, line: DibaoLineRecord, on: date) -> list[Due]:
    """A line goes stale eighteen months after it was attested, or the day after its own last day."""
    stale = add_months(_attested(line), MONTHS_FRESH)
    why = f"低保线是 {_attested(line)} 的数，满 {MONTHS_FRESH} 个月没有核实"
    if line.until is not None and line.until < stale:
        stale, why = line.until + timedelta(days=1), f"低保线执行到 {line.until} 为止"
    if stale <= on:
        return [Due("line_stale", region, LINE, stale, None, f"{why}，不再用来下结论，请找新数")]
    if stale <= add_months(on, MONTHS_AHEAD):
        return [Due("line_soon_stale", region, LINE, stale, None, f"{why}（{stale}），请找新数")]
    return []


def _line_of_municipality(library: Library, region: str, on: date) -> bool:
    city = region[:2] + "0000"
    known = city in MUNICIPALITIES and city != region
    return known and find_line(library.regions, library.divisions, region, "urban", on, on).amount is not None


def _begun(line: DibaoLineRecord, on: date) -> bool:
    return _counts_from(line) <= on and (line.known or _counts_from(line)) <= on


def _counts_from(line: DibaoLineRecord) -> date:
    return line.start or line.as_of or date.max


def _decides(line: DibaoLineRecord) -> bool:
    official = line.grade in ("official_text_copy", "official_statistics_copy")
    return official and line.certainty in USABLE and (line.urban is not None or line.rural is not None)


def _attested(line: DibaoLineRecord) -> date:
    return max((day for day in (line.start, line.as_of) if day is not None), default=date.min)


def _recalled(library: Library, on: date) -> list[Due]:
    """What rests on memory alone and is in force: the latest of each series, lines, rules."""
    found = []
    for region, records in library.regions.items():
        for insurance in INSURANCES:
            begun = [v for v in records.contributions if v.insurance == insurance and v.start <= on]
            newest = max(begun, key=lambda v: v.start, default=None)
            if newest is not None and "recalled" in (newest.base, newest.rate, newest.period):
                text = f"{INSURANCE[insurance]}有一部分只凭记忆，没有找到原文"
                found.append(Due("recalled", region, insurance, newest.start, None, text))
        for line in records.lines:
            if line.kind == LINE and (line.certainty == "recalled" or line.grade == "recalled"):
                text = "低保线只凭记忆，只作参考，请找原文"
                found.append(Due("recalled", region, LINE, line.start or line.as_of, None, text))
        for rule in records.rules:
            if rule.certainty == "recalled" and (rule.until is None or rule.until >= on):
                text = f"规定 {rule.key} 只凭记忆，没有找到原文"
                found.append(Due("recalled", region, rule.key, rule.start, None, text))
    return found
