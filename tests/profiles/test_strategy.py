"""What follows from a change: the mission's examples to the fen, and every way through."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args

import pytest
from profile_samples import (
    SUZHOU,
    TODAY,
    insured,
    insured_changes,
    profile,
    published,
    said,
    town,
    uninsured,
    yuan,
)

from calculator.trace import Step
from people.records import PayMonth
from policy_kb.library import Library
from profiles.changes import Change, Income
from profiles.found import STATES, State
from profiles.ground import Ground
from profiles.profile import Profile
from profiles.strategy import Strategy, choose_strategy
from profiles.strategy_words import ACTS, EXPLANATIONS, KINDS, REASONS, Act, Kind

OCTOBER = "2026-10-01"


def wage(amount: str, since: str = OCTOBER, **more: Any) -> Change:
    return said("gross_wage", yuan(amount), since, **more)


def dibao(state: str, since: str = OCTOBER) -> Change:
    return said("dibao", state, since, "civil_affairs")


def choose(before: Profile | None, after: Profile, ground: Ground, **more: Any) -> Strategy:
    strategy = choose_strategy(before, after, ground, TODAY, **more)
    assert strategy is not None
    check(strategy, ground.library)
    return strategy


def check(strategy: Strategy, library: Library) -> None:
    """What every strategy keeps: its sources are on record, its trace is whole, nothing personal shows."""
    assert all(library.has(key) for key in strategy.sources if key != "late_fee")
    keys: list[str] = []
    for step in strategy.steps:
        assert step.value is None or set(step.inputs) <= set(keys), step.key
        keys.append(step.key)
    assert re.fullmatch("[0-9a-f]{64}", strategy.key)
    for told in (repr(strategy), *map(repr, strategy.reasons), *map(repr, strategy.found)):
        assert not re.search("dibao|receiving|suspended|ended|[0-9]{5}|gross|refus", told), told
    for reason in strategy.reasons:
        assert "{" not in reason.text()
    if strategy.explanation is not None:
        assert "{" not in strategy.explanation.text()


def codes(strategy: Strategy) -> list[str]:
    return [reason.code for reason in strategy.reasons]


def value(steps: tuple[Step, ...], key: str) -> object:
    return {step.key: step.value for step in steps}[key]


# What there is no value for


def test_there_is_no_act_for_putting_off_and_none_for_declaring_less() -> None:
    acts, states = set(get_args(Act)), set(get_args(State))
    assert not acts & states and not acts & {"defer", "wait", "suspend", "hold", "floor", "waive"}
    assert set(ACTS) == acts and set(STATES) == states and set(KINDS) == set(get_args(Kind))
    assert not any(re.search("缓|暂停|停缴|等|放弃|最低", text) for text in ACTS.values())


def test_words_never_said() -> None:
    for text in (*REASONS.values(), *EXPLANATIONS.values(), *ACTS.values(), *KINDS.values()):
        assert not re.search("放弃|系统判定|不符合资格|骗保|低保户|贫困户|放心", text)
        assert not re.search("[0-9]|[一二三四五六七八九十百]元", text)


# A wage that changes


def test_2500_to_3000_with_a_floor_of_3000_gives_3000(library: Library) -> None:
    ground = Ground(town(library, "3000"))
    strategy = choose(insured("2500", "2500"), insured("2500", "2500", wage("3000")), ground)
    assert (strategy.kind, strategy.acts) == ("wage", ("correct_base", "explain"))
    assert strategy.base is not None and strategy.base.lowest == yuan("3000")
    assert value(strategy.steps, "lowest_lawful_base") == yuan("3000")
    assert value(strategy.steps, "declared_base") == yuan("2500")
    assert strategy.month == date(2026, 10, 1)
    # 10.5 % and 24.5 % of 3000, and the 5 yuan that the employee pays a month for large claims
    assert strategy.explanation is not None and strategy.explanation.text() == (
        "从2026-10起，你的社保按3000.00元算：每月从你工资里扣320.00元，厂里另外出735.00元。"
    )


def test_2500_to_3000_on_a_base_that_is_3000_already_changes_nothing(library: Library) -> None:
    ground = Ground(town(library, "3000"))
    assert (
        choose_strategy(insured("2500", "3000"), insured("2500", "3000", wage("3000")), ground, TODAY) is None
    )


def test_with_a_floor_of_2800_the_lawful_base_is_3000_and_a_found_2800_shows_its_exposure(
    library: Library,
) -> None:
    ground = Ground(town(library, "2800"))
    before = insured("2500", "2800", since="2026-07-01")
    after = insured("2500", "2800", wage("3000", "2026-08-01"), since="2026-07-01")
    strategy = choose(before, after, ground)
    assert strategy.main == "correct_base" and strategy.base is not None
    assert strategy.base.lowest == yuan("3000") and strategy.declared == yuan("2800")
    (floor,) = strategy.found
    assert floor.state == "floor" and floor.exposure is not None
    exposure = floor.exposure
    # August and September: 35 % of 200 a month on both sides; of the wage 200 a month were not declared.
    assert [each.total for each in exposure.months] == [yuan("70.00")] * 2
    assert (exposure.employee, exposure.employer) == (yuan("42.00"), yuan("98.00"))
    assert exposure.late_fee(TODAY) == yuan("1.54") + yuan("0.49")
    assert exposure.hidden_wages == yuan("400") and exposure.hidden_fine == (yuan("400"), yuan("1200"))
    assert exposure.fine == (yuan("140"), yuan("420"))
    assert value(strategy.steps, "arrears.floor") == yuan("140")
    assert value(strategy.steps, "late_fee.floor") == yuan("2.03")
    assert "INSP-27" in strategy.sources and "base_below" in codes(strategy)


def test_a_base_that_falls_short_only_in_the_running_month_is_shown_before_it_is_due(
    library: Library,
) -> None:
    ground = Ground(town(library, "2800"))
    strategy = choose(insured("2500", "2800"), insured("2500", "2800", wage("3000")), ground)
    (floor,) = strategy.found
    assert floor.exposure is not None and not floor.exposure.due
    assert (floor.exposure.arrears, floor.exposure.late_fee(TODAY)) == (yuan("70"), 0)


def test_a_wage_above_the_ceiling_is_declared_at_the_ceiling(library: Library) -> None:
    strategy = choose(insured("6000", "6000"), insured("6000", "6000", wage("30000")), Ground(library))
    assert strategy.base is not None and strategy.base.lowest == yuan("24762")
    assert "base_at_ceiling" in codes(strategy)


def test_a_wage_between_the_bounds_is_declared_as_it_is(library: Library) -> None:
    strategy = choose(insured("6000", "6000"), insured("6000", "6000", wage("7000.50")), Ground(library))
    assert strategy.base is not None and strategy.base.lowest == yuan("7000.50")
    assert "base_is_wage" in codes(strategy)
    assert strategy.reasons[0].text() == (
        "现在申报的是6000.00元，低于该按的7000.50元，差额要补，低报的工资还可能罚款。"
    )


def test_a_base_above_the_wage_is_checked_since_last_year_may_explain_it(library: Library) -> None:
    strategy = choose(insured("7000", "7000"), insured("7000", "7000", wage("6000")), Ground(library))
    assert strategy.acts == ("check_base",) and strategy.explanation is None
    assert "base_above" in codes(strategy) and not strategy.found


def test_a_wage_that_moves_below_the_floor_opens_one_strategy_once(library: Library) -> None:
    ground = Ground(library)
    first = choose(insured("3500", "3000"), insured("3500", "3000", wage("3600")), ground)
    second = choose(
        insured("3500", "3000", wage("3600")), insured("3500", "3000", wage("3600"), wage("3700", "2026-10-02")),
        ground,
    )  # fmt: skip
    assert first.key == second.key
    assert choose_strategy(None, insured("3500", "3000"), ground, TODAY, {first.key}) is None


def test_a_wage_that_is_only_told_is_marked_so(library: Library) -> None:
    told = wage("6000", source="employee", standing="reported")
    place = [each for each in insured_changes("1", "4952") if each.what != "gross_wage"]
    strategy = choose(profile(*place), profile(*place, told), Ground(library))
    assert codes(strategy)[-1] == "only_reported" and strategy.main == "correct_base"


def test_a_wage_beside_no_declared_base_on_record_is_compared_with_nothing(library: Library) -> None:
    """Of a company that keeps none, that is everybody."""
    raised = insured("3500", None, wage("3600"))
    assert choose_strategy(insured("3500"), raised, Ground(library), TODAY) is None
    assert choose_strategy(None, raised, Ground(library), TODAY) is None


def test_a_conflict_is_not_lost_for_want_of_a_declared_base(library: Library) -> None:
    told = wage("6000", "2026-10-02", source="employee", standing="reported")
    after = insured("3500", None, wage("3600"), told)
    strategy = choose(insured("3500"), after, Ground(library))
    assert strategy.kind == "conflict" and strategy.conflicts == after.conflicts


def test_a_base_that_is_changed_to_less_is_found(library: Library) -> None:
    lower = said("base", yuan("4000"), OCTOBER, "social_insurance")
    strategy = choose(insured("6000", "6000"), insured("6000", "6000", lower), Ground(library))
    assert (strategy.kind, strategy.main) == ("base", "correct_base")
    back = said("base", yuan("6000"), "2026-10-10", "social_insurance")
    corrected = insured("6000", "6000", lower, back)
    assert choose_strategy(insured("6000", "6000", lower), corrected, Ground(library), TODAY) is None


def test_where_no_figure_may_be_computed_with_hr_is_asked_for_one(library: Library) -> None:
    """A place without records: nothing is guessed."""
    nowhere = said("region", "710000", "2026-02-01", "hr")
    strategy = choose(
        insured("3500", "4952", nowhere), insured("3500", "4952", nowhere, wage("3600")), Ground(library)
    )
    assert strategy.main == "check_base" and codes(strategy)[0] == "figures_missing"
    assert strategy.base is not None and strategy.base.lowest is None


def test_nothing_follows_where_place_or_wage_is_not_known(library: Library) -> None:
    only_wage = profile(said("gross_wage", 1), said("insured_since", TODAY, "2026-10-15"))
    assert choose_strategy(None, only_wage, Ground(library), TODAY) is None
    assert choose_strategy(None, profile(), Ground(library, employment="student"), TODAY) is None


# Dibao


@pytest.mark.parametrize(
    ("wage_now", "base", "acts", "why"),
    [
        ("3500", "4952", ("explain",), "base_right"),
        ("3500", "6000", ("check_base", "explain"), "base_above"),
        ("6000", "4952", ("correct_base", "explain"), "base_below"),
        ("6000", None, ("check_base", "explain"), "base_unknown"),
    ],
)
def test_whoever_is_entitled_is_on_the_lowest_base_the_law_allows_for_the_wage(
    library: Library, wage_now: str, base: str | None, acts: tuple[str, ...], why: str
) -> None:
    strategy = choose(insured(wage_now, base), insured(wage_now, base, dibao("receiving")), Ground(library))
    assert (strategy.kind, strategy.acts) == ("entitled", acts)
    assert why in codes(strategy) and "dibao_changes_no_base" in codes(strategy)
    assert "no_deferral" not in codes(strategy) and strategy.tells_dibao
    assert strategy.base is not None and strategy.base.lowest == max(yuan(wage_now), yuan("4952"))


@pytest.mark.parametrize("state", ["ended", "none"])
def test_when_dibao_ends_the_base_is_checked_and_the_explanation_is_ready(
    library: Library, state: str
) -> None:
    drawing = dibao("receiving", "2026-01-01")
    before, after = insured("3500", "4952", drawing), insured("3500", "4952", drawing, dibao(state))
    strategy = choose(before, after, Ground(library))
    assert (strategy.kind, strategy.acts) == ("ended", ("check_base", "explain"))
    assert "base_right" in codes(strategy) and not strategy.found
    assert strategy.explanation is not None and strategy.explanation.text().startswith(
        "低保有变动，社保照常交：按4952.00元算，每月从你工资里扣524.96元，厂里另外出1213.24元。"
    )


def test_when_dibao_ends_a_base_below_the_wage_is_restored(library: Library) -> None:
    drawing = dibao("receiving", "2026-01-01")
    before, after = insured("6000", "4952", drawing), insured("6000", "4952", drawing, dibao("ended"))
    strategy = choose(before, after, Ground(library))
    assert strategy.acts == ("correct_base", "explain")
    (floor,) = strategy.found
    # Since January, nine months of 35 % of 1048
    assert floor.exposure is not None and len(floor.exposure.months) == 9
    assert floor.exposure.arrears == 9 * yuan("366.80")
    assert strategy.explanation is not None and "按6000.00元算" in strategy.explanation.text()


def test_an_explanation_tells_the_base_that_stands_or_no_figure(library: Library) -> None:
    drawing, ended = dibao("receiving", "2026-01-01"), dibao("ended")
    high = choose(insured("3500", "6000", drawing), insured("3500", "6000", drawing, ended), Ground(library))
    assert high.explanation is not None and "按6000.00元算" in high.explanation.text()
    unknown = choose(insured("3500", None, drawing), insured("3500", None, drawing, ended), Ground(library))
    assert unknown.explanation is not None and unknown.explanation.code == "ended_plain"
    assert not unknown.explanation.figures


def test_suspended_and_insured_changes_nothing_and_is_explained(library: Library) -> None:
    drawing = dibao("receiving", "2026-01-01")
    strategy = choose(
        insured("3500", "4952", drawing),
        insured("3500", "4952", drawing, dibao("suspended")),
        Ground(library),
    )
    assert (strategy.kind, strategy.acts, strategy.reasons[0].code) == (
        "suspended",
        ("explain",),
        "no_deferral",
    )
    assert {"DERIVED-DIBAO", "SIL-60"} <= set(strategy.sources)


@pytest.mark.parametrize("state", ["applying", "none"])
def test_of_an_application_or_of_none_nothing_follows_for_the_insured(library: Library, state: str) -> None:
    before, after = insured("3500", "4952"), insured("3500", "4952", dibao(state))
    assert choose_strategy(before, after, Ground(library), TODAY) is None


def test_when_a_consent_is_withdrawn_nothing_follows(library: Library) -> None:
    changes = (*insured_changes("3500", "4952"), dibao("receiving"))
    before, after = profile(*changes), profile(*changes, consent=False)
    assert before.dibao and after.dibao is None
    assert choose_strategy(before, after, Ground(library), TODAY) is None


# Not insured


def test_suspended_and_not_insured_is_insured_and_the_yuan_run_by_the_day(library: Library) -> None:
    ground = Ground(library, joined_on=date(2026, 8, 10))
    strategy = choose(uninsured("3500"), uninsured("3500", dibao("suspended")), ground)
    assert strategy.acts == ("insure", "note_reason", "explain") and strategy.tells_dibao
    (hold,) = strategy.found
    assert hold.exposure is not None and hold.exposure.arrears == yuan("3476.40")
    assert value(strategy.steps, "arrears.hold") == yuan("3476.40")
    assert value(strategy.steps, "late_fee.hold") == yuan("50.41")
    assert value(strategy.steps, "days_late.hold.2026-08") == 44
    # 0.8691 a day for each of the two months, each rounded by itself
    daily = [each.late_fee for each in hold.exposure.by_day(3)]
    assert daily == [yuan("50.41"), yuan("52.15"), yuan("53.89"), yuan("55.62")]


def test_a_refusal_is_void_and_the_main_act_is_to_insure(library: Library) -> None:
    known = uninsured("3500")
    ground = Ground(library, joined_on=date(2026, 8, 10), refused_on=date(2026, 10, 12))
    strategy = choose(known, known, ground)
    assert strategy.main == "insure" and not strategy.tells_dibao
    assert "refusal_is_void" in codes(strategy) and "SPC2-19" in strategy.sources
    # She signed nothing: what is told of a signed waiver is not told of her.
    assert "签了" not in REASONS["refusal_is_void"] and "DERIVED-REFUSAL" not in strategy.sources
    assert choose_strategy(known, known, ground, TODAY, {strategy.key}) is None
    # Nothing that happens to the wage meanwhile makes it another refusal.
    assert choose(known, uninsured("3500", wage("3600")), ground).key == strategy.key
    assert choose_strategy(known, known, replace(ground, refused_on=None), TODAY) is None


def test_restored_is_enrolled_where_hrs_rule_says_so(library: Library) -> None:
    suspended = dibao("suspended", "2026-09-01")
    before = uninsured("3500", suspended)
    after = uninsured("3500", suspended, dibao("receiving", "2026-10-14"))
    for rule in (False, True):
        strategy = choose(before, after, Ground(library, enrols_restored=rule))
        assert strategy.main == "insure" and strategy.automatic is rule
        assert codes(strategy)[0] == "restored" and "no_deferral" not in codes(strategy)
    begun = choose(
        uninsured("3500"), uninsured("3500", dibao("receiving")), Ground(library, enrols_restored=True)
    )
    assert not begun.automatic


def test_a_new_colleague_is_insured_within_the_days_the_law_names(library: Library) -> None:
    new = uninsured("3500", since="2026-10-08")
    strategy = choose(None, new, Ground(library, joined_on=date(2026, 10, 8)))
    assert strategy.main == "insure" and "cannot_reckon" in codes(strategy)
    assert "从用工那天起30日内要办参保登记" in strategy.reasons[0].text()
    assert strategy.found[0].why_not == "months"
    ended = replace(new, insured_since=date(2026, 1, 1), insured_until=date(2026, 6, 30))
    assert choose(new, ended, Ground(library)).key != strategy.key


def test_one_spell_without_insurance_is_one_strategy(library: Library) -> None:
    ground = Ground(library, joined_on=date(2026, 8, 10))
    first = choose(None, uninsured("3500"), ground)
    second = choose(uninsured("3500"), uninsured("3500", wage("3600")), ground)
    assert first.key == second.key
    never = choose(uninsured("3500"), uninsured("3500", dibao("none")), ground)
    assert never.key == first.key and "no_deferral" not in codes(never) and not never.tells_dibao


@pytest.mark.parametrize("employment", ["part_time", "flexible", "retired", "student"])
def test_whoever_need_not_be_insured_by_the_employer_is_left_alone(library: Library, employment: str) -> None:
    ground = Ground(library, employment=employment)
    assert choose_strategy(None, uninsured("3500", dibao("suspended")), ground, TODAY) is None


def test_without_a_wage_the_duty_stands_and_the_amount_is_not_told(library: Library) -> None:
    strategy = choose(None, uninsured(None), Ground(library, joined_on=date(2026, 8, 10)))
    assert strategy.main == "insure" and strategy.found[0].why_not == "wage"
    assert "没有工资的记录" in " ".join(reason.text() for reason in strategy.reasons)
    assert strategy.explanation is not None and strategy.explanation.code == "insured_plain"


# New bounds


def paid(*months: str, wage: str = "3500", base: str | None = "4952") -> tuple[PayMonth, ...]:
    return tuple(
        PayMonth(date.fromisoformat(f"{month}-01"), yuan(wage), None if base is None else yuan(base), True)
        for month in months
    )


def test_bounds_published_late_make_a_difference_that_is_no_arrears_yet(library: Library) -> None:
    after = published(library, "5152", "2026-01-01", "2026-10-10")
    ground = Ground(
        after, library, months=paid("2026-07", "2026-08", "2026-09"), catch_up_until=date(2026, 12, 31)
    )
    known = insured("3500", "4952", since="2026-07-01")
    strategy = choose(known, known, ground)
    assert (strategy.kind, strategy.acts) == ("bounds", ("settle_difference", "correct_base", "explain"))
    settlement = strategy.settlement
    assert settlement is not None and settlement.catch_up == "open" and settlement.late_fee == 0
    # 200 more: 16 + 4 + 1 of the employee's, 32 + 15.60 + 1 + 0.40 of the employer's, three months
    assert [(each.employee, each.employer) for each in settlement.months] == [(yuan("21"), yuan("49"))] * 3
    assert strategy.explanation is not None and strategy.explanation.text() == (
        "新的缴费上下限公布了。从2026-10起，社保每月从你工资里扣545.96元，厂里另外出1262.24元。"
        "从2026-07起交过的月份里，有3个月要补差额：你这边一共63.00元，厂里那边一共147.00元。不是你欠费。"
    )
    assert value(strategy.steps, "difference.employee") == yuan("63")
    assert strategy.reasons[0].sources, "what the employee reads has its source"
    assert strategy.month == date(2026, 7, 1) and "catch_up_open" in codes(strategy)
    assert choose_strategy(known, known, ground, TODAY, {strategy.key}) is None


def test_a_base_that_is_enough_by_the_new_bounds_needs_no_correction(library: Library) -> None:
    after = published(library, "5152", "2026-01-01", "2026-10-10")
    known = insured("3500", "5152", said("base", yuan("5152"), OCTOBER), since="2026-07-01")
    strategy = choose(known, known, Ground(after, library, months=paid("2026-09")))
    assert strategy.acts == ("settle_difference", "explain")
    assert strategy.settlement is not None and strategy.settlement.catch_up == "unknown"
    assert "catch_up_unknown" in codes(strategy)


def test_once_catching_up_is_over_the_difference_is_arrears_with_a_late_fee(library: Library) -> None:
    after = published(library, "5152", "2026-01-01", "2026-08-10")
    ground = Ground(after, library, months=paid("2026-07"), catch_up_until=date(2026, 9, 15))
    known = insured("3500", "4952", since="2026-07-01")
    strategy = choose(known, known, replace(ground, months=paid("2026-07", "2026-08", "2026-09")))
    settlement = strategy.settlement
    assert settlement is not None and settlement.catch_up == "over"
    # 70.00 a month, 29 days since 16 September: 1.015 yuan, half up
    assert settlement.late_fee == 3 * yuan("1.02")
    assert value(strategy.steps, "late_fee.difference") == yuan("3.06")
    assert "补差期到2026-09-15为止" in " ".join(reason.text() for reason in strategy.reasons)


def test_where_a_line_is_not_known_no_total_is_told_to_the_employee(library: Library) -> None:
    """Wuhu has no medical record: the difference of the others is shown to HR, not as the employee's own."""
    wuhu = said("region", "340200", "2026-07-01", "hr", at="2026-07-02T00:00:00+00:00")
    regions = [
        replace(records, contributions=tuple(
            replace(each, floor=(each.floor or 0) + 20_000) if each.insurance == "pension" else each
            for each in records.contributions
        ))
        if records.region == "340000" else records
        for records in library.regions.values()
    ]  # fmt: skip
    after = Library(regions, library.divisions, library.version, "anhui")
    known = insured("3500", None, wuhu, since="2026-07-01")
    strategy = choose(known, known, Ground(after, library, months=paid("2026-09", base=None)))
    assert strategy.kind == "bounds" and strategy.explanation is None
    assert strategy.settlement is not None and not strategy.settlement.complete


def test_where_the_declared_base_is_not_known_the_differences_alone_are_told(library: Library) -> None:
    after = published(library, "5152", "2026-01-01", "2026-10-10")
    known = insured("3500", None, since="2026-09-01")
    told = choose(known, known, Ground(after, library, months=paid("2026-09", base=None))).explanation
    assert told is not None and told.text() == (
        "新的缴费上下限公布了。从2026-09起交过的月份里，有1个月要补差额：你这边一共21.00元，厂里那边一共49.00元。"
        "不是你欠费。"
    )


@pytest.mark.parametrize("base", ["4952", None])
def test_what_was_reckoned_with_the_wage_of_today_is_said_to_be(library: Library, base: str | None) -> None:
    after = published(library, "5152", "2026-01-01", "2026-10-10")
    known = insured("3500", base, since="2026-07-01")
    told = choose(known, known, Ground(after, library, months=paid("2026-09"))).explanation
    assert told is not None
    assert ("社保每月从你工资里扣545.96元" in told.text()) is (base is not None)
    assert "厂里那边一共147.00元（其中2个月没有工资记录，先按现在的工资算）" in told.text()


def test_whoever_paid_too_much_is_not_told_that_there_is_something_to_pay(library: Library) -> None:
    after = published(library, "4752", "2026-01-01", "2026-10-10")
    known = insured("3500", "4952", since="2026-07-01")
    strategy = choose(known, known, Ground(after, library, months=paid("2026-09")))
    assert strategy.settlement is not None and strategy.settlement.employee < 0
    assert strategy.explanation is None


# A change of policy


HOUSEHOLD = (
    said("home_region", "110000"),
    said("area", "urban"),
    said("on_book", True, source="employee"),
    said("household_size", 3, source="employee"),
    said("other_income", Income(0, 0), source="employee"),
)


def line_of(library: Library, urban: str) -> Library:
    """The library with another line in Beijing."""
    regions = [
        replace(records, lines=tuple(replace(each, urban=yuan(urban)) for each in records.lines))
        if records.region == "110000" else records
        for records in library.regions.values()
    ]  # fmt: skip
    return Library(regions, library.divisions, library.version, f"line {urban}")


def test_a_change_of_policy_finds_whose_result_differs_and_keeps_it_private(library: Library) -> None:
    known = insured("3500", "4952", *HOUSEHOLD)
    strategy = choose(known, known, Ground(line_of(library, "500"), library))
    assert (strategy.kind, strategy.acts) == ("policy", ("tell",))
    assert strategy.private and strategy.tells_dibao and not strategy.steps and strategy.base is None
    assert choose_strategy(known, known, Ground(line_of(library, "1451"), library), TODAY) is None


def test_whoever_is_not_insured_is_not_told_what_they_pay_from_now_on(library: Library) -> None:
    """That they are to be insured is a strategy of its own, which is reckoned anew each day."""
    ground = Ground(town(library, "5152"), library, joined_on=date(2026, 8, 10))
    known = uninsured("3500")
    assert choose_strategy(known, known, ground, TODAY) is None


def test_a_policy_that_asks_for_more_from_now_on_has_the_base_corrected(library: Library) -> None:
    """Insured since today: no month is paid yet, and the declared base is that of the old floor."""
    known = insured("3500", "4952", since="2026-10-12")
    ground = Ground(town(library, "5152"), library)
    strategy = choose(known, known, ground)
    assert (strategy.kind, strategy.acts) == ("policy", ("correct_base", "tell"))
    assert not strategy.private and strategy.found[0].state == "floor"
    assert strategy.explanation is not None and strategy.explanation.text().startswith(
        "缴费的规定有变化。从2026-10起，社保每月从你工资里扣545.96元"
    )
    enough = insured("3500", "5152", since="2026-10-12")
    assert choose(enough, enough, ground).acts == ("tell",)
    above = insured("3500", "6000", since="2026-10-12")
    told = choose(above, above, ground).explanation
    assert told is not None and "每月扣多少，看当月的缴费明细" in told.text(), "by last year's wage, perhaps"


# Conflicts


def test_a_conflict_goes_to_hr_by_itself(library: Library) -> None:
    word = wage("3600", source="employee", standing="reported", at="2026-10-02T00:00:00+00:00")
    before, after = insured("3500", "4952"), insured("3500", "4952", word)
    strategy = choose(before, after, Ground(library))
    assert (strategy.kind, strategy.acts, strategy.tells_dibao) == ("conflict", ("settle_conflict",), False)
    assert strategy.conflicts == after.conflicts and len(after.conflicts) == 1
    assert choose_strategy(after, after, Ground(library), TODAY) is None
    assert choose_strategy(None, after, Ground(library), TODAY, {strategy.key}) is None


def test_a_conflict_about_the_household_is_the_dibao_officers(library: Library) -> None:
    confirmed = dibao("receiving", "2026-01-01")
    word = said("dibao", "ended", OCTOBER, "employee", "reported")
    before, after = insured("3500", "4952", confirmed), insured("3500", "4952", confirmed, word)
    strategy = choose(before, after, Ground(library))
    assert strategy.kind == "conflict" and strategy.tells_dibao and after.dibao == "receiving"


def test_a_conflict_that_comes_with_something_to_do_is_not_lost(library: Library) -> None:
    word = wage("6000", source="employee", standing="reported", at="2026-10-02T00:00:00+00:00")
    lower = said("base", yuan("4000"), OCTOBER, "social_insurance")
    strategy = choose(insured("3500", "4952"), insured("3500", "4952", word, lower), Ground(library))
    assert strategy.acts == ("correct_base", "explain", "settle_conflict")
    assert codes(strategy)[-1] == "sources_differ" and len(strategy.conflicts) == 1


# Twice


@pytest.mark.parametrize(
    "after",
    [
        insured("6000", "4952", dibao("receiving")),
        insured("6000", "4952"),
        uninsured("3500", dibao("suspended")),
        insured("3500", "4952"),
    ],
)
def test_running_twice_gives_nothing_the_second_time(library: Library, after: Profile) -> None:
    ground = Ground(library, joined_on=date(2026, 8, 10))
    first = choose_strategy(None, after, ground, TODAY)
    assert choose_strategy(after, after, ground, TODAY) is None
    if first is not None:
        assert choose_strategy(None, after, ground, TODAY, {first.key}) is None
        assert choose_strategy(None, after, ground, TODAY + timedelta(days=1), {first.key}) is None


def test_the_same_pair_on_the_same_ground_gives_the_same(library: Library) -> None:
    ground = Ground(library, joined_on=date(2026, 8, 10))
    pair = uninsured("3500"), uninsured("3500", dibao("suspended"))
    assert choose(*pair, ground) == choose(*pair, ground)


def test_two_people_never_share_a_key(library: Library) -> None:
    ali = uninsured("3500")
    zhou = replace(ali, employee="zhou")
    assert choose(None, ali, Ground(library)).key != choose(None, zhou, Ground(library)).key
    assert ali.region == SUZHOU
