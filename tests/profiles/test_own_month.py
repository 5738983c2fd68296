"""What 阿丽 is told about a month of hers, and about what made the amount another one."""

from __future__ import annotations

from datetime import date

import pytest
from profile_samples import NOW, TODAY, insured, insured_changes, profile, published, said, uninsured, yuan

from people.records import PayMonth
from policy_kb.library import Library
from profiles.changes import Change
from profiles.ground import Ground
from profiles.own_month import OwnMonth, last_turning, own_month

JULY, SEPTEMBER, OCTOBER = date(2026, 7, 1), date(2026, 9, 1), date(2026, 10, 1)


def paid(month: date, base: str | None = "4952.00", own_share: str | None = None) -> PayMonth:
    return PayMonth(
        month,
        yuan("3500.00"),
        None if base is None else yuan(base),
        True,
        None if own_share is None else yuan(own_share),
    )


def month_of_hers(
    library: Library, *months: PayMonth, base: str | None = None, which: date = OCTOBER
) -> OwnMonth:
    own = own_month(insured("3500.00", base), Ground(library, months=months), which, TODAY)
    assert own is not None
    return own


def test_a_month_that_is_not_declared_is_reckoned_from_the_wage(library: Library) -> None:
    own = month_of_hers(library)
    assert (own.standing, own.insured, own.declared) == ("open", True, None)
    assert (own.base, own.employee, own.employer) == (yuan("4952.00"), yuan("524.96"), yuan("1213.24"))
    assert own.withheld is None and own.outside is None and not own.too_low
    assert own.sources and len(set(own.sources)) == len(own.sources)


def test_a_month_on_record_is_told_by_its_own_base_beside_the_pay_slip(library: Library) -> None:
    own = month_of_hers(library, paid(SEPTEMBER, "5600.00", "593.00"), which=SEPTEMBER)
    assert (own.standing, own.employee, own.outside) == ("paid", yuan("593.00"), 0)
    more = month_of_hers(library, paid(SEPTEMBER, "5600.00", "643.00"), which=SEPTEMBER)
    assert more.outside == yuan("50.00")
    assert month_of_hers(library, paid(SEPTEMBER, None), which=SEPTEMBER).base == yuan("4952.00")


def test_a_month_that_was_not_paid_costs_nothing_and_shows_what_is_due(library: Library) -> None:
    unpaid = PayMonth(SEPTEMBER, yuan("3500.00"), paid=False, own_share=yuan("524.96"))
    own = month_of_hers(library, unpaid, which=SEPTEMBER)
    assert (own.standing, own.employee, own.employer, own.outside) == ("not_paid", 0, 0, None)
    assert own.lawful.employee == yuan("524.96")
    before = own_month(uninsured("3500.00"), Ground(library), OCTOBER, TODAY)
    assert before is not None and not before.insured and before.standing == "open"


def test_a_base_that_was_declared_too_low_is_named(library: Library) -> None:
    own = month_of_hers(library, base="3000.00")
    assert own.too_low and own.base == yuan("4952.00")


@pytest.mark.parametrize(
    ("wage", "base", "footing"),
    [
        ("3500.00", None, "floor"),
        ("30000.00", None, "ceiling"),
        ("6000.00", None, "wage"),
        ("6000.00", "5600.00", "declared"),
    ],
)
def test_where_the_base_comes_from(library: Library, wage: str, base: str | None, footing: str) -> None:
    own = own_month(insured(wage, base), Ground(library), OCTOBER, TODAY)
    assert own is not None and own.footing == footing


def test_where_nothing_can_be_reckoned_nothing_is_made_up(library: Library) -> None:
    ground = Ground(library)
    assert own_month(profile(), ground, OCTOBER, TODAY) is None
    assert own_month(profile(said("gross_wage", yuan("3500.00"))), ground, OCTOBER, TODAY) is None
    nowhere = insured("3500.00", None, said("region", "710000", "2026-01-02", "hr"))
    own = own_month(nowhere, ground, OCTOBER, TODAY)
    assert own is not None and (own.base, own.footing) == (None, "unknown")


# Why it changed


def turning(
    library: Library, *changes: Change, months: tuple[PayMonth, ...] = ()
) -> tuple[str, str, str] | None:
    """The cause, the first month, and who said so."""
    found = last_turning(changes, Ground(library, months=months), TODAY, NOW)
    if found is None:
        return None
    return found.cause, f"{found.after.month:%Y-%m}", found.change.source if found.change else ""


def test_a_base_that_was_declared_anew_is_why(library: Library) -> None:
    changes = (*insured_changes("3500.00", "4952.00"), said("base", yuan("5600.00"), "2026-07-01", "hr"))
    assert turning(library, *changes) == ("base", "2026-07", "hr")
    found = last_turning(changes, Ground(library), TODAY, NOW)
    assert found is not None
    assert (found.before.employee, found.after.employee) == (yuan("524.96"), yuan("593.00"))


def test_a_wage_is_why_only_where_no_base_is_declared(library: Library) -> None:
    rose = said("gross_wage", yuan("6000.00"), "2026-08-01")
    assert turning(library, *insured_changes("3500.00"), rose) == ("gross_wage", "2026-08", "payroll")
    assert turning(library, *insured_changes("3500.00", "4952.00"), rose) is None


def test_that_insurance_began_is_why(library: Library) -> None:
    begun = said("insured_since", JULY, "2026-07-01", "social_insurance")
    changes = (*insured_changes("3500.00")[:2], begun)
    assert turning(library, *changes) == ("insured", "2026-07", "social_insurance")


def test_another_place_is_why(library: Library) -> None:
    moved = said("region", "110000", "2026-09-01", "hr")
    assert turning(library, *insured_changes("9000.00"), moved) == ("region", "2026-09", "hr")


def test_months_of_pay_tell_it_where_no_change_was_written_down(library: Library) -> None:
    months = (paid(SEPTEMBER, "4952.00"), paid(OCTOBER, "5600.00"))
    assert turning(library, *insured_changes("3500.00", "4952.00"), months=months) == ("base", "2026-10", "")


def test_new_bounds_are_why_where_nothing_of_hers_changed(library: Library) -> None:
    newer = published(library, "5100.00", "2026-07-01", "2026-07-01")
    assert turning(newer, *insured_changes("3500.00")) == ("policy", "2026-07", "")


def test_what_stayed_the_same_and_what_is_not_known_has_no_cause(library: Library) -> None:
    assert turning(library, *insured_changes("8000.00", since="2024-01-01")) is None
    assert turning(library) is None
