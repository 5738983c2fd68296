"""A profile is the fold of changes: on any past day, as known at any moment, however they came."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profile_samples import FUYANG, NOW, SUZHOU, TODAY, profile, said, yuan

from calculator.assessment import assess
from policy_kb.library import Library
from profiles.changes import HOUSEHOLD, SOURCES, Change, Field, Income, distinct
from profiles.profile import Profile, case_of, changed, missing_for_a_verdict, profile_on

DAYS = st.dates(date(2026, 1, 1), date(2026, 4, 1))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 4, 1), timezones=st.just(UTC))  # noqa: DTZ001
VALUES: dict[Field, st.SearchStrategy[object]] = {
    "gross_wage": st.sampled_from([300_000, 350_000, None]),
    "region": st.sampled_from([SUZHOU, "110000"]),
    "dibao": st.sampled_from(["receiving", "suspended", "ended"]),
    "household_size": st.sampled_from([3, 4]),
}


@st.composite
def some_change(draw: st.DrawFn) -> Change:
    what = draw(st.sampled_from(sorted(VALUES)))
    return Change(
        employee="ali",
        what=what,
        value=draw(VALUES[what]),  # type: ignore[arg-type]
        holds_from=draw(DAYS),
        said_by=draw(st.sampled_from(["one", "two"])),
        written_at=draw(MOMENTS),
        source=draw(st.sampled_from(sorted(SOURCES))),
        standing=draw(st.sampled_from(["reported", "confirmed"])),
        reference=draw(st.sampled_from(["", "", "7"])),
    )


@given(st.lists(some_change(), max_size=12), DAYS, MOMENTS, st.booleans(), st.integers())
def test_the_order_in_which_changes_come_and_come_again_does_not_matter(
    changes: list[Change], day: date, moment: datetime, consent: bool, seed: int
) -> None:
    random = Random(seed)
    again = [*changes, *random.choices(changes, k=3)] if changes else []
    random.shuffle(again)
    expected = profile_on(changes, day, moment, employee="ali", consent=consent)
    assert profile_on(again, day, moment, employee="ali", consent=consent) == expected


@given(st.lists(some_change(), max_size=12), DAYS, MOMENTS)
def test_nothing_is_known_before_it_was_written_down_nor_before_it_holds(
    changes: list[Change], day: date, moment: datetime
) -> None:
    known = [each for each in changes if each.written_at <= moment and each.holds_from <= day]
    assert profile_on(changes, day, moment, employee="ali", consent=True) == profile_on(
        known, day, moment, employee="ali", consent=True
    )


@given(st.lists(some_change(), max_size=12), DAYS, MOMENTS)
def test_without_consent_a_profile_holds_nothing_of_the_household(
    changes: list[Change], day: date, moment: datetime
) -> None:
    without = profile_on(changes, day, moment, employee="ali")
    assert all(without.value(what) is None for what in HOUSEHOLD)
    assert not HOUSEHOLD & set(without.behind) and all(
        each.counts.what not in HOUSEHOLD for each in without.conflicts
    )


@given(st.lists(some_change(), max_size=12), DAYS, MOMENTS)
def test_what_is_reported_otherwise_than_confirmed_is_never_silent(
    changes: list[Change], day: date, moment: datetime
) -> None:
    """The rule said another way: for each field, take the employee's last word, and ask whether HR must hear of it."""
    found = profile_on(changes, day, moment, employee="ali", consent=True)
    told = {(each.counts.what, each.against.source, each.against.standing) for each in found.conflicts}
    for what, counts in found.behind.items():
        words = [
            each
            for each in distinct(changes)
            if each.what == what and each.source == "employee" and each.standing == "reported"
            if each.written_at <= moment and each.holds_from <= day
        ]
        if not words or counts.standing == "reported" or counts.source == "hr":
            continue
        last = max(words, key=lambda each: each.order)
        open_to_doubt = last.holds_from >= counts.holds_from and last.value != counts.value
        assert ((what, "employee", "reported") in told) == open_to_doubt


def test_a_past_day_as_it_was_known_then_and_as_it_is_known_now() -> None:
    first = said("gross_wage", yuan("2500"), "2026-01-01", at="2026-01-31T08:00:00+00:00")
    late = said("gross_wage", yuan("3000"), "2026-03-01", at="2026-06-30T08:00:00+00:00")
    april = date(2026, 4, 15)
    then, now = datetime(2026, 4, 15, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
    assert profile_on([late, first], april, then).gross_wage == yuan("2500")
    assert profile_on([late, first], april, now).gross_wage == yuan("3000")
    assert profile_on([late, first], date(2026, 2, 1), now).gross_wage == yuan("2500")
    assert profile_on([late, first], date(2025, 2, 1), now, employee="ali") == Profile(
        "ali", date(2025, 2, 1), now
    )


def test_what_an_employee_says_counts_until_somebody_confirms_it() -> None:
    word = said("gross_wage", yuan("3500"), "2026-09-01", "employee", "reported")
    alone = profile(word)
    assert alone.gross_wage == yuan("3500") and alone.is_reported("gross_wage") and not alone.conflicts
    confirmed = profile(word, said("gross_wage", yuan("3500"), "2026-09-01"))
    assert not confirmed.is_reported("gross_wage") and not confirmed.conflicts
    assert not confirmed.is_reported("base")


def test_a_word_against_what_is_confirmed_is_a_conflict_until_hr_settles_it() -> None:
    payroll = said("gross_wage", yuan("3000"))
    word = said("gross_wage", yuan("3500"), "2026-09-01", "employee", "reported", "2026-09-02T00:00:00+00:00")
    found = profile(payroll, word)
    assert found.gross_wage == yuan("3000")
    assert found.conflicts == ((payroll, word),)
    settled = said("gross_wage", yuan("3000"), "2026-09-01", "hr", at="2026-09-05T00:00:00+00:00")
    assert not profile(payroll, word, settled).conflicts
    # What was told after HR's word opens the question again; what payroll says for a later month closes it.
    again = said(
        "gross_wage", yuan("3600"), "2026-09-01", "employee", "reported", "2026-09-06T00:00:00+00:00"
    )
    assert profile(payroll, word, settled, again).conflicts == ((settled, again),)
    october = said("gross_wage", yuan("3100"), "2026-10-01", at="2026-10-10T00:00:00+00:00")
    assert not profile(payroll, word, again, october).conflicts


def test_two_systems_that_differ_about_the_same_day_are_a_conflict() -> None:
    payroll = said("base", yuan("3000"))
    bureau = said("base", yuan("4952"), source="social_insurance", at="2026-01-06T00:00:00+00:00")
    found = profile(payroll, bureau)
    assert found.base == yuan("4952") and found.conflicts == ((bureau, payroll),)


def test_changes_of_two_people_make_no_profile() -> None:
    with pytest.raises(ValueError, match="more than one"):
        profile(said("region", SUZHOU), said("region", SUZHOU, employee="zhou"))


def test_days_of_insurance() -> None:
    since, until = date(2026, 3, 10), date(2026, 6, 30)
    never = profile()
    ended = profile(said("insured_since", since), said("insured_until", until))
    back = profile(
        said("insured_since", since),
        said("insured_until", until),
        said("insured_since", date(2026, 9, 20), "2026-09-20"),
    )
    assert not never.insured and not ended.insured and back.insured
    assert [ended.insured_on(since + timedelta(days)) for days in (-1, 0)] == [False, True]
    assert [ended.insured_on(until + timedelta(days)) for days in (0, 1)] == [True, False]
    assert [ended.insured_in(date(2026, month, 1)) for month in (2, 3, 6, 7)] == [False, True, True, False]


def test_what_changed_between_two_profiles() -> None:
    before = profile(said("gross_wage", yuan("2500")))
    after = profile(said("gross_wage", yuan("3000")), said("region", SUZHOU))
    assert changed(before, after) == {"gross_wage", "region"}
    assert changed(None, before) == {"gross_wage"}
    assert changed(before, before) == set()


#: 阿丽: 3500 before deductions in Suzhou, four on the book in Fuyang, the wife's odd jobs 0 to 500, a line of 800.
ALI = (
    said("gross_wage", yuan("3500")),
    said("region", SUZHOU, source="hr"),
    said("home_region", FUYANG, source="hr"),
    said("area", "rural", source="hr"),
    said("on_book", True, source="employee", standing="reported"),
    said("household_size", 4, source="employee", standing="reported"),
    said("other_income", Income(0, 0), source="employee", standing="reported"),
    said("dibao_line", yuan("800"), source="employee", standing="reported"),
    said("dibao", "receiving", source="civil_affairs"),
)


def test_a_profile_is_a_question_for_the_calculator(library: Library) -> None:
    case = case_of(profile(*ALI), TODAY, TODAY)
    assert case is not None
    answer = assess(case, library.rules(case))
    # Inside by one reading with 224.96, over by the other.
    assert (answer.insured.countable, answer.insured.gap) == (yuan("2975.04"), yuan("224.96"))
    assert answer.insured.verdict == "depends"
    ranged = case_of(profile(*ALI, said("other_income", Income(0, 50_000), "2026-02-01")), TODAY, TODAY)
    assert ranged is not None and ranged.household.other_income_high == 50_000


@pytest.mark.parametrize("left_out", range(len(ALI)))
def test_what_is_not_known_is_named_and_never_zero(left_out: int) -> None:
    found = profile(*ALI[:left_out], *ALI[left_out + 1 :])
    missing = missing_for_a_verdict(found)
    assert (case_of(found, TODAY, TODAY) is None) == bool(missing)
    needed = ALI[left_out].what not in ("area", "on_book", "dibao_line", "dibao")
    assert missing == ((ALI[left_out].what,) if needed else ())


def test_a_profile_without_consent_makes_no_question() -> None:
    found = profile(*ALI, consent=False)
    assert case_of(found, TODAY, TODAY) is None
    assert found.dibao is None and found.gross_wage == yuan("3500")


def test_no_repr_tells_anything_personal() -> None:
    told = repr(profile(*ALI))
    assert "350000" not in told and SUZHOU not in told and FUYANG not in told and "receiving" not in told
    assert NOW.isoformat()[:4] in told
