"""The library as people look things up in it: everything in force for a region and a day, with level, certainty and
source; how a series went; rules and statutes by words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, Final, NamedTuple

from calculator.case import Area
from calculator.money import format_rate, format_yuan
from calculator.rules import INSURANCES, NO_CEILING, DibaoLine, Insurance, InsuranceTerms
from locales import N_
from policy_kb.divisions import NATION
from policy_kb.library import Library, contribution_key
from policy_kb.lines import line_key
from policy_kb.records import Contribution, DibaoLineRecord, RuleRecord, Statute

#: How certain a figure is, in words.
STATUS: Final[Mapping[str, str]] = {
    "sourced": N_("有两个独立出处"),
    "single_source": N_("一个出处"),
    "recalled": N_("只凭记忆"),
    "unknown": N_("没有记录"),
    "stated": N_("写明"),
    "assumed": N_("推定"),
    "conflicting": N_("说法不一"),
}
#: Why a figure is only shown and never computed with.
HINTS: Final[Mapping[str, str]] = {
    "recalled": N_("只凭记忆"),
    "secondary_citation": N_("转引"),
    "local_system_config": N_("某地系统里的数"),
    "line_of_parent": N_("上一级的线"),
    "other_area": N_("另一种户口的线"),
    "average": N_("平均数"),
    "floor": N_("最低指导线"),
}


def region_in_force(
    library: Library, region: str, on: date, as_of: date, insurance: Insurance | None = None
) -> dict[str, Any]:
    """Everything in force for a region on a day, as known on another, as plain data; what `shebao policy show` prints."""
    wanted = (insurance,) if insurance else INSURANCES
    data: dict[str, Any] = {
        "region": region,
        "name": library.divisions.full_name(region) if region != NATION else library.divisions.name(region),
        "on": on,
        "ruleset": {"version": library.version, "sha256": library.sha256},
        "insurances": [
            _terms(library, region, each, library.terms(region, each, on, as_of)) for each in wanted
        ],
    }
    if insurance is None:
        areas: tuple[Area, ...] = ("urban", "rural")
        homes = {area: library.home(region, area, on, as_of).line for area in areas}
        data["lines"] = {area: _line(library, line) for area, line in homes.items()}
        data["rules"] = [
            {
                "id": rule.key,
                "region": rule.region,
                "topic": rule.topic,
                "certainty": rule.certainty,
                "illustrative": rule.illustrative,
                "text": rule.text,
                "basis": asdict(rule.basis),
            }
            for rule in library.rules_for(region, on)
        ]
    return data


def _terms(
    library: Library, region: str, insurance: Insurance, terms: InsuranceTerms | None
) -> dict[str, Any]:
    if terms is None:
        return {"insurance": insurance, "level": "not_applicable"}
    if not terms.recorded or terms.source is None:
        return {"insurance": insurance, "level": "not_recorded", "from_region": terms.region}
    return {
        "insurance": insurance,
        "level": "own" if terms.region == region else "inherited",
        "from_region": terms.region,
        "effective_from": terms.effective_from,
        "floor": _yuan(terms.base_floor),
        "ceiling": _yuan(terms.base_ceiling),
        "employee_rate": _rate(terms.employee_rate),
        "employer_rate": _rate(terms.employer_rate),
        "employee_rate_max": _rate(terms.employee_rate_max),
        "employer_rate_max": _rate(terms.employer_rate_max),
        "rate_classes": {number: _rate(rate) for number, rate in terms.employer_rate_by_class.items()},
        "employee_fixed": _yuan(terms.employee_fixed or None),
        "employer_fixed": _yuan(terms.employer_fixed or None),
        "base_status": terms.base_status,
        "rate_status": terms.rate_status,
        "period_status": terms.period_status,
        "outdated_since": terms.outdated_since,
        "awaited": f"{terms.awaited:%Y-%m}" if terms.awaited else None,
        "incomplete": terms.employee_unmodelled or terms.employer_unmodelled,
        "notes": list(terms.notes),
        "source": _source(library, terms.source),
    }


def _line(library: Library, line: DibaoLine) -> dict[str, Any]:
    return {
        "amount": _yuan(line.amount),
        "status": line.status,
        "region": line.region,
        "effective_from": line.effective_from,
        "as_of": line.as_of,
        "stale": line.stale,
        "period_assumed": line.period_assumed,
        "source": _source(library, line.source) if line.source else None,
        "hints": [
            {"amount": _yuan(hint.amount), "region": hint.region, "area": hint.area, "why": hint.why}
            for hint in line.hints
        ],
    }


def _source(library: Library, key: str) -> dict[str, Any]:
    citation = library.citation(key)
    return {
        "title": citation.title,
        "number": citation.number or None,
        "article": citation.article or None,
        "read_in": [{"title": text.title, "where": text.where} for text in citation.texts],
    }


def _yuan(fen: int | None) -> str | None:
    if fen == NO_CEILING:
        return "none"
    return None if fen is None else format_yuan(fen)


def _rate(rate: int | None) -> str | None:
    return None if rate is None else format_rate(rate)


class Earlier(NamedTuple):
    """One record of a series: from and until when, what it set, how certain, and the key of its source."""

    start: date | None
    until: date | None
    known: date | None
    figures: Mapping[str, str]
    certainty: str
    source: str


#: What a record may set, by field; amounts in yuan, rates as decimals.
FIGURES: Final[Mapping[str, str]] = {
    "floor": N_("基数下限"),
    "ceiling": N_("基数上限"),
    "employee_rate": N_("个人比例"),
    "employer_rate": N_("单位比例"),
    "employee_fixed": N_("个人定额"),
    "employer_fixed": N_("单位定额"),
    "urban": N_("城镇"),
    "rural": N_("农村"),
    "unified": N_("城乡统一"),
}


def history(library: Library, region: str, what: str) -> list[Earlier]:
    """A region's own records of one insurance, or of its `line`, the newest first."""
    records = library.regions.get(region)
    if records is None:
        return []
    found = (
        [_earlier_line(line) for line in records.lines if line.kind == "line"]
        if what == "line"
        else [_earlier_value(value) for value in records.contributions if value.insurance == what]
    )
    return sorted(
        found, key=lambda each: (each.start or date.min, each.known or each.start or date.min), reverse=True
    )


def _earlier_value(value: Contribution) -> Earlier:
    amounts = {
        name: _yuan(getattr(value, name) or None)
        for name in ("floor", "ceiling", "employee_fixed", "employer_fixed")
    }
    rates = {name: _rate(getattr(value, name)) for name in ("employee_rate", "employer_rate")}
    figures = {name: text for name, text in (amounts | rates).items() if text is not None}
    return Earlier(value.start, value.until, value.known, figures, value.base, contribution_key(value))


def _earlier_line(line: DibaoLineRecord) -> Earlier:
    columns = {"unified": line.urban} if line.unified else {"urban": line.urban, "rural": line.rural}
    figures = {name: format_yuan(amount) for name, amount in columns.items() if amount is not None}
    return Earlier(line.start or line.as_of, line.until, line.known, figures, line.certainty, line_key(line))


class Clause(NamedTuple):
    """A rule or an article of law: its key, where it holds, its words and how certain it is."""

    key: str
    region: str
    text: str
    basis: str
    certainty: str


def sought(library: Library, words: str) -> Iterator[Clause]:
    """Rules and statutes that hold every one of the words, in text, basis or key."""
    wanted = words.casefold().split()
    for records in library.regions.values():
        clauses: tuple[RuleRecord | Statute, ...] = (*records.rules, *records.statutes)
        for each in clauses:
            basis = " ".join(filter(None, (each.basis.title, each.basis.number, each.basis.article)))
            held = f"{each.key} {each.text} {basis}".casefold()
            if wanted and all(word in held for word in wanted):
                yield Clause(each.key, records.region, each.text, basis, each.certainty)
