"""The answer on paper: the impact report and the note for the township."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from calculator.assessment import Assessment
from calculator.contributions import Line
from calculator.money import Amount, format_yuan
from documents.report import (
    Comparison,
    ContributionLine,
    Fact,
    LegalPoint,
    NoteData,
    ReportData,
    Row,
    SourceLine,
    StepLine,
    report_labels,
    township_note,
)
from locales import Locale, Say
from policy_kb.library import Library
from policy_kb.remedies import Told
from web_calc.presenting import How, InsuranceRow, Result
from web_calc.sentences import (
    AREAS,
    DIBAO,
    NOT_KNOWN,
    ON_BOOK,
    PEOPLE,
    PHONE,
    RANGE,
    REPORT_FACTS,
    YOUR_FIGURE,
    YUAN,
)


def report_data(result: Result, library: Library, locale: Locale, say: Say) -> ReportData:
    """The impact report 影响报告 of an answer."""
    it, sources = result.assessment, _Sources(library)
    month = it.insured_month
    return ReportData(
        locale=locale,
        on=it.case.on,
        as_of=it.case.as_of,
        calculation_id=result.answer["id"],
        ruleset_version=result.answer["ruleset"]["version"],
        headline=result.headline,
        headline_detail=" ".join(filter(None, (result.detail, result.cost))),
        tone=result.tone,
        facts=tuple(facts(it, library, say)),
        comparison=Comparison(
            result.columns, tuple(Row(row.label, row.cells, strong=row.strong) for row in result.rows)
        ),
        contributions=tuple(
            _contribution(line, row) for line, row in zip(month.lines, result.insurances, strict=True)
        ),
        employee_total=_fen(month.own_insurance + month.own_fund) if month.employee_complete else None,
        employer_total=_fen(month.employer_total) if month.employer_complete else None,
        steps=tuple(_step(how, sources) for how in _steps(result)),
        keeps=tuple(told.text for told in result.keeps),
        asks=tuple(ask.text for ask in result.asks),
        warnings=tuple(filter(None, (result.status_note, result.received, *result.warnings))),
        legal=tuple(LegalPoint(told.text, sources.numbers(told)) for told in result.legal),
        sources=tuple(sources.lines),
        chart=result.drawing.data,
        labels=report_labels(say),
    )


def note_data(result: Result, library: Library, today: date, locale: Locale, say: Say) -> NoteData:
    """The note to show at the township: what is asked, and nothing about anyone's dibao."""
    it = result.assessment
    month = it.insured_month
    own = _fen(month.own_insurance + month.own_fund) if month.employee_complete else None
    return township_note(
        on=today,
        workplace=library.divisions.full_name(it.case.region),
        wage=it.case.household.earners[0].wage,
        own_contribution=own,
        people=it.case.household.size,
        phone=phone(result.home, say),
        supporting=it.case.household.employee_on_book is False,
        locale=locale,
        say=say,
    )


def phone(home: str, say: Say) -> str:
    """Where to ask by telephone; area codes are not on record, so none is made up."""
    return say(PHONE).format(place=home)


def facts(assessment: Assessment, library: Library, say: Say) -> Iterable[Fact]:
    """The answers that the result rests on."""
    case, household, name = assessment.case, assessment.case.household, library.divisions.full_name
    home = name(case.dibao_region)
    if case.area is not None:
        home = f"{home}（{say(AREAS[case.area])}）"
    on_book = {True: "yes", False: "no", None: "unknown"}[household.employee_on_book]
    yield Fact(say(REPORT_FACTS["on_book"]), say(ON_BOOK[on_book]))
    yield Fact(say(REPORT_FACTS["region"]), name(case.region))
    yield Fact(say(REPORT_FACTS["dibao_region"]), home)
    yield Fact(say(REPORT_FACTS["wage"]), say(YUAN).format(amount=format_yuan(household.earners[0].wage)))
    yield Fact(say(REPORT_FACTS["size"]), say(PEOPLE).format(count=household.size))
    yield Fact(say(REPORT_FACTS["other_income"]), others(assessment, say))
    yield Fact(say(REPORT_FACTS["dibao"]), say(DIBAO[household.dibao]))
    yield Fact(say(REPORT_FACTS["standard"]), _line(assessment, say))


def others(assessment: Assessment, say: Say) -> str:
    """What the others earn, as a figure or a range."""
    household = assessment.case.household
    wages = sum(int(earner.wage) for earner in household.earners[1:])
    low = format_yuan(household.other_income + wages)
    if household.other_income_high is None:
        return say(YUAN).format(amount=low)
    return say(RANGE).format(low=low, high=format_yuan(household.other_income_high + wages))


def _line(assessment: Assessment, say: Say) -> str:
    if assessment.line is None:
        return say(NOT_KNOWN)
    own = assessment.case.standard_monthly is not None
    return say(YOUR_FIGURE if own else YUAN).format(amount=format_yuan(assessment.line))


def _steps(result: Result) -> list[How]:
    """The steps of the rows and of the insurances, each once."""
    hows = [how for insurance in result.insurances for how in insurance.hows]
    hows += [how for row in result.rows for how in row.hows]
    return list({(how.label, how.figure): how for how in hows}.values())


def _step(how: How, sources: _Sources) -> StepLine:
    number = None if how.source is None else sources.number(how.source)
    return StepLine(how.label, how.figure, how.how, number)


def _contribution(line: Line, row: InsuranceRow) -> ContributionLine:
    return ContributionLine(
        insurance=row.name,
        base=_fen(line.base),
        employee_rate=line.employee_rate,
        employee=_fen(line.employee),
        employer_rate=line.employer_rate,
        employer=_fen(line.employer),
        note=row.note,
    )


class _Sources:
    """The numbered list at the end of the report, filled as things are cited."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._numbers: dict[str, int] = {}
        self.lines: list[SourceLine] = []

    def number(self, source: dict[str, Any]) -> int:
        """A source's number in the list, where it is put if it is new."""
        if source["id"] not in self._numbers:
            self.lines.append(self._line(source))
            self._numbers[source["id"]] = len(self.lines)
        return self._numbers[source["id"]]

    def numbers(self, told: Told) -> tuple[int, ...]:
        """The numbers of everything that a statement rests on."""
        return tuple(map(self.number, told.sources))

    def _line(self, source: dict[str, Any]) -> SourceLine:
        where = [f"{text['title']}（{text['where']}）" for text in source["read_in"]]
        since = source["effective_from"]
        detail = "；".join(filter(None, (self._library.divisions.name(source["region"]), since, *where[:2])))
        return SourceLine(source["title"], source["number"] or "", source["article"] or "", detail)


def _fen(amount: Amount | None) -> int | None:
    return None if amount is None else int(amount)
