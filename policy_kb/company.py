"""A company's own rules 本单位规则 at work: which are in force, and what they make of a case.

Only what the asking employee's job costs is touched, and never below the law.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from calculator.assessment import Assessment, assess, with_gross_wages
from calculator.case import Case, Earner, read_case
from calculator.fields import InputError
from calculator.money import Ppm
from calculator.rules import InsuranceTerms, Rules
from calculator.trace import Step, Unit
from locales import N_, Say, as_written
from policy_kb.answer import answer, identity
from policy_kb.company_rules import PARAMETERS, Ask, CompanyRule, Condition, Expected, read_rule
from policy_kb.files import PolicyError
from policy_kb.library import Library
from policy_kb.wording import problem_text

CONFLICT: Final = N_("本单位有几条规则都设了“{what}”，按最新的 {rule}。")


class Held(NamedTuple):
    """A rule of the folder that is not in force, and why."""

    rule: CompanyRule
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Company:
    """The company's rules in force, those held back, and the hash of what is in force ("" where nothing is)."""

    rules: tuple[CompanyRule, ...] = ()
    held: tuple[Held, ...] = ()
    sha256: str = ""


#: Where a company has no rules of its own.
NO_RULES: Final = Company()


class Applied(NamedTuple):
    """What the company's rules made of a case: facts and rules as they then are, what to warn of, what to ask."""

    case: Case
    rules: Rules
    warnings: tuple[str, ...]
    asks: tuple[Ask, ...]


def load_company(folder: Path, library: Library, today: date) -> Company:
    """The rules of a folder. Raises `PolicyError` for the first file that is not understood, or a key given twice."""
    in_force: list[CompanyRule] = []
    held: list[Held] = []
    seen: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        rule = read_rule(path, library)
        if rule.key in seen:
            raise PolicyError(f"{path.name}: id: {rule.key} 已经在 {seen[rule.key]} 里")
        seen[rule.key] = path.name
        reasons = [] if rule.approved else ["还没有第二个人批准现在的内容"]
        reasons += check_cases(library, rule, today)
        if reasons:
            held.append(Held(rule, tuple(reasons)))
        else:
            in_force.append(rule)
    content = "".join(rule.content for rule in in_force)
    return Company(
        tuple(in_force), tuple(held), hashlib.sha256(content.encode()).hexdigest() if content else ""
    )


class Assessed(NamedTuple):
    """A case assessed under the company's rules in force, what those warn of, and what they ask."""

    assessment: Assessment
    warnings: tuple[str, ...]
    asks: tuple[Ask, ...]


def assess_with(library: Library, case: Case, company: Company, say: Say = as_written) -> Assessed:
    """A case by the rules of its regions and days, and by the company's own where it has any."""
    applied = apply(company.rules, case, library.rules(case), say)
    return Assessed(assess(applied.case, applied.rules), applied.warnings, applied.asks)


def answer_with(
    assessed: Assessed, library: Library, company: Company, say: Say = as_written
) -> dict[str, Any]:
    """The answer as plain data; under a company's rules with their warnings and questions in it, and an id of its own."""
    result = answer(assessed.assessment, library, say)
    if not company.rules:
        return result
    warnings = [{"code": "company_rule", "text": text} for text in assessed.warnings]
    asked = {each["field"] for each in result["missing"]}
    questions = [{"field": ask.field, "why": ask.question} for ask in assessed.asks if ask.field not in asked]
    return result | {
        "id": identity(result["inputs"], library.sha256 + company.sha256),
        "ruleset": result["ruleset"] | {"company": company.sha256},
        "warnings": [*warnings, *result["warnings"]],
        "missing": [*result["missing"], *questions],
    }


#: For `app.roster`: the company's rules as one step between the rules in force and the assessment.
def adjuster(company: Company) -> Callable[[Case, Rules], tuple[Case, Rules, tuple[str, ...]]] | None:
    """The company's rules as what a roster run applies to each row; None where none is in force."""
    if not company.rules:
        return None

    def adjust(case: Case, rules: Rules) -> tuple[Case, Rules, tuple[str, ...]]:
        applied = apply(company.rules, case, rules)
        return applied.case, applied.rules, (*applied.warnings, *(ask.question for ask in applied.asks))

    return adjust


def apply(company: Iterable[CompanyRule], case: Case, rules: Rules, say: Say = as_written) -> Applied:
    """What the company's rules make of a case: of the asking employee's job only, and never less than the law."""
    facts = _facts(case, rules)
    warnings: list[str] = []
    asks: list[Ask] = []
    chosen: dict[str, int] = {}
    for rule in sorted(company, key=lambda each: (each.start, each.key)):
        if not _concerns(rule, case) or holds(rule.when, facts) is not True:
            continue
        for parameter, value in rule.settings:
            if chosen.get(parameter, value) != value:
                warnings.append(say(CONFLICT).format(what=say(PARAMETERS[parameter]), rule=rule.key))
            chosen[parameter] = value
        warnings += rule.warnings
        asks += rule.asks
    if chosen:
        case = _with_fund_rate(case, chosen.get("housing_fund.rate"))
        job = rules.jobs[0]
        terms = tuple(_set(each, chosen) for each in job.terms)
        rules = replace(rules, jobs=(replace(job, terms=terms), *rules.jobs[1:]))
    return Applied(case, rules, tuple(dict.fromkeys(warnings)), tuple(dict.fromkeys(asks)))


def holds(condition: Condition, facts: Mapping[str, str | int | None]) -> bool | None:
    """Whether a condition holds; None where it turns on a fact that nobody has told."""
    if condition.kind == "not":
        inner = holds(condition.parts[0], facts)
        return None if inner is None else not inner
    if condition.kind in ("all", "any"):
        found = [holds(part, facts) for part in condition.parts]
        decisive = condition.kind == "any"
        return decisive if decisive in found else None if None in found else not decisive
    fact = facts[condition.fact]
    return None if fact is None else _compare(condition, fact)


def _compare(condition: Condition, fact: str | int) -> bool:
    values = condition.values
    if condition.kind in ("is", "in"):
        if condition.fact in ("region", "dibao_region"):
            return any(within_region(str(fact), str(value)) for value in values)
        return fact in values
    numbers = [int(value) for value in values]
    if condition.kind == "below":
        return int(fact) < numbers[0]
    if condition.kind == "at_least":
        return int(fact) >= numbers[0]
    return numbers[0] <= int(fact) <= numbers[1]


def within_region(code: str, wider: str) -> bool:
    """Whether a region is another, or lies in it.

    >>> within_region("320505", "320000"), within_region("320505", "330000")
    (True, False)
    """
    return code.startswith(re.sub(r"(00){0,3}$", "", wider))


def _facts(case: Case, rules: Rules) -> dict[str, str | int | None]:
    first = with_gross_wages(case, rules).household.earners[0]
    return {
        "wage": first.wage,
        "region": first.region,
        "dibao_region": case.dibao_region,
        "employment": first.employment,
        "injury_class": first.injury_class,
        "household_size": case.household.size,
        "area": case.area,
    }


def _concerns(rule: CompanyRule, case: Case) -> bool:
    region = case.household.earners[0].region
    here = not rule.regions or any(within_region(region, each) for each in rule.regions)
    return here and rule.start <= case.on and (rule.until is None or case.on <= rule.until)


def _with_fund_rate(case: Case, rate: Ppm | None) -> Case:
    first: Earner = case.household.earners[0]
    if rate is None or first.housing_fund_rate is not None:
        return case
    earners = (replace(first, housing_fund_rate=rate), *case.household.earners[1:])
    return replace(case, household=replace(case.household, earners=earners))


def _set(terms: InsuranceTerms, chosen: Mapping[str, int]) -> InsuranceTerms:
    """One insurance with the company's own figures; its steps name them, so that the trace tells law from company."""
    name = terms.insurance
    changes: dict[str, Any] = {}
    if name == "work_injury" and "work_injury.employer_rate" in chosen:
        rate = chosen["work_injury.employer_rate"]
        changes |= {"employer_rate": rate, "employer_rate_by_class": dict.fromkeys(range(1, 9), rate)}
    floor = chosen.get(f"{name}.base_floor")
    if floor is not None and terms.base_floor is not None and floor > terms.base_floor:
        ceiling = floor if terms.base_ceiling is None else terms.base_ceiling
        changes["base_floor"] = min(floor, ceiling)
    for side in ("employee", "employer"):
        fixed = chosen.get(f"{name}.{side}_fixed")
        if (
            fixed is not None
            and getattr(terms, f"{side}_unmodelled")
            and fixed >= getattr(terms, f"{side}_fixed")
        ):
            changes |= {f"{side}_fixed": fixed, f"{side}_unmodelled": False}
    if not changes:
        return terms
    return replace(terms, steps=_steps(terms, changes), **changes)


def _steps(terms: InsuranceTerms, changes: Mapping[str, Any]) -> dict[str, Step]:
    """The parameter steps with the company's figures in place; a new fixed amount gets a step of its own."""
    at = f"{terms.insurance}@{terms.region}"
    own = {f"{name}.{at}": value for name, value in changes.items() if type(value) is int}
    units: dict[str, Unit] = {key: "ppm" if "_rate." in key else "fen" for key in own}
    return terms.steps | {
        key: Step(key, value, rule="company_rule", unit=units[key]) for key, value in own.items()
    }


class CaseResult(NamedTuple):
    """What a rule's own case gives: `trouble` where it cannot be reckoned, else (path, expected, actual) by figure."""

    name: str
    trouble: str
    figures: tuple[tuple[str, str, str | None], ...]

    @property
    def passed(self) -> bool:
        """Whether every figure is exactly the one expected."""
        return not self.trouble and all(expected == actual for _, expected, actual in self.figures)


def run_cases(library: Library, rule: CompanyRule, today: date) -> list[CaseResult]:
    """What each of the rule's own cases gives."""
    return [_run_case(library, rule, case, today) for case in rule.cases]


def _run_case(library: Library, rule: CompanyRule, case: Expected, today: date) -> CaseResult:
    try:
        result = calculate_with(library, case.given, today, (rule,))
    except InputError as error:
        problem = error.problems[0]
        return CaseResult(case.name, f"{problem.field}：{problem_text(problem, as_written)}", ())
    figures = ((path, expected, figure_at(result, path)) for path, expected in case.expect.items())
    return CaseResult(case.name, "", tuple(figures))


def check_cases(library: Library, rule: CompanyRule, today: date) -> list[str]:
    """What the rule's own cases give otherwise than they expect, one sentence each; exact, no tolerance."""
    found = []
    for case in run_cases(library, rule, today):
        if case.trouble:
            found.append(f"用例“{case.name}”读不懂：{case.trouble}")
        for path, expected, actual in case.figures:
            if actual != expected:
                shown = "没有这一项" if actual is None else actual
                found.append(f"用例“{case.name}”：{path} 应为 {expected}，算出 {shown}")
    return found


def calculate_with(
    library: Library, data: object, today: date, company: Iterable[CompanyRule]
) -> dict[str, Any]:
    """The answer to a case with these rules applied, approved or not: for their own cases."""
    case = read_case(data, library.divisions.find, today)
    applied = apply(company, case, library.rules(case))
    result = answer(assess(applied.case, applied.rules, break_even=False), library)
    return result | {
        "company_warnings": "；".join(applied.warnings),
        "company_asks": "、".join(ask.field for ask in applied.asks),
    }


def figure_at(result: Mapping[str, Any], path: str) -> str | None:
    """A figure of an answer by its path: `employee_total`, `dibao.insured.verdict`, `contributions.medical.employee`."""
    value: Any = result
    for name in path.split("."):
        if isinstance(value, list):
            value = next((each for each in value if each.get("insurance") == name), None)
        else:
            value = value.get(name) if isinstance(value, Mapping) else None
    return None if value is None or isinstance(value, dict | list) else str(value)
