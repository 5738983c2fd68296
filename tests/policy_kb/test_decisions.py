"""The written decisions on how the raw figures are read, each held against real regions and days."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from calculator.fields import InputError
from policy_kb.calculation import calculate
from policy_kb.compiled import load

TODAY = date(2026, 11, 22)
LIBRARY = load()
REGIONS = sorted(set(LIBRARY.regions) - {"000000"})
MUNICIPALITIES = ("110000", "120000", "310000", "500000")


def ask(region: str, on: str, wage: str = "6000", size: int = 3, **more: Any) -> dict[str, Any]:
    earner = {"wage": wage, **more.pop("earner", {})}
    household = {"size": size, "other_income": "0", "dibao": "receiving", "earners": [earner]}
    household |= more.pop("household", {})
    return calculate(
        LIBRARY, {"region": region, "on": on, "area": "urban", "household": household, **more}, TODAY
    )


def line(answer: dict[str, Any], insurance: str) -> dict[str, Any]:
    (found,) = (each for each in answer["contributions"] if each["insurance"] == insurance)
    return found


def insurances(answer: dict[str, Any]) -> set[str]:
    return {each["insurance"] for each in answer["contributions"]}


def warnings(answer: dict[str, Any]) -> set[str]:
    return {warning["code"] for warning in answer["warnings"]}


def missing(answer: dict[str, Any]) -> set[str]:
    return {each["field"] for each in answer["missing"]}


class TestOneTableOfRegions:
    """1. The nation is 000000; names and parents come from one table; counties resolve to their prefecture."""

    def test_the_nation_is_000000(self) -> None:
        assert LIBRARY.divisions.levels("710000") == ("710000", "000000")
        assert "000000" in LIBRARY.regions

    @pytest.mark.parametrize(
        ("code", "levels"),
        [
            ("320583", ("320583", "320500", "320000", "000000")),  # 昆山: county, prefecture, province
            ("110105", ("110105", "110000", "000000")),  # a district of a municipality
            ("429004", ("429004", "420000", "000000")),  # 仙桃: a county right below its province
            ("441900", ("441900", "440000", "000000")),  # 东莞: a prefecture without counties
        ],
    )
    def test_parents(self, code: str, levels: tuple[str, ...]) -> None:
        assert LIBRARY.divisions.levels(code) == levels

    def test_every_file_is_in_the_table(self) -> None:
        assert all(region in LIBRARY.divisions for region in REGIONS)

    def test_names_lead_to_codes(self) -> None:
        names = {
            "苏州": "320500",
            "苏州市": "320500",
            "江苏苏州": "320500",
            "阜阳": "341200",
            "320500": "320500",
        }
        assert {name: LIBRARY.divisions.find(name) for name in names} == names

    def test_a_county_is_answered_by_its_prefecture(self) -> None:
        county, city = ask("昆山", "2026-10-15"), ask("苏州", "2026-10-15")
        assert county["employee_total"] == city["employee_total"]
        assert line(county, "medical")["from_region"] == "320500"
        assert line(county, "pension")["from_region"] == "320000"


class TestHowSureEveryFigureIs:
    """2. Sourced and single-source figures give results, recalled ones are hints, unknown is unknown."""

    def test_a_contribution_says_three_things_apart(self) -> None:
        pension = line(ask("110000", "2026-10-15"), "pension")
        assert [pension[f"{part}_status"] for part in ("base", "rate", "period")] == [
            "sourced",
            "sourced",
            "stated",
        ]

    def test_a_single_source_gives_a_result_with_a_warning(self) -> None:
        answer = ask("320500", "2026-10-15")
        medical = line(answer, "medical")
        assert "single_source" in (medical["base_status"], medical["rate_status"])
        assert medical["employee"] is not None
        assert "single_source" in warnings(answer)

    def test_a_recalled_line_is_shown_and_never_computed_with(self) -> None:
        answer = ask("110000", "2021-08-15", wage="0")
        assert answer["dibao"]["standard"]["amount"] is None
        assert answer["dibao"]["insured"]["verdict"] == "unknown"
        assert [(hint["amount"], hint["why"]) for hint in answer["dibao"]["standard"]["hints"]] == [
            ("1245.00", "recalled")
        ]

    def test_a_recalled_local_rule_does_not_replace_the_national_one(self) -> None:
        answer = ask("310000", "2026-10-15", standard_monthly="1690")
        assert answer["dibao"]["other_reading"] is not None

    def test_what_rests_on_one_copy_of_the_new_law_says_so(self) -> None:
        rules = LIBRARY.rules_for("000000", date(2026, 10, 15))
        on_the_law = [each for each in rules if "社会救助法" in each.basis.title]
        assert len(on_the_law) > 5
        assert {each.certainty for each in on_the_law} <= {"single_source", "recalled"}
        assert all("一份文本" in each.note for each in on_the_law)


class TestWhoOwnsASeries:
    """3. A region with any record owns the series; the last earlier record serves late; nothing falls through."""

    def test_a_day_after_the_last_record_still_computes(self) -> None:
        answer = ask("320500", "2026-10-15")
        medical = line(answer, "medical")
        assert (medical["from_region"], medical["effective_from"]) == ("320500", "2025-01-01")
        assert (medical["outdated_since"], medical["employee"]) == ("2025-12-31", "125.00")
        assert "figure_may_be_outdated" in warnings(answer)

    def test_a_day_before_the_first_record_is_unknown_and_not_the_nations(self) -> None:
        pension = line(ask("110000", "2021-06-30"), "pension")
        assert (pension["from_region"], pension["employee"], pension["employee_rate"]) == (
            "110000",
            None,
            None,
        )
        assert line(ask("110000", "2021-07-01"), "pension")["employee"] == "480.00"

    def test_a_region_without_a_record_inherits_and_says_from_where(self) -> None:
        answer = ask("340200", "2026-10-15")
        assert line(answer, "pension")["from_region"] == "340000"

    def test_a_series_that_was_given_up_is_the_provinces_from_that_day(self) -> None:
        before, after = ask("440400", "2025-06-30"), ask("440400", "2025-07-01")
        assert (line(before, "pension")["from_region"], line(before, "pension")["base"]) == ("440400", None)
        assert (line(after, "pension")["from_region"], line(after, "pension")["base"]) == (
            "440000",
            "6000.00",
        )

    def test_rates_and_bounds_come_from_one_level(self) -> None:
        """Ningbo's medical record has rates without bounds: Zhejiang's do not step in."""
        medical = line(ask("330200", "2026-10-15"), "medical")
        assert (medical["from_region"], medical["base"], medical["employee_rate"]) == ("330200", None, "0.02")


class TestNoBounds:
    """4. National pension: rates only. Two medical funds have no ceiling. Five records have bounds that nobody knows."""

    def test_the_nations_pension_has_rates_only(self) -> None:
        pension = line(ask("710000", "2026-10-15"), "pension")
        assert (pension["from_region"], pension["employee_rate"]) == ("000000", "0.08")
        assert (pension["base"], pension["employee"], pension["employer"]) == (None, None, None)

    def test_no_ceiling_is_not_an_unknown_ceiling(self) -> None:
        assert line(ask("650100", "2026-10-15", wage="99999.99"), "medical")["base"] == "99999.99"
        assert line(ask("130000", "2026-10-15", wage="99999.99"), "medical")["base"] == "99999.99"

    def test_the_provincial_units_of_hebei_speak_for_no_city(self) -> None:
        answer = ask("130600", "2026-10-15")
        assert line(answer, "medical")["employee"] is None
        assert "insurance_not_recorded" in warnings(answer)

    @pytest.mark.parametrize(
        ("region", "insurance"),
        [
            ("130100", "medical"),
            ("330200", "medical"),
            ("360100", "medical"),
            ("410100", "medical"),
            ("440000", "unemployment"),
        ],
    )
    def test_unknown_bounds_leave_the_base_unknown(self, region: str, insurance: str) -> None:
        answer = ask(region, "2026-10-15")
        found = line(answer, insurance)
        assert (found["base_status"], found["base"], found["employee"], found["employer"]) == (
            "unknown",
            *[None] * 3,
        )
        assert not answer["complete"]


class TestAnInsuranceThatNobodyRecorded:
    """5. It appears with null amounts; the total is that of the known lines; `within` stands, `over` is unknown."""

    def test_it_appears_and_the_total_is_marked(self) -> None:
        answer = ask("340200", "2026-10-15", wage="4200")
        medical = line(answer, "medical")
        assert [medical[key] for key in ("base", "employee", "employer", "source")] == [None] * 4
        assert (answer["employee_total"], answer["complete"]) == ("370.09", False)
        assert "insurance_not_recorded" in warnings(answer)
        assert "contributions.medical" in missing(answer)

    def test_within_stands_and_over_does_not(self) -> None:
        for standard, verdict in (("2100", "within"), ("300", "unknown")):
            answer = ask("340200", "2026-10-15", standard_monthly=standard)
            assert answer["dibao"]["insured"]["verdict"] == verdict
        assert answer["dibao"]["uninsured"]["verdict"] == "over"


class TestMaternity:
    """6. No line unless a rate is recorded; medical says whether it holds maternity; apart means incomplete."""

    def test_shenzhen_has_a_line_of_its_own_and_others_have_none(self) -> None:
        assert (
            (line(ask("440300", "2026-10-15"), "maternity")["employer"]) == "33.64"
        )  # 6727 x 0.5 % = 33.635
        assert line(ask("440300", "2026-10-15"), "maternity")["employee"] == "0.00"
        having = {region for region in REGIONS if "maternity" in insurances(ask(region, "2026-10-15"))}
        assert having == {"440300"}

    def test_medical_says_that_it_includes_maternity(self) -> None:
        assert line(ask("110000", "2026-10-15"), "medical")["includes_maternity"]
        assert not line(ask("440300", "2026-10-15"), "medical")["includes_maternity"]

    @pytest.mark.parametrize("region", ["440600", "440200", "441200", "441700", "441800", "445300"])
    def test_where_maternity_is_paid_apart_medical_is_incomplete(self, region: str) -> None:
        answer = ask(region, "2026-10-15")
        medical = line(answer, "medical")
        assert (medical["includes_maternity"], medical["complete"]) == (False, False)
        assert medical["employer"] is not None
        assert not answer["complete"]
        assert "incomplete" in warnings(answer)


class TestWhatOnlyANoteHolds:
    """7. What a note says and no figure models leaves the line incomplete, with a warning."""

    @pytest.mark.parametrize(
        "region", ["530100", "360100", "620100", "650100", "500000", "440300", "440400", "441900"]
    )
    def test_the_line_is_incomplete(self, region: str) -> None:
        answer = ask(region, "2026-10-15")
        assert not line(answer, "medical")["complete"]
        assert not answer["complete"]
        assert "incomplete" in warnings(answer)

    def test_what_is_clear_is_modelled(self) -> None:
        """Kunming: 2 % + 1 yuan; long-term care of 0.15 % on each side is only noted."""
        medical = line(ask("530100", "2026-10-15"), "medical")
        assert (medical["employee"], medical["fixed"]) == ("121.00", "1.00")

    def test_a_gap_on_the_employers_side_does_not_open_the_verdict(self) -> None:
        """Chongqing's employers pay 1.5 % more, which is not modelled; nothing of it enters the household's income."""
        answer = ask("500000", "2026-10-15", standard_monthly="100")
        assert not answer["complete"]
        assert answer["dibao"]["insured"]["verdict"] == "over"


class TestWorkInjury:
    """8. Class 1 is the recorded rate; other classes only from the classes of the record that applies."""

    def test_class_1(self) -> None:
        injury = line(ask("110000", "2026-10-15"), "work_injury")
        assert (injury["employer_rate"], injury["employer"], injury["employee"]) == ("0.002", "14.54", "0.00")

    def test_another_class_from_the_record_that_applies(self) -> None:
        injury = line(ask("120000", "2026-10-15", earner={"injury_class": 8}), "work_injury")
        assert injury["employer_rate"] == "0.019"

    def test_another_class_without_a_list_is_unknown_and_not_the_nations(self) -> None:
        answer = ask("110000", "2026-10-15", earner={"injury_class": 8})
        injury = line(answer, "work_injury")
        assert (injury["from_region"], injury["employer_rate"], injury["employer"]) == ("110000", None, None)
        assert injury["employee"] == "0.00"
        assert not answer["complete"]


class TestFixedAmounts:
    """9. A fixed amount is added each month, after rounding; a twelfth of a yearly charge is marked so."""

    def test_beijing_adds_3_yuan_a_month(self) -> None:
        medical = line(ask("110000", "2026-10-15"), "medical")
        assert (medical["employee"], medical["fixed"], medical["annual"]) == ("148.40", "3.00", None)

    def test_tianjin_adds_a_twelfth_of_260(self) -> None:
        medical = line(ask("120000", "2026-10-15"), "medical")
        assert (medical["employee"], medical["fixed"], medical["annual"]) == ("141.67", "21.67", "260.00")


class TestHousingFund:
    """10. 5 to 12 % each side; unknown bounds leave it unknown; not deducted, shown as a second reading."""

    @pytest.mark.parametrize("rate", ["0.049", "0.121"])
    def test_outside_5_to_12_percent_is_an_error(self, rate: str) -> None:
        with pytest.raises(InputError) as caught:
            ask("310000", "2026-10-15", earner={"housing_fund_rate": rate})
        (problem,) = caught.value.problems
        assert (problem.field, problem.code) == ("household.earners[0].housing_fund_rate", "out_of_range")

    def test_outside_the_regions_range_is_a_warning(self) -> None:
        for rate, warned in (("0.07", False), ("0.08", True)):
            answer = ask("310000", "2026-10-15", earner={"housing_fund_rate": rate})
            assert ("housing_fund_outside_region" in warnings(answer)) == warned
            assert line(answer, "housing_fund")["employee"] is not None

    def test_unknown_bounds(self) -> None:
        fund = line(ask("340200", "2026-10-15", earner={"housing_fund_rate": "0.05"}), "housing_fund")
        assert (fund["base"], fund["employee"], fund["employer"]) == (None, None, None)

    def test_it_does_not_lower_what_counts_but_has_a_reading_of_its_own(self) -> None:
        answer = ask("110000", "2026-10-15", wage="5000", earner={"housing_fund_rate": "0.05"})
        without = ask("110000", "2026-10-15", wage="5000")
        assert line(answer, "housing_fund")["employee"] == "250.00"
        counted = answer["dibao"]["insured"]["countable_income"]
        assert counted == without["dibao"]["insured"]["countable_income"] == "3073.65"
        assert answer["dibao"]["housing_fund_reading"]["countable_income"] == "2823.65"
        assert without["dibao"]["housing_fund_reading"] is None


class TestWhichLineDecides:
    """11. Only lines decide, never hints, averages, floors, parents or the other column."""

    @pytest.mark.parametrize(
        ("region", "hint"),
        [
            ("310000", ("1690.00", "secondary_citation", "310000")),
            ("231000", ("832.00", "local_system_config", "231000")),
            ("320500", ("1095.00", "recalled", "320500")),
            ("340200", ("842.00", "average", "340000")),
            ("330100", ("1190.00", "floor", "330000")),
        ],
    )
    def test_hints_never_decide(self, region: str, hint: tuple[str, str, str]) -> None:
        answer = ask(region, "2026-10-15", wage="0")
        standard = answer["dibao"]["standard"]
        assert hint in [(each["amount"], each["why"], each["region"]) for each in standard["hints"]]
        assert standard["amount"] is None
        assert answer["dibao"]["insured"]["verdict"] == "unknown"
        assert answer["dibao"]["insured"]["benefit"] is None
        assert "standard_monthly" in missing(answer)

    @pytest.mark.parametrize("district", ["110105", "110119"])
    def test_a_municipalitys_line_serves_its_districts(self, district: str) -> None:
        standard = ask(district, "2026-10-15", wage="0")["dibao"]["standard"]
        assert (standard["amount"], standard["region"]) == ("1450.00", "110000")

    def test_any_other_parents_line_is_a_hint(self) -> None:
        """Nanjing's line of 1080 is in force in 2025; its district 玄武 may differ."""
        assert ask("320100", "2025-06-15", wage="0")["dibao"]["insured"]["verdict"] == "within"
        answer = ask("320102", "2025-06-15", wage="0")
        assert answer["dibao"]["insured"]["verdict"] == "unknown"
        hints = answer["dibao"]["standard"]["hints"]
        assert ("1080.00", "line_of_parent") in [(hint["amount"], hint["why"]) for hint in hints]

    def test_a_column_that_is_missing_is_not_the_other_one(self) -> None:
        answer = ask("320300", "2026-10-15", wage="0", area="rural")
        assert answer["dibao"]["standard"]["amount"] is None
        assert "813.00" not in [hint["amount"] for hint in answer["dibao"]["standard"]["hints"]]

    @pytest.mark.parametrize("region", REGIONS)
    def test_no_region_has_a_verdict_from_anything_else(self, region: str) -> None:
        lines = {"110000": "1450.00"}
        answer = ask(region, "2026-10-15", wage="0")
        standard = answer["dibao"]["standard"]
        if region != "440100":
            assert standard["amount"] == lines.get(region)
        assert (answer["dibao"]["insured"]["verdict"] == "within") == (region in lines)
        with_their_own = ask(region, "2026-10-15", wage="0", standard_monthly="800")
        assert with_their_own["dibao"]["insured"]["verdict"] == "within"
        assert with_their_own["dibao"]["insured"]["benefit"] == "2400.00"


class TestDatesOfLines:
    """12. Without a first day a line counts from the day it is attested; after 18 months it is stale."""

    def test_from_one_day_attested_to_the_next(self) -> None:
        for on, amount in (("2023-12-30", "1030.00"), ("2023-12-31", "1050.00"), ("2024-12-30", "1050.00")):
            answer = ask("320100", on, wage="0")
            assert answer["dibao"]["standard"]["amount"] == amount
            assert warnings(answer) & {"period_assumed", "line_period_assumed"}

    @pytest.mark.parametrize(
        ("on", "stale"), [("2026-06-29", False), ("2026-06-30", False), ("2026-07-01", True)]
    )
    def test_older_than_18_months_is_stale(self, on: str, stale: bool) -> None:
        """Nanjing's 1080 of 2024-12-31, asked as if the next had not come."""
        answer = ask("320100", on, wage="0", as_of="2025-12-30")
        standard, insured = answer["dibao"]["standard"], answer["dibao"]["insured"]
        assert (standard["amount"], standard["stale"]) == ("1080.00", stale)
        assert (insured["verdict"], insured["benefit"]) == (
            ("unknown", None) if stale else ("within", "3240.00")
        )
        assert ("line_stale" in warnings(answer)) == stale

    @pytest.mark.parametrize(("on", "verdict"), [("2026-05-31", "within"), ("2026-06-01", "unknown")])
    def test_a_line_whose_last_day_has_passed_is_stale(self, on: str, verdict: str) -> None:
        answer = ask("440100", on, wage="0")
        assert answer["dibao"]["standard"]["amount"] == "1309.00"
        assert answer["dibao"]["insured"]["verdict"] == verdict
        assert ("standard_monthly" in missing(answer)) == (verdict == "unknown")

    def test_a_later_day_of_attestation_keeps_a_line_fresh(self) -> None:
        """Beijing's line of 2024-07-01 was read again on 2026-07-11."""
        assert not ask("110000", "2027-12-20", wage="0")["dibao"]["standard"]["stale"]


class TestDisregards:
    """13. `over` has to hold with 80 % of the line off for each who works; reductions stay within their bounds."""

    @pytest.mark.parametrize(("standard", "verdict"), [("2001", "unknown"), ("1600", "over")])
    def test_over_holds_with_80_percent_of_the_line_off(self, standard: str, verdict: str) -> None:
        """Suzhou 5000 + 3500, less 530 and 524.96, three people: 7445.04."""
        answer = ask(
            "320500",
            "2026-10-15",
            standard_monthly=standard,
            household={"earners": [{"wage": "5000"}, {"wage": "3500"}]},
        )
        assert answer["dibao"]["insured"]["countable_income"] == "7445.04"
        assert answer["dibao"]["insured"]["verdict"] == verdict

    def test_beijings_deduction_is_no_more_than_what_is_left_of_the_wage(self) -> None:
        answer = ask("110000", "2026-10-15", wage="1000", household={"other_income": "500"})
        assert (
            answer["dibao"]["insured"]["countable_income"] == "500.00"
        )  # 1000 - 766.35 = 233.65, all of it off
        assert answer["dibao"]["uninsured"]["countable_income"] == "500.00"

    def test_the_illness_reduction_counts_once_and_income_is_never_negative(self) -> None:
        for ill, other, counted in ((1, "2000", "550.00"), (3, "2000", "550.00"), (3, "1000", "0.00")):
            answer = ask(
                "110000",
                "2026-10-15",
                wage="0",
                size=4,
                household={"severely_ill": ill, "other_income": other},
            )
            assert answer["dibao"]["insured"]["countable_income"] == counted


class TestOneTownshipsPractice:
    """14. What one township's system does illustrates; it drives no figure."""

    def test_mudanjiang_pays_to_the_fen_and_has_no_margin_or_steps_of_its_own(self) -> None:
        answer = ask(
            "231000",
            "2026-10-15",
            wage="0",
            standard_monthly="832",
            household={"other_income": "100.01", "severely_disabled": 1},
        )
        assert answer["dibao"]["insured"]["benefit"] == "2395.99"
        assert answer["dibao"]["single_person"]["margin_multiple"] is None
        assert {step["source"] for step in answer["dibao"]["transition"]} == {"N-20"}
        used = {source["id"] for source in answer["sources"]} | {step["source"] for step in answer["steps"]}
        assert not {each for each in used if each and each.startswith("MDJ")}


class TestTwoDatesPerValue:
    """What applies from a day is only used from the day it was known."""

    @pytest.mark.parametrize(
        ("region", "known", "older", "newer"),
        [("110000", "2026-08-21", "7162.00", "7270.00"), ("310000", "2026-08-18", "7460.00", "7546.00")],
    )
    def test_a_floor_published_late(self, region: str, known: str, older: str, newer: str) -> None:
        day_before = date.fromordinal(date.fromisoformat(known).toordinal() - 1).isoformat()
        before = ask(region, "2026-07-15", as_of=day_before)
        after = ask(region, "2026-07-15", as_of=known)
        assert line(before, "pension")["base"] == older
        assert line(before, "pension")["outdated_since"] == "2026-06-30"
        assert "figure_may_be_outdated" in warnings(before)
        assert (line(after, "pension")["base"], line(after, "pension")["outdated_since"]) == (newer, None)

    def test_a_line_published_late(self) -> None:
        before = ask("110000", "2024-07-15", wage="0", as_of="2024-08-20")["dibao"]
        after = ask("110000", "2024-07-15", wage="0", as_of="2024-08-21")["dibao"]
        assert (before["standard"]["amount"], before["insured"]["verdict"]) == ("1395.00", "unknown")
        assert (after["standard"]["amount"], after["insured"]["verdict"]) == ("1450.00", "within")


@pytest.mark.parametrize("region", REGIONS)
def test_the_library_does_not_decay_when_the_next_figures_are_late(region: str) -> None:
    """What could be computed in 2026 can be on 2027-01-15, and what is older than its year is marked."""
    earner = {"housing_fund_rate": "0.07"}
    now, later = (ask(region, on, earner=earner) for on in ("2026-10-15", "2027-01-15"))
    for each in now["contributions"]:
        after = line(later, each["insurance"])
        for side in ("base", "employee", "employer"):
            assert each[side] is None or after[side] is not None
    outdated = [each for each in later["contributions"] if each["outdated_since"]]
    assert all(each["outdated_since"] < "2027-01-15" and each["awaited"] for each in outdated)
    assert bool(outdated) == ("figure_may_be_outdated" in warnings(later))
    if now["dibao"]["insured"]["verdict"] != "unknown":
        assert later["dibao"]["insured"]["verdict"] != "unknown"


def test_most_figures_are_marked_in_2027() -> None:
    marked = [r for r in REGIONS if "figure_may_be_outdated" in warnings(ask(r, "2027-01-15"))]
    assert len(marked) > 80
