"""Reads the library's YAML files into records; what has no source, or is not understood, does not load."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, cast, get_args

import yaml

from calculator.fields import FieldReader, InputError, Problem
from calculator.money import MILLION, TO_THE_FEN, TO_THE_YUAN, Fen, Rounding
from calculator.rules import INSURANCES, NO_CEILING, Insurance, PeriodStatus, Status
from policy_kb.divisions import NATION, Divisions
from policy_kb.records import (
    Basis,
    Certainty,
    Contribution,
    DibaoLineRecord,
    Grade,
    RegionRecords,
    RuleRecord,
    Source,
    Statute,
    TaxRecord,
)

REGIONS: Final = Path(__file__).with_name("regions")
LARGEST_YEARLY: Final[Fen] = 10**10
_SIDES: Final = ("employee", "employer")
_YEARS: Final = ("calendar_year", "july_june", "september_august", "open", "other")

#: The sources of one file: the key it uses, and the library-wide one.
Keys: TypeAlias = Mapping[str, str]


class PolicyError(ValueError):
    """A file of the library cannot be loaded; the message names file, field and what is accepted."""


class _Loader(yaml.CSafeLoader):
    """YAML in which a date stays the text that it is, and `on` a name: only true and false are truth values."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])


def read_yaml(path: Path) -> Any:
    """The plain data of a YAML file. Raises `PolicyError` with the line where it is not YAML."""
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name}: {error}") from error


def parse_yaml(text: str) -> Any:
    """The plain data of a YAML text; a date stays the text that it is. Raises `yaml.YAMLError`."""
    return yaml.load(text, Loader=_Loader)


def parse_region(data: Any, name: str, divisions: Divisions, layer: int = 0) -> RegionRecords:
    """One region's records from plain data; `name` is what errors call it. Raises `PolicyError`.

    `layer` keeps the sources of an overlay's file apart from those of the file it is laid over.
    """
    problems: list[Problem] = []

    def find_region(code: str) -> str:
        if code != NATION and code not in divisions:
            raise InputError(Problem("unknown_region", ""))
        return code

    records = _read(FieldReader(data, "", problems, find_region), layer)
    if problems:
        raise PolicyError("; ".join(f"{name}: {describe(problem)}" for problem in problems))
    return records


def describe(problem: Problem) -> str:
    """A problem for the person who edits the file."""
    accepted = ", ".join(problem.choices) or " to ".join(filter(None, (problem.low, problem.high)))
    return (
        f"{problem.field}: {problem.code} (expected {problem.expects}{': ' + accepted if accepted else ''})"
    )


def _read(top: FieldReader, layer: int) -> RegionRecords:
    region = top.region("region", required=True) or ""
    space = f"{region}+{layer}" if layer else region
    sources = _read_sources(top, space)
    keys = {source.key.removeprefix(f"{space}:"): source.key for source in sources}
    records = RegionRecords(
        region=region,
        name=top.text("name", required=True) or "",
        sources=sources,
        contributions=tuple(
            value for notice in top.parts("notices", 0, 500) for value in _read_notice(notice, region, keys)
        ),
        inherits=tuple(_read_inherits(part) for part in top.parts("inherits", 0, 20)),
        not_applicable=cast(tuple[Insurance, ...], top.texts("not_applicable")),
        lines=tuple(_read_line(part, region, keys) for part in top.parts("lines", 0, 500)),
        rules=tuple(_read_rule(part, region, keys) for part in top.parts("rules", 0, 500)),
        statutes=tuple(_read_statute(part, region, keys) for part in top.parts("statutes", 0, 500)),
        taxes=tuple(_read_tax(part, region, keys) for part in top.parts("income_tax", 0, 50)),
    )
    top.texts("notes")
    top.close()
    return records


def _read_sources(top: FieldReader, space: str) -> tuple[Source, ...]:
    data = top.anything("sources") or {}
    found = []
    for key, value in data.items() if isinstance(data, dict) else ():
        part = top.inside(f"sources.{key}", value)
        found.append(
            Source(
                key=f"{space}:{key}",
                title=part.text("title", required=True) or "",
                where=part.text("where", required=True) or "",
                quote=str(part.anything("quote") or ""),
                retrieved=str(part.anything("retrieved") or ""),
                via=part.text("via") or "",
            )
        )
        part.close()
    return tuple(found)


def _sources(part: FieldReader, keys: Keys) -> tuple[str, ...]:
    named = part.texts("sources")
    if not named:
        part.fail("missing_field", "sources", "source")
    if any(key not in keys for key in named):
        part.fail("not_allowed", "sources", "source")
    return tuple(keys.get(key, key) for key in named)


def _basis(part: FieldReader) -> Basis:
    inner = part.part("basis")
    basis = Basis(
        title=inner.text("title") or "",
        number=inner.text("number") or "",
        article=inner.text("article") or "",
    )
    inner.close()
    return basis


class _Notice(NamedTuple):
    """What the values of one notice share."""

    start: date
    until: date | None
    known: date | None
    document: str
    basis: str


def _read_notice(part: FieldReader, region: str, keys: Keys) -> list[Contribution]:
    notice = _Notice(
        start=part.day("from", required=True) or date.max,
        until=part.day("until"),
        known=part.day("known"),
        document=part.text("document") or "",
        basis=part.choice("basis", _YEARS, "open"),
    )
    values = part.anything("values")
    found = []
    for name, value in values.items() if isinstance(values, dict) else ():
        inner = part.inside(f"values.{name}", value)
        if name not in INSURANCES:
            inner.fail("not_allowed", "", "insurance")
            continue
        found.append(_read_value(inner, region, keys, name, notice))
        inner.close()
    if not found:
        part.fail("missing_field", "values", "insurance")
    part.close()
    return found


def _read_value(
    part: FieldReader, region: str, keys: Keys, insurance: Insurance, notice: _Notice
) -> Contribution:
    ceiling = NO_CEILING if part.anything("ceiling") == "none" else part.amount("ceiling")
    floor = part.amount("floor")
    if floor is not None and not 0 < floor <= (NO_CEILING if ceiling is None else ceiling):
        part.fail("out_of_range", "floor", "amount", low="0.01", high="ceiling")
    usual = TO_THE_YUAN if insurance == "housing_fund" else TO_THE_FEN
    return Contribution(
        region=region,
        insurance=insurance,
        start=notice.start,
        until=notice.until,
        known=notice.known,
        document=notice.document,
        basis=notice.basis,
        period=cast(PeriodStatus, part.choice("period", get_args(PeriodStatus), "unknown")),
        base=cast(Status, part.choice("base", get_args(Status), "unknown")),
        rate=cast(Status, part.choice("rate", get_args(Status), "unknown")),
        floor=floor,
        ceiling=ceiling,
        employee_rate=part.rate("employee_rate", 0, MILLION),
        employer_rate=part.rate("employer_rate", 0, MILLION),
        employee_rate_max=part.rate("employee_rate_max", 0, MILLION),
        employer_rate_max=part.rate("employer_rate_max", 0, MILLION),
        rate_classes=_read_classes(part),
        employee_fixed=part.amount("employee_fixed") or 0,
        employer_fixed=part.amount("employer_fixed") or 0,
        employee_annual=part.amount("employee_annual"),
        schedule={str(fen): months for fen, months in (part.anything("schedule") or {}).items()},
        employee_rounding=_read_rounding(part, "employee_rounding", usual),
        employer_rounding=_read_rounding(part, "employer_rounding", usual),
        maternity=part.choice("maternity", ("included", "apart", "separate_line", ""), ""),
        unmodelled=tuple(side for side in part.texts("unmodelled") if side in _SIDES),
        applies_to=part.text("applies_to") or "",
        note=part.text("note") or "",
        note_en=part.text("note_en") or "",
        sources=_sources(part, keys),
    )


def _read_classes(part: FieldReader) -> dict[int, int]:
    classes = part.anything("rate_classes") or {}
    inner = part.inside("rate_classes", {str(key): value for key, value in classes.items()})
    rates = {number: inner.rate(str(number), 0, MILLION) for number in range(1, 9)}
    inner.close()
    return {number: rate for number, rate in rates.items() if rate is not None}


def _read_rounding(part: FieldReader, name: str, usual: Rounding) -> Rounding:
    value = part.anything(name)
    if value is None:
        return usual
    inner = part.inside(name, value)
    mode = inner.choice("mode", ("up", "down", "half_up", "half_even"), "half_up")
    unit = inner.count("unit", 1, 100, 1) or 1
    stage = inner.choice("stage", ("person", "employer_total"), "person")
    inner.close()
    return Rounding(mode, unit, stage)  # type: ignore[arg-type]


def _read_inherits(part: FieldReader) -> tuple[Insurance, Any]:
    pair = part.choice("insurance", INSURANCES, "pension"), part.day("from", required=True)
    part.close()
    return cast(tuple[Insurance, Any], pair)


def _read_line(part: FieldReader, region: str, keys: Keys) -> DibaoLineRecord:
    record = DibaoLineRecord(
        region=region,
        kind=cast(Any, part.choice("kind", ("line", "average", "floor"), "line")),
        start=part.day("from"),
        until=part.day("until"),
        as_of=part.day("as_of"),
        known=part.day("known"),
        urban=part.amount("urban"),
        rural=part.amount("rural"),
        unified=part.flag("unified", default=False),
        certainty=cast(Certainty, part.choice("certainty", get_args(Certainty), "unknown")),
        grade=cast(Grade, part.choice("grade", get_args(Grade), "none")),
        unverified=part.texts("unverified"),
        note=part.text("note") or "",
        note_en=part.text("note_en") or "",
        sources=_sources(part, keys),
    )
    part.amount("rural_annual")
    if record.kind == "line" and record.start is None and record.as_of is None:
        part.fail("missing_field", "from", "date")
    part.close()
    return record


def _read_rule(part: FieldReader, region: str, keys: Keys) -> RuleRecord:
    record = RuleRecord(
        key=part.text("id", required=True) or "",
        region=region,
        topic=part.text("topic", required=True) or "",
        value=part.anything("value"),
        conditions=part.texts("conditions"),
        start=part.day("from"),
        until=part.day("until"),
        certainty=cast(Certainty, part.choice("certainty", get_args(Certainty), "unknown")),
        basis=_basis(part),
        text=part.text("text", required=True) or "",
        text_en=part.text("text_en") or "",
        note=part.text("note") or "",
        sources=_sources(part, keys),
        illustrative=part.flag("illustrative", default=False),
    )
    part.text("note_en")
    part.texts("also")
    part.close()
    return record


def _read_statute(part: FieldReader, region: str, keys: Keys) -> Statute:
    start = part.day("from", required=True)
    record = Statute(
        key=part.text("id", required=True) or "",
        basis=Basis(
            part.text("law", required=True) or "", part.text("number") or "", part.text("article") or ""
        ),
        start=cast(Any, start),
        kind=part.text("kind", required=True) or "",
        certainty=cast(Certainty, part.choice("certainty", get_args(Certainty), "unknown")),
        text=part.text("text", required=True) or "",
        text_en=part.text("text_en") or "",
        note=part.text("note") or "",
        sources=_sources(part, keys),
        data=part.anything("data") or {},
    )
    part.text("note_en")
    part.texts("also")
    part.texts("conditions")
    part.close()
    return record


def _read_tax(part: FieldReader, region: str, keys: Keys) -> TaxRecord:
    start = part.day("from", required=True)
    record = TaxRecord(
        key=part.text("id", required=True) or "",
        start=cast(Any, start),
        until=part.day("until"),
        basis=_basis(part),
        certainty=cast(Certainty, part.choice("certainty", get_args(Certainty), "unknown")),
        basic_deduction_annual=part.amount("basic_deduction_annual", LARGEST_YEARLY, required=True) or 0,
        brackets=tuple(_read_bracket(bracket) for bracket in part.parts("brackets", 1, 20)),
        text=part.text("text") or "",
        text_en=part.text("text_en") or "",
        sources=_sources(part, keys),
    )
    part.text("note")
    part.text("note_en")
    part.close()
    return record


def _read_bracket(part: FieldReader) -> tuple[Fen | None, int, Fen]:
    bracket = (
        part.amount("up_to", LARGEST_YEARLY),
        part.rate("rate", 0, MILLION) or 0,
        part.amount("quick_deduction", LARGEST_YEARLY) or 0,
    )
    part.close()
    return bracket
