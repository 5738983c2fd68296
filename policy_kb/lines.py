"""Which dibao line 低保标准 counts for a region, an area and a day; what may only be shown as a hint."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal, cast

from calculator.case import Area
from calculator.money import Fen
from calculator.rules import DibaoLine, Hint, HintKind
from policy_kb.divisions import MUNICIPALITIES, Divisions
from policy_kb.periods import add_months
from policy_kb.records import DibaoLineRecord, RegionRecords

#: A line older than this is stale: it gives no verdict until someone confirms it.
MONTHS_FRESH: Final = 18
_OFFICIAL: Final = ("official_text_copy", "official_statistics_copy")


def line_key(record: DibaoLineRecord) -> str:
    """The `source` key of a line record; one that confirms or corrects an earlier one carries its own date."""
    start = _counts_from(record)
    later = max(day for day in (start, record.known, record.as_of) if day is not None)
    return f"{record.region}:{record.kind}:{start}" + (f":{later}" if later > start else "")


def find_line(
    regions: Mapping[str, RegionRecords],
    divisions: Divisions,
    region: str,
    area: Area | None,
    on: date,
    as_of: date,
) -> DibaoLine:
    """The line in force, or an unknown one with its hints.

    Own records first; a municipality's line serves its districts; any other parent's line, an average or a floor is
    context and decides nothing. National figures are never a hint for a region's line.
    """
    own = _line_at(regions.get(region), area, on, as_of)
    if own is not None and (own.amount is not None or own.needs_area):
        return own
    hints = own.hints if own is not None else ()
    for parent in divisions.levels(region)[1:-1]:
        wider = _line_at(regions.get(parent), area, on, as_of)
        if wider is not None and parent in MUNICIPALITIES:
            return wider
        if wider is not None and wider.amount is not None:
            hints = (*hints, Hint(wider.amount, parent, "line_of_parent", wider.as_of, wider.source))
        elif wider is not None:
            hints = (*hints, *wider.hints)
        hints = (*hints, *_context(regions.get(parent), area, on))
    hints = (*hints, *_context(regions.get(region), area, on))
    return DibaoLine(region, hints=hints)


def _line_at(records: RegionRecords | None, area: Area | None, on: date, as_of: date) -> DibaoLine | None:
    """The region's own line; None where it has no line record that is known and has begun."""
    known = [
        record
        for record in (records.lines if records else ())
        if record.kind == "line"
        and _counts_from(record) <= on
        and (record.known or _counts_from(record)) <= as_of
    ]
    if not known:
        return None
    record = max(known, key=_latest)
    amount = _amount(record, area)
    if not (record.certainty in ("sourced", "single_source") and record.grade in _OFFICIAL):
        return DibaoLine(record.region, hints=_hints(record, area, _why(record)))
    if amount is None:
        both = record.urban is not None and record.rural is not None
        return DibaoLine(
            record.region, needs_area=area is None and both, hints=_hints(record, None, "other_area")
        )
    attested = max(day for day in (record.start, record.as_of) if day is not None)
    stale = on > add_months(attested, MONTHS_FRESH) or (record.until is not None and record.until < on)
    return DibaoLine(
        region=record.region,
        amount=amount,
        status=record.certainty,
        effective_from=record.start,
        as_of=record.as_of,
        source=line_key(record),
        stale=stale,
        period_assumed=record.start is None or "from" in record.unverified,
    )


def _counts_from(record: DibaoLineRecord) -> date:
    day = record.start or record.as_of
    return date.max if day is None else day


def _latest(record: DibaoLineRecord) -> tuple[date, date, date]:
    """The order of records: what counts from later, then what was published later, then what was attested later."""
    start = _counts_from(record)
    return start, record.known or start, record.as_of or start


def _amount(record: DibaoLineRecord, area: Area | None) -> Fen | None:
    if record.unified:
        return record.urban if record.urban is not None else record.rural
    return {"urban": record.urban, "rural": record.rural, None: None}[area]


def _why(record: DibaoLineRecord) -> Literal["recalled", "secondary_citation", "local_system_config"]:
    if record.certainty == "recalled" or record.grade in ("recalled", "none"):
        return "recalled"
    return cast(Literal["secondary_citation", "local_system_config"], record.grade)


def _hints(record: DibaoLineRecord, area: Area | None, why: HintKind) -> tuple[Hint, ...]:
    columns: tuple[tuple[Area, Fen | None], ...] = (("urban", record.urban), ("rural", record.rural))
    if record.unified:
        amount = _amount(record, area)
        return () if amount is None else (Hint(amount, record.region, why, record.as_of, line_key(record)),)
    return tuple(
        Hint(amount, record.region, why, record.as_of, line_key(record), column)
        for column, amount in columns
        if amount is not None and area in (None, column)
    )


def _context(records: RegionRecords | None, area: Area | None, on: date) -> tuple[Hint, ...]:
    """The newest average or floor of a region: context, never a line."""
    found = [
        record
        for record in (records.lines if records else ())
        if record.kind != "line"
        and record.certainty in ("sourced", "single_source")
        and _counts_from(record) <= on
    ]
    if not found:
        return ()
    newest = max(found, key=_counts_from)
    return _hints(newest, area, cast(HintKind, newest.kind))
