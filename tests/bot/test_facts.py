"""What messages say, by tables of them: `text`, the open question or -, and the facts, each `field=value` or `field?doubt`."""

from __future__ import annotations

import time
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.understanding.facts import Facts, Unsure
from bot.understanding.reading_facts import FactReader
from calculator.money import format_yuan
from policy_kb.divisions import Divisions

HERE = Path(__file__).parent
TODAY = date(2026, 10, 15)
READER = FactReader(Divisions.load())

MONEY = ("wage", "other_income", "other_income_high", "standard_monthly", "received_monthly", "amount")
#: What a table is about: where it names none of these, there must be none.
OF_HOUSEHOLDS = (*MONEY, "wage_is_net", "household_size")
OF_PLACES = ("region", "dibao_region", "same_region", "area")
QUESTIONS = (
    "region dibao_region area on_book wage gross_or_net household_size other_income dibao_status"
    " standard_monthly received_monthly month confirm choice share_scope"
).split()


class Case(NamedTuple):
    """One line of a table."""

    text: str
    asked: str | None
    expected: frozenset[str]


def cases(name: str) -> list[Case]:
    found = []
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            text, asked, expected = line.split("\t")
            found.append(
                Case(text, None if asked == "-" else asked, frozenset(map(_value, expected.split())))
            )
    return found


def _value(expected: str) -> str:
    """Amounts as they are printed: wage=3200 is wage=3200.00."""
    field, equals, value = expected.partition("=")
    if field in MONEY and "." not in value:
        value += ".00"
    return field + equals + value if equals else expected


def said(case: Case, about: tuple[str, ...]) -> frozenset[str]:
    facts = READER.read(case.text, TODAY, case.asked)
    stated = {f"{field}={_shown(field, facts)}" for field in about if _is_said(field, facts)}
    return frozenset(stated | {_doubt(each) for each in facts.unsure if each.field in about})


def _is_said(field: str, facts: Facts) -> bool:
    value = getattr(facts, field)
    return bool(value) if field == "same_region" else value is not None


def _shown(field: str, facts: Facts) -> str:
    value = getattr(facts, field)
    if field in MONEY:
        return format_yuan(value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _doubt(unsure: Unsure) -> str:
    if unsure.why == "vague_amount":
        ends = [str(fen // 100) if fen is not None else "" for fen in (unsure.low, unsure.high)]
        return f"{unsure.field}?{'..'.join(ends) if any(ends) else ''}"
    if unsure.why == "unclear_amount":
        return f"{unsure.field}?{'|'.join(str(int(fen) // 100) for fen in unsure.choices)}"
    if unsure.why in ("ambiguous_region", "which_region"):
        return f"{unsure.field}?{','.join(unsure.choices)}"
    return f"{unsure.field}?{unsure.why if unsure.why == 'per_year' else ''}"


def wrong(found: list[Case], about: tuple[str, ...]) -> list[str]:
    return [
        f"{case.text!r} asked={case.asked}: {sorted(said(case, about))}, not {sorted(case.expected)}"
        for case in found
        if said(case, about) != case.expected
    ]


def test_amounts_and_households_are_read() -> None:
    found = cases("amounts.tsv") + cases("households.tsv")
    failed = wrong(found, OF_HOUSEHOLDS)
    assert len(found) >= 500
    assert 1 - len(failed) / len(found) >= 0.98, "\n".join(failed)


def test_places_are_read() -> None:
    found = cases("places.tsv")
    failed = wrong(found, OF_PLACES)
    assert len(found) >= 120
    assert 1 - len(failed) / len(found) >= 0.98, "\n".join(failed)


def test_no_amount_is_made_up() -> None:
    found = [
        case for case in cases("amounts.tsv") if not any(each.startswith(MONEY) for each in case.expected)
    ]
    made_up = [case for case in found if any(each.startswith(MONEY) for each in said(case, MONEY))]
    assert len(found) >= 60
    assert not made_up
