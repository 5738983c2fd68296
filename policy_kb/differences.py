"""What an import changes: each figure that it sets beside the one on record for that day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from calculator.case import Area
from calculator.money import Fen, Ppm, format_rate, format_yuan
from calculator.rules import NO_CEILING
from policy_kb.figure_rows import RATES
from policy_kb.library import Library
from policy_kb.lines import find_line
from policy_kb.records import Contribution, DibaoLineRecord, RegionRecords
from policy_kb.wording import INSURANCE

_LABELS: Final[Mapping[str, str]] = {
    "floor": "基数下限",
    "ceiling": "基数上限",
    "employee_rate": "个人比例",
    "employer_rate": "单位比例",
    "employee_rate_max": "个人比例上限",
    "employer_rate_max": "单位比例上限",
    "employee_fixed": "个人定额",
    "employer_fixed": "单位定额",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One figure that an import sets: what it is now on that day (None: not on record), and what it becomes."""

    region: str
    what: str
    label: str
    start: date
    before: str | None
    after: str
    percent: str | None
    note: str = ""


def changes_of(library: Library, records: RegionRecords) -> Iterator[Change]:
    """Every figure of a region's new records that differs from what the library has for its first day."""
    for value in records.contributions:
        yield from _value_changes(library, value)
    for line in records.lines:
        yield from _line_changes(library, line)


def _value_changes(library: Library, value: Contribution) -> Iterator[Change]:
    known = max(value.start, value.known or value.start)
    terms = library.terms(value.region, value.insurance, value.start, known)
    note = ""
    if terms is not None and terms.region != value.region and terms.recorded:
        note = f"原来沿用{library.divisions.name(terms.region)}的数"
    for name, label in _LABELS.items():
        after = getattr(value, name)
        attribute = {"floor": "base_floor", "ceiling": "base_ceiling"}.get(name, name)
        before = None if terms is None else getattr(terms, attribute)
        if after is None or after == before:
            continue
        show = _show_rate if name in RATES else _show_amount
        yield Change(
            value.region,
            value.insurance,
            label,
            value.start,
            None if before is None else show(before),
            show(after),
            _percent(before, after) if before and NO_CEILING not in (before, after) else None,
            note,
        )


def _line_changes(library: Library, line: DibaoLineRecord) -> Iterator[Change]:
    start = line.start or line.as_of
    if start is None:
        return
    columns: tuple[tuple[Area, str], ...] = (("urban", "城镇"), ("rural", "农村"))
    for area, label in columns[:1] if line.unified else columns:
        after: Fen | None = getattr(line, area)
        if after is None:
            continue
        before = find_line(
            library.regions, library.divisions, line.region, area, start, max(start, line.known or start)
        ).amount
        yield Change(
            line.region,
            "line",
            "城乡统一" if line.unified else label,
            start,
            None if before is None else format_yuan(before),
            format_yuan(after),
            _percent(before, after) if before else None,
        )


def _show_amount(fen: Fen) -> str:
    return "不设上限" if fen == NO_CEILING else format_yuan(fen)


def _show_rate(rate: Ppm) -> str:
    return format_rate(rate)


def _percent(before: int, after: int) -> str:
    """The change in per cent to one place, half up.

    >>> _percent(495_200, 520_000), _percent(10, 9)
    ('+5.0%', '-10.0%')
    """
    tenths = (abs(after - before) * 2000 + before) // (before * 2)
    return f"{'-' if after < before else '+'}{tenths // 10}.{tenths % 10}%"


def what_name(what: str) -> str:
    """What a change or a finding is about, by its Chinese name."""
    return next((name for key, name in (*INSURANCE.items(), ("line", "低保线")) if key == what), what)


def describe_change(library: Library, change: Change) -> str:
    """One line of the difference."""
    what = what_name(change.what)
    before = "（没有记录）" if change.before is None else change.before
    percent = f"（{change.percent}）" if change.percent else ""
    note = f"，{change.note}" if change.note else ""
    name = library.divisions.full_name(change.region)
    return f"{change.region} {name} {what} {change.label}，{change.start} 起：{before} → {change.after}{percent}{note}"
