"""The chat's papers: chart, report and note of its last result, made like the page's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from bot.views import Papers
from calculator.case import read_case
from documents.report import NoteData, ReportData, note_pdf, note_png, report_pdf, report_png
from locales import Locale, speak
from policy_kb.company import NO_RULES, Assessed, Company, assess_with
from policy_kb.library import Library
from web_calc.drawing import Drawing, draw
from web_calc.languages import catalogue
from web_calc.papers import note_data, report_data
from web_calc.pictures import one_below_another
from web_calc.presenting import Result, present


class ChatPapers(Papers):
    """Papers over one library and a company's own rules; `today` is the day that the note is written."""

    def __init__(self, library: Library, today: Callable[[], date], company: Company = NO_RULES) -> None:
        self._library = library
        self._today = today
        self._company = company

    def chart_svg(self, case: dict[str, Any], locale: Locale) -> bytes:
        return self._drawing(case, locale).svg.encode()

    def chart_told(self, case: dict[str, Any], locale: Locale) -> str:
        return self._drawing(case, locale).told

    def report_pdf(self, case: dict[str, Any], locale: Locale) -> bytes:
        return report_pdf(self._report(case, locale))

    def report_png(self, case: dict[str, Any], locale: Locale) -> bytes:
        return one_below_another(report_png(self._report(case, locale)))

    def note_pdf(self, case: dict[str, Any], locale: Locale) -> bytes:
        return note_pdf(self._note(case, locale))

    def note_png(self, case: dict[str, Any], locale: Locale) -> bytes:
        return note_png(self._note(case, locale))

    def _drawing(self, case: dict[str, Any], locale: Locale) -> Drawing:
        return draw(self._assessed(case, locale).assessment, speak(catalogue(locale)))

    def _report(self, case: dict[str, Any], locale: Locale) -> ReportData:
        return report_data(self._result(case, locale), self._library, locale, speak(catalogue(locale)))

    def _note(self, case: dict[str, Any], locale: Locale) -> NoteData:
        say = speak(catalogue(locale))
        return note_data(self._result(case, locale), self._library, self._today(), locale, say)

    def _result(self, case: dict[str, Any], locale: Locale) -> Result:
        assessed = self._assessed(case, locale)
        result = present(assessed.assessment, self._library, locale, speak(catalogue(locale)))
        return replace(result, warnings=(*assessed.warnings, *result.warnings))

    def _assessed(self, case: dict[str, Any], locale: Locale) -> Assessed:
        asked = read_case(case, self._library.divisions.find, self._today())
        return assess_with(self._library, asked, self._company, speak(catalogue(locale)))
