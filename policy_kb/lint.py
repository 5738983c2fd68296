"""Checks over the library's figures that loading cannot make: each figure held against its neighbours and the law.

A finding that is a fact of the world, not a slip, is waived in `waivers.yaml` with the reason and who looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Final

from calculator.contributions import FUND
from calculator.fields import FieldReader, InputError, Problem
from calculator.money import Fen, Ppm, format_rate, format_yuan
from calculator.rules import INSURANCES, NO_CEILING
from policy_kb.divisions import NATION
from policy_kb.files import PolicyError, describe, read_yaml
from policy_kb.library import Library
from policy_kb.periods import last_day
from policy_kb.records import Contribution, DibaoLineRecord, RegionRecords
from policy_kb.wording import INSURANCE

WAIVERS: Final = Path(__file__).with_name("waivers.yaml")
RULES: Final = (
    "bounds_ratio",
    "yearly_change",
    "overlap",
    "gap",
    "twelvefold",
    "rate_limit",
    "percent_as_rate",
    "line_implausible",
    "one_source",
    "known_early",
    "unused_waiver",
)
LINE: Final = "line"
#: Yuan per person and month between which every line on record lies by a wide margin.
PLAUSIBLE_LINE: Final[tuple[Fen, Fen]] = (10_000, 500_000)
DAYS_EARLY: Final = 400
MOST_NODES: Final = 200_000
#: Legal limits of each side's rate: 国办发〔2019〕13号 (pension), 社会保险法 and the circulars that bound the others.
_LIMITS: Final[dict[str, tuple[tuple[Ppm, Ppm], tuple[Ppm, Ppm]]]] = {  # employee, employer: least and most
    "pension": ((80_000, 80_000), (120_000, 200_000)),
    "medical": ((0, 30_000), (0, 120_000)),
    "unemployment": ((0, 10_000), (0, 20_000)),
    "work_injury": ((0, 0), (500, 28_500)),
    "maternity": ((0, 0), (0, 10_000)),
    "housing_fund": ((50_000, 120_000), (50_000, 120_000)),
}
_UNEMPLOYMENT_BOTH: Final[Ppm] = 30_000
#: From how many times the most allowed a rate is taken for a percentage.
_PERCENT_AT: Final = 5
_INJURY_CLASSES: Final[tuple[Ppm, Ppm]] = (500, 28_500)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at: which check, which figure (`what`: an insurance or `line`), and why it is all right if so."""

    rule: str
    region: str
    what: str
    start: date | None
    message: str
    waived: str | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding that somebody looked at and accepted; without `start` it holds for the whole series."""

    rule: str
    region: str
    what: str
    start: date | None
    why: str
    by: str
    on: date

    def covers(self, finding: Finding) -> bool:
        """Whether this is the finding that was accepted."""
        same = (self.rule, self.region, self.what) == (finding.rule, finding.region, finding.what)
        return same and self.start in (None, finding.start)


def lint(library: Library, waivers: Path = WAIVERS) -> list[Finding]:
    """Every finding over the library, waived ones with their reason; a waiver that covers nothing is a finding too."""
    accepted = read_waivers(waivers)
    used: set[int] = set()
    found = []
    for region in sorted(library.regions):
        for finding in lint_records(library, library.regions[region]):
            index = next((i for i, waiver in enumerate(accepted) if waiver.covers(finding)), None)
            if index is not None:
                used.add(index)
                finding = replace(finding, waived=accepted[index].why)
            found.append(finding)
    for index, waiver in enumerate(accepted):
        if index not in used:
            message = f"waivers.yaml 里的这条豁免（{waiver.rule}）没有对应的问题，请删掉"
            found.append(Finding("unused_waiver", waiver.region, waiver.what, waiver.start, message))
    return found


def read_waivers(path: Path = WAIVERS) -> tuple[Waiver, ...]:
    """The recorded waivers. Raises `PolicyError` where one lacks its reason, its author or its day."""
    data = plain_keys(read_yaml(path)) if path.exists() else None
    problems: list[Problem] = []
    top = FieldReader({"waivers": data or []}, "", problems, _any_region)
    found = tuple(_read_waiver(part) for part in top.parts("waivers", 0, 1000))
    if problems:
        raise PolicyError("; ".join(f"{path.name}: {describe(problem)}" for problem in problems))
    return found


def plain_keys(data: Any) -> Any:
    """Plain data in which every key is a text: `on`, which YAML 1.1 reads as true, is a name like any other.

    Raises `PolicyError` for data that refers to itself or unfolds beyond measure.

    >>> plain_keys({True: "2026-10-15", "cases": [{1: "a"}]})
    {'on': '2026-10-15', 'cases': [{'1': 'a'}]}
    """
    left = MOST_NODES

    def plain(value: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise PolicyError("YAML 里的内容太多，或者自己引用自己")
        if isinstance(value, dict):
            return {"on" if key is True else str(key): plain(each) for key, each in value.items()}
        return [plain(each) for each in value] if isinstance(value, list) else value

    try:
        return plain(data)
    except RecursionError:
        raise PolicyError("YAML 里的内容自己引用自己") from None


def _any_region(code: str) -> str:
    if not (len(code) == 6 and code.isdigit()):
        raise InputError(Problem("unknown_region", ""))
    return code


def _read_waiver(part: FieldReader) -> Waiver:
    waiver = Waiver(
        rule=part.choice("rule", RULES[:-1], ""),
        region=part.region("region", required=True) or "",
        what=part.choice("insurance", (*INSURANCES, LINE), ""),
        start=part.day("from"),
        why=part.text("why", required=True) or "",
        by=part.text("by", required=True) or "",
        on=part.day("on", required=True) or date.min,
    )
    if not waiver.rule or not waiver.what:
        part.fail("missing_field", "insurance" if waiver.rule else "rule", "field")
    part.close()
    return waiver


def lint_records(library: Library, records: RegionRecords) -> Iterator[Finding]:
    """The findings about one region's records, those of an import before it is made among them."""
    order = sorted(records.contributions, key=lambda v: (v.insurance, v.applies_to, v.start))
    for _, group in groupby(order, key=lambda v: (v.insurance, v.applies_to)):
        series = list(group)
        for value in series:
            yield from _value(value, rate_confirmed=_same_rate_above(library, value))
        for earlier, later in pairwise(series):
            yield from _neighbours(earlier, later)
    for line in records.lines:
        yield from _line(library, line)
    lines = sorted(
        (line for line in records.lines if line.kind == "line"),
        key=lambda each: _line_start(each) or date.min,
    )
    for before, after in pairwise(lines):
        yield from _line_neighbours(before, after)


# -- Contributions ---------------------------------------------------------------------------------------------------


def _value(value: Contribution, *, rate_confirmed: bool) -> Iterator[Finding]:
    floor, ceiling = value.floor, value.ceiling
    if floor and ceiling is not None and not _usual_ratio(value.insurance, floor, ceiling):
        times = f"{ceiling / floor:.2f}"
        text = (
            f"上限 {format_yuan(ceiling)} 是下限 {format_yuan(floor)} 的 {times} 倍，一般在 4.5 到 5.5 倍之间"
        )
        yield _about(value, "bounds_ratio", text)
    if value.known is not None and value.known < value.start - timedelta(days=DAYS_EARLY):
        text = f"公布日期 {value.known} 比执行日期 {value.start} 早了 {DAYS_EARLY} 天以上"
        yield _about(value, "known_early", text)
    for part, status in (("基数上下限", value.base), ("费率", value.rate)):
        if status == "sourced" and len(set(value.sources)) < 2 and not (part == "费率" and rate_confirmed):
            yield _about(value, "one_source", f"{part}标为有两个独立出处，却只记了一个出处")
    yield from _rates(value)


def _usual_ratio(insurance: str, floor: Fen, ceiling: Fen) -> bool:
    """300 % to 60 % of an average wage; a housing fund's floor is the minimum wage, and bounds may have no ceiling."""
    return insurance == FUND or ceiling == NO_CEILING or 45 * floor <= 10 * ceiling <= 55 * floor


def _same_rate_above(library: Library, value: Contribution) -> bool:
    """Whether a wider region's record, with sources of its own, sets the same rates: the second source of a rate."""
    rates = value.employee_rate, value.employer_rate
    return any(
        wider.insurance == value.insurance and (wider.employee_rate, wider.employer_rate) == rates
        for level in (library.divisions.levels(value.region) if value.region != NATION else ())
        if level != value.region and level in library.regions
        for wider in library.regions[level].contributions
    )


def _rates(value: Contribution) -> Iterator[Finding]:
    employee, employer = _LIMITS[value.insurance]
    for side, rate, (least, most) in (
        ("个人比例", value.employee_rate, employee),
        ("个人比例上限", value.employee_rate_max, employee),
        ("单位比例", value.employer_rate, employer),
        ("单位比例上限", value.employer_rate_max, employer),
        *((f"第{number}类比例", rate, _INJURY_CLASSES) for number, rate in value.rate_classes.items()),
    ):
        if rate is not None and not least <= rate <= most:
            yield _out_of_limits(value, side, rate, least, most)
    if (
        value.insurance == "unemployment"
        and value.employee_rate is not None
        and value.employer_rate is not None
    ):
        both = value.employee_rate + value.employer_rate
        if both > _UNEMPLOYMENT_BOTH:
            yield _out_of_limits(value, "两边合计比例", both, 0, _UNEMPLOYMENT_BOTH)


def _out_of_limits(value: Contribution, side: str, rate: Ppm, least: Ppm, most: Ppm) -> Finding:
    if rate >= _PERCENT_AT * most and least <= rate // 100 <= most:
        text = f"{side}写成 {format_rate(rate)}，看来是百分数；比例要写成 {format_rate(rate // 100)}"
        return _about(value, "percent_as_rate", text)
    text = f"{side} {format_rate(rate)} 不在 {format_rate(least)} 到 {format_rate(most)} 之间"
    return _about(value, "rate_limit", text)


def _neighbours(earlier: Contribution, later: Contribution) -> Iterator[Finding]:
    if later.start == earlier.start:
        if (later.known or later.start) == (earlier.known or earlier.start):
            yield _about(later, "overlap", f"{later.start} 起有两条记录，公布日期也一样，分不清用哪一条")
    else:
        expected = last_day(earlier)
        if earlier.until is not None and earlier.until >= later.start:
            yield _about(later, "overlap", f"上一条执行到 {earlier.until}，这一条从 {later.start} 起，重叠了")
        elif expected is not None and expected + timedelta(days=1) < later.start:
            yield _about(later, "gap", f"上一条到 {expected} 为止，到 {later.start} 之间没有记录")
    years = max(1, round((later.start - earlier.start).days / 365))
    for name, before, after in (
        ("下限", earlier.floor, later.floor),
        ("上限", earlier.ceiling, later.ceiling),
    ):
        if before and after and NO_CEILING not in (before, after):
            yield from _change(_about(later, "", ""), name, before, after, years)


def _change(finding: Finding, name: str, before: Fen, after: Fen, years: int) -> Iterator[Finding]:
    """A change out of −5 … +20 % a year; about twelve times is a monthly figure beside a yearly one."""
    shown = f"{name}从 {format_yuan(before)} 到 {format_yuan(after)}"
    low, high = sorted((before, after))
    if 10 * low <= high <= 14 * low:
        yield replace(finding, rule="twelvefold", message=f"{shown}，差约十二倍，是不是把月和年弄混了")
    elif not (before * 95**years <= after * 100**years and after * 10**years <= before * 12**years):
        change = f"{(after - before) * 100 / before:+.1f} %"
        over = f"{years} 年" if years > 1 else "一年"
        yield replace(finding, rule="yearly_change", message=f"{shown}，{over}变了 {change}")


def _about(value: Contribution, rule: str, message: str) -> Finding:
    return Finding(rule, value.region, value.insurance, value.start, message)


# -- Dibao lines -----------------------------------------------------------------------------------------------------


def _line(library: Library, line: DibaoLineRecord) -> Iterator[Finding]:
    start = _line_start(line)
    if line.certainty == "sourced" and len(set(line.sources)) < 2:
        text = "标为有两个独立出处，却只记了一个出处"
        yield Finding("one_source", line.region, LINE, start, text)
    if line.known is not None and start is not None and line.known < start - timedelta(days=DAYS_EARLY):
        text = f"公布日期 {line.known} 比执行日期 {start} 早了 {DAYS_EARLY} 天以上"
        yield Finding("known_early", line.region, LINE, start, text)
    if line.urban and line.rural:
        low, high = sorted((line.urban, line.rural))
        if 10 * low <= high <= 14 * low:
            text = f"城镇 {format_yuan(line.urban)} 和农村 {format_yuan(line.rural)} 差约十二倍，是不是把月和年弄混了"
            yield Finding("twelvefold", line.region, LINE, start, text)
    minimum = _minimum_wage(library, line.region, start or date.max) if line.kind == "line" else None
    for name, amount in (("城镇", line.urban), ("农村", line.rural)):
        if (
            line.kind == "line"
            and amount is not None
            and not PLAUSIBLE_LINE[0] <= amount <= PLAUSIBLE_LINE[1]
        ):
            text = f"{name}低保线 {format_yuan(amount)} 元不像每人每月的数，是不是单位弄错了"
            yield Finding("line_implausible", line.region, LINE, start, text)
        if minimum is not None and amount is not None and amount >= minimum:
            text = f"{name}低保线 {format_yuan(amount)} 不低于当地公积金基数下限（最低工资）{format_yuan(minimum)}"
            yield Finding("line_implausible", line.region, LINE, start, text)


def _minimum_wage(library: Library, region: str, on: date) -> Fen | None:
    """The floor of the housing fund's base, which is the city's minimum wage, from the region or its city."""
    for level in library.divisions.levels(region):
        records = library.regions.get(level)
        if level == NATION or records is None:
            continue
        floors = sorted(
            (value.start, value.floor)
            for value in records.contributions
            if value.insurance == FUND and value.floor is not None and value.start <= on
        )
        if floors:
            return floors[-1][1]
    return None


def _line_neighbours(before: DibaoLineRecord, after: DibaoLineRecord) -> Iterator[Finding]:
    first, second = _line_start(before), _line_start(after)
    if first is None or second is None:
        return
    if first == second and (before.known, before.certainty) == (after.known, after.certainty):
        yield Finding("overlap", after.region, LINE, second, f"{second} 起有两条低保线")
    elif before.until is not None and before.until >= second and first != second:
        text = f"上一条执行到 {before.until}，这一条从 {second} 起，重叠了"
        yield Finding("overlap", after.region, LINE, second, text)
    elif before.until is not None and before.until + timedelta(days=1) < second:
        text = f"上一条到 {before.until} 为止，到 {second} 之间没有记录"
        yield Finding("gap", after.region, LINE, second, text)
    years = max(1, round((second - first).days / 365))
    about = Finding("", after.region, LINE, second, "")
    for name, old, new in (
        ("城镇低保线", before.urban, after.urban),
        ("农村低保线", before.rural, after.rural),
    ):
        if old and new:
            yield from _change(about, name, old, new, years)


def _line_start(line: DibaoLineRecord) -> date | None:
    return line.start or line.as_of


def unwaived(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that nobody has accepted."""
    return [finding for finding in findings if finding.waived is None]


def describe_finding(finding: Finding, library: Library) -> str:
    """One finding as a line of text."""
    name = "全国" if finding.region == NATION else _name(library, finding.region)
    names = (*INSURANCE.items(), (LINE, "低保线"))
    what = next((name for key, name in names if key == finding.what), finding.what)
    since = f" {finding.start.isoformat()}" if finding.start else ""
    reason = f"（已核：{finding.waived}）" if finding.waived else ""
    return f"{finding.rule} {finding.region} {name} {what}{since}：{finding.message}{reason}"


def _name(library: Library, region: str) -> str:
    return library.divisions.full_name(region) if region in library.divisions else region
