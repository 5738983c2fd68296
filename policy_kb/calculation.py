"""One question, one answer: reads a case, finds its rules, assesses it, and says what came out."""

from __future__ import annotations

from datetime import date
from typing import Any

from calculator.assessment import Assessment, assess
from calculator.case import Case, read_case
from locales import Say, as_written
from policy_kb.company import NO_RULES, Company, answer_with, assess_with
from policy_kb.library import Library


def calculate(
    library: Library, data: object, today: date, say: Say = as_written, company: Company = NO_RULES
) -> dict[str, Any]:
    """The answer to one JSON case as plain data, under a company's own rules where it has any.

    Raises `InputError` naming every field that cannot be read.
    """
    case = read_case(data, library.divisions.find, today)
    return answer_with(assess_with(library, case, company, say), library, company, say)


def assess_case(library: Library, case: Case) -> Assessment:
    """One case by the rules of its regions and days."""
    return assess(case, library.rules(case))
