"""The employee's own assessment in a few sentences, from the JSON of `policy_kb.answer`: for the employee's own page and for
nothing else. It is not in the notice, not on paper, and nobody is sent it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from calculator.money import format_yuan, parse_yuan
from locales import N_, Say
from policy_kb.telling import (
    COST_AT_LEAST,
    COST_ONE,
    COST_RANGE,
    DETAILS,
    HEADLINES,
    OWN_SHARE,
    OWN_SHARE_AT_LEAST,
    UNINSURED_TOO,
    Finding,
)

DECIDES: Final = N_("这是估算，最后老家民政说了算。")
_DEDUCTIONS: Final = ("work_cost_deduction", "hardship_deduction", "new_job_disregard")


@dataclass(frozen=True, slots=True)
class OwnResult:
    """What is said: the first sentence, why, what it costs, and the one question that would make it clearer."""

    headline: str = field(repr=False)
    detail: str = field(repr=False)
    cost: str = field(repr=False)
    ask: str = field(repr=False)


def own_result(own: Mapping[str, Any], say: Say) -> OwnResult:
    """An answer in the reader's words; every figure is the answer's own."""
    found = _finding(own)
    return OwnResult(say(HEADLINES[found]), _detail(own, found, say), _cost(own, found, say), _ask(own))


def _finding(own: Mapping[str, Any]) -> Finding:
    """Which of the answers it is: `policy_kb.telling.find_out`, for an answer that is JSON already."""
    dibao, open_fields = own["dibao"], {each["field"] for each in own["missing"]}
    verdict = dibao["insured"]["verdict"]
    if verdict == "depends":
        return "depends_on_income" if "household.other_income" in open_fields else "depends_on_reading"
    if verdict == "within":
        return "within_only_insured" if dibao["uninsured"]["verdict"] == "over" else "within"
    if verdict == "over":
        return "over"
    return _open_question(dibao, open_fields)


def _open_question(dibao: Mapping[str, Any], open_fields: set[str]) -> Finding:
    if "household.employee_on_book" in open_fields:
        return "ask_on_book"
    if "household.supporters" in open_fields:
        return "not_on_book"
    if dibao["standard"]["amount"] is None:
        return "ask_line"
    return "open_deduction" if open_fields.intersection(_DEDUCTIONS) else "open_figures"


def _detail(own: Mapping[str, Any], found: Finding, say: Say) -> str:
    dibao, size = own["dibao"], own["inputs"]["household"]["size"]
    line = dibao["standard"]["amount"]
    if found not in DETAILS or line is None:
        return ""
    figures = {
        name: "" if dibao[key] is None else dibao[key]["countable_income"]
        for name, key in (
            ("insured", "insured"), ("uninsured", "uninsured"), ("other", "other_reading"), ("high", "other_income_high"),
        )
    }  # fmt: skip
    figures |= {"limit": format_yuan(parse_yuan(line) * size), "line": line, "size": str(size)}
    told = say(DETAILS[found], **figures)
    if found == "depends_on_reading" and dibao["uninsured"]["verdict"] == "over":
        told = f"{told} {say(UNINSURED_TOO, **figures)}"
    return told


def _cost(own: Mapping[str, Any], found: Finding, say: Say) -> str:
    complete = all(line["employee"] is not None for line in own["contributions"])
    cost = own["dibao"]["net_cost_to_household"]
    if cost["low"] is None or found in ("not_on_book", "ask_on_book"):
        text = OWN_SHARE if complete else OWN_SHARE_AT_LEAST
        return say(text, own=own["employee_total"], take_home=own["take_home"]["insured"])
    if not complete:
        return say(COST_AT_LEAST, low=cost["low"])
    return say(COST_ONE if cost["low"] == cost["high"] else COST_RANGE, low=cost["low"], high=cost["high"])


def _ask(own: Mapping[str, Any]) -> str:
    """The question that would do most, in the words of the answer."""
    return str(own["missing"][0]["why"]) if own["missing"] else ""
