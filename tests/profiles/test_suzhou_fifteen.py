"""The mission's case: fifteen who draw dibao and refuse, twelve active and three suspended; all end insured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from profile_samples import NOW, SUZHOU, TODAY, said, yuan

from app.demo_people import TABLE, joined_on
from policy_kb.library import Library
from profiles.bulk import VERDICTS, assess_all, columns_of
from profiles.changes import Change, Income
from profiles.figures import figures_of
from profiles.found import find_hold
from profiles.ground import Ground
from profiles.profile import Profile, profile_on
from profiles.sheet import company_sheet, person_sheet
from profiles.strategy import Strategy, choose_strategy

#: The demo company's: here none of them is insured yet.
PEOPLE: list[dict[str, Any]] = TABLE["fifteen"]
JOINED = joined_on(TODAY)
READ_ON = "2026-10-14"


def hired(person: Mapping[str, Any]) -> list[Change]:
    """What is known before the status is read."""
    who, since = {"employee": person["name"]}, JOINED.isoformat()
    told: dict[str, Any] = {"source": "employee", "standing": "reported"}
    low, high = map(yuan, person["others"])
    return [
        said("region", SUZHOU, since, "hr", **who),
        said("gross_wage", yuan(person["wage"]), since, **who),
        said("home_region", person["home"], since, "hr", **who),
        said("area", person["area"], since, "hr", **who),
        said("on_book", True, since, **told, **who),
        said("household_size", person["size"], since, **told, **who),
        said("other_income", Income(low, high), since, **told, **who),
        said("dibao_line", yuan(person["line"]), since, **told, **who),
    ]


def status(person: Mapping[str, Any], state: str | None = None, since: str = READ_ON) -> Change:
    return said(
        "dibao", state or person["dibao"], since, "civil_affairs", employee=person["name"], reference=f"ca-{since}"
    )  # fmt: skip


def enrolled(person: Mapping[str, Any], on: date) -> list[Change]:
    who, since = {"employee": person["name"]}, on.isoformat()
    base = max(yuan(person["wage"]), yuan("4952"))
    return [
        said("insured_since", on, since, "social_insurance", **who),
        said("base", base, since, "social_insurance", **who),
    ]


def fold(changes: list[Change], day: date = TODAY) -> Profile:
    return profile_on(changes, day, NOW + timedelta(days=60), consent=True)


def ground(library: Library, person: Mapping[str, Any], **more: Any) -> Ground:
    refused = date(2026, 10, 15) if person["answer"] == "refuses" else None
    return Ground(library, joined_on=JOINED, refused_on=refused, **more)


def on_reading(library: Library, person: Mapping[str, Any], **more: Any) -> Strategy | None:
    before = fold(hired(person))
    after = fold([*hired(person), status(person)])
    return choose_strategy(before, after, ground(library, person, **more), TODAY)


def test_twelve_are_active_and_three_suspended() -> None:
    assert Counter(each["dibao"] for each in PEOPLE) == {"receiving": 12, "suspended": 3}
    answers = Counter(each["answer"] for each in PEOPLE if each["dibao"] == "receiving")
    assert answers == {"signs": 9, "silent": 1, "objects": 1, "refuses": 1}


@pytest.mark.parametrize("person", PEOPLE, ids=lambda each: each["name"])
def test_each_household_gets_its_own_verdict_which_no_strategy_tells(
    library: Library, person: Mapping[str, Any]
) -> None:
    after = fold([*hired(person), status(person)])
    figures = figures_of(after, library, TODAY, TODAY)
    assert figures.verdict == person["verdict"]
    assert figures.base == max(yuan(person["wage"]), yuan("4952"))
    strategy = on_reading(library, person)
    assert strategy is not None
    keys = {step.key for step in strategy.steps}
    assert not {key for key in keys if "income" in key and "tax" not in key and "taxable" not in key}
    assert not any(word in reason.text() for reason in strategy.reasons for word in ("超线", "线内"))


def test_the_pass_over_columns_says_the_same(library: Library) -> None:
    everyone = [fold([*hired(each), status(each)]) for each in PEOPLE]
    rows = assess_all(columns_of(everyone), library, TODAY)
    assert [VERDICTS[code] for code in rows.verdict] == [each["verdict"] for each in PEOPLE]


@pytest.mark.parametrize("person", PEOPLE, ids=lambda each: each["name"])
def test_whoever_is_not_insured_is_to_be_insured_whatever_the_status_says(
    library: Library, person: Mapping[str, Any]
) -> None:
    strategy = on_reading(library, person)
    assert strategy is not None and strategy.kind == "not_insured"
    assert strategy.main == "insure" and strategy.tells_dibao and not strategy.automatic
    (hold,) = strategy.found
    assert hold.state == "hold" and hold.exposure is not None
    codes = [reason.code for reason in strategy.reasons]
    assert ("no_deferral" in codes) == (person["dibao"] == "suspended")
    assert ("refusal_is_void" in codes) == (person["answer"] == "refuses")
    assert {"SIL-60", "SIL-86", "SIL-58"} <= set(strategy.sources)


def test_the_arrears_of_one_of_them_to_the_fen(library: Library) -> None:
    strategy = on_reading(library, PEOPLE[12])
    assert strategy is not None and strategy.base is not None
    assert (strategy.base.lowest, strategy.base.employee, strategy.base.employer) == (
        495_200,
        52_496,
        121_324,
    )
    exposure = strategy.found[0].exposure
    assert exposure is not None
    # August and September, both sides 1738.20 each; the fee since 1 September and since 1 October.
    assert (exposure.arrears, exposure.late_fee(TODAY)) == (yuan("3476.40"), yuan("50.41"))
    assert [each.month.month for each in exposure.months] == [8, 9]
    days = exposure.by_day()
    assert (days[0].on, days[0].total) == (TODAY, yuan("3526.81"))
    assert (days[30].on, days[30].late_fee) == (date(2026, 11, 14), yuan("102.55"))
    assert [later.late_fee - now.late_fee for now, later in pairwise(days)].count(0) == 0


def test_three_suspended_are_restored_and_enrolled_by_hrs_rule(library: Library) -> None:
    for person in PEOPLE[12:]:
        before = [*hired(person), status(person)]
        after = [*before, status(person, "receiving", "2026-10-15")]
        asked, allowed = (
            choose_strategy(fold(before), fold(after), ground(library, person, enrols_restored=rule), TODAY)
            for rule in (False, True)
        )
        assert asked is not None and allowed is not None
        assert asked.main == allowed.main == "insure" and asked.key == allowed.key
        assert (asked.automatic, allowed.automatic) == (False, True)
        assert asked.reasons[0].code == "restored"
        # Enrolled meanwhile: the base is looked at, and nothing else.
        on = date(2026, 10, 15)
        insured = choose_strategy(
            fold([*before, *enrolled(person, on)]), fold([*after, *enrolled(person, on)]),
            ground(library, person, enrols_restored=True), TODAY,
        )  # fmt: skip
        assert insured is not None and (insured.kind, insured.acts) == ("entitled", ("explain",))
        assert not insured.automatic


def test_the_whole_case_twice_does_nothing_the_second_time(library: Library) -> None:
    done: set[str] = set()
    for turn in range(2):
        opened = []
        for person in PEOPLE:
            before, after = fold(hired(person)), fold([*hired(person), status(person)])
            strategy = choose_strategy(before, after, ground(library, person), TODAY, done)
            if strategy is not None:
                opened.append(strategy)
                done.add(strategy.key)
        assert len(opened) == (15 if turn == 0 else 0)
    assert len(done) == 15


def test_the_company_sheet_before_and_after_all_are_insured(library: Library) -> None:
    sheets = []
    for person in PEOPLE:
        sheet = person_sheet(fold([*hired(person), status(person)]), ground(library, person), TODAY)
        assert sheet is not None
        sheets.append(sheet)
    company = company_sheet(sheets, TODAY)
    assert len(company.people) == 15 and company.complete and not company.unreckoned
    # Thirteen at the floor owe 1738.20 a month, 5200 is 1825.00 and 5600 is 1965.00 for both sides.
    month = 13 * yuan("1738.20") + yuan("1825.00") + yuan("1965.00")
    assert (company.monthly, company.arrears) == (month, 2 * month)
    assert company.fine == (2 * month, 6 * month) and company.hidden_fine == (0, 0)
    assert company.total == company.arrears + company.late_fee
    assert company.total_later - company.total == company.late_fee_later - company.late_fee > 0
    november = date(2026, 11, 16)
    for person in PEOPLE:
        changes = [*hired(person), status(person), *enrolled(person, date(2026, 10, 20))]
        profile = fold(changes, november)
        assert profile.insured
        assert find_hold(profile, ground(library, person), november) is None
        sheet = person_sheet(profile, ground(library, person), november)
        # August and September are still owed: being insured from now on does not settle them.
        assert sheet is not None and sheet.months == 2 and sheet.states == ("unpaid",)


def test_a_silent_one_and_an_objecting_one_are_told_the_same_as_the_others(library: Library) -> None:
    for person in (PEOPLE[9], PEOPLE[10]):
        strategy = on_reading(library, person)
        assert strategy is not None and strategy.explanation is not None
        assert strategy.explanation.text() == (
            "厂里会照常给你参保，签不签字都一样：按4952.00元算，每月从你工资里扣524.96元，厂里另外出1213.24元。"
            "以前没交的，滞纳金由厂里出。"
        )


def test_a_refusal_after_the_reading_is_a_strategy_of_its_own_and_ends_insured(library: Library) -> None:
    person = PEOPLE[11]
    told = [*hired(person), status(person)]
    refused = choose_strategy(fold(told), fold(told), ground(library, person), TODAY)
    assert refused is not None and (refused.kind, refused.main) == ("not_insured", "insure")
    assert not refused.tells_dibao  # that somebody refused says nothing about the household
    assert refused.key != getattr(on_reading(library, person), "key", "")
    insured = fold([*told, *enrolled(person, date(2026, 10, 15))])
    assert choose_strategy(fold(told), insured, ground(library, person), TODAY) is None


def test_without_consent_the_status_is_not_there_and_the_duty_is(library: Library) -> None:
    person = PEOPLE[0]
    changes = [*hired(person), status(person)]
    assert fold(changes).dibao == "receiving"
    without = profile_on(changes, TODAY, NOW)
    assert without.dibao is None and without.household_size is None
    strategy = choose_strategy(None, without, ground(library, person), TODAY)
    assert strategy is not None and strategy.main == "insure" and not strategy.tells_dibao
