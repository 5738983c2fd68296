"""A company's own rules: what they may set, when they are in force, and that nobody approves their own."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from calculator.assessment import assess
from calculator.case import read_case
from calculator.fields import InputError
from locales import as_written
from policy_kb.calculation import calculate
from policy_kb.company import (
    adjuster,
    answer_with,
    apply,
    assess_with,
    calculate_with,
    check_cases,
    load_company,
    within_region,
)
from policy_kb.company_review import approve, dry_run, install
from policy_kb.company_rules import CompanyRule, parse_rule, read_rule
from policy_kb.files import PolicyError
from policy_kb.library import Library
from policy_kb.wording import problem_text

TODAY = date(2026, 10, 15)
SUZHOU = {"region": "320500", "on": "2026-10-15", "household": {"size": 1, "earners": [{"wage": "3500.00"}]}}


def data(**fields: Any) -> dict[str, Any]:
    """Zhao Jing's rule: the injury rate that the Suzhou plant was assessed at."""
    return {
        "id": "hr-0007",
        "title": "苏州厂核定的工伤费率",
        "from": "2026-01-01",
        "regions": ["320500"],
        "then": [{"set": {"parameter": "work_injury.employer_rate", "value": "0.0048"}}],
        "why": "社保局 2026 年核定",
        "source": {"title": "工伤保险费率核定单", "where": "人事档案", "number": "苏工伤核〔2026〕88号"},
        "by": {"author": "赵静"},
        "cases": [
            {"name": "三千五", "given": SUZHOU, "expect": {"contributions.work_injury.employer": "23.77"}}
        ],
    } | fields


def rule(library: Library, **fields: Any) -> CompanyRule:
    return parse_rule(data(**fields), "rule.yaml", library)


def saved(folder: Path, **fields: Any) -> Path:
    path = folder / "hr-0007.yaml"
    path.write_text(yaml.safe_dump(data(**fields), allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def figures(library: Library, case: dict[str, Any], *rules: CompanyRule) -> dict[str, Any]:
    return calculate_with(library, case, TODAY, rules)


def line(answer: dict[str, Any], insurance: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in answer["contributions"] if each["insurance"] == insurance)
    return found


def with_earner(**fields: Any) -> dict[str, Any]:
    return SUZHOU | {"household": {"size": 1, "earners": [{"wage": "3500.00"} | fields]}}


# -- What a rule may set ---------------------------------------------------------------------------------------------


def test_the_assessed_injury_rate_wins_for_every_class(library: Library) -> None:
    for injury_class in (1, 3):
        answer = figures(library, with_earner(injury_class=injury_class), rule(library))
        assert line(answer, "work_injury")["employer_rate"] == "0.0048"
        assert line(answer, "work_injury")["employer"] == "23.77"
    assert line(figures(library, SUZHOU), "work_injury")["employer"] != "23.77"


def test_the_trace_tells_the_companys_figure_from_the_law(library: Library) -> None:
    steps = {step["key"]: step for step in figures(library, SUZHOU, rule(library))["steps"]}
    own = steps["employer_rate.work_injury@320000"]
    assert (own["value"], own["rule"]) == ("0.0048", "company_rule")
    assert steps["employer_rate.pension@320000"]["rule"] == "looked_up"


def test_the_companys_housing_fund_rate_fills_only_what_is_not_given(library: Library) -> None:
    fund = rule(library, then=[{"set": {"parameter": "housing_fund.rate", "value": "0.08"}}])
    assert line(figures(library, with_earner(wage="5000.00"), fund), "housing_fund")["employee"] == "400.00"
    own = with_earner(wage="5000.00", housing_fund_rate="0.05")
    assert line(figures(library, own, fund), "housing_fund")["employee"] == "250.00"


@pytest.mark.parametrize(
    ("floor", "base"), [("6000.00", "6000.00"), ("1000.00", "4952.00"), ("90000.00", "24762.00")]
)
def test_a_base_can_only_be_raised_and_not_above_the_ceiling(library: Library, floor: str, base: str) -> None:
    raised = rule(library, then=[{"set": {"parameter": "pension.base_floor", "value": floor}}])
    assert line(figures(library, SUZHOU, raised), "pension")["base"] == base


def test_a_missing_charge_is_filled_in_only_where_the_record_says_one_is_missing(library: Library) -> None:
    fixed = [{"set": {"parameter": "medical.employer_fixed", "value": "12.50"}}]
    known = figures(library, SUZHOU, rule(library, then=fixed))
    assert line(known, "medical") == line(figures(library, SUZHOU), "medical")
    region = next(
        code
        for code in sorted(library.regions)
        if (terms := library.terms(code, "medical", TODAY, TODAY)) is not None
        and terms.employer_unmodelled
        and not terms.employee_unmodelled
        and terms.base_floor is not None
        and not terms.employer_fixed
    )
    case = SUZHOU | {"region": region}
    before = line(figures(library, case), "medical")
    after = line(figures(library, case, rule(library, regions=[region], then=fixed)), "medical")
    assert (before["complete"], after["complete"]) == (False, True)
    assert round(float(after["employer"]) - float(before["employer"]), 2) == 12.5


@pytest.mark.parametrize(
    ("then", "field"),
    [
        ({"set": {"parameter": "work_injury.employer_rate", "value": "0"}}, "value: out_of_range"),
        ({"set": {"parameter": "work_injury.employer_rate", "value": "0.03"}}, "value: out_of_range"),
        ({"set": {"parameter": "housing_fund.rate", "value": "0.04"}}, "value: out_of_range"),
        ({"set": {"parameter": "pension.employee_rate", "value": "0.01"}}, "parameter: not_allowed"),
        ({"set": {"parameter": "pension.base_ceiling", "value": "5000"}}, "parameter: not_allowed"),
        ({"set": {"parameter": "insured", "value": "0"}}, "parameter: not_allowed"),
        ({"exempt": True}, "unknown_field"),
        ({"ask_for": {"field": "dibao", "question": "你有低保吗？"}}, "field: not_allowed"),
    ],
)
def test_nothing_else_can_be_set_or_asked(library: Library, then: dict[str, Any], field: str) -> None:
    with pytest.raises(PolicyError, match=field):
        rule(library, then=[then])


@pytest.mark.parametrize("missing", ["id", "from", "then", "why", "source", "by", "cases"])
def test_a_rule_without_its_reason_source_author_or_cases_does_not_load(
    library: Library, missing: str
) -> None:
    fields = {name: value for name, value in data().items() if name != missing}
    with pytest.raises(PolicyError, match=f"{missing}.*missing_field|{missing}: missing_field"):
        parse_rule(fields, "rule.yaml", library)


# -- When it applies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"all": []}, None),
        ({"fact": "wage", "below": "3500.01"}, True),
        ({"fact": "wage", "below": "3500.00"}, False),
        ({"fact": "wage", "at_least": "3500.00"}, True),
        ({"fact": "wage", "between": ["3000.00", "3500.00"]}, True),
        ({"fact": "employment", "is": "employee"}, True),
        ({"fact": "employment", "in": ["flexible", "dispatched"]}, False),
        ({"fact": "region", "is": "江苏"}, True),
        ({"fact": "region", "in": ["上海", "浙江"]}, False),
        ({"fact": "household_size", "at_least": 2}, False),
        ({"fact": "area", "is": "rural"}, False),
        ({"not": {"fact": "area", "is": "rural"}}, False),  # nobody has told: neither holds nor fails
        ({"any": [{"fact": "area", "is": "rural"}, {"fact": "injury_class", "is": 1}]}, True),
        (
            {"all": [{"not": {"fact": "employment", "is": "student"}}, {"fact": "wage", "below": "4000"}]},
            True,
        ),
    ],
)
def test_conditions(library: Library, when: dict[str, Any], holds: bool | None) -> None:
    if holds is None:
        with pytest.raises(PolicyError, match="all: out_of_range"):
            rule(library, when=when)
        return
    answer = figures(library, SUZHOU, rule(library, when=when))
    assert (line(answer, "work_injury")["employer"] == "23.77") is holds


@pytest.mark.parametrize(
    "when",
    [
        {"fact": "dibao", "is": "receiving"},
        {"fact": "wage", "is": "很多"},
        {"fact": "area", "below": "urban"},
        {"fact": "wage", "between": ["3000.00"]},
        {"fact": "wage", "below": "1", "at_least": "2"},
        {"fact": "wage", "matches": "1"},
        {"expression": "wage < 3000"},
        "wage < 3000",
        {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"fact": "wage", "is": "1"}}}}}}}},
    ],
)
def test_conditions_that_are_not_in_the_vocabulary(library: Library, when: Any) -> None:
    with pytest.raises(PolicyError, match="when"):
        rule(library, when=when)


@pytest.mark.parametrize(
    ("fields", "case", "applies"),
    [
        ({"from": "2026-11-01"}, {}, False),
        ({"until": "2026-10-14"}, {}, False),
        ({"until": "2026-10-15"}, {}, True),
        ({"regions": ["上海"]}, {}, False),
        ({"regions": []}, {}, True),
        ({"regions": ["江苏"]}, {"region": "320505"}, True),
    ],
)
def test_dates_and_regions(
    library: Library, fields: dict[str, Any], case: dict[str, Any], applies: bool
) -> None:
    answer = figures(library, SUZHOU | case, rule(library, **fields))
    assert (line(answer, "work_injury")["employer_rate"] == "0.0048") is applies


def test_only_the_asking_employees_job_is_concerned(library: Library) -> None:
    earners = [{"wage": "3500"}, {"wage": "3500"}]
    case = read_case(SUZHOU | {"household": {"size": 2, "earners": earners}}, library.divisions.find, TODAY)
    before = library.rules(case)
    applied = apply([rule(library)], case, before)
    assert applied.rules.jobs[0] != before.jobs[0]
    assert applied.rules.jobs[1] == before.jobs[1]
    assert library.rules(case) == before  # the library itself is as it was


def test_warnings_and_questions(library: Library) -> None:
    then = [
        {"warn": "工伤费率按核定的算。"},
        {"ask_for": {"field": "injury_class", "question": "行业类别是第几类？"}},
    ]
    case = read_case(SUZHOU, library.divisions.find, TODAY)
    applied = apply([rule(library, then=then)], case, library.rules(case))
    assert applied.warnings == ("工伤费率按核定的算。",)
    assert [(ask.field, ask.question) for ask in applied.asks] == [("injury_class", "行业类别是第几类？")]


def test_where_two_rules_disagree_the_newer_counts_and_it_is_said(library: Library) -> None:
    then = [{"set": {"parameter": "work_injury.employer_rate", "value": "0.0060"}}]
    newer = rule(library, id="hr-0008", then=then, **{"from": "2026-07-01"})
    answer = figures(library, SUZHOU, newer, rule(library))
    assert line(answer, "work_injury")["employer_rate"] == "0.006"
    assert "hr-0008" in answer["company_warnings"]


def test_take_home_wages_are_compared_gross(library: Library) -> None:
    net = with_earner(wage="2975.04", wage_is_net=True)
    answer = figures(library, net, rule(library, when={"fact": "wage", "at_least": "3500.00"}))
    assert line(answer, "work_injury")["employer"] == "23.77"


def test_without_rules_a_case_is_untouched(library: Library) -> None:
    case = read_case(SUZHOU, library.divisions.find, TODAY)
    rules = library.rules(case)
    applied = apply([], case, rules)
    assert (applied.case, applied.rules) == (case, rules)
    assert assess(applied.case, applied.rules) is not None


def test_a_region_lies_in_itself_its_province_and_the_nation() -> None:
    assert within_region("320505", "320505") and within_region("320505", "320500")
    assert within_region("320505", "320000") and within_region("320505", "000000")
    assert not within_region("320500", "320505")


def test_an_answer_under_the_companys_rules_says_so(library: Library, tmp_path: Path) -> None:
    then = [
        *data()["then"],
        {"warn": "工伤费率按核定的算。"},
        {"ask_for": {"field": "injury_class", "question": "行业类别是第几类？"}},
    ]
    approve(saved(tmp_path, then=then), "钱明", library, TODAY)
    company = load_company(tmp_path, library, TODAY)
    case = read_case(SUZHOU, library.divisions.find, TODAY)
    answer, usual = (
        answer_with(assess_with(library, case, company), library, company),
        calculate(library, SUZHOU, TODAY),
    )
    assert line(answer, "work_injury")["employer"] == "23.77"
    assert answer["warnings"][0] == {"code": "company_rule", "text": "工伤费率按核定的算。"}
    assert {"field": "injury_class", "why": "行业类别是第几类？"} in answer["missing"]
    assert answer["ruleset"] == usual["ruleset"] | {"company": company.sha256}
    assert answer["id"] != usual["id"]
    assert answer["inputs"] == usual["inputs"]
    assert adjuster(company) is not None
    assert adjuster(load_company(tmp_path / "none", library, TODAY)) is None


# -- Cases, dry run, approval ----------------------------------------------------------------------------------------


def test_a_case_is_exact(library: Library) -> None:
    assert check_cases(library, rule(library), TODAY) == []
    wrong = {"name": "三千五", "given": SUZHOU, "expect": {"contributions.work_injury.employer": "23.76"}}
    assert check_cases(library, rule(library, cases=[wrong]), TODAY) == [
        "用例“三千五”：contributions.work_injury.employer 应为 23.76，算出 23.77"
    ]
    nowhere = {"name": "错", "given": {"region": "乌有乡"}, "expect": {"employee_total": "1.00"}}
    assert "读不懂" in check_cases(library, rule(library, cases=[nowhere]), TODAY)[0]


def test_the_dry_run_says_how_many_households_change_and_by_how_much(library: Library) -> None:
    only_low = rule(library, when={"fact": "wage", "below": "4000.00"})
    run = dry_run(library, only_low, TODAY)
    assert (run.households, run.changed) == (40, 8)
    assert run.summary() == f"40 户里 8 户有变化，最大 +{run.largest // 100}.{run.largest % 100:02d}"
    assert all("工资 2500" in each.household or "工资 3500" in each.household for each in run.differences)
    two = [SUZHOU, SUZHOU | {"region": "110000"}]
    assert (
        dry_run(library, rule(library), TODAY, two).changed,
        dry_run(library, only_low, TODAY, []).changed,
    ) == (1, 0)


def test_a_rule_is_in_force_once_a_second_person_has_approved(library: Library, tmp_path: Path) -> None:
    path = saved(tmp_path)
    company = load_company(tmp_path, library, TODAY)
    assert (company.rules, company.sha256) == ((), "")
    assert company.held[0].reasons == ("还没有第二个人批准现在的内容",)
    approve(path, "钱明", library, TODAY)
    company = load_company(tmp_path, library, TODAY)
    assert [each.key for each in company.rules] == ["hr-0007"]
    assert len(company.sha256) == 64
    assert company.rules[0].reviewer == "钱明"
    assert company.rules[0].approved_on == TODAY


@pytest.mark.parametrize("reviewer", ["赵静", " 赵 静 ", "", "　"])
def test_nobody_approves_their_own_rule(library: Library, tmp_path: Path, reviewer: str) -> None:
    path = saved(tmp_path)
    before = path.read_bytes()
    with pytest.raises(InputError) as caught:
        approve(path, reviewer, library, TODAY)
    assert "批准" in problem_text(caught.value.problems[0], as_written)
    assert path.read_bytes() == before


def test_the_author_written_in_as_reviewer_by_hand_does_not_count(library: Library, tmp_path: Path) -> None:
    content = rule(library).content
    saved(
        tmp_path, by={"author": "赵静", "reviewer": "赵静", "approved_on": "2026-10-15", "content": content}
    )
    assert load_company(tmp_path, library, TODAY).rules == ()


def test_an_approval_holds_for_the_content_that_was_approved(library: Library, tmp_path: Path) -> None:
    path = saved(tmp_path)
    approve(path, "钱明", library, TODAY)
    path.write_text(path.read_text(encoding="utf-8").replace("人事档案", "网页"), encoding="utf-8")
    assert load_company(tmp_path, library, TODAY).rules == ()


def test_a_rule_whose_cases_fail_is_neither_approved_nor_in_force(library: Library, tmp_path: Path) -> None:
    wrong = [{"name": "三千五", "given": SUZHOU, "expect": {"employee_total": "0.00"}}]
    path = saved(tmp_path, cases=wrong)
    with pytest.raises(InputError):
        approve(path, "钱明", library, TODAY)
    assert "应为 0.00，算出 524.96" in load_company(tmp_path, library, TODAY).held[0].reasons[-1]


def test_approval_keeps_the_files_comments_and_layout(library: Library, tmp_path: Path) -> None:
    text = yaml.safe_dump(data(), allow_unicode=True, sort_keys=False)
    path = tmp_path / "hr-0007.yaml"
    path.write_text("# 苏州厂\n" + text.replace("cases:", "# 手算过\ncases:"), encoding="utf-8")
    approve(path, "钱明", library, TODAY)
    kept = path.read_text(encoding="utf-8")
    assert kept.startswith("# 苏州厂\n") and "# 手算过\ncases:" in kept
    assert read_rule(path, library).approved


def test_installing_keeps_the_file_under_its_id(library: Library, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    target = install(saved(tmp_path / "in"), tmp_path / "company", library)
    assert target == tmp_path / "company" / "hr-0007.yaml"
    with pytest.raises(PolicyError, match="id"):
        install(saved(tmp_path / "in", id="../../etc"), tmp_path / "company", library)


def test_one_id_may_not_be_given_twice(library: Library, tmp_path: Path) -> None:
    path = saved(tmp_path)
    (tmp_path / "z.yaml").write_bytes(path.read_bytes())
    with pytest.raises(PolicyError, match="hr-0007"):
        load_company(tmp_path, library, TODAY)


def test_yaml_that_would_read_on_as_true_is_read_as_written(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "rule.yaml"
    text = yaml.safe_dump(data(), allow_unicode=True, sort_keys=False).replace("'on':", "on:")
    path.write_text(text, encoding="utf-8")
    assert "on:" in text
    assert read_rule(path, library).cases[0].given["on"] == "2026-10-15"


@pytest.mark.parametrize(
    "text", ["", "[]", "a: [", "a: &a {b: *a}", "then: 3\nby: 4\nsource: []\ncases: {}\n1: 2\nx: y"]
)
def test_files_that_are_no_rule(library: Library, tmp_path: Path, text: str) -> None:
    (tmp_path / "rule.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError):
        read_rule(tmp_path / "rule.yaml", library)
