"""A month's declaration, reckoned: nobody below the lawful base, nobody left out in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profile_samples import SUZHOU, TODAY, yuan

from calculator.case import Earner
from calculator.contributions import earn
from calculator.money import format_yuan
from calculator.rules import JobRules
from notices.drafting import Issuer, Occasion, OnRecord
from notices.drafting import draft as notice
from people.employees import Employee
from people.entities import InsuredAccount
from people.outside import Tokens, Unlawful, refuse_unlawful
from people.records import PayMonth
from policy_kb.company import Company
from policy_kb.company_rules import parse_rule
from policy_kb.library import Library
from profiles.declaring import (
    Apart,
    Draft,
    Former,
    Known,
    declared,
    draft,
    line_from,
    line_json,
)

ACCOUNT = InsuredAccount("a-1", "e-1", SUZHOU, "SZ001")
OCTOBER = date(2026, 10, 1)
FLOOR, CEILING = yuan("4952"), yuan("24762")


def person(number: str = "0001", **more: Any) -> Employee:
    values: dict[str, Any] = {
        "id": f"id-{number}",
        "number": number,
        "name": "阿丽",
        "region": SUZHOU,
        "wage": yuan("3500"),
        "joined_on": date(2026, 8, 10),
        "insured_since": date(2026, 9, 1),
        "id_number": "11010519491231002X",
    }
    return Employee(**values | more)


def made(library: Library, *staff: Employee, account: InsuredAccount = ACCOUNT, **known: Any) -> Draft:
    return draft(library, account, OCTOBER, TODAY, staff, Known(**{"accounts": (account,)} | known))


def why(library: Library, employee: Employee, **known: Any) -> tuple[str, str]:
    found = made(library, employee, **known)
    assert not found.lines
    (apart,) = found.apart
    return apart.why, apart.detail


# -- the base ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wage", "on_record", "base"),
    [
        ("2500", None, "4952"),
        ("3000", "3000", "4952"),
        ("3000", "4952", "4952"),
        ("5200", None, "5200"),
        ("5200", "4952", "5200"),
        ("5200", "6000", "6000"),
        ("5200", "99999", "24762"),
        ("30000", None, "24762"),
        ("30000", "20000", "24762"),
    ],
)
def test_the_base_on_record_counts_where_it_is_not_below_the_lawful_one(
    library: Library, wage: str, on_record: str | None, base: str
) -> None:
    employee = person(wage=yuan(wage), base=None if on_record is None else yuan(on_record))
    (line,) = made(library, employee).lines
    assert line.base == yuan(base)
    assert line.lawful == min(max(yuan(wage), FLOOR), CEILING)
    job = library.job(SUZHOU, OCTOBER, TODAY)
    earned = earn(Earner(line.base, SUZHOU), line.base, job, None, insured=True)
    assert (line.own, line.employer) == (earned.own_insurance, earned.employer_total)


@settings(max_examples=150)
@given(wage=st.integers(1, 4_000_000), on_record=st.none() | st.integers(0, 4_000_000))
def test_no_line_is_below_the_lawful_base_for_any_insurance(
    library: Library, wage: int, on_record: int | None
) -> None:
    (line,) = made(library, person(wage=wage, base=on_record)).lines
    refuse_unlawful(declared(line))
    assert line.base >= line.lawful
    job = library.job(SUZHOU, OCTOBER, TODAY)
    least = earn(Earner(wage, SUZHOU), wage, job, None, insured=True)
    assert line.own >= int(least.own_insurance) and line.employer >= int(least.employer_total)


class OtherFloors(Library):
    """A library in which the medical floor lies above the others, and its ceiling too."""

    def __init__(self, library: Library) -> None:
        self.__dict__.update(library.__dict__)
        self._plain = library

    def job(self, region: str, on: date, as_of: date) -> JobRules:
        job = self._plain.job(region, on, as_of)
        terms = tuple(
            replace(each, base_floor=600_000, base_ceiling=3_000_000) if each.insurance == "medical" else each
            for each in job.terms
        )
        return replace(job, terms=terms)


@pytest.mark.parametrize(
    ("wage", "on_record", "base"),
    [
        ("3000", None, "4952"),
        ("3000", "6000", "4952"),  # the floor of one insurance says nothing about the wage
        ("5500", None, "5500"),
        ("27000", None, "27000"),  # above the one ceiling and below the other
        ("40000", None, "30000"),
        ("3000", "7000", "7000"),
    ],
)
def test_one_base_gives_each_insurance_its_own_where_bounds_differ(
    library: Library, wage: str, on_record: str | None, base: str
) -> None:
    other = OtherFloors(library)
    employee = person(wage=yuan(wage), base=None if on_record is None else yuan(on_record))
    (line,) = made(other, employee).lines
    assert line.base == yuan(base)
    basis = max(yuan(wage), yuan(base)) if on_record == "7000" else yuan(wage)
    earned = earn(Earner(basis, SUZHOU), basis, other.job(SUZHOU, OCTOBER, TODAY), None, insured=True)
    assert (line.own, line.employer) == (earned.own_insurance, earned.employer_total)


def test_a_line_below_the_lawful_base_is_refused(library: Library) -> None:
    (line,) = made(library, person()).lines
    with pytest.raises(Unlawful, match="below_lawful_base"):
        refuse_unlawful(declared(replace(line, base=line.lawful - 1)))


def test_the_wage_of_the_month_counts_before_the_rosters(library: Library) -> None:
    month = PayMonth(OCTOBER, yuan("6100"))
    (line,) = made(library, person(), months={"id-0001": month}).lines
    assert (line.wage, line.base) == (yuan("6100"), yuan("6100"))


def test_the_assessed_injury_rate_counts_on_the_employers_side(library: Library) -> None:
    assessed = replace(ACCOUNT, injury_rate=9_000)
    (plain,), (other,) = made(library, person()).lines, made(library, person(), account=assessed).lines
    job = library.job(SUZHOU, OCTOBER, TODAY)
    assert next(each.employer_rate for each in job.terms if each.insurance == "work_injury") == 2_000
    # 4952.00 at 0.9 % instead of 0.2 %, each rounded: 44.57 instead of 9.90.
    assert other.employer - plain.employer == yuan("44.57") - yuan("9.90")
    assert other.own == plain.own


RULE = {
    "id": "hr-0007",
    "title": "苏州厂核定的工伤费率",
    "from": "2026-01-01",
    "regions": [SUZHOU],
    "then": [{"set": {"parameter": "work_injury.employer_rate", "value": "0.0048"}}],
    "why": "社保局 2026 年核定",
    "source": {"title": "工伤保险费率核定单", "where": "人事档案", "number": "苏工伤核〔2026〕88号"},
    "by": {"author": "赵静"},
    "cases": [
        {
            "name": "三千五",
            "given": {
                "region": SUZHOU,
                "on": "2026-10-15",
                "household": {"size": 1, "earners": [{"wage": "3500.00"}]},
            },
            "expect": {"contributions.work_injury.employer": "23.77"},
        }
    ],
}


def test_the_companys_own_rules_count(library: Library) -> None:
    company = Company((parse_rule(RULE, "rule.yaml", library),))
    (plain,), (own,) = made(library, person()).lines, made(library, person(), company=company).lines
    assert own.employer - plain.employer == yuan("23.77") - yuan("9.90")
    assert (own.own, own.base) == (plain.own, plain.base)


@pytest.mark.parametrize("wage", ["2500", "3500", "4952", "5200.50", "24762", "30000"])
@pytest.mark.parametrize("on_record", [None, "4952", "7000"])
def test_the_shares_are_those_of_the_notice_to_the_fen(
    library: Library, wage: str, on_record: str | None
) -> None:
    account = replace(ACCOUNT, injury_rate=3_600, injury_source="苏州人社工伤费率核定单〔2026〕8号")
    employee = person(wage=yuan(wage), base=None if on_record is None else yuan(on_record))
    occasion = Occasion("notice", OCTOBER, TODAY, date(2026, 10, 22), "", Issuer("苏州某厂"))
    content = notice(library, employee, occasion, OnRecord(accounts=(account,)))
    (line,) = made(library, employee, account=account).lines
    assert content.data["totals"] == {
        "employee": format_yuan(line.own),
        "employer": format_yuan(line.employer),
    }


# -- who stands apart --------------------------------------------------------------------------------------------------


def test_whoever_is_owed_insurance_and_has_none_is_told_of(library: Library) -> None:
    assert why(library, person(insured_since=None)) == ("not_insured", "")
    assert (
        why(library, person(insured_since=date(2026, 11, 1), uninsured_why="本人不愿意"))[0] == "not_insured"
    )
    assert not made(library, person(joined_on=date(2026, 11, 1), insured_since=None)).apart


@pytest.mark.parametrize("wage", [None, 0])
def test_nobody_is_declared_on_no_wage(library: Library, wage: int | None) -> None:
    assert why(library, person(wage=wage)) == ("no_wage", "")


def test_an_unclear_form_of_employment_is_told_of(library: Library) -> None:
    assert why(library, person(employment="part_time")) == ("employment", "part_time")
    assert made(library, person(employment="dispatched")).lines


def test_a_missing_figure_is_named_and_not_guessed(library: Library) -> None:
    class Lacking(OtherFloors):
        def job(self, region: str, on: date, as_of: date) -> JobRules:
            job = self._plain.job(region, on, as_of)
            return replace(
                job,
                terms=tuple(
                    replace(each, employee_rate=None) if each.insurance == "unemployment" else each
                    for each in job.terms
                ),
            )

    assert why(Lacking(library), person()) == ("no_figure", "unemployment")


def test_leavers_are_told_of_in_their_month_and_gone_after_it(library: Library) -> None:
    left = person(state="left", left_on=date(2026, 10, 12))
    assert why(library, left) == ("leaving", "2026-10-12")
    former = Former("0001", "阿丽", yuan("3500"), FLOOR, 52_496, 121_324)
    earlier = person(state="left", left_on=date(2026, 9, 30))
    (gone,) = made(library, earlier, before={"id-0001": former}).gone
    assert (gone.employee, gone.why) == ("id-0001", "left")
    (erased,) = made(library, before={"id-0009": former}).gone
    assert erased.why == "erased"


def test_whoever_could_be_in_two_accounts_is_told_of_in_both(library: Library) -> None:
    second = replace(ACCOUNT, id="a-2", number="SZ002")
    both = (ACCOUNT, second)
    assert why(library, person(), accounts=both)[0] == "no_account"
    named = person(account="SZ002")
    assert not made(library, named, accounts=both).lines
    assert draft(library, second, OCTOBER, TODAY, [named], Known(both)).lines
    former = Former("0001", "阿丽", yuan("3500"), FLOOR, 52_496, 121_324)
    (gone,) = made(library, named, accounts=both, before={"id-0001": former}).gone
    assert gone.why == "elsewhere"


def test_whom_the_system_cannot_tell_is_not_handed_in(library: Library) -> None:
    tokens = Tokens("id_number_sha256")

    def token(employee: Employee) -> str:
        return tokens.of(employee.id_number, employee.number)

    found = made(library, person("0001"), person("0002"), person("0003", id_number=""), person=token)
    assert not found.lines
    assert {each.number: each.why for each in found.apart} == {
        "0001": "same_person",
        "0002": "same_person",
        "0003": "no_person",
    }


def test_everybody_is_somewhere_once(library: Library) -> None:
    staff = [
        person("0001"),
        person("0002", insured_since=None),
        person("0003", wage=None),
        person("0004", employment="student"),
        person("0005"),
    ]
    found = made(library, *staff, done={"id-0005"})
    seen = [each.employee for each in found.lines] + [each.employee for each in found.apart]
    assert sorted(seen) == ["id-0001", "id-0002", "id-0003", "id-0004"] and found.done == 1
    assert all(isinstance(each, Apart) for each in found.apart)


# -- against last month ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "more", "change"),
    [
        (None, {}, "new"),
        ({}, {}, None),
        ({"wage": yuan("5000"), "base": yuan("5000")}, {}, "wage"),
        ({"base": yuan("4879")}, {}, "bounds"),
        ({}, {"base": yuan("7000")}, "record"),
        ({"own": 52_000}, {}, "rates"),
    ],
)
def test_what_changed_against_last_month_and_why(
    library: Library, before: Mapping[str, int] | None, more: Mapping[str, int], change: str | None
) -> None:
    same = Former("0001", "阿丽", yuan("3500"), FLOOR, 52_496, 121_324)
    known = {} if before is None else {"id-0001": replace(same, **before)}
    (line,) = made(library, person(**more), before=known).lines
    assert line.change == change


# -- kept --------------------------------------------------------------------------------------------------------------


def test_a_line_is_the_same_after_it_was_kept(library: Library) -> None:
    former = Former("0001", "阿丽", yuan("3500"), FLOOR, 52_496, 121_324)
    for known in ({}, {"id-0001": former}):
        (line,) = made(library, person(), before=known, person=lambda each: each.number).lines
        assert line_from(line_json(line)) == line


def test_the_digest_is_of_everything_that_is_approved(library: Library) -> None:
    first = made(library, person())
    assert first.digest == made(library, person()).digest
    others = [
        made(library, person(wage=yuan("3600"))),
        made(library, person(), person("0002")),
        made(library, person(), person("0002", wage=None)),
        replace(first, ruleset="other"),
    ]
    assert len({each.digest for each in (first, *others)}) == 5


def test_no_repr_tells_anything_of_a_person(library: Library) -> None:
    found = made(library, person(), person("0002", wage=None, name="周德全"))
    told = repr(found) + repr(found.lines[0]) + repr(found.apart[0])
    assert not any(each in told for each in ("阿丽", "周德全", "350000", "495200", "52496"))
