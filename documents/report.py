"""What the impact report 影响报告 and the note for the township hold, in plain data that is worded already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from calculator.money import Fen, Ppm, format_percent, format_yuan
from documents.chart import ChartData, chart_svg, description
from documents.fonts import SANS
from documents.rendering import render, render_pages
from locales import Locale, Say, as_written

Tone = Literal["good", "open", "over"]

#: The note is read on a phone held at arm's length: 1000 pixels wide.
NOTE_PPI: Final = 172.0


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that the document rests on: a name and a figure."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the comparison: one cell for each of its columns. `strong` lines carry the answer."""

    label: str
    cells: tuple[str, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Before and after side by side: insured, uninsured, and the second reading where the first may not hold."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.columns) <= 4 or any(len(row.cells) != len(self.columns) for row in self.rows):
            raise ValueError("a comparison has one to four columns and each row a cell for each")


@dataclass(frozen=True, slots=True)
class ContributionLine:
    """One insurance; None is what is not on record and is never shown as zero. `note` says what is special."""

    insurance: str
    base: Fen | None
    employee_rate: Ppm | None
    employee: Fen | None
    employer_rate: Ppm | None
    employer: Fen | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of how the income was counted: `source` is the number of a source, counted from 1."""

    label: str
    figure: str
    how: str
    source: int | None = None


@dataclass(frozen=True, slots=True)
class LegalPoint:
    """A rule in plain words and the numbers of the sources that it rests on."""

    text: str
    sources: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A text or an official figure; its number is its place in the list. `url` is https or empty."""

    title: str
    number: str = ""
    article: str = ""
    detail: str = ""
    url: str = ""

    def __post_init__(self) -> None:
        if self.url and not self.url.startswith("https://"):
            raise ValueError(f"a source's address begins with https://, not {self.url!r}")


@dataclass(frozen=True, slots=True)
class ReportData:
    """The impact report. Figures only: it names nobody. Empty parts are left out; all texts are shown literally.

    `headline` answers first, `headline_detail` says why; `tone` chooses their colour.
    """

    locale: Locale
    on: date
    as_of: date
    calculation_id: str
    ruleset_version: str
    headline: str
    comparison: Comparison
    headline_detail: str = ""
    tone: Tone = "open"
    facts: tuple[Fact, ...] = ()
    contributions: tuple[ContributionLine, ...] = ()
    employee_total: Fen | None = None
    employer_total: Fen | None = None
    steps: tuple[StepLine, ...] = ()
    keeps: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    legal: tuple[LegalPoint, ...] = ()
    sources: tuple[SourceLine, ...] = ()
    chart: ChartData | None = None
    labels: Mapping[str, str] = field(default_factory=lambda: report_labels(as_written))

    def __post_init__(self) -> None:
        cited = {step.source for step in self.steps if step.source is not None}
        cited.update(number for point in self.legal for number in point.sources)
        if strange := sorted(number for number in cited if not 1 <= number <= len(self.sources)):
            raise ValueError(f"no source has the number {strange[0]}")


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the township: `choices` to tick, and `unit` of a figure to be written on a blank line."""

    text: str
    choices: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True, slots=True)
class NoteData:
    """The note to show or read out at the township. It says what is asked and labels nobody."""

    locale: Locale
    on: date
    heading: str
    opening: str
    facts: tuple[Fact, ...]
    questions: tuple[Question, ...]
    phone: Fact
    closing: str = ""
    labels: Mapping[str, str] = field(default_factory=lambda: note_labels(as_written))


def report_pdf(data: ReportData) -> bytes:
    """The report as PDF/A-2u."""
    return render("report", report_to_typst(data))


def report_png(data: ReportData) -> list[bytes]:
    """The report's pages as pictures."""
    return render_pages("report", report_to_typst(data), format="png")


def note_pdf(data: NoteData) -> bytes:
    """The note as PDF/A-2u, one page of A5."""
    return render("township_note", note_to_typst(data))


def note_png(data: NoteData) -> bytes:
    """The note as one picture for a phone."""
    return render("township_note", note_to_typst(data), format="png", ppi=NOTE_PPI)


def report_to_typst(data: ReportData) -> dict[str, Any]:
    """The report as the template reads it."""
    return {
        **_common(data.locale, data.on, data.labels),
        "as_of": data.as_of.isoformat(),
        "calculation_id": data.calculation_id,
        "ruleset_version": data.ruleset_version,
        "headline": data.headline,
        "headline_detail": data.headline_detail,
        "tone": data.tone,
        "facts": [_pair(fact) for fact in data.facts],
        "columns": list(data.comparison.columns),
        "rows": [
            {"label": row.label, "cells": list(row.cells), "strong": row.strong}
            for row in data.comparison.rows
        ],
        "contributions": [_contribution(line) for line in data.contributions],
        "employee_total": _yuan(data.employee_total),
        "employer_total": _yuan(data.employer_total),
        "steps": [
            {"label": step.label, "figure": step.figure, "how": step.how, "source": step.source}
            for step in data.steps
        ],
        "keeps": list(data.keeps),
        "asks": list(data.asks),
        "warnings": list(data.warnings),
        "legal": [{"text": point.text, "sources": list(point.sources)} for point in data.legal],
        "sources": [_source(source) for source in data.sources],
        "chart": chart_svg(data.chart, font_family=SANS[data.locale]) if data.chart else None,
        "chart_told": description(data.chart) if data.chart else None,
    }


def note_to_typst(data: NoteData) -> dict[str, Any]:
    """The note as the template reads it."""
    return {
        **_common(data.locale, data.on, data.labels),
        "heading": data.heading,
        "opening": data.opening,
        "facts": [_pair(fact) for fact in data.facts],
        "questions": [
            {"text": question.text, "choices": list(question.choices), "unit": question.unit}
            for question in data.questions
        ],
        "phone": _pair(data.phone),
        "closing": data.closing,
    }


def township_note(
    *,
    on: date,
    workplace: str,
    wage: Fen,
    own_contribution: Fen | None,
    people: int,
    phone: str,
    supporting: bool = False,
    locale: Locale = "zh-Hans",
    say: Say = as_written,
) -> NoteData:
    """The note with its four questions, worded by `say`; `phone` is the home region's area code + 12345.

    `supporting`: the book is somebody else's, so that the first question is how the wage counts as support.
    """
    about_costs = Question(say("出来打工的花销，减不减？减多少？"), (say("减"), say("不减")), say("元/月"))
    about_support = Question(say("本上没有我，我的工资怎么折算成赡养费？"), unit=say("元/月"))
    own = (
        say("还没有算出")
        if own_contribution is None
        else say("{yuan} 元", yuan=format_yuan(own_contribution))
    )
    return NoteData(
        locale=locale,
        on=on,
        heading=say("想请问的四件事"),
        opening=say("您好，我在上班，按规定要交社保。家里的低保怎么算，想请您告诉我："),
        facts=(
            Fact(say("上班的地方"), workplace),
            Fact(say("每月工资（扣之前）"), say("{yuan} 元", yuan=format_yuan(wage))),
            Fact(say("每月从工资里扣的社保"), own),
            Fact(say("低保本上的人数"), say("{people} 人", people=str(people))),
        ),
        questions=(
            *((about_support,) if supporting else ()),
            Question(say("算家里收入时，个人交的社保减不减？"), (say("减"), say("不减"))),
            *(() if supporting else (about_costs,)),
            Question(say("现在的低保线，每人每月多少？"), unit=say("元")),
            Question(say("收入超线以后，还发几个月？"), unit=say("个月")),
        ),
        phone=Fact(say("打电话问（老家）"), phone),
        closing=say("谢谢您！"),
        labels=note_labels(say),
    )


def report_labels(say: Say) -> dict[str, str]:
    """The fixed words of the report."""
    return {
        "heading": say("社保对低保的影响报告"),
        "facts": say("按这些数算的"),
        "comparison": say("交和不交，一样一样比"),
        "comparison_unit": say("每月，元"),
        "chart": say("工资变了，全家的钱怎么变"),
        "contributions": say("每月社保怎么交"),
        "insurance": say("险种"),
        "base": say("按多少工资算（基数）"),
        "employee": say("从工资里扣的"),
        "employer": say("单位另外出的"),
        "rate": say("比例"),
        "amount": say("元"),
        "total": say("合计"),
        "not_recorded": say("未记录"),
        "incomplete": say("有未记录的项目，合计不完整"),
        "steps": say("收入怎么算出来的"),
        "step": say("步骤"),
        "figure": say("数"),
        "how": say("怎么来的"),
        "source": say("依据"),
        "keeps": say("怎么保住低保"),
        "asks": say("要问清楚的"),
        "legal": say("法律怎么说"),
        "sources": say("出处"),
        "warnings": say("请注意"),
        "on": say("按这一天的规定"),
        "as_of": say("数据截至"),
        "ruleset": say("规则版本"),
        "id": say("编号"),
        "disclaimer": say("这是估算，最后由老家民政部门审核确认。"),
        "page": say("第 {page} 页，共 {pages} 页", page="{page}", pages="{pages}"),
    }


def note_labels(say: Say) -> dict[str, str]:
    """The fixed words of the note."""
    return {"asked_on": say("问的日期"), "answered_by": say("答复的人或办公室"), "made_on": say("写于")}


def _common(locale: Locale, on: date, labels: Mapping[str, str]) -> dict[str, Any]:
    return {"locale": locale, "on": on.isoformat(), "labels": dict(labels)}


def _pair(fact: Fact) -> list[str]:
    return [fact.label, fact.value]


def _contribution(line: ContributionLine) -> dict[str, Any]:
    return {
        "insurance": line.insurance,
        "note": line.note,
        "cells": [
            _yuan(line.base),
            _percent(line.employee_rate),
            _yuan(line.employee),
            _percent(line.employer_rate),
            _yuan(line.employer),
        ],
    }


def _source(source: SourceLine) -> dict[str, str]:
    words = " ".join(part for part in (source.title, source.number, source.article) if part)
    return {"words": words, "detail": source.detail, "url": source.url}


def _yuan(fen: Fen | None) -> str | None:
    return None if fen is None else format_yuan(fen)


def _percent(rate: Ppm | None) -> str | None:
    return None if rate is None else format_percent(rate)
