"""The figures of one employee that a change of policy can alter, one profile after the other: the measure for the bulk."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from calculator.assessment import assess
from calculator.household import Verdict
from calculator.money import Fen
from policy_kb.library import Library
from profiles.lawful import lawful_base
from profiles.profile import Profile, case_of


class Figures(NamedTuple):
    """What the rules of a day make of a profile, fen a month.

    `verdict` is the household's, insured, and the employee's alone: HR never sees it. `base` is the lowest lawful base;
    the shares are sums over the known lines. None where wage or region is not known.
    """

    verdict: Verdict
    base: Fen | None
    employee: Fen | None
    employer: Fen | None


def figures_of(profile: Profile, library: Library, on: date, as_of: date) -> Figures:
    """One profile by the rules of a day, as known on another."""
    if profile.gross_wage is None or profile.region is None:
        return Figures("unknown", None, None, None)
    base = lawful_base(library, profile.gross_wage, profile.region, on, as_of)
    verdict: Verdict = "unknown"
    case = case_of(profile, on, as_of)
    if case is not None:
        verdict = assess(case, library.rules(case), second_reading=False, break_even=False).insured.verdict
    return Figures(verdict, base.lowest, base.employee, base.employer)
