"""States that are found, what they cost by the day, late differences, and the one page of money."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from profile_samples import SUZHOU, TODAY, insured, profile, published, said, town, uninsured, yuan

from people.entities import InsuredAccount
from people.records import PayMonth
from policy_kb.exposures import expose
from policy_kb.library import Library
from profiles.found import (
    Exposure,
    Found,
    Owed,
    OwedMonth,
    average_wage,
    exposure_of,
    find_floor,
    find_hold,
    short_months,
    unpaid_months,
)
from profiles.ground import Ground, last_due_month, month_of, months_from
from profiles.lawful import lawful_base
from profiles.settling import settle
from profiles.sheet import PersonSheet, company_sheet, person_sheet

JOINED = date(2026, 8, 10)
AUGUST, SEPTEMBER, OCTOBER = date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)


def account(day: int | None, *, next_month: bool = False, injury_class: int | None = None) -> InsuredAccount:
    return InsuredAccount(
        "a", "e", SUZHOU, "1", declaration_day=day, declared_next_month=next_month, injury_class=injury_class
    )


def exposure(found: Found | None) -> Exposure:
    assert found is not None and found.exposure is not None and found.why_not is None
    return found.exposure


# Months


def test_the_last_month_that_is_due() -> None:
    assert last_due_month(TODAY, None) == last_due_month(TODAY, account(None)) == SEPTEMBER
    assert last_due_month(TODAY, account(14)) == OCTOBER
    assert last_due_month(TODAY, account(15)) == SEPTEMBER
    assert last_due_month(TODAY, account(14, next_month=True)) == SEPTEMBER
    assert last_due_month(TODAY, account(15, next_month=True)) == AUGUST
    across = [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    assert list(months_from(date(2025, 12, 31), date(2026, 2, 1))) == across
    assert month_of(TODAY) == OCTOBER


def test_a_month_is_owed_unless_its_record_says_that_it_was_paid(library: Library) -> None:
    months = (
        PayMonth(date(2026, 6, 1), yuan("3000"), paid=True),
        PayMonth(date(2026, 7, 1), yuan("3100"), paid=False),
        PayMonth(AUGUST, yuan("3200")),
    )
    owed = unpaid_months(uninsured("3500"), Ground(library, months=months), TODAY)
    assert owed.months == (
        OwedMonth(date(2026, 7, 1), yuan("3100"), None),
        OwedMonth(AUGUST, yuan("3200"), None),
        OwedMonth(SEPTEMBER, yuan("3500"), None),
    )
    assert (owed.assumed, owed.unknown) == (1, 0)


def test_months_of_no_known_wage_and_months_too_long_ago_are_said_to_be_missing(library: Library) -> None:
    months = (PayMonth(AUGUST, yuan("3200")),)
    found = exposure(find_hold(uninsured(None), Ground(library, joined_on=JOINED, months=months), TODAY))
    assert found.arrears == yuan("1738.20") and not found.complete
    long_ago = Ground(library, joined_on=date(2012, 3, 1), months=())
    owed = unpaid_months(uninsured("3500"), long_ago, TODAY)
    assert owed.earlier and owed.months[0].month == date(2015, 1, 1)
    assert not exposure(find_hold(uninsured("3500"), long_ago, TODAY)).complete


def test_without_any_day_nothing_is_assumed(library: Library) -> None:
    assert unpaid_months(profile(said("region", SUZHOU)), Ground(library), TODAY) == Owed()
    known = uninsured("3500", since="2026-09-01")
    assert [each.month for each in unpaid_months(known, Ground(library), TODAY).months] == [SEPTEMBER]


def test_an_earlier_spell_of_insurance_is_not_owed(library: Library) -> None:
    ended = uninsured(
        "3500",
        said("insured_since", JOINED, "2026-08-10"),
        said("insured_until", date(2026, 8, 31), "2026-08-10"),
    )
    owed = unpaid_months(ended, Ground(library, joined_on=JOINED), TODAY)
    assert [each.month for each in owed.months] == [SEPTEMBER]


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (profile(said("gross_wage", yuan("3500"), "2026-08-10")), "region"),
        (uninsured(None), "wage"),
        (uninsured("3500", since="2026-10-01"), "months"),
        (uninsured("3500", said("region", "999999", "2026-08-11", "hr")), "region"),
    ],
)
def test_why_nothing_can_be_reckoned(library: Library, known: object, why: str) -> None:
    found = find_hold(known, Ground(library), TODAY)  # type: ignore[arg-type]
    assert found == Found("hold", why_not=why)  # type: ignore[arg-type]


def test_nobody_is_found_where_nothing_is_wrong(library: Library) -> None:
    assert find_hold(insured("3500", "4952"), Ground(library), TODAY) is None
    assert find_hold(uninsured("3500"), Ground(library, employment="flexible"), TODAY) is None
    assert find_floor(insured("3500", "4952"), Ground(library), TODAY) is None
    assert find_floor(insured("3500"), Ground(library), TODAY) is None
    assert find_floor(uninsured("3500"), Ground(library), TODAY) is None
    assert find_floor(profile(*(), said("base", 1)), Ground(library), TODAY) is None


# A base that is too low


def test_what_was_declared_month_by_month_counts_before_what_is_assumed(library: Library) -> None:
    ground = Ground(
        town(library, "2800"),
        months=(
            PayMonth(date(2026, 7, 1), yuan("3000"), yuan("3000"), True),
            PayMonth(AUGUST, yuan("3100"), yuan("2800"), True),
            PayMonth(SEPTEMBER, yuan("3000"), None, False),
            PayMonth(OCTOBER, yuan("3000"), yuan("2800")),
        ),
    )
    known = insured("3000", "2800", since="2026-06-01")
    owed = short_months(known, ground, TODAY)
    assert [(each.month, each.wage, each.base_paid) for each in owed.months] == [
        (date(2026, 6, 1), yuan("3000"), yuan("2800")),
        (AUGUST, yuan("3100"), yuan("2800")),
        (OCTOBER, yuan("3000"), yuan("2800")),
    ]
    assert owed.due and owed.assumed == 1
    # September was not paid at all: that is another state, and no month is in both.
    assert [each.month for each in unpaid_months(known, ground, TODAY).months] == [SEPTEMBER]


def test_a_month_before_the_records_begin_is_not_judged(library: Library) -> None:
    months = (PayMonth(date(2014, 12, 1), yuan("3000"), 1, True),)
    without_place = profile(said("gross_wage", yuan("3000")))
    for known in (insured("3500", "4952"), without_place):
        assert short_months(known, Ground(library, months=months), TODAY) == Owed()


def test_wages_below_the_floor_are_not_hidden_wages(library: Library) -> None:
    """2500 declared as 2500 under a floor of 3000: the base is short, the wage is not hidden."""
    found = exposure(
        find_floor(insured("2500", "2500", since="2026-09-01"), Ground(town(library, "3000")), TODAY)
    )
    assert (found.arrears, found.hidden_wages) == (yuan("175"), 0)
    assert "INSP-27" not in found.sources and "SIL-86" in found.sources


def test_wages_above_the_ceiling_are_hidden_up_to_it(library: Library) -> None:
    found = exposure(find_floor(insured("30000", "20000", since="2026-09-01"), Ground(library), TODAY))
    assert found.hidden_wages == yuan("4762") and "INSP-27" in found.sources


def test_a_lawful_base_that_is_not_known_makes_nothing_short(library: Library) -> None:
    lawful = lawful_base(library, yuan("3500"), "710000", TODAY, TODAY)
    assert lawful.lowest is None and not lawful.is_above(0) and not lawful.is_exceeded_by(10**6)
    assert lawful_base(library, 0, SUZHOU, TODAY, TODAY).lowest is None


def test_bounds_that_are_only_recalled_are_not_computed_with(library: Library) -> None:
    records = library.regions["320000"]
    recalled = replace(
        records, contributions=tuple(replace(each, base="recalled") for each in records.contributions)
    )
    others = [each for each in library.regions.values() if each.region != "320000"]
    doubtful = Library([*others, recalled], library.divisions, library.version, "recalled")
    lawful = lawful_base(doubtful, yuan("3500"), SUZHOU, TODAY, TODAY)
    assert lawful.decisive is not None and lawful.decisive.terms.insurance == "medical"


# The exposure


def test_the_exposure_is_that_of_the_library_to_the_fen(library: Library) -> None:
    ground = Ground(library, account=account(15, injury_class=4), joined_on=JOINED)
    found = exposure(find_hold(uninsured("3500"), ground, TODAY))
    sheet = expose(
        library,
        {
            "region": SUZHOU, "injury_class": 4, "due_day": 15, "employed_since": "2026-08-10",
            "average_wage": "3500", "months": [{"month": f"2026-0{month}", "wage": "3500"} for month in (8, 9)],
        },
        TODAY,
    )  # fmt: skip
    assert found.sheet == sheet
    settled = sheet["settle"]
    assert found.late_fee(TODAY) == yuan(settled[0]["late_fee"])
    assert found.late_fee(date.fromisoformat(settled[1]["on"])) == yuan(settled[1]["late_fee"])
    assert found.arrears == yuan(sheet["totals"]["arrears"])
    assert found.employee == yuan(sheet["totals"]["employee_arrears"])
    assert found.monthly == found.employee_monthly + found.employer_monthly
    assert found.severance == yuan("1750") and found.assumed == 2
    assert not found.complete  # Suzhou's rate for the fourth class is not on record
    for day in found.by_day(5):
        assert day.total == found.arrears + day.late_fee


def test_the_severance_rests_on_the_wages_of_twelve_months(library: Library) -> None:
    this_year = [PayMonth(date(2026, month, 1), 300_000 + month) for month in (1, 2, 3, 10)]
    months = [PayMonth(date(2025, 9, 1), yuan("9999")), *this_year]
    assert average_wage(uninsured("3500"), months, TODAY) == 300_002
    assert average_wage(uninsured("3500"), months[:2], TODAY) == 300_001
    assert average_wage(uninsured("3500"), months[:1], TODAY) == yuan("3500")
    assert average_wage(uninsured(None), (), TODAY) is None
    not_yet = Ground(library, joined_on=date(2026, 12, 1), months=(PayMonth(SEPTEMBER, yuan("3500")),))
    assert exposure(find_hold(uninsured("3500"), not_yet, TODAY)).severance is None
    nobody = exposure_of(
        uninsured(None), Ground(library), Owed((OwedMonth(SEPTEMBER, 350_000, None),)), TODAY
    )
    assert isinstance(nobody, Exposure) and nobody.severance is None


# Differences from late bounds


def test_what_settling_leaves_out(library: Library) -> None:
    after = published(library, "5152", "2026-01-01", "2026-10-10")
    known = insured("3500", "4952", since="2026-07-01")
    assert settle(known, Ground(after), TODAY) is None
    assert settle(profile(), Ground(after, library), TODAY) is None
    nowhere = profile(said("region", SUZHOU))
    assert settle(nowhere, Ground(after, library), TODAY) is None
    assert settle(known, Ground(library, library), TODAY) is None
    assumed = settle(known, Ground(after, library), TODAY)
    assert assumed is not None and len(assumed.months) == assumed.assumed == 3
    # A month that was never paid is arrears as a whole, and no difference.
    unpaid = (PayMonth(AUGUST, yuan("3500"), paid=False),)
    found = settle(known, Ground(after, library, months=unpaid), TODAY)
    assert found is not None and [each.month.month for each in found.months] == [7, 9]
    only_record = settle(
        insured("3500", since="2026-07-01"),
        Ground(after, library, months=(PayMonth(date(2026, 5, 1), 350_000),)),
        TODAY,
    )
    assert only_record is not None and [each.month.month for each in only_record.months] == [7, 8, 9]
    without_wage = profile(said("region", SUZHOU), said("insured_since", date(2026, 7, 1), "2026-07-01"))
    paid = (PayMonth(AUGUST, yuan("3500"), paid=True),)
    told = settle(without_wage, Ground(after, library, months=paid), TODAY)
    assert told is not None and len(told.months) == 1 and told.assumed == 0


def test_a_higher_wage_that_was_declared_has_no_difference(library: Library) -> None:
    after = published(library, "5152", "2026-01-01", "2026-10-10")
    assert settle(insured("3500", "6000", since="2026-07-01"), Ground(after, library), TODAY) is None


def test_bounds_that_fall_give_back(library: Library) -> None:
    after = published(library, "4852", "2026-01-01", "2026-08-01")
    known = insured("3500", "4952", since="2026-09-01")
    found = settle(known, Ground(after, library, catch_up_until=date(2026, 8, 31)), TODAY)
    assert found is not None and (found.employee, found.employer) == (yuan("-10.50"), yuan("-24.50"))
    assert (found.catch_up, found.late_fee) == ("over", 0)


# The page of money


def sheet(found: PersonSheet | None) -> PersonSheet:
    assert found is not None
    return found


def test_the_page_of_one_person_to_the_fen(library: Library) -> None:
    page = sheet(person_sheet(uninsured("3500"), Ground(library, joined_on=JOINED), TODAY))
    assert page.states == ("hold",) and page.months == 2
    assert (page.employee_arrears, page.employer_arrears) == (yuan("1049.92"), yuan("2426.48"))
    assert (page.arrears, page.late_fee, page.total) == (yuan("3476.40"), yuan("50.41"), yuan("3526.81"))
    assert (page.later, page.late_fee_later) == (date(2026, 11, 14), yuan("102.55"))
    assert page.total_later == yuan("3578.95")
    assert page.fine == (yuan("3476.40"), yuan("10429.20")) and page.hidden_fine == (0, 0)
    assert page.severance == yuan("1750.00") and page.work_injury == "not_computable"
    assert page.monthly == yuan("1738.20") and page.complete and page.due
    assert {"SIL-60", "SIL-63", "SIL-86", "LCL-47", "INJ-62", "320500:medical:2025-01-01"} <= set(
        page.sources
    )


def test_a_page_holds_months_without_insurance_and_months_with_too_low_a_base(library: Library) -> None:
    ground = Ground(town(library, "2800"), joined_on=JOINED)
    since_september = insured("3000", "2800", since="2026-09-01")
    page = sheet(person_sheet(since_september, ground, TODAY))
    assert page.states == ("unpaid", "floor") and page.months == 2
    # August as a whole, 35 % of 3000 and 5; September 35 % of 200
    assert page.arrears == yuan("1055") + yuan("70") and page.hidden_fine == (yuan("200"), yuan("600"))
    since_october = insured("3000", "2800", since="2026-10-01")
    page = sheet(person_sheet(since_october, ground, TODAY))
    assert page.states == ("unpaid", "floor") and page.months == 2 and page.due
    assert page.arrears == 2 * yuan("1055")
    running = sheet(person_sheet(since_october, Ground(town(library, "2800")), TODAY))
    assert running.states == ("floor",) and not running.due and running.late_fee == 0
    # Whoever need not be insured by the employer and is, is declared right too.
    part_time = replace(ground, employment="part_time")
    assert sheet(person_sheet(since_september, part_time, TODAY)).states == ("floor",)


def test_whoever_owes_nothing_has_no_page(library: Library) -> None:
    assert person_sheet(insured("3500", "4952"), Ground(library), TODAY) is None
    assert person_sheet(uninsured("3500"), Ground(library, employment="student"), TODAY) is None


def test_where_nothing_is_due_yet_the_page_says_what_insuring_costs(library: Library) -> None:
    new = uninsured("3500", since="2026-10-08")
    page = sheet(person_sheet(new, Ground(library, joined_on=date(2026, 10, 8)), TODAY))
    assert (page.why_not, page.arrears, page.monthly) == ("months", 0, yuan("1738.20"))
    assert page.complete and page.sources
    assert not sheet(person_sheet(new, Ground(library), TODAY)).complete
    unknown = sheet(person_sheet(uninsured(None), Ground(library, joined_on=JOINED), TODAY))
    assert (unknown.why_not, unknown.monthly, unknown.complete) == ("wage", 0, False)


def test_the_page_of_the_company_adds_up_and_begins_with_who_costs_most(library: Library) -> None:
    ground = Ground(library, joined_on=JOINED)
    pages = [
        sheet(person_sheet(replace(known, employee=name), ground, TODAY))
        for name, known in (("ali", uninsured("3500")), ("wu", uninsured("5600")), ("zhou", uninsured(None)))
    ]
    company = company_sheet(pages, TODAY)
    assert [each.employee for each in company.people] == ["wu", "ali", "zhou"]
    sums = ("employee_arrears", "employer_arrears", "arrears", "late_fee", "late_fee_later", "monthly")
    for name in (*sums, "total", "total_later"):
        assert getattr(company, name) == sum(getattr(each, name) for each in pages), name
    assert company.arrears == yuan("3476.40") + 2 * yuan("1965")
    assert company.fine == (company.arrears, 3 * company.arrears)
    assert company.severance == yuan("1750") + yuan("2800")
    assert (company.unreckoned, company.complete, company.work_injury) == (1, False, "not_computable")
    assert company_sheet([], TODAY).total == 0
    assert not {"350000", "347640"} & set(repr(pages[0]).replace(",", " ").split())
